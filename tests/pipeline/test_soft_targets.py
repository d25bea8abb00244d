"""The loss of soft labels beside brute force, and nothing new without them."""

import numpy as np
import pytest
from spacy.tokens import Doc
from spacy.training import Example
from thinc.api import NumpyOps

from spacy_seqtag.pipeline.loss import MISSING, SoftTargets, cross_entropy, soft_cross_entropy
from spacy_seqtag.schemes.soft_rows import SoftRows
from spacy_seqtag.soft_labels import SoftLabels, get_soft_labels, set_soft_labels, set_soft_weight

from .pos_and_ner import blank_copy

OPS = NumpyOps()


def softmax(logits):
    exp = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return exp / exp.sum(axis=-1, keepdims=True)


def brute_force(logits, rows, shares, weights):
    """The weighted sum of the cross-entropies, one row and class at a time."""
    total = 0.0
    for row, share, weight in zip(rows, shares, weights, strict=True):
        log_probs = logits[row] - np.log(np.exp(logits[row]).sum())
        total -= weight * sum(q * p for q, p in zip(share, log_probs, strict=True))
    return total


def numeric_gradient(function, logits, step=1e-5):
    result = np.zeros_like(logits)
    for at in np.ndindex(*logits.shape):
        up, down = logits.copy(), logits.copy()
        up[at] += step
        down[at] -= step
        result[at] = (function(up) - function(down)) / (2 * step)
    return result


def test_loss_and_gradient_by_brute_force():
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (7, 5))
    rows = np.asarray([5, 0, 3])
    shares = rng.dirichlet([0.5] * 5, 3)
    weights = np.asarray([1.0, 0.5, 2.5])
    soft = SoftTargets(rows, shares.astype("f"), weights.astype("f"))
    loss, weight, gradient = soft_cross_entropy(OPS, softmax(logits).astype("f"), soft)
    assert loss == pytest.approx(brute_force(logits, rows, shares, weights), rel=1e-5)
    assert weight == pytest.approx(4.0)
    numeric = numeric_gradient(lambda x: brute_force(x, rows, shares, weights), logits)
    np.testing.assert_allclose(gradient, numeric[rows], atol=1e-5)


def test_a_certain_distribution_is_a_class():
    probs = softmax(np.random.default_rng(1).normal(0, 1, (4, 3))).astype("f")
    gold = np.asarray([2, 0, 1, 1])
    loss, gradient = cross_entropy(OPS, probs, gold)
    soft = SoftTargets(np.arange(4), np.eye(3, dtype="f")[gold], np.ones(4, dtype="f"))
    total, weight, own = soft_cross_entropy(OPS, probs, soft)
    assert total / weight == pytest.approx(loss, rel=1e-6)
    np.testing.assert_array_equal(own, gradient)


@pytest.fixture
def case(untrained, task, mini_docs):
    """A component with labels, three gold Docs as Examples, and random logits."""
    golds = mini_docs(untrained.vocab, n=3)
    pipe = untrained.get_pipe(task)
    labels = {"seqtag_pos": {t.pos_ for d in golds for t in d}, "seqtag_ner": {"PER", "LOC", "ORG"}}
    for label in sorted(
        labels[task] | {e.label_ for d in golds for e in d.ents if "n" in task[7:]}
    ):
        pipe.add_label(label)
    rng = np.random.default_rng(0)
    logits = [rng.normal(0, 1, (len(gold), len(pipe.classes))) for gold in golds]
    return pipe, golds, logits


def examples_of(golds):
    return [Example(blank_copy(gold), gold) for gold in golds]


def soften(pipe, doc, seed=0):
    """Give a Doc soft labels drawn at random, of which those of the first token are not known."""
    shares = np.random.default_rng(seed).dirichlet([0.3] * len(pipe.classes), len(doc)).astype("f")
    shares[0] = np.nan
    rows = SoftRows.from_dense(shares, list(pipe.classes))
    set_soft_labels(doc, SoftLabels({pipe.soft_layer: rows}))


def shares_of(pipe, doc):
    columns = {name: i for i, name in enumerate(pipe.classes)}
    return get_soft_labels(doc).layers[pipe.soft_layer].dense(columns, len(columns))


