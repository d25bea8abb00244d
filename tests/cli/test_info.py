"""`python -m spacy seqtag info`."""

import json

import pytest
import spacy
import torch
from typer.testing import CliRunner

from spacy_seqtag import speed
from spacy_seqtag.cli import seqtag
from spacy_seqtag.description import describe
from spacy_seqtag.models.network.fused import KERNELS
from spacy_seqtag.models.network.onednn import can_pack
from spacy_seqtag.models.network.precision import PRECISIONS, instructions, measure_auto
from spacy_seqtag.models.network.quantized import Range
from spacy_seqtag.quantization import find_encoders
from spacy_seqtag.speed import make_texts, measure_speed


@pytest.fixture(autouse=True)
def short(monkeypatch):
    monkeypatch.setattr(speed, "_SECONDS", 0.0)
    monkeypatch.setattr(speed, "_TEXTS", 2)


def run(*arguments):
    return CliRunner().invoke(seqtag, ["info", *map(str, arguments)])


def test_description(trained):
    trained.get_pipe("seqtag_pos").set_temperatures({"tags": 1.5})
    trained.add_pipe("sentencizer", first=True)
    trained.disable_pipe("seqtag_ner")
    found = describe(trained)
    assert [each.name for each in found.components] == trained.component_names
    sentencizer, transformer, pos, ner = found.components
    assert (sentencizer.labels, sentencizer.temperatures) == (None, {})
    assert (transformer.factory, transformer.labels) == ("transformer", None)
    assert pos.labels == len(trained.get_pipe("seqtag_pos").labels)
    assert pos.temperatures == {"tags": 1.5}
    assert ner.disabled
    assert not pos.disabled
    (encoder,) = found.encoders
    model = find_encoders(trained)["transformer"]
    config = model.transformer.config
    assert (encoder.kind, encoder.layers) == ("bert", config.num_hidden_layers)
    assert encoder.width == config.hidden_size
    assert encoder.parameters == sum(p.numel() for p in model.shim.module.parameters())
    assert encoder.max_wordpieces == model.attrs["get_spans"].max_wordpieces
    assert (encoder.precision, encoder.word_case, encoder.int8_ranges) == ("float32", False, 0)


def test_ranges_of_a_quantized_pipeline(trained):
    shim = find_encoders(trained)["transformer"].shim
    vector = trained.get_pipe("transformer").model.transformer.embeddings.word_embeddings.weight[0]
    shim.ranges = {"0.in": Range(vector.detach() - 1, vector.detach() + 1)}
    assert describe(trained).encoders[0].int8_ranges == 1


def test_printed(trained_path):
    result = run(trained_path)
    assert result.exit_code == 0, result.output
    lines = [line.split() for line in result.stdout.splitlines()]
    labels = spacy.load(trained_path).get_pipe("seqtag_pos").labels
    assert ["seqtag_pos", "seqtag_pos", str(len(labels)), "not", "calibrated"] in lines
    assert ["precision", "float32"] in lines
    assert "GFLOP/s" not in result.output


def test_speed_printed_and_as_json(trained_path):
    result = run(trained_path, "--speed")
    assert result.exit_code == 0, result.output
    lines = [line.split() for line in result.stdout.splitlines()]
    assert ["instructions", *instructions()] in lines
    assert [line[0] for line in lines if line[-1:] == ["yes"]] == ["in", "out", "up", "down"]
    found = json.loads(run(trained_path, "--speed", "--json").stdout)["speed"]
    assert found["device"] == "cpu"
    assert found["auto"] in PRECISIONS
    assert found["words"] > 0
    assert found["words_per_second"] > 0
    if found["auto_by"] is not None:
        by = found["auto_by"]
        assert (by["bfloat16"] < by["float32"]) or found["auto"] == "float32"
    ways = [timing["way"] for timing in found["products"]["transformer"] if timing["taken"]]
    assert {way["precision"] for way in ways} == {"float32"}
    assert json.loads(run(trained_path, "--json").stdout)["speed"] is None


@pytest.mark.parametrize("precision", ["auto", "float32", "bfloat16"])
def test_the_setting_forces_the_precision(trained, precision):
    (encoder,) = find_encoders(trained).values()
    encoder.set_precision(precision)
    device = encoder.shim.device
    expected = measure_auto(device) if precision == "auto" else precision
    timings = measure_speed(trained).products["transformer"]
    assert {t.way.precision for t in timings if t.taken} == {expected}
    assert {"float32", expected} <= {t.way.precision for t in timings}


@pytest.mark.skipif(not can_pack(torch.float32), reason="this build has no packed products")
@pytest.mark.parametrize("kernel", KERNELS)
def test_the_setting_forces_the_kernel(trained_path, kernel):
    nlp = spacy.load(trained_path, config={"components.transformer.model.kernels": kernel})
    assert describe(nlp).encoders[0].kernels == kernel
    ways = {t.product: t.way for t in measure_speed(nlp).products["transformer"] if t.taken}
    assert len(ways) == 4
    for way in ways.values():
        assert (way.library == "oneDNN") == (kernel != "pytorch")
    assert ways["up"].fused == (kernel == "fused")


def test_a_pipeline_without_an_encoder(tmp_path):
    nlp = spacy.blank("xx")
    nlp.to_disk(tmp_path / "blank")
    found = json.loads(run(tmp_path / "blank", "--speed", "--json").stdout)
    assert (found["lang"], found["components"], found["encoders"]) == ("xx", [], [])
    assert found["speed"]["products"] == {}
    assert found["speed"]["words"] == sum(len(nlp(text)) for text in make_texts("xx"))


def test_a_pipeline_that_was_not_initialized(tiny_bert, make_nlp, tmp_path):
    make_nlp(tiny_bert, ()).to_disk(tmp_path / "nlp")
    found = json.loads(run(tmp_path / "nlp", "--json").stdout)
    assert [each["name"] for each in found["components"]] == ["transformer"]
    assert found["encoders"] == []
    result = run(tmp_path / "nlp", "--speed")
    assert (result.exit_code, result.stdout) == (1, "")
    assert len(result.stderr.splitlines()) == 1


def test_texts_are_in_the_language_or_else_in_english():
    english = list(make_texts("en"))
    assert list(make_texts("no such")) == english != list(make_texts("de"))
    assert len(set(english)) > 1
