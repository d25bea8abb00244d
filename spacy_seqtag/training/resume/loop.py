"""A run of spaCy's loop that saves its state, and goes on from one.

What is plugged into `[training]` of the pipeline's config, for as long as spaCy's loop reads it, is
the config's own optimizer, batcher and logger, each within a function that a run registers:

- the optimizer is only noted, so that its state can be saved;
- the batcher gives empty batches until the step that was saved is reached;
- the logger, which the loop calls after each step, saves models and state, or restores the state.

Models are saved here, and not by spaCy's loop, because that would begin by removing those of the
run that goes on.
"""

import math
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Any, TypeAlias

from spacy.language import Language
from spacy.training import Example
from spacy.training.loop import (
    DIR_MODEL_BEST,
    DIR_MODEL_LAST,
    create_before_to_disk_callback,
    train,
)
from spacy.util import registry
from thinc.api import Config, Optimizer
from wasabi import msg

from ...errors import settings_error
from ...plain import to_plain
from ..progress import Logger, LogStep, with_progress
from ..save_aside import replace_folder
from .randomness import DataStream, Generators, reseed_cupy
from .record import FOLDER
from .snapshot import put_snapshot, take_snapshot
from .states import Evaluation, State, save_state

Info: TypeAlias = dict[str, Any]
"""What spaCy's loop tells a logger of a step that was evaluated."""
Batcher: TypeAlias = Callable[[Iterable[Example]], Iterable[Iterable[Example]]]

_CHANGED_DATA = (
    "The training corpus is not read in the order in which the interrupted run read it: its reader "
    "or batcher has changed, or draws random numbers of its own. Training goes on, but its end "
    "will not be that of an uninterrupted run"
)


