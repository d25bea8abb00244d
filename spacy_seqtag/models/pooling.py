"""From the vectors of wordpieces to those of words.

The words of a batch are gathered and pooled at once. Where the vector of a single wordpiece is that
of its word, as with all poolings of Thinc, only words of several wordpieces are pooled at all.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
from spacy.util import registry
from thinc.api import Model, Ops, reduce_last, reduce_max, reduce_mean, reduce_sum
from thinc.layers.reduce_first import reduce_first as thinc_reduce_first
from thinc.types import Floats2d, Ragged

from ..arrays import Ints
from .alignment import counts_of, rows_of
from .batch import DocVectors, hidden_states, to_output
from .spacy_transformers import TransformerData

Pooling = Model[Ragged, Floats2d]
"""From the vectors of each word's wordpieces, laid end to end, to its own: (words, width)."""


@registry.layers("spacy_seqtag.reduce_first.v1")
def reduce_first() -> Pooling:
    """Build the pooling that takes the vector of each word's first wordpiece.

    A word without wordpieces gets zeros, as from `reduce_mean.v1` of Thinc; its `reduce_first.v1`
    fails there.

    RETURNS (Model[Ragged, Floats2d]): From the words' wordpieces, laid end to end, to (words,
        width).
    """
    return Model("reduce_first", _first_forward)


def _first_forward(
    model: Pooling, X: Ragged, is_train: bool
) -> tuple[Floats2d, Callable[[Floats2d], Ragged]]:
    xp = model.ops.xp
    data = _floats2d(X)
    lengths = xp.asarray(X.lengths)
    words = xp.flatnonzero(lengths)
    firsts = (xp.cumsum(lengths) - lengths)[words]
    Y = model.ops.alloc2f(len(lengths), data.shape[1])
    Y[words] = data[firsts]

    def backprop(dY: Floats2d) -> Ragged:
        dX = model.ops.alloc2f(*data.shape)
        dX[firsts] = dY[words]
        return Ragged(dX, X.lengths)

    return Y, backprop


# With these poolings a word of one wordpiece has the vector of that wordpiece, and a word of none
# has zeros. They are recognised by their functions: names are loaded with a pipeline, and its
# config may have another layer by now.
_PLAIN = {
    _first_forward,
    *(
        layer()._func
        for layer in (reduce_mean, thinc_reduce_first, reduce_last, reduce_max, reduce_sum)
    ),
}


def word_vectors(
    pooling: Pooling, grad_factor: float
) -> Model[list[TransformerData], list[Floats2d]]:
    """Build the layer from what the encoder made of each Doc to the vectors of its words.

    pooling (Model[Ragged, Floats2d]): From the vectors of each word's wordpieces to its own.
    grad_factor (float): The gradient is multiplied by it before it goes on to the encoder.
    RETURNS: A model from the Docs' data to (words, width) each. An empty Doc has (0, 0), as nothing
        tells the width.
    """
    return Model("word_vectors", _forward, layers=[pooling], attrs={"grad_factor": grad_factor})


def _forward(
    model: Model[list[TransformerData], list[Floats2d]],
    datas: list[TransformerData],
    is_train: bool,
) -> tuple[list[Floats2d], Callable[[list[Floats2d]], list[TransformerData]]]:
    ops = model.ops
    for data in datas:
        if not isinstance(data, TransformerData):
            raise ValueError(
                f"doc._.trf_data is a {type(data).__name__}, and this listener reads "
                "TransformerData of spacy-transformers: use a transformer component whose model is "
                "spacy_seqtag.TransformerModel.v1 or spacy-transformers.TransformerModel.v3"
            )
    read = [i for i, data in enumerate(datas) if _has_vectors(data)]
    result = [ops.alloc2f(0, 0) for _ in datas]
    if not read:
        return result, lambda _: []
    chosen = [datas[i] for i in read]
    X, begins = _end_to_end(ops, chosen)
    counts = np.concatenate([counts_of(data.align) for data in chosen])
    rows = np.concatenate([rows_of(data.align) + begin for data, begin in zip(chosen, begins)])
    pooling: Pooling = model.layers[0]
    Y, backprop_pooling = _pool(pooling, X, rows, counts, is_train)
    words: list[int] = np.cumsum([0, *(len(data.align.lengths) for data in chosen)]).tolist()
    for i, (word, end) in zip(read, pairwise(words)):
        result[i] = Y[word:end]

    def backprop(d_words: list[Floats2d]) -> list[TransformerData]:
        dX = backprop_pooling(ops.xp.concatenate([d_words[i] for i in read]))
        dX *= model.attrs["grad_factor"]
        return [_gradient(ops, data, dX, begin) for data, begin in zip(chosen, begins)]

    return result, backprop


