"""The encoder's tokenizer and network within a Thinc model."""

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from thinc.api import ArgsKwargs, Model, Optimizer, get_torch_default_device
from thinc.types import Floats2d
from torch import nn
from transformers.tokenization_utils_base import PreTrainedTokenizerBase

from ..errors import settings_error
from .layout import Rows
from .network.bert_parts import AnyTransformer, can_fuse
from .network.encoder import EncoderNetwork, NetworkInput
from .network.fused import FusedNetwork
from .network.kernels import AUTO, KernelChoice
from .network.layers import keep_layers, n_layers
from .network.memory import to_device
from .network.onednn import can_pack_int8
from .network.plain_encoder import PlainEncoder
from .network.precision import INT8, has_fast_bfloat16
from .network.quantized import (
    ComparedNetwork,
    ObservedNetwork,
    QuantizedNetwork,
    Range,
    check_ranges,
)
from .network.weights import set_weights, weights_from_bytes
from .pretrained import Settings
from .saved_encoder import encoder_from_bytes, encoder_to_bytes
from .shim import Backprop, PrecisionShim
from .spacy_transformers import HFObjects
from .word_case import N_CASES
from .wordpieces import WordTokenizer

if TYPE_CHECKING:  # what `pretrained` alone needs
    from transformers.modeling_utils import PreTrainedModel


@dataclass(frozen=True)
class EncoderSettings:
    """How the network runs; see `spacy_seqtag.TransformerModel.v1`."""

    precision: str
    word_case: bool
    max_batch_wordpieces: int
    gradient_checkpointing: bool
    word_by_word: bool = False
    reinit_layers: int = 0
    kernels: str = AUTO


def encoder_layer(shim: "EncoderShim") -> Model[Rows, Floats2d]:
    """Build the layer that runs the network: from rows to vectors (rows, width)."""
    return Model("hf-pytorch", _forward, shims=[shim], dims={"nI": None, "nO": None})


def _forward(
    model: Model[Rows, Floats2d], rows: Rows, is_train: bool
) -> tuple[Floats2d, Callable[[Floats2d], Rows]]:
    (shim,) = model.shims
    assert isinstance(shim, EncoderShim)
    vectors, backprop_network = shim.run(shim.network_input(rows), is_train=is_train)

    def backprop(d_vectors: Floats2d) -> Rows:
        backprop_network(d_vectors)
        return rows

    return vectors, backprop


