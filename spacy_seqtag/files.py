"""Output files that appear only when they are complete.

A file is written under a temporary name beside its final one, and renamed at the end. So a reader
finds either what was there before or all of the new file, also after an error, a kill or a full
disk. Every error names the output file and how to mend it, in one line.
"""

import errno
import hashlib
import io
import os
import secrets
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_FIXES = {
    errno.ENOSPC: "Free some space there, or name a place with more",
    errno.EDQUOT: "Free some space there, or name a place with more",
    errno.EACCES: "Name a place where you may write",
    errno.EPERM: "Name a place where you may write",
    errno.EEXIST: "A part of the path is a file: name another place",
    errno.ENOTDIR: "A part of the path is a file: name another place",
    errno.EROFS: "Name a place where you may write",
}


class OutputError(OSError):
    """An output file that cannot be written. Its text is one line: path, reason, fix."""

    def __init__(self, path: str | Path, error: OSError) -> None:
        super().__init__(error.errno, str(error), str(path))
        self.path = Path(path)
        self.reason = error.strerror or str(error)

    def __str__(self) -> str:
        fix = _FIXES.get(self.errno or 0, "Check the path and its disk")
        return f"{self.path}: cannot be written: {self.reason}. {fix}"


class Terminated(SystemExit):
    """The process was asked to end (SIGTERM). Its code is that by which a shell knows it."""


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Turn the system's errors within a `with` block into ones that name the output file.

    path (Path): The output file.
    RAISES: OutputError: In place of any other OSError.
    """
    try:
        yield
    except OutputError:
        raise
    except OSError as error:
        raise OutputError(path, error) from error


class _Aside(io.FileIO):
    """A new file beside the output, whose errors on writing name the output.

    Its name is random, so nobody can put a symlink in its place beforehand. It gets the usual
    permissions, which a file of Python's `tempfile` would not.
    """

    def __init__(self, output: Path) -> None:
        self.output = output
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        with naming(output):
            while True:
                # Not made of the output's name, which may be as long as a name can be.
                self.path = output.parent / f".{secrets.token_hex(12)}.tmp"
                with suppress(FileExistsError):
                    super().__init__(os.open(self.path, flags, 0o666), "w")
                    return

    def write(self, data: "ReadableBuffer") -> int:
        with naming(self.output):
            return super().write(data)


@contextmanager
def written_aside(path: Path) -> Iterator[IO[bytes]]:
    """Open a file that takes the place of `path` when the `with` block ends.

    If the block fails, what was at `path` stays, and new folders are removed again. Being
    terminated (SIGTERM) counts as failing.

    path (Path): The output file; missing folders are made.
    YIELDS (IO[bytes]): The file to write to.
    RAISES: OutputError: If the file or its folder cannot be written.
    """
    with terminable(), new_folder(path.parent, path):
        raw = _Aside(path)
        try:
            with io.BufferedWriter(raw) as file:
                yield file
                file.flush()
                with naming(path):
                    os.fsync(file.fileno())
            with naming(path):
                os.replace(raw.path, path)
        except BaseException:
            raw.path.unlink(missing_ok=True)
            raise


def write_file(path: Path, content: bytes) -> None:
    """Write a whole file at once; see `written_aside`.

    path (Path): The output file; missing folders are made.
    content (bytes): What to write.
    RAISES: OutputError: If the file or its folder cannot be written.
    """
    with written_aside(path) as file:
        file.write(content)


@contextmanager
def new_folder(folder: Path, output: Path) -> Iterator[None]:
    """Make the folder of an output; remove what was made if the `with` block fails.

    folder (Path): The folder to make, with its parents.
    output (Path): The output file that errors name.
    RAISES: OutputError: If the folder cannot be made.
    """
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    with naming(output):
        folder.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        for path in made:
            with suppress(OSError):  # another process may have put something there
                path.rmdir()
        raise


def check_writable(folder: Path) -> None:
    """Check that a folder can be written to, or be made; nothing is written.

    folder (Path): The folder, which may not exist.
    RAISES: OutputError: It cannot.
    """
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    with naming(folder):
        if not there.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        if not os.access(there, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def check_replaceable(folder: Path, kind: str, marks: Sequence[str], *, force: bool) -> None:
    """Check that a folder that is going to be written replaces nothing by mistake.

    folder (Path): The output.
    kind (str): What it is going to be: a pipeline, a model.
    marks (Sequence[str]): The files that tell such a folder from others.
    force (bool): Whether one of this kind may be replaced.
    RAISES: ValueError: Something is there, and it is not to be replaced, or is of another kind.
    """
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    if not all((folder / mark).is_file() for mark in marks):
        raise ValueError(
            f"{folder}: this is there already, and it is no {kind} that could be replaced. Name a "
            "new folder"
        )
    if not force:
        raise ValueError(
            f"{folder}: there is a {kind} already. Name a new folder, or replace the {kind} with "
            "--overwrite"
        )


@contextmanager
def terminable() -> Iterator[None]:
    """Let SIGTERM raise `Terminated` within a `with` block, so that nothing half-written is left.

    Does nothing where somebody handles the signal already, or outside the main thread, where
    Python does not allow it.
    """
    if (
        threading.current_thread() is not threading.main_thread()
        or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL
    ):
        yield
        return

    def stop(number: int, _: FrameType | None) -> None:
        raise Terminated(128 + number)

    signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
