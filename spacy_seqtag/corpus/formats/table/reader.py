"""Reading tables: which form the rows have, and their sentences."""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from ...errors import FormatError
from ...sentence import Sentence
from ..format import ReadOptions
from ..json_lines import Problem, no_text, report
from ..lines import read_lines
from ..remarks import Remarks
from .arrow import ArrowTable
from .doc_rows import COLUMNS, MARKS, DocRowReader
from .layout import find_layout
from .sentences import read_sentences
from .source import JsonTable, Table

WORD_LISTS = ("tokens", "words")
"""The names of columns with lists of words that tell JSON with words from JSON with texts."""

_BEGINNING = 20_000  # characters
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
    if all(name in table.columns for name in MARKS):
        yield from _doc_rows(table, options, remarks)
        return
    layout = find_layout(table, options.labels, remarks)
    n_sentences = 0
    for n_sentences, sentence in enumerate(  # noqa: B007 (read below)
        read_sentences(table, layout, options, remarks), start=1
    ):
        yield sentence
    if not n_sentences:
        raise no_text(table.path, remarks)


def _doc_rows(table: Table, options: ReadOptions, remarks: Remarks) -> Iterator[Sentence]:
    reader = DocRowReader(table.path, options, remarks)
    columns = [name for name in COLUMNS if name in table.columns]
    for line, values in table.rows(columns, options.progress, remarks):
        try:
            sentences = reader.sentences(line, dict(zip(columns, values, strict=True)))
        except Problem as problem:
            report(table.path, line, str(problem), options, remarks)
        else:
            yield from sentences
    if not reader.n_docs:
        raise no_text(table.path, remarks)


# Telling JSON with words from JSON with texts


def has_token_lists(path: Path) -> bool:
    """Tell by its beginning whether a file of JSON has lists of words.

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
