"""Predictions for sentences that a pipeline was not trained on: k-fold cross-validation.

A pipeline that was trained on an error has learned it, so it cannot find it. The corpus is divided
into folds; for each of them a pipeline is trained on the others, with the settings of the pipeline
that one has.
"""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from spacy import util
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.training.initialize import init_nlp
from spacy.training.loop import train
from thinc.api import Config

from ..errors import settings_error


def fold_of(n_docs: int, folds: int) -> list[int]:
    """Deal documents out to folds, in turn: neighbours are often alike.

    n_docs (int): How many documents there are.
    folds (int): How many folds.
    RETURNS (list[int]): The fold of each document, from 0.
    """
    return [i % folds for i in range(n_docs)]


def train_folds(
    nlp: Language, docs: Sequence[Doc], folds: int, gpu_id: int = -1
) -> Iterator[tuple[Language, list[Doc]]]:
    """Train a pipeline without each fold.

    nlp (Language): The pipeline whose settings and labels are taken. Its weights are not.
    docs (Sequence[Doc]): The annotated corpus, at least as many documents as folds.
    folds (int): How many folds.
    gpu_id (int): The GPU, or -1 for the CPU.
    YIELDS (tuple[Language, list[Doc]]): The pipeline, and the fold that it has not seen.
    RAISES: ConfigValidationError (a ValueError): There are too few documents, or the pipeline has
        no settings to train with.
    """
    if not 2 <= folds <= len(docs):
        raise settings_error(
            f"--folds {folds}: the corpus has {len(docs)} documents, so give a number from 2 to "
            f"{len(docs)}. A corpus of one document can be divided with 'python -m spacy seqtag "
            "convert --docs-by sentence'"
        )
    for fold in range(folds):
        dealt = list(zip(docs, fold_of(len(docs), folds)))
        held_out = [doc for doc, own in dealt if own == fold]
        rest = [doc for doc, own in dealt if own != fold]
        with TemporaryDirectory() as folder:
            yield _train(nlp, rest, Path(folder), gpu_id), held_out


def _train(nlp: Language, docs: Sequence[Doc], folder: Path, gpu_id: int) -> Language:
    """Train a pipeline with the settings of another one, and load it as it is in the end.

    The score on the development corpus chooses nothing: that would let the pipeline look at what
    it is to judge.
    """
    corpus = folder / "train.spacy"
    DocBin(docs=docs, store_user_data=True).to_disk(corpus)
    output = folder / "output"
    output.mkdir()
    trained = init_nlp(_config(nlp, corpus), use_gpu=gpu_id)
    train(trained, output, use_gpu=gpu_id, stdout=sys.stderr, stderr=sys.stderr)
    return util.load_model(output / "model-last")


def _config(nlp: Language, corpus: Path) -> Config:
    """Write the config of a training run on another corpus."""
    config = nlp.config.copy()
    training = config["training"]
    if not config.get("corpora") or not training.get("train_corpus"):
        raise settings_error(
            "the pipeline's config has no [corpora] and no [training] to train folds with; give "
            "one that `spacy train` made"
        )
    # One document is enough to keep the loop going.
    for name, limit in ((training["train_corpus"], 0), (training["dev_corpus"], 1)):
        section, _, key = name.partition(".")
        reader: dict[str, Any] = config[section][key]  # whatever reader the pipeline has
        reader.update({"path": str(corpus), "limit": limit})
    training["patience"] = 0
    # A fold may lack a rare label.
    for name, component in nlp.pipeline:
        label_data = getattr(component, "label_data", None)
        if label_data:
            config["initialize"]["components"].setdefault(name, {})["labels"] = label_data
    return config
