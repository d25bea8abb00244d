"""Micro-batches: which windows go through the network together, and at which rows.

Three costs are balanced:

- padding within a window, as all windows of a group have one length;
- micro-batches that are too small to keep the hardware busy;
- many different sizes, for each of which oneDNN keeps code and memory.
"""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch

from ...arrays import Ints, concat_ranges

STEP = 16
"""Windows are padded to a multiple of this length: attention in bfloat16 on a CPU is up to twice as
fast then, and so are matrix products on a GPU."""
FLOAT32_STEP = 4
"""The same in float32 on a CPU, where attention gains nothing by more padding."""

# Unless the network takes windows of unlike lengths as they are, short windows are padded to the
# length of the longest until a micro-batch has this many rows.
_MIN_ROWS = 512

# Where the network takes windows as they are, a micro-batch is padded to one of these few sizes.
# Otherwise a process that reads a long stream grows: oneDNN keeps some 3 MB for each size that it
# meets, and arrays of many sizes leave holes in the heap.
_SIZES: list[int] = sorted([*(2**i for i in range(4, 13)), *(3 * 2**i for i in range(4, 11))])

# If padding what is left of a batch to one of those sizes would add more than an eighth, and more
# rows than this are left, they go through in two parts instead.
_MIN_DIVIDED = 512


@dataclass
class Group:
    """Windows of one padded length in a micro-batch.

    begin (int): Their first row in the micro-batch.
    windows, length (int): How many windows they are, and how many rows each has.
    masked (bool): Whether any of those rows is padding.
    """

    begin: int
    windows: int
    length: int
    masked: bool

    @property
    def end(self) -> int:
        """The row after their last."""
        return self.begin + self.windows * self.length


@dataclass
class MicroBatch:
    """Windows that go through the network together, each padded, laid end to end.

    rows (n,), int64: The row of the batch that each row of the micro-batch reads; any for padding.
    positions (n,), int64: Where each row stands in its window.
    real (n,), bool: Which rows are not padding.
    kept (real rows,), int64: The numbers of those.
    groups (list[Group]): The windows by length, the longest first.
    """

    rows: torch.Tensor
    positions: torch.Tensor
    real: torch.Tensor
    kept: torch.Tensor
    groups: list[Group]


def micro_batches(
    starts: Ints, lengths: Ints, max_rows: int, max_length: int, mixed: bool, step: int = STEP
) -> tuple[list[MicroBatch], Ints]:
    """Divide windows into micro-batches, the longest windows first.

    starts, lengths (windows,): The first row of each window in the batch, and how many it has.
    max_rows (int): Most rows of a micro-batch, padding of windows included; a single window may
        have more.
    max_length (int): Most rows of a window.
    mixed (bool): Whether a micro-batch may have windows of several lengths.
    step (int): Windows are padded to a multiple of this length.
    RETURNS: The micro-batches, and (rows,) the row of the batch that each of the rows they keep
        reads, micro-batch by micro-batch.
    """
    order = np.argsort(-lengths, kind="stable")
    starts, lengths = starts[order], lengths[order]
    steps = np.maximum(-(-lengths // step), 1)
    padded = np.maximum(lengths, np.minimum(steps * step, max_length))
    ends = np.cumsum(padded)
    result = []
    begin = 0
    while begin < len(order):
        longest = int(padded[begin])
        if mixed:
            before = int(ends[begin - 1]) if begin else 0
            most = _most_rows(int(ends[-1]) - before, max_rows)
            end = int(np.searchsorted(ends, before + most, side="right"))
        else:
            alike = int(np.count_nonzero(padded[begin:] == longest))
            end = begin + min(max(alike, _MIN_ROWS // longest), max_rows // longest)
            padded[begin:end] = longest
        end = max(end, begin + 1)
        n_rows = int(padded[begin:end].sum())
        if mixed and n_rows <= max_rows:
            n_rows = min(padded_size(n_rows), max_rows)
        part = slice(begin, end)
        result.append(_micro_batch(starts[part], lengths[part], padded[part], n_rows))
        begin = end
    return result, concat_ranges(starts, lengths)


def padded_size(n: int) -> int:
    """Return the smallest of few sizes that n rows fit in."""
    return _SIZES[bisect_left(_SIZES, n)] if n <= _SIZES[-1] else -(-n // _SIZES[-1]) * _SIZES[-1]


def _most_rows(left: int, max_rows: int) -> int:
    """Return how many of the rows that are left to take, so that there is little padding."""
    if left >= max_rows or left <= _MIN_DIVIDED:
        return max_rows
    if left > padded_size(left) * 7 / 8:
        return left
    return _SIZES[bisect_right(_SIZES, left) - 1]


def _micro_batch(starts: Ints, lengths: Ints, padded: Ints, n_rows: int) -> MicroBatch:
    """Lay windows out in a micro-batch.

    starts, lengths (windows,): See `micro_batches`.
    padded (windows,): How many rows each window has with its padding.
    n_rows (int): How many rows the micro-batch has with all padding.
    """
    begins = np.append(0, np.cumsum(padded))
    kept = concat_ranges(begins[:-1], lengths)
    rows, positions = np.zeros((2, n_rows), dtype=np.int64)
    rows[kept] = concat_ranges(starts, lengths)
    positions[: begins[-1]] = concat_ranges(np.zeros_like(padded), padded)
    real = np.zeros(n_rows, dtype=bool)
    real[kept] = True
    changes = np.flatnonzero(np.diff(padded)) + 1
    groups = [
        Group(int(begins[i]), j - i, int(padded[i]), bool(np.any(lengths[i:j] < padded[i])))
        for i, j in pairwise([0, *changes.tolist(), len(padded)])
    ]
    return MicroBatch(
        torch.from_numpy(rows),
        torch.from_numpy(positions),
        torch.from_numpy(real),
        torch.from_numpy(kept),
        groups,
    )
