"""Every component through one table: what has to hold whatever its task is.

A new component is tested by adding a line to `cases.CASES`. What is particular to a task is tested
in the modules beside this one.
"""

import copy
import json
import multiprocessing
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import spacy
from spacy.tokens import Doc
from spacy.training import Example
from spacy.vocab import Vocab
from thinc.api import Adam

from spacy_seqtag.models.role_pairs import RoleScores

from .cases import CASES, ODD, ZWJ, annotate, arrays_of, assert_same, blank_copy, written


@pytest.fixture(params=CASES)
def name(request):
    """The name of a case, and of its component."""
    return request.param


@pytest.fixture
def case(name):
    return CASES[name]


@pytest.fixture
def task(case):
    return case.task


def add_case(nlp, name):
    return nlp.add_pipe(CASES[name].factory, name, config=dict(CASES[name].settings))


@pytest.fixture
def untrained(request, make_nlp, name, case):
    """A pipeline of an encoder and the component of the case, not initialised."""
    nlp = make_nlp(request.getfixturevalue(case.encoder), ())
    add_case(nlp, name)
    return nlp


@pytest.fixture(scope="module")
def pipeline_folders(request, tmp_path_factory, make_nlp, mini_examples, train):
    """By encoder, the folder of a pipeline with all components on it, which know 20 sentences."""
    made = {}
    for encoder in sorted({case.encoder for case in CASES.values()}):
        nlp = make_nlp(request.getfixturevalue(encoder), ())
        for name, case in CASES.items():
            if case.encoder == encoder:
                add_case(nlp, name)
        examples = mini_examples(nlp)
        nlp.initialize(lambda examples=examples: examples)
        train(nlp, examples, 150)
        made[encoder] = tmp_path_factory.mktemp(encoder)
        nlp.to_disk(made[encoder])
    return made


@pytest.fixture
def trained(pipeline_folders, name, case):
    """A fresh pipeline of an encoder and the component of the case."""
    others = [other for other in CASES if other != name]
    return spacy.load(pipeline_folders[case.encoder], exclude=others)


@pytest.fixture(scope="module")
def ready_pipelines():
    """By the name of a case, what `ready` has loaded."""
    return {}


@pytest.fixture
def ready(request, ready_pipelines, name):
    """The same pipeline for several tests, which do not change its weights."""
    if name not in ready_pipelines:
        ready_pipelines[name] = request.getfixturevalue("trained")
    return ready_pipelines[name]


# Labels


def test_labels_of_the_data(untrained, name, task, mini_examples):
    examples = mini_examples(untrained)
    untrained.initialize(lambda: examples)
    pipe = untrained.get_pipe(name)
    expected = set().union(*(task.labels(eg.reference) for eg in examples))
    assert expected
    assert pipe.labels == tuple(sorted(expected))
    assert list(pipe.classes) == list(task.classes(pipe.labels))
    assert pipe.model.get_ref("output_layer").get_dim("nO") == len(pipe.classes)
    assert all(label in untrained.vocab.strings for label in pipe.labels)


def test_given_labels(untrained, name, mini_examples, pipeline_folders, case):
    """As `spacy init labels` saves them, they make the same component."""
    learned = spacy.load(pipeline_folders[case.encoder]).get_pipe(name)
    data = json.loads(json.dumps(learned.label_data))
    untrained.config["initialize"]["components"][name] = {"labels": data}
    examples = mini_examples(untrained)
    untrained.initialize(lambda: examples)
    pipe = untrained.get_pipe(name)
    assert pipe.labels == learned.labels
    assert pipe.class_counts() == learned.class_counts()
    assert json.loads(json.dumps(pipe.label_data)) == data


def test_labels_added_before_training(untrained, name, task, mini_examples):
    pipe = untrained.get_pipe(name)
    assert pipe.labels == ()
    assert pipe.add_label(task.spare) == 1
    assert pipe.add_label(task.spare) == 0
    with pytest.raises(ValueError):  # noqa: PT011  (the messages differ)
        pipe.add_label(5)
    examples = mini_examples(untrained)
    untrained.initialize(lambda: examples)
    assert pipe.labels[0] == task.spare
    assert len(pipe.labels) > 1
    docs = annotate(untrained, [eg.reference for eg in examples[:3]])
    assert all(map(task.has_layer, docs))


