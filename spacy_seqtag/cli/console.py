"""How the commands say things: what goes where, in which words, and what a console can show.

Standard output has the result and what is said of it. Warnings and errors are one line each on
standard error, so that they are seen where the result goes to a file. `--quiet` leaves these alone;
`--json` leaves standard output to one JSON object, and everything else goes to standard error.

A library warns with `warnings.warn`, and Python shows that with the path and the line of the code.
A user of a command has nothing to do with code, so for as long as a command of ours runs, warnings
are shown as its other messages are. Everything else, such as filters and `-W error`, stays.
"""

import codecs
import io
import json
import os
import re
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from contextvars import ContextVar
from textwrap import wrap
from typing import Any, BinaryIO, NoReturn, TextIO, cast

import typer
import wasabi.util
from tqdm import tqdm
from wasabi.util import ICONS, MESSAGES, color

from ..errors import message_of, one_line, printable
from ..plain import to_plain

# What colours text, and what else steers a terminal, such as moving its cursor.
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_STEERING = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")

# Signs of messages that have an equal in ASCII, as wasabi writes it; others are escaped.
_IN_ASCII = {"✔": "[+]", "✘": "[x]", "⚠": "[!]", "\u2139": "[i]", "…": "..."}
_SPELL_OUT = "spacy_seqtag.spell_out"

_PROGRAM = "python -m spacy seqtag"

# Where the result of a command goes, whatever is done to `sys.stdout`.
_output: ContextVar[TextIO] = ContextVar("output")


@contextmanager
def for_people() -> Iterator[None]:
    """Within a `with` block, show what the console can show.

    Warnings are one line each, colours are for terminals only, and not with NO_COLOR
    (https://no-color.org); what the encoding of the console lacks is written in ASCII.
    """
    with ExitStack() as stack:
        stack.enter_context(_wasabi_leaves_encodings_alone())
        for stream, redirect in ((sys.stdout, redirect_stdout), (sys.stderr, redirect_stderr)):
            stack.enter_context(_any_encoding(stream))
            if not stream.isatty():
                stack.enter_context(redirect(cast("TextIO", _Without(_STEERING, stream))))
            elif os.environ.get("NO_COLOR") or os.environ.get(wasabi.util.ENV_ANSI_DISABLED):
                stack.enter_context(redirect(cast("TextIO", _Without(_COLOURS, stream))))
        stack.enter_context(_warnings_in_a_line())
        token = _output.set(sys.stdout)
        try:
            yield
        finally:
            _output.reset(token)


def examples(*commands: str) -> str:
    """Write examples for the end of what `--help` prints.

    commands (str): What stands after `python -m spacy seqtag`.
    """
    lines = [
        " \\\n      ".join(wrap(f"{_PROGRAM} {command}", 74, break_on_hyphens=False))
        for command in commands
    ]
    return "\n  ".join(["\b\nExamples:", *lines])  # \b: click breaks no lines here


def be_quiet(context: typer.Context, quiet: bool) -> bool:
    """Print warnings and errors only, for as long as a command runs: what `--quiet` does.

    Standard output is empty, and bars find no terminal.

    context (typer.Context): Of the command.
    quiet (bool): Whether the option was given.
    RETURNS (bool): The same.
    """
    if quiet and not context.resilient_parsing:
        nothing = context.with_resource(open(os.devnull, "w", encoding="utf8"))  # noqa: SIM115
        context.with_resource(redirect_stdout(nothing))
        context.with_resource(redirect_stderr(cast("TextIO", _NoTerminal(sys.stderr))))
    return quiet


def keep_for_json(context: typer.Context, as_json: bool) -> bool:
    """Leave standard output to `print_json` for as long as a command runs: what `--json` does.

    context (typer.Context): Of the command.
    as_json (bool): Whether the option was given.
    RETURNS (bool): The same.
    """
    if as_json and not context.resilient_parsing and sys.stdout is _output.get():
        context.with_resource(redirect_stdout(sys.stderr))  # else --quiet came first
    return as_json


