"""`python -m spacy seqtag train`: what is wrong is said in one line, before anything is made."""

from pathlib import Path

import pytest
from spacy.cli._util import app
from typer.testing import CliRunner

import spacy_seqtag.cli  # noqa: F401  (adds the commands)
from spacy_seqtag.cli import gpu

CONFIG = Path(__file__).parents[2] / "configs" / "pos.cfg"
NO_CONFIGS = {
    "a file that is not there": (None, "there is no such file"),
    "no text": (b"\xff\xfe\x00\x9d", "this is no text"),
    "other text": (b"hello\n", "File contains no section headers"),
    "nothing": (b"", "this is no config for training, it has no [nlp]"),
    "another config": (b"[tool]\na = 1\n", "this is no config for training, it has no [nlp]"),
    "a section twice": (b"[nlp]\na = 1\n[nlp]\nb = 2\n", "section 'nlp' already exists"),
}


@pytest.fixture
def fails(tmp_path, monkeypatch):
    """Function from arguments to the one line that a command says; it makes nothing."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        before = list(tmp_path.rglob("*"))
        result = CliRunner().invoke(app, ["seqtag", *map(str, arguments)])
        assert result.exit_code == 1, result.output
        assert list(tmp_path.rglob("*")) == before
        (line,) = (x for x in result.output.splitlines() if x.strip() and "Using" not in x)
        return line

    return run


@pytest.mark.parametrize(("content", "message"), NO_CONFIGS.values(), ids=NO_CONFIGS)
def test_what_is_no_config(fails, tmp_path, content, message):
    if content is not None:
        (tmp_path / "my.cfg").write_bytes(content)
    line = fails("train", "my.cfg", "--output", "out")
    assert "my.cfg: " in line
    assert message in line


def test_folder_in_place_of_a_config(fails, tmp_path):
    assert f"{tmp_path}: this is a folder" in fails("train", tmp_path, "--output", "out")


@pytest.mark.parametrize(
    "arguments",
    [
        ("train", CONFIG, "--output", "out"),
        ("evaluate", "nlp", CONFIG.parent),
        ("calibrate", "nlp", "dev.spacy", "--output", "out"),
        ("audit", "nlp", "dev.spacy"),
        ("show", "nlp", "text", "--no-serve"),
        ("distil", "nlp", "raw.txt", "--output", "out.spacy"),
        ("suggest", "nlp", "raw.txt", "--output", "out.jsonl"),
    ],
    ids=lambda arguments: arguments[0],
)
def test_gpu_that_cannot_be_used(fails, monkeypatch, arguments):
    """Whatever the libraries of GPUs raise."""

    def set_up(*args, **kwargs):
        raise RuntimeError("CUDA error:\ninvalid device ordinal")

    monkeypatch.setattr(gpu, "setup_gpu", set_up)
    if arguments[0] == "evaluate":
        monkeypatch.setattr("spacy_seqtag.cli.evaluate.check_outputs", lambda *args: None)
    line = fails(*arguments, "--gpu-id", 7)
    assert "--gpu-id 7: CUDA error: invalid device ordinal. Give the number" in line
