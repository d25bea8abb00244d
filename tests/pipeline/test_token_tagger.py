"""What all taggers share: labels, loss, prediction, training, saving."""

import json
import pickle
import subprocess
import sys

import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Example
from spacy.vocab import Vocab
from thinc.api import Adam, fix_random_seed

from spacy_seqtag.pipeline.token_tagger import DEFAULT_MODEL
from spacy_seqtag.schemes.upos import UPOS_TAGS

TASKS = ("seqtag_pos", "seqtag_ner")

# Words in which an encoder may find no wordpiece.
ZWJ, BELL = "\u200d", "\x07"


@pytest.fixture(params=TASKS)
def task(request):
    return request.param


@pytest.fixture
def untrained(tiny_bert, make_nlp):
    """Both components, without labels."""
    return make_nlp(tiny_bert)


def blank_copy(doc):
    return Doc(doc.vocab, words=[t.text for t in doc], spaces=[bool(t.whitespace_) for t in doc])


def gold_labels(task, golds):
    if task == "seqtag_pos":
        return {token.pos_ for doc in golds for token in doc}
    return {ent.label_ for doc in golds for ent in doc.ents}


def spare_label(task, known):
    """A label that is not in use."""
    return next(
        label
        for label in {"seqtag_pos": UPOS_TAGS, "seqtag_ner": ["GPE"]}[task]
        if label not in known
    )


def with_new_label(task, gold, known):
    """Gives the first word of the gold Doc a label that is not among those known; returns it."""
    new = spare_label(task, known)
    if task == "seqtag_pos":
        gold[0].pos_ = new
    else:
        others = [ent for ent in gold.ents if ent.start > 0]
        gold.set_ents([Span(gold, 0, 1, label=new), *others])
    return new


def annotation(task, doc):
    if task == "seqtag_pos":
        return [token.pos_ for token in doc]
    return [(ent.start, ent.end, ent.label_) for ent in doc.ents]


def all_probabilities(nlp, docs):
    """Probabilities of each task, for fresh copies of the Docs."""
    found = {}
    for task in TASKS:
        copies = [Doc(nlp.vocab, words=[t.text for t in doc]) for doc in docs]
        if "transformer" in nlp.pipe_names:
            copies = list(nlp.get_pipe("transformer").pipe(copies))
        found[task] = nlp.get_pipe(task).predict(copies)
    return found


def assert_same(found, expected):
    assert found.keys() == expected.keys()
    for name in expected:
        for probs, other in zip(found[name], expected[name], strict=True):
            np.testing.assert_array_equal(probs, other)


# Labels


def test_labels_from_the_data(untrained, task, mini_examples):
    examples = mini_examples(untrained)
    untrained.initialize(lambda: examples)
    pipe = untrained.get_pipe(task)
    expected = gold_labels(task, [example.reference for example in examples])
    assert expected
    assert pipe.labels == tuple(sorted(expected))
    assert tuple(pipe.label_data) == pipe.labels
    per_label = {"seqtag_pos": 1, "seqtag_ner": 2}[task]
    outside = {"seqtag_pos": 0, "seqtag_ner": 1}[task]
    assert len(pipe.classes) == per_label * len(expected) + outside


def test_labels_from_the_config_keep_their_order(untrained, task, mini_examples):
    examples = mini_examples(untrained)
    expected = sorted(gold_labels(task, [example.reference for example in examples]), reverse=True)
    expected.insert(1, spare_label(task, expected))
    untrained.config["initialize"]["components"][task] = {"labels": expected}
    untrained.initialize(lambda: examples)
    assert list(untrained.get_pipe(task).labels) == expected


def test_labels_in_the_data_but_not_in_the_config(untrained, task, mini_examples):
    examples = mini_examples(untrained)
    given, *missing = sorted(gold_labels(task, [example.reference for example in examples]))
    untrained.config["initialize"]["components"][task] = {"labels": [given]}
    with pytest.raises(ValueError, match=missing[-1]) as error:
        untrained.initialize(lambda: examples)
    assert task in str(error.value)


