"""Pooling of wordpieces."""

import numpy as np
import pytest
import spacy
from spacy.tokens import Doc
from spacy.training import Example
from spacy_transformers.data_classes import TransformerData
from spacy_transformers.layers import trfs2arrays
from thinc.api import Model, Ragged, reduce_last, reduce_max, reduce_mean, reduce_sum
from thinc.api import reduce_first as thinc_reduce_first
from transformers.modeling_outputs import BaseModelOutput

from spacy_seqtag.models.pooling import reduce_first, word_vectors

X = np.arange(12, dtype="f").reshape(6, 2) + 1

LENGTHS = np.asarray([0, 2, 1, 0, 3, 0], dtype="i")


def test_first_wordpiece_or_zeros():
    found, backprop = reduce_first()(Ragged(X, LENGTHS), True)
    np.testing.assert_array_equal(found, [[0, 0], X[0], X[2], [0, 0], X[3], [0, 0]])
    dY = np.arange(12, dtype="f").reshape(6, 2) + 20
    gradient = backprop(dY)
    np.testing.assert_array_equal(gradient.dataXd, [dY[1], [0, 0], dY[2], dY[4], [0, 0], [0, 0]])
    np.testing.assert_array_equal(gradient.lengths, LENGTHS)


def test_mean_of_nothing_is_zeros():
    """Thinc's mean, on which the configs rely."""
    found, backprop = reduce_mean()(Ragged(X, LENGTHS), True)
    np.testing.assert_allclose(found, [[0, 0], X[:2].mean(0), X[2], [0, 0], X[3:].mean(0), [0, 0]])
    assert np.isfinite(backprop(np.ones_like(found)).dataXd).all()


def test_no_wordpieces_at_all():
    empty = np.zeros((0, 2), dtype="f")
    found, backprop = reduce_first()(Ragged(empty, np.zeros(3, dtype="i")), True)
    np.testing.assert_array_equal(found, np.zeros((3, 2)))
    assert backprop(found).dataXd.shape == (0, 2)


def twice_the_mean():
    """A pooling that is none of Thinc's: also the vector of a single wordpiece changes."""
    mean = reduce_mean()

    def forward(model, X, is_train):
        Y, backprop = mean(X, is_train)
        return 2 * Y, lambda dY: backprop(2 * dY)

    return Model("twice_the_mean", forward)


@pytest.fixture
def encoded(tiny_bert, make_nlp):
    """What the encoder makes of two batches; words of no, one and several wordpieces."""
    nlp = make_nlp(tiny_bert, [])
    nlp.initialize()
    texts = [
        ["Anna", "\n", "incomprehensibilities", "sang", "\u200b"],
        [],
        ["\u200b", "\u200b"],
        ["He", "sang", "."],
        ["unbelievable", "it", "incomprehensibilities", "is", "it"],
    ]
    batches = []
    for words in (texts, texts[::-1]):
        docs = [Doc(nlp.vocab, words=own) for own in words]
        batches.append(nlp.get_pipe("transformer").model.predict(docs).doc_data)
    lengths = np.concatenate([data.align.lengths for data in batches[0]])
    assert set(np.minimum(lengths, 2)) == {0, 1, 2}
    return batches


def shared(width=4):
    """Wordpieces that are parts of two words, and in two windows, as of other encoders."""
    hidden = np.random.default_rng(5).normal(size=(2, 4, width)).astype("f")
    align = Ragged(
        np.asarray([0, 1, 1, 2, 5, 1, 6], dtype="i"), np.asarray([2, 3, 0, 1, 1], dtype="i")
    )
    return TransformerData(None, BaseModelOutput(last_hidden_state=hidden), align)


POOLINGS = [reduce_mean, reduce_sum, twice_the_mean, reduce_first]


