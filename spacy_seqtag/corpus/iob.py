"""Words with entities in columns, one word a line, as CSV, or as `word|POS|tag`, a sentence a line.

`layout` says which columns are read, `tags` which schemes. The last is the format of spaCy's own
converter for IOB (https://spacy.io/api/cli#converters).
"""

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from ..schemes.upos import UPOS_TAGS
from .layout import (
    NO_XPOS,
    Layout,
    LayoutUnclear,
    find_layout,
    global_columns,
    header_names,
    layout_of,
)
from .sentence import (
    CONTRADICTED,
    CUT,
    STRIPPED,
    UNCLOSED,
    UNESCAPED,
    FormatError,
    Progress,
    Remarks,
    Sentence,
    SentenceMaker,
    check_unmasked,
    comment_within,
    no_sentence,
    quoted,
    read_lines,
    real_words,
    spaces_from_text,
    text_contradiction,
    unknown_upos,
)
from .tags import (
    MISSING_TAGS,
    TagReader,
    cut_at_blanks,
    find_scheme,
    has_prefix_last,
    is_tag,
    to_iob2,
    unclosed,
)

_BLANKS = re.compile(r"[ \t]+")
_DOCUMENT = "-DOCSTART-"
_MANY = 10  # one in so many rows is no accident
_SAMPLE = 1000  # lines by which a layout is judged
_LONG_SAMPLE = 100_000  # and where they are not enough
_LEGAL_UPOS = frozenset(UPOS_TAGS) | NO_XPOS
# A tag that lost its prefix or has a wrong one.
_NEARLY_A_TAG = re.compile(r"(\w[-_])?[A-Z]{2,}([-_]\w+)?")
_HOW_TO_NAME = (
    "Name the columns, as in --columns {} (index, word, upos, xpos, pos, lemma, tag, chunk, and - "
    "for a column to pass over)"
)


@dataclass
class IobCounts:
    """What `read_iob` found in a file.

    scheme: a key of `tags.PREFIXES`. repaired: tags that continued nothing and were made `B-`.
    examples: the first few of them, as `path:line: I-X read as B-X`.
    """

    scheme: str = ""
    repaired: int = 0
    examples: list[str] = field(default_factory=list)

    def decode(
        self,
        tags: Sequence[str],
        lines: Sequence[int],
        remarks: Remarks,
        *,
        strict: bool,
    ) -> list[str]:
        """A sentence's tags in IOB2. RAISES FormatError: with `strict`, an illegal sequence."""
        entities, repaired = to_iob2(tags, self.scheme)
        for i in repaired:
            self.repair(remarks.path, lines[i], tags[i], entities[i], strict=strict)
        for i in unclosed(tags, self.scheme):
            if strict:
                raise FormatError(
                    remarks.path,
                    lines[i],
                    f"{tags[i]} is not the last word of an entity, but none goes on after it",
                    "Mark the entity's last word, or leave out --strict to have it end here",
                )
            remarks.count(UNCLOSED, lines[i])
        return entities

    def repair(self, path: Path, line: int, tag: str, entity: str, *, strict: bool) -> None:
        """Count a tag that was read as another, or with `strict` RAISE a FormatError."""
        if strict:
            raise FormatError(
                path,
                line,
                f"{tag} continues no entity: expected a {tag[2:]} entity before it",
                f"Write {entity}, or leave out --strict to have it read as {entity}",
            )
        self.repaired += 1
        if len(self.examples) < 3:
            self.examples.append(f"{path}:{line}: {tag} read as {entity}")


_Cells = tuple[int, str, list[str]]
"""A line's number, text and cells; none for a blank line."""


class _Row(NamedTuple):
    """A line of a column file. kind: "word", "blank", "comment" or "document"."""

    kind: str
    line: int
    text: str
    cells: Sequence[str] = ()


