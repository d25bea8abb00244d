"""The folder of a run that shrinks a pipeline: what is done until the pipeline is saved."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

from ..errors import settings_error
from ..files import write_file
from ..training.resume.record import Record

Settings: TypeAlias = Mapping[str, object]
"""What a run was asked for, by the names of the options."""

_ANEW = "or begin anew with --overwrite"


class Work:
    """The folder of a run.

    output (Path): Where its pipeline is to be. The folder is beside it.
    """

    def __init__(self, output: Path) -> None:
        self.folder = output.with_name(f"{output.name}.shrinking")

    @property
    def soft(self) -> Path:
        """The raw text with what the whole pipeline thinks of it; it appears when it is whole."""
        return self.folder / "soft.spacy"

    @property
    def training(self) -> Path:
        """The output folder of the training run."""
        return self.folder / "training"

    @property
    def _record(self) -> Path:
        return self.folder / "run.json"

    @property
    def has_training(self) -> bool:
        """Whether a training run was begun, with which one can go on."""
        return Record.path(self.training).exists()

    def check(self, settings: Settings, *, resume: bool, force: bool) -> None:
        """Check that there is a run to go on with, or none in the way. Nothing is changed.

        settings (Settings): Of the run that is to begin, or to go on.
        resume (bool): Whether it is to go on with one.
        force (bool): Whether it may remove one.
        RAISES: ConfigValidationError (a ValueError): There is none, or it had other settings; there
            is one in the way, or something else.
        """
        if not self.folder.exists():
            if resume:
                raise settings_error(
                    f"--resume: there is no {self.folder}, so nothing to go on with. Leave "
                    "--resume out"
                )
            return
        if not self._record.exists():
            raise settings_error(
                f"{self.folder}: this is there already, and no run of shrink left it. Remove it, "
                "or name another output"
            )
        if not resume and not force and self.soft.exists():
            raise settings_error(
                f"{self.folder}: an interrupted run left this. Go on with it by --resume, {_ANEW}"
            )
        if resume:
            before = json.loads(self._record.read_bytes())
            changed = [
                f"{name} = {settings[name]} (was {before.get(name)})"
                for name in settings
                if settings[name] != before.get(name)
            ]
            if changed:
                raise settings_error(
                    f"--resume: the run in {self.folder} began with other settings: "
                    f"{', '.join(changed)}. Give the same, {_ANEW}"
                )

    def begin(self, settings: Settings) -> None:
        """Make the folder anew.

        settings (Settings): Of the run.
        RAISES: OutputError: It cannot be written.
        """
        self.remove()
        write_file(self._record, json.dumps(dict(settings), indent=1).encode("utf8"))

    def remove(self) -> None:
        """Remove the folder, its record last: what is left by a kill is known as a run."""
        if self.folder.exists():
            for path in self.folder.iterdir():
                if path.is_dir():
                    shutil.rmtree(path)
                elif path != self._record:
                    path.unlink()
            shutil.rmtree(self.folder)
