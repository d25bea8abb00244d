"""The columns of Universal PropBank 1.0, which marks the heads of arguments.

    1 Ann  Ann   PROPN NNP _ 2 nsubj _ _        A0
    2 left leave VERB  VBD _ 0 root  Y leave.01 _

The first eight columns are those of CoNLL-U. In place of DEPS stands `Y` at a predicate, in place
of MISC its roleset; then follows a column for each predicate, with the roles of its arguments at
their heads. `head_roles` makes spans of them. The English files keep DEPS and MISC: their eleventh
column has the rolesets, and the predicate itself is `V` in its column. A file is of one of these
kinds, told by its first sentence with roles.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from ....schemes.propositions import PREDICATE, Proposition
from ...errors import unequal_columns
from ..conllu.rows import COLUMNS, DEPS, HEAD, MISC, UPOS, RowCollector
from ..format import ReadOptions
from ..head_roles import ABSENT, YES, HeadRows, read_head_roles
from ..remarks import Remarks

_NOTHING = frozenset((ABSENT, ""))

_OLD_UPOS = {"CONJ": "CCONJ"}
"""Tags of Universal Dependencies 1 that have another name now."""

_RENAMED = "<tag|tags> of Universal Dependencies 1, read as CCONJ for CONJ"


class _Row(NamedTuple):
    """What a word's row says of roles.

    line (int): Where it is.
    head, deps, misc (str): The cells of these columns.
    further (list[str]): Those after the tenth.
    """

    line: int
    head: str
    deps: str
    misc: str
    further: list[str]


class HeadColumns:
    """The rows of a sentence.

    path (Path), options (ReadOptions), remarks (Remarks): As readers get them.
    reads (tuple[int, ...]): The columns of CoNLL-U that are read here, by their positions.
    """

    def __init__(self, path: Path, options: ReadOptions, remarks: Remarks) -> None:
        self._path = path
        self._span_from = options.span_from
        self.reads: tuple[int, ...] = (HEAD,) if options.span_from == "subtree" else ()
        self._remarks = remarks
        self._n_columns = 0
        self._rows: list[_Row] = []
        self._is_english: bool | None = None  # None until a sentence with roles tells it

    def row(self, line: int, text: str, rows: RowCollector) -> None:
        """Read a row.

        rows (RowCollector): Gets the row as one of CoNLL-U; only what it takes for a word counts.
        RAISES: FormatError: What `RowCollector.row` raises; other columns than the sentence's
            first word.
        """
        cells = text.split("\t")
        while len(cells) > max(self._n_columns, len(COLUMNS)) and not cells[-1].strip():
            cells.pop()
        own, further = cells[: len(COLUMNS)], [cell.strip() for cell in cells[len(COLUMNS) :]]
        deps, misc = "", ""
        if len(own) == len(COLUMNS):  # else the collector says what is wrong
            deps, misc = own[DEPS].strip(), own[MISC].strip()
            upos = own[UPOS].strip()
            if upos in _OLD_UPOS:
                own[UPOS] = _OLD_UPOS[upos]
                self._remarks.count(_RENAMED, line)
            if deps == YES:
                own[DEPS:] = [ABSENT, ABSENT]
        word = rows.row(line, "\t".join(own))
        if word is None:
            return
        self._n_columns = self._n_columns or len(cells)
        if len(cells) != self._n_columns:
            raise unequal_columns(self._path, line, len(cells), self._n_columns)
        self._rows.append(_Row(line, word[HEAD], deps, misc, further))

    def take(self, words: list[str]) -> list[Proposition]:
        """Give the propositions of the rows since the last time.

        words (list[str]): Those of the sentence.
        RAISES: FormatError: See `read_head_roles`.
        """
        rows = self._rows
        self._rows, self._n_columns = [], 0
        columns = [list(c) for c in zip(*(row.further for row in rows), strict=True)]
        has_marks = any(row.deps == YES for row in rows)
        if self._is_english is None and (has_marks or any(map(_has_value, columns))):
            self._is_english = not has_marks and _look_english(columns)
        if self._is_english is not False and columns:
            first, *columns = columns
            rolesets = {i: roleset for i, roleset in enumerate(first) if roleset not in _NOTHING}
            columns = [[ABSENT if role == PREDICATE else role for role in c] for c in columns]
        else:
            rolesets = {
                i: PREDICATE if row.misc in _NOTHING else row.misc
                for i, row in enumerate(rows)
                if row.deps == YES
            }
        heads = HeadRows(self._path, [row.line for row in rows], words, [row.head for row in rows])
        mark = "a roleset in the eleventh column" if self._is_english else f"a row with {YES}"
        return read_head_roles(heads, rolesets, columns, self._span_from, self._remarks, mark=mark)


def _has_value(column: Sequence[str]) -> bool:
    return any(cell not in _NOTHING for cell in column)


def _look_english(columns: Sequence[Sequence[str]]) -> bool:
    """Tell whether the first of the columns after the tenth has rolesets, the others roles."""
    first, *others = columns
    return any(PREDICATE in column for column in others) or all(
        "." in cell for cell in first if cell not in _NOTHING
    )
