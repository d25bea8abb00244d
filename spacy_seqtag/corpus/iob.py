"""Entities in columns, one word a line: CoNLL-2003, Universal NER and plain two-column files.

Layouts: `word POS chunk tag` (https://aclanthology.org/W03-0419), `index word tag - annotator`
(https://www.universalner.org, the last columns may be left out) and `word tag`. Schemes: IOB1 and
IOB2 (https://aclanthology.org/E99-1023) and BIOES, also known as BILOU.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from .sentence import (
    FormatError,
    Progress,
    Sentence,
    SentenceMaker,
    no_sentence,
    read_lines,
    spaces_from_text,
)

PREFIXES = {"iob1": "BI", "iob2": "BI", "bioes": "BIESLU"}
"""The schemes and the prefixes that are legal in them, besides `O`."""

_BLANKS = re.compile(r"[ \t]+")
_TAG = re.compile(r"[A-Z]-\S")
_MISSING = ("", "_", "-")
_NO_XPOS = frozenset(("O", "_", "-", "-X-", ""))
_LAYOUTS = "word tag; word POS chunk tag; index word tag - annotator"


@dataclass
class IobCounts:
    """What `read_iob` found in a file.

    scheme: `iob1`, `iob2` or `bioes`. repaired: tags that continued nothing and were made `B-`.
    examples: the first few of them, as `path:line: I-X read as B-X`.
    """

    scheme: str = ""
    repaired: int = 0
    examples: list[str] = field(default_factory=list)


class _Layout(NamedTuple):
    """Where the columns are. widths: the legal numbers of columns."""

    name: str
    widths: tuple[int, ...]
    word: int
    tag: int
    xpos: int | None
    tabs: bool

    def split(self, text: str) -> list[str]:
        return text.split("\t") if self.tabs else _BLANKS.split(text.strip(" \t"))


class _Row(NamedTuple):
    """A line of a column file. kind: "word", "blank", "comment" or "document"."""

    kind: str
    line: int
    text: str
    columns: Sequence[str] = ()


def read_iob(
    path: str | Path,
    *,
    strict: bool = False,
    scheme: str = "auto",
    counts: IobCounts | None = None,
    progress: Progress | None = None,
) -> Iterator[Sentence]:
    """Read words and entities (as IOB2 tags), one sentence at a time.

    strict: make a tag that continues no entity an error instead of repairing it to `B-`.
    scheme: `iob1`, `iob2`, `bioes`, or `auto`, which reads the file once more to find out.
    counts: filled while reading.

    The layout is that of the first word line. Column 2 of CoNLL-2003 is the XPOS layer. `_`, `-`
    or nothing as the tag is missing annotation. The spacing is that of the `# text` comment where
    the words spell it, else one space after every word.

    RAISES FormatError: an unknown layout, a line with another number of columns, an unknown tag,
    an index out of order, a file that is missing, empty, not UTF-8 or without a sentence, and
    with `strict` a tag that continues nothing.
    """
    path = Path(path)
    counts = IobCounts() if counts is None else counts
    layout = _find_layout(path)
    counts.scheme = _find_scheme(path, layout) if scheme == "auto" else scheme
    maker = SentenceMaker(path)
    words: list[_Row] = []
    for row in _read_rows(path, layout, progress):
        if row.kind == "word":
            words.append(row)
        elif row.kind == "comment":
            maker.comment(row.text)
        elif words:
            yield _sentence(maker, layout, words, counts, strict)
            words = []
        if row.kind == "document":
            maker.new_document()
    if words:
        yield _sentence(maker, layout, words, counts, strict)
    if maker.n_sentences == 0:
        raise no_sentence(path)


def to_iob2(tags: Sequence[str], scheme: str) -> tuple[list[str], list[int]]:
    """A sentence's tags in IOB2.

    tags: legal in `scheme` (`iob1`, `iob2` or `bioes`); an empty string is a missing tag.
    RETURNS: the IOB2 tags, and the positions of tags that say they go on with an entity where
    there is none of their label and that now begin one. In IOB1 that is how entities begin, so
    the list is empty.
    """
    result = []
    repaired = []
    label: str | None = None  # of the entity that the next word may continue
    for i, tag in enumerate(tags):
        prefix = tag[:1]
        if prefix in ("", "O"):
            result.append(tag)
            label = None
            continue
        goes_on = prefix in "IEL" and tag[2:] == label
        if prefix in "IEL" and not goes_on and scheme != "iob1":
            repaired.append(i)
        result.append(("I-" if goes_on else "B-") + tag[2:])
        label = None if prefix in "ELSU" else tag[2:]
    return result, repaired


def _sentence(
    maker: SentenceMaker, layout: _Layout, rows: list[_Row], counts: IobCounts, strict: bool
) -> Sentence:
    words = [row.columns[layout.word] for row in rows]
    tags = [_checked_tag(maker.path, layout, row, counts.scheme) for row in rows]
    entities, repaired = to_iob2(tags, counts.scheme)
    for i in repaired:
        if strict:
            raise FormatError(
                maker.path,
                rows[i].line,
                f"{tags[i]} continues no entity: expected a {tags[i][2:]} entity before it",
                f"Write {entities[i]}, or leave out --strict to have it read as {entities[i]}",
            )
        counts.repaired += 1
        if len(counts.examples) < 3:
            place = f"{maker.path}:{rows[i].line}"
            counts.examples.append(f"{place}: {tags[i]} read as {entities[i]}")
    xpos = None
    if layout.xpos is not None:
        column = [row.columns[layout.xpos] for row in rows]
        xpos = ["" if tag in _NO_XPOS else tag for tag in column]
    spaces = None if maker.text is None else spaces_from_text(words, maker.text)
    # After the last word comes the next sentence, of which this text knows nothing.
    spaces = [*(spaces or [True] * len(words))[:-1], True]
    return maker.sentence(rows[0].line, words, spaces, xpos=xpos, entities=entities)


def _checked_tag(path: Path, layout: _Layout, row: _Row, scheme: str) -> str:
    """The tag of a word, "" where it is missing."""
    tag = row.columns[layout.tag]
    if tag == "O":
        return tag
    if tag in _MISSING:
        return ""
    prefixes = PREFIXES[scheme]
    if len(tag) > 2 and tag[0] in prefixes and tag[1] == "-":
        return tag
    legal = ", ".join(f"{prefix}-" for prefix in prefixes)
    what = f"prefix {tag[:2]!r} of tag {tag!r}" if tag[1:2] == "-" else f"tag {tag!r}"
    raise FormatError(
        path,
        row.line,
        f"unknown {what}, expected {legal} and a label, or O",
        "Correct the tag, or write `_` where the annotation is missing",
    )


def _find_layout(path: Path) -> _Layout:
    """The layout that the first word line shows."""
    hash_line = None
    for line, text in read_lines(path):
        if not text or text.isspace() or text.startswith("-DOCSTART-"):
            continue
        if text[0] == "#":
            # The word `#` or a comment? Another line has to tell.
            if hash_line is None and not SentenceMaker(path).comment(text):
                hash_line = line, text
            continue
        return _layout_of(path, line, text)
    if hash_line is not None:
        return _layout_of(path, *hash_line)
    raise no_sentence(path)


def _layout_of(path: Path, line: int, text: str) -> _Layout:
    tabs = "\t" in text
    columns = text.split("\t") if tabs else _BLANKS.split(text.strip(" \t"))
    width = len(columns)
    indexed = columns[0] == "1" and (
        width in (3, 5)
        # An index before `word tag -`, or the word "1" in CoNLL-2003?
        or (width == 4 and columns[3] in _MISSING and _is_tag(columns[2]))
    )
    if indexed:
        return _Layout("index word tag - annotator", (3, 4, 5), 1, 2, None, tabs)
    if width == 2:
        return _Layout("word tag", (2,), 0, 1, None, tabs)
    if width == 4:
        return _Layout("word POS chunk tag", (4,), 0, 3, 1, tabs)
    fix = "Bring the columns into one of these layouts"
    if width == 10:
        fix = "If this is CoNLL-U, let its name end in .conllu or give --format conllu"
    elif width == 1:
        fix = "Separate word and tag with a tab or a blank"
    raise FormatError(path, line, f"{width} columns, expected one of: {_LAYOUTS}", fix)


def _is_tag(value: str) -> bool:
    return value == "O" or value in _MISSING or _TAG.match(value) is not None


def _read_rows(path: Path, layout: _Layout, progress: Progress | None = None) -> Iterator[_Row]:
    """The lines of a file, told apart and split."""
    position = 0  # words of the sentence so far
    comments = SentenceMaker(path)
    for line, text in read_lines(path, progress):
        if not text or text.isspace():
            position = 0
            yield _Row("blank", line, text)
            continue
        columns = layout.split(text)
        if columns[0].startswith("-DOCSTART-"):
            position = 0
            yield _Row("document", line, text)
            continue
        if text[0] == "#" and _is_comment(text, columns, layout, position, comments):
            yield _Row("comment", line, text)
            continue
        if len(columns) not in layout.widths:
            raise _bad_columns(path, line, layout, len(columns))
        if not columns[layout.word]:
            raise FormatError(path, line, "the word is empty", "Write the word in its column")
        position += 1
        if layout.word == 1 and columns[0] != str(position):
            raise FormatError(
                path,
                line,
                f"index {columns[0]!r} is out of order, expected {position}",
                "Number the words of a sentence 1, 2, 3 and end a sentence with a blank line",
            )
        yield _Row("word", line, text, columns)


def _is_comment(
    text: str, columns: list[str], layout: _Layout, position: int, comments: SentenceMaker
) -> bool:
    """Whether a line that begins with `#` is a comment and not a word such as `#` or `#1`."""
    if layout.word == 1 or comments.comment(text):
        return True
    if len(columns) in layout.widths and (layout.tabs or _is_tag(columns[layout.tag])):
        return False
    # Within a sentence it is more likely a word in a faulty line, which must not get lost.
    return position == 0


def _bad_columns(path: Path, line: int, layout: _Layout, found: int) -> FormatError:
    widths = layout.widths
    expected = str(widths[0]) if len(widths) == 1 else f"{widths[0]} to {widths[-1]}"
    kind = "tab-separated columns" if layout.tabs else "columns"
    return FormatError(
        path,
        line,
        f"expected {expected} {kind} ({layout.name}) as in the first word line, found {found}",
        "Give every word line the same columns",
    )


def _find_scheme(path: Path, layout: _Layout) -> str:
    """The scheme of a file, told from all of its tags.

    IOB1 has `B-` only between two entities of the same label that touch. So a `B-` anywhere else
    shows IOB2; without one, entities that begin with `I-` show IOB1.
    """
    label: str | None = None
    begins_inside = begins_freely = ends = False
    for row in _read_rows(path, layout):
        if row.kind in ("blank", "document"):
            label = None
        elif row.kind == "word":
            tag = _checked_tag(path, layout, row, "bioes")
            prefix = tag[:1]
            if prefix in ("", "O"):
                label = None
                continue
            follows = tag[2:] == label
            begins_freely = begins_freely or (prefix == "B" and not follows)
            begins_inside = begins_inside or (prefix == "I" and not follows)
            ends = ends or prefix in "ESLU"
            label = tag[2:]
    if ends:
        return "bioes"
    return "iob1" if begins_inside and not begins_freely else "iob2"
