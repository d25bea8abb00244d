"""The layers of BERT and RoBERTa, without transformers' code for making models.

A saved encoder of such a kind is loaded into these. Importing `transformers.models.*.modeling_*`
would take longer than everything else that a pipeline needs before it annotates its first text.

Layers, weights and their names are those of transformers (`BertModel` and the others that
`bert_parts` names, with attention `sdpa`). So are the results, to the last bit, in training too:
dropout is drawn in the same order. What is more than that (adapters, heads, other attention) is
for transformers' own class: see `as_pretrained`.
"""

from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn import functional as F
from transformers.activations import ACT2FN
from transformers.configuration_utils import PretrainedConfig

if TYPE_CHECKING:  # what this module is there to avoid
    from transformers.modeling_utils import PreTrainedModel

# By their `model_type`: whether the first positions are those of padding.
_KINDS = {"bert": False, "camembert": True, "roberta": True, "xlm-roberta": True}


def is_plain_config(config: PretrainedConfig) -> bool:
    """Say whether `PlainEncoder` is what transformers would make of a configuration.

    config (PretrainedConfig): Of any encoder, with transformers' own choice of attention.
    """
    return (
        config.model_type in _KINDS
        and getattr(config, "position_embedding_type", "absolute") == "absolute"
        and isinstance(config.hidden_act, str)
        and config.hidden_size % config.num_attention_heads == 0
        and not config.is_decoder
        and not config.add_cross_attention
        and not config.chunk_size_feed_forward
        and not config.pruned_heads
    )


