"""What a run began with, in `training-state/run.json`: its settings, corpora and libraries."""

import hashlib
import json
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from spacy.training.loop import DIR_MODEL_BEST, DIR_MODEL_LAST
from spacy.util import dict_to_dot
from thinc.api import Config

from ...errors import printable, settings_error
from ...files import sha256, write_file
from ..save_aside import holds_folder
from .states import find_states

FOLDER = "training-state"
_FILE = "run.json"
MODELS = (DIR_MODEL_BEST, DIR_MODEL_LAST)
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
    auto_precision (str | None): What `precision = "auto"` was when the run began; None in records
        of before this was kept.
    """

    settings: dict[str, Any]
    corpora: dict[str, str]
    surroundings: dict[str, str]
    log_file: str | None = None
    steps: int | None = None
    auto_precision: str | None = None

    @classmethod
    def of(cls, config: Config, use_gpu: int) -> "Record":
        """Describe a run that begins now.

        config (Config): As loaded, with overrides.
        use_gpu (int): The GPU, or -1.
        """
        interpolated = config.interpolate()
        log_file = dict_to_dot(interpolated).get("training.logger.output_file")
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
        write_file(self.path(output), text.encode("utf8"))

    @staticmethod
    def path(output: Path) -> Path:
        """Return where the record of an output folder is."""
        return output / FOLDER / _FILE

    @classmethod
    def load(cls, output: Path) -> "Record":
        """Read the record of an output folder.

        RAISES: ConfigValidationError (a ValueError): There is none.
        """
        path = cls.path(output)
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
    return not before.changes(now) and holds_folder(output / DIR_MODEL_BEST)


def find_models(output: Path) -> list[Path]:
    """Find the trained pipelines in an output folder."""
    return [path for name in MODELS if holds_folder(path := output / name)]


def check_free(output: Path, *, overwrite: bool, or_begin: bool = False) -> None:
    """Check that a run may begin in an output folder.

    output (Path): The folder, which may not exist.
    overwrite (bool): Whatever is there may be replaced.
    or_begin (bool): The models of a complete run may be.
    RAISES: ConfigValidationError (a ValueError): Something is there that is not to be replaced.
    """
    if overwrite:
        return
    states, models = find_states(output / FOLDER), find_models(output)
    own = Record.path(output).exists()
    complete = own and Record.load(output).steps is not None
    if not complete and (states or (models and own)):
        file = states[0].name if states else _FILE
        raise settings_error(
            f"{output} holds a run that is not complete ({FOLDER}/{file}). Go on with it "
            "with --resume, begin anew with --overwrite, or name another --output"
        )
    if models and not (own and or_begin):
        raise settings_error(
            f"{output} holds trained pipelines ({', '.join(path.name for path in models)}). Name "
            "another --output, or begin anew and replace them with --overwrite"
        )


def go_on(output: Path, now: Record, *, allow_changes: bool) -> tuple[Record, list[str]]:
    """Find the run of an output folder, and check that it is the same as now; nothing is written.

    output (Path): The folder.
    now (Record): The run as it would begin now.
    allow_changes (bool): Go on with other settings.
    RETURNS (tuple[Record, list[str]]): The record of the run, and what the user should know.
    RAISES: ConfigValidationError (a ValueError): There is no run; or its settings are others.
    """
    before = Record.load(output)
    changes = "; ".join(before.changes(now))
    if changes and before.steps is not None:
        raise settings_error(
            f"--resume: the run in {output} is complete: it took {before.steps} steps, with other "
            f"settings: {changes}. It keeps no state that could go on with these. Begin anew in "
            "another --output, or here with --overwrite, or train its pipeline further with a "
            "config of init-config --pipeline"
        )
    if changes and not allow_changes:
        raise settings_error(
            f"--resume: the run in {output} began with other settings: {changes}. Give "
            "it its own again, or go on with the new ones with --allow-changes"
        )
    now.log_file, now.steps = before.log_file, before.steps
    now.auto_precision = before.auto_precision
    notes = [f"Going on with other settings: {changes}"] if changes else []
    if moved := before.moved(now):
        notes.append(f"The last digits may differ from an uninterrupted run: {', '.join(moved)}")
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
