"""A tiny pipeline of all tasks, and what a run of it writes."""

import json

import pytest
from thinc.api import Adam, fix_random_seed

from spacy_seqtag.annotate import run as run_module
from spacy_seqtag.annotate.annotator import Annotator, Job, model_digest

PIPES = ("sentencizer", "seqtag_pos", "seqtag_ner", "seqtag_srl")


@pytest.fixture(scope="session")
def model(tmp_path_factory, tiny_bert, make_nlp, mini_examples):
    """Folder of a pipeline that has learned some sentences, if not well."""
    nlp = make_nlp(tiny_bert, PIPES)
    examples = mini_examples(nlp, 8)
    nlp.initialize(lambda: examples)
    fix_random_seed(0)
    sgd = Adam(0.005, L2=0.0)
    for _ in range(60):
        nlp.update(examples, sgd=sgd, losses={})
    path = tmp_path_factory.mktemp("annotate") / "model"
    nlp.to_disk(path)
    return str(path)


@pytest.fixture(scope="session")
def texts(mini):
    return [sent["text"] for sent in mini["train"][:60]]


@pytest.fixture
def jsonl(tmp_path, texts):
    """A file of texts, two of whose lines cannot be read."""
    lines = [json.dumps({"text": text, "id": i}) for i, text in enumerate(texts)]
    lines[7] = "no JSON"
    lines[50] = '{"body": "Ann left."}'
    path = tmp_path / "texts.jsonl"
    path.write_text("\n".join(lines) + "\n", "utf8")
    return path


@pytest.fixture
def make_job(model):
    """Function to make a job."""

    def make(**settings):
        first = {"layers": (), "confidences": True, "format": "jsonl", **settings}
        return Job(model, model_digest(model), **first)

    return make


@pytest.fixture(scope="session")
def loaded():
    """Annotators by their job, as loading takes longer than annotating."""
    return {}


@pytest.fixture
def quick(monkeypatch, loaded, make_job):
    """Runs in this process and its forks load each pipeline once."""
    if make_job() not in loaded:
        loaded[make_job()] = Annotator(make_job())

    def annotate_here(job, batches):
        if job not in loaded:
            loaded[job] = Annotator(job)
        yield from map(loaded[job], batches)

    monkeypatch.setattr(run_module, "annotate_here", annotate_here)


def read(folder):
    """The parts of a run, and its errors."""
    lines = []
    for path in sorted(folder.glob("part-*.jsonl")):
        lines += [json.loads(line) for line in path.read_text("utf8").splitlines()]
    errors = folder / "errors.jsonl"
    failures = errors.read_text("utf8").splitlines() if errors.exists() else []
    return lines, [json.loads(line) for line in failures]


def contents(folder):
    """Every file of a folder."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}
