"""Pairs of a predicate and a word that may belong to one of its arguments.

`Pairs` are what a component asks the role tagger about, `RoleScores` what it answers, and a
`PairBatch` what goes through its layers at once. Tokens are counted through the batch of Docs laid
end to end.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from spacy.tokens import Doc
from thinc.api import NumpyOps
from thinc.types import Floats2d

from ..arrays import Ints


@dataclass
class Pairs:
    """The pairs of a batch, laid end to end: the words of the first predicate, and so on.

    predicates (P,): The token of each predicate.
    starts, ends (P,): The stretch of words that may hold its arguments.
    rolesets (P, C): The rolesets that it may have, as numbers; -1 where it has fewer than others.
    """

    predicates: Ints
    starts: Ints
    ends: Ints
    rolesets: Ints

    @property
    def lengths(self) -> Ints:
        """How many pairs each predicate has: (P,)."""
        return self.ends - self.starts

    def runs(self, max_pairs: int) -> Iterator["Pairs"]:
        """Divide the predicates, in order, into runs.

        max_pairs (int): Most pairs of a run; the pairs of one predicate always go together.
        YIELDS (Pairs): The runs.
        """
        ends = np.cumsum(self.lengths)
        begin = 0
        while begin < len(ends):
            most = ends[begin] - self.lengths[begin] + max_pairs
            end = max(begin + 1, int(np.searchsorted(ends, most, side="right")))
            run = slice(begin, end)
            yield Pairs(self.predicates[run], self.starts[run], self.ends[run], self.rolesets[run])
            begin = end


ChoosePairs = Callable[[list[Doc], NDArray[np.float32]], Pairs]
"""Chooses the pairs, given the Docs and for each token the probability that it is a predicate."""

RoleInput = tuple[list[Doc], ChoosePairs]
"""What a role tagger takes."""


@dataclass
class RoleScores:
    """What a role tagger says of a batch; as a gradient, the same with respect to the logits.

    predicates (tokens, 2): The probability that a token is no predicate, and that it is one.
    rolesets (P, C): The probability of each roleset that a predicate may have.
    roles (pairs, tags): The probability of each tag.
    pairs (Pairs): What the rows of `rolesets` and `roles` stand for.
    """

    predicates: Floats2d
    rolesets: Floats2d
    roles: Floats2d
    pairs: Pairs

    @classmethod
    def empty(cls, pairs: Pairs, n_tags: int) -> "RoleScores":
        """Make the scores of no Docs, or of empty ones, on the CPU.

        pairs (Pairs): None.
        n_tags (int): How many tags of roles there are.
        """
        ops = NumpyOps()
        return cls(ops.alloc2f(0, 2), ops.alloc2f(0, 0), ops.alloc2f(0, n_tags), pairs)


@dataclass
class PairBatch:
    """Pairs that go through the layers together, each predicate's padded to the longest stretch.

    rows (real pairs,): Where each pair stands among all.
    read (words,): The tokens that are in these pairs, in order. The layers see no others, so that
        many batches cost no more than their pairs.
    words (P, L): The word of each pair as a position in `read`; -1 for padding.
    predicates (P,): The predicates, likewise.
    recompute (bool): Whether training holds no activations of it, but computes them again in the
        backward pass: where a batch of Docs has several of these.
    """

    rows: Ints
    read: Ints
    words: Ints
    predicates: Ints
    recompute: bool


def pair_batches(pairs: Pairs, max_pairs: int) -> Iterator[PairBatch]:
    """Divide pairs into batches of like length, so that there is little padding.

    pairs (Pairs): The pairs.
    max_pairs (int): Most pairs of a batch, padding included; the pairs of one predicate always go
        together.
    YIELDS (PairBatch): The batches, the longest stretches first.
    """
    lengths = pairs.lengths
    offsets = np.cumsum(lengths) - lengths
    order = np.argsort(-lengths, kind="stable")
    begin = 0
    while begin < len(order):
        longest = int(lengths[order[begin]])
        end = begin + max(1, max_pairs // max(1, longest))
        chosen = order[begin:end]
        step = np.arange(longest)
        real = step < lengths[chosen, None]
        rows = (offsets[chosen, None] + step)[real]
        tokens = pairs.starts[chosen, None] + step
        # The words of a stretch follow each other in `read`, too, so distances stay.
        read, numbers = np.unique(tokens[real], return_inverse=True)
        words = np.full(tokens.shape, -1)
        words[real] = numbers
        predicates = np.searchsorted(read, pairs.predicates[chosen])
        yield PairBatch(rows, read, words, predicates, len(chosen) < len(order))
        begin = end
