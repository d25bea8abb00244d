"""A logger for `spacy train --code`: how long each step took, and what evaluations found."""

import json
from collections.abc import Callable
from timeit import default_timer
from typing import IO, Any

from spacy.language import Language
from spacy.util import registry
from workers import peak_memory


@registry.loggers("benchmark.StepLogger.v1")
def create_step_logger(path: str) -> Callable:
    """Create a logger that writes a line of JSON for each step: its seconds and, where it was
    evaluated (the seconds are then of both), the words since the start and the scores. The last
    line has the peak memory in bytes."""

    def setup_logger(nlp: Language, stdout: IO, stderr: IO) -> tuple[Callable, Callable]:
        file = open(path, "w", encoding="utf8")  # noqa: SIM115
        before = default_timer()

        def log_step(info: dict[str, Any] | None) -> None:
            nonlocal before
            record: dict[str, Any] = {"seconds": default_timer() - before}
            if info is not None:
                scores = info["other_scores"]
                record["words"] = info["words"]
                record["scores"] = {k: v for k, v in scores.items() if isinstance(v, float)}
            file.write(json.dumps(record) + "\n")
            before = default_timer()

        def finalize() -> None:
            file.write(json.dumps({"memory": peak_memory()}) + "\n")
            file.close()

        return log_step, finalize

    return setup_logger
