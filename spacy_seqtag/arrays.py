"""Arrays of whole numbers, truth values and probabilities: their types, and ranges laid end to end.

Only NumPy is needed here; `schemes` uses it, too.
"""

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Floats = NDArray[np.float32]


def concat_ranges(starts: Ints, lengths: Ints) -> Ints:
    """Lay ranges of whole numbers end to end.

    starts (Ints, (n,)): The first number of each range.
    lengths (Ints, (n,)): How many numbers each range has.
    RETURNS (Ints, (sum of lengths,)): `start, start + 1, …` of each range in turn.
    """
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if len(ends) else 0
    result: Ints = np.arange(total) + np.repeat(starts - (ends - lengths), lengths)
    return result
