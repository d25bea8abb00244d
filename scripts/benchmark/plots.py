"""Figures as plots, where matplotlib is installed."""

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

from report import Result
from wasabi import msg


def plot_speed(path: Path, results: Sequence[Result], title: str) -> None:
    """Draw words per second as horizontal bars, with the range over the passes."""
    if not _can_plot():
        return
    from matplotlib import pyplot

    measured = [result for result in results if result.measured]
    rates = [result.rate for result in measured]
    low = [result.rate - result.words / max(result.seconds) for result in measured]
    high = [result.words / min(result.seconds) - result.rate for result in measured]
    colors = ["tab:blue" if result.name.startswith("ours") else "0.6" for result in measured]
    figure, axes = pyplot.subplots(figsize=(8, 1 + 0.4 * len(measured)), layout="constrained")
    names = [result.title for result in measured]
    bars = axes.barh(names, rates, xerr=(low, high), color=colors, ecolor="0.3", capsize=2)
    axes.bar_label(bars, labels=[f"{rate:,.0f}" for rate in rates], padding=8)
    axes.invert_yaxis()
    axes.margins(x=0.15)
    axes.set_xlabel("words per second")
    axes.set_title(title, fontsize="medium")
    figure.savefig(path, dpi=150)
    pyplot.close(figure)


def plot_training(path: Path, curves: Mapping[str, Sequence[tuple[float, float]]]) -> None:
    """Draw the development score over seconds of training, a line for each run."""
    if not _can_plot():
        return
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(8, 4), layout="constrained")
    for name, points in curves.items():
        axes.plot(*zip(*points), marker="o", markersize=3, label=name)
    axes.set_xlabel("seconds of training")
    axes.set_ylabel("mean of tag accuracy and entity F1")
    axes.legend()
    figure.savefig(path, dpi=150)
    pyplot.close(figure)


def _can_plot() -> bool:
    if find_spec("matplotlib") is None:
        msg.warn("No plot: matplotlib is not installed. Install the extra benchmark")
        return False
    import matplotlib

    matplotlib.use("Agg")
    return True
