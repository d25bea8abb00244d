"""Reading CoNLL-U, the format of Universal Dependencies, and CoNLL-U Plus.

Sources: https://universaldependencies.org/format.html, https://universaldependencies.org/ext-format.html
"""

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from ...errors import no_sentence
from ...sentence import Sentence
from ..comments import SentenceMaker
from ..format import ReadOptions
from ..lines import read_lines
from ..remarks import Remarks
from ..tags import MISSING_TAGS, TagReader, entities_of_tags, is_entity_column, is_tag
from ..words import (
    check_unmasked,
    is_plainly_spaced,
    spaces_by_text,
    spaces_from_text,
    without_escapes,
    without_missing_lemmas,
)
from .roles import ROLES, ROLESET, read_roles
from .rows import (
    ENTITY,
    FORM,
    LEMMA,
    MISC,
    UPOS,
    XPOS,
    Block,
    MultiwordToken,
    RowCollector,
    Unread,
    space_after,
)

# MISC of most words.
_PLAIN_MISC = frozenset(("_", "", "SpaceAfter=No"))
_SPACING = (
    "<sentence has|sentences have> other white space between words than one blank, which a Doc "
    "does not keep"
)


def read_conllu(
    path: str | Path, options: ReadOptions | None = None, remarks: Remarks | None = None
) -> Iterator[Sentence]:
    """Read words, spacing, UPOS, XPOS, lemmas and entities, one sentence at a time.

    The columns are those of a `# global.columns` line, else the ten of CoNLL-U. The spacing is
    that of the `# text` comment if the forms spell it, else that of `SpaceAfter=No`. The words
    of a multiword token have no spaces between them. Empty nodes (`8.1`) are ignored.
    `_` in UPOS, XPOS or LEMMA is missing annotation, save for the lemma of the word `_`. Entities
    are those of the keys `name` (as spaCy writes them), `NER` and `NE` in MISC, or of such a
    column; a word without one has no annotation. Semantic roles are those that `roles`
    defines. White space at the ends of cells is left out, and of escapes of the Penn Treebank
    what `penn.real_words` undoes.

    path (str | Path): The file.
    options (ReadOptions | None): The scheme "auto" takes the tags of all schemes but IOB1.
    remarks (Remarks | None): Filled while reading.
    RAISES: FormatError: A line with other columns, an ID out of order, an empty form, an unknown
        UPOS, a comment within a sentence, a masked word, an unknown entity tag, no FORM column, a
        file that is missing, empty, not UTF-8 or without a sentence; with `options.strict` an
        entity tag that continues nothing.
    """
    path = Path(path)
    remarks = Remarks(path) if remarks is None else remarks
    options = options or ReadOptions()
    sentences = SentenceRows(path, options, remarks)
    for line, text in read_lines(path, options.progress):
        if not text or text.isspace():
            sentence = sentences.take()
            if sentence is not None:
                yield sentence
        elif sentences.rows.is_row(text):
            sentences.rows.row(line, text)
        else:
            sentences.rows.comment(line, text)
    sentence = sentences.take()
    if sentence is not None:
        yield sentence
    sentences.finish()


class SentenceRows:
    """Collects the lines of a file, and makes its sentences; see `read_conllu`.

    path (Path), options (ReadOptions), remarks (Remarks): see there.
    elsewhere (Collection[str]): Columns of CoNLL-U Plus that somebody else reads.
    """

    def __init__(
        self,
        path: Path,
        options: ReadOptions,
        remarks: Remarks,
        elsewhere: Collection[str] = (),
    ) -> None:
        remarks.scheme = "iob2" if options.scheme == "auto" else options.scheme
        self.maker = SentenceMaker(path)
        self._unread = Unread()
        self.rows = RowCollector(path, self.maker, self._unread, remarks, elsewhere)
        self._misc = _Misc(self._unread)
        self._tags = TagReader(path, options.scheme)
        self._remarks = remarks
        self._strict = options.strict

    def take(self, elsewhere: Collection[int] = ()) -> Sentence | None:
        """Make a sentence of the lines since the last one; None if there are none.

        elsewhere (Collection[int]): Columns of CoNLL-U that somebody else reads.
        """
        block = self.rows.take()
        if block is None:
            return None
        self._unread.watch(block.rows, elsewhere)
        return _sentence(
            block, self.maker, self._misc, self._tags, self._unread, self._remarks, self._strict
        )

    def finish(self) -> None:
        """Say at the end of the file what was not read.

        RAISES: FormatError: There was no sentence.
        """
        if self.maker.n_sentences == 0:
            raise no_sentence(self.maker.path)
        self._unread.report(self._remarks)
        self._remarks.wordless(self.maker.n_wordless)


