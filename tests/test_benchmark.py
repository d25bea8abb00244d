"""scripts/benchmark: every system on tiny encoders, the commands, and what they count."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec
from itertools import chain, count
from pathlib import Path

import pytest
import spacy
import torch
import typer
from hypothesis import given
from hypothesis import strategies as st
from spacy.cli.train import train as train_here
from spacy.language import Language
from typer.testing import CliRunner

from spacy_seqtag.corpus.convert import convert

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "scripts" / "benchmark"
MINI = ROOT / "assets" / "mini"
DOCUMENTS = [[["a", "b"], ["c"]], [["d", "e", "f"]]]


@pytest.fixture(scope="module", autouse=True)
def path():
    """The scripts import each other."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(FOLDER)
        yield


@pytest.fixture(scope="module")
def load(path):
    return import_module


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    path = tmp_path_factory.mktemp("corpus") / "dev.spacy"
    convert([MINI / f"dev.{ending}" for ending in ("conllu", "iob2", "gold_conll")], path)
    return path


# Text


@given(
    st.lists(st.lists(st.lists(st.just("x"), min_size=1), min_size=1), min_size=1),
    st.integers(1, 90),
)
def test_repeat_has_the_size(documents, n_words):
    text = import_module("text")
    assert text.count_words(text.repeat(documents, n_words)) == n_words


def test_repeat_and_cut(load):
    text = load("text")
    assert list(text.repeat(DOCUMENTS, 8)) == [*DOCUMENTS, [["a", "b"]]]
    assert list(text.repeat(DOCUMENTS, 4)) == [DOCUMENTS[0], [["d"]]]
    assert text.cut(DOCUMENTS[0], 1) == [["a"]]


def test_documents_of_one_size(load):
    text = load("text")
    assert text.cut_evenly(DOCUMENTS, 4) == [[["a", "b"], ["c"], ["d"]]]
    assert text.cut_evenly(DOCUMENTS, 100) == [[*DOCUMENTS[0], *DOCUMENTS[1]]]


@given(st.lists(st.integers(1, 50), max_size=40), st.integers(1, 100))
def test_pack(lengths, size):
    windows = import_module("text").pack(lengths, size)
    assert list(chain(*windows)) == list(range(len(lengths)))
    for i, window in enumerate(windows):
        assert sum(lengths[n] for n in window) <= size or len(window) == 1
        if i:  # no window has room for what begins the next
            assert sum(lengths[n] for n in [*windows[i - 1], window[0]]) > size


@given(st.lists(st.integers(1, 50), max_size=40), st.integers(1, 400))
def test_micro_batches(lengths, limit):
    batches = import_module("text").micro_batches(lengths, limit)
    order = list(chain(*batches))
    assert sorted(order) == list(range(len(lengths)))
    assert [lengths[n] for n in order] == sorted(lengths)
    for batch in batches:
        assert len(batch) * max(lengths[n] for n in batch) <= limit or len(batch) == 1


def test_corpus(load, corpus, mini, tmp_path):
    text = load("text")
    documents = text.read_documents(text.find_corpus(corpus, "dev", tmp_path))
    sentences = [sentence for document in documents for sentence in document]
    assert sentences == [sent["words"] for sent in mini["dev"]]
    with pytest.raises(ValueError, match="no such file"):
        text.find_corpus(tmp_path / "none.spacy", "dev", tmp_path)


# Tables


def result(load, name, *seconds, **settings):
    return load("report").Result(name, name.upper(), 100, seconds=list(seconds), **settings)


