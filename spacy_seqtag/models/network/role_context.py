"""The layers of semantic roles: pairs of word and predicate, read in context.

A pair is the sum of a projection of its word, one of its predicate, and a vector for their
distance. The pairs of a predicate are then read together by small transformer layers.
"""

from dataclasses import dataclass

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

# Distances beyond this many tokens share one vector on each side.
_MAX_DISTANCE = 32


def place_of(distance: torch.Tensor) -> torch.Tensor:
    """Number distances between a word and its predicate from 0 on, for their vectors.

    distance (…), int64: How many tokens the word comes after the predicate; negative if before.
    RETURNS (torch.Tensor): int64 (…).
    """
    return distance.clamp(-_MAX_DISTANCE, _MAX_DISTANCE) + _MAX_DISTANCE


@dataclass
class PairTensors:
    """A `PairBatch` as tensors, on the device that computes.

    read (words,), words (P, L), predicates (P,), int64: See there.
    recompute (bool): Whether to hold no activations in training, but to compute them anew, with the
        same dropout, for the gradient.
    """

    read: torch.Tensor
    words: torch.Tensor
    predicates: torch.Tensor
    recompute: bool = False


class RoleContext(nn.Module):
    """Vectors of pairs of word and predicate in the context of the predicate's stretch of words.

    nI (int): Width of the token vectors.
    width, depth, heads, dropout: See `spacy_seqtag.RoleTagger.v1`.
    """

    def __init__(self, nI: int, width: int, depth: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.word = nn.Linear(nI, width)
        self.predicate = nn.Linear(nI, width)
        self.position = nn.Embedding(2 * _MAX_DISTANCE + 1, width)
        nn.init.normal_(self.position.weight, std=0.02)
        layer = nn.TransformerEncoderLayer(
            width, heads, 2 * width, dropout, "gelu", batch_first=True, norm_first=True
        )
        norm = nn.LayerNorm(width)
        self.layers = nn.TransformerEncoder(layer, depth, norm, enable_nested_tensor=False)

    @property
    def encoder_layers(self) -> list[nn.TransformerEncoderLayer]:
        """The transformer layers, in order."""
        layers = self.layers.layers
        return [layer for layer in layers if isinstance(layer, nn.TransformerEncoderLayer)]

    @property
    def norm(self) -> nn.LayerNorm:
        """What normalizes the output of the last layer."""
        norm = self.layers.norm
        assert isinstance(norm, nn.LayerNorm)
        return norm

    def forward(self, X: torch.Tensor, pairs: PairTensors) -> torch.Tensor:
        """Read pairs in context.

        X (tokens, nI): The token vectors.
        pairs (PairTensors): The pairs.
        RETURNS (torch.Tensor): (real pairs, width).
        """
        inputs = X, pairs.read, pairs.words, pairs.predicates
        if pairs.recompute and self.training:
            result: torch.Tensor = checkpoint(self._in_context, *inputs, use_reentrant=False)
            return result
        return self._in_context(*inputs)

    def _in_context(
        self, X: torch.Tensor, read: torch.Tensor, words: torch.Tensor, predicates: torch.Tensor
    ) -> torch.Tensor:
        X = X[read].to(self.word.weight.dtype)
        real = words >= 0
        pair = self.word(X)[words.clamp(min=0)]
        pair = pair + self.predicate(X[predicates])[:, None]
        pair = pair + self.position(place_of(words - predicates[:, None]))
        hidden: torch.Tensor = self.layers(pair, src_key_padding_mask=~real)
        return hidden[real]
