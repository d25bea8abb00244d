"""Results of runs as points of curves: reading them, a table, JSON."""

import json
import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import Literal

from wasabi.tables import table

from curves.plan import RECIPES, Facts, percent
from curves.schedule import read_object
from spacy_seqtag.corpus.subset import FRACTION
from spacy_seqtag.errors import Number

METRICS = {
    "pos_acc": "UPOS",
    "tag_acc": "tags",
    "ents_f": "entity F1",
    "srl_f": "role F1, end to end",
    "srl_f_gold_predicates": "role F1, gold predicates",
}
"""What is shown, and how it is called."""

_SCORE = Number(least=0.0, most=1.0)


@dataclass(frozen=True)
class Result:
    """The record of a run.

    path (Path): Its file.
    sentences (int): That were labelled.
    made_with (Facts): Its settings.
    scores (dict[str, dict[str, float]]): From 0 to 1: by split, then by metric.
    """

    path: Path
    recipe: str
    share: float
    seed: int
    sentences: int
    made_with: Facts
    scores: dict[str, dict[str, float]]


@dataclass(frozen=True)
class Point:
    """A metric of the runs of one recipe with one share.

    sentences (int): That were labelled.
    values (dict[int, float]): From 0 to 1, by seed.
    """

    recipe: str
    share: float
    sentences: int
    metric: str
    values: dict[int, float]

    @property
    def mean(self) -> float:
        return statistics.fmean(self.values.values())

    @property
    def deviation(self) -> float | None:
        """Standard deviation of the sample; None of a single run."""
        return statistics.stdev(self.values.values()) if len(self.values) > 1 else None

    @property
    def least(self) -> float:
        return min(self.values.values())

    @property
    def most(self) -> float:
        return max(self.values.values())

    def to_dict(self) -> dict[str, object]:
        figures = {"mean": self.mean, "sd": self.deviation, "min": self.least, "max": self.most}
        return {**asdict(self), **figures}


@dataclass(frozen=True)
class Reference:
    """Figures of another system.

    scores (dict[str, float]): From 0 to 1, by metric.
    share (float | None): Of the labels that it had; None: all, or nobody knows.
    """

    name: str
    scores: dict[str, float]
    share: float | None = None


def load_results(folder: Path) -> list[Result]:
    """Read the records of runs in a folder.

    RAISES: ValueError: There is none, or one that is damaged.
    """
    paths = sorted((folder / "results").glob("*.json"))
    if not paths:
        raise ValueError(
            f"{folder}: there are no results in it (results/*.json). Make some with "
            "`python scripts/learning_curve.py run`, or name the --folder of those that are there"
        )
    return [_read_result(path) for path in paths]


