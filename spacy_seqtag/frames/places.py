"""Where the spans of a group are among the tokens that their Doc has now."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from spacy.attrs import IDX, LENGTH
from spacy.tokens import Doc

from ..arrays import Bools, Ints
from .groups import Record


@dataclass(frozen=True)
class Places:
    """Where the spans of a group are now.

    start, end (Ints, (spans,)): The tokens that hold the characters of each span.
    exact (Bools, (spans,)): Whether these tokens hold no other characters.
    kept (bool): Whether all spans are where their own token numbers say.
    """

    start: Ints
    end: Ints
    exact: Bools
    kept: bool


def find_places(doc: Doc, records: Sequence[Record]) -> Places:
    """Find the spans of a group by their characters.

    doc (Doc): With its tokens as they are now.
    records (Sequence[Record]): What the group holds.
    """
    numbers = np.asarray([record[3:] for record in records], dtype=np.int64).reshape(-1, 4)
    start, end, first, last = numbers.T
    begins, lengths = doc.to_array([IDX, LENGTH]).astype(np.int64).reshape(-1, 2).T
    ends = begins + lengths

    def fits() -> Bools:
        """Mark the spans that begin and end where their tokens do; an empty span always does."""
        result: Bools = (start >= 0) & (end <= len(doc))
        filled = np.flatnonzero(result & (start < end))
        result[filled] &= begins[start[filled]] == first[filled]
        result[filled] &= ends[end[filled] - 1] == last[filled]
        return result

    exact = fits()
    if exact.all():
        return Places(start, end, exact, True)
    start = np.maximum(np.searchsorted(begins, first, side="right") - 1, 0)
    end = np.maximum(np.searchsorted(begins, last, side="left"), start)
    end[first == last] = start[first == last]
    return Places(start, end, fits(), False)
