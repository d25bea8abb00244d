"""Figures as tables, and as JSON."""

import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import NoReturn

from wasabi import Printer, table

from spacy_seqtag.files import write_file

REFERENCE = "ours-pos-ner"
TARGETS = {"spacy": 8.0, "hf-pipeline": 8.0, "loop-fp32": 2.8, "limit-documents": 0.8}
"""How many times the words per second of these systems ours with POS and NER should have."""

_MIB = 2**20
_MEMORY = ("MiB to load", "MiB to run", "GPU MiB")  # peaks


@dataclass
class Result:
    """What was measured of one system.

    words: In the text.
    status: "ok", "skipped" or "failed".
    reason: Why it was skipped, or failed.
    seconds: Of each pass over the text.
    labels: That a pass gave.
    first_doc (seconds): From the start of the process to the first annotated document.
    loading, memory (bytes): The most that was resident until then, and from then on.
    gpu_memory (bytes): The most on the GPU.
    batch_size: The one chosen; 0 for systems without.
    """

    name: str
    title: str
    words: int
    status: str = "ok"
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
        """Words per second: those of the median pass."""
        return self.words / statistics.median(self.seconds) if self.measured else 0.0

    def to_dict(self) -> dict[str, object]:
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

    def to_dict(self) -> dict[str, object]:
        return {**asdict(self), "reached": self.reached}


@dataclass
class LongText:
    """The memory of our POS and NER over long text.

    what: The text, in words.
    words: In it.
    loading, memory, gpu_memory, status, reason: As in `Result`.
    seconds: Of the one pass.
    """

    what: str
    words: int
    status: str = "ok"
    reason: str = ""
    loading: int = 0
    memory: int = 0
    gpu_memory: int = 0
    seconds: float = 0.0


def ratios(results: Sequence[Result]) -> list[Ratio]:
    """Compare ours with POS and NER with those systems of the run that there is a target for."""
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
                *_in_mib(result),
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


def memory_table(rows: Sequence[LongText]) -> str:
    cells = [(row.what, *_in_mib(row), f"{row.words / row.seconds:,.0f}") for row in rows]
    header = ("spacy-seqtag POS+NER", *_MEMORY, "words/s")
    return str(table(cells, header=header, divider=True, aligns=("l", *"rrrr")))


def _in_mib(row: Result | LongText) -> tuple[str, str, str]:
    gpu = f"{row.gpu_memory / _MIB:,.0f}" if row.gpu_memory else ""
    return f"{row.loading / _MIB:,.0f}", f"{row.memory / _MIB:,.0f}", gpu


def write_json(path: Path, content: Mapping[str, object]) -> None:
    write_file(path, (json.dumps(content, indent=2) + "\n").encode("utf8"))


def fail(message: str) -> NoReturn:
    """Print an error in one line and exit with code 1."""
    Printer(pretty=False).fail(message)
    raise SystemExit(1)