def _read_result(path: Path) -> Result:
    content = read_object(path)
    try:
        found: dict[str, dict[str, float]] = {
            split.removesuffix("_gold_predicates"): {} for split in content["scores"]
        }
        for split, scores in content["scores"].items():
            of = found[split.removesuffix("_gold_predicates")]
            given = split.endswith("_gold_predicates")
            for metric in METRICS:
                name = metric.removesuffix("_gold_predicates")
                if (name != metric) == given and isinstance(scores.get(name), int | float):
                    of[metric] = float(scores[name])
        result = Result(
            path,
            str(content["recipe"]),
            float(content["share"]),
            int(content["seed"]),
            int(content["sentences"]),
            dict(content["made_with"]),
            found,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as err:
        raise ValueError(
            f"{path}: this is no record of a run ({type(err).__name__}: {err}). Remove the file, "
            "and the run is made again"
        ) from None
    wrong = [name for of in found.values() for name, value in of.items() if value not in _SCORE]
    if result.recipe not in RECIPES or result.share not in FRACTION or wrong:
        what = "it has no known recipe" if result.recipe not in RECIPES else "its share is none"
        what = f"the score {wrong[0]} is not from 0 to 1" if wrong else what
        raise ValueError(f"{path}: {what}. Remove the file, and the run is made again")
    return result


def find_differences(results: Sequence[Result]) -> list[str]:
    """Say in which settings runs differ that should not.

    RETURNS (list[str]): A line for each setting.
    """
    lines = []
    own = {"share", "seed", "base_model"}  # a base model may be another folder elsewhere
    for name in sorted({name for result in results for name in result.made_with} - own):
        values: dict[str, Path] = {}
        for result in results:
            if name in result.made_with:
                values.setdefault(json.dumps(result.made_with[name]), result.path)
        if len(values) > 1:
            said = ", ".join(f"{value} ({path.name})" for value, path in values.items())
            lines.append(f"Not all runs were made with the same {name}: {said}")
    return lines


def make_points(results: Iterable[Result], split: str) -> list[Point]:
    """Put runs together that differ in their seeds alone.

    split (str): Whose scores: "dev" or "test".
    RAISES: ValueError: No result has scores of the split.
    """
    chosen = [result for result in results if result.scores.get(split)]
    if not chosen:
        raise ValueError(f"--split {split}: no result has scores of it. Run with --{split}")

    def key(result: Result) -> tuple[float, int, int]:
        return result.share, result.sentences, RECIPES.index(result.recipe)

    points = []
    for _, group in groupby(sorted(chosen, key=key), key):
        runs = sorted(group, key=lambda run: run.seed)
        for metric in METRICS:
            values = {
                run.seed: run.scores[split][metric] for run in runs if metric in run.scores[split]
            }
            if values:
                first = runs[0]
                points.append(Point(first.recipe, first.share, first.sentences, metric, values))
    return points


def load_references(path: Path) -> list[Reference]:
    """Read figures of other systems: a JSON list of objects with name, scores and perhaps share.

    RAISES: ValueError: It is something else. OSError: It cannot be read.
    """
    example = '[{"name": "peer", "share": 1.0, "scores": {"pos_acc": 0.967, "ents_f": 0.74}}]'
    try:
        content = json.loads(path.read_text(encoding="utf8"))
        found = [
            Reference(
                str(entry["name"]),
                {str(name): float(value) for name, value in entry["scores"].items()},
                None if entry.get("share") is None else float(entry["share"]),
            )
            for entry in content
        ]
    except (KeyError, TypeError, ValueError, AttributeError):
        raise ValueError(f"{path}: this is no list of references. Write as in {example}") from None
    for reference in found:
        if reference.share is not None and reference.share not in FRACTION:
            raise ValueError(f"{path}: share {reference.share}: give {FRACTION}")
        for metric, value in reference.scores.items():
            if metric not in METRICS:
                known = ", ".join(METRICS)
                raise ValueError(f"{path}: {metric!r} is no metric. Give some of {known}")
            if value not in _SCORE:
                raise ValueError(f"{path}: {metric} {value}: give {_SCORE}")
    return found


def curve_table(points: Sequence[Point]) -> str:
    """Lay out the points as a table: a row for each share and recipe, a column for each metric."""
    metrics = metrics_of(points)
    rows = []

    def key(point: Point) -> tuple[float, int, str]:
        return point.share, point.sentences, point.recipe

    for (share, sentences, recipe), group in groupby(points, key):
        of = {point.metric: point for point in group}
        runs = max(len(point.values) for point in of.values())
        cells = [figure(of[metric]) if metric in of else "" for metric in metrics]
        rows.append((f"{percent(share)}%", f"{sentences:,}", recipe, *cells, str(runs)))
    header = ("labels", "sentences", "recipe", *(METRICS[metric] for metric in metrics), "runs")
    numbers: list[Literal["r", "l"]] = ["r" for _ in metrics]
    aligns = ["r", "r", "l", *numbers, "r"]
    return str(table(rows, header=header, divider=True, aligns=aligns))


def reference_table(references: Sequence[Reference]) -> str:
    """Lay out the figures of other systems as a table."""
    metrics = [metric for metric in METRICS if any(metric in r.scores for r in references)]
    rows = []
    for reference in references:
        scores = reference.scores
        cells = [f"{100 * scores[metric]:.2f}" if metric in scores else "" for metric in metrics]
        share = "" if reference.share is None else f"{percent(reference.share)}%"
        rows.append((reference.name, share, *cells))
    header = ("other systems", "labels", *(METRICS[metric] for metric in metrics))
    numbers: list[Literal["r", "l"]] = ["r" for _ in metrics]
    aligns = ["l", "r", *numbers]
    return str(table(rows, header=header, divider=True, aligns=aligns, max_col=80))


def metrics_of(points: Iterable[Point]) -> list[str]:
    """Return the metrics that some point has, in their order."""
    found = {point.metric for point in points}
    return [metric for metric in METRICS if metric in found]


def figure(point: Point) -> str:
    """Write the mean in percent, and with several runs the standard deviation."""
    mean = f"{100 * point.mean:.2f}"
    deviation = point.deviation
    return mean if deviation is None or math.isnan(deviation) else f"{mean} ±{100 * deviation:.2f}"


def curve_json(split: str, points: Iterable[Point], references: Iterable[Reference]) -> bytes:
    """Write points and references as JSON."""
    content = {
        "split": split,
        "points": [point.to_dict() for point in points],
        "references": [asdict(reference) for reference in references],
    }
    return (json.dumps(content, indent=1) + "\n").encode("utf8")
