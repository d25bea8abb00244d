"""The vectors that a Doc keeps, and how they follow its tokens."""

import pickle
import warnings

import numpy as np
import pytest
from spacy.tokens import Doc
from spacy.training import Example
from spacy_transformers.data_classes import TransformerData

WORDS = ["Maria", "Lopez", "flew", "from", "Chicago", "."]


def read_as(architecture, tiny_bert, make_nlp):
    """A pipeline with a tagger that listens so; trained on nothing."""
    listener = {
        "@architectures": f"{architecture}.TransformerListener.v1",
        "pooling": {"@layers": "reduce_mean.v1"},
        "grad_factor": 1.0,
    }
    model = {"@architectures": "spacy_seqtag.SoftmaxTagger.v1", "tok2vec": listener}
    nlp = make_nlp(tiny_bert, {"seqtag_pos": {"model": model, "overwrite": True}})
    nlp.get_pipe("seqtag_pos").add_label("NOUN")
    gold = Doc(nlp.vocab, words=["Anna", "sang"], pos=["NOUN", "NOUN"])
    nlp.initialize(lambda: [Example(nlp.make_doc(gold.text), gold)])
    return nlp


@pytest.fixture(params=["spacy_seqtag", "spacy-transformers"])
def read_words(request, tiny_bert, make_nlp):
    """Function (doc) to the vectors of its tokens, as a component reads them: (tokens, width)."""
    nlp = read_as(request.param, tiny_bert, make_nlp)
    tok2vec = nlp.get_pipe("seqtag_pos").model.get_ref("tok2vec")

    def read(doc):
        return tok2vec.predict([doc])[0]

    read.nlp = nlp
    return read


def encode(nlp):
    return nlp.get_pipe("transformer")(Doc(nlp.vocab, words=WORDS))


def rows_of(data, i):
    """The rows of a word."""
    end = int(data.align.lengths[: i + 1].sum())
    return data.align.dataXd[end - int(data.align.lengths[i]) : end].tolist()


def test_vectors_follow_merged_and_split_tokens(read_words):
    doc = encode(read_words.nlp)
    before, words = doc._.trf_data, read_words(doc)
    hidden = before.model_output.last_hidden_state[0]
    with doc.retokenize() as retokenizer:  # as many tokens as before
        retokenizer.merge(doc[0:2])
        retokenizer.split(doc[4], ["Chi", "cago"], [doc[4], doc[4]])
    assert [token.text for token in doc][0::4] == ["Maria Lopez", "cago"]
    found = read_words(doc)
    merged = rows_of(before, 0) + rows_of(before, 1)
    np.testing.assert_allclose(found[0], hidden[merged].mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(found[1:], words[[2, 3, 4, 4, 5]], atol=1e-6)
    # Tokens that are as they were have the vectors that they had.
    with doc.retokenize() as retokenizer:
        retokenizer.merge(doc[3:5])
        retokenizer.split(doc[0], ["Maria ", "Lopez"], [doc[0], doc[0]])
    np.testing.assert_array_equal(read_words(doc), words)


def test_vectors_put_in_the_place_of_the_encoders_follow_tokens(read_words):
    doc = encode(read_words.nlp)
    output = doc._.trf_data.model_output
    output.last_hidden_state = 3 * output.last_hidden_state
    words = read_words(doc)
    with doc.retokenize() as retokenizer:
        retokenizer.split(doc[4], ["Chi", "cago"], [doc[4], doc[4]])
    np.testing.assert_allclose(read_words(doc), words[[0, 1, 2, 3, 4, 4, 5]], atol=1e-6)


def test_components_after_merged_tokens(tiny_bert, make_nlp):
    nlp = make_nlp(tiny_bert, {"seqtag_pos": {}, "seqtag_ner": {}})
    nlp.get_pipe("seqtag_pos").add_label("NOUN")
    gold = Doc(nlp.vocab, words=["Anna", "sang"], pos=["NOUN", "NOUN"], ents=["B-PER", "O"])
    nlp.initialize(lambda: [Example(nlp.make_doc(gold.text), gold)])
    doc = encode(nlp)
    with doc.retokenize() as retokenizer:
        retokenizer.merge(doc[4:6])
    for name in ("seqtag_pos", "seqtag_ner"):
        nlp.get_pipe(name)(doc)
    assert [token.pos_ for token in doc] == ["NOUN"] * 5


def test_vectors_are_not_stored_with_the_doc(tiny_bert, make_nlp):
    nlp = read_as("spacy_seqtag", tiny_bert, make_nlp)
    docs = [encode(nlp), encode(nlp), nlp.get_pipe("transformer")(Doc(nlp.vocab))]
    assert not any(doc.user_data for doc in docs)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        joined = Doc.from_docs(docs)
    assert joined._.trf_data is docs[0].copy()._.trf_data is None
    assert docs[0]._.trf_data.model_output.last_hidden_state.shape[-1] == 32


def test_vectors_of_other_encoders_are_stored_as_ever(tiny_bert, make_nlp):
    nlp = read_as("spacy_seqtag", tiny_bert, make_nlp)
    doc = encode(nlp)
    data = pickle.loads(pickle.dumps(doc._.trf_data))
    assert type(data) is TransformerData
    doc._.trf_data = data
    stored = Doc(nlp.vocab).from_bytes(doc.to_bytes())
    np.testing.assert_array_equal(stored._.trf_data.align.lengths, data.align.lengths)
    # Read again, nothing tells which tokens they are of but their number.
    tok2vec = nlp.get_pipe("seqtag_pos").model.get_ref("tok2vec")
    np.testing.assert_allclose(tok2vec.predict([stored])[0], tok2vec.predict([doc])[0], atol=1e-6)
    for each in (doc, stored):
        with each.retokenize() as retokenizer:
            retokenizer.merge(each[0:2])
    assert len(tok2vec.predict([doc])[0]) == len(doc)
    with pytest.raises(ValueError, match=r"components.seqtag_pos.*'Maria Lopez flew.*before that"):
        nlp.get_pipe("seqtag_pos")(stored)
