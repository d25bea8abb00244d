"""The layers of semantic roles for annotating on a CPU: the same function in larger steps.

The steps are those of `fused`: rows without padding, and products over packed weights. The
projections are computed once a word and once a predicate, not once a pair.
"""

from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional as F

from .fused import FusedLinear, attend, norm_in
from .micro_batches import Group, micro_batches, padded_size
from .role_context import PairTensors, RoleContext, place_of

# Most pairs that go through the layers at once.
_MAX_ROWS = 4096


class FusedRoleContext(nn.Module):
    """A `RoleContext` for annotating, with copies of its weights.

    context (RoleContext): The layers that learn.
    dtype (torch.dtype): The precision.
    """

    def __init__(self, context: RoleContext, dtype: torch.dtype) -> None:
        super().__init__()
        self.dtype = dtype
        self.word = FusedLinear([context.word], dtype)
        self.predicate = FusedLinear([context.predicate], dtype)
        self.position = context.position.weight.detach().to(dtype, copy=True)
        self.layers = nn.ModuleList(
            FusedRoleLayer(layer, dtype) for layer in context.encoder_layers
        )
        self.norm = norm_in(context.norm, dtype)

    def forward(self, X: torch.Tensor, pairs: PairTensors) -> torch.Tensor:
        """See `RoleContext.forward`."""
        X = X[pairs.read].to(self.dtype)
        by_word = self.word(_with_padding(X))
        by_predicate = self.predicate(_with_padding(X[pairs.predicates]))
        real = pairs.words >= 0
        lengths = real.sum(dim=1)
        # From here on pairs are laid end to end, without padding.
        predicate_of = torch.repeat_interleave(torch.arange(len(lengths)), lengths)
        words = pairs.words[real]
        place = place_of(words - pairs.predicates[predicate_of])
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
    """A layer of `FusedRoleContext`.

    layer (nn.TransformerEncoderLayer): One that normalizes first.
    dtype (torch.dtype): The precision.
    """

    def __init__(self, layer: nn.TransformerEncoderLayer, dtype: torch.dtype) -> None:
        super().__init__()
        attention = layer.self_attn
        self.heads = attention.num_heads
        in_ = _Weights(attention.in_proj_weight, attention.in_proj_bias)
        self.in_ = FusedLinear([in_], dtype)
        self.out = FusedLinear([attention.out_proj], dtype)
        self.up = FusedLinear([layer.linear1], dtype, gelu=True)
        self.down = FusedLinear([layer.linear2], dtype)
        self.attention_norm = norm_in(layer.norm1, dtype)
        self.norm = norm_in(layer.norm2, dtype)

    def forward(
        self, hidden: torch.Tensor, groups: list[Group], real: torch.Tensor
    ) -> torch.Tensor:
        """Compute the layer: hidden (n, width), real (n,) → (n, width)."""
        context = attend(self.in_(self.attention_norm(hidden)), self.heads, groups, real)
        hidden = self.out(context, hidden)
        result: torch.Tensor = self.down(self.up(self.norm(hidden)), hidden)
        return result


class _Weights(NamedTuple):
    weight: torch.Tensor
    bias: torch.Tensor


def _with_padding(X: torch.Tensor) -> torch.Tensor:
    """Add rows of zeros: products of few sizes, for each of which oneDNN keeps code."""
    return F.pad(X, (0, 0, 0, padded_size(len(X)) - len(X)))
