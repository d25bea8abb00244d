"""What stands in the columns of a table: their names and first values."""

import re
from collections.abc import Iterable, Sequence
from itertools import islice

from ...errors import no_sentence
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
TAGGED = ("upos", "xpos", "pos", "entities", "tags")
"""The meanings of columns that may hold classes."""

_SHORT = 1000  # rows that are looked at
_MOST_VALUES = 1000


class Column:
    """What was seen in a column.

    name (str): Its name.
    meaning (str): What the name means, a key of `_MEANINGS`; "" for another name.
    rank (int): The place of the name among those of its meaning.
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
        """Whether nothing was seen."""
        return not (self.values or self.holds_numbers or self.holds_records)

    @property
    def holds_classes(self) -> bool:
        """Whether it holds the numbers of classes, rather than their names."""
        return self.holds_numbers and not self.values

    def watch(self, value: object) -> None:
        """Look at the value of a row."""
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


def survey(table: Table) -> list[Column]:
    """Look at the first rows, and at all where a column of a layer had no value in them.

    RAISES: FormatError: There is no row.
    """
    columns = [Column(name) for name in table.columns]
    n_rows = _watch(columns, islice(table.rows(table.columns), _SHORT))
    if not n_rows:
        raise no_sentence(table.path)
    late = [c for c in columns if c.is_empty and c.meaning in ("word", "lemmas", *TAGGED)]
    if late and n_rows == _SHORT:
        _watch(late, table.rows([column.name for column in late]))
    return columns


def _watch(columns: Sequence[Column], rows: Iterable[tuple[int, Values]]) -> int:
    n_rows = 0
    for _, values in rows:
        n_rows += 1
        for column, value in zip(columns, values, strict=True):
            column.watch(value)
    return n_rows


def of_meaning(columns: Iterable[Column], *meanings: str) -> list[Column]:
    """Choose the columns of these meanings: those with values first, then by their names."""
    found = [column for column in columns if column.meaning in meanings]
    return sorted(found, key=lambda column: (column.is_empty, column.rank))
