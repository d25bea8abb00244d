"""What commands do with what is there already: the rule of docs/commands.md, for all of them."""

import shutil
from pathlib import Path

import pytest
import spacy
import typer
from spacy.cli._util import app
from spacy.tokens import DocBin
from typer.testing import CliRunner

from spacy_seqtag.cli import seqtag

MINI = Path(__file__).parents[2] / "assets" / "mini"
FILES = {
    "convert": ("dev.conllu", "--output", "old.spacy"),
    "distil": ("nlp", "raw.txt", "--output", "old.spacy"),
    "suggest": ("nlp", "raw.txt", "--min-words", 1, "--output", "old.jsonl"),
    "audit": ("nlp", "gold.spacy", "--output", "old.jsonl"),
    "evaluate": ("nlp", "gold.spacy", "--allow-unknown-labels", "--output", "old.json"),
    "export": ("gold.spacy", "--format", "props", "--output", "old.props"),
    "show": ("nlp", "Ann left.", "--no-serve", "--output", "old.html"),
    "annotate": ("nlp", "raw.txt", "old.jsonl"),
    "report": ("nlp", "gold.spacy", "old.html"),
}
# Commands that ask before they replace what took work: see the tests that are named.
WITH_OVERWRITE = {
    "add-frames": "test_frames.py",
    "calibrate": "below",
    "init-config": "below",
    "from-hf": "test_from_hf.py",
    "to-hf": "test_to_hf.py",
    "quantize": "tests/test_quantization.py",
    "shrink": "tests/shrink/test_run.py",
    "train": "tests/integration/test_resume.py",
}


@pytest.fixture
def run(tmp_path, monkeypatch, trained_path, mini_docs):
    """Function from arguments to a result, in a folder with a pipeline, a corpus and a text."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(MINI / "dev.conllu", tmp_path)
    (tmp_path / "nlp").symlink_to(trained_path)
    (tmp_path / "raw.txt").write_text("She gave him the book.\n")
    DocBin(docs=mini_docs(spacy.blank("en").vocab, "dev", 3)).to_disk(tmp_path / "gold.spacy")

    def command(*arguments):
        return CliRunner().invoke(app, ["seqtag", *map(str, arguments)])

    return command


def test_every_command_that_writes_is_here():
    commands = typer.main.get_command(seqtag).commands
    writing = {n for n, command in commands.items() if "output" in {p.name for p in command.params}}
    assert writing == {*FILES, *WITH_OVERWRITE}
    for name in WITH_OVERWRITE:
        options = {option for parameter in commands[name].params for option in parameter.opts}
        assert {"--overwrite", "--force", "-F"} <= options


@pytest.mark.parametrize("name", FILES)
def test_files_are_replaced(run, name):
    old = Path(FILES[name][-1])
    old.write_bytes(b"old")
    result = run(name, *FILES[name])
    assert result.exit_code == 0, result.output
    assert old.read_bytes() not in (b"old", b"")


@pytest.mark.parametrize(
    "name", ["convert", "distil", "suggest", "audit", "evaluate", "export", "report"]
)
def test_what_is_read_is_not_replaced(run, name):
    source = next(word for word in FILES[name] if "." in str(word))
    before = Path(source).read_bytes()
    result = run(name, *FILES[name][:-1], source)
    assert result.exit_code == 1
    assert len(result.output.strip().splitlines()) == 1
    assert Path(source).read_bytes() == before


@pytest.mark.parametrize("name", ["audit", "evaluate"])
def test_a_file_of_a_folder_that_is_read_is_not_replaced(run, tmp_path, name):
    folder = tmp_path / "corpora"
    folder.mkdir()
    shutil.copy("gold.spacy", folder)
    before = (folder / "gold.spacy").read_bytes()
    result = run(name, "nlp", folder, "--output", "corpora/gold.spacy")
    assert result.exit_code == 1
    assert "corpora/gold.spacy" in result.output
    assert (folder / "gold.spacy").read_bytes() == before


@pytest.mark.parametrize("option", ["--overwrite", "--force", "-F"])
def test_configs_and_pipelines_are_replaced_when_told(run, tmp_path, tiny_bert, option):
    """What `train` does is tested in tests/integration/test_resume.py."""
    config = ("init-config", "--train", "gold.spacy", "--base-model", tiny_bert, "--output")
    Path("my.cfg").write_text("mine")
    result = run(*config, "my.cfg")
    assert result.exit_code == 1
    assert "my.cfg is there already. Give --overwrite" in result.output
    assert Path("my.cfg").read_text() == "mine"
    assert run(*config, "my.cfg", option).exit_code == 0
    assert Path("my.cfg").read_text() != "mine"
    before = Path("gold.spacy").read_bytes()
    assert run(*config, "gold.spacy", option).exit_code == 1
    assert Path("gold.spacy").read_bytes() == before

    shutil.copytree("nlp/", "old")
    meta = Path("old", "meta.json").read_bytes()
    calibrate = ("calibrate", "nlp", "gold.spacy", "--output", "old", "--quiet")
    result = run(*calibrate)
    assert result.exit_code == 1
    assert "replace the pipeline with --overwrite" in result.output
    assert Path("old", "meta.json").read_bytes() == meta
    result = run(*calibrate, option)
    assert result.exit_code == 0, result.output
    assert spacy.load("old").get_pipe("seqtag_pos").temperature() != 1.0


@pytest.mark.parametrize(
    "arguments",
    [
        ("convert", "dev.conllu", "--output", "new.spacy", "--nonsense"),
        ("convert", "dev.conllu"),
        ("convert", "dev.conllu", "--output", "new.spacy", "--limit", "many"),
        ("distil", "nlp", "raw.txt", "--output", "new.spacy", "--top", 0),
        ("export", "gold.spacy", "--format", "nonsense", "--output", "new.props"),
        ("nonsense",),
    ],
)
def test_a_wrong_command_line_is_exit_code_2(run, arguments):
    result = run(*arguments)
    assert result.exit_code == 2
    assert "Usage:" in result.output
    assert not list(Path().glob("new.*"))
