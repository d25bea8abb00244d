"""Set how long training runs, and when it evaluates, from the size of the corpus.

spaCy evaluates at the steps that `eval_frequency` divides, and ends at `max_steps`, or after
`patience` steps without a better score. Two choices follow:

- The run is cut into equal stretches, each of which ends with an evaluation. So the last step is
  evaluated too, and `model-best` is never the untrained pipeline. This may lengthen the run by a
  few steps, and `patience` to whole stretches.
- `max_epochs` is turned into steps and set to 0. The number of batches in an epoch varies with
  their order, so it would end the run before its last evaluation.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

from spacy.language import Language
from spacy.util import registry, resolve_dot_names
from thinc.api import Config
from wasabi import msg

from ..corpus.plural import counted
from ..errors import Whole, check_settings, setting_error, settings_error

# How often a run is evaluated where [training] does not say: once per epoch, but within these.
_FEWEST, _MOST = 5, 10

# Fewer steps than this teach output layers next to nothing, whatever the corpus.
_TOO_FEW = 200

_LEARN_RATE = "[training.optimizer.learn_rate]"


@dataclass(frozen=True)
class Plan:
    """The length of a run.

    steps (int): In all.
    frequency (int): Steps from one evaluation to the next.
    patience (int): Steps without a better score after which the run ends early; 0: it does not.
    batches (int): In an epoch, on average; 0 where they were not counted.
    max_epochs (int): What becomes of the setting: 0, or -1 for a corpus that is streamed.
    """

    steps: int
    frequency: int
    patience: int
    batches: int
    max_epochs: int

    def __str__(self) -> str:
        length = counted(self.steps, "<step|steps>")
        if self.batches:
            batches = counted(self.batches, "<batch|batches>")
            length += f" ({self.steps / self.batches:.1f} epochs of {batches})"
        stop = f", ending early after {self.patience} without a better score"
        return f"{length}, evaluated every {self.frequency}{stop if self.patience else ''}"


@registry.callbacks("spacy_seqtag.plan_training.v1")  # type: ignore[untyped-decorator]
def make_plan_training(epochs: int = 5, min_steps: int = 200) -> Callable[[Language], Language]:
    """Create a callback for `[initialize.after_init]` that completes `[training]`.

    Three numbers that `spacy train` reads depend on the size of the corpus. Where they are 0, the
    callback sets them in the pipeline's config, which so records how the pipeline was trained:

    - `max_steps`: the steps of `max_epochs` where that is set, else of `epochs`;
    - `eval_frequency`: one evaluation an epoch, but no fewer than 5 and no more than 10 in all;
    - `total_steps` of `[training.optimizer.learn_rate]`: `max_steps`.

    Without a corpus to count, as outside `spacy train`, it does nothing.

    epochs (int): The length of a run that sets neither `max_epochs` nor `max_steps`.
    min_steps (int): The fewest steps of such a run, which reads a small corpus more often: output
        layers start from nothing, and fewer steps teach them nothing, whatever the corpus.
    RETURNS (Callable[[Language], Language]): The callback.
    RAISES: ConfigValidationError (a ValueError): For settings with which training would not end,
        and for a learning rate that would not rise in time, or be zero before the end.
    """
    check_settings("[initialize.after_init]", epochs=(epochs, Whole(1)))

    def plan_training(nlp: Language) -> Language:
        plan = _make_plan(nlp, epochs, min_steps)
        if plan is None:
            return nlp
        _write(plan, nlp.config)
        msg.info(f"Training for {plan}")
        few = min(min_steps, _TOO_FEW)
        if plan.steps < few:
            msg.warn(
                f"{counted(plan.steps, '<step is|steps are>')} few: output layers that start from "
                f"nothing need {few} or more. Leave [training] max_epochs and max_steps at 0, or "
                "give smaller batches"
            )
        return nlp

    return plan_training


def _make_plan(nlp: Language, epochs: int, min_steps: int) -> Plan | None:
    """Work out the length of the run; None where there is no corpus to count.

    RAISES: ConfigValidationError (a ValueError): See `make_plan_training`.
    """
    training = nlp.config.interpolate()["training"]
    steps, max_epochs = int(training["max_steps"]), int(training["max_epochs"])
    frequency, patience = int(training["eval_frequency"]), int(training["patience"])
    check_settings(
        "[training]",
        max_steps=(steps, Whole(0)),
        max_epochs=(max_epochs, Whole(-1)),
        eval_frequency=(frequency, Whole(0)),
        patience=(patience, Whole(0)),
        accumulate_gradient=(int(training["accumulate_gradient"]), Whole(1)),
    )
    batches = total = 0
    # A corpus that is streamed (max_epochs = -1) has no end to count to.
    if max_epochs >= 0 and (max_epochs or not steps or not frequency):
        passes = max_epochs or epochs
        total = _count_batches(nlp, passes)
        if not total:
            return None
        batches = ceil(total / passes)
    if max_epochs > 0:
        steps = min(steps or total, total)
    elif not steps:
        if not batches:
            raise settings_error(
                "[training] max_epochs = -1: a corpus that is streamed has no size; set max_steps"
            )
        steps = max(total, min_steps)
    if not frequency:
        evaluations = round(steps / batches) if batches else _MOST
        frequency = ceil(steps / min(max(evaluations, _FEWEST), _MOST))
    _check_learn_rate(training, steps)
    evaluations = ceil(steps / frequency)
    frequency = ceil(steps / evaluations)
    patience = ceil(patience / frequency) * frequency
    return Plan(frequency * evaluations, frequency, patience, batches, min(max_epochs, 0))


def _write(plan: Plan, config: Config) -> None:
    """Put a plan into a pipeline's config."""
    training = config["training"]
    training["max_epochs"] = plan.max_epochs
    training["max_steps"] = plan.steps
    training["eval_frequency"] = plan.frequency
    training["patience"] = plan.patience
    if _schedule(config.interpolate()["training"]).get("total_steps") == 0:
        training["optimizer"]["learn_rate"]["total_steps"] = plan.steps


