"""Several components on one encoder: gradients, frozen and annotating components, averages."""

import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.training import Example
from thinc.api import Adam, fix_random_seed

from spacy_seqtag.training.resume.snapshot import take_snapshot

from .pos_and_ner import (
    TASKS,
    all_probabilities,
    annotation,
    assert_same,
    blank_copy,
    gold_labels,
)


def test_replaced_listener_is_saved(trained, mini_docs, tmp_path):
    trained.replace_listeners("transformer", "seqtag_pos", ["model.tok2vec"])
    docs = mini_docs(trained.vocab, "dev", 5)
    expected = all_probabilities(trained, docs)
    trained.to_disk(tmp_path / "nlp")
    assert_same(all_probabilities(spacy.load(tmp_path / "nlp"), docs), expected)


def encoder_weights(nlp):
    parameters = nlp.get_pipe("transformer").model.transformer.parameters()
    return [parameter.detach().numpy().copy() for parameter in parameters]


def have_moved(before, after):
    return any(not np.array_equal(a, b) for a, b in zip(before, after, strict=True))


def test_frozen_component(trained, mini_docs, train, task):
    """With its own copy of the encoder (spaCy's way), it predicts the same ever after."""
    (other,) = set(TASKS) - {task}
    golds = mini_docs(trained.vocab, "dev", 10)
    docs = [blank_copy(gold) for gold in golds]
    trained.replace_listeners("transformer", task, ["model.tok2vec"])
    frozen = trained.get_pipe(task).predict(docs)
    before = encoder_weights(trained)
    known = trained.get_pipe(other).labels
    examples = [
        Example(blank_copy(gold), gold) for gold in golds if gold_labels(other, [gold]) <= {*known}
    ]
    assert examples
    losses = train(trained, examples, 3, exclude=[task])
    assert task not in losses
    assert losses[other] > 0
    assert have_moved(before, encoder_weights(trained))
    for probs, expected in zip(trained.get_pipe(task).predict(docs), frozen, strict=True):
        np.testing.assert_array_equal(probs, expected)


class Recorder:
    """A component that notes in training what the ones before it have annotated."""

    def __init__(self):
        self.seen = []

    def __call__(self, doc):
        return doc

    def update(self, examples, **kwargs):
        self.seen = [example.predicted.copy() for example in examples]


@Language.factory("test_recorder")
def make_recorder(nlp, name):
    return Recorder()


def test_annotating_component(trained, mini_examples, task):
    trained.add_pipe("test_recorder", last=True)
    recorder = trained.get_pipe("test_recorder")
    examples = mini_examples(trained)
    trained.update(examples, sgd=False)
    assert not any(token.pos or token.ent_iob for doc in recorder.seen for token in doc)
    trained.update(examples, sgd=False, annotates=["transformer", task])
    expected = [annotation(task, example.reference) for example in examples]
    assert [annotation(task, doc) for doc in recorder.seen] == expected


# Several components on one encoder


@pytest.fixture
def two_layers(tiny_bert, make_nlp, mini_examples, train):
    nlp = make_nlp(tiny_bert, {"seqtag_pos:a": {}, "seqtag_pos:b": {"layer": "tag"}})
    examples = mini_examples(nlp)
    nlp.initialize(lambda: examples)
    # The output layers begin at zero, and until they have moved the encoder gets no gradient.
    train(nlp, examples, 5)
    return nlp, examples


def without(examples, attribute):
    """Examples whose references lack an attribute."""
    pairs = []
    for example in examples:
        gold = example.reference.copy()
        gold.from_array([attribute], np.zeros((len(gold),), dtype="uint64"))
        pairs.append(Example(blank_copy(gold), gold))
    return pairs


def encoder_gradients(nlp, examples):
    """Gradients of the encoder's weights from one update, with the same dropout each time."""
    model = nlp.get_pipe("transformer").model
    model.transformer.zero_grad()
    fix_random_seed(0)
    nlp.update(examples, sgd=False)
    return [
        np.zeros(tuple(p.shape)) if p.grad is None else p.grad.numpy().copy()
        for p in model.transformer.parameters()
    ]


