"""`python -m spacy seqtag to-hf`: a component as a model of transformers."""

from pathlib import Path
from typing import Annotated

import typer
from wasabi import msg

from ..corpus.plural import counted
from . import fail, seqtag
from .console import examples, print_json
from .doc_bar import stage_bar
from .options import JsonOption, PipelineArgument, QuietOption


@seqtag.command(
    "to-hf",
    no_args_is_help=True,
    epilog=examples(
        "to-hf my_pipeline my_model --component ner",
    ),
)
def to_hf_cli(
    pipeline: PipelineArgument,
    output: Annotated[Path, typer.Argument(help="Folder for the model", file_okay=False)],
    component: Annotated[
        str | None,
        typer.Option(
            "--component",
            "-c",
            help="The component, a seqtag_ner or seqtag_pos; by default the only one that there is",
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--overwrite", "--force", "-F", help="Replace a model that is there")
    ] = False,
    quiet: QuietOption = False,
    as_json: JsonOption = False,
) -> None:
    """Write a component with its encoder as a model of Hugging Face's transformers.

    The folder has config.json, model.safetensors, the tokenizer and a model card with the scores of
    the pipeline. transformers.pipeline("token-classification") gives the same probabilities.
    """
    from ..interop.to_hf import to_hf  # loads transformers, which takes seconds

    try:
        with stage_bar(quiet) as stages:
            stages(f"Convert {pipeline}", 0)
            done = to_hf(pipeline, output, component=component, force=force)
    except (ValueError, OSError) as error:
        fail(error)
    if as_json:
        print_json({"output": output, **done._asdict()})
    if done.temperature != 1.0:
        msg.info(f"{done.component}: its temperature, {done.temperature:.3f}, is in the classifier")
    if done.curved:
        msg.info(f"{done.component}: the curve for confidences of entities has no equal there")
    msg.good(
        f"Saved {output}: {counted(len(done.labels), '<label|labels>')}, probabilities as in the "
        f"pipeline, at most {done.off:.0e} off"
    )
