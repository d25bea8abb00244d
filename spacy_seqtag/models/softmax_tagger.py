"""The output layer of a token tagger: dropout, linear, softmax over token vectors."""

from collections.abc import Callable
from typing import cast

from spacy.tokens import Doc
from spacy.util import registry
from thinc.api import Dropout, Model, Softmax_v2, chain, with_array, zero_init
from thinc.types import Floats1d, Floats2d

from ..errors import SHARE, Whole, check_settings

# A new class starts this far below the lowest bias, so that what was learned still decides; the
# gradient of the first examples lifts it.
NEW_CLASS_LOGIT = -5.0


@registry.architectures("spacy_seqtag.SoftmaxTagger.v1")
def build_softmax_tagger(
    tok2vec: Model[list[Doc], list[Floats2d]],
    dropout: float | None = None,
    nO: int | None = None,
) -> Model[list[Doc], list[Floats2d]]:
    """Build a token tagger: linear + softmax over the vectors of the `tok2vec` sublayer.

    tok2vec (Model[List[Doc], List[Floats2d]]): Token vectors, one array a Doc; usually a
        transformer listener.
    dropout (Optional[float]): Dropout rate on the token vectors. None takes the rate of the
        training run (`[training] dropout`).
    nO (Optional[int]): Number of classes. Inferred from the labels if None.
    RETURNS: A model from Docs to class probabilities, an array (tokens, classes) a Doc.

    Raises ConfigValidationError (a ValueError) for a setting out of its range.

    The refs `tok2vec` and `output_layer` lead to the sublayers; `attrs["resize_output"]` grows
    the output layer.
    """
    where = "spacy_seqtag.SoftmaxTagger.v1:"
    if dropout is not None:
        check_settings(where, dropout=(dropout, SHARE))
    if nO is not None:
        check_settings(where, nO=(nO, Whole(1)))
    output_layer = Softmax_v2(nO, _width(tok2vec), init_W=zero_init, normalize_outputs=True)
    drop: Model[Floats2d, Floats2d] = Dropout() if dropout is None else pinned_dropout(dropout)
    head: Model[list[Floats2d], list[Floats2d]] = with_array(chain(drop, output_layer))
    model: Model[list[Doc], list[Floats2d]] = chain(tok2vec, head)
    model.set_ref("tok2vec", tok2vec)
    model.set_ref("output_layer", output_layer)
    model.attrs["resize_output"] = resize_output
    return model


def resize_output(
    model: Model[list[Doc], list[Floats2d]], n_classes: int
) -> Model[list[Doc], list[Floats2d]]:
    """Grow the output layer to `n_classes`, in place; classes before keep their weights.

    Raises ValueError if that would make it smaller.
    """
    old = model.get_ref("output_layer")
    n_old = old.get_dim("nO") if old.has_dim("nO") else None
    if n_old == n_classes:
        return model
    if n_old is None or not old.has_param("W"):
        old.set_dim("nO", n_classes, force=True)
        return model
    if n_classes < n_old:
        raise ValueError(f"Cannot shrink an output layer of {n_old} classes to {n_classes}.")
    new = Softmax_v2(n_classes, old.get_dim("nI"), init_W=zero_init, normalize_outputs=True)
    weights = new.ops.alloc2f(n_classes, old.get_dim("nI"))
    bias = new.ops.alloc1f(n_classes)
    old_bias = old.get_param("b")
    weights[:n_old] = cast(Floats2d, old.get_param("W"))
    bias += min(float(old_bias.min()), 0.0) + NEW_CLASS_LOGIT
    bias[:n_old] = cast(Floats1d, old_bias)
    new.set_param("W", weights)
    new.set_param("b", bias)
    # A new node rather than new arrays: optimizers keep their moments by node.
    model.replace_node(old, new)
    model.set_ref("output_layer", new)
    for node in model.walk():
        if node.maybe_get_dim("nO") == n_old and any(layer is new for layer in node.walk()):
            node.set_dim("nO", n_classes, force=True)
    return model


def pinned_dropout(rate: float) -> Model[Floats2d, Floats2d]:
    """Dropout whose rate stays: a training run sets that of every layer with `dropout_rate`."""
    return Model("token_dropout", _pinned_dropout_forward, attrs={"rate": rate})


def _pinned_dropout_forward(model: Model, X: Floats2d, is_train: bool) -> tuple[Floats2d, Callable]:
    rate = model.attrs["rate"]
    if not is_train or rate == 0.0:
        return X, lambda dY: dY
    mask = model.ops.get_dropout_mask(X.shape, rate)
    return X * mask, lambda dY: dY * mask


def _width(tok2vec: Model) -> int | None:
    return tok2vec.get_dim("nO") if tok2vec.has_dim("nO") else None
