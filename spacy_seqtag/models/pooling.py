"""From the vectors of wordpieces to those of words, for transformer listeners."""

from collections.abc import Callable
from typing import Any, cast

from spacy.util import registry
from thinc.api import Model
from thinc.types import Floats2d, Ragged


@registry.layers("spacy_seqtag.reduce_first.v1")
def reduce_first() -> Model[Ragged, Floats2d]:
    """Take the vector of each word's first wordpiece; zeros for a word without wordpieces, at
    which Thinc's `reduce_first.v1` fails. Its `reduce_mean.v1` takes the mean, and zeros, too.

    RETURNS: A model from the words' wordpieces, laid end to end, to (words, width).
    """
    return Model("reduce_first", _forward)


def _forward(
    model: Model[Ragged, Floats2d], X: Ragged, is_train: bool
) -> tuple[Floats2d, Callable[[Floats2d], Ragged]]:
    xp: Any = model.ops.xp
    data: Any = X.dataXd
    lengths = xp.asarray(X.lengths)
    words = xp.flatnonzero(lengths)
    firsts = (xp.cumsum(lengths) - lengths)[words]
    Y: Any = model.ops.alloc2f(len(lengths), data.shape[1])
    Y[words] = data[firsts]

    def backprop(dY: Any) -> Ragged:
        dX: Any = model.ops.alloc2f(*data.shape)
        dX[firsts] = dY[words]
        return Ragged(dX, X.lengths)

    return cast(Floats2d, Y), backprop
