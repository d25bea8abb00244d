"""Pairs of word and predicate: how they are divided."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from spacy_seqtag.models.role_pairs import Pairs, pair_batches


@given(st.lists(st.integers(1, 9), max_size=20), st.integers(0, 30))
def test_runs_are_as_long_as_the_bound_allows(lengths, max_pairs):
    numbers = np.arange(len(lengths))
    rolesets = np.arange(2 * len(lengths)).reshape(-1, 2)
    pairs = Pairs(numbers, 3 * numbers, 3 * numbers + np.asarray(lengths, dtype=int), rolesets)
    runs = list(pairs.runs(max_pairs))
    for name in ("predicates", "starts", "ends", "rolesets"):
        parts = [getattr(run, name) for run in runs]
        assert [row.tolist() for part in parts for row in part] == getattr(pairs, name).tolist()
    totals = [run.lengths.sum() for run in runs]
    assert all(t <= max_pairs or len(run.predicates) == 1 for t, run in zip(totals, runs))
    assert all(t + after.lengths[0] > max_pairs for t, after in zip(totals, runs[1:]))


def test_batches_read_the_words_of_their_pairs():
    """And the positions in what they read are those words again."""
    starts = np.asarray([0, 40, 40, 90, 5])
    lengths = np.asarray([10, 9, 12, 1, 10])
    pairs = Pairs(starts + lengths // 2, starts, starts + lengths, np.zeros((5, 0), dtype=int))
    words = np.concatenate([np.arange(s, s + n) for s, n in zip(starts, lengths)])
    predicate_of = np.repeat(pairs.predicates, lengths)
    for max_pairs in (1, 24, 1000):
        batches = list(pair_batches(pairs, max_pairs))
        assert sorted(row for b in batches for row in b.rows.tolist()) == list(range(len(words)))
        for batch in batches:
            assert batch.read.tolist() == sorted(set(words[batch.rows].tolist()))
            real = batch.words >= 0
            numbers = batch.words[real]
            assert batch.read[numbers].tolist() == words[batch.rows].tolist()
            own = np.repeat(batch.predicates, real.sum(axis=1))
            assert batch.read[own].tolist() == predicate_of[batch.rows].tolist()
            # What tells the layers of distance.
            distances = words[batch.rows] - predicate_of[batch.rows]
            assert (numbers - own).tolist() == distances.tolist()
