"""What commands print: warnings, colours, bars."""

import io
import sys
import warnings
from pathlib import Path

import pytest
import spacy
from spacy.cli._util import app
from spacy.tokens import DocBin
from tqdm import tqdm
from typer.testing import CliRunner
from wasabi import msg

import spacy_seqtag.cli  # noqa: F401  (adds the commands)
from spacy_seqtag.cli import byte_bar as bars
from spacy_seqtag.cli.console import for_people
from spacy_seqtag.labelling import audit as auditing

MINI = Path(__file__).parents[2] / "assets" / "mini"


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def gold(tmp_path, monkeypatch, mini_docs):
    """A corpus in the current folder."""
    monkeypatch.chdir(tmp_path)
    DocBin(docs=mini_docs(spacy.blank("en").vocab, "dev", 5)).to_disk(tmp_path / "gold.spacy")
    return "gold.spacy"


def run(*arguments):
    return CliRunner().invoke(app, ["seqtag", *map(str, arguments)])


def test_a_warning_is_one_line_once(gold, monkeypatch):
    def warn(*args, **kwargs):
        for _ in range(2):
            with warnings.catch_warnings():  # after which Python has forgotten what it showed
                warnings.simplefilter("always")
                warnings.warn("a.spacy: something\nis odd \x1b[1m", stacklevel=1)
        raise ValueError("that is enough")

    monkeypatch.setattr(auditing, "audit", warn)
    before = warnings.showwarning
    result = run("audit", "nlp", gold)
    lines = list(filter(None, result.stderr.splitlines()))
    assert lines == ["⚠ a.spacy: something is odd \\x1b[1m", "that is enough"]
    assert result.stdout == ""
    assert warnings.showwarning is before
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # as `python -W error`
        monkeypatch.setattr(auditing, "audit", lambda *args, **_: warnings.warn("no", stacklevel=1))
        assert isinstance(run("audit", "nlp", gold).exception, UserWarning)


def test_training_warns_once_of_labels_that_are_absent(gold, tiny_bert):
    config = MINI.parents[1] / "configs" / "ner.cfg"
    paths = ("--paths.train", gold, "--paths.dev", gold, "--paths.base_model", tiny_bert)
    steps = ("--training.max_steps", 2, "--training.eval_frequency", 1)
    odd = ("--corpora.dev.entity_labels", '["PER","NONE"]')
    result = run("train", config, "--output", "out", *paths, *steps, *odd)
    assert result.exit_code == 0, result.output
    (line,) = [line for line in result.output.splitlines() if "NONE" in line]
    assert line == "⚠ gold.spacy: no entity has a label of entity_labels: NONE"


def test_colours_in_terminals(monkeypatch):
    monkeypatch.setattr(sys, "stdout", Terminal())
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with for_people():
        msg.good("done")
        msg.divider("title")
        warnings.warn("odd", stacklevel=1)
        print("\x1b[1mplain\x1b[0m", file=sys.stderr)
    assert "\x1b[38;5;2m✔ done\x1b[0m" in sys.stdout.getvalue()
    assert sys.stderr.getvalue() == "⚠ odd\nplain\n"


def test_a_long_wait_is_some_lines_in_a_log(tmp_path, monkeypatch):
    (tmp_path / "a").write_bytes(b"x" * 100)
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    monkeypatch.setattr(bars, "_BETWEEN_LINES", 0.0)
    for quiet, long in ((True, 10), (False, 100)):
        with bars.byte_bar([tmp_path], quiet, long=long) as bar:
            bar.update(50)
        assert sys.stderr.getvalue() == ""
    with bars.byte_bar([tmp_path], False, long=10) as bar:
        bar.update(50)
    lines = sys.stderr.getvalue().splitlines()
    assert [line.partition(",")[0] for line in lines] == ["0% of 100B", "50% of 100B"]
    assert "\r" not in sys.stderr.getvalue()
    monkeypatch.setattr(sys, "stderr", Terminal())
    with bars.byte_bar([tmp_path], False, long=10) as bar:
        assert isinstance(bar, tqdm)
        bar.update(50)
    assert "\r" in sys.stderr.getvalue()
