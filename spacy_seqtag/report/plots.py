"""The diagrams of a report as files for papers, drawn with matplotlib (extra `plot`)."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..evaluation import Evaluation
from ..extras import need
from ..files import write_file
from .document import DIAGRAMS
from .history import find_log, lines_of
from .review import Review, TaskReview

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ..analysis.intervals import Interval, Scored

FORMATS = ("png", "svg")
"""Each diagram is written in both."""

_COLOUR, _SECOND = "#2f6fde", "#c77700"
_MOST_LABELS = 20
_DPI = 200


def draw_plots(folder: Path, found: Evaluation, made: Review, model: str) -> list[Path]:
    """Draw scores by label and by group, reliability, the confusion of tags, and training.

    folder (Path): Where the files are written; it is made where it is missing.
    found (Evaluation): For the bins of reliability. made (Review): For scores.
    model (str): The pipeline: a folder, beside which the log of its training may lie, or a package.
    RETURNS (list[Path]): The files, such as `ents-labels.svg`.

    RAISES: ImportError: matplotlib is not installed. OutputError: The files cannot be written.
    """
    drawn = []
    for task in made.tasks:
        if len(task.labels) > 1:
            drawn += _bars(folder / f"{task.task}-labels", task, task.labels, "by label")
        for group in task.groups:
            name = group.title.lower().split()[0]
            drawn += _bars(folder / f"{task.task}-{name}", task, group.rows, group.title.lower())
        if task.matrix:
            drawn += _matrix(folder / f"{task.task}-confusion", task)
    for title, name in DIAGRAMS.items():
        bins = found.scores.get(f"{name}_reliability")
        if isinstance(bins, list) and bins:
            drawn += _reliability(folder / f"{name}-reliability", title, bins)
    settings = found.nlp.config.interpolate()["training"].get("logger") or {}
    log = find_log(Path(model), settings)
    if log is not None:
        drawn += _training(folder / "training", lines_of(log[1]))
    return drawn


def _bars(path: Path, task: TaskReview, rows: Mapping[str, "Scored"], what: str) -> list[Path]:
    """Draw a bar with its interval for each label or group."""
    shown = {
        name: row.r if task.accuracy and what != "by label" else row.f for name, row in rows.items()
    }
    shown = {
        name: each for name, each in list(shown.items())[:_MOST_LABELS] if each.value == each.value
    }
    if not shown:
        return []
    figure, axes = _new(6.0, 0.8 + 0.28 * len(shown))
    places = range(len(shown))
    values = [100 * each.value for each in shown.values()]
    axes.barh(places, values, color=_COLOUR, height=0.6)
    for place, each in zip(places, shown.values()):
        _whisker(axes, place, each)
    axes.set_yticks(list(places), [_plain(name) for name in shown])
    axes.invert_yaxis()
    axes.set_xlim(0, 100)
    accuracy = task.accuracy and what != "by label"
    axes.set_xlabel("accuracy" if accuracy else "F-score")
    axes.set_title(f"{task.title} {what}" if what == "by label" else f"{task.title}: {what}")
    return _save(figure, path)


def _whisker(axes: "Axes", place: int, each: "Interval") -> None:
    if each.low == each.low:
        axes.plot([100 * each.low, 100 * each.high], [place, place], color="black", lw=1)


def _matrix(path: Path, task: TaskReview) -> list[Path]:
    """Draw which tag is taken for which, in shares of each gold tag."""
    labels = list(task.matrix)
    sums = {gold: sum(row.values()) or 1 for gold, row in task.matrix.items()}
    shares = [[task.matrix[g][f] / sums[g] for f in labels] for g in labels]
    size = 1.6 + 0.3 * len(labels)
    figure, axes = _new(size, size)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for y, row in enumerate(shares):
        for x, share in enumerate(row):
            if share >= 0.01:
                colour = "white" if share > 0.5 else "black"
                axes.text(
                    x, y, f"{100 * share:.0f}", ha="center", va="center", size=6, color=colour
                )
    names = [_plain(label) for label in labels]
    axes.set_xticks(range(len(labels)), names, rotation=90)
    axes.set_yticks(range(len(labels)), names)
    axes.set_xlabel("predicted")
    axes.set_ylabel("gold")
    axes.set_title(f"{task.title}: percent of each gold tag")
    return _save(figure, path)


def _reliability(path: Path, title: str, bins: list[dict[str, float]]) -> list[Path]:
    filled = [each for each in bins if each["size"]]
    if not filled:
        return []
    total = sum(each["size"] for each in filled)
    figure, axes = _new(3.4, 3.4)
    axes.plot([0, 1], [0, 1], ls="--", lw=1, color="grey")
    xs, ys = [each["confidence"] for each in filled], [each["accuracy"] for each in filled]
    axes.plot(xs, ys, lw=1.2, color=_SECOND)
    axes.scatter(xs, ys, s=[8 + 120 * each["size"] / total for each in filled], color=_SECOND)
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.02, 1.02)
    axes.set_aspect("equal")
    axes.set_xlabel("confidence")
    axes.set_ylabel("share that is right")
    axes.set_title(title)
    return _save(figure, path)


def _training(path: Path, lines: Mapping[str, Sequence[tuple[float, float]]]) -> list[Path]:
    if not lines:
        return []
    figure, axes = _new(5.0, 3.0)
    for name, line in lines.items():
        axes.plot([x for x, _ in line], [100 * y for _, y in line], lw=1.2, label=name)
    axes.set_ylim(0, 100)
    axes.set_xlabel("step")
    axes.set_ylabel("score")
    axes.set_title("Training")
    axes.legend(fontsize=7, frameon=False)
    return _save(figure, path)


def _new(width: float, height: float) -> "tuple[Figure, Axes]":
    """Make a figure and its axes, without pyplot, which keeps all figures."""
    figure = need("matplotlib.figure").Figure(figsize=(width, height), layout="constrained")
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8)
    axes.title.set_size(10)
    return figure, axes


def _plain(label: str) -> str:
    """Write a label so that matplotlib reads no formula in it."""
    return label.replace("$", r"\$")


def _save(figure: "Figure", path: Path) -> list[Path]:
    from io import BytesIO

    matplotlib = need("matplotlib")
    files = []
    # Letters of an SVG stay letters, and the same figure has the same bytes.
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "spacy-seqtag"}):
        for kind in FORMATS:
            stream = BytesIO()
            metadata = {"Date": None} if kind == "svg" else {"Software": None}
            figure.savefig(stream, format=kind, dpi=_DPI, metadata=metadata)
            write_file(path.with_suffix(f".{kind}"), stream.getvalue())
            files.append(path.with_suffix(f".{kind}"))
    return files
