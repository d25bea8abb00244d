"""Part-of-speech tags: what is written, kept, scored and saved."""

from collections import Counter

import numpy as np
import pytest
import spacy
from spacy.tokens import Doc, DocBin, Token
from spacy.tokens.underscore import Underscore
from spacy.training import Example
from spacy.vocab import Vocab

from spacy_seqtag.schemes.upos import UPOS_TAGS

SPACES = {"pos": "SPACE", "tag": "_SP"}
LABELS = {"pos": ["NOUN", "VERB", "DET"], "tag": ["NN", "VBZ", "DT", "-LRB-"]}


@pytest.fixture(params=["pos", "tag"])
def layer(request):
    return request.param


@pytest.fixture
def make_pipe():
    """Function to a component with labels; probabilities are made up, so no encoder is needed."""
    known = set(Underscore.token_extensions)

    def make(layer="pos", **config):
        nlp = spacy.blank("en")
        pipe = nlp.add_pipe("seqtag_pos", config={"layer": layer, **config})
        for label in LABELS[layer]:
            pipe.add_label(label)
        return nlp, pipe

    yield make
    for name in set(Underscore.token_extensions) - known:
        Token.remove_extension(name)


def random_probabilities(pipe, docs, seed=0):
    rng = np.random.default_rng(seed)
    n = len(pipe.labels)
    return [rng.dirichlet(np.ones(n), len(doc)).astype("f").reshape(-1, n) for doc in docs]


def tags_of(doc, layer):
    return [getattr(token, f"{layer}_") for token in doc]


def confidences_of(doc, name="tag_confidence"):
    return [token._.get(name) for token in doc]


# Writing


def test_most_probable_tag_and_its_probability(make_pipe, layer):
    nlp, pipe = make_pipe(layer)
    docs = [nlp.make_doc("The dog sees (a cat"), nlp.make_doc(""), nlp.make_doc("dogs")]
    scores = random_probabilities(pipe, docs)
    pipe.set_annotations(docs, scores)
    for doc, probs in zip(docs, scores):
        assert tags_of(doc, layer) == [LABELS[layer][i] for i in probs.argmax(axis=1)]
        for p, row in zip(confidences_of(doc), probs):
            assert isinstance(p, float)
            assert 0 <= p <= 1
            assert p == pytest.approx(max(row))
        other = {"pos": "tag", "tag": "pos"}[layer]
        assert not any(tags_of(doc, other)), "the other layer is another component's"
        assert not len(doc) or doc.has_annotation(layer.upper())


def test_whitespace_gets_spacys_tag(make_pipe, layer):
    nlp, pipe = make_pipe(layer)
    doc = nlp.make_doc("  dogs \n\n see\tthem ")
    pipe.set_annotations([doc], random_probabilities(pipe, [doc]))
    assert any(token.is_space for token in doc)
    for token, tag, p in zip(doc, tags_of(doc, layer), confidences_of(doc)):
        assert (tag == SPACES[layer]) == token.is_space
        if token.is_space:
            assert p == 1.0


def test_existing_tags_are_kept(make_pipe, layer):
    nlp, pipe = make_pipe(layer)
    doc = nlp.make_doc("dogs \n see them now")
    setattr(doc[0], f"{layer}_", "X")
    setattr(doc[1], f"{layer}_", "X")
    scores = random_probabilities(pipe, [doc])
    pipe.set_annotations([doc], scores)
    expected = [LABELS[layer][i] for i in scores[0].argmax(axis=1)]
    assert tags_of(doc, layer) == ["X", "X", *expected[2:]]
    assert confidences_of(doc)[:2] == [None, None]
    assert all(confidences_of(doc)[2:])


def test_existing_tags_are_overwritten(make_pipe, layer):
    nlp, pipe = make_pipe(layer, overwrite=True)
    doc = nlp.make_doc("dogs \n see them now")
    setattr(doc[0], f"{layer}_", "X")
    setattr(doc[1], f"{layer}_", "X")
    scores = random_probabilities(pipe, [doc])
    for seed in (0, 1):
        scores = random_probabilities(pipe, [doc], seed)
        pipe.set_annotations([doc], scores)
        expected = [LABELS[layer][i] for i in scores[0].argmax(axis=1)]
        expected[1] = SPACES[layer]
        assert tags_of(doc, layer) == expected
        assert confidences_of(doc)[0] == pytest.approx(scores[0][0].max())


