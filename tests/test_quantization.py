"""Quantized pipelines: saved with what int8 needs, and only if they lose little."""

import warnings

import pytest
import spacy
import torch
from spacy.tokens import DocBin

from spacy_seqtag import quantization
from spacy_seqtag.models.encoder import find_encoders
from spacy_seqtag.models.network.onednn import can_pack_int8
from spacy_seqtag.models.network.quantized import QuantizedNetwork
from spacy_seqtag.quantization import quantize_pipeline

TEXT = "Daniel Reyes wants to buy a house in Leeds."

pytestmark = pytest.mark.skipif(
    not can_pack_int8(torch.float32), reason="this build or CPU has no products of bytes"
)


@pytest.fixture(scope="module")
def dev(tmp_path_factory, mini_docs):
    path = tmp_path_factory.mktemp("dev") / "dev.spacy"
    docs = mini_docs(spacy.blank("en").vocab, n=20)
    DocBin(docs=docs, store_user_data=True).to_disk(path)
    return path


@pytest.fixture(scope="module")
def quantized(trained_path, dev, tmp_path_factory):
    output = tmp_path_factory.mktemp("quantized") / "model"
    return output, quantize_pipeline(str(trained_path), dev, output, max_loss=5)


def encoder(nlp, name="transformer"):
    return find_encoders(nlp)[name]


def vectors(doc):
    return doc._.trf_data.model_output.last_hidden_state[0]


def test_quantize(quantized, trained):
    output, found = quantized
    assert list(found.passes)[:: len(found.passes) - 1] == ["float32", "int8"]
    assert set(found.passes["int8"].scores) == {"pos_acc", "ents_f"}
    assert all(lost <= 5 for lost in found.lost.values())
    assert found.products == 8
    assert found.kept == []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        nlp = spacy.load(output)
        doc = nlp(TEXT)
    assert nlp.config["components"]["transformer"]["model"]["precision"] == "int8"
    assert isinstance(encoder(nlp).shim.predictor(), QuantizedNetwork)
    encoder(trained).set_precision("float32")
    given, expected = vectors(doc), vectors(trained(TEXT))
    assert 0 < abs(given - expected).max() < 0.3
    # Saved once more it is the same.
    assert encoder(nlp).to_bytes() == encoder(spacy.load(output)).to_bytes()
    again = encoder(nlp).copy()
    assert isinstance(again.shim.predictor(), QuantizedNetwork)


def test_an_encoder_of_one_component(trained, dev, tmp_path):
    trained.replace_listeners("transformer", "seqtag_ner", ["model.tok2vec"])
    trained.to_disk(tmp_path / "own")
    found = quantize_pipeline(str(tmp_path / "own"), dev, tmp_path / "both", max_loss=5)
    assert found.products == 16
    nlp = spacy.load(tmp_path / "both")
    assert sorted(find_encoders(nlp)) == ["seqtag_ner", "transformer"]
    assert nlp.config["components"]["seqtag_ner"]["model"]["tok2vec"]["precision"] == "int8"
    for each in find_encoders(nlp).values():
        assert isinstance(each.shim.predictor(), QuantizedNetwork)


def test_without_ranges_it_is_as_auto(trained, dev):
    encoder(trained).set_precision("auto")
    expected = trained(TEXT)
    encoder(trained).set_precision("int8")
    with pytest.warns(UserWarning, match='not quantized.*so it annotates as with "auto"') as said:
        docs = [trained(TEXT) for _ in range(2)]
    assert len(said) == 1
    for doc in docs:
        assert abs(vectors(doc) - vectors(expected)).max() < 1e-5


def test_training_forgets(quantized, mini_examples):
    nlp = spacy.load(quantized[0])
    shim = encoder(nlp).shim
    assert len(shim.ranges) == 8
    optimizer = nlp.resume_training()
    with pytest.warns(UserWarning, match="it is for annotation: training computes as"):
        nlp.update(mini_examples(nlp), sgd=optimizer)
    assert shim.ranges == {}
    with pytest.warns(UserWarning, match="not quantized"):
        nlp(TEXT)


def scores_of_int8(monkeypatch, lost):
    """Have int8 lose points of `ents_f`, by how many products are left as they are."""
    score = quantization._Run.score

    def changed(run, precision):
        found = score(run, precision)
        if precision == "int8":
            left = run.n_products - sum(len(e.shim.ranges) for e in run.encoders.values())
            found.scores["ents_f"] = run_scores["float32"]["ents_f"] - lost(left) / 100
        run_scores[precision] = dict(found.scores)
        return found

    run_scores = {}
    monkeypatch.setattr(quantization._Run, "score", changed)


def test_a_loss_that_is_too_great(trained_path, dev, tmp_path, monkeypatch):
    scores_of_int8(monkeypatch, lambda left: 3.0)
    with pytest.raises(
        ValueError, match=r"ents_f loses 3\.00 points \(0\.3 allowed\), with 4 of 8"
    ):
        quantize_pipeline(str(trained_path), dev, tmp_path / "made" / "model")
    assert not (tmp_path / "made").exists()


def test_harmful_products_stay_as_they_are(trained_path, dev, tmp_path, monkeypatch):
    scores_of_int8(monkeypatch, lambda left: 3.0 if left < 2 else 0.0)
    found = quantize_pipeline(str(trained_path), dev, tmp_path / "model", max_loss=1.0)
    assert len(found.kept) == 2
    shim = encoder(spacy.load(tmp_path / "model")).shim
    assert {f"transformer: {name}" for name in shim.ranges}.isdisjoint(found.kept)
    assert len(shim.ranges) == 6


def test_what_cannot_be_quantized(trained_path, dev, tmp_path):
    spacy.blank("en").to_disk(tmp_path / "blank")
    with pytest.raises(ValueError, match=r"no component of the pipeline .none. has an encoder"):
        quantize_pipeline(str(tmp_path / "blank"), dev, tmp_path / "out")
    docs = [spacy.blank("en")("Nobody annotated this.")]
    DocBin(docs=docs).to_disk(tmp_path / "bare.spacy")
    with pytest.raises(ValueError, match=r"bare\.spacy: nothing in it tells what is lost"):
        quantize_pipeline(str(trained_path), tmp_path / "bare.spacy", tmp_path / "out")
    for settings, error in (({"sentences": 0}, "sentences = 0"), ({"max_loss": -1}, "max_loss")):
        with pytest.raises(ValueError, match=error):
            quantize_pipeline(str(trained_path), dev, tmp_path / "out", **settings)
    with pytest.raises(ValueError, match="--overwrite"):
        quantize_pipeline(str(trained_path), dev, trained_path)
    assert not (tmp_path / "out").exists()
