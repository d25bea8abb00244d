"""What the commands print: a warning is one line, and colours are for terminals only.

A library warns with `warnings.warn`, and Python shows that with the path and the line of the code.
A user of a command has nothing to do with code, so for as long as a command of ours runs, warnings
are shown as its other messages are. Everything else, such as filters and `-W error`, stays.
"""

import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from typing import Any, TextIO, cast

from tqdm import tqdm
from wasabi.util import ICONS, MESSAGES, color

from ..errors import one_line, printable

# What colours a terminal, or moves its cursor.
_COLOURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@contextmanager
def for_people() -> Iterator[None]:
    """Within a `with` block, show warnings in one line each, and colours in terminals only."""
    with ExitStack() as stack:
        for stream, redirect in ((sys.stdout, redirect_stdout), (sys.stderr, redirect_stderr)):
            if not stream.isatty():
                stack.enter_context(redirect(cast("TextIO", _Plain(stream))))
        stack.enter_context(_warnings_in_a_line())
        yield


class _Plain:
    """A stream for files and pipes, where what would colour a terminal is left out.

    stream (TextIO): Where the rest goes.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write text. RETURNS (int): Its length, as of any stream."""
        self._stream.write(_COLOURS.sub("", text))
        return len(text)

    def __getattr__(self, name: str) -> object:  # whatever the stream has
        return getattr(self._stream, name)


@contextmanager
def _warnings_in_a_line() -> Iterator[None]:
    shown: set[str] = set()

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        text = printable(one_line(message), limit=None)
        if text not in shown:  # Python counts a warning anew wherever filters were changed
            shown.add(text)
            words = color(f"{ICONS[MESSAGES.WARN]} {text}", fg=MESSAGES.WARN)
            tqdm.write(words, file=cast("Any", file or sys.stderr))

    before = warnings.showwarning
    warnings.showwarning = show
    try:
        yield
    finally:
        warnings.showwarning = before
