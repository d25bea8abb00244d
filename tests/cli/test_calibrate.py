"""`python -m spacy seqtag calibrate`, and the measures of `evaluate`."""

import math
import os
import warnings

import numpy as np
import pytest
import spacy
import srsly
from spacy.parts_of_speech import NAMES
from spacy.tokens import Doc, DocBin
from spacy.training import Example
from spacy_transformers import Transformer
from typer.testing import CliRunner

from spacy_seqtag import calibration
from spacy_seqtag.calibration import calibrate, calibrate_pipeline, measure
from spacy_seqtag.cli import seqtag
from spacy_seqtag.files import sha256
from spacy_seqtag.schemes.calibration import STRAIGHT, temper


@pytest.fixture(scope="module")
def unsure_path(tmp_path_factory, tiny_bert, make_nlp, mini_examples, train):
    """Folder of a pipeline of all tasks that makes mistakes."""
    nlp = make_nlp(tiny_bert, {"seqtag_pos": {}, "seqtag_ner": {}, "seqtag_srl": {}})
    examples = mini_examples(nlp, n=20)
    nlp.initialize(lambda: examples)
    train(nlp, examples, 60)
    path = tmp_path_factory.mktemp("unsure")
    nlp.to_disk(path)
    return path


@pytest.fixture
def corpus(tmp_path, mini_docs):
    path = tmp_path / "dev.spacy"
    DocBin(docs=mini_docs(spacy.blank("en").vocab, "dev", 30)).to_disk(path)
    return path


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def command(*arguments):
        return CliRunner().invoke(seqtag, list(map(str, arguments)))

    return command


def contents(folder):
    return {p.relative_to(folder): sha256(p) for p in folder.rglob("*") if p.is_file()}


def read_scores(run, model, corpus):
    result = run("evaluate", model, corpus, "-o", "scores.json", "--allow-unknown-labels")
    assert result.exit_code == 0, result.output
    return srsly.read_json("scores.json")


def failed(result):
    assert result.exit_code == 1, result.output
    (line,) = [line for line in result.output.strip().splitlines() if "it/s" not in line]
    return line


def test_calibrates_every_head(run, unsure_path, corpus, tmp_path):
    before = contents(unsure_path)
    result = run("calibrate", unsure_path, corpus, "--output", "new/calibrated", "--quiet")
    assert result.exit_code == 0, result.output
    assert result.stdout == ""
    assert contents(unsure_path) == before
    assert {path.name for path in (tmp_path / "new").iterdir()} == {"calibrated"}
    nlp = spacy.load("new/calibrated")
    found = {name: nlp.get_pipe(name).cfg["temperatures"] for name in nlp.pipe_names[1:]}
    assert {name: set(own) for name, own in found.items()} == {
        "seqtag_pos": {"tags"},
        "seqtag_ner": {"tags"},
        "seqtag_srl": {"predicates", "rolesets", "roles"},
    }
    assert found["seqtag_pos"]["tags"] > 1.0  # it learned 20 sentences by heart
    curves = {name: nlp.get_pipe(name).curve for name in nlp.pipe_names[1:]}
    assert curves["seqtag_pos"] == STRAIGHT
    assert curves["seqtag_ner"] != STRAIGHT
    assert curves["seqtag_srl"] != STRAIGHT
    scores = [read_scores(run, model, corpus) for model in (unsure_path, "new/calibrated")]
    for name in ("pos", "ents_tags", "predicates", "srl_tags"):
        uncalibrated, calibrated = (own[f"{name}_nll"] for own in scores)
        assert calibrated < uncalibrated
    assert scores[1]["pos_ece"] < scores[0]["pos_ece"]
    for name in ("ents", "srl_given"):
        uncalibrated, calibrated = (own[f"{name}_brier"] for own in scores)
        assert calibrated < uncalibrated
    for name in ("pos_acc", "ents_f", "ents_per_type", "srl_f", "predicates_f", "roleset_acc"):
        assert scores[0][name] == scores[1][name]