def test_encoder_gets_the_sum_of_the_gradients(two_layers):
    nlp, examples = two_layers
    both = encoder_gradients(nlp, [Example(blank_copy(e.reference), e.reference) for e in examples])
    pos_only = encoder_gradients(nlp, without(examples, "TAG"))
    tag_only = encoder_gradients(nlp, without(examples, "POS"))
    for gradients in (pos_only, tag_only):
        assert any(np.abs(gradient).max() > 1e-3 for gradient in gradients)
    for total, first, second in zip(both, pos_only, tag_only, strict=True):
        np.testing.assert_allclose(total, first + second, atol=1e-4, rtol=1e-3)


@pytest.mark.parametrize("attribute", ["POS", "TAG"])
def test_encoder_learns_from_either_component(two_layers, train, attribute):
    nlp, examples = two_layers
    before = encoder_weights(nlp)
    train(nlp, without(examples, attribute), 1)
    assert have_moved(before, encoder_weights(nlp))


def test_averaged_weights(tiny_bert, make_nlp, mini_examples, train, tmp_path):
    nlp = make_nlp(tiny_bert)
    examples = mini_examples(nlp)
    nlp.initialize(lambda: examples)
    sgd = Adam(0.005, L2=0.0, use_averages=True)
    train(nlp, examples, 10, sgd=sgd)
    docs = [example.reference for example in examples[:3]]
    last = all_probabilities(nlp, docs)
    with nlp.use_params(sgd.averages):
        averaged = all_probabilities(nlp, docs)
        nlp.to_disk(tmp_path / "averaged")
    for task in TASKS:
        assert not np.array_equal(averaged[task][0], last[task][0])
    assert_same(all_probabilities(nlp, docs), last)
    assert_same(all_probabilities(spacy.load(tmp_path / "averaged"), docs), averaged)


def test_evaluation_of_a_trained_pipeline(trained, mini_examples):
    scores = trained.evaluate(mini_examples(trained))
    assert scores["pos_acc"] == 1.0
    assert scores["ents_f"] == 1.0


def all_weights(nlp):
    """Every parameter of a pipeline, by its place."""
    return take_snapshot(nlp, Adam(0.1)).arrays


def steps_of_spacy_train(nlp, examples, sgd, n):
    """What spaCy's training loop does with each batch."""
    for _ in range(n):
        nlp.update(examples, sgd=False)
        for _, pipe in nlp.pipeline:
            pipe.finish_update(sgd)


def steps_of_update(nlp, examples, sgd, n):
    for _ in range(n):
        nlp.update(examples, sgd=sgd)


@pytest.mark.parametrize("pipes", [["seqtag_pos"], ["seqtag_pos", "seqtag_ner", "seqtag_srl"]])
@pytest.mark.parametrize("n", [2, 4])
def test_update_with_an_optimizer_steps_as_spacy_train(
    make_nlp, tiny_bert, mini_examples, pipes, n
):
    """The encoder steps with the gradient of this batch, not with that of the one before.

    From the second step: heads start from zero, and send no gradient in the first.
    """
    weights = []
    for train_steps in (steps_of_spacy_train, steps_of_update):
        nlp = make_nlp(tiny_bert, pipes)
        examples = mini_examples(nlp)
        nlp.initialize(lambda examples=examples: examples)
        before = encoder_weights(nlp)
        fix_random_seed(0)
        train_steps(nlp, examples, Adam(0.01), n)
        assert have_moved(before, encoder_weights(nlp))
        weights.append(all_weights(nlp))
    expected, found = weights
    assert expected.keys() == found.keys()
    for place in expected:
        np.testing.assert_array_equal(expected[place], found[place], err_msg=place)


def test_step_without_a_gradient_is_not_lost(make_nlp, tiny_bert, mini_examples):
    """A batch whose listeners learn nothing: the step that waited is made before the next."""
    nlp = make_nlp(tiny_bert, ["seqtag_pos"])
    examples = mini_examples(nlp)
    nlp.initialize(lambda: examples)
    sgd = Adam(0.01)
    nlp.update(examples, sgd=sgd)
    updates = max(sgd.nr_update.values())
    nlp.update(examples, sgd=sgd, exclude=["seqtag_pos"])
    nlp.update(examples, sgd=sgd)
    assert max(sgd.nr_update.values()) == updates + 2