def test_init_labels_command(untrained, mini_docs, tmp_path):
    from spacy.cli._util import app
    from typer.testing import CliRunner

    golds = mini_docs(untrained.vocab, "train", 20)
    DocBin(docs=golds).to_disk(tmp_path / "train.spacy")
    config = untrained.config.copy()
    config["paths"]["train"] = config["paths"]["dev"] = str(tmp_path / "train.spacy")
    config.to_disk(tmp_path / "config.cfg")
    arguments = ["init", "labels", str(tmp_path / "config.cfg"), str(tmp_path / "labels")]
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    for task in TASKS:
        labels = json.loads((tmp_path / "labels" / f"{task}.json").read_text("utf8"))
        assert labels == sorted(gold_labels(task, golds))
        reader = {
            "@readers": "spacy.read_labels.v1",
            "path": str(tmp_path / "labels" / f"{task}.json"),
            "require": True,
        }
        untrained.config["initialize"]["components"][task] = {"labels": reader}
    examples = [Example(blank_copy(gold), gold) for gold in golds]
    untrained.initialize(lambda: examples)
    for task in TASKS:
        assert set(untrained.get_pipe(task).labels) == gold_labels(task, golds)


def test_no_annotation_at_initialisation(untrained, task, mini_docs):
    golds = mini_docs(untrained.vocab, n=5)
    bare = [Example(blank_copy(gold), blank_copy(gold)) for gold in golds]
    untrained.select_pipes(enable=["transformer", task])
    with pytest.raises(ValueError, match=rf"components\.{task}\]") as error:
        untrained.initialize(lambda: bare)
    assert untrained.get_pipe(task).annotation in str(error.value)


@pytest.mark.parametrize("n_classes", [2, 500])
def test_number_of_classes_in_the_config_that_does_not_fit(
    tiny_bert, make_nlp, mini_examples, task, n_classes
):
    nlp = make_nlp(tiny_bert, {task: {"model": {**DEFAULT_MODEL, "nO": n_classes}}})
    examples = mini_examples(nlp)
    with pytest.raises(ValueError, match=rf"components\.{task}\].*{n_classes}"):
        nlp.initialize(lambda: examples)


def test_label_in_training_that_is_unknown(trained, task, mini_docs):
    gold = mini_docs(trained.vocab, n=2)[1]
    unknown = with_new_label(task, gold, trained.get_pipe(task).labels)
    with pytest.raises(ValueError, match=rf"components\.{task}\].*'{unknown}'") as error:
        trained.update([Example(blank_copy(gold), gold)], sgd=False)
    assert gold.text[:20] in str(error.value)


def test_labels_added_before_training(untrained, task, mini_examples):
    examples = mini_examples(untrained)
    pipe = untrained.get_pipe(task)
    found = sorted(gold_labels(task, [example.reference for example in examples]))
    first = spare_label(task, found)
    assert pipe.add_label(first) == 1
    assert pipe.add_label(first) == 0
    untrained.initialize(lambda: examples)
    assert list(pipe.labels) == [first, *found]
    probs = all_probabilities(untrained, [examples[0].reference])[task][0]
    assert probs.shape == (len(examples[0].reference), len(pipe.classes))


def test_label_that_is_no_string(untrained, task):
    with pytest.raises(ValueError):  # noqa: PT011  (the messages differ)
        untrained.get_pipe(task).add_label(5)
    assert untrained.get_pipe(task).labels == ()


@pytest.mark.parametrize("use_averages", [False, True])
def test_label_added_after_training(
    tiny_bert, make_nlp, mini_examples, mini_docs, train, task, use_averages
):
    nlp = make_nlp(tiny_bert, [task])
    examples = mini_examples(nlp)
    nlp.initialize(lambda: examples)
    sgd = Adam(0.005, L2=0.0, use_averages=use_averages)
    train(nlp, examples, 100, sgd=sgd)
    golds = mini_docs(nlp.vocab, n=20)
    learned = [annotation(task, gold) for gold in golds]
    predicted = [annotation(task, doc) for doc in nlp.pipe(map(blank_copy, golds))]
    assert predicted == learned

    new = with_new_label(task, golds[0], nlp.get_pipe(task).labels)
    assert nlp.get_pipe(task).add_label(new) == 1
    again = [annotation(task, doc) for doc in nlp.pipe(map(blank_copy, golds))]
    assert again == learned, "what was learned must stay"

    # With the same optimizer, which has moments of the smaller layer.
    with_new = [Example(blank_copy(gold), gold) for gold in golds]
    train(nlp, with_new, 100, sgd=sgd)
    assert [annotation(task, doc) for doc in nlp.pipe(map(blank_copy, golds))] == [
        annotation(task, gold) for gold in golds
    ]
    if use_averages:
        with nlp.use_params(sgd.averages):
            assert len(list(nlp.pipe(map(blank_copy, golds)))) == len(golds)


