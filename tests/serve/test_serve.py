"""The server: its routes, its limits, and many clients at once."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
import spacy
from spacy.language import Language

pytest.importorskip("fastapi_offline", reason="the extra `serve` is not installed")

import httpx
import uvicorn
from fastapi.testclient import TestClient
from thinc.api import ConfigValidationError

from spacy_seqtag.records import make_record
from spacy_seqtag.serve import Limits, create_app
from spacy_seqtag.serve.batcher import Batcher
from spacy_seqtag.serve.limits import cost

TEXT = "Daniel Reyes wants to buy a house in Leeds."


@pytest.fixture(scope="module")
def client(trained_path):
    with TestClient(create_app(spacy.load(trained_path))) as client:
        yield client


def test_annotate(client, trained):
    answer = client.post("/annotate", json={"text": TEXT})
    assert answer.status_code == 200
    expected = make_record(trained(TEXT))
    assert [t["text"] for t in answer.json()["tokens"]] == [t["text"] for t in expected["tokens"]]
    assert [t["pos"] for t in answer.json()["tokens"]] == [t["pos"] for t in expected["tokens"]]
    confidences = [t["confidence"] for t in expected["tokens"]]
    assert [t["confidence"] for t in answer.json()["tokens"]] == pytest.approx(
        confidences, abs=1e-5
    )


def test_several_texts_and_layers(client, mini):
    texts = [sent["text"] for sent in mini["dev"][:5]]
    answer = client.post("/annotate", json={"texts": texts, "layers": ["tokens"]})
    assert [list(record) for record in answer.json()] == [["tokens"]] * 5
    ends = [record["tokens"][-1]["end_char"] for record in answer.json()]
    assert ends == list(map(len, texts))
    assert client.post("/annotate", json={"texts": []}).json() == []
    assert client.post("/annotate", json={"text": ""}).json()["tokens"] == []


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b'{"text": ', "JSON"),
        (b"[]", "dictionary"),
        (b"{}", "texts"),
        (b'{"text": "a", "texts": ["b"]}', "not both"),
        (b'{"text": 1}', "string"),
        (b'{"text": "\\ud800"}', "surrogate"),
        (b'{"text": "a", "layers": ["none"]}', "tokens"),
        (b'{"text": "\xff"}', ""),
    ],
)
def test_what_is_no_question(client, content, error):
    answer = client.post("/annotate", content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422)
    assert error in str(answer.json()["detail"])


def test_health_metrics_and_routes(client):
    client.post("/annotate", json={"text": TEXT})
    client.get("/none/such/1")
    health = client.get("/health").json()
    assert health["status"] == "UP"
    assert health["pipeline"] == ["transformer", "seqtag_pos", "seqtag_ner"]
    metrics = client.get("/metrics").text
    assert 'seqtag_requests_total{route="/annotate",status="200"}' in metrics
    assert "none/such" not in metrics
    assert "seqtag_words_total" in metrics
    assert "seqtag_waiting_characters 0.0" in metrics
    assert "/annotate" in client.get("/openapi.json").json()["paths"]
    assert "cdn" not in client.get("/docs").text


def test_health_where_nothing_is_annotated(trained):
    app = create_app(trained)  # its lifespan did not begin, as in an application that mounts it
    answer = TestClient(app).get("/health")
    assert (answer.status_code, answer.json()["status"]) == (503, "DOWN")


def test_a_batch_that_fails_as_a_whole_is_not_the_last(trained, monkeypatch):
    annotate = Batcher._annotate
    failures = [RuntimeError("out of memory")]

    def fail_once(self, batch):
        if failures:
            raise failures.pop()
        return annotate(self, batch)

    monkeypatch.setattr(Batcher, "_annotate", fail_once)
    with TestClient(create_app(trained)) as client:
        answers = [client.post("/annotate", json={"text": TEXT}) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [500, 200]
        assert client.get("/health").status_code == 200


def test_page(client):
    page = client.get("/")
    assert "page.js" in page.text
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    assert client.get("/page.js").headers["content-type"].startswith("text/javascript")
    drawn = client.post("/render", json={"text": "<b>Leeds</b> <script>alert(1)</script>"}).text
    assert "<script" not in drawn
    assert "<b>" not in drawn


def test_limits_on_size(trained):
    limits = Limits(max_bytes=1000, max_characters=200)
    with TestClient(create_app(trained, limits)) as client:
        assert client.post("/annotate", json={"text": "a" * 100}).status_code == 200
        answer = client.post("/annotate", json={"texts": ["a" * 60, "b" * 60]})
        assert answer.status_code == 413
        assert "200 characters" in answer.json()["detail"]
        answer = client.post("/annotate", json={"text": "a" * 1000})
        assert answer.status_code == 413
        assert "1,000 bytes" in answer.json()["detail"]
        # Without a length that is announced: counted while it arrives.
        answer = client.post("/annotate", content=iter([b'{"text": "', b"a" * 1000, b'"}']))
        assert answer.status_code == 413


def test_empty_texts_are_not_free(trained):
    with TestClient(create_app(trained, Limits(max_characters=100))) as client:
        assert client.post("/annotate", json={"texts": ["", ""]}).status_code == 200
        assert client.post("/annotate", json={"texts": [""] * 3}).status_code == 413


def test_the_thread_of_the_pipeline_has_the_ops_of_the_program():
    """On a GPU, Thinc's choice of the device is one of the context that it was made in."""
    from thinc.api import NumpyOps, get_current_ops
    from thinc.backends import context_ops

    seen = []
    Language.component("test_ops", func=lambda doc: (seen.append(get_current_ops()), doc)[1])
    nlp = spacy.blank("en")
    nlp.add_pipe("test_ops")
    own = NumpyOps()
    token = context_ops.set(own)
    try:
        with TestClient(create_app(nlp)) as client:
            assert client.post("/annotate", json={"text": "a"}).status_code == 200
    finally:
        context_ops.reset(token)
    assert seen == [own]


