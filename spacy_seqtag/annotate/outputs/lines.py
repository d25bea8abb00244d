"""Formats of lines: a piece is a stretch of the file, compressed by itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ...files import written_aside
from .format import Write


@contextmanager
def opened(path: Path) -> Iterator[Write]:
    """Open a file whose pieces stand one after the other, see `OutputFormat`."""
    with written_aside(path) as file:

        def write(piece: bytes) -> None:
            file.write(piece)

        yield write
