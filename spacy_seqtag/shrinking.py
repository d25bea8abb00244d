"""Shrinking a pipeline: an encoder with fewer layers, which learns from the whole one.

What is taken out is in `models/network/layers`. What is left learns from raw text alone: the
probabilities that the whole pipeline gives to every word (`distil`), and the vectors of its words
(`pipeline/encoder_teacher`). It is a training run like any other, and goes on like one.
"""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from spacy import util
from spacy.language import Language
from spacy.pipeline import SentenceRecognizer
from thinc.api import Config

from .corpus.formats.lines import Progress
from .corpus.reader import create_corpus
from .distil.annotate import distil
from .errors import Whole, check_settings, printable, settings_error
from .files import check_replaceable, new_folder
from .loading import PIPELINE_FILES, load_pipeline
from .models.encoder import Encoder, encoder_settings, find_encoders
from .models.network.layers import spread_layers
from .models.spacy_transformers import Transformer
from .passes import Pass, measure_pass
from .pipeline.base import Tagger
from .stages import Stages, not_shown
from .training.config import TASKS, Choices, Start, render
from .training.further import Trained, kept_settings
from .training.resume import train_resumable
from .training.save_aside import save_pipeline

STEPS = 3_000
"""Batches of 400 words, after which more of them add little."""

_RATE = 1e-4

_TEACHER = "encoder_teacher"
# Docs that training evaluates on where no corpus is given, so that it has something to show.
_SHOWN = 20


class Work(NamedTuple):
    """Where a run keeps what it needs until its pipeline is saved.

    folder (Path): Beside the output.
    """

    folder: Path

    @classmethod
    def beside(cls, output: Path) -> "Work":
        """Name the folder for an output."""
        return cls(output.with_name(f"{output.name}.shrinking"))

    @property
    def soft(self) -> Path:
        """The raw text with what the whole pipeline thinks of it."""
        return self.folder / "soft.spacy"

    @property
    def training(self) -> Path:
        """The output folder of the training run."""
        return self.folder / "training"


class Shrinking:
    """The steps in which a saved pipeline is shrunk: `annotate`, `train`, `measure`.

    model (str): The pipeline: a package name or a folder.
    raw (Path): Raw text to learn from, as `distil` reads it.
    output (Path): The folder for the new pipeline. It appears when it is complete; until then the
        folder `output.shrinking` beside it has what is done.
    layers (int | Sequence[int]): How many layers stay, spread over the encoder's depth; or which
        ones, by their numbers from 0.
    dev (Path | None): An annotated corpus in .spacy format, to measure on what is lost.
    steps (int): Training steps.
    seed (int): Of training.
    resume (bool): Go on with a run that was interrupted.
    force (bool): Replace a pipeline that is there, which may be `model` itself; and begin anew.
    RAISES: ValueError: A pipeline without an encoder that can lose layers, or with a component that
        cannot learn from soft labels; no such layers; a run to go on with that is not there;
        something is at `output`. OSError: The pipeline is not found.
    """

    def __init__(
        self,
        model: str,
        raw: Path,
        output: Path,
        layers: int | Sequence[int],
        *,
        dev: Path | None = None,
        steps: int = STEPS,
        seed: int = 0,
        resume: bool = False,
        force: bool = False,
    ) -> None:
        check_settings("shrink:", steps=(steps, Whole(1)), seed=(seed, Whole(0)))
        check_replaceable(output, "pipeline", PIPELINE_FILES, force=force)
        self.raw = raw
        self.output = output
        self.dev = dev
        self.resume = resume
        self.work = Work.beside(output)
        _check_work(self.work, resume=resume, force=force)
        self._reader = None if dev is None else create_corpus(dev)
        self.whole = Trained(model, load_pipeline(model))
        self.of = _count_layers(model, find_encoders(self.whole.nlp))
        self.layers = _choose(layers, self.of)
        self.config = _config(self, steps=steps, seed=seed)

    def annotate(self, progress: Progress | None = None) -> None:
        """Have the whole pipeline annotate the raw text; done already where a run goes on.

        progress (Progress | None): Called with the number of bytes that were read.
        RAISES: ValueError: Raw text that cannot be read, or none. OSError: It cannot be written.
        """
        if not (self.resume and self.work.soft.exists()):
            with new_folder(self.work.folder, self.output):
                distil([self.whole.path], self.raw, self.work.soft, progress=progress)

    def train(self, use_gpu: int = -1) -> Language:
        """Train what is left, and save it.

        use_gpu (int): The GPU, which must be set up, or -1 for the CPU.
        RETURNS (Language): The new pipeline.
        RAISES: ConfigValidationError (a ValueError): A run that goes on began with other settings.
            OSError: The output cannot be written.
        """
        folder = self.work.training
        resume = self.resume and folder.exists()
        train_resumable(self.config, folder, use_gpu=use_gpu, resume=resume)
        nlp = self._trained()
        save_pipeline(nlp, self.output)
        shutil.rmtree(self.work.folder)
        return nlp

    def measure(self, nlp: Language, stages: Stages = not_shown) -> dict[int, Pass]:
        """Annotate the dev corpus with both pipelines.

        nlp (Language): The new pipeline.
        stages (Stages): Is told what is being done.
        RETURNS (dict[int, Pass]): By number of layers: the whole pipeline, and the new one. Empty
            without a dev corpus.
        """
        found: dict[int, Pass] = {}
        if self._reader is not None:
            for n, each in ((self.of, self.whole.nlp), (len(self.layers), nlp)):
                examples = list(self._reader(each))
                found[n] = measure_pass(each, examples, f"Annotate with {n} layers", stages)
        return found

    def _trained(self) -> Language:
        """Load what was trained, with a config that would train such a pipeline from nothing."""
        nlp = util.load_model(self.work.training / "model-last", exclude=[_TEACHER])
        for name in ("paths", "system", "corpora", "training", "initialize"):
            nlp.config[name] = self.whole.nlp.config[name]
        for name in find_encoders(nlp):
            for settings in encoder_settings(nlp.get_pipe_config(name)):
                settings["transformer_config"] |= {"num_hidden_layers": len(self.layers)}
        if self.dev is None:  # it was scored on some of what it learned
            nlp.meta["performance"] = {}
        return nlp


