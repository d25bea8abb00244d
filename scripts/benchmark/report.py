"""Figures as tables, and as JSON."""

import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import NoReturn

from wasabi import Printer, table

from spacy_seqtag.files import write_file

REFERENCES = ("ours-pos-ner", "ours-pos-ner-fp32", "ours-pos-ner-int8")
"""Ours that the others are compared with, those of both tasks in each precision."""

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
    """How many times as fast one of ours is as another system."""

    ours: str
    peer: str
    ratio: float


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
    """Compare ours with POS and NER, in each precision, with the other systems of the run."""
    measured = [result for result in results if result.measured]
    ours = [result for result in measured if result.name in REFERENCES]
    peers = [result for result in measured if not result.name.startswith("ours")]
    return [Ratio(one.title, peer.title, one.rate / peer.rate) for peer in peers for one in ours]


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
    """Show how many times as fast ours are: a column for each, a row for each other system."""
    ours = list(dict.fromkeys(ratio.ours for ratio in found))
    rows: dict[str, list[str]] = {}
    for ratio in found:
        rows.setdefault(ratio.peer, [ratio.peer]).append(f"{ratio.ratio:.2f}")
    header = ("times as fast as", *ours)
    aligns = ("l", *"r" * len(ours))
    return str(table(list(rows.values()), header=header, divider=True, aligns=aligns))


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
