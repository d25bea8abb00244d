"""Arguments and options that several commands share, and parts that options are made of."""

from collections.abc import Callable, Collection
from pathlib import Path
from typing import Annotated

import typer

PipelineArgument = Annotated[str, typer.Argument(help="Pipeline: package name or folder")]
RawArgument = Annotated[
    Path,
    typer.Argument(
        help='Raw text: .txt with a sentence or paragraph a line, .jsonl with "text", a .spacy '
        "file, of which only the words are read, or a folder of such files"
    ),
]
GpuOption = Annotated[int, typer.Option("--gpu-id", "-g", help="GPU, or -1 for CPU")]

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
