"""Reading tables: which form the rows have, and their sentences."""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

from ...errors import FormatError
from ...sentence import Sentence
from ..format import ReadOptions
from ..json_lines import (
    SPAN_KEYS,
    Problem,
    has_spans,
    is_of_doccano,
    no_text,
    report,
    sentences_of,
)
from ..lines import read_lines
from ..remarks import Remarks
from .annotated import COLUMNS as ANNOTATED
from .annotated import is_annotated, row_of_record
from .arrow import ArrowTable
from .checks import Row
from .doc_rows import COLUMNS, MARKS, DocRowReader
from .layout import find_layout
from .sentences import read_sentences
from .source import JsonTable, Table
from .survey import Column

WORD_LISTS = ("tokens", "words")
"""The names of columns with lists of words that tell JSON with words from JSON with texts."""

_BEGINNING = 20_000  # characters
_LOOKED_AT = 1000  # rows
_WORD_LIST = re.compile(rf'"({"|".join(WORD_LISTS)})"\s*:\s*\[\s*["\]]')


def read_parquet(path: Path, options: ReadOptions, remarks: Remarks) -> Iterator[Sentence]:
    """Yield the sentences of a parquet or arrow file, or of a folder of `datasets`.

    RAISES: FormatError: A file that is missing or damaged; columns that cannot be read; no row that
        can be; in strict mode, a row that cannot. ImportError: pyarrow is missing.
    """
    yield from _read(ArrowTable(path), options, remarks)


def read_json(path: Path, options: ReadOptions, remarks: Remarks) -> Iterator[Sentence]:
    """Yield the sentences of a file of JSON with lists of words.

    RAISES: FormatError: A file that is missing, empty or not UTF-8; columns that cannot be read; no
        row that can be; in strict mode, a row that cannot.
    """
    yield from _read(JsonTable(path, options), options, remarks)


def _read(table: Table, options: ReadOptions, remarks: Remarks) -> Iterator[Sentence]:
    """Yield the sentences of a table, whatever its rows are."""
    columns = set(table.columns)
    if columns.issuperset(MARKS):
        found = _docs(table, options, remarks, annotated=False)
    elif "tokens" in columns and _has_records(table):
        found = _docs(table, options, remarks, annotated=True)
    elif columns.isdisjoint(WORD_LISTS) and "text" in columns and _has_spans(table):
        found = _texts(table, options, remarks)
    else:
        layout = find_layout(table, options.labels, remarks)
        found = read_sentences(table, layout, options, remarks)
    is_empty = True
    for sentence in found:
        is_empty = False
        yield sentence
    if is_empty:
        raise no_text(table.path, remarks)


def _first_values(table: Table, column: str) -> Iterator[object]:
    return (value for _, (value,) in islice(table.rows([column]), _LOOKED_AT))


def _has_records(table: Table) -> bool:
    """Tell whether a table has tokens as `annotate` writes them."""
    return any(map(is_annotated, _first_values(table, "tokens")))


def _has_spans(table: Table) -> bool:
    """Tell whether a table with a text in each row has spans of characters."""
    return any(
        has_spans(value)
        for column in SPAN_KEYS
        if column in table.columns
        for value in _first_values(table, column)
    )


def _docs(
    table: Table, options: ReadOptions, remarks: Remarks, *, annotated: bool
) -> Iterator[Sentence]:
    """Yield the sentences of rows that hold Docs, in our form or in that of `annotate`."""
    reader = DocRowReader(table.path, options, remarks)
    columns = [name for name in (ANNOTATED if annotated else COLUMNS) if name in table.columns]
    for line, values in table.rows(columns, options.progress, remarks):
        row = dict(zip(columns, values, strict=True))
        try:
            sentences = reader.sentences(line, row_of_record(row) if annotated else row)
        except Problem as problem:
            report(table.path, line, str(problem), options, remarks)
        else:
            yield from sentences


def _texts(table: Table, options: ReadOptions, remarks: Remarks) -> Iterator[Sentence]:
    """Yield the texts of rows with spans of characters, as `json_lines` reads records."""
    found = (
        (line, {key: value for key, value in zip(table.columns, values) if value is not None})
        for line, values in table.rows(table.columns, options.progress, remarks)
    )
    return sentences_of(found, table.path, options, remarks)


# Telling JSON with words from JSON with texts


def has_token_lists(path: Path) -> bool:
    """Tell by its beginning whether a file of JSON has lists of words, or a word in each record.

    path (Path): The file.
    """
    start = ""
    with suppress(FormatError):  # what is wrong with it is said when it is read
        for _, text in read_lines(path):
            start += text + "\n"
            if len(start) > _BEGINNING:
                break
    begin = start.find("{")
    if begin < 0:
        return False
    try:
        record, _ = json.JSONDecoder().raw_decode(start, begin)
    except (ValueError, RecursionError):  # longer than what was read, or damaged
        return _WORD_LIST.search(start) is not None
    if is_of_doccano(record):  # words are metadata
        return False
    if is_annotated(record.get("tokens")) or _is_word(record):
        return True
    words = next((record[key] for key in WORD_LISTS if isinstance(record.get(key), list)), None)
    if words is None or not all(isinstance(word, str) for word in words):
        return False
    # A text with spans of characters is read by them, even if its words are there.
    return "text" not in record or any(
        isinstance(value, list)
        and len(value) == len(words)
        and all(isinstance(entry, str | int | None) for entry in value)
        for key, value in record.items()
        if key not in WORD_LISTS
    )


def _is_word(record: Row) -> bool:
    """Tell whether a record is a word, also as `to_dataframe` has them: with its number."""
    if "text" in record:
        return isinstance(record.get("token"), int)
    return any(isinstance(record[key], str) and Column(key).meaning == "word" for key in record)
