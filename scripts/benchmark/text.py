"""The text that all systems read: documents of sentences of words."""

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import cycle
from pathlib import Path

Sentence = list[str]
Document = list[Sentence]

_ROOT = Path(__file__).parents[2]
_MINI = _ROOT / "assets" / "mini"


def find_corpus(path: Path | None, split: str, folder: Path) -> Path:
    """Find the `.spacy` file of a split.

    That is the one at the path. Without a path it is the one of the English Web Treebank, which
    the project's workflow `ewt` makes; where that is absent, the embedded corpus is converted to
    the folder.

    RAISES: FormatError (a ValueError): If there is nothing at the path.
    """
    from spacy_seqtag.corpus.convert import convert
    from spacy_seqtag.corpus.docbin_read import find_docbins

    treebank = _ROOT / "corpus" / "ewt" / f"{split}.spacy"
    if path is None and treebank.is_file():
        path = treebank
    if path is None:
        path = folder / f"{split}.spacy"
        layers = [_MINI / f"{split}.{ending}" for ending in ("conllu", "iob2", "gold_conll")]
        convert(layers, path)
    find_docbins(path)
    return path


def read_documents(path: Path) -> list[Document]:
    """Read the words of a `.spacy` file, by document and sentence.

    RAISES: FormatError (a ValueError): If the file cannot be read. ValueError: If it has no words.
    """
    from spacy.vocab import Vocab

    from spacy_seqtag.corpus.cut import sentence_bounds
    from spacy_seqtag.corpus.docbin_read import find_docbins, read_docs

    documents = []
    for file in find_docbins(path):
        for doc in read_docs(file, Vocab()):
            words = [token.text for token in doc]
            if words:
                documents.append([words[start:end] for start, end in sentence_bounds(doc)])
    if not documents:
        raise ValueError(f"{path}: there is no document with words")
    return documents


def write_documents(path: Path, documents: Sequence[Document]) -> None:
    path.write_text(json.dumps(documents), encoding="utf8")


def load_documents(path: Path) -> list[Document]:
    documents: list[Document] = json.loads(path.read_text(encoding="utf8"))
    return documents


def count_words(documents: Iterable[Document]) -> int:
    return sum(len(sentence) for document in documents for sentence in document)


def repeat(documents: Sequence[Document], n_words: int) -> Iterator[Document]:
    """Yield the documents over and over, the last one cut, so that they come to `n_words`."""
    left = n_words
    for document in cycle(documents):
        if left <= 0:
            return
        part = cut(document, left)
        left -= count_words([part])
        yield part


def cut(document: Document, n_words: int) -> Document:
    """Return the first words of a document."""
    result: Document = []
    left = n_words
    for sentence in document:
        if left <= 0:
            break
        result.append(sentence[:left])
        left -= len(sentence)
    return result


def cut_evenly(documents: Iterable[Document], size: int) -> list[Document]:
    """Make documents of `size` words; the rest of the last sentence of each is dropped.

    Words that come to no document are dropped too, unless they are all.
    """
    pieces: list[Document] = [[]]
    for sentence in (sentence for document in documents for sentence in document):
        pieces[-1].append(sentence)
        if count_words([pieces[-1]]) >= size:
            pieces[-1] = cut(pieces[-1], size)
            pieces.append([])
    return pieces[:-1] or pieces


def pack(lengths: Sequence[int], size: int) -> list[list[int]]:
    """Group neighbouring items, by number, that together are no longer than `size`.

    A longer item is alone.
    """
    result: list[list[int]] = []
    filled = size
    for i, length in enumerate(lengths):
        if filled + length > size or not result:
            result.append([])
            filled = 0
        result[-1].append(i)
        filled += length
    return result


def micro_batches(lengths: Sequence[int], limit: int) -> list[list[int]]:
    """Group items, by number, into batches of like length, shortest first.

    A batch is no larger than `limit` when padded to its longest item; an item longer than that is
    alone.
    """
    result: list[list[int]] = []
    for i in sorted(range(len(lengths)), key=lengths.__getitem__):
        if not result or (len(result[-1]) + 1) * lengths[i] > limit:
            result.append([])
        result[-1].append(i)
    return result
