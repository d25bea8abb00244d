"""Words and their layers in columns, one word a line; also CSV, and `word|POS|tag`.

A file is read in four steps: `cells` splits its lines, `judge` finds out how it is written (with
`names`, `contents` and `layout`), `rows` tells words from comments, `reader` makes sentences.
"""

from collections.abc import Iterator
from pathlib import Path

from ...sentence import Sentence
from ..format import Format, ReadOptions
from ..remarks import Remarks
from .reader import read_iob


def _read(path: Path, options: ReadOptions, remarks: Remarks) -> Iterator[Sentence]:
    return read_iob(
        path,
        columns=options.columns,
        strict=options.strict,
        scheme=options.scheme,
        remarks=remarks,
        progress=options.progress,
    )


FORMAT = Format(
    name="iob",
    suffixes=(".iob", ".iob2", ".conll", ".bio", ".tsv", ".txt", ".csv"),
    help="columns with a word and an entity tag, such as CoNLL-2002, CoNLL-2003, GermEval and "
    "Universal NER; also word|POS|tag, a sentence a line",
    read=_read,
)
