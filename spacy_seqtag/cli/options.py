"""Arguments and options that several commands share, and parts that options are made of."""

from collections.abc import Callable, Collection
from pathlib import Path
from typing import Annotated

import typer
from spacy.util import get_installed_models

from .console import be_quiet, keep_for_json


def complete_pipeline(incomplete: str) -> list[str]:
    """List the installed pipelines whose names begin so, for a shell; it adds files itself."""
    return [name for name in get_installed_models() if name.startswith(incomplete)]


def completed(names: Collection[str]) -> Callable[[str], list[str]]:
    """Make what a shell asks for the values of an option that takes one of some names."""

    def complete(incomplete: str) -> list[str]:
        return [name for name in names if name.startswith(incomplete)]

    return complete


PipelineArgument = Annotated[
    str, typer.Argument(help="Pipeline: package name or folder", autocompletion=complete_pipeline)
]
RawArgument = Annotated[
    Path,
    typer.Argument(
        help='Raw text: .txt with a sentence or paragraph a line, .jsonl with "text", a .spacy '
        "file, of which only the words are read, or a folder of such files"
    ),
]
GpuOption = Annotated[int, typer.Option("--gpu-id", "-g", help="GPU, or -1 for CPU")]
QuietOption = Annotated[
    bool,
    typer.Option("--quiet", "-q", help="Print warnings and errors only", callback=be_quiet),
]
JsonOption = Annotated[
    bool,
    typer.Option(
        "--json",
        help="Print the result as JSON, and everything else on standard error",
        callback=keep_for_json,
    ),
]

LONG_RAW = 1 << 20
"""Bytes of raw text that pipelines annotate in about a minute on two cores."""


def metavar(names: Collection[str]) -> str:
    """Show the names that an option may take, as typer shows those of an enumeration."""
    return f"<{'|'.join(names)}>"


def one_of(names: Collection[str]) -> Callable[[str], str]:
    """Make the parser of an option that takes one of some names, which other code knows.

    names (Collection[str]): The names.
    RETURNS (Callable[[str], str]): The parser.
    RAISES: typer.BadParameter: From the parser, for another value.
    """

    def parse(value: str) -> str:
        if value not in names:
            known = ", ".join(f"'{name}'" for name in names)
            raise typer.BadParameter(f"{value!r} is not one of {known}.")
        return value

    return parse