def read_iob(
    path: str | Path,
    *,
    columns: Sequence[str] | None = None,
    strict: bool = False,
    scheme: str = "auto",
    counts: IobCounts | None = None,
    remarks: Remarks | None = None,
    progress: Progress | None = None,
) -> Iterator[Sentence]:
    """Read words and entities (as IOB2 tags), one sentence at a time.

    columns: their names, see `layout.parse_columns`. Without them they are those of a header or
        of `# global.columns`, else `layout.find_layout` judges the contents of the first rows.
    strict: make a tag that continues no entity an error instead of repairing it to `B-`.
    scheme: a key of `tags.PREFIXES`, or `auto`, which reads the file once more to find out.
    counts, remarks: filled while reading.

    UPOS, XPOS and lemmas are layers as well. `_`, `-`, `?` or nothing as the tag is missing
    annotation. White space at the ends of cells is left out; entities do not begin or end in a
    word of white space. Escapes of the Penn Treebank are undone, see `real_words`. The spacing is
    that of the `# text` comment where the words spell it, else one space after every word.

    A line that begins with `#` is a comment if it is one that CoNLL-U knows, or if it begins with
    `# `, stands between sentences and has no shape of a row. In a file with an index every such
    line is one that has no row's shape and does not end in a tag. CSV and `word|POS|tag` have no
    comments.

    RAISES FormatError: a layout that is not clear, a line with another number of columns, a line
    that may be a comment or a word, a comment such as `# sent_id` within a sentence, an unknown
    tag, an entity without a label or with the label `O`, an index out of order, a masked word, a
    file that is missing, empty, not UTF-8 or without a sentence, and with `strict` a tag that
    continues nothing.
    """
    path = Path(path)
    counts = IobCounts() if counts is None else counts
    remarks = Remarks(path) if remarks is None else remarks
    file = _ColumnFile(path, columns)
    counts.scheme = file.find_scheme() if scheme == "auto" else scheme
    reader = TagReader(path, counts.scheme, prefix_last=file.prefix_last)
    remarks.say(f"columns read as `{file.layout}`")
    unread = _Unread(file.layout, remarks)
    maker = SentenceMaker(path)
    for comments, rows in file.sentences(progress):
        for row in comments:
            if row.kind == "document":
                maker.new_document()
            else:
                maker.comment(row.text)
        if rows:
            unread.watch(rows)
            yield _sentence(maker, file.layout, rows, reader, counts, remarks, strict)
    if maker.n_sentences == 0:
        raise no_sentence(path)
    unread.report()
    if file.n_short:
        remarks.say(f"{file.n_short} rows end with the tag, others after {file.width} columns")
    remarks.end(maker)


def _sentence(
    maker: SentenceMaker,
    layout: Layout,
    rows: list[_Row],
    reader: TagReader,
    counts: IobCounts,
    remarks: Remarks,
    strict: bool,
) -> Sentence:
    path, line = maker.path, rows[0].line

    def column(name: str) -> list[str] | None:
        at = layout.position(name)
        if at is None:
            return None
        raw = [row.cells[at] for row in rows]
        cells = [cell.strip() for cell in raw]
        if cells != raw:
            for row, cell, before in zip(rows, cells, raw, strict=True):
                if cell != before and (cell or name != "word"):
                    remarks.count(STRIPPED, row.line)
        return cells

    words = column("word") or []
    if "" in words:
        # A word of white space stays what it is.
        at = layout.position("word") or 0
        words = [word or row.cells[at] for word, row in zip(words, rows, strict=True)]
        if "" in words:
            line = rows[words.index("")].line
            raise FormatError(path, line, "the word is empty", "Write the word in its column")
    check_unmasked(path, [row.line for row in rows], words)
    xpos = column("xpos")
    upos = column("upos")
    lemmas = column("lemma")
    if upos is not None:
        for row, tag in zip(rows, upos, strict=True):
            if tag not in _LEGAL_UPOS:
                raise unknown_upos(path, row.line, tag)
    real = real_words(words, xpos, maker.text)
    if real is not words:
        for row, before, word in zip(rows, words, real, strict=True):
            if word != before:
                remarks.count(UNESCAPED, row.line)
        words = real
    entities: list[str] | None = None
    tag_column = column("tag")
    if tag_column is not None:
        tags = [reader.read(tag, row.line) for tag, row in zip(tag_column, rows, strict=True)]
        lines = [row.line for row in rows]
        entities = counts.decode(tags, lines, remarks, strict=strict)
        n_cut = cut_at_blanks(words, entities)
        if n_cut:
            remarks.count(CUT, line, n=n_cut)
    spaces = None
    if maker.text is not None:
        spaces = spaces_from_text(words, maker.text)
        if spaces is None:
            where = f"sentence {maker.sent_id}: {text_contradiction(words, maker.text)}"
            remarks.count(CONTRADICTED, line, where)
    # After the last word comes the next sentence, of which this text knows nothing.
    spaces = [*(spaces or [True] * len(words))[:-1], True]
    return maker.sentence(
        line,
        words,
        spaces,
        upos=_without(upos, NO_XPOS),
        xpos=_without(xpos, NO_XPOS),
        lemmas=_without_lemmas(lemmas, words),
        entities=entities,
    )


