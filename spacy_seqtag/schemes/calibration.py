"""Calibration: do probabilities say how often they are right? Temperatures, curves, measures.

A model that gives 0.9 to each of a hundred tags is calibrated if ninety of them are right. Networks
tend to be too sure. A temperature mends that without touching what they prefer: all logits of a
head are divided by one number (Guo et al. 2017, https://arxiv.org/abs/1706.04599). As probabilities
are logits up to a constant, `p ** (1 / T)`, normalised, is the same.

The confidence of a span is the product of its tags' probabilities, as if tags went wrong
independently. They go wrong together, so that products are too small, and the smaller the longer a
span is. No temperature mends that, but a curve over the confidences of spans does: beta calibration
(Kull, Silva Filho & Flach 2017, https://proceedings.mlr.press/v54/kull17a.html).
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..arrays import Bools, Floats, Ints

N_BINS = 15
"""How many bins of confidence, of equal width, the expected calibration error has."""

Doubles = NDArray[np.float64]

# What a probability of 0 counts as where its logarithm is taken: the smallest normal float32.
_TINY = 1e-38
# The logarithm of what cannot be: its exponential is zero at every temperature.
_NEVER = -1e9

# A temperature beyond these was not found: the best one is zero or infinite.
_LEAST, _MOST = 0.05, 20.0


def temper(probs: Floats, temperature: float) -> Floats:
    """Apply a temperature to probabilities.

    probs (Floats, (rows, classes)): Probabilities. Those of 0 stay 0: what is no candidate does
        not become one.
    temperature (float, above 0): Above 1 makes them less sure, below 1 surer; 1 leaves the array
        itself as it is.
    RETURNS (Floats, (rows, classes)): Of the same type; each row sums to 1, or is all zeros as it
        was.
    """
    if temperature == 1.0 or not probs.size:
        return probs
    logits = np.log(np.maximum(probs.astype(np.float64), _TINY)) / temperature
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    powers[probs <= 0.0] = 0.0
    powers /= np.maximum(powers.sum(axis=1, keepdims=True), _TINY)
    result: Floats = powers.astype(probs.dtype)
    return result


def fit_temperature(probs: Floats, gold: Ints) -> float | None:
    """Find the temperature with the least negative log-likelihood (Guo et al. 2017).

    In the inverse of the temperature that likelihood is convex. Its derivative is the mean of the
    log-probability that the model expects, less that of the right classes. The zero is sought by
    Newton's steps, within bounds that close in where a step leads outside.

    probs (Floats, (rows, classes)): Probabilities, untempered.
    gold (Ints, (rows,)): The right class of each row.
    RETURNS (float | None): The temperature, from 0.05 to 20. None where there is none: without
        rows; where all are right, and the surer the better; or where the model knows nothing, and
        the less sure the better.
    """
    rows = np.arange(len(gold))
    logs = np.log(np.maximum(probs.astype(np.float64), _TINY))
    impossible = probs <= 0.0
    impossible[rows, gold] = False  # it was possible, after all
    logs[impossible] = _NEVER
    right = float(logs[rows, gold].mean()) if len(gold) else 0.0
    low, high = 1.0 / _MOST, 1.0 / _LEAST
    if not len(gold) or _slope(logs, right, low)[0] >= 0 or _slope(logs, right, high)[0] <= 0:
        return None
    beta = 1.0
    for _ in range(100):
        slope, curve = _slope(logs, right, beta)
        low, high = (beta, high) if slope < 0 else (low, beta)
        new = beta - slope / curve if curve > 0 else 0.0
        if not low <= new <= high:
            new = math.sqrt(low * high)
        if abs(new - beta) <= 1e-7 * beta:
            break
        beta = new
    return 1.0 / beta


def _slope(logs: Doubles, right: float, beta: float) -> tuple[float, float]:
    """Return the first and second derivative of the mean negative log-likelihood by `beta`.

    logs (float64, (rows, classes)): Log-probabilities, _NEVER where a class cannot be.
    right (float): The mean log-probability of the right classes.
    """
    weights = np.exp((logs - logs.max(axis=1, keepdims=True)) * beta)
    weights /= weights.sum(axis=1, keepdims=True)
    weighted = weights * logs  # zero where a class cannot be
    mean = weighted.sum(axis=1)
    curve = (weighted * logs).sum(axis=1) - mean**2
    return float(mean.mean()) - right, float(curve.mean())


class Curve(NamedTuple):
    """Beta calibration of a probability: `logit q = a * ln p - b * ln(1 - p) + c`.

    a, b (float, at least 0): The curve never falls, so that what is surer stays so.
    c (float): Its height.
    """

    a: float
    b: float
    c: float


STRAIGHT = Curve(1.0, 1.0, 0.0)
"""The curve that leaves every probability as it is."""

# Probabilities this close to 0 or 1 count as that: their logarithms would drown the others.
_EDGE = 1e-6
# How much the straight curve counts, in spans: a few spans do not bend it far.
_PRIOR = 1.0


def bend(probs: Doubles, curve: Curve) -> Doubles:
    """Apply a curve to probabilities.

    probs (float64, 0 to 1): Probabilities.
    curve (Curve): `STRAIGHT` leaves the array itself as it is.
    RETURNS (float64, 0 to 1): Their calibrated values, in the same order of size.
    """
    if curve == STRAIGHT:
        return probs
    result: Doubles = 1.0 / (1.0 + np.exp(-(_beta_features(probs) @ np.asarray(curve))))
    return result


def fit_curve(confidence: Sequence[float], right: Sequence[bool]) -> Curve | None:
    """Find the curve with the least negative log-likelihood, by Newton's steps.

    It is a logistic regression on two logarithms. What would make it fall (a or b below 0) is left
    out, as in the paper. The straight curve is its prior, so that few spans bend it little.

    confidence (Sequence[float], 0 to 1): Of each span.
    right (Sequence[bool]): Whether each is exactly right.
    RETURNS (Curve | None): None where all are right, or none are: no curve is best.
    """
    hit = np.asarray(right, dtype=bool)
    if not hit.any() or hit.all():
        return None
    features = _beta_features(np.asarray(confidence, dtype=np.float64))
    free = [0, 1, 2]
    while True:
        found = np.zeros(3)
        found[free] = _fit_logistic(features[:, free], hit, np.asarray(STRAIGHT)[free])
        falling = [i for i in free[:-1] if found[i] < 0]
        if not falling:
            return Curve(*found.tolist())
        free.remove(min(falling, key=lambda i: float(found[i])))


def _beta_features(probs: Doubles) -> Doubles:
    inside = np.clip(probs, _EDGE, 1.0 - _EDGE)
    result: Doubles = np.stack([np.log(inside), -np.log1p(-inside), np.ones_like(inside)], axis=-1)
    return result


def _fit_logistic(features: Doubles, right: Bools, prior: Doubles) -> Doubles:
    """Fit a logistic regression, drawn towards a prior; halve a step that does not help."""

    def loss(weights: Doubles) -> float:
        margins = (features @ weights) * np.where(right, 1.0, -1.0)
        off = weights - prior
        return float(np.logaddexp(0.0, -margins).sum() + 0.5 * _PRIOR * (off @ off))

    weights: Doubles = prior.copy()
    best = loss(prior)
    for _ in range(100):
        p = 1.0 / (1.0 + np.exp(-(features @ weights)))
        slope = features.T @ (p - right) + _PRIOR * (weights - prior)
        curvature = (features * (p * (1.0 - p))[:, None]).T @ features
        solved = np.linalg.solve(curvature + _PRIOR * np.eye(len(prior)), slope)
        step: Doubles = np.asarray(solved, dtype=np.float64)
        while (new := loss(weights - step)) > best and np.abs(step).max() > 1e-9:
            step = step / 2.0
        weights, best = weights - step, min(new, best)
        if np.abs(step).max() <= 1e-9:
            break
    return weights


class Judged(NamedTuple):
    """What each prediction was worth, as parallel arrays; several can be laid end to end.

    confidence (float64, 0 to 1): Of what was predicted.
    right (Bools): Whether that is right.
    brier (float64, 0 to 2): The squared error, summed over the classes (Brier 1950).
    nll (float64, nats): Minus the log-probability of what is right; NaN where that was no choice.
    """

    confidence: Doubles
    right: Bools
    brier: Doubles
    nll: Doubles


def judge(probs: Floats, gold: Ints) -> Judged:
    """Judge the probabilities of classes.

    probs (Floats, (rows, classes)): Probabilities.
    gold (Ints, (rows,)): The right class of each row. One beyond the last is a class that the
        model does not know: whatever it predicts is wrong.
    """
    rows = np.arange(len(gold))
    known = gold < probs.shape[1]
    at = np.where(known, gold, 0)
    exact = probs.astype(np.float64)
    p = np.where(known, exact[rows, at], 0.0)
    best = exact.argmax(axis=1) if len(rows) else np.zeros(0, dtype=np.int64)
    brier = (exact**2).sum(axis=1) - p**2 + (1.0 - p) ** 2
    nll = np.where(known, -np.log(np.maximum(p, _TINY)), np.nan)
    return Judged(exact[rows, best], known & (best == gold), brier, nll)


def judge_spans(confidence: Sequence[float], right: Sequence[bool]) -> Judged:
    """Judge predicted spans, each of which is right or wrong; they have no likelihood.

    confidence (Sequence[float], 0 to 1): Of each span.
    right (Sequence[bool]): Whether each is exactly right.
    """
    p, hit = np.asarray(confidence, dtype=np.float64), np.asarray(right, dtype=bool)
    return Judged(p, hit, (p - hit) ** 2, np.full(len(p), np.nan))


def lay_end_to_end(parts: Sequence[Judged]) -> Judged:
    """Join what was judged in parts.

    parts (Sequence[Judged]): Any number of them, even none.
    """
    if not parts:
        return judge_spans([], [])
    return Judged(*(np.concatenate(arrays) for arrays in zip(*parts)))


class Bin(NamedTuple):
    """The predictions of like confidence, for a reliability diagram.

    start, end (float, 0 to 1): Its confidences: above `start`, at most `end`.
    size (int): How many predictions.
    confidence (float, 0 to 1): The mean of their confidences; 0 if there are none.
    accuracy (float, 0 to 1): The share of those that are right; 0 if there are none.
    """

    start: float
    end: float
    size: int
    confidence: float
    accuracy: float


def reliability(judged: Judged, n_bins: int = N_BINS) -> list[Bin]:
    """Sort predictions by their confidence into bins of equal width.

    judged (Judged): The predictions.
    n_bins (int): How many bins. A confidence on an edge belongs to the bin below.
    """
    edges = np.linspace(0.0, 1.0, n_bins + 1)
    number = np.clip(np.searchsorted(edges, judged.confidence, side="left") - 1, 0, n_bins - 1)
    counts = np.bincount(number, minlength=n_bins)
    sure = np.bincount(number, judged.confidence, minlength=n_bins) / np.maximum(counts, 1)
    right = np.bincount(number, judged.right, minlength=n_bins) / np.maximum(counts, 1)
    columns = (edges[:-1], edges[1:], counts, sure, right)
    return [Bin(*row) for row in zip(*(column.tolist() for column in columns))]


def calibration_error(judged: Judged, n_bins: int = N_BINS) -> float | None:
    """Compute the expected calibration error (Naeini et al. 2015; Guo et al. 2017).

    That is the mean distance of accuracy and mean confidence over the bins, weighted by how many
    predictions each has.

    judged (Judged): The predictions.
    n_bins (int): See `reliability`.
    RETURNS (float | None, 0 to 1): None without predictions.
    """
    bins = reliability(judged, n_bins)
    total = sum(each.size for each in bins)
    if not total:
        return None
    return sum(each.size * abs(each.accuracy - each.confidence) for each in bins) / total


def mean_known(values: Doubles) -> float | None:
    """Return the mean of the numbers that are not NaN; None if there are none.

    values (float64): Such as those of `Judged.nll`.
    """
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else None
