"""How long the products of an encoder take on this device, in each way to compute them.

Each is timed with all that a layer does with it: bias, and GELU or residual. So a product that has
these inside stands beside one that leaves them to another step.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias, TypeVar

import torch
from spacy.util import logger
from torch import nn

from . import onednn
from .bert_parts import can_fuse, layers_of
from .encoder import EncoderNetwork
from .fused import FUSED, KERNELS, FusedLinear, FusedNetwork, Kernel
from .precision import INT8, has_bfloat16, resolve_precision
from .quantized import QuantizedLinear, Range, make_product

_ROUNDS = 5

K = TypeVar("K")

Product: TypeAlias = Callable[[torch.Tensor, torch.Tensor | None], torch.Tensor]
"""Takes rows and a residual, if there is one, as `FusedLinear` does."""


@dataclass(frozen=True)
class Way:
    """A way to compute a product.

    precision (str): Of the numbers that are multiplied, such as "float32" or "int8".
    library (str): "oneDNN" over packed weights; "MKL" or "PyTorch" for what PyTorch itself calls.
    fused (bool): Whether what follows is a part of the product.
    """

    precision: str
    library: str
    fused: bool


@dataclass(frozen=True)
class Timing:
    """How long a product takes in one way.

    product (str): "in" for queries, keys and values; "out", which ends attention; "up" and "down".
    rows, inputs, outputs (int): It multiplies (rows, inputs) by (inputs, outputs).
    follows (str): "GELU", "residual", or "" where only the bias is added.
    way (Way): How it is computed.
    milliseconds (float): The fastest of several.
    gflops (float): Billions of multiplications and additions a second.
    taken (bool): Whether the pipeline computes it like this.
    """

    product: str
    rows: int
    inputs: int
    outputs: int
    follows: str
    way: Way
    milliseconds: float
    gflops: float
    taken: bool


def time_products(network: EncoderNetwork, annotating: nn.Module, rows: int) -> list[Timing]:
    """Time the products of an encoder's first layer; the others have the same shapes.

    network (EncoderNetwork): The network that learns.
    annotating (nn.Module): The network that annotates, which may be the same one.
    rows (int): How many rows go through at once.
    RETURNS (list[Timing]): By product; none for an encoder that is not built like BERT.
    """
    transformer = network.transformer
    if not can_fuse(transformer):
        return []
    device = next(network.parameters()).device
    floats = _floats(device)
    if isinstance(annotating, FusedNetwork) and annotating.dtype not in floats:
        floats.append(annotating.dtype)  # it was asked for
    result = []
    with torch.no_grad(), torch.autocast(device.type, enabled=False):
        for name, linears in layers_of(transformer)[0].products().items():
            inputs, outputs = linears[0].in_features, sum(each.out_features for each in linears)
            follows = what_follows(name, transformer.config.hidden_act)
            taken = _taken(annotating, name, bool(follows))
            ways = dict(_ways(name, linears, follows, rows, floats))
            for way, times in time_in_turn(ways, device, _ROUNDS).items():
                seconds = min(times)
                result.append(
                    Timing(
                        *(name, rows, inputs, outputs, follows, way),
                        milliseconds=1e3 * seconds,
                        gflops=2e-9 * rows * inputs * outputs / seconds,
                        taken=way == taken,
                    )
                )
    return result


def possible_kernels(device: torch.device, dtype: torch.dtype, follows: bool) -> list[Kernel]:
    """List the kernels that a device may compute a product with, PyTorch's own first.

    device (torch.device): What computes.
    dtype (torch.dtype): The precision.
    follows (bool): Whether there is anything to do after the product.
    """
    found: list[Kernel] = list(KERNELS[::-1])
    if device.type != "cpu" or not onednn.can_pack(dtype):
        return found[:1]
    if not follows:
        found.remove("separate")  # which is the same
    return found


def what_follows(product: str, activation: str) -> str:
    """Name what follows a product of a layer.

    product, RETURNS (str): See `Timing`.
    activation (str): That of the encoder, as transformers names it.
    """
    return {"up": "GELU" if activation == "gelu" else "", "in": ""}.get(product, "residual")


def _ways(
    name: str, linears: Sequence[nn.Linear], follows: str, rows: int, floats: Sequence[torch.dtype]
) -> Iterator[tuple[Way, Callable[[], torch.Tensor]]]:
    """Yield the ways in which this device can compute a product, and what does so.

    name, follows (str), rows (int): See `Timing`.
    linears (Sequence[nn.Linear]): The layers whose outputs are side by side.
    floats (Sequence[torch.dtype]): The precisions, beside that of bytes.
    """
    device = linears[0].weight.device
    read = torch.randn(rows, linears[0].in_features, device=device)
    added = torch.randn(rows, linears[0].out_features, device=device)
    ends = Range(*torch.aminmax(read, dim=0))
    for way, dtype, product in _products(name, linears, follows, ends, floats):
        given = read.to(dtype)
        if name == "down" and isinstance(product, QuantizedLinear):
            given = product.to_int8(given)  # the product before it writes bytes
        residual = added.to(dtype) if follows == "residual" else None
        yield way, partial(product, given, residual)


def _products(
    name: str,
    linears: Sequence[nn.Linear],
    follows: str,
    read: Range,
    floats: Sequence[torch.dtype],
) -> Iterator[tuple[Way, torch.dtype, Product]]:
    """Yield the ways, the type that each reads, and the product; see `_ways`."""
    device, gelu, fused = linears[0].weight.device, follows == "GELU", bool(follows)
    for dtype in floats:
        for kernel in possible_kernels(device, dtype, fused):
            linear = FusedLinear(linears, dtype, gelu, kernel)
            yield _way_of(linear, fused), dtype, linear
    if device.type == "cpu":
        between = resolve_precision(INT8, device)
        if onednn.can_pack_int8(between):
            # Any range will do for the bytes that are written.
            ranges = {"down": Range(torch.zeros(1), torch.ones(1)), name: read}
            product = make_product(name, linears, gelu, between, ranges)
            yield Way(INT8, "oneDNN", fused), between, product


def _taken(annotating: nn.Module, name: str, follows: bool) -> Way:
    """Tell how a network that annotates computes a product; see `_ways`."""
    weights = next(annotating.parameters())
    if not isinstance(annotating, FusedNetwork):
        return _by_pytorch(weights.dtype, weights.device)
    layer = annotating.layers[0]
    product = {"in": layer.in_, "out": layer.out, "up": layer.up, "down": layer.down}[name]
    if isinstance(product, QuantizedLinear):
        return Way(INT8, "oneDNN", follows)
    assert isinstance(product, FusedLinear)
    return _way_of(product, follows)


def _way_of(product: FusedLinear, follows: bool) -> Way:
    """Tell how a product is computed, after which something follows or not."""
    if product.packed:
        return Way(_name(product.bias.dtype), "oneDNN", follows and product.kernel == FUSED)
    return _by_pytorch(product.bias.dtype, product.bias.device)


def _by_pytorch(dtype: torch.dtype, device: torch.device) -> Way:
    mkl = torch.backends.mkl.is_available()  # type: ignore[no-untyped-call]
    by_mkl = mkl and device.type == "cpu" and dtype == torch.float32
    return Way(_name(dtype), "MKL" if by_mkl else "PyTorch", fused=False)


def time_in_turn(
    ways: Mapping[K, Callable[[], torch.Tensor]],
    device: torch.device,
    rounds: int,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[K, list[float]]:
    """Time ways to compute something, in turn.

    ways (Mapping[K, Callable[[], torch.Tensor]]): Each computes it once.
    device (torch.device): What computes.
    rounds (int): How often each is timed. One more round comes before, and does not count.
    clock (Callable[[], float]): Tells the time, in seconds.
    RETURNS (dict[K, list[float]]): The seconds of each, by round. A way that fails is left out.
    """
    times: dict[K, list[float]] = {}
    for way, compute in ways.items():
        try:
            compute()
            times[way] = []
        except (RuntimeError, NotImplementedError) as err:
            logger.debug("%s fails on this machine: %s", way, err)
    for _ in range(rounds):
        for way, taken in times.items():
            start = clock()
            ways[way]()
            if device.type == "cuda":
                torch.cuda.synchronize(device)
            taken.append(clock() - start)
    return times


def _floats(device: torch.device) -> list[torch.dtype]:
    """List the types of floats that a device multiplies by itself."""
    found = [torch.float32]
    if has_bfloat16(device):
        found.append(torch.bfloat16)
    if device.type == "cuda":
        found.append(torch.float16)
    return found


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
