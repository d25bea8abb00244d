"""The encoder's network: from wordpieces laid end to end to a vector each.

windows → micro-batches of like length → layers of the transformer → vectors, in order again
"""

import mmap
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional as F
from transformers import BertModel, RobertaModel, XLMRobertaModel

from ..ranges import concat_ranges
from .wordpieces import N_CASES

Ints = NDArray[np.int64]

# Windows are padded to a multiple of this. Attention is up to twice as fast on a CPU then, and on
# a GPU matrix products are.
_STEP = 16

# Windows of unlike lengths share a micro-batch only up to so many wordpieces, unless the network
# takes them as they are.
_MIN_WORDPIECES = 512

# Such a micro-batch is padded to one of few sizes, or a process that reads a long stream grows:
# oneDNN keeps some 3 MB for each that it meets, and arrays of many sizes leave holes in the heap.
_SIZES = sorted([*(2**i for i in range(4, 13)), *(3 * 2**i for i in range(4, 11))])

# From here on what is left goes through in two parts rather than padded by more than an eighth.
_MIN_DIVIDED = 512

# Bytes from which an array of vectors has memory of its own.
_MAPPED = 4 * 2**20


@dataclass
class Group:
    """Windows of one padded length in a micro-batch.

    begin: their first row in it. masked: whether any has padding.
    """

    begin: int
    windows: int
    length: int
    masked: bool

    @property
    def end(self) -> int:
        return self.begin + self.windows * self.length


@dataclass
class MicroBatch:
    """Windows that go through the network together, each padded, laid end to end.

    rows (n,): the wordpiece of each row; some other for padding. positions (n,): in the window.
    real (n,): which rows are not padding. kept: the numbers of those.
    """

    rows: torch.Tensor
    positions: torch.Tensor
    real: torch.Tensor
    kept: torch.Tensor
    groups: list[Group]


