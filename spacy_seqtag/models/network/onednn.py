"""oneDNN's matrix products over packed weights, with bias, GELU and residual as a part of them.

They are not part of PyTorch's public interface: its compiler uses them. This is the only file that
calls them, and `can_pack` says whether they are there.
"""

from functools import cache

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