def test_ratios(load):
    report = load("report")
    results = [
        result(load, "ours-pos-ner", 1.0, 2.0, 9.0, memory=2**20),
        result(load, "ours-pos-ner-int8", 1.0),
        result(load, "ours-pos-ner-srl", 3.0),
        result(load, "spacy", 16.0),
        result(load, "loop-fp32", 4.0),
        result(load, "flair", status="skipped", reason="not here"),
        result(load, "limit-documents", status="failed"),
    ]
    assert results[0].rate == 50.0
    found = [(r.ours, r.peer, r.ratio) for r in report.ratios(results)]
    assert found == [
        ("OURS-POS-NER", "SPACY", 8.0),
        ("OURS-POS-NER-INT8", "SPACY", 16.0),
        ("OURS-POS-NER", "LOOP-FP32", 2.0),
        ("OURS-POS-NER-INT8", "LOOP-FP32", 4.0),
    ]
    rows = [line.split() for line in report.speed_table(results).strip().split("\n")]
    assert rows[2][:2] == ["OURS-POS-NER", "50"]
    assert ["FLAIR", "skipped", "not", "here"] in rows
    table = report.ratio_table(report.ratios(results)).strip().split("\n")
    assert table[0].split() == ["times", "as", "fast", "as", "OURS-POS-NER", "OURS-POS-NER-INT8"]
    assert [line.split() for line in table[2:]] == [
        ["SPACY", "8.00", "16.00"],
        ["LOOP-FP32", "2.00", "4.00"],
    ]
    assert report.ratios(results[3:]) == []


def test_training_figures(load):
    training = load("training")
    scores = [{"pos_acc": 0.5, "ents_f": 0.0}, {"pos_acc": 0.9, "ents_f": 0.6}]
    records = [
        {"seconds": 50.0, "words": 10, "scores": scores[0]},
        *({"seconds": seconds} for seconds in (9.0, 1.0, 3.0)),
        {"seconds": 70.0, "words": 50, "scores": scores[1]},
        {"memory": 7},
    ]
    # The evaluated steps and the first two are not timed: two seconds for ten words.
    curve = training.summarize(records, "ours", 0.9, 0.6)
    assert curve.words_per_second == 5.0
    assert curve.points == [(2.0, 0.5, 0.0), (17.0, 0.9, 0.6)]
    assert (curve.seconds_to_score, curve.memory) == (17.0, 7)
    curve = training.summarize(records, "ours", 0.9, 0.7)
    assert curve.seconds_to_score is None
    assert "never" in training.training_table({"ours": [curve], "spacy": [curve]})
    with pytest.raises(ValueError, match="too few steps"):
        training.summarize(records[:2] + records[-1:], "ours", 0.9, 0.6)


def test_subsets(load):
    subsets = load("after_encoder").subsets
    alone = [("senter",), ("pos",), ("ner",)]
    assert subsets(["senter", "pos", "ner"]) == [("pos", "ner"), ("senter", "pos", "ner"), *alone]
    assert subsets(["pos", "ner"]) == [("pos", "ner"), ("pos",), ("ner",)]


def test_new_words(load):
    endurance = load("endurance")
    words = [endurance.new_word(number) for number in range(20_000)]
    assert len(set(words)) == len(words)
    assert all(word.isalpha() and word.islower() and len(word) >= 3 for word in words)
    fresh = map(endurance.new_word, count())
    old = [["The", "cat", "saw", "3.5%", "of", "Oslo", "."], ["Go"]]
    new = endurance.renew(old, fresh)
    assert list(map(len, new)) == list(map(len, old))
    replaced = [w for before, after in zip(old, new) for w, v in zip(before, after) if w != v]
    assert replaced == ["The", "cat", "saw", "Oslo"]
    assert [word.istitle() for word in new[0]] == [word.istitle() for word in old[0]]
    assert new[0][0] != endurance.renew(old, fresh)[0][0]


def test_growth_of_memory(load):
    endurance = load("endurance")
    rows = [endurance.Minute(i, 0, memory, 0, 0) for i, memory in enumerate([50, 100, 110, 90])]
    assert endurance.memory_growth(rows, 1.0) == pytest.approx(0.1)
    assert endurance.memory_growth(rows, 2.0) == pytest.approx(90 / 110 - 1)
    assert endurance.memory_growth(rows, 3.0) is None


# Processes


def test_errors_of_other_processes(load, tmp_path):
    workers = load("workers")
    with pytest.raises(workers.Failed, match=r"none\.spacy: there is no such file"):
        workers.call(load("text").find_corpus, tmp_path / "none.spacy", "dev", tmp_path)
    with pytest.raises(workers.Failed, match="exit code 3"):
        workers.call(os._exit, 3)


def test_peak_memory(load):
    workers = load("workers")
    before = workers.peak_memory()
    block = b"x" * 2**26
    assert workers.peak_memory() > 2**26 == len(block)
    del block
    workers.reset_peak_memory()
    assert 0 < workers.peak_memory() <= before + 2**27


