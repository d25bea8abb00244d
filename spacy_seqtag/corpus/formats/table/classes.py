"""The names of classes, where a table has their numbers: of the user, as `--labels` gives them."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TypeAlias

from ...errors import quoted

ClassNames: TypeAlias = Mapping[str, tuple[str, ...]]
"""The names of the classes 0, 1, 2 and so on by their column; "" for the one column that has
none."""

_OF_COLUMN = re.compile(r"([^,=]+)=(.+)", re.DOTALL)


def parse_class_names(texts: Iterable[str]) -> ClassNames:
    """Read the names of classes as the user gives them.

    texts (Iterable[str]): `O,B-PER,I-PER`, or a file with a name a line; with `column=` before it
        where several columns hold numbers.
    RAISES: ValueError: No names, a file that is missing or not UTF-8, two lists for a column.
    """
    result: dict[str, tuple[str, ...]] = {}
    for text in texts:
        found = _OF_COLUMN.fullmatch(text)
        column, value = (found[1].strip(), found[2]) if found else ("", text)
        if column in result:
            raise ValueError(
                f"labels {quoted(text)}: there are two lists of names for the same column. Give "
                "each its column, as in --labels ner_tags=O,B-PER,I-PER"
            )
        names = _names(value, text)
        if not all(names):
            raise ValueError(f"labels {quoted(text)}: name {names.index('') + 1} is empty")
        result[column] = names
    return result


def _names(value: str, text: str) -> tuple[str, ...]:
    if "," in value and not Path(value).is_file():
        return tuple(name.strip() for name in value.split(","))
    try:
        lines = Path(value).read_text(encoding="utf-8-sig").splitlines()
    except (OSError, ValueError) as error:
        raise ValueError(
            f"labels {quoted(text)}: this is no file with a name a line ({error}). Give such a "
            "file, or the names with commas between them, as in O,B-PER,I-PER"
        ) from None
    while lines and not lines[-1].strip():
        del lines[-1]
    if not lines:
        raise ValueError(f"labels {quoted(text)}: there are no names in the file")
    return tuple(line.strip() for line in lines)
