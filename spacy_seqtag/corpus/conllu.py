"""CoNLL-U, the format of Universal Dependencies: https://universaldependencies.org/format.html"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ..schemes.upos import UPOS_TAGS
from .iob import IobCounts
from .layout import is_entity_column
from .sentence import (
    CONTRADICTED,
    CUT,
    STRIPPED,
    UNESCAPED,
    FormatError,
    Progress,
    Remarks,
    Sentence,
    SentenceMaker,
    check_unmasked,
    comment_within,
    is_plainly_spaced,
    no_sentence,
    quoted,
    read_lines,
    real_words,
    spaces_from_text,
    text_contradiction,
    unknown_upos,
)
from .tags import MISSING_TAGS, TagReader, cut_at_blanks, is_tag

_LEGAL_UPOS = frozenset(UPOS_TAGS) | {"_"}
_COLUMNS = ("ID", "FORM", "LEMMA", "UPOS", "XPOS", "FEATS", "HEAD", "DEPREL", "DEPS", "MISC")
# MISC of most words.
_PLAIN_MISC = frozenset(("_", "", "SpaceAfter=No"))
_ABSENT = frozenset(("", "_", "*"))
_ID_LENGTH = 20  # more than any ID needs
_KEYS = 20  # of MISC in a remark
_SPACING = (
    "sentences have other white space between words than one blank, which a Doc does not keep"
)


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


def read_conllu(
    path: str | Path,
    *,
    strict: bool = False,
    scheme: str = "auto",
    counts: IobCounts | None = None,
    remarks: Remarks | None = None,
    progress: Progress | None = None,
) -> Iterator[Sentence]:
    """Read words, spacing, UPOS, XPOS, lemmas and entities, one sentence at a time.

    strict, scheme: of entity tags, see `read_iob`; `auto` takes the tags of all schemes but IOB1.
    counts, remarks: filled while reading.

    The columns are those of a `# global.columns` line (CoNLL-U Plus,
    https://universaldependencies.org/ext-format.html), else the ten of CoNLL-U. The spacing is
    that of the `# text` comment where the forms spell it, else that of `SpaceAfter=No`. The words
    of a multiword token stand without spaces between them. Empty nodes (`8.1`) are passed over.
    `_` in UPOS, XPOS or LEMMA is missing annotation, save for the lemma of the word `_`. Entities
    are those of the keys `name` (as spaCy writes them), `NER` and `NE` in MISC, or of such a
    column; where a word has none they are missing. White space at the ends of cells is left out,
    and of escapes of the Penn Treebank what `real_words` undoes.

    RAISES FormatError: a line without 10 columns, an ID out of order, an empty form, an unknown
    UPOS, a comment within a sentence, a masked word, an unknown entity tag, no FORM column, a
    file that is missing, empty, not UTF-8 or without a sentence, and with `strict` an entity tag
    that continues nothing.
    """
    path = Path(path)
    counts = IobCounts() if counts is None else counts
    counts.scheme = "iob2" if scheme == "auto" else scheme
    file = _File(path, TagReader(path, scheme), counts, remarks or Remarks(path), strict)
    for line, text in read_lines(path, progress):
        if not text or text.isspace():
            if file.rows or file.ranges:
                yield file.sentence()
        elif text[0] == "#":
            file.comment(line, text)
        else:
            file.row(line, text)
    if file.rows or file.ranges:
        yield file.sentence()
    if file.maker.n_sentences == 0:
        raise no_sentence(path)
    file.report()


class _File:
    """A file while it is read. rows, ranges: of the sentence so far; lines: where the rows stand.

    A row has the ten cells of CoNLL-U, whatever the columns of the file, and one for entities.
    """

    def __init__(
        self, path: Path, reader: TagReader, counts: IobCounts, remarks: Remarks, strict: bool
    ) -> None:
        self.path = path
        self.maker = SentenceMaker(path)
        self.rows: list[list[str]] = []
        self.lines: list[int] = []
        self.ranges: list[_Range] = []
        self._reader = reader
        self._counts = counts
        self._remarks = remarks
        self._strict = strict
        self._columns: tuple[str, ...] = _COLUMNS
        self._positions: list[int | None] | None = None  # of `_COLUMNS` and of the entities
        self._unread = {5: "FEATS", 6: "HEAD", 7: "DEPREL", 8: "DEPS"}  # nothing seen there so far
        self._seen: dict[str, None] = {}  # columns that hold something and are not read
        self._keys: dict[str, None] = {}  # and keys of MISC
        self._holds_tags: dict[str, bool] = {}  # by the key of MISC

    def comment(self, line: int, text: str) -> None:
        """Take in a line that begins with `#`."""
        if self.rows or self.ranges:
            raise comment_within(self.path, line, text)
        if self.maker.comment(text):
            return
        key, _, value = text[1:].partition("=")
        if key.strip() == "global.columns":
            self._set_columns(line, tuple(value.split()))
        elif text.count("\t") >= len(self._columns) - 1:
            identifier, *_ = text.split("\t")
            raise FormatError(
                self.path,
                line,
                f"ID {quoted(identifier)} is out of order, expected word 1",
                "Correct the ID, or write a comment without tabs",
            )

    def _set_columns(self, line: int, columns: tuple[str, ...]) -> None:
        names = [name.upper() for name in columns]
        if names.count("FORM") != 1:
            raise FormatError(
                self.path,
                line,
                "`# global.columns` names no FORM, or two: there are no words",
                "Give a file that has the words, with one FORM among its columns",
            )
        self._columns = columns
        entities = [i for i, name in enumerate(columns) if is_entity_column(name)]
        self._positions = None
        if columns != _COLUMNS:
            positions = [names.index(name) if name in names else None for name in _COLUMNS]
            self._positions = [*positions, entities[0] if entities else None]
            known = {*positions, *entities[:1]}
            for i, name in enumerate(columns):
                if i not in known:
                    self._seen[name] = None
            self._remarks.say(f"columns read as `{' '.join(columns)}`")

    def row(self, line: int, text: str) -> None:
        """Take in the line of a word, a multiword token or an empty node."""
        columns = text.split("\t")
        if len(columns) != len(self._columns):
            if len(columns) < len(self._columns) or any(columns[len(self._columns) :]):
                raise _bad_columns(self.path, line, text, len(columns), len(self._columns))
            del columns[len(self._columns) :]
        cells = columns
        # The quick test is enough for most lines.
        if (" " in text or not text.isascii()) and "\t".join(text.split()) != text:
            cells = [cell.strip() for cell in columns]
            at = 1 if self._positions is None else self._positions[1] or 0
            changed = sum(a != b for a, b in zip(cells, columns, strict=True))
            if changed:
                self._remarks.count(STRIPPED, line, n=changed)
            # A word of white space stays what it is.
            cells[at] = cells[at] or columns[at]
        expected = len(self.rows) + 1
        if self._positions is not None:
            cells = ["_" if i is None else cells[i] for i in self._positions]
            if self._positions[0] is None:
                cells[0] = str(expected)
            for i in (2, 3, 4, 5, 6, 7, 8, 9, 10):
                if cells[i] in _ABSENT:
                    cells[i] = "_"
        identifier, form = cells[0], cells[1]
        if identifier == str(expected):
            if not form:
                raise FormatError(
                    self.path,
                    line,
                    "the word's FORM is empty",
                    "Write the word in the second column",
                )
            if cells[3] not in _LEGAL_UPOS:
                raise unknown_upos(self.path, line, cells[3])
            self.rows.append(cells)
            self.lines.append(line)
            return
        kind, left, right = _parse_id(identifier)
        if kind == "-" and left == expected and right >= left and _last(self.ranges) < left:
            self.ranges.append(_Range(line, left, right, form, _space_after(cells)))
            self._keys |= dict.fromkeys(_keys(cells[9]))
        elif kind == "." and left == len(self.rows):
            self._seen["empty nodes"] = None
        else:
            raise FormatError(
                self.path,
                line,
                f"ID {quoted(identifier)} is out of order, expected word {expected}",
                "Number the words of a sentence 1, 2, 3 and end a sentence with a blank line",
            )

    def sentence(self) -> Sentence:
        """The sentence of the rows so far."""
        rows, lines, ranges, maker = self.rows, self.lines, self.ranges, self.maker
        self.rows, self.lines, self.ranges = [], [], []
        if _last(ranges) > len(rows):
            last = ranges[-1]
            raise FormatError(
                self.path,
                last.line,
                f"the multiword token {last.first}-{last.last} reaches past the sentence's last "
                f"word, {len(rows)}",
                "Correct its ID, or add the missing words",
            )
        xpos = _layer(rows, 4)
        words = self._words(rows, lines, xpos)
        for i in list(self._unread):
            if any(row[i] not in ("_", "") for row in rows):
                self._seen[self._unread.pop(i)] = None
        entities = self._entities(words, rows, lines)
        return maker.sentence(
            lines[0],
            words,
            self._spaces(words, rows, ranges, lines[0]),
            upos=_layer(rows, 3),
            xpos=xpos,
            # `_` is the lemma of an underscore and missing everywhere else.
            lemmas=["" if row[2] == "_" and row[1] != "_" else row[2] for row in rows],
            entities=entities,
        )

    def _words(self, rows: list[list[str]], lines: list[int], xpos: list[str]) -> list[str]:
        words = [row[1] for row in rows]
        check_unmasked(self.path, lines, words)
        real = real_words(words, xpos, self.maker.text)
        if real is not words:
            for row, line, word in zip(rows, lines, real, strict=True):
                if row[1] != word:
                    row[1] = word
                    self._remarks.count(UNESCAPED, line)
        return real

    def _spaces(
        self, words: list[str], rows: list[list[str]], ranges: list[_Range], line: int
    ) -> list[bool]:
        """Whether a space follows each word."""
        units = _units(rows, ranges)
        forms = [unit.form for unit in units]
        between = [unit.space_after for unit in units]
        text = self.maker.text
        plain = not any("SpacesAfter=" in row[9] or "SpacesBefore=" in row[9] for row in rows)
        if text is not None:
            found = spaces_from_text(forms, text)
            if found is None:
                where = f"sentence {self.maker.sent_id}: {text_contradiction(forms, text)}"
                self._remarks.count(CONTRADICTED, line, where)
            else:
                # After the last word comes the next sentence, of which this text knows nothing.
                between[:-1] = found[:-1]
                plain = plain and is_plainly_spaced(forms, found, text)
        if not plain:
            self._remarks.count(_SPACING, line)
        return _spacing(words, units, between)

    def _entities(
        self, words: list[str], rows: list[list[str]], lines: list[int]
    ) -> list[str] | None:
        """The entities in IOB2; None where no word has a tag."""
        found = ["" if len(row) == 10 and row[9] in _PLAIN_MISC else self._tag(row) for row in rows]
        if not any(found):
            return None
        tags = [self._reader.read(tag, line) for tag, line in zip(found, lines, strict=True)]
        result = self._counts.decode(tags, lines, self._remarks, strict=self._strict)
        n_cut = cut_at_blanks(words, result)
        if n_cut:
            self._remarks.count(CUT, lines[0], n=n_cut)
        return result

    def _tag(self, row: list[str]) -> str:
        """The entity tag of a word, "" without one; notes what else is in its MISC."""
        tag = row[10] if len(row) > 10 else ""
        misc = row[9]
        if misc in _PLAIN_MISC:
            return tag
        for item in misc.split("|"):
            key, found, value = item.partition("=")
            if found and is_entity_column(key):
                if value in MISSING_TAGS:
                    continue
                if self._holds_tags.setdefault(key, is_tag(value)):
                    tag = value
                    continue
            elif not found and is_tag(item):
                # spaCy reads a tag without a key as well.
                tag = item
                continue
            if key not in ("SpaceAfter", "SpacesAfter", "SpacesBefore", "_"):
                self._keys[key] = None
        return tag

    def report(self) -> None:
        """Say what was not read."""
        parts = [", ".join(map(_name, self._seen))] if self._seen else []
        if self._keys:
            keys = sorted(self._keys)
            shown = ", ".join(map(_name, keys[:_KEYS])) + ", …" * (len(keys) > _KEYS)
            parts.append(f"MISC {shown}")
        if parts:
            self._remarks.say(f"not read: {'; '.join(parts)}")
        self._remarks.end(self.maker)


def _name(name: str) -> str:
    """A column or key as it is, if it is short and plain."""
    return name if name.isprintable() and len(name) <= 40 else quoted(name)


def _keys(misc: str) -> list[str]:
    keys = [item.partition("=")[0] for item in misc.split("|")]
    return [key for key in keys if key not in ("SpaceAfter", "SpacesAfter", "SpacesBefore", "_")]


def _parse_id(identifier: str) -> tuple[str, int, int]:
    """An ID of two numbers as its separator and the numbers; ("", 0, 0) for anything else."""
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


def _last(ranges: list[_Range]) -> int:
    return ranges[-1].last if ranges else 0


def _space_after(columns: list[str]) -> bool:
    return "SpaceAfter=No" not in columns[9].split("|")


def _bad_columns(path: Path, line: int, text: str, found: int, expected: int) -> FormatError:
    fix = "Write `_` in columns without a value"
    if found == 1 and len(text.split()) >= expected:
        fix = "Separate the columns with tabs, not with blanks"
    elif found == 1:
        fix = "Put a `#` before comments and a blank line between sentences"
    return FormatError(path, line, f"expected {expected} tab-separated columns, found {found}", fix)


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


def _spacing(words: list[str], units: list[_Unit], between: list[bool]) -> list[bool]:
    """Whether a space follows each word. between: whether one follows each unit."""
    spaces = [False] * len(words)
    for unit, space in zip(units, between, strict=True):
        if unit.end - unit.start > 1:
            inner = spaces_from_text(words[unit.start : unit.end], unit.form)
            if inner is not None:
                spaces[unit.start : unit.end] = inner
        spaces[unit.end - 1] = space
    return spaces
