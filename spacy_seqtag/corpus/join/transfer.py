"""Moving propositions from the sentences of a PropBank layer to those of the first file.

A word of the layer has at most one counterpart in the first file. A sentence gets the layer if

- each of its words has a counterpart, and at least half of them agree,
- no more than a few words of the layer's sentence are left over,
- every predicate has a word, and the words fit the predicates (see `evidence`; of masked ones, at
  least half of them have to), and
- no other sentence of the layer with different propositions fits as well.

Of an argument, only what is in the same sentence as its predicate is kept.
"""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from ...schemes.propositions import Argument, Proposition
from ..plural import counted
from ..sentence import Sentence
from .documents import Source
from .evidence import Evidence
from .tokens import REVISED, align_tokens, match_sentences, starts_of

_CUT = (
    "<argument reaches|arguments reach> into the next or the last sentence: the part outside was "
    "left out"
)
_OUTSIDE = (
    "<argument is|arguments are> in another sentence than <its|their> predicate and <was|were> "
    "left out"
)


_NO_NOTES = Counter[str]()


class Transferred(NamedTuple):
    """What a target sentence gets.

    lost (str): Why it cannot have the layer; "" where it can.
    propositions (list[Proposition]): Those of its predicates.
    xpos (list[str]): The parts of speech of its words; none where it cannot have the layer.
    """

    lost: str
    propositions: list[Proposition]
    xpos: list[str]