def _has_vectors(data: TransformerData) -> bool:
    hidden = hidden_states(data)
    return hidden is not None and hidden.size > 0


def _end_to_end(ops: Ops, datas: Sequence[TransformerData]) -> tuple[Floats2d, list[int]]:
    """Lay the vectors of Docs end to end.

    Where the Docs are all of a batch of our encoder, this is the array of that batch itself.

    RETURNS: (rows, width), and the row where each Doc begins.
    """
    hidden = [array for array in map(hidden_states, datas) if array is not None]
    lengths = np.asarray([array.shape[0] * array.shape[1] for array in hidden])
    begins: list[int] = (np.cumsum(lengths) - lengths).tolist()
    parts = [data for data in datas if isinstance(data, DocVectors) and data.is_part]
    if len(parts) == len(datas):
        batch = parts[0].batch
        if (
            len(batch) == lengths.sum()
            and all(part.batch is batch for part in parts)
            and [part.begin for part in parts] == begins
        ):
            return batch, begins
    flat: Floats2d = ops.xp.concatenate(
        [ops.reshape2f(array, -1, array.shape[-1]) for array in hidden]
    )
    return flat, begins


def _gradient(ops: Ops, data: TransformerData, dX: Floats2d, begin: int) -> TransformerData:
    """Cut the gradient of a Doc's vectors out of that of all.

    dX (rows, width): The gradient of all vectors.
    begin (int): The row where the Doc's begin.
    """
    hidden = hidden_states(data)
    assert hidden is not None
    windows, length, width = hidden.shape
    own = ops.reshape3f(dX[begin : begin + windows * length], windows, length, width)
    return TransformerData(data.wordpieces, to_output(own), data.align)


def _pool(
    pooling: Pooling, X: Floats2d, rows: Ints, counts: Ints, is_train: bool
) -> tuple[Floats2d, Callable[[Floats2d], Floats2d]]:
    """Pool the rows of each word.

    pooling (Pooling): The pooling.
    X (n, width): The vectors.
    rows (R,): The rows of the words, end to end.
    counts (words,): How many each word has.
    RETURNS: (words, width), and the backward pass from its gradient to that of X.
    """
    ops = pooling.ops
    xp = ops.xp
    rows = rows.astype(np.int32)  # Thinc adds up rows by numbers of this type in C, others slowly
    ends = np.cumsum(counts)
    Y = ops.alloc2f(len(counts), X.shape[1])
    # Words of one wordpiece take its vector.
    several = counts > 1 if pooling._func in _PLAIN else np.ones(len(counts), dtype=bool)
    single = ~several & (counts == 1)
    source = xp.asarray(rows[(ends - counts)[single]])
    target = xp.asarray(np.flatnonzero(single))
    Y[target] = X[source]
    # The others are pooled.
    if several.any():
        parts = xp.asarray(rows[np.repeat(several, counts)])
        places = xp.asarray(np.flatnonzero(several))
        pieces = Ragged(X[parts], xp.asarray(counts[several], dtype="i"))
        Y[places], backprop_pooling = pooling(pieces, is_train)

    def backprop(dY: Floats2d) -> Floats2d:
        dX = ops.alloc2f(*X.shape)
        # A wordpiece may be a part of several words.
        ops.scatter_add(dX, source, dY[target])
        if several.any():
            ops.scatter_add(dX, parts, _floats2d(backprop_pooling(dY[places])))
        return dX

    return Y, backprop


def _floats2d(X: Ragged) -> Floats2d:
    """View the data of a Ragged, of which Thinc does not say how many dimensions they have."""
    data: Floats2d = X.dataXd  # type: ignore[assignment]
    return data
