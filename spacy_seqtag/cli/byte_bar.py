"""The progress bar of commands that read files of any size: it counts bytes."""

import sys
from collections.abc import Iterable
from pathlib import Path

from tqdm import tqdm


def byte_bar(paths: Iterable[Path], quiet: bool, *, long: int) -> "tqdm[None]":
    """Make a bar that counts the bytes of files; in a log file only where the wait is long.

    paths (Iterable[Path]): Files, and folders of them.
    quiet (bool): Show none.
    long (int, bytes): The most that takes no long wait.
    """
    files = [file for path in paths for file in (path.rglob("*") if path.is_dir() else [path])]
    total = sum(file.stat().st_size for file in files if file.is_file())
    terminal = sys.stderr.isatty()
    return tqdm(
        total=total,
        unit="B",
        unit_scale=True,
        leave=False,
        disable=quiet or not (terminal or total > long),
        mininterval=0.1 if terminal else 10.0,  # seconds; few lines in log files
    )