class Run:
    """One run of spaCy's loop.

    nlp (Language): The pipeline, initialised.
    output (Path): The folder for models and states.
    state (State | None): The state to go on from.
    keep (Callable): Called before a state is saved for the first time.
    """

    def __init__(
        self, nlp: Language, output: Path, state: State | None, keep: Callable[[], None]
    ) -> None:
        self.nlp = nlp
        self.output = output
        self._keep: Callable[[], None] | None = keep
        self.step = -1  # the last one that is done
        self._state = state
        self._replaying = state is not None
        self._past = list(state.evaluations) if state else []
        self._evaluations: list[Evaluation] = []
        self._results: list[tuple[float, int]] = []  # the loop's own
        self._offset = (0, 0)  # words and seconds before the run was interrupted
        self._saved = -1  # the step of model-last
        self._stream = DataStream()
        self._optimizer: Optimizer | None = None
        self._config = nlp.config
        training = nlp.config.interpolate()["training"]
        callback = {"callback": training["before_to_disk"]} if training["before_to_disk"] else {}
        self._before_to_disk = create_before_to_disk_callback(
            registry.resolve(callback).get("callback")
        )

    @property
    def goes_on(self) -> bool:
        """Whether it has come to the step that was saved, or taken its own first one."""
        return not self._replaying and self.step >= 0

    def train(self, use_gpu: int) -> None:
        """Train to the end.

        RAISES: ConfigValidationError (a ValueError): The settings end the run before the step that
            was saved.
        """
        if self._replaying:
            self.nlp.evaluate = self._recorded_scores  # type: ignore[method-assign]
        self.nlp.config = self._wired()
        try:
            train(self.nlp, None, use_gpu=use_gpu, stdout=sys.stdout, stderr=sys.stderr)
        finally:
            self.nlp.config = self._config
            self._evaluate_again()
        if self._replaying:
            assert self._state is not None
            raise settings_error(
                f"--resume: with these settings training ends at step {self.step}, and the run in "
                f"{self.output} has taken {self._state.step} already. Raise [training] max_steps "
                "or max_epochs"
            )
        msg.good(f"Saved pipeline to output directory {self.output / DIR_MODEL_LAST}")

    # What is plugged in

    def _wired(self) -> Config:
        """Return the config with the run's functions around optimizer, batcher and logger."""
        config = self._config.interpolate()
        plugs: tuple[tuple[str, Any, Callable[..., Any]], ...] = (
            ("optimizer", registry.optimizers, self._note_optimizer),
            ("batcher", registry.batchers, self._wrap_batcher),
            ("logger", registry.loggers, self._wrap_logger),
        )
        for name, functions, plug in plugs:
            registered = f"spacy_seqtag.resumable_{name}.v1"
            functions.register(registered, func=plug)
            own = config["training"][name]
            config["training"][name] = {f"@{name}s": registered, "own": own}
        return config

    def _note_optimizer(self, own: Optimizer) -> Optimizer:
        self._optimizer = own
        return own

    def _wrap_batcher(self, own: Batcher) -> Batcher:

        def batches(examples: Iterable[Example]) -> Iterator[list[Example]]:
            self._stream.enter()
            found = iter(own(examples))
            while True:
                self._stream.enter()
                # At the end of an epoch the stream stays entered: the loop shuffles the corpus.
                try:
                    batch = list(next(found))
                except StopIteration:
                    return
                self._stream.leave()
                yield [] if self._replaying else batch

        return batches

    def _wrap_logger(self, own: Logger) -> Logger:
        done = 0 if self._state is None else self._state.step + 1
        logger = with_progress(own, done)

        def setup(
            nlp: Language, stdout: IO[str] = sys.stdout, stderr: IO[str] = sys.stderr
        ) -> tuple[LogStep, Callable[[], None]]:
            nlp.config = self._config  # the loop has read it
            log_step, finalize = logger(nlp, stdout, stderr)

            def end() -> None:
                finalize()
                if not self._replaying and self._saved < self.step:
                    self._save_models(is_best=False)

            return lambda info: self._after_step(info, log_step), end

        return setup

    # After each step

    def _after_step(self, info: Info | None, log_step: LogStep) -> None:
        self.step += 1
        if self._replaying:
            self._replay(info)
            log_step(info)
            return
        if info is not None:
            info["words"] += self._offset[0]
            info["seconds"] += self._offset[1]
            self._evaluations.append(_evaluation(info))
            self._results = info["checkpoints"]
            self._results[-1] = (_rank(info["score"]), self.step)
            self._save_models(is_best=self._results[-1][0] == max(self._results)[0])
            info["output_path"] = str(self.output / DIR_MODEL_LAST)
        log_step(info)
        if info is not None:
            self._save_state()

    def _replay(self, info: Info | None) -> None:
        """Tell the loop and its logger what was recorded; at the saved step, restore the state."""
        assert self._state is not None
        past = self._recorded(self.step)
        if info is not None:
            info |= {"score": past.score, "other_scores": past.other_scores}
            info |= {"losses": past.losses, "words": past.words, "seconds": past.seconds}
            self._results = info["checkpoints"]
        # `patience` must not end the run before the step is reached.
        self._results[:] = [(_rank(past.score), self.step)]
        if self.step == self._state.step:
            self._restore(self._state)

    def _restore(self, state: State) -> None:
        assert self._optimizer is not None
        put_snapshot(self.nlp, self._optimizer, state.snapshot)
        if self._stream.checksum() != state.data:
            msg.warn(_CHANGED_DATA)
        self._evaluations = self._past
        self._results[:] = [(_rank(past.score), past.step) for past in self._past]
        self._offset = self._past[-1].words, self._past[-1].seconds
        self._saved = self.step
        self._replaying = False
        self._evaluate_again()
        self._state = None  # frees its arrays
        state.generators.restore()
        reseed_cupy(self.step)

    def _recorded(self, step: int) -> Evaluation:
        """Return the last evaluation that was recorded up to a step."""
        return [past for past in self._past if past.step <= step][-1]

    def _recorded_scores(self, *args: object, **kwargs: object) -> dict[str, Any]:
        """Stand in for `nlp.evaluate`, before the step that it belongs to is counted."""
        return dict(self._recorded(self.step + 1).other_scores)

    def _evaluate_again(self) -> None:
        self.nlp.__dict__.pop("evaluate", None)

    # Saving

    def _save_models(self, *, is_best: bool) -> None:
        assert self._optimizer is not None
        last, best = self.output / DIR_MODEL_LAST, self.output / DIR_MODEL_BEST
        # What the loop puts there of a scorer need not be what a file can hold.
        self.nlp.meta["performance"] = to_plain(self.nlp.meta.get("performance", {}))
        with self.nlp.use_params(self._optimizer.averages):
            saved = self._before_to_disk(self.nlp)
            replace_folder(last, saved.to_disk)
        if is_best:
            replace_folder(best, lambda new: shutil.copytree(last, new))
        self._saved = self.step

    def _save_state(self) -> None:
        assert self._optimizer is not None
        state = State(
            take_snapshot(self.nlp, self._optimizer),
            Generators.now(),
            self._stream.checksum(),
            self._evaluations,
        )
        if self._keep is not None:
            self._keep()
            self._keep = None
        save_state(self.output / FOLDER, state)
        reseed_cupy(self.step)


def _rank(score: float) -> float:
    """Return a score as it is compared: none is worse than one that is no number."""
    return -math.inf if math.isnan(score) else score


def _evaluation(info: Info) -> Evaluation:
    """Keep what the loop tells about an evaluation; losses are added to later."""
    return Evaluation(
        info["step"],
        info["epoch"],
        info["score"],
        info["other_scores"],
        dict(info["losses"]),
        info["words"],
        info["seconds"],
    )
