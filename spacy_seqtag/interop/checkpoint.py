"""A model of transformers for token classification: loaded, and checked to be whole.

Code that a checkpoint brings is never run.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import torch
from huggingface_hub import ModelCardData
from huggingface_hub.repocard import metadata_load
from torch import nn
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForTokenClassification,
    AutoTokenizer,
)
from transformers.configuration_utils import PretrainedConfig
from transformers.modeling_utils import PreTrainedModel
from transformers.tokenization_utils_base import PreTrainedTokenizerBase
from transformers.utils import logging

from ..errors import first_line, printable
from ..models.pretrained import find_model

ENCODERS = {
    "bert": "BERT",
    "camembert": "CamemBERT",
    "deberta-v2": "DeBERTa v2 and v3",
    "distilbert": "DistilBERT",
    "electra": "ELECTRA",
    "roberta": "RoBERTa",
    "xlm-roberta": "XLM-R",
}
"""The encoders that are converted, by the `model_type` of their configuration. For each of them a
test compares probabilities in both directions."""

_TASK = "ForTokenClassification"


class Checkpoint(NamedTuple):
    """A model for token classification.

    name (str): As it was given: a folder, an installed package, or a hub name.
    model (PreTrainedModel): The model, in float32.
    tokenizer (PreTrainedTokenizerBase): Its tokenizer, a fast one.
    labels (list[str]): The names of its outputs, in order.
    card (ModelCardData): What the head of its model card says.
    """

    name: str
    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    labels: list[str]
    card: ModelCardData


def load_checkpoint(name: str) -> Checkpoint:
    """Load a model for token classification.

    name (str): The folder of a saved model, an installed package that carries one, or a hub name.
    RETURNS (Checkpoint): The model.
    RAISES: ValueError: It cannot be found or read, is damaged, is for something else, or has an
        encoder or a tokenizer that cannot be converted.
    """
    with _quiet():
        source = find_model(name, f"{name}: ")
        config = AutoConfig.from_pretrained(source, trust_remote_code=False)
        _check_kind(name, config)
        model = _load_model(name, source, config)
        tokenizer = _load_tokenizer(name, source, model)
    id2label = config.id2label
    labels = [str(id2label[i]) for i in sorted(id2label)]
    if len(labels) != classifier_of(name, model).out_features:
        n_outputs = classifier_of(name, model).out_features
        raise ValueError(
            f"{name}: its config.json names {len(labels)} labels, and its classifier has "
            f"{n_outputs} outputs. Correct id2label there"
        )
    return Checkpoint(name, model, tokenizer, labels, _read_card(source))


def classifier_of(name: str, model: PreTrainedModel) -> nn.Linear:
    """Return the linear layer that is all that a model has on top of its encoder.

    RAISES: ValueError: It has another head.
    """
    classifier = getattr(model, "classifier", None)
    if not isinstance(classifier, nn.Linear) or classifier.in_features != model.config.hidden_size:
        raise ValueError(
            f"{name}: its head is not a linear layer over the encoder's vectors, which is the only "
            "kind that can be converted. Train a head on its encoder"
        )
    return classifier


def encoder_of(model: PreTrainedModel) -> PreTrainedModel:
    """Make the encoder of a model for token classification, as `AutoModel` loads it.

    model (PreTrainedModel): One of `ENCODERS`, with a head.
    RETURNS (PreTrainedModel): The encoder with the same weights. A pooler that the model has none
        of, and that nobody reads, has random ones, always the same.
    """
    config = type(model.config).from_dict(model.config.to_dict())
    config.num_labels = 2  # names no labels
    config.architectures = None
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        encoder: PreTrainedModel = AutoModel.from_config(  # type: ignore[no-untyped-call]
            config, torch_dtype=torch.float32, trust_remote_code=False
        )
    copy_weights(model.base_model, encoder)
    return encoder.eval()


def copy_weights(source: nn.Module, target: nn.Module) -> None:
    """Copy the weights of an encoder to another one of its kind, with or without a pooler.

    source, target (nn.Module): Encoders.
    RAISES: RuntimeError: They are not of one kind.
    """
    own = target.state_dict()
    weights = {key: value for key, value in source.state_dict().items() if key in own}
    missing = [key for key in own if key not in weights and not key.startswith("pooler.")]
    if missing:
        raise RuntimeError(f"no weights for {', '.join(missing)}")
    target.load_state_dict(weights, strict=False)


@contextmanager
def _quiet() -> Iterator[None]:
    """Let transformers print nothing: what it warns of is checked here."""
    before = logging.get_verbosity()
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        logging.set_verbosity(before)


def _check_kind(name: str, config: PretrainedConfig) -> None:
    """Check what kind of model it is.

    RAISES: ValueError: For another task, or with an encoder that cannot be converted.
    """
    kinds = config.architectures or []
    if kinds and not any(kind.endswith(_TASK) for kind in kinds):
        raise ValueError(
            f"{name}: it is a {printable(kinds[0])}, and has no head for token classification "
            f"(…{_TASK}). Give such a model, or train a head on this one: python -m spacy seqtag "
            f"init-config --base-model {name}"
        )
    if config.model_type not in ENCODERS:
        raise ValueError(
            f"{name}: its encoder is of the type {printable(str(config.model_type))}. What can be "
            f"converted: {', '.join(ENCODERS.values())}"
        )


def _load_model(name: str, source: str, config: PretrainedConfig) -> PreTrainedModel:
    """Load the weights.

    RAISES: ValueError: They are damaged, or not all there.
    """
    try:
        model, found = AutoModelForTokenClassification.from_pretrained(
            source,
            config=config,
            torch_dtype=torch.float32,
            output_loading_info=True,
            trust_remote_code=False,
        )
    except Exception as err:  # readers of several formats, each with errors of its own
        raise ValueError(
            f"{name}: its weights cannot be read ({first_line(err)}). Fetch the model again"
        ) from err
    missing = sorted(found["missing_keys"])
    if any(key.startswith("classifier.") for key in missing):
        raise ValueError(
            f"{name}: it has the weights of an encoder, but no head for token classification. "
            f"Train one: python -m spacy seqtag init-config --base-model {name}"
        )
    if missing:
        raise ValueError(f"{name}: it has no weights {printable(missing[0])}. Fetch it again")
    for key, weights in model.named_parameters():
        if not bool(torch.isfinite(weights).all()):
            raise ValueError(f"{name}: its weights {key} are not finite. Fetch the model again")
    result: PreTrainedModel = model.eval()
    classifier_of(name, result)
    return result


def _load_tokenizer(name: str, source: str, model: PreTrainedModel) -> PreTrainedTokenizerBase:
    """Load the tokenizer.

    RAISES: ValueError: There is none, or no fast one, or it has wordpieces that the encoder has
        not.
    """
    save = "transformers.AutoTokenizer.from_pretrained(…).save_pretrained(…)"
    try:
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(  # type: ignore[no-untyped-call]
            source, use_fast=True, trust_remote_code=False
        )
    except Exception as err:  # each kind of tokenizer misses its files in its own way
        raise ValueError(
            f"{name}: it has no tokenizer that can be read ({first_line(err)}). Save the one that "
            f"it was trained with in its folder: {save}"
        ) from err
    if not tokenizer.is_fast:
        raise ValueError(
            f"{name}: its {type(tokenizer).__name__} is a slow tokenizer, and only fast ones tell "
            "which wordpieces a word has. Convert it with transformers.convert_slow_tokenizer, and "
            "save it as tokenizer.json in the model's folder"
        )
    n_pieces = len(model.get_input_embeddings().weight)  # type: ignore[arg-type]
    if max(tokenizer.get_vocab().values()) >= n_pieces:
        raise ValueError(
            f"{name}: its tokenizer has {len(tokenizer)} wordpieces, and its encoder {n_pieces}. "
            f"Save the tokenizer that it was trained with in its folder: {save}"
        )
    return tokenizer


def _read_card(source: str) -> ModelCardData:
    """Read the head of a model card, as far as there is one."""
    try:
        found = metadata_load(Path(source) / "README.md")
        return ModelCardData(**(found or {}), ignore_metadata_errors=True)
    except Exception:  # what people write there is for reading, not for us to complain of
        return ModelCardData()


def languages_of(card: ModelCardData) -> Sequence[str]:
    """Return the language codes that a card names."""
    found = card.language
    return [found] if isinstance(found, str) else [str(code) for code in found or ()]
