"""The configs through `spacy train`, and what users do with the result."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import spacy
import srsly
from spacy.tokens import Doc, DocBin

ROOT = Path(__file__).parents[2]


def run(*args, ok=True):
    """Run `python -m spacy ...`; returns what it printed."""
    command = [sys.executable, "-m", "spacy", *map(str, args)]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf8")
    # wasabi wraps its messages
    output = " ".join((done.stdout + done.stderr).split())
    assert (done.returncode == 0) == ok, output
    return output


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    path = tmp_path_factory.mktemp("corpus") / "mini.spacy"
    mini = ROOT / "assets" / "mini"
    layers = [mini / f"dev.{ending}" for ending in ("conllu", "iob2", "gold_conll")]
    run("seqtag", "convert", *layers, "--output", path)
    return path


@pytest.fixture(scope="module")
def settings(corpus, tiny_bert):
    return (
        *("--paths.train", corpus, "--paths.dev", corpus, "--paths.base_model", tiny_bert),
        *("--training.max_steps", 4, "--training.eval_frequency", 2),
    )


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory, settings):
    output = tmp_path_factory.mktemp("training")
    run("train", ROOT / "configs" / "joint.cfg", "--output", output, *settings)
    return output / "model-best"


@pytest.mark.parametrize("name", ["pos", "ner", "srl"])
def test_single_task_configs_train(name, settings, tmp_path):
    run("train", ROOT / "configs" / f"{name}.cfg", "--output", tmp_path, *settings)
    assert spacy.load(tmp_path / "model-best").pipe_names[-1] == name


def test_evaluate(pipeline, corpus, tmp_path):
    scores, html, docs = tmp_path / "new" / "a.json", tmp_path / "a.html", tmp_path / "a.spacy"
    run(
        *("seqtag", "evaluate", pipeline, corpus, "--output", scores),
        *("--displacy", html, "--predictions", docs),
    )
    result = srsly.read_json(scores)
    nlp = spacy.load(pipeline)
    gold = list(DocBin().from_disk(corpus).get_docs(nlp.vocab))
    predicted = list(DocBin().from_disk(docs).get_docs(nlp.vocab))
    pairs = [(p, g) for x, y in zip(predicted, gold, strict=True) for p, g in zip(x, y)]
    right = sum(p.pos == g.pos for p, g in pairs)
    assert 0 < right < len(pairs)
    assert result["pos_acc"] == pytest.approx(right / len(pairs), abs=1e-6)
    assert result["token_acc"] == result["sents_f"] == 1.0
    assert "</html>" in html.read_text("utf8")
    run("seqtag", "evaluate", pipeline, corpus, "--raw-text", "--output", scores)
    assert srsly.read_json(scores)["sents_f"] < 1.0  # now its own boundaries


def test_evaluate_with_labels_never_seen(pipeline, tmp_path):
    vocab = spacy.blank("en").vocab
    doc = Doc(vocab, words=["Ann", "sang"], ents=["B-SINGER", "O"], pos=["PROPN", "VERB"])
    path = tmp_path / "other.spacy"
    DocBin(docs=[doc]).to_disk(path)
    scores = tmp_path / "scores.json"
    output = run("seqtag", "evaluate", pipeline, path, "--output", scores, ok=False)
    assert "other.spacy" in output
    assert "SINGER" in output
    assert "--allow-unknown-labels" in output
    assert "Traceback" not in output
    assert not scores.exists()
    run("seqtag", "evaluate", pipeline, path, "-o", scores, "--allow-unknown-labels")
    assert srsly.read_json(scores)["ents_per_type"]["SINGER"]["r"] == 0.0


def test_package_declares_what_it_needs(pipeline, tmp_path):
    run("package", pipeline, tmp_path, "--name", "tiny", "--version", "1.2.3", "--build", "wheel")
    (wheel,) = tmp_path.rglob("en_tiny-1.2.3*.whl")
    with zipfile.ZipFile(wheel) as archive:
        (metadata,) = (name for name in archive.namelist() if name.endswith("/METADATA"))
        lines = archive.read(metadata).decode("utf8").splitlines()
    needs = [line for line in lines if line.startswith("Requires-Dist:")]
    assert any("spacy-seqtag" in line or "spacy_seqtag" in line for line in needs)
    assert any("spacy-transformers" in line for line in needs)


def bad_train(config, settings, tmp_path, *overrides):
    """The output of a training run that fails before it begins."""
    output = run("train", config, "-o", tmp_path / "out", *settings, *overrides, ok=False)
    assert "Traceback" not in output
    assert not list((tmp_path / "out").glob("model-*"))
    return output


def test_base_model_that_does_not_exist(settings, tmp_path):
    config = ROOT / "configs" / "pos.cfg"
    output = bad_train(config, settings, tmp_path, "--paths.base_model", "./no/such/model")
    assert "name = './no/such/model'" in output
    assert "no such folder" in output


def test_unknown_label_layer(settings, tmp_path):
    config = ROOT / "configs" / "pos.cfg"
    output = bad_train(config, settings, tmp_path, "--components.pos.layer", "upos")
    assert "layer = 'upos'" in output


def test_no_annotation(settings, tmp_path):
    path = tmp_path / "bare.spacy"
    DocBin(docs=[Doc(spacy.blank("en").vocab, words=["Hello"])]).to_disk(path)
    config = ROOT / "configs" / "ner.cfg"
    output = bad_train(config, settings, tmp_path, "--paths.train", path)
    assert "[components.ner]" in output
    assert "no named entities" in output


def test_label_that_was_looked_for_and_does_not_exist(settings, tmp_path):
    config = ROOT / "configs" / "ner.cfg"
    labels = ("--corpora.train.entity_labels", srsly.json_dumps(["PER", "PERS"]))
    output = bad_train(config, settings, tmp_path, *labels)
    assert "[components.ner] The training data name labels that were looked for" in output
    assert "nothing has: PERS. The labels are LOC, ORG, PER. Correct entity_labels" in output


def test_entities_alone(settings, tmp_path):
    options = ("--corpora.train.entity_labels", "[]", "--components.ner.entity_share", 0.1)
    run("train", ROOT / "configs" / "ner.cfg", "--output", tmp_path, *settings, *options)
    assert spacy.load(tmp_path / "model-best").get_pipe("ner").cfg["entity_share"] == 0.1


def test_damaged_corpus(settings, tmp_path):
    path = tmp_path / "damaged.spacy"
    path.write_bytes(b"not a DocBin")
    output = bad_train(ROOT / "configs" / "pos.cfg", settings, tmp_path, "--paths.train", path)
    assert "damaged.spacy" in output
    assert "seqtag convert" in output


def test_damaged_corpus_to_evaluate_on(settings, tmp_path):
    """What could only be read at the first evaluation fails before training begins."""
    path = tmp_path / "damaged.spacy"
    path.write_bytes(b"not a DocBin")
    output = bad_train(ROOT / "configs" / "pos.cfg", settings, tmp_path, "--paths.dev", path)
    assert "damaged.spacy" in output


def test_corpus_without_words(settings, tmp_path):
    path = tmp_path / "empty.spacy"
    DocBin(docs=[Doc(spacy.blank("en").vocab)]).to_disk(path)
    output = bad_train(ROOT / "configs" / "joint.cfg", settings, tmp_path, "--paths.train", path)
    assert "empty.spacy" in output
    assert "no document with words" in output


def test_joint_config_with_fewer_tasks(settings, tmp_path):
    names = ["transformer", "senter", "pos", "ner"]
    pipeline = ("--nlp.pipeline", srsly.json_dumps(names))
    run("train", ROOT / "configs" / "joint.cfg", "--output", tmp_path, *settings, *pipeline)
    assert spacy.load(tmp_path / "model-best").pipe_names == names
