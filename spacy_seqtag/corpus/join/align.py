"""Which items of two versions of a sequence are the same, in time that grows with their length."""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence

# How often the gaps between what was found are searched again; real texts need a few rounds.
_ROUNDS = 24


def match(source: Sequence[Hashable], target: Sequence[Hashable]) -> list[tuple[int, int]]:
    """Find pairs of positions of equal items, ascending on both sides, with gaps on either.

    Equal beginnings and ends are paired; between them the longest ascending chain of items that
    are unique on both sides ("patience diff") or, where there is none, of the first, second…
    occurrence of each; then the same in the stretches between. Of several equal items the
    first is taken: with both sequences reversed, the last.

    Not always the most pairs, but those that are certain, and for n items in O(n log n).
    """
    pairs: list[tuple[int, int]] = []
    stretches = [(0, len(source), 0, len(target), 0)]
    while stretches:
        i, i_end, j, j_end, rounds = stretches.pop()
        while i < i_end and j < j_end and source[i] == target[j]:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        while i < i_end and j < j_end and source[i_end - 1] == target[j_end - 1]:
            i_end, j_end = i_end - 1, j_end - 1
            pairs.append((i_end, j_end))
        if i == i_end or j == j_end or rounds == _ROUNDS:
            continue
        anchors = _anchors(source, target, range(i, i_end), range(j, j_end))
        for i_anchor, j_anchor in anchors:
            pairs.append((i_anchor, j_anchor))
            stretches.append((i, i_anchor, j, j_anchor, rounds + 1))
            i, j = i_anchor + 1, j_anchor + 1
        if anchors:
            stretches.append((i, i_end, j, j_end, rounds + 1))
    return sorted(pairs)


def match_last(source: Sequence[Hashable], target: Sequence[Hashable]) -> list[tuple[int, int]]:
    """Find pairs as `match` does, but of several equal items take the last."""
    last_i, last_j = len(source) - 1, len(target) - 1
    found = match(source[::-1], target[::-1])
    return [(last_i - i, last_j - j) for i, j in reversed(found)]


def _anchors(
    source: Sequence[Hashable], target: Sequence[Hashable], left: range, right: range
) -> list[tuple[int, int]]:
    mine: dict[Hashable, list[int]] = defaultdict(list)
    theirs: dict[Hashable, list[int]] = defaultdict(list)
    for i in left:
        mine[source[i]].append(i)
    for j in right:
        theirs[target[j]].append(j)
    shared = [(mine[item], theirs[item]) for item in mine if item in theirs]
    once = [(a[0], b[0]) for a, b in shared if len(a) == len(b) == 1]
    pairs = once or [pair for a, b in shared for pair in zip(a, b, strict=False)]
    return ascending(sorted(pairs))


def ascending(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Find the longest subsequence whose second values ascend.

    pairs (Sequence[tuple[int, int]]): In order of the first values.
    """
    tails: list[int] = []  # second value at which the shortest chain of each length ends
    ends: list[int] = []  # its pair
    before: list[int] = []
    for n, (_, value) in enumerate(pairs):
        length = bisect_left(tails, value)
        tails[length : length + 1] = [value]
        ends[length : length + 1] = [n]
        before.append(ends[length - 1] if length else -1)
    chain = []
    n = ends[-1] if ends else -1
    while n >= 0:
        chain.append(pairs[n])
        n = before[n]
    return chain[::-1]


def n_equal(source: Sequence[Hashable], target: Sequence[Hashable]) -> int:
    """Count the pairs of equal items: what `difflib.SequenceMatcher` has to look at."""
    mine, theirs = Counter(source), Counter(target)
    return sum(n * theirs[item] for item, n in mine.items())
