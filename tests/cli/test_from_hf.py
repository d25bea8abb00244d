"""`python -m spacy seqtag from-hf`: its options, and what cannot be converted."""

import json
import shutil

import pytest
import spacy
import torch
from transformers import (
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    AutoTokenizer,
    BertConfig,
    BertForTokenClassification,
    BertTokenizer,
    MobileBertConfig,
    MobileBertForTokenClassification,
)
from typer.testing import CliRunner

from spacy_seqtag.cli import seqtag

ENTITIES = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]


@pytest.fixture(scope="module")
def fine_tuned(tiny_bert, tmp_path_factory):
    """Folder of a model for token classification."""
    folder = tmp_path_factory.mktemp("checkpoint") / "ner"
    torch.manual_seed(0)
    model = AutoModelForTokenClassification.from_pretrained(
        tiny_bert,
        id2label=dict(enumerate(ENTITIES)),
        label2id={label: i for i, label in enumerate(ENTITIES)},
    )
    model.save_pretrained(folder)
    AutoTokenizer.from_pretrained(tiny_bert).save_pretrained(folder)
    return folder


@pytest.fixture
def checkpoint(fine_tuned, tmp_path):
    """A copy of it, to be damaged."""
    return shutil.copytree(fine_tuned, tmp_path / "checkpoint")


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def command(*arguments):
        return CliRunner().invoke(seqtag, ["from-hf", *map(str, arguments)])

    return command


def refused(result, tmp_path):
    """The one line of an error, after which there is no output."""
    assert result.exit_code == 1, result.output
    assert not (tmp_path / "out").exists()
    (line,) = [line for line in result.output.strip().splitlines() if line.strip()]
    return line


def set_config(folder, **settings):
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **settings}))


def test_converts(run, fine_tuned):
    result = run(fine_tuned, "out", "--lang", "en", "--name", "entities")
    assert result.exit_code == 0, result.output
    output = " ".join(result.output.split())
    assert "entities: entities, 2 labels: PER, LOC" in output
    assert "Saved out: probabilities as in transformers" in output
    nlp = spacy.load("out")
    assert nlp.pipe_names == ["transformer", "entities"]
    assert nlp.config["components"]["transformer"]["model"]["precision"] == "float32"
    assert nlp("Daniel Reyes wants to buy a house in Leeds.").has_annotation("ENT_IOB")


def test_options(run, fine_tuned):
    labels = "NOUN,VERB,ADJ,ADP,DET"
    settings = ("--labels", labels, "--task", "pos", "--precision", "auto", "--quiet")
    result = run(fine_tuned, "out", *settings)
    assert (result.exit_code, result.output) == (0, "")
    nlp = spacy.load("out")
    assert nlp.lang == "xx"
    assert nlp.get_pipe("pos").labels == tuple(labels.split(","))
    assert nlp.config["components"]["transformer"]["model"]["precision"] == "auto"
    assert run(fine_tuned, "out", "--decoding", "greedy", "--force").exit_code == 0
    assert spacy.load("out").get_pipe("ner").cfg["decoding"] == "greedy"
    assert run(fine_tuned, "out", "--scheme", "iob1", "--force").exit_code == 0
    assert spacy.load("out").get_pipe("ner").cfg["decoding"] == "iob1"


def test_replaces_by_force_alone(run, fine_tuned, tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter1.tex").write_text("years of work")
    result = run(fine_tuned, "thesis", "--force")
    assert result.exit_code == 1
    assert "thesis: this is there already, and it is no pipeline" in result.output
    assert (tmp_path / "thesis" / "chapter1.tex").exists()
    assert run(fine_tuned, "out").exit_code == 0
    result = run(fine_tuned, "out")
    assert result.exit_code == 1
    assert "out: there is a pipeline already" in result.output


# What is no model for token classification


def test_encoder_alone(run, tiny_bert, tmp_path):
    line = refused(run(tiny_bert, "out"), tmp_path)
    assert "it is a BertModel, and has no head for token classification" in line
    assert "init-config --base-model" in line


def test_encoder_that_does_not_say_what_it_is(run, tiny_bert, tmp_path):
    encoder = shutil.copytree(tiny_bert, tmp_path / "encoder")
    set_config(encoder, architectures=None)
    line = refused(run(encoder, "out"), tmp_path)
    assert "the weights of an encoder, but no head for token classification" in line


def test_classifier_of_texts(run, tiny_bert, tmp_path):
    """Whose weights have the same names."""
    folder = tmp_path / "texts"
    AutoModelForSequenceClassification.from_pretrained(tiny_bert).save_pretrained(folder)
    AutoTokenizer.from_pretrained(tiny_bert).save_pretrained(folder)
    line = refused(run(folder, "out"), tmp_path)
    assert "it is a BertForSequenceClassification, and has no head for token" in line


def test_other_encoder(run, tiny_bert, tmp_path):
    folder = tmp_path / "mobile"
    sizes = {"hidden_size": 32, "intra_bottleneck_size": 16, "embedding_size": 16}
    config = MobileBertConfig(
        vocab_size=800,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        true_hidden_size=16,
        **sizes,
    )
    MobileBertForTokenClassification(config).save_pretrained(folder)
    line = refused(run(folder, "out"), tmp_path)
    assert "its encoder is of the type mobilebert. What can be converted: BERT, " in line


def test_code_of_its_own_is_not_run(run, checkpoint, tmp_path):
    auto_map = {"AutoConfig": "evil.Config", "AutoModelForTokenClassification": "evil.Model"}
    set_config(checkpoint, auto_map=auto_map, model_type="evil")
    (checkpoint / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w').close()")
    refused(run(checkpoint, "out"), tmp_path)
    assert not (tmp_path / "ran").exists()


# Damage


def test_truncated_weights(run, checkpoint, tmp_path):
    path = checkpoint / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1000])
    line = refused(run(checkpoint, "out"), tmp_path)
    assert f"{checkpoint}: its weights cannot be read" in line


