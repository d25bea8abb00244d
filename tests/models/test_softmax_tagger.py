"""The token tagger: softmax of linear, dropout, and an output layer that grows."""

import numpy as np
import pytest
from spacy.tokens import Doc
from spacy.vocab import Vocab
from thinc.api import Model, set_dropout_rate

from spacy_seqtag.models.output_layer import resize_output
from spacy_seqtag.models.softmax_tagger import build_softmax_tagger

WIDTH = 6


def make_docs():
    vocab = Vocab()
    sentences = (["a", "Bird", "sang"], [], ["once"])
    return [Doc(vocab, words=words) for words in sentences]


def vectors_of(doc, width):
    rows = [np.random.default_rng(len(word.text) + word.i).normal(size=width) for word in doc]
    return np.asarray(rows, dtype="f").reshape(len(rows), width if rows else 0)


def token_vectors(width=WIDTH):
    """Stands for an encoder: fixed vectors, without width for an empty Doc, as a listener's."""

    def forward(model, docs, is_train):
        def backprop(gradients):
            model.attrs["gradients"] = gradients
            return docs

        return [vectors_of(doc, width) for doc in docs], backprop

    return Model("token_vectors", forward, dims={"nO": width})


def make_tagger(n_classes=4, dropout=None, seed=0):
    """A tagger of random weights (they would begin as zeros)."""
    model = build_softmax_tagger(token_vectors(), dropout=dropout, nO=n_classes)
    model.initialize(X=make_docs())
    output = model.get_ref("output_layer")
    rng = np.random.default_rng(seed)
    output.set_param("W", rng.normal(size=(n_classes, WIDTH)).astype("f"))
    output.set_param("b", rng.normal(size=n_classes).astype("f"))
    return model


def softmax(logits):
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def test_probabilities_are_softmax_of_linear():
    model = make_tagger()
    docs = make_docs()
    output = model.get_ref("output_layer")
    found = model.predict(docs)
    assert [len(probs) for probs in found] == [len(doc) for doc in docs]
    for doc, probs in zip(docs, found):
        if len(doc):
            logits = vectors_of(doc, WIDTH) @ output.get_param("W").T + output.get_param("b")
            np.testing.assert_allclose(probs, softmax(logits), rtol=1e-5)
            assert probs.dtype == np.float32


def test_untrained_layer_prefers_no_class():
    model = build_softmax_tagger(token_vectors(), nO=5)
    model.initialize(X=make_docs())
    np.testing.assert_allclose(model.predict(make_docs())[0], 1 / 5, rtol=1e-6)


def test_number_of_classes_can_come_later():
    model = build_softmax_tagger(token_vectors())
    model.get_ref("output_layer").set_dim("nO", 7)
    model.initialize(X=make_docs())
    assert [probs.shape for probs in model.predict(make_docs()) if len(probs)] == [(3, 7), (1, 7)]


def is_dropping(model):
    """Whether two passes in training differ."""
    first, second = (model(make_docs(), True)[0][0] for _ in range(2))
    return not np.array_equal(first, second)


def test_dropout_follows_the_training_run():
    model = make_tagger(dropout=None)
    assert not is_dropping(model)
    set_dropout_rate(model, 0.5)
    assert is_dropping(model)
    set_dropout_rate(model, 0.0)
    assert not is_dropping(model)


def test_dropout_can_be_pinned():
    model = make_tagger(dropout=0.5)
    set_dropout_rate(model, 0.0)
    assert is_dropping(model)
    none = make_tagger(dropout=0.0)
    set_dropout_rate(none, 0.5)
    assert not is_dropping(none)


@pytest.mark.parametrize("seed", range(5))
def test_resize_keeps_what_was_learned(seed):
    model = make_tagger(4, seed=seed)
    before = np.vstack([probs for probs in model.predict(make_docs()) if len(probs)])
    resize_output(model, 6)
    after = np.vstack([probs for probs in model.predict(make_docs()) if len(probs)])
    assert after.shape == (len(before), 6)
    np.testing.assert_array_equal(after.argmax(axis=1), before.argmax(axis=1))
    # Among the old classes the probabilities keep their proportions.
    old = after[:, :4]
    np.testing.assert_allclose(old / old.sum(axis=1, keepdims=True), before, rtol=1e-4)


def test_resize_in_steps_is_resize_at_once():
    by_steps, at_once = make_tagger(2), make_tagger(2)
    # The second new class must not be pushed below the first one.
    resize_output(resize_output(by_steps, 3), 4)
    resize_output(at_once, 4)
    for model in (by_steps, at_once):
        new = model.predict(make_docs())[0][:, 2:]
        assert (new > 0).all()
    assert by_steps.get_ref("output_layer").get_dim("nO") == 4


def test_resize_to_the_same_size_changes_nothing():
    model = make_tagger(4)
    output = model.get_ref("output_layer")
    assert resize_output(model, 4).get_ref("output_layer") is output


def test_resize_before_initialisation():
    model = build_softmax_tagger(token_vectors())
    resize_output(model, 5)
    model.initialize(X=make_docs())
    assert model.predict(make_docs())[0].shape == (3, 5)


def test_resize_refuses_to_shrink():
    model = make_tagger(4)
    before = model.predict(make_docs())[0]
    with pytest.raises(ValueError, match="shrink"):
        resize_output(model, 3)
    np.testing.assert_array_equal(model.predict(make_docs())[0], before)


def test_resized_layer_is_the_one_that_learns():
    model = make_tagger(2)
    resize_output(model, 3)
    probs, backprop = model.begin_update(make_docs())
    backprop([p - np.eye(3, dtype="f")[[2] * len(p)] for p in probs])
    output = model.get_ref("output_layer")
    # Raising the new class at every word: its bias falls along the gradient, the others' rise.
    gradient = output.get_grad("b")
    assert gradient.shape == (3,)
    assert gradient[2] < 0 < gradient[:2].min()


def test_what_was_resized_can_be_saved(tmp_path):
    model = resize_output(make_tagger(4), 6)
    expected = model.predict(make_docs())
    model.to_disk(tmp_path / "model")
    for loaded in (
        build_softmax_tagger(token_vectors()).from_bytes(model.to_bytes()),
        build_softmax_tagger(token_vectors()).from_disk(tmp_path / "model"),
    ):
        for found, probs in zip(loaded.predict(make_docs()), expected):
            np.testing.assert_array_equal(found, probs)
        # What is loaded can grow again.
        assert resize_output(loaded, 8).predict(make_docs())[0].shape == (3, 8)
