"""The rows of PropBank's releases and of CoNLL-2012: a word each, with its document and predicates.

Both begin with document, sentence or part, word number, word, XPOS and parse, and end with a column
of brackets for each predicate (CoNLL-2012 has one more after them). What lies between is said by a
`Layout`.
"""

import re
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from ...schemes.propositions import NO_ROLESET, ColumnError, read_propositions
from ..errors import FormatError, no_sentence, unequal_columns
from ..join.documents import PropbankSentence
from ..penn import unescape
from ..sentence import MASK
from .comments import SentenceMaker
from .lines import Progress, read_lines

DOCUMENT, PART, NUMBER, WORD, XPOS, PARSE, FRAME_FILE = range(7)
"""The columns that both formats have. FRAME_FILE: in CoNLL-2012 the predicate's lemma."""

_BLANKS = re.compile(r"[ \t]+")
_COMMENT = re.compile(r"#(begin|end)( document.*)?$")


Columns = Sequence[tuple[str, ...]]
"""The columns of a sentence, each with a cell for every word."""


class Block(NamedTuple):
    """A sentence: the lines of its words, and its columns."""

    lines: list[int]
    columns: Columns


class Layout(ABC):
    """What the columns of a format are.

    columns (str): Their names, for messages.
    n_columns (int): How many there are in a sentence without predicates.
    arguments (slice): Those of the predicates.
    no_xpos (frozenset[str]): What stands for a missing XPOS.
    """

    columns: str
    n_columns: int
    arguments: slice
    no_xpos = frozenset(("_",))

    @abstractmethod
    def fits(self, row: Sequence[str]) -> bool:
        """Tell whether a row may be of this format, and not of the other one."""

    @abstractmethod
    def document(self, columns: Columns) -> str:
        """Get the name of a sentence's document."""

    @abstractmethod
    def rolesets(self, columns: Columns) -> Sequence[str]:
        """Get the roleset of each word; `-` at words that are no predicate."""

    def entities(self, columns: Columns) -> list[str] | None:
        """Get the entities as IOB2 tags, None where there are none.

        RAISES: ColumnError: Cells that cannot be read.
        """
        return None

    def unread(self, columns: Columns) -> Counter[str]:
        """Count what is in a sentence and is not read."""
        return Counter()


def read_rows(
    paths: Iterable[Path], layout: Layout, progress: Progress | None, *, masked: bool
) -> Iterator[PropbankSentence]:
    """Read the sentences of files.

    masked (bool): Whether to take skeletons as well, whose words are all `[WORD]`.
    RAISES: FormatError: A row with too few columns or with other columns than the sentence's
        first, a word out of order, columns that `read_propositions` cannot read, masked words where
        they are not taken, a file that is missing, empty, not UTF-8 or without a sentence.
    """
    for path in paths:
        maker = SentenceMaker(path)
        doc_id = None
        for block in _blocks(path, layout, progress):
            name = layout.document(block.columns)
            if name != doc_id:
                doc_id = name
                maker.new_document(doc_id)
            yield _sentence(maker, layout, block, masked)
        if maker.n_sentences == 0:
            raise no_sentence(path)


def first_row(path: Path) -> list[str]:
    """Split the first row of a file that is no comment; empty if there is none.

    RAISES: FormatError: What `read_lines` raises.
    """
    for _, text in read_lines(path):
        if text.strip() and not _COMMENT.match(text):
            return _split(text)
    return []


def _blocks(path: Path, layout: Layout, progress: Progress | None) -> Iterator[Block]:
    """Yield the columns of each sentence."""
    lines: list[int] = []
    rows: list[list[str]] = []
    for line, text in read_lines(path, progress):
        if not text or text.isspace():
            if rows:
                yield Block(lines, _columns(path, layout, lines, rows))
                lines, rows = [], []
        elif text[0] != "#" or not _COMMENT.match(text):
            lines.append(line)
            rows.append(_split(text))
    if rows:
        yield Block(lines, _columns(path, layout, lines, rows))