def _without(tags: list[str] | None, missing: frozenset[str]) -> list[str] | None:
    return None if tags is None else ["" if tag in missing else tag for tag in tags]


def _without_lemmas(lemmas: list[str] | None, words: list[str]) -> list[str] | None:
    """`_` is the lemma of an underscore, and missing everywhere else."""
    if lemmas is None:
        return None
    return ["" if x in ("_", "-") and x != word else x for x, word in zip(lemmas, words)]


class _Unread:
    """Says which columns hold something that is not read."""

    def __init__(self, layout: Layout, remarks: Remarks) -> None:
        self._remarks = remarks
        self._unread = dict(layout.unread)
        self._empty = [
            i
            for i, name in enumerate(layout.names)
            if name in ("-", "chunk") and i not in layout.unread
        ]

    def watch(self, rows: Sequence[_Row]) -> None:
        """Look into the columns that were empty so far."""
        for i in list(self._empty):
            for row in rows:
                if row.cells[i].strip() not in NO_XPOS:
                    self._unread[i] = quoted(row.cells[i].strip()) + ", …"
                    self._empty.remove(i)
                    break

    def report(self) -> None:
        """Say it, at the end of the file."""
        for i, what in sorted(self._unread.items()):
            self._remarks.say(f"column {i + 1} was not read ({what})")


# Lines and cells


