"""The role layers: how pairs are divided, and what training holds of them."""

import numpy as np
import pytest
import spacy
import torch
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc
from thinc.api import Linear, Model, fix_random_seed

from spacy_seqtag.models import role_tagger
from spacy_seqtag.models.network import FusedLinear
from spacy_seqtag.models.role_tagger import (
    FusedRoleContext,
    Pairs,
    RoleContext,
    RoleScores,
    build_role_tagger,
)

N_TAGS, N_VECTOR = 7, 12


@given(st.lists(st.integers(1, 9), max_size=20), st.integers(0, 30))
def test_runs_are_as_long_as_the_bound_allows(lengths, max_pairs):
    numbers = np.arange(len(lengths))
    rolesets = np.arange(2 * len(lengths)).reshape(-1, 2)
    pairs = Pairs(numbers, 3 * numbers, 3 * numbers + np.asarray(lengths, dtype=int), rolesets)
    runs = list(pairs.runs(max_pairs))
    for name in ("predicates", "starts", "ends", "rolesets"):
        parts = [getattr(run, name) for run in runs]
        assert [row.tolist() for part in parts for row in part] == getattr(pairs, name).tolist()
    totals = [run.lengths.sum() for run in runs]
    assert all(t <= max_pairs or len(run.predicates) == 1 for t, run in zip(totals, runs))
    assert all(t + after.lengths[0] > max_pairs for t, after in zip(totals, runs[1:]))


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

    monkeypatch.setattr(role_tagger, "checkpoint", hold)
    held_roles, expected = step(docs, 20, 0.4)
    assert len(calls) > 1
    np.testing.assert_array_equal(roles, held_roles)
    for name, gradient in expected.items():
        np.testing.assert_array_equal(found[name], gradient)


def test_batches_read_the_words_of_their_pairs():
    """And the positions in what they read are those words again."""
    starts = np.asarray([0, 40, 40, 90, 5])
    lengths = np.asarray([10, 9, 12, 1, 10])
    pairs = Pairs(starts + lengths // 2, starts, starts + lengths, np.zeros((5, 0), dtype=int))
    words = np.concatenate([np.arange(s, s + n) for s, n in zip(starts, lengths)])
    predicate_of = np.repeat(pairs.predicates, lengths)
    for max_pairs in (1, 24, 1000):
        batches = list(role_tagger._batches(pairs, max_pairs))
        assert sorted(row for b in batches for row in b.rows.tolist()) == list(range(len(words)))
        for batch in batches:
            assert batch.read.tolist() == sorted(set(words[batch.rows].tolist()))
            real = batch.words >= 0
            numbers = batch.words[real]
            assert batch.read[numbers].tolist() == words[batch.rows].tolist()
            own = np.repeat(batch.predicates, real.sum(axis=1))
            assert batch.read[own].tolist() == predicate_of[batch.rows].tolist()
            # What tells the layers of distance.
            distances = words[batch.rows] - predicate_of[batch.rows]
            assert (numbers - own).tolist() == distances.tolist()


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


def test_rolesets_are_a_softmax_of_those_that_a_predicate_may_have():
    """Probabilities and gradients are those of a layer that computes all of them."""
    generator = np.random.default_rng(0)
    X = generator.normal(size=(4, 5)).astype("f")
    rolesets = np.asarray([[3, 0, -1], [1, -1, -1], [-1, -1, -1], [0, 4, 3]])
    d_probs = np.where(rolesets >= 0, generator.normal(size=rolesets.shape), 0).astype("f")
    layer = Linear(6, 5)
    layer.initialize()
    layer.set_param("b", generator.normal(size=6).astype("f"))
    probs, backprop = role_tagger._choose_rolesets(layer, X, rolesets)
    dX = backprop(d_probs)

    W, b, x = (
        torch.tensor(array, requires_grad=True)
        for array in (layer.get_param("W"), layer.get_param("b"), X)
    )
    logits = x @ W.T + b
    for row, own in enumerate(rolesets):
        own, there = own[own >= 0], own >= 0
        chosen = logits[row, own]
        expected = chosen.softmax(0).detach() if len(own) else 0
        np.testing.assert_allclose(probs[row][there], expected, rtol=1e-5)
        assert not probs[row][~there].any()
        (chosen * torch.from_numpy(d_probs[row][there])).sum().backward(retain_graph=True)
    for found, expected in zip((dX, layer.get_grad("W"), layer.get_grad("b")), (x, W, b)):
        np.testing.assert_allclose(found, expected.grad, atol=1e-5)


def test_no_predicates_and_no_rolesets():
    layer = Linear(6, 5)
    layer.initialize()
    for shape in ((0, 0), (0, 3), (2, 0)):
        X = np.ones((shape[0], 5), dtype="f")
        probs, backprop = role_tagger._choose_rolesets(layer, X, np.full(shape, -1))
        assert probs.shape == shape
        assert backprop(probs).shape == X.shape


@pytest.mark.parametrize("depth", [1, 2])
def test_fused_context_is_the_same_function(depth):
    """Stretches of all lengths, also of one word."""
    torch.manual_seed(0)
    context = RoleContext(24, 32, depth, 4, 0.1).eval()
    for name, weights in context.named_parameters():
        torch.nn.init.normal_(weights, 1.0 if "norm" in name and "weight" in name else 0.0, 0.3)
    X = torch.randn(90, 24)
    starts, lengths = torch.tensor([0, 10, 0, 50, 89]), torch.tensor([70, 33, 16, 5, 1])
    steps = torch.arange(70)
    words = torch.where(steps < lengths[:, None], starts[:, None] + steps, -1)
    predicates = starts + lengths // 2
    read = torch.randperm(90)
    with torch.no_grad():
        expected = context(X, read, words, predicates)
        assert expected.shape == (125, 32)
        assert expected.std(dim=0).mean() > 0.1
        for dtype, tolerance in ((torch.float32, 2e-5), (torch.bfloat16, 0.15)):
            found = FusedRoleContext(context, dtype)(X, read, words, predicates)
            assert found.dtype == dtype
            np.testing.assert_allclose(found.float(), expected, atol=tolerance)
