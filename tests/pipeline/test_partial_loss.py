"""Losses of partial annotation: by brute force, against the plain loss, and by differences."""

from itertools import product

import numpy as np
import pytest
from thinc.api import NumpyOps

from spacy_seqtag.pipeline.loss import cross_entropy
from spacy_seqtag.pipeline.partial_loss import set_cross_entropy, share_loss, within

OPS = NumpyOps()
SMOOTHING = [0.0, 0.1, 0.9]


def softmax(logits):
    e = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return (e / e.sum(axis=-1, keepdims=True)).astype("f")


def case(n_rows=5, n_classes=4, seed=0):
    """Random logits and sets, among them one of one class and one of all classes."""
    rng = np.random.default_rng(seed)
    possible = rng.random((n_rows, n_classes)) < 0.5
    possible[np.arange(n_rows), rng.integers(n_classes, size=n_rows)] = True
    possible[0] = np.arange(n_classes) == 1
    possible[1] = True
    return rng.normal(0, 2, (n_rows, n_classes)), possible


@pytest.mark.parametrize("seed", range(5))
def test_probability_of_all_sequences_in_the_sets(seed):
    """The marginal likelihood, summed over every sequence that the annotation allows."""
    logits, possible = case(seed=seed)
    probs = softmax(logits).astype("float64")
    total = sum(
        np.prod([probs[row, c] for row, c in enumerate(classes)])
        for classes in product(*(np.flatnonzero(row) for row in possible))
    )
    loss, _ = set_cross_entropy(OPS, softmax(logits), possible)
    assert len(logits) * loss == pytest.approx(-np.log(total), rel=1e-5)


@pytest.mark.parametrize("smoothing", SMOOTHING)
def test_gradient_is_that_of_the_summed_loss(smoothing):
    logits, possible = case(seed=7)
    _, gradient = set_cross_entropy(OPS, softmax(logits), possible, smoothing)
    assert gradient.dtype == np.float32

    def summed(logits):
        return len(logits) * set_cross_entropy(OPS, softmax(logits), possible, smoothing)[0]

    np.testing.assert_allclose(gradient, by_differences(summed, logits), atol=2e-3)
    np.testing.assert_allclose(gradient.sum(axis=1), 0, atol=1e-6)


def by_differences(function, logits, step=0.02):
    result = np.zeros_like(logits)
    for at in np.ndindex(*logits.shape):
        above, below = logits.copy(), logits.copy()
        above[at] += step
        below[at] -= step
        result[at] = (function(above) - function(below)) / (2 * step)
    return result


@pytest.mark.parametrize("smoothing", SMOOTHING)
def test_sets_of_one_class_are_the_plain_loss(smoothing):
    logits, _ = case(n_rows=50, n_classes=9)
    gold = np.random.default_rng(1).integers(9, size=50)
    possible = np.eye(9, dtype=bool)[gold]
    loss, gradient = set_cross_entropy(OPS, softmax(logits), possible, smoothing)
    plain, d_plain = cross_entropy(OPS, softmax(logits), gold, smoothing)
    assert loss == pytest.approx(plain, rel=1e-6)
    np.testing.assert_array_equal(gradient, d_plain)


def test_all_classes_are_no_loss():
    logits, _ = case()
    loss, gradient = set_cross_entropy(OPS, softmax(logits), np.ones(logits.shape, dtype=bool))
    assert loss == pytest.approx(0, abs=1e-6)
    np.testing.assert_allclose(gradient, 0, atol=1e-6)


def test_sets_of_probability_0():
    probs = np.asarray([[1, 0, 0, 0]], dtype="f")
    possible = np.asarray([[False, True, True, False]])
    loss, gradient = set_cross_entropy(OPS, probs, possible)
    assert 50 < loss < 100
    np.testing.assert_array_equal(gradient, [[1, -0.5, -0.5, 0]])


def test_no_rows():
    loss, gradient = set_cross_entropy(OPS, np.zeros((0, 3), "f"), np.zeros((0, 3), dtype=bool))
    assert (loss, gradient.shape) == (0.0, (0, 3))


def test_within():
    probs = np.asarray([[0.5, 0.3, 0.2]], dtype="f")
    possible = np.asarray([[False, True, True]])
    np.testing.assert_allclose(within(OPS, probs, possible), [[0, 0.6, 0.4]], rtol=1e-6)


# The share of words in entities


def expected_share(logits, possible):
    """By brute force: over all sequences that the annotation allows, by their probability."""
    probs = softmax(logits).astype("float64")
    total = share = 0.0
    for classes in product(*(np.flatnonzero(row) for row in possible)):
        p = np.prod([probs[row, c] for row, c in enumerate(classes)])
        total += p
        share += p * np.mean([c != 0 for c in classes])
    return share / total


@pytest.mark.parametrize("share", [0.05, 0.4, 0.95])
@pytest.mark.parametrize("seed", range(3))
def test_share_by_brute_force(seed, share):
    logits, possible = case(seed=seed)
    loss, gradient = share_loss(OPS, softmax(logits), possible, 0, share=share, margin=0.05)
    off = abs(expected_share(logits, possible) - share)
    assert loss == pytest.approx(max(0.0, off - 0.05), abs=1e-5)
    assert (loss == 0.0) == (not gradient.any())


@pytest.mark.parametrize("share", [0.01, 0.99])
def test_gradient_of_the_share(share):
    logits, possible = case(n_rows=6, seed=3)

    def summed(logits):
        parts = share_loss(OPS, softmax(logits), possible, 0, share=share, margin=0.0)
        return len(logits) * parts[0]

    loss, gradient = share_loss(OPS, softmax(logits), possible, 0, share=share, margin=0.0)
    assert loss > 0
    assert gradient.dtype == np.float32
    np.testing.assert_allclose(gradient, by_differences(summed, logits), atol=2e-3)
    assert not gradient[0].any()  # its class is known


def test_share_within_the_margin():
    probs = np.asarray([[0.8, 0.2], [0.9, 0.1]], dtype="f")
    every = np.ones((2, 2), dtype=bool)
    assert share_loss(OPS, probs, every, 0, share=0.2, margin=0.06)[0] == 0.0
    assert share_loss(OPS, probs, every, 0, share=0.2, margin=0.04)[0] == pytest.approx(0.01)
    assert share_loss(OPS, probs, every, 0, share=0.1, margin=0.04)[0] == pytest.approx(0.01)
    assert share_loss(OPS, probs[:0], every[:0], 0, share=0.1, margin=0.0)[0] == 0.0
