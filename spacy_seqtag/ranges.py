"""Ranges of several lengths in one array, laid end to end."""

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


def concat_ranges(starts: Ints, lengths: Ints) -> Ints:
    """Lay ranges of whole numbers end to end.

    starts (n,): The first number of each range.
    lengths (n,): How many numbers each range has.
    RETURNS (sum of lengths,): `start, start + 1, …` of each range in turn.
    """
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if len(ends) else 0
    result: Ints = np.arange(total) + np.repeat(starts - (ends - lengths), lengths)
    return result
