"""`python -m spacy seqtag serve`."""

import sys

import pytest
from spacy.cli._util import app
from typer.testing import CliRunner

import spacy_seqtag.cli  # noqa: F401  (adds the command)


def run(*arguments):
    return CliRunner().invoke(app, ["seqtag", "serve", *map(str, arguments)])


def test_options_reach_the_server(trained_path, monkeypatch):
    uvicorn = pytest.importorskip("uvicorn", reason="the extra `serve` is not installed")
    started = []
    monkeypatch.setattr(uvicorn.Server, "run", lambda self: started.append(self.config))
    result = run(trained_path, "--host", "::1", "--port", 0)
    assert result.exit_code == 0, result.output
    assert "http://" in result.output
    (config,) = started
    assert (config.host, config.port) == ("::1", 0)
    assert "/annotate" in config.app.openapi()["paths"]


def test_without_the_extra(trained_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    result = run(trained_path)
    (line,) = result.output.strip().splitlines()
    assert result.exit_code == 1
    assert 'uvicorn is not installed. Install it: pip install "spacy-seqtag[serve]"' in line


def test_a_port_in_use(trained_path):
    pytest.importorskip("uvicorn", reason="the extra `serve` is not installed")
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        result = run(trained_path, "--port", taken.getsockname()[1])
    assert result.exit_code == 1
    assert "the address is in use or not allowed" in result.output.strip().splitlines()[-1]


def test_no_pipeline():
    pytest.importorskip("uvicorn", reason="the extra `serve` is not installed")
    result = run("none/such")
    assert result.exit_code == 1
    assert "none/such" in result.output
