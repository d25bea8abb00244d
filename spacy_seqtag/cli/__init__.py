"""The command `python -m spacy seqtag`.

spaCy finds it by the entry point group `spacy_cli`. Each command is a module of this package.
"""

import typer
from spacy.cli._util import app

from .console import fail, for_people

__all__ = ["fail", "seqtag"]

seqtag = typer.Typer(
    name="seqtag",
    help="Transformer sequence labelling: prepare corpora and evaluate pipelines.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(seqtag)


@seqtag.callback()
def prepare(context: typer.Context) -> None:
    """Prepare the terminal for as long as a command runs."""
    context.with_resource(for_people())


# The commands register themselves on `seqtag`: one import for each module.
from . import (  # noqa: E402
    add_frames,  # noqa: F401
    annotate,  # noqa: F401
    audit,  # noqa: F401
    calibrate,  # noqa: F401
    check,  # noqa: F401
    convert,  # noqa: F401
    distil,  # noqa: F401
    evaluate,  # noqa: F401
    export,  # noqa: F401
    from_hf,  # noqa: F401
    info,  # noqa: F401
    init_config,  # noqa: F401
    quantize,  # noqa: F401
    report,  # noqa: F401
    serve,  # noqa: F401
    show,  # noqa: F401
    shrink,  # noqa: F401
    suggest,  # noqa: F401
    to_hf,  # noqa: F401
    train,  # noqa: F401
)
