"""CoNLL-U, the format of Universal Dependencies: `rows` of the file, and the `reader`."""

from collections.abc import Iterator
from pathlib import Path

from ...sentence import Sentence
from ..format import Format, ReadOptions
from ..remarks import Remarks
from .reader import read_conllu


def _read(path: Path, options: ReadOptions, remarks: Remarks) -> Iterator[Sentence]:
    return read_conllu(
        path,
        strict=options.strict,
        scheme=options.scheme,
        remarks=remarks,
        progress=options.progress,
    )


FORMAT = Format(
    name="conllu",
    suffixes=(".conllu", ".conll-u", ".conllup"),
    help="CoNLL-U and CoNLL-U Plus, the format of Universal Dependencies",
    read=_read,
)