class PlainEncoder(nn.Module):
    """An encoder without weights: they are to be loaded, before anything is computed.

    config (PretrainedConfig): One that `is_plain_config` allows.
    """

    def __init__(self, config: PretrainedConfig) -> None:
        super().__init__()
        self.config = config
        # On no device, so that no random numbers are drawn for weights that will be others.
        with torch.device("meta"):
            self.embeddings = _Embeddings(config)
            self.encoder = _Layers(config)
            self.pooler = _Pooler(config)
        # As `to_empty` does, which loads SymPy to find out in which order numbers are stored.
        for name, weights in list(self.named_parameters()):
            empty = torch.empty(weights.shape, dtype=torch.float32, device="cpu")
            _set_parameter(self, name, nn.Parameter(empty))

    def get_input_embeddings(self) -> nn.Embedding:
        """Return the embeddings of wordpieces."""
        return self.embeddings.word_embeddings

    def forward(self, embedded: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        """Encode windows, without the pooler.

        embedded (windows, length, width): The vectors of the wordpieces, without positions.
        mask: What is not padding, as `F.scaled_dot_product_attention` takes it.
        RETURNS (torch.Tensor): (windows, length, width).
        """
        hidden: torch.Tensor = self.embeddings(embedded)
        for layer in self.encoder.layer:
            hidden = layer(hidden, mask)
        return hidden

    def as_pretrained(self) -> "PreTrainedModel":
        """Make the model of transformers that has these weights: the same `Parameter` objects.

        Neither this encoder nor the state of PyTorch's random numbers changes.
        """
        from transformers import AutoModel

        with torch.random.fork_rng(devices=[]):
            model: PreTrainedModel = AutoModel.from_config(  # type: ignore[no-untyped-call]
                self.config, torch_dtype=torch.float32, trust_remote_code=False
            )
        for name, weights in self.named_parameters():
            _set_parameter(model, name, weights)
        model.to(self.get_input_embeddings().weight.device)  # type: ignore[arg-type]
        return model.train(self.training)


def _set_parameter(module: nn.Module, name: str, weights: nn.Parameter) -> None:
    owner, _, own = name.rpartition(".")
    setattr(module.get_submodule(owner), own, weights)


class _Embeddings(nn.Module):
    def __init__(self, config: PretrainedConfig) -> None:
        super().__init__()
        width, padding = config.hidden_size, config.pad_token_id
        after_padding = _KINDS[config.model_type]
        self.word_embeddings = _embedding(config.vocab_size, width, padding)
        self.position_embeddings = _embedding(
            config.max_position_embeddings, width, padding if after_padding else None
        )
        self.token_type_embeddings = _embedding(config.type_vocab_size, width)
        self.LayerNorm = nn.LayerNorm(width, eps=config.layer_norm_eps)
        self.dropout = nn.Dropout(config.hidden_dropout_prob)

    def forward(self, embedded: torch.Tensor) -> torch.Tensor:
        shape, device = embedded.shape[:-1], embedded.device
        padding = self.position_embeddings.padding_idx
        first = 0 if padding is None else padding + 1
        positions = torch.arange(first, first + shape[1], device=device)[None]
        # Gradients are summed in the order of what is looked up, so it has the same shape as there.
        if padding is not None:
            positions = positions.expand(shape)
        types = torch.zeros(shape, dtype=torch.long, device=device)
        embedded = embedded + self.token_type_embeddings(types)
        embedded = embedded + self.position_embeddings(positions)
        result: torch.Tensor = self.dropout(self.LayerNorm(embedded))
        return result


def _embedding(n: int, width: int, padding: int | None = None) -> nn.Embedding:
    """Make embeddings without weights; `nn.Embedding` draws them, and loads `torch._dynamo` to."""
    empty = torch.empty(n, width)
    result: nn.Embedding = nn.Embedding.from_pretrained(  # type: ignore[no-untyped-call]
        empty, freeze=False, padding_idx=padding
    )
    return result


class _Layers(nn.Module):
    def __init__(self, config: PretrainedConfig) -> None:
        super().__init__()
        self.layer = nn.ModuleList(_Layer(config) for _ in range(config.num_hidden_layers))


class _Layer(nn.Module):
    def __init__(self, config: PretrainedConfig) -> None:
        super().__init__()
        self.attention = _Attention(config)
        self.intermediate = _Intermediate(config)
        self.output = _Output(config.intermediate_size, config)

    def forward(self, hidden: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        hidden = self.attention(hidden, mask)
        result: torch.Tensor = self.output(self.intermediate(hidden), hidden)
        return result


class _Attention(nn.Module):
    def __init__(self, config: PretrainedConfig) -> None:
        super().__init__()
        self.self = _SelfAttention(config)
        self.output = _Output(config.hidden_size, config)

    def forward(self, hidden: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        result: torch.Tensor = self.output(self.self(hidden, mask), hidden)
        return result


class _SelfAttention(nn.Module):
    def __init__(self, config: PretrainedConfig) -> None:
        super().__init__()
        width = config.hidden_size
        self.heads: int = config.num_attention_heads
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width)
        self.value = nn.Linear(width, width)
        self.dropout = nn.Dropout(config.attention_probs_dropout_prob)

    def forward(self, hidden: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        windows, length, width = hidden.shape
        query, key, value = (
            layer(hidden).view(windows, length, self.heads, -1).transpose(1, 2)
            for layer in (self.query, self.key, self.value)
        )
        dropout = self.dropout.p if self.training else 0.0
        context = F.scaled_dot_product_attention(query, key, value, mask, dropout)
        return context.transpose(1, 2).reshape(windows, length, width)


class _Intermediate(nn.Module):
    def __init__(self, config: PretrainedConfig) -> None:
        super().__init__()
        self.dense = nn.Linear(config.hidden_size, config.intermediate_size)
        self.intermediate_act_fn: nn.Module = ACT2FN[config.hidden_act]

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        result: torch.Tensor = self.intermediate_act_fn(self.dense(hidden))
        return result


class _Output(nn.Module):
    """The product that ends attention, and that which ends a layer."""

    def __init__(self, width: int, config: PretrainedConfig) -> None:
        super().__init__()
        self.dense = nn.Linear(width, config.hidden_size)
        self.LayerNorm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.dropout = nn.Dropout(config.hidden_dropout_prob)

    def forward(self, hidden: torch.Tensor, residual: torch.Tensor) -> torch.Tensor:
        result: torch.Tensor = self.LayerNorm(self.dropout(self.dense(hidden)) + residual)
        return result


class _Pooler(nn.Module):
    """Weights that are kept, and that nothing here computes with."""

    def __init__(self, config: PretrainedConfig) -> None:
        super().__init__()
        self.dense = nn.Linear(config.hidden_size, config.hidden_size)
