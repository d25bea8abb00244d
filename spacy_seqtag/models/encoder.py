"""The encoder: a pretrained transformer as the model of spaCy's `transformer` component.

It takes the place of spacy-transformers' own model, for the same listeners. Design choices:

- Every Doc is encoded once, whatever the number of components that listen.
- Nothing is truncated: every word that has wordpieces gets a vector.
- Windows of the whole batch are sorted by length, so that little is padding.
- Products are computed in the precision that the hardware is fast in; an encoder built like BERT
  annotates with fused layers (`network/fused`).
- An uncased encoder can see capital letters (`word_case`).

The way of a batch is at the head of `spacy_seqtag.models`.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Optional, TypeAlias

from spacy.errors import Errors
from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import SimpleFrozenDict, registry
from thinc.api import Model, Optimizer, chain
from thinc.model import deserialize_attr, serialize_attr
from thinc.shims import Shim
from thinc.types import Floats2d, Ragged

from ..errors import (
    SAYS_NO_DAMAGE,
    Number,
    OneOf,
    Whole,
    check_settings,
    damaged_error,
    settings_error,
)
from .batch import EncodedBatch, hidden_states
from .encoder_shim import EncoderSettings, EncoderShim, encoder_layer
from .layout import Rows, lay_out
from .network.fused import KERNELS
from .network.kernels import AUTO
from .network.layers import reset_layers
from .network.precision import INT8, PRECISIONS
from .pooling import word_vectors
from .pretrained import Settings, load_pretrained
from .spacy_transformers import (
    FullTransformerBatch,
    HFObjects,
    TransformerModel,
    replace_listener,
    replace_listener_cfg,
    split_trf_batch,
)
from .trf_data import install_extension
from .windows import SentenceWindows, Spanner, create_sentence_windows

if TYPE_CHECKING:  # what `pretrained` alone needs
    from transformers.modeling_utils import PreTrainedModel

ARCHITECTURES = ("spacy_seqtag.TransformerModel.v1", "spacy_seqtag.Tok2VecTransformer.v1")
"""What makes an encoder: one that components share, and one that belongs to a component."""

Copied: TypeAlias = dict[int, Model[Any, Any] | Shim]
"""What Thinc has copied already, by the `id` of what it was."""


@registry.architectures("spacy_seqtag.TransformerModel.v1")  # type: ignore[untyped-decorator]
def build_transformer(
    name: str,
    # `X | None` would do for us, but validation of configs needs `Optional` on some Pythons.
    get_spans: Optional[Spanner] = None,  # noqa: UP045
    tokenizer_config: Settings = SimpleFrozenDict(),
    transformer_config: Settings = SimpleFrozenDict(),
    precision: str = "auto",
    word_case: bool = False,
    max_batch_wordpieces: int = 4096,
    gradient_checkpointing: bool = False,
    word_by_word: bool = False,
    reinit_layers: int = 0,
    kernels: str = AUTO,
) -> "Encoder":
    """Build the model of a `transformer` component.

    name (str): A pretrained model with a fast tokenizer: the folder of a saved model, an
        installed package that carries one, or a hub name; looked for in this order.
    get_spans (Callable[[list[Doc]], list[list[Span]]] | None): Cuts Docs into the windows that
        the encoder reads; None for `spacy_seqtag.sentence_windows.v1` with its default, which
        counts wordpieces. Windows of others that are longer than the model can read are read in
        parts.
    tokenizer_config, transformer_config (dict[str, Any]): Settings for the tokenizer and the
        model of transformers.
    precision (str): "float32"; "bfloat16" or "float16" compute matrix products in that type,
        train with weights and gradients in float32 (float16 on CUDA only, with scaled gradients)
        and annotate with weights held in it; "auto" takes bfloat16 where the hardware multiplies
        faster in it (AMX, most AVX512-BF16, Ampere or newer), else float32. "int8" annotates with
        products of bytes on a CPU, once `python -m spacy seqtag quantize` has measured the numbers
        that they read; everywhere else, and in training, it is as "auto". Once it annotates, it
        holds the layers' weights a second time, in the precision and the order that is fastest.
    word_case (bool): Add to the embedding of each wordpiece a learned vector for how its word is
        written (lower, Title, UPPER, …). It starts at zero, so the encoder starts as it was
        pretrained. An uncased encoder sees no capital letters otherwise, and names need them.
    max_batch_wordpieces (int): Most wordpieces, padding included, that go through the network at
        once (one window always does); half as many where a CPU annotates in float32 with fused
        layers, whose arrays are twice as large.
    gradient_checkpointing (bool): In training, keep one array a layer and compute the rest again
        in the backward pass: a third slower, for models that would not fit otherwise.
    word_by_word (bool): Cut each word into wordpieces by itself, as transformers does with
        `is_split_into_words`. WordPiece (BERT) is always read like that; other tokenizers read the
        whole text otherwise.
    reinit_layers (int): How many of the top layers begin training with random weights, and not with
        those of the pretrained model.
    kernels (str): How a CPU computes products when it annotates: "fused" with GELU or residual
        inside, "separate" with these as steps of their own, "pytorch" as PyTorch itself does.
        "auto" times the three once there was much to annotate, and takes the fastest for each
        product; until then it is "fused". Numbers differ by rounding. This is for products of
        floats in encoders built like BERT or RoBERTa; others have one kernel.
    RETURNS (Encoder): A model from Docs to their vectors. `doc._.trf_data` will hold the windows of
        a Doc laid end to end as one row: `last_hidden_state` is (1, wordpieces, width), without
        padding.
    RAISES: ConfigValidationError (a ValueError): for an unknown precision, `max_batch_wordpieces`
        below 1 and, when it is initialized, for a model that is not found, a tokenizer that is not
        a fast one, and windows that are longer than the model can read.
    """
    check_settings(
        "spacy_seqtag.TransformerModel.v1:",
        precision=(precision, OneOf((*PRECISIONS, INT8))),
        max_batch_wordpieces=(max_batch_wordpieces, Whole(1)),
        reinit_layers=(reinit_layers, Whole(0)),
        kernels=(kernels, OneOf((AUTO, *KERNELS))),
    )
    settings = EncoderSettings(
        precision,
        word_case,
        max_batch_wordpieces,
        gradient_checkpointing,
        word_by_word,
        reinit_layers,
        kernels,
    )
    get_spans = get_spans or create_sentence_windows()
    return Encoder(name, get_spans, tokenizer_config, transformer_config, settings)


@registry.architectures("spacy_seqtag.Tok2VecTransformer.v1")  # type: ignore[untyped-decorator]
def build_tok2vec_transformer(
    name: str,
    get_spans: Optional[Spanner],  # noqa: UP045
    pooling: Model[Ragged, Floats2d],
    grad_factor: float = 1.0,
    tokenizer_config: Settings = SimpleFrozenDict(),
    transformer_config: Settings = SimpleFrozenDict(),
    precision: str = "auto",
    word_case: bool = False,
    max_batch_wordpieces: int = 4096,
    gradient_checkpointing: bool = False,
    word_by_word: bool = False,
    reinit_layers: int = 0,
    kernels: str = AUTO,
) -> Model[list[Doc], list[Floats2d]]:
    """Build an encoder that belongs to one component alone, in the place of a listener.

    This is what `nlp.replace_listeners` makes of `spacy_seqtag.TransformerModel.v1`. The arguments
    are those of that architecture and of `spacy_seqtag.TransformerListener.v1`.

    RETURNS (Model[list[Doc], list[Floats2d]]): From Docs to the vectors of their words, (words,
        width).
    """
    check_settings(
        "spacy_seqtag.Tok2VecTransformer.v1:", grad_factor=(grad_factor, Number(least=0.0))
    )
    encoder = build_transformer(
        name,
        get_spans,
        tokenizer_config,
        transformer_config,
        precision,
        word_case,
        max_batch_wordpieces,
        gradient_checkpointing,
        word_by_word,
        reinit_layers,
        kernels,
    )
    # Nested as `nlp.replace_listeners` nests them, so that what it made can be loaded.
    return chain(chain(encoder, split_trf_batch()), word_vectors(pooling, grad_factor))


class Encoder(TransformerModel):
    """The model of a `transformer` component: from Docs to an `EncodedBatch`.

    name (str): The pretrained model; see :func:`build_transformer`.
    get_spans (Spanner): Cuts Docs into windows.
    tokenizer_config, transformer_config (dict[str, Any]): Settings for transformers.
    settings (EncoderSettings): How the network runs.
    """

    def __init__(
        self,
        name: str,
        get_spans: Spanner,
        tokenizer_config: Settings,
        transformer_config: Settings,
        settings: EncoderSettings,
    ) -> None:
        install_extension()
        shim = EncoderShim(dict(tokenizer_config), dict(transformer_config), settings)
        Model.__init__(
            self,
            "transformer",
            _forward,
            init=_init,
            layers=[encoder_layer(shim)],
            dims={"nO": None},
            attrs={
                "get_spans": get_spans,
                "name": ModelName(name),
                "set_transformer": _set_transformer,
                "has_transformer": False,
                "replace_listener": replace_listener,
                "replace_listener_cfg": _replace_listener_cfg,
            },
        )
        self._settings = settings
        # Between the two passes of a batch in training, and whether a step waits for the second.
        self._awaits_gradient = False
        self._waiting: Optimizer | None = None

    def finish_update(self, optimizer: Optimizer) -> None:
        """Update the weights; between the two passes of a batch, once its gradient has come.

        `nlp.update` with an optimizer finishes each component before the next one computes: the
        encoder before any of its listeners has sent a gradient back. That step would be made with
        the gradient of the batch before, and in the midst of this one.

        optimizer (Optimizer): Makes the step.
        """
        if self._awaits_gradient:
            self._waiting = optimizer
        else:
            super().finish_update(optimizer)

    def _begin_batch(self) -> None:
        """Note that a gradient is to come."""
        self._finish_waiting()  # of a batch that nothing was learned from
        self._awaits_gradient = True

    def _end_batch(self) -> None:
        """Note that the gradient has come."""
        self._awaits_gradient = False
        self._finish_waiting()

    def _finish_waiting(self) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            super().finish_update(waiting)

    @property
    def shim(self) -> EncoderShim:
        """What holds the tokenizer and the network."""
        (shim,) = self.layers[0].shims
        assert isinstance(shim, EncoderShim)
        return shim

    @property
    def transformer(self) -> "PreTrainedModel | None":
        """The encoder as a model of transformers; None before it is initialized or loaded."""
        return self.shim.pretrained()

    def set_precision(self, precision: str) -> None:
        """Change the precision, see `build_transformer`."""
        self._settings = replace(self._settings, precision=precision)
        self.shim.precision = precision

    def copy(self) -> "Encoder":
        """Make a copy with its own weights (and its own `id`)."""
        return self._copy()

    def _copy(self, seen: Copied | None = None) -> "Encoder":
        """Make the same copy for Thinc, when the encoder is a part of a model that is copied."""
        if seen is not None and id(self) in seen:
            before = seen[id(self)]
            assert isinstance(before, Encoder)
            return before
        copied = Encoder(
            self.attrs["name"],
            self.attrs["get_spans"],
            self._init_tokenizer_config,
            self._init_transformer_config,
            self._settings,
        )
        copied.shim.from_bytes(self.shim.to_bytes())
        copied.attrs["has_transformer"] = self.attrs["has_transformer"]
        if self.has_dim("nO"):
            copied.set_dim("nO", self.get_dim("nO"))
        if seen is not None:
            seen[id(self)] = copied
        return copied

    def from_bytes(self, bytes_data: bytes) -> "Encoder":
        """Load tokenizer, configuration and weights.

        RAISES: ConfigValidationError (a ValueError): for bytes that are not those of such a model
            as they were saved.
        """
        try:
            super().from_bytes(bytes_data)
        except SAYS_NO_DAMAGE:
            raise
        except Exception as err:  # readers of several formats, each with errors of its own
            raise damaged_error("The file 'model' of the transformer component", err) from err
        return self


def find_encoders(nlp: Language) -> dict[str, Encoder]:
    """Find the encoders of a pipeline, by their components, those that are disabled as well.

    nlp (Language): Any pipeline.
    """
    found = {}
    for name, pipe in nlp.components:
        model = getattr(pipe, "model", None)
        for node in model.walk() if isinstance(model, Model) else ():
            if isinstance(node, Encoder):
                found[name] = node
    return found


def encoder_settings(config: Settings) -> Iterator[Settings]:
    """Find the settings of encoders in the config of a component, to be changed.

    config (dict[str, Any]): A section, such as `nlp.get_pipe_config` gives.
    """
    if config.get("@architectures") in ARCHITECTURES:
        yield config
    for value in config.values():
        if isinstance(value, dict):
            yield from encoder_settings(value)


def _init(model: Encoder, X: list[Doc] | None = None, Y: object = None) -> None:
    """Load the pretrained model, unless the encoder has one."""
    if model.attrs["has_transformer"]:
        return
    name = str(model.attrs["name"])
    objects = load_pretrained(name, model._init_tokenizer_config, model._init_transformer_config)
    reset_layers(objects.transformer, model._settings.reinit_layers)
    _set_transformer(model, objects)
    _check_windows(model)


def _set_transformer(model: Encoder, objects: HFObjects) -> None:
    """Give the encoder its tokenizer and its network, as spacy-transformers' attribute does.

    RAISES: ValueError: if it has one.
    """
    if model.attrs["has_transformer"]:
        raise ValueError("Cannot set second transformer.")
    model.shim.set_network(objects.tokenizer, objects.transformer)
    model.attrs["has_transformer"] = True
    model.attrs["name"] = ModelName(model.attrs["name"])
    model.set_dim("nO", objects.transformer.config.hidden_size)


def _forward(
    model: Encoder, docs: list[Doc], is_train: bool
) -> tuple[FullTransformerBatch, Callable[[FullTransformerBatch], list[Doc]]]:
    if not model.attrs["has_transformer"]:
        raise ValueError(Errors.E109.format(name=model.name))
    _check_windows(model)
    shim = model.shim
    rows = lay_out(docs, shim.word_tokenizer, model.attrs["get_spans"], shim.max_wordpieces)
    if not len(rows.ids):
        return FullTransformerBatch.empty(len(docs)), lambda _: docs
    if is_train:
        model._begin_batch()
    network: Model[Rows, Floats2d] = model.layers[0]
    vectors, backprop_vectors = network(rows, is_train)

    def backprop(d_batch: FullTransformerBatch) -> list[Doc]:
        gradient = hidden_states(d_batch)
        assert gradient is not None
        backprop_vectors(gradient[0])
        model._end_batch()
        return docs

    return EncodedBatch(docs, rows, vectors, model.tokenizer), backprop


def _check_windows(model: Encoder) -> None:
    """Check that the encoder can read its windows.

    RAISES: ConfigValidationError (a ValueError): if they are too long.
    """
    get_spans, limit = model.attrs["get_spans"], model.shim.max_wordpieces
    if isinstance(get_spans, SentenceWindows) and get_spans.max_wordpieces > limit:
        raise settings_error(
            f"max_wordpieces = {get_spans.max_wordpieces} of sentence_windows is more than the "
            f"{limit} wordpieces that {model.attrs['name']!r} can read at once; set it to "
            f"{limit} or less in [components.transformer.model.get_spans]"
        )


def _replace_listener_cfg(encoder: Settings, listener: Settings) -> Settings:
    """Write the config of an encoder that `nlp.replace_listeners` gives to one component."""
    result: Settings = replace_listener_cfg(  # type: ignore[no-untyped-call]
        encoder, listener
    )
    if result["@architectures"] == "spacy-transformers.Tok2VecTransformer.v3":
        result["@architectures"] = "spacy_seqtag.Tok2VecTransformer.v1"
    return result


class ModelName(str):
    """The name of a pretrained model, as an attribute that Thinc does not save with the weights.

    The pipeline's config keeps the name that was given. Here it may be the folder in which the
    model was found, which a published pipeline should not tell.
    """


@serialize_attr.register
def _serialize_name(_: ModelName, value: ModelName, name: str, model: Encoder) -> bytes:
    raise TypeError("not saved")  # what Thinc leaves an attribute out for


@deserialize_attr.register
def _deserialize_name(default: ModelName, value: bytes, name: str, model: Encoder) -> ModelName:
    return default
