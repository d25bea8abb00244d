"""How the lines of a column file are split into cells: tabs, blanks, CSV, or `word|POS|tag`."""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from ....compression import split_compression
from ...errors import FormatError
from ..tags import is_tag

Line = tuple[int, str]
"""The number of a line and its text."""

_BLANKS = re.compile(r"[ \t]+")


Cells = tuple[int, str, list[str]]
"""A line with its number, text and cells; no cells on a blank line or at the end of a sentence.

A plain tuple, as there is one for every line of a file.
"""


def is_csv(path: Path) -> bool:
    """Tell whether a file is CSV, which has quotes and no comments."""
    return split_compression(path)[0].suffix.lower() == ".csv"


def find_separator(path: Path, lines: Sequence[Line]) -> str:
    """Find what separates the cells of a file.

    lines (Sequence[Line]): The first lines.
    RETURNS (str): A tab, a comma or semicolon (CSV), `|` (one sentence per line), or a blank,
        which means runs of blanks and tabs.
    """
    texts = [text for _, text in lines if text]
    if is_csv(path):
        return max(",;\t", key=texts[0].count)
    # A tab at the end of a line shows nothing.
    with_tabs = sum("\t" in text.rstrip(" \t") for text in texts)
    if 2 * with_tabs >= len(texts):
        return "\t"
    tokens = [token.split("|") for text in texts for token in text.split()]
    widths = Counter(len(fields) for fields in tokens)
    if widths[1] == 0 and 2 * sum(is_tag(fields[-1]) for fields in tokens) >= len(tokens):
        return "|"
    return " "


def split_lines(
    lines: Iterable[Line], path: Path, separator: str, width: int = 0
) -> Iterator[Cells]:
    """Split lines into cells.

    separator (str): As `find_separator` gives it.
    width (int): The number of columns where it is known, else 0. Between `|` it tells which bars
        belong to the word.
    RAISES: FormatError: CSV with a quote that is not closed.
    """
    if separator in (",", ";") or is_csv(path):
        yield from _split_csv(lines, path, separator)
    elif separator == "|":
        for line, text in lines:
            for token in text.split():
                yield line, token, token.rsplit("|", width - 1)
            yield line, "", []
    else:
        tabs = separator == "\t"
        for line, text in lines:
            if not text or text.isspace():
                yield line, text, []
            else:
                cells = text.split("\t") if tabs else _BLANKS.split(text.strip(" \t"))
                yield line, text, cells


def _split_csv(lines: Iterable[Line], path: Path, separator: str) -> Iterator[Cells]:
    number = 0

    def texts() -> Iterator[str]:
        nonlocal number
        for number, text in lines:  # noqa: B007 (read outside)
            yield text + "\n"

    reader = csv.reader(texts(), delimiter=separator, strict=True)
    try:
        for cells in reader:
            yield number, "", cells if any(cell.strip() for cell in cells) else []
    except csv.Error as error:
        raise FormatError(
            path,
            number,
            f"this is no CSV: {error}",
            'Put quotes around a cell with a quote or comma, and write a quote in it as ""',
        ) from None
