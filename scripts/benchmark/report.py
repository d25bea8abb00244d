"""Figures as tables, as JSON with what is known of the machine, and as plots."""

import json
import os
import platform
import statistics
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NoReturn

from wasabi import Printer, msg, table

from spacy_seqtag.files import write_file

REFERENCE = "ours-pos-ner"
TARGETS = {"spacy": 8.0, "hf-pipeline": 8.0, "loop-fp32": 2.8, "limit-documents": 0.8}
"""How many times the words a second of these systems ours with POS and NER should have."""

_PACKAGES = ("torch", "transformers", "spacy", "spacy-transformers", "spacy-seqtag", "flair")
_MIB = 2**20
_MEMORY = ("MiB to load", "MiB to run", "GPU MiB")  # peaks


@dataclass
class Result:
    """What was measured of one system.

    reason: why it was skipped, or failed. words: in the text. seconds: of each pass over it.
    first_doc: seconds from the start of the process to the first annotated document. loading,
    memory: the most that was resident until then, and from then on, in bytes; gpu_memory: on the
    GPU. batch_size: the one chosen; 0 for systems without.
    """

    name: str
    title: str
    words: int
    status: str = "ok"  # or "skipped" or "failed"
    reason: str = ""
    seconds: list[float] = field(default_factory=list)
    labels: int = 0
    first_doc: float = 0.0
    loading: int = 0
    memory: int = 0
    gpu_memory: int = 0
    batch_size: int = 0

    @property
    def measured(self) -> bool:
        return self.status == "ok" and bool(self.seconds)

    @property
    def rate(self) -> float:
        """Words a second: those of the median pass."""
        return self.words / statistics.median(self.seconds) if self.measured else 0.0

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "words_per_second": self.rate}


@dataclass(frozen=True)
class Ratio:
    """How many times as fast ours is; None where one of the two was not measured."""

    peer: str
    ratio: float | None
    target: float

    @property
    def reached(self) -> bool | None:
        return None if self.ratio is None else self.ratio >= self.target


def ratios(results: Sequence[Result]) -> list[Ratio]:
    """Ours with POS and NER against those systems of the run that there is a target for."""
    by_name = {result.name: result for result in results}
    ours = by_name.get(REFERENCE)
    found = []
    for name, target in TARGETS.items():
        peer = by_name.get(name)
        if ours is None or peer is None:
            continue
        both = ours.measured and peer.measured
        found.append(Ratio(peer.title, ours.rate / peer.rate if both else None, target))
    return found


def speed_table(results: Sequence[Result]) -> str:
    rows = []
    for result in results:
        if not result.measured:
            rows.append((result.title, result.status, *[""] * 5, result.reason))
            continue
        spread = max(result.seconds) - min(result.seconds)
        rows.append(
            (
                result.title,
                f"{result.rate:,.0f}",
                f"±{50 * spread / statistics.median(result.seconds):.0f}%",
                f"{result.first_doc:.1f}",
                f"{result.loading / _MIB:,.0f}",
                f"{result.memory / _MIB:,.0f}",
                f"{result.gpu_memory / _MIB:,.0f}" if result.gpu_memory else "",
                f"batches of {result.batch_size}" if result.batch_size else "",
            )
        )
    header = ("system", "words/s", "spread", "first Doc, s", *_MEMORY, "")
    return str(table(rows, header=header, divider=True, aligns=("l", *"rrrrrr", "l")))


def ratio_table(found: Sequence[Ratio]) -> str:
    rows = [
        (
            ratio.peer,
            "" if ratio.ratio is None else f"{ratio.ratio:.2f}",
            f"{ratio.target:g}",
            {True: "reached", False: "missed", None: "not measured"}[ratio.reached],
        )
        for ratio in found
    ]
    header = ("spacy-seqtag POS+NER against", "times as fast", "target", "")
    return str(table(rows, header=header, divider=True, aligns=("l", "r", "r", "l")))


def memory_table(rows: Sequence[Mapping[str, Any]]) -> str:
    cells = [
        (
            row["what"],
            f"{row['loading'] / _MIB:,.0f}",
            f"{row['memory'] / _MIB:,.0f}",
            f"{row['gpu_memory'] / _MIB:,.0f}" if row["gpu_memory"] else "",
            f"{row['words'] / row['seconds']:,.0f}",
        )
        for row in rows
    ]
    header = ("spacy-seqtag POS+NER", *_MEMORY, "words/s")
    return str(table(cells, header=header, divider=True, aligns=("l", *"rrrr")))


def machine() -> dict[str, Any]:
    """What is known of the machine and the software."""
    packages: dict[str, str | None] = {}
    for name in _PACKAGES:
        try:
            packages[name] = version(name)
        except PackageNotFoundError:
            packages[name] = None
    return {
        "cpu": _cpu_name(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "packages": packages,
        "commit": _commit(),
    }


def _cpu_name() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()


def _commit() -> str | None:
    """The commit of this code, "-dirty" where files differ from it; None outside a repository."""
    command = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    try:
        done = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True)
    except OSError:
        return None
    return done.stdout.strip() or None


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    write_file(path, (json.dumps(content, indent=2) + "\n").encode("utf8"))


def plot_speed(path: Path, results: Sequence[Result], title: str) -> None:
    """Horizontal bars of words a second, with the range over the passes."""
    pyplot = _pyplot()
    if pyplot is None:
        return
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
    axes.set_xlabel("words a second")
    axes.set_title(title, fontsize="medium")
    figure.savefig(path, dpi=150)
    pyplot.close(figure)


def plot_training(path: Path, curves: Mapping[str, Sequence[tuple[float, float]]]) -> None:
    """Development score over seconds of training, a line for each run."""
    pyplot = _pyplot()
    if pyplot is None:
        return
    figure, axes = pyplot.subplots(figsize=(8, 4), layout="constrained")
    for name, points in curves.items():
        axes.plot(*zip(*points), marker="o", markersize=3, label=name)
    axes.set_xlabel("seconds of training")
    axes.set_ylabel("mean of tag accuracy and entity F1")
    axes.legend()
    figure.savefig(path, dpi=150)
    pyplot.close(figure)


def fail(message: str) -> NoReturn:
    """Print an error in one line and exit with code 1."""
    Printer(pretty=False).fail(message)
    raise SystemExit(1)


def _pyplot() -> Any:
    try:
        import matplotlib
    except ModuleNotFoundError:
        msg.warn("No plot: matplotlib is not installed. Install the extra benchmark")
        return None
    matplotlib.use("Agg")
    from matplotlib import pyplot

    return pyplot
