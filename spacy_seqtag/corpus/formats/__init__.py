"""The formats of corpus files: a module each, and this list of them.

To add a format, write a module with a `FORMAT` (see `format`) and add it to the list. `convert`,
`export`, their help texts and the error about unknown endings use the list. The format called `iob`
is in `columns/`, since it reads all kinds of columns; `table/` reads parquet and `datasets`.

Modules that formats share: `lines` (lines of a text file), `comments` (CoNLL-U's comments),
`words` (escapes, masks, spaces), `text_spans` (spans of characters), `tags` (schemes of entity
tags), `remarks` (what a reader tells the user), `head_roles` (spans of arguments whose heads are
marked), `document_rows` (rows of PropBank's releases and of CoNLL-2012), `role_tables` (sentences
with semantic roles as columns, for those that write them).
"""

from pathlib import Path

from ...compression import split_compression
from ..errors import FormatError
from . import (
    brat,
    columns,
    conll2009,
    conll2012,
    conllu,
    json_lines,
    label_studio,
    propbank,
    props,
    spacy,
    table,
    universal_propbank,
)
from .format import Format, Writer

_ALL = (
    universal_propbank.FORMAT,
    conllu.FORMAT,
    conll2012.FORMAT,
    conll2009.FORMAT,
    columns.FORMAT,
    label_studio.FORMAT,
    table.PARQUET,
    table.JSON,
    json_lines.FORMAT,
    brat.FORMAT,
    propbank.FORMAT,
    props.FORMAT,
    spacy.FORMAT,
)

FORMATS: dict[str, Format] = {fmt.name: fmt for fmt in _ALL}
"""The formats by name, in the order in which a file's ending is looked up."""

WRITERS: dict[str, Writer] = {
    writer.name: writer for fmt in FORMATS.values() for writer in fmt.writers
}
"""What can be written, by the name that `export` gives it."""


def format_of(path: Path) -> Format:
    """Tell the format of a file by its ending and, where several have it, by its content.

    The ending is that before `.gz` or `.zst`.

    RAISES: FormatError: No format has the ending.
    """
    folder = path.is_dir()
    suffix = split_compression(path)[0].suffix.lower()
    for fmt in FORMATS.values():
        may_be = fmt.takes_folders if folder else suffix in fmt.suffixes
        if may_be and (fmt.recognises is None or fmt.recognises(path)):
            return fmt
    known = ", ".join(dict.fromkeys(end for fmt in FORMATS.values() for end in fmt.suffixes))
    raise FormatError(
        path,
        None,
        f"the ending does not tell the format, expected one of {known}",
        "Rename the file (.gz and .zst may follow), or give --format for the first file",
    )
