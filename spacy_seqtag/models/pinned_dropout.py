"""Dropout whose rate a training run does not change."""

from collections.abc import Callable

from thinc.api import Model
from thinc.types import Floats2d


def pinned_dropout(rate: float) -> Model[Floats2d, Floats2d]:
    """Build dropout at a rate that stays.

    A training run sets the rate of every layer that has an attribute `dropout_rate`; this one calls
    it `rate`.

    rate (float): The share of values that become zero in training.
    RETURNS: A model from (rows, width) to the same shape.
    """
    return Model("token_dropout", _forward, attrs={"rate": rate})


def _forward(
    model: Model[Floats2d, Floats2d], X: Floats2d, is_train: bool
) -> tuple[Floats2d, Callable[[Floats2d], Floats2d]]:
    rate = model.attrs["rate"]
    if not is_train or rate == 0.0:
        return X, lambda dY: dY
    mask = model.ops.get_dropout_mask(X.shape, rate)
    return X * mask, lambda dY: dY * mask
