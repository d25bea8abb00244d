"""`python -m spacy seqtag audit`: planted errors come first, and every mistake is one line."""

import numpy as np
import pytest
import spacy
import srsly
from spacy.cli._util import app
from spacy.tokens import Doc, DocBin
from spacy.util import registry
from typer.testing import CliRunner

import spacy_seqtag.cli  # noqa: F401  (adds the command)
from spacy_seqtag.labelling import folds
from spacy_seqtag.labelling.audit import find_suspects
from spacy_seqtag.labelling.folds import fold_of, with_corpus
from spacy_seqtag.labelling.given import Doubt, JudgedLayer
from spacy_seqtag.schemes.inventory import FrameInventory, InventoryRoleset


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return lambda *args: CliRunner().invoke(app, ["seqtag", "audit", *map(str, args)])


@pytest.fixture
def corpus(tmp_path, mini_docs):
    """Sixty documents of a sentence each, as the pipeline has learned them."""
    path = tmp_path / "gold.spacy"
    docs = mini_docs(spacy.blank("en").vocab, n=60)
    DocBin(docs=docs, store_user_data=True).to_disk(path)
    return path


def fails(result, tmp_path, *files):
    assert result.exit_code == 1, result.output
    assert {path.name for path in tmp_path.iterdir()} == {"gold.spacy", *files}
    (line,) = result.output.strip().splitlines()
    return line


def test_sentences_are_ranked_by_their_least_probable_token():
    vocab = spacy.blank("en").vocab
    doc = Doc(vocab, words=list("abcd"), sent_starts=[True, False, True, False])
    other = Doc(vocab, words=list("ef"), sent_starts=[True, False])
    unknown = Doc(vocab, words=["g"])
    doubt = Doubt(2, "X", "Y", 0.2, 0.7)
    judged = [
        (0, JudgedLayer("pos", doc, np.array([0.9, 0.5, 0.2, 1.0], "f"), [doubt])),
        (1, JudgedLayer("pos", other, np.array([np.nan, 0.4], "f"), [])),
        (2, JudgedLayer("pos", unknown, np.array([np.nan], "f"), [])),
    ]
    found = find_suspects(judged)["pos"]
    assert [(s.document, s.number) for s in found] == [(0, 1), (1, 0), (0, 0)]
    assert [s.probability for s in found] == pytest.approx([0.2, 0.4, 0.5])
    assert [s.doubts for s in found] == [[doubt], [], []]


def test_planted_errors_come_first(run, corpus, knowing_path, planting, tmp_path):
    """Of all layers, in the first twentieth of the sentences: as many as fit in there."""
    docs = list(DocBin().from_disk(corpus).get_docs(spacy.blank("en").vocab))
    planted = planting.plant_errors(docs, n=3, seed=0)
    assert len(planted) == 9
    DocBin(docs=docs, store_user_data=True).to_disk("planted.spacy")
    result = run(knowing_path, "planted.spacy", "-o", "out/audit.jsonl")
    assert result.exit_code == 0, result.output
    rows = list(srsly.read_jsonl("out/audit.jsonl"))
    found = planting.count_found(planted, rows, share=0.05)
    assert set(found) == {"seqtag_pos", "seqtag_ner", "seqtag_srl"}
    for right, n, first in found.values():
        assert (n, first) == (3, 3)
        assert right >= n / 2
    for row in rows:
        assert all(span["probability"] >= row["probability"] for span in row["spans"])
        for span in row["spans"]:
            assert row["text"][span["start"] : span["end"]] == span["text"]
            assert span["label"] != span["found"]


def test_the_terminal_shows_few_doubts_of_each_sentence(run, corpus, knowing_path):
    nlp = spacy.blank("en")
    docs = list(DocBin().from_disk(corpus).get_docs(nlp.vocab))
    longest = max(docs, key=len)
    for token in longest:
        token.pos_ = "PUNCT"
    DocBin(docs=[longest], store_user_data=True).to_disk("wrong.spacy")
    result = run(knowing_path, "wrong.spacy", "-n", "1")
    assert result.exit_code == 0, result.output
    section = result.output.split("seqtag_pos")[1].split("seqtag_ner")[0]
    assert section.count("PUNCT") == 5
    assert "more words" in section


def test_folds_are_dealt_in_turn():
    assert fold_of(7, 3) == [0, 1, 2, 0, 1, 2, 0]


def test_folds_learn_what_they_do_not_judge(knowing_path, mini_docs, monkeypatch):
    nlp = spacy.load(knowing_path)
    docs = mini_docs(nlp.vocab, n=7)
    learned = []
    monkeypatch.setattr(folds, "_train", lambda nlp, config, docs, *_: learned.append(docs))
    judged = [part for _, part in folds.train_folds(nlp, nlp.config, docs, 3)]
    assert judged == [docs[0::3], docs[1::3], docs[2::3]]
    assert learned == [[doc for doc in docs if doc not in part] for part in judged]


