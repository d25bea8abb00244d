"""Distributions over classes, kept compactly: of each row only the classes that matter.

Most words leave a tagger no doubt, so a row has as many classes as it needs, and no more: the most
probable one, and others with at least `LEAST` of the probability, `top` at most. A row without
doubt takes 4 bytes, each further class 3 more. Classes are named, as another model may number them
otherwise.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arrays import Floats, Ints, concat_ranges

TOP = 8
"""How many classes of a row are kept, if so many matter."""

LEAST = 0.002
"""The share of the probability below which a class is not kept. What is left of a row is scaled to
a sum of 1."""

# Distributions as msgpack has them: see `SoftRows.to_data`.
SoftData = dict[str, Any]


@dataclass
class SoftRows:
    """Distributions over named classes.

    names (list[str]): The classes that occur.
    counts (uint8, (rows,)): How many classes each row has; 0 for a row of which nothing is known.
    ids (uint16, (kept,)): The classes of the first row, the most probable first, and so on, as
        numbers of `names`.
    shares (float16, (kept,)): Their probabilities.
    """

    names: list[str]
    counts: NDArray[np.uint8]
    ids: NDArray[np.uint16]
    shares: NDArray[np.float16]

    def __len__(self) -> int:
        return len(self.counts)

    @classmethod
    def from_dense(cls, probs: Floats, names: Sequence[str], top: int = TOP) -> "SoftRows":
        """Keep what matters of probabilities.

        probs (float32, (rows, classes)): Each row sums to 1. A row of NaN is one of which nothing
            is known.
        names (Sequence[str]): Of the classes.
        top (int): The most classes of a row, from 1 to 255.
        """
        order = np.argsort(-probs, axis=1, kind="stable")[:, :top]
        sorted_probs = np.take_along_axis(probs, order, axis=1)
        kept = sorted_probs >= LEAST
        kept[:, :1] = ~np.isnan(sorted_probs[:, :1])  # also if each of many classes has little
        ids, shares = order[kept], sorted_probs[kept]
        used, numbers = np.unique(ids, return_inverse=True)
        return cls(
            [names[i] for i in used.tolist()],
            kept.sum(axis=1).astype(np.uint8),
            numbers.astype(np.uint16),
            shares.astype(np.float16),
        )

    def dense(self, columns: Mapping[str, int], n_classes: int) -> Floats:
        """Return the distributions as an array.

        columns (Mapping[str, int]): The column of each class, by name; each has its own.
        n_classes (int): How many columns there are.
        RETURNS (float32, (rows, n_classes)): Each row sums to 1, or is zero where nothing is known.
        RAISES: KeyError: A class without a column.
        """
        result = np.zeros((len(self), n_classes), dtype=np.float32)
        column_of = np.asarray([columns[name] for name in self.names], dtype=np.int64)
        rows = np.repeat(np.arange(len(self)), self.counts)
        result[rows, column_of[self.ids]] = self.shares
        result /= np.maximum(result.sum(axis=1, keepdims=True), 1e-9)
        return result

    def take(self, rows: Ints) -> "SoftRows":
        """Return some of the rows.

        rows (Ints): Their numbers; -1 for a row of which nothing is known.
        """
        counts = np.where(rows < 0, 0, self.counts[rows]) if len(self) else np.zeros(len(rows))
        starts = np.cumsum(self.counts, dtype=np.int64) - self.counts
        at = starts[rows] if len(self) else counts
        kept = concat_ranges(np.asarray(at, dtype=np.int64), counts.astype(np.int64))
        used, numbers = np.unique(self.ids[kept], return_inverse=True)
        return SoftRows(
            [self.names[i] for i in used.tolist()],
            counts.astype(np.uint8),
            numbers.astype(np.uint16),
            self.shares[kept],
        )

    def to_data(self) -> SoftData:
        """Turn the rows into plain data: strings and little-endian bytes."""
        return {
            "names": list(self.names),
            "counts": self.counts.tobytes(),
            "ids": self.ids.astype("u1" if len(self.names) <= 256 else "<u2").tobytes(),
            "shares": self.shares.astype("<f2").tobytes(),
        }

    @classmethod
    def from_data(cls, data: SoftData) -> "SoftRows":
        """Make the rows of what `to_data` gave.

        RAISES: KeyError, TypeError, ValueError: Data that `to_data` cannot have made.
        """
        names = list(data["names"])
        counts = np.frombuffer(data["counts"], dtype=np.uint8)
        ids = np.frombuffer(data["ids"], dtype="u1" if len(names) <= 256 else "<u2")
        shares = np.frombuffer(data["shares"], dtype="<f2")
        n_kept = int(counts.sum(dtype=np.int64))
        if not len(ids) == len(shares) == n_kept or (n_kept and int(ids.max()) >= len(names)):
            raise ValueError("the parts of the distributions do not fit each other")
        return cls(names, counts, ids.astype(np.uint16), shares.astype(np.float16))
