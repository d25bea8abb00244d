"""Configs that start from a trained pipeline: one task is trained, the others stay."""

from itertools import starmap
from pathlib import Path

import numpy as np
import pytest
import spacy
from spacy.cli._util import app
from spacy.tokens import Doc, DocBin
from spacy.util import load_config
from typer.testing import CliRunner

import spacy_seqtag.cli  # noqa: F401  (adds the command)

SHORT = ["--training.max_steps", "6", "--training.eval_frequency", "6"]


@pytest.fixture
def run(tmp_path, monkeypatch, mini_docs, trained_path):
    """Function from a pipeline and options to what `init-config` prints, in a folder with data."""
    monkeypatch.chdir(tmp_path)
    docs = mini_docs(spacy.blank("en").vocab, n=20)
    DocBin(docs=docs, store_user_data=True).to_disk("data.spacy")

    def command(*options, pipeline=trained_path, ok=True):
        data = ["--train", "data.spacy", "--dev", "data.spacy", "--output", "my.cfg", "--force"]
        start = ["--pipeline", str(pipeline)] if pipeline else []
        result = CliRunner().invoke(app, ["seqtag", "init-config", *data, *start, *options])
        assert (result.exit_code == 0) == ok, result.output
        return result.output

    return command


def train_it():
    result = CliRunner().invoke(app, ["train", "my.cfg", "-o", "training", *SHORT])
    assert result.exit_code == 0, result.output
    return spacy.load(Path("training") / "model-last")


def annotated(nlp, mini):
    """What a pipeline says of texts it did not see: predictions of each component."""
    docs = list(nlp.pipe(sent["text"] for sent in mini["dev"][:10]))
    found = {"words": [[token.text for token in doc] for doc in docs]}
    for name in set(nlp.pipe_names) & {"seqtag_pos", "seqtag_ner"}:
        found[name] = nlp.get_pipe(name).predict(docs)
    return found


def same(first, second, name):
    return all(starmap(np.array_equal, zip(first[name], second[name], strict=True)))


def test_shared_encoder(run, trained, mini):
    output = run("--tasks", "ner")
    assert "transformer, seqtag_pos stay as they are." in output
    assert "Trained further, on the shared encoder as it is: seqtag_ner." in output
    config = load_config("my.cfg")
    assert config["training"]["frozen_components"] == ["transformer", "seqtag_pos"]
    assert config["training"]["annotating_components"] == ["transformer"]
    assert config["training"]["score_weights"]["pos_acc"] is None
    assert config["training"]["score_weights"]["ents_f"] == 1.0
    before, after = annotated(trained, mini), annotated(train_it(), mini)
    assert same(before, after, "seqtag_pos")
    assert not same(before, after, "seqtag_ner")


def test_own_encoder(run, trained, mini):
    assert "its own copy of the encoder: seqtag_ner." in run("--tasks", "ner", "--own-encoder")
    assert load_config("my.cfg")["training"]["annotating_components"] == []
    nlp = train_it()
    before, after = annotated(trained, mini), annotated(nlp, mini)
    assert same(before, after, "seqtag_pos")
    assert not same(before, after, "seqtag_ner")
    assert nlp.get_pipe("transformer").listening_components == ["seqtag_pos"]
    own = nlp.get_pipe("seqtag_ner").model.get_ref("tok2vec")
    shared = nlp.get_pipe("transformer").model
    assert moved(own, trained.get_pipe("transformer").model)
    assert not moved(shared, trained.get_pipe("transformer").model)
    # What is trained once more keeps its own encoder.
    said = run("--tasks", "ner", pipeline="training/model-last")
    assert "Trained further, with its own encoder: seqtag_ner." in said
    assert not same(after, annotated(train_it(), mini), "seqtag_ner")


def moved(encoder, before):
    """Whether the weights of an encoder differ from those of another."""
    first, second = map(weights, (encoder, before))
    return any(not np.array_equal(first[name], second[name]) for name in second)


def weights(model):
    (shim,) = [shim for node in model.walk() for shim in node.shims]
    return {name: value.detach().numpy() for name, value in shim._model.named_parameters()}


def test_new_labels(run, trained, tmp_path):
    assert "EVENT" not in trained.get_pipe("seqtag_ner").labels
    vocab = spacy.blank("en").vocab
    words = ["Easter", "came", "to", "Leeds", "."]
    doc = Doc(vocab, words, ents=["B-EVENT", "O", "O", "B-LOC", "O"], sent_starts=[1, 0, 0, 0, 0])
    DocBin(docs=[doc] * 8).to_disk("data.spacy")
    assert "New labels of seqtag_ner: EVENT (8)." in run()
    tagger = train_it().get_pipe("seqtag_ner")
    assert tagger.labels == (*trained.get_pipe("seqtag_ner").labels, "EVENT")


