"""Which rows of vectors each word has, and how that follows the tokens of a Doc.

An alignment is a `Ragged` of Thinc, as in spacy-transformers: `dataXd` holds the rows of the first
word, then those of the second, and so on; `lengths` says how many each has, which may be none. Both
are int32 on the CPU: Thinc adds up rows by numbers of this type in C, by others slowly.
"""

from typing import cast

import numpy as np
from spacy.attrs import IDX, LENGTH
from spacy.tokens import Doc
from thinc.api import Ragged
from thinc.types import ArrayXd, Ints1d
from thinc.util import to_numpy

from ..arrays import Ints, concat_ranges


def make_alignment(rows: Ints, counts: Ints) -> Ragged:
    """Make an alignment.

    rows (n,): The rows of all words, in the order of words.
    counts (words,): How many rows each word has.
    RETURNS (Ragged): The alignment.
    """
    return Ragged(_to_int32(rows), _to_int32(counts))


def rows_of(align: Ragged) -> Ints:
    """Return the rows of an alignment, on the CPU: int64 (n,)."""
    return _to_int64(align.dataXd).ravel()


def counts_of(align: Ragged) -> Ints:
    """Return how many rows each word has, on the CPU: int64 (words,)."""
    return _to_int64(align.lengths)


def token_starts(doc: Doc) -> bytes:
    """Return where the tokens of a Doc begin, to compare and to keep: uint64 (tokens,) as bytes."""
    starts: bytes = doc.to_array(IDX).tobytes()
    return starts


def realign(align: Ragged, starts: bytes, doc: Doc) -> Ragged:
    """Align vectors to the tokens that a Doc has now.

    A merged token has the rows of all the tokens that it was, a part of a split token those of the
    whole. A row counts once, though it may be part of several of the tokens that were.

    align (Ragged): The rows of each token that the Doc had.
    starts (bytes): Where those began, see `token_starts`.
    doc (Doc): The Doc, with other tokens over the same text.
    RETURNS (Ragged): The rows of each token that it has.
    """
    before = np.frombuffer(starts, dtype=np.uint64)
    first, length = doc.to_array([IDX, LENGTH]).T
    begin = np.searchsorted(before, first, side="right") - 1
    end = np.maximum(np.searchsorted(before, first + length, side="left"), begin + 1)
    ends = np.append(0, np.cumsum(counts_of(align)))
    counts = ends[end] - ends[begin]
    rows = rows_of(align)[concat_ranges(ends[begin], counts)]
    if len(rows):
        n_rows = int(rows.max()) + 1
        own = np.unique(np.repeat(np.arange(len(counts)), counts) * n_rows + rows)
        rows = own % n_rows
        counts = np.bincount(own // n_rows, minlength=len(counts))
    return make_alignment(rows, counts)


def _to_int64(array: ArrayXd) -> Ints:
    on_cpu: Ints = to_numpy(array)  # type: ignore[no-untyped-call]
    return on_cpu.astype(np.int64)


def _to_int32(array: Ints) -> Ints1d:
    return cast(Ints1d, array.astype(np.int32))
