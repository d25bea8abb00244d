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


def words_of_text(tokenizer, doc):
    """The encoding of a Doc's text, and which wordpieces have characters of each word.

    Two words can share a wordpiece (byte-level BPE joins punctuation).
    """
    encoded = tokenizer(doc[:].text, return_tensors="pt", return_offsets_mapping=True)
    offsets = encoded.pop("offset_mapping")[0].tolist()
    ends = [(word.idx, word.idx + len(word)) for word in doc]
    return encoded, [
        [i for i, (a, b) in enumerate(offsets) if a < end and b > begin] for begin, end in ends
    ]


def words_by_themselves(tokenizer, doc):
    """The encoding of a Doc's words, and the wordpieces of each."""
    words = [token.text for token in doc]
    encoded = tokenizer(words, is_split_into_words=True, return_tensors="pt")
    word_ids = encoded.word_ids(0)
    return encoded, [[i for i, w in enumerate(word_ids) if w == word] for word in range(len(doc))]


@pytest.fixture(scope="module")
def pipeline(tiny_encoder, make_nlp, mini_examples):
    nlp = make_nlp(tiny_encoder, ["seqtag_pos"])
    examples = mini_examples(nlp)
    nlp.initialize(lambda: examples)
    return nlp


def check_vectors(nlp, doc):
    """The mean of each word's wordpieces, zeros if there are none, as the HF model alone has it."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    name = nlp.config["components"]["transformer"]["model"]["name"]
    hf_model, tokenizer = AutoModel.from_pretrained(name), AutoTokenizer.from_pretrained(name)
    is_bert = hf_model.config.model_type == "bert"
    encoded, own = (words_by_themselves if is_bert else words_of_text)(tokenizer, doc)
    assert encoded["input_ids"].shape[1] <= 128, "one window"
    with torch.no_grad():
        vectors = hf_model(**encoded).last_hidden_state[0].numpy()
    nlp.get_pipe("transformer")(doc)
    (found,) = nlp.get_pipe("seqtag_pos").model.get_ref("tok2vec").predict([doc])
    for word, vector, pieces in zip(doc, found, own, strict=True):
        expected = vectors[pieces].mean(axis=0) if pieces else np.zeros(vectors.shape[1])
        np.testing.assert_allclose(vector, expected, atol=1e-4, err_msg=repr(word))
        assert pieces or word.is_space, "every word has wordpieces"


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