def describe_rest(output: Path) -> str:
    """Say what there is to go on with, of a run that was interrupted just now.

    output (Path): Where its pipeline was to be.
    RETURNS (str): A sentence.
    """
    work = Work.beside(output)
    if not work.soft.exists():
        return "Nothing was saved yet"
    return f"What is done is in {work.folder}: the same command goes on with --resume"


def _check_work(work: Work, *, resume: bool, force: bool) -> None:
    """Check that there is a run to go on with, or none in the way.

    RAISES: ConfigValidationError (a ValueError): It is otherwise.
    """
    if resume and not work.soft.exists():
        raise settings_error(
            f"--resume: there is no {work.soft}, so nothing to go on with. Leave --resume out"
        )
    if not resume and work.folder.exists():
        if not force:
            raise settings_error(
                f"{work.folder}: an interrupted run left this. Go on with it by --resume, or begin "
                "anew with --overwrite"
            )
        shutil.rmtree(work.folder)


def _count_layers(model: str, encoders: Mapping[str, Encoder]) -> int:
    """Count the layers of a pipeline's encoders.

    RAISES: ConfigValidationError (a ValueError): There is none of this package, or several of
        different depths.
    """
    depths = {name: encoder.shim.n_layers for name, encoder in encoders.items()}
    shown = printable(model, limit=None)
    if not depths:
        raise settings_error(
            f"{shown}: no component of the pipeline has an encoder of spacy_seqtag. Give one with "
            "spacy_seqtag.TransformerModel.v1"
        )
    if len(set(depths.values())) > 1:
        said = ", ".join(f"{name} {n}" for name, n in depths.items())
        raise settings_error(
            f"{shown}: its encoders have different numbers of layers ({said}). Shrink pipelines of "
            "one encoder, and put them together"
        )
    return next(iter(depths.values()))


def _choose(layers: int | Sequence[int], of: int) -> list[int]:
    """Choose the layers that stay.

    RAISES: ConfigValidationError (a ValueError): There are no such, or it would be all of them.
    """
    if isinstance(layers, int):
        if not 1 <= layers < of:
            raise settings_error(
                f"--layers {layers}: the encoder has {of}; give a number from 1 to {of - 1}"
            )
        return spread_layers(of, layers)
    kept = list(layers)
    if kept != sorted(set(kept)) or not 1 <= len(kept) < of or not 0 <= kept[0] <= kept[-1] < of:
        raise settings_error(
            f"--keep {','.join(map(str, kept))}: the encoder has {of} layers; give some of their "
            f"numbers, from 0 to {of - 1}, in rising order"
        )
    return kept


def _start(trained: Trained) -> Start:
    """Say which components learn: the taggers, what finds sentences, and encoders.

    RAISES: ConfigValidationError (a ValueError): A component on the encoder that cannot learn from
        soft labels.
    """
    nlp = trained.nlp
    listening = {name for own in nlp.component_names for name in trained.listeners(own)}
    learning = []
    for name, pipe in nlp.components:
        learns = isinstance(pipe, Tagger | Transformer | SentenceRecognizer)
        if name in listening and not learns:
            raise settings_error(
                f"{printable(trained.path, limit=None)}: its component {name!r} reads the encoder, "
                "and nothing that raw text gets would teach it to read a smaller one. Remove it "
                "(nlp.remove_pipe), or give it an encoder of its own (nlp.replace_listeners)"
            )
        if learns and (name in listening or not isinstance(pipe, SentenceRecognizer)):
            learning.append(name)
    return Start(
        pipeline=trained.path,
        components=tuple(nlp.component_names),
        further=tuple(learning),
        copies=(),
        new=(),
        annotating=(),
        nlp=kept_settings(nlp),
        other_scores=(),
    )


def _config(run: Shrinking, *, steps: int, seed: int) -> Config:
    """Write the config of the training run.

    RAISES: ConfigValidationError (a ValueError): See `_start`.
    """
    whole = run.whole
    tasks = tuple(task for task in TASKS if whole.component(task))
    choices = Choices(tasks, senter=False, lang=str(whole.nlp.lang), start=_start(whole))
    config = Config().from_str(render(choices, "shrink.cfg"), interpolate=False)
    config["paths"] |= {"train": str(run.work.soft), "dev": str(run.dev or run.work.soft)}
    config["system"]["seed"] = seed
    if run.dev is None:
        config["corpora"]["dev"]["limit"] = _SHOWN
    training = config["training"]
    training["max_steps"] = steps
    training["optimizer"]["head_factor"] = 1.0  # no layer starts from nothing
    training["optimizer"]["learn_rate"]["initial_rate"] = _RATE
    initialize = config["initialize"]
    initialize["before_init"] = {
        "@callbacks": "spacy_seqtag.fewer_layers.v1",
        "pipeline": whole.path,
        "layers": run.layers,
    }
    if whole.encoder is not None:
        config["nlp"]["pipeline"].append(_TEACHER)
        config["components"][_TEACHER] = {"factory": "seqtag_encoder_teacher"}
        initialize["components"][_TEACHER] = {"pipeline": whole.path}
    return config