# Systems


@pytest.fixture(scope="module")
def prepare(load, corpus, tmp_path_factory):
    """Function (encoder, systems, …) to what prepare.py makes."""

    def run(encoder, systems, **settings):
        return load("prepare").prepare(
            load("prepare").Settings(
                folder=tmp_path_factory.mktemp("prepared"),
                corpus=corpus,
                words=150,
                threads=1,
                encoder=encoder,
                device="cpu",
                precision="float32",
                sentences=False,
                systems=tuple(systems),
                **settings,
            )
        )

    return run


@pytest.fixture(scope="module")
def prepared(prepare, load, tiny_encoder):
    return prepare(tiny_encoder, load("systems").SYSTEMS)


LABELS = {
    "ours-pos": range(150, 151),
    "ours-pos-ner": range(150, 301),
    "ours-pos-ner-int8": range(150, 301),
    "ours-pos-ner-srl": range(150, 100_000),
    "ours-pos-ner-srl-int8": range(150, 100_000),
    "spacy": range(150, 301),
    "hf-pipeline": range(150, 1000),
    "loop-fp32": range(150, 151),
    "flair": range(150, 151),
    "limit": range(1),
    "limit-documents": range(1),
}


@pytest.mark.parametrize("name", LABELS)
def test_system(load, prepared, name):
    systems = load("systems")
    if name == "flair" and find_spec("flair") is None:
        with pytest.raises(systems.Skip, match="install the extra benchmark"):
            systems.SYSTEMS[name](prepared.plan).load()
        return
    system = systems.SYSTEMS[name](prepared.plan)
    system.load()
    documents = load("text").load_documents(prepared.plan.documents)
    assert system.annotate(system.inputs(documents)) in LABELS[name]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("ours-pos-ner-fp32", "in float32 here"),
        ("limit-documents-fp32", "in float32 here"),
        ("ours-pos-ner-int8", "was not quantized"),
    ],
)
def test_systems_of_a_precision(load, prepared, name, reason):
    """They are skipped where they would be others, and where there is nothing to load."""
    system = load("systems").SYSTEMS[name]
    plan = replace(prepared.plan, pos_ner_int8=None)
    with pytest.raises(load("systems").Skip, match=reason):
        system(plan).load()
    if name != "ours-pos-ner-int8":
        other = system(replace(plan, precision="bfloat16"))
        other.load()
        assert other.annotate(other.inputs(DOCUMENTS)) in range(7)
        if name.startswith("ours"):
            assert other.nlp.config["components"]["transformer"]["model"]["precision"] == "float32"
        else:
            assert other.model.dtype == torch.float32


def test_a_pipeline_that_cannot_be_quantized(load, corpus, tmp_path, capsys):
    spacy.blank("en").to_disk(tmp_path / "blank")
    made = load("prepare").make_quantized(tmp_path / "blank", corpus, tmp_path / "int8")
    assert made is None
    assert "no component of the pipeline" in " ".join(capsys.readouterr().out.split())


def test_limit_reads_every_wordpiece(load, prepared):
    limit = load("systems").Limit(prepared.plan)
    limit.load()
    batches = limit.inputs(load("text").load_documents(prepared.plan.documents))
    windows = sum(len(batch["input_ids"]) for batch in batches)
    read = sum(int(batch["attention_mask"].sum()) for batch in batches)
    assert read == prepared.facts.wordpieces + 2 * windows
    assert max(batch["input_ids"].shape[1] for batch in batches) <= 128


def test_loop_keeps_the_order(load, prepared):
    loop = load("systems").Float32Loop(prepared.plan)
    loop.load()
    sentences = [["One", "dog", "barks", "."], ["No", "."]]
    assert [len(labels) for labels in loop._label(sentences)] == [4, 2]


def test_trained_pipeline(load, prepare, tiny_bert, trained_path):
    systems = load("systems")
    plan = prepare(tiny_bert, ["ours-pos", "ours-pos-ner-srl"], model=trained_path).plan
    nlp = systems.load_ours(plan.pos_ner, ("seqtag_pos",), None, sentences=False)
    assert nlp.pipe_names == ["transformer", "seqtag_pos"]
    with pytest.raises(systems.Skip, match="no seqtag_srl"):
        systems.OursPosNerSrl(plan).load()


