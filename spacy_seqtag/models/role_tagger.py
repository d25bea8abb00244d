"""The architecture of semantic roles: `spacy_seqtag.RoleTagger.v1`.

It finds predicates, their rolesets and the roles of their arguments in the vectors of one encoder
pass:

- Every word is tagged as predicate or not.
- For each predicate one of the rolesets that its word may have is chosen.
- For each predicate the words around it are tagged with roles. A pair of word and predicate is the
  sum of a projection of each and of their distance, read in context by small transformer layers of
  its own (`network/role_context`).

He et al. (2017) tag the roles of one predicate at a time, too. Shi & Lin (2019) do so with an
encoder pass for each predicate; here all predicates share one pass, and the layers above it read
the context.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from spacy.tokens import Doc
from spacy.util import registry
from thinc.api import Linear, Model, with_array, xp2torch, zero_init
from thinc.types import Floats2d

from ..errors import SHARE, OneOf, Whole, check_settings, settings_error
from .candidate_softmax import candidate_softmax
from .network.precision import PRECISIONS
from .output_layer import resize_output, softmax_layer
from .pinned_dropout import pinned_dropout
from .role_pairs import RoleInput, RoleScores, pair_batches
from .role_shim import RoleContextShim, role_context_layer
from .shim import to_floats2d

RoleTaggerModel = Model[RoleInput, RoleScores]


@registry.architectures("spacy_seqtag.RoleTagger.v1")  # type: ignore[untyped-decorator]
def build_role_tagger(
    tok2vec: Model[list[Doc], list[Floats2d]],
    width: int = 192,
    depth: int = 1,
    heads: int = 4,
    dropout: float = 0.1,
    max_pairs: int = 32768,
    precision: str = "auto",
    nO: int | None = None,
) -> RoleTaggerModel:
    """Build a tagger of predicates and roles over the vectors of words.

    The refs `tok2vec`, `predicate_layer`, `roleset_layer`, `role_context` and `output_layer` lead
    to the sublayers; `attrs["resize_output"]` grows the output layer.

    tok2vec (Model[list[Doc], list[Floats2d]]): Token vectors, usually a transformer listener.
    width (int): Width of a pair's vector; a multiple of `heads`.
    depth (int): Transformer layers over the words of each predicate.
    heads (int): Attention heads of each.
    dropout (float): Dropout rate on the token vectors and in those layers.
    max_pairs (int): Most pairs of word and predicate, padding included, that go through those
        layers at once, and through the decoding (the pairs of one predicate always do). In
        training, what the layers of a batch with more would hold for the gradient is computed
        again when it is needed.
    precision (str): As in `spacy_seqtag.TransformerModel.v1`.
    nO (int | None): Number of role tags. Inferred from the labels if None.
    RETURNS (Model[RoleInput, RoleScores]): From Docs, and a function that chooses the pairs of word
        and predicate, to probabilities.
    RAISES: ConfigValidationError (a ValueError): for a setting out of its range.
    """
    where = "spacy_seqtag.RoleTagger.v1:"
    numbers = {"width": width, "depth": depth, "heads": heads}
    check_settings(
        where,
        **{name: (number, Whole(1)) for name, number in numbers.items()},
        dropout=(dropout, SHARE),
        max_pairs=(max_pairs, Whole(1)),
        precision=(precision, OneOf(PRECISIONS)),
    )
    if nO is not None:
        check_settings(where, nO=(nO, Whole(1)))
    if width % heads:
        raise settings_error(f"{where} width = {width}; set it to a multiple of heads = {heads}")
    layers: dict[str, Model[Any, Any]] = {
        "tok2vec": tok2vec,
        "dropout": with_array(pinned_dropout(dropout)),
        "predicate_layer": softmax_layer(2),
        "roleset_layer": Linear(init_W=zero_init),
        "role_context": role_context_layer(width, depth, heads, dropout, precision),
        "output_layer": softmax_layer(nO, width),
    }
    return Model(
        "role_tagger",
        _forward,
        init=_init,
        layers=list(layers.values()),
        refs=dict(layers),
        attrs={"max_pairs": max_pairs, "resize_output": resize_output},
    )


def _init(model: RoleTaggerModel, X: list[Doc] | None = None, Y: object = None) -> None:
    """Infer the width of the token vectors, from a sample of Docs if there is one."""
    tok2vec: Model[list[Doc], list[Floats2d]] = model.get_ref("tok2vec")
    tok2vec.initialize(X=X)
    width = tok2vec.predict(X)[0].shape[1] if X else tok2vec.get_dim("nO")
    for name in ("predicate_layer", "roleset_layer"):
        model.get_ref(name).set_dim("nI", width, force=True)
        model.get_ref(name).initialize()
    (shim,) = model.get_ref("role_context").shims
    assert isinstance(shim, RoleContextShim)
    shim.build(width)
    model.get_ref("output_layer").initialize()


def _forward(
    model: RoleTaggerModel, inputs: RoleInput, is_train: bool
) -> tuple[RoleScores, Callable[[RoleScores], list[Doc]]]:
    docs, choose_pairs = inputs
    ops = model.ops
    tok2vec, dropout, predicate_layer, roleset_layer, role_context, output_layer = model.layers
    vectors, backprop_tok2vec = tok2vec(docs, is_train)
    # The listener's array for an empty Doc has no width.
    width = predicate_layer.get_dim("nI")
    X = ops.xp.vstack([v if len(v) else ops.alloc2f(0, width) for v in vectors])
    lengths = [len(v) for v in vectors]
    X, backprop_dropout = dropout(X, is_train)
    predicates, backprop_predicates = predicate_layer(X, is_train)
    on_cpu: NDArray[np.float32] = ops.to_numpy(predicates)  # type: ignore[no-untyped-call]
    pairs = choose_pairs(docs, on_cpu[:, 1])
    at = ops.xp.asarray(pairs.predicates, dtype="i")
    rolesets, backprop_rolesets = candidate_softmax(roleset_layer, X[at], pairs.rolesets)
    roles = ops.alloc2f(int(pairs.lengths.sum()), output_layer.get_dim("nO"))
    backprops = []
    for batch in pair_batches(pairs, model.attrs["max_pairs"]):
        context, backprop_context = role_context((X, batch), is_train)
        if is_train:
            tags, backprop_tags = output_layer(context, is_train)
            backprops.append((batch, backprop_context, backprop_tags))
        else:
            tags = _probabilities(output_layer, context)
        roles[ops.xp.asarray(batch.rows)] = tags

    def backprop(d_scores: RoleScores) -> list[Doc]:
        dX = backprop_predicates(d_scores.predicates)
        ops.scatter_add(dX, at, backprop_rolesets(d_scores.rolesets))
        for batch, backprop_context, backprop_tags in backprops:
            dX += backprop_context(backprop_tags(d_scores.roles[ops.xp.asarray(batch.rows)]))
        dX = backprop_dropout(dX)
        backprop_tok2vec(ops.unflatten(dX, ops.asarray1i(lengths)))
        return docs

    return RoleScores(predicates, rolesets, roles, pairs), backprop


def _probabilities(layer: Model[Floats2d, Floats2d], X: Floats2d) -> Floats2d:
    """Compute what a softmax layer predicts by PyTorch: on all cores of a CPU, unlike Thinc."""
    x, W, b = map(xp2torch, (X, layer.get_param("W"), layer.get_param("b")))
    return to_floats2d(torch.addmm(b, x, W.T).softmax(dim=1))
