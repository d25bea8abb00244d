"""`python -m spacy seqtag add-frames`: give a trained pipeline an inventory of frames."""

from pathlib import Path
from typing import Annotated

import typer
from wasabi import msg

from ..corpus.plural import counted
from ..errors import printable
from ..files import check_replaceable
from ..loading import PIPELINE_FILES, load_pipeline
from . import fail, seqtag
from .console import examples, print_json
from .doc_bar import stage_bar
from .frames import FRAMES_HELP, load_frames
from .options import JsonOption, PipelineArgument, QuietOption, ReplaceOption

_SHOWN = 10  # of the rolesets that the inventory lacks


@seqtag.command(
    "add-frames",
    no_args_is_help=True,
    epilog=examples(
        "add-frames my_pipeline propbank-frames/frames --output with_frames/",
    ),
)
def add_frames_cli(
    model: PipelineArgument,
    frames: Annotated[Path, typer.Argument(help=FRAMES_HELP)],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", help="Folder for the pipeline with it", file_okay=False),
    ],
    force: ReplaceOption = False,
    quiet: QuietOption = False,
    as_json: JsonOption = False,
) -> None:
    """Give a trained pipeline an inventory of frames.

    Words that training never saw then have the rolesets of the inventory, frames say what their
    rolesets and roles mean, and a role that a roleset does not have becomes improbable. What the
    inventory has is saved with the pipeline.
    """
    from ..pipeline.srl.component import SemanticRoleLabeller
    from ..training.save_aside import save_pipeline

    try:
        check_replaceable(output, "pipeline", PIPELINE_FILES, force=force)
        with stage_bar(quiet) as stages:
            stages("Load the pipeline", 0)
            nlp = load_pipeline(model)
            labellers = {
                name: pipe
                for name, pipe in nlp.components
                if isinstance(pipe, SemanticRoleLabeller)
            }
            if not labellers:
                raise ValueError(
                    f"{model}: the pipeline ({', '.join(nlp.component_names) or 'no components'}) "
                    "finds no semantic roles. Give one with seqtag_srl"
                )
            stages("Read the inventory", 0)
            inventory = load_frames(frames)
            for pipe in labellers.values():
                pipe.set_frames(inventory)
            save_pipeline(nlp, output)
    except (ValueError, OSError) as err:
        fail(err)
    trained = {name: pipe.lexicon.rolesets for name, pipe in labellers.items()}
    lacking = {
        name: [roleset for roleset in rolesets if roleset not in inventory]
        for name, rolesets in trained.items()
    }
    if as_json:
        print_json({"output": output, "rolesets": len(inventory), "lacking": lacking})
    for name, missing in lacking.items():
        lacks = ""
        if missing:
            shown = ", ".join(map(printable, missing[:_SHOWN]))
            more = ", …" if len(missing) > _SHOWN else ""
            lacks = f"; the inventory lacks {len(missing):,} of them: {shown}{more}"
        what = counted(len(trained[name]), "<roleset|rolesets>")
        msg.info(f"{printable(name)}: {what} from training{lacks}")
    what = counted(len(inventory), "<roleset|rolesets>")
    msg.good(f"Saved the pipeline with {what} to {output}")
