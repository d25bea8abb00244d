"""The files that hold the state of a run: one for each of the last two evaluations."""

import io
import json
import re
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import one_line, settings_error
from ...files import written_aside
from ...plain import to_plain
from .randomness import Generators
from .snapshot import Snapshot

FORMAT = 1
KEPT = 2
"""How many states are kept: the last, and the one before it should that be damaged."""

_NAME = re.compile(r"step-(\d+)\.npz")
_NOTES = "notes"
_DAMAGE = (
    *(OSError, EOFError, ValueError, KeyError, TypeError, struct.error),
    *(zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError),
)


@dataclass
class Evaluation:
    """What spaCy's loop tells a logger at an evaluation."""

    step: int
    epoch: int
    score: float
    other_scores: dict[str, Any]
    losses: dict[str, float]
    words: int
    seconds: int


@dataclass
class State:
    """Everything that a run needs to go on after a step.

    snapshot (Snapshot): Weights and optimizer.
    generators (Generators): The random generators.
    data (int): Tells where the data are: the checksum of a `DataStream`.
    evaluations (list[Evaluation]): All so far; the last is that of this step.
    """

    snapshot: Snapshot
    generators: Generators
    data: int
    evaluations: list[Evaluation] = field(default_factory=list)

    @property
    def step(self) -> int:
        """The step after which this was the state."""
        return self.evaluations[-1].step


def save_state(folder: Path, state: State) -> None:
    """Write a state beside the earlier ones, then remove all but the newest two.

    folder (Path): Of the states.
    state (State): The state.
    RAISES: OutputError: It cannot be written.
    """
    notes = {
        "format": FORMAT,
        "counts": state.snapshot.counts,
        "gradients": state.snapshot.gradients,
        "scales": state.snapshot.scales,
        "generators": state.generators.to_plain(),
        "data": state.data,
        "evaluations": [asdict(evaluation) for evaluation in state.evaluations],
    }
    # Scores and losses are whatever scorers and components return.
    text = json.dumps(to_plain(notes, finite=False)).encode()
    members = {**state.snapshot.arrays, _NOTES: np.frombuffer(text, dtype=np.uint8)}
    with (
        written_aside(folder / f"step-{state.step:08}.npz") as file,
        zipfile.ZipFile(file, "w") as archive,  # which has a checksum for each array
    ):
        for i, (name, array) in enumerate(members.items()):
            with archive.open(_member(i, name), "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.asarray(array), allow_pickle=False)
        archive.writestr("names.json", json.dumps(list(members)))
    for path in find_states(folder)[KEPT:]:
        path.unlink()


def load_state(path: Path) -> State:
    """Read a state.

    path (Path): The file.
    RAISES: One of the errors for damaged files: It is not whole.
    """
    with zipfile.ZipFile(path) as archive:
        arrays = {}
        for i, name in enumerate(json.loads(archive.read("names.json"))):
            content = io.BytesIO(archive.read(_member(i, name)))  # compares the checksum
            arrays[name] = np.lib.format.read_array(content, allow_pickle=False)
    notes = json.loads(arrays.pop(_NOTES).tobytes())
    if notes["format"] != FORMAT:
        raise ValueError(f"format {notes['format']}, where this version reads {FORMAT}")
    return State(
        Snapshot(arrays, notes["counts"], notes["gradients"], notes["scales"]),
        Generators.from_plain(notes["generators"]),
        notes["data"],
        [Evaluation(**evaluation) for evaluation in notes["evaluations"]],
    )


def load_newest(folder: Path, warn: Callable[[str], object]) -> tuple[State | None, list[Path]]:
    """Read the newest state that is whole.

    folder (Path): Of the states.
    warn (Callable[[str], object]): Is told about each that is damaged.
    RETURNS (tuple[State | None, list[Path]]): The state, None where none was saved; and the newer
        files, which are damaged.
    RAISES: ConfigValidationError (a ValueError): None of them is whole.
    """
    damaged: list[Path] = []
    for path in find_states(folder):
        try:
            return load_state(path), damaged
        except _DAMAGE as err:
            warn(f"{path} is damaged ({one_line(err)}). Falling back to the state before it")
            damaged.append(path)
    if damaged:
        raise settings_error(
            f"{folder}: no state is whole, so the run cannot go on. Begin anew with --overwrite, "
            "which replaces its models, too, or name another --output"
        )
    return None, []


def step_of(path: Path) -> int:
    """Return the step that a state is of, by the name of its file."""
    return int(path.stem.partition("-")[2])


def find_states(folder: Path) -> list[Path]:
    """Find the files of states, the newest first."""
    return sorted((p for p in folder.glob("step-*.npz") if _NAME.fullmatch(p.name)), reverse=True)


def remove_states(folder: Path) -> None:
    """Remove the states, and what was left of one that was being written."""
    for path in find_states(folder):
        path.unlink()
    tidy_states(folder)


def tidy_states(folder: Path) -> None:
    """Remove what is left of files that were being written when a run was killed."""
    for path in folder.glob(".*.tmp"):
        path.unlink()


def _member(i: int, name: str) -> str:
    """Name an array within the file; places may have characters that file names may not."""
    return f"{_NOTES if name == _NOTES else i}.npy"