def probs_of(logits):
    return [softmax(x).astype("f") for x in logits]


def test_nothing_new_without_soft_labels(case):
    """To the last bit the loss of before: one cross-entropy over the batch."""
    pipe, golds, logits = case
    examples, probs = examples_of(golds), probs_of(logits)
    loss, gradient = pipe.get_loss(examples, probs)
    gold = np.concatenate([pipe.encode(eg) for eg in examples])
    expected, d_expected = cross_entropy(OPS, np.vstack(probs), gold)
    assert loss == expected
    np.testing.assert_array_equal(np.vstack(gradient), d_expected)


@pytest.mark.parametrize("weight", [1.0, 0.25])
def test_soft_and_certain_docs_in_one_batch(case, weight):
    pipe, golds, logits = case
    soften(pipe, golds[1])
    set_soft_weight(golds[1], weight)
    examples = examples_of(golds)
    loss, gradient = pipe.get_loss(examples, probs_of(logits))

    def total(flat):
        n, result, weights = 0, 0.0, 0.0
        for i, example in enumerate(examples):
            own = flat[n : n + len(example.predicted)]
            n += len(own)
            if i == 1:
                shares = shares_of(pipe, golds[1])
                known = np.flatnonzero(shares.any(axis=1))
                result += brute_force(own, known, shares[known], [weight] * len(known))
                weights += weight * len(known)
            else:
                classes = pipe.encode(example)
                known = np.flatnonzero(classes != MISSING)
                one_hot = np.eye(own.shape[1])[classes[known]]
                result += brute_force(own, known, one_hot, [1.0] * len(known))
                weights += len(known)
        return result, weights

    flat = np.vstack(logits)
    expected, weights = total(flat)
    assert loss == pytest.approx(expected / weights, rel=1e-4)
    numeric = numeric_gradient(lambda x: total(x)[0], flat)
    np.testing.assert_allclose(np.vstack(gradient), numeric, atol=1e-4)
    assert not gradient[1][0].any()  # not known


def test_certain_docs_with_a_weight(case):
    pipe, golds, logits = case
    examples, probs = examples_of(golds), probs_of(logits)
    _, before = pipe.get_loss(examples, probs)
    set_soft_weight(golds[2], 0.5)
    _, after = pipe.get_loss(examples, probs)
    np.testing.assert_array_equal(after[0], before[0])
    np.testing.assert_allclose(after[2], before[2] * 0.5, rtol=1e-6)


def test_labels_of_teachers_become_labels(case, make_nlp, tiny_bert, task):
    pipe, golds, _ = case
    soften(pipe, golds[0])
    found = set(pipe.find_soft_labels(golds[0]))
    assert found
    new = make_nlp(tiny_bert, [task])
    new.initialize(lambda: examples_of(golds))
    assert found <= set(new.get_pipe(task).labels)


def test_unknown_labels_are_named(case, task):
    pipe, golds, logits = case
    rows = SoftRows.from_dense(np.ones((len(golds[0]), 1), dtype="f"), ["B-XYZ"])
    set_soft_labels(golds[0], SoftLabels({pipe.soft_layer: rows}))
    with pytest.raises(ValueError, match=r"XYZ.*not among the component's"):
        pipe.get_loss(examples_of(golds), probs_of(logits))


def test_other_tokens(untrained):
    """Each token that both have gets its target, the others none."""
    pipe = untrained.get_pipe("seqtag_pos")
    for label in ("NOUN", "VERB"):
        pipe.add_label(label)
    vocab = untrained.vocab
    gold = Doc(vocab, words=["New", "York", "sleeps"])
    shares = np.asarray([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7]], dtype="f")
    set_soft_labels(gold, SoftLabels({"pos": SoftRows.from_dense(shares, ["NOUN", "VERB"])}))
    example = Example(Doc(vocab, words=["New York", "sleeps"]), gold)
    probs = np.full((2, 2), 0.5, dtype="f")
    _, (gradient,) = pipe.get_loss([example], [probs])
    np.testing.assert_allclose(gradient, [[0, 0], [0.2, -0.2]], atol=1e-3)
