"""The logger with a progress bar, a line for each evaluation, and a plot of the scores."""

import json
from io import StringIO

import pytest
import spacy
from spacy.training.loggers import console_logger_v3
from spacy.util import registry

from spacy_seqtag.training import progress
from spacy_seqtag.training.rich_logger import create_rich_logger


class Terminal(StringIO):
    encoding = "utf8"

    def isatty(self):
        return True


def run(logger, stream, max_steps=10, settings=None, stderr=None):
    """What a logger prints in a run of 10 steps: on standard output, and on standard error."""
    nlp = spacy.blank("en")
    nlp.add_pipe("ner")
    nlp.config["vars"] = {"steps": 10}
    nlp.config["training"]["max_steps"] = max_steps
    weights = {"ents_f": 1.0, "ents_p": 0.0, "speed": 0.0, "by_type": None}
    nlp.config["training"]["score_weights"] = weights
    nlp.config["training"]["logger"] = settings or {"@loggers": "spacy.ConsoleLogger.v3"}
    stderr = stderr or StringIO()
    log_step, finalize = logger(nlp, stream, stderr)
    for step in range(11):
        info = {
            "epoch": 0,
            "step": step,
            "score": (step % 7) / 10,
            "losses": {"ner": 1.5},
            "other_scores": {"ents_f": step / 20, "ents_p": 0.25, "speed": 4321.0},
        }
        log_step(info if step % 5 == 0 else None)
    finalize()
    return stream.getvalue(), stderr.getvalue()


def test_in_a_terminal(monkeypatch):
    monkeypatch.setenv("COLUMNS", "140")
    stdout, stderr = run(create_rich_logger(), Terminal())
    assert stderr == ""
    lines = [line for line in stdout.replace("\r", "\n").splitlines() if "epoch" in line]
    assert len(lines) == 3
    for line, step in zip(lines, ("0", "5", "10")):
        scores = f"ents_f {int(step) * 5:.1f}  ents_p 25.0  ents_r -  speed 4321.0"
        assert f"step {step}  loss 1.50  {scores}" in line
    assert ["best" in line for line in lines] == [True, True, False]
    assert "11/11" in stdout
    assert "▁█▅ best 0.500" in stdout


@pytest.mark.parametrize("max_steps", [0, 10, "${vars.steps}"])
def test_a_run_without_an_end(max_steps):
    stdout, _ = run(create_rich_logger(), Terminal(), max_steps)
    assert ("/?" in stdout) == (max_steps == 0)


def test_spacys_log_where_there_is_no_terminal():
    assert run(create_rich_logger(), StringIO()) == run(console_logger_v3(), StringIO())


@pytest.mark.parametrize("stream", [Terminal, StringIO])
def test_the_log_file_is_spacys(tmp_path, stream):
    ours, theirs = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    run(create_rich_logger(str(ours)), stream())
    run(console_logger_v3(output_file=str(theirs)), StringIO())
    assert ours.read_text() == theirs.read_text()
    assert [json.loads(line)["step"] for line in ours.read_text().splitlines()] == [0, 5, 10]


def test_a_terminal_without_the_characters():
    stream = Terminal()
    stream.encoding = "ascii"
    stdout, _ = run(create_rich_logger(), stream)
    assert "_^= best" in stdout or "_^- best" in stdout


RICH = {"@loggers": "spacy_seqtag.RichLogger.v1"}
PROGRESS = {"@loggers": "spacy_seqtag.ProgressLogger.v1"}
PLAIN = {"@loggers": "spacy.ConsoleLogger.v3"}


@pytest.mark.parametrize(
    ("settings", "lines"),
    [
        (PLAIN, 1),
        (RICH, 0),
        ({**PLAIN, "progress_bar": "train"}, 0),
        ({"@loggers": "spacy.ChainLogger.v1", "logger1": PLAIN}, 1),
        ({"@loggers": "spacy.ChainLogger.v1", "logger1": PLAIN, "logger2": RICH}, 0),
        ({"@loggers": "spacy.ChainLogger.v1", "logger1": PROGRESS}, 1),
    ],
)
def test_there_is_one_status_line_at_most(settings, lines, monkeypatch):
    """`RichLogger` shows how far training is by itself, and `ProgressLogger` has its own line."""
    made = []

    class Counted(progress._StatusLine):
        def __init__(self, *args):
            super().__init__(*args)
            made.append(self)

    monkeypatch.setattr(progress, "_StatusLine", Counted)
    logger = progress.with_progress(registry.resolve({"logger": settings})["logger"])
    run(logger, Terminal(), settings=settings, stderr=Terminal())
    assert len(made) == lines
