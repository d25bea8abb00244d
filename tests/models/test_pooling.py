"""Pooling of wordpieces."""

import numpy as np
import pytest
import spacy
from spacy.training import Example
from thinc.api import Ragged, reduce_mean

from spacy_seqtag.models.pooling import reduce_first

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


@pytest.mark.parametrize("words", [["Anna", "\n", "sang", "\u200b"]])
def test_by_its_name_in_a_pipeline(tiny_bert, make_nlp, words):
    listener = {
        "@architectures": "spacy-transformers.TransformerListener.v1",
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