class Transfer:
    """Moves the propositions of a document.

    rows (Sequence[Source]): The sentences of the layer.
    document (Sequence[Sentence]): Those of the first file.
    masked (bool): Whether the words of the layer are masked: then XPOS is compared instead.
    notes (Counter[str]): What was cut.
    n_lost (int): Propositions of sentences that cannot have the layer.
    """

    def __init__(
        self, rows: Sequence[Source], document: Sequence[Sentence], *, masked: bool
    ) -> None:
        self.notes = Counter[str]()
        self.n_lost = 0
        self._rows = rows
        self._evidence = Evidence(rows, document, masked=masked)
        source, target = self._evidence.source, self._evidence.target
        self._source_starts = starts_of(source)
        self._target_starts = starts_of(target)
        pairs = match_sentences(source, target, self._evidence.weight)
        self._in_doubt = self._evidence.in_doubt(pairs)
        self._to = dict(align_tokens(source, target, pairs))
        self._from = {j: i for i, j in self._to.items()}
        mine = [token for sentence in source for token in sentence]
        theirs = [token for sentence in target for token in sentence]
        self._equal = {j for i, j in self._to.items() if mine[i] == theirs[j]}
        self._source_sentence = [n for n, sentence in enumerate(source) for _ in sentence]
        self._target_sentence = [n for n, sentence in enumerate(target) for _ in sentence]
        self._shifts = list(map(self._shift, range(len(source))))
        self._without_predicate = Counter[int]()
        self._n_fitting = [0] * len(target)  # propositions whose words fit
        self._n_other = [0] * len(target)

    def _shift(self, i: int) -> int | None:
        """Find by how many positions the words of source sentence `i` move, where all move alike.

        RETURNS (int | None): From the source sentence to a target one that has them all; None where
            words are left over, or go to several sentences.
        """
        start, end = self._source_starts[i], self._source_starts[i + 1]
        first = self._to.get(start)
        if first is None:
            return None
        number = self._target_sentence[first]
        if first + end - start > self._target_starts[number + 1]:
            return None
        if any(self._to.get(k) != first + k - start for k in range(start + 1, end)):
            return None
        return first - self._target_starts[number]

    def sentences(self) -> list[Transferred]:
        """Find what each sentence of the first file gets."""
        arrived = self._arrive()
        tags = [tag for row in self._rows for tag in row.xpos]
        result = []
        for number, pairs in enumerate(arrived):
            lost = self._lost_at(number)
            if lost:
                self.n_lost += len(pairs)
                result.append(Transferred(lost, [], []))
                continue
            for _, notes in pairs:
                if notes:  # seldom
                    self.notes.update(notes)
            xpos = [tags[self._from[j]] for j in self._words(number)]
            result.append(Transferred("", [prop for prop, _ in pairs], xpos))
        return result

    def _arrive(self) -> list[list[tuple[Proposition, Counter[str]]]]:
        """Move every proposition to the sentence of its predicate, with notes on what was cut."""
        arrived: list[list[tuple[Proposition, Counter[str]]]] = [[] for _ in self._n_fitting]
        for i, row in enumerate(self._rows):
            start, end = self._source_starts[i], self._source_starts[i + 1]
            for n, prop in enumerate(row.propositions):
                position = start + prop.predicate
                if position not in self._to:
                    around = self._around(position, start, end)
                    self._without_predicate.update(around)
                    self.n_lost += bool(around)
                    continue
                to = self._to[position]
                number = self._target_sentence[to]
                if self._evidence.fits(i, n, number, to - self._target_starts[number]):
                    self._n_fitting[number] += 1
                else:
                    self._n_other[number] += 1
                shift = self._shifts[i]
                if shift is None:
                    arrived[number].append(self._move(prop, start, number))
                else:
                    arrived[number].append((prop.moved(shift) if shift else prop, _NO_NOTES))
        return arrived

    def _around(self, position: int, start: int, end: int) -> set[int]:
        """Find the target sentences of the neighbours of a source token in its sentence."""
        before = [i for i in range(start, position) if i in self._to][-1:]
        after = [i for i in range(position + 1, end) if i in self._to][:1]
        return {self._target_sentence[self._to[i]] for i in before + after}

    def _move(self, prop: Proposition, start: int, number: int) -> tuple[Proposition, Counter[str]]:
        """Make a proposition of the source sentence at `start` one of a target sentence."""
        notes = Counter[str]()
        words = self._words(number)
        arguments: list[Argument] = []
        left_out: set[str] = set()
        for begin, end, role in prop.arguments:
            found = [self._to[i] for i in range(start + begin, start + end) if i in self._to]
            inside = [j for j in found if j in words]
            if not inside:
                notes[_OUTSIDE] += 1
                left_out.add(role)
                continue
            if len(inside) < len(found):
                notes[_CUT] += 1
            # With the first piece of an argument gone, the next one is the argument.
            base = role.removeprefix("C-")
            if role != base and base in left_out and all(a.role != base for a in arguments):
                role = base
            arguments.append(Argument(inside[0] - words.start, inside[-1] + 1 - words.start, role))
        parts = []
        for begin, end in prop.parts:
            inside = [self._to[i] for i in range(start + begin, start + end) if i in self._to]
            inside = [j for j in inside if j in words]
            if inside:
                parts.append((inside[0] - words.start, inside[-1] + 1 - words.start))
        predicate = self._to[start + prop.predicate] - words.start
        return Proposition(predicate, prop.roleset, arguments, parts), notes

    def _lost_at(self, number: int) -> str:
        """Say why a target sentence cannot have the layer; "" when it can."""
        words = self._words(number)
        sources = [self._from[j] for j in words if j in self._from]
        lost = len(words) - len(sources)
        if lost:
            of = f"of {len(words)} words <has|have> no counterpart"
            return counted(lost, of)
        differ = sum(j not in self._equal for j in words)
        most = max(len(words), REVISED) if self._evidence.masked else len(words)
        if 2 * differ > most:
            return counted(differ, f"of {len(words)} words or tags <differs|differ>")
        if number in self._in_doubt:
            return "several sentences would fit, with different predicates,"
        over = self._left_over(sources)
        if over > max(REVISED, len(words) // 4):
            what = "<word of the same sentence has|words of the same sentence have> no counterpart "
            what += "here, and <stands|stand>"
            return counted(over, what)
        if self._without_predicate[number]:
            return f"there is no word for {self._without_predicate[number]} of the predicates"
        if self._evidence.contradicts(self._n_fitting[number], self._n_other[number]):
            what = "<predicate is that of another word|predicates are those of other words>"
            return counted(self._n_other[number], what)
        return ""

    def _left_over(self, sources: Sequence[int]) -> int:
        """Count the tokens without counterpart in the source sentences of a target sentence."""
        first = self._source_starts[self._source_sentence[sources[0]]]
        last = self._source_starts[self._source_sentence[sources[-1]] + 1]
        return sum(i not in self._to for i in range(first, last))

    def _words(self, number: int) -> range:
        return range(self._target_starts[number], self._target_starts[number + 1])
