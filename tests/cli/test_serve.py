"""`python -m spacy seqtag serve`."""

import re
import signal
import socket
import subprocess
import sys
from urllib.request import urlopen

import pytest
from spacy.cli._util import app
from typer.testing import CliRunner

import spacy_seqtag.cli  # noqa: F401  (adds the command)


def run(*arguments):
    return CliRunner().invoke(app, ["seqtag", "serve", *map(str, arguments)])


def test_options_reach_the_server(trained_path, monkeypatch):
    uvicorn = pytest.importorskip("uvicorn", reason="the extra `serve` is not installed")
    started = []

    def start(self, sockets):
        (listening,) = sockets
        started.append((self.config, *listening.getsockname()))

    monkeypatch.setattr(uvicorn.Server, "run", start)
    result = run(trained_path, "--host", "127.0.0.1", "--port", 0, "--timeout", 2.5)
    assert result.exit_code == 0, result.output
    ((config, host, port),) = started
    assert port
    assert f"http://{host}:{port} " in result.output
    # All that was asked before has its answer by then.
    assert config.timeout_graceful_shutdown >= 2.5
    assert "/annotate" in config.app.openapi()["paths"]


def test_without_the_extra(trained_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    result = run(trained_path)
    (line,) = result.output.strip().splitlines()
    assert result.exit_code == 1
    assert 'uvicorn is not installed. Install it: pip install "spacy-seqtag[serve]"' in line


def test_a_port_in_use(trained_path):
    pytest.importorskip("uvicorn", reason="the extra `serve` is not installed")
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


@pytest.mark.slow
def test_a_client_that_reads_no_answer_does_not_keep_the_server_up(trained_path):
    pytest.importorskip("uvicorn", reason="the extra `serve` is not installed")
    command = [sys.executable, "-m", "spacy", "seqtag", "serve", str(trained_path)]
    command += ["--port", "0", "--timeout", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, encoding="utf8") as server:
        try:
            address = re.search(r"http://(.*?):(\d+)", server.stdout.readline())
            url = address[0]
            script = urlopen(f"{url}/static-offline-docs/swagger-ui-bundle.js").read()
            with socket.socket() as client:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                client.connect((address[1], int(address[2])))
                # More than the buffers of sockets hold.
                times = (1 << 25) // len(script)
                question = (
                    b"GET /static-offline-docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: x\r\n\r\n"
                )
                client.sendall(question * times)
                assert client.recv(1)
                server.send_signal(signal.SIGTERM)
                server.wait(60)
        finally:
            server.kill()
