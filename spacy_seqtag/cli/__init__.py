"""The command `python -m spacy seqtag`.

spaCy finds it by the entry point group `spacy_cli`. Each command is a module of this package.
"""

from pathlib import Path
from typing import NoReturn

import typer
from spacy.cli._util import app
from wasabi import Printer

from ..corpus.convert import written_aside
from ..errors import printable

seqtag = typer.Typer(
    name="seqtag",
    help="Transformer sequence labelling: prepare corpora and evaluate pipelines.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(seqtag)


def fail(message: object) -> NoReturn:
    """Print a message as one line and exit with code 1.

    What a terminal would obey, such as escapes in the name of a file, is written out.
    wasabi's usual printer would wrap the line, and with it break paths for whoever reads the log.
    """
    lines = [printable(line, limit=None) for line in str(message).split("\n")]
    Printer(pretty=False).fail("\n".join(lines), exits=1)


def save(path: Path, content: bytes) -> None:
    """Write a file that appears when it is complete; its folder is made where there is none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_aside(path) as aside:
        aside.write_bytes(content)


# The commands register themselves on `seqtag`: one import for each module.
from . import check, convert, evaluate, export, show  # noqa: E402, F401