def test_limits_are_checked():
    with pytest.raises(ConfigValidationError, match="max_bytes"):
        Limits(max_bytes=0)
    with pytest.raises(ConfigValidationError, match="timeout"):
        Limits(timeout=0.0)


class Gate:
    """A component that waits until it is opened, and fails on some texts."""

    def __init__(self):
        self.opened = threading.Event()
        self.entered = threading.Event()
        self.batches = []

    def pipe(self, docs, batch_size=None):
        docs = list(docs)
        self.batches.append([doc.text for doc in docs])
        self.entered.set()
        assert self.opened.wait(30)
        if any("bad" in doc.text for doc in docs):
            raise ValueError("a bad text")
        yield from docs

    def __call__(self, doc):
        return next(self.pipe([doc]))


@pytest.fixture
def gated():
    """A pipeline with a gate, and the gate."""
    gate = Gate()
    Language.component("test_gate", func=gate)
    nlp = spacy.blank("en")
    nlp.add_pipe("test_gate")
    yield nlp, gate
    gate.opened.set()


@contextmanager
def waiting(client, gate, texts):
    """Requests in threads, of which the first has entered the gate and the others wait."""
    with ThreadPoolExecutor(len(texts)) as pool:

        def ask(text):
            return client.post("/annotate", json={"text": text})

        first = pool.submit(ask, texts[0])
        assert gate.entered.wait(30)
        others = [pool.submit(ask, text) for text in texts[1:]]
        n = cost(texts)
        while f"seqtag_waiting_characters {n:.1f}" not in client.get("/metrics").text:
            pass
        yield [first, *others]


def test_requests_of_one_moment_share_a_batch(gated):
    nlp, gate = gated
    with TestClient(create_app(nlp)) as client:
        with waiting(client, gate, ["first", "second", "third"]) as answers:
            gate.opened.set()
            found = [answer.result().json()["tokens"][0]["text"] for answer in answers]
        assert found == ["first", "second", "third"]
        assert gate.batches[0] == ["first"]
        assert sorted(gate.batches[1]) == ["second", "third"]


def test_too_much_waits(gated):
    nlp, gate = gated
    with TestClient(create_app(nlp, Limits(max_waiting=120))) as client:
        with waiting(client, gate, ["first", "second"]) as answers:
            answer = client.post("/annotate", json={"text": "third"})
            assert answer.status_code == 503
            assert answer.headers["Retry-After"] == "1"
            gate.opened.set()
        assert [answer.result().status_code for answer in answers] == [200, 200]
        assert client.post("/annotate", json={"text": "fourth"}).status_code == 200


def test_what_takes_too_long(gated):
    nlp, gate = gated
    with TestClient(create_app(nlp, Limits(timeout=0.2))) as client:
        answer = client.post("/annotate", json={"text": "slow"})
        assert answer.status_code == 503
        assert "0.2 seconds" in answer.json()["detail"]
        gate.opened.set()
        assert client.get("/health").status_code == 200


def test_a_text_that_fails_harms_no_other(gated):
    nlp, gate = gated
    with TestClient(create_app(nlp), raise_server_exceptions=False) as client:
        with waiting(client, gate, ["first", "bad", "third"]) as answers:
            gate.opened.set()
        codes = [answer.result().status_code for answer in answers]
        assert codes == [200, 500, 200]
        assert "failed" in answers[1].result().json()["detail"]
        assert client.post("/annotate", json={"text": "again"}).status_code == 200