def test_label_added_after_training(trained, name, task, mini_docs):
    golds = mini_docs(trained.vocab, n=20)
    before = [task.read(doc) for doc in annotate(trained, golds)]
    pipe = trained.get_pipe(name)
    assert pipe.add_label(task.spare) == 1
    assert pipe.model.get_ref("output_layer").get_dim("nO") == len(pipe.classes)
    assert [task.read(doc) for doc in annotate(trained, golds)] == before
    gold = Doc(trained.vocab, words=["Anna", "sang", "."])
    task.mark(gold, task.spare)
    sgd = Adam(0.005, L2=0.0)
    losses = [trained.update([Example(blank_copy(gold), gold)], sgd=sgd) for _ in range(10)]
    assert losses[-1][name] < losses[0][name]


def test_unknown_label_in_training(trained, name, task):
    gold = Doc(trained.vocab, words=["Anna", "sang", "for", "us", "."])
    task.mark(gold, task.spare)
    with pytest.raises(ValueError, match=rf"components\.{name}\].*'{task.spare}'") as error:
        trained.update([Example(blank_copy(gold), gold)], sgd=False)
    assert gold.text in str(error.value)


def test_initialisation_without_annotation(untrained, name, mini_docs):
    golds = [blank_copy(gold) for gold in mini_docs(untrained.vocab, n=5)]
    with pytest.raises(ValueError, match=rf"components\.{name}\]") as error:
        untrained.initialize(lambda: [Example(blank_copy(gold), gold) for gold in golds])
    assert untrained.get_pipe(name).annotation in str(error.value)


def test_not_initialised(untrained, name):
    with pytest.raises(ValueError, match="E109"):
        untrained.get_pipe(name).predict([untrained.make_doc("Anna sang .")])


# Training


def test_update_lowers_the_loss(untrained, name, mini_examples, train):
    examples = mini_examples(untrained, 2)
    untrained.initialize(lambda: examples)
    first = untrained.update(examples, sgd=False)
    last = train(untrained, examples, 20)
    assert 0 < last[name] < first[name]


def test_missing_annotation_gives_no_gradient(trained, name, mini_docs):
    golds = [blank_copy(gold) for gold in mini_docs(trained.vocab, n=3)]
    before = [pipe.to_bytes() for _, pipe in trained.pipeline]
    sgd = Adam(0.1, L2=0.0)
    for _ in range(2):
        losses = trained.update([Example(blank_copy(gold), gold) for gold in golds], sgd=sgd)
        assert losses[name] == 0.0
    assert [pipe.to_bytes() for _, pipe in trained.pipeline] == before


def test_frozen_encoder(untrained, name, mini_examples, train):
    examples = mini_examples(untrained)
    untrained.initialize(lambda: examples)
    before = untrained.get_pipe("transformer").to_bytes()
    frozen = {"exclude": ["transformer"], "annotates": ["transformer"]}
    first = untrained.update(examples, sgd=False, **frozen)
    assert train(untrained, examples, 10, **frozen)[name] < first[name]
    assert untrained.get_pipe("transformer").to_bytes() == before


@pytest.mark.parametrize("words", ODD.values(), ids=ODD)
def test_odd_docs_in_training(ready, name, task, words):
    label = ready.get_pipe(name).labels[0]
    examples = []
    for row in words:
        gold = Doc(ready.vocab, words=row)
        if row:
            task.fill(gold, label)
        examples.append(Example(Doc(ready.vocab, words=row), gold))
    loss = ready.update(examples, sgd=False).get(name, 0.0)
    assert np.isfinite(loss)
    assert loss == 0.0 or any(words)
    # A batch without words leaves nothing behind that the next one trips over.
    gold = Doc(ready.vocab, words=["Anna", "sang"])
    task.mark(gold, label)
    assert np.isfinite(ready.update([Example(blank_copy(gold), gold)], sgd=False)[name])


def test_initialisation_with_empty_docs_first(untrained, task, mini_examples):
    empty = [Example(Doc(untrained.vocab), Doc(untrained.vocab)) for _ in range(20)]
    examples = [*empty, *mini_examples(untrained)]
    untrained.initialize(lambda: examples)
    assert task.has_layer(untrained("Anna sang."))


