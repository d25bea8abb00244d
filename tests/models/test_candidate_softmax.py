"""A softmax over the few classes that each row may have."""

import numpy as np
import torch
from thinc.api import Linear

from spacy_seqtag.models.candidate_softmax import candidate_softmax


def test_softmax_of_the_classes_that_a_row_may_have():
    """Probabilities and gradients are those of a layer that computes all of them."""
    generator = np.random.default_rng(0)
    X = generator.normal(size=(4, 5)).astype("f")
    candidates = np.asarray([[3, 0, -1], [1, -1, -1], [-1, -1, -1], [0, 4, 3]])
    d_probs = np.where(candidates >= 0, generator.normal(size=candidates.shape), 0).astype("f")
    layer = Linear(6, 5)
    layer.initialize()
    layer.set_param("b", generator.normal(size=6).astype("f"))
    probs, backprop = candidate_softmax(layer, X, candidates)
    dX = backprop(d_probs)

    W, b, x = (
        torch.tensor(array, requires_grad=True)
        for array in (layer.get_param("W"), layer.get_param("b"), X)
    )
    logits = x @ W.T + b
    for row, own in enumerate(candidates):
        own, there = own[own >= 0], own >= 0
        chosen = logits[row, own]
        expected = chosen.softmax(0).detach() if len(own) else 0
        np.testing.assert_allclose(probs[row][there], expected, rtol=1e-5)
        assert not probs[row][~there].any()
        (chosen * torch.from_numpy(d_probs[row][there])).sum().backward(retain_graph=True)
    for found, expected in zip((dX, layer.get_grad("W"), layer.get_grad("b")), (x, W, b)):
        np.testing.assert_allclose(found, expected.grad, atol=1e-5)


def test_no_rows_and_no_candidates():
    layer = Linear(6, 5)
    layer.initialize()
    for shape in ((0, 0), (0, 3), (2, 0)):
        X = np.ones((shape[0], 5), dtype="f")
        probs, backprop = candidate_softmax(layer, X, np.full(shape, -1))
        assert probs.shape == shape
        assert backprop(probs).shape == X.shape
