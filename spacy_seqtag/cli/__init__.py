"""The command `python -m spacy seqtag`.

spaCy finds it by the entry point group `spacy_cli`. Each command is a module of this package.
"""

from typing import NoReturn

import typer
from spacy.cli._util import app
from wasabi import Printer

from ..errors import printable
from ..files import write_file as save  # noqa: F401  (for the commands)

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


# The commands register themselves on `seqtag`: one import for each module.
from . import check, convert, evaluate, export, show  # noqa: E402, F401