def micro_batches(
    starts: Ints, lengths: Ints, max_rows: int, max_length: int, mixed: bool
) -> tuple[list[MicroBatch], Ints]:
    """Divide windows into micro-batches, the longest first.

    starts, lengths (windows,): their wordpieces, as positions in the batch.
    max_rows: most rows of a micro-batch, padding of windows included, if it has more than one.
    max_length: most rows of a window. mixed: whether a micro-batch may have several groups.
    RETURNS: The micro-batches, and the positions of the wordpieces that they keep, in their order.
    """
    order = np.argsort(-lengths, kind="stable")
    starts, lengths = starts[order], lengths[order]
    steps = np.maximum(-(-lengths // _STEP), 1)
    padded = np.maximum(lengths, np.minimum(steps * _STEP, max_length))
    ends = np.cumsum(padded)
    result = []
    begin = 0
    while begin < len(order):
        longest = int(padded[begin])
        if mixed:
            before = int(ends[begin - 1]) if begin else 0
            most = _most_rows(int(ends[-1]) - before, max_rows)
            end = int(np.searchsorted(ends, before + most, side="right"))
        else:
            alike = int(np.count_nonzero(padded[begin:] == longest))
            end = begin + min(max(alike, _MIN_WORDPIECES // longest), max_rows // longest)
            padded[begin:end] = longest
        end = max(end, begin + 1)
        n_rows = int(padded[begin:end].sum())
        if mixed and n_rows <= max_rows:
            n_rows = min(padded_size(n_rows), max_rows)
        part = slice(begin, end)
        result.append(_micro_batch(starts[part], lengths[part], padded[part], n_rows))
        begin = end
    return result, concat_ranges(starts, lengths)


def padded_size(n: int) -> int:
    """The smallest of few sizes that n rows fit in."""
    return _SIZES[bisect_left(_SIZES, n)] if n <= _SIZES[-1] else -(-n // _SIZES[-1]) * _SIZES[-1]


def _most_rows(left: int, max_rows: int) -> int:
    """How many rows to take of those that are left, so that there is little padding."""
    if left >= max_rows or left <= _MIN_DIVIDED:
        return max_rows
    if left > padded_size(left) * 7 / 8:
        return left
    return _SIZES[bisect_right(_SIZES, left) - 1]


def _micro_batch(starts: Ints, lengths: Ints, padded: Ints, n_rows: int) -> MicroBatch:
    begins = np.append(0, np.cumsum(padded))
    kept = concat_ranges(begins[:-1], lengths)
    rows, positions = np.zeros((2, n_rows), dtype=np.int64)
    rows[kept] = concat_ranges(starts, lengths)
    positions[: begins[-1]] = concat_ranges(np.zeros_like(padded), padded)
    real = np.zeros(n_rows, dtype=bool)
    real[kept] = True
    changes = np.flatnonzero(np.diff(padded)) + 1
    groups = [
        Group(int(begins[i]), j - i, int(padded[i]), bool(np.any(lengths[i:j] < padded[i])))
        for i, j in pairwise([0, *changes.tolist(), len(padded)])
    ]
    return MicroBatch(
        torch.from_numpy(rows),
        torch.from_numpy(positions),
        torch.from_numpy(real),
        torch.from_numpy(kept),
        groups,
    )


class EncoderNetwork(nn.Module):
    """A transformer over rows of wordpieces, with a learned vector for each word's case.

    transformer: a model of transformers. word_case: whether to have those vectors.
    """

    mixed = False

    def __init__(self, transformer: Any, word_case: bool) -> None:
        super().__init__()
        self.transformer = transformer
        self.case_embedding: nn.Embedding | None = None
        if word_case:
            width = transformer.get_input_embeddings().embedding_dim
            self.case_embedding = nn.Embedding(N_CASES, width)
            nn.init.zeros_(self.case_embedding.weight)

    def forward(
        self,
        ids: torch.Tensor,
        cases: torch.Tensor | None,
        batches: list[MicroBatch],
        order: torch.Tensor,
    ) -> torch.Tensor:
        """ids, cases (rows,); order (rows,): the row of each vector that the batches make.

        Returns float32 (rows, width).
        """
        return encode_batches(self._encode, ids, cases, batches, order)

    def _encode(
        self, ids: torch.Tensor, cases: torch.Tensor | None, batch: MicroBatch
    ) -> torch.Tensor:
        (group,) = batch.groups
        shape = (group.windows, group.length)
        real = to_device(batch.real, ids.device).view(shape) if group.masked else None
        plain = is_plain(self.transformer)
        inputs = {"input_ids": ids.view(shape)}
        if plain or self.case_embedding is not None:
            embedded = self._embed(ids.view(shape))
            if cases is not None and self.case_embedding is not None:
                embedded = embedded + self.case_embedding(cases.view(shape))
            inputs = {"inputs_embeds": embedded}
        if plain:
            # Without the pooler, whose output nobody takes, and without asking a GPU, which
            # would have to finish first, whether anything is masked.
            hidden = self.transformer.embeddings(**inputs)
            mask = None if real is None else real[:, None, None, :]
            hidden = self.transformer.encoder(hidden, attention_mask=mask).last_hidden_state
        else:
            if real is None:
                real = torch.ones(shape, dtype=torch.bool, device=ids.device)
            hidden = self.transformer(**inputs, attention_mask=real.long()).last_hidden_state
        return hidden.reshape(-1, hidden.shape[-1])

    def _embed(self, ids: torch.Tensor) -> torch.Tensor:
        embeddings = self.transformer.get_input_embeddings()
        if type(embeddings) is nn.Embedding and ids.device.type == "cpu":
            return EmbedInPlace.apply(embeddings.weight, ids, embeddings.padding_idx)
        return embeddings(ids)


class EmbedInPlace(torch.autograd.Function):
    """Look up embeddings; the gradient is added to that of the table in place, where PyTorch
    makes an array in the size of the table at every look-up. Half of a small encoder is its
    table, which in training took a third of the time that way."""

    @staticmethod
    def forward(
        ctx: Any, table: torch.Tensor, ids: torch.Tensor, padding: int | None
    ) -> torch.Tensor:
        ctx.table, ctx.padding = table, padding
        ctx.save_for_backward(ids)
        return F.embedding(ids, table)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[None, None, None]:
        (ids,) = ctx.saved_tensors
        table = ctx.table
        if table.grad is None:
            table.grad = torch.zeros_like(table)
        if ctx.padding is not None:  # whose vector PyTorch leaves as it is, too
            gradient = gradient.masked_fill((ids == ctx.padding)[..., None], 0.0)
        table.grad.index_add_(0, ids.flatten(), gradient.flatten(0, -2).to(table.dtype))
        return None, None, None


def encode_batches(
    encode: Callable[[torch.Tensor, torch.Tensor | None, MicroBatch], torch.Tensor],
    ids: torch.Tensor,
    cases: torch.Tensor | None,
    batches: list[MicroBatch],
    order: torch.Tensor,
) -> torch.Tensor:
    """See `EncoderNetwork.forward`. encode: from ids and cases of a micro-batch's rows to
    (n, width)."""
    device = ids.device
    made = []
    result = None
    done = 0
    for batch in batches:
        rows = to_device(batch.rows, device)
        hidden = encode(ids[rows], None if cases is None else cases[rows], batch)
        if len(batch.kept) < len(hidden):
            hidden = hidden[to_device(batch.kept, device)]
        if torch.is_grad_enabled():
            made.append(hidden.float())
            continue
        if result is None:
            result = vectors(len(ids), hidden.shape[-1], device)
        result[order[done : done + len(hidden)]] = hidden.float()
        done += len(hidden)
    if result is not None:
        return result
    return torch.cat(made)[torch.argsort(order)]


def vectors(n: int, width: int, device: torch.device) -> torch.Tensor:
    """An array for vectors that Docs will hold, float32 (n, width).

    On a CPU the memory of a large one is mapped for it alone, and goes back with the last Doc.
    Among the small objects of the heap, arrays of this size that come and go leave holes, and a
    process that reads a long stream grows.
    """
    n_bytes = 4 * n * width
    if device.type != "cpu" or n_bytes < _MAPPED:  # a process may have some 65,000 maps
        return torch.empty((n, width), dtype=torch.float32, device=device)
    memory = mmap.mmap(-1, n_bytes)
    if hasattr(mmap, "MADV_HUGEPAGE"):  # Linux
        with suppress(OSError):  # a kernel without them
            memory.madvise(mmap.MADV_HUGEPAGE)
    return torch.frombuffer(memory, dtype=torch.float32).view(n, width)


def to_device(tensor: torch.Tensor, device: torch.device) -> torch.Tensor:
    """A copy that a GPU does not wait for."""
    if device.type == "cuda":
        return tensor.pin_memory().to(device, non_blocking=True)
    return tensor.to(device)


def is_plain(transformer: Any) -> bool:
    """Whether this is an encoder as BERT is, with PyTorch's own attention, whose parts can be
    called in the place of it all."""
    config = transformer.config
    return (
        isinstance(transformer, BertModel | RobertaModel | XLMRobertaModel)
        and config._attn_implementation == "sdpa"
        and getattr(config, "position_embedding_type", "absolute") == "absolute"
        and not config.is_decoder
        and not _has_hooks(transformer)
    )


def can_fuse(transformer: Any) -> bool:
    """Whether `FusedNetwork` is the same function: a plain encoder, and nothing was put in the
    place of its layers (adapters) or hooked into them."""
    return (
        is_plain(transformer)
        and all(map(_is_untouched, transformer.encoder.layer))
        and not any(map(_has_hooks, transformer.modules()))
    )


def _has_hooks(module: nn.Module) -> bool:
    return bool(module._forward_hooks or module._forward_pre_hooks)


def _is_untouched(layer: Any) -> bool:
    attention = layer.attention.self
    products = (
        *(attention.query, attention.key, attention.value),
        *(layer.attention.output.dense, layer.intermediate.dense, layer.output.dense),
    )
    norms = layer.attention.output.LayerNorm, layer.output.LayerNorm
    return all(type(p) is nn.Linear for p in products) and all(
        type(norm) is nn.LayerNorm for norm in norms
    )


# For annotating


class FusedNetwork(nn.Module):
    """An `EncoderNetwork` of a plain encoder for annotating: the same function with fewer and
    larger steps.

    Queries, keys and values are one product; on a CPU weights are held in the order in which
    oneDNN reads them, and bias, GELU and residual are part of the product. Only attention sees
    windows; for everything else rows are rows, so windows of all lengths share a micro-batch.
    Embeddings stay those of the network, in float32.

    dtype: torch.float32, torch.bfloat16 or torch.float16.

    Training goes on in the network; this has copies of its weights.
    """

    mixed = True

    def __init__(self, network: EncoderNetwork, dtype: torch.dtype) -> None:
        super().__init__()
        config = network.transformer.config
        embeddings = network.transformer.embeddings
        self.dtype = dtype
        self.words, self.cases = embeddings.word_embeddings, network.case_embedding
        # All text is of the first type.
        first_type = embeddings.token_type_embeddings.weight[0]
        unused = 0 if isinstance(network.transformer, BertModel) else config.pad_token_id + 1
        self.places = (embeddings.position_embeddings.weight[unused:] + first_type).detach()
        self.norm = embeddings.LayerNorm
        self.layers = nn.ModuleList(
            [FusedLayer(layer, config, dtype) for layer in network.transformer.encoder.layer]
        )

    def forward(
        self,
        ids: torch.Tensor,
        cases: torch.Tensor | None,
        batches: list[MicroBatch],
        order: torch.Tensor,
    ) -> torch.Tensor:
        """See `EncoderNetwork.forward`."""
        return encode_batches(self._encode, ids, cases, batches, order)

    def _encode(
        self, ids: torch.Tensor, cases: torch.Tensor | None, batch: MicroBatch
    ) -> torch.Tensor:
        device = ids.device
        hidden = self.words(ids)
        if cases is not None and self.cases is not None:
            hidden += self.cases(cases)
        hidden += self.places[to_device(batch.positions, device)]
        hidden = self.norm(hidden).to(self.dtype)
        real = None
        if any(group.masked for group in batch.groups):
            real = to_device(batch.real, device)
        for layer in self.layers:
            hidden = layer(hidden, batch.groups, real)
        return hidden


class FusedLayer(nn.Module):
    """A layer of `FusedNetwork`. layer: of a plain encoder."""

    def __init__(self, layer: Any, config: Any, dtype: torch.dtype) -> None:
        super().__init__()
        attention = layer.attention.self
        self.heads: int = config.num_attention_heads
        self.in_ = FusedLinear([attention.query, attention.key, attention.value], dtype)
        self.out = FusedLinear([layer.attention.output.dense], dtype)
        self.up = FusedLinear([layer.intermediate.dense], dtype, config.hidden_act == "gelu")
        self.down = FusedLinear([layer.output.dense], dtype)
        self.activation = None if self.up.gelu else layer.intermediate.intermediate_act_fn
        self.norms = nn.ModuleList(
            [norm_in(part.LayerNorm, dtype) for part in (layer.attention.output, layer.output)]
        )

    def forward(
        self, hidden: torch.Tensor, groups: list[Group], real: torch.Tensor | None
    ) -> torch.Tensor:
        """hidden (n, width); real (n,)."""
        context = attend(self.in_(hidden), self.heads, groups, real)
        hidden = self.norms[0](self.out(context, hidden))
        up = self.up(hidden)
        if self.activation is not None:
            up = self.activation(up)
        return self.norms[1](self.down(up, hidden))


def attend(
    in_: torch.Tensor, heads: int, groups: list[Group], real: torch.Tensor | None
) -> torch.Tensor:
    """Attention within each window of a micro-batch.

    in_ (n, 3 * width): queries, keys, values. real (n,): see `MicroBatch`. → (n, width).
    """
    n, width = len(in_), in_.shape[1] // 3
    result = in_.new_empty((n, width))
    for group in groups:
        rows = slice(group.begin, group.end)
        shape = (group.windows, group.length, -1, heads, width // heads)
        query, key, value = in_[rows].view(shape).permute(2, 0, 3, 1, 4)
        mask = None
        if group.masked and real is not None:
            mask = real[rows].view(group.windows, 1, 1, group.length)
        context = F.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        result[rows].view(shape)[:, :, 0] = context.transpose(1, 2)
    result[groups[-1].end :] = 0
    return result


class FusedLinear(nn.Module):
    """One linear layer in the place of several that read the same, with what follows it.

    layers: whose outputs are to be side by side, each with `weight` and `bias`. gelu: apply the
    exact GELU.
    """

    def __init__(self, layers: list[Any], dtype: torch.dtype, gelu: bool = False) -> None:
        super().__init__()
        self.gelu = gelu
        weights = torch.cat([layer.weight.detach() for layer in layers]).to(dtype)
        self.bias = torch.cat([layer.bias.detach() for layer in layers]).to(dtype)
        self.packed = weights.device.type == "cpu" and can_pack(dtype)
        if self.packed:
            weights = torch.ops.mkldnn._reorder_linear_weight(weights, None)
        self.weights = weights

    def forward(self, rows: torch.Tensor, residual: torch.Tensor | None = None) -> torch.Tensor:
        """rows (n, in), residual (n, out): added → (n, out)."""
        if self.packed:
            ops: Any = torch.ops.mkldnn._linear_pointwise
            if residual is not None:
                return ops.binary(rows, residual, self.weights, self.bias, "add")
            return ops(rows, self.weights, self.bias, "gelu" if self.gelu else "none", [], "none")
        result = F.linear(rows, self.weights, self.bias)
        if self.gelu:
            result = F.gelu(result)
        return result if residual is None else result.add_(residual)


@cache
def can_pack(dtype: torch.dtype) -> bool:
    """Whether PyTorch has oneDNN's products over packed weights here, in float32 or bfloat16; not
    part of its public interface, its compiler uses them."""
    if dtype not in (torch.float32, torch.bfloat16):
        return False
    try:
        weights = torch.ops.mkldnn._reorder_linear_weight(torch.eye(16).to(dtype), None)
        rows, bias = torch.ones(1, 16).to(dtype), torch.zeros(16).to(dtype)
        ops: Any = torch.ops.mkldnn._linear_pointwise
        ops(rows, weights, bias, "gelu", [], "none")
        return bool((ops.binary(rows, rows, weights, bias, "add") == 2).all())
    except (AttributeError, RuntimeError, NotImplementedError):
        return False


def norm_in(layer: nn.LayerNorm, dtype: torch.dtype) -> nn.LayerNorm:
    """A copy of the layer in a precision."""
    result = nn.LayerNorm(layer.normalized_shape, layer.eps, device=layer.weight.device)
    result.load_state_dict(layer.state_dict())
    return result.to(dtype)
