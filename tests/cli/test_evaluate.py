"""`python -m spacy seqtag evaluate`."""

import os
import re
import shutil

import pytest
import spacy
import srsly
from spacy.cli._util import app
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.training import Example
from thinc.api import Config
from typer.testing import CliRunner

from spacy_seqtag.cli import evaluate as command
from spacy_seqtag.frames import set_propositions
from spacy_seqtag.report.html import render_html
from spacy_seqtag.schemes.propositions import Argument, Proposition


@Language.component("last_word_is_a_predicate")
def last_word_is_a_predicate(doc):
    return with_roles(doc)


@pytest.fixture
def corpus(tmp_path, mini_docs):
    path = tmp_path / "gold.spacy"
    DocBin(docs=mini_docs(spacy.blank("en").vocab, n=5)).to_disk(path)
    return path


@pytest.fixture
def run(trained_path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def evaluate(corpus, *options, model=trained_path):
        arguments = ["seqtag", "evaluate", model, corpus, *options]
        return CliRunner().invoke(app, [str(argument) for argument in arguments])

    return evaluate


def failed(result, tmp_path, *files):
    """The message of a run that leaves only these files."""
    assert result.exit_code == 1, result.output
    assert {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")} == set(files)
    (line,) = result.output.strip().splitlines()
    return line


def without_ids(page):
    """A page without the random numbers by which displaCy tells its figures apart."""
    return re.sub(r'id="[^"]*"', "", page)


def with_roles(doc):
    first, last = doc[0], doc[len(doc) - 1]
    proposition = Proposition(last.i, "sing.01", [Argument(first.i, first.i + 1, "ARG0")], [])
    set_propositions(doc, [proposition], annotated=[(0, len(doc))])
    return doc


def test_files_in_new_folders(run, corpus, tmp_path):
    names = {"-o": "a/b.json", "--predictions": "c/d.spacy", "--displacy": "e/f/g.html"}
    result = run(corpus, *(part for pair in names.items() for part in pair))
    assert result.exit_code == 0, result.output
    files = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert files == {"gold.spacy", *names.values()}
    output = " ".join(result.output.split())
    assert "Saved annotated documents to c/d.spacy" in output
    assert "Saved entities to e/f/g.html" in output
    assert "Saved results to a/b.json" in output
    vocab = spacy.blank("en").vocab
    gold = list(DocBin().from_disk(corpus).get_docs(vocab))
    found = list(DocBin().from_disk(tmp_path / "c/d.spacy").get_docs(vocab))
    assert [[t.text for t in doc] for doc in found] == [[t.text for t in doc] for doc in gold]
    assert all(token._.tag_confidence for doc in found for token in doc)
    right = sum(p.pos == g.pos for x, y in zip(found, gold) for p, g in zip(x, y))
    scores = srsly.read_json(tmp_path / "a/b.json")
    assert scores["pos_acc"] == pytest.approx(right / sum(map(len, gold)))
    assert (tmp_path / "e/f/g.html").read_text("utf8").strip().endswith("</html>")


def test_files_of_before_stay_when_writing_fails(run, corpus, tmp_path, monkeypatch):
    def broken(source, target):
        assert os.path.getsize(source)
        raise OSError(f"{target}: no space left")

    (tmp_path / "a.json").write_text("before")
    monkeypatch.setattr(os, "replace", broken)
    result = run(corpus, "-o", "a.json")
    assert result.exit_code == 1
    assert "a.json: no space left" in result.output
    assert "NER F" in result.output  # the scores are not lost
    assert (tmp_path / "a.json").read_text() == "before"
    assert {path.name for path in tmp_path.iterdir()} == {"gold.spacy", "a.json"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["--predictions", "gold.spacy"],
            "--predictions gold.spacy: this would replace the corpus",
        ),
        (["-o", "a.x", "--displacy", "./a.x"], "would replace the file of --output"),
        (["-o", "a-srl.x", "--displacy", "a.x"], "a-srl.x: this would replace the file of --outp"),
    ],
)
def test_files_that_replace_one_another(run, corpus, tmp_path, options, message):
    before = corpus.read_bytes()
    assert message in failed(run("gold.spacy", *options), tmp_path, "gold.spacy")
    assert corpus.read_bytes() == before


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "c.spacy: there is no such file or folder. Check the path"),
        (b"", "c.spacy: this is no .spacy file, or a damaged one. Make it anew"),
        (b"junk", "c.spacy: this is no .spacy file, or a damaged one. Make it anew"),
        (DocBin().to_bytes(), "c.spacy: there is no document with words. Make it anew"),
    ],
)
def test_bad_corpus(run, tmp_path, content, message):
    if content is not None:
        (tmp_path / "c.spacy").write_bytes(content)
    files = [] if content is None else ["c.spacy"]
    assert message in failed(run("c.spacy", "-o", "new/a.json"), tmp_path, *files)


