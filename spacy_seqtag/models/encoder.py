"""The encoder: a pretrained transformer for spaCy's `transformer` component.

A `TransformerModel` of spacy-transformers (windows of a Doc → wordpieces → vectors, listeners
unchanged) that computes in bfloat16 where the hardware does, and that can see capital letters
even when its vocabulary is uncased.
"""

from collections.abc import Callable
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from spacy.tokens import Doc, Span
from spacy.util import SimpleFrozenDict, registry
from spacy_transformers.align import get_alignment, get_alignment_via_offset_mapping
from spacy_transformers.data_classes import FullTransformerBatch, HFObjects, WordpieceBatch
from spacy_transformers.layers import TransformerModel, split_trf_batch, trfs2arrays
from spacy_transformers.layers._util import replace_listener, replace_listener_cfg
from spacy_transformers.layers.hf_shim import HFShim
from spacy_transformers.layers.transformer_model import (
    huggingface_from_pretrained,
    huggingface_tokenize,
    set_pytorch_transformer,
)
from spacy_transformers.truncate import truncate_oversize_splits
from thinc.api import ArgsKwargs, Model, chain, xp2torch
from thinc.layers.pytorchwrapper import forward as pytorch_forward
from thinc.types import Floats2d, Ragged
from transformers import AutoConfig, AutoModel, AutoTokenizer, PreTrainedModel

from .precision import AutocastShim, check_precision

Spanner = Callable[[list[Doc]], list[list[Span]]]

# How the letters of a word are written; 0 is for wordpieces that belong to no word.
N_CASES = 8
_DIGITS, _NO_LETTERS, _LOWER, _UPPER, _CAPITAL, _TITLE, _MIXED = range(1, N_CASES)


@registry.architectures("spacy_seqtag.TransformerModel.v1")
def build_transformer(
    name: str,
    get_spans: Spanner,
    tokenizer_config: dict[str, Any] = SimpleFrozenDict(),
    transformer_config: dict[str, Any] = SimpleFrozenDict(),
    precision: str = "auto",
    word_case: bool = False,
) -> "Encoder":
    """Build the model of a `transformer` component.

    name (str): Hub name or folder of a pretrained model.
    get_spans (Callable[[List[Doc]], List[List[Span]]]): Cuts Docs into the windows that the
        encoder reads.
    tokenizer_config, transformer_config (Dict[str, Any]): Settings for the tokenizer and the
        model of transformers.
    precision (str): "float32"; "bfloat16" computes matrix products in bfloat16 (autocast), with
        weights and gradients in float32; "auto" takes bfloat16 where the hardware has it.
    word_case (bool): Add to the embedding of each wordpiece a learned vector for how its word is
        written (lower, Title, UPPER, …). It starts at zero, so the encoder starts as it was
        pretrained. An uncased encoder sees no capital letters otherwise, and names need them.

    Raises ConfigValidationError (a ValueError) for an unknown precision.
    """
    return Encoder(name, get_spans, tokenizer_config, transformer_config, precision, word_case)


@registry.architectures("spacy_seqtag.Tok2VecTransformer.v1")
def build_tok2vec_transformer(
    name: str,
    get_spans: Spanner,
    pooling: Model[Ragged, Floats2d],
    grad_factor: float = 1.0,
    tokenizer_config: dict[str, Any] = SimpleFrozenDict(),
    transformer_config: dict[str, Any] = SimpleFrozenDict(),
    precision: str = "auto",
    word_case: bool = False,
) -> Model[list[Doc], list[Floats2d]]:
    """Build an encoder that belongs to one component alone, in the place of a listener; what
    `nlp.replace_listeners` makes of `spacy_seqtag.TransformerModel.v1`.

    The arguments are those of that architecture and of
    `spacy-transformers.TransformerListener.v1`.
    """
    encoder = build_transformer(
        name, get_spans, tokenizer_config, transformer_config, precision, word_case
    )
    # Nested as a listener's layers are, so that what `replace_listeners` made can be loaded.
    return chain(chain(encoder, split_trf_batch()), trfs2arrays(pooling, grad_factor))


def word_cases(doc: Doc) -> NDArray[np.int64]:
    """How each word of a Doc is written, as a number from 1 to 7."""
    return np.fromiter((_case(token.text) for token in doc), dtype=np.int64, count=len(doc))


def _case(word: str) -> int:
    if word.islower():
        return _LOWER
    letters = sum(map(str.isalpha, word))
    if not letters:
        return _DIGITS if any(map(str.isdigit, word)) else _NO_LETTERS
    if word.isupper():
        return _UPPER if letters > 1 else _CAPITAL
    if word[0].isupper() and word[1:].islower():
        return _TITLE
    # Scripts without case count as lower.
    return _MIXED if any(map(str.isupper, word)) else _LOWER


