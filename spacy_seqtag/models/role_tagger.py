"""Predicates, their rolesets and the roles of their arguments over the vectors of one encoder pass.

Every word is tagged as predicate or not. For each predicate the words around it are tagged with
roles: a pair of word and predicate is the sum of a projection of each and of their distance, read
in context by small transformer layers of its own (He et al. 2017 tag roles a predicate in the
same way; Shi & Lin 2019 pay an encoder pass a predicate for that context).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Any, NamedTuple, cast

import numpy as np
import safetensors.torch
import srsly
import torch
from numpy.typing import NDArray
from spacy.tokens import Doc
from spacy.util import registry
from thinc.api import (
    ArgsKwargs,
    Linear,
    Model,
    Softmax_v2,
    get_torch_default_device,
    torch2xp,
    with_array,
    xp2torch,
    zero_init,
)
from thinc.layers.pytorchwrapper import forward as pytorch_forward
from thinc.types import Floats2d
from torch import nn
from torch.utils.checkpoint import checkpoint

from ..errors import SHARE, OneOf, Whole, check_settings, settings_error
from .network import FusedLinear, Group, attend, micro_batches, norm_in, padded_size
from .precision import (
    PRECISIONS,
    AutocastShim,
    check_precision,
    convert_output,
    load_weights,
    weights_to_bytes,
)
from .softmax_tagger import pinned_dropout, resize_output

Ints = NDArray[np.int64]

# Distances beyond this many tokens share one embedding on each side.
MAX_POSITION = 32

# When annotating on a CPU, most pairs that go through the role layers at once.
_MAX_ROWS = 4096


@dataclass
class Pairs:
    """Pairs of word and predicate, laid end to end: the words of the first predicate, and so on.

    predicates (P,): position of each predicate's token in the batch of Docs laid end to end.
    starts, ends (P,): the stretch of words that may hold its arguments.
    rolesets (P, C): numbers of the rolesets it may have, and -1 where it has fewer than others.
    """

    predicates: Ints
    starts: Ints
    ends: Ints
    rolesets: Ints

    @property
    def lengths(self) -> Ints:
        return self.ends - self.starts

    def runs(self, max_pairs: int) -> Iterator["Pairs"]:
        """The predicates in runs of at most `max_pairs` pairs, but of one predicate at least."""
        ends = np.cumsum(self.lengths)
        begin = 0
        while begin < len(ends):
            most = ends[begin] - self.lengths[begin] + max_pairs
            end = max(begin + 1, int(np.searchsorted(ends, most, side="right")))
            run = slice(begin, end)
            yield Pairs(self.predicates[run], self.starts[run], self.ends[run], self.rolesets[run])
            begin = end


@dataclass
class RoleScores:
    """What the model says of a batch; as gradient, the same with respect to the logits.

    predicates (tokens, 2): probability that a word is no predicate, and that it is one.
    rolesets (P, C): probability of each roleset that a predicate may have.
    roles (pairs, tags): probability of each tag.
    pairs: what the rows of `rolesets` and `roles` stand for.
    """

    predicates: Floats2d
    rolesets: Floats2d
    roles: Floats2d
    pairs: Pairs


# Chooses the pairs, given the Docs and the probability of a predicate for each of their words.
ChoosePairs = Callable[[list[Doc], NDArray[np.float32]], Pairs]
RoleInput = tuple[list[Doc], ChoosePairs]


@registry.architectures("spacy_seqtag.RoleTagger.v1")
def build_role_tagger(
    tok2vec: Model[list[Doc], list[Floats2d]],
    width: int = 192,
    depth: int = 1,
    heads: int = 4,
    dropout: float = 0.1,
    max_pairs: int = 32768,
    precision: str = "auto",
    nO: int | None = None,
) -> Model[RoleInput, RoleScores]:
    """Build a tagger of predicates and roles over the vectors of the `tok2vec` sublayer.

    tok2vec (Model[List[Doc], List[Floats2d]]): Token vectors, usually a transformer listener.
    width (int): Width of a pair's vector; a multiple of `heads`.
    depth (int): Transformer layers over the words of each predicate.
    heads (int): Attention heads of each.
    dropout (float): Dropout rate on the token vectors and in those layers.
    max_pairs (int): Most pairs of word and predicate, padding included, that go through those
        layers at once, and through the decoding (the pairs of one predicate always do). In
        training, what the layers of a batch with more would hold for the gradient is computed
        again when it is needed.
    precision (str): As in `spacy_seqtag.TransformerModel.v1`.
    nO (Optional[int]): Number of role tags. Inferred from the labels if None.
    RETURNS: A model from Docs, and a function that chooses the predicates, to `RoleScores`.

    Raises ConfigValidationError (a ValueError) for a setting out of its range.

    The refs `tok2vec`, `predicate_layer`, `roleset_layer`, `role_context` and `output_layer` lead
    to the sublayers; `attrs["resize_output"]` grows the output layer.
    """
    where = "spacy_seqtag.RoleTagger.v1:"
    check_settings(
        where,
        width=(width, Whole(1)),
        depth=(depth, Whole(1)),
        heads=(heads, Whole(1)),
        dropout=(dropout, SHARE),
        max_pairs=(max_pairs, Whole(1)),
        precision=(precision, OneOf(PRECISIONS)),
    )
    if nO is not None:
        check_settings(where, nO=(nO, Whole(1)))
    if width % heads:
        raise settings_error(f"{where} width = {width}; set it to a multiple of heads = {heads}")
    predicate_layer = Softmax_v2(2, init_W=zero_init)
    roleset_layer: Model[Floats2d, Floats2d] = Linear(init_W=zero_init)
    role_context = _build_role_context(width, depth, heads, dropout, precision)
    output_layer = Softmax_v2(nO, width, init_W=zero_init)
    layers: dict[str, Model] = {
        "tok2vec": tok2vec,
        "dropout": with_array(pinned_dropout(dropout)),
        "predicate_layer": predicate_layer,
        "roleset_layer": roleset_layer,
        "role_context": role_context,
        "output_layer": output_layer,
    }
    return Model(
        "role_tagger",
        _forward,
        init=_init,
        layers=list(layers.values()),
        refs=dict(layers),
        attrs={"max_pairs": max_pairs, "resize_output": resize_output},
    )


def _init(model: Model, X: list[Doc] | None = None, Y: Any = None) -> None:
    """X: a sample of Docs."""
    tok2vec = model.get_ref("tok2vec")
    tok2vec.initialize(X=X)
    width = tok2vec.predict(X)[0].shape[1] if X else tok2vec.get_dim("nO")
    for name in ("predicate_layer", "roleset_layer"):
        model.get_ref(name).set_dim("nI", width, force=True)
        model.get_ref(name).initialize()
    cast(RoleContextShim, model.get_ref("role_context").shims[0]).build(width)
    model.get_ref("output_layer").initialize()


def _forward(
    model: Model, inputs: RoleInput, is_train: bool
) -> tuple[RoleScores, Callable[[RoleScores], list[Doc]]]:
    docs, choose_pairs = inputs
    ops = model.ops
    vectors, backprop_tok2vec = model.get_ref("tok2vec")(docs, is_train)
    # The listener's array for an empty Doc has no width of its own.
    width = max((v.shape[1] for v in vectors), default=0)
    X = ops.xp.vstack([v if len(v) else ops.alloc2f(0, width) for v in vectors])
    lengths = [len(v) for v in vectors]
    X, backprop_dropout = model.get_ref("dropout")(X, is_train)
    predicates, backprop_predicates = model.get_ref("predicate_layer")(X, is_train)
    pairs = choose_pairs(docs, ops.to_numpy(predicates)[:, 1])
    at = ops.xp.asarray(pairs.predicates, dtype="i")
    roleset_layer = model.get_ref("roleset_layer")
    rolesets, backprop_rolesets = _choose_rolesets(roleset_layer, X[at], pairs.rolesets)
    output_layer = model.get_ref("output_layer")
    roles = ops.alloc2f(int(pairs.lengths.sum()), output_layer.get_dim("nO"))
    backprops = []
    for batch in _batches(pairs, model.attrs["max_pairs"]):
        context, backprop_context = model.get_ref("role_context")((X, batch), is_train)
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


def _choose_rolesets(
    layer: Model, X: Floats2d, rolesets: Ints
) -> tuple[Floats2d, Callable[[Floats2d], Floats2d]]:
    """A softmax layer of which each predicate sees its own classes alone: a few of thousands.

    X (P, nI), rolesets (P, C) as in `Pairs` → (P, C), zeros where there is no roleset.
    """
    ops = layer.ops
    xp = ops.xp
    there = rolesets >= 0
    # Thinc adds up rows by numbers of this type in C, by others slowly.
    row, column = (xp.asarray(index, dtype="i") for index in np.nonzero(there))
    number = xp.asarray(rolesets[there], dtype="i")
    W, b = layer.get_param("W"), layer.get_param("b")
    probs: Any = ops.alloc2f(*rolesets.shape)
    if probs.size:
        logits = xp.full(rolesets.shape, -xp.inf, dtype="f")
        logits[row, column] = (X[row] * W[number]).sum(axis=1) + b[number]
        highest = xp.maximum(logits.max(axis=1, keepdims=True), -1e9)
        probs = xp.exp(logits - highest)
        probs /= xp.maximum(probs.sum(axis=1, keepdims=True), 1e-9)

    def backprop(d_logits: Any) -> Floats2d:
        d_real = d_logits[row, column]
        dX, dW, db = (xp.zeros_like(array) for array in (X, W, b))
        ops.scatter_add(dX, row, d_real[:, None] * W[number])
        ops.scatter_add(dW, number, d_real[:, None] * X[row])
        ops.scatter_add(db, number, d_real)
        layer.inc_grad("W", dW)
        layer.inc_grad("b", db)
        return dX

    return probs, backprop


def _probabilities(layer: Model, X: Floats2d) -> Floats2d:
    """What a softmax layer predicts, by PyTorch: on a CPU on all cores, unlike Thinc."""
    x, W, b = map(xp2torch, (X, layer.get_param("W"), layer.get_param("b")))
    return cast(Floats2d, torch2xp(torch.addmm(b, x, W.T).softmax(dim=1)))


# Roles in context


@dataclass
class _Batch:
    """Pairs that go through the role layers together, padded to the longest stretch.

    rows (real pairs,): where each stands among all pairs. read: positions of the words that are in
    these pairs, in their order; the layers see no others, so that many batches cost no more than
    their pairs. words (P, L): each word of the pairs as a position in `read`, -1 for padding.
    predicates (P,): the predicates, likewise. recompute: whether it is one of several, of which
    training holds no activations.
    """

    rows: Ints
    read: Ints
    words: Ints
    predicates: Ints
    recompute: bool


def _batches(pairs: Pairs, max_pairs: int) -> Iterator[_Batch]:
    """The pairs in batches of like length, so that there is little padding."""
    lengths = pairs.lengths
    offsets = np.cumsum(lengths) - lengths
    order = np.argsort(-lengths, kind="stable")
    begin = 0
    while begin < len(order):
        longest = int(lengths[order[begin]])
        end = begin + max(1, max_pairs // max(1, longest))
        chosen = order[begin:end]
        step = np.arange(longest)
        real = step < lengths[chosen, None]
        rows = (offsets[chosen, None] + step)[real]
        positions = pairs.starts[chosen, None] + step
        # The words of a stretch follow each other in `read`, too: their distances stay.
        read, numbers = np.unique(positions[real], return_inverse=True)
        words = np.full(positions.shape, -1)
        words[real] = numbers
        predicates = np.searchsorted(read, pairs.predicates[chosen])
        yield _Batch(rows, read, words, predicates, len(chosen) < len(order))
        begin = end


def _build_role_context(
    width: int, depth: int, heads: int, dropout: float, precision: str
) -> Model[tuple[Floats2d, _Batch], Floats2d]:
    shim = RoleContextShim(width, depth, heads, dropout, precision)
    return Model(
        "role_context",
        pytorch_forward,
        attrs={"convert_inputs": _convert_inputs, "convert_outputs": convert_output},
        shims=[shim],
        dims={"nI": None, "nO": width},
    )


class RoleContext(nn.Module):
    """Vectors of pairs of word and predicate in the context of the predicate's stretch of words.

    nI: width of the token vectors. The other arguments are those of `build_role_tagger`.
    """

    def __init__(self, nI: int, width: int, depth: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.word = nn.Linear(nI, width)
        self.predicate = nn.Linear(nI, width)
        self.position = nn.Embedding(2 * MAX_POSITION + 1, width)
        nn.init.normal_(self.position.weight, std=0.02)
        layer = nn.TransformerEncoderLayer(
            width, heads, 2 * width, dropout, "gelu", batch_first=True, norm_first=True
        )
        norm = nn.LayerNorm(width)
        self.layers = nn.TransformerEncoder(layer, depth, norm, enable_nested_tensor=False)

    def forward(
        self,
        X: torch.Tensor,
        read: torch.Tensor,
        words: torch.Tensor,
        predicates: torch.Tensor,
        recompute: bool = False,
    ) -> torch.Tensor:
        """X (tokens, nI), read (words,), words (P, L), predicates (P,) → (real pairs, width).

        read, words, predicates: see `_Batch`.
        recompute: in training hold no activations, but compute them anew, with the same dropout,
        for the gradient.
        """
        inputs = X, read, words, predicates
        if recompute and self.training:
            return cast(torch.Tensor, checkpoint(self._in_context, *inputs, use_reentrant=False))
        return self._in_context(*inputs)

    def _in_context(
        self,
        X: torch.Tensor,
        read: torch.Tensor,
        words: torch.Tensor,
        predicates: torch.Tensor,
    ) -> torch.Tensor:
        X = X[read].to(self.word.weight.dtype)
        real = words >= 0
        distance = (words - predicates[:, None]).clamp(-MAX_POSITION, MAX_POSITION)
        pair = self.word(X)[words.clamp(min=0)]
        pair = pair + self.predicate(X[predicates])[:, None]
        pair = pair + self.position(distance + MAX_POSITION)
        return self.layers(pair, src_key_padding_mask=~real)[real]


class FusedRoleContext(nn.Module):
    """A `RoleContext` for annotating on a CPU: the same function in the steps of
    `network.FusedNetwork`, with copies of the weights in a type of floats.
    """

    def __init__(self, context: RoleContext, dtype: torch.dtype) -> None:
        super().__init__()
        self.dtype = dtype
        self.word = FusedLinear([context.word], dtype)
        self.predicate = FusedLinear([context.predicate], dtype)
        self.position = context.position.weight.detach().to(dtype, copy=True)
        self.layers = nn.ModuleList(
            [FusedRoleLayer(layer, dtype) for layer in context.layers.layers]
        )
        self.norm = norm_in(cast(nn.LayerNorm, context.layers.norm), dtype)

    def forward(
        self,
        X: torch.Tensor,
        read: torch.Tensor,
        words: torch.Tensor,
        predicates: torch.Tensor,
        recompute: bool = False,
    ) -> torch.Tensor:
        """See `RoleContext.forward`."""
        X = X[read].to(self.dtype)
        by_word = self.word(_with_padding(X))
        by_predicate = self.predicate(_with_padding(X[predicates]))
        real = words >= 0
        lengths = real.sum(dim=1)
        predicate_of = torch.repeat_interleave(torch.arange(len(words)), lengths)
        words = words[real]
        distance = (words - predicates[predicate_of]).clamp(-MAX_POSITION, MAX_POSITION)
        place = distance + MAX_POSITION
        starts = (torch.cumsum(lengths, 0) - lengths).numpy()
        batches, order = micro_batches(
            starts, lengths.numpy(), _MAX_ROWS, max_length=_MAX_ROWS, mixed=True
        )
        result = X.new_empty((len(words), self.position.shape[1]))
        done = 0
        for batch in batches:
            hidden = by_word[words[batch.rows]]
            hidden += by_predicate[predicate_of[batch.rows]]
            hidden += self.position[place[batch.rows]]
            for layer in self.layers:
                hidden = layer(hidden, batch.groups, batch.real)
            hidden = self.norm(hidden)[batch.kept]
            result[torch.from_numpy(order[done : done + len(hidden)])] = hidden
            done += len(hidden)
        return result


class FusedRoleLayer(nn.Module):
    """A layer of `FusedRoleContext`. layer: a `TransformerEncoderLayer` that normalises first."""

    def __init__(self, layer: Any, dtype: torch.dtype) -> None:
        super().__init__()
        self.heads: int = layer.self_attn.num_heads
        in_ = _Weights(layer.self_attn.in_proj_weight, layer.self_attn.in_proj_bias)
        self.in_ = FusedLinear([in_], dtype)
        self.out = FusedLinear([layer.self_attn.out_proj], dtype)
        self.up = FusedLinear([layer.linear1], dtype, gelu=True)
        self.down = FusedLinear([layer.linear2], dtype)
        self.norms = nn.ModuleList([norm_in(n, dtype) for n in (layer.norm1, layer.norm2)])

    def forward(
        self, hidden: torch.Tensor, groups: list[Group], real: torch.Tensor
    ) -> torch.Tensor:
        context = attend(self.in_(self.norms[0](hidden)), self.heads, groups, real)
        hidden = self.out(context, hidden)
        return self.down(self.up(self.norms[1](hidden)), hidden)


class _Weights(NamedTuple):
    weight: torch.Tensor
    bias: torch.Tensor


def _with_padding(X: torch.Tensor) -> torch.Tensor:
    """With rows of zeros below: products of few sizes, for each of which oneDNN keeps code."""
    return nn.functional.pad(X, (0, 0, 0, padded_size(len(X)) - len(X)))


class _Head(nn.Module):
    """Gives the parameters the prefix `head.`, by which optimizers know an output layer."""

    def __init__(self, head: nn.Module) -> None:
        super().__init__()
        self.head = head

    def forward(self, *args: Any) -> torch.Tensor:
        return self.head(*args)


class RoleContextShim(AutocastShim):
    """Holds the module, which is built when the width of the token vectors is known."""

    def __init__(self, width: int, depth: int, heads: int, dropout: float, precision: str) -> None:
        self.settings = (width, depth, heads, dropout)
        self.precision = check_precision(precision)
        super().__init__(None, serialize_model=self._serialize, deserialize_model=self._deserialize)

    def build(self, nI: int) -> None:
        """Make the module anew for token vectors of width nI."""
        self._model = _Head(RoleContext(nI, *self.settings)).to(get_torch_default_device())

    def fuses(self, module: Any) -> bool:
        return self.device.type == "cpu"

    def make_predictor(self, module: Any, dtype: torch.dtype) -> nn.Module:
        if self.fuses(module):
            return FusedRoleContext(module.head, dtype)
        return super().make_predictor(module, dtype)

    def _serialize(self, module: Any) -> bytes:
        if module is None:
            return srsly.msgpack_dumps({})
        return srsly.msgpack_dumps({"weights": weights_to_bytes(module)})

    def _deserialize(self, module: Any, data: bytes, device: torch.device) -> Any:
        msg = srsly.msgpack_loads(data)
        if not msg:
            return None
        if "state" in msg:  # saved by PyTorch, as versions before did
            state = torch.load(BytesIO(msg["state"]), "cpu", weights_only=True)
        else:
            state = safetensors.torch.load(msg["weights"])
        made = _Head(RoleContext(state["head.word.weight"].shape[1], *self.settings))
        load_weights(made, state)
        return made.to(device)


def _convert_inputs(
    model: Model, inputs: tuple[Floats2d, _Batch], is_train: bool
) -> tuple[ArgsKwargs, Callable]:
    X, batch = inputs
    device = cast(RoleContextShim, model.shims[0]).device
    vectors = xp2torch(X, requires_grad=is_train, device=device)
    read, words, predicates = (
        torch.from_numpy(array).to(device) for array in (batch.read, batch.words, batch.predicates)
    )

    def backprop(d_inputs: ArgsKwargs) -> Floats2d:
        return cast(Floats2d, torch2xp(d_inputs.args[0]))

    args = (vectors, read, words, predicates, batch.recompute)
    return ArgsKwargs(args=args, kwargs={}), backprop
