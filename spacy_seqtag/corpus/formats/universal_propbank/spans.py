"""The columns of Universal PropBank 2.0, with the spans of arguments.

    # global.columns = ID UP:PRED UP:ARGHEADS UP:ARGSPANS
    1 _        _             _
    2 leave.01 A0:1|AM-TMP:4 A0:1-1|AM-TMP:3-4
    3 _        _             _
    4 _        _             _

A row of UP:ARGSPANS holds role, first and last ID of each argument of its predicate; UP:ARGHEADS
the ID of their heads, which are checked and not kept. `C-V` continues the predicate. What is
written twice, for an argument with two heads, is one argument. Blanks, bars, commas and backslashes
in labels are written as `conllu.roles` does.
"""

import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from ....schemes.propositions import PREDICATE, Argument, Proposition
from ...errors import FormatError, quoted
from ..conllu.roles import read_label
from ..conllu.rows import RowCollector
from ..head_roles import ABSENT, YES
from ..remarks import Remarks

PRED, ARGHEADS, ARGSPANS = "UP:PRED", "UP:ARGHEADS", "UP:ARGSPANS"
"""The columns."""

UP_COLUMNS = frozenset((PRED, ARGHEADS, ARGSPANS))

_SPAN = re.compile(r"(.+):([1-9][0-9]{0,8})-([1-9][0-9]{0,8})")
_HEAD = re.compile(r"(.+):([1-9][0-9]{0,8})")
_TWICE = "<argument has|arguments have> a second head: what is written twice was read once"


class SpanColumns:
    """The rows of a sentence.

    path (Path), remarks (Remarks): As readers get them.
    reads (tuple[int, ...]): The columns of CoNLL-U that are read here: none.
    columns (tuple[str, ...]), line (int): What the comment `# global.columns` names, and its line.
    RAISES: FormatError: No UP:PRED or no UP:ARGSPANS, or two of one of them.
    """

    def __init__(self, path: Path, remarks: Remarks, columns: tuple[str, ...], line: int) -> None:
        names = [name.upper() for name in columns]
        if names.count(PRED) != 1 or names.count(ARGSPANS) != 1 or names.count(ARGHEADS) > 1:
            raise FormatError(
                path,
                line,
                f"`# global.columns` needs {PRED} and {ARGSPANS}, each once",
                f"Name each column, as in ID {PRED} {ARGHEADS} {ARGSPANS}",
            )
        self.has_words = "FORM" in names
        self.reads: tuple[int, ...] = ()
        self.n_columns = len(names)
        self._path = path
        self._remarks = remarks
        self._id = names.index("ID") if "ID" in names else None
        self._pred, self._spans = names.index(PRED), names.index(ARGSPANS)
        self._heads = names.index(ARGHEADS) if ARGHEADS in names else None
        self._lines: list[int] = []
        self._found: list[tuple[int, str, str, str]] = []  # word, roleset, heads, spans

    def row(self, line: int, text: str, rows: RowCollector) -> None:
        """Read a row of a sentence.

        rows (RowCollector): Gets the word; only what it takes for one counts.
        RAISES: FormatError: What `RowCollector.row` raises; arguments without a predicate.
        """
        cells = rows.row(line, text)
        if cells is not None:
            self.add(line, cells)

    def add(self, line: int, cells: Sequence[str]) -> None:
        """Read the cells of a row; one of several words or of none is passed over.

        RAISES: FormatError: Arguments without a predicate.
        """
        if not (self.id_of(cells) or "1").isdecimal():
            return
        pred, spans = cells[self._pred].strip(), cells[self._spans].strip()
        heads = ABSENT if self._heads is None else cells[self._heads].strip()
        if pred not in (ABSENT, ""):
            self._found.append((len(self._lines), pred, heads, spans))
        elif spans not in (ABSENT, "") or heads not in (ABSENT, ""):
            raise FormatError(
                self._path,
                line,
                f"{quoted(heads if spans == ABSENT else spans)}: arguments at a word that is no "
                "predicate",
                f"Write its roleset in {PRED}, or _ in the other columns",
            )
        self._lines.append(line)

    def id_of(self, cells: Sequence[str]) -> str | None:
        """Get the ID in the cells of a row; None where no column has it."""
        return None if self._id is None else cells[self._id].strip()

    @property
    def n_words(self) -> int:
        """How many words there are since the last time."""
        return len(self._lines)

    def take(self, words: list[str] | None = None) -> list[Proposition]:
        """Give the propositions of the rows since the last time.

        words (list[str] | None): Not used here.
        RAISES: FormatError: A cell that cannot be read, a head or span beyond the words, a span
            over the predicate, or two that overlap.
        """
        lines, found = self._lines, self._found
        self._lines, self._found = [], []
        return [_proposition(self._path, lines, one, self._remarks) for one in found]


def _proposition(
    path: Path, lines: list[int], row: tuple[int, str, str, str], remarks: Remarks
) -> Proposition:
    at, pred, heads, spans = row
    line, size = lines[at], len(lines)
    found = [_span(path, line, cell, at, size) for cell in _cells(spans)]
    _check_heads(path, line, _cells(heads), found, size)
    once = sorted(set(found))
    if len(once) < len(found):
        remarks.count(_TWICE, line, n=len(found) - len(once))
    for before, span in pairwise(once):
        if span.start < before.end:
            raise _bad(path, line, _shown(span), f"it overlaps {_shown(before)}")
    return Proposition.of_spans(at, PREDICATE if pred == YES else read_label(pred), once)


def _cells(text: str) -> list[str]:
    return [] if text in (ABSENT, "") else text.split("|")


def _span(path: Path, line: int, cell: str, at: int, size: int) -> Argument:
    """Read an argument.

    at (int): The position of the predicate. size (int): Words of the sentence.
    """
    match = _SPAN.fullmatch(cell)
    if match is None:
        raise _bad(path, line, cell, "expected a role and two IDs, such as A0:1-3")
    start, end = int(match[2]) - 1, int(match[3])
    if start >= end:
        raise _bad(path, line, cell, "it ends before it begins")
    if end > size:
        raise _bad(path, line, cell, f"the sentence has {size} words")
    if start <= at < end:
        raise _bad(
            path,
            line,
            cell,
            f"it crosses its predicate, word {at + 1}",
            "Give what is before and after the predicate as two spans, such as A1 and C-A1",
        )
    return Argument(start, end, read_label(match[1]))


def _check_heads(path: Path, line: int, cells: list[str], found: list[Argument], size: int) -> None:
    """Check the heads of the arguments, if they are there."""
    if cells and len(cells) != len(found):
        raise FormatError(
            path,
            line,
            f"{len(cells)} arguments in {ARGHEADS}, and {len(found)} in {ARGSPANS}",
            f"Write the same arguments in both, or _ in {ARGHEADS}",
        )
    for cell, span in zip(cells, found, strict=False):
        match = _HEAD.fullmatch(cell)
        if match is None or read_label(match[1]) != span.role:
            raise _bad(path, line, cell, f"expected the head of {_shown(span)}", column=ARGHEADS)
        if int(match[2]) > size:
            raise _bad(path, line, cell, f"the sentence has {size} words", column=ARGHEADS)


def _shown(span: Argument) -> str:
    return f"{span.role}:{span.start + 1}-{span.end}"


def _bad(
    path: Path, line: int, cell: str, what: str, fix: str = "", *, column: str = ARGSPANS
) -> FormatError:
    return FormatError(
        path,
        line,
        f"{quoted(cell)} in {column}: {what}",
        fix or "Correct it: roles with the IDs of words of this sentence, between bars",
    )