def test_other_annotation_stays(make_pipe, layer):
    nlp, pipe = make_pipe(layer)
    words = ["dogs", "see", "them"]
    doc = Doc(
        nlp.vocab,
        words=words,
        lemmas=["dog", "see", "they"],
        heads=[1, 1, 1],
        deps=["nsubj", "ROOT", "obj"],
        ents=["B-PER", "O", "O"],
        morphs=["Number=Plur", "", ""],
    )
    before = doc.to_json()
    pipe.set_annotations([doc], random_probabilities(pipe, [doc]))
    after = doc.to_json()
    for token in after["tokens"]:
        assert token.pop(layer)
    for token in before["tokens"]:
        token.pop(layer, None)
    after.pop("_", None)
    assert after == before


def test_both_layers_at_once(tiny_bert, make_nlp, mini_examples, train, make_pipe):
    pipes = {
        "seqtag_pos:coarse": {"confidence": "pos_confidence"},
        "seqtag_pos:fine": {"layer": "tag", "confidence": "fine_confidence"},
    }
    nlp = make_nlp(tiny_bert, pipes)
    examples = mini_examples(nlp)
    nlp.initialize(lambda: examples)
    train(nlp, examples, 30)
    doc = nlp("The dog sees a cat.")
    for name, layer in (("coarse", "pos"), ("fine", "tag")):
        pipe = nlp.get_pipe(f"seqtag_pos_{name}")
        probs = pipe.predict([doc])[0]
        assert tags_of(doc, layer) == [pipe.labels[i] for i in probs.argmax(axis=1)]
    for name, pipe in (("pos_confidence", "coarse"), ("fine_confidence", "fine")):
        probs = nlp.get_pipe(f"seqtag_pos_{pipe}").predict([doc])[0]
        np.testing.assert_allclose(confidences_of(doc, name), probs.max(axis=1), rtol=1e-6)
    assert confidences_of(doc, "pos_confidence") != confidences_of(doc, "fine_confidence")
    scores = nlp.evaluate(examples)
    assert scores["pos_acc"] != scores["tag_acc"]
    assert set(scores["tag_per_type"]) > {"NN", "VBD"}
    assert set(scores["pos_per_type"]) <= set(UPOS_TAGS)


def test_no_confidence(make_pipe, layer):
    nlp, pipe = make_pipe(layer, confidence=None)
    doc = nlp.make_doc("dogs see")
    pipe.set_annotations([doc], random_probabilities(pipe, [doc]))
    assert all(tags_of(doc, layer))
    assert not doc.user_data


def test_labels_that_the_vocabulary_has_not_seen(make_pipe):
    """A Doc of a fresh vocabulary gets readable tags."""
    _, pipe = make_pipe("tag")
    pipe.vocab = Vocab()
    doc = Doc(pipe.vocab, words=["dogs", "see"])
    pipe.set_annotations([doc], random_probabilities(pipe, [doc]))
    assert set(tags_of(doc, "tag")) <= set(LABELS["tag"])


# Settings


@pytest.mark.parametrize("label", ["NN", "SPACE", "EOL", "CONJ", "noun", ""])
def test_only_universal_tags(make_pipe, label):
    _, pipe = make_pipe("pos")
    with pytest.raises(ValueError, match=f"seqtag_pos.*{label!r}"):
        pipe.add_label(label)
    assert list(pipe.labels) == LABELS["pos"]


def test_every_universal_tag(make_pipe):
    nlp, pipe = make_pipe("pos")
    for label in UPOS_TAGS:
        pipe.add_label(label)
    assert set(pipe.labels) == set(UPOS_TAGS)
    doc = Doc(nlp.vocab, words=[f"w{i}" for i in range(len(UPOS_TAGS))])
    pipe.set_annotations([doc], [np.eye(len(UPOS_TAGS), dtype="f")])
    assert tags_of(doc, "pos") == list(pipe.labels)


