"""Learning rates that fit a run of any length."""

from collections.abc import Iterator

from spacy.util import registry
from thinc.schedules import constant, warmup_linear

from ..errors import settings_error


@registry.schedules("spacy_seqtag.warmup_linear.v1")
def create_warmup_linear(
    initial_rate: float, warmup: float = 0.1, total_steps: int = 0
) -> Iterator[float]:
    """Create a schedule that rises linearly to a rate and falls linearly to zero.

    initial_rate (float): The highest rate.
    warmup (float): Share of the run in which the rate rises.
    total_steps (int): Steps until the rate is zero. 0 where that is not known: then the rate is
        constant. `spacy_seqtag.plan_training.v1` sets it before `spacy train` begins.

    Raises ConfigValidationError (a ValueError) for a warm-up outside 0 ≤ warmup < 1.
    """
    if not 0 <= warmup < 1:
        raise settings_error(
            f"[training.optimizer.learn_rate] warmup = {warmup}: this is a share of the run, such "
            "as 0.1; for a number of steps take the schedule warmup_linear.v1"
        )
    if total_steps < 1:
        return iter(constant(initial_rate))
    return iter(warmup_linear(initial_rate, round(warmup * total_steps), total_steps))
