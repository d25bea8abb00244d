"""How long training runs, and when it evaluates, from the size of the corpus."""

import random
from collections.abc import Callable
from math import ceil
from typing import Any

from spacy.language import Language
from spacy.util import registry, resolve_dot_names
from wasabi import msg

from ..errors import settings_error

# Evaluations of a run, where [training] does not say when; within these bounds one an epoch.
_FEWEST, _MOST = 5, 10


@registry.callbacks("spacy_seqtag.plan_training.v1")
def make_plan_training(epochs: int = 5, min_steps: int = 200) -> Callable[[Language], Language]:
    """Create a callback for `[initialize.after_init]` that completes `[training]`.

    `spacy train` reads three numbers there that depend on the size of the corpus. Where they are
    0 this sets them, in the pipeline's config, so that it tells how the pipeline was trained:

    - `max_steps`: that of `max_epochs` where it is set, else of `epochs`;
    - `eval_frequency`: one evaluation an epoch, but no fewer than 5 and no more than 10 in all;
    - `total_steps` of `[training.optimizer.learn_rate]`: `max_steps`.

    spaCy evaluates where `eval_frequency` divides the step, and ends at `max_steps`, or after
    `patience` steps without a better score. So that the last step is evaluated, and `model-best`
    is a trained one, the run is made of equal stretches of `eval_frequency` steps at most; this
    may lengthen it by a few steps, and `patience` to whole stretches. `max_epochs` becomes 0,
    because the number of batches in an epoch varies with their order and would end the run before.

    epochs (int): Epochs of a run that sets neither `max_epochs` nor `max_steps`.
    min_steps (int): The fewest steps of such a run: a small corpus is read more often. An output
        layer that starts from nothing learns nothing in fewer, whatever the corpus.

    Outside `spacy train`, where there is no corpus to count, nothing is done.

    Raises ConfigValidationError (a ValueError) for settings with which training would not end, and
    for a learning rate that would not rise in time, or be zero before the end.
    """
    if epochs < 1:
        raise settings_error(f"[initialize.after_init] epochs = {epochs}: give 1 or more")

    def plan_training(nlp: Language) -> Language:
        training = nlp.config.interpolate()["training"]
        steps, frequency = training["max_steps"], training["eval_frequency"]
        max_epochs, patience = training["max_epochs"], training["patience"]
        batches = 0
        if max_epochs >= 0 and (max_epochs or not steps or not frequency):
            batches = _batches_per_epoch(nlp)
            if not batches:
                return nlp
        if max_epochs > 0:
            steps = min(steps or max_epochs * batches, max_epochs * batches)
        elif not steps:
            if not batches:
                raise settings_error(
                    "[training] max_epochs = -1: a corpus that is streamed has no size; set "
                    "max_steps"
                )
            steps = max(epochs * batches, min_steps)
        if not frequency:
            wanted = round(steps / batches) if batches else _MOST
            frequency = ceil(steps / min(max(wanted, _FEWEST), _MOST))
        _check(_learn_rate(training), steps)
        evaluations = ceil(steps / frequency)
        frequency = ceil(steps / evaluations)
        steps = frequency * evaluations
        patience = ceil(patience / frequency) * frequency
        config = nlp.config["training"]
        config.update(max_epochs=min(max_epochs, 0), max_steps=steps)
        config.update(eval_frequency=frequency, patience=patience)
        if _learn_rate(training).get("total_steps") == 0:
            config["optimizer"]["learn_rate"]["total_steps"] = steps
        length = f" ({steps / batches:.1f} epochs of {batches} batches)" if batches else ""
        stop = f", ending early after {patience} without a better score" if patience else ""
        msg.info(f"Training for {steps} steps{length}, evaluated every {frequency}{stop}")
        if steps < min_steps:
            msg.warn(
                f"{steps} steps are few: output layers that start from nothing need {min_steps} "
                "or more. Leave [training] max_epochs and max_steps at 0, or give smaller batches"
            )
        return nlp

    return plan_training


def _batches_per_epoch(nlp: Language) -> int:
    """Number of batches in one pass over the training corpus; 0 where there is no corpus."""
    config = nlp.config.interpolate()
    try:
        (corpus,) = resolve_dot_names(config, [config["training"]["train_corpus"]])
        examples = list(corpus(nlp))
    except (ValueError, OSError):
        return 0
    batcher = registry.resolve({"batcher": config["training"]["batcher"]})["batcher"]
    random.Random(0).shuffle(examples)
    batches = sum(1 for _ in batcher(examples))
    if examples and not batches:
        raise settings_error("[training.batcher]: it makes no batch of the training corpus")
    return batches


def _check(learn_rate: dict[str, Any], steps: int) -> None:
    """Raises ConfigValidationError, see `make_plan_training`."""
    where = "[training.optimizer.learn_rate]"
    warmup, total = learn_rate.get("warmup_steps", 0), learn_rate.get("total_steps", 0)
    if warmup >= steps:
        raise settings_error(
            f"{where} warmup_steps = {warmup}: training ends after {steps} steps, before the "
            "learning rate has risen; set it to a tenth of that, or take the schedule "
            "spacy_seqtag.warmup_linear.v1"
        )
    if 0 < total < steps:
        raise settings_error(
            f"{where} total_steps = {total}: the learning rate is zero from there to the end of "
            f"training, after {steps} steps; set total_steps to {steps}, or max_steps to {total}"
        )


def _learn_rate(training: dict[str, Any]) -> dict[str, Any]:
    """The settings of the learning rate's schedule, empty where it is a number."""
    learn_rate = training["optimizer"].get("learn_rate")
    return learn_rate if isinstance(learn_rate, dict) else {}
