"""`python -m spacy seqtag annotate`: what it prints, and one clear line for everything else."""

import json
import re
import sys

import pytest
from spacy.cli._util import app
from typer.testing import CliRunner

import spacy_seqtag.cli  # noqa: F401  (adds the command)


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Function from arguments to a result of the command, in a folder with texts."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.jsonl").write_text('{"text": "Ann left."}\nno JSON\n', "utf8")
    (tmp_path / "b.txt").write_text("Bob saw it.\n\nHe left Leeds.\n", "utf8")
    return lambda *args, **more: CliRunner().invoke(
        app, ["seqtag", "annotate", *map(str, args)], **more
    )


@pytest.fixture(scope="module")
def nlp_path(tmp_path_factory, make_nlp, tiny_bert, mini_examples):
    nlp = make_nlp(tiny_bert, ["seqtag_pos", "seqtag_ner"])
    nlp.initialize(lambda: mini_examples(nlp, 5))
    path = tmp_path_factory.mktemp("cli") / "tiny"
    nlp.to_disk(path)
    return path


def printed(result):
    plain = re.sub(r"\x1b\[[0-9;]*m", "", result.output)
    return [line.strip() for line in plain.splitlines() if line.strip()]


def test_folder_then_again(run, nlp_path, tmp_path):
    arguments = (nlp_path, "a.jsonl", "*.txt", "out", "--part-chars", "12")
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    assert printed(result)[-2:] == [
        "⚠ 1 text could not be annotated: see out/errors.jsonl",
        "✔ Wrote 3 texts, 11 words in out",
    ]
    lines = [
        json.loads(line)
        for path in sorted((tmp_path / "out").glob("part-*.jsonl"))
        for line in path.read_text("utf8").splitlines()
    ]
    assert [line["source"] for line in lines] == ["a.jsonl:1", "b.txt:1", "b.txt:3"]
    assert set(lines[0]) == {"text", "source", "tokens", "entities"}
    (tmp_path / "out" / "manifest.json").unlink()
    result = run(*arguments)
    assert result.exit_code == 1
    assert "which is of no run of annotate" in result.output
    assert "Give a new or empty folder" in result.output


def test_complete_and_continued(run, nlp_path, tmp_path):
    arguments = (nlp_path, "b.txt", "out", "--part-chars", "12", "--layers", "entities")
    assert run(*arguments).exit_code == 0
    result = run(*arguments)
    assert result.exit_code == 0
    assert printed(result) == [
        "\u2139 The run was complete already",
        "✔ There are 2 texts, 8 words in out",
    ]
    path = tmp_path / "out" / "manifest.json"
    manifest = json.loads(path.read_text("utf8"))
    manifest["complete"] = False
    (tmp_path / "out" / manifest["parts"].pop()["file"]).unlink()
    path.write_text(json.dumps(manifest), "utf8")
    assert printed(run(*arguments)) == [
        "\u2139 Went on after 1 part that had been written",
        "✔ Wrote 2 texts, 8 words in out",
    ]


def test_standard_input_to_a_file(run, nlp_path, tmp_path):
    result = run(nlp_path, "-", "out.conllu", "--quiet", input="Ann left.\n")
    assert (result.exit_code, result.output) == (0, "")
    assert "# text = Ann left.\n" in (tmp_path / "out.conllu").read_text("utf8")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("no.txt", "out"), "no.txt: there is no such file or folder. Check the path"),
        (("a.jsonl", "out", "--layers", "frames"), "does not annotate frames"),
        (("a.jsonl", "out", "--layers", "ents"), "layers = 'ents'; set it to one of: tokens"),
        (("a.jsonl", "out", "--address", "auto"), "address is that of a Ray cluster"),
        (("a.jsonl", "out", "--fail-fast"), "a.jsonl:2: this is no JSON"),
        (("a.jsonl", "b.txt"), "b.txt: the output is a file. Name a folder"),
    ],
)
def test_one_line_for_what_is_wrong(run, nlp_path, tmp_path, arguments, message):
    before = sorted(path.name for path in tmp_path.iterdir())
    result = run(nlp_path, *arguments)
    assert result.exit_code == 1
    (line,) = printed(result)
    assert message in line
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_no_such_pipeline(run, tmp_path):
    result = run("no_such_pipeline", "b.txt", "out")
    assert result.exit_code == 1
    (line,) = printed(result)
    assert line.startswith("no_such_pipeline: there is no such pipeline. Give the folder of a")
    assert not (tmp_path / "out").exists()


def test_without_ray(run, nlp_path, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    result = run(nlp_path, "b.txt", "out", "--engine", "ray")
    assert result.exit_code == 1
    assert printed(result) == ['ray is not installed. Install it: pip install "spacy-seqtag[ray]"']
    assert not (tmp_path / "out").exists()