def test_tags_of_any_name(make_pipe):
    _, pipe = make_pipe("tag")
    for label in ("SPACE", "ADJA", "sub,ject"):
        assert pipe.add_label(label) == 1


def test_gold_that_is_no_universal_tag(tiny_bert, make_nlp):
    """spaCy's POS values that are not in UD must not become labels unnoticed."""
    nlp = make_nlp(tiny_bert, ["seqtag_pos"])
    gold = Doc(nlp.vocab, words=["and"], pos=["CONJ"])
    with pytest.raises(ValueError, match=r"seqtag_pos.*'CONJ'"):
        nlp.initialize(lambda: [Example(nlp.make_doc("and"), gold)])


def test_unknown_layer():
    with pytest.raises(ValueError, match=r"components\.seqtag_pos\] layer = 'lemma'"):
        spacy.blank("en").add_pipe("seqtag_pos", config={"layer": "lemma"})


def test_whitespace_is_not_learned(make_pipe, layer):
    """Gold whitespace tags are neither labels nor classes."""
    nlp, pipe = make_pipe(layer)
    first = LABELS[layer][0]
    gold = nlp.make_doc("dogs \n see")
    for token in gold:
        setattr(token, f"{layer}_", SPACES[layer] if token.is_space else first)
    assert set(pipe.find_labels(gold)) == {first}
    assert pipe.encode(Example(nlp.make_doc("dogs \n see"), gold)).tolist() == [0, -1, 0]


# Scores


def score_case(nlp, layer, missing=0.0, seed=0):
    """Examples on gold tokens with random predicted and gold tags, and both as lists."""
    rng = np.random.default_rng(seed)
    labels = LABELS[layer]
    examples, pairs = [], []
    for length in rng.integers(0, 9, 12):
        words = [f"w{i}" for i in range(length)]
        found = [str(tag) for tag in rng.choice(labels, length)]
        gold = ["" if rng.random() < missing else str(tag) for tag in rng.choice(labels, length)]
        key = f"{layer}{'' if layer == 'pos' else 's'}"
        predicted = Doc(nlp.vocab, words=words, **{key: found})
        reference = Doc(nlp.vocab, words=words, **{key: gold})
        examples.append(Example(predicted, reference))
        pairs += [(f, g) for f, g in zip(found, gold) if g]
    assert len({f == g for f, g in pairs}) == 2
    return examples, pairs


@pytest.mark.parametrize("missing", [0.0, 0.4])
@pytest.mark.parametrize("seed", range(3))
def test_scores_are_counts(make_pipe, layer, missing, seed):
    nlp, pipe = make_pipe(layer)
    examples, pairs = score_case(nlp, layer, missing, seed)
    scores = pipe.score(examples)
    assert scores[f"{layer}_acc"] == pytest.approx(np.mean([f == g for f, g in pairs]))
    found, gold = (Counter(column) for column in zip(*pairs))
    right = Counter(f for f, g in pairs if f == g)
    per_type = scores[f"{layer}_per_type"]
    assert set(per_type) == set(found) | set(gold)
    for tag, score in per_type.items():
        precision = right[tag] / found[tag] if found[tag] else 0.0
        recall = right[tag] / gold[tag] if gold[tag] else 0.0
        total = precision + recall
        assert score["p"] == pytest.approx(precision)
        assert score["r"] == pytest.approx(recall)
        assert score["f"] == pytest.approx(2 * precision * recall / total if total else 0.0)
    assert {key for key in scores if key.startswith(("pos", "tag"))} == {
        f"{layer}_acc",
        f"{layer}_per_type",
    }


def test_nothing_to_score(make_pipe, layer):
    nlp, pipe = make_pipe(layer)
    words = ["dogs", "see"]
    predicted = Doc(nlp.vocab, words=words, pos=["NOUN", "VERB"], tags=["NN", "VBZ"])
    bare = [Example(predicted, Doc(nlp.vocab, words=words)), Example(nlp(""), nlp.make_doc(""))]
    for examples in ([], bare[:1], bare[1:], bare):
        scores = pipe.score(examples)
        assert scores[f"{layer}_acc"] is None
        assert scores[f"{layer}_per_type"] is None


