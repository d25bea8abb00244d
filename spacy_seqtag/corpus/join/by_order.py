"""A layer without words: only the order of its sentences is left to join by.

Both files must have the same number of sentences, each with the same number of words. If more than
half of the names of a sentence's predicates do not fit its words, the sentence is reported and gets
no layer.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from ...schemes.propositions import NO_ROLESET, Proposition
from ..errors import FormatError
from ..plural import counted
from ..sentence import Sentence, predicate_words
from .layer import JoinReport, Outline, different_sentences
from .store import Store
from .words import names_predicate


class NamedSentence(NamedTuple):
    """A sentence without words.

    path (Path), line (int): Where it begins.
    names (list[str]): One per word: the name of the predicate, or `-`.
    propositions (list[Proposition]): Its predicates with their arguments.
    notes (Counter[str]): What could not be read literally.
    """

    path: Path
    line: int
    names: list[str]
    propositions: list[Proposition]
    notes: Counter[str]


class OrderLayer:
    """The propositions of a file without words, joined by their order.

    path (Path): The file, or how messages call several ones.
    sentences (Iterable[NamedSentence]): Their sentences, read at once and kept on disk.
    max_mismatch (float): The share, 0 to 1, of sentences whose predicates may be others.
    """

    def __init__(
        self, path: Path, sentences: Iterable[NamedSentence], *, max_mismatch: float = 0.02
    ) -> None:
        self.path = path
        self.max_mismatch = max_mismatch
        self._report = JoinReport()
        self._notes = Counter[str]()
        self._position = 0
        self._store = Store(sentences)

    def close(self) -> None:
        """Drop the sentences."""
        self._store.close()

    def document_of(self, sentence: Sentence) -> None:
        """Name no document: this layer is joined by sentences."""

    def align(self, base: Outline) -> None:
        """Check that there are as many sentences as here.

        RAISES: FormatError: There are not.
        """
        if len(base) != len(self._store):
            raise FormatError(
                self.path,
                None,
                f"{counted(len(self._store), '<sentence|sentences>')} here, {len(base):,} in "
                f"{base.path}, and without words they can only be joined by their order",
                "Give props of all sentences, or use .gold_conll files, which have words",
            )

    def add_to(self, document: Sequence[Sentence]) -> None:
        """Add to the next sentences of the first file the propositions that they lack.

        RAISES: FormatError: A sentence has another number of words than here.
        """
        for position, sentence in enumerate(document, self._position):
            stored = self._store[position]
            self._notes.update(stored.notes)
            if len(stored.names) != len(sentence.words):
                raise FormatError(
                    stored.path,
                    stored.line,
                    f"the sentence has {len(stored.names):,} words here, and "
                    f"{len(sentence.words):,} in {sentence.path}:{sentence.line}",
                    "Give props of the same sentences, in the same order",
                )
            self._add(sentence, stored)
        self._position += len(document)

    def _add(self, sentence: Sentence, stored: NamedSentence) -> None:
        evidence = Counter[bool]()
        other = ""
        for position in (prop.predicate for prop in stored.propositions):
            name = stored.names[position] if stored.names[position] != NO_ROLESET else ""
            fits = names_predicate({name}, predicate_words(sentence, position))
            evidence[fits] += 1
            if not fits:
                other = f"{name!r} is no predicate of {sentence.words[position]!r}"
        if evidence[False] <= evidence[True]:
            if sentence.propositions is None:
                sentence.propositions = stored.propositions
        elif self._report.mismatch():
            self._report.mismatches.append(
                f"{stored.path}:{stored.line}: sentence {sentence.sent_id}: {other}, in "
                f"{sentence.path}:{sentence.line}"
            )

    def finish(self) -> JoinReport:
        """Check, after the last sentence, that both files hold the same sentences.

        RAISES: FormatError: More than the share `max_mismatch` have other predicates.
        """
        report, size = self._report, len(self._store)
        if report.mismatched > self.max_mismatch * size:
            what = (
                f"{report.mismatched:,} of {size:,} have other predicates, the first is "
                f"{report.mismatches[0]}"
            )
            raise different_sentences(self.path, None, what, self.max_mismatch)
        n_joined = size - report.mismatched
        report.notes = [
            f"{self.path}: joined by order: {n_joined:,} of {size:,} sentences",
            *(counted(n, what) for what, n in self._notes.most_common()),
        ]
        return report
