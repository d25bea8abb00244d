"""The softmax layer at the end of a tagger, which grows when labels are added."""

from typing import TypeVar, cast

from thinc.api import Model, Softmax_v2, zero_init
from thinc.types import Floats1d, Floats2d

InT = TypeVar("InT")
OutT = TypeVar("OutT")

# A new class starts this far below the lowest bias, so that the classes learned before still
# decide; the gradient of the first examples lifts it.
NEW_CLASS_LOGIT = -5.0


def softmax_layer(nO: int | None, nI: int | None = None) -> Model[Floats2d, Floats2d]:
    """Build a linear layer with softmax, whose weights start at zero.

    nO (int | None): Number of classes; None where it is not known yet.
    nI (int | None): Width of the vectors; likewise.
    RETURNS: A model from vectors (rows, nI) to probabilities (rows, nO).
    """
    return Softmax_v2(nO, nI, init_W=zero_init, normalize_outputs=True)


def resize_output(model: Model[InT, OutT], n_classes: int) -> Model[InT, OutT]:
    """Grow the output layer of a tagger, in place; the classes it has keep their weights.

    model (Model): A tagger with a softmax layer as its ref `output_layer`.
    n_classes (int): How many classes it is to have.
    RETURNS (Model): The same tagger.
    RAISES: ValueError: if that would make the layer smaller.
    """
    old: Model[Floats2d, Floats2d] = model.get_ref("output_layer")
    n_old = old.maybe_get_dim("nO")
    if n_old == n_classes:
        return model
    if n_old is None or not old.has_param("W"):
        old.set_dim("nO", n_classes, force=True)
        return model
    if n_classes < n_old:
        raise ValueError(f"Cannot shrink an output layer of {n_old} classes to {n_classes}.")
    new = _grown(old, n_old, n_classes)
    # A new node rather than new arrays: optimizers keep their moments by node.
    model.replace_node(old, new)
    model.set_ref("output_layer", new)
    for node in model.walk():
        if node.maybe_get_dim("nO") == n_old and any(layer is new for layer in node.walk()):
            node.set_dim("nO", n_classes, force=True)
    return model


def _grown(old: Model[Floats2d, Floats2d], n_old: int, n_classes: int) -> Model[Floats2d, Floats2d]:
    """Make a softmax layer that has the weights of an old one, and new classes after them."""
    new = softmax_layer(n_classes, old.get_dim("nI"))
    weights = new.ops.alloc2f(n_classes, old.get_dim("nI"))
    bias = new.ops.alloc1f(n_classes)
    old_bias = cast(Floats1d, old.get_param("b"))
    weights[:n_old] = cast(Floats2d, old.get_param("W"))
    bias += min(float(old_bias.min()), 0.0) + NEW_CLASS_LOGIT
    bias[:n_old] = old_bias
    new.set_param("W", weights)
    new.set_param("b", bias)
    return new
