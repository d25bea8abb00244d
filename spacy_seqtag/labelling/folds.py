"""Predictions for sentences that a pipeline was not trained on: k-fold cross-validation.

A pipeline that was trained on an error has learned it, so it cannot find it. The corpus is divided
into folds; for each of them a pipeline is trained on the others, with the settings of the pipeline
that one has.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from spacy import util
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.training.initialize import init_nlp
from spacy.training.loop import train
from thinc.api import Config

from ..corpus.plural import counted
from ..errors import settings_error
from ..schemes.inventory import FrameInventory

# Settings of `spacy_seqtag.Corpus.v1` that take a part of the corpus, or more than it, or that the
# Docs follow already.
_WHOLE = {
    "subset": 1.0,
    "subset_limit": 0,
    "soft": None,
    "soft_weight": 1.0,
    "gold_share": 0.0,
    "entity_labels": None,
}

# A logger that reports elsewhere would report every fold.
_LOGGER = {
    "@loggers": "spacy.ConsoleLogger.v3",
    "console_output": False,
    "output_file": None,
}


def fold_of(n_docs: int, folds: int) -> list[int]:
    """Deal documents out to folds, in turn: neighbours are often alike.

    n_docs (int): How many documents there are.
    folds (int): How many folds.
    RETURNS (list[int]): The fold of each document, from 0.
    """
    return [i % folds for i in range(n_docs)]


def train_folds(
    nlp: Language, config: Config, docs: Sequence[Doc], folds: int, gpu_id: int = -1
) -> Iterator[tuple[Language, list[Doc]]]:
    """Train a pipeline without each fold.

    nlp (Language): The pipeline whose labels are taken, as a fold may lack a rare one. Its weights
        are not.
    config (Config): The settings: those of the pipeline, or others.
    docs (Sequence[Doc]): The annotated corpus, at least as many documents as folds.
    folds (int): How many folds.
    gpu_id (int): The GPU, or -1 for the CPU.
    YIELDS (tuple[Language, list[Doc]]): The pipeline, and the fold that it has not seen.
    RAISES: ConfigValidationError (a ValueError): There are too few documents, or settings that no
        fold can be trained with.
    """
    if not 2 <= folds <= len(docs):
        fix = f"give a number from 2 to {len(docs)}" if len(docs) > 1 else "that is too few"
        raise settings_error(
            f"--folds {folds}: the corpus has {counted(len(docs), '<document|documents>')}, {fix}. "
            "A corpus of few documents can be divided with 'python -m spacy seqtag convert "
            "--docs-by sentence'"
        )
    _check(config)
    for fold in range(folds):
        dealt = list(zip(docs, fold_of(len(docs), folds)))
        held_out = [doc for doc, own in dealt if own == fold]
        rest = [doc for doc, own in dealt if own != fold]
        with TemporaryDirectory() as folder:
            yield _train(nlp, config, rest, Path(folder), gpu_id), held_out


def _check(config: Config) -> None:
    """Check that a pipeline can be trained from nothing with these settings.

    RAISES: ConfigValidationError (a ValueError): It cannot.
    """
    training = config.get("training", {})
    names = [training.get("train_corpus"), training.get("dev_corpus")]
    readers = [name and _reader(config, name) for name in names]
    if not all(readers):
        raise settings_error(
            "--folds: the settings have no corpora with a path to train on. Give those that "
            "`spacy train` was run with as --config my.cfg"
        )
    frozen = training.get("frozen_components") or []
    sources = {name for name, part in config["components"].items() if "source" in part}
    if nothing := [name for name in frozen if name not in sources]:
        raise settings_error(
            f"--folds: [training] frozen_components = {nothing}: folds begin without weights, so "
            "what is frozen would learn nothing. Give settings with an empty list as --config"
        )


def _reader(config: Config, name: str) -> dict[str, Any] | None:
    """Return the settings of a corpus, to be changed; None if it has no path.

    name (str): Such as `corpora.train`.
    """
    part: Any = config  # whatever reader it is
    for key in name.split("."):
        part = part.get(key) if isinstance(part, dict) else None
    return part if isinstance(part, dict) and "path" in part else None


def _train(
    nlp: Language, config: Config, docs: Sequence[Doc], folder: Path, gpu_id: int
) -> Language:
    """Train a pipeline, and load it as it is in the end.

    The score on the development corpus chooses nothing: that would let the pipeline look at what
    it is to judge.
    """
    corpus = folder / "train.spacy"
    DocBin(docs=docs, store_user_data=True).to_disk(corpus)
    output = folder / "output"
    output.mkdir()
    trained = init_nlp(with_corpus(config, nlp, corpus), use_gpu=gpu_id)
    for name, pipe in _same_components(nlp, config):
        # Saved with the pipeline, so that the files of the inventory need not be there any more.
        if isinstance(frames := getattr(pipe, "frames", None), FrameInventory):
            with_it: Any = trained.get_pipe(name)  # a SemanticRoleLabeller, as `pipe` is
            with_it.set_frames(frames)
    train(trained, output, use_gpu=gpu_id, stdout=sys.stderr, stderr=sys.stderr)
    return util.load_model(output / "model-last")


def with_corpus(settings: Config, nlp: Language, corpus: Path) -> Config:
    """Write the config of a training run on another corpus.

    settings (Config): What is trained, and how.
    nlp (Language): The labels of its components are taken. Their inventories of frames are for the
        caller to take: where there is one, none is read.
    corpus (Path): The corpus, all of it and nothing else.
    """
    config = settings.copy()
    training = config["training"]
    # One document to evaluate on is enough to keep the loop going. Both may be the same reader, so
    # what is trained on has the last word.
    for name, limit in ((training["dev_corpus"], 1), (training["train_corpus"], 0)):
        reader = _reader(config, name)
        if reader is None:
            continue
        whole = {**_WHOLE, "limit": limit}
        reader.update({key: value for key, value in whole.items() if key in reader})
        reader["path"] = str(corpus)
    training["patience"] = 0
    # A bar for each fold, in a terminal.
    training["logger"] = {**_LOGGER, "progress_bar": "train" if sys.stderr.isatty() else None}
    for name, pipe in _same_components(nlp, config):
        starts = config["initialize"]["components"]
        if label_data := getattr(pipe, "label_data", None):
            starts.setdefault(name, {})["labels"] = label_data
        if getattr(pipe, "frames", None) is not None:
            starts.get(name, {}).pop("frames", None)
    return config


def _same_components(nlp: Language, config: Config) -> Iterator[tuple[str, Callable[[Doc], Doc]]]:
    """Find the components of a pipeline that a config makes in the same way."""
    for name, pipe in nlp.pipeline:
        if config["components"].get(name, {}).get("factory") == nlp.get_pipe_meta(name).factory:
            yield name, pipe
