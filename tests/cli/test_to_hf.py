"""`python -m spacy seqtag to-hf`: what a component becomes, and what has no equal."""

import numpy as np
import pytest
import spacy
import srsly
import torch
from huggingface_hub import ModelCard
from spacy.tokens import Doc
from thinc.api import Model, Relu, Softmax_v2, chain, with_array, zero_init
from transformers import AutoModelForTokenClassification, AutoTokenizer
from typer.testing import CliRunner

from spacy_seqtag.cli import seqtag
from spacy_seqtag.schemes.calibration import Curve, temper

FIRST = {"@layers": "spacy_seqtag.reduce_first.v1"}
MEAN = {"@layers": "reduce_mean.v1"}


def tagger(pooling, **listener):
    tok2vec = {
        "@architectures": "spacy_seqtag.TransformerListener.v1",
        "pooling": pooling,
        **listener,
    }
    return {"model": {"@architectures": "spacy_seqtag.SoftmaxTagger.v1", "tok2vec": tok2vec}}


@pytest.fixture(scope="module")
def trained_first(tiny_encoder, make_nlp, mini_examples, train):
    """A pipeline whose words take the vector of their first wordpiece, and one that does not."""
    pipes = {
        "seqtag_pos:first": tagger(FIRST),
        "seqtag_ner:first": tagger(FIRST),
        "seqtag_pos:mean": {**tagger(MEAN), "confidence": "other"},
    }
    nlp = make_nlp(tiny_encoder, pipes)
    examples = mini_examples(nlp)
    nlp.initialize(lambda: examples)
    train(nlp, examples, 30)
    nlp.meta["performance"] = {"ents_f": 0.71234, "pos_acc": 0.9, "srl_f": None}
    nlp.meta["license"] = "CC BY-SA 4.0"
    return nlp.to_bytes(), nlp.config


