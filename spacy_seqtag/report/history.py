"""The training log that lies beside a pipeline, if any."""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from ..training.progress import loggers_in

# The scores that lines are drawn of.
_LINES = ("score", "pos_acc", "tag_acc", "ents_f", "predicates_f", "srl_f")


class Evaluation(NamedTuple):
    """A line of the log.

    step (int): Of training.
    score (float): What the best model is chosen by, as the log has it.
    scores, losses (dict[str, float]): By name, as the log has them.
    """

    step: int
    score: float
    scores: dict[str, float]
    losses: dict[str, float]


def find_log(model: Path, settings: Mapping[str, object]) -> tuple[Path, list[Evaluation]] | None:
    """Find the log of the run that a pipeline comes from.

    It is the file that spaCy's `ConsoleLogger` or one of this package writes (`output_file`), alone
    or in a chain of loggers, or another `.jsonl` of such lines in the pipeline's folder; or beside
    it, if there is one log alone: of several, any may be that of another run.

    model (Path): The pipeline's folder.
    settings (Mapping[str, object]): Of `[training.logger]` in its config.
    RETURNS (tuple[Path, list[Evaluation]] | None): The file, and its lines.
    """
    if not model.is_dir():
        return None
    named = (each.get("output_file") for each in loggers_in(settings))
    first = [Path(name) for name in named if isinstance(name, str)]
    for path in (*first, *sorted(model.glob("*.jsonl"))):
        rows = list(_read(path))
        if rows:
            return path, rows
    beside = sorted(model.resolve().parent.glob("*.jsonl"))
    logs = [(path, rows) for path in beside if (rows := list(_read(path)))]
    return logs[0] if len(logs) == 1 else None


def _read(path: Path) -> Iterator[Evaluation]:
    """Yield the lines of a log; nothing where the file is none."""
    try:
        with path.open(encoding="utf8") as file:
            for line in file:
                row = json.loads(line)
                scores, losses = row["scores"], row["losses"]
                if not (isinstance(scores, dict) and isinstance(losses, dict)):
                    return
                score, step = float(row["score"]), int(row["step"])
                yield Evaluation(step, score, _numbers(scores), _numbers(losses))
    except (OSError, ValueError, KeyError, TypeError):
        return


def _numbers(found: Mapping[str, object]) -> dict[str, float]:
    return {str(name): float(v) for name, v in found.items() if isinstance(v, int | float)}


def lines_of(rows: Iterable[Evaluation]) -> dict[str, list[tuple[float, float]]]:
    """Return the scores that are drawn as lines along the steps: the main one of each task."""
    return {name: line for name, line in columns(rows).items() if name in _LINES}


def columns(rows: Iterable[Evaluation]) -> dict[str, list[tuple[float, float]]]:
    """Return each score along the steps, those that stay 0 or None left out."""
    result: dict[str, list[tuple[float, float]]] = {}
    for row in rows:
        result.setdefault("score", []).append((row.step, row.score))
        for name, value in row.scores.items():
            result.setdefault(name, []).append((row.step, value / 100))
    return {name: line for name, line in result.items() if any(y for _, y in line)}
