"""What a run began with, in `training-state/run.json`: its settings, corpora and libraries."""

import hashlib
import json
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from spacy.training.loop import DIR_MODEL_BEST
from spacy.util import dict_to_dot
from thinc.api import Config

from ...errors import printable, settings_error
from ...files import sha256, write_file
from .states import find_states, remove_states

FOLDER = "training-state"
_FILE = "run.json"
_PACKAGES = ("spacy", "spacy-seqtag", "spacy-transformers", "thinc", "torch", "transformers")
_ABSENT = object()


@dataclass
class Record:
    """What a run began with.

    settings (dict[str, Any]): By their names with dots.
    corpora (dict[str, str]): SHA-256 of the files that [corpora] names, by setting.
    surroundings (dict[str, str]): Versions, threads and device, on which the last digits depend.
    log_file (str | None): What the logger writes, if it was not there before the run.
    steps (int | None): How many the run took, once it is complete.
    """

    settings: dict[str, Any]
    corpora: dict[str, str]
    surroundings: dict[str, str]
    log_file: str | None = None
    steps: int | None = None

    @classmethod
    def of(cls, config: Config, use_gpu: int) -> "Record":
        """Describe a run that begins now.

        config (Config): As loaded, with overrides.
        use_gpu (int): The GPU, or -1.
        """
        interpolated = config.interpolate()
        log_file = interpolated.get("training", {}).get("logger", {}).get("output_file")
        return cls(
            json.loads(json.dumps(dict_to_dot(config), default=str)),
            _digests(interpolated),
            {name: version(name) for name in _PACKAGES}
            | {
                "threads of PyTorch": str(torch.get_num_threads()),
                "device": "CPU" if use_gpu < 0 else "GPU",
            },
            None if log_file is None or Path(log_file).exists() else str(log_file),
        )

    def changes(self, now: "Record") -> list[str]:
        """Name each setting that has another value now, and each corpus with other content.

        now (Record): The run that is to go on.
        """
        names = sorted(self.settings.keys() | now.settings.keys())
        return [
            f"{name} = {_shown(now.settings.get(name, _ABSENT))} "
            f"(was {_shown(self.settings.get(name, _ABSENT))})"
            for name in names
            if self.settings.get(name, _ABSENT) != now.settings.get(name, _ABSENT)
        ] + [
            f"{name}: the content of the corpus"
            for name in sorted(self.corpora.keys() & now.corpora.keys())
            if self.corpora[name] != now.corpora[name]
        ]

    def moved(self, now: "Record") -> list[str]:
        """Name what has changed around the run: versions, threads, device."""
        return [
            f"{name} {now.surroundings.get(name)} (was {value})"
            for name, value in self.surroundings.items()
            if now.surroundings.get(name) != value
        ]

    def save(self, output: Path) -> None:
        """Write the record to an output folder.

        RAISES: OutputError: It cannot be written.
        """
        text = json.dumps(asdict(self), indent=1, ensure_ascii=False)
        write_file(output / FOLDER / _FILE, text.encode("utf8"))

    @classmethod
    def load(cls, output: Path) -> "Record":
        """Read the record of an output folder.

        RAISES: ConfigValidationError (a ValueError): There is none.
        """
        path = output / FOLDER / _FILE
        if not path.exists():
            what = "holds no run that could go on" if output.exists() else "does not exist"
            raise settings_error(
                f"--resume: {output} {what} (it has no {FOLDER}/{_FILE}). Name the --output of the "
                "run that was interrupted, or leave --resume out to begin one there"
            )
        try:
            return cls(**json.loads(path.read_bytes()))
        except (ValueError, TypeError) as err:
            raise settings_error(
                f"{path} is damaged ({err}). Begin anew with --overwrite, or take it from a backup"
            ) from err


def holds_run(output: Path, now: Record) -> bool:
    """Tell whether an output folder holds a run that could go on, or the same one, complete.

    output (Path): The folder, which may not exist.
    now (Record): The run as it would begin now.
    RAISES: ConfigValidationError (a ValueError): Its record is damaged.
    """
    if not (output / FOLDER / _FILE).exists():
        return False
    before = Record.load(output)
    if before.steps is None:
        return True
    return not before.changes(now) and (output / DIR_MODEL_BEST).is_dir()


def begin(output: Path, record: Record, *, overwrite: bool) -> None:
    """Begin a run in an output folder.

    output (Path): The folder.
    record (Record): Of the run.
    overwrite (bool): Remove the states of another run that is not complete.
    RAISES: ConfigValidationError (a ValueError): There is such a run, and it is not to be
        overwritten. OutputError: The folder cannot be written.
    """
    states = find_states(output / FOLDER)
    if states and not overwrite:
        raise settings_error(
            f"{output} holds a run that is not complete ({FOLDER}/{states[0].name}). Go on with it "
            "with --resume, begin anew with --overwrite, or name another --output"
        )
    remove_states(output / FOLDER)
    record.save(output)


def go_on(output: Path, now: Record, *, allow_changes: bool) -> tuple[Record, list[str]]:
    """Find the run of an output folder, and check that it is the same as now.

    output (Path): The folder.
    now (Record): The run as it would begin now.
    allow_changes (bool): Go on with other settings.
    RETURNS (tuple[Record, list[str]]): The record of the run, and what the user should know.
    RAISES: ConfigValidationError (a ValueError): There is no run; or its settings are others.
    """
    before = Record.load(output)
    changes = before.changes(now)
    if changes and not allow_changes:
        raise settings_error(
            f"--resume: the run in {output} began with other settings: {'; '.join(changes)}. Give "
            "it its own again, or go on with the new ones with --allow-changes"
        )
    now.log_file, now.steps = before.log_file, None if changes else before.steps
    notes = [f"Going on with other settings: {'; '.join(changes)}"] if changes else []
    if moved := before.moved(now):
        notes.append(f"The last digits may differ from an uninterrupted run: {', '.join(moved)}")
    if now.steps is None:
        now.save(output)
    return now, notes


def _digests(config: Config) -> dict[str, str]:
    """Digest the files that settings in [corpora] name."""
    result = {}
    for name, value in dict_to_dot({"corpora": config.get("corpora", {})}).items():
        if isinstance(value, str) and Path(value).is_file():
            result[name] = sha256(Path(value))
        elif isinstance(value, str) and Path(value).is_dir():
            files = sorted(Path(value).rglob("*.spacy"))
            text = "".join(f"{path.relative_to(value)} {sha256(path)}\n" for path in files)
            result[name] = hashlib.sha256(text.encode("utf8", "surrogateescape")).hexdigest()
    return result


def _shown(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.12g}"  # overrides are read as 0.30000000000000004
    return "not set" if value is _ABSENT else printable(json.dumps(value, ensure_ascii=False))
