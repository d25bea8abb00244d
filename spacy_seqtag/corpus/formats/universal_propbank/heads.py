"""The columns of Universal PropBank 1.0, which marks the heads of arguments.

    1 Ann  Ann   PROPN NNP _ 2 nsubj _ _        A0
    2 left leave VERB  VBD _ 0 root  Y leave.01 _

The first eight columns are those of CoNLL-U. In place of DEPS stands `Y` at a predicate, in place
of MISC its roleset; then follows a column for each predicate, with the roles of its arguments at
their heads. `head_roles` makes spans of them. The English files keep DEPS and MISC: their eleventh
column has the rolesets, and the predicate itself is `V` in its column.
"""

from pathlib import Path

from ....schemes.propositions import PREDICATE, Proposition
from ...errors import unequal_columns
from ..conllu.rows import COLUMNS, DEPS, HEAD, ID, MISC, UPOS
from ..format import ReadOptions
from ..head_roles import ABSENT, YES, HeadRows, read_head_roles
from ..remarks import Remarks

_OLD_UPOS = {"CONJ": "CCONJ"}
"""Tags of Universal Dependencies 1 that have another name now."""

_RENAMED = "<tag|tags> of Universal Dependencies 1, read as CCONJ for CONJ"


class HeadColumns:
    """The rows of a sentence.

    path (Path), options (ReadOptions), remarks (Remarks): As readers get them.
    """

    def __init__(self, path: Path, options: ReadOptions, remarks: Remarks) -> None:
        self._path = path
        self._span_from = options.span_from
        self._remarks = remarks
        self._n_columns = 0
        self._rows: list[list[str]] = []
        self._lines: list[int] = []

    def row(self, line: int, text: str) -> str:
        """Read a row, and give it as one of CoNLL-U.

        RAISES: FormatError: Other columns than the sentence's first row, or less than ten.
        """
        cells = text.rstrip().split("\t")
        if len(cells) < len(COLUMNS):
            return text  # whoever reads the words says what is wrong
        if not self._rows:
            self._n_columns = len(cells)
        if cells[UPOS] in _OLD_UPOS:
            cells[UPOS] = _OLD_UPOS[cells[UPOS]]
            self._remarks.count(_RENAMED, line)
        if cells[ID].isdecimal():
            if len(cells) != self._n_columns:
                raise unequal_columns(self._path, line, len(cells), self._n_columns)
            self._rows.append(cells.copy())
            self._lines.append(line)
        if cells[DEPS] == YES:
            cells[DEPS:] = [ABSENT, ABSENT]
        return "\t".join(cells[: len(COLUMNS)])

    def take(self, words: list[str]) -> list[Proposition]:
        """Give the propositions of the rows since the last time.

        words (list[str]): Those of the sentence.
        RAISES: FormatError: See `read_head_roles`.
        """
        rows, lines = self._rows, self._lines
        self._rows, self._lines = [], []
        columns = [list(c) for c in zip(*(row[len(COLUMNS) :] for row in rows), strict=True)]
        if columns and all(row[DEPS] != YES for row in rows):  # as in English
            first, *columns = columns
            rolesets = {i: roleset for i, roleset in enumerate(first) if roleset != ABSENT}
            columns = [[ABSENT if role == PREDICATE else role for role in c] for c in columns]
        else:
            rolesets = {
                i: PREDICATE if row[MISC] in (ABSENT, "") else row[MISC]
                for i, row in enumerate(rows)
                if row[DEPS] == YES
            }
        heads = HeadRows(self._path, lines, words, [row[HEAD] for row in rows])
        return read_head_roles(heads, rolesets, columns, self._span_from, self._remarks)
