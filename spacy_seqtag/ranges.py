"""Stretches of several lengths in one array, laid end to end."""

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


def concat_ranges(starts: Ints, lengths: Ints) -> Ints:
    """`start, start + 1, …` of each, as many as its length says, laid end to end."""
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if len(ends) else 0
    return np.arange(total) + np.repeat(starts - (ends - lengths), lengths)
