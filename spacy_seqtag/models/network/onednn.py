"""oneDNN's matrix products over packed weights, with bias, GELU and residual as a part of them.

They are not part of PyTorch's public interface: its compiler uses them. This is the only file that
calls them, and `can_pack` says whether they are there.
"""

from functools import cache
from typing import NamedTuple

import torch


def pack(weights: torch.Tensor) -> torch.Tensor:
    """Put weights into the order in which oneDNN reads them.

    weights (out, in): float32 or bfloat16, on the CPU.
    RETURNS (torch.Tensor): The same, opaque to PyTorch.
    """
    packed: torch.Tensor = torch.ops.mkldnn._reorder_linear_weight(weights, None)
    return packed


def linear(
    rows: torch.Tensor, packed: torch.Tensor, bias: torch.Tensor, gelu: bool
) -> torch.Tensor:
    """Multiply and add a bias; apply the exact GELU if asked to.

    rows (n, in), packed (out, in): see `pack`, bias (out,): all of one type.
    RETURNS (torch.Tensor): (n, out).
    """
    after = "gelu" if gelu else "none"
    result: torch.Tensor = torch.ops.mkldnn._linear_pointwise(rows, packed, bias, after, [], "none")
    return result


def linear_add(
    rows: torch.Tensor, residual: torch.Tensor, packed: torch.Tensor, bias: torch.Tensor
) -> torch.Tensor:
    """Multiply, add a bias, and add a residual.

    rows (n, in), residual (n, out), packed (out, in): see `pack`, bias (out,): all of one type.
    RETURNS (torch.Tensor): (n, out).
    """
    result: torch.Tensor = torch.ops.mkldnn._linear_pointwise.binary(
        rows, residual, packed, bias, "add"
    )
    return result


class Int8Scale(NamedTuple):
    """How floats are written as bytes: `round(float / scale) + zero`, from 0 to 255.

    scale (float), zero (int): Those of all numbers of a matrix.
    """

    scale: float
    zero: int


class Int8Weights(NamedTuple):
    """Weights of a product, as signed bytes.

    packed (out, in): In the order in which oneDNN reads them, opaque to PyTorch.
    scales (out,), float32: What a byte counts, for each output.
    zeros (out,), int32: All zero.
    """

    packed: torch.Tensor
    scales: torch.Tensor
    zeros: torch.Tensor


def pack_int8(weights: torch.Tensor) -> Int8Weights:
    """Round weights to bytes, with a scale for each output; to 7 bits where `saturates`.

    weights (out, in): float32, on the CPU.
    """
    most = 63 if saturates() else 127
    scales = weights.abs().amax(1).clamp_min(torch.finfo(torch.float32).tiny) / most
    rounded = (weights / scales[:, None]).round().clamp(-most, most).to(torch.int8)
    return _pack_bytes(rounded, scales)


def _pack_bytes(weights: torch.Tensor, scales: torch.Tensor) -> Int8Weights:
    packed: torch.Tensor = torch.ops.onednn.qlinear_prepack(weights, None)
    return Int8Weights(packed, scales, torch.zeros(len(scales), dtype=torch.int32))


@cache
def saturates() -> bool:
    """Say whether this CPU cuts sums of large bytes off, as those without VNNI do.

    They add the products of two neighbours in 16 bits, in which 255 * 127 * 2 has no room, but
    255 * 63 * 2 has. Lower weights lose less than lower numbers to multiply them with: see the log
    in docs/log.md.
    """
    n = 64
    rows = torch.full((n, n), 255, dtype=torch.uint8)
    weights = _pack_bytes(torch.full((n, n), 127, dtype=torch.int8), torch.ones(n))
    sums = linear_int8(rows, Int8Scale(1.0, 0), weights, torch.zeros(n), torch.float32)
    return bool((sums < 0.99 * n * 255 * 127).any())


