"""The status line of training."""

from io import StringIO

import pytest
import spacy

from spacy_seqtag.training.progress import (
    create_progress_logger,
    describe_scores,
    sparkline,
    with_progress,
)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.0, 0.5, 1.0], "▁▅█"),
        ([3.0, 3.0], "▁▁"),
        ([0.0, float("nan"), 7.0], "▁ █"),
        (range(8), "▁▂▃▄▅▆▇█"),
        ([], ""),
    ],
)
def test_sparkline(values, expected):
    assert sparkline([float(value) for value in values]) == expected


def test_best_score_is_the_first_of_equal_ones():
    scores = [(0.1, 0), (0.8, 5), (0.8, 10), (0.4, 15)]
    assert describe_scores(scores) == "▁██▄ score 0.40, best 0.80 at step 5"


class Terminal(StringIO):
    encoding = "utf8"

    def isatty(self):
        return True


def plain_logger(nlp, stdout, stderr):
    """What prints a row for each evaluation."""

    def log_step(info):
        if info is not None:
            print("row", info["step"], file=stdout)

    return log_step, lambda: print("end", file=stdout)


def run(logger, stream, max_steps=10, settings=None):
    """What a logger prints in a run of 10 steps: on standard output, and on standard error."""
    nlp = spacy.blank("en")
    nlp.config["vars"] = {"steps": 10}
    nlp.config["training"]["max_steps"] = max_steps
    nlp.config["training"]["logger"] = settings or {"@loggers": "spacy.ConsoleLogger.v3"}
    stdout = StringIO()
    log_step, finalize = logger(nlp, stdout, stream)
    for step in range(11):
        log_step({"step": step, "score": step / 20} if step % 5 == 0 else None)
    finalize()
    return stdout.getvalue(), stream.getvalue()


def test_line_in_a_terminal():
    stdout, stderr = run(with_progress(plain_logger), Terminal())
    assert stdout == "row 0\nrow 5\nrow 10\nend\n"
    assert "/11 [" in stderr
    assert "▁▅█ score 0.50, best 0.50 at step 10" in stderr


def test_a_variable_in_the_config():
    _, stderr = run(with_progress(plain_logger), Terminal(), "${vars.steps}")
    assert "/11 [" in stderr


def test_plain_log_elsewhere():
    stdout, stderr = run(with_progress(plain_logger), StringIO())
    assert stdout == "row 0\nrow 5\nrow 10\nend\n"
    assert stderr == ""


def test_terminal_without_the_characters():
    stream = Terminal()
    stream.encoding = "ascii"
    _, stderr = run(with_progress(plain_logger), stream)
    assert "_-^ score 0.50" in stderr


def test_steps_before_an_interruption_take_no_time():
    _, stderr = run(with_progress(plain_logger, done=6), Terminal())
    assert "6/11 [00:00<?" in stderr
    assert "11/11 [" in stderr


def test_one_line_where_the_config_has_it_already():
    logger = create_progress_logger(plain_logger)
    assert with_progress(logger)(spacy.blank("en"), StringIO(), StringIO())
    settings = {"@loggers": "spacy_seqtag.ProgressLogger.v1"}
    _, once = run(logger, Terminal(), settings=settings)
    _, twice = run(with_progress(logger), Terminal(), settings=settings)
    assert once.count("best 0.50")
    assert twice.count("best 0.50") == once.count("best 0.50")
