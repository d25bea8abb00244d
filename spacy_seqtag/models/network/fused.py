"""Layers for annotating: the same function as those that learn, in fewer and larger steps.

- Queries, keys and values are one product.
- On a CPU weights are held in the order in which oneDNN reads them, and bias, GELU and residual are
  part of the product (`onednn`), unless another kernel is asked for.
- Only attention sees windows. For everything else rows are rows, so windows of all lengths share a
  micro-batch, and padding is little.
- Embeddings stay those of the network, in float32.

Training goes on in the network; the layers here have copies of its weights.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Literal, Protocol, TypeAlias

import torch
from torch import nn
from torch.nn import functional as F

from . import onednn
from .bert_parts import LayerParts, can_fuse, embeddings_of, layers_of
from .encoder import EncoderNetwork, RowNetwork
from .memory import to_device
from .micro_batches import FLOAT32_STEP, Group, MicroBatch

Kernel: TypeAlias = Literal["fused", "separate", "pytorch"]
"""How a CPU computes a product: by oneDNN over packed weights, with GELU or residual inside or as a
step of its own; or as PyTorch does by itself, which takes MKL where there is MKL."""

FUSED: Kernel = "fused"
KERNELS: tuple[Kernel, ...] = (FUSED, "separate", "pytorch")

Kernels: TypeAlias = Mapping[str, Kernel]
"""The kernels of the products of each layer, by their names in `LayerParts.products`."""


class LinearWeights(Protocol):
    """What `FusedLinear` takes of a linear layer."""

    @property
    def weight(self) -> torch.Tensor:
        """The weights: (out, in)."""

    @property
    def bias(self) -> torch.Tensor:
        """What is added to the product: (out,)."""


MakeProduct: TypeAlias = Callable[[str, Sequence[LinearWeights], bool], nn.Module]
"""Makes a matrix product of a layer, which is called as a `FusedLinear` is.

