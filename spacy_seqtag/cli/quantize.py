"""`python -m spacy seqtag quantize`: an encoder that annotates faster on a CPU."""

from pathlib import Path
from typing import Annotated

import typer
from wasabi import msg

from . import fail, seqtag
from .console import examples, print_json
from .doc_bar import stage_bar
from .entity_labels import EntityLabelsOption
from .options import JsonOption, PipelineArgument, QuietOption, ReplaceOption
from .pass_table import print_passes


@seqtag.command(
    "quantize",
    no_args_is_help=True,
    epilog=examples(
        "quantize training/mine/model-best dev.spacy quantized/",
        "quantize training/mine/model-best dev.spacy quantized/ --max-loss 0.5",
    ),
)
def quantize_cli(
    model: PipelineArgument,
    dev: Annotated[
        Path,
        typer.Argument(
            help="Annotated corpus in .spacy format that the pipeline was not trained on"
        ),
    ],
    output: Annotated[Path, typer.Argument(help="Folder for the pipeline", file_okay=False)],
    max_loss: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            help="Points of a hundred that each score may lose; by default 0.1 of tags, 0.3 of "
            "entities and of roles",
        ),
    ] = None,
    sentences: Annotated[
        int, typer.Option(min=1, help="Sentences on which the numbers to round are measured")
    ] = 300,
    entity_labels: EntityLabelsOption = None,
    force: ReplaceOption = False,
    quiet: QuietOption = False,
    as_json: JsonOption = False,
) -> None:
    """Have the encoder of a trained pipeline annotate with products of bytes, on CPUs.

    Numbers that products read are measured on the first sentences of the corpus, then all of it is
    scored. If too much is lost, the products that do most harm stay as they are; if half of them
    would not do, nothing is saved. Any machine loads the result: it computes in bytes where it can.
    """
    from ..quantization import quantize_pipeline  # loads PyTorch, which takes seconds

    try:
        with stage_bar(quiet) as stages:
            found = quantize_pipeline(
                model,
                dev,
                output,
                sentences=sentences,
                max_loss=max_loss,
                force=force,
                entity_labels=entity_labels,
                stages=stages,
            )
    except (ValueError, OSError) as error:
        fail(error)
    if as_json:
        passes = [{"precision": name, **each._asdict()} for name, each in found.passes.items()]
        print_json({"output": output, **found._asdict(), "passes": passes, "lost": found.lost})
    else:
        print_passes(found.passes)
        msg.info(f"This CPU has {found.instructions}")
        if found.kept:
            msg.info(
                f"{len(found.kept)} of {found.products} products stay as they are: "
                f"{', '.join(found.kept)}"
            )
    msg.good(f"Saved the quantized pipeline to {output}")
