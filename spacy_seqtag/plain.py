"""What JSON can hold, of what scorers and other people's components return."""

import math
from collections.abc import Iterable, Mapping
from typing import TypeAlias

Plain: TypeAlias = "bool | int | float | str | list[Plain] | dict[str, Plain] | None"


def to_plain(value: object, *, finite: bool = True) -> Plain:
    """Turn a value into one that JSON can hold, as much alike as that allows.

    Numbers and arrays of NumPy, CuPy and PyTorch become Python's, sets sorted lists, keys strings,
    and what JSON knows nothing of the string that it prints as.

    value (object): Whatever a scorer returned.
    finite (bool): Numbers that are not finite become None, as standard JSON has none of them.
        Python's own `json` reads and writes them.
    RETURNS (Plain): For `json.dumps` and, if it is `finite`, for all readers of JSON.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return None if finite and not math.isfinite(value) else float(value)
    if isinstance(value, Mapping):
        return {str(key): to_plain(each, finite=finite) for key, each in value.items()}
    if (to_list := getattr(value, "tolist", None)) is not None:  # of arrays and their numbers
        return to_plain(to_list(), finite=finite)
    if isinstance(value, set | frozenset):
        value = sorted(value, key=str)
    if isinstance(value, Iterable) and not isinstance(value, bytes | bytearray):
        return [to_plain(each, finite=finite) for each in value]
    return str(value)
