"""Pipelines that cannot be loaded, in every command that loads one."""

import shutil
from pathlib import Path

import pytest
import spacy
import typer
from spacy.cli._util import app
from spacy.tokens import DocBin
from typer.testing import CliRunner

from spacy_seqtag.cli import seqtag
from spacy_seqtag.loading import check_pipeline, load_pipeline

COMMANDS = {
    "add-frames": ("{}", "frames.json", "--output", "new"),
    "annotate": ("{}", "raw.txt", "new.jsonl"),
    "evaluate": ("{}", "gold.spacy"),
    "calibrate": ("{}", "gold.spacy", "--output", "new"),
    "audit": ("{}", "gold.spacy"),
    "info": ("{}",),
    "quantize": ("{}", "gold.spacy", "new"),
    "shrink": ("{}", "raw.txt", "new", "--layers", "1"),
    "show": ("{}", "Ann left.", "--no-serve"),
    "distil": ("{}", "raw.txt", "--output", "new.spacy"),
    "report": ("{}", "gold.spacy", "new.html"),
    "serve": ("{}",),
    "to-hf": ("{}", "new"),
    "suggest": ("{}", "raw.txt", "--output", "new.jsonl"),
    "convert": ("texts.jsonl", "--tokenizer", "{}", "--output", "new.spacy"),
    "init-config": ("--train", "gold.spacy", "--pipeline", "{}", "--output", "new.cfg"),
}
# What commands call a pipeline.
NAMES = {"model", "pipeline", "pipelines", "tokenizer"}


@pytest.fixture
def folder(tmp_path, monkeypatch, trained_path, mini_docs):
    """The current folder, with a pipeline, a corpus and a text."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(trained_path, tmp_path / "nlp")
    (tmp_path / "raw.txt").write_text("She gave him the book.\n")
    (tmp_path / "texts.jsonl").write_text('{"text": "Ann left.", "spans": []}\n')
    DocBin(docs=mini_docs(spacy.blank("en").vocab, "dev", 3)).to_disk(tmp_path / "gold.spacy")
    return tmp_path


def run(name, model):
    words = [word.format(model) for word in COMMANDS[name]]
    return CliRunner().invoke(app, ["seqtag", name, *words])


def test_every_command_that_loads_a_pipeline_is_here():
    """`train` names a pipeline in its config, see below; `from-hf` loads none."""
    commands = typer.main.get_command(seqtag).commands
    assert set(COMMANDS) == {
        name for name, command in commands.items() if NAMES & {p.name for p in command.params}
    }


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_names_what_is_missing_or_damaged(folder, name):
    Path("nlp", "seqtag_ner", "model").unlink()
    cases = {
        "nobody": "nobody: there is no such pipeline. Give the folder of a trained pipeline",
        "raw.txt": "raw.txt: this file is no pipeline. Give the folder",
        ".": ".: this folder is no pipeline (it has no meta.json). Give",
        "nlp": "nlp/seqtag_ner/model is missing. Copy the pipeline again",
    }
    for model, message in cases.items():
        result = run(name, model)
        assert result.exit_code == 1, result.output
        (line,) = result.output.strip().splitlines()
        assert message in line
        assert "[E" not in line
    assert not list(folder.glob("new*"))


def test_the_folder_of_a_run_is_no_pipeline(folder):
    Path("nlp").rename("model-best")
    with pytest.raises(OSError, match=r"no meta\.json\)\. There is one in .*model-best$"):
        load_pipeline(str(folder))
    check_pipeline(str(folder / "model-best"))


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("config.cfg", None, "nlp: this folder is no pipeline (it has no config.cfg)"),
        ("config.cfg", b"\xff\xfe", "nlp: the pipeline is damaged"),
        ("config.cfg", b"[nlp", "nlp: Config validation error: Make sure the sections"),
        ("meta.json", b"{", "nlp: the pipeline is damaged"),
        ("tokenizer", b"\x00junk", "nlp: the pipeline is damaged"),
        ("vocab/strings.json", b"[", "nlp: the pipeline is damaged"),
        ("tokenizer", None, "nlp: the pipeline is damaged"),
    ],
)
def test_damaged_files(folder, file, content, message):
    path = folder / "nlp" / file
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    with pytest.raises((OSError, ValueError)) as error:
        load_pipeline("nlp")
    assert message in str(error.value)


def test_unknown_factories_and_settings(folder):
    path = folder / "nlp" / "config.cfg"
    text = path.read_text()
    path.write_text(text.replace('factory = "seqtag_ner"', 'factory = "no_such"'))
    with pytest.raises(ValueError, match=r"nlp: Can't find factory for 'no_such'"):
        load_pipeline("nlp")
    path.write_text(text.replace('decoding = "viterbi"', 'decoding = "beam"'))
    with pytest.raises(ValueError, match=r"nlp: \[components.seqtag_ner\] decoding = 'beam'"):
        load_pipeline("nlp")


def test_a_package_that_is_no_pipeline():
    with pytest.raises(ValueError, match=r"srsly: the pipeline is damaged"):
        load_pipeline("srsly")


def test_what_is_to_be_trained_further_is_missing(folder):
    parts = ('[nlp]\nlang = "en"', "[training]\nseed = 0", "[components]")
    Path("my.cfg").write_text("\n".join([*parts, '[components.ner]\nsource = "nobody"\n']))
    result = CliRunner().invoke(app, ["seqtag", "train", "my.cfg", "--output", "new"])
    assert result.exit_code == 1
    assert "[components.ner] source = nobody: there is no such pipeline" in result.output
    assert not Path("new").exists()
