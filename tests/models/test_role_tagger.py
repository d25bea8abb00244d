"""The role layers: what several batches of pairs learn, and what training holds of them."""

import numpy as np
import pytest
import spacy
import torch
from spacy.tokens import Doc
from thinc.api import Model, fix_random_seed

from spacy_seqtag.models.network import role_context
from spacy_seqtag.models.network.fused import FusedLinear
from spacy_seqtag.models.role_pairs import Pairs, RoleScores
from spacy_seqtag.models.role_tagger import build_role_tagger

N_TAGS, N_VECTOR = 7, 12


@pytest.fixture
def docs():
    vocab = spacy.blank("en").vocab
    return [Doc(vocab, words=["w"] * n) for n in (10, 6, 9)]


def choose(docs, probs):
    """Predicates with stretches of several lengths."""
    predicates, starts, ends = np.asarray(
        [(2, 0, 10), (5, 0, 10), (9, 4, 10), (12, 10, 16), (20, 16, 25), (23, 18, 25)]
    ).T
    return Pairs(predicates, starts, ends, np.tile(np.arange(3), (len(starts), 1)))


def make(docs, max_pairs, dropout):
    """A model on fixed vectors; the gradient that comes to them is appended to the list."""
    arrived = []

    def forward(model, docs, is_train):
        generator = np.random.default_rng(0)
        vectors = [generator.normal(size=(len(doc), N_VECTOR)).astype("f") for doc in docs]
        return vectors, lambda d_vectors: arrived.append(np.concatenate(d_vectors))

    fix_random_seed(0)
    settings = {"width": 16, "depth": 2, "heads": 2, "precision": "float32", "nO": N_TAGS}
    tok2vec = Model("vectors", forward, dims={"nO": N_VECTOR})
    model = build_role_tagger(tok2vec, dropout=dropout, max_pairs=max_pairs, **settings)
    model.get_ref("roleset_layer").set_dim("nO", 3)
    model.initialize(X=docs)
    # It begins at zero, and would give the role layers no gradient.
    weights = np.random.default_rng(1).normal(size=(N_TAGS, 16)).astype("f")
    model.get_ref("output_layer").set_param("W", weights)
    return model, arrived


def step(docs, max_pairs, dropout):
    """Role probabilities of a training step and the gradients it leaves: of the token vectors,
    and of the weights of the role layers by name."""
    model, arrived = make(docs, max_pairs, dropout)
    fix_random_seed(2)
    scores, backprop = model.begin_update((docs, choose))
    gradient = np.random.default_rng(3).normal(size=scores.roles.shape).astype("f")
    nothing = np.zeros_like(scores.predicates), np.zeros_like(scores.rolesets)
    backprop(RoleScores(*nothing, gradient, scores.pairs))
    module = model.get_ref("role_context").shims[0]._model
    result = {name: p.grad.numpy().copy() for name, p in module.named_parameters()}
    (result["vectors"],) = arrived
    return scores.roles, result


def test_several_batches_learn_what_one_does(docs):
    roles, expected = step(docs, 1000, 0.0)
    assert all(np.abs(gradient).max() > 1e-4 for gradient in expected.values())
    for max_pairs in (1, 20):
        parts, found = step(docs, max_pairs, 0.0)
        np.testing.assert_allclose(parts, roles, atol=1e-5)
        for name, gradient in expected.items():
            np.testing.assert_allclose(found[name], gradient, atol=1e-4, rtol=1e-4)


def test_what_is_computed_again_is_the_same(docs, monkeypatch):
    """With dropout, too, whose pattern has to come again."""
    roles, found = step(docs, 20, 0.4)
    calls = []

    def hold(function, *args, use_reentrant):
        calls.append(function)
        return function(*args)

    monkeypatch.setattr(role_context, "checkpoint", hold)
    held_roles, expected = step(docs, 20, 0.4)
    assert len(calls) > 1
    np.testing.assert_array_equal(roles, held_roles)
    for name, gradient in expected.items():
        np.testing.assert_array_equal(found[name], gradient)


def rows_computed(n_words, max_pairs=200):
    """Rows that go through linear layers when a Doc of a predicate every tenth word is read."""

    def stretches(docs, probs):
        at = np.arange(0, n_words, 10)
        ends = np.minimum(at + 16, n_words)
        return Pairs(at, np.maximum(at - 15, 0), ends, np.zeros((len(at), 0), dtype=int))

    doc = Doc(spacy.blank("en").vocab, words=["w"] * n_words)
    model, _ = make([doc], max_pairs, 0.1)
    rows = []

    def count(module, inputs):
        if isinstance(module, FusedLinear | torch.nn.Linear):
            rows.append(inputs[0].shape[:-1].numel())

    hook = torch.nn.modules.module.register_module_forward_pre_hook(count)
    try:
        model.predict(([doc], stretches))
    finally:
        hook.remove()
    return sum(rows)


def test_work_grows_with_the_length_of_a_doc():
    short, long = rows_computed(1000), rows_computed(8000)
    assert 0 < short < long < 8.5 * short


def held(docs, max_pairs):
    """How many numbers PyTorch holds for the gradient of a training step."""
    tensors = {}

    def hold(tensor):
        tensors[tensor.data_ptr()] = tensor  # all batches share the token vectors
        return tensor

    model, _ = make(docs, max_pairs, 0.1)
    with torch.autograd.graph.saved_tensors_hooks(hold, lambda tensor: tensor):
        model.begin_update((docs, choose))
    return sum(tensor.numel() for tensor in tensors.values())


def test_several_batches_hold_no_activations(docs):
    vectors = sum(map(len, docs)) * N_VECTOR
    n_pairs = int(choose(docs, None).lengths.sum())
    assert held(docs, 1000) > vectors + 2 * 16 * n_pairs  # more than two vectors a pair
    assert held(docs, 20) < vectors + 2 * n_pairs
