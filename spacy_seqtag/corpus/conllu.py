"""CoNLL-U, the format of Universal Dependencies: https://universaldependencies.org/format.html"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ..schemes.upos import UPOS_TAGS
from .sentence import (
    FormatError,
    Progress,
    Sentence,
    SentenceMaker,
    no_sentence,
    read_lines,
    spaces_from_text,
    unknown_upos,
)

_LEGAL_UPOS = frozenset(UPOS_TAGS) | {"_"}


class _Unit(NamedTuple):
    """A stretch of text: one word, or a multiword token with its words `start:end`."""

    form: str
    start: int
    end: int
    space_after: bool


class _Range(NamedTuple):
    """A multiword token line: it spans the words `first` to `last` (1-based, inclusive)."""

    line: int
    first: int
    last: int
    form: str
    space_after: bool


def read_conllu(path: str | Path, *, progress: Progress | None = None) -> Iterator[Sentence]:
    """Read words, spacing, UPOS, XPOS and lemmas, one sentence at a time.

    The spacing is that of the `# text` comment where the forms spell it, else that of
    `SpaceAfter=No`. The words of a multiword token stand without spaces between them. Empty nodes
    (`8.1`) are passed over. `_` in UPOS, XPOS or LEMMA is missing annotation, save for the lemma
    of the word `_`.

    RAISES FormatError: a line without 10 columns, an ID out of order, an empty form, an unknown
    UPOS, a file that is missing, empty, not UTF-8 or without a sentence.
    """
    path = Path(path)
    maker = SentenceMaker(path)
    rows: list[list[str]] = []
    ranges: list[_Range] = []
    first_line = 0
    for line, text in read_lines(path, progress):
        if not text or text.isspace():
            if rows or ranges:
                yield _sentence(maker, first_line, rows, ranges)
                rows, ranges = [], []
            continue
        if text[0] == "#":
            maker.comment(text)
            continue
        columns = text.split("\t")
        if len(columns) != 10:
            raise _bad_columns(path, line, text, len(columns))
        identifier, form = columns[0], columns[1]
        expected = len(rows) + 1
        if identifier == str(expected):
            if not form:
                raise FormatError(
                    path, line, "the word's FORM is empty", "Write the word in the second column"
                )
            if columns[3] not in _LEGAL_UPOS:
                raise unknown_upos(path, line, columns[3])
            if not rows:
                first_line = line
            rows.append(columns)
            continue
        kind, left, right = _parse_id(identifier)
        if kind == "-" and left == expected and right >= left and _last(ranges) < left:
            ranges.append(_Range(line, left, right, form, _space_after(columns)))
        elif kind != "." or left != len(rows):
            raise FormatError(
                path,
                line,
                f"ID {identifier!r} is out of order, expected word {expected}",
                "Number the words of a sentence 1, 2, 3 and end a sentence with a blank line",
            )
    if rows or ranges:
        yield _sentence(maker, first_line, rows, ranges)
    if maker.n_sentences == 0:
        raise no_sentence(path)


def _parse_id(identifier: str) -> tuple[str, int, int]:
    """An ID of two numbers as its separator and the numbers; ("", 0, 0) for anything else."""
    for separator in "-.":
        left, found, right = identifier.partition(separator)
        if found and identifier.isascii() and left.isdigit() and right.isdigit():
            return separator, int(left), int(right)
    return "", 0, 0


def _last(ranges: list[_Range]) -> int:
    return ranges[-1].last if ranges else 0


def _space_after(columns: list[str]) -> bool:
    return "SpaceAfter=No" not in columns[9].split("|")


def _bad_columns(path: Path, line: int, text: str, found: int) -> FormatError:
    fix = "Write `_` in columns without a value"
    if found == 1 and len(text.split()) >= 10:
        fix = "Separate the columns with tabs, not with blanks"
    elif found == 1:
        fix = "Put a `#` before comments and a blank line between sentences"
    return FormatError(path, line, f"expected 10 tab-separated columns, found {found}", fix)


def _sentence(
    maker: SentenceMaker, line: int, rows: list[list[str]], ranges: list[_Range]
) -> Sentence:
    if _last(ranges) > len(rows):
        last = ranges[-1]
        raise FormatError(
            maker.path,
            last.line,
            f"the multiword token {last.first}-{last.last} reaches past the sentence's last word, "
            f"{len(rows)}",
            "Correct its ID, or add the missing words",
        )
    words = [columns[1] for columns in rows]
    return maker.sentence(
        line,
        words,
        _spacing(words, _units(rows, ranges), maker.text),
        upos=_layer(rows, 3),
        xpos=_layer(rows, 4),
        # `_` is the lemma of an underscore and missing everywhere else.
        lemmas=["" if row[2] == "_" and row[1] != "_" else row[2] for row in rows],
    )


def _layer(rows: list[list[str]], column: int) -> list[str]:
    return ["" if row[column] == "_" else row[column] for row in rows]


def _units(rows: list[list[str]], ranges: list[_Range]) -> list[_Unit]:
    units = []
    position = 0
    for begin in (*ranges, None):
        stop = len(rows) if begin is None else begin.first - 1
        for i in range(position, stop):
            units.append(_Unit(rows[i][1], i, i + 1, _space_after(rows[i])))
        if begin is not None:
            units.append(_Unit(begin.form, begin.first - 1, begin.last, begin.space_after))
            position = begin.last
    return units


def _spacing(words: list[str], units: list[_Unit], text: str | None) -> list[bool]:
    """Whether a space follows each word."""
    between = [unit.space_after for unit in units]
    if text is not None:
        # After the last word comes the next sentence, of which this text knows nothing.
        between[:-1] = (spaces_from_text([unit.form for unit in units], text) or between)[:-1]
    spaces = [False] * len(words)
    for unit, space in zip(units, between, strict=True):
        if unit.end - unit.start > 1:
            inner = spaces_from_text(words[unit.start : unit.end], unit.form)
            if inner is not None:
                spaces[unit.start : unit.end] = inner
        spaces[unit.end - 1] = space
    return spaces