# Commands


def invoke(module, *args):
    """Exit code and output of a command, run here."""
    app = typer.Typer()
    app.command()(module.main)
    done = CliRunner().invoke(app, list(map(str, args)))
    return done.exit_code, " ".join(done.output.split())


@pytest.fixture
def here(monkeypatch):
    """Function (name of a module) to the module, with work for other processes done in this."""

    def get(name):
        module = import_module(name)
        monkeypatch.setattr(module, "call", lambda function, *args: function(*args), raising=False)
        monkeypatch.setattr(module, "set_threads", lambda threads: None)
        return module

    return get


def test_speed(corpus, tiny_bert, tmp_path):
    systems = ["ours-pos-ner", "ours-pos-ner-int8", "flair", "limit-documents"]
    command = [sys.executable, FOLDER / "speed.py", "--corpus", corpus, "--encoder", tiny_bert]
    command += ["--words", 120, "--repeats", 2, "--threads", 1, "--systems", ",".join(systems)]
    done = subprocess.run(
        list(map(str, [*command, "--output", "new/folder"])),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        encoding="utf8",
    )
    assert done.returncode == 0, done.stdout + done.stderr
    saved = json.loads((tmp_path / "new" / "folder" / "speed.json").read_text("utf8"))
    assert list(saved["systems"]) == systems
    assert saved["facts"]["words"] == 120
    for name, figures in saved["systems"].items():
        assert figures["title"] in done.stdout
        if name == "flair" and find_spec("flair") is None:
            assert figures["status"] == "skipped"
            continue
        assert figures["status"] == "ok"
        assert len(figures["seconds"]) == 2
        assert min(figures[key] for key in ("words_per_second", "loading", "memory")) > 0
    ours = ["spacy-seqtag POS+NER", "spacy-seqtag POS+NER, int8"]
    assert [ratio["ours"] for ratio in saved["ratios"] if ratio["peer"].startswith("limit")] == ours
    assert saved["facts"]["instructions"]
    assert (tmp_path / "new" / "folder" / "speed.png").exists() == bool(find_spec("matplotlib"))


def test_long_text(here, prepare, tiny_bert):
    speed = here("speed")
    plan = prepare(tiny_bert, ["ours-pos-ner"]).plan
    rows = speed.measure_long_text(plan, [100, 300], 200)
    assert [(row.words, row.status) for row in rows] == [(100, "ok"), (300, "ok"), (200, "ok")]
    assert "one Doc of 200 words" in import_module("report").memory_table(rows)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--systems", "ours,theirs"], "give some of: ours-pos,"),
        (["--precision", "float8"], "give one of: auto, float32, bfloat16"),
        (["--memory-words", "many"], "give numbers"),
        (["--model", "none"], "no pipeline there"),
    ],
)
def test_speed_refuses(here, tmp_path, args, message):
    code, output = invoke(here("speed"), *args, "--output", tmp_path / "new")
    assert code == 1
    assert message in output
    assert not (tmp_path / "new").exists()


def test_gpu_script_without_gpu(here, corpus, tiny_bert, tmp_path):
    code, output = invoke(
        here("gpu"),
        *("--gpu-id", -1, "--corpus", corpus, "--train", corpus, "--encoder", tiny_bert),
        *("--words", 60, "--cpu-words", 60, "--repeats", 1, "--threads", 1, "--profile", 3),
        *("--systems", "ours-pos-ner-srl", "--cpu-steps", 4, "--batch-words", 40),
        *("--output", tmp_path / "new" / "gpu.json"),
    )
    assert code == 0, output
    assert "tottime" in output
    saved = json.loads((tmp_path / "new" / "gpu.json").read_text("utf8"))
    (annotated,), (trained,) = saved["annotate"], saved["train"]
    assert (annotated["device"], trained["device"]) == ("cpu", "cpu")
    assert annotated["results"][0]["words_per_second"] > 0
    assert trained["curve"]["words_per_second"] > 0
    code, output = invoke(here("gpu"), "--gpu-id", -1, "--precisions", "float8")
    assert code == 1
    assert "--precisions float8: give some of: auto," in output


