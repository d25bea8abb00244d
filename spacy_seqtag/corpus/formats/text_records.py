"""Texts with labelled spans as annotation tools import them: the parts that records are made of.

`export` writes what is annotated with them, and `suggest` what a pipeline thinks.

- Prodigy: JSONL of tasks, https://prodi.gy/docs/api-interfaces
- Label Studio: JSON of tasks, https://labelstud.io/guide/tasks
- doccano: JSONL of texts, https://doccano.github.io/doccano/tutorial/
"""

import json
from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeAlias

Row: TypeAlias = dict[str, object]


class Word(NamedTuple):
    """A word. start, end: characters of the text. space (bool): Whether a blank follows."""

    text: str
    start: int
    end: int
    space: bool


class Label(NamedTuple):
    """A labelled stretch of a text.

    first, last (int): Its words, both inclusive.
    start, end (int): Its characters, the end exclusive.
    confidence (float | None, 0 to 1): Its probability.
    """

    label: str
    first: int
    last: int
    start: int
    end: int
    confidence: float | None = None


def prodigy_tokens(words: Sequence[Word]) -> list[Row]:
    """Write words for Prodigy."""
    return [
        {"text": word.text, "start": word.start, "end": word.end, "id": i, "ws": word.space}
        for i, word in enumerate(words)
    ]


def prodigy_span(label: Label) -> Row:
    """Write a span for Prodigy, which counts the last token as its own."""
    return {
        "start": label.start,
        "end": label.end,
        "token_start": label.first,
        "token_end": label.last,
        "label": label.label,
    }


def label_studio_region(number: str, layer: str, text: str, label: Label) -> Row:
    """Write a region for Label Studio.

    number (str): Its id. layer (str): The name of the `<Labels>`; the `<Text>` is called `text`.
    text (str): That of the task. label (Label): The span.
    """
    value: Row = {
        "start": label.start,
        "end": label.end,
        "text": text[label.start : label.end],
        "labels": [label.label],
    }
    row: Row = {"id": number, "from_name": layer, "to_name": "text", "type": "labels"}
    row["value"] = value
    return row


def doccano_span(label: Label) -> list[object]:
    """Write a span for doccano."""
    return [label.start, label.end, label.label]


def dumped(row: Row, *, ascii_only: bool = False) -> str:
    """Write a record on one line.

    ascii_only (bool): Write other characters as JSON's escapes. doccano guesses the encoding of
        what it imports with relations, and takes UTF-8 for another one.
    """
    return json.dumps(row, ensure_ascii=ascii_only)


def as_list(rows: Iterable[str]) -> Iterable[str]:
    """Write records as one JSON list, with a record on each line.

    rows (Iterable[str]): Each on one line, as `dumped` writes it.
    """
    before = "[\n"
    for row in rows:
        yield f"{before}{row}"
        before = ",\n"
    yield "\n]\n" if before == ",\n" else "[]\n"


def as_lines(rows: Iterable[str]) -> Iterable[str]:
    """Write records as JSONL."""
    return (f"{row}\n" for row in rows)
