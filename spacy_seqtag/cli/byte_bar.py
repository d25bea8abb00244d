"""The progress bar of commands that read files of any size: it counts bytes."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TextIO, cast

from tqdm import tqdm

# Elsewhere than in a terminal: seconds between two lines, and what is in them.
_BETWEEN_LINES = 10.0
_LINE = "{percentage:3.0f}% of {total_fmt}B, {elapsed} so far, {remaining} left"


class _Lines:
    """A stream for a log, in which each state of a bar is a line."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        """Write the state of a bar, which begins with a return to the beginning of the line."""
        if line := text.strip():
            self._stream.write(f"{line}\n")

    def flush(self) -> None:
        """Write what is waiting."""
        self._stream.flush()


def byte_bar(paths: Iterable[Path], quiet: bool, *, long: int) -> "tqdm[None]":
    """Make a bar that counts the bytes of files; in a log a line at times, where the wait is long.

    paths (Iterable[Path]): Files, and folders of them.
    quiet (bool): Show none.
    long (int, bytes): The most that takes no long wait.
    """
    files = [file for path in paths for file in (path.rglob("*") if path.is_dir() else [path])]
    total = sum(file.stat().st_size for file in files if file.is_file())
    terminal = sys.stderr.isatty()
    if terminal or quiet or total <= long:
        shown = terminal and not quiet
        return tqdm(total=total, unit="B", unit_scale=True, leave=False, disable=not shown)
    return tqdm(
        total=total,
        unit_scale=True,
        leave=False,
        mininterval=_BETWEEN_LINES,
        delay=_BETWEEN_LINES,
        bar_format=_LINE,
        file=cast("Any", _Lines(sys.stderr)),  # all that tqdm needs of a stream
    )
