"""Look up embeddings so that their gradient needs little memory.

Where PyTorch makes an array in the size of the table at every look-up, here the gradient is added
to that of the table in place. Half of a small encoder is its table: in training, those arrays took
a third of the time.
"""

from typing import Protocol

import torch
from torch.nn import functional as F


def embed_in_place(table: torch.Tensor, ids: torch.Tensor, padding: int | None) -> torch.Tensor:
    """Look up embeddings; in the backward pass, add to `table.grad` in place.

    table (n, width): The embeddings; a leaf of the graph.
    ids (…), int64: Which of them to look up.
    padding (int | None): The one that has no gradient, as in `torch.nn.Embedding`.
    RETURNS (torch.Tensor): (…, width).
    """
    result: torch.Tensor = _EmbedInPlace.apply(table, ids, padding)  # type: ignore[no-untyped-call]
    return result


class _Context(Protocol):
    """What PyTorch hands from the forward to the backward pass, and what is kept in it here."""

    table: torch.Tensor
    padding: int | None
    saved_tensors: tuple[torch.Tensor, ...]

    def save_for_backward(self, *tensors: torch.Tensor) -> None: ...


class _EmbedInPlace(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: _Context, table: torch.Tensor, ids: torch.Tensor, padding: int | None
    ) -> torch.Tensor:
        ctx.table, ctx.padding = table, padding
        ctx.save_for_backward(ids)
        return F.embedding(ids, table)

    @staticmethod
    def backward(ctx: _Context, gradient: torch.Tensor) -> tuple[None, None, None]:
        (ids,) = ctx.saved_tensors
        table = ctx.table
        if table.grad is None:
            table.grad = torch.zeros_like(table)
        if ctx.padding is not None:
            gradient = gradient.masked_fill((ids == ctx.padding)[..., None], 0.0)
        table.grad.index_add_(0, ids.flatten(), gradient.flatten(0, -2).to(table.dtype))
        return None, None, None
