"""Checks of what stands in a row: words, lists with an entry for each of them, records."""

from collections.abc import Mapping
from typing import TypeAlias

from ...errors import quoted
from ...plural import counted
from ..json_lines import Problem

Row: TypeAlias = Mapping[str, object]
"""The values of a row, or a record in it."""


def check_words(value: object) -> list[str]:
    """Return the words of a row.

    RAISES: Problem: This is no list of words, an empty one, or one of half characters.
    """
    if not isinstance(value, list):
        raise Problem("its tokens are no list of words")
    if not value:
        raise Problem("it has no words")
    if not all(value) or not all(isinstance(word, str) for word in value):
        number, word = next(
            (i, w) for i, w in enumerate(value, 1) if not (isinstance(w, str) and w)
        )
        what = "empty" if word in (None, "") else f"no string, but {quoted(str(word))}"
        raise Problem(f"word {number} is {what}")
    try:
        "".join(value).encode()
    except UnicodeEncodeError:
        raise Problem("its words have half a character (a lone surrogate)") from None
    return value


def check_list(value: object, column: str, size: int | None) -> list[object]:
    """Return the values of a column for the words of a row.

    size (int | None): How many words there are; None for any number.
    RAISES: Problem: This is no list, or one of another length.
    """
    if not isinstance(value, list):
        raise Problem(f"{column!r} is no list")
    if size is not None and len(value) != size:
        entries = counted(len(value), "<entry|entries>")
        raise Problem(f"{entries} in {column!r}, but {counted(size, '<word|words>')}")
    return value


def check_records(value: object, name: str) -> list[Row]:
    """Return a list of records.

    RAISES: Problem: It is none.
    """
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise Problem(f"{name!r} is no list of records")
    return value