def test_after_encoder(here, corpus, tiny_bert, tmp_path):
    code, output = invoke(
        here("after_encoder"),
        *("--corpus", corpus, "--encoder", tiny_bert, "--words", 100, "--repeats", 1),
        *("--profile", 5, "--output", tmp_path / "new" / "after.json"),
    )
    assert code == 0, output
    assert "150,000" in output
    assert "tottime" in output
    rates = json.loads((tmp_path / "new" / "after.json").read_text("utf8"))["words_per_second"]
    assert list(rates) == ["pos+ner", "senter+pos+ner", "senter", "pos", "ner"]
    assert min(rates.values()) > 0


def test_cost_of_soft_labels(load):
    measured = load("soft_labels").Measured([10, 20, 30], [2.0, 2.0, 4.0], [1.0, 1.0, 3.0])
    assert measured.rates == (7.5, 10.0)
    assert measured.ratios == [0.5, 0.5, 0.75]
    assert measured.ratio == 0.5


def test_soft_labels(here, corpus, trained_path, tiny_bert, tmp_path):
    options = ("--corpus", corpus, "--encoder", tiny_bert, "--threads", 1, "--device", "cpu")
    code, output = invoke(
        here("soft_labels"),
        *(*options, "--config", "pos_ner", "--pairs", 3, "--teacher", trained_path),
        *("--output", tmp_path / "new" / "soft.json"),
    )
    assert code == 0, output
    assert "with soft labels" in output
    saved = json.loads((tmp_path / "new" / "soft.json").read_text("utf8"))
    assert saved["ratio"] > 0
    assert [len(saved["batches"][name]) for name in ("words", "soft", "hard")] == [3, 3, 3]
    assert min(saved["words_per_second"].values()) > 0
    code, output = invoke(here("soft_labels"), *options, "--config", "none")
    assert code == 1
    assert "--config none: no such config. Give one of joint, ner, pos, pos_ner, srl" in output


ENDURANCE = ("--minutes", 0.02, "--interval", 0.005, "--warm-up", 0.0, "--threads", 2)


def test_cost_of_annotate(load):
    engines = {"local": [10.0, 20.0, 40.0], "ray": [9.0, 10.0, 36.0]}
    measured = load("annotate").Measured([5, 5, 5], [2.0, 4.0, 2.0], [1.0, 4.0, 1.8], engines)
    assert measured.ratio == 0.9
    assert measured.of_ray == 0.9
    assert load("annotate").Measured([5], [2.0], [1.0], {}).of_ray is None


def test_annotate(here, corpus, trained_path, tmp_path):
    path = tmp_path / "figures.json"
    options = ["--corpus", str(corpus), "--pairs", "3", "--words", "200", "--output", str(path)]
    code, output = invoke(here("annotate"), str(trained_path), *options)
    assert code == 0, output
    figures = json.loads(path.read_text("utf8"))
    measured = figures["measured"]
    assert len(measured["annotate"]) == len(measured["pipe"]) == len(measured["words"]) >= 3
    assert figures["of_ray"] is None
    assert "nlp.pipe" in output


def test_endurance(here, corpus, make_nlp, tiny_bert, mini_examples, tmp_path):
    nlp = make_nlp(tiny_bert)
    nlp.initialize(lambda: mini_examples(nlp))
    nlp.to_disk(tmp_path / "nlp")
    output = tmp_path / "new" / "endurance.json"
    code, printed = invoke(
        here("endurance"),
        *(
            tmp_path / "nlp",
            "--corpus",
            corpus,
            *ENDURANCE,
            "--tolerance",
            10.0,
            "--output",
            output,
        ),
    )
    assert code == 0, printed
    rows = json.loads(output.read_text("utf8"))["minutes"]
    assert all(row["compared"] and not row["different"] and row["memory"] > 0 for row in rows)
    assert rows[-1]["minute"] >= 0.02
    assert rows[-1]["words"] > rows[0]["words"] > 0


def test_endurance_compares_every_confidence(load, make_nlp, tiny_bert, mini_examples):
    endurance = load("endurance")
    nlp = make_nlp(tiny_bert)
    nlp.initialize(lambda: mini_examples(nlp))
    (found,) = endurance.annotate(nlp, ["Maria Lopez flew to Chicago"])
    tags = found.confidences[: len(found.words)]
    assert len(tags) == 5
    assert all(0 < value <= 1 for value in tags)
    assert endurance.is_same(found, found)
    for i, value in enumerate(found.confidences):
        if value is not None:
            changed = [*found.confidences]
            changed[i] = value / 2
            assert not endurance.is_same(found._replace(confidences=changed), found)


