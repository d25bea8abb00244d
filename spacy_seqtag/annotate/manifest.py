"""The manifest of an output folder: what the run is, and which of its parts are whole.

`manifest.json` is written anew, aside, after each part. A file in the folder counts only if the
manifest names it, and `errors.jsonl` only as far as the manifest says. So whenever a run is cut,
the next one knows what is there.
"""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from .. import __version__
from ..errors import first_line, printable
from ..files import naming, sha256, write_file
from .items import Failure

MANIFEST = "manifest.json"
ERRORS = "errors.jsonl"
_VERSION = 1


class FolderError(ValueError):
    """An output folder that a run cannot write to. One line: folder, reason, fix."""

    def __init__(self, folder: Path, reason: str, fix: str) -> None:
        super().__init__(f"{printable(str(folder), limit=None)}: {reason}. {fix}")


@dataclass(frozen=True)
class Part:
    """A part of the output that is whole.

    file (str): Its name in the folder.
    docs, words, errors (int): The Docs in it, their words, and the items that failed.
    bytes (int), sha256 (str): Of the file.
    position (int, bytes): How much of the input is read when it ends.
    error_bytes (int): How long `errors.jsonl` is when it ends.
    items (str): The digest of its items, of standard input; else "".
    """

    file: str
    docs: int
    words: int
    errors: int
    bytes: int
    sha256: str
    position: int
    error_bytes: int
    items: str = ""


@dataclass
class Manifest:
    """What a run is, and how far it is.

    model (dict[str, object]): Name and SHA-256 of the pipeline.
    inputs (list[dict[str, object]]): Name, size and SHA-256 of each file.
    settings (dict[str, object]): What decides about the bytes of the output.
    parts (list[Part]): Those that are whole, in order.
    complete (bool): Whether these are all.
    """

    model: dict[str, object]
    inputs: list[dict[str, object]]
    settings: dict[str, object]
    parts: list[Part] = field(default_factory=list)
    complete: bool = False

    def save(self, folder: Path) -> None:
        """Write it to its folder.

        RAISES: OutputError: It cannot be written.
        """
        content = {"version": _VERSION, "made_by": f"spacy-seqtag {__version__}", **asdict(self)}
        write_file(folder / MANIFEST, (json.dumps(content, indent=1) + "\n").encode())

    @classmethod
    def load(cls, folder: Path) -> "Manifest | None":
        """Read that of a folder; None if it has none.

        RAISES: FolderError: It cannot be read.
        """
        path = folder / MANIFEST
        if not path.exists():
            return None
        try:
            content = json.loads(path.read_text("utf8"))
            if content["version"] != _VERSION:
                raise ValueError(f"version {content['version']}")
            parts = [Part(**part) for part in content["parts"]]
            return cls(
                dict(content["model"]),
                list(content["inputs"]),
                dict(content["settings"]),
                parts,
                bool(content["complete"]),
            )
        except (ValueError, KeyError, TypeError, OSError) as error:
            raise FolderError(
                path, f"this is no manifest of annotate ({first_line(error)})", _OTHER_FOLDER
            ) from None


_OTHER_FOLDER = "Give another folder, or --overwrite to begin anew"


def difference(old: Manifest, new: Manifest) -> str:
    """Say in what two runs differ; "" if the second can go on where the first stopped.

    old (Manifest): That of the folder.
    new (Manifest): That of the run which is to go on.
    """
    if old.model["sha256"] != new.model["sha256"]:
        return f"the pipeline was {_shown(old.model['name'])}, and is another one now"
    for key in {**old.settings, **new.settings}:
        before, now = old.settings.get(key), new.settings.get(key)
        if before != now:
            return f"{key} was {_shown(before)}, and is {_shown(now)} now"
    for before_file, file in zip(old.inputs, new.inputs):
        if before_file["name"] != file["name"]:
            return f"the input was {_shown(before_file['name'])}, and is {_shown(file['name'])} now"
        if before_file != file:
            return f"the input {_shown(file['name'])} has changed since"
    if len(old.inputs) != len(new.inputs):
        return f"the input was {len(old.inputs)} files, and is {len(new.inputs)} now"
    return ""