def test_says_what_it_found(run, unsure_path, corpus):
    result = run("calibrate", unsure_path, corpus, "--output", "calibrated")
    assert result.exit_code == 0, result.output
    lines = [line.split() for line in result.output.splitlines()]
    assert ["Component", "Head", "T"] in lines
    (row,) = [line for line in lines if line[:2] == ["seqtag_srl", "roles"]]
    nlp = spacy.load("calibrated")
    (bent,) = [line for line in lines if line[:1] == ["seqtag_ner"] and len(line) == 4]
    curve = nlp.get_pipe("seqtag_ner").curve
    assert [float(cell) for cell in bent[1:]] == pytest.approx(curve, abs=1e-3)
    assert float(row[2]) == pytest.approx(nlp.get_pipe("seqtag_srl").temperature("roles"), abs=1e-3)
    (row,) = [line for line in lines if line[:1] == ["POS"]]
    before, after = (read_scores(run, model, "dev.spacy") for model in (unsure_path, "calibrated"))
    expected = [own[f"pos_{f}"] for f in ("ece", "brier", "nll") for own in (before, after)]
    assert [float(cell) for cell in row[1:]] == pytest.approx(expected, abs=1e-4)
    assert "Saved the calibrated pipeline to calibrated" in result.output


def test_the_encoder_runs_once(unsure_path, corpus, tmp_path, monkeypatch):
    """With the same result, to the last bit, as if it ran each time."""
    read = []
    predict = Transformer.predict

    def counted(self, docs):
        read.extend(docs)
        return predict(self, docs)

    monkeypatch.setattr(Transformer, "predict", counted)
    once = calibrate_pipeline(str(unsure_path), corpus, tmp_path / "once")
    assert len(read) == 30
    monkeypatch.setattr(
        calibration,
        "_annotate_again",
        lambda nlp, new, _, *to: calibration.annotate(nlp, new, *to),
    )
    each_time = calibrate_pipeline(str(unsure_path), corpus, tmp_path / "each")
    assert len(read) == 30 + 90
    assert once == each_time
    assert contents(tmp_path / "once") == contents(tmp_path / "each")


def test_the_encoder_runs_again_where_tokens_are_merged(unsure_path, corpus, tmp_path):
    nlp = spacy.load(unsure_path)
    nlp.add_pipe("merge_entities")
    nlp.to_disk(tmp_path / "merging")
    merging = calibrate_pipeline(str(tmp_path / "merging"), corpus, tmp_path / "new")
    assert merging.temperatures["seqtag_pos"]["tags"] > 1.0


def test_few_spans_are_a_caution(run, unsure_path, corpus, monkeypatch):
    result = run("calibrate", unsure_path, corpus, "--output", "few")
    lines = [line for line in result.output.splitlines() if "the curve is fitted to" in line]
    assert [line.split(":")[0] for line in lines] == ["⚠ seqtag_ner", "⚠ seqtag_srl"]
    assert "spans, fewer than 200, and may make confidences worse" in lines[0]
    assert "was trained on this corpus" not in result.output
    monkeypatch.setattr(calibration, "FEW_SPANS", 2)
    result = run("calibrate", unsure_path, corpus, "--output", "enough")
    assert "the curve is fitted to" not in result.output


def test_heads_that_are_left_alone_are_named(run, unsure_path, tmp_path, mini_docs):
    """A corpus without entities: nothing can be found out about them."""
    docs = mini_docs(spacy.blank("en").vocab, "dev", 30)
    for doc in docs:
        doc.set_ents([], default="missing")
    DocBin(docs=docs).to_disk(tmp_path / "part.spacy")
    result = run("calibrate", unsure_path, "part.spacy", "--output", "new")
    assert result.exit_code == 0, result.output
    left = [line for line in result.output.splitlines() if line.startswith("⚠ Left alone: ")]
    named = {line.split(": ")[1] for line in left}
    assert {"seqtag_ner, tags", "seqtag_ner, curve of spans"} <= named
    assert not {"seqtag_pos, tags", "seqtag_srl, curve of spans"} & named
    assert spacy.load("new").get_pipe("seqtag_ner").curve == STRAIGHT


