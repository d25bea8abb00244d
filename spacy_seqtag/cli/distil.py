"""`python -m spacy seqtag distil`: teachers annotate raw text, for a student to learn from."""

from pathlib import Path
from typing import Annotated

import typer
from spacy.cli._util import setup_gpu
from wasabi import msg

from ..corpus.errors import safe_line
from ..corpus.plural import counted
from ..schemes.soft_rows import TOP
from . import fail, seqtag
from .byte_bar import byte_bar
from .console import examples, print_json
from .options import (
    LONG_RAW,
    GpuOption,
    JsonOption,
    QuietOption,
    RawArgument,
    complete_pipeline,
)


@seqtag.command(
    "distil",
    no_args_is_help=True,
    epilog=examples(
        "distil teacher_1 teacher_2 raw.txt --output soft.spacy",
    ),
)
def distil_cli(
    pipelines: Annotated[
        list[str],
        typer.Argument(
            metavar="TEACHER...",
            help="Trained pipelines: package names or folders",
            autocompletion=complete_pipeline,
        ),
    ],
    raw: RawArgument,
    output: Annotated[Path, typer.Option("--output", "-o", help="The .spacy file to write")],
    top: Annotated[
        int, typer.Option(min=1, max=255, help="The most classes of a word that are kept")
    ] = TOP,
    sent_starts: Annotated[
        bool, typer.Option(help="Take the sentence boundaries of a .spacy file, too")
    ] = True,
    union_labels: Annotated[
        bool,
        typer.Option(
            "--union-labels",
            help="Let teachers of one layer have other labels: one has the probability 0 of a "
            "teacher that does not know it",
        ),
    ] = False,
    gpu_id: GpuOption = -1,
    quiet: QuietOption = False,
    as_json: JsonOption = False,
) -> None:
    """Annotate raw text with trained pipelines, and keep what they think of each word.

    The result is a corpus like any other, and has the mean probabilities of the teachers besides.
    Train with it beside annotated data: --corpora.train.soft soft.spacy.
    """
    from ..distil.annotate import distil  # loads transformers, which takes seconds

    setup_gpu(gpu_id, silent=True)
    try:
        with byte_bar([raw], quiet, long=LONG_RAW) as bar:
            result = distil(
                pipelines,
                raw,
                output,
                top=top,
                sent_starts=sent_starts,
                union_labels=union_labels,
                progress=bar.update,
            )
    except (ValueError, OSError) as error:
        fail(error)
    if as_json:
        print_json({"output": output, "bytes": output.stat().st_size, **vars(result)})
    else:
        rows = [
            ("Documents", result.docs),
            ("Words", result.words),
            *((f"Entities {safe_line(label)}", n) for label, n in result.ents.most_common()),
            ("Predicates", result.predicates),
        ]
        msg.table([(name, f"{n:,}") for name, n in rows], aligns=("l", "r"))
    size = output.stat().st_size / max(1, result.words)
    teachers = counted(len(pipelines), "<teacher|teachers>")
    msg.good(
        f"Wrote {output}: {', '.join(result.layers)} of {teachers}, {size:.0f} bytes a word. Train "
        "with it beside annotated data: --corpora.train.soft"
    )
