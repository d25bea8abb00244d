"""The output layer of a token tagger: dropout, linear, softmax over token vectors."""

from collections.abc import Callable
from typing import Any, cast

from spacy.tokens import Doc
from spacy.util import registry
from thinc.api import Dropout, Model, Softmax_v2, chain, with_array, zero_init
from thinc.types import Floats1d, Floats2d

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

    The refs `tok2vec` and `output_layer` lead to the sublayers; `attrs["resize_output"]` grows
    the output layer.
    """
    output_layer = Softmax_v2(nO, _width(tok2vec), init_W=zero_init, normalize_outputs=True)
    drop: Model[Floats2d, Floats2d] = Dropout() if dropout is None else pinned_dropout(dropout)
    head: Model[list[Floats2d], list[Floats2d]] = with_array(chain(drop, output_layer))
    model: Model[list[Doc], list[Floats2d]] = chain(tok2vec, head)
    model.set_ref("tok2vec", tok2vec)
    model.set_ref("output_layer", output_layer)
    model.attrs["resize_output"] = resize_output
    return model


@registry.architectures("spacy_seqtag.WithWordFeatures.v1")
def build_with_word_features(
    encoder: Model[list[Doc], list[Floats2d]],
    features: Model[list[Doc], list[Floats2d]],
) -> Model[list[Doc], list[Floats2d]]:
    """Put vectors of the words' own features (shape, affixes) beside the encoder's vectors.

    An uncased encoder cannot see capital letters, which tell names from words; a small embedding
    of the word's shape gives them back to the tagger.

    encoder (Model[List[Doc], List[Floats2d]]): Usually a transformer listener.
    features (Model[List[Doc], List[Floats2d]]): Usually `spacy.Tok2Vec.v2` over
        `spacy.MultiHashEmbed.v2` with attributes such as SHAPE.
    RETURNS: Token vectors as wide as both together.
    """
    return Model(
        "with_word_features",
        _features_forward,
        init=_features_init,
        layers=[encoder, features],
        dims={"nO": None},
        refs={"encoder": encoder, "features": features},
    )


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

    def forward(model: Model, X: Floats2d, is_train: bool) -> tuple[Floats2d, Callable]:
        if not is_train or rate == 0.0:
            return X, lambda dY: dY
        mask = model.ops.get_dropout_mask(X.shape, rate)
        return X * mask, lambda dY: dY * mask

    return Model("token_dropout", forward, attrs={"rate": rate})


def _width(tok2vec: Model) -> int | None:
    return tok2vec.get_dim("nO") if tok2vec.has_dim("nO") else None


def _features_init(model: Model, X: list[Doc] | None = None, Y: Any = None) -> None:
    for layer in model.layers:
        layer.initialize(X=X)
    model.set_dim("nO", sum(layer.get_dim("nO") for layer in model.layers), force=True)


def _features_forward(
    model: Model, docs: list[Doc], is_train: bool
) -> tuple[list[Floats2d], Callable]:
    encoder, features = model.layers
    encoded, backprop_encoded = encoder(docs, is_train)
    embedded, backprop_embedded = features(docs, is_train)
    width = max((vectors.shape[1] for vectors in encoded), default=0)
    # The listener's array for an empty Doc has no width of its own.
    encoded = [v if len(v) else model.ops.alloc2f(0, width) for v in encoded]
    outputs = [model.ops.xp.hstack(pair) for pair in zip(encoded, embedded)]

    def backprop(d_outputs: list[Floats2d]) -> list[Doc]:
        backprop_embedded([model.ops.as_contig(d[:, width:]) for d in d_outputs])
        backprop_encoded([model.ops.as_contig(d[:, :width]) for d in d_outputs])
        return docs

    return outputs, backprop
