"""The encoder: a pretrained transformer for spaCy's `transformer` component.

In the place of spacy-transformers' own model, for the same listeners or that of `pooling`:

    Docs → wordpieces (`wordpieces`) → windows (`windows`) → micro-batches → a vector a wordpiece

Windows of the whole batch are sorted by length, so that little is padding, and computed in the
chosen precision. Nothing is truncated: every word that has wordpieces gets a vector. An uncased
encoder can see capital letters.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Optional, cast

import numpy as np
import srsly
import torch
from numpy.typing import NDArray
from spacy.errors import Errors
from spacy.tokens import Doc, Span
from spacy.util import SimpleFrozenDict, registry
from spacy_transformers.data_classes import (
    FullTransformerBatch,
    HFObjects,
    TransformerData,
    WordpieceBatch,
)
from spacy_transformers.layers import TransformerModel, split_trf_batch
from spacy_transformers.layers._util import replace_listener, replace_listener_cfg
from thinc.api import (
    ArgsKwargs,
    Model,
    chain,
    get_array_module,
    get_torch_default_device,
    xp2torch,
)
from thinc.layers.pytorchwrapper import forward as pytorch_forward
from thinc.model import deserialize_attr, serialize_attr
from thinc.types import Floats2d, Ragged
from torch import nn
from transformers import (
    AutoConfig,
    AutoModel,
    AutoTokenizer,
)
from transformers.modeling_outputs import BaseModelOutput

from ..errors import (
    SAYS_NO_DAMAGE,
    Number,
    OneOf,
    Whole,
    check_settings,
    damaged_error,
    settings_error,
)
from ..ranges import concat_ranges
from .network import EncoderNetwork, FusedNetwork, can_fuse, micro_batches, to_device
from .pooling import word_vectors
from .precision import (
    PRECISIONS,
    AutocastShim,
    check_precision,
    convert_output,
    has_fast_bfloat16,
    weights_from_bytes,
    weights_to_bytes,
)
from .pretrained import resolve
from .saved import config_to_json, digest_of, load_pretrained, tokenizer_to_bytes
from .vectors import DocVectors, install_extension
from .windows import SentenceWindows, Window, create_sentence_windows, overlapping
from .wordpieces import Wordpieces, WordTokenizer

Ints = NDArray[np.int64]
Spanner = Callable[[list[Doc]], list[list[Span]]]


@registry.architectures("spacy_seqtag.TransformerModel.v1")
def build_transformer(
    name: str,
    # `X | None` would do for us, but config validation wants `Optional` on all Pythons.
    get_spans: Optional[Spanner] = None,  # noqa: UP045
    tokenizer_config: dict[str, Any] = SimpleFrozenDict(),
    transformer_config: dict[str, Any] = SimpleFrozenDict(),
    precision: str = "auto",
    word_case: bool = False,
    max_batch_wordpieces: int = 4096,
    gradient_checkpointing: bool = False,
) -> "Encoder":
    """Build the model of a `transformer` component.

    name (str): A pretrained model with a fast tokenizer: the folder of a saved model, an
        installed package that carries one, or a hub name; looked for in this order.
    get_spans (Optional[Callable[[List[Doc]], List[List[Span]]]]): Cuts Docs into the windows that
        the encoder reads; None for `spacy_seqtag.sentence_windows.v1` with its default, which
        counts wordpieces. Windows of others that are longer than the model can read are read in
        parts.
    tokenizer_config, transformer_config (Dict[str, Any]): Settings for the tokenizer and the
        model of transformers.
    precision (str): "float32"; "bfloat16" or "float16" compute matrix products in that type,
        train with weights and gradients in float32 (float16 on CUDA only, with scaled gradients)
        and annotate with weights held in it; "auto" takes bfloat16 where the hardware multiplies
        faster in it (AMX, most AVX512-BF16, Ampere or newer), else float32. Once it annotates, it
        holds the layers' weights a second time, in the precision and the order that is fastest.
    word_case (bool): Add to the embedding of each wordpiece a learned vector for how its word is
        written (lower, Title, UPPER, …). It starts at zero, so the encoder starts as it was
        pretrained. An uncased encoder sees no capital letters otherwise, and names need them.
    max_batch_wordpieces (int): Most wordpieces, padding included, that go through the network at
        once (one window always does).
    gradient_checkpointing (bool): In training, keep one array a layer and compute the rest again
        in the backward pass: a third slower, for models that would not fit otherwise.

    `doc._.trf_data` holds the windows of a Doc laid end to end as one row: `last_hidden_state` is
    (1, wordpieces, width), without padding.

    Raises ConfigValidationError (a ValueError) for an unknown precision, `max_batch_wordpieces`
    below 1 and, when it is initialized, for a model that is not found, a tokenizer that is not a
    fast one, and windows that are longer than the model can read.
    """
    check_settings(
        "spacy_seqtag.TransformerModel.v1:",
        precision=(precision, OneOf(PRECISIONS)),
        max_batch_wordpieces=(max_batch_wordpieces, Whole(1)),
    )
    return Encoder(
        name,
        get_spans or create_sentence_windows(),
        tokenizer_config,
        transformer_config,
        precision=precision,
        word_case=word_case,
        max_batch_wordpieces=max_batch_wordpieces,
        gradient_checkpointing=gradient_checkpointing,
    )


@registry.architectures("spacy_seqtag.Tok2VecTransformer.v1")
def build_tok2vec_transformer(
    name: str,
    get_spans: Optional[Spanner],  # noqa: UP045
    pooling: Model[Ragged, Floats2d],
    grad_factor: float = 1.0,
    tokenizer_config: dict[str, Any] = SimpleFrozenDict(),
    transformer_config: dict[str, Any] = SimpleFrozenDict(),
    precision: str = "auto",
    word_case: bool = False,
    max_batch_wordpieces: int = 4096,
    gradient_checkpointing: bool = False,
) -> Model[list[Doc], list[Floats2d]]:
    """Build an encoder that belongs to one component alone, in the place of a listener; what
    `nlp.replace_listeners` makes of `spacy_seqtag.TransformerModel.v1`.

    The arguments are those of that architecture and of `spacy_seqtag.TransformerListener.v1`.
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
    )
    # Nested as a listener's layers are, so that what `replace_listeners` made can be loaded.
    return chain(chain(encoder, split_trf_batch()), word_vectors(pooling, grad_factor))


