"""`python -m spacy seqtag audit`: find what is probably labelled wrong in a corpus."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import srsly
import typer
from spacy.cli._util import setup_gpu
from wasabi import msg
from wasabi.printer import Printer

from ..errors import settings_error
from ..evaluation import UnknownLabelsError
from ..files import written_aside
from . import fail, seqtag
from .options import GpuOption, PipelineArgument

if TYPE_CHECKING:  # it takes seconds to import
    from ..labelling.audit import Suspect


@seqtag.command("audit", no_args_is_help=True)
def audit_cli(
    model: PipelineArgument,
    data: Annotated[Path, typer.Argument(help="Annotated corpus in .spacy format")],
    folds: Annotated[
        int,
        typer.Option(
            help="Train this many pipelines with the settings of PIPELINE, each without the part "
            "of the corpus that it judges. 0: PIPELINE itself judges, which must not have been "
            "trained on the corpus",
        ),
    ] = 0,
    config: Annotated[
        Path | None,
        typer.Option("--config", "-c", help="Train folds with this config, not that of PIPELINE"),
    ] = None,
    n: Annotated[int, typer.Option("--n", "-n", help="Sentences to print per layer", min=0)] = 20,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="JSONL file for all sentences", dir_okay=False),
    ] = None,
    allow_unknown_labels: Annotated[
        bool,
        typer.Option(
            "--allow-unknown-labels",
            help="List labels that PIPELINE does not know first instead of failing; not with folds",
        ),
    ] = False,
    gpu_id: GpuOption = -1,
) -> None:
    """List the sentences whose annotation is probably wrong, the least probable first.

    Each sentence is ranked, in each layer, by its least probable token.
    """
    from ..labelling.audit import audit
    from ..report.suspects import print_suspects

    try:
        if output is not None and output.exists() and data.exists() and output.samefile(data):
            raise settings_error(
                f"--output {output}: this would replace the corpus. Name another file"
            )
        setup_gpu(gpu_id, silent=True)
        suspects = audit(
            model,
            data,
            folds=folds,
            config=config,
            allow_unknown_labels=allow_unknown_labels,
            gpu_id=gpu_id,
            progress=lambda fold: Printer().info(f"Judged fold {fold} of {folds}"),
        )
        if output is not None:
            _write(output, suspects)
    except UnknownLabelsError as err:
        fail(err if folds else f"{err}, or list them first with --allow-unknown-labels.")
    except (ValueError, OSError) as err:
        fail(err)
    for layer, found in suspects.items():
        print_suspects(layer, found, n)
    if output is not None:
        msg.good(f"Saved all sentences to {output}")


def _write(path: Path, suspects: dict[str, list["Suspect"]]) -> None:
    from ..labelling.audit import to_row

    with written_aside(path) as file:
        for found in suspects.values():
            for rank, suspect in enumerate(found, 1):
                file.write(f"{srsly.json_dumps(to_row(rank, suspect))}\n".encode())