def test_mistakes_are_one_line_each(run, corpus, trained_path, knowing_path, tmp_path):
    line = fails(run(trained_path, corpus, "-o", corpus), tmp_path)
    assert "the output is one of the inputs" in line
    assert "--folds 1: give 2 or more" in fails(run(trained_path, corpus, "--folds", 1), tmp_path)
    assert "nobody: there is no such pipeline" in fails(run("nobody", corpus), tmp_path)
    assert "there is no such file" in fails(run(trained_path, "none.spacy"), tmp_path)
    options = ("--config", "x.cfg", "--folds", 5)
    assert "x.cfg: there is no such file" in fails(run(trained_path, corpus, *options), tmp_path)
    line = fails(run(trained_path, corpus, "--config", "x.cfg"), tmp_path)
    assert "give --folds 5, too" in line
    line = fails(run(knowing_path, corpus, "--folds", 61), tmp_path)
    assert "--folds 61: the corpus has 60 documents, give a number from 2 to 60" in line


def test_labels_that_nobody_has_seen_come_first(run, corpus, trained_path):
    """`trained` learned twenty sentences, and so lacks labels of sixty."""
    result = run(trained_path, corpus, "-n", 0, "-o", "a.jsonl")
    assert result.exit_code == 0, result.output
    known = {name: set(spacy.load(trained_path).get_pipe(name).labels) for name in ("seqtag_pos",)}
    rows = [row for row in srsly.read_jsonl("a.jsonl") if row["layer"] == "seqtag_pos"]
    unseen = [
        row
        for row in rows
        if any(span["label"] not in known["seqtag_pos"] for span in row["spans"])
    ]
    assert 0 < len(unseen) < len(rows)
    assert rows[: len(unseen)] == unseen
    assert {row["probability"] for row in unseen} == {0.0}


def test_folds_are_trained_without_what_they_judge(run, corpus, knowing_path, tmp_path):
    """Two pipelines of two steps judge every sentence once; whoever has learned it is sure."""
    config = spacy.util.load_config(knowing_path / "config.cfg")
    config["training"]["max_steps"] = config["training"]["eval_frequency"] = 2
    config.to_disk(tmp_path / "short.cfg")
    result = run(knowing_path, corpus, "--folds", 2, "-c", "short.cfg", "-n", 0, "-o", "a.jsonl")
    assert result.exit_code == 0, result.output
    rows = [row for row in srsly.read_jsonl("a.jsonl") if row["layer"] == "seqtag_pos"]
    assert sorted(row["document"] for row in rows) == list(range(60))
    assert np.mean([row["probability"] for row in rows]) < 0.2
    config["training"]["frozen_components"] = ["transformer"]
    config.to_disk(tmp_path / "frozen.cfg")
    result = run(knowing_path, corpus, "--folds", 2, "-c", "frozen.cfg")
    assert result.exit_code == 1
    assert "frozen_components = ['transformer']" in result.output


@pytest.mark.parametrize("dev", ["corpora.dev", "corpora.train"])
def test_folds_learn_all_of_their_corpus(knowing_path, corpus, dev):
    """A sample, soft labels or a limit of the settings are for another corpus."""
    nlp = spacy.load(knowing_path)
    config = nlp.config.copy()
    config["training"]["dev_corpus"] = dev
    config["corpora"]["train"] = {
        "@readers": "spacy_seqtag.Corpus.v1",
        "path": "elsewhere.spacy",
        "limit": 3,
        "subset": 0.1,
        "soft": "soft.spacy",
    }
    found = with_corpus(config, nlp, corpus).interpolate()
    sizes = {
        name: len(list(registry.resolve({"reader": found["corpora"][name]})["reader"](nlp)))
        for name in {"train", dev.partition(".")[2]}
    }
    assert sizes == ({"train": 60, "dev": 1} if dev == "corpora.dev" else {"train": 60})
    labels = found["initialize"]["components"]["seqtag_pos"]["labels"]
    assert tuple(labels) == nlp.get_pipe("seqtag_pos").labels


def test_folds_have_the_inventory_of_their_pipeline(knowing_path, corpus):
    """Its files may be gone: it is saved with the component."""
    nlp = spacy.load(knowing_path)
    frames = FrameInventory([InventoryRoleset("give.01", "transfer", {"VERB": ["give"]}, {})])
    nlp.get_pipe("seqtag_srl").set_frames(frames)
    config = nlp.config.copy()
    config["initialize"]["components"]["seqtag_srl"] = {
        "frames": {"@readers": "spacy_seqtag.FrameInventory.v1", "path": "gone.json"}
    }
    config["training"]["max_steps"] = config["training"]["eval_frequency"] = 1
    docs = list(DocBin().from_disk(corpus).get_docs(nlp.vocab))[:4]
    trained, _ = next(folds.train_folds(nlp, config, docs, 2))
    assert trained.get_pipe("seqtag_srl").frames.to_rows() == frames.to_rows()


def test_a_corpus_with_nothing_to_judge(run, corpus, trained_path, tmp_path):
    docs = list(DocBin().from_disk(corpus).get_docs(spacy.blank("en").vocab))
    bare = [Doc(doc.vocab, [t.text for t in doc]) for doc in docs]
    DocBin(docs=bare).to_disk("bare.spacy")
    line = fails(run(trained_path, "bare.spacy", "-o", "a.jsonl"), tmp_path, "bare.spacy")
    assert "bare.spacy: there is nothing to judge" in line
