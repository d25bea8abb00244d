"""What the columns of a table hold, told by their names or, where these leave it open, contents.

Names are those that data sets for token classification have on the Hugging Face hub (`tokens`,
`ner_tags`, `pos_tags`, `upos`, `xpos`, `lemmas`, `id`), and those of tables with a word a row
(`word`, `pos`, `tag`, `sentence_id`). A column of `tags` or `labels` is entities or parts of
speech, as `columns.contents` judges its values or, where it holds classes, their names.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from ....schemes.upos import UPOS_TAGS
from ...errors import FormatError, no_sentence, quoted
from ..columns.contents import NO_XPOS, first_values, holds_tags, is_upos, may_be_xpos
from ..remarks import Remarks
from ..tags import MISSING_TAGS, has_prefix_last, is_tag, split_tag
from .classes import ClassNames
from .source import Table, Values

# The names of columns, in lower case and without _, #, - and blanks, by what they mean. Where
# several columns mean the same, the first name counts.
_MEANINGS = {
    "word": "tokens words token word form forms",
    "upos": "upos upostags upostag",
    "xpos": "xpos xpostags xpostag",
    "pos": "pos postags postag",
    "lemmas": "lemmas lemma",
    "entities": "nertags ner nertag nerlabels ne iob bio iob2 biotags entities entity",
    "tags": "tags labels tag label",
    "chunks": "chunktags chunks chunktag chunk",
    "spaces": "spaces spaceafter whitespace",
    "text": "text",
    "sentence": "sentid sentenceid sentence sentenceidx sentencenumber sentidx sent",
    "document": "docid documentid doc document docidx documentidx",
    "id": "id",
}
_RANKS = {name: rank for names in _MEANINGS.values() for rank, name in enumerate(names.split())}
_MEANING = {name: meaning for meaning, names in _MEANINGS.items() for name in names.split()}
_TAGGED = ("upos", "xpos", "pos", "entities", "tags")
_SHORT, _LONG = 1000, 100_000  # rows that are looked at
_MOST_VALUES = 1000
_SHOWN = 20  # columns, in a message


class Layout(NamedTuple):
    """What the columns of a table hold.

    word (str): The column of words.
    is_lists (bool): Whether a row has lists of words, rather than a word.
    layers (dict[str, str]): The columns of layers, by their fields in `Sentence`.
    classes (ClassNames): The names of classes by their column.
    spaces, text, sentence, document (str): The columns with blanks after words, with the text, and
        with ids; "" where there is none.
    has_blank_rows (bool): Whether rows without a word stand between sentences.
    prefix_last (bool): Whether entities are written `PER-B`.
    """

    word: str
    is_lists: bool
    layers: dict[str, str]
    classes: ClassNames
    spaces: str
    text: str
    sentence: str
    document: str
    has_blank_rows: bool
    prefix_last: bool


class _Column:
    """What was seen in a column.

    holds_lists, holds_numbers, holds_records, has_null (bool): Whether there were such values; of
        lists, numbers and records in them.
    values (dict[str, None]): The first different strings.
    """

    def __init__(self, name: str) -> None:
        squashed = re.sub(r"[\s_#-]", "", name.lower())
        self.name = name
        self.meaning = _MEANING.get(squashed, "")
        self.rank = _RANKS.get(squashed, 0)
        self.holds_lists = self.holds_numbers = self.holds_records = self.has_null = False
        self.values: dict[str, None] = {}

    @property
    def is_empty(self) -> bool:
        return not (self.values or self.holds_numbers or self.holds_records)

    @property
    def holds_classes(self) -> bool:
        return self.holds_numbers and not self.values

    def watch(self, value: object) -> None:
        self.has_null = self.has_null or value is None
        self.holds_lists = self.holds_lists or isinstance(value, list)
        for entry in value if isinstance(value, list) else (value,):
            if isinstance(entry, str):
                if len(self.values) < _MOST_VALUES:
                    self.values[entry.strip()] = None
            elif isinstance(entry, dict | list):
                self.holds_records = True
            elif entry is not None and not isinstance(entry, bool):
                self.holds_numbers = True


def find_layout(table: Table, labels: ClassNames, remarks: Remarks) -> Layout:
    """Find out what the columns of a table hold.

    labels (ClassNames): The names of classes that the user gave.
    remarks (Remarks): Told what is read, and what is not.
    RAISES: FormatError: No column of words, or none with a layer; numbers of classes without names;
        words in rows and nothing that says where sentences end; no row.
    """
    columns = {column.name: column for column in _survey(table)}
    words = _of_meaning(columns.values(), "word")
    if not words:
        raise FormatError(
            table.path,
            None,
            f"no column holds words; there are: {_listed(table.columns)}",
            "Call the one with words `tokens`, or `word` where a row is a word",
        )
    word = words[0]
    rest = [
        column
        for column in columns.values()
        if column.is_empty or column.holds_lists == word.holds_lists
    ]
    classes = _name_classes(table, rest, labels, remarks)
    layers = _find_layers(table, rest, classes)
    if not layers:
        raise FormatError(
            table.path,
            None,
            f"no column holds tags; there are: {_listed(table.columns)}",
            "Call the one with entities `ner_tags`, the one with parts of speech `pos_tags`",
        )
    sentences = _of_meaning(columns.values(), "sentence")
    if word.holds_lists:
        # There, `sentence` is the text.
        sentences = [column for column in sentences if "id" in column.name.lower()]
        sentences += _of_meaning(columns.values(), "id")
    sentences = [column for column in sentences if not column.holds_lists]
    documents = [c for c in _of_meaning(columns.values(), "document") if not c.holds_lists]
    texts = [c for c in _of_meaning(columns.values(), "text") if not c.holds_lists]
    spaces = _of_meaning(rest, "spaces")
    layout = Layout(
        word.name,
        word.holds_lists,
        layers,
        classes,
        _first(spaces),
        _first(texts) if word.holds_lists else "",
        _first(sentences),
        _first(documents),
        word.has_null and not word.holds_lists,
        has_prefix_last(
            _values(columns[layers["entities"]], classes) if "entities" in layers else ()
        ),
    )
    if not (word.holds_lists or sentences or documents or word.has_null):
        raise FormatError(
            table.path,
            None,
            f"nothing says where a sentence ends; there are: {_listed(table.columns)}",
            "Add a column `sentence_id`, the same for all words of a sentence",
        )
    _report(layout, columns.values(), remarks)
    return layout


def _survey(table: Table) -> list[_Column]:
    """Look at the first rows, and at more where a column had no value in them.

    RAISES: FormatError: There is no row.
    """
    columns = [_Column(name) for name in table.columns]
    n_rows = _watch(columns, islice(table.rows(table.columns), _SHORT))
    if not n_rows:
        raise no_sentence(table.path)
    late = [c for c in columns if c.is_empty and c.meaning in ("word", *_TAGGED)]
    if late and n_rows == _SHORT:
        _watch(late, islice(table.rows([column.name for column in late]), _LONG))
    return columns


def _watch(columns: Sequence[_Column], rows: Iterable[tuple[int, Values]]) -> int:
    n_rows = 0
    for _, values in rows:
        n_rows += 1
        for column, value in zip(columns, values, strict=True):
            column.watch(value)
    return n_rows


def _of_meaning(columns: Iterable[_Column], *meanings: str) -> list[_Column]:
    found = [column for column in columns if column.meaning in meanings]
    return sorted(found, key=lambda column: (column.is_empty, column.rank))


def _first(columns: Sequence[_Column]) -> str:
    return columns[0].name if columns else ""


# Classes


def _name_classes(
    table: Table, columns: Sequence[_Column], labels: ClassNames, remarks: Remarks
) -> ClassNames:
    """Find the names of the classes of each column that holds numbers.

    RAISES: FormatError: There are none, and the user gave none.
    """
    classes = {**table.classes, **{name: names for name, names in labels.items() if name}}
    for name in labels:
        if name and name not in table.columns:
            remarks.say(f"--labels has names for the column {quoted(name)}, which is not there")
    nameless = [c for c in columns if c.meaning in _TAGGED and c.holds_classes]
    nameless = [column for column in nameless if column.name not in classes]
    names = labels.get("")
    if names is not None and not nameless:
        remarks.say("--labels was not used: no column holds numbers of classes without names")
    if nameless and names is not None:
        entities = any(split_tag(name) for name in names)
        wanted = ("entities", "tags") if entities else ("upos", "xpos", "pos", "tags")
        own = (_of_meaning(nameless, *wanted) or nameless)[0]
        classes[own.name] = names
        nameless.remove(own)
    if nameless and not labels:
        one = _of_meaning(nameless, "entities", "tags") or nameless
        name = one[0].name
        prefix = f"{name}=" if len(nameless) > 1 else ""
        raise FormatError(
            table.path,
            None,
            f"{_listed([c.name for c in nameless])}: numbers of classes, whose names the file does "
            "not have",
            f"Give the names in their order, as in --labels {prefix}O,B-PER,I-PER, or a file with "
            f"a name a line: --labels {prefix}names.txt",
        )
    return classes


# Layers


def _find_layers(table: Table, columns: Sequence[_Column], classes: ClassNames) -> dict[str, str]:
    """Find the columns of layers, by their fields in `Sentence`.

    RAISES: FormatError: A column of entities holds something else.
    """
    usable = [
        column
        for column in columns
        if column.values or (column.holds_numbers and column.name in classes)
    ]
    layers: dict[str, str] = {}
    for meaning in ("entities", "upos", "xpos", "lemmas"):
        if found := _of_meaning(usable, meaning):
            layers[meaning] = found[0].name
    for column in _of_meaning(usable, "pos"):
        layers.setdefault("upos" if is_upos(_values(column, classes)) else "xpos", column.name)
    for column in _of_meaning(usable, "tags"):
        values = _values(column, classes)
        if is_upos(values):
            layers.setdefault("upos", column.name)
        elif "entities" not in layers and (holds_tags(values) or not may_be_xpos(values)):
            layers["entities"] = column.name
        elif may_be_xpos(values):
            layers.setdefault("xpos", column.name)
    if "entities" in layers:
        name = layers["entities"]
        column = next(column for column in columns if column.name == name)
        _check_tags(table, name, _values(column, classes))
    return layers


def _values(column: _Column, classes: ClassNames) -> list[str]:
    return list(column.values) if column.values else list(classes.get(column.name, ()))


def _check_tags(table: Table, column: str, values: Sequence[str]) -> None:
    """Check that a column holds entity tags.

    RAISES: FormatError: It has other values, and none with a prefix.
    """
    others = [value for value in values if not is_tag(value) and value not in MISSING_TAGS]
    if others and not any(split_tag(v) or split_tag(v, prefix_last=True) for v in values):
        raise FormatError(
            table.path,
            None,
            f"column {quoted(column)} holds no entity tags, but {first_values(others)}",
            "Write B-PER, I-PER and O; for parts of speech call the column `pos_tags`",
        )


# Messages


def _report(layout: Layout, columns: Iterable[_Column], remarks: Remarks) -> None:
    """Say what is read, and which columns with a value are not."""
    others = {layout.spaces, layout.text, layout.sentence, layout.document, ""}
    shown = {"upos": "UPOS", "xpos": "XPOS", "lemmas": "lemmas", "entities": "entities"}
    read = [f"{column} ({shown[name]})" for name, column in layout.layers.items()]
    rows = "of a sentence" if layout.is_lists else "a row"
    remarks.say(f"columns read: {layout.word} (words {rows}), {', '.join(read)}")
    for column in columns:
        known = column.name == layout.word or column.name in (*layout.layers.values(), *others)
        if not known and not column.is_empty and column.meaning != "id":
            what = "chunks" if column.meaning == "chunks" else first_values(column.values)
            if column.holds_classes and column.meaning in _TAGGED:
                what = f"numbers of classes; --labels {column.name}=… gives their names"
            remarks.say(
                f"column {quoted(column.name)} was not read" + (f" ({what})" if what else "")
            )


def _listed(names: Sequence[str]) -> str:
    listed = ", ".join(map(quoted, names[:_SHOWN])) + (", …" if len(names) > _SHOWN else "")
    return listed or "none"


def legal_upos() -> Mapping[str, str]:
    """Return what may stand in a column of UPOS, and what it means: "" is missing."""
    return dict.fromkeys(NO_XPOS, "") | {tag: tag for tag in UPOS_TAGS}
