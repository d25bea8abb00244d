"""`python -m spacy seqtag audit`: find what is probably labelled wrong in a corpus."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import srsly
import typer
from spacy.cli._util import setup_gpu
from tqdm import tqdm
from wasabi import msg

from ..corpus.docbin_read import find_docbins
from ..distil.raw_text import check_output
from ..files import written_aside
from . import fail, seqtag
from .console import examples, print_json, warn
from .doc_bar import stage_bar
from .options import GpuOption, JsonOption, PipelineArgument, QuietOption

if TYPE_CHECKING:  # it takes seconds to import
    from ..labelling.audit import Suspect


@seqtag.command(
    "audit",
    no_args_is_help=True,
    epilog=examples(
        "audit my_pipeline unseen.spacy --n 5",
        "audit my_pipeline train.spacy --folds 5 --output audit.jsonl",
    ),
)
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
        typer.Option(
            "--config",
            "-c",
            help="Train folds with this config, not that of PIPELINE",
        ),
    ] = None,
    n: Annotated[int, typer.Option("--n", "-n", help="Sentences to print per layer", min=0)] = 20,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="JSONL file for all sentences", dir_okay=False),
    ] = None,
    gpu_id: GpuOption = -1,
    quiet: QuietOption = False,
    as_json: JsonOption = False,
) -> None:
    """List the sentences whose annotation is probably wrong, the least probable first.

    Each sentence is ranked, in each layer, by its least probable token.
    """
    from ..labelling.audit import audit, knows, to_row
    from ..report.suspects import print_suspects

    try:
        if output is not None:
            check_output(output, find_docbins(data), "a file")
        setup_gpu(gpu_id, silent=True)
        with stage_bar(quiet) as stages:
            suspects = audit(
                model,
                data,
                folds=folds,
                config=config,
                gpu_id=gpu_id,
                progress=lambda fold: _tell(f"Judged fold {fold} of {folds}"),
                stages=stages,
            )
        if output is not None:
            _write(output, suspects)
    except (ValueError, OSError) as err:
        fail(err)
    if as_json:
        layers = {
            layer: {
                "sentences": len(found),
                "doubtful": sum(bool(suspect.doubts) for suspect in found),
                "first": [to_row(rank, suspect) for rank, suspect in enumerate(found[:n], 1)],
            }
            for layer, found in suspects.items()
        }
        print_json({"output": output, "layers": layers})
    else:
        for layer, found in suspects.items():
            print_suspects(layer, found, n)
    if not folds and knows(suspects):
        warn(
            f"The pipeline would annotate nearly all of {data} as it is. If it was trained on this "
            "corpus, it has learned the errors, too: give --folds 5"
        )
    if output is not None:
        msg.good(f"Saved all sentences to {output}")


def _tell(text: str) -> None:
    with tqdm.external_write_mode():
        msg.info(text)


def _write(path: Path, suspects: dict[str, list["Suspect"]]) -> None:
    from ..labelling.audit import to_row

    with written_aside(path) as file:
        for found in suspects.values():
            for rank, suspect in enumerate(found, 1):
                file.write(f"{srsly.json_dumps(to_row(rank, suspect))}\n".encode())
