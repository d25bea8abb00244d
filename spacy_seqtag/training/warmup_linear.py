"""A learning rate that fits a run of any length: it rises, then falls to zero at the end."""

from collections.abc import Iterator

from spacy.util import registry
from thinc.schedules import constant, warmup_linear

from ..errors import SHARE, setting_error


@registry.schedules("spacy_seqtag.warmup_linear.v1")
def create_warmup_linear(
    initial_rate: float, warmup: float = 0.1, total_steps: int = 0
) -> Iterator[float]:
    """Create a schedule that rises linearly to a rate, then falls linearly to zero.

    Thinc's `warmup_linear.v1` counts the warm-up in steps; here it is a share of the run, so that
    the setting fits whatever the size of the corpus.

    initial_rate (float): The highest rate.
    warmup (float, 0 to 1): The share of the run in which the rate rises.
    total_steps (int): The step at which the rate reaches zero. 0 where that is not known: the rate
        is then constant. `spacy_seqtag.plan_training.v1` sets it before `spacy train` begins.
    RETURNS (Iterator[float]): The rate of each step.
    RAISES: ConfigValidationError (a ValueError): For a warm-up that is no share.
    """
    if warmup not in SHARE:
        raise setting_error(
            "[training.optimizer.learn_rate]",
            "warmup",
            warmup,
            f"{SHARE}, or take the schedule warmup_linear.v1",
            reason="this is a share of the run, not a number of steps",
        )
    if total_steps < 1:
        return iter(constant(initial_rate))
    # The highest rate is reached, however short the run.
    rising = min(round(warmup * total_steps), total_steps - 1)
    return iter(warmup_linear(initial_rate, rising, total_steps))
