"""Products of bytes in the place of products of floats, for annotating on a CPU.

Weights are rounded to bytes with a scale for each output, and what a product reads with one scale
for all of it. That scale is fixed, from the numbers that a few hundred sentences put through the
network (`observed`): so a text is annotated alike whatever else is in its batch, and nothing has to
be looked at before it is rounded. Everything between the products stays in floats.

In BERT a few of the numbers of each vector are ten times as large as the others, and the others
would be rounded to next to nothing. So before that each number is divided by a factor of its own,
which the weights are multiplied by: SmoothQuant, Xiao et al. 2023
(https://arxiv.org/abs/2211.10438). Not so after the activation, whose product writes bytes itself:
there it gained nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import safetensors.torch
import torch
from torch import nn

from . import onednn
from .bert_parts import is_plain, layers_of
from .encoder import EncoderNetwork
from .fused import FusedLinear, FusedNetwork, LinearWeights

_STRENGTH = 0.5
"""How much of the unlikeness of numbers the weights take over, from 0 to 1."""


@dataclass(frozen=True)
class Range:
    """Between which ends the numbers lie that a product reads.

    low, high (in,), float32: For each number of a vector.
    """

    low: torch.Tensor
    high: torch.Tensor

    def with_zero(self, factor: torch.Tensor | None = None) -> tuple[float, float]:
        """Return the ends of all numbers and of zero, each number divided by a factor if given."""
        low, high = self.low, self.high
        if factor is not None:
            low, high = low / factor, high / factor
        return min(float(low.min()), 0.0), max(float(high.max()), 0.0)


Ranges = Mapping[str, Range]
"""The ranges of all products of a network, by their names in `fused.MakeProduct`."""


def ranges_to_bytes(ranges: Ranges) -> bytes:
    """Save ranges, in the safetensors format."""
    return safetensors.torch.save(
        {
            f"{name}.{end}": tensor.contiguous().cpu()
            for name, found in ranges.items()
            for end, tensor in (("low", found.low), ("high", found.high))
        }
    )


def ranges_from_bytes(data: bytes) -> dict[str, Range]:
    """Read ranges.

    RAISES: ValueError: One has but one end, or ends that are not finite.
    """
    tensors = safetensors.torch.load(data)
    names = dict.fromkeys(name.rpartition(".")[0] for name in tensors)
    found = {name: (tensors.get(f"{name}.low"), tensors.get(f"{name}.high")) for name in names}
    ranges = {}
    for name, (low, high) in found.items():
        if low is None or high is None or not bool(torch.isfinite(high - low).all()):
            raise ValueError(f"the range {name!r} of a product is damaged")
        ranges[name] = Range(low, high)
    return ranges


def check_ranges(network: nn.Module, ranges: Ranges) -> None:
    """Check that ranges are those of a network.

    RAISES: ValueError: They are of another one.
    """
    if not ranges:
        return
    known: dict[str, int] = {}
    if isinstance(network, EncoderNetwork) and is_plain(network.transformer):
        known = {
            f"{number}.{name}": linears[0].in_features
            for number, layer in enumerate(layers_of(network.transformer))
            for name, linears in layer.products().items()
        }
    for name, found in ranges.items():
        if found.low.shape != (known.get(name),) or found.high.shape != found.low.shape:
            raise ValueError(f"the range {name!r} is of no product of this network")


def scale_of(low: float, high: float) -> onednn.Int8Scale:
    """Choose how numbers from one end to the other are written as bytes; zero stays zero."""
    scale = max(high - low, 1e-6) / 255
    return onednn.Int8Scale(scale, round(-low / scale))


class Observer(FusedLinear):
    """A product that notes the range of what it reads."""

    low: torch.Tensor | None = None
    high: torch.Tensor | None = None

    def forward(self, rows: torch.Tensor, residual: torch.Tensor | None = None) -> torch.Tensor:
        """See `FusedLinear.forward`."""
        low, high = torch.aminmax(rows, dim=0)
        self.low = low if self.low is None else torch.minimum(self.low, low)
        self.high = high if self.high is None else torch.maximum(self.high, high)
        return super().forward(rows, residual)


class ObservedNetwork(FusedNetwork):
    """A `FusedNetwork` in float32 that notes what its products read.

    network (EncoderNetwork): See `FusedNetwork`.
    """

    def __init__(self, network: EncoderNetwork) -> None:
        observers: dict[str, Observer] = {}

        def make(name: str, layers: Sequence[LinearWeights], gelu: bool) -> nn.Module:
            return observers.setdefault(name, Observer(layers, torch.float32, gelu))

        super().__init__(network, torch.float32, make)
        self._observers = observers

    @property
    def ranges(self) -> dict[str, Range]:
        """The ranges of all that was read so far; none before."""
        return {
            name: Range(observer.low, observer.high)
            for name, observer in self._observers.items()
            if observer.low is not None and observer.high is not None
        }


class QuantizedNetwork(FusedNetwork):
    """A `FusedNetwork` whose products are of bytes.

    network (EncoderNetwork): See `FusedNetwork`, on a CPU where `onednn.can_pack_int8`.
    dtype (torch.dtype): Of everything between the products: float32 or bfloat16.
    ranges (Ranges): From `ObservedNetwork`. A product that has none stays one of floats.
    """

    def __init__(self, network: EncoderNetwork, dtype: torch.dtype, ranges: Ranges) -> None:
        def make(name: str, layers: Sequence[LinearWeights], gelu: bool) -> nn.Module:
            return make_product(name, layers, gelu, dtype, ranges)

        super().__init__(network, dtype, make)


def make_product(
    name: str, layers: Sequence[LinearWeights], gelu: bool, dtype: torch.dtype, ranges: Ranges
) -> "QuantizedLinear | FusedLinear":
    """Make a product of a `QuantizedNetwork`.

    name (str), layers (Sequence[LinearWeights]), gelu (bool): See `fused.MakeProduct`.
    dtype (torch.dtype), ranges (Ranges): See `QuantizedNetwork`.
    """
    read = ranges.get(name)
    if read is None:
        return FusedLinear(layers, dtype, gelu)
    after = ranges.get(name.replace("up", "down")) if gelu else None
    written = None if after is None else scale_of(*after.with_zero())
    return QuantizedLinear(
        layers, dtype, read, gelu=gelu, written=written, smooth=_is_smoothed(name)
    )


class ComparedNetwork(FusedNetwork):
    """A `FusedNetwork` in float32 that notes how far its products would be off in bytes.

    network (EncoderNetwork), ranges (Ranges): See `QuantizedNetwork`.
    """

    def __init__(self, network: EncoderNetwork, ranges: Ranges) -> None:
        found: dict[str, _Compared] = {}

        def make(name: str, layers: Sequence[LinearWeights], gelu: bool) -> nn.Module:
            compared = _Compared(layers, ranges[name], gelu, _is_smoothed(name))
            return found.setdefault(name, compared)

        super().__init__(network, torch.float32, make)
        self._found = found

    def errors(self) -> dict[str, float]:
        """Return how far each product was off so far: its squared error, of its squared result."""
        return {name: each.error / max(each.total, 1e-12) for name, each in self._found.items()}


class _Compared(FusedLinear):
    """A product that computes itself in bytes as well, and notes how far that is off."""

    def __init__(
        self, layers: Sequence[LinearWeights], read: Range, gelu: bool, smooth: bool
    ) -> None:
        super().__init__(layers, torch.float32, gelu)
        self.rounded = QuantizedLinear(
            layers, torch.float32, read, gelu=gelu, written=None, smooth=smooth
        )
        self.error = self.total = 0.0

    def forward(self, rows: torch.Tensor, residual: torch.Tensor | None = None) -> torch.Tensor:
        """See `FusedLinear.forward`."""
        result = super().forward(rows)
        self.error += float((result - self.rounded(rows)).square().sum())
        self.total += float(result.square().sum())
        return result if residual is None else result + residual


class QuantizedLinear(nn.Module):
    """A `FusedLinear` that multiplies bytes.

    layers (Sequence[LinearWeights]): The layers whose outputs are to be side by side.
    dtype (torch.dtype): Of the result.
    read (Range): Of what it reads.
    gelu (bool): Whether to apply the exact GELU.
    written (onednn.Int8Scale | None): Write the result as bytes, for the product that reads it.
    smooth (bool): Whether to divide what is read, number by number; not where that is bytes.
    """

    def __init__(
        self,
        layers: Sequence[LinearWeights],
        dtype: torch.dtype,
        read: Range,
        *,
        gelu: bool,
        written: onednn.Int8Scale | None,
        smooth: bool,
    ) -> None:
        super().__init__()
        self.dtype, self.gelu, self.written = dtype, gelu, written
        weights = torch.cat([layer.weight.detach().float() for layer in layers])
        self.bias = torch.cat([layer.bias.detach().float() for layer in layers])
        divisor = _factors(read, weights) if smooth else None
        if divisor is not None:
            weights = weights * divisor
        self.scale = scale_of(*read.with_zero(divisor))
        self.to_int8 = onednn.ToInt8(self.scale, divisor)
        self.weights = onednn.pack_int8(weights)

    def forward(self, rows: torch.Tensor, residual: torch.Tensor | None = None) -> torch.Tensor:
        """Multiply, and add a residual: rows (n, in), residual (n, out) → (n, out)."""
        if rows.dtype != torch.uint8:
            rows = self.to_int8(rows)
        if residual is not None:
            return onednn.linear_add_int8(rows, residual, self.scale, self.weights, self.bias)
        return onednn.linear_int8(
            rows,
            self.scale,
            self.weights,
            self.bias,
            self.dtype,
            gelu=self.gelu,
            written=self.written,
        )


def _is_smoothed(name: str) -> bool:
    """Whether what a product reads is divided: not after the activation, which writes bytes."""
    return not name.endswith("down")


def _factors(read: Range, weights: torch.Tensor) -> torch.Tensor:
    """Choose what the numbers that a product reads are divided by: (in,), 1 on average."""
    largest = torch.maximum(read.low.abs(), read.high.abs()).clamp_min(1e-5)
    factors = largest**_STRENGTH / weights.abs().amax(0).clamp_min(1e-5) ** (1 - _STRENGTH)
    return factors / factors.mean()
