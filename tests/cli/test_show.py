"""`python -m spacy seqtag show`."""

import socket
from pathlib import Path
from wsgiref import simple_server

import pytest
import spacy
from spacy import displacy
from spacy.cli._util import app
from spacy.language import Language
from spacy.tokens import Doc
from typer.testing import CliRunner

import spacy_seqtag.cli  # noqa: F401  (adds the command)
from spacy_seqtag.frames import set_propositions
from spacy_seqtag.schemes.propositions import Argument, Proposition

TEXT = "She gave Ann the book."


@Language.component("roles_by_hand_for_show")
def roles_by_hand(doc: Doc) -> Doc:
    """The frame of each "gave": a word before it, a word and two words after it."""
    props = [
        Proposition(
            i,
            "give.01",
            [
                Argument(i - 1, i, "ARG0"),
                Argument(i + 1, i + 2, "ARG2"),
                Argument(i + 2, i + 4, "ARG1"),
            ],
            [],
        )
        for i, token in enumerate(doc)
        if token.text == "gave"
    ]
    set_propositions(doc, props, annotated=[(0, len(doc))], scores=[0.875] * len(props))
    return doc


@pytest.fixture
def models(tmp_path):
    """Folder with the pipelines roles, both (roles and entities) and none."""
    both = spacy.blank("en")
    both.add_pipe("roles_by_hand_for_show")
    both.to_disk(tmp_path / "roles")
    both.add_pipe("entity_ruler").add_patterns([{"label": "PER", "pattern": "Ann"}])
    both.to_disk(tmp_path / "both")
    spacy.blank("en").to_disk(tmp_path / "none")
    return tmp_path


@pytest.fixture
def run(models, monkeypatch):
    """Function (arguments, stdin) to a result of the command, in the folder of the pipelines."""
    monkeypatch.chdir(models)

    def command(*arguments, stdin=None):
        return CliRunner().invoke(app, ["seqtag", "show", *arguments], input=stdin)

    return command


def lines(result):
    assert result.exit_code == 0, result.output
    return [line.strip() for line in result.output.splitlines() if line.strip()]


def error(result):
    assert result.exit_code == 1
    (line,) = [line for line in result.output.splitlines() if line.strip()]
    return line


def test_frames_are_printed(run):
    *printed, written = lines(run("roles", TEXT, "--no-serve"))
    assert [line.split() for line in printed] == [
        ["She", "gave", "Ann", "the", "book", "."],
        ["ARG0", "give.01", "ARG2", "└ARG1───┘"],
        ["give.01,", "predicate", "0.88"],
        ["ARG0", "She"],
        ["V", "0.88", "gave"],
        ["ARG2", "Ann"],
        ["ARG1", "the", "book"],
    ]
    # Without serving there is a page to look at.
    assert written.endswith(("Wrote frames.html\x1b[0m", "Wrote frames.html"))
    assert "gave" in Path("frames.html").read_text("utf8")


def test_entities_are_printed(run):
    rows = [line.split() for line in lines(run("both", TEXT, "--no-serve"))]
    assert ["entity", "label", "confidence"] in rows
    assert ["Ann", "PER"] in rows


def test_a_text_without_predicates_and_entities_says_so(run):
    output = run("both", "Nothing here.", "--no-serve").output
    assert "No predicates were found" in output
    assert "No entities were found" in output
    assert "entities" not in run("roles", "Nothing here.", "--no-serve").output


def test_text_from_stdin(run):
    result = run("roles", "-", "--no-serve", stdin="Zoë gave Ann\nthe book.".encode())
    assert ["Zoë", "gave", "Ann", "the", "book", "."] in [row.split() for row in lines(result)]


def test_html_file(run, models):
    output = models / "new folder" / "page.html"
    lines(run("both", TEXT, "--no-serve", "--output", str(output)))
    html = output.read_text("utf8")
    assert html.startswith("<!DOCTYPE html>")
    for label in ("ARG0", "ARG1", "ARG2", "V", "PER", "give.01"):
        assert label in html
    assert [path.name for path in output.parent.iterdir()] == ["page.html"]


def test_text_and_labels_are_only_shown(run, models):
    label = "<script>alert(1)</script>\x1b[2J"
    nlp = spacy.load(models / "roles")
    nlp.add_pipe("entity_ruler").add_patterns([{"label": label, "pattern": "Ann"}])
    nlp.to_disk(models / "hostile")
    text = "\x1b[2J<script> gave Ann the book."
    result = run("hostile", text, "--no-serve", "--output", "page.html")
    assert "\x1b[2J" not in result.output
    assert any("\\x1b[2J" in line and "Ann" in line for line in lines(result))
    page = (models / "page.html").read_text("utf8")
    assert "&lt;script&gt;alert" in page
    assert "<script" not in page


def test_the_page_is_served(run, monkeypatch):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    served = []

    class Server:
        def __init__(self, host, port, wsgi):
            self.place, self.wsgi = (host, port), wsgi

        def serve_forever(self):
            body = b"".join(self.wsgi({}, lambda status, headers: served.append(status)))
            served.extend([self.place, body.decode("utf8")])
            raise KeyboardInterrupt

        def server_close(self):
            served.append("closed")

    monkeypatch.setattr(simple_server, "make_server", Server)
    result = run("roles", TEXT, "--port", str(port))
    assert result.exit_code == 0, result.output
    status, place, html, closed = served
    assert status.startswith("200")
    assert place == ("127.0.0.1", port)
    assert "ARG2" in html
    assert closed == "closed"


def test_a_port_in_use_is_one_line(run):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = run("roles", TEXT, "--port", str(port))
    assert result.exit_code == 1
    assert f"--port {port}" in result.output.strip().splitlines()[-1]
    assert "give.01, predicate 0.88" in result.output  # what could be shown was


@pytest.mark.parametrize(
    ("arguments", "stdin", "message"),
    [
        (("nowhere", TEXT), None, "nowhere"),
        (("none", TEXT), None, "neither semantic roles nor entities"),
        (("roles", " "), None, "no text"),
        (("roles", "-"), b" \n", "no text"),
        (("roles", "-"), b"caf\xe9", "UTF-8"),
    ],
)
def test_errors_are_one_line(run, models, monkeypatch, arguments, stdin, message):
    monkeypatch.setattr(displacy, "serve", lambda *args, **kwargs: pytest.fail("served"))
    assert message in error(run(*arguments, "--output", "page.html", stdin=stdin))
    assert not (models / "page.html").exists()


def test_an_output_that_cannot_be_written_is_named(run, models):
    (models / "file").write_text("")
    result = run("roles", TEXT, "--no-serve", "--output", "file/page.html")
    assert result.exit_code == 1
    assert "file/page.html" in result.output
    assert (models / "file").read_text() == ""
