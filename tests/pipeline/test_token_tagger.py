"""What token taggers share: labels from the data and the config, learning more, processes."""

import json
import subprocess
import sys

import pytest
from spacy.tokens import Doc, DocBin
from spacy.training import Example
from thinc.api import Adam

from spacy_seqtag.pipeline.token_tagger import DEFAULT_MODEL

from .pos_and_ner import (
    TASKS,
    annotation,
    blank_copy,
    gold_labels,
    spare_label,
    with_new_label,
)

# Labels


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


@pytest.mark.parametrize("n_classes", [2, 500])
def test_number_of_classes_in_the_config_that_does_not_fit(
    tiny_bert, make_nlp, mini_examples, task, n_classes
):
    nlp = make_nlp(tiny_bert, {task: {"model": {**DEFAULT_MODEL, "nO": n_classes}}})
    examples = mini_examples(nlp)
    with pytest.raises(ValueError, match=rf"components\.{task}\].*{n_classes}"):
        nlp.initialize(lambda: examples)


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


# Saving


def test_loaded_pipeline_goes_on_learning(trained, mini_docs, mini_examples, train):
    pipe = trained.get_pipe("seqtag_ner")
    golds = mini_docs(trained.vocab, n=20)
    pipe.add_label(with_new_label("seqtag_ner", golds[0], pipe.labels))
    with_new = [Example(blank_copy(gold), gold) for gold in golds]
    train(trained, with_new, 60)
    found = [annotation("seqtag_ner", doc) for doc in trained.pipe(map(blank_copy, golds))]
    assert found == [annotation("seqtag_ner", gold) for gold in golds]


SPAWNED = """
import json, multiprocessing, sys
import spacy, torch

def confidences(doc):
    values = doc.pop("underscore_span")["confidence"]
    values += doc.pop("underscore_token")["tag_confidence"]
    return [p for value in values for p in value["value"].values()]

if __name__ == "__main__":
    multiprocessing.set_start_method("spawn")
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


def test_spawned_processes(trained_path, mini, tmp_path):
    """A pipeline goes to processes as pickles where they are not forked (Windows, macOS).

    Forked processes are tested for each component: see `test_components`.
    """
    script, texts = tmp_path / "script.py", tmp_path / "texts.json"
    script.write_text(SPAWNED, "utf8")
    with_entities = [sent["text"] for sent in mini["train"][:20] if set(sent["bio"]) != {"O"}]
    texts.write_text(json.dumps(with_entities), "utf8")
    command = [sys.executable, str(script), str(trained_path), str(texts)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["same"]
