"""`python -m spacy seqtag export`: semantic roles to the column formats of the field."""

import io
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer
from spacy.vocab import Vocab
from wasabi import msg

from ..corpus.propbank import write_gold_conll, write_props
from ..corpus.reader import find_docbins, read_docs
from ..corpus.sentence import FormatError
from ..files import written_aside
from . import fail, seqtag

_WRITERS = {"props": write_props, "gold_conll": write_gold_conll}


class Format(str, Enum):
    """The formats that can be written."""

    props = "props"
    gold_conll = "gold_conll"


@seqtag.command("export", no_args_is_help=True)
def export_cli(
    file: Annotated[Path, typer.Argument(help="The .spacy file with semantic roles")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write")],
    file_format: Annotated[
        Format,
        typer.Option(
            "--format",
            "-f",
            help="props: the columns of CoNLL-2005 that srl-eval.pl reads; gold_conll: PropBank's, "
            "with words",
        ),
    ],
    like: Annotated[
        Path | None,
        typer.Option(
            help="The annotated .spacy file that FILE predicts: write the sentences that have "
            "semantic roles there. Give it for both files that are to be compared"
        ),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only")] = False,
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
        docs = read_docs(file, vocab)
        reference = None if like is None else read_docs(like, vocab)
        with written_aside(output) as opened:
            target = io.TextIOWrapper(opened, encoding="utf8", newline="\n")
            counts = _WRITERS[file_format.value](docs, target, like=reference)
            target.detach()  # writes what is left, and leaves the file open
    except (FormatError, OSError) as error:
        fail(error)
    except ValueError as error:
        fail(f"{file}: {error}. Check the file with `python -m spacy seqtag check`")
    if quiet:
        return
    if counts.cut:
        msg.warn(f"{counts.cut:,} arguments left their sentence and were cut at its bounds")
    msg.good(f"Wrote {counts.sentences:,} sentences, {counts.predicates:,} predicates to {output}")