@pytest.mark.parametrize("pooling", POOLINGS, ids=lambda pooling: pooling.__name__)
@pytest.mark.parametrize("which", ["batch", "part", "reversed", "both", "none", "shared"])
def test_same_vectors_and_gradients_as_spacy_transformers(encoded, pooling, which):
    first, second = encoded
    datas = {
        "batch": first,
        "part": first[1:4],
        "reversed": first[::-1],
        "both": [*first[2:], *second[:2], *first[:2]],
        "none": [first[1]],
        "shared": [shared(), shared()],
    }[which]
    if which == "none":
        found, backprop = word_vectors(pooling(), 0.5)(datas, True)
        assert [array.shape for array in found] == [(0, 0)]
        assert backprop(found) == []
        return
    generator = np.random.default_rng(0)
    expected, backprop_expected = trfs2arrays(pooling(), 0.5)(datas, True)
    found, backprop = word_vectors(pooling(), 0.5)(datas, True)
    assert len(found) == len(expected)
    for one, other in zip(found, expected):
        assert len(one) == len(other)
        if len(one):
            np.testing.assert_allclose(one, other, atol=1e-6)
    gradients = [generator.normal(size=array.shape).astype("f") for array in found]
    gradient = backprop([array.copy() for array in gradients])
    expected = backprop_expected(gradients)
    assert len(gradient) == len(expected) > 0
    for one, other in zip(gradient, expected):
        (one,), (other,) = one.tensors, other.tensors
        assert one.shape == other.shape
        assert np.abs(other).max() > 0 or not other.any()
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_pooling_is_known_by_what_it_does(encoded):
    """Not by its name, which comes from the saved pipeline, whatever its config says now."""
    mean, twice = word_vectors(reduce_mean(), 1.0), word_vectors(twice_the_mean(), 1.0)
    twice.from_bytes(mean.to_bytes())
    assert twice.layers[0].name == "reduce_mean"
    expected, _ = mean(encoded[0], False)
    found, _ = twice(encoded[0], False)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, 2 * other)


def test_vectors_put_in_the_place_of_the_encoders(encoded):
    datas = encoded[0]
    output = datas[0].model_output
    output.last_hidden_state = 3 * output.last_hidden_state
    expected, _ = trfs2arrays(reduce_mean(), 1.0)(datas, False)
    found, _ = word_vectors(reduce_mean(), 1.0)(datas, False)
    np.testing.assert_allclose(found[0], expected[0], atol=1e-6)


def test_vectors_of_another_library_are_an_error():
    with pytest.raises(ValueError, match=r"trf_data is a list.*TransformerModel"):
        word_vectors(reduce_mean(), 1.0)([[]], False)


@pytest.mark.parametrize(
    ("pooling", "expected"),
    [
        (thinc_reduce_first, lambda X: X[0]),
        (reduce_last, lambda X: X[-1]),
        (reduce_max, lambda X: X.max(axis=0)),
    ],
    ids=["first", "last", "max"],
)
def test_poolings_that_fail_at_words_without_wordpieces(encoded, pooling, expected):
    """They do not see them here."""
    (data, *_), _ = encoded
    found, _ = word_vectors(pooling(), 1.0)([data], False)
    hidden = data.model_output.last_hidden_state[0]
    ends = np.cumsum(data.align.lengths)
    for vector, length, end in zip(found[0], data.align.lengths, ends, strict=True):
        rows = hidden[data.align.dataXd[end - length : end]]
        np.testing.assert_array_equal(vector, expected(rows) if length else np.zeros_like(vector))


@pytest.mark.parametrize("words", [["Anna", "\n", "sang", "\u200b"]])
@pytest.mark.parametrize("architecture", ["spacy_seqtag", "spacy-transformers"])
def test_by_its_name_in_a_pipeline(tiny_bert, make_nlp, words, architecture):
    listener = {
        "@architectures": f"{architecture}.TransformerListener.v1",
        "pooling": {"@layers": "spacy_seqtag.reduce_first.v1"},
        "grad_factor": 1.0,
    }
    model = {"@architectures": "spacy_seqtag.SoftmaxTagger.v1", "tok2vec": listener}
    nlp = make_nlp(tiny_bert, {"seqtag_pos": {"model": model}})
    gold = spacy.tokens.Doc(nlp.vocab, words=words, pos=["PROPN", "SPACE", "VERB", "X"])
    examples = [Example(nlp.make_doc(gold.text), gold)]
    nlp.initialize(lambda: examples)
    assert np.isfinite(nlp.update(examples)["seqtag_pos"])
    assert all(token.pos_ for token in nlp(spacy.tokens.Doc(nlp.vocab, words=words)))
