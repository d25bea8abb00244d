"""The documents of a PropBank layer: kept on disk, and found by their names.

The name of a document in a release, such as `google/ewt/answers/00/X_ans.xml`, is shortened to
`answers-X_ans` in Universal Dependencies, whose sentences are `answers-X_ans-0001` and so on. A
document is found by both names.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from ...schemes.propositions import Proposition
from ..errors import FormatError
from ..sentence import MASK, Sentence, tags_of
from .store import Store


class PropbankSentence(NamedTuple):
    """A sentence as a reader of PropBank gives it.

    sentence (Sentence): With its propositions.
    frame_files (list[str]): The frame file of each proposition; "" if none is given.
    notes (Counter[str]): What could not be read literally.
    """

    sentence: Sentence
    frame_files: list[str]
    notes: Counter[str]


class Source(NamedTuple):
    """A sentence of the layer as it is kept. frame_files: the frame file of each proposition."""

    words: list[str]
    xpos: list[str]
    propositions: list[Proposition]
    frame_files: list[str]
    line: int


class Document(NamedTuple):
    """A document of the layer. notes: what could not be read literally."""

    sentences: list[Source]
    notes: Counter[str]

    @property
    def is_masked(self) -> bool:
        """Whether its words are masked."""
        return any(MASK in sentence.words for sentence in self.sentences)


class Documents:
    """The documents of a layer by number and by name.

    sentences (Iterable[PropbankSentence]): Of all documents, read at once.
    masked (bool): Whether any words are masked.
    RAISES: FormatError: Two documents have the same name, or what reading raises.
    """

    def __init__(self, sentences: Iterable[PropbankSentence]) -> None:
        self.masked = False
        self._numbers: dict[str, int] = {}
        self._places: list[tuple[Path, int]] = []
        self._store = Store(self._read(sentences))

    def close(self) -> None:
        """Drop the documents."""
        self._store.close()

    def __len__(self) -> int:
        return len(self._store)

    def __contains__(self, name: object) -> bool:
        return name in self._numbers

    def __getitem__(self, number: int) -> Document:
        return self._store[number]

    def number(self, name: str) -> int:
        """Get the number of the document of this name."""
        return self._numbers[name]

    def _read(self, sentences: Iterable[PropbankSentence]) -> Iterator[Document]:
        """Yield the documents in the form in which they are kept, and note names and places."""
        items: list[PropbankSentence] = []
        for item in sentences:
            if item.sentence.new_doc and items:
                yield self._document(items)
                items = []
            items.append(item)
        yield self._document(items)

    def _document(self, items: Sequence[PropbankSentence]) -> Document:
        first = items[0].sentence
        here = len(self._places)
        for name in _names_of(first.doc_id or ""):
            number = self._numbers.setdefault(name, here)
            if number != here:
                path, line = self._places[number]
                raise FormatError(
                    first.path,
                    first.line,
                    f"the document {name!r} begins a second time, the first is at {path}:{line}",
                    "Keep one of them, with all of its sentences together",
                )
        notes = Counter[str]()
        for item in items:
            if item.notes:  # seldom
                notes.update(item.notes)
        document = Document([_source(item.sentence, item.frame_files) for item in items], notes)
        self.masked = self.masked or document.is_masked
        self._places.append((first.path, first.line))
        return document

    def sentences(self) -> Iterator[tuple[Sentence, Counter[str]]]:
        """Yield the sentences of all documents, without ids, with the notes on each document.

        The notes come with the document's first sentence, later ones have none.
        """
        for number, (path, _) in enumerate(self._places):
            document, notes = self[number]
            for source in document:
                sentence = Sentence(
                    "",
                    None,
                    source.words,
                    [True] * len(source.words),
                    path,
                    source.line,
                    propositions=source.propositions,
                    made_up_id=True,
                )
                sentence.set_layer("xpos", source.xpos)
                yield sentence, notes
                notes = Counter()


def _source(sentence: Sentence, frame_files: list[str]) -> Source:
    xpos = list(tags_of(sentence, "xpos"))
    return Source(sentence.words, xpos, sentence.propositions or [], frame_files, sentence.line)


def document_of_id(sent_id: str | None) -> str:
    """Get the document that a sentence's id names: `DOC` for `DOC-0001`."""
    return (sent_id or "").rpartition("-")[0]


def _names_of(doc_id: str) -> set[str]:
    """Get a document's id, and the name that Universal Dependencies makes of a path."""
    folders = doc_id.split("/")
    stem = folders.pop().removesuffix(".xml")
    while folders and folders[-1].isdigit():
        folders.pop()
    return {doc_id, f"{folders[-1]}-{stem}"} if folders else {doc_id}
