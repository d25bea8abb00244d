"""Modules within Thinc: which one computes, scaled gradients, pickles."""

import pickle

import numpy as np
import pytest
import spacy
import torch
from thinc.api import Adam

from spacy_seqtag.models.encoder_shim import EncoderShim

from .encoders import NO_DROPOUT, encoder_nlp, gradients, plain_docs, vectors


def test_float16(tiny_bert, doc, mini_examples):
    nlp = encoder_nlp(tiny_bert, precision="float16")
    full = vectors(encoder_nlp(tiny_bert, precision="float32"), doc)
    assert 0 < np.abs(vectors(nlp, doc) - full).max() < 0.02
    nlp.add_pipe("seqtag_pos")
    examples = mini_examples(nlp, 2)
    nlp.initialize(lambda: examples)
    with pytest.raises(ValueError, match="trains on a GPU only"):
        nlp.update(examples)


class Scaler:
    """As Thinc's, which refuses tensors that are not on a GPU."""

    _enabled, found_inf = True, False

    def __init__(self, **settings):
        pass

    def to_(self, device):
        pass

    def scale(self, tensors, inplace=False):
        return [tensor * 1024 for tensor in tensors]

    def unscale(self, tensors):
        for tensor in tensors:
            tensor /= 1024
        return False


def test_scaled_gradients_add_up(tiny_bert, mini, monkeypatch):
    """Two backward passes before the weights are updated, with gradients scaled for float16."""
    docs = plain_docs(mini, 4)
    d_vectors = np.random.default_rng(0).normal(size=(sum(map(len, docs)), 32))
    expected = gradients(encoder_nlp(tiny_bert, transformer_config=NO_DROPOUT), docs, d_vectors)
    monkeypatch.setattr(EncoderShim, "_scale_gradients", lambda self: None)
    nlp = encoder_nlp(tiny_bert, precision="float16", transformer_config=NO_DROPOUT)
    nlp.get_pipe("transformer").model.shim._grad_scaler = Scaler()
    gradients(nlp, docs, d_vectors)
    found = gradients(nlp, docs, d_vectors)
    largest = max(np.abs(array).max() for array in expected.values())
    for name, array in found.items():
        np.testing.assert_allclose(array, 2 * expected[name], atol=0.05 * largest, err_msg=name)


class Amplified(torch.nn.Module):
    """An adapter: it has the weights of what it stands for, as those of LoRA do."""

    def __init__(self, layer):
        super().__init__()
        self.layer, self.weight, self.bias = layer, layer.weight, layer.bias

    def forward(self, X):
        return 30 * self.layer(X)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_what_was_put_into_the_network_annotates(tiny_bert, doc, precision):
    """An adapter in the place of a layer, and a hook."""
    expected = vectors(encoder_nlp(tiny_bert, precision=precision), doc)
    layers = []
    for change in ("adapter", "hook"):
        nlp = encoder_nlp(tiny_bert, precision=precision)
        layer = nlp.get_pipe("transformer").model.transformer.encoder.layer[0]
        if change == "adapter":
            layer.output.dense = Amplified(layer.output.dense)
        else:
            layer.output.dense.register_forward_hook(lambda module, args, output: 30 * output)
        layers.append(vectors(nlp, doc))
        assert np.abs(layers[-1] - expected).max() > 0.1
    np.testing.assert_array_equal(*layers)


def test_reduced_weights_follow_the_weights(tagger, mini_examples, doc):
    """What annotates in bfloat16 is what training has made, and averages while in their place."""
    shim = tagger.get_pipe("transformer").model.shim
    shim.precision = "bfloat16"
    before = vectors(tagger, doc)
    assert {p.dtype for p in shim._model.parameters()} == {torch.float32}
    sgd = Adam(0.05, use_averages=True)
    examples = mini_examples(tagger, 5)
    for _ in range(2):
        tagger.update(examples, sgd=sgd)
    after = vectors(tagger, doc)
    with tagger.use_params(sgd.averages):
        averaged = vectors(tagger, doc)
    assert np.abs(after - before).max() > 0.01
    assert np.abs(averaged - after).max() > 0
    np.testing.assert_array_equal(vectors(tagger, doc), after)
    again = spacy.blank("en").from_config(tagger.config).from_bytes(tagger.to_bytes())
    again.get_pipe("transformer").model.shim.precision = "bfloat16"
    np.testing.assert_array_equal(vectors(again, doc), after)
    assert len(tagger.to_bytes()) < len(again.to_bytes()) * 1.01


def test_pickles_leave_the_reduced_copy_out(tiny_bert, doc):
    nlp = encoder_nlp(tiny_bert, precision="bfloat16")
    before = len(pickle.dumps(nlp))
    expected = vectors(nlp, doc)
    assert len(pickle.dumps(nlp)) < before + 1000
    np.testing.assert_array_equal(vectors(pickle.loads(pickle.dumps(nlp)), doc), expected)


def test_threads_share_a_pipeline(tiny_bert, doc):
    """Predicting leaves the network without dropout for whoever predicts beside it."""
    # Attention that is not fused, so that it is the network itself that predicts.
    eager = {"attn_implementation": "eager"}
    nlp = encoder_nlp(tiny_bert, precision="float32", transformer_config=eager)
    shim = nlp.get_pipe("transformer").model.shim
    vectors(nlp, doc)
    modes = []
    shim._model.register_forward_hook(lambda module, *_: modes.append(module.training))
    vectors(nlp, doc)
    assert modes == [False]
    assert not shim._model.training
    nlp.get_pipe("transformer").model.begin_update([doc])
    assert modes[-1] is True
