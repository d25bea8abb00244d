"""`from-hf`: what a model becomes, and what can be done with the pipeline."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import spacy
import srsly
from spacy.cli.train import train as train_pipeline
from spacy.tokens import Doc, DocBin
from spacy.util import load_config
from transformers import AutoModelForTokenClassification

from spacy_seqtag.interop.checkpoint import load_checkpoint
from spacy_seqtag.interop.from_hf import from_hf
from spacy_seqtag.interop.reference import SAMPLE, word_probabilities
from spacy_seqtag.schemes.upos import UPOS_TAGS

ROOT = Path(__file__).parents[2]
WORDS = list(SAMPLE)
PEOPLE = ["B-PER", "I-PER", "B-LOC", "I-LOC", "B-ORG", "I-ORG"]


@pytest.fixture
def convert(saved_model, tmp_path):
    """Function (labels, settings) to the pipeline of a tiny BERT with these labels."""

    def run(names=None, **settings):
        output = tmp_path / "nlp"
        from_hf(str(saved_model("bert", names)), output, force=True, **settings)
        return spacy.load(output)

    return run


def original(saved_model, labels=None):
    """Probabilities by label: {label: (words,)}."""
    found = load_checkpoint(str(saved_model("bert", labels)))
    probs = word_probabilities(found.model, found.tokenizer, WORDS, split=True)
    return dict(zip(found.labels, probs.T, strict=True))


def annotate(nlp):
    return nlp(Doc(nlp.vocab, words=WORDS))


def probabilities(nlp):
    """Probabilities by class: {class: (words,)}."""
    pipe = nlp.get_pipe(nlp.pipe_names[-1])
    (probs,) = pipe.predict([annotate(nlp)])
    return dict(zip(pipe.classes, probs.T, strict=True))


def test_entities(convert, saved_model):
    nlp = convert(lang="de")
    assert nlp.lang == "de"
    assert nlp.pipe_names == ["transformer", "ner"]
    assert nlp.get_pipe("ner").cfg["decoding"] == "viterbi"
    expected = original(saved_model)
    found = probabilities(nlp)
    assert set(found) == set(expected)
    for tag, probs in expected.items():
        np.testing.assert_allclose(found[tag], probs, atol=1e-5)
    doc = annotate(nlp)
    assert doc.has_annotation("ENT_IOB")
    assert all(0 <= ent._.confidence <= 1 for ent in doc.ents)


def test_the_labels_of_each_word_are_in_reach(convert, saved_model):
    """Greedy entities are the best tags, where a stray I-X begins an entity."""
    nlp = convert(decoding="greedy")
    expected = original(saved_model)
    tags = np.asarray(list(expected))[np.argmax(list(expected.values()), axis=0)]
    doc = annotate(nlp)
    found = [t.ent_iob_ + (f"-{t.ent_type_}" if t.ent_type_ else "") for t in doc]
    assert [tag[2:] for tag in found] == [tag[2:] for tag in tags]
    for tag, own in zip(tags, found, strict=True):
        assert own == tag or (tag[0], own[0]) == ("I", "B")
    assert len(doc.ents) > 1


@pytest.mark.parametrize("labels", [["O", "PER", "LOC"], ["O", "I-PER", "I-LOC"]])
def test_labels_without_begin(convert, saved_model, labels):
    """Neighbours of one label are one entity, and each has a confidence that means something."""
    nlp = convert(labels)
    assert nlp.get_pipe("ner").cfg["decoding"] == "iob1"
    expected = original(saved_model, labels)
    found = probabilities(nlp)
    for label, probs in expected.items():
        tag = label if label == "O" else f"I-{label.removeprefix('I-')}"
        np.testing.assert_allclose(found[tag], probs, atol=1e-5)
    assert max(found["B-PER"].max(), found["B-LOC"].max()) < 1e-12
    best = np.asarray(["O", "PER", "LOC"])[np.argmax(list(expected.values()), axis=0)].tolist()
    doc = annotate(nlp)
    assert [token.ent_type_ or "O" for token in doc] == best
    for ent in doc.ents:
        own = expected[labels[1 if ent.label_ == "PER" else 2]]
        sure = np.prod(own[ent.start : ent.end])
        sure *= 1 - own[ent.start - 1] if ent.start else 1
        sure *= 1 - own[ent.end] if ent.end < len(doc) else 1
        assert ent._.confidence == pytest.approx(sure, rel=1e-3)


@pytest.mark.parametrize(
    ("labels", "settings", "layer"),
    [
        (list(reversed(UPOS_TAGS)), {}, "pos"),
        (["NN", "VBZ", "DT"], {}, "tag"),
        (["NOUN", "VERB"], {"task": "tag"}, "tag"),
        (["O", "B-PER", "I-PER", "E-PER", "S-PER"], {"task": "tag"}, "tag"),
        (["LABEL_0", "LABEL_1"], {"labels": ["NOUN", "VERB"]}, "pos"),
    ],
)
def test_tags(convert, saved_model, labels, settings, layer):
    nlp = convert(labels, **settings)
    assert nlp.pipe_names == ["transformer", layer]
    expected = np.asarray(list(original(saved_model, labels).values()))
    found = probabilities(nlp)
    names = settings.get("labels", labels)
    assert list(found) == names
    np.testing.assert_allclose(list(found.values()), expected, atol=1e-5)
    doc = annotate(nlp)
    best = [names[i] for i in expected.argmax(axis=0)]
    assert [getattr(token, f"{layer}_") for token in doc] == best
    sure = [token._.tag_confidence for token in doc]
    np.testing.assert_allclose(sure, expected.max(axis=0), atol=1e-5)


def test_as_long_as_the_model_can_read(convert, saved_model):
    """With special tokens the last wordpiece is the 128th, which transformers reads, too."""
    nlp = convert()
    words = ["a", "in"] * 63
    found = load_checkpoint(str(saved_model("bert")))
    assert len(found.tokenizer(words, is_split_into_words=True)["input_ids"]) == 128
    expected = word_probabilities(found.model, found.tokenizer, words, split=True)
    (probs,) = nlp.get_pipe("ner").predict([nlp(Doc(nlp.vocab, words=words))])
    columns = [nlp.get_pipe("ner").classes.index(label) for label in found.labels]
    np.testing.assert_allclose(probs[:, columns], expected, atol=1e-5)


def test_several_windows(convert):
    """A text that is longer than the model can read loses nothing."""
    nlp = convert()
    doc = nlp(Doc(nlp.vocab, words=WORDS * 20))
    assert all(token.ent_iob for token in doc)


def test_meta_of_the_card(saved_model, tmp_path):
    folder = tmp_path / "french"
    shutil.copytree(saved_model("bert"), folder)
    (folder / "README.md").write_text("---\nlanguage:\n- fr\nlicense: cc-by-4.0\n---\n# French\n")
    assert from_hf(str(folder), tmp_path / "nlp").lang == "fr"
    meta = srsly.read_json(tmp_path / "nlp" / "meta.json")
    assert (meta["lang"], meta["license"]) == ("fr", "cc-by-4.0")
    assert meta["description"].startswith("french, converted")
    (folder / "README.md").write_text("---\nlanguage: [fr, tlh\n---\n")  # broken
    assert from_hf(str(folder), tmp_path / "other").lang == "xx"


# What can be done with it


def test_trains_further(convert, mini_examples, train):
    nlp = convert()
    for label in ("ORG", "PER", "LOC"):
        nlp.get_pipe("ner").add_label(label)
    examples = mini_examples(nlp)
    before = nlp.evaluate(mini_examples(nlp))["ents_f"]
    sgd = nlp.resume_training()
    sgd.learn_rate = 0.005
    train(nlp, examples, 60, sgd=sgd)
    assert nlp.evaluate(mini_examples(nlp))["ents_f"] > max(0.9, before)


def test_labels_without_begin_train_further(convert, mini_examples, train):
    nlp = convert(["O", "PER", "LOC", "ORG"])
    examples = mini_examples(nlp)
    train(nlp, examples, 60)
    assert nlp.evaluate(mini_examples(nlp))["ents_f"] > 0.9


def test_takes_new_heads_on_the_same_encoder(convert, mini_examples, train, tmp_path):
    """In a config, beside the frozen encoder and the head that it brought, which stays the same."""
    nlp = convert()
    before = probabilities(nlp)
    new = spacy.blank("en")
    new.add_pipe("transformer", source=nlp)
    new.add_pipe("ner", source=nlp)
    pos = new.add_pipe("seqtag_pos", name="pos")
    examples = mini_examples(new)
    pos.initialize(lambda: examples, nlp=new)
    with new.select_pipes(enable=["transformer", "pos"]):
        train(new, examples, 60, exclude=["transformer"], annotates=["transformer"])
    assert new.evaluate(mini_examples(new))["pos_acc"] > 0.5
    new.to_disk(tmp_path / "new")
    loaded = spacy.load(tmp_path / "new")
    (probs,) = loaded.get_pipe("ner").predict([annotate(loaded)])
    for tag, found in zip(loaded.get_pipe("ner").classes, probs.T, strict=True):
        np.testing.assert_array_equal(found, before[tag])


def test_in_a_config_of_spacy_train(saved_model, mini_docs, tmp_path):
    """Encoder and entities by their source, parts of speech as a new head."""
    converted, output = str(tmp_path / "nlp"), tmp_path / "trained"
    from_hf(str(saved_model("bert", ["O", *PEOPLE])), tmp_path / "nlp", lang="en")
    DocBin(docs=mini_docs(spacy.blank("en").vocab, "train", 20)).to_disk(tmp_path / "a.spacy")
    config = load_config(ROOT / "configs" / "pos_ner.cfg")
    for name in ("transformer", "ner"):
        config["components"][name] = {"source": converted}
    config.to_disk(tmp_path / "own.cfg")
    overrides = {
        "paths.train": str(tmp_path / "a.spacy"),
        "paths.dev": str(tmp_path / "a.spacy"),
        "training.max_steps": 4,
        "training.eval_frequency": 2,
        "training.logger": {"@loggers": "spacy.ConsoleLogger.v1"},
    }
    train_pipeline(tmp_path / "own.cfg", output, overrides=overrides)
    nlp = spacy.load(output / "model-last")
    before = spacy.load(converted)
    assert set(nlp.pipe_names) >= {"transformer", "pos", "ner"}
    assert nlp.get_pipe("ner").labels == before.get_pipe("ner").labels
    weights = [
        p.get_pipe("ner").model.get_ref("output_layer").get_param("W") for p in (nlp, before)
    ]
    assert 0 < np.abs(weights[0] - weights[1]).max() < 0.1  # it has learned, from where it was
    assert nlp.get_pipe("transformer").model.shim.word_by_word


def test_saved_encoder_is_the_same_each_time(saved_model, tmp_path):
    for name in ("a", "b"):
        from_hf(str(saved_model("bert")), tmp_path / name)
    for part in ("transformer/model", "ner/model", "config.cfg", "ner/cfg"):
        assert (tmp_path / "a" / part).read_bytes() == (tmp_path / "b" / part).read_bytes()


def test_half_precision_is_read_in_full(saved_model, tmp_path):
    AutoModelForTokenClassification.from_pretrained(saved_model("bert")).half().save_pretrained(
        tmp_path / "half"
    )
    load_checkpoint(str(saved_model("bert"))).tokenizer.save_pretrained(tmp_path / "half")
    assert from_hf(str(tmp_path / "half"), tmp_path / "nlp").off < 1e-5
