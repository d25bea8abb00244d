"""Aligning two versions of a document: first the sentences, then the tokens."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from itertools import chain

from .align import match, n_equal

REVISED = 2
"""Sentences of the same length may differ in this many tokens and still count as the same.

More differences would be explained as well by words that were inserted and deleted.
"""

# Up to this many pairs, everything is compared with everything; above, what is unique comes first.
_MOST_PAIRS = 20_000

Weight = Callable[[int, int], float]
"""How strong the evidence is that two sentences are the same; 0 is none."""


def match_sentences(
    source: Sequence[Sequence[str]], target: Sequence[Sequence[str]], weight: Weight
) -> list[tuple[int, int]]:
    """Match the sentences of two versions of a document, in order, with gaps on either side.

    The chain of pairs with the highest sum of weights; of equally good ones the one that takes
    the earlier sentences of `source`. Where both have the same number of sentences, or very many,
    the chain goes through equal sentences as `align.match` finds them.

    source, target (Sequence[Sequence[str]]): The words, or tags, of each sentence.
    weight (Weight): Of a sentence of `source` and one of `target`, by their positions.
    RETURNS (list[tuple[int, int]]): Pairs of positions, ascending on both sides.
    """
    n, m = len(source), len(target)
    anchors: list[tuple[int, int]] = []
    if n == m or n * m > _MOST_PAIRS:
        equal = match(list(map(tuple, source)), list(map(tuple, target)))
        anchors = [(i, j) for i, j in equal if weight(i, j) > 0]
    pairs = anchors.copy()
    i = j = 0
    for i_anchor, j_anchor in [*anchors, (n, m)]:
        if 0 < (i_anchor - i) * (j_anchor - j) <= _MOST_PAIRS:
            pairs += _best_chain(range(i, i_anchor), range(j, j_anchor), weight)
        i, j = i_anchor + 1, j_anchor + 1
    return sorted(pairs)


def _best_chain(left: range, right: range, weight: Weight) -> Iterator[tuple[int, int]]:
    # best[a][b]: the highest sum of what lies behind a and b.
    weights = [[weight(i, j) for j in right] for i in left]
    best = [[0.0] * (len(right) + 1) for _ in range(len(left) + 1)]
    for a in reversed(range(len(left))):
        for b in reversed(range(len(right))):
            both = weights[a][b] + best[a + 1][b + 1] if weights[a][b] else 0.0
            best[a][b] = max(both, best[a + 1][b], best[a][b + 1])
    a = b = 0
    while a < len(left) and b < len(right) and best[a][b]:
        if weights[a][b] and best[a][b] == weights[a][b] + best[a + 1][b + 1]:
            yield left[a], right[b]
            a, b = a + 1, b + 1
        elif best[a][b] == best[a][b + 1]:
            b += 1
        else:
            a += 1


def align_tokens(
    source: Sequence[Sequence[str]],
    target: Sequence[Sequence[str]],
    pairs: Iterable[tuple[int, int]],
) -> Iterator[tuple[int, int]]:
    """Align the tokens of a document with those of another version of it, one to one.

    Where as many sentences of the same lengths lie between two pairs, each is matched with its
    counterpart if they differ in no more than two tokens. What then is left is matched token by
    token: equal ones, and as many others as there are others between two equal ones on both
    sides.

    source, target (Sequence[Sequence[str]]): The words, or tags, of each sentence.
    pairs (Iterable[tuple[int, int]]): Sentences of one length that are the same, as
        `match_sentences` gives them.
    RETURNS (Iterator[tuple[int, int]]): Pairs of positions in the document, ascending on both
        sides.
    """
    source_starts, target_starts = starts_of(source), starts_of(target)
    i = j = 0
    for i_pair, j_pair in [*pairs, (len(source), len(target))]:
        left, right = source[i:i_pair], target[j:j_pair]
        if [len(s) for s in left] != [len(s) for s in right]:
            left = [list(chain.from_iterable(left))]
            right = [list(chain.from_iterable(right))]
        at, to = source_starts[i], target_starts[j]
        for mine, theirs in zip(left, right, strict=True):
            revised = sum(a != b for a, b in zip(mine, theirs))
            if len(mine) == len(theirs) and revised <= REVISED:
                yield from zip(range(at, at + len(mine)), range(to, to + len(theirs)))
            else:
                yield from _align_stretch(mine, theirs, at, to)
            at += len(mine)
            to += len(theirs)
        if i_pair < len(source):
            size = len(source[i_pair])
            at, to = source_starts[i_pair], target_starts[j_pair]
            yield from zip(range(at, at + size), range(to, to + size))
        i, j = i_pair + 1, j_pair + 1


def _align_stretch(
    source: Sequence[str], target: Sequence[str], i: int, j: int
) -> Iterator[tuple[int, int]]:
    if n_equal(source, target) > _MOST_PAIRS:
        # What is equal, and what lies between when it is as much on both sides.
        a = b = 0
        for a_next, b_next in [*match(source, target), (len(source), len(target))]:
            if a_next - a == b_next - b:
                yield from zip(range(i + a, i + a_next), range(j + b, j + b_next))
            if a_next < len(source):
                yield i + a_next, j + b_next
            a, b = a_next + 1, b_next + 1
        return
    matcher = SequenceMatcher(None, source, target, autojunk=False)
    for _, i1, i2, j1, j2 in matcher.get_opcodes():
        if i2 - i1 == j2 - j1:
            yield from zip(range(i + i1, i + i2), range(j + j1, j + j2))


def starts_of(sentences: Sequence[Sequence[str]]) -> list[int]:
    """Find the position in the document at which each sentence starts, and the document's end."""
    starts = [0]
    for sentence in sentences:
        starts.append(starts[-1] + len(sentence))
    return starts