# Annotation


@pytest.mark.parametrize("words", ODD.values(), ids=ODD)
def test_odd_docs(ready, name, task, words):
    pipe = ready.get_pipe(name)
    docs = list(ready.get_pipe("transformer").pipe(Doc(ready.vocab, words=w) for w in words))
    scores = pipe.predict(docs)
    n_classes = len(pipe.classes)
    if isinstance(scores, RoleScores):
        assert scores.predicates.shape == (sum(map(len, words)), 2)
        assert scores.roles.shape == (scores.pairs.lengths.sum(), n_classes)
    else:
        assert [array.shape for array in scores] == [(len(row), n_classes) for row in words]
    for array in arrays_of(scores):
        assert isinstance(array, np.ndarray)
        assert array.dtype == np.float32
        sums = array.sum(axis=1)
        if isinstance(scores, RoleScores) and array is scores.rolesets:
            sums = sums[sums > 0]  # a predicate of no known roleset has none that is probable
        np.testing.assert_allclose(sums, 1.0, rtol=1e-5)
    pipe.set_annotations(docs, scores)
    for doc, row in zip(docs, words, strict=True):
        assert [token.text for token in doc] == row
        assert task.has_layer(doc)
        assert task.labels(doc) <= {*pipe.labels, "SPACE", "_SP"}
        assert all(0.0 <= p <= 1.0 for p in task.confidences(doc))
    again = list(ready.pipe(Doc(ready.vocab, words=row) for row in words))
    assert written(task, again) == written(task, docs)


def test_knows_its_sentences(ready, task, mini_examples):
    scores = ready.evaluate(mini_examples(ready))
    assert scores[task.scores[0]] > 0.9
    assert {key for key in scores if not key.startswith(("token", "speed"))} == {*task.scores}


def test_scores_without_gold(ready, task, mini_docs):
    golds = [blank_copy(gold) for gold in mini_docs(ready.vocab, n=3)]
    scores = ready.evaluate([Example(blank_copy(gold), gold) for gold in golds])
    assert {scores[key] for key in task.scores} == {None}


def test_sentences_bound_what_is_found(ready, task, mini_docs):
    """Nothing that is found crosses a sentence boundary that is known."""
    golds = mini_docs(ready.vocab, n=2)
    joined = Doc.from_docs(list(map(blank_copy, golds)))
    unknown = annotate(ready, [joined])[0]
    assert task.has_layer(unknown)
    for token in joined:
        token.is_sent_start = token.i in (0, len(golds[0]))
    doc = ready(joined)
    assert task.has_layer(doc)
    boundary = len(golds[0])
    for frame in doc._.frames:
        assert len({span.start < boundary for _, span in frame.pieces}) == 1
    for span in (*doc.ents, *(span for f in doc._.frames for _, span in f.pieces)):
        assert (span.start < boundary) == (span.end <= boundary)


def test_company_in_a_batch_does_not_matter(ready, task, mini_docs):
    golds = mini_docs(ready.vocab, "dev", 6)
    docs = [golds[0], Doc(ready.vocab), *golds[1:], Doc(ready.vocab, words=[ZWJ])]
    for doc, together in zip(docs, annotate(ready, docs), strict=True):
        alone = ready(blank_copy(doc))
        assert task.read(together) == task.read(alone)
        assert task.confidences(together) == pytest.approx(task.confidences(alone), abs=1e-5)


def test_threads(ready, task, mini_docs):
    docs = mini_docs(ready.vocab, "dev", 6)
    expected = written(task, annotate(ready, docs))
    with ThreadPoolExecutor(2) as pool:
        done = pool.map(lambda _: written(task, annotate(ready, docs)), range(4))
        assert all(found == expected for found in done)


@pytest.mark.skipif(multiprocessing.get_start_method() != "fork", reason="needs os.fork")
def test_forked_processes(ready, task, mini_docs):
    docs = mini_docs(ready.vocab, n=6)
    # The same batches: other padding is other rounding.
    expected = written(task, annotate(ready, docs, batch_size=3))
    assert sum(len(read) for read, _ in expected) > 3
    assert written(task, annotate(ready, docs, batch_size=3, n_process=2)) == expected