def test_truncated_corpus(run, corpus, tmp_path):
    corpus.write_bytes(corpus.read_bytes()[:-20])
    line = failed(run(corpus, "-o", "a.json"), tmp_path, "gold.spacy")
    assert "gold.spacy: this is no .spacy file, or a damaged one." in line


def test_no_such_pipeline(run, corpus, tmp_path):
    result = run(corpus, "-o", "a.json", model="no/such/pipeline")
    assert "no/such/pipeline" in failed(result, tmp_path, "gold.spacy")


def test_labels_never_seen(run, tmp_path):
    doc = Doc(spacy.blank("en").vocab, words=["Ann", "sang"], ents=["B-SINGER", "O"])
    DocBin(docs=[doc]).to_disk(tmp_path / "c.spacy")
    line = failed(run("c.spacy", "-o", "a.json"), tmp_path, "c.spacy")
    assert "c.spacy: the component 'seqtag_ner' has never seen these labels" in line
    assert ": SINGER. " in line
    assert line.endswith(", or count them as missed with --allow-unknown-labels.")


# Semantic roles


def test_gold_predicates_reach_the_labeller(run, make_nlp, tiny_bert, tmp_path):
    nlp = make_nlp(tiny_bert, ["seqtag_srl"])
    golds = [with_roles(Doc(nlp.vocab, words=words)) for words in (["Ann", "sang"], ["Al", "sang"])]
    blanks = [Doc(nlp.vocab, words=[token.text for token in gold]) for gold in golds]
    nlp.initialize(lambda: [Example(blank, gold) for blank, gold in zip(blanks, golds)])
    nlp.to_disk(tmp_path / "nlp")
    DocBin(docs=golds).to_disk(tmp_path / "roles.spacy")
    found = {}
    for option in (), ("--gold-predicates",):
        result = run("roles.spacy", "-o", "a.json", *option, model="nlp")
        assert result.exit_code == 0, result.output
        found[option] = srsly.read_json(tmp_path / "a.json")["predicates_f"]
    # An untrained labeller finds no predicate of its own.
    assert found == {(): 0.0, ("--gold-predicates",): 1.0}


def test_page_of_frames(run, tmp_path, monkeypatch):
    nlp = spacy.blank("en")
    nlp.add_pipe("last_word_is_a_predicate")
    nlp.to_disk(tmp_path / "nlp")
    texts = ["Ann sang", "Al slept", "Bo <ran>"]
    golds = [with_roles(Doc(nlp.vocab, words=text.split())) for text in texts]
    DocBin(docs=golds).to_disk(tmp_path / "roles.spacy")
    monkeypatch.setattr(command, "_SHOWN", 2)
    result = run("roles.spacy", "--displacy", "new/a.html", model="nlp")
    assert result.exit_code == 0, result.output
    assert "new/a-srl.html" in result.output
    assert {path.name for path in (tmp_path / "new").iterdir()} == {"a.html", "a-srl.html"}
    found = [
        Example(nlp(Doc(nlp.vocab, words=text.split())), gold)
        for text, gold in zip(texts[:2], golds)
    ]
    page = (tmp_path / "new" / "a-srl.html").read_text("utf8")
    assert page == render_html(found)
    assert page.count("sing.01") == 2
    assert "slept" in page
    assert "&lt;ran&gt;" not in page


def test_labels_are_text_in_pages_and_harmless_in_the_terminal(run, tmp_path):
    label = "<script>alert(1)</script>\x1b[2J"
    nlp = spacy.blank("en")
    nlp.add_pipe("last_word_is_a_predicate")
    nlp.add_pipe("entity_ruler").add_patterns([{"label": label, "pattern": "Ann"}])
    nlp.to_disk(tmp_path / "nlp")
    gold = with_roles(Doc(nlp.vocab, words=["Ann", "sang"]))
    gold.set_ents([gold.char_span(0, 3, label=label)])
    DocBin(docs=[gold]).to_disk(tmp_path / "gold.spacy")
    result = run("gold.spacy", "--displacy", "a.html", model="nlp")
    assert result.exit_code == 0, result.output
    assert "\\x1b[2J" in result.output
    assert "\x1b[2J" not in result.output
    for name in ("a.html", "a-srl.html"):
        page = (tmp_path / name).read_text("utf8")
        assert "&lt;script&gt;" in page
        assert "<script" not in page


