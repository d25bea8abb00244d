"""The corpus reader for training, and reading and cutting the Docs of `.spacy` files."""

import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from pathlib import Path
from typing import Any, Optional

import spacy.training
from spacy.errors import Errors
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Example
from spacy.training.corpus import FILE_TYPE, walk_corpus
from spacy.util import registry
from spacy.vocab import Vocab

from ..errors import Whole, check_settings, settings_error
from ..frames import slice_group, span_groups
from .sentence import FormatError

_MAKE_ANEW = "Make it anew with `python -m spacy seqtag convert`"


@registry.readers("spacy_seqtag.Corpus.v1")
def create_corpus(
    # `X | None` would do for us, but config validation wants `Optional` on all Pythons.
    path: Optional[Path],  # noqa: UP045
    gold_tokens: bool = True,
    sent_starts: bool = True,
    max_length: int = 0,
    limit: int = 0,
    augmenter: Optional[Callable] = None,  # noqa: UP045
) -> Callable[[Language], Iterable[Example]]:
    """Create a reader of `.spacy` files for training word-level taggers.

    path (Optional[Path]): A `.spacy` file or a folder of them.
    gold_tokens (bool): Predict on the annotated words and spaces, so that every gold label has
        its word. False lets the pipeline's tokenizer split the text, as in `spacy.Corpus.v1`.
    sent_starts (bool): Give the annotated sentence boundaries to the Docs to predict on (with
        `gold_tokens`); boundaries that are not annotated stay unset.
    max_length (int): Cut longer documents into pieces of whole sentences, each as full as this
        number of words allows. What has no boundary to cut at stays whole. 0 is no limit.
    limit (int): Read no more than this number of documents. 0 is no limit.
    augmenter (Optional[Callable]): Data augmentation, as in `spacy.Corpus.v1`.

    RAISES ValueError: no path. ConfigValidationError (a ValueError): no such path; a folder
        without `.spacy` files; a file that is no `.spacy` file; no document with words.
    """
    if path is None:
        raise ValueError(Errors.E913)
    check_settings(
        "spacy_seqtag.Corpus.v1:", max_length=(max_length, Whole(0)), limit=(limit, Whole(0))
    )
    with _as_settings_error():
        _check_docbins(path)  # what is wrong should fail now, not when evaluation begins
    return Corpus(
        path,
        gold_tokens=gold_tokens,
        sent_starts=sent_starts,
        max_length=max_length,
        limit=limit,
        augmenter=augmenter,
    )


class Corpus(spacy.training.Corpus):
    """Iterate over the `Example`s of `.spacy` files; the settings are those of `create_corpus`."""

    def __init__(
        self,
        path: str | Path,
        *,
        gold_tokens: bool = True,
        sent_starts: bool = True,
        max_length: int = 0,
        limit: int = 0,
        augmenter: Callable | None = None,
        shuffle: bool = False,
    ) -> None:
        super().__init__(
            path, max_length=max_length, limit=limit, augmenter=augmenter, shuffle=shuffle
        )
        self.gold_tokens = gold_tokens
        self.sent_starts = sent_starts

    def __call__(self, nlp: Language) -> Iterator[Example]:
        """Yield the examples. RAISES ValueError: see `create_corpus`."""
        with _as_settings_error():
            find_docbins(self.path)
            yield from super().__call__(nlp)

    def read_docbin(self, vocab: Vocab, locs: Iterable[str | Path]) -> Iterator[Doc]:
        """Yield the documents of the files, empty ones left out, up to the limit."""
        n_docs = 0
        for loc in locs:
            for doc in read_docs(Path(loc), vocab):
                if self.limit >= 1 and n_docs >= self.limit:
                    return
                if len(doc) > 0:
                    n_docs += 1
                    yield doc

    def make_examples(self, nlp: Language, reference_docs: Iterable[Doc]) -> Iterator[Example]:
        """Yield an example for each document or, where `max_length` cuts it, for each piece."""
        for doc in reference_docs:
            for reference in self._pieces(doc):
                yield self._make_example(nlp, reference, self.gold_tokens)

    def _pieces(self, doc: Doc) -> Iterable[Doc]:
        if self.max_length < 1 or len(doc) <= self.max_length:
            return (doc,)
        bounds: list[tuple[int, int]] = []
        for start, end in sentence_bounds(doc):
            if bounds and end - bounds[-1][0] <= self.max_length:
                bounds[-1] = (bounds[-1][0], end)
            else:
                bounds.append((start, end))
        return cut_doc(doc, bounds)

    def _make_example(self, nlp: Language, reference: Doc, gold_preproc: bool) -> Example:
        example = super()._make_example(nlp, reference, gold_preproc)
        annotated = reference.has_annotation("SENT_START")
        if gold_preproc and self.sent_starts and annotated:
            starts: Any = reference.to_array(["SENT_START"])
            example.predicted.from_array(["SENT_START"], starts)
        return example


