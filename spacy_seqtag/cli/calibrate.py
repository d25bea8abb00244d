"""`python -m spacy seqtag calibrate`: confidences that say how often they are right."""

from pathlib import Path
from typing import Annotated

import typer
from wasabi import msg

from ..calibration import Calibration, calibrate_pipeline
from ..errors import printable
from ..report.scores import print_calibration
from . import fail, seqtag
from .console import examples, print_json, warn
from .doc_bar import stage_bar
from .entity_labels import EntityLabelsOption
from .gpu import set_up_gpu
from .options import GpuOption, JsonOption, PipelineArgument, QuietOption, ReplaceOption


@seqtag.command(
    "calibrate",
    no_args_is_help=True,
    epilog=examples(
        "calibrate my_pipeline dev.spacy --output calibrated/",
    ),
)
def calibrate_cli(
    model: PipelineArgument,
    dev: Annotated[
        Path, typer.Argument(help="Corpus in .spacy format that the pipeline was not trained on")
    ],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", help="Folder for the calibrated pipeline", file_okay=False),
    ],
    force: ReplaceOption = False,
    entity_labels: EntityLabelsOption = None,
    quiet: QuietOption = False,
    as_json: JsonOption = False,
    gpu_id: GpuOption = -1,
) -> None:
    """Calibrate the confidences of a trained pipeline on a dev corpus.

    Each head gets the temperature with which the gold annotation is most probable, and the
    confidences of entities and arguments a curve. Annotation stays as it is. What the pipeline was
    trained on it knows by heart, so that nothing can be learned of its errors there.
    """
    try:
        set_up_gpu(gpu_id)
        with stage_bar(quiet) as stages:
            found = calibrate_pipeline(
                model, dev, output, force=force, entity_labels=entity_labels, stages=stages
            )
    except (ValueError, OSError) as err:
        fail(err)
    for line in (*(f"Left alone: {line}" for line in found.left_alone), *found.cautions):
        warn(line)
    if as_json:
        curves = {name: curve._asdict() for name, curve in found.curves.items()}
        print_json({"output": output, **found._asdict(), "curves": curves})
    else:
        _print_figures(found)
    msg.good(f"Saved the calibrated pipeline to {output}")


def _print_figures(found: Calibration) -> None:
    rows = [
        (printable(name), head, f"{temperature:.3f}")
        for name, heads in found.temperatures.items()
        for head, temperature in heads.items()
    ]
    msg.table(rows, header=("Component", "Head", "T"), aligns=("l", "l", "r"), title="Temperatures")
    bent = [(printable(name), *(f"{v:.3f}" for v in curve)) for name, curve in found.curves.items()]
    if bent:
        header = ("Component", "a", "b", "c")
        msg.table(bent, header=header, aligns=("l", "r", "r", "r"), title="Curves of spans")
    print_calibration(("before", found.before), ("after", found.after))
