"""What the columns of a table hold, told by their names or, where these leave it open, contents.

Names are those that data sets for token classification have on the Hugging Face hub (`tokens`,
`ner_tags`, `pos_tags`, `upos`, `xpos`, `lemmas`, `id`), and those of tables with a word a row
(`word`, `pos`, `tag`, `sentence_id`). A column of `tags` or `labels` is entities or parts of
speech, as `columns.contents` judges its values or, where it holds classes, their names.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from ....schemes.upos import SPACE, UPOS_TAGS
from ...errors import FormatError, quoted
from ..columns.contents import NO_XPOS, first_values, holds_tags, is_upos, may_be_xpos
from ..remarks import Remarks
from ..tags import MISSING_TAGS, has_prefix_last, is_tag, split_tag
from .classes import ClassNames
from .source import Table
from .survey import TAGGED, Column, of_meaning, survey

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


def find_layout(table: Table, labels: ClassNames, remarks: Remarks) -> Layout:
    """Find out what the columns of a table hold.

    labels (ClassNames): The names of classes that the user gave.
    remarks (Remarks): Told what is read, and what is not.
    RAISES: FormatError: No column of words, or none with a layer; numbers of classes without names;
        words in rows and nothing that says where sentences end; no row.
    """
    columns = {column.name: column for column in survey(table)}
    word = _find_words(table, columns.values())
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
    sentences = of_meaning(columns.values(), "sentence")
    if word.holds_lists:
        # There, `sentence` is the text.
        sentences = [column for column in sentences if "id" in column.name.lower()]
        sentences += of_meaning(columns.values(), "id")
    sentences = [column for column in sentences if not column.holds_lists]
    documents = [c for c in of_meaning(columns.values(), "document") if not c.holds_lists]
    texts = [c for c in of_meaning(columns.values(), "text") if not c.holds_lists]
    spaces = of_meaning(rest, "spaces")
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


def _find_words(table: Table, columns: Collection[Column]) -> Column:
    """Find the column of words.

    RAISES: FormatError: There is none.
    """
    # In tables of `to_dataframe` tokens have a number, and their word is called text.
    found = of_meaning(columns, "word")
    words = [c for c in (*found, *of_meaning(columns, "text")) if c.values] or found
    if not words:
        raise FormatError(
            table.path,
            None,
            f"no column holds words; there are: {_listed(table.columns)}",
            "Call the one with words `tokens`, or `word` where a row is a word",
        )
    return words[0]


def _first(columns: Sequence[Column]) -> str:
    return columns[0].name if columns else ""


# Classes


def _name_classes(
    table: Table, columns: Sequence[Column], labels: ClassNames, remarks: Remarks
) -> ClassNames:
    """Find the names of the classes of each column that holds numbers.

    RAISES: FormatError: There are none, and the user gave none.
    """
    classes = {**table.classes, **{name: names for name, names in labels.items() if name}}
    for name in labels:
        if name and name not in table.columns:
            remarks.say(f"--labels has names for the column {quoted(name)}, which is not there")
    nameless = [c for c in columns if c.meaning in TAGGED and c.holds_classes]
    nameless = [column for column in nameless if column.name not in classes]
    names = labels.get("")
    if names is not None and not nameless:
        remarks.say("--labels was not used: no column holds numbers of classes without names")
    if nameless and names is not None:
        entities = any(split_tag(name) for name in names)
        wanted = ("entities", "tags") if entities else ("upos", "xpos", "pos", "tags")
        own = (of_meaning(nameless, *wanted) or nameless)[0]
        classes[own.name] = names
        nameless.remove(own)
    if nameless and not labels:
        one = of_meaning(nameless, "entities", "tags") or nameless
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


def _find_layers(table: Table, columns: Sequence[Column], classes: ClassNames) -> dict[str, str]:
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
        if found := of_meaning(usable, meaning):
            layers[meaning] = found[0].name
    for column in of_meaning(usable, "pos"):
        layers.setdefault("upos" if is_upos(_values(column, classes)) else "xpos", column.name)
    for column in of_meaning(usable, "tags"):
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


def _values(column: Column, classes: ClassNames) -> list[str]:
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


def _report(layout: Layout, columns: Iterable[Column], remarks: Remarks) -> None:
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
            if column.holds_classes and column.meaning in TAGGED:
                what = f"numbers of classes; --labels {column.name}=… gives their names"
            remarks.say(
                f"column {quoted(column.name)} was not read" + (f" ({what})" if what else "")
            )


def _listed(names: Sequence[str]) -> str:
    listed = ", ".join(map(quoted, names[:_SHOWN])) + (", …" if len(names) > _SHOWN else "")
    return listed or "none"


def legal_upos() -> Mapping[str, str]:
    """Return what may stand in a column of UPOS, and what it means: "" is missing."""
    return dict.fromkeys(NO_XPOS, "") | {tag: tag for tag in (*UPOS_TAGS, SPACE)}