def _sentence(
    block: Block,
    maker: SentenceMaker,
    misc: "_Misc",
    tags: TagReader,
    unread: Unread,
    remarks: Remarks,
    strict: bool,
) -> Sentence:
    """Make a sentence of its rows."""
    rows, lines, tokens = block
    xpos = _column(rows, XPOS)
    forms = [row[FORM] for row in rows]
    check_unmasked(maker.path, lines, forms)
    words = without_escapes(forms, lines, xpos, maker.text, remarks)
    if words is not forms:
        for row, word in zip(rows, words, strict=True):
            row[FORM] = word
    found = misc.tags(rows)
    props = read_roles(maker.path, lines, misc.rolesets, misc.roles, none=maker.no_predicates)
    if misc.roles and props is None:
        unread.keys([ROLES])
    entities = None
    if any(found):
        read = [tags.read(tag, line) for tag, line in zip(found, lines, strict=True)]
        entities = entities_of_tags(read, words, lines, remarks, strict=strict)
    result = maker.sentence(
        lines[0],
        words,
        _spaces(words, rows, tokens, maker, lines[0], remarks),
        upos=_column(rows, UPOS),
        xpos=xpos,
        lemmas=without_missing_lemmas([row[LEMMA] for row in rows], words),
        entities=entities,
    )
    result.propositions = props
    return result


def _column(rows: Sequence[Sequence[str]], column: int) -> list[str]:
    return ["" if row[column] == "_" else row[column] for row in rows]


class _Misc:
    """Finds entity tags and semantic roles in MISC, and notes what else is there.

    rolesets, roles (dict[int, str]): The values of the keys in the last sentence, by word.
    """

    def __init__(self, unread: Unread) -> None:
        self._unread = unread
        self._holds_tags: dict[str, bool] = {}  # by the key, told from its first value
        self._others: set[str] = set()  # keys that say nothing here, noted as unread
        self.rolesets: dict[int, str] = {}
        self.roles: dict[int, str] = {}

    def tags(self, rows: Sequence[Sequence[str]]) -> list[str]:
        """Find the tag of each word, "" where it has none."""
        self.rolesets, self.roles = {}, {}
        return [
            "" if len(row) == ENTITY and row[MISC] in _PLAIN_MISC else self._tag(i, row)
            for i, row in enumerate(rows)
        ]

    def _tag(self, i: int, row: Sequence[str]) -> str:
        tag = row[ENTITY] if len(row) > ENTITY else ""
        if row[MISC] in _PLAIN_MISC:
            return tag
        others = []
        for item in row[MISC].split("|"):
            key, found, value = item.partition("=")
            if found and key in self._others:
                continue
            if found and is_entity_column(key):
                if value in MISSING_TAGS:
                    continue
                if self._holds_tags.setdefault(key, is_tag(value)):
                    tag = value
                    continue
            elif key == ROLESET and found:
                self.rolesets[i] = value
                continue
            elif key == ROLES and found:
                self.roles[i] = value
                continue
            elif not found and is_tag(item):
                # spaCy reads a tag without a key as well.
                tag = item
                continue
            elif found:
                self._others.add(key)
            others.append(item)
        if others:
            self._unread.keys(others)
        return tag


# Spaces


class _Unit(NamedTuple):
    """A stretch of text: one word, or a multiword token with its words `start:end`."""

    form: str
    start: int
    end: int
    space_after: bool


def _spaces(
    words: Sequence[str],
    rows: Sequence[Sequence[str]],
    tokens: Sequence[MultiwordToken],
    maker: SentenceMaker,
    line: int,
    remarks: Remarks,
) -> list[bool]:
    """Find whether a space follows each word."""
    units = _units(rows, tokens)
    forms = [unit.form for unit in units]
    between = [unit.space_after for unit in units]
    plain = not any("SpacesAfter=" in row[MISC] or "SpacesBefore=" in row[MISC] for row in rows)
    found = spaces_by_text(forms, maker, line, remarks)
    if found is not None:
        # The text does not say what comes after the last word.
        between[:-1] = found[:-1]
        plain = plain and is_plainly_spaced(forms, found, maker.text or "")
    if not plain:
        remarks.count(_SPACING, line)
    result = [False] * len(words)
    for unit, space in zip(units, between, strict=True):
        if unit.end - unit.start > 1:
            inner = spaces_from_text(words[unit.start : unit.end], unit.form)
            if inner is not None:
                result[unit.start : unit.end] = inner
        result[unit.end - 1] = space
    return result


def _units(rows: Sequence[Sequence[str]], tokens: Sequence[MultiwordToken]) -> list[_Unit]:
    units = []
    position = 0
    for token in (*tokens, None):
        stop = len(rows) if token is None else token.first - 1
        for i in range(position, stop):
            units.append(_Unit(rows[i][FORM], i, i + 1, space_after(rows[i])))
        if token is not None:
            units.append(_Unit(token.form, token.first - 1, token.last, token.space_after))
            position = token.last
    return units
