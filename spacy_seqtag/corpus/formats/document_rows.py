"""The rows of PropBank's releases and of CoNLL-2012: a word each, with its document and predicates.

Both begin with document, sentence or part, word number, word, XPOS and parse, and end with a column
of brackets for each predicate (CoNLL-2012 has one more after them). What lies between is said by a
`Layout`.
"""

import re
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from ...schemes.propositions import NO_ROLESET, ColumnError, read_columns
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


class Row(NamedTuple):
    """A row with its line."""

    line: int
    columns: list[str]


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
    def fits(self, columns: Sequence[str]) -> bool:
        """Tell whether a row may be of this format, and not of the other one."""

    @abstractmethod
    def document(self, columns: Sequence[str]) -> str:
        """Get the name of a row's document."""

    @abstractmethod
    def rolesets(self, rows: Sequence[Row]) -> list[str]:
        """Get the roleset of each word; `-` at words that are no predicate."""

    def entities(self, rows: Sequence[Row]) -> list[str] | None:
        """Get the entities as IOB2 tags, None where there are none.

        RAISES: ColumnError: Cells that cannot be read.
        """
        return None

    def unread(self, rows: Sequence[Row]) -> Counter[str]:
        """Count what is in the rows and is not read."""
        return Counter()


def read_rows(
    paths: Iterable[Path], layout: Layout, progress: Progress | None, *, masked: bool
) -> Iterator[PropbankSentence]:
    """Read the sentences of files.

    masked (bool): Whether to take skeletons as well, whose words are all `[WORD]`.
    RAISES: FormatError: A row with too few columns or with other columns than the sentence's
        first, a word out of order, columns that `read_columns` cannot read, masked words where they
        are not taken, a file that is missing, empty, not UTF-8 or without a sentence.
    """
    for path in paths:
        maker = SentenceMaker(path)
        doc_id = None
        for rows in _blocks(path, layout, progress):
            name = layout.document(rows[0].columns)
            if name != doc_id:
                doc_id = name
                maker.new_document(doc_id)
            yield _sentence(maker, layout, rows, masked)
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


def _blocks(path: Path, layout: Layout, progress: Progress | None) -> Iterator[list[Row]]:
    """Yield the rows of each sentence, split."""
    rows: list[Row] = []
    first: list[str] = []
    size = 0
    for line, text in read_lines(path, progress):
        if not text or text.isspace():
            if rows:
                yield rows
                rows = []
            continue
        if text[0] == "#" and _COMMENT.match(text):
            continue
        columns = _split(text)
        if not rows:
            first, size = columns, len(columns)
        if (
            len(columns) != size
            or size < layout.n_columns
            or columns[NUMBER] != str(len(rows))
            or columns[PART] != first[PART]
            or columns[DOCUMENT] != first[DOCUMENT]
            or (not rows and not layout.fits(columns))
        ):
            raise _bad_row(path, line, columns, layout, rows)
        rows.append(Row(line, columns))
    if rows:
        yield rows


def _split(text: str) -> list[str]:
    """Split a line at blanks and tabs, which may be many; a word may hold other white space."""
    # A blank is the only white space that counts as printable.
    return text.split() if text.isprintable() else _BLANKS.split(text.strip(" \t"))


def _bad_row(
    path: Path, line: int, columns: Sequence[str], layout: Layout, rows: Sequence[Row]
) -> FormatError:
    """Make the error for a row that does not fit those before it in its sentence."""
    if len(columns) < layout.n_columns:
        return FormatError(
            path,
            line,
            f"{len(columns)} columns, expected {layout.n_columns} or more: {layout.columns}",
            "Write - or * in columns without a value",
        )
    first = rows[0].columns if rows else columns
    if len(columns) != len(first):
        return unequal_columns(path, line, len(columns), len(first))
    if columns[NUMBER] == str(len(rows)) and columns[:NUMBER] == first[:NUMBER]:
        return FormatError(
            path,
            line,
            f"these are other columns than {layout.columns}",
            "Say which they are: --format propbank or --format conll2012",
        )
    return FormatError(
        path,
        line,
        f"document, sentence and word number are {' '.join(columns[:3])}, expected "
        f"{' '.join([*first[:2], str(len(rows))])}",
        "Number the words of a sentence 0, 1, 2 and end a sentence with a blank line",
    )


def _sentence(
    maker: SentenceMaker, layout: Layout, rows: Sequence[Row], masked: bool
) -> PropbankSentence:
    words = [row.columns[WORD] for row in rows]
    if MASK in words:
        _check_mask(maker.path, rows[words.index(MASK)].line, words, masked)
    else:
        words = [unescape(word) for word in words]
    try:
        props, notes = read_columns(
            layout.rolesets(rows), [row.columns[layout.arguments] for row in rows]
        )
        entities = layout.entities(rows)
    except ColumnError as error:
        line = rows[error.token].line
        raise FormatError(maker.path, line, error.message, error.fix) from None
    xpos = ["" if row.columns[XPOS] in layout.no_xpos else row.columns[XPOS] for row in rows]
    result = maker.sentence(rows[0].line, words, [True] * len(words), xpos=xpos, entities=entities)
    result.propositions = props
    files = [rows[prop.predicate].columns[FRAME_FILE] for prop in props]
    names = ["" if name == NO_ROLESET else name for name in files]
    notes.update(layout.unread(rows))
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
