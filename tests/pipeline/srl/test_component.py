"""Semantic roles: training, saving, and weights that move or stand still."""

import numpy as np
import pytest
import spacy
from spacy.tokens import Doc
from spacy.training import Example

from spacy_seqtag.frames import get_frames, problems, propositions, set_propositions
from spacy_seqtag.schemes.propositions import Argument, Proposition

from .made import written


@pytest.fixture(scope="module")
def gold_examples(mini_docs):
    """Function to the first n sentences as Examples with gold words and boundaries."""

    def examples(nlp, n=20):
        result = []
        for gold in mini_docs(nlp.vocab, "train", n):
            words, starts = [t.text for t in gold], [t.is_sent_start for t in gold]
            result.append(Example(Doc(nlp.vocab, words=words, sent_starts=starts), gold))
        return result

    return examples


@pytest.fixture(scope="module")
def learned_path(tmp_path_factory, tiny_bert, make_nlp, gold_examples, train):
    """Folder of a pipeline that has learned the roles of 20 sentences."""
    nlp = make_nlp(tiny_bert, ["seqtag_srl"])
    examples = gold_examples(nlp)
    nlp.initialize(lambda: examples)
    train(nlp, examples, 150)
    path = tmp_path_factory.mktemp("srl")
    nlp.to_disk(path)
    return path


@pytest.fixture
def learned(learned_path):
    """A fresh copy of that pipeline."""
    return spacy.load(learned_path)


def test_learns_its_sentences(learned, gold_examples):
    scores = learned.evaluate(gold_examples(learned))
    assert scores["predicates_f"] > 0.99
    assert scores["srl_f"] > 0.9
    assert scores["roleset_acc"] > 0.99


def test_many_batches_say_the_same_as_one(learned, gold_examples):
    docs = [eg.predicted for eg in gold_examples(learned)]
    pipe = learned.get_pipe("seqtag_srl")
    encoded = list(learned.get_pipe("transformer").pipe(docs))
    whole = pipe.predict(encoded)
    pipe.model.attrs["max_pairs"] = 7
    parts = pipe.predict(encoded)
    np.testing.assert_allclose(parts.roles, whole.roles, atol=0.02)  # bfloat16, other padding
    assert parts.pairs.predicates.tolist() == whole.pairs.predicates.tolist()


def test_empty_docs_and_docs_without_predicates(learned):
    docs = list(learned.pipe(["", " \n ", "", "The Berlin State Opera opened its season."]))
    assert [len(doc.spans["predicates"]) for doc in docs[:3]] == [0, 0, 0]
    assert all("srl" in doc.spans for doc in docs)
    assert get_frames(learned("")) == []


def test_no_gradient_from_missing_annotation(learned, gold_examples):
    pipe = learned.get_pipe("seqtag_srl")
    examples = gold_examples(learned, 3)
    for example in examples:
        for group in list(example.reference.spans):
            del example.reference.spans[group]
    list(learned.get_pipe("transformer").pipe([eg.predicted for eg in examples]))
    scores, _ = pipe.begin_update(examples)
    loss, gradient = pipe.get_loss(examples, scores)
    assert loss == 0.0
    assert not np.asarray(gradient.predicates).any()
    assert len(gradient.roles) == len(gradient.rolesets) == 0


ROLE_LAYERS = {"roleset_layer", "role_context", "output_layer"}


def weights(nlp):
    """Copies of the weights by part of the pipeline."""
    model = nlp.get_pipe("seqtag_srl").model
    modules = {
        "encoder": nlp.get_pipe("transformer").model.transformer,
        "role_context": model.get_ref("role_context").shims[0]._model,
    }
    result = {k: [p.detach().numpy().copy() for p in m.parameters()] for k, m in modules.items()}
    for name in ("predicate_layer", "roleset_layer", "output_layer"):
        layer = model.get_ref(name)
        result[name] = [layer.get_param(param).copy() for param in layer.param_names]
    return result


def moved(before, after):
    """The parts whose weights are not what they were; they have to be finite."""
    assert all(np.isfinite(x).all() for part in after.values() for x in part)
    return {
        name
        for name in before
        if any(not np.array_equal(x, y) for x, y in zip(before[name], after[name], strict=True))
    }


