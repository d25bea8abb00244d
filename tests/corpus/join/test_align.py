"""Aligning two versions of a sequence."""

import random

from hypothesis import given
from hypothesis import strategies as st

from spacy_seqtag.corpus.join.align import ascending, match, match_last, n_equal

ITEMS = st.lists(st.sampled_from("abcdef"), max_size=30)


@given(ITEMS, ITEMS)
def test_pairs_are_equal_and_ascend(source, target):
    for pairs in (match(source, target), match_last(source, target)):
        assert all(source[i] == target[j] for i, j in pairs)
        for side in zip(*pairs, strict=True):
            assert list(side) == sorted(set(side))


@given(st.lists(st.integers(), unique=True), st.data())
def test_a_sample_is_found_as_a_whole(source, data):
    kept = data.draw(st.lists(st.booleans(), min_size=len(source), max_size=len(source)))
    target = [item for item, keep in zip(source, kept, strict=True) if keep]
    expected = [(i, n) for n, i in enumerate(i for i, keep in enumerate(kept) if keep)]
    assert match(source, target) == match_last(source, target) == expected


def test_of_equal_items_the_first_or_the_last():
    assert match("xax", "x") == [(0, 0)]
    assert match_last("xax", "x") == [(2, 0)]
    assert match("xaxbx", "axb") == [(1, 0), (2, 1), (3, 2)]


def test_effort_grows_with_the_length():
    """Hostile sequences: all equal, in reverse, at random of few items."""

    class Counted:
        compared = 0

        def __init__(self, value):
            self.value = value

        def __hash__(self):
            return hash(self.value)

        def __eq__(self, other):
            Counted.compared += 1
            return self.value == other.value

    n = 2000
    rng = random.Random(0)
    for source, target in (
        ([0] * n, [0] * (n + 1)),
        (list(range(n)), list(range(n))[::-1]),
        ([rng.randrange(5) for _ in range(n)], [rng.randrange(5) for _ in range(n)]),
    ):
        Counted.compared = 0
        match(list(map(Counted, source)), list(map(Counted, target)))
        assert Counted.compared < 200 * n  # each with each: 4,000,000


def test_longest_ascending_chain():
    assert ascending([(0, 5), (1, 1), (2, 7), (3, 2), (4, 3)]) == [(1, 1), (3, 2), (4, 3)]
    assert ascending([]) == []


def test_number_of_equal_pairs():
    assert n_equal("aab", "abb") == 4
