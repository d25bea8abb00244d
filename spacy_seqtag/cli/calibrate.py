"""`python -m spacy seqtag calibrate`: confidences that say how often they are right."""

from pathlib import Path
from typing import Annotated

import typer
from wasabi import msg
from wasabi.printer import Printer

from ..calibration import calibrate_pipeline
from ..errors import printable
from ..report.scores import print_calibration
from . import fail, seqtag
from .entity_labels import EntityLabelsOption
from .gpu import set_up_gpu
from .options import GpuOption, PipelineArgument


@seqtag.command("calibrate")
def calibrate_cli(
    model: PipelineArgument,
    dev: Annotated[
        Path, typer.Argument(help="Corpus in .spacy format that the pipeline was not trained on")
    ],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", help="Folder for the calibrated pipeline", file_okay=False),
    ],
    force: Annotated[
        bool,
        typer.Option(
            "--overwrite", "--force", "-F", help="Replace a pipeline that is there, such as MODEL"
        ),
    ] = False,
    entity_labels: EntityLabelsOption = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only")] = False,
    gpu_id: GpuOption = -1,
) -> None:
    """Calibrate the confidences of a trained pipeline on a dev corpus.

    Each head gets the temperature with which the gold annotation is most probable, and the
    confidences of entities and arguments a curve. Annotation stays as it is. What the pipeline was
    trained on it knows by heart, so that nothing can be learned of its errors there.
    """
    try:
        set_up_gpu(gpu_id)
        found = calibrate_pipeline(
            model, dev, output, force=force, progress=not quiet, entity_labels=entity_labels
        )
    except (ValueError, OSError) as err:
        fail(err)
    if quiet:
        return
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
    printer = Printer(pretty=False)  # one line each, however long
    for line in found.left_alone:
        printer.warn(f"Left alone: {printable(line, limit=None)}")
    for line in found.cautions:
        printer.warn(printable(line, limit=None))
    print_calibration(("before", found.before), ("after", found.after))
    msg.good(f"Saved the calibrated pipeline to {output}")
