"""Temperatures and measures of calibration, against plain loops."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_seqtag.schemes.calibration import (
    STRAIGHT,
    Curve,
    Judged,
    bend,
    calibration_error,
    fit_curve,
    fit_temperature,
    judge,
    judge_spans,
    lay_end_to_end,
    mean_known,
    reliability,
    temper,
)


def softmax(logits):
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def made_up(seed, n=400, n_classes=5, scale=3.0):
    """Logits that are right by chance as their probabilities say, and then made too sure."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(n, n_classes)) * 1.5
    gold = np.asarray([rng.choice(n_classes, p=p) for p in softmax(logits)])
    return logits * scale, gold


def nll_at(logits, gold, temperature):
    x = logits / temperature
    return np.mean(np.logaddexp.reduce(x, axis=1) - x[np.arange(len(gold)), gold])


# Temperatures


def test_tempered_probabilities_are_those_of_the_divided_logits():
    logits, _ = made_up(0)
    probs = softmax(logits).astype("f")
    for temperature in (0.3, 1.7, 8.0):
        tempered = temper(probs, temperature)
        assert tempered.dtype == probs.dtype
        np.testing.assert_allclose(tempered, softmax(logits / temperature), atol=1e-5)


def test_a_temperature_of_one_changes_no_bit():
    probs = softmax(made_up(1)[0]).astype("f")
    assert temper(probs, 1.0) is probs


def test_what_is_impossible_stays_so():
    probs = np.asarray([[0.9, 0.1, 0.0], [0.0, 0.0, 0.0]], dtype="f")
    tempered = temper(probs, 2.0)
    np.testing.assert_allclose(tempered, [[0.75, 0.25, 0.0], [0.0, 0.0, 0.0]], atol=1e-6)
    assert temper(np.zeros((0, 3), dtype="f"), 2.0).shape == (0, 3)
    assert temper(np.zeros((2, 0), dtype="f"), 2.0).shape == (2, 0)


@pytest.mark.parametrize("scale", [0.4, 1.0, 3.0, 9.0])
def test_fits_the_least_likelihood(scale):
    logits, gold = made_up(2, scale=scale)
    found = fit_temperature(softmax(logits).astype(np.float64), gold)
    grid = np.exp(np.linspace(math.log(0.05), math.log(20), 1000))
    best = grid[np.argmin([nll_at(logits, gold, t) for t in grid])]
    assert found == pytest.approx(best, rel=1e-2)
    for near in (found * 0.999, found * 1.001):
        assert nll_at(logits, gold, found) <= nll_at(logits, gold, near)


def test_finds_by_how_much_a_model_is_too_sure():
    logits, gold = made_up(3, n=20_000, scale=3.0)
    probs = softmax(logits).astype("f")
    found = fit_temperature(probs, gold)
    assert found == pytest.approx(3.0, rel=0.05)
    before, after = (calibration_error(judge(p, gold)) for p in (probs, temper(probs, found)))
    assert before > 0.1
    assert after < 0.02


def test_candidates_that_are_none_do_not_count():
    logits, gold = made_up(4, n_classes=3)
    probs = softmax(logits).astype("f")
    padded = np.hstack([probs, np.zeros((len(probs), 2), dtype="f")])
    assert fit_temperature(padded, gold) == pytest.approx(fit_temperature(probs, gold), rel=1e-6)


def test_a_right_class_of_probability_zero_counts():
    logits, gold = made_up(6)
    probs = softmax(logits).astype("f")
    found = fit_temperature(probs, gold)
    worse = probs.copy()
    worse[0] = [0, 0, 0, 0, 1]
    assert fit_temperature(worse, np.asarray([0, *gold[1:]])) > found


def test_no_temperature_is_best():
    probs = np.asarray([[0.9, 0.1], [0.3, 0.7]], dtype="f")
    assert fit_temperature(probs, np.asarray([0, 1])) is None  # the surer, the better
    assert fit_temperature(probs, np.asarray([1, 0])) is None  # the less sure, the better
    assert fit_temperature(probs[:0], np.asarray([], dtype=np.int64)) is None
    assert fit_temperature(np.ones((3, 1), dtype="f"), np.zeros(3, dtype=np.int64)) is None


# Measures


def brute_error(confidence, right, n_bins):
    total = 0.0
    for k in range(n_bins):
        inside = [
            (c, r)
            for c, r in zip(confidence, right)
            if (k / n_bins < c or (k == 0 and c == 0)) and c <= (k + 1) / n_bins
        ]
        if inside:
            mean_c = sum(c for c, _ in inside) / len(inside)
            mean_r = sum(r for _, r in inside) / len(inside)
            total += len(inside) / len(confidence) * abs(mean_c - mean_r)
    return total


@given(
    st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=50),
    st.sampled_from([1, 4, 8, 16]),  # whose edges are exact
)
def test_calibration_error(pairs, n_bins):
    judged = judge_spans(*zip(*pairs))
    error = calibration_error(judged, n_bins)
    assert error == pytest.approx(brute_error(*zip(*pairs), n_bins), abs=1e-12)
    bins = reliability(judged, n_bins)
    assert sum(each.size for each in bins) == len(pairs)
    assert mean_known(judged.brier) == pytest.approx(
        sum((c - r) ** 2 for c, r in pairs) / len(pairs)
    )


