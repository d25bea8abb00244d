"""Distributions kept compactly."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_seqtag.schemes.soft_rows import LEAST, SoftRows

NAMES = ["A", "B", "C", "D"]
COLUMNS = {name: i for i, name in enumerate(NAMES)}
PROBS = np.asarray([[0.7, 0.2, 0.0995, 0.0005], [0, 0, 1, 0], [0.25] * 4], dtype="f")


def random_probs(seed, rows, classes):
    logits = np.random.default_rng(seed).normal(0, 3, (rows, classes))
    probs = np.exp(logits)
    return (probs / probs.sum(axis=1, keepdims=True)).astype("f")


def test_keeps_what_matters():
    rows = SoftRows.from_dense(PROBS, NAMES)
    assert rows.counts.tolist() == [3, 1, 4]
    assert [rows.names[i] for i in rows.ids[:3]] == ["A", "B", "C"]  # the most probable first
    dense = rows.dense(COLUMNS, 4)
    np.testing.assert_allclose(dense, PROBS, atol=1e-3)
    np.testing.assert_allclose(dense.sum(axis=1), 1.0, atol=1e-6)
    assert dense[0, 3] == 0.0


def test_top_bounds_the_classes():
    rows = SoftRows.from_dense(PROBS, NAMES, top=2)
    assert rows.counts.tolist() == [2, 1, 2]
    np.testing.assert_allclose(rows.dense(COLUMNS, 4)[0], [7 / 9, 2 / 9, 0, 0], atol=1e-3)


def test_classes_are_found_by_name():
    rows = SoftRows.from_dense(PROBS, NAMES)
    dense = rows.dense({"D": 0, "C": 1, "B": 2, "A": 3, "E": 4}, 5)
    np.testing.assert_allclose(dense[:, :4], PROBS[:, ::-1], atol=1e-3)
    with pytest.raises(KeyError, match="D"):
        rows.dense({"A": 0, "B": 1, "C": 2}, 3)


def test_the_most_probable_of_many_classes_is_kept():
    """Of 1,000 labels each may have less than what is kept otherwise."""
    probs = np.full((2, 1000), 1 / 1001, dtype="f")
    probs[0, 7] *= 1.5
    probs[1] = np.nan
    rows = SoftRows.from_dense(probs, [str(i) for i in range(1000)])
    assert rows.counts.tolist() == [1, 0]
    assert rows.names == ["7"]


def test_unknown_rows_stay_unknown():
    probs = PROBS.copy()
    probs[1] = np.nan
    rows = SoftRows.from_dense(probs, NAMES)
    assert rows.counts.tolist() == [3, 0, 4]
    assert not rows.dense(COLUMNS, 4)[1].any()
    taken = rows.take(np.asarray([2, -1, 0, 1]))
    assert taken.counts.tolist() == [4, 0, 3, 0]
    np.testing.assert_array_equal(taken.dense(COLUMNS, 4)[[0, 2]], rows.dense(COLUMNS, 4)[[2, 0]])


@given(st.integers(0, 99), st.integers(0, 12), st.sampled_from([1, 2, 7, 300]))
def test_travels_as_plain_data(seed, n_rows, n_classes):
    probs = random_probs(seed, n_rows, n_classes)
    names = [f"L{i}" for i in range(n_classes)]
    rows = SoftRows.from_dense(probs, names, top=255)
    again = SoftRows.from_data(rows.to_data())
    columns = {name: i for i, name in enumerate(names)}
    np.testing.assert_array_equal(again.dense(columns, n_classes), rows.dense(columns, n_classes))
    lost = np.where(probs < LEAST, probs, 0).sum(axis=1, keepdims=True)
    assert (np.abs(again.dense(columns, n_classes) - probs) <= lost + 1e-3).all()
    order = np.random.default_rng(seed).permutation(n_rows)
    taken = rows.take(order)
    assert (taken.dense(columns, n_classes) == rows.dense(columns, n_classes)[order]).all()


@pytest.mark.parametrize("change", [{"counts": b"\x01"}, {"ids": b"\xff" * 8}, {"shares": b""}])
def test_damaged_data(change):
    data = {**SoftRows.from_dense(PROBS, NAMES).to_data(), **change}
    with pytest.raises(ValueError, match="do not fit"):
        SoftRows.from_data(data)


def test_a_certain_word_takes_four_bytes():
    probs = np.zeros((1000, 17), dtype="f")
    probs[:, 3] = 1.0
    data = SoftRows.from_dense(probs, [str(i) for i in range(17)]).to_data()
    assert sum(len(data[part]) for part in ("counts", "ids", "shares")) == 4 * 1000
