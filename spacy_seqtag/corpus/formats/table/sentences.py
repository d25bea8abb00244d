"""From rows with lists of words, or with a word each, to sentences."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

from ...errors import quoted, unknown_upos
from ...sentence import Sentence
from ..columns.contents import NO_XPOS
from ..comments import SentenceMaker
from ..format import ReadOptions
from ..json_lines import Problem, report
from ..remarks import IOB1_FOUND, STRIPPED, Remarks
from ..tags import TagReader, entities_of_tags, find_scheme
from ..words import check_unmasked, spaces_by_text, without_escapes, without_missing_lemmas
from .doc_rows import check_words
from .layout import Layout, legal_upos
from .source import Table, Values

_MISSING_CLASS = -100
"""What stands for a missing class, as PyTorch's losses pass over it."""

_NO_LEMMA = ("_", "-")
_UPOS = legal_upos()


class Group(NamedTuple):
    """The rows of a sentence.

    lines (Sequence[int]): The number of the row of each word.
    document, sent_id, text (object): As the table has them.
    cells (dict[str, object]): By the names of fields of `Sentence` ("words" and "spaces" too): what
        should be a list of one entry for each word.
    """

    lines: Sequence[int]
    document: object
    sent_id: object
    text: object
    cells: dict[str, object]


def read_sentences(
    table: Table, layout: Layout, options: ReadOptions, remarks: Remarks
) -> Iterator[Sentence]:
    """Yield the sentences of a table.

    RAISES: FormatError: A tag of no scheme, an unknown UPOS; in strict mode, a row or sentence that
        cannot be read, or a tag that continues no entity.
    """
    builder = _Builder(table, layout, options, remarks)
    columns = {"words": layout.word, **layout.layers}
    if layout.spaces:
        columns["spaces"] = layout.spaces
    document: object = None
    rows = table.rows(_columns_of(layout, columns), options.progress, remarks)
    for group in _groups(rows, layout, columns):
        if group.document not in (None, "", document):
            document = group.document
            builder.maker.new_document(id_of(document))
        try:
            yield builder.sentence(group)
        except Problem as problem:
            report(table.path, group.lines[0], str(problem), options, remarks)


# Rows


def _columns_of(layout: Layout, columns: Mapping[str, str]) -> list[str]:
    """Return the columns in the order in which `_groups` takes them."""
    ids = [name for name in (layout.document, layout.sentence, layout.text) if name]
    return [*columns.values(), *ids]


def _groups(
    rows: Iterator[tuple[int, Values]], layout: Layout, columns: Mapping[str, str]
) -> Iterator[Group]:
    """Group the rows of each sentence.

    rows (Iterator): With the columns that `_columns_of` returns.
    columns (Mapping[str, str]): The columns by what they are called in a `Group`.
    """
    names, n = list(columns), len(columns)
    marks = [bool(layout.document), bool(layout.sentence), bool(layout.text)]
    at = [n + sum(marks[:i]) if has else -1 for i, has in enumerate(marks)]
    if layout.is_lists:
        for line, row in rows:
            document, sentence, text = (row[i] if i >= 0 else None for i in at)
            cells = dict(zip(names, row))
            yield Group((line,), document, sentence, text, cells)
        return
    lines: list[int] = []
    words: list[Values] = []
    document = sentence = None
    word = names.index("words")

    def group() -> Group:
        cells: dict[str, object] = {
            name: list(values) for name, values in zip(names, zip(*words, strict=True))
        }
        return Group(lines, document, sentence, None, cells)

    for line, row in rows:
        own_document = row[at[0]] if at[0] >= 0 else None
        own_sentence = row[at[1]] if at[1] >= 0 else None
        blank = all(value in (None, "") for value in row[:n])
        # In some tables every row says its sentence, in some only the first one does.
        new_document = own_document not in (None, "", document)
        if blank or new_document or own_sentence not in (None, "", sentence):
            if words:
                yield group()
                lines, words = [], []
            if blank:
                continue
            document = own_document if new_document else document
            sentence = own_sentence
        if row[word] is not None or not blank:
            lines.append(line)
            words.append(row)
    if words:
        yield group()