class Encoder(TransformerModel):
    """See :func:`build_transformer`."""

    def __init__(
        self,
        name: str,
        get_spans: Spanner,
        tokenizer_config: dict[str, Any],
        transformer_config: dict[str, Any],
        precision: str,
        word_case: bool,
    ) -> None:
        shim = EncoderShim(
            HFObjects(None, None, None, dict(tokenizer_config), dict(transformer_config)),
            precision=precision,
            word_case=word_case,
        )
        network: Model = Model(
            "hf-pytorch",
            pytorch_forward,
            attrs={"convert_inputs": _convert_inputs, "convert_outputs": _convert_outputs},
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
                "name": name,
                "set_transformer": set_pytorch_transformer,
                "has_transformer": False,
                "replace_listener": replace_listener,
                "replace_listener_cfg": _replace_listener_cfg,
            },
        )

    @property
    def shim(self) -> "EncoderShim":
        return cast(EncoderShim, self.layers[0].shims[0])

    def copy(self) -> "Encoder":
        """A copy with its own weights (and its own `id`)."""
        old = self.shim
        copied = Encoder(
            self.attrs["name"],
            self.attrs["get_spans"],
            self._init_tokenizer_config,
            self._init_transformer_config,
            old.precision,
            old.word_case,
        )
        copied.shim.from_bytes(old.to_bytes())
        copied.attrs["has_transformer"] = self.attrs["has_transformer"]
        if self.has_dim("nO"):
            copied.set_dim("nO", self.get_dim("nO"))
        return copied


class EncoderShim(AutocastShim, HFShim):
    """Holds the tokenizer and the PyTorch encoder, and runs it in the chosen precision."""

    def __init__(self, objects: HFObjects, *, precision: str, word_case: bool) -> None:
        self.precision = check_precision(precision)
        self.word_case = word_case
        super().__init__(objects, model_cls=CasedAutoModel if word_case else AutoModel)


class CasedAutoModel:
    """Makes models as `AutoModel` does, with an embedding of each word's case added to the input
    embeddings; they take `case_ids` (batch, wordpieces) beside `input_ids`."""

    @classmethod
    def from_config(cls, config: Any) -> PreTrainedModel:
        return cls._add_case(AutoModel.from_config(config))

    @classmethod
    def from_pretrained(cls, name: str, **kwargs: Any) -> PreTrainedModel:
        return cls._add_case(AutoModel.from_pretrained(name, **kwargs))

    @staticmethod
    def _add_case(transformer: PreTrainedModel) -> PreTrainedModel:
        width: Any = transformer.get_input_embeddings().embedding_dim
        embedding = torch.nn.Embedding(N_CASES, width)
        torch.nn.init.zeros_(embedding.weight)
        transformer.add_module("case_embedding", embedding)
        transformer.register_forward_pre_hook(_embed_with_case, with_kwargs=True)
        return transformer