def test_weights_that_are_no_numbers(run, checkpoint, tmp_path):
    model = AutoModelForTokenClassification.from_pretrained(checkpoint)
    model.classifier.weight.data[0, 0] = float("nan")
    model.save_pretrained(checkpoint)
    assert "its weights classifier.weight are not finite" in refused(
        run(checkpoint, "out"), tmp_path
    )


def test_no_weights(run, checkpoint, tmp_path):
    (checkpoint / "model.safetensors").unlink()
    assert "its weights cannot be read" in refused(run(checkpoint, "out"), tmp_path)


def test_weights_of_a_smaller_encoder(run, checkpoint, tmp_path):
    set_config(checkpoint, num_hidden_layers=3)
    line = refused(run(checkpoint, "out"), tmp_path)
    assert "it has no weights bert.encoder.layer.2" in line
    set_config(checkpoint, num_hidden_layers=2, hidden_size=64)
    assert "its weights cannot be read" in refused(run(checkpoint, "out"), tmp_path)


def test_broken_config(run, checkpoint, tmp_path):
    (checkpoint / "config.json").write_text("{")
    assert "no model was found under this name" in refused(run(checkpoint, "out"), tmp_path)


def test_labels_that_do_not_fit(run, checkpoint, tmp_path):
    line = refused(run(checkpoint, "out", "--labels", "O,B-PER"), tmp_path)
    assert "--labels names 2 labels, and its classifier has 5 outputs" in line
    assert "no universal POS tags" in refused(run(checkpoint, "out", "--task", "pos"), tmp_path)
    set_config(checkpoint, id2label=None, label2id=None, num_labels=5)
    line = refused(run(checkpoint, "out"), tmp_path)
    assert "its labels have no names, only LABEL_0, LABEL_1" in line
    assert "--labels O,B-PER,I-PER" in line
    set_config(checkpoint, id2label={str(i): tag for i, tag in enumerate(["NN", "VB", *"ABC"])})
    line = refused(run(checkpoint, "out", "--task", "ner"), tmp_path)
    assert "none of its labels (NN, VB, A, B, C) is O" in line


def test_decoding_that_does_not_fit(run, checkpoint, tmp_path):
    line = refused(run(checkpoint, "out", "--decoding", "viterbi", "--scheme", "iob1"), tmp_path)
    assert "--decoding viterbi reads IOB2, and its tags are read as IOB1" in line
    line = refused(run(checkpoint, "out", "--decoding", "greedy", "--task", "tag"), tmp_path)
    assert "--decoding greedy is for entities" in line


# Tokenizers


def test_no_tokenizer(run, checkpoint, tmp_path):
    for name in ("tokenizer.json", "vocab.txt", "tokenizer_config.json", "special_tokens_map.json"):
        (checkpoint / name).unlink(missing_ok=True)
    line = refused(run(checkpoint, "out"), tmp_path)
    assert "it has no tokenizer that can be read" in line
    assert "save_pretrained" in line


def test_slow_tokenizer(run, checkpoint, tmp_path, monkeypatch):
    slow = BertTokenizer(str(checkpoint / "vocab.txt"))
    monkeypatch.setattr(AutoTokenizer, "from_pretrained", lambda *args, **kwargs: slow)
    line = refused(run(checkpoint, "out"), tmp_path)
    assert "its BertTokenizer is a slow tokenizer" in line
    assert "convert_slow_tokenizer" in line


def test_tokenizer_of_another_model(run, checkpoint, tmp_path):
    config = BertConfig.from_pretrained(checkpoint, vocab_size=100)
    BertForTokenClassification(config).save_pretrained(checkpoint)
    line = refused(run(checkpoint, "out"), tmp_path)
    assert "wordpieces, and its encoder 100. Save the tokenizer" in line


def test_more_than_can_be_converted(run, checkpoint, tmp_path, monkeypatch):
    """What transformers would compute is compared before anything is written."""

    def forward(self, *args, **kwargs):
        result = original(self, *args, **kwargs)
        result.logits = result.logits + torch.arange(result.logits.shape[-1])
        return result

    original = BertForTokenClassification.forward
    monkeypatch.setattr(BertForTokenClassification, "forward", forward)
    line = refused(run(checkpoint, "out"), tmp_path)
    assert "its probabilities could not be kept: those of some words are off by 0." in line


# Names


def test_no_network(run, monkeypatch, tmp_path):
    requests = pytest.importorskip("requests")

    def refuse(self, request, **kwargs):
        raise requests.exceptions.ConnectionError("no connection\nto the hub")

    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr("requests.adapters.HTTPAdapter.send", refuse)
    line = refused(run("somebody/some-model", "out"), tmp_path)
    assert line.startswith("somebody/some-model: no model was found under this name")
    assert "no connection" in line


def test_no_folder(run, tmp_path):
    assert "./nothing: there is no such folder" in refused(run("./nothing", "out"), tmp_path)


def test_no_language(run, fine_tuned, tmp_path):
    line = refused(run(fine_tuned, "out", "--lang", "tlh"), tmp_path)
    assert "--lang tlh: spaCy cannot make it" in line