@Language.factory("changes_its_mind")
def make_changeable(nlp, name):
    calls = count()

    def component(doc):
        for token in doc:
            token.tag_ = "early" if next(calls) < 2000 else "late"
        return doc

    return component


def test_endurance_fails_where_annotations_change(here, corpus, tmp_path):
    nlp = spacy.blank("en")
    nlp.add_pipe("changes_its_mind")
    nlp.to_disk(tmp_path / "nlp")
    code, printed = invoke(
        here("endurance"), tmp_path / "nlp", "--corpus", corpus, *ENDURANCE, "--tolerance", 10.0
    )
    assert code == 1
    assert "probes got other annotations than at first" in printed


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--tolerance", 0.0, *ENDURANCE], "memory grew by"),
        (["--minutes", 0.0], "no figure after the warm-up of 10 minutes"),
    ],
)
def test_endurance_fails_where_memory_is_not_flat(
    here, corpus, tmp_path, monkeypatch, args, message
):
    endurance = here("endurance")
    sizes = count(2**20, 2**16)
    monkeypatch.setattr(endurance, "resident_memory", lambda: next(sizes))
    spacy.blank("en").to_disk(tmp_path / "nlp")
    code, printed = invoke(endurance, tmp_path / "nlp", "--corpus", corpus, *args)
    assert code == 1
    assert message in printed


def test_endurance_needs_a_pipeline(here, corpus):
    code, printed = invoke(here("endurance"), "no/such/pipeline", "--corpus", corpus)
    assert code == 1
    assert "no/such/pipeline" in printed


def test_memory(here, corpus, trained_path, tmp_path):
    memory, strings = here("memory"), []
    for extra in ((), ("--new-words",)):
        output = tmp_path / "memory.json"
        settings = ("--words", 1500, "--every", 900, "--tolerance", 10.0, "--output", output)
        code, printed = invoke(memory, trained_path, "--corpus", corpus, *settings, *extra)
        assert code == 0, printed
        found = json.loads(output.read_text("utf8"))
        first, last = found["rows"]
        assert first["words"] >= 900
        assert last["words"] == 1500
        assert last["peak"] >= max(first["peak"], first["resident"]) > 0
        assert found["growth"] == pytest.approx(last["peak"] / first["peak"] - 1)
        strings.append(last["strings"])
    known, new = strings
    assert new > known


def test_memory_fails_where_it_grows(here, corpus, tmp_path, monkeypatch):
    memory = here("memory")
    sizes = count(2**20, 2**16)
    monkeypatch.setattr(memory, "peak_memory", lambda: next(sizes))
    spacy.blank("en").to_disk(tmp_path / "nlp")
    model = (tmp_path / "nlp", "--corpus", corpus)
    code, printed = invoke(memory, *model, "--words", 1500, "--every", 900)
    assert code == 1
    assert "the peak grew by 6.2%, more than 5.0%" in printed
    code, printed = invoke(memory, *model, "--precision", "float8")
    assert code == 1
    assert "--precision: give one of: auto" in printed


def test_training(here, corpus, tiny_bert, tmp_path, monkeypatch):
    training = here("training")

    import_module("step_logger")
    monkeypatch.setattr(training, "spacy_train", lambda config, device: train_here(config))
    code, output = invoke(
        training,
        *("--train", corpus, "--dev", corpus, "--encoder", tiny_bert, "--threads", 1),
        *("--steps", 4, "--evaluate-every", 4, "--batch-words", 100, "--output", tmp_path / "new"),
        *("--device", "cpu", "--tag-acc", 0.0, "--ents-f", 0.0),
    )
    assert code == 0, output
    saved = json.loads((tmp_path / "new" / "training.json").read_text("utf8"))
    for system in ("ours", "spacy"):
        (curve,) = saved["systems"][system]
        assert len(curve["points"]) == 2
        assert curve["words_per_second"] > 0
        assert curve["seconds_to_score"] == curve["points"][0][0]
