"""`python -m spacy seqtag export`: semantic roles to the column formats of the field."""

from pathlib import Path
from typing import Annotated

import typer
from spacy.vocab import Vocab
from wasabi import msg

from ..corpus.docbin_read import find_docbins, read_docs
from ..corpus.errors import FormatError
from ..corpus.formats import WRITERS
from ..corpus.plural import counted
from . import fail, seqtag
from .console import examples, print_json, warn
from .doc_bar import doc_bar
from .options import JsonOption, QuietOption, completed, metavar, one_of


@seqtag.command(
    "export",
    no_args_is_help=True,
    epilog=examples(
        "export dev.spacy --format props --output dev.props",
    ),
)
def export_cli(
    file: Annotated[Path, typer.Argument(help="The .spacy file with semantic roles")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write")],
    file_format: Annotated[
        str,
        typer.Option(
            "--format",
            "-f",
            parser=one_of(WRITERS),
            autocompletion=completed(WRITERS),
            metavar=metavar(WRITERS),
            help="; ".join(f"{writer.name}: {writer.help}" for writer in WRITERS.values()),
        ),
    ],
    like: Annotated[
        Path | None,
        typer.Option(
            help="The annotated .spacy file that FILE predicts: write the sentences that have "
            "semantic roles there. Give it for both files that are to be compared"
        ),
    ] = None,
    quiet: QuietOption = False,
    as_json: JsonOption = False,
) -> None:
    """Write the semantic roles of a .spacy file as columns.

    Sentences without the layer are left out. To compare predictions with an annotated file,
    export both with --like ANNOTATED.spacy, so that they hold the same sentences.
    """
    inputs = [path for path in (file, like) if path is not None]
    if output.is_dir() or any(output.exists() and output.samefile(path) for path in inputs):
        fail(f"{output}: the output is a folder or one of the inputs. Give it another name")
    try:
        for path in inputs:
            if find_docbins(path) != [path]:
                fail(f"{path}: this is a folder. Name a .spacy file in it")
        vocab = Vocab()
        reference = None if like is None else read_docs(like, vocab)
        with doc_bar(read_docs(file, vocab), file.name, quiet) as docs:
            counts = WRITERS[file_format].save(docs, output, reference)
    except (FormatError, OSError) as error:
        fail(error)
    except ValueError as error:
        fail(f"{file}: {error}. Check the file with `python -m spacy seqtag check`")
    if as_json:
        print_json({"output": output, **counts._asdict()})
    if counts.cut:
        what = "<argument|arguments> left <its|their> sentence and <was|were> cut at its bounds"
        warn(counted(counts.cut, what))
    sentences = counted(counts.sentences, "<sentence|sentences>")
    predicates = counted(counts.predicates, "<predicate|predicates>")
    msg.good(f"Wrote {sentences}, {predicates} to {output}")