def id_of(value: object) -> str:
    """Return an id as a string; numbers that pandas made broken are whole again."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value)


# Values


class _Decoder(dict[object, str]):
    """What values of a column mean: a table that fills itself, as there are few of them.

    column (str): Its name, for messages.
    classes (Sequence[str]): The names of its classes.
    meaning (Callable[[str, int], str]): From a tag and the number of its row to what it is in a
        `Sentence`.
    line (int): The row that is read.
    """

    def __init__(
        self, column: str, classes: Sequence[str], meaning: Callable[[str, int], str]
    ) -> None:
        super().__init__({None: "", _MISSING_CLASS: ""})
        self.line = 0
        self._column, self._classes, self._meaning = column, classes, meaning

    def __missing__(self, value: object) -> str:
        result = self[value] = self._meaning(self._name(value), self.line)
        return result

    def _name(self, value: object) -> str:
        if isinstance(value, str):
            return value.strip()
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool):
            raise Problem(f"{quoted(str(value))} in {self._column!r} is no tag")
        n = len(self._classes)
        if not 0 <= value < n:
            known = f"there are {n} classes, 0 to {n - 1}" if n else "its name is not known"
            raise Problem(f"class {value} in {self._column!r}: {known}")
        return self._classes[value].strip()

    def read(self, value: object, line: int, size: int | None) -> list[str]:
        """Read the tags of a sentence.

        size (int | None): How many there are; None for any number.
        RAISES: Problem: This is no list of so many tags.
        """
        self.line = line
        try:
            return [self[entry] for entry in checked_list(value, self._column, size)]
        except TypeError:  # not hashable
            raise Problem(f"{self._column!r} is no list of tags") from None


def checked_list(value: object, column: str, size: int | None) -> list[object]:
    """Return the values of a column for the words of a sentence.

    RAISES: Problem: This is no list, or one of another length.
    """
    if not isinstance(value, list):
        raise Problem(f"{column!r} is no list")
    if size is not None and len(value) != size:
        raise Problem(f"{len(value)} entries in {column!r}, but {size} words")
    return value


# Sentences


class _Builder:
    """Makes sentences of groups of rows.

    maker (SentenceMaker): Knows documents and numbers of sentences.
    """

    def __init__(
        self, table: Table, layout: Layout, options: ReadOptions, remarks: Remarks
    ) -> None:
        self.maker = SentenceMaker(table.path)
        self._layout, self._options, self._remarks = layout, options, remarks
        self._has_bounds = layout.is_lists or bool(layout.sentence) or layout.has_blank_rows
        self._decoders = {
            name: self._decoder(table, name, column)
            for name, column in layout.layers.items()
            if name != "lemmas"
        }
        if "entities" in layout.layers:
            self._find_scheme(table)

    def _decoder(self, table: Table, name: str, column: str) -> _Decoder:
        meaning: Callable[[str, int], str] = _xpos
        if name == "upos":

            def meaning(tag: str, line: int) -> str:
                if tag not in _UPOS:
                    raise unknown_upos(table.path, line, tag)
                return _UPOS[tag]

        return _Decoder(column, self._layout.classes.get(column, ()), meaning)

    def _find_scheme(self, table: Table) -> None:
        """Find out how the entities of the whole table are tagged."""
        path, layout, remarks = table.path, self._layout, self._remarks
        column = layout.layers["entities"]
        classes = layout.classes.get(column, ())
        remarks.scheme = self._options.scheme
        if remarks.scheme == "auto":
            tags = TagReader(path, prefix_last=layout.prefix_last)
            decoder = _Decoder(column, classes, tags.read)
            remarks.scheme = find_scheme(_all_tags(table, layout, decoder))
            if remarks.scheme == "iob1":
                remarks.say(IOB1_FOUND)
        tags = TagReader(path, remarks.scheme, prefix_last=layout.prefix_last)
        self._decoders["entities"] = _Decoder(column, classes, tags.read)

    def sentence(self, group: Group) -> Sentence:
        """Make the sentence of a group.

        RAISES: Problem: The group cannot be read.
        """
        cells, maker, line = group.cells, self.maker, group.lines[0]
        words = self._words(cells["words"], line)
        size = len(words)
        lines = group.lines if len(group.lines) == size else [line] * size
        check_unmasked(maker.path, lines, words)
        layers: dict[str, list[str] | None] = {
            name: None if cells[name] is None else decoder.read(cells[name], line, size)
            for name, decoder in self._decoders.items()
        }
        if cells.get("lemmas") is not None:
            layers["lemmas"] = self._lemmas(cells["lemmas"], words)
        text = group.text if isinstance(group.text, str) else None
        words = without_escapes(words, lines, layers.get("xpos"), text, self._remarks)
        tags = layers.get("entities")
        if tags is not None:
            strict = self._options.strict
            layers["entities"] = entities_of_tags(tags, words, lines, self._remarks, strict=strict)
        if sent_id := id_of(group.sent_id):
            maker.comment(f"# sent_id = {sent_id}")
        spaces = None
        if cells.get("spaces") is not None:
            spaces = [bool(s) for s in checked_list(cells["spaces"], self._layout.spaces, size)]
        elif text is not None:
            maker.text = text
            spaces = [*(spaces_by_text(words, maker, line, self._remarks) or [True] * size)]
            spaces[-1] = True  # a text does not say what comes after its last word
        result = maker.sentence(line, words, spaces or [True] * size, **layers)
        result.has_bounds = self._has_bounds
        return result

    def _words(self, value: object, line: int) -> list[str]:
        """Return the words of a group, without white space around them.

        RAISES: Problem: They are no words.
        """
        words = check_words(value)
        stripped = [word.strip() or word for word in words]
        if stripped != words:
            n = sum(word != before for word, before in zip(stripped, words))
            self._remarks.count(STRIPPED, line, n=n)
        return stripped

    def _lemmas(self, value: object, words: Sequence[str]) -> list[str]:
        found = checked_list(value, self._layout.layers["lemmas"], len(words))
        if not all(lemma is None or isinstance(lemma, str) for lemma in found):
            raise Problem(f"{self._layout.layers['lemmas']!r} is no list of lemmas")
        lemmas = [lemma.strip() if isinstance(lemma, str) else "" for lemma in found]
        return without_missing_lemmas(lemmas, words, _NO_LEMMA)


def _xpos(tag: str, line: int) -> str:
    return "" if tag in NO_XPOS else tag


def _all_tags(table: Table, layout: Layout, decoder: _Decoder) -> Iterator[list[str]]:
    """Yield the tags of all sentences; rows that cannot be read are told of later."""
    columns = {"words": layout.word, "entities": layout.layers["entities"]}
    if layout.is_lists:
        del columns["words"]
    for group in _groups(table.rows(_columns_of(layout, columns)), layout, columns):
        with suppress(Problem):
            yield decoder.read(group.cells["entities"], group.lines[0], None)
