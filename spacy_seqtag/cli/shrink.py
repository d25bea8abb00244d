"""`python -m spacy seqtag shrink`: a faster pipeline, whose encoder has fewer layers."""

import signal
from pathlib import Path
from typing import Annotated

import typer
from wasabi import msg

from ..files import Terminated, terminable
from . import fail, seqtag
from .byte_bar import byte_bar
from .console import examples, print_json, warn
from .doc_bar import stage_bar
from .entity_labels import EntityLabelsOption
from .gpu import set_up_gpu
from .options import (
    LONG_RAW,
    GpuOption,
    JsonOption,
    PipelineArgument,
    QuietOption,
    RawArgument,
    ReplaceOption,
)
from .pass_table import print_passes


@seqtag.command(
    "shrink",
    no_args_is_help=True,
    epilog=examples(
        "shrink training/mine/model-best raw.txt small/ --layers 3 --dev dev.spacy",
        "shrink training/mine/model-best raw.txt small/ --layers 3 --dev dev.spacy --resume",
    ),
)
def shrink_cli(
    model: PipelineArgument,
    raw: RawArgument,
    output: Annotated[Path, typer.Argument(help="Folder for the pipeline", file_okay=False)],
    layers: Annotated[
        int | None, typer.Option(min=1, help="How many layers the encoder keeps")
    ] = None,
    keep: Annotated[
        str | None,
        typer.Option(
            metavar="N,N,...",
            help="Which layers it keeps, from 0; by default as many as --layers, spread evenly",
        ),
    ] = None,
    dev: Annotated[
        Path | None,
        typer.Option(help="Annotated corpus in .spacy format, to measure on what is lost"),
    ] = None,
    steps: Annotated[
        int, typer.Option(min=1, help="Training steps, each of some 400 words of the raw text")
    ] = 2_000,
    seed: Annotated[int, typer.Option(min=0, help="Of training")] = 0,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with a run that was interrupted")
    ] = False,
    entity_labels: EntityLabelsOption = None,
    force: ReplaceOption = False,
    gpu_id: GpuOption = -1,
    quiet: QuietOption = False,
    as_json: JsonOption = False,
) -> None:
    """Take layers out of a pipeline's encoder, and have the rest learn from the whole one.

    It learns from raw text, which the whole pipeline annotates first. What is done is kept beside
    the output until the pipeline is complete, so that an interrupted run can go on.
    """
    if (layers is None) == (keep is None):
        fail("Give one of --layers, such as --layers 3, and --keep, such as --keep 0,2,5")
    from ..shrink.run import Shrinking  # loads PyTorch, which takes seconds

    set_up_gpu(gpu_id)
    begun = saved = False
    try:
        with terminable():
            run = Shrinking(
                model,
                raw,
                output,
                _numbers(keep) if layers is None else layers,
                dev=dev,
                steps=steps,
                seed=seed,
                resume=resume,
                force=force,
                entity_labels=entity_labels,
            )
            with byte_bar([raw], quiet, long=LONG_RAW) as bar:
                run.annotate(bar.update)
            begun = True
            nlp = run.train(gpu_id)
            saved = True
            with stage_bar(quiet) as stages:
                passes = run.measure(nlp, stages)
    except (KeyboardInterrupt, Terminated) as error:
        rest = "Nothing was saved yet"
        if saved:
            rest = f"The pipeline is saved in {output}, but was not measured"
        elif begun or resume:
            rest = "The same command goes on with --resume"
        warn(f"Interrupted. {rest}")
        code = int(str(error)) if isinstance(error, Terminated) else 128 + signal.SIGINT
        raise typer.Exit(code) from None
    except (ValueError, OSError) as error:
        fail(error)
    lost = passes[len(run.layers)].lost_since(passes[run.of]) if passes else {}
    if as_json:
        print_json(
            {
                "output": output,
                "layers": run.layers,
                "of": run.of,
                "passes": [{"layers": n, **each._asdict()} for n, each in passes.items()],
                "lost": lost,
            }
        )
    elif passes:
        print_passes({f"{n} layers": each for n, each in passes.items()})
    kept = ", ".join(map(str, run.layers))
    msg.good(f"Saved the pipeline with layers {kept} of {run.of} to {output}")


def _numbers(keep: str | None) -> list[int]:
    """Read the numbers of layers.

    RAISES: ValueError: There is something else.
    """
    try:
        return [int(part) for part in (keep or "").split(",")]
    except ValueError:
        raise ValueError(f"--keep {keep}: give numbers of layers, such as 0,2,5") from None