def _embed_with_case(
    transformer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    input_ids, case_ids = kwargs.pop("input_ids"), kwargs.pop("case_ids")
    embedded = transformer.get_input_embeddings()(input_ids)
    return args, {"inputs_embeds": embedded + transformer.case_embedding(case_ids), **kwargs}


def _replace_listener_cfg(encoder: dict[str, Any], listener: dict[str, Any]) -> dict[str, Any]:
    result = replace_listener_cfg(encoder, listener)
    if result["@architectures"] == "spacy-transformers.Tok2VecTransformer.v3":
        result["@architectures"] = "spacy_seqtag.Tok2VecTransformer.v1"
    return result


def _init(model: Encoder, X: Any = None, Y: Any = None) -> None:
    if model.attrs["has_transformer"]:
        return
    objects = huggingface_from_pretrained(
        model.attrs["name"],
        model._init_tokenizer_config,
        model._init_transformer_config,
        config_cls=AutoConfig,
        model_cls=model.shim.model_cls,
        tokenizer_cls=AutoTokenizer,
    )
    model.attrs["set_transformer"](model, objects)


def _forward(
    model: Encoder, docs: list[Doc], is_train: bool
) -> tuple[FullTransformerBatch, Callable]:
    nested = model.attrs["get_spans"](docs)
    spans = [span for doc_spans in nested for span in doc_spans]
    wordpieces, align = _tokenize(model.tokenizer, nested, spans)
    wordpieces, align = truncate_oversize_splits(
        wordpieces, align, model.tokenizer.model_max_length
    )
    case_ids = _case_ids(nested, align, wordpieces) if model.shim.word_case else None
    output, backprop_output = model.layers[0]((wordpieces, case_ids), is_train)
    batch = FullTransformerBatch(
        spans=nested, wordpieces=wordpieces, model_output=output, align=align
    )

    def backprop(d_batch: FullTransformerBatch) -> list[Doc]:
        backprop_output(d_batch.model_output)
        return docs

    return batch, backprop


def _tokenize(
    tokenizer: Any, nested: list[list[Span]], spans: list[Span]
) -> tuple[WordpieceBatch, Ragged]:
    """The wordpieces of the windows, and those of each word of the Docs that have windows."""
    if _spaces_matter(tokenizer):
        encoding = huggingface_tokenize(tokenizer, [span.text for span in spans])
        wordpieces = WordpieceBatch.from_batch_encoding(encoding)
        if "offset_mapping" in encoding:
            return wordpieces, get_alignment_via_offset_mapping(spans, encoding["offset_mapping"])
        special = tokenizer.all_special_tokens
        return wordpieces, get_alignment(spans, wordpieces.strings, special)
    # Word by word, so that no wordpiece belongs to two words ("do" and "n't" of "don't").
    encoding = tokenizer(
        [[token.text for token in span] for span in spans],
        is_split_into_words=True,
        return_tensors="np",
        padding="longest",
    )
    encoding["input_texts"] = [encoding.tokens(i) for i in range(len(spans))]
    encoding["pad_token"] = tokenizer.pad_token
    firsts, n_words = [], 0  # number of each window's first word in the batch
    for doc_spans in nested:
        firsts += [n_words + span.start for span in doc_spans]
        n_words += len(doc_spans[0].doc) if doc_spans else 0
    word_of = np.asarray(
        [
            -1 if word is None else first + word
            for i, first in enumerate(firsts)
            for word in encoding.word_ids(i)
        ],
        dtype=np.int64,
    )
    order = np.argsort(word_of, kind="stable")
    flat = order[np.searchsorted(word_of[order], 0) :]
    lengths = np.bincount(word_of[flat], minlength=n_words)
    align: Any = (flat.astype("i"), lengths.astype("i"))
    return WordpieceBatch.from_batch_encoding(encoding), Ragged(*align)


def _spaces_matter(tokenizer: Any) -> bool:
    """Whether the wordpieces of a word depend on the space before it, as in byte-level BPE."""
    if not tokenizer.is_fast:
        return True
    return type(tokenizer.backend_tokenizer.pre_tokenizer).__name__ != "BertPreTokenizer"


def _case_ids(
    nested: list[list[Span]], align: Ragged, wordpieces: WordpieceBatch
) -> NDArray[np.int64]:
    """The case of the word that each wordpiece belongs to: (windows, wordpieces)."""
    cases = [word_cases(doc_spans[0].doc) for doc_spans in nested if doc_spans]
    result = np.zeros(np.asarray(wordpieces.input_ids).size, dtype=np.int64)
    pieces, lengths = np.asarray(align.dataXd).ravel(), np.asarray(align.lengths)
    result[pieces] = np.repeat(np.concatenate(cases), lengths)
    return result.reshape(np.asarray(wordpieces.input_ids).shape)


def _convert_inputs(
    model: Model, inputs: tuple[WordpieceBatch, NDArray[np.int64] | None], is_train: bool
) -> tuple[ArgsKwargs, Callable]:
    wordpieces, case_ids = inputs
    shim: Any = model.shims[0]
    kwargs = {
        "input_ids": xp2torch(wordpieces.input_ids, device=shim.device),
        "attention_mask": xp2torch(wordpieces.attention_mask, device=shim.device),
    }
    if wordpieces.token_type_ids is not None:
        kwargs["token_type_ids"] = xp2torch(wordpieces.token_type_ids, device=shim.device)
    if case_ids is not None:
        kwargs["case_ids"] = torch.from_numpy(case_ids).to(shim.device)
    return ArgsKwargs(args=(), kwargs=kwargs), lambda _: []


def _convert_outputs(
    model: Model, inputs_outputs: tuple[Any, Any], is_train: bool
) -> tuple[Any, Callable]:
    _, output = inputs_outputs

    def backprop(d_output: Any) -> ArgsKwargs:
        gradients = {"grad_tensors": d_output.values()}
        return ArgsKwargs(args=(output.last_hidden_state,), kwargs=gradients)

    return output, backprop
