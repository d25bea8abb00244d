"""Props, the columns of the CoNLL-2005 shared task, which have no words.

A row holds the predicate's name, its lemma, or `-` for other words, and one column of brackets per
predicate. Another file has to give the words.

Source: https://aclanthology.org/W05-0620
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import TextIO

from spacy.tokens import Doc

from ...schemes.propositions import (
    CONLL05_ROLE,
    NO_ROLESET,
    PREDICATE,
    ColumnError,
    conll05_role,
    read_columns,
)
from ..errors import FormatError, no_sentence, unequal_columns
from ..join.by_order import NamedSentence, OrderLayer
from .format import ExportCounts, Format, LayerFiles, ReadOptions, Writer
from .lines import Progress, read_lines
from .remarks import Remarks
from .role_tables import RoleSentence, Table, in_utf8, write_tables

_ROLE = re.compile(rf"\({CONLL05_ROLE}")


def propbank_cell(cell: str) -> str:
    """Write a cell with the role names of PropBank: `(ARG0*` for `(A0*`.

    Undoes `conll05_role`.
    """
    return _ROLE.sub(r"(\1ARG", cell)


def read_props(path: Path, *, progress: Progress | None = None) -> Iterator[NamedSentence]:
    """Read the names of predicates and the propositions, one sentence at a time.

    Rolesets are not known here (`V`).

    RAISES: FormatError: Rows of different lengths in a sentence, columns that `read_columns`
        cannot read, a file that is missing, empty, not UTF-8 or without a sentence.
    """
    rows: list[list[str]] = []
    first = 0
    found = False
    for line, text in read_lines(path, progress):
        columns = text.split()
        if not columns:
            if rows:
                yield _sentence(path, first, rows)
                rows = []
            continue
        found = True
        first = first if rows else line
        if rows and len(columns) != len(rows[0]):
            raise unequal_columns(path, line, len(columns), len(rows[0]))
        rows.append(columns)
    if rows:
        yield _sentence(path, first, rows)
    if not found:
        raise no_sentence(path)


def _sentence(path: Path, line: int, rows: Sequence[Sequence[str]]) -> NamedSentence:
    names = [row[0] for row in rows]
    try:
        props, notes = read_columns(names, [list(map(propbank_cell, row[1:])) for row in rows])
    except ColumnError as error:
        raise FormatError(path, line + error.token, error.message, error.fix) from None
    return NamedSentence(
        path, line, names, [prop._replace(roleset=PREDICATE) for prop in props], notes
    )


def write_props(
    docs: Iterable[Doc], file: TextIO, like: Iterable[Doc] | None = None
) -> ExportCounts:
    """Write the propositions as columns of the CoNLL-2005 shared task, for `srl-eval.pl`.

    A row holds the predicate's name, `-` for other words, and one column per predicate, with the
    role names of `conll05_role`. The name is the lemma of the word, or the word in lower case
    where the Doc, with `like` the Doc there, has no lemmas; not the roleset's, since the scorer
    takes two propositions with different names for different predicates. Tokens of white space have
    a row, so that the file can be joined to the Docs.

    docs, file, like: see `role_tables.write_tables`.
    RAISES: ValueError: See there.
    """
    return write_tables(_props_table, docs, file, like, white_space=True)


def _props_table(sentence: RoleSentence, _: ExportCounts) -> Table:
    names = [NO_ROLESET] * len(sentence)
    for prop in sentence.propositions:
        names[prop.predicate] = sentence.predicate_name(prop.predicate)
    return Table([names, *sentence.brackets(conll05_role)], left=(0,))


def _layer(files: LayerFiles, options: ReadOptions, _: list[Remarks]) -> OrderLayer:
    sentences = chain.from_iterable(
        read_props(path, progress=options.progress) for path in files.paths
    )
    return OrderLayer(files.name, sentences, max_mismatch=options.max_mismatch)


_LACKS = (
    "words",
    "spacing",
    "unknown sentences",
    "documents",
    "document ids",
    "sentence ids",
    "UPOS",
    "XPOS",
    "lemmas",
    "entities",
    "overlapping spans",
    "sentences without roles",
    "rolesets",
    "other spans",
)

FORMAT = Format(
    name="props",
    suffixes=(".props",),
    help="props of CoNLL-2005: semantic roles without words, joined to those of the first file "
    "by their order",
    layer=_layer,
    writers=(
        Writer(
            "props",
            "the columns of CoNLL-2005 that srl-eval.pl reads, without words",
            in_utf8(write_props),
            _LACKS,
            takes_like=True,
        ),
    ),
)
