"""A logger for `[training.logger]` that gives another one plain scores alone, none by label."""

import sys
from collections.abc import Callable, Mapping
from numbers import Real
from typing import IO, Any

from spacy.language import Language
from spacy.util import registry

from .progress import Logger, LogStep


@registry.loggers("spacy_seqtag.TotalsLogger.v1")  # type: ignore[untyped-decorator]
def create_totals_logger(logger: Callable[..., Any]) -> Logger:
    """Create a logger that gives another one the scores that are single numbers.

    What is left out are the scores by label (`ents_per_type`), the tables of calibration
    (`ents_reliability`), and scores that are None. Services make a chart of each number, and may
    not take the names of labels: MLflow ends training at a tag such as `$`.

    logger (Callable): The other logger, such as `spacy.MLflowLogger.v2`.
    RETURNS (Logger): For `[training.logger]`, or for a logger of a chain.
    """

    def setup(
        nlp: Language, stdout: IO[str] = sys.stdout, stderr: IO[str] = sys.stderr
    ) -> tuple[LogStep, Callable[[], None]]:
        log_step, finalize = logger(nlp, stdout, stderr)

        def log_totals(info: dict[str, Any] | None) -> None:
            if info is not None:
                info = {**info, "other_scores": totals(info["other_scores"])}
            log_step(info)

        return log_totals, finalize

    return setup


def totals(scores: Mapping[str, object]) -> dict[str, float]:
    """Return the scores that are numbers."""
    return {name: float(score) for name, score in scores.items() if isinstance(score, Real)}
