"""Finding out how a column file is written from its first lines.

The user may name the columns (`--columns`), or the file does (a header, `# global.columns`);
otherwise their contents decide. The first 1,000 lines are looked at. If they are not enough, as in
a file whose first documents are not annotated, it is the first 100,000.
"""

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ...errors import FormatError, no_sentence
from ..comments import GLOBAL_COLUMNS, SentenceMaker
from ..lines import read_lines
from ..tags import has_prefix_last, is_tag
from .cells import Cells, Line, find_separator, split_lines
from .contents import Rows
from .layout import Layout, find_layout, layout_of
from .names import LayoutUnclear, global_columns, header_names

DOCUMENT = "-DOCSTART-"
"""How a line begins that marks a new document, in CoNLL-2003."""

_SAMPLES = (1000, 100_000)  # lines
_MANY = 10  # a width that one in so many rows has is no accident
_HOW_TO_NAME = (
    "Name the columns, as in --columns {} (index, word, upos, xpos, pos, lemma, tag, chunk, and - "
    "for a column to pass over)"
)


@dataclass(frozen=True)
class Shape:
    """How a column file is written.

    path (Path): The file.
    separator (str): What separates cells, see `find_separator`.
    layout (Layout): What the columns hold.
    widths (tuple[int, ...]): The legal numbers of columns: one, or two where rows may end with
        the tag.
    header_line (int): The number of the line with the names of columns; 0 where there is none.
    prefix_last (bool): Whether tags are written `PER-B`.
    """

    path: Path
    separator: str
    layout: Layout
    widths: tuple[int, ...]
    header_line: int
    prefix_last: bool

    @property
    def width(self) -> int:
        """The number of columns."""
        return max(self.widths)


def judge_file(path: Path, columns: Sequence[str] | None = None) -> Shape:
    """Find out how a file is written.

    columns (Sequence[str] | None): Their names, as `parse_columns` gives them; None to judge.
    RAISES: FormatError: No layout fits, or more than one; no sentence; CSV that is none.
    """
    short, long = _SAMPLES
    try:
        return _judge_lines(path, *_first_lines(path, short), columns)
    except FormatError:
        return _judge_lines(path, *_first_lines(path, long), columns)


def _first_lines(path: Path, limit: int) -> tuple[list[Line], str | None]:
    """Read the first lines that may be rows, with blank ones between them.

    RETURNS (tuple[list[Line], str | None]): The lines, and the value of `# global.columns`.
    """
    lines: list[Line] = []
    hashes: list[Line] = []
    named: str | None = None
    comments = SentenceMaker(path)
    for line, text in read_lines(path):
        if text.startswith(DOCUMENT):
            text = ""
        if text[:1] == "#":
            if text.startswith(f"# {GLOBAL_COLUMNS}"):
                named = text.partition("=")[2]
            elif not comments.comment(text):
                hashes.append((line, text))
            continue
        lines.append((line, "" if text.isspace() else text))
        if len(lines) == limit:
            break
    if any(text for _, text in lines):
        return lines, named
    # Comments only, or the word `#`? A tag at the end of its row tells.
    if any(is_tag(text.split()[-1]) for _, text in hashes):
        return hashes, named
    raise no_sentence(path)


def _judge_lines(
    path: Path, lines: Sequence[Line], named: str | None, given: Sequence[str] | None
) -> Shape:
    """Judge the first lines, see `judge_file` and `_first_lines`."""
    separator = find_separator(path, lines)
    cells: list[Cells] = []
    # The sample may end within quotes; if it does not, reading comes to the same place.
    with suppress(FormatError):
        cells.extend(split_lines(lines, path, separator))
    filled = [(line, row) for line, _, row in cells if row]
    if not filled:
        list(split_lines(lines, path, separator))  # raises the error that was suppressed, if any
        raise no_sentence(path)
    (first_line, first), header_line = filled[0], 0
    names = header_names(first)
    if names is not None and len(filled) > 1:
        header_line = first_line
        cells = [parts for parts in cells if parts[0] != header_line]
        filled = filled[1:]
    width = len(first)
    try:
        if given is not None:
            names = tuple(given)
        elif names is None and named is not None:
            names = global_columns(named.split())
        usual = _usual_widths([row for _, row in filled], 1 if names is None else len(names))
        width = usual[0]
        layout, widths, sample = _fit_layout(names, cells, usual, separator)
    except LayoutUnclear as error:
        raise _unclear(path, first_line, width, separator, error) from None
    at = layout.position("tag")
    tags = [row[at] for rows in sample for row in rows] if at is not None else []
    return Shape(path, separator, layout, widths, header_line, has_prefix_last(tags))


def _usual_widths(rows: Rows, least: int) -> list[int]:
    """Find the numbers of columns that many rows have, the usual one first.

    A last column that is empty in all rows does not count, as long as `least` columns are left.
    """
    found = Counter(map(len, rows))
    widths: list[int] = []
    for cells, n in found.most_common():
        same = [row for row in rows if len(row) == cells]
        width = cells
        while width > least and not any(row[width - 1].strip() for row in same):
            width -= 1
        if width not in widths and (not widths or _MANY * n >= len(rows)):
            widths.append(width)
    return widths


def _fit_layout(
    names: Sequence[str] | None, cells: Sequence[Cells], usual: Sequence[int], separator: str
) -> tuple[Layout, tuple[int, ...], list[Rows]]:
    """Find the layout for the numbers of columns that many rows have.

    RETURNS (tuple): The layout, the legal numbers of columns, the rows that were judged.
    RAISES: LayoutUnclear: None fits, or more than one.
    """
    if len(usual) == 2 and separator != "|":  # there, more bars belong to the word
        # Rows without a note may leave out all columns after the tag.
        least, most = sorted(usual)
        with suppress(LayoutUnclear):
            sample = _sample(cells, least, most)
            layout = _name_columns(names, sample, most)
            if layout.n_read == least:
                return layout, (least, most), sample
    sample = _sample(cells, usual[0], usual[0])
    return _name_columns(names, sample, usual[0]), (usual[0],), sample


def _sample(cells: Sequence[Cells], least: int, most: int) -> list[Rows]:
    """Collect the rows of each sentence that have `least` cells, all of them with `most`."""
    sentences: list[list[list[str]]] = [[]]
    for _, _, row in cells:
        if not row:
            sentences.append([])
        elif len(row) >= least:
            sentences[-1].append([cell.strip() for cell in [*row, *[""] * most][:most]])
    return [rows for rows in sentences if rows]


def _name_columns(names: Sequence[str] | None, sample: Sequence[Rows], width: int) -> Layout:
    if names is None:
        if width < 2:
            raise LayoutUnclear("there is no column besides the words", ["word", "tag"])
        return find_layout(sample)
    if len(names) != width:
        raise LayoutUnclear(f"{len(names)} are named, {','.join(names)}", [*names, "-"][:width])
    return layout_of(names, sample)


def _unclear(
    path: Path, line: int, width: int, separator: str, error: LayoutUnclear
) -> FormatError:
    """Make the error for an unclear layout, with the advice that fits it best."""
    fix = _HOW_TO_NAME.format(error.example)
    if width == 1:
        fix = "Separate word and tag with a tab or a blank"
    elif width == 10 and separator == "\t":
        fix = "If this is CoNLL-U, let its name end in .conllu or give --format conllu"
    elif width > 10:
        fix = f"If this is PropBank or CoNLL-2012, give --format propbank or conll2012. {fix}"
    return FormatError(path, line, f"{width} columns: {error.reason}", fix)
