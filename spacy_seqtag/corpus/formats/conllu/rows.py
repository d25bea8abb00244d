"""The lines of a CoNLL-U file as the rows of its sentences.

Rows are words (ID `1`), multiword tokens (`1-2`) and empty nodes (`8.1`, which are ignored).
Whatever columns a CoNLL-U Plus file has, its rows get the ten cells of CoNLL-U here, and perhaps
one more for entities.
"""

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from ....schemes.upos import UPOS_TAGS
from ...errors import FormatError, comment_within, id_out_of_order, quoted, unknown_upos
from ..comments import GLOBAL_COLUMNS, SentenceMaker
from ..remarks import Remarks
from ..tags import is_entity_column

COLUMNS = ("ID", "FORM", "LEMMA", "UPOS", "XPOS", "FEATS", "HEAD", "DEPREL", "DEPS", "MISC")
ID, FORM, LEMMA, UPOS, XPOS, FEATS, HEAD, DEPREL, DEPS, MISC, ENTITY = range(11)

_LEGAL_UPOS = frozenset(UPOS_TAGS) | {"_"}
_ABSENT = frozenset(("", "_", "*"))
_ID_LENGTH = 20  # more than any ID needs; Python refuses to convert very long numbers
_SHOWN_KEYS = 20  # of MISC
_SPACE_KEYS = ("SpaceAfter", "SpacesAfter", "SpacesBefore", "_")


class MultiwordToken(NamedTuple):
    """A row such as `2-3`: the words `first` to `last` (from 1, inclusive) as they are written."""

    line: int
    first: int
    last: int
    form: str
    space_after: bool


class Block(NamedTuple):
    """The rows of a sentence.

    rows (list[list[str]]): The words, each with the cells of `COLUMNS` and perhaps `ENTITY`.
    lines (list[int]): Their lines.
    tokens (list[MultiwordToken]): In order.
    """

    rows: list[list[str]]
    lines: list[int]
    tokens: list[MultiwordToken]


class Unread:
    """What is in a file but is not read: columns, keys of MISC, empty nodes."""

    def __init__(self) -> None:
        self._empty = {FEATS: "FEATS", HEAD: "HEAD", DEPREL: "DEPREL", DEPS: "DEPS"}
        self._columns: dict[str, None] = {}
        self._keys: dict[str, None] = {}

    def column(self, name: str) -> None:
        """Note a column (or empty nodes)."""
        self._columns[name] = None

    def keys(self, items: Iterable[str]) -> None:
        """Note the keys of items of MISC, save for those of spaces."""
        for item in items:
            key = item.partition("=")[0]
            if key not in _SPACE_KEYS:
                self._keys[key] = None

    def watch(self, rows: Sequence[Sequence[str]], elsewhere: Collection[int] = ()) -> None:
        """Look at the columns that have been empty so far, save for those read elsewhere."""
        for i in list(self._empty):
            if i not in elsewhere and any(row[i] not in ("_", "") for row in rows):
                self.column(self._empty.pop(i))

    def report(self, remarks: Remarks) -> None:
        """Report it, at the end of the file."""
        parts = [", ".join(map(_shown, self._columns))] if self._columns else []
        if self._keys:
            keys = sorted(self._keys)
            more = ", …" * (len(keys) > _SHOWN_KEYS)
            parts.append(f"MISC {', '.join(map(_shown, keys[:_SHOWN_KEYS]))}{more}")
        if parts:
            remarks.say(f"not read: {'; '.join(parts)}")


