"""Words and wordpieces: with RoBERTa's byte-level BPE as with BERT's WordPiece."""

import numpy as np
import pytest
import spacy
from spacy.tokens import Doc

TEXTS = [
    "Anna doesn't trust the ten-year-old ferry.",
    "  Whitespace before, and  twice\n\nwithin. ",
    "\u201cGeht\u2019s noch?\u201d, asked Ångström \u2013 naïvely… 🙂🙃",
    "don't Don't DON'T (see http://www.example.org/a_b?c=1)",
    "x",
]


def bare_copy(doc):
    return Doc(doc.vocab, words=[t.text for t in doc], spaces=[bool(t.whitespace_) for t in doc])


def test_roberta_learns_and_is_saved(
    tiny_roberta, make_nlp, mini_examples, mini_docs, train, tmp_path
):
    nlp = make_nlp(tiny_roberta, ["seqtag_pos"])
    examples = mini_examples(nlp)
    nlp.initialize(lambda: examples)
    assert nlp.get_pipe("transformer").model.transformer.config.model_type == "roberta"
    assert nlp.evaluate(mini_examples(nlp))["pos_acc"] < 1.0
    train(nlp, examples, 120)
    assert nlp.evaluate(mini_examples(nlp))["pos_acc"] == 1.0
    nlp.to_disk(tmp_path / "nlp")
    loaded = spacy.load(tmp_path / "nlp")
    for gold in mini_docs(nlp.vocab):
        doc, again = nlp(bare_copy(gold)), loaded(gold.text)
        assert [t.pos_ for t in loaded(bare_copy(gold))] == [t.pos_ for t in doc]
        assert [t.pos_ for t in again] == [t.pos_ for t in nlp(gold.text)]


def wordpiece_vectors(hf_model, tokenizer, text):
    """Vectors of a text's wordpieces and their character offsets, from the HF model alone."""
    import torch

    encoded = tokenizer(text, return_tensors="pt", return_offsets_mapping=True)
    offsets = encoded.pop("offset_mapping")[0].tolist()
    with torch.no_grad():
        vectors = hf_model(**encoded).last_hidden_state[0].numpy()
    return vectors, offsets


def expected_vector(word, vectors, offsets, shift):
    """The mean of the wordpieces with characters of the word; zeros if there are none.

    Two words can share a wordpiece (byte-level BPE joins punctuation).
    """
    begin, end = word.idx - shift, word.idx - shift + len(word)
    own = [v for v, (a, b) in zip(vectors, offsets) if a < end and b > begin]
    return np.mean(own, axis=0) if own else np.zeros(vectors.shape[1])


@pytest.fixture(scope="module")
def pipeline(tiny_encoder, make_nlp, mini_examples):
    nlp = make_nlp(tiny_encoder, ["seqtag_pos"])
    examples = mini_examples(nlp)
    nlp.initialize(lambda: examples)
    return nlp


def check_vectors(nlp, doc):
    from transformers import AutoModel, AutoTokenizer

    encoder = nlp.get_pipe("transformer").model
    name = nlp.config["components"]["transformer"]["model"]["name"]
    hf_model, tokenizer = AutoModel.from_pretrained(name), AutoTokenizer.from_pretrained(name)
    assert len(doc) <= 128, "one window"
    text = doc[:].text
    vectors, offsets = wordpiece_vectors(hf_model, tokenizer, text)
    assert len(vectors) < tokenizer.model_max_length
    assert encoder.tokenizer.is_fast
    nlp.get_pipe("transformer")(doc)
    (found,) = nlp.get_pipe("seqtag_pos").model.get_ref("tok2vec").predict([doc])
    shift = doc[0].idx
    for word, vector in zip(doc, found, strict=True):
        if not word.is_space:
            expected = expected_vector(word, vectors, offsets, shift)
            np.testing.assert_allclose(vector, expected, atol=1e-4, err_msg=repr(word))
    words = [vector for word, vector in zip(doc, found) if not word.is_space]
    assert np.abs(words).max(axis=1).min() > 0, "every word has wordpieces"


@pytest.mark.parametrize("text", TEXTS)
def test_vectors_of_words(pipeline, text):
    check_vectors(pipeline, pipeline.make_doc(text))


def test_vectors_of_words_of_the_corpus(pipeline, mini_docs):
    for gold in mini_docs(pipeline.vocab, "dev", 10):
        check_vectors(pipeline, bare_copy(gold))


def test_first_word_has_its_own_wordpieces(pipeline):
    """RoBERTa writes a word that begins a text otherwise than within; both must be found."""
    words = ["Portland", "votes", "Portland"]
    doc = Doc(pipeline.vocab, words=words)
    data = pipeline.get_pipe("transformer")(doc)._.trf_data
    pieces = data.wordpieces.strings[0]
    spelled = []
    for i in range(len(words)):
        own = [pieces[j] for j in data.align[i].data.ravel()]
        spelled.append("".join(own).replace("##", "").replace("Ġ", "").lower())
    assert spelled == [word.lower() for word in words]