class _ColumnFile:
    """A file of columns: how its lines are split, its layout, and how its tags are written.

    separator: a tab, a comma or semicolon (CSV), `|` (a sentence a line), or a blank for runs of
    blanks and tabs.

    RAISES FormatError: as `read_iob`, where the first lines show it.
    """

    def __init__(self, path: Path, columns: Sequence[str] | None) -> None:
        self.path = path
        self.widths: tuple[int, ...] = ()  # the legal numbers of columns
        self.n_short = 0  # rows without the columns after the tag, of those read so far
        self._header_line = 0
        self._global: str | None = None
        self._sample: list[list[list[str]]] = []  # the first sentences, by their cells
        try:
            self._judge_lines(self._first_lines(_SAMPLE), columns)
        except FormatError:
            # The first documents of a file may be without annotation.
            self._judge_lines(self._first_lines(_LONG_SAMPLE), columns)

    def _judge_lines(self, lines: list[tuple[int, str]], columns: Sequence[str] | None) -> None:
        self.separator = self._find_separator(lines)
        self.layout = self._find_layout(lines, columns)
        at = self.layout.position("tag")
        tags = [row[at] for rows in self._sample for row in rows] if at is not None else []
        self.prefix_last = has_prefix_last(tags)

    @property
    def width(self) -> int:
        """The number of columns."""
        return max(self.widths, default=0)

    def sentences(
        self, progress: Progress | None = None
    ) -> Iterator[tuple[list[_Row], list[_Row]]]:
        """The comments and document marks before each sentence, and its rows."""
        comments: list[_Row] = []
        rows: list[_Row] = []
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

    def find_scheme(self) -> str:
        """The scheme of the tags of the whole file."""
        at = self.layout.position("tag")
        if at is None:
            return "iob2"
        reader = TagReader(self.path, prefix_last=self.prefix_last)
        return find_scheme(
            [reader.read(row.cells[at].strip(), row.line) for row in rows]
            for _, rows in self.sentences()
        )

    # Judging the first lines

    def _first_lines(self, limit: int) -> list[tuple[int, str]]:
        """The first lines that may be rows, and blank ones between them."""
        lines: list[tuple[int, str]] = []
        hashes: list[tuple[int, str]] = []
        comments = SentenceMaker(self.path)
        for line, text in read_lines(self.path):
            if text.startswith(_DOCUMENT):
                text = ""
            if text[:1] == "#":
                if text.startswith("# global.columns"):
                    self._global = text.partition("=")[2]
                elif not comments.comment(text):
                    hashes.append((line, text))
                continue
            lines.append((line, "" if text.isspace() else text))
            if len(lines) == limit:
                break
        if any(text for _, text in lines):
            return lines
        # Comments only, or the word `#`? A tag at the end of its row tells.
        if any(is_tag(text.split()[-1]) for _, text in hashes):
            return hashes
        raise no_sentence(self.path)

    def _find_separator(self, lines: list[tuple[int, str]]) -> str:
        texts = [text for _, text in lines if text]
        if self.path.suffix.lower() == ".csv":
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

    def _find_layout(self, lines: list[tuple[int, str]], given: Sequence[str] | None) -> Layout:
        cells: list[_Cells] = []
        # The sample may end within quotes; if not, reading comes to the same place.
        with suppress(FormatError):
            cells.extend(self._split(iter(lines)))
        filled = [(line, row) for line, _, row in cells if row]
        if not filled:
            list(self._split(iter(lines)))  # raises what was wrong, if anything was
            raise no_sentence(self.path)
        first_line = filled[0][0]
        names = header_names(filled[0][1])
        if names is not None and len(filled) > 1:
            self._header_line = first_line
            cells = [parts for parts in cells if parts[0] != first_line]
            filled = filled[1:]
        try:
            if given is not None:
                names = tuple(given)
            elif names is None and self._global is not None:
                names = global_columns(self._global.split())
            named = 1 if names is None else len(names)
            return self._fit_layout(names, cells, _usual_widths([row for _, row in filled], named))
        except LayoutUnclear as error:
            raise self._unclear(first_line, error) from None

    def _fit_layout(
        self, names: Sequence[str] | None, cells: Sequence[_Cells], widths: Sequence[int]
    ) -> Layout:
        """The layout for the numbers of columns that many rows have, the usual one first."""
        if len(widths) == 2 and self.separator != "|":  # there, more bars belong to the word
            # Rows without a note may leave out all columns after the tag.
            least, most = sorted(widths)
            with suppress(LayoutUnclear):
                layout = self._judge(names, cells, least, most)
                if layout.n_read == least:
                    self.widths = (least, most)
                    return layout
        self.widths = (widths[0],)
        return self._judge(names, cells, widths[0], widths[0])

    def _judge(
        self, names: Sequence[str] | None, cells: Sequence[_Cells], least: int, most: int
    ) -> Layout:
        self._sample = [[]]
        for _, _, row in cells:
            if not row:
                self._sample.append([])
            elif len(row) >= least:
                self._sample[-1].append([cell.strip() for cell in [*row, *[""] * most][:most]])
        self._sample = [rows for rows in self._sample if rows]
        if names is None:
            if most < 2:
                raise LayoutUnclear("there is no column besides the words", ["word", "tag"])
            return find_layout(self._sample)
        if len(names) != most:
            raise LayoutUnclear(f"{len(names)} are named, {','.join(names)}", [*names, "-"][:most])
        return layout_of(names, self._sample)

    def _unclear(self, line: int, error: LayoutUnclear) -> FormatError:
        fix = _HOW_TO_NAME.format(error.example)
        if self.width == 1:
            fix = "Separate word and tag with a tab or a blank"
        elif self.width == 10 and self.separator == "\t":
            fix = "If this is CoNLL-U, let its name end in .conllu or give --format conllu"
        elif self.width > 10:
            fix = f"If this is CoNLL-2012 or PropBank, give --format propbank. {fix}"
        return FormatError(self.path, line, f"{self.width} columns: {error.reason}", fix)

    # All lines

    def _split(self, lines: Iterator[tuple[int, str]]) -> Iterator[_Cells]:
        """Lines with their numbers and cells; none for a blank line or the end of a sentence.

        RAISES FormatError: CSV with a quote that is not closed.
        """
        if self.separator in (",", ";") or self.path.suffix.lower() == ".csv":
            yield from self._split_csv(lines)
            return
        if self.separator == "|":
            for line, text in lines:
                for token in text.split():
                    # More bars belong to the word.
                    yield line, token, token.rsplit("|", self.width - 1)
                yield line, "", []
            return
        tabs = self.separator == "\t"
        for line, text in lines:
            if not text or text.isspace():
                yield line, text, []
            else:
                yield line, text, text.split("\t") if tabs else _BLANKS.split(text.strip(" \t"))

    def _split_csv(self, lines: Iterator[tuple[int, str]]) -> Iterator[_Cells]:
        number = 0

        def texts() -> Iterator[str]:
            nonlocal number
            for number, text in lines:  # noqa: B007 (read outside)
                yield text + "\n"

        reader = csv.reader(texts(), delimiter=self.separator, strict=True)
        try:
            for cells in reader:
                yield number, "", cells if any(cell.strip() for cell in cells) else []
        except csv.Error as error:
            raise FormatError(
                self.path,
                number,
                f"this is no CSV: {error}",
                'Put quotes around a cell with a quote or comma, and write a quote in it as ""',
            ) from None

    def _rows(self, progress: Progress | None = None) -> Iterator[_Row]:
        """The lines of the file, told apart, with as many cells as there are columns."""
        layout, width = self.layout, self.width
        index, start = layout.position("index"), layout.index_start
        mark = layout.position("sentence")
        has_comments = self.separator in ("\t", " ") and self.path.suffix.lower() != ".csv"
        comments = SentenceMaker(self.path)
        padding = {found: [""] * (width - found) for found in self.widths}
        self.n_short = 0
        n_words = 0  # of the sentence so far
        before = ""  # the kind of line before
        marked = ""  # the sentence by its column
        for line, text, cells in self._split(read_lines(self.path, progress)):
            if not cells:
                n_words = 0
                before = "blank"
                yield _Row("blank", line, text)
                continue
            if line == self._header_line:
                continue
            if cells[0][:1] == "-" and cells[0].startswith(_DOCUMENT):
                n_words = 0
                before = "document"
                yield _Row("document", line, text)
                continue
            if has_comments and text[0] == "#":
                known = comments.comment(text) or text.startswith("# global.columns")
                if known and n_words:
                    raise comment_within(self.path, line, text)
                if known or self._is_comment(line, text, cells, n_words, before):
                    before = "comment"
                    yield _Row("comment", line, text)
                    continue
            found = len(cells)
            if found in self.widths:
                cells += padding[found]
                self.n_short += found < width
            elif found < width or any(cell.strip() for cell in cells[width:]):
                raise self._bad_width(line, found)
            else:
                del cells[width:]
            if mark is not None and cells[mark].strip() not in ("", marked):
                # In some files every row says its sentence, in some only the first one does.
                marked = cells[mark].strip()
                if n_words:
                    n_words = 0
                    yield _Row("blank", line, text)
            if index is not None and cells[index].strip() != str(n_words + start):
                raise self._bad_index(line, cells[index], n_words + start)
            n_words += 1
            before = "word"
            yield _Row("word", line, text, cells)

    def _is_comment(
        self, line: int, text: str, cells: list[str], n_words: int, before: str
    ) -> bool:
        """Whether a line that begins with `#` is a comment, and not a word such as `#` or `#1`.

        RAISES FormatError: it may be either.
        """
        if len(cells) == self.width:
            at = self.layout.position("tag")
            tag = "" if at is None else cells[at].strip()
            if self.separator == "\t" or is_tag(tag) or tag in MISSING_TAGS:
                return False
            if self.layout.position("index") is None and (n_words or _NEARLY_A_TAG.fullmatch(tag)):
                return False
        if n_words:
            # Within a sentence it is more likely a word in a faulty line.
            return False
        if self.layout.position("index") is not None and not is_tag(cells[-1].strip()):
            return True
        if text.startswith("# ") or (text.strip() == "#" and before != "blank"):
            return True
        raise FormatError(
            self.path,
            line,
            f"{quoted(text)} may be a comment, or a word whose line lacks columns",
            "Write a blank after the # of a comment, or give the word its columns",
        )

    def _bad_index(self, line: int, found: str, expected: int) -> FormatError:
        start = self.layout.index_start
        return FormatError(
            self.path,
            line,
            f"index {quoted(found)} is out of order, expected {expected}",
            f"Number the words of a sentence {start}, {start + 1}, {start + 2} and end a sentence "
            "with a blank line",
        )

    def _bad_width(self, line: int, found: int) -> FormatError:
        kind = {"\t": "tab-separated columns", " ": "columns"}.get(self.separator, "fields")
        expected = " or ".join(map(str, self.widths))
        return FormatError(
            self.path,
            line,
            f"expected {expected} {kind} ({self.layout}) as in most rows, found {found}",
            "Give every word line the same columns",
        )


def _usual_widths(rows: Sequence[Sequence[str]], least: int = 1) -> list[int]:
    """The numbers of columns that many rows have, the usual one first.

    A column at the end that is empty in all rows counts for nothing, if `least` are left.
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
