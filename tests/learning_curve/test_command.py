"""The command: bad options, a dry run, a report, and a whole curve."""

import json
import shutil
import subprocess
import sys
from importlib import import_module

import pytest
from typer.testing import CliRunner

from .conftest import ROOT

SCRIPT = ROOT / "scripts" / "learning_curve.py"


def run(*args):
    """Exit code and output, run here: what comes before any run."""
    done = CliRunner().invoke(import_module("learning_curve").app, list(map(str, args)))
    assert isinstance(done.exception, SystemExit | None), done.exception
    return done.exit_code, done.output


def run_all(*args):
    """The same in a process of its own."""
    command = [sys.executable, SCRIPT, *args]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def arguments(settings):
    files = ("--config", settings.config, "--train", settings.train, "--dev", settings.dev)
    return ("run", *files, "--folder", settings.folder)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (("--shares", "2"), "--shares 2: 2 is no share. Give a number above 0 and at most 1"),
        (("--seeds", ""), "--seeds '': there is nothing in it"),
        (("--gold-share", "1"), "gold_share = 1.0; set it to"),
        (("--soft-weight", "0"), "soft_weight = 0.0; set it to"),
        (("--settings", "--training.dropout '0.2"), "No closing quotation"),
        (("--student-settings", "a.b=1 c"), "--student-settings a.b=1 c: c is no setting. Give"),
        (("--references", "none.json"), "none.json"),
        (("--split", "test"), "--split test: give dev, or test together with --test FILE"),
    ],
)
def test_bad_options(arguments, settings, more, message):
    code, output = run(*arguments, *more, "--dry-run")
    assert code == 1
    assert message in output
    assert len(output.strip().split("\n")) == 1
    assert not settings.folder.exists()


def test_dry_run(arguments, settings):
    code, output = run(
        *arguments, "--shares", "0.1", "--seeds", "0", "--recipes", "plain", "--dry-run"
    )
    assert code == 0
    assert output.startswith("# plain, 10%, seed 0\n")
    assert "-m spacy seqtag train" in output
    assert not settings.folder.exists()


def test_report(made):
    code, output = run("report", "--folder", made)
    assert code == 0, output
    assert "60.00 ±10.00" in output
    assert json.loads((made / "curve.json").read_text())["points"]
    assert (made / "curve.svg").read_text().startswith("<svg")
    code, output = run("report", "--folder", made / "none")
    assert code == 1
    assert len(output.strip().split("\n")) == 1


@pytest.mark.slow
def test_whole(arguments, settings, tiny_bert):
    """Two shares, two recipes, several runs at a time; then again, and with a run that fails."""
    few = ("--training.eval_frequency", "2")
    more = (
        *("--shares", "0.3,1", "--seeds", "0", "--jobs", 2, "--base-model", tiny_bert),
        *("--steps", 4, "--student-steps", 4, "--settings", " ".join(few)),
    )
    code, output = run_all(*arguments, *more)
    assert code == 0, output
    names = ("plain-30-0", "full-30-0", "plain-100-0", "full-100-0")
    results = settings.folder / "results"
    assert sorted(path.stem for path in results.iterdir()) == sorted(names)
    for name in names:
        content = json.loads((results / f"{name}.json").read_text())
        assert 0 <= content["scores"]["dev"]["ents_f"] <= 1
        assert [p.name for p in (settings.folder / "runs" / name).glob("model-*")] == ["model-best"]
    made = json.loads((settings.folder / "curve.json").read_text())["points"]
    assert {(p["recipe"], p["share"]) for p in made} == {
        *(("plain", 0.3), ("full", 0.3), ("plain", 1.0), ("full", 1.0))
    }
    logs = {p.name: p.stat().st_size for p in (settings.folder / "logs").iterdir()}
    (results / "full-30-0.json").unlink()
    code, output = run_all(*arguments, *more)
    assert code == 0, output
    again = {p.name: p.stat().st_size for p in (settings.folder / "logs").iterdir()}
    assert {name for name in logs if again[name] != logs[name]} == {"full-30-0.log"}
    # It is scored, not trained again.
    assert "The run in" in (settings.folder / "logs" / "full-30-0.log").read_text()
    (results / "full-30-0.json").unlink()
    shutil.rmtree(settings.folder / "runs" / "full-30-0")
    (settings.folder / "soft" / "30.spacy").write_bytes(b"no DocBin")
    code, output = run_all(*arguments, *more)
    assert code == 1
    assert "full, 30%, seed 0: `python -m spacy seqtag train` ended with exit code 1" in output
    assert "30.spacy" in output
