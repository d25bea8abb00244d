"""Which encoders are built like BERT, and what transformers calls their parts.

This file and `plain_encoder` are the only ones that know the names of transformers' modules.
Encoders that are built otherwise, or that something was put into, go through their own `forward`.
"""

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, TypeGuard

import torch
from torch import nn

from .plain_encoder import PlainEncoder

if TYPE_CHECKING:  # their modules take seconds to import, and a `PlainEncoder` needs none of them
    from transformers import BertModel, CamembertModel, RobertaModel, XLMRobertaModel
    from transformers.modeling_utils import PreTrainedModel

AnyTransformer: TypeAlias = "PreTrainedModel | PlainEncoder"
"""An encoder: of transformers, or loaded without its code."""

Bert: TypeAlias = "BertModel | CamembertModel | RobertaModel | XLMRobertaModel | PlainEncoder"

# The classes of transformers, by their modules; what is made of one has its module loaded.
_CLASSES = {
    "transformers.models.bert.modeling_bert": "BertModel",
    "transformers.models.camembert.modeling_camembert": "CamembertModel",
    "transformers.models.roberta.modeling_roberta": "RobertaModel",
    "transformers.models.xlm_roberta.modeling_xlm_roberta": "XLMRobertaModel",
}


@dataclass(frozen=True)
class EmbeddingParts:
    """What makes the input of the first layer.

    words (nn.Embedding): One vector a wordpiece.
    positions (places, width): The vector of each place in a window, from the first place on.
    first_type (width,): The vector of the first type of text, which all text here is of.
    norm (nn.LayerNorm): What normalizes the sum of the three.
    """

    words: nn.Embedding
    positions: torch.Tensor
    first_type: torch.Tensor
    norm: nn.LayerNorm


@dataclass(frozen=True)
class LayerParts:
    """A layer: attention, and two linear layers with an activation between them."""

    query: nn.Linear
    key: nn.Linear
    value: nn.Linear
    attention_out: nn.Linear
    attention_norm: nn.LayerNorm
    up: nn.Linear
    activation: Callable[[torch.Tensor], torch.Tensor]
    down: nn.Linear
    norm: nn.LayerNorm

    def products(self) -> dict[str, list[nn.Linear]]:
        """Return its linear layers, those together that read the same, by short names."""
        return {
            "in": [self.query, self.key, self.value],
            "out": [self.attention_out],
            "up": [self.up],
            "down": [self.down],
        }


def is_plain(transformer: AnyTransformer) -> TypeGuard[Bert]:
    """Say whether an encoder's parts can be called in the place of it all.

    It has to be built like BERT, with PyTorch's own attention and without hooks.
    """
    if isinstance(transformer, PlainEncoder):
        return True
    config = transformer.config
    return (
        _is_bert(transformer)
        and config._attn_implementation == "sdpa"
        and getattr(config, "position_embedding_type", "absolute") == "absolute"
        and not config.is_decoder
        and not _has_hooks(transformer)
    )


def can_fuse(transformer: AnyTransformer) -> TypeGuard[Bert]:
    """Say whether `FusedNetwork` is the same function as an encoder.

    The encoder has to be plain, and nothing may have been put in the place of its layers (as
    adapters are) or hooked into them.
    """
    return (
        is_plain(transformer)
        and all(map(_is_untouched, layers_of(transformer)))
        and not any(map(_has_hooks, transformer.modules()))
    )


def embeddings_of(transformer: Bert) -> EmbeddingParts:
    """Name the parts of an encoder's embeddings."""
    embeddings = transformer.embeddings
    # RoBERTa's positions begin after that of padding.
    padding = embeddings.position_embeddings.padding_idx
    unused = 0 if padding is None else padding + 1
    return EmbeddingParts(
        embeddings.word_embeddings,
        embeddings.position_embeddings.weight[unused:],
        embeddings.token_type_embeddings.weight[0],
        embeddings.LayerNorm,
    )


def layers_of(transformer: Bert) -> list[LayerParts]:
    """Name the parts of an encoder's layers, in order."""
    layers: Iterable[Any] = transformer.encoder.layer  # of modules that have these names
    return [
        LayerParts(
            query=layer.attention.self.query,
            key=layer.attention.self.key,
            value=layer.attention.self.value,
            attention_out=layer.attention.output.dense,
            attention_norm=layer.attention.output.LayerNorm,
            up=layer.intermediate.dense,
            activation=layer.intermediate.intermediate_act_fn,
            down=layer.output.dense,
            norm=layer.output.LayerNorm,
        )
        for layer in layers
    ]


def encode(transformer: Bert, embedded: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
    """Run an encoder without its pooler, whose output nobody takes.

    transformer (Bert): A plain encoder.
    embedded (windows, length, width): The vectors of the wordpieces, without positions.
    mask (windows, length), bool: What is not padding; None if there is none. Given the mask of
        another type, transformers would ask a GPU, which would have to finish first, whether
        anything is masked.
    RETURNS (torch.Tensor): (windows, length, width).
    """
    attended = None if mask is None else mask[:, None, None, :]
    result: torch.Tensor
    if isinstance(transformer, PlainEncoder):
        result = transformer(embedded, attended)
    else:
        hidden = transformer.embeddings(inputs_embeds=embedded)
        result = transformer.encoder(hidden, attention_mask=attended).last_hidden_state
    return result


def _is_bert(transformer: nn.Module) -> bool:
    loaded = [
        (sys.modules[module], name) for module, name in _CLASSES.items() if module in sys.modules
    ]
    return any(isinstance(transformer, getattr(module, name)) for module, name in loaded)


def _has_hooks(module: nn.Module) -> bool:
    return bool(module._forward_hooks or module._forward_pre_hooks)


def _is_untouched(layer: LayerParts) -> bool:
    linears = [linear for together in layer.products().values() for linear in together]
    norms = layer.attention_norm, layer.norm
    return all(type(linear) is nn.Linear for linear in linears) and all(
        type(norm) is nn.LayerNorm for norm in norms
    )
