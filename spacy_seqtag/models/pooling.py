"""From the vectors of wordpieces to those of words: the listener of a component."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from spacy.errors import Errors
from spacy.tokens import Doc
from spacy.util import registry
from spacy_transformers.data_classes import TransformerData
from spacy_transformers.layers import TransformerListener
from thinc.api import Model, Ops, chain, reduce_last, reduce_max, reduce_mean, reduce_sum
from thinc.layers.reduce_first import reduce_first as thinc_reduce_first
from thinc.types import Floats2d, Ragged
from transformers.modeling_outputs import BaseModelOutput

from ..errors import Number, check_settings
from .vectors import DocVectors, install_extension, read_vectors

Ints = NDArray[np.signedinteger]


@registry.architectures("spacy_seqtag.TransformerListener.v1")
def build_listener(
    pooling: Model[Ragged, Floats2d], grad_factor: float = 1.0, upstream: str = "*"
) -> Model[list[Doc], list[Floats2d]]:
    """Build the layer by which a component listens to a `transformer` component.

    The same function as `spacy-transformers.TransformerListener.v1`, of which it takes the
    arguments, and with any encoder; the words of a batch are gathered and pooled at once, and only
    words of several wordpieces are pooled at all.

    pooling (Model[Ragged, Floats2d]): From the vectors of each word's wordpieces to its own.
    grad_factor (float): The gradient is multiplied by it before it goes on to the encoder.
    upstream (str): Name of the `transformer` component, or "*".
    """
    where = "spacy_seqtag.TransformerListener.v1:"
    check_settings(where, grad_factor=(grad_factor, Number(least=0.0)))
    listener = Listener(upstream_name=upstream)
    model: Model[list[Doc], list[Floats2d]] = chain(listener, word_vectors(pooling, grad_factor))
    model.set_ref("listener", listener)
    return model


class Listener(TransformerListener):
    """Hands on what the encoder made of each Doc, aligned to the tokens that the Doc has now.

    component (str): Name of the component that listens, for messages.
    """

    component: str = ""

    def __init__(self, upstream_name: str) -> None:
        super().__init__(upstream_name)
        self._func = _listen
        install_extension()

    def tokens_changed(self, doc: Doc) -> ValueError:
        """The error for a Doc whose tokens are others than those that the encoder saw."""
        name = self.component or "a component"
        return ValueError(
            f"[components.{name}] The tokens of the Doc that begins {doc.text[:40]!r} are not "
            "those that the transformer saw: a component merged or split tokens in between. Let "
            f"{name!r} run before that component, or the transformer after it."
        )

    def other_batch(self) -> ValueError:
        """The error for a batch in training that is not the one that the encoder saw."""
        name = self.component or "a component"
        return ValueError(
            f"[components.{name}] This is not the batch that the transformer saw last: update the "
            "components together, with nlp.update. If a component merges or splits tokens in "
            f"between, let {name!r} run before it."
        )


def _listen(
    model: Listener, docs: list[Doc], is_train: bool
) -> tuple[list[TransformerData], Callable]:
    """As spacy-transformers' listener does it. In training the encoder hands over what it made of
    a batch; otherwise (it is frozen, or nothing is trained) it is read from the Docs."""
    if is_train and model._batch_id is not None:
        if model._batch_id != model.get_batch_id(docs):
            raise model.other_batch()
        return cast(Any, model._outputs), model.backprop_and_clear
    datas: list[Any] = []
    for doc, data in zip(docs, read_vectors(docs)):
        if data is None:
            if is_train:
                raise ValueError(Errors.E203.format(name="transformer"))
            data = TransformerData.zeros(len(doc), model.get_dim("nO"), xp=model.ops.xp)
        elif isinstance(data, TransformerData) and len(data.align.lengths) not in (0, len(doc)):
            raise model.tokens_changed(doc)
        datas.append(data)
    return datas, lambda _: []


def word_vectors(
    pooling: Model[Ragged, Floats2d], grad_factor: float
) -> Model[list[TransformerData], list[Floats2d]]:
    """From what the encoder made of each Doc to the vectors of its words, (words, width).

    An empty Doc has (0, 0), as nothing tells the width.
    """
    return Model(
        "word_vectors", _words_forward, layers=[pooling], attrs={"grad_factor": grad_factor}
    )


def _words_forward(
    model: Model, datas: list[TransformerData], is_train: bool
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
    lengths = np.concatenate([ops.to_numpy(data.align.lengths) for data in chosen])
    rows = np.concatenate(
        [ops.to_numpy(data.align.dataXd) + begin for data, begin in zip(chosen, begins)]
    ).astype("i")  # Thinc adds up rows by numbers of this type in C, by others slowly
    pooling: Model[Ragged, Floats2d] = model.layers[0]
    Y, backprop_pooling = _pool(pooling, X, rows, lengths, is_train)
    bounds = np.cumsum([0, *(len(data.align.lengths) for data in chosen)]).tolist()
    for i, (begin, end) in zip(read, pairwise(bounds)):
        result[i] = Y[begin:end]

    def backprop(d_words: list[Floats2d]) -> list[TransformerData]:
        dX = backprop_pooling(ops.xp.concatenate([d_words[i] for i in read]))
        dX *= model.attrs["grad_factor"]
        gradients = []
        for data, begin in zip(chosen, begins):
            output: Any = data.model_output
            shape = output.last_hidden_state.shape
            d_hidden: Any = dX[begin : begin + shape[0] * shape[1]].reshape(shape)
            d_output = BaseModelOutput(last_hidden_state=d_hidden)
            gradients.append(TransformerData(data.wordpieces, d_output, data.align))
        return gradients

    return result, backprop


def _has_vectors(data: TransformerData) -> bool:
    hidden = data.model_output.get("last_hidden_state")
    return hidden is not None and hidden.size > 0


def _end_to_end(ops: Ops, datas: Sequence[TransformerData]) -> tuple[Floats2d, Ints]:
    """The rows of Docs in one array, and where each begins; the array of the batch itself where
    they are all of it."""
    hidden = [cast(Any, data.model_output).last_hidden_state for data in datas]
    lengths = np.asarray([array.shape[0] * array.shape[1] for array in hidden])
    begins = np.cumsum(lengths) - lengths
    parts = [data for data in datas if isinstance(data, DocVectors) and data.is_part]
    if len(parts) == len(datas):
        batch = parts[0].batch
        if (
            len(batch) == lengths.sum()
            and all(part.batch is batch for part in parts)
            and [part.begin for part in parts] == begins.tolist()
        ):
            return batch, begins
    return ops.xp.concatenate([array.reshape(-1, array.shape[-1]) for array in hidden]), begins


def _pool(
    pooling: Model[Ragged, Floats2d], X: Floats2d, rows: Ints, lengths: Ints, is_train: bool
) -> tuple[Floats2d, Callable[[Floats2d], Floats2d]]:
    """Pool the rows of each word.

    X (n, width). rows: of the words, end to end. lengths (words,): how many each has → (words,
    width).
    """
    ops = pooling.ops
    xp: Any = ops.xp
    ends = np.cumsum(lengths)
    several = lengths > 1 if pooling._func in _PLAIN else np.ones(len(lengths), dtype=bool)
    # Only the words of several wordpieces are pooled; the vectors of the others are gathered.
    pooled = np.repeat(several, lengths)
    single = ~several & (lengths == 1)
    source = xp.asarray(rows[(ends - lengths)[single]])
    target = xp.asarray(np.flatnonzero(single))
    Y: Any = ops.alloc2f(len(lengths), X.shape[1])
    Y[target] = X[source]
    if several.any():
        parts, places = xp.asarray(rows[pooled]), xp.asarray(np.flatnonzero(several))
        counts: Any = xp.asarray(lengths[several], dtype="i")
        pieces = Ragged(cast(Any, X[parts]), counts)
        Y[places], backprop_pooling = pooling(pieces, is_train)

    def backprop(dY: Any) -> Floats2d:
        dX: Any = ops.alloc2f(*X.shape)
        # A wordpiece may be part of several words.
        ops.scatter_add(dX, source, dY[target])
        if several.any():
            ops.scatter_add(dX, parts, backprop_pooling(dY[places]).dataXd)
        return dX

    return Y, backprop


@registry.layers("spacy_seqtag.reduce_first.v1")
def reduce_first() -> Model[Ragged, Floats2d]:
    """Take the vector of each word's first wordpiece; zeros for a word without wordpieces, at
    which Thinc's `reduce_first.v1` fails. Its `reduce_mean.v1` takes the mean, and zeros, too.

    RETURNS: A model from the words' wordpieces, laid end to end, to (words, width).
    """
    return Model("reduce_first", _forward)


def _forward(
    model: Model[Ragged, Floats2d], X: Ragged, is_train: bool
) -> tuple[Floats2d, Callable[[Floats2d], Ragged]]:
    xp: Any = model.ops.xp
    data: Any = X.dataXd
    lengths = xp.asarray(X.lengths)
    words = xp.flatnonzero(lengths)
    firsts = (xp.cumsum(lengths) - lengths)[words]
    Y: Any = model.ops.alloc2f(len(lengths), data.shape[1])
    Y[words] = data[firsts]

    def backprop(dY: Any) -> Ragged:
        dX: Any = model.ops.alloc2f(*data.shape)
        dX[firsts] = dY[words]
        return Ragged(dX, X.lengths)

    return cast(Floats2d, Y), backprop


# Poolings by which the vector of a single wordpiece is that of its word, and of none is zero. Known
# by their functions: names are loaded with a pipeline, whose config may bring another layer.
_PLAIN = {
    _forward,
    *(
        layer()._func
        for layer in (reduce_mean, thinc_reduce_first, reduce_last, reduce_max, reduce_sum)
    ),
}