@lru_cache(maxsize=1 << 10)
def _numbers(size: int) -> tuple[str, ...]:
    return tuple(map(str, range(size)))


def _columns(
    path: Path, layout: Layout, lines: Sequence[int], rows: Sequence[Sequence[str]]
) -> Columns:
    """Check the rows of a sentence, and turn them into columns.

    RAISES: FormatError: A row that does not fit.
    """
    first, size = rows[0], len(rows)
    if len(first) >= layout.n_columns and set(map(len, rows)) == {len(first)}:
        columns = list(zip(*rows, strict=True))
        if (
            columns[NUMBER] == _numbers(size)
            and columns[DOCUMENT].count(first[DOCUMENT]) == size
            and columns[PART].count(first[PART]) == size
            and layout.fits(first)
        ):
            return columns
    problems = (
        _problem(path, line, row, layout, number, first)
        for number, (line, row) in enumerate(zip(lines, rows, strict=True))
    )
    raise next(problem for problem in problems if problem is not None)


def _split(text: str) -> list[str]:
    """Split a line at blanks and tabs, which may be many; a word may hold other white space."""
    # A blank is the only white space that counts as printable.
    return text.split() if text.isprintable() else _BLANKS.split(text.strip(" \t"))


def _problem(
    path: Path, line: int, row: Sequence[str], layout: Layout, number: int, first: Sequence[str]
) -> FormatError | None:
    """Make the error for a row that does not fit the first one of its sentence; None if it does.

    number (int): Of the row in the sentence, from 0.
    """
    if len(row) < layout.n_columns:
        return FormatError(
            path,
            line,
            f"{len(row)} columns, expected {layout.n_columns} or more: {layout.columns}",
            "Write - or * in columns without a value",
        )
    if len(row) != len(first):
        return unequal_columns(path, line, len(row), len(first))
    if row[NUMBER] != str(number) or row[:NUMBER] != first[:NUMBER]:
        return FormatError(
            path,
            line,
            f"document, sentence and word number are {' '.join(row[:3])}, expected "
            f"{' '.join([*first[:2], str(number)])}",
            "Number the words of a sentence 0, 1, 2 and end a sentence with a blank line",
        )
    if layout.fits(first):
        return None
    return FormatError(
        path,
        line,
        f"these are other columns than {layout.columns}",
        "Say which they are: --format propbank or --format conll2012",
    )


def _sentence(maker: SentenceMaker, layout: Layout, block: Block, masked: bool) -> PropbankSentence:
    lines, columns = block
    words = list(columns[WORD])
    if MASK in words:
        _check_mask(maker.path, lines[words.index(MASK)], words, masked)
    else:
        words = [unescape(word) for word in words]
    try:
        props, notes = read_propositions(layout.rolesets(columns), columns[layout.arguments])
        entities = layout.entities(columns)
    except ColumnError as error:
        raise FormatError(maker.path, lines[error.token], error.message, error.fix) from None
    xpos = ["" if tag in layout.no_xpos else tag for tag in columns[XPOS]]
    result = maker.sentence(lines[0], words, [True] * len(words), xpos=xpos, entities=entities)
    result.propositions = props
    files = columns[FRAME_FILE]
    names = ["" if files[p.predicate] == NO_ROLESET else files[p.predicate] for p in props]
    notes.update(layout.unread(columns))
    return PropbankSentence(result, names, notes)


def _check_mask(path: Path, line: int, words: Sequence[str], masked: bool) -> None:
    """Check that all words are masked, and that they may be.

    RAISES: FormatError: They are not, or may not.
    """
    if any(word != MASK for word in words):
        raise FormatError(
            path,
            line,
            f"{MASK} stands among words that are not masked",
            "Write the word in its place",
        )
    if not masked:
        raise FormatError(
            path,
            line,
            f"the words are masked as {MASK}: this is a skeleton, it gives no words",
            "Name the CoNLL-U file of the same documents first and the skeleton after it",
        )