# Loss


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


# Docs of all kinds


@pytest.fixture(scope="module")
def ready(tiny_encoder, make_nlp, mini_examples, train):
    """Both components on either encoder, trained a little, so that predictions are not flat."""
    nlp = make_nlp(tiny_encoder)
    examples = mini_examples(nlp)
    nlp.initialize(lambda: examples)
    train(nlp, examples, 20)
    return nlp


STRANGE = {
    "no Doc": [],
    "an empty Doc": [[]],
    "empty Docs only": [[], [], []],
    "an empty Doc among others": [["a", "b"], [], ["c"]],
    "an empty Doc first and last": [[], ["a"], []],
    "no wordpiece": [[ZWJ]],
    "no wordpiece in two Docs": [[BELL, ZWJ], [ZWJ]],
    "no wordpiece in one Doc of two": [["Anna", "sang"], [BELL]],
    "a word without wordpiece first, last, between": [[ZWJ, "Anna"], ["Anna", BELL, "sang", ZWJ]],
    "whitespace only": [[" ", "\n\n", "\t"]],
    "all of it": [[], [ZWJ], ["Anna"], ["\n"], [BELL, "a"], []],
}


@pytest.mark.parametrize("words", STRANGE.values(), ids=STRANGE.keys())
def test_strange_docs(ready, task, words):
    docs = [Doc(ready.vocab, words=w) for w in words]
    pipe = ready.get_pipe(task)
    docs = list(ready.get_pipe("transformer").pipe(docs))
    scores = pipe.predict(docs)
    assert [probs.shape for probs in scores] == [(len(w), len(pipe.classes)) for w in words]
    for probs in scores:
        assert isinstance(probs, np.ndarray)
        assert probs.dtype == np.float32
        np.testing.assert_allclose(probs.sum(axis=1), 1.0, rtol=1e-5)
    pipe.set_annotations(docs, scores)
    attribute = {"seqtag_pos": "POS", "seqtag_ner": "ENT_IOB"}[task]
    for doc in docs:
        assert len(doc) == 0 or all(doc.to_array(attribute))


@pytest.mark.parametrize("words", STRANGE.values(), ids=STRANGE.keys())
def test_strange_docs_in_the_pipeline(ready, words):
    docs = list(ready.pipe(Doc(ready.vocab, words=w) for w in words))
    assert [[token.text for token in doc] for doc in docs] == words
    for doc in docs:
        assert all(token.pos_ for token in doc)
        assert all(token.ent_iob_ for token in doc)


@pytest.mark.parametrize("words", STRANGE.values(), ids=STRANGE.keys())
def test_strange_docs_in_training(ready, words):
    label, entity = ready.get_pipe("seqtag_pos").labels[0], ready.get_pipe("seqtag_ner").labels[0]
    examples = []
    for w in words:
        tags = ["O" if word.isspace() else f"B-{entity}" for word in w]
        gold = Doc(ready.vocab, words=w, pos=[label] * len(w), ents=tags)
        examples.append(Example(Doc(ready.vocab, words=w), gold))
    losses = ready.update(examples, sgd=False)
    assert np.isfinite([losses.get(name, 0.0) for name in TASKS]).all()
    # A batch without words must leave nothing behind that the next one trips over.
    again = [ready.make_doc("Anna sang")]
    ready.update([Example(doc, doc.copy()) for doc in again], sgd=False)


def test_order_and_company_do_not_matter(ready, task, mini_docs):
    """A Doc's probabilities are the same alone and between others, empty ones included."""
    golds = mini_docs(ready.vocab, "dev", 6)
    docs = [golds[0], Doc(ready.vocab), *golds[1:], Doc(ready.vocab, words=[ZWJ])]
    together = all_probabilities(ready, docs)[task]
    for doc, probs in zip(docs, together):
        np.testing.assert_allclose(all_probabilities(ready, [doc])[task][0], probs, atol=1e-5)