def test_the_corpus_of_training_is_told(run, trained_path, tmp_path, mini_docs):
    docs = mini_docs(spacy.blank("en").vocab, n=20)
    docs[0][0].pos_ = "X"  # with no error at all there is nothing to calibrate
    DocBin(docs=docs).to_disk(tmp_path / "train.spacy")
    result = run("calibrate", trained_path, "train.spacy", "--output", "new")
    assert result.exit_code == 0, result.output
    assert "train.spacy: the pipeline gets 99" in result.output
    result = run("audit", trained_path, "train.spacy")
    assert "If it was trained on this corpus" in result.output


def test_calibrating_again_finds_the_same(unsure_path, corpus, tmp_path):
    found = [
        calibrate_pipeline(str(model), corpus, tmp_path / output)
        for model, output in ((unsure_path, "a"), (tmp_path / "a", "b"))
    ]
    once, twice = found
    assert twice.before == once.before
    assert twice.before["ents_brier"] > twice.after["ents_brier"]
    for name, own in once.temperatures.items():
        assert twice.temperatures[name] == pytest.approx(own, rel=1e-6)
    for name, curve in once.curves.items():
        assert twice.curves[name] == pytest.approx(curve, rel=1e-4)


def test_in_place_only_by_force(run, unsure_path, corpus, tmp_path):
    spacy.load(unsure_path).to_disk(tmp_path / "nlp")
    before = contents(tmp_path / "nlp")
    line = failed(run("calibrate", "nlp", corpus, "--output", "nlp"))
    assert "nlp: there is a pipeline already. Name a new folder, or replace" in line
    assert contents(tmp_path / "nlp") == before
    assert run("calibrate", "nlp", corpus, "--output", "nlp", "--force", "-q").exit_code == 0
    after = contents(tmp_path / "nlp")
    changed = {str(path) for path in after if after[path] != before[path]}
    assert {"seqtag_pos/cfg", "seqtag_ner/cfg", "seqtag_srl/cfg"} <= changed
    assert not any(path.endswith("model") for path in changed)
    assert {path.name for path in tmp_path.iterdir()} == {"dev.spacy", "nlp"}
    assert spacy.load("nlp").get_pipe("seqtag_pos").temperature() != 1.0