class Encoder(TransformerModel):
    """See :func:`build_transformer`."""

    def __init__(
        self,
        name: str,
        get_spans: Spanner,
        tokenizer_config: dict[str, Any],
        transformer_config: dict[str, Any],
        **settings: Any,
    ) -> None:
        install_extension()
        shim = EncoderShim(dict(tokenizer_config), dict(transformer_config), **settings)
        network: Model = Model(
            "hf-pytorch",
            pytorch_forward,
            attrs={"convert_inputs": _convert_inputs, "convert_outputs": convert_output},
            shims=[shim],
            dims={"nI": None, "nO": None},
        )
        Model.__init__(
            self,
            "transformer",
            _forward,
            init=_init,
            layers=[network],
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

    @property
    def shim(self) -> "EncoderShim":
        return cast(EncoderShim, self.layers[0].shims[0])

    def _copy(self, seen: dict[int, Any] | None = None) -> "Encoder":
        """A copy with its own weights (and its own `id`), also as part of another model."""
        if seen is not None and id(self) in seen:
            return cast(Encoder, seen[id(self)])
        copied = Encoder(
            self.attrs["name"],
            self.attrs["get_spans"],
            self._init_tokenizer_config,
            self._init_transformer_config,
            **self._settings,
        )
        copied.shim.from_bytes(self.shim.to_bytes())
        copied.attrs["has_transformer"] = self.attrs["has_transformer"]
        if self.has_dim("nO"):
            copied.set_dim("nO", self.get_dim("nO"))
        if seen is not None:
            seen[id(self)] = copied
        return copied

    def copy(self) -> "Encoder":
        return self._copy()

    def from_bytes(self, bytes_data: bytes) -> "Encoder":
        """Load tokenizer, configuration and weights.

        Raises ConfigValidationError (a ValueError) for bytes that are not those of such a model
        as they were saved.
        """
        try:
            super().from_bytes(bytes_data)
        except SAYS_NO_DAMAGE:
            raise
        except Exception as err:  # readers of several formats, each with errors of its own
            raise damaged_error("The file 'model' of the transformer component", err) from err
        return self


class ModelName(str):
    """The name of a pretrained model as an attribute of Thinc's that is not saved with the weights:
    the pipeline's config keeps the name that was given, and here it may be the folder in which the
    model was found."""


@serialize_attr.register
def _serialize_name(_: ModelName, value: Any, name: str, model: Model) -> bytes:
    raise TypeError("not saved")  # what Thinc leaves an attribute out for


@deserialize_attr.register
def _deserialize_name(default: ModelName, value: Any, name: str, model: Model) -> ModelName:
    return default


def _replace_listener_cfg(encoder: dict[str, Any], listener: dict[str, Any]) -> dict[str, Any]:
    result = replace_listener_cfg(encoder, listener)
    if result["@architectures"] == "spacy-transformers.Tok2VecTransformer.v3":
        result["@architectures"] = "spacy_seqtag.Tok2VecTransformer.v1"
    return result


def _init(model: Encoder, X: Any = None, Y: Any = None) -> None:
    if model.attrs["has_transformer"]:
        return
    # Said explicitly, as transformers asks whoever sits at a terminal whether to run the model's
    # code. Only the settings can allow it.
    no_code = {"trust_remote_code": False}
    settings = {**no_code, **model._init_transformer_config}
    trust = {"trust_remote_code": settings["trust_remote_code"]}
    name = resolve(str(model.attrs["name"]), **trust)
    config = AutoConfig.from_pretrained(name, **settings)
    transformer = AutoModel.from_pretrained(name, config=config, torch_dtype=torch.float32, **trust)
    tokenizer = AutoTokenizer.from_pretrained(name, **{**no_code, **model._init_tokenizer_config})
    _set_transformer(model, HFObjects(tokenizer, transformer, None))
    _check_windows(model)


def _set_transformer(model: Encoder, objects: HFObjects) -> None:
    """Give the model its tokenizer and its network, as spacy-transformers' attribute does.

    Raises ValueError if it has one.
    """
    if model.attrs["has_transformer"]:
        raise ValueError("Cannot set second transformer.")
    model.shim.set_network(objects.tokenizer, objects.transformer)
    model.attrs["has_transformer"] = True
    model.attrs["name"] = ModelName(model.attrs["name"])
    model.set_dim("nO", objects.transformer.config.hidden_size)


# From Docs to rows of wordpieces


@dataclass
class Rows:
    """What the network reads: the windows of a batch laid end to end, special tokens included.

    ids (rows,): wordpieces; cases (rows,): see `Wordpieces`, or None. starts, lengths (windows,):
    the rows of each window. docs (docs + 1,): the first window of each Doc, and their number.
    align: the rows of each word of the batch. spans: the words of each window.
    """

    ids: Ints
    cases: Ints | None
    starts: Ints
    lengths: Ints
    docs: Ints
    align: Ragged
    spans: list[list[Span]]

    @property
    def bounds(self) -> Ints:
        """(docs + 1,): the first row of each Doc, and their number."""
        return np.append(0, np.cumsum(self.lengths))[self.docs]


def lay_out(model: Encoder, docs: list[Doc]) -> Rows:
    """Cut Docs into wordpieces, and those into windows."""
    tokenizer = model.shim.word_tokenizer
    n_special = len(tokenizer.prefix) + len(tokenizer.suffix)
    get_spans = model.attrs["get_spans"]
    windows: list[Window] = []
    n_windows = []
    if isinstance(get_spans, SentenceWindows):
        pieces = tokenizer(docs)
        word = 0
        spans = []
        for doc, offset, end in zip(docs, pieces.bounds.tolist(), pieces.bounds[1:].tolist()):
            firsts = np.append(pieces.firsts[word : word + len(doc)], end) - offset
            own = get_spans.cut(doc, firsts, n_special)
            spans.append(_spans(doc, firsts, own))
            windows += [Window(*(position + offset for position in window)) for window in own]
            n_windows.append(len(own))
            word += len(doc)
    else:
        spans = get_spans(docs)
        pieces = tokenizer(docs, spans)
        limit = model.shim.max_wordpieces - n_special
        n_stretch = [len(doc_spans) for doc_spans in spans]
        ends = np.cumsum(n_stretch)
        firsts = np.sort(np.append(pieces.firsts, pieces.bounds))
        parts = [
            overlapping(firsts, begin, end, limit)
            for begin, end in zip(pieces.bounds.tolist(), pieces.bounds[1:].tolist())
        ]
        windows = [window for part in parts for window in part]
        n_windows = [
            sum(map(len, parts[end - n : end])) for n, end in zip(n_stretch, ends.tolist())
        ]
    n_words = sum(map(len, docs))
    return _rows(tokenizer, pieces, windows, n_windows, spans, n_words)


def _spans(doc: Doc, firsts: Ints, windows: Sequence[Window]) -> list[Span]:
    """The words that each window reads."""
    begins = np.searchsorted(firsts, [w.begin for w in windows], side="right") - 1
    ends = np.searchsorted(firsts, [w.end for w in windows], side="left")
    begins[:1], ends[-1:] = 0, len(doc)
    return [doc[begin:end] for begin, end in zip(begins.tolist(), ends.tolist())]


def _rows(
    tokenizer: WordTokenizer,
    pieces: Wordpieces,
    windows: Sequence[Window],
    n_windows: Sequence[int],
    spans: list[list[Span]],
    n_words: int,
) -> Rows:
    begins, ends, firsts, lasts = np.asarray(windows, dtype=np.int64).reshape(-1, 4).T
    n_before, n_special = len(tokenizer.prefix), len(tokenizer.prefix) + len(tokenizer.suffix)
    lengths = ends - begins + n_special
    starts = np.cumsum(lengths) - lengths
    ids = np.zeros(int(lengths.sum()), dtype=np.int64)
    for i, special in enumerate(tokenizer.prefix):
        ids[starts + i] = special
    for i, special in enumerate(reversed(tokenizer.suffix)):
        ids[starts + lengths - 1 - i] = special
    read = concat_ranges(starts + n_before, ends - begins)
    source = concat_ranges(begins, ends - begins)
    ids[read] = pieces.ids[source]
    cases = None
    if pieces.cases is not None:
        cases = np.zeros(len(ids), dtype=np.int64)
        cases[read] = pieces.cases[source]
    # The row that each wordpiece has its vector from.
    row_of = np.repeat(starts + n_before - begins, lasts - firsts) + np.arange(len(pieces.ids))
    words, counts = pieces.words, pieces.counts
    own = concat_ranges(pieces.firsts, counts)
    if np.any(words[1:] < words[:-1]) or len(words) != n_words:
        # Stretches share words, or leave words out.
        word_of = np.repeat(words, counts)
        own = own[np.argsort(word_of, kind="stable")]
        counts = np.bincount(word_of, minlength=n_words)
    align: Any = (row_of[own].astype("i"), counts.astype("i"))
    bounds = np.append(0, np.cumsum(n_windows)).astype(np.int64)
    return Rows(ids, cases, starts, lengths, bounds, Ragged(*align), spans)


def _check_windows(model: Encoder) -> None:
    get_spans, limit = model.attrs["get_spans"], model.shim.max_wordpieces
    if isinstance(get_spans, SentenceWindows) and get_spans.max_wordpieces > limit:
        raise settings_error(
            f"max_wordpieces = {get_spans.max_wordpieces} of sentence_windows is more than the "
            f"{limit} wordpieces that {model.attrs['name']!r} can read at once; set it to "
            f"{limit} or less in [components.transformer.model.get_spans]"
        )


def _forward(
    model: Encoder, docs: list[Doc], is_train: bool
) -> tuple[FullTransformerBatch, Callable]:
    if not model.attrs["has_transformer"]:
        raise ValueError(Errors.E109.format(name=model.name))
    _check_windows(model)
    rows = lay_out(model, docs)
    if not len(rows.ids):
        return FullTransformerBatch.empty(len(docs)), lambda _: docs
    vectors, backprop_vectors = model.layers[0](rows, is_train)

    def backprop(d_batch: FullTransformerBatch) -> list[Doc]:
        gradient: Any = d_batch.model_output
        backprop_vectors(gradient.last_hidden_state[0])
        return docs

    return EncodedBatch(docs, rows, vectors, model.tokenizer), backprop


class EncodedBatch(FullTransformerBatch):
    """The vectors of a batch of Docs, a row a Doc.

    vectors (rows, width): of the rows laid out.
    """

    def __init__(self, docs: list[Doc], rows: Rows, vectors: Floats2d, tokenizer: Any) -> None:
        align_data, align_lengths = np.asarray(rows.align.dataXd), np.asarray(rows.align.lengths)
        word_ends = np.cumsum([len(doc) for doc in docs])
        piece_ends = np.append(0, np.cumsum(align_lengths))[word_ends]
        doc_data: list[TransformerData] = []
        word = piece = row = 0
        for word_end, piece_end, row_end in zip(
            word_ends.tolist(), piece_ends.tolist(), rows.bounds[1:].tolist()
        ):
            if row == row_end:
                doc_data.append(TransformerData.empty())
                word, piece = word_end, piece_end
                continue
            align: Any = (align_data[piece:piece_end] - row, align_lengths[word:word_end])
            hidden: Any = vectors[row:row_end]
            wordpieces = RowOfWordpieces(rows.ids[row:row_end], tokenizer)
            output = BaseModelOutput(last_hidden_state=hidden[None])
            data = DocVectors(wordpieces, output, Ragged(*align))
            data.part_of(vectors, row)
            doc_data.append(data)
            word, piece, row = word_end, piece_end, row_end
        hidden = xp2torch(vectors)
        super().__init__(
            spans=rows.spans,
            wordpieces=RowOfWordpieces(rows.ids, tokenizer),
            model_output=BaseModelOutput(last_hidden_state=hidden[None]),
            align=rows.align,
            cached_doc_data=doc_data,
        )

    def unsplit_by_doc(self, arrays: list[list[Any]]) -> FullTransformerBatch:
        """Gradients of the Docs' vectors as those of the batch: (1, rows, width)."""
        xp = get_array_module(arrays[0][0])
        gradient = xp.concatenate([array for (array,) in arrays], axis=1)
        output = BaseModelOutput(last_hidden_state=gradient)
        return FullTransformerBatch(self.spans, self.wordpieces, output, self.align)


class RowOfWordpieces(WordpieceBatch):
    """Wordpieces as one row without padding, whose strings are looked up when asked for."""

    def __init__(self, ids: Ints, tokenizer: Any) -> None:
        self.input_ids: Any = ids[None]
        self.lengths = [len(ids)]
        self.token_type_ids = None
        self._tokenizer = tokenizer

    @property
    def strings(self) -> list[list[str]]:  # type: ignore[override]
        return [self._tokenizer.convert_ids_to_tokens(row) for row in self.input_ids.tolist()]

    @property
    def attention_mask(self) -> Any:  # type: ignore[override]
        return np.ones(self.input_ids.shape, dtype="f")

    def __len__(self) -> int:
        return 1

    def __reduce__(self) -> Any:
        """Pickled and copied without the tokenizer."""
        fields = (self.strings, self.input_ids, self.attention_mask, self.lengths, None)
        return WordpieceBatch, fields


# The network in Thinc's clothes


class EncoderShim(AutocastShim):
    """Holds the tokenizer and the network, and runs it in the chosen precision.

    The arguments are those of `build_transformer`.
    """

    def __init__(
        self,
        tokenizer_config: dict[str, Any],
        transformer_config: dict[str, Any],
        *,
        precision: str,
        word_case: bool,
        max_batch_wordpieces: int,
        gradient_checkpointing: bool,
    ) -> None:
        super().__init__(None)
        self.precision = check_precision(precision)
        self.word_case = word_case
        self.max_batch_wordpieces = max_batch_wordpieces
        self.gradient_checkpointing = gradient_checkpointing
        self._hfmodel = HFObjects(None, None, None, tokenizer_config, transformer_config)
        self._word_tokenizer: WordTokenizer | None = None
        self.max_wordpieces = 0

    def set_network(self, tokenizer: Any, transformer: Any) -> None:
        """Take a tokenizer and a model of transformers."""
        self._word_tokenizer = WordTokenizer(tokenizer, self.word_case)
        self.max_wordpieces = _max_wordpieces(tokenizer, transformer)
        if self.gradient_checkpointing:
            transformer.gradient_checkpointing_enable({"use_reentrant": False})
        network = EncoderNetwork(transformer, self.word_case)
        self._model = network.to(get_torch_default_device())
        old = self._hfmodel
        configs = (old._init_tokenizer_config, old._init_transformer_config)
        self._hfmodel = HFObjects(tokenizer, transformer, None, *configs)
        self._predictor = None
        if self.precision == "auto":
            has_fast_bfloat16(self.device)  # measured now, once for all processes forked later

    def fuses(self, module: EncoderNetwork) -> bool:
        return self.device.type == "cpu" and can_fuse(module.transformer)

    def make_predictor(self, module: EncoderNetwork, dtype: torch.dtype) -> nn.Module:
        if can_fuse(module.transformer):
            return FusedNetwork(module, dtype)
        return super().make_predictor(module, dtype)

    @property
    def word_tokenizer(self) -> WordTokenizer:
        assert self._word_tokenizer is not None
        return self._word_tokenizer

    def to_bytes(self) -> bytes:
        """The network's weights as safetensors, with the configuration and the tokenizer, and their
        digest."""
        network: Any = self._model
        objects = self._hfmodel
        msg: dict[str, Any] = {
            "tokenizer_config": dict(objects._init_tokenizer_config),
            "transformer_config": dict(objects._init_transformer_config),
        }
        if network is not None:
            msg["tokenizer"] = tokenizer_to_bytes(objects.tokenizer)
            msg["config"] = config_to_json(network.transformer.config)
            msg["weights"] = weights_to_bytes(network)
            msg["sha256"] = _digest(msg)
        return srsly.msgpack_dumps(msg)

    def from_bytes(self, bytes_data: bytes) -> "EncoderShim":
        """Load what `to_bytes` saved, and what versions before saved without a digest.

        Raises ValueError (also as ConfigValidationError) for other bytes.
        """
        msg = srsly.msgpack_loads(bytes_data)
        # What was trusted in training was trusted by whoever trained.
        settings = [
            {k: v for k, v in msg[name].items() if k != "trust_remote_code"}
            for name in ("tokenizer_config", "transformer_config")
        ]
        self._hfmodel = HFObjects(None, None, None, *settings)
        if "weights" not in msg:
            return self
        if msg.get("sha256") not in (None, _digest(msg)):
            raise ValueError("its SHA-256 is not that of what was saved")
        config, tokenizer = load_pretrained(msg["tokenizer"], msg["config"])
        # The only setting that the saved configuration does not keep. With other characters it
        # would name code to download.
        attention = settings[1].get("attn_implementation")
        if attention is not None and not str(attention).isidentifier():
            raise ValueError(f"attn_implementation = {attention!r}")
        transformer = AutoModel.from_config(
            config,
            torch_dtype=torch.float32,
            trust_remote_code=False,
            **({} if attention is None else {"attn_implementation": attention}),
        )
        self.set_network(tokenizer, transformer)
        weights_from_bytes(self._model, msg["weights"])
        return self


def _digest(msg: dict[str, Any]) -> str:
    tokenizer = [part for name, data in sorted(msg["tokenizer"].items()) for part in (name, data)]
    parts = [*tokenizer, msg["config"], msg["weights"]]
    return digest_of(part.encode() if isinstance(part, str) else part for part in parts)


def _max_wordpieces(tokenizer: Any, transformer: Any) -> int:
    """The most wordpieces that a model reads at once, special tokens included."""
    limits = [tokenizer.model_max_length]
    if getattr(transformer.config, "max_position_embeddings", -1) > 0:
        limits.append(transformer.config.max_position_embeddings)
    for name, module in transformer.named_modules():
        if name.endswith("position_embeddings") and isinstance(module, nn.Embedding):
            # RoBERTa's positions begin after that of padding.
            unused = 0 if module.padding_idx is None else module.padding_idx + 1
            limits.append(module.num_embeddings - unused)
    return min(limits)


def _convert_inputs(model: Model, rows: Rows, is_train: bool) -> tuple[ArgsKwargs, Callable]:
    shim = cast(EncoderShim, model.shims[0])
    batches, order = micro_batches(
        rows.starts,
        rows.lengths,
        shim.max_batch_wordpieces,
        shim.max_wordpieces,
        mixed=shim.network(is_train).mixed,
    )
    ids, cases, positions = (
        None if array is None else to_device(torch.from_numpy(array), shim.device)
        for array in (rows.ids, rows.cases, order)
    )
    return ArgsKwargs(args=(ids, cases, batches, positions), kwargs={}), lambda _: []
