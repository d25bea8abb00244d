"""The loss of a softmax: cross-entropy of the rows that have a label, certain or soft."""

from dataclasses import dataclass

import numpy as np
from thinc.api import Ops
from thinc.types import Floats2d

from ..arrays import Floats, Ints

# The class of what is not annotated. It gives neither loss nor gradient: missing is not wrong.
MISSING = -1


def cross_entropy(
    ops: Ops, probs: Floats2d, gold: Ints, smoothing: float = 0.0
) -> tuple[float, Floats2d]:
    """Compute the cross-entropy, in float32, of the rows that have a class.

    ops (Ops): Of the device where the probabilities are.
    probs (Floats2d, (rows, classes)): Probabilities.
    gold (int64, (rows,)): The right class of each row, or MISSING.
    smoothing (float): Share of the target probability, 0 to 1 exclusive, that is spread evenly over
        all classes (Szegedy et al. 2016, https://arxiv.org/abs/1512.00567).
    RETURNS (tuple[float, Floats2d]): The mean loss of the rows that have a class, 0.0 if there are
        none; and the gradient of their sum with respect to the logits, (rows, classes), which is
        zero in the other rows.
    """
    xp = ops.xp
    probs = ops.asarray2f(probs, dtype="float32")
    gradient = xp.zeros_like(probs)
    rows = xp.asarray(np.flatnonzero(gold != MISSING))
    if not len(rows):
        return 0.0, gradient
    n_classes = probs.shape[1]
    target = xp.full((len(rows), n_classes), smoothing / n_classes, dtype="float32")
    target[xp.arange(len(rows)), xp.asarray(gold[gold != MISSING])] += 1.0 - smoothing
    labelled = probs[rows]
    gradient[rows] = labelled - target
    log_probs = xp.log(xp.maximum(labelled, 1e-30))
    return float(-(target * log_probs).sum() / len(rows)), gradient


@dataclass
class SoftTargets:
    """Rows whose target is a distribution, or whose loss has a weight.

    rows (int64, (n,)): Which rows of the batch.
    shares (float32, (n, classes)): The distribution of each; it sums to 1.
    weights (float32, (n,)): How much each counts, above 0; a certain label counts 1.
    """

    rows: Ints
    shares: Floats
    weights: Floats


def soft_cross_entropy(
    ops: Ops, probs: Floats2d, soft: SoftTargets
) -> tuple[float, float, Floats2d]:
    """Compute the cross-entropy, in float32, with soft targets.

    This is distillation at temperature 1 (Hinton et al. 2015, https://arxiv.org/abs/1503.02531).

    ops (Ops): Of the device where the probabilities are.
    probs (Floats2d, (rows, classes)): Probabilities of the whole batch.
    soft (SoftTargets): Of some of its rows.
    RETURNS (tuple[float, float, Floats2d]): The weighted sum of the losses; the sum of the weights;
        and the gradient of the former with respect to the logits of these rows, (n, classes).
    """
    xp = ops.xp
    own = ops.asarray2f(probs, dtype="float32")[xp.asarray(soft.rows)]
    target, weights = xp.asarray(soft.shares), xp.asarray(soft.weights)[:, None]
    log_probs = xp.log(xp.maximum(own, 1e-30))
    loss = -(weights * target * log_probs).sum()
    gradient: Floats2d = weights * (own - target)
    return float(loss), float(soft.weights.sum()), gradient


def add_soft(
    ops: Ops, probs: Floats2d, gold: Ints, soft: SoftTargets, loss: float, gradient: Floats2d
) -> float:
    """Add what is learned from soft targets to what is learned from classes.

    ops (Ops): Of the device where the probabilities are.
    probs (Floats2d, (rows, classes)): Probabilities.
    gold (int64, (rows,)): The class of each row; MISSING where it has a soft target.
    soft (SoftTargets): Of the other rows, or none of them.
    loss (float): The mean loss of the rows that have a class.
    gradient (Floats2d): Of the sum of their losses; changed in place.
    RETURNS (float): The weighted mean loss of all these rows.
    """
    if not len(soft.rows):
        return loss
    total, weight, own = soft_cross_entropy(ops, probs, soft)
    gradient[ops.xp.asarray(soft.rows)] = own
    n_gold = int((gold != MISSING).sum())
    return (loss * n_gold + total) / (n_gold + weight)
