"""Telling the lines of a column file apart: words, blank lines, comments, marks of documents.

A line that begins with `#` is a comment if CoNLL-U knows it, or if it begins with `# `, is between
sentences and does not look like a row. In a file with an index, every line that begins with `#`,
does not look like a row and does not end in a tag is a comment. CSV and `word|POS|tag` have none.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from ...errors import FormatError, comment_within, quoted
from ..comments import GLOBAL_COLUMNS, SentenceMaker
from ..lines import Progress, read_lines
from ..tags import MISSING_TAGS, is_tag
from .cells import is_csv, split_lines
from .judge import DOCUMENT, Shape

# A tag that lost its prefix or has a wrong one.
_NEARLY_A_TAG = re.compile(r"(\w[-_])?[A-Z]{2,}([-_]\w+)?")


class Row(NamedTuple):
    """A line of a column file.

    kind (str): What it is.
    line (int): Its number.
    text (str): The line as it is written.
    cells (Sequence[str]): Of a word, as many as the file has columns; of a document, its id if it
        has one.
    """

    kind: Literal["word", "blank", "comment", "document"]
    line: int
    text: str
    cells: Sequence[str] = ()


class RowReader:
    """Reads the rows of a file, once or more.

    shape (Shape): How the file is written.
    n_short (int): How many of the rows read so far end with the tag, while others go on.
    """

    def __init__(self, shape: Shape) -> None:
        self._shape = shape
        self.n_short = 0

    def sentences(self, progress: Progress | None = None) -> Iterator[tuple[list[Row], list[Row]]]:
        """Yield the comments and marks of documents before each sentence, and its rows.

        RAISES: FormatError: See `read_column_file`.
        """
        comments: list[Row] = []
        rows: list[Row] = []
        for row in self._rows(progress):
            if row.kind == "word":
                rows.append(row)
            elif row.kind == "comment":
                comments.append(row)
            else:
                if rows:
                    yield comments, rows
                    comments, rows = [], []
                if row.kind == "document":
                    comments.append(row)
        yield comments, rows

    def _rows(self, progress: Progress | None) -> Iterator[Row]:
        """Yield the lines of the file, those of words with as many cells as there are columns."""
        shape = self._shape
        path, layout, width = shape.path, shape.layout, shape.width
        index, start = layout.position("index"), layout.index_start
        mark, document = layout.position("sentence"), layout.position("document")
        padding = {found: [""] * (width - found) for found in shape.widths}
        has_comments = shape.separator in ("\t", " ") and not is_csv(path)
        comments = SentenceMaker(path)
        self.n_short = 0
        n_words = 0  # of the sentence so far
        before = ""  # the kind of line before
        marked = in_document = ""  # the sentence and the document by their columns
        lines = read_lines(path, progress)
        for line, text, cells in split_lines(lines, path, shape.separator, width):
            if line == shape.header_line and cells:
                continue
            if not cells or (cells[0][:1] == "-" and cells[0].startswith(DOCUMENT)):
                n_words = 0
                before = "document" if cells else "blank"
                yield Row("document" if cells else "blank", line, text)
                continue
            if has_comments and text[0] == "#":
                known = comments.comment(text) or text.startswith(f"# {GLOBAL_COLUMNS}")
                if known and n_words:
                    raise comment_within(path, line, text)
                if known or self._is_comment(line, text, cells, n_words, before):
                    before = "comment"
                    yield Row("comment", line, text)
                    continue
            found = len(cells)
            if found in padding:
                cells += padding[found]
                self.n_short += found < width
            else:
                self._cut(line, cells)
            # In some files every row says its sentence, in some only the first one does.
            if document is not None and cells[document].strip() not in ("", in_document):
                in_document, marked, n_words = cells[document].strip(), "", 0
                yield Row("document", line, text, (in_document,))
            if mark is not None and cells[mark].strip() not in ("", marked):
                marked = cells[mark].strip()
                if n_words:
                    n_words = 0
                    yield Row("blank", line, text)
                yield Row("comment", line, f"# sent_id = {marked}")
            if index is not None and cells[index].strip() != str(n_words + start):
                raise self._bad_index(line, cells[index], n_words + start)
            n_words += 1
            before = "word"
            yield Row("word", line, text, cells)

    def _cut(self, line: int, cells: list[str]) -> None:
        """Remove, in place, empty cells after the last column.

        RAISES: FormatError: There are fewer cells than columns, or more that are not empty.
        """
        width = self._shape.width
        if len(cells) < width or any(cell.strip() for cell in cells[width:]):
            raise self._bad_width(line, len(cells))
        del cells[width:]

    def _is_comment(
        self, line: int, text: str, cells: Sequence[str], n_words: int, before: str
    ) -> bool:
        """Tell whether a line that begins with `#` is a comment, and not a word such as `#1`.

        n_words (int): Of the sentence so far.
        before (str): The kind of the line before.
        RAISES: FormatError: It may be either.
        """
        layout, separator = self._shape.layout, self._shape.separator
        if len(cells) == self._shape.width:
            at = layout.position("tag")
            tag = "" if at is None else cells[at].strip()
            if separator == "\t" or is_tag(tag) or tag in MISSING_TAGS:
                return False
            if layout.position("index") is None and (n_words or _NEARLY_A_TAG.fullmatch(tag)):
                return False
        if n_words:
            # Within a sentence it is more likely a word in a faulty line.
            return False
        if layout.position("index") is not None and not is_tag(cells[-1].strip()):
            return True
        if text.startswith("# ") or (text.strip() == "#" and before != "blank"):
            return True
        raise FormatError(
            self._shape.path,
            line,
            f"{quoted(text)} may be a comment, or a word whose line lacks columns",
            "Write a blank after the # of a comment, or give the word its columns",
        )

    def _bad_index(self, line: int, found: str, expected: int) -> FormatError:
        start = self._shape.layout.index_start
        return FormatError(
            self._shape.path,
            line,
            f"index {quoted(found)} is out of order, expected {expected}",
            f"Number the words of a sentence {start}, {start + 1}, {start + 2} and end a sentence "
            "with a blank line",
        )

    def _bad_width(self, line: int, found: int) -> FormatError:
        separator = self._shape.separator
        kind = {"\t": "tab-separated columns", " ": "columns"}.get(separator, "fields")
        expected = " or ".join(map(str, self._shape.widths))
        return FormatError(
            self._shape.path,
            line,
            f"expected {expected} {kind} ({self._shape.layout}) as in most rows, found {found}",
            "Give every word line the same columns",
        )