def test_tokens_without_prediction(make_pipe, layer):
    """A gold tag that got none is a miss of its type, and no type's false alarm."""
    nlp, pipe = make_pipe(layer)
    first, second = LABELS[layer][:2]
    gold = nlp.make_doc("dogs see")
    for token, tag in zip(gold, (first, second)):
        setattr(token, f"{layer}_", tag)
    predicted = nlp.make_doc("dogs see")
    setattr(predicted[0], f"{layer}_", first)
    per_type = pipe.score([Example(predicted, gold)])[f"{layer}_per_type"]
    assert per_type[first] == {"p": 1.0, "r": 1.0, "f": 1.0}
    assert per_type[second]["r"] == 0.0
    assert set(per_type) == {first, second}


def test_reference_of_another_vocabulary(make_pipe):
    """Gold Docs need not share the pipeline's strings."""
    nlp, pipe = make_pipe("tag")
    pipe.add_label("PREDICTED-ONLY")
    predicted = Doc(nlp.vocab, words=["dogs", "see"], tags=["NN", "PREDICTED-ONLY"])
    reference = Doc(Vocab(), words=["dogs", "see"], tags=["NN", "GOLD-ONLY"])
    scores = pipe.score([Example(predicted, reference)])
    assert scores["tag_acc"] == 0.5
    assert set(scores["tag_per_type"]) == {"NN", "PREDICTED-ONLY", "GOLD-ONLY"}


def test_tokens_that_do_not_align(make_pipe, layer):
    """Right tags on the tokens that align are right, whatever the tokenizer did elsewhere."""
    nlp, pipe = make_pipe(layer)
    first, second, third = LABELS[layer][:3]
    key = {"pos": "pos", "tag": "tags"}[layer]
    gold_tags = {key: [first, second, third, first]}
    gold = Doc(
        nlp.vocab,
        words=["dogs", "do", "n't", "see"],
        spaces=[True, False, True, False],
        **gold_tags,
    )
    predicted = Doc(nlp.vocab, words=["dogs", "don't", "see"], **{key: [first, second, first]})
    per_type = pipe.score([Example(predicted, gold)])[f"{layer}_per_type"]
    assert per_type[first] == {"p": 1.0, "r": 1.0, "f": 1.0}


# Confidences in what Docs become


@pytest.fixture
def tagged(make_pipe):
    """Two tagged Docs."""
    nlp, pipe = make_pipe("pos")
    docs = [nlp.make_doc("The dogs \n see them."), nlp.make_doc("A cat (old) sleeps")]
    pipe.set_annotations(docs, random_probabilities(pipe, docs))
    return docs


def test_confidences_in_a_docbin(tagged):
    stored = DocBin(docs=tagged, store_user_data=True).to_bytes()
    for doc, loaded in zip(tagged, DocBin().from_bytes(stored).get_docs(Vocab()), strict=True):
        assert confidences_of(loaded) == confidences_of(doc)
        assert all(confidences_of(loaded))
        assert tags_of(loaded, "pos") == tags_of(doc, "pos")


def test_confidences_in_bytes(tagged):
    for doc in tagged:
        assert confidences_of(Doc(Vocab()).from_bytes(doc.to_bytes())) == confidences_of(doc)


def test_confidences_in_a_part(tagged):
    for doc in tagged:
        part = doc[2:5].as_doc(copy_user_data=True)
        assert confidences_of(part) == confidences_of(doc)[2:5]
        assert all(confidences_of(part))


def test_confidences_in_joined_docs(tagged):
    joined = Doc.from_docs(tagged)
    first, second = map(confidences_of, tagged)
    found = confidences_of(joined)
    # from_docs may put whitespace between the Docs; each Doc's own stay.
    assert found[: len(first)] == first
    assert found[-len(second) :] == second


def test_confidences_in_json(tagged):
    doc = tagged[0]
    values = doc.to_json(underscore=["tag_confidence"])["underscore_token"]["tag_confidence"]
    # Tag and length say whose it is.
    assert [(v["start"], v["value"]) for v in values] == [
        (token.idx, {f"{token.pos_ or token.tag_} {len(token)}": token._.tag_confidence})
        for token in doc
    ]
