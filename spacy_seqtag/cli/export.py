"""`python -m spacy seqtag export`: a `.spacy` file to the formats of other programs."""

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer
from wasabi import msg

from ..corpus.errors import FormatError
from ..corpus.export import export
from ..corpus.formats import WRITERS
from ..corpus.formats.losses import said
from ..corpus.plural import counted, forms
from . import fail, seqtag
from .console import examples, output_bytes, print_json, warn
from .doc_bar import doc_bar
from .options import JsonOption, QuietOption, choice

_STDOUT = "-"


@seqtag.command(
    "export",
    no_args_is_help=True,
    epilog=examples(
        "export dev.spacy --format conllu --output dev.conllu.gz",
        "export dev.spacy --format label-studio --output dev.json",
        "export dev.spacy --format props --output dev.props",
    ),
)
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
        choice(
            WRITERS,
            "--format",
            "-f",
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
    quiet: QuietOption = False,
    as_json: JsonOption = False,
) -> None:
    """Write a .spacy file in another format.

    What the format cannot hold is left out, and the summary says how much of it. Formats of
    semantic roles leave out sentences without the layer: to compare predictions with an annotated
    file, export both with --like ANNOTATED.spacy, so that they hold the same sentences.
    """
    to_stdout = str(output) == _STDOUT
    if to_stdout and as_json:
        fail("--json and --output -: both would go to standard output. Leave out one of them")
    try:
        with ExitStack() as stack:
            counts = export(
                file,
                output_bytes() if to_stdout else output,
                file_format,
                like=like,
                watch=lambda docs: stack.enter_context(doc_bar(docs, file.name, quiet)),
            )
    except (FormatError, OSError, ImportError) as error:
        fail(error)
    except ValueError as error:
        fail(f"{file}: {error}. Check the file with `python -m spacy seqtag check`")
    if as_json:
        left_out = {forms(2, what): n for what, n in counts.left_out.items() if n}
        print_json({"output": output, **vars(counts), "left_out": left_out})
    if counts.cut:
        what = "<argument|arguments> left <its|their> sentence and <was|were> cut at its bounds"
        warn(counted(counts.cut, what))
    if lost := said(counts.left_out):
        tell = warn if to_stdout else msg.info
        tell(f"Not in the file, as {file_format} does not hold it: {'; '.join(lost)}")
    if to_stdout:
        return
    parts = {
        "<document|documents>": counts.documents,
        "<sentence|sentences>": counts.sentences,
        "<word|words>": counts.words,
        "<entity|entities>": counts.entities,
        "<predicate|predicates>": counts.predicates,
    }
    shown = [counted(n, what) for what, n in parts.items() if n]
    msg.good(f"Wrote {', '.join(shown)} to {output}")