@pytest.fixture
def nlp(trained_first):
    data, config = trained_first
    return spacy.util.load_model_from_config(config).from_bytes(data)


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Function (pipeline, options) that saves it and exports from there to `out`."""
    monkeypatch.chdir(tmp_path)

    def command(nlp, *options):
        nlp.to_disk("nlp")
        return CliRunner().invoke(seqtag, ["to-hf", "nlp", "out", *options])

    return command


def refused(result, tmp_path):
    assert result.exit_code == 1, result.output
    assert not (tmp_path / "out").exists()
    (line,) = [line for line in result.output.strip().splitlines() if line.strip()]
    return line


def hf_says(words, split):
    """Probabilities of the first wordpieces of words, and the labels."""
    model = AutoModelForTokenClassification.from_pretrained("out").eval()
    tokenizer = AutoTokenizer.from_pretrained("out")
    if split:
        encoding = tokenizer(words, is_split_into_words=True, return_tensors="pt")
        owners = encoding.word_ids()
    else:
        encoding = tokenizer(" ".join(words), return_tensors="pt")
        owners = encoding.word_ids()  # of byte-level BPE, whose words have no punctuation inside
    with torch.no_grad():
        probs = model(**encoding).logits[0].softmax(-1).numpy()
    labels = [model.config.id2label[i] for i in range(probs.shape[1])]
    return np.asarray([probs[owners.index(i)] for i in range(len(words))]), labels


WORDS = ["Maria", "Lopez", "flew", "from", "Chicago", "to", "Berlin", "on", "Friday"]


def ours(nlp, name):
    doc = Doc(nlp.vocab, words=WORDS)
    if "transformer" in nlp.pipe_names:
        doc = nlp.get_pipe("transformer")(doc)
    pipe = nlp.get_pipe(name)
    (probs,) = pipe.predict([doc])
    return temper(probs, pipe.temperature()), list(pipe.classes)


def assert_equal(nlp, name):
    encoder = next(n for _, p in nlp.pipeline for n in p.model.walk() if n.name == "transformer")
    split = encoder.shim.word_tokenizer.word_by_word
    found, labels = hf_says(WORDS, split)
    expected, classes = ours(nlp, name)
    assert labels == classes
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert len(set(found.argmax(axis=1))) > 1


@pytest.mark.parametrize("name", ["seqtag_ner_first", "seqtag_pos_first"])
def test_equal(run, nlp, name):
    """Of an encoder that other components listen to as well."""
    result = run(nlp, "--component", name)
    assert result.exit_code == 0, result.output
    assert "Saved out:" in result.output
    assert_equal(nlp, name)


def test_temperature_is_folded_in(run, nlp):
    pipe = nlp.get_pipe("seqtag_ner_first")
    pipe.set_temperatures({"tags": 1.7})
    pipe.set_curve(Curve(0.5, 1.0, 0.1))
    result = run(nlp, "--component", "seqtag_ner_first")
    assert result.exit_code == 0, result.output
    output = " ".join(result.output.split())
    assert "its temperature, 1.700, is in the classifier" in output
    assert "the curve for confidences of entities has no equal there" in output
    assert_equal(nlp, "seqtag_ner_first")
    assert "divided by the temperature\n1.7000" in ModelCard.load("out/README.md").text


def test_encoder_of_its_own(run, nlp):
    nlp.replace_listeners("transformer", "seqtag_ner_first", ["model.tok2vec"])
    nlp.remove_pipe("seqtag_pos_first")
    nlp.remove_pipe("seqtag_pos_mean")
    nlp.remove_pipe("transformer")
    result = run(nlp)  # the only component there is
    assert result.exit_code == 0, result.output
    assert_equal(nlp, "seqtag_ner_first")


def test_unlearned_word_case(run, tiny_bert, make_nlp, mini_examples):
    """Vectors of cases that are still zero change nothing."""
    nlp = make_nlp(tiny_bert, {"seqtag_ner": tagger(FIRST)})
    nlp.config["components"]["transformer"]["model"]["word_case"] = True
    nlp = spacy.util.load_model_from_config(nlp.config)
    nlp.initialize(lambda: mini_examples(nlp))
    output = nlp.get_pipe("seqtag_ner").model.get_ref("output_layer")
    weights = np.random.default_rng(0).normal(size=output.get_param("W").shape)
    output.set_param("W", weights.astype("f"))
    assert run(nlp).exit_code == 0
    assert_equal(nlp, "seqtag_ner")


def test_listener_of_spacy_transformers(run, tiny_bert, make_nlp, mini_examples):
    listener = {"@architectures": "spacy-transformers.TransformerListener.v1"}
    nlp = make_nlp(tiny_bert, {"seqtag_ner": tagger(FIRST, **listener, grad_factor=1.0)})
    nlp.initialize(lambda: mini_examples(nlp))
    output = nlp.get_pipe("seqtag_ner").model.get_ref("output_layer")
    weights = np.random.default_rng(0).normal(size=output.get_param("W").shape)
    output.set_param("W", weights.astype("f"))
    assert run(nlp).exit_code == 0
    assert_equal(nlp, "seqtag_ner")


def test_card(run, nlp):
    nlp.meta["description"] = "Tags of the embedded corpus"
    assert run(nlp, "-c", "seqtag_ner_first", "--quiet").output == ""
    card = ModelCard.load("out/README.md")
    card.data.to_dict()
    assert card.data.license == "cc-by-sa-4.0"
    assert card.data.language == "en"
    assert card.data.pipeline_tag == "token-classification"
    (score,) = card.data.eval_results
    assert (score.metric_type, score.metric_value) == ("f1", 0.7123)
    assert "| NER F Score | 71.23 |" in card.text
    assert "Tags of the embedded corpus" in card.text
    assert "`O`, `B-" in card.text
    config = srsly.read_json("out/config.json")
    (kind,) = config["architectures"]
    assert kind.endswith("ForTokenClassification")
    assert config["label2id"]["O"] == 0


def test_replaces_by_force_alone(run, nlp):
    assert run(nlp, "-c", "seqtag_ner_first").exit_code == 0
    result = run(nlp, "-c", "seqtag_pos_first")
    assert result.exit_code == 1
    assert "out: there is a model already" in result.output
    assert run(nlp, "-c", "seqtag_pos_first", "--force").exit_code == 0
    assert "NOUN" in srsly.read_json("out/config.json")["label2id"]


# What has no equal


def test_mean_of_wordpieces(run, nlp, tmp_path):
    line = refused(run(nlp, "-c", "seqtag_pos_mean"), tmp_path)
    assert "'seqtag_pos_mean' has no equal in transformers: a word's vector is pooled" in line
    assert "[components.seqtag_pos_mean.model.tok2vec.pooling]" in line
    assert '@layers = "spacy_seqtag.reduce_first.v1"' in line


def test_learned_word_case(run, tiny_bert, make_nlp, mini_examples, tmp_path):
    nlp = make_nlp(tiny_bert, {"seqtag_ner": tagger(FIRST)})
    nlp.config["components"]["transformer"]["model"]["word_case"] = True
    nlp = spacy.util.load_model_from_config(nlp.config)
    nlp.initialize(lambda: mini_examples(nlp))
    network = nlp.get_pipe("transformer").model.shim.module
    torch.nn.init.normal_(network.case_embedding.weight)
    line = refused(run(nlp), tmp_path)
    assert "its encoder has learned vectors for how words are written" in line
    assert "[components.transformer.model] word_case = false" in line


def test_layers_in_between(run, tiny_bert, make_nlp, mini_examples, tmp_path):
    @spacy.registry.architectures("test.Deep.v1")
    def build(tok2vec: Model) -> Model:
        output = Softmax_v2(None, 8, init_W=zero_init)
        model = chain(tok2vec, with_array(chain(Relu(8), output)))
        model.set_ref("tok2vec", tok2vec)
        model.set_ref("output_layer", output)
        return model

    deep = {"model": {**tagger(FIRST)["model"], "@architectures": "test.Deep.v1"}}
    nlp = make_nlp(tiny_bert, {"seqtag_ner": deep})
    nlp.initialize(lambda: mini_examples(nlp))
    line = refused(run(nlp), tmp_path)
    assert "there are layers between the encoder and its output layer" in line
    assert '@architectures = "spacy_seqtag.SoftmaxTagger.v1"' in line


def test_roles(run, tiny_bert, make_nlp, mini_examples, tmp_path):
    nlp = make_nlp(tiny_bert, ["seqtag_srl"])
    nlp.initialize(lambda: mini_examples(nlp))
    line = refused(run(nlp, "--component", "seqtag_srl"), tmp_path)
    assert "The component 'seqtag_srl' is no seqtag_ner or seqtag_pos" in line
    assert "The pipeline has 0 components" in refused(run(nlp), tmp_path)


def test_which_component(run, nlp, tmp_path):
    line = refused(run(nlp), tmp_path)
    assert "The pipeline has 3 components" in line
    assert "(seqtag_pos_first, seqtag_ner_first, seqtag_pos_mean)" in line
    line = refused(run(nlp, "-c", "nerr"), tmp_path)
    assert "no component 'nerr', only transformer, seqtag_pos_first" in line


def test_no_encoder_to_listen_to(run, nlp, tmp_path):
    nlp.remove_pipe("transformer")
    line = refused(run(nlp, "-c", "seqtag_ner_first"), tmp_path)
    assert "no encoder that the component 'seqtag_ner_first' listens to" in line


def test_encoder_of_spacy_transformers(run, tiny_bert, mini_examples, tmp_path):
    nlp = spacy.blank("en")
    model = {
        "@architectures": "spacy-transformers.TransformerModel.v3",
        "name": tiny_bert,
        "get_spans": {"@span_getters": "spacy-transformers.doc_spans.v1"},
    }
    nlp.add_pipe("transformer", config={"model": model})
    nlp.add_pipe("seqtag_ner", config=tagger(FIRST))
    nlp.initialize(lambda: mini_examples(nlp))
    line = refused(run(nlp), tmp_path)
    assert "The encoder of 'transformer' is no spacy_seqtag.TransformerModel.v1" in line


def test_untrained(run, nlp, tmp_path):
    nlp.add_pipe("seqtag_pos", name="new", config={**tagger(FIRST), "confidence": "third"})
    result = run(nlp, "-c", "new")
    assert result.exit_code == 1
    assert len(result.output.strip().splitlines()) == 1


def test_no_pipeline(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(seqtag, ["to-hf", "nowhere", "out"])
    assert result.exit_code == 1
    assert "nowhere" in result.output
    assert not (tmp_path / "out").exists()


def test_full_disk(run, nlp, tmp_path, monkeypatch):
    def full(self, path, **kwargs):
        path.mkdir(exist_ok=True)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("transformers.modeling_utils.PreTrainedModel.save_pretrained", full)
    line = refused(run(nlp, "-c", "seqtag_ner_first"), tmp_path)
    assert "out: cannot be written: No space left on device. Free some space" in line
    assert {path.name for path in tmp_path.iterdir()} == {"nlp"}
