"""Output files that appear when they are complete."""

import errno
import io
import os
import secrets
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import IO, Any

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
    """A file that cannot be written. As a string it is one line with path, reason and fix."""

    def __init__(self, path: str | Path, error: OSError) -> None:
        super().__init__(error.errno, str(error), str(path))
        self.path = Path(path)
        self.reason = error.strerror or str(error)

    def __str__(self) -> str:
        fix = _FIXES.get(self.errno or 0, "Check the path and its disk")
        return f"{self.path}: cannot be written: {self.reason}. {fix}"


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Let an OSError of the system name the output that it is about.

    RAISES OutputError: in place of any other OSError.
    """
    try:
        yield
    except OutputError:
        raise
    except OSError as error:
        raise OutputError(path, error) from error


class _Aside(io.FileIO):
    """A new file whose errors on writing name another one, the output.

    Nobody can know its name before, and no symlink is followed; its permissions are those that
    `open` gives, which `tempfile` does not.
    """

    def __init__(self, output: Path) -> None:
        self.output = output
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        with naming(output):
            while True:
                # Short, as the output's own name may be as long as a name can be.
                self.path = output.parent / f".{secrets.token_hex(12)}.tmp"
                with suppress(FileExistsError):
                    super().__init__(os.open(self.path, flags, 0o666), "w")
                    return

    def write(self, data: Any) -> int:
        with naming(self.output):
            return super().write(data)


@contextmanager
def written_aside(path: Path) -> Iterator[IO[bytes]]:
    """A file to write to, which takes the place of `path` at the end, or is gone on an error.

    Folders that are missing are made, and removed again on an error. Termination by SIGTERM counts
    as an error, too.

    RAISES OutputError: the file or its folder cannot be written.
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
    """Write a whole file, see `written_aside`."""
    with written_aside(path) as file:
        file.write(content)


@contextmanager
def new_folder(folder: Path, output: Path) -> Iterator[None]:
    """Make the folder of an output; if what is done in it fails, remove what was made.

    RAISES OutputError: the folder cannot be made.
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


@contextmanager
def terminable() -> Iterator[None]:
    """Let SIGTERM end the program as an exception, so that nothing half-written is left.

    Only where nobody handles the signal, and in the main thread, where Python allows it.
    """
    if (
        threading.current_thread() is not threading.main_thread()
        or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL
    ):
        yield
        return

    def stop(number: int, _: FrameType | None) -> None:
        raise SystemExit(128 + number)

    signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
