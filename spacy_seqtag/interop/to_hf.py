"""A component of a pipeline as a model of transformers for token classification."""

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from spacy.language import Language
from spacy.tokens import Doc
from transformers import AutoModelForTokenClassification
from transformers.modeling_utils import PreTrainedModel
from transformers.tokenization_utils_base import PreTrainedTokenizerBase

from ..arrays import Floats
from ..files import check_replaceable, naming, new_folder, terminable
from ..loading import load_pipeline
from ..models.network.encoder import EncoderNetwork
from ..models.saved_encoder import config_to_json, load_config_and_tokenizer, tokenizer_to_bytes
from ..schemes.calibration import temper
from ..training.save_aside import replace_folder
from .card import write_card
from .checkpoint import classifier_of, copy_weights
from .exportable import Exportable, find_exportable
from .reference import SAMPLE, TOLERANCE, far_apart, word_probabilities


class Exported(NamedTuple):
    """What a component became.

    component (str): Its name.
    labels (list[str]): The labels of the model, in order.
    temperature (float): What its logits were divided by: that of the calibrated component.
    curved (bool): Whether confidences of spans have a curve besides, which no model has.
    off (float): How far the probabilities of some words are apart at most.
    """

    component: str
    labels: list[str]
    temperature: float
    curved: bool
    off: float


def to_hf(
    pipeline: str, output: Path, *, component: str | None = None, force: bool = False
) -> Exported:
    """Write a component of a pipeline, with its encoder, as a model of transformers.

    pipeline (str): The pipeline: a package name or a folder.
    output (Path): The folder for the model, its tokenizer and its card. It appears when it is
        complete.
    component (str | None): The component; None for the only one that has an equal there.
    force (bool): Replace a model that is there.
    RETURNS (Exported): What it became.
    RAISES: ValueError: It has no equal there; the message says why, and what to train instead.
    RAISES: OSError: The pipeline is not found, or the output cannot be written.
    """
    check_replaceable(output, "model", ("config.json", "model.safetensors"), force=force)
    nlp = load_pipeline(pipeline)
    found = find_exportable(nlp, component)
    model, tokenizer = build_model(found)
    off = _compare(nlp, found, model, tokenizer)
    card = write_card(nlp, found, output.name)

    def write(folder: Path) -> None:
        model.save_pretrained(folder, safe_serialization=True)
        tokenizer.save_pretrained(folder)
        (folder / "README.md").write_text(card, encoding="utf8")

    with terminable(), new_folder(output.parent, output), naming(output):
        replace_folder(output, write)
    return Exported(
        found.tagger.name,
        list(found.tagger.classes),
        found.tagger.temperature(),
        bool(found.tagger.curved) and found.tagger.curve != (1.0, 1.0, 0.0),
        off,
    )


def build_model(found: Exportable) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Build a model for token classification of an encoder and the component that reads it.

    found (Exportable): Both.
    RETURNS: The model in float32, and its tokenizer.
    """
    network = found.encoder.shim.module
    assert isinstance(network, EncoderNetwork)
    # As in a saved pipeline: without what says where it came from, or names code.
    config, tokenizer = load_config_and_tokenizer(
        config_to_json(network.transformer.config), tokenizer_to_bytes(found.encoder.tokenizer)
    )
    classes = list(found.tagger.classes)
    config = copy.deepcopy(config)
    config.id2label = dict(enumerate(classes))
    config.label2id = {label: i for i, label in enumerate(classes)}
    model: PreTrainedModel = AutoModelForTokenClassification.from_config(  # type: ignore[no-untyped-call]
        config, torch_dtype=torch.float32, trust_remote_code=False
    )
    copy_weights(network.transformer, model.base_model)
    classifier = classifier_of(found.tagger.name, model)
    output = found.tagger.model.get_ref("output_layer")
    T = found.tagger.temperature()
    state = {
        name: torch.from_numpy(np.array(output.ops.to_numpy(output.get_param(key)) / T, dtype="f"))  # type: ignore[no-untyped-call]
        for name, key in (("weight", "W"), ("bias", "b"))
    }
    classifier.load_state_dict(state)
    tokenizer.model_max_length = found.encoder.shim.max_wordpieces
    return model.eval(), tokenizer


def _compare(
    nlp: Language, found: Exportable, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase
) -> float:
    """Compare what the pipeline and the model say of some words, in float32.

    RETURNS (float): How far probabilities are apart at most.
    RAISES: ValueError: Further than they may be.
    """
    found.encoder.shim.precision = "float32"
    expected = _probabilities(nlp, found, SAMPLE)
    split = found.encoder.shim.word_tokenizer.word_by_word
    off = far_apart(expected, word_probabilities(model, tokenizer, SAMPLE, split=split))
    if not off < TOLERANCE:
        raise ValueError(
            f"The component {found.tagger.name!r} has no equal in transformers: the probabilities "
            f"of some words are off by {off:.2g}. Train it with spacy_seqtag.SoftmaxTagger.v1 on a "
            "transformer of spacy_seqtag.TransformerModel.v1"
        )
    return off


def _probabilities(nlp: Language, found: Exportable, words: Sequence[str]) -> Floats:
    """Compute the calibrated probabilities of the words of one sentence: (words, classes)."""
    doc = Doc(nlp.vocab, words=list(words))
    if found.upstream != found.tagger.name:
        doc = nlp.get_pipe(found.upstream)(doc)
    (probs,) = found.tagger.predict([doc])
    return temper(probs, found.tagger.temperature())