@pytest.fixture
def ambiguous(tiny_bert, make_nlp, gold_examples):
    """A pipeline, not trained, and examples in which a predicate has one of two rolesets."""
    nlp = make_nlp(tiny_bert, ["seqtag_srl"])
    examples = gold_examples(nlp, 5)
    for example in gold_examples(nlp, 5):
        props = propositions(example.reference)
        others = [p._replace(roleset=p.roleset.split(".")[0] + ".99") for p in props]
        set_propositions(example.reference, others, annotated=[(0, len(example.reference))])
        examples.append(example)
    nlp.initialize(lambda: examples)
    return nlp, examples


# spaCy finishes the transformer's update before the components after it send their gradients, so
# that it learns with the next step. The output layers begin at zero and learn first, too.
N_STEPS = 3


def test_frozen_encoder(ambiguous, train):
    nlp, examples = ambiguous
    before = weights(nlp)
    kwargs = {"exclude": ["transformer"], "annotates": ["transformer"]}
    first = nlp.update(examples, sgd=False, losses={}, **kwargs)
    last = train(nlp, examples, N_STEPS, **kwargs)
    assert last["seqtag_srl"] < first["seqtag_srl"]
    assert moved(before, weights(nlp)) == {"predicate_layer", *ROLE_LAYERS}
    # What was frozen is not what stands still anyway.
    before = weights(nlp)
    train(nlp, examples, N_STEPS)
    assert moved(before, weights(nlp)) == {"encoder", "predicate_layer", *ROLE_LAYERS}


@pytest.mark.parametrize("annotated", [True, False])
def test_batches_without_predicates(learned, gold_examples, train, annotated):
    examples = gold_examples(learned, 3)
    for example in examples:
        gold = example.reference
        set_propositions(gold, [], annotated=[(0, len(gold))] if annotated else [])
    before = weights(learned)
    loss = learned.update(examples, sgd=False, losses={})["seqtag_srl"]
    train(learned, examples, N_STEPS)
    if annotated:
        assert np.isfinite(loss)
        assert loss > 0
        assert moved(before, weights(learned)) == {"encoder", "predicate_layer"}
    else:
        assert loss == 0.0
        assert moved(before, weights(learned)) == set()


@pytest.mark.parametrize(
    ("architecture", "seen"),
    [
        ("spacy_seqtag.TransformerModel.v1", True),
        # The words at the end of the window have no wordpieces, and vectors of zeros.
        ("spacy-transformers.TransformerModel.v3", False),
    ],
)
def test_a_window_of_more_wordpieces_than_the_encoder_reads(tiny_bert, train, architecture, seen):
    nlp = spacy.blank("en")
    strides = {"@span_getters": "spacy-transformers.strided_spans.v1", "window": 128, "stride": 128}
    model = {"@architectures": architecture, "name": tiny_bert, "get_spans": strides}
    nlp.add_pipe("transformer", config={"model": model})
    nlp.add_pipe("seqtag_srl", config={"use_existing_predicates": True})
    words = ["She", "gave", "it", *["incomprehensibilities"] * 110, "who", "sold", "it"]
    n_words = len(words)
    props = [
        Proposition(1, "give.01", [Argument(0, 1, "ARG0")], []),
        Proposition(n_words - 2, "sell.01", [Argument(n_words - 1, n_words, "ARG1")], []),
    ]
    doc, gold = Doc(nlp.vocab, words=words), Doc(nlp.vocab, words=words)
    for target in (doc, gold):
        set_propositions(target, props, annotated=[(0, n_words)])
    example = Example(doc, gold)
    nlp.initialize(lambda: [example])
    before = weights(nlp)
    first = nlp.update([example], sgd=False, losses={})
    last = train(nlp, [example], 5)
    assert last["seqtag_srl"] < first["seqtag_srl"]
    # The one roleset of a word is no choice to learn.
    changed = {"encoder", "predicate_layer", "role_context", "output_layer"}
    assert moved(before, weights(nlp)) == changed
    doc = nlp(doc)
    n_wordpieces = doc._.trf_data.align.lengths
    assert n_wordpieces[:3].all()
    assert n_wordpieces[-3:].astype(bool).tolist() == 3 * [seen]
    assert [frame.predicate.text for frame in doc._.frames] == ["gave", "sold"]
    assert list(problems(doc)) == []
    _, scores = written([doc])
    assert scores
    assert all(0.0 <= score <= 1.0 for score in scores)