def print_data(text: str) -> None:
    """Print what a file would hold: in UTF-8 and to the letter, whatever the console shows.

    text (str): The content of the file.
    """
    output = output_bytes()
    output.write(text.encode("utf8"))
    output.flush()


def output_bytes() -> BinaryIO:
    """Find where the bytes of a file go that is written to standard output."""
    output = _output.get()
    output.flush()
    return output.buffer


def print_json(result: Mapping[str, object]) -> None:
    """Print the result of a command as JSON.

    result (Mapping[str, object]): See `to_plain` for what becomes of what JSON cannot hold.
    """
    output = _output.get()
    readable = (output.encoding or "").lower().replace("-", "") == "utf8"
    text = json.dumps(to_plain(result), indent=2, ensure_ascii=not readable, allow_nan=False)
    output.write(f"{text}\n")


def warn(text: str, details: Sequence[str] = ()) -> None:
    """Warn in a line on standard error.

    text (str): What the user should look at. What would steer a terminal is written out.
    details (Sequence[str]): Lines below it.
    """
    sys.stdout.flush()  # both may go to one file
    lines = [color(f"{ICONS[MESSAGES.WARN]} {printable(text, limit=None)}", fg=MESSAGES.WARN)]
    lines += [f"  {printable(detail, limit=None)}" for detail in details]
    tqdm.write("\n".join(lines), file=cast("Any", sys.stderr))


def fail(message: object) -> NoReturn:
    """Print what is wrong on standard error, and exit with code 1.

    Lines stay whole: the pretty printer would wrap them, and so break paths for whoever reads the
    log. What would steer a terminal, such as escapes in the name of a file, is written out.

    message (str or Exception): What is wrong, and how to mend it.
    """
    sys.stdout.flush()
    lines = [printable(line, limit=None) for line in message_of(message).split("\n")]
    print("\n".join(lines), file=sys.stderr)
    sys.exit(1)


class _Without:
    """A stream where some of what steers a terminal is left out.

    pattern (re.Pattern[str]): What is left out.
    stream (TextIO): Where the rest goes.
    """

    def __init__(self, pattern: re.Pattern[str], stream: TextIO) -> None:
        self._pattern = pattern
        self._stream = stream

    def write(self, text: str) -> int:
        """Write text. RETURNS (int): Its length, as of any stream."""
        self._stream.write(self._pattern.sub("", text))
        return len(text)

    def __getattr__(self, name: str) -> object:  # whatever the stream has
        return getattr(self._stream, name)


class _NoTerminal:
    """A stream that says it is no terminal, so that nobody draws a bar there."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def isatty(self) -> bool:
        """Say no."""
        return False

    def __getattr__(self, name: str) -> object:  # whatever the stream has
        return getattr(self._stream, name)


@contextmanager
def _any_encoding(stream: TextIO) -> Iterator[None]:
    """Within a `with` block, let a stream write any text: ASCII for what its encoding lacks."""
    if not isinstance(stream, io.TextIOWrapper):  # it takes any text as it is
        yield
        return
    codecs.register_error(_SPELL_OUT, _spell_out)
    before = stream.errors or "strict"
    stream.reconfigure(errors=_SPELL_OUT)
    try:
        yield
    finally:
        stream.reconfigure(errors=before)


def _spell_out(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    escaped = [_IN_ASCII.get(c) or c.encode("ascii", "backslashreplace").decode() for c in lacking]
    return "".join(escaped), error.end


@contextmanager
def _wasabi_leaves_encodings_alone() -> Iterator[None]:
    """Keep wasabi from encoding what it prints: it reads that as UTF-8, and fails if it is not."""
    before = wasabi.util.ENCODING
    wasabi.util.ENCODING = "utf8"
    try:
        yield
    finally:
        wasabi.util.ENCODING = before


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
        text = one_line(message)
        if text not in shown:  # Python counts a warning anew wherever filters were changed
            shown.add(text)
            warn(text)

    before = warnings.showwarning
    warnings.showwarning = show
    try:
        yield
    finally:
        warnings.showwarning = before