def test_what_is_no_pipeline_is_never_replaced(run, unsure_path, corpus, tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter1.tex").write_text("years of work")
    (tmp_path / "file").write_text("text")
    for name in ("thesis", "file"):
        result = run("calibrate", unsure_path, corpus, "--output", name, "--force")
        if name == "thesis":
            assert "thesis: this is there already, and it is no pipeline" in failed(result)
        assert result.exit_code != 0
    assert (tmp_path / "thesis" / "chapter1.tex").read_text() == "years of work"
    assert (tmp_path / "file").read_text() == "text"


def test_the_old_pipeline_stays_when_writing_fails(run, unsure_path, corpus, tmp_path, monkeypatch):
    spacy.load(unsure_path).to_disk(tmp_path / "nlp")
    before = contents(tmp_path / "nlp")

    def full(self, path, **kwargs):
        os.makedirs(path)
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(spacy.language.Language, "to_disk", full)
    line = failed(run("calibrate", "nlp", corpus, "-o", "nlp", "--force", "--quiet"))
    assert "nlp: cannot be written: No space left on device. Free some space" in line
    assert contents(tmp_path / "nlp") == before
    assert {path.name for path in tmp_path.iterdir()} == {"dev.spacy", "nlp"}
    failed(run("calibrate", "nlp", corpus, "-o", "new/folder", "--quiet"))
    assert not (tmp_path / "new").exists()


# What a corpus does not have


def test_heads_without_annotation_are_left_alone(run, unsure_path, tmp_path, mini_docs):
    vocab = spacy.blank("en").vocab
    docs = [
        Doc(vocab, words=[t.text for t in doc], pos=[t.pos_ for t in doc])
        for doc in mini_docs(vocab, "dev", 20)
    ]
    DocBin(docs=docs).to_disk(tmp_path / "pos.spacy")
    result = run("calibrate", unsure_path, "pos.spacy", "--output", "calibrated")
    assert result.exit_code == 0, result.output
    output = " ".join(result.output.split())
    for head in ("seqtag_ner, tags", "seqtag_srl, roles", "seqtag_srl, predicates"):
        assert f"Left alone: {head}: the corpus has no annotation of this kind" in output
    nlp = spacy.load("calibrated")
    assert nlp.get_pipe("seqtag_pos").temperature() != 1.0
    assert nlp.get_pipe("seqtag_ner").temperature() == 1.0
    scores = read_scores(run, "calibrated", "pos.spacy")
    assert scores["ents_ece"] is scores["srl_tags_nll"] is scores["srl_reliability"] is None


def test_any_name_of_a_component(unsure_path, tmp_path, mini_docs):
    """What was left alone is not among what was fitted."""
    nlp = spacy.load(unsure_path)
    nlp.rename_pipe("seqtag_ner", "names: of people, places")
    nlp.to_disk(tmp_path / "renamed")
    docs = [
        Doc(nlp.vocab, [t.text for t in d], pos=[t.pos_ for t in d])
        for d in mini_docs(nlp.vocab, "dev", 20)
    ]
    DocBin(docs=docs).to_disk(tmp_path / "pos.spacy")
    found = calibrate_pipeline(str(tmp_path / "renamed"), tmp_path / "pos.spacy", tmp_path / "new")
    assert found.temperatures["seqtag_pos"]["tags"] != 1.0
    assert found.temperatures["names: of people, places"] == {}


def test_nothing_to_calibrate(run, unsure_path, tmp_path):
    DocBin(docs=[Doc(spacy.blank("en").vocab, words=["Ann"])]).to_disk(tmp_path / "bare.spacy")
    line = failed(run("calibrate", unsure_path, "bare.spacy", "-o", "new", "--quiet"))
    assert "bare.spacy: nothing can be calibrated. seqtag_pos, tags: the corpus has no" in line
    assert not (tmp_path / "new").exists()


def test_a_corpus_known_by_heart_has_no_temperature(trained, mini_examples):
    examples = mini_examples(trained, n=3)
    for example in examples:
        example.predicted = trained(example.predicted)
    assert measure(trained, examples)["pos_ece"] < 0.1
    left_alone = calibrate(trained, examples)
    assert set(left_alone) == {("seqtag_pos", "tags"), ("seqtag_ner", "tags")}
    assert left_alone["seqtag_pos", "tags"].startswith("no temperature is best")
    assert trained.get_pipe("seqtag_pos").temperature() == 1.0


def test_what_says_nothing_about_temperatures_is_left_out(unsure_path, mini_docs):
    """Labels that the pipeline does not know, and Docs that the encoder did not read."""
    nlp = spacy.load(unsure_path)
    pos = nlp.get_pipe("seqtag_pos")
    (spare, *_) = sorted({*NAMES.values()} - {"", "SPACE"} - set(pos.labels))
    found = []
    for unknown in (spare, ""):
        golds = mini_docs(nlp.vocab, "dev", 10)
        for gold in golds[::2]:
            gold[1].pos_ = unknown
        examples = [Example(nlp(Doc(nlp.vocab, [t.text for t in gold])), gold) for gold in golds]
        if unknown:
            unread = Doc(nlp.vocab, [t.text for t in golds[0]])
            examples.append(Example(unread, golds[0]))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the Doc that was not read
            left_alone = calibrate(nlp, examples)
        assert ("seqtag_pos", "tags") not in left_alone
        found.append(pos.temperature())
    assert found[0] == pytest.approx(found[1], rel=1e-6)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "c.spacy: there is no such file or folder"),
        (b"junk", "c.spacy: this is no .spacy file, or a damaged one"),
        (DocBin().to_bytes(), "c.spacy: there is no document with words"),
    ],
)
def test_bad_corpus(run, unsure_path, tmp_path, content, message):
    if content is not None:
        (tmp_path / "c.spacy").write_bytes(content)
    assert message in failed(run("calibrate", unsure_path, "c.spacy", "-o", "new", "-q"))
    assert not (tmp_path / "new").exists()


