"""A layer without words whose sentences have ids: joined by `sent_id` and number of words.

Some files say how the text of a sentence begins. Where none of these characters is there, it is
another sentence; not where some differ, as in another spelling, or since the words of a multiword
token are not what its text is ("No" for "Em o").
"""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from ...schemes.propositions import Proposition
from ..errors import FormatError, quoted
from ..plural import counted
from ..sentence import Sentence
from .layer import JoinReport, Outline, different_sentences
from .store import Store

_COMPARED = 3  # characters of a text: fewer say nothing
_TOGETHER = 64  # sentences that are kept as one


class IdSentence(NamedTuple):
    """A sentence without words.

    path (Path), line (int): The file, and the line of its first row.
    sent_id (str): Its id in the treebank.
    n_words (int): How many words it has.
    text (str): How its text begins, before dots in place of the rest; "" if that is not known.
    propositions (list[Proposition] | None): Its predicates with their arguments; None where it is
        not annotated.
    """

    path: Path
    line: int
    sent_id: str
    n_words: int
    text: str
    propositions: list[Proposition] | None


class IdLayer:
    """The propositions of files without words, joined by the ids of their sentences.

    path (Path): The file, or how messages call several ones.
    sentences (Iterable[IdSentence]): Their sentences, read at once and kept on disk.
    max_mismatch (float): The share, 0 to 1, of sentences with a counterpart of the same id that may
        have another number of words, or another text.
    RAISES: FormatError: Two sentences have the same id.
    """

    def __init__(
        self, path: Path, sentences: Iterable[IdSentence], *, max_mismatch: float = 0.02
    ) -> None:
        self.path = path
        self.max_mismatch = max_mismatch
        self._report = JoinReport()
        self._places: dict[str, int] = {}
        self._n_joined = 0
        self._n_base = 0
        self._base = path
        self._first: FormatError | None = None  # mismatch
        self._store = Store(self._read(sentences), together=_TOGETHER)

    def _read(self, sentences: Iterable[IdSentence]) -> Iterator[IdSentence]:
        for place, sentence in enumerate(sentences):
            if self._places.setdefault(sentence.sent_id, place) != place:
                raise FormatError(
                    sentence.path,
                    sentence.line,
                    f"sent_id {quoted(sentence.sent_id)} stands for a second sentence",
                    "Give every sentence its own sent_id",
                )
            yield sentence

    def close(self) -> None:
        """Drop the sentences."""
        self._store.close()

    def document_of(self, sentence: Sentence) -> None:
        """Name no document: this layer is joined by sentences."""

    def align(self, base: Outline) -> None:
        """Count the sentences that both files have.

        RAISES: FormatError: There are none, or two of the first file have the same id.
        """
        self._base, self._n_base = base.path, len(base)
        seen: set[str] = set()
        for sent_id, path, line in zip(base.ids, base.paths, base.lines, strict=True):
            if sent_id in self._places:
                if sent_id in seen:
                    raise FormatError(
                        path,
                        line,
                        f"sent_id {quoted(sent_id)} stands for a second sentence",
                        "Give every sentence its own sent_id",
                    )
                seen.add(sent_id)
        if not seen:
            raise FormatError(
                self.path,
                None,
                f"layers of different sentences: none of the {len(self._store):,} sent_ids here is "
                f"in {base.path}, and without words sentences can only be joined by them",
                "Give the treebank's own file of the same split, which has these sent_ids, first",
            )
        self._report.unjoined = len(self._store) - len(seen)

    def add_to(self, document: Sequence[Sentence]) -> None:
        """Add to the next sentences of the first file the propositions that they lack."""
        for sentence in document:
            place = None if sentence.made_up_id else self._places.get(sentence.sent_id)
            if place is None:
                continue
            stored = self._store[place]
            if why := _difference(stored, sentence):
                self._mismatch(stored, sentence, why)
                continue
            self._n_joined += 1
            if sentence.propositions is None:
                sentence.propositions = stored.propositions

    def _mismatch(self, stored: IdSentence, sentence: Sentence, why: str) -> None:
        if self._report.mismatch():
            self._report.mismatches.append(
                f"{stored.path}:{stored.line}: sentence {sentence.sent_id}: {why}"
            )
        if self._first is None:
            self._first = FormatError(stored.path, stored.line, why, "")

    def finish(self) -> JoinReport:
        """Check, after the last sentence, that both files hold the same sentences.

        RAISES: FormatError: More than the share `max_mismatch` are others.
        """
        report = self._report
        compared = self._n_joined + report.mismatched
        if self._first is not None and report.mismatched > self.max_mismatch * compared:
            what = (
                f"{report.mismatched:,} of {compared:,} with the same sent_id are others in "
                f"{self._base}, this one first: {self._first.message}"
            )
            raise different_sentences(
                self._first.path,
                self._first.line,
                what,
                self.max_mismatch,
                "Give the version of the treebank that this file was made of (its comments may "
                f"name it), or raise --max-mismatch (now {self.max_mismatch:g})",
            )
        how = f"joined by sent_id and number of words: {self._n_joined:,} of {self._n_base:,} "
        missing = self._n_base - self._n_joined - report.mismatched
        more = f", missing the layer: {missing:,}" if missing else ""
        more += f", not used: {report.unjoined:,}" if report.unjoined else ""
        report.notes = [f"{self.path}: {how}sentences{more}"]
        return report


def _difference(here: IdSentence, base: Sentence) -> str:
    """Say how a sentence differs from that of the same id; "" if it does not."""
    place = f"{base.path}:{base.line}"
    if here.n_words != len(base.words):
        many = counted(here.n_words, "<word|words>")
        return f"{many} here, and {len(base.words):,} in {place}"
    pairs = zip(base.words, base.spaces, strict=True)
    theirs = "".join(word + " " * space for word, space in pairs)
    given = here.text.rstrip(".").rstrip()
    mine = unicodedata.normalize("NFKC", given)
    theirs = unicodedata.normalize("NFKC", theirs)
    if min(len(mine), len(theirs)) < _COMPARED:
        return ""
    if set(mine.casefold()) & set(theirs[: 2 * len(mine)].casefold()) - {" "}:
        return ""
    return (
        f"its text begins with {quoted(given)}, and with {quoted(theirs[: len(mine)])} in {place}"
    )