It gets a name that no other product of the network has, the linear layers whose outputs are to be
side by side, and whether the exact GELU follows.
"""


class FusedNetwork(RowNetwork):
    """An `EncoderNetwork` for annotating; see the head of this file.

    network (EncoderNetwork): One whose transformer `bert_parts.can_fuse` allows.
    dtype (torch.dtype): float32, bfloat16 or float16.
    make_product (MakeProduct | None): None for `FusedLinear`.
    kernels (Kernels): Those of such products; a product that is not named is fused.
    """

    mixed = True

    def __init__(
        self,
        network: EncoderNetwork,
        dtype: torch.dtype,
        make_product: MakeProduct | None = None,
        kernels: Kernels = MappingProxyType({}),
    ) -> None:
        super().__init__()
        transformer = network.transformer
        assert can_fuse(transformer)
        config = transformer.config
        embeddings = embeddings_of(transformer)
        self.dtype = dtype
        if dtype == torch.float32 and embeddings.words.weight.device.type == "cpu":
            self.share_of_rows = 0.5  # so that their arrays are as large as those of bfloat16
            self.step = FLOAT32_STEP
        self.words, self.cases = embeddings.words, network.case_embedding
        self.places = (embeddings.positions + embeddings.first_type).detach()
        self.norm = embeddings.norm
        gelu = config.hidden_act == "gelu"

        def make_fused(name: str, layers: Sequence[LinearWeights], gelu: bool) -> nn.Module:
            kernel = kernels.get(name.rpartition(".")[2], FUSED)
            return FusedLinear(layers, dtype, gelu, kernel)

        make = make_product or make_fused
        self.layers = nn.ModuleList(
            FusedLayer(layer, config.num_attention_heads, gelu, dtype, make, f"{number}.")
            for number, layer in enumerate(layers_of(transformer))
        )

    def encode(
        self, ids: torch.Tensor, cases: torch.Tensor | None, batch: MicroBatch
    ) -> torch.Tensor:
        """See `RowNetwork.encode`."""
        device = ids.device
        hidden: torch.Tensor = self.words(ids)
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
    """A layer of `FusedNetwork`, which normalizes last.

    layer (LayerParts): The layer that it computes.
    heads (int): Attention heads.
    gelu (bool): Whether the activation is the exact GELU, which can be part of a product.
    dtype (torch.dtype): The precision.
    make_product (MakeProduct): Makes its products.
    prefix (str): Of the names of products.
    """

    def __init__(
        self,
        layer: LayerParts,
        heads: int,
        gelu: bool,
        dtype: torch.dtype,
        make_product: MakeProduct,
        prefix: str,
    ) -> None:
        super().__init__()
        self.heads = heads
        self.in_, self.out, self.up, self.down = (
            make_product(f"{prefix}{name}", linears, gelu and name == "up")
            for name, linears in layer.products().items()
        )
        self.activation: Callable[[torch.Tensor], torch.Tensor] | None = None
        if not gelu:
            self.activation = layer.activation
        self.attention_norm = norm_in(layer.attention_norm, dtype)
        self.norm = norm_in(layer.norm, dtype)

    def forward(
        self, hidden: torch.Tensor, groups: list[Group], real: torch.Tensor | None
    ) -> torch.Tensor:
        """Compute the layer: hidden (n, width), real (n,) → (n, width)."""
        context = attend(self.in_(hidden), self.heads, groups, real)
        hidden = self.attention_norm(self.out(context, hidden))
        up = self.up(hidden)
        if self.activation is not None:
            up = self.activation(up)
        result: torch.Tensor = self.norm(self.down(up, hidden))
        return result


def attend(
    in_: torch.Tensor, heads: int, groups: list[Group], real: torch.Tensor | None
) -> torch.Tensor:
    """Compute attention within each window of a micro-batch.

    in_ (n, 3 * width): Queries, keys and values, side by side.
    heads (int): Attention heads.
    groups (list[Group]): The windows of the micro-batch.
    real (n,), bool: Which rows are not padding; None if all windows are full.
    RETURNS (torch.Tensor): (n, width); zeros in the rows after the last window.
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

    layers (Sequence[LinearWeights]): The layers whose outputs are to be side by side.
    dtype (torch.dtype): The precision.
    gelu (bool): Whether to apply the exact GELU.
    kernel (Kernel): How. It is "pytorch" wherever there are no others: on a GPU, say.
    """

    def __init__(
        self,
        layers: Sequence[LinearWeights],
        dtype: torch.dtype,
        gelu: bool = False,
        kernel: Kernel = FUSED,
    ) -> None:
        super().__init__()
        self.gelu = gelu
        weights = torch.cat([layer.weight.detach() for layer in layers]).to(dtype)
        self.bias = torch.cat([layer.bias.detach() for layer in layers]).to(dtype)
        packs = weights.device.type == "cpu" and onednn.can_pack(dtype)
        self.kernel: Kernel = kernel if packs else "pytorch"
        self.weights = onednn.pack(weights) if self.packed else weights

    @property
    def packed(self) -> bool:
        """Whether oneDNN multiplies, over packed weights."""
        return self.kernel != "pytorch"

    def forward(self, rows: torch.Tensor, residual: torch.Tensor | None = None) -> torch.Tensor:
        """Multiply, and add a residual: rows (n, in), residual (n, out) → (n, out)."""
        inside = self.kernel == FUSED
        if inside and residual is not None:
            return onednn.linear_add(rows, residual, self.weights, self.bias)
        if self.packed:
            result = onednn.linear(rows, self.weights, self.bias, inside and self.gelu)
        else:
            result = F.linear(rows, self.weights, self.bias)
        if self.gelu and not inside:
            torch.ops.aten.gelu_(result)
        return result if residual is None else result.add_(residual)


def norm_in(layer: nn.LayerNorm, dtype: torch.dtype) -> nn.LayerNorm:
    """Copy a layer that normalizes into a precision."""
    result = nn.LayerNorm(layer.normalized_shape, layer.eps, device=layer.weight.device)
    result.load_state_dict(layer.state_dict())
    return result.to(dtype)