@pytest.mark.parametrize("word", ["x" * 20_000, "antidisestablishmentarianism" * 800])
def test_very_long_word(ready, word):
    doc = ready(Doc(ready.vocab, words=["Anna", word, "sang", "."]))
    assert [token.text for token in doc] == ["Anna", word, "sang", "."]
    assert all(token.pos_ in ready.get_pipe("seqtag_pos").labels for token in doc)
    assert all(token.ent_iob_ for token in doc)
    alone = ready(Doc(ready.vocab, words=[word]))
    assert alone[0].pos_


def test_very_long_word_in_training(tiny_encoder, make_nlp, train):
    """A Doc of one word, 20,000 characters long, is learned like any other."""
    nlp = make_nlp(tiny_encoder)
    words = [["x" * 20_000], ["Anna"]]
    golds = [
        Doc(nlp.vocab, words=words[0], pos=["NOUN"], ents=["B-ORG"]),
        Doc(nlp.vocab, words=words[1], pos=["PROPN"], ents=["B-PER"]),
    ]
    examples = [Example(blank_copy(gold), gold) for gold in golds]
    nlp.initialize(lambda: examples)
    train(nlp, examples, 60)
    docs = list(nlp.pipe(blank_copy(gold) for gold in golds))
    assert [doc[0].pos_ for doc in docs] == ["NOUN", "PROPN"]
    assert [ent.label_ for doc in docs for ent in doc.ents] == ["ORG", "PER"]


def test_long_doc(ready, mini):
    """Longer than the encoder's windows."""
    words = [word for sent in mini["train"] for word in sent["words"]][:1000]
    doc = ready(Doc(ready.vocab, words=words))
    assert all(token.pos_ for token in doc)
    scores = ready.get_pipe("seqtag_pos").predict([doc])[0]
    assert scores.shape[0] == len(words)


def test_initialisation_with_empty_docs_first(tiny_bert, make_nlp, mini_examples):
    nlp = make_nlp(tiny_bert)
    empty = [Example(Doc(nlp.vocab), Doc(nlp.vocab)) for _ in range(20)]
    examples = [*empty, *mini_examples(nlp)]
    nlp.initialize(lambda: examples)
    assert nlp("Anna sang.")[0].pos_ in nlp.get_pipe("seqtag_pos").labels


# Saving


def save_and_load(how, nlp, path):
    if how == "bytes":
        return spacy.util.load_model_from_config(nlp.config, auto_fill=True).from_bytes(
            nlp.to_bytes()
        )
    if how == "disk":
        nlp.to_disk(path)
        return spacy.load(path)
    return pickle.loads(pickle.dumps(nlp))


@pytest.mark.parametrize("how", ["bytes", "disk", "pickle"])
@pytest.mark.parametrize("resized", [False, True])
def test_save_and_load(trained, mini_docs, tmp_path, how, resized):
    if resized:
        for task in TASKS:
            pipe = trained.get_pipe(task)
            assert pipe.add_label(spare_label(task, pipe.labels)) == 1
    docs = mini_docs(trained.vocab, "dev", 5)
    expected = all_probabilities(trained, docs)
    loaded = save_and_load(how, trained, tmp_path / "nlp")
    assert_same(all_probabilities(loaded, docs), expected)
    for task in TASKS:
        assert loaded.get_pipe(task).labels == trained.get_pipe(task).labels
        assert loaded.get_pipe(task).cfg == trained.get_pipe(task).cfg
    for doc in docs:
        assert loaded(doc.text).to_json() == trained(doc.text).to_json()


def test_save_and_load_the_component_alone(trained, untrained, task, mini_docs, tmp_path):
    docs = mini_docs(trained.vocab, "dev", 5)
    docs = list(trained.get_pipe("transformer").pipe(map(blank_copy, docs)))
    pipe = trained.get_pipe(task)
    expected = pipe.predict(docs)
    pipe.to_disk(tmp_path / task)
    for fresh in (
        untrained.create_pipe(task).from_bytes(pipe.to_bytes()),
        untrained.create_pipe(task).from_disk(tmp_path / task),
    ):
        assert fresh.labels == pipe.labels
        for probs, other in zip(fresh.predict(docs), expected, strict=True):
            np.testing.assert_array_equal(probs, other)


