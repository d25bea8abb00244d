"""Reading words with entities in columns, one word per line, as CSV, or as `word|POS|tag`.

`word|POS|tag`, one sentence per line, is the format of spaCy's own converter for IOB
(https://spacy.io/api/cli#converters).
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from ....schemes.upos import SPACE, UPOS_TAGS
from ...errors import FormatError, no_sentence, quoted, unknown_upos
from ...plural import counted
from ...sentence import Sentence
from ..comments import SentenceMaker
from ..format import ReadOptions
from ..remarks import IOB1_FOUND, STRIPPED, Remarks
from ..tags import TagReader, entities_of_tags, find_scheme
from ..words import check_unmasked, spaces_by_text, without_escapes, without_missing_lemmas
from .contents import NO_XPOS
from .judge import Shape, judge_file
from .layout import Layout
from .names import PASSED_OVER
from .rows import Row, RowReader

_LEGAL_UPOS = frozenset((*UPOS_TAGS, SPACE)) | NO_XPOS
_NO_LEMMA = ("_", "-")


def read_column_file(
    path: str | Path, options: ReadOptions | None = None, remarks: Remarks | None = None
) -> Iterator[Sentence]:
    """Read words and entities (as IOB2 tags), one sentence at a time.

    UPOS, XPOS and lemmas are layers as well. `_`, `-`, `?` or nothing as the tag is missing
    annotation. White space at the ends of cells is left out; entities do not begin or end in a
    word of white space. Escapes of the Penn Treebank are undone, see `penn.real_words`. The
    spacing is that of the `# text` comment if the words spell it, else one space after every
    word. `rows` explains which lines are comments.

    path (str | Path): The file.
    options (ReadOptions | None): Without the columns' names they are those of a header or of
        `# global.columns`, else their contents tell, see `find_layout`. The scheme "auto" reads
        the file once more to find out.
    remarks (Remarks | None): Filled while reading.
    RAISES: FormatError: A layout that is not clear, a line with another number of columns, a line
        that may be a comment or a word, a comment such as `# sent_id` within a sentence, an
        unknown tag, an entity without a label or with the label `O`, an index out of order, a
        masked word, a file that is missing, empty, not UTF-8 or without a sentence; with
        `options.strict` a tag that continues nothing.
    """
    path = Path(path)
    remarks = Remarks(path) if remarks is None else remarks
    options = options or ReadOptions()
    shape = judge_file(path, options.columns)
    by_itself = options.scheme == "auto"
    remarks.scheme = _find_scheme(shape) if by_itself else options.scheme
    tags = TagReader(path, remarks.scheme, prefix_last=shape.prefix_last)
    remarks.say(f"columns read as `{shape.layout}`")
    if by_itself and remarks.scheme == "iob1":
        remarks.say(IOB1_FOUND)
    unread = _Unread(shape.layout, remarks)
    maker = SentenceMaker(path)
    reader = RowReader(shape)
    for comments, rows in reader.sentences(options.progress):
        for row in comments:
            if row.kind == "document":
                maker.new_document(*row.cells)
            else:
                maker.comment(row.text)
        if rows:
            unread.watch(rows)
            yield _sentence(maker, shape.layout, rows, tags, remarks, options.strict)
    if maker.n_sentences == 0:
        raise no_sentence(path)
    unread.report()
    if reader.n_short:
        what = f"<row ends|rows end> with the tag, others after {shape.width} columns"
        remarks.say(counted(reader.n_short, what))
    remarks.wordless(maker.n_wordless)


def _find_scheme(shape: Shape) -> str:
    """Tell the scheme of the tags of the whole file."""
    at = shape.layout.position("tag")
    if at is None:
        return "iob2"
    tags = TagReader(shape.path, prefix_last=shape.prefix_last)
    return find_scheme(
        [tags.read(row.cells[at].strip(), row.line) for row in rows]
        for _, rows in RowReader(shape).sentences()
    )


def _sentence(
    maker: SentenceMaker,
    layout: Layout,
    rows: Sequence[Row],
    tags: TagReader,
    remarks: Remarks,
    strict: bool,
) -> Sentence:
    """Make a sentence of its rows."""
    path, lines = maker.path, [row.line for row in rows]
    cells = {
        name: _column(rows, layout.names.index(name), name, remarks)
        for name in ("word", "xpos", "upos", "lemma")
        if name in layout.names
    }
    words = cells["word"]
    if "" in words:
        words = _words_of_blanks(path, rows, layout.names.index("word"), words)
    check_unmasked(path, lines, words)
    upos, xpos, lemmas = cells.get("upos"), cells.get("xpos"), cells.get("lemma")
    for line, value in zip(lines, upos or ()):
        if value not in _LEGAL_UPOS:
            raise unknown_upos(path, line, value)
    words = without_escapes(words, lines, xpos, maker.text, remarks)
    entities = None
    at = layout.position("tag")
    if at is not None:
        found = _column(rows, at, "tag", remarks)
        read = [tags.read(tag, line) for tag, line in zip(found, lines, strict=True)]
        entities = entities_of_tags(read, words, lines, remarks, strict=strict)
    spaces = spaces_by_text(words, maker, lines[0], remarks)
    return maker.sentence(
        lines[0],
        words,
        # A text does not say what comes after the last word.
        [*(spaces or [True] * len(words))[:-1], True],
        upos=_without_missing(upos),
        xpos=_without_missing(xpos),
        lemmas=None if lemmas is None else without_missing_lemmas(lemmas, words, _NO_LEMMA),
        entities=entities,
    )


def _column(rows: Sequence[Row], at: int, name: str, remarks: Remarks) -> list[str]:
    """Get a column, and remove and count white space around its cells."""
    raw = [row.cells[at] for row in rows]
    cells = [cell.strip() for cell in raw]
    if cells != raw:
        for row, cell, before in zip(rows, cells, raw, strict=True):
            if cell != before and (cell or name != "word"):
                remarks.count(STRIPPED, row.line)
    return cells


def _words_of_blanks(path: Path, rows: Sequence[Row], at: int, words: Sequence[str]) -> list[str]:
    """Restore the words that consist of white space.

    RAISES: FormatError: A word is empty.
    """
    result = [word or row.cells[at] for word, row in zip(words, rows, strict=True)]
    if "" in result:
        line = rows[result.index("")].line
        raise FormatError(path, line, "the word is empty", "Write the word in its column")
    return result


def _without_missing(tags: list[str] | None) -> list[str] | None:
    return None if tags is None else ["" if tag in NO_XPOS else tag for tag in tags]


class _Unread:
    """Reports the columns that hold something but are not read."""

    def __init__(self, layout: Layout, remarks: Remarks) -> None:
        self._remarks = remarks
        self._unread = dict(layout.unread)
        self._empty = [
            i
            for i, name in enumerate(layout.names)
            if name in PASSED_OVER and i not in layout.unread
        ]

    def watch(self, rows: Sequence[Row]) -> None:
        """Look at the columns that have been empty so far."""
        for i in list(self._empty):
            for row in rows:
                if row.cells[i].strip() not in NO_XPOS:
                    self._unread[i] = quoted(row.cells[i].strip()) + ", …"
                    self._empty.remove(i)
                    break

    def report(self) -> None:
        """Report them, at the end of the file."""
        for i, what in sorted(self._unread.items()):
            self._remarks.say(f"column {i + 1} was not read ({what})")
