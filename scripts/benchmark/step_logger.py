"""A logger for `spacy train --code`: how long each step took, and what evaluations found."""

import json
from collections.abc import Callable, Mapping
from timeit import default_timer
from typing import IO

import torch
from spacy.language import Language
from spacy.util import registry
from workers import peak_gpu_memory, peak_memory

LogStep = Callable[[Mapping[str, object] | None], None]


@registry.loggers("benchmark.StepLogger.v1")
def create_step_logger(
    path: str,
) -> Callable[[Language, IO[str], IO[str]], tuple[LogStep, Callable[[], None]]]:
    """Create a logger that writes a line of JSON for each step.

    A line has the seconds of the step. Where the step was evaluated, they are those of both, and
    the line has the words since the start and the scores, too. The last line has the peaks of
    memory in bytes.
    """

    def setup_logger(
        nlp: Language, stdout: IO[str], stderr: IO[str]
    ) -> tuple[LogStep, Callable[[], None]]:
        file = open(path, "w", encoding="utf8")  # noqa: SIM115
        before = default_timer()

        def log_step(info: Mapping[str, object] | None) -> None:
            nonlocal before
            record: dict[str, object] = {"seconds": default_timer() - before}
            if info is not None:
                scores = info["other_scores"]
                assert isinstance(scores, dict)
                record["words"] = info["words"]
                record["scores"] = {k: v for k, v in scores.items() if isinstance(v, float)}
            file.write(json.dumps(record) + "\n")
            before = default_timer()

        def finalize() -> None:
            device = "cuda" if torch.cuda.is_initialized() else "cpu"
            peaks = {"memory": peak_memory(), "gpu_memory": peak_gpu_memory(device)}
            file.write(json.dumps(peaks) + "\n")
            file.close()

        return log_step, finalize

    return setup_logger
