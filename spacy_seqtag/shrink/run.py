"""The steps in which a pipeline is shrunk."""

from collections.abc import Sequence
from pathlib import Path

from spacy import util
from spacy.language import Language

from ..corpus.formats.lines import Progress
from ..corpus.reader import create_corpus
from ..distil.annotate import distil
from ..errors import Whole, check_settings
from ..files import check_replaceable
from ..loading import PIPELINE_FILES, load_pipeline
from ..models.encoder import encoder_settings
from ..models.network.precision import INT8
from ..partial import looked_for
from ..passes import Pass, measure_pass
from ..stages import Stages, not_shown
from ..training.further import Trained
from ..training.resume import train_resumable
from ..training.save_aside import save_pipeline
from .plan import (
    choose_layers,
    count_layers,
    learning_encoders,
    plan_training,
    start_whole,
)
from .work import Work

# What a pipeline says of itself that follows from its components, or from the run that made it.
_DERIVED = {
    "spacy_version",
    "spacy_git_version",
    "vectors",
    "labels",
    "pipeline",
    "components",
    "disabled",
    "performance",
}


class Shrinking:
    """A run of three steps: `annotate`, `train`, `measure`.

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
    entity_labels (str | None): Of which labels entities were looked for in the dev corpus, see
        `looked_for`.
    RAISES: ValueError: A pipeline without an encoder that can lose layers, or with a component that
        cannot learn from soft labels; no such layers; a run to go on with that is not there or had
        other settings; something is at `output`. OSError: The pipeline is not found.
    """

    def __init__(
        self,
        model: str,
        raw: Path,
        output: Path,
        layers: int | Sequence[int],
        *,
        dev: Path | None = None,
        steps: int,
        seed: int = 0,
        resume: bool = False,
        force: bool = False,
        entity_labels: str | None = None,
    ) -> None:
        check_settings("shrink:", steps=(steps, Whole(1)), seed=(seed, Whole(0)))
        check_replaceable(output, "pipeline", PIPELINE_FILES, force=force)
        self.raw = raw
        self.output = output
        self.dev = dev
        self.resume = resume
        self.whole = Trained(model, load_pipeline(model))
        self.start = start_whole(self.whole)
        self.of = count_layers(self.whole, self.start)
        self.layers = choose_layers(layers, self.of)
        labels = None
        if dev is not None:
            labels = looked_for(self.whole.nlp.config.interpolate(), "dev_corpus", entity_labels)
        self._reader = None if dev is None else create_corpus(dev, entity_labels=labels)
        self.work = Work(output)
        self._settings = {
            "model": model,
            "raw": str(raw),
            "dev": None if dev is None else str(dev),
            "layers": self.layers,
            "steps": steps,
            "seed": seed,
            "entity_labels": labels,
        }
        self.work.check(self._settings, resume=resume, force=force)
        self.config = plan_training(
            self.whole,
            self.start,
            self.layers,
            self.work.soft,
            dev,
            labels,
            steps=steps,
            seed=seed,
        )

    def annotate(self, progress: Progress | None = None) -> None:
        """Have the whole pipeline annotate the raw text; done already where a run goes on.

        progress (Progress | None): Called with the number of bytes that were read.
        RAISES: ValueError: Raw text that cannot be read, or none. OSError: It cannot be written.
        """
        if self.resume and self.work.soft.exists():
            return
        self.work.begin(self._settings)
        try:
            distil([self.whole.path], self.raw, self.work.soft, progress=progress)
        except BaseException:
            self.work.remove()  # there is nothing to go on with
            raise

    def train(self, use_gpu: int = -1) -> Language:
        """Train what is left, and save it.

        use_gpu (int): The GPU, which must be set up, or -1 for the CPU.
        RETURNS (Language): The new pipeline.
        RAISES: ConfigValidationError (a ValueError): The corpora are others than those of the run
            that goes on. OSError: The output cannot be written.
        """
        folder, resume = self.work.training, self.resume and self.work.has_training
        train_resumable(self.config, folder, use_gpu=use_gpu, resume=resume)
        nlp = self._trained()
        save_pipeline(nlp, self.output)
        self.work.remove()
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
        nlp = util.load_model(self.work.training / "model-last")
        whole = self.whole.nlp
        for name in ("paths", "system", "corpora", "training", "initialize"):
            nlp.config[name] = whole.config[name]
        for name, encoder in learning_encoders(nlp, self.start).items():
            if encoder.shim.precision == INT8:
                encoder.set_precision("auto")
            for settings in encoder_settings(nlp.get_pipe_config(name)):
                settings["precision"] = encoder.shim.precision
                settings["transformer_config"] |= {"num_hidden_layers": len(self.layers)}
        nlp.meta.update({key: value for key, value in whole.meta.items() if key not in _DERIVED})
        if self.dev is None:  # it was scored on some of what it learned
            nlp.meta["performance"] = {}
        return nlp
