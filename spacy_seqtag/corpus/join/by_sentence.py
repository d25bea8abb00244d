"""A layer whose file has words: joined by `sent_id` if the words agree, else by the words.

Where it may spell them in another way (traditional for simplified Chinese, or as an older version
of the treebank did), a sentence of the same id or in the same place is the same if it has as many
words, of which half or more agree, by themselves or by their lemmas there.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from ...schemes.propositions import Proposition
from ..errors import FormatError
from ..plural import counted
from ..sentence import LAYERS, Sentence
from .layer import JoinReport, Outline, different_sentences
from .matching import NO_SENTENCE, Matching, match_outlines, positions_by_id
from .store import Store
from .words import difference, is_same

_TOGETHER = 64  # sentences that are kept as one

_OTHER_CORPUS = (
    "Give files of the same corpus. Several files of one layer are one argument, such as "
    "'train-*.conllu' in quotation marks"
)


class _Stored(NamedTuple):
    """A sentence of the layer. layers: those of `LAYERS`, in their order. spans: with entities."""

    words: list[str]
    layers: list[list[str] | None]
    propositions: list[Proposition] | None
    spans: list[tuple[int, int, str]] | None = None

    @property
    def lemmas(self) -> list[str] | None:
        """The lemmas among its layers."""
        return self.layers[LAYERS.index("lemmas")]


class SentenceLayer:
    """The sentences of a further file, to be joined to those of the first one.

    `matching` explains how counterparts are found. The sentences are kept on disk.

    path (Path): The file, or how messages call several ones.
    sentences (Iterable[Sentence]): Their sentences, read at once.
    max_mismatch (float): The share, 0 to 1, of sentences that may be mismatches, of those that
        have a counterpart or are one. Sentences of one file alone do not count.
    spelling_differs (bool): Whether the words may be spelt in another way.
    RAISES: FormatError: Two sentences have the same `sent_id`, or what reading raises.
    """

    def __init__(
        self,
        path: Path,
        sentences: Iterable[Sentence],
        *,
        max_mismatch: float = 0.02,
        spelling_differs: bool = False,
    ) -> None:
        self.path = path
        self._spelling_differs = spelling_differs
        self._n_by_place = 0
        self.max_mismatch = max_mismatch
        self._report = JoinReport()
        self._n_joined = 0
        self._first_mismatch: tuple[Path, int | None] = (path, None)  # its place
        self._position = 0  # of the next sentence of the first file
        self._base = Outline(path)
        self._outline = Outline(path)
        self._matching = Matching([])
        self._places: dict[str, int] = {}  # by `sent_id`
        self._store = Store(self._read(sentences), together=_TOGETHER)

    def _read(self, sentences: Iterable[Sentence]) -> Iterator[_Stored]:
        """Yield the sentences in the form in which they are kept, and fill the outline."""
        for sentence in sentences:
            self._outline.add(sentence)
            layers = [sentence.layer(name) for name in LAYERS]
            yield _Stored(sentence.words, layers, sentence.propositions, sentence.spans)
        self._places = positions_by_id(self._outline)

    def close(self) -> None:
        """Drop the sentences."""
        self._store.close()

    def align(self, base: Outline) -> None:
        """Find each sentence's counterpart.

        RAISES: FormatError: Two sentences of the first file have the same id, which is here, too.
        """
        self._base = base
        self._matching = match_outlines(base, self._outline, self._places, self._alike)
        self._report.unjoined = len(self._outline) - len(self._matching.used)

    def _alike(self, positions: Sequence[int]) -> bool:
        first, *others = (self._store[j]._replace(words=[]) for j in positions)
        return all(other == first for other in others)

    def document_of(self, sentence: Sentence) -> None:
        """Name no document: this layer is joined by sentences."""

    def add_to(self, document: Sequence[Sentence]) -> None:
        """Add to the next sentences of the first file the layers that they lack."""
        for position, sentence in enumerate(document, self._position):
            partner = self._matching.partner[position]
            if partner != NO_SENTENCE:
                self._add(sentence, self._store[partner])
            elif position in self._matching.mismatches:
                other, why = self._matching.mismatches[position]
                stored = self._store[other]
                if self._spelling_differs and is_same(stored.words, stored.lemmas, sentence.words):
                    self._n_by_place += 1
                    self._add(sentence, stored)
                else:
                    self._mismatch(sentence, other, why)
        self._position += len(document)

    def _add(self, sentence: Sentence, stored: _Stored) -> None:
        self._n_joined += 1
        if sentence.entities is None:
            sentence.spans = stored.spans
        for name, tags in zip(LAYERS, stored.layers, strict=True):
            sentence.fill_layer(name, tags)
        if sentence.propositions is None:
            sentence.propositions = stored.propositions

    def _mismatch(self, sentence: Sentence, position: int, why: str) -> None:
        path, line = self._outline.paths[position], self._outline.lines[position]
        if self._first_mismatch[1] is None:
            self._first_mismatch = path, line
        if self._report.mismatch():
            why = why or difference(
                self._store[position].words, sentence.words, f"{sentence.path}:{sentence.line}"
            )
            self._report.mismatches.append(f"{path}:{line}: sentence {sentence.sent_id}: {why}")

    def finish(self) -> JoinReport:
        """Check, after the last sentence, that both files hold the same sentences.

        RAISES: FormatError: No sentence was joined, or more than the share `max_mismatch` are
            mismatches.
        """
        # Sentences in doubt do not suggest that the files differ.
        other = self._report.mismatched - self._matching.n_in_doubt
        compared = self._n_joined + other
        if other > self.max_mismatch * compared:
            what = (
                f"{other:,} of {compared:,} sentences, this one first, have other words than in "
                f"{self._base.path}"
            )
            fix = None if self._n_joined else _OTHER_CORPUS
            raise different_sentences(*self._first_mismatch, what, self.max_mismatch, fix)
        if self._n_joined == 0:
            raise FormatError(
                self.path,
                None,
                f"layers of different sentences: none of the {len(self._outline):,} here is in "
                f"{self._base.path}, neither by sent_id nor by its words",
                _OTHER_CORPUS,
            )
        self._report.notes = self._notes()
        return self._report

    def _notes(self) -> list[str]:
        """Say how the sentences were joined."""
        matching, n_base = self._matching, len(self._base)
        by_words = self._n_joined - matching.n_by_id - self._n_by_place
        place = "their place and number of words, spelt differently"
        by = (("sent_id", matching.n_by_id), ("words", by_words), (place, self._n_by_place))
        how = [f"by {what}: {n:,} of {n_base:,} sentences" for what, n in by if n]
        if matching.n_moved:
            how.append(f"in another order: {matching.n_moved:,}")
        missing = n_base - self._n_joined - self._report.mismatched
        if missing:
            how.append(f"missing the layer: {missing:,}")
        if self._report.unjoined:
            how.append(f"not used: {self._report.unjoined:,}")
        notes = [f"{self.path}: joined {', '.join(how)}"]
        other = self._n_other_ids()
        if other:
            what = "<sentence has|sentences have>"
            notes.append(
                f"{self.path}: {counted(other, what)} the words of one with another sent_id in "
                f"{self._base.path}: the words were followed"
            )
        return notes

    def _n_other_ids(self) -> int:
        """Count the counterparts with another id, if ids agree elsewhere in the files."""
        if not self._matching.n_by_id:
            return 0
        pairs = (
            (self._base.ids[i], self._outline.ids[j])
            for i, j in enumerate(self._matching.partner)
            if j != NO_SENTENCE
        )
        return sum(
            mine is not None and theirs is not None and mine != theirs for mine, theirs in pairs
        )
