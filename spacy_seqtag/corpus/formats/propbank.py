"""PropBank's `.gold_conll` and `.gold_skel` files.

A row holds document, sentence number, word number, word, XPOS, parse, frame file, roleset and one
column of brackets per predicate. In a skeleton (`.gold_skel`) the words are masked as `[WORD]`:
another file has to give them.

Source: https://github.com/propbank/propbank-release
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TextIO

from spacy.tokens import Doc

from ...schemes.propositions import NO_ROLESET, PREDICATE
from ...schemes.rolesets import frame_file
from ..join.by_document import DocumentLayer
from ..sentence import Sentence
from .document_rows import DOCUMENT, Columns, Layout, read_rows
from .format import ExportCounts, Format, LayerFiles, ReadOptions, Writer
from .remarks import Remarks
from .role_tables import (
    RoleSentence,
    Table,
    in_utf8,
    write_tables,
    written_roleset,
)

SUFFIXES = (".gold_conll", ".gold_skel")

_NO_VALUE = "_"
_ROLESET = 7


class _PropBank(Layout):
    columns = (
        "document, sentence, word number, word, XPOS, parse, frame file, roleset and one per "
        "predicate"
    )
    n_columns = 8
    arguments = slice(8, None)

    def fits(self, row: Sequence[str]) -> bool:
        # CoNLL-2012 has word senses and speakers here, and more columns in any case.
        return len(row) < 12 or "*" in row[8] + row[9]

    def document(self, columns: Columns) -> str:
        return columns[DOCUMENT][0]

    def rolesets(self, columns: Columns) -> Sequence[str]:
        return columns[_ROLESET]


_LAYOUT = _PropBank()


def read_propbank(
    path: str | Path, options: ReadOptions | None = None, remarks: Remarks | None = None
) -> Iterator[Sentence]:
    """Read words, XPOS and propositions, one sentence at a time.

    Escapes of the Penn Treebank (`-LRB-`) are undone, see `penn.unescape`.
    `_` in XPOS is missing annotation. The parse and the frame file are ignored. One space follows
    every word. The first word of a document may begin with `#`: only lines that begin with `#begin
    document` or `#end document` are comments.

    path (str | Path): The file.
    options (ReadOptions | None): Only `progress` is used.
    remarks (Remarks | None): Counts what `read_propositions` cannot read literally.
    RAISES: FormatError: A line with less than 8 columns or with other columns than the sentence's
        first, a word out of order, columns that `read_propositions` cannot read, masked words, a
        file that is missing, empty, not UTF-8 or without a sentence.
    """
    options = options or ReadOptions()
    for sentence, _, notes in read_rows([Path(path)], _LAYOUT, options.progress, masked=False):
        if remarks is not None:
            remarks.totals.update(notes)
        yield sentence


def write_gold_conll(
    docs: Iterable[Doc], file: TextIO, like: Iterable[Doc] | None = None
) -> ExportCounts:
    """Write words, XPOS and propositions as PropBank's `.gold_conll`.

    The parse is left out (`*`), the frame file is the first part of the roleset's name, and a
    roleset that is not known is `V`. Blanks in words become `_`, and tokens of white space are left
    out. `read_propbank` reads the same words and propositions back.

    docs, file, like: see `role_tables.write_tables`.
    RAISES: ValueError: See there.
    """
    return write_tables(_gold_conll_table, docs, file, like)


def _gold_conll_table(sentence: RoleSentence, counts: ExportCounts) -> Table:
    size = len(sentence)
    frames = [NO_ROLESET] * size
    rolesets = [NO_ROLESET] * size
    for prop in sentence.propositions:
        roleset = written_roleset(prop.roleset, counts.left_out)
        frame = frame_file(roleset)
        if roleset == PREDICATE:
            frame = sentence.predicate_name(prop.predicate)
        frames[prop.predicate] = frame
        rolesets[prop.predicate] = roleset
    columns = [
        [sentence.doc_id] * size,
        [str(sentence.number)] * size,
        *sentence.words(_NO_VALUE),
        frames,
        rolesets,
        *sentence.brackets(),
    ]
    return Table(columns, left=(0, 3))


def _layer(files: LayerFiles, options: ReadOptions, _: list[Remarks]) -> DocumentLayer:
    sentences = read_rows(files.paths, _LAYOUT, options.progress, masked=True)
    return DocumentLayer(files.name, sentences, max_mismatch=options.max_mismatch)


_LACKS = (
    "white space",
    "blanks in words",
    "spacing",
    "unknown sentences",
    "sentence ids",
    "UPOS",
    "lemmas",
    "entities",
    "overlapping spans",
    "sentences without roles",
    "other spans",
)

FORMAT = Format(
    name="propbank",
    suffixes=SUFFIXES,
    help="PropBank's semantic roles",
    read=read_propbank,
    layer=_layer,
    writers=(
        Writer(
            "gold_conll",
            "PropBank's semantic roles, with words",
            in_utf8(write_gold_conll),
            _LACKS,
            takes_like=True,
        ),
    ),
)