@contextmanager
def running(app):
    """A server on a port of its own; its address."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive()
    (port,) = {sock.getsockname()[1] for part in server.servers for sock in part.sockets}
    try:
        yield f"http://127.0.0.1:{port}", server
    finally:
        server.should_exit = True
        thread.join()


def test_many_clients(trained, mini):
    """No answer is mixed up, and each is what the pipeline says."""
    texts = [sent["text"] for sent in mini["train"]]
    tags = {text: [t.pos_ for t in trained(text)] for text in texts}
    app = create_app(trained)
    with running(app) as (address, _), httpx.Client(base_url=address, timeout=60) as client:

        def ask(text):
            answer = client.post("/annotate", json={"text": text, "layers": ["tokens"]})
            return text, answer.status_code, answer.json()

        with ThreadPoolExecutor(32) as pool:
            answers = list(pool.map(ask, texts))
    assert {code for _, code, _ in answers} == {200}
    for text, _, record in answers:
        assert [token["pos"] for token in record["tokens"]] == tags[text]


def test_what_was_asked_is_answered_before_the_server_stops(gated):
    nlp, gate = gated
    with running(create_app(nlp)) as (address, server), ThreadPoolExecutor(1) as pool:
        answer = pool.submit(httpx.post, f"{address}/annotate", json={"text": "late"}, timeout=60)
        assert gate.entered.wait(30)
        server.should_exit = True
        gate.opened.set()
        assert answer.result().json()["tokens"][0]["text"] == "late"


CONFIG = """<View>
  <Labels name="label" toName="text"><Label value="PER"/><Label value="LOC"/></Labels>
  <Text name="text" value="$words"/>
</View>"""


@pytest.fixture(scope="module")
def annotated(mini):
    """A sentence that the trained pipeline knows, with two entities or more."""
    return next(s["text"] for s in mini["train"][:20] if sum(t[0] == "B" for t in s["bio"]) > 1)


def test_label_studio(client, trained, annotated):
    assert "model_version" in client.post("/setup", json={"project": "1"}).json()
    assert client.post("/webhook", json={"action": "x"}).status_code == 200
    tasks = [{"id": 1, "data": {"words": annotated}}, {"id": 2, "data": {"words": "."}}]
    answer = client.post("/predict", json={"tasks": tasks, "label_config": CONFIG, "params": {}})
    first, second = answer.json()["results"]
    spans = [
        (row["value"]["start"], row["value"]["end"], row["value"]["labels"])
        for row in first["result"]
    ]
    ents = [e for e in trained(annotated).ents if e.label_ in ("PER", "LOC")]
    assert spans == [(e.start_char, e.end_char, [e.label_]) for e in ents]
    assert spans
    assert {(r["from_name"], r["to_name"]) for r in first["result"]} == {("label", "text")}
    assert second["result"] == []


@pytest.mark.parametrize(
    ("config", "error"),
    [
        ("<View>", "no XML"),
        ("<View/>", "no <Labels>"),
        ('<!DOCTYPE x [<!ENTITY a "b">]><View/>', "declarations"),
        (CONFIG.replace("$words", "$other"), "no text in its column 'other'"),
    ],
)
def test_what_label_studio_cannot_ask(client, config, error):
    question = {"tasks": [{"data": {"words": "a"}}], "label_config": config}
    answer = client.post("/predict", json=question)
    assert answer.status_code == 422
    assert error in answer.json()["detail"]


def test_roles_for_label_studio(known_frames):
    from spacy_seqtag.serve.label_studio import Control, regions

    control = Control("roles", "text", "text", frozenset())
    rows = list(regions(make_record(known_frames), control, "roles"))
    labels = [row["value"]["labels"][0] for row in rows if row["type"] == "labels"]
    assert labels == ["V", "ARG0", "ARG1"]
    relations = [row for row in rows if row["type"] == "relation"]
    assert [row["labels"] for row in relations] == [["ARG0"], ["ARG1"]]
    assert {row["from_id"] for row in relations} == {rows[0]["id"]}
    only = Control("x", "text", "text", frozenset({"ARG1"}))
    (row,) = regions(make_record(known_frames), only, "roles")
    assert row["value"] == {"start": 10, "end": 15, "text": "books", "labels": ["ARG1"]}


@pytest.fixture
def known_frames():
    """A Doc with a frame."""
    from spacy.tokens import Doc

    from spacy_seqtag.frames import set_propositions
    from spacy_seqtag.schemes.propositions import Argument, Proposition

    doc = Doc(spacy.blank("en").vocab, ["She", "reads", "books"], sent_starts=[1, 0, 0])
    arguments = [Argument(0, 1, "ARG0"), Argument(2, 3, "ARG1")]
    set_propositions(doc, [Proposition(1, "read.01", arguments, [])], annotated=[(0, 3)])
    return doc