def test_page_of_frames_of_before_stays_when_writing_fails(run, tmp_path, monkeypatch):
    nlp = spacy.blank("en")
    nlp.add_pipe("last_word_is_a_predicate")
    nlp.to_disk(tmp_path / "nlp")
    DocBin(docs=[with_roles(Doc(nlp.vocab, words=["Ann", "sang"]))]).to_disk(tmp_path / "r.spacy")
    replace = os.replace

    def broken(source, target):
        if str(target).endswith("-srl.html"):
            raise OSError(f"{target}: no space left")
        replace(source, target)

    (tmp_path / "a-srl.html").write_text("before")
    monkeypatch.setattr(os, "replace", broken)
    result = run("r.spacy", "--displacy", "a.html", model="nlp")
    assert result.exit_code == 1
    assert "a-srl.html: no space left" in result.output
    assert (tmp_path / "a-srl.html").read_text() == "before"
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"nlp", "r.spacy", "a.html", "a-srl.html"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "--gold-predicates: the pipeline has no component of the factory 'seqtag_srl'"),
        (("--raw-text",), "--gold-predicates: the corpus's predicates are given on its own words"),
    ],
)
def test_gold_predicates_without_use(run, corpus, tmp_path, options, message):
    result = run(corpus, "--gold-predicates", *options)
    assert message in failed(result, tmp_path, "gold.spacy")


def test_words_that_the_tokenizer_does_not_find(run, tmp_path):
    """Scores on the corpus's own words say nothing about texts that are cut otherwise."""
    vocab = spacy.blank("en").vocab
    words = ["ice", "-cold", "drinks"]  # for spaCy ice, -, cold, drinks
    doc = Doc(vocab, words=words, spaces=[False, True, False], pos=["NOUN", "ADJ", "NOUN"])
    DocBin(docs=[doc]).to_disk(tmp_path / "other.spacy")
    result = run("other.spacy", "-o", "a.json")
    assert result.exit_code == 0, result.output
    output = " ".join(result.output.split())
    assert "tokenizer finds 66.7% of the words of other.spacy" in output
    scores = srsly.read_json(tmp_path / "a.json")
    assert scores["gold_words_found"] == pytest.approx(2 / 3)
    assert scores["token_acc"] == 1.0
    assert "tokenizer finds" not in run("other.spacy", "--raw-text").output


def test_words_that_the_tokenizer_finds(run, tmp_path):
    doc = Doc(spacy.blank("en").vocab, words=["Ann", "sang"], pos=["PROPN", "VERB"])
    DocBin(docs=[doc]).to_disk(tmp_path / "same.spacy")
    assert "tokenizer finds" not in run("same.spacy").output


def test_labels_that_were_looked_for(run, corpus, trained_path, tmp_path):
    """As the config says of the pipeline's own corpus: other words are unknown, not outside."""
    config = Config().from_disk(trained_path / "config.cfg", interpolate=False)
    config["corpora"] = {"dev": {"@readers": "spacy_seqtag.Corpus.v1", "path": "dev.spacy"}}
    config["corpora"]["dev"]["entity_labels"] = []
    config["training"]["dev_corpus"] = "corpora.dev"
    model = tmp_path / "partial"
    shutil.copytree(trained_path, model)
    config.to_disk(model / "config.cfg")
    docs = list(DocBin().from_disk(corpus).get_docs(spacy.blank("en").vocab))
    for doc in docs:
        doc.set_ents([])  # so that each entity found is wrong, or nobody knows
    DocBin(docs=docs).to_disk(corpus)
    found = {}
    for options in ((), ("--entity-labels", "*")):
        result = run(corpus, "--output", "scores.json", *options, model=model)
        assert result.exit_code == 0, result.output
        assert ("only entities of these labels" in result.output) is not bool(options)
        found[options] = srsly.read_json("scores.json")["ents_p"]
    assert list(found.values()) == [None, 0.0]
