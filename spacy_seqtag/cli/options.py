"""Arguments and options that several commands share, and parts that options are made of."""

from collections.abc import Collection
from pathlib import Path
from typing import Annotated

import typer
from spacy.util import get_installed_models
from typer.models import OptionInfo

from .console import be_quiet, keep_for_json


def complete_pipeline(incomplete: str) -> list[str]:
    """List the installed pipelines whose names begin so, for a shell; it adds files itself."""
    return [name for name in get_installed_models() if name.startswith(incomplete)]


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
ReplaceOption = Annotated[
    bool,
    typer.Option(
        "--overwrite", "--force", "-F", help="Replace a pipeline that is there, such as MODEL"
    ),
]

_WIDTH = 60  # of the names of an option

LONG_RAW = 1 << 20
"""Bytes of raw text that pipelines annotate in about a minute on two cores."""


def choice(names: Collection[str], *flags: str, help: str) -> OptionInfo:
    """Make an option that takes one of some names, which other code knows.

    Help shows them as typer shows those of an enumeration, unless they do not fit into a line: then
    `help` has to say them. Shells complete them.

    names (Collection[str]): The names.
    flags (str): What the option is called, if not as its parameter.
    help (str): What it is for.
    RETURNS (OptionInfo): What `typer.Option` makes. Another value is a `typer.BadParameter`.
    """

    def parse(value: str) -> str:
        if value not in names:
            known = ", ".join(f"'{name}'" for name in names)
            raise typer.BadParameter(f"{value!r} is not one of {known}.")
        return value

    def complete(incomplete: str) -> list[str]:
        return [name for name in names if name.startswith(incomplete)]

    shown = f"<{'|'.join(names)}>"
    made: OptionInfo = typer.Option(
        *flags,
        parser=parse,
        metavar=shown if len(shown) <= _WIDTH else "NAME",
        autocompletion=complete,
        help=help,
    )
    return made