def test_loaded_pipeline_goes_on_learning(trained, mini_docs, mini_examples, train):
    pipe = trained.get_pipe("seqtag_ner")
    golds = mini_docs(trained.vocab, n=20)
    pipe.add_label(with_new_label("seqtag_ner", golds[0], pipe.labels))
    with_new = [Example(blank_copy(gold), gold) for gold in golds]
    train(trained, with_new, 60)
    found = [annotation("seqtag_ner", doc) for doc in trained.pipe(map(blank_copy, golds))]
    assert found == [annotation("seqtag_ner", gold) for gold in golds]


TWO_PROCESSES = """
import json, sys
import spacy, torch

def confidences(doc):
    values = doc.pop("underscore_span")["confidence"]
    values += doc.pop("underscore_token")["tag_confidence"]
    return [p for value in values for p in value["value"].values()]

if __name__ == "__main__":
    torch.set_num_threads(1)
    nlp = spacy.load(sys.argv[1])
    texts = json.load(open(sys.argv[2], encoding="utf8"))
    names = ["tag_confidence", "confidence"]
    one = [doc.to_json(underscore=names) for doc in nlp.pipe(texts)]
    two = [doc.to_json(underscore=names) for doc in nlp.pipe(texts, n_process=2, batch_size=3)]
    assert len(one) == len(texts)
    for a, b in zip(one, two, strict=True):
        # The company in a batch changes the last digits of a probability.
        for p, q in zip(confidences(a), confidences(b), strict=True):
            assert abs(p - q) < 1e-4
        assert a["ents"]
        assert a == b
    print("same")
"""


def test_two_processes(trained_path, mini, tmp_path):
    script, texts = tmp_path / "script.py", tmp_path / "texts.json"
    script.write_text(TWO_PROCESSES, "utf8")
    with_entities = [sent["text"] for sent in mini["train"][:20] if set(sent["bio"]) != {"O"}]
    texts.write_text(json.dumps(with_entities), "utf8")
    command = [sys.executable, str(script), str(trained_path), str(texts)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["same"]


# Pipelines


def test_replace_listeners(trained, task, mini_docs):
    docs = mini_docs(trained.vocab, "dev", 5)
    expected = trained.get_pipe(task).predict(
        list(trained.get_pipe("transformer").pipe(map(blank_copy, docs)))
    )
    before = [annotation(task, doc) for doc in trained.pipe(map(blank_copy, docs))]
    trained.replace_listeners("transformer", task, ["model.tok2vec"])
    # Without the shared encoder: the component has its own.
    found = trained.get_pipe(task).predict([blank_copy(doc) for doc in docs])
    for probs, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(probs, other, atol=1e-6)
    assert [annotation(task, doc) for doc in trained.pipe(map(blank_copy, docs))] == before


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


def test_frozen_encoder(tiny_bert, make_nlp, mini_examples, train, task):
    nlp = make_nlp(tiny_bert, [task])
    examples = mini_examples(nlp)
    nlp.initialize(lambda: examples)
    before = encoder_weights(nlp)
    first = nlp.update(examples, sgd=False, exclude=["transformer"], annotates=["transformer"])
    last = train(nlp, examples, 10, exclude=["transformer"], annotates=["transformer"])
    assert last[task] < first[task]
    assert not have_moved(before, encoder_weights(nlp))


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


def test_source_into_another_pipeline(trained, mini_docs, task):
    docs = mini_docs(trained.vocab, "dev", 5)
    nlp = spacy.blank("en", vocab=Vocab())
    nlp.add_pipe("transformer", source=trained)
    nlp.add_pipe(task, source=trained)
    assert nlp.get_pipe(task).labels == trained.get_pipe(task).labels
    for doc in docs:
        assert annotation(task, nlp(doc.text)) == annotation(task, trained(doc.text))
    # Labels are known in the new vocabulary even where no word has been seen.
    assert all(label in nlp.vocab.strings for label in nlp.get_pipe(task).labels)


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
