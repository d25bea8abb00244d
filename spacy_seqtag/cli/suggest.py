"""`python -m spacy seqtag suggest`: sentences that are worth labelling next."""

from pathlib import Path
from typing import Annotated

import typer
from spacy.cli._util import setup_gpu
from wasabi import msg

from ..corpus.plural import counted
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
    "suggest",
    no_args_is_help=True,
    epilog=examples(
        "suggest my_pipeline raw.txt --n 50 --output to-label.jsonl",
    ),
)
def suggest_cli(
    pipelines: Annotated[
        list[str],
        typer.Argument(
            metavar="PIPELINE...",
            help="Trained pipelines: package names or folders",
            autocompletion=complete_pipeline,
        ),
    ],
    raw: RawArgument,
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write")],
    n: Annotated[int, typer.Option("--n", "-n", help="How many sentences to suggest")] = 100,
    tool: Annotated[
        str,
        typer.Option("--format", "-f", help="The tool: prodigy, label-studio or doccano"),
    ] = "prodigy",
    layers: Annotated[
        str,
        typer.Option(
            help="What is to be labelled: ents, roles, pos or tag. By default the first of these "
            "that there is; for label-studio, which takes several, all"
        ),
    ] = "",
    by: Annotated[
        str | None,
        typer.Option(
            "--by", help="What the order goes by: entropy, or disagreement of several pipelines"
        ),
    ] = None,
    diversity: Annotated[
        float,
        typer.Option(help="0: the most uncertain sentences; 1: the most unlike each other"),
    ] = 0.5,
    annotated: Annotated[
        Path | None,
        typer.Option(help=".spacy file or folder with sentences that are annotated already"),
    ] = None,
    min_words: Annotated[int, typer.Option(help="Leave out sentences of fewer words")] = 3,
    union_labels: Annotated[
        bool,
        typer.Option("--union-labels", help="Let pipelines of one layer have other labels"),
    ] = False,
    gpu_id: GpuOption = -1,
    quiet: QuietOption = False,
    as_json: JsonOption = False,
) -> None:
    """Choose the sentences of raw text that are worth labelling, and annotate them for a start.

    Those come first of which the pipelines are the least sure, and that are unlike the others.
    """
    from ..labelling.suggest import suggest  # loads transformers, which takes seconds

    setup_gpu(gpu_id, silent=True)
    try:
        read = [raw, annotated] if annotated is not None and diversity else [raw]
        with byte_bar(read, quiet, long=LONG_RAW) as bar:
            result = suggest(
                pipelines,
                raw,
                output,
                n=n,
                tool=tool,
                layers=[name.strip() for name in layers.split(",") if name.strip()],
                measure=by,
                diversity=diversity,
                annotated=annotated,
                min_words=min_words,
                union_labels=union_labels,
                progress=bar.update,
            )
    except (ValueError, OSError) as error:
        fail(error)
    if as_json:
        counts = {"read": result.read, "short": result.short, "known": result.known}
        what = {"measure": result.measure, "layers": result.layers}
        print_json({"output": output, "sentences": len(result.sentences), **counts, **what})
    left_out = f"{result.known:,} annotated already, {result.short:,} too short"
    msg.info(f"{counted(result.read, '<sentence|sentences>')} read: {left_out}")
    chosen = counted(len(result.sentences), "<sentence|sentences>")
    msg.good(f"Wrote {output}: {chosen} by {result.measure} of {', '.join(result.layers)}")