def test_new_task(run, trained, mini):
    output = run("--tasks", "srl")
    assert "New, on the shared encoder as it is: srl." in output
    nlp = train_it()
    assert nlp.pipe_names == ["transformer", "seqtag_pos", "seqtag_ner", "srl"]
    before, after = annotated(trained, mini), annotated(nlp, mini)
    assert same(before, after, "seqtag_pos")
    assert same(before, after, "seqtag_ner")
    assert "ARG0" in nlp.get_pipe("srl").labels


def test_the_tokenizer_is_taken_over(run, trained, tmp_path):
    trained.tokenizer.add_special_case("Leeds.", [{"ORTH": "Leeds."}])
    trained.to_disk("changed")
    run("--tasks", "ner", pipeline="changed")
    nlp = train_it()
    assert [token.text for token in nlp.make_doc("in Leeds.")] == ["in", "Leeds."]


def test_one_task_with_its_own_encoder(run, trained, mini):
    trained.replace_listeners("transformer", "seqtag_ner", ["model.tok2vec"])
    trained.remove_pipe("transformer")
    trained.remove_pipe("seqtag_pos")
    trained.to_disk("alone")
    said = run("--tasks", "ner", pipeline="alone")
    assert "stay" not in said
    assert "Trained further, with its own encoder: seqtag_ner." in said
    assert not same(annotated(trained, mini), annotated(train_it(), mini), "seqtag_ner")
    (line,) = run("--tasks", "pos,ner", pipeline="alone", ok=False).strip().splitlines()
    assert "no component for pos, and no encoder" in line


def test_settings_of_the_pipeline_are_taken_over(run, trained):
    @spacy.registry.callbacks("test_further.keep.v1")
    def keep():
        return lambda nlp: nlp

    trained.config["nlp"]["after_creation"] = {"@callbacks": "test_further.keep.v1"}
    trained.config["nlp"]["batch_size"] = 7
    trained.to_disk("called")
    run("--tasks", "ner", pipeline="called")
    config = load_config("my.cfg")["nlp"]
    assert config["after_creation"] == {"@callbacks": "test_further.keep.v1"}
    assert config["batch_size"] == 7
    assert train_it().config["nlp"]["after_creation"] == config["after_creation"]


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (["--base-model", "x"], "--base-model and --pipeline: give one of them"),
        (["--tasks", "srl", "--own-encoder"], "has no component for srl, and a new one has no"),
        (["--lang", "de"], "--lang de: the language is that of --pipeline"),
    ],
)
def test_errors(run, options, error):
    (line,) = run(*options, ok=False).strip().splitlines()
    assert error in line


def test_what_is_no_pipeline(run, tmp_path):
    (line,) = run(pipeline="none/such", ok=False).strip().splitlines()
    assert "none/such" in line
    spacy.blank("en").to_disk("blank")
    (line,) = run(pipeline="blank", ok=False).strip().splitlines()
    assert "no component for pos, and no encoder that a new one could listen to" in line
    (line,) = (
        run("--own-encoder", "--base-model", "x", pipeline=None, ok=False).strip().splitlines()
    )
    assert "--own-encoder is for tasks of a trained pipeline" in line
    (line,) = run(pipeline=None, ok=False).strip().splitlines()
    assert "--base-model is missing" in line


def test_a_name_that_is_taken(run, make_nlp, tiny_bert, mini_examples):
    nlp = make_nlp(tiny_bert, ("seqtag_pos",))
    nlp.add_pipe("sentencizer", name="ner")
    examples = mini_examples(nlp)
    nlp.initialize(lambda: examples)
    nlp.to_disk("taken")
    (line,) = run("--tasks", "ner", pipeline="taken", ok=False).strip().splitlines()
    assert "its component ner does another task" in line


def test_another_layer_of_tags(run, make_nlp, tiny_bert, mini_examples):
    nlp = make_nlp(tiny_bert, {"seqtag_pos": {"layer": "tag"}})
    examples = mini_examples(nlp)
    nlp.initialize(lambda: examples)
    nlp.to_disk("tags")
    run("--tasks", "pos", pipeline="tags")
    assert load_config("my.cfg")["training"]["score_weights"]["tag_acc"] == 1.0
    DocBin(docs=[Doc(nlp.vocab, ["a", "b"], pos=["DET", "NOUN"])]).to_disk("data.spacy")
    (line,) = run("--tasks", "pos", pipeline="tags", ok=False).strip().splitlines()
    assert "data.spacy: no tags (tag) are annotated in it" in line