class RowCollector:
    """Reads the lines of a file one by one, and gives the rows of each sentence.

    path (Path): The file.
    maker (SentenceMaker): Gets the comments.
    unread (Unread): Notes what is ignored.
    remarks (Remarks): What the user should know.
    elsewhere (Collection[str]): Columns of CoNLL-U Plus that somebody else reads.
    """

    def __init__(
        self,
        path: Path,
        maker: SentenceMaker,
        unread: Unread,
        remarks: Remarks,
        elsewhere: Collection[str] = (),
    ) -> None:
        self.path = path
        self._elsewhere = elsewhere
        self._maker = maker
        self._unread = unread
        self._remarks = remarks
        self._columns: tuple[str, ...] = COLUMNS
        self._positions: list[int | None] | None = None  # of `COLUMNS` and of the entities
        self._block = Block([], [], [])

    def take(self) -> Block | None:
        """Give the rows since the last time, at the end of a sentence; None if there are none.

        RAISES: FormatError: A multiword token reaches past the last word.
        """
        block = self._block
        if not block.rows and not block.tokens:
            return None
        self._block = Block([], [], [])
        if _last(block.tokens) > len(block.rows):
            last = block.tokens[-1]
            raise FormatError(
                self.path,
                last.line,
                f"the multiword token {last.first}-{last.last} reaches past the sentence's last "
                f"word, {len(block.rows)}",
                "Correct its ID, or add the missing words",
            )
        return block

    def is_row(self, text: str) -> bool:
        """Tell whether a line is a row of a sentence, and no comment.

        One that begins with `#` is a row within a sentence, if no ID is what lines begin with.
        """
        if text[0] != "#":
            return True
        within = bool(self._block.rows or self._block.tokens)
        return within and self._has_columns(text) and not self._begins_with_id

    @property
    def _begins_with_id(self) -> bool:
        return self._columns[0].upper() == "ID"

    def _has_columns(self, text: str) -> bool:
        return text.count("\t") >= len(self._columns) - 1 > 0

    def comment(self, line: int, text: str) -> None:
        """Read a line that begins with `#` and is no row.

        RAISES: FormatError: It is within a sentence, or has the columns of a row.
        """
        if self._block.rows or self._block.tokens:
            raise comment_within(self.path, line, text)
        if self._maker.comment(text):
            return
        key, _, value = text[1:].partition("=")
        if key.strip() == GLOBAL_COLUMNS:
            self._set_columns(line, tuple(value.split()))
        elif self._has_columns(text):
            first, *_ = text.split("\t")
            what, fix = f"ID {quoted(first)} is out of order, expected word 1", "Correct the ID"
            if not self._begins_with_id:
                what = f"{quoted(first)} begins a comment, but there are the columns of a word"
                fix = "Let another column be the first if it is a word"
            raise FormatError(self.path, line, what, f"{fix}, or write a comment without tabs")

    def _set_columns(self, line: int, columns: tuple[str, ...]) -> None:
        """Take the columns of a `# global.columns` line."""
        names = [name.upper() for name in columns]
        if names.count("FORM") != 1:
            raise FormatError(
                self.path,
                line,
                "`# global.columns` names no FORM, or two: there are no words",
                "Give a file that has the words, with one FORM among its columns",
            )
        self._columns = columns
        self._positions = None
        if columns != COLUMNS:
            entities = [i for i, name in enumerate(columns) if is_entity_column(name)]
            positions = [names.index(name) if name in names else None for name in COLUMNS]
            self._positions = [*positions, entities[0] if entities else None]
            known = {*positions, *entities[:1]}
            for i, name in enumerate(columns):
                if i not in known and name.upper() not in self._elsewhere:
                    self._unread.column(name)
            self._remarks.say(f"columns read as `{' '.join(columns)}`")

    def row(self, line: int, text: str) -> list[str] | None:
        """Read the line of a word, a multiword token or an empty node.

        RETURNS (list[str] | None): The cells of a word, as many as the file has columns; None for
            other rows.
        RAISES: FormatError: Other columns, an ID out of order, an empty FORM, an unknown UPOS.
        """
        rows, lines, tokens = self._block
        cells = found = self._cells(line, text)
        expected = len(rows) + 1
        if self._positions is not None:
            cells = ["_" if i is None else cells[i] for i in self._positions]
            if self._positions[ID] is None:
                cells[ID] = str(expected)
            for i in range(LEMMA, len(cells)):
                if cells[i] in _ABSENT and not (i == LEMMA and cells[i] == cells[FORM]):
                    cells[i] = "_"
        if cells[ID] == str(expected):
            if not cells[FORM] or cells[UPOS] not in _LEGAL_UPOS:
                raise self._bad_word(line, cells)
            rows.append(cells)
            lines.append(line)
            return found
        kind, left, right = _parse_id(cells[ID])
        if kind == "-" and left == expected and right >= left and _last(tokens) < left:
            tokens.append(MultiwordToken(line, left, right, cells[FORM], space_after(cells)))
            self._unread.keys(cells[MISC].split("|"))
        elif kind == "." and left == len(rows):
            self._unread.column("empty nodes")
        else:
            raise id_out_of_order(self.path, line, cells[ID], expected)
        return None

    def _cells(self, line: int, text: str) -> list[str]:
        """Split a line into as many cells as there are columns, without white space around."""
        n_columns = len(self._columns)
        columns = text.split("\t")
        if len(columns) != n_columns:
            if len(columns) < n_columns or any(columns[n_columns:]):
                raise _bad_columns(self.path, line, text, len(columns), n_columns)
            del columns[n_columns:]
        # The quick test is enough for most lines.
        if (" " not in text and text.isascii()) or "\t".join(text.split()) == text:
            return columns
        cells = self._remarks.stripped(columns, line)
        at = FORM if self._positions is None else self._positions[FORM] or 0
        # A word of white space stays what it is.
        cells[at] = cells[at] or columns[at]
        return cells

    def _bad_word(self, line: int, cells: Sequence[str]) -> FormatError:
        if not cells[FORM]:
            return FormatError(
                self.path,
                line,
                "the word's FORM is empty",
                "Write the word in the second column",
            )
        return unknown_upos(self.path, line, cells[UPOS])


def space_after(row: Sequence[str]) -> bool:
    """Tell whether a space follows a row, by its MISC."""
    return "SpaceAfter=No" not in row[MISC].split("|")


def _shown(name: str) -> str:
    """Show a column or key as it is, if it is short and plain."""
    return name if name.isprintable() and len(name) <= 40 else quoted(name)


def _parse_id(identifier: str) -> tuple[str, int, int]:
    """Split an ID of two numbers into its separator and them; ("", 0, 0) for anything else."""
    for separator in "-.":
        left, found, right = identifier.partition(separator)
        if (
            found
            and len(identifier) <= _ID_LENGTH
            and identifier.isascii()
            and left.isdigit()
            and right.isdigit()
        ):
            return separator, int(left), int(right)
    return "", 0, 0


def _last(tokens: Sequence[MultiwordToken]) -> int:
    return tokens[-1].last if tokens else 0


def _bad_columns(path: Path, line: int, text: str, found: int, expected: int) -> FormatError:
    fix = "Write `_` in columns without a value"
    if found == 1 and len(text.split()) >= expected:
        fix = "Separate the columns with tabs, not with blanks"
    elif found == 1:
        fix = "Put a `#` before comments and a blank line between sentences"
    return FormatError(path, line, f"expected {expected} tab-separated columns, found {found}", fix)