def test_pipelines_without_our_components(run, corpus, tmp_path):
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    nlp.to_disk(tmp_path / "nlp")
    line = failed(run("calibrate", "nlp", corpus, "-o", "new", "-q"))
    assert "nlp: none of the pipeline's components (sentencizer) has confidences" in line
    assert "no/such" in failed(run("calibrate", "no/such", corpus, "-o", "new", "-q"))


# The measures


def test_measures_are_those_of_the_definitions(unsure_path, mini_docs):
    nlp = spacy.load(unsure_path)
    golds = mini_docs(nlp.vocab, "dev", 20)
    pipe = nlp.get_pipe("seqtag_pos")
    pipe.set_temperatures({"tags": 1.7})
    blanks = [Doc(nlp.vocab, words=[t.text for t in gold]) for gold in golds]
    examples = [Example(nlp(blank), gold) for blank, gold in zip(blanks, golds)]
    found = measure(nlp, examples)
    rows, confidences, right = [], [], []
    for example in examples:
        (probs,) = pipe.predict([example.predicted])
        for token, gold, p in zip(example.predicted, example.reference, temper(probs, 1.7)):
            own = dict(zip(pipe.classes, p.tolist()))
            confidences.append(token._.tag_confidence)
            right.append(token.pos_ == gold.pos_)
            brier = sum((q - (tag == gold.pos_)) ** 2 for tag, q in own.items())
            known = gold.pos_ in own
            rows.append((brier + (not known), -math.log(own[gold.pos_]) if known else math.nan))
    assert found["pos_brier"] == pytest.approx(np.mean([brier for brier, _ in rows]), abs=1e-6)
    assert found["pos_nll"] == pytest.approx(np.nanmean([nll for _, nll in rows]), abs=1e-6)
    bins = [[] for _ in range(15)]
    for p, hit in zip(confidences, right):
        bins[min(14, int(p * 15))].append((p, hit))
    gaps = [len(b) * abs(np.mean([p - hit for p, hit in b])) for b in bins if b]
    assert found["pos_ece"] == pytest.approx(sum(gaps) / len(right), abs=1e-5)
    shown = found["pos_reliability"]
    assert [each["size"] for each in shown] == [len(b) for b in bins]
    assert set(shown[0]) == {"start", "end", "size", "confidence", "accuracy"}
    # The same spans as the scorer's.
    n_spans = sum(each["size"] for each in found["ents_reliability"])
    assert n_spans == sum(len(example.predicted.ents) for example in examples)


def test_measures_in_the_terminal(run, unsure_path, corpus):
    result = run("evaluate", unsure_path, corpus, "--allow-unknown-labels")
    lines = [line.split() for line in result.output.splitlines()]
    assert ["ECE", "BRIER", "NLL"] in lines
    (row,) = [line for line in lines if line[:1] == ["ENTITIES"]]
    assert row[-1] == "-"


def test_raw_text_is_measured_too(run, unsure_path, corpus):
    result = run("evaluate", unsure_path, corpus, "--raw-text", "--allow-unknown-labels")
    assert result.exit_code == 0, result.output
    assert "Calibration" in result.output