def _shown(value: object) -> str:
    return printable(str(", ".join(value) if isinstance(value, list) else value), limit=None)


def open_folder(folder: Path, new: Manifest, *, overwrite: bool = False) -> Manifest:
    """Find out where a run begins in its folder, and leave there only what is whole.

    folder (Path): It exists, and nobody else writes to it, see `locked`.
    new (Manifest): Of the run, without parts.
    overwrite (bool): Remove what another run has written.
    RETURNS (Manifest): That of the folder, or the new one.
    RAISES: FolderError: A folder with other files, or of another run; a part that is missing or
        has changed.
    """
    old = None if overwrite else Manifest.load(folder)
    if overwrite:
        _remove_run(folder)
    elif old is not None and (found := difference(old, new)):
        raise FolderError(folder, f"the folder is of another run: {found}", _OTHER_FOLDER)
    manifest = new if old is None else old
    _remove_rest(folder, manifest)
    for part in manifest.parts:
        path = folder / part.file
        if not path.is_file() or path.stat().st_size != part.bytes:
            raise FolderError(
                path, "this part of the run is missing or has changed since", _OTHER_FOLDER
            )
    errors = folder / ERRORS
    if errors.exists():
        with naming(errors), errors.open("r+b") as file:
            file.truncate(manifest.parts[-1].error_bytes if manifest.parts else 0)
    return manifest


def _remove_run(folder: Path) -> None:
    """Remove what the manifest of a folder names, the manifest first."""
    manifest = Manifest.load(folder)
    if manifest is None:
        return
    with naming(folder):
        (folder / MANIFEST).unlink()
        for name in [*(part.file for part in manifest.parts), ERRORS]:
            (folder / name).unlink(missing_ok=True)


def _remove_rest(folder: Path, manifest: Manifest) -> None:
    """Remove what a run that was cut left behind: unfinished files, and a part too many.

    RAISES: FolderError: There is something else.
    """
    known = {MANIFEST, ERRORS, *(part.file for part in manifest.parts)}
    left_over = part_name(len(manifest.parts), str(manifest.settings["format"]))
    for path in sorted(folder.iterdir()):
        if path.name in known:
            continue
        unfinished = path.name.startswith(".") and path.suffix == ".tmp"
        if not (unfinished or path.name == left_over):
            raise FolderError(
                folder,
                f"the folder has {printable(path.name)}, which is of no run of annotate",
                "Give a new or empty folder",
            )
        with naming(path):
            path.unlink()


def part_name(number: int, file_format: str) -> str:
    """Return the name of a part: they sort in their order."""
    return f"part-{number:06d}.{file_format}"


def add_errors(folder: Path, failures: Sequence[Failure]) -> int:
    """Add lines to `errors.jsonl`.

    folder (Path): Of the run.
    failures (Sequence[Failure]): What could not be annotated.
    RETURNS (int, bytes): How long the file is then; 0 if there is none.
    RAISES: OutputError: It cannot be written.
    """
    path = folder / ERRORS
    if failures:
        with naming(path), path.open("ab") as file:
            file.write(error_lines(failures))
            file.flush()
            os.fsync(file.fileno())
    return path.stat().st_size if path.exists() else 0


def error_lines(failures: Sequence[Failure]) -> bytes:
    """Write failures as JSONL."""
    lines = [json.dumps(_record(one), ensure_ascii=False) for one in failures]
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "replace")


def _record(failure: Failure) -> Mapping[str, object]:
    record = failure._asdict()
    if not failure.meta:
        del record["meta"]
    return record


def finish_part(path: Path, **counts: int | str) -> Part:
    """Describe a part whose file is whole.

    path (Path): The file.
    **counts (int or str): The other fields of the part.
    """
    return Part(file=path.name, bytes=path.stat().st_size, sha256=sha256(path), **counts)  # type: ignore[arg-type]


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other runs out of a folder within a `with` block; after a kill it is free again.

    folder (Path): The folder of the output.
    RAISES: FolderError: Another run is writing to it.
    """
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FolderError(
                folder, "another run is writing to the folder", "Wait for it, or end it"
            ) from None
        except OSError:  # a file system without locks
            pass
        yield
    finally:
        os.close(handle)