@contextmanager
def _as_settings_error() -> Iterator[None]:
    """Let `spacy train` show an unreadable corpus as one line, as it does errors in the config."""
    try:
        yield
    except FormatError as err:
        raise settings_error(str(err)) from err


def _check_docbins(path: str | Path) -> None:
    """RAISES FormatError: see `create_corpus`."""
    n_words = 0
    for file in find_docbins(path):
        n_words += sum(len(tokens) for tokens in _read_docbin(file).tokens)
    if not n_words:
        raise FormatError(path, None, "there is no document with words", _MAKE_ANEW)


def find_docbins(path: str | Path) -> list[Path]:
    """The `.spacy` files at a path: itself, or those in and below a folder, in order of names.

    RAISES FormatError: there is nothing at the path, or nothing that ends in `.spacy`.
    """
    path = Path(path)
    if not path.exists():
        raise FormatError(
            path,
            None,
            "there is no such file or folder",
            "Check the path, or make the file with `python -m spacy seqtag convert`",
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # spaCy warns of what is an error here
        found = walk_corpus(path, FILE_TYPE)
    if not found:
        raise FormatError(
            path,
            None,
            f"expected a {FILE_TYPE} file or a folder with such files",
            "Make one with `python -m spacy seqtag convert`",
        )
    return found


def read_docs(path: Path, vocab: Vocab) -> Iterator[Doc]:
    """Yield the Docs of a `.spacy` file, which spaCy holds in memory as a whole.

    RAISES FormatError: the file is missing, or it cannot be read as a `DocBin`.
    """
    docs = _read_docbin(path).get_docs(vocab)
    while True:
        try:
            doc = next(docs, None)
        except Exception:
            raise _no_docbin(path) from None
        if doc is None:
            return
        yield doc


def _read_docbin(path: Path) -> DocBin:
    # What a damaged file makes zlib, msgpack, numpy and spaCy raise is no closed set.
    try:
        return DocBin().from_disk(path)
    except OSError:
        raise
    except Exception:
        raise _no_docbin(path) from None


def _no_docbin(path: Path) -> FormatError:
    return FormatError(path, None, "this is no .spacy file, or a damaged one", _MAKE_ANEW)


def sentence_bounds(doc: Doc) -> list[tuple[int, int]]:
    """Start and end of the sentences; one for the whole Doc where no boundary is annotated."""
    if not doc.has_annotation("SENT_START"):
        return [(0, len(doc))] if len(doc) > 0 else []
    return [(sent.start, sent.end) for sent in doc.sents]


def cut_doc(doc: Doc, bounds: Sequence[tuple[int, int]]) -> Iterator[Doc]:
    """Yield copies of stretches of a Doc, with the annotation that lies within each.

    bounds: start and end of stretches of whole sentences, in order, not overlapping.

    `Span.as_doc` drops span groups and copies `user_data` whole; here the groups are kept, with
    those of their attributes that are lists parallel to the spans, and custom attributes and
    `sent_ids` go with their words.
    """
    head: list[Any] = list(DocBin().attrs)
    array = doc.to_array(head)
    groups = span_groups(doc)
    ids = doc.user_data.get("sent_ids")
    sentences = sentence_bounds(doc) if ids is not None else []
    for start, end in bounds:
        span: Any = doc[start:end]  # the type stub lacks the arguments that save time here
        piece = span.as_doc(array_head=head, array=array)
        piece.user_data = _cut_user_data(span)
        if ids is not None and len(ids) == len(sentences):
            piece.user_data["sent_ids"] = [
                sent_id
                for sent_id, (begin, _) in zip(ids, sentences, strict=True)
                if start <= begin < end
            ]
        for key, group in groups.items():
            piece.spans[key] = slice_group(group, piece, start, end)
        yield piece


def _cut_user_data(span: Span) -> dict[Any, Any]:
    """The `user_data` of a Doc for a Span of it. Custom attributes are kept under the keys
    `("._.", name, start char, end char)`; those of the Doc have no characters."""
    result = {}
    first, last = span.start_char, span.end_char
    for key, value in span.doc.user_data.items():
        if isinstance(key, tuple) and len(key) == 4 and key[0] == "._." and key[2] is not None:
            _, name, start, end = key
            if not (first <= start and (start < last if end is None else end <= last)):
                continue
            key = ("._.", name, start - first, None if end is None else end - first)
        result[key] = copy(value)
    return result
