"""Every command of spaCy's command line on our configs and pipelines.

In one process: a process for each command would load PyTorch each time. `spacy train` and
`spacy package` as users run them are in `test_train`.
"""

from pathlib import Path

import pytest
import spacy
import srsly
from spacy.cli import app
from spacy.tokens import DocBin
from typer.testing import CliRunner

import spacy_seqtag.cli  # noqa: F401  # registers `seqtag`, as its entry point does

CONFIGS = Path(__file__).parents[2] / "configs"
NAMES = ("pos", "ner", "pos_ner", "srl", "joint")


@pytest.fixture(scope="module")
def invoke():
    """Function to run a command; returns what it printed, in one line."""

    def invoke(*args, ok=True):
        result = CliRunner().invoke(app, [str(arg) for arg in args])
        output = " ".join(result.output.split())  # wasabi wraps
        assert isinstance(result.exception, SystemExit | None), result.exception
        assert (result.exit_code == 0) == ok, output
        return output

    return invoke


@pytest.fixture(scope="module")
def corpus(mini_docs, tmp_path_factory):
    path = tmp_path_factory.mktemp("corpus") / "mini.spacy"
    docs = mini_docs(spacy.blank("en").vocab, n=20)
    DocBin(docs=docs, store_user_data=True).to_disk(path)
    return path


@pytest.fixture(scope="module")
def settings(corpus, tiny_bert):
    paths = ("--paths.train", corpus, "--paths.dev", corpus, "--paths.base_model", tiny_bert)
    return (*paths, "--training.max_steps", 2, "--training.eval_frequency", 2)


@pytest.fixture(scope="module")
def pipeline(invoke, settings, tmp_path_factory):
    folder = tmp_path_factory.mktemp("training")
    invoke("train", CONFIGS / "joint.cfg", "--output", folder, *settings)
    return folder / "model-best"


# Configs


@pytest.mark.parametrize("name", NAMES)
def test_init_fill_config_has_nothing_to_fill(invoke, name, tmp_path):
    filled = tmp_path / "filled.cfg"
    invoke("init", "fill-config", CONFIGS / f"{name}.cfg", filled)
    assert spacy.util.load_config(filled, interpolate=False) == spacy.util.load_config(
        CONFIGS / f"{name}.cfg", interpolate=False
    )


@pytest.mark.parametrize("name", NAMES)
def test_debug_config(invoke, settings, name):
    output = invoke("debug", "config", CONFIGS / f"{name}.cfg", *settings, "--show-functions")
    assert "Config is valid" in output
    assert "spacy_seqtag.warmup_linear.v1" in output


@pytest.mark.parametrize("name", NAMES)
def test_debug_data(invoke, settings, name):
    # Ends with 1 for a corpus of so few documents, after everything has been looked at.
    output = invoke("debug", "data", CONFIGS / f"{name}.cfg", *settings, ok=False)
    assert "Corpus is loadable" in output
    assert "20 training docs" in output
    assert "Low number of examples" in output
    assert "1 error" in output


def test_debug_diff_config(invoke):
    """Against another config, or, where the components have the names of factories, spaCy's."""
    joint, ner = CONFIGS / "joint.cfg", CONFIGS / "ner.cfg"
    output = invoke("debug", "diff-config", joint, "--compare-to", ner)
    assert "seqtag_srl" in output
    output = invoke("debug", "diff-config", ner)
    assert "spacy_seqtag.plan_training.v1" in output


def test_debug_model(invoke, settings):
    output = invoke("debug", "model", CONFIGS / "ner.cfg", "ner", *settings, "--print-step3")
    assert "Successfully ended analysis" in output


def test_init_labels(invoke, settings, tmp_path):
    invoke("init", "labels", CONFIGS / "joint.cfg", tmp_path, *settings)
    assert "PER" in srsly.read_json(tmp_path / "ner.json")
    names = [path.stem for path in tmp_path.glob("*.json")]
    assert sorted(names) == ["ner", "pos", "srl"]


@pytest.mark.parametrize(
    "name", ["spacy_seqtag.plan_training.v1", "spacy_seqtag.LanguageTokenizer.v1", "seqtag_srl"]
)
def test_find_function(invoke, name):
    assert "spacy_seqtag" in invoke("find-function", name).replace(name, "")


# Pipelines


@pytest.mark.parametrize("command", [["evaluate"], ["benchmark", "accuracy"]])
def test_evaluate(invoke, pipeline, corpus, tmp_path, command):
    scores = tmp_path / "scores.json"
    assert "SPEED" in invoke(*command, pipeline, corpus, "--output", scores)
    assert {"pos_acc", "ents_f", "srl_f", "predicates_f"} <= srsly.read_json(scores).keys()


def test_benchmark_speed(invoke, pipeline, corpus):
    output = invoke(
        "benchmark", "speed", pipeline, corpus, "--batches", 30, "--warmup", 1, "--batch-size", 1
    )
    assert "Mean" in output


def test_apply(invoke, pipeline, corpus, tmp_path):
    text, docs = tmp_path / "text.txt", tmp_path / "docs.spacy"
    text.write_text("Maria Lopez flew to Berlin.\n", encoding="utf8")
    for source in (text, corpus):
        invoke("apply", pipeline, source, docs, "--force")
        (doc, *_) = DocBin().from_disk(docs).get_docs(spacy.blank("en").vocab)
        assert doc.has_annotation("POS")
        assert "srl" in doc.spans


def test_assemble(invoke, pipeline, tmp_path):
    """Components of a trained pipeline in a new one."""
    config = spacy.util.load_config(CONFIGS / "pos_ner.cfg", interpolate=False)
    for name in ("transformer", "pos", "ner"):
        config["components"][name] = {"source": str(pipeline)}
    config.to_disk(tmp_path / "sourced.cfg")
    invoke("assemble", tmp_path / "sourced.cfg", tmp_path / "assembled")
    text = "Maria Lopez flew to Berlin."
    before, after = spacy.load(pipeline)(text), spacy.load(tmp_path / "assembled")(text)
    assert [token.pos_ for token in after] == [token.pos_ for token in before]
    assert after.has_annotation("ENT_IOB")


def test_package(invoke, pipeline, tmp_path):
    invoke("package", pipeline, tmp_path, "--name", "tiny", "--build", "none")
    (meta,) = tmp_path.glob("en_tiny-*/meta.json")
    assert any("spacy-seqtag" in need for need in srsly.read_json(meta)["requirements"])


def test_profile(invoke, pipeline, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # it writes Profile.prof
    texts = tmp_path / "texts.jsonl"
    srsly.write_jsonl(texts, [{"text": "Maria Lopez flew to Berlin."}])
    assert "Profile stats" in invoke("debug", "profile", pipeline, texts)


def test_info(invoke, pipeline):
    assert "'senter', 'pos', 'ner', 'srl'" in invoke("info", pipeline)


def test_find_threshold_has_nothing_to_find(invoke, pipeline, corpus):
    """Our components take the most probable annotation, and have no threshold."""
    output = invoke("find-threshold", pipeline, corpus, "ner", "threshold", "ents_f", ok=False)
    assert "Failed to look up `components.ner.threshold`" in output


# Training goes on


def test_resume_training_and_rehearse(pipeline, mini_examples):
    nlp = spacy.load(pipeline)
    optimizer = nlp.resume_training()
    optimizer.step_schedules()
    before = nlp.get_pipe("ner").model.to_bytes()
    nlp.update(mini_examples(nlp), sgd=optimizer)
    assert nlp.get_pipe("ner").model.to_bytes() != before
    nlp = spacy.load(pipeline)
    nlp.rehearse(mini_examples(nlp))