def _schedule(training: Config) -> Config:
    """Return the settings of the learning rate's schedule; none where the rate is a number."""
    learn_rate = training["optimizer"].get("learn_rate")
    return Config(learn_rate) if isinstance(learn_rate, dict) else Config()


def _count_batches(nlp: Language, passes: int) -> int:
    """Count the batches in so many passes over the training corpus; 0 where there is no corpus.

    RAISES: ConfigValidationError (a ValueError): If the batcher makes no batch of it.
    """
    config = nlp.config.interpolate()
    try:
        (corpus,) = resolve_dot_names(config, [config["training"]["train_corpus"]])
        examples = list(corpus(nlp))
    except (ValueError, OSError):
        return 0
    settings = config["training"]["batcher"]
    batcher = registry.resolve({"batcher": settings})["batcher"]
    random.Random(0).shuffle(examples)
    batches = sum(1 for _ in batcher(examples))
    if any(isinstance(value, dict) for value in settings.values()):
        # A size that is a schedule goes on from one pass to the next.
        batches += sum(1 for _ in range(passes - 1) for _ in batcher(examples))
    else:
        batches *= passes
    if examples and not batches:
        raise settings_error(
            "[training.batcher]: it makes no batch of the training corpus, as if every document "
            "were too long for one; raise its size, or set discard_oversize to false"
        )
    return batches


def _check_learn_rate(training: Config, steps: int) -> None:
    """Check that the learning rate's schedule fits a run of so many steps.

    RAISES: ConfigValidationError (a ValueError): See `make_plan_training`.
    """
    schedule = _schedule(training)
    warmup, total = schedule.get("warmup_steps", 0), schedule.get("total_steps", 0)
    if warmup >= steps:
        raise setting_error(
            _LEARN_RATE,
            "warmup_steps",
            warmup,
            "a tenth of that, or take the schedule spacy_seqtag.warmup_linear.v1",
            reason=f"training ends after {steps} steps, before the learning rate has risen",
        )
    if 0 < total < steps:
        raise setting_error(
            _LEARN_RATE,
            "total_steps",
            total,
            f"{steps}, or [training] max_steps to {total}",
            reason="the learning rate is zero from there to the end of training, after "
            f"{steps} steps",
        )
