"""What the joiner needs of a layer, and what a layer knows about the first file."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from ..errors import FormatError
from ..sentence import Sentence
from .words import normal

_SHOWN = 5  # mismatches


class Outline:
    """What a layer has to know at once of all sentences of a file, or of several ones.

    path (Path): How messages call the file or files.
    ids (list[str | None]): The `sent_id`s; None where one was made up.
    documents (list[str | None]): The `doc_id`s.
    words (list[int]): A hash of each sentence's words.
    paths (list[Path]), lines (list[int]): The files and lines of their first words.
    """

    def __init__(self, path: Path, sentences: Iterable[Sentence] = ()) -> None:
        self.path = path
        self.ids: list[str | None] = []
        self.documents: list[str | None] = []
        self.words: list[int] = []
        self.paths: list[Path] = []
        self.lines: list[int] = []
        for sentence in sentences:
            self.add(sentence)

    def __len__(self) -> int:
        return len(self.words)

    def add(self, sentence: Sentence) -> None:
        """Add the next sentence."""
        self.ids.append(None if sentence.made_up_id else sentence.sent_id)
        self.documents.append(sentence.doc_id)
        self.words.append(hash(tuple(map(normal, sentence.words))))
        self.paths.append(sentence.path)
        self.lines.append(sentence.line)


@dataclass
class JoinReport:
    """How a layer was joined, for the summary.

    mismatched (int): Sentences of the first file that are in the layer's, too, but could not be
        joined.
    mismatches (list[str]): The first few of them, one line each.
    unjoined (int): Sentences of the layer that the first file does not have, where those count
        as left over.
    notes (list[str]): What else the user should know, one line each.
    """

    mismatched: int = 0
    mismatches: list[str] = field(default_factory=list)
    unjoined: int = 0
    notes: list[str] = field(default_factory=list)

    def mismatch(self) -> bool:
        """Count a mismatch, and tell whether it is one of the first, which are shown."""
        self.mismatched += 1
        return self.mismatched <= _SHOWN


def different_sentences(
    path: Path, line: int | None, what: str, max_mismatch: float, fix: str | None = None
) -> FormatError:
    """Make the error for a layer with too many mismatches.

    what (str): How many, and the first.
    max_mismatch (float): The share, 0 to 1, that is allowed.
    fix (str | None): How to mend it; None for the usual: it may be another version, or allowed.
    """
    return FormatError(
        path,
        line,
        f"layers of different sentences: {what}",
        fix
        or "Give files of the same version of the corpus, or raise --max-mismatch "
        f"(now {max_mismatch:g})",
    )


class Layer(Protocol):
    """A further file, read and ready to be joined.

    The joiner calls `align` once, then `add_to` for each document in turn. The code that made the
    layer calls `finish` at the end, and `close` in any case.
    """

    def align(self, base: Outline) -> None:
        """Find the counterparts of the sentences of the first file.

        RAISES: FormatError: There are none, or ids or documents are not unique.
        """

    def document_of(self, sentence: Sentence) -> str | None:
        """Name the document of a sentence, if the layer knows better than the first file."""

    def add_to(self, document: Sequence[Sentence]) -> None:
        """Add to the next sentences of the first file the layers that they lack.

        document (Sequence[Sentence]): All sentences of a document, or one that belongs to none.
        RAISES: FormatError: The file does not fit.
        """

    def finish(self) -> JoinReport:
        """Check, after the last sentence, that both files hold the same corpus.

        RAISES: FormatError: Too many sentences are others.
        """

    def close(self) -> None:
        """Drop what the layer keeps on disk."""
