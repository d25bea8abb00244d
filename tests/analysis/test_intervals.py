"""Intervals of scores, and differences of pipelines."""

import math

import numpy as np
import pytest

from spacy_seqtag.analysis.intervals import Tally, compare, draw, score, tally, with_intervals
from spacy_seqtag.analysis.outcomes import Outcome


def outcome(doc, kind, gold="X", found="X"):
    return Outcome(
        "ents", doc, kind, gold, found, ((0, 1),) if gold else (), ((0, 1),) if found else ()
    )


def test_scores():
    assert score(np.asarray([3, 1, 2])).tolist() == [3 / 5, 3 / 4, 6 / 9]
    assert np.isnan(score(np.zeros(3, int))).all()


def test_what_counts_for_which_label():
    found = [
        outcome(0, "right"),
        outcome(1, "missed", "Y", ""),
        outcome(1, "spurious", "", "Z"),
        outcome(2, "label", "X", "Y"),
    ]
    counted = tally(found, 3, labels=["Y"])
    assert counted.labels == ["Y", "X", "Z"]
    assert counted.counts.sum(axis=0).tolist() == [[0, 1, 1], [1, 1, 0], [0, 0, 1]]
    assert counted.total.counts[:, 0].tolist() == [[1, 0, 0], [0, 1, 1], [0, 1, 1]]


def test_intervals_hold_the_score_and_shrink_with_the_documents():
    rng = np.random.default_rng(0)

    def interval(n):
        right = rng.random(n) < 0.8
        found = [
            outcome(i, "right" if ok else "missed", "X", "X" if ok else "")
            for i, ok in enumerate(right)
        ]
        return with_intervals(tally(found, n), draw(n))["X"].r

    few, many = interval(40), interval(400)
    for each in (few, many):
        assert each.low < each.value < each.high
    assert many.high - many.low < few.high - few.low


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    rng = np.random.default_rng(1)
    inside = 0
    for _ in range(100):
        right = rng.random(60) < 0.7
        counts = np.stack([right, ~right, np.zeros(60, bool)], axis=-1).astype(int)[:, None]
        found = with_intervals(Tally(["X"], counts), draw(60, 300))["X"].r
        inside += found.low <= 0.7 <= found.high
    assert 85 <= inside <= 100


def test_one_document_has_no_interval():
    found = with_intervals(tally([outcome(0, "right")], 1), draw(1))["X"]
    assert found.f.value == 1.0
    assert math.isnan(found.f.low)
    counted = tally([outcome(0, "right")], 1)
    assert math.isnan(compare(counted, counted, draw(1))["X"].p)


def tally_of(right):
    counts = np.stack([right, 10 - right, np.zeros_like(right)], axis=-1)[:, None]
    return Tally(["X"], counts)


def test_differences():
    rng = np.random.default_rng(2)
    base = rng.integers(3, 8, 50)
    one, drawn = tally_of(base), draw(50)
    same = compare(one, one, drawn, 1)["X"]
    assert (same.value, same.low, same.high, same.p) == (0.0, 0.0, 0.0, 1.0)
    better = compare(one, tally_of(base + 1), drawn, 1)["X"]
    assert better.value == pytest.approx(0.1)
    assert better.low > 0
    assert better.p < 0.01
    worse = compare(tally_of(base + 1), one, drawn, 1)["X"]
    assert worse.value == -better.value
    assert worse.p == better.p
    # As good here and there: the draws are on both sides.
    chance = compare(one, tally_of(base + np.where(np.arange(50) % 2, 1, -1)), drawn, 1)["X"]
    assert chance.low < 0 < chance.high
    assert chance.p > 0.3
    with pytest.raises(ValueError, match="different labels"):
        compare(one, Tally(["Y"], one.counts), drawn)


def test_a_label_that_few_documents_have_takes_no_warning():
    found = [outcome(0, "missed", "rare", ""), *(outcome(i, "right") for i in range(30))]
    rows = with_intervals(tally(found, 30, labels=["never"]), draw(30))
    assert rows["rare"].r.value == 0.0
    assert math.isnan(rows["never"].f.value)
    assert math.isnan(rows["never"].f.low)