class ToInt8:
    """Writes floats as bytes; what is out of range gets the nearest end of it.

    scale (Int8Scale): How.
    divisor (in,), float32: What each number is divided by before that; None for nothing.
    """

    def __init__(self, scale: Int8Scale, divisor: torch.Tensor | None = None) -> None:
        step = torch.tensor(scale.scale) if divisor is None else divisor * scale.scale
        self._factor = step.reciprocal()
        self._half = torch.tensor(scale.zero + 0.5)  # what follows cuts, and does not round

    def __call__(self, rows: torch.Tensor) -> torch.Tensor:
        """Write rows (n, in) of any floats: uint8, (n, in)."""
        scaled = torch.addcmul(self._half, rows.float(), self._factor)
        return scaled.clamp_(0.0, 255.0).to(torch.uint8)


def linear_int8(
    rows: torch.Tensor,
    scale: Int8Scale,
    weights: Int8Weights,
    bias: torch.Tensor,
    dtype: torch.dtype,
    *,
    gelu: bool = False,
    written: Int8Scale | None = None,
) -> torch.Tensor:
    """Multiply bytes and add a bias; apply the exact GELU if asked to.

    rows (n, in), uint8: As `scale` says.
    bias (out,), float32.
    dtype (torch.dtype): Of the result: float32 or bfloat16.
    written (Int8Scale | None): Write the result as bytes instead.
    RETURNS (torch.Tensor): (n, out).
    """
    to, into = (written, torch.uint8) if written else (Int8Scale(1.0, 0), dtype)
    after = "gelu" if gelu else "none"
    result: torch.Tensor = torch.ops.onednn.qlinear_pointwise(
        rows, *scale, *weights, bias, *to, into, after, [], "none"
    )
    return result


def linear_add_int8(
    rows: torch.Tensor,
    residual: torch.Tensor,
    scale: Int8Scale,
    weights: Int8Weights,
    bias: torch.Tensor,
) -> torch.Tensor:
    """Multiply bytes, add a bias, and add a residual.

    rows (n, in), uint8: As `scale` says.
    residual (n, out): float32 or bfloat16, as the result.
    bias (out,), float32.
    RETURNS (torch.Tensor): (n, out).
    """
    result: torch.Tensor = torch.ops.onednn.qlinear_pointwise.binary(
        *(rows, *scale, *weights, residual, bias, 1.0, 0, residual.dtype),
        *(1.0, 0, "add", 1.0, "none", [], ""),
    )
    return result


@cache
def can_pack_int8(dtype: torch.dtype) -> bool:
    """Say whether this build of PyTorch and this CPU have products of bytes.

    dtype (torch.dtype): Of results and residuals.
    """
    try:
        eye = torch.eye(16)
        scale = Int8Scale(1 / 64, 64)
        to_int8 = ToInt8(scale)
        rows, bias = to_int8(eye), torch.zeros(16)
        weights = pack_int8(eye)
        written = linear_int8(rows, scale, weights, bias, dtype, gelu=True, written=scale)
        added = linear_add_int8(rows, eye.to(dtype), scale, weights, bias)
    except (AttributeError, RuntimeError, NotImplementedError):
        return False
    expected = to_int8(torch.nn.functional.gelu(eye))
    close = (written.int() - expected.int()).abs().max() <= 1
    return bool(close and torch.allclose(added, 2 * eye.to(dtype), atol=0.02))


@cache
def can_pack(dtype: torch.dtype) -> bool:
    """Say whether this build of PyTorch and this CPU have these products in a type."""
    if dtype not in (torch.float32, torch.bfloat16):
        return False
    try:
        packed = pack(torch.eye(16).to(dtype))
        rows, bias = torch.ones(1, 16).to(dtype), torch.zeros(16).to(dtype)
        linear(rows, packed, bias, gelu=True)
        return bool((linear_add(rows, rows, packed, bias) == 2).all())
    except (AttributeError, RuntimeError, NotImplementedError):
        return False