def test_error_handler(trained, name, task, monkeypatch):
    """What fails is handed over, and the rest goes on."""
    pipe, told = trained.get_pipe(name), []
    predict = pipe.predict

    def failing(docs):
        if any("bad" in doc.text for doc in docs):
            raise RuntimeError("no")
        return predict(docs)

    monkeypatch.setattr(pipe, "predict", failing)
    trained.set_error_handler(lambda *args: told.append(args))
    docs = list(trained.pipe(["Anna sang .", "a bad one", "She left ."], batch_size=1))
    assert [doc.text for doc in docs] == ["Anna sang .", "She left ."]
    assert all(map(task.has_layer, docs))
    ((told_name, told_pipe, (doc,), error),) = told
    assert (told_name, told_pipe, doc.text, str(error)) == (name, pipe, "a bad one", "no")


# Saving and moving


def to_bytes(nlp, folder):
    return spacy.util.load_model_from_config(nlp.config, auto_fill=True).from_bytes(nlp.to_bytes())


def to_disk(nlp, folder):
    nlp.to_disk(folder)
    return spacy.load(folder)


def to_pickle(nlp, folder):
    return pickle.loads(pickle.dumps(nlp))


def to_copy(nlp, folder):
    return copy.deepcopy(nlp)


@pytest.mark.parametrize("move", [to_bytes, to_disk, to_pickle, to_copy])
@pytest.mark.parametrize("resized", [False, True])
def test_saved_pipeline(trained, name, task, mini_docs, tmp_path, move, resized):
    pipe = trained.get_pipe(name)
    if resized:
        assert pipe.add_label(task.spare) == 1
    docs = mini_docs(trained.vocab, "dev", 5)
    expected = annotate(trained, docs)
    loaded = move(trained, tmp_path)
    assert loaded.get_pipe(name).labels == pipe.labels
    assert json.dumps(loaded.get_pipe(name).cfg) == json.dumps(pipe.cfg)
    found = annotate(loaded, docs)
    assert written(task, found) == written(task, expected)
    assert [doc.to_json() for doc in found] == [doc.to_json() for doc in expected]


def test_saved_component(trained, untrained, name, mini_docs, tmp_path):
    docs = list(map(blank_copy, mini_docs(trained.vocab, "dev", 5)))
    docs = list(trained.get_pipe("transformer").pipe(docs))
    pipe = trained.get_pipe(name)
    expected = pipe.predict(docs)
    pipe.to_disk(tmp_path / name)
    config = dict(CASES[name].settings)

    def fresh():
        return untrained.create_pipe(CASES[name].factory, name, config=config)

    for again in (fresh().from_bytes(pipe.to_bytes()), fresh().from_disk(tmp_path / name)):
        assert again.labels == pipe.labels
        assert_same(again.predict(docs), expected)


def test_source_for_another_pipeline(trained, name, task, mini_docs):
    golds = mini_docs(trained.vocab, "dev", 5)
    nlp = spacy.blank("en", vocab=Vocab())
    nlp.add_pipe("transformer", source=trained)
    nlp.add_pipe(name, source=trained)
    assert nlp.get_pipe(name).labels == trained.get_pipe(name).labels
    # Labels are known in the new vocabulary even where no word has been seen.
    assert all(label in nlp.vocab.strings for label in nlp.get_pipe(name).labels)
    texts = [gold.text for gold in golds]
    assert written(task, nlp.pipe(texts)) == written(task, trained.pipe(texts))


def test_encoder_of_its_own(trained, name, task, mini_docs, tmp_path):
    docs = mini_docs(trained.vocab, "dev", 5)
    expected = annotate(trained, docs)
    trained.replace_listeners("transformer", name, ["model.tok2vec"])
    trained.remove_pipe("transformer")  # nothing of it may be needed
    own = annotate(trained, docs)
    for doc, before in zip(own, expected, strict=True):
        assert task.read(doc) == task.read(before)
        assert task.confidences(doc) == pytest.approx(task.confidences(before), abs=1e-6)
    trained.to_disk(tmp_path)
    again = spacy.load(tmp_path)
    assert again.pipe_names == [name]
    assert written(task, annotate(again, docs)) == written(task, own)
