"""Losses of words whose class is not known, but of which something is known.

A word's class may be one of several: the others are ruled out. Or nothing is known of single words,
but which share of them belongs to entities.

`possible` is what is known: True for each class that a row may have. A row with one of them is
known completely, a row with all of them not at all.
"""

from thinc.api import Ops
from thinc.types import Floats2d

from ..arrays import Bools

_TINY = 1e-30


def within(ops: Ops, probs: Floats2d, possible: Bools) -> Floats2d:
    """Compute the probabilities of the classes, given that it is one of those possible.

    ops (Ops): Of the device where the probabilities are.
    probs (Floats2d, (rows, classes)): Probabilities, float32.
    possible (bool, (rows, classes)): At least one in each row.
    RETURNS (Floats2d, (rows, classes)): Each row sums to 1. Where all that is possible has the
        probability 0, all of it is equally probable.
    """
    xp = ops.xp
    allowed = xp.asarray(possible)
    inside = xp.where(allowed, probs, xp.float32(0))
    total = inside.sum(axis=1, keepdims=True)
    even = allowed / allowed.sum(axis=1, keepdims=True, dtype="float32")
    result: Floats2d = xp.where(total > 0, inside / xp.where(total > 0, total, 1), even)
    return result


def set_cross_entropy(
    ops: Ops, probs: Floats2d, possible: Bools, smoothing: float = 0.0
) -> tuple[float, Floats2d]:
    """Compute the cross-entropy, in float32, of rows whose class is one of a set.

    It is `-log` of the probability of the set, the marginal likelihood: nothing is said about
    which class of the set it is (for sequences Tsuboi et al. 2008,
    https://aclanthology.org/C08-1113; a softmax tagger treats tokens as independent, so that the
    product over tokens is exact). With one class in each set it is `loss.cross_entropy`.

    ops (Ops): Of the device where the probabilities are.
    probs (Floats2d, (rows, classes)): Probabilities.
    possible (bool, (rows, classes)): The set of each row, with at least one class.
    smoothing (float): Share of the target probability, 0 to 1 exclusive, that is spread evenly over
        all classes.
    RETURNS (tuple[float, Floats2d]): The mean loss of the rows, 0.0 if there are none; and the
        gradient of their sum with respect to the logits, (rows, classes).
    """
    xp = ops.xp
    probs = ops.asarray2f(probs, dtype="float32")
    if not len(probs):
        return 0.0, xp.zeros_like(probs)
    n_classes = probs.shape[1]
    target = xp.full(probs.shape, smoothing / n_classes, dtype="float32")
    target += within(ops, probs, possible) * (1.0 - smoothing)
    of_set = xp.where(xp.asarray(possible), probs, xp.float32(0)).sum(axis=1)
    loss = -(1.0 - smoothing) * xp.log(xp.maximum(of_set, _TINY)).mean()
    if smoothing:
        loss -= smoothing * xp.log(xp.maximum(probs, _TINY)).mean()
    return float(loss), probs - target


def share_loss(
    ops: Ops,
    probs: Floats2d,
    possible: Bools,
    outside: int,
    *,
    share: float,
    margin: float,
) -> tuple[float, Floats2d]:
    """Compute how far the expected share of words in entities is from what it should be.

    This is the expected entity ratio loss (Effland & Collins 2021,
    https://aclanthology.org/2021.tacl-1.78): without it, a model that is shown entities alone
    learns that every word is one. The loss is `max(0, |expected - share| - margin)`. Other than
    there, words of which something is known count as what they are (the expectation is taken given
    the annotation), so that they get no gradient, and the share is a matter of the unknown words.

    ops (Ops): Of the device where the probabilities are.
    probs (Floats2d, (rows, classes)): Probabilities.
    possible (bool, (rows, classes)): What is known of each row, at least one class.
    outside (int): The class of words in no entity.
    share (float): The share of words in entities that is expected, 0 to 1.
    margin (float): How far it may be off on either side.
    RETURNS (tuple[float, Floats2d]): The loss; and its gradient with respect to the logits, times
        the number of rows, (rows, classes).
    """
    xp = ops.xp
    probs = ops.asarray2f(probs, dtype="float32")
    gradient = xp.zeros_like(probs)
    if not len(probs):
        return 0.0, gradient
    given = within(ops, probs, possible)
    in_entity = 1.0 - given[:, outside : outside + 1]
    off = float(in_entity.mean()) - share
    loss = abs(off) - margin
    if loss <= 0.0:
        return 0.0, gradient
    is_entity = xp.ones((1, probs.shape[1]), dtype="float32")
    is_entity[0, outside] = 0.0
    gradient = given * (is_entity - in_entity)
    return loss, gradient if off > 0 else -gradient
