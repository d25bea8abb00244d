"""`python -m spacy seqtag report`."""

import json
from pathlib import Path

import pytest
import spacy
from spacy.cli._util import app
from spacy.tokens import Doc, DocBin
from typer.testing import CliRunner

import spacy_seqtag.cli  # noqa: F401  (adds the command)
from spacy_seqtag import extras


@pytest.fixture
def run(tmp_path, monkeypatch, trained_path, mini_docs):
    """Function from arguments to a result, in a folder with a pipeline and a corpus."""
    monkeypatch.chdir(tmp_path)
    Path("nlp").symlink_to(trained_path)
    vocab = spacy.blank("en").vocab
    DocBin(docs=mini_docs(vocab, "dev", 8)).to_disk("gold.spacy")
    DocBin(docs=[]).to_disk("empty.spacy")
    DocBin(docs=[Doc(vocab)]).to_disk("nothing.spacy")

    def command(*arguments):
        return CliRunner().invoke(app, ["seqtag", "report", *map(str, arguments)])

    return command


def test_a_page_and_its_figures(run):
    result = run("nlp", "gold.spacy", "new/page.html", "--train", "gold.spacy", "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    page = Path("new/page.html").read_text("utf8")
    assert found["bytes"] == len(page.encode())
    assert found["tasks"].keys() >= {"pos", "ents"}
    assert found["differences"] is None
    scores = json.loads(
        CliRunner()
        .invoke(
            app, ["seqtag", "evaluate", "nlp", "gold.spacy", "--allow-unknown-labels", "--json"]
        )
        .stdout
    )
    assert found["tasks"]["ents"]["f"] == pytest.approx(scores["ents_f"])
    assert found["tasks"]["pos"]["r"] == pytest.approx(scores["pos_acc"])
    assert "Word in the training corpus" in page


def test_two_pipelines(run):
    result = run("nlp", "gold.spacy", "page.html", "--compare", "nlp", "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["differences"]["pos"] == {"value": 0.0, "low": 0.0, "high": 0.0, "p": 1.0}
    page = Path("page.html").read_text("utf8")
    assert "against" in page
    assert "There are 8 documents: intervals from so few are rough." in found["notes"]
    assert not [note for note in found["notes"] if "--train" in note]


def test_plots(run):
    pytest.importorskip("matplotlib", reason="the extra `plot` is not installed")
    row = {"epoch": 0, "losses": {}, "scores": {"pos_acc": 50.0}, "score": 0.5}
    rows = [json.dumps({**row, "step": step}) for step in (0, 10)]
    Path("log.jsonl").write_text("\n".join(rows), "utf8")
    nlp = spacy.load("nlp")
    nlp.config["training"]["logger"] = {"@loggers": "x", "output_file": "log.jsonl"}
    nlp.to_disk("logged")
    result = run("logged", "gold.spacy", "page.html", "--plots", "plots", "--json")
    assert result.exit_code == 0, result.output
    assert Path("plots/training.svg").is_file()
    files = [Path(name) for name in json.loads(result.stdout)["plots"]]
    assert {*files} == {*Path("plots").iterdir()}
    assert {file.suffix for file in files} == {".png", ".svg"}
    for file in files:
        start = file.read_bytes()[:5]
        assert start == (b"\x89PNG\r" if file.suffix == ".png" else b"<?xml")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nobody", "gold.spacy", "page.html"), "nobody: there is no such pipeline"),
        (("nlp", "none.spacy", "page.html"), "none.spacy"),
        (("nlp", "empty.spacy", "page.html"), "empty.spacy"),
        (("nlp", "nothing.spacy", "page.html"), "nothing.spacy"),
        (("nlp", "gold.spacy", "gold.spacy"), "would replace the corpus"),
        (("nlp", "gold.spacy", "page.html", "--train", "none.spacy"), "none.spacy"),
        (
            ("nlp", "gold.spacy", "page.html", "--train", "nothing.spacy"),
            "--train nothing.spacy: there is no document with words",
        ),
        (("nlp", "gold.spacy", "page.html", "--compare", "nobody"), "nobody: there is no such"),
        (
            ("nlp", "gold.spacy", "page.html", "--compare", "nlp", "--train", "gold.spacy"),
            "Leave --train or --compare out",
        ),
    ],
)
def test_errors_are_one_line(run, arguments, message):
    result = run(*arguments)
    assert result.exit_code == 1
    (line,) = result.output.strip().splitlines()
    assert message in line
    assert not Path("page.html").exists()


def test_plots_without_matplotlib(run, monkeypatch):
    def missing(name):
        raise ModuleNotFoundError(f"No module named {name!r}", name="matplotlib")

    monkeypatch.setattr(extras, "import_module", missing)
    result = run("nlp", "gold.spacy", "page.html", "--plots", "plots")
    assert result.exit_code == 1
    assert 'pip install "spacy-seqtag[plot]"' in result.output
    assert not Path("page.html").exists()


@spacy.Language.component("merges_for_report")
def merges(doc):
    with doc.retokenize() as retokenizer:
        retokenizer.merge(doc[:2])
    return doc


def test_a_pipeline_that_merges_words(run):
    nlp = spacy.blank("en")
    nlp.add_pipe("merges_for_report")
    nlp.to_disk("merging")
    result = run("merging", "gold.spacy", "page.html")
    assert result.exit_code == 1
    assert "merging: the Doc that begins" in result.output
    assert "neither merge nor split" in result.output