def test_bins():
    judged = judge_spans([0.0, 0.2, 0.25, 0.26, 1.0, 1.0], [False, True, True, False, True, False])
    assert [tuple(each) for each in reliability(judged, 4)] == [
        (0.0, 0.25, 3, pytest.approx(0.15), pytest.approx(2 / 3)),
        (0.25, 0.5, 1, pytest.approx(0.26), 0.0),
        (0.5, 0.75, 0, 0.0, 0.0),
        (0.75, 1.0, 2, 1.0, 0.5),
    ]


def test_judges_classes():
    logits, gold = made_up(5, n=50)
    probs = softmax(logits)
    judged = judge(probs, gold)
    for i, k in enumerate(gold):
        assert judged.confidence[i] == probs[i].max()
        assert judged.right[i] == (probs[i].argmax() == k)
        assert judged.brier[i] == pytest.approx(
            sum((p - (j == k)) ** 2 for j, p in enumerate(probs[i]))
        )
        assert judged.nll[i] == pytest.approx(-math.log(probs[i, k]))


def test_a_class_that_the_model_does_not_know_is_wrong():
    judged = judge(np.asarray([[0.9, 0.1], [0.2, 0.8]], dtype="f"), np.asarray([2, 1]))
    assert judged.right.tolist() == [False, True]
    assert judged.brier.tolist() == pytest.approx([0.81 + 0.01 + 1, 0.04 + 0.04])
    assert math.isnan(judged.nll[0])
    assert mean_known(judged.nll) == pytest.approx(-math.log(0.8))


def test_nothing_to_judge():
    nothing = lay_end_to_end([])
    assert calibration_error(nothing) is None
    assert mean_known(nothing.nll) is None
    empty = judge(np.zeros((0, 4), dtype="f"), np.zeros(0, dtype=np.int64))
    assert calibration_error(lay_end_to_end([empty, nothing])) is None
    assert isinstance(lay_end_to_end([empty]), Judged)


# Curves over the confidences of spans


def products(seed, n=4000, length=6, share=0.4):
    """Spans whose tags are right or wrong together: their product says too little."""
    rng = np.random.default_rng(seed)
    p = rng.uniform(0.75, 1.0, size=n)
    together = rng.random(n) < share
    alone = (rng.random((n, length)) < p[:, None]).all(axis=1)
    right = np.where(together, rng.random(n) < p, alone)
    return p**length, right


def curve_loss(curve, p, right):
    q = np.clip(bend(p, curve), 1e-12, 1 - 1e-12)
    return -np.mean(np.where(right, np.log(q), np.log1p(-q)))


def test_the_straight_curve_changes_no_bit():
    p = np.asarray([0.0, 0.3, 1.0])
    assert bend(p, STRAIGHT) is p
    almost = bend(p[1:2], Curve(1.0, 1.0, 1e-12))
    np.testing.assert_allclose(almost, p[1:2], atol=1e-9)


def test_a_curve_is_that_of_the_paper():
    p = np.asarray([0.2, 0.5, 0.9])
    odds = p**1.5 / (1 - p) ** 0.5 * math.exp(0.3)
    np.testing.assert_allclose(bend(p, Curve(1.5, 0.5, 0.3)), odds / (1 + odds))


def test_a_curve_mends_what_a_temperature_cannot():
    p, right = products(0)
    before = calibration_error(judge_spans(p, right))
    curve = fit_curve(p, right)
    other, other_right = products(1)
    after = calibration_error(judge_spans(bend(other, curve), other_right))
    assert before > 0.1
    assert after < 0.03
    assert (np.diff(bend(np.linspace(0, 1, 500), curve)) >= 0).all()


def test_fits_the_least_loss_of_a_curve():
    p, right = products(2)
    curve = fit_curve(p, right)
    best = curve_loss(curve, p, right)
    assert best < curve_loss(STRAIGHT, p, right)
    for i in range(3):
        for off in (-0.05, 0.05):
            near = [v + off * (k == i) for k, v in enumerate(curve)]
            assert best < curve_loss(Curve(*near), p, right)


def test_a_curve_never_falls():
    rng = np.random.default_rng(3)
    p = rng.random(500)
    curve = fit_curve(p, rng.random(500) > p)  # the surer, the more often wrong
    assert curve.a == 0.0
    assert curve.b == 0.0
    assert bend(p, curve) == pytest.approx(np.full(500, 0.5), abs=0.05)


def test_few_spans_bend_it_little():
    found = bend(np.asarray([0.9]), fit_curve([0.9, 0.9], [True, False]))
    assert 0.5 < found[0] < 0.9


@pytest.mark.parametrize("right", [[], [True, True], [False]])
def test_no_curve_is_best(right):
    assert fit_curve([0.5] * len(right), right) is None


def test_certain_confidences_stay_numbers():
    curve = fit_curve([0.0, 1.0, 1.0, 0.0], [False, True, False, True])
    assert np.isfinite(bend(np.asarray([0.0, 1.0]), curve)).all()
