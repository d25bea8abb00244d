"""`python -m spacy seqtag export`: a `.spacy` file to the formats of other programs."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from wasabi import msg

from ..corpus.errors import FormatError
from ..corpus.export import export
from ..corpus.formats import WRITERS
from ..corpus.formats.losses import said
from ..corpus.plural import counted
from . import fail, seqtag
from .options import metavar, one_of


@seqtag.command("export", no_args_is_help=True)
def export_cli(
    file: Annotated[Path, typer.Argument(help="The .spacy file")],
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            help="The file to write, compressed if it ends in .gz or .zst; - for standard output",
        ),
    ],
    file_format: Annotated[
        str,
        typer.Option(
            "--format",
            "-f",
            parser=one_of(WRITERS),
            metavar=metavar(WRITERS),
            help="; ".join(f"{writer.name}: {writer.help}" for writer in WRITERS.values()),
        ),
    ],
    like: Annotated[
        Path | None,
        typer.Option(
            help="For formats of semantic roles: the annotated .spacy file that FILE predicts. "
            "Write the sentences that have semantic roles there. Give it for both files that are "
            "to be compared"
        ),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only")] = False,
) -> None:
    """Write a .spacy file in another format.

    What the format cannot hold is left out, and the summary says how much of it. Formats of
    semantic roles leave out sentences without the layer: to compare predictions with an annotated
    file, export both with --like ANNOTATED.spacy, so that they hold the same sentences.
    """
    standard = str(output) == "-"
    try:
        target = sys.stdout.buffer if standard else output
        counts = export(file, target, file_format, like=like)
    except (FormatError, OSError, ImportError) as error:
        fail(error)
    except ValueError as error:
        fail(f"{file}: {error}. Check the file with `python -m spacy seqtag check`")
    if quiet:
        return
    if standard:
        return
    if counts.cut:
        what = "<argument|arguments> left <its|their> sentence and <was|were> cut at its bounds"
        msg.warn(counted(counts.cut, what))
    left_out = said(counts.left_out)
    if left_out:
        msg.info(f"Not in the file, as {file_format} does not hold it: {'; '.join(left_out)}")
    parts = {
        "<document|documents>": counts.documents,
        "<sentence|sentences>": counts.sentences,
        "<word|words>": counts.words,
        "<entity|entities>": counts.entities,
        "<predicate|predicates>": counts.predicates,
    }
    shown = [counted(n, what) for what, n in parts.items() if n]
    msg.good(f"Wrote {', '.join(shown)} to {output}")