class EncoderShim(PrecisionShim):
    """Holds the tokenizer and the network, and runs the network in the chosen precision.

    tokenizer_config, transformer_config (dict[str, Any]): Settings for transformers.
    settings (EncoderSettings): How the network runs.
    """

    def __init__(
        self, tokenizer_config: Settings, transformer_config: Settings, settings: EncoderSettings
    ) -> None:
        super().__init__(settings.precision)
        self.word_case = settings.word_case
        self.max_batch_wordpieces = settings.max_batch_wordpieces
        self.gradient_checkpointing = settings.gradient_checkpointing
        self.word_by_word = settings.word_by_word
        self.kernels = KernelChoice(settings.kernels)
        # Where spacy-transformers looks for the tokenizer and the transformer.
        self._hfmodel = HFObjects(None, None, None, tokenizer_config, transformer_config)
        self._word_tokenizer: WordTokenizer | None = None
        self.max_wordpieces = 0
        self.ranges: dict[str, Range] = {}
        self._said = ""  # why bytes are not multiplied

    def set_network(self, tokenizer: PreTrainedTokenizerBase, transformer: AnyTransformer) -> None:
        """Take a tokenizer, a fast one, and an encoder."""
        self._word_tokenizer = WordTokenizer(tokenizer, self.word_case, self.word_by_word)
        self.max_wordpieces = max_wordpieces(tokenizer, transformer)
        if self.gradient_checkpointing:
            assert not isinstance(transformer, PlainEncoder)
            settings = {"use_reentrant": False}
            transformer.gradient_checkpointing_enable(settings)  # type: ignore[no-untyped-call]
        network = EncoderNetwork(transformer, N_CASES if self.word_case else 0)
        self._model = network.to(get_torch_default_device())
        self._hfmodel.tokenizer, self._hfmodel.transformer = tokenizer, transformer
        self._predictor = None
        self.kernels = KernelChoice(self.kernels.setting)
        self.ranges = {}
        if self.precision in ("auto", INT8):
            has_fast_bfloat16(self.device)  # measured now, once for all processes forked later

    def pretrained(self) -> "PreTrainedModel | None":
        """Return the encoder as a model of transformers, with the same weights; None without one.

        Where it was loaded without transformers' own class, it is replaced by one from now on:
        whoever asks may put adapters or hooks into it.
        """
        transformer: AnyTransformer | None = self._hfmodel.transformer
        if isinstance(transformer, PlainEncoder):
            network = self.module
            assert isinstance(network, EncoderNetwork)
            transformer = transformer.as_pretrained()
            network.transformer = self._hfmodel.transformer = transformer
            self._predictor = None
        return transformer

    @property
    def n_layers(self) -> int:
        """How many layers the network has."""
        return n_layers(self._hfmodel.transformer)

    def keep_layers(self, kept: Sequence[int]) -> None:
        """Take all other layers out of the network.

        kept (Sequence[int]): Numbers of layers from 0, in rising order.
        RAISES: ConfigValidationError (a ValueError): See `layers.keep_layers`.
        """
        keep_layers(self._hfmodel.transformer, kept)
        self._predictor = None
        self.ranges = {}

    @property
    def word_tokenizer(self) -> WordTokenizer:
        """What cuts words into wordpieces."""
        assert self._word_tokenizer is not None
        return self._word_tokenizer

    def network_input(self, rows: Rows) -> NetworkInput:
        """Copy the rows of a batch to the device of the network."""
        device = self.device
        return NetworkInput(
            to_device(torch.from_numpy(rows.ids), device),
            None if rows.cases is None else to_device(torch.from_numpy(rows.cases), device),
            rows.starts,
            rows.lengths,
            self.max_batch_wordpieces,
            self.max_wordpieces,
        )

    def fuses(self, module: nn.Module) -> bool:
        """Say whether layers are fused in float32: on a CPU, if they can be."""
        return (
            isinstance(module, EncoderNetwork)
            and self.device.type == "cpu"
            and can_fuse(module.transformer)
        )

    def make_predictor(self, module: nn.Module, dtype: torch.dtype) -> nn.Module:
        """Make the network that annotates: with fused layers, if they can be."""
        if isinstance(module, EncoderNetwork) and can_fuse(module.transformer):
            if self.precision == INT8 and not self._why_not_int8():
                return QuantizedNetwork(module, dtype, self.ranges)
            return FusedNetwork(module, dtype, kernels=self.kernels.taken(module, dtype))
        return super().make_predictor(module, dtype)

    def predict(self, inputs: ArgsKwargs) -> torch.Tensor:
        """Annotate; once there was enough to annotate, with the fastest kernels."""
        rows = inputs.args[0]
        assert isinstance(rows, NetworkInput)
        if self.kernels.is_due(self.dtype):
            self.choose_kernels()
        self.kernels.count(len(rows.ids))
        return super().predict(inputs)

    def choose_kernels(self) -> None:
        """Measure which kernels are the fastest, and take them, if the setting leaves the choice.

        Products of bytes have but one kernel, as those of a GPU.
        """
        module, dtype, network = self.module, self.dtype, self.predictor()
        if (
            self.kernels.is_open(dtype)
            and isinstance(module, EncoderNetwork)
            and type(network) is FusedNetwork
            and self.device.type == "cpu"
            and self.kernels.measure(module, dtype)
        ):
            self._predictor = None

    # Bytes

    def predictor(self) -> nn.Module:
        """Return the network that annotates; says once why it is not one of bytes as asked for."""
        network = super().predictor()
        # Why not is looked for only where it is not, as that takes a while.
        if self.precision == INT8 and not isinstance(network, QuantizedNetwork):
            self._say(f'{self._why_not_int8()}, so it annotates as with "auto"')
        return network

    def begin_update(self, inputs: ArgsKwargs) -> tuple[torch.Tensor, Backprop]:
        """Train; bytes do not learn."""
        if self.precision == INT8:
            self._say(
                'it is for annotation: training computes as with "auto". As weights change, what '
                "was measured for them is forgotten: quantize the trained pipeline again"
            )
        return super().begin_update(inputs)

    def finish_update(self, optimizer: Optimizer) -> None:
        """Update the weights, for which no ranges are known."""
        super().finish_update(optimizer)
        self.ranges = {}

    @contextmanager
    def observed(self) -> Iterator[None]:
        """Measure the numbers that products read of all that is annotated within the context.

        It annotates in float32 meanwhile. The ranges are set at the end.

        RAISES: ConfigValidationError (a ValueError): The encoder has no such products.
        """
        module = self.module
        if not isinstance(module, EncoderNetwork) or not self.fuses(module):
            raise settings_error(
                "the encoder is not of BERT's or RoBERTa's kind, or it is not on a CPU: only these "
                "annotate in int8"
            )
        network = ObservedNetwork(module)
        with self._annotating(network):
            yield
        self.ranges = network.ranges

    @contextmanager
    def compared(self) -> Iterator[Callable[[], dict[str, float]]]:
        """Measure how much rounding to bytes changes what products say within the context.

        RETURNS: Gives the errors so far, by product; see `ComparedNetwork.errors`.
        """
        module = self.module
        assert isinstance(module, EncoderNetwork)
        network = ComparedNetwork(module, self.ranges)
        with self._annotating(network):
            yield network.errors

    def forget_range(self, product: str) -> None:
        """Leave a product as it is: it stays one of floats."""
        del self.ranges[product]
        self._predictor = None

    @contextmanager
    def _annotating(self, network: nn.Module) -> Iterator[None]:
        """Annotate with a network in float32 within the context."""
        precision, self.precision = self.precision, "float32"
        self._predictor = network.eval(), self.version
        try:
            yield
        finally:
            self.precision, self._predictor = precision, None

    def _why_not_int8(self) -> str:
        """Say why the network cannot multiply bytes here; "" if it can."""
        if self.device.type != "cpu":
            return "it is for CPUs"
        if not self.fuses(self.module):
            return "the encoder is not of BERT's or RoBERTa's kind"
        if not self.ranges:
            return "the pipeline is not quantized (python -m spacy seqtag quantize)"
        if not can_pack_int8(self.dtype):
            return "this PyTorch has no such products for this CPU"
        return ""

    def _say(self, why: str) -> None:
        if self._said != why:
            self._said = why
            warnings.warn(f'precision = "int8" of the encoder: {why}.', stacklevel=2)

    def to_bytes(self) -> bytes:
        """Save tokenizer, configuration and weights; see `saved_encoder`."""
        objects = self._hfmodel
        return encoder_to_bytes(
            objects._init_tokenizer_config,
            objects._init_transformer_config,
            objects.tokenizer,
            self._model,
            self.ranges,
        )

    def from_bytes(self, bytes_data: bytes) -> "EncoderShim":
        """Load what `to_bytes` saved.

        RAISES: ValueError (also as ConfigValidationError): for other bytes.
        """
        tokenizer_config, transformer_config, saved = encoder_from_bytes(
            bytes_data, pretrained=self.gradient_checkpointing
        )
        self._hfmodel = HFObjects(None, None, None, tokenizer_config, transformer_config)
        if saved is not None:
            self.set_network(saved.tokenizer, saved.transformer)
            set_weights(self.module, weights_from_bytes(saved.weights))
            check_ranges(self.module, saved.ranges)
            self.ranges = saved.ranges
        return self


def max_wordpieces(tokenizer: PreTrainedTokenizerBase, transformer: AnyTransformer) -> int:
    """Find the most wordpieces that a model reads at once, special tokens included."""
    limits: list[int] = [tokenizer.model_max_length]
    if getattr(transformer.config, "max_position_embeddings", -1) > 0:
        limits.append(transformer.config.max_position_embeddings)
    for name, module in transformer.named_modules():
        if name.endswith("position_embeddings") and isinstance(module, nn.Embedding):
            # RoBERTa's positions begin after that of padding.
            unused = 0 if module.padding_idx is None else module.padding_idx + 1
            limits.append(module.num_embeddings - unused)
    return min(limits)
