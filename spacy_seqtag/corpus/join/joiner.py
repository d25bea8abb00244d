"""Joining layers to the sentences of the first file, document by document."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from ..sentence import Sentence
from .layer import Layer, Outline
from .store import kept


def join(
    sentences: Iterable[Sentence],
    layers: Sequence[Layer],
    *,
    path: Path,
    skimmed: Iterable[Sentence] | None = None,
) -> Iterator[Sentence]:
    """Yield the sentences of the first file with the layers of the further ones.

    If several files have the same layer, the first of them counts. A sentence whose counterpart
    has other words is left without the layer, and the layer reports it.

    sentences (Iterable[Sentence]): Those of the first file. They are kept in a temporary file
        until the layers have seen them all. A sentence without words stands for an
        empty Doc and is passed on as it is.
    layers (Sequence[Layer]): Of the further files.
    path (Path): How messages call the first file, or the first files.
    skimmed (Iterable[Sentence] | None): The same sentences, perhaps without their layers, for
        formats of which a file is better read twice than kept.
    RAISES: FormatError: A file does not fit, see `Layer`. OutputError: The temporary file cannot
        be written.
    """
    if not layers:
        yield from sentences
        return
    with ExitStack() as stack:
        if skimmed is None:
            outline, sentences = stack.enter_context(kept(sentences, path))
        else:
            outline = Outline(path, skimmed)
        for layer in layers:
            layer.align(outline)
        for document in _documents(sentences, layers):
            full = [sentence for sentence in document if sentence.words]
            for layer in layers if full else ():
                layer.add_to(full)
            yield from document


def _documents(sentences: Iterable[Sentence], layers: Sequence[Layer]) -> Iterator[list[Sentence]]:
    """Group sentences by document; a sentence that belongs to none is alone.

    A sentence without words ends no document: an empty Doc may stand between two Docs of one.
    """
    document: list[Sentence] = []
    last: str | None = None
    for sentence in sentences:
        named = (layer.document_of(sentence) for layer in layers)
        name = next(filter(None, named), sentence.doc_id)
        new = name is None or name != last or (sentence.new_doc and name == sentence.doc_id)
        if document and sentence.words and new:
            yield document
            document = []
        document.append(sentence)
        if sentence.words:
            last = name
    if document:
        yield document
