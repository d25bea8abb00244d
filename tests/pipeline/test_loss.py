"""The loss of token taggers and its gradient, by hand; what is not annotated is not learned."""

import numpy as np
import pytest
from spacy.tokens import Doc, Span
from spacy.training import Example
from thinc.api import Adam

from .pos_and_ner import (
    all_probabilities,
    assert_same,
    blank_copy,
)


def loss_case(nlp, task, seed=0):
    """A component with labels, examples with all kinds of missing annotation, random logits, and
    by hand: the class of each token, -1 for none."""
    pipe = nlp.get_pipe(task)
    for label in {"seqtag_pos": ["NOUN", "VERB", "DET"], "seqtag_ner": ["PER", "LOC"]}[task]:
        pipe.add_label(label)
    vocab = nlp.vocab
    golds, predicted, classes = [], [], []

    # A Doc with some tokens unannotated.
    words = ["Ann", "Lee", "saw", "the", "old", "Rome"]
    pos = ["NOUN", "", "VERB", "DET", "", "NOUN"]
    gold = Doc(vocab, words=words, pos=pos)
    per = Span(gold, 0, 2, label="PER")
    gold.set_ents([per], missing=[gold[3:5]], default="outside")
    golds.append(gold)
    predicted.append(Doc(vocab, words=words))
    classes += {
        "seqtag_pos": [0, -1, 1, 2, -1, 0],
        # O, B-PER, I-PER, B-LOC, I-LOC
        "seqtag_ner": [1, 2, 0, -1, -1, 0],
    }[task]

    golds.append(Doc(vocab))
    predicted.append(Doc(vocab))

    # Tokens that do not align: "Rome-born" is one word, of two classes.
    gold = Doc(
        vocab,
        words=["the", "Rome", "-born", "saw", "Bar", "i"],
        spaces=[True, False, True, True, False, False],
        pos=["DET", "NOUN", "VERB", "VERB", "NOUN", "NOUN"],
        ents=["O", "B-LOC", "O", "O", "B-LOC", "I-LOC"],
    )
    golds.append(gold)
    predicted.append(Doc(vocab, words=["the", "Rome-born", "saw", "Bari"]))
    classes += {"seqtag_pos": [2, -1, 1, 0], "seqtag_ner": [0, -1, 0, 3]}[task]

    # A Doc without the annotation.
    golds.append(Doc(vocab, words=["saw", "Rome"]))
    predicted.append(Doc(vocab, words=["saw", "Rome"]))
    classes += [-1, -1]

    examples = [Example(doc, gold) for doc, gold in zip(predicted, golds)]
    rng = np.random.default_rng(seed)
    logits = [rng.normal(0, 2, (len(doc), len(pipe.classes))) for doc in predicted]
    return pipe, examples, logits, classes


def softmax(logits):
    e = np.exp(logits - logits.max(axis=-1, keepdims=True, initial=-np.inf))
    return (e / e.sum(axis=-1, keepdims=True)).astype("f")


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.9])
def test_loss_by_hand(untrained, task, smoothing):
    pipe, examples, logits, classes = loss_case(untrained, task)
    pipe.cfg["label_smoothing"] = smoothing
    probs = [softmax(rows) for rows in logits]
    loss, gradient = pipe.get_loss(examples, probs)
    n_classes = len(pipe.classes)
    by_hand = []
    for row, gold, d_row in zip(np.vstack(probs), classes, np.vstack(gradient), strict=True):
        if gold == -1:
            assert not d_row.any()
            continue
        target = [smoothing / n_classes] * n_classes
        target[gold] += 1 - smoothing
        by_hand.append(-sum(t * np.log(p) for t, p in zip(target, row)))
        np.testing.assert_allclose(d_row, row - target, atol=1e-6)
    assert loss == pytest.approx(np.mean(by_hand), rel=1e-4)
    assert [d.shape for d in gradient] == [p.shape for p in probs]
    assert all(d.dtype == np.float32 for d in gradient)


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_gradient_is_that_of_the_summed_loss(untrained, task, smoothing):
    pipe, examples, logits, classes = loss_case(untrained, task, seed=1)
    pipe.cfg["label_smoothing"] = smoothing
    n_labelled = sum(gold != -1 for gold in classes)

    def summed_loss():
        return n_labelled * pipe.get_loss(examples, [softmax(rows) for rows in logits])[0]

    _, gradient = pipe.get_loss(examples, [softmax(rows) for rows in logits])
    step = 0.02
    for rows, d_rows in zip(logits, gradient):
        for at in np.ndindex(*rows.shape):
            rows[at] += step
            above = summed_loss()
            rows[at] -= 2 * step
            below = summed_loss()
            rows[at] += step
            assert d_rows[at] == pytest.approx((above - below) / (2 * step), abs=2e-3)


def test_loss_of_a_certain_mistake_is_finite(untrained, task):
    pipe, examples, logits, _ = loss_case(untrained, task)
    loss, gradient = pipe.get_loss(examples, [softmax(rows * 1e4) for rows in logits])
    assert np.isfinite(loss)
    assert np.isfinite(np.vstack(gradient)).all()
    assert loss > 1


def test_nothing_labelled_gives_no_loss_and_no_gradient(trained, task, mini_docs):
    golds = [blank_copy(gold) for gold in mini_docs(trained.vocab, n=3)]
    examples = [Example(blank_copy(gold), gold) for gold in golds]
    pipe = trained.get_pipe(task)
    probs = all_probabilities(trained, golds)[task]
    loss, gradient = pipe.get_loss(examples, probs)
    assert loss == 0.0
    assert not np.vstack(gradient).any()
    before = all_probabilities(trained, golds)
    losses = trained.update(examples, sgd=Adam(0.1, L2=0.0))
    assert losses[task] == 0.0
    assert_same(all_probabilities(trained, golds), before)


@pytest.mark.parametrize("n", [1, 7])
def test_reported_loss_is_the_mean_a_token(tiny_bert, make_nlp, mini_examples, task, n):
    """An untrained output layer gives every class the same probability."""
    nlp = make_nlp(tiny_bert, {task: {"label_smoothing": 0.1}})
    examples = mini_examples(nlp)
    nlp.initialize(lambda: examples)
    losses = nlp.update(examples[:n], sgd=False)
    assert losses[task] == pytest.approx(np.log(len(nlp.get_pipe(task).classes)), rel=1e-4)
    # Losses of one run add up.
    nlp.update(examples[:n], sgd=False, losses=losses)
    assert losses[task] == pytest.approx(2 * np.log(len(nlp.get_pipe(task).classes)), rel=1e-4)


@pytest.mark.parametrize("smoothing", [-0.1, 1.0])
def test_impossible_label_smoothing(tiny_bert, make_nlp, task, smoothing):
    with pytest.raises(ValueError, match="label_smoothing"):
        make_nlp(tiny_bert, {task: {"label_smoothing": smoothing}})
