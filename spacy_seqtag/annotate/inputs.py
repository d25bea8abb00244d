"""Which files are read: paths, folders, globs and standard input."""

import glob
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..corpus.errors import FormatError
from ..errors import OneOf, check_settings
from ..files import sha256

KINDS = ("txt", "jsonl", "parquet", "spacy")
"""What can be read."""

_COMPRESSED = (".gz", ".zst")
_STDIN_KINDS = ("txt", "jsonl")
_WHAT = ", ".join(f".{kind}" for kind in KINDS)


@dataclass(frozen=True)
class Input:
    """A file to read.

    path (Path | None): The file; None for standard input.
    name (str): What its items and the manifest call it, wherever the run was started.
    kind (str): One of `KINDS`.
    compression (str): ".gz", ".zst" or "".
    """

    path: Path | None
    name: str
    kind: str
    compression: str = ""

    @property
    def size(self) -> int:
        """Its size in bytes; 0 where it is not known."""
        return 0 if self.path is None else self.path.stat().st_size

    def digest(self) -> dict[str, object]:
        """Tell what the manifest keeps of it: name, size and SHA-256."""
        if self.path is None:
            return {"name": self.name, "bytes": None, "sha256": None}
        return {"name": self.name, "bytes": self.size, "sha256": sha256(self.path)}


def find_inputs(names: Sequence[str], kind: str | None = None) -> list[Input]:
    """Find the files to read, in the order in which they are read.

    Files of a folder or glob come in the order of their names; other files in a folder are passed
    over.

    names (Sequence[str]): Paths of files, folders, globs with `*`, `?`, `[…]` and `**`; or "-"
        alone for standard input.
    kind (str | None): One of `KINDS`, whatever the names of files end in; None to go by that.
    RAISES: FormatError (a ValueError): Nothing is there; a file of no known kind; a file twice.
        ConfigValidationError (a ValueError): Another kind.
    """
    if kind is not None:
        check_settings("annotate:", input_format=(kind, OneOf(KINDS)))
    if "-" in names:
        return [_standard_input(names, kind)]
    paths = [path for name in names for path in _expand(name, kind)]
    resolved = [path.resolve() for path in paths]
    for i, path in enumerate(resolved):
        if path in resolved[:i]:
            raise FormatError(paths[i], None, "the file is there twice", "Name each file once")
    root = Path(os.path.commonpath([path.parent for path in resolved]))
    return [
        Input(path, file.relative_to(root).as_posix(), *_kind_of(path, kind))
        for path, file in zip(paths, resolved, strict=True)
    ]


def digests(inputs: Iterable[Input]) -> list[dict[str, object]]:
    """Tell what the manifest keeps of the inputs, see `Input.digest`."""
    return [one.digest() for one in inputs]


def _standard_input(names: Sequence[str], kind: str | None) -> Input:
    if len(names) > 1:
        raise FormatError("-", None, "standard input beside other inputs", "Give - alone")
    kind = kind or "txt"
    check_settings("annotate:", input_format=(kind, OneOf(_STDIN_KINDS)))
    return Input(None, "-", kind)


def _expand(name: str, kind: str | None) -> list[Path]:
    """Find the files that a name stands for."""
    path = Path(name)
    if path.is_dir():
        found = sorted(
            file for file in path.rglob("*") if file.is_file() and _kind_of(file, None)[0]
        )
        if not found:
            raise FormatError(
                path, None, f"expected {_WHAT} (or these with .gz, .zst)", "The folder has none"
            )
        return found
    if path.exists():
        if not _kind_of(path, kind)[0]:
            raise FormatError(
                path,
                None,
                f"expected {_WHAT} (or these with .gz, .zst)",
                "Say what it holds with --input-format",
            )
        return [path]
    found = [Path(file) for file in sorted(glob.glob(name, recursive=True))]
    found = [file for file in found if file.is_file() and _kind_of(file, kind)[0]]
    if not found:
        raise FormatError(name, None, "there is no such file or folder", "Check the path")
    return found


def _kind_of(path: Path, kind: str | None) -> tuple[str, str]:
    """Tell what a file holds, "" if its name does not, and how it is compressed."""
    suffix = path.suffix.lower()
    compression = suffix if suffix in _COMPRESSED else ""
    ending = Path(path.stem).suffix.lower() if compression else suffix
    named = ending.removeprefix(".")
    return kind or (named if named in KINDS else ""), compression
