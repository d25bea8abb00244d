"""A sample of a corpus's sentences: seeded, nested, and in the order of the files.

All sentences are put into a random order once, which depends on the seed and their number alone,
and the first of it are taken. So a smaller sample lies within every larger one of the same seed,
and `convert` and the reader for training draw the same sentences of a corpus.
"""

import random
from collections.abc import Collection, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import NamedTuple

from ..errors import Number, Whole, check_settings
from .join.store import kept
from .sentence import Sentence

FRACTION = Number(above=0.0, most=1.0)
"""A share of a corpus: 1 is one, 0 is not."""


@dataclass(frozen=True)
class Subset:
    """Which part of a corpus is taken.

    fraction (float, above 0, to 1): The share of its sentences, at least one of them.
    limit (int): No more than this number of sentences; 0 is no limit.
    seed (int): Of the order in which they are drawn.
    rest (bool): Take the other sentences instead, those that are not drawn.
    RAISES: ConfigValidationError (a ValueError): For a value out of its range.
    """

    fraction: float = 1.0
    limit: int = 0
    seed: int = 0
    rest: bool = False

    def __post_init__(self) -> None:
        check_settings(
            "a subset's",
            fraction=(self.fraction, FRACTION),
            limit=(self.limit, Whole(0)),
            seed=(self.seed, Whole(0)),
        )

    @property
    def is_whole(self) -> bool:
        """Whether nothing is left out, however large the corpus."""
        return self.fraction == 1.0 and self.limit == 0 and not self.rest

    def size(self, total: int) -> int:
        """Return how many of a number of sentences are taken."""
        drawn = self._drawn(total)
        return total - drawn if self.rest else drawn

    def choose(self, total: int) -> frozenset[int]:
        """Choose the sentences.

        total (int): How many there are.
        RETURNS (frozenset[int]): The numbers of those that are taken, from 0.
        """
        order = list(range(total))
        # Python's shuffle is the same on every system and in every version since 3.2.
        random.Random(self.seed).shuffle(order)
        drawn = self._drawn(total)
        return frozenset(order[drawn:] if self.rest else order[:drawn])

    def _drawn(self, total: int) -> int:
        if total == 0:
            return 0
        size = max(1, round(self.fraction * total))
        return min(size, self.limit) if self.limit else size


class Sampled(NamedTuple):
    """The sentences of a sample, and how many there were to draw from."""

    sentences: Iterator[Sentence]
    total: int


@contextmanager
def sample(
    sentences: Iterable[Sentence], subset: Subset, *, skimmed: Iterable[Sentence] | None = None
) -> Iterator[Sampled]:
    """Take a sample of sentences, which have to be counted before the first is given.

    They have their layers already, so that a sample is joined as the whole corpus is.

    sentences (Iterable[Sentence]): All of them. They are kept in a temporary file until they are
        counted.
    subset (Subset): Which part to take.
    skimmed (Iterable[Sentence] | None): The same sentences, perhaps without their layers, for
        formats of which a file is better read twice than kept; those without words left out.
    YIELDS (Sampled): The sample.
    RAISES: OutputError: The temporary file cannot be written.
    """
    with ExitStack() as stack:
        if skimmed is None:
            outline, sentences = stack.enter_context(kept(sentences))
            total = len(outline)
        else:
            total = sum(1 for _ in skimmed)
        yield Sampled(_thin(sentences, subset.choose(total)), total)


def _thin(sentences: Iterable[Sentence], chosen: Collection[int]) -> Iterator[Sentence]:
    """Yield the chosen ones of the sentences that have words.

    Documents stay apart, and what did not follow each other before is apart by white space.
    """
    gap = new_doc = False
    full = (sentence for sentence in sentences if sentence.words)
    for number, sentence in enumerate(full):
        if number in chosen:
            if gap:
                sentence = replace(sentence, new_par=True, new_doc=new_doc or sentence.new_doc)
            yield sentence
            gap = new_doc = False
        else:
            gap, new_doc = True, new_doc or sentence.new_doc
