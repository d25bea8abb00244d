"""Micro-batches: every wordpiece once, few sizes, little padding."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_seqtag.models.network.micro_batches import micro_batches


def starts_of(lengths):
    return np.cumsum(lengths) - lengths


@given(
    st.lists(st.integers(0, 90), min_size=1, max_size=40),
    st.integers(1, 400),
    st.integers(90, 130),
    st.booleans(),
    st.sampled_from([1, 4, 16]),
)
def test_micro_batches(lengths, max_rows, max_length, mixed, step):
    """Every wordpiece is in one row, at its place in its window, and the limits hold."""
    lengths = np.asarray(lengths)
    starts = starts_of(lengths)
    batches, order = micro_batches(starts, lengths, max_rows, max_length, mixed, step)
    kept = np.concatenate([batch.rows[batch.kept] for batch in batches])
    np.testing.assert_array_equal(kept, order)
    np.testing.assert_array_equal(np.sort(order), np.arange(lengths.sum()))
    position_of = np.concatenate([np.arange(n) for n in lengths])
    for batch in batches:
        np.testing.assert_array_equal(np.flatnonzero(batch.real), batch.kept)
        np.testing.assert_array_equal(
            batch.positions[batch.kept], position_of[batch.rows[batch.kept]]
        )
        assert len(batch.groups) == 1 or mixed
        assert batch.groups[0].begin == 0
        n_windows = 0
        for group, after in zip(batch.groups, [*batch.groups[1:], None], strict=True):
            assert after is None or after.begin == group.end
            assert group.length <= max_length
            assert group.length % step == 0 or group.length == max_length
            real = batch.real[group.begin : group.end]
            assert group.masked == (not real.all())
            # No rows of one window among those of another.
            windows = batch.rows[group.begin : group.end].view(group.windows, group.length)
            for window, is_real in zip(
                windows, real.view(group.windows, group.length), strict=True
            ):
                pieces = window[is_real]
                if len(pieces):
                    (number,) = np.flatnonzero((starts == int(pieces[0])) & (lengths > 0))
                    assert len(pieces) == lengths[number]
            n_windows += group.windows
        end = batch.groups[-1].end
        assert end <= max_rows or n_windows == 1
        most = min(max(end * 1.5, end + 15), max_rows)  # all sizes are multiples of 16
        assert len(batch.rows) == end or (mixed and len(batch.rows) <= most)
        assert not batch.real[batch.groups[-1].end :].any()


def test_few_sizes_and_little_padding():
    """Of documents of all lengths in windows of 128."""
    sizes, n_rows, n_padded = set(), 0, 0
    generator = np.random.default_rng(0)
    for total in generator.integers(500, 20_000, 300).tolist():
        lengths = generator.integers(90, 129, total // 110)
        batches, _ = micro_batches(starts_of(lengths), lengths, 4096, 512, mixed=True)
        sizes.update(len(batch.rows) for batch in batches)
        n_rows += sum(batch.groups[-1].end for batch in batches)
        n_padded += sum(len(batch.rows) for batch in batches)
    assert len(sizes) <= 17
    assert n_padded < 1.03 * n_rows


@pytest.mark.parametrize(
    ("left", "parts"),
    [(5000, [4096, 904]), (2900, [2900]), (2300, [2048, 252]), (600, [512, 88]), (400, [400])],
)
def test_what_is_left_goes_through_in_parts(left, parts):
    lengths = np.full(left // 4, 4)
    batches, _ = micro_batches(starts_of(lengths), lengths, 4096, 4, mixed=True)
    assert [batch.groups[-1].end for batch in batches] == parts
    assert all(len(batch.rows) <= 1.5 * n for batch, n in zip(batches, parts, strict=True))


def test_windows_of_unlike_lengths():
    """Apart, if they are many; together, where the network takes them so."""
    lengths = np.asarray([128] * 10 + [40] * 30)
    apart, _ = micro_batches(starts_of(lengths), lengths, 4096, 512, mixed=False)
    assert [[(g.windows, g.length) for g in batch.groups] for batch in apart] == [
        [(10, 128)],
        [(30, 48)],
    ]
    together, _ = micro_batches(starts_of(lengths), lengths, 4096, 512, mixed=True)
    assert [[(g.windows, g.length) for g in batch.groups] for batch in together] == [
        [(10, 128), (30, 48)]
    ]
