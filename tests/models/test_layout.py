"""The layout of Docs into windows and rows, as a batch of the encoder shows it."""

import numpy as np
from spacy.tokens import Doc

from .encoders import encoder_nlp, sentence_windows, vectors


def test_spans_of_the_windows(tiny_bert):
    nlp = encoder_nlp(tiny_bert, get_spans=sentence_windows(10))
    words = ["the", "of", "."] * 4
    docs = [Doc(nlp.vocab, words=words), Doc(nlp.vocab), Doc(nlp.vocab, words=["\n"])]
    batch = nlp.get_pipe("transformer").predict(docs)
    assert [[(s.start, s.end) for s in spans] for spans in batch.spans] == [
        [(0, 6), (6, 12)],
        [],
        [(0, 1)],
    ]
    assert batch.model_output.last_hidden_state.shape[:2] == (1, 12 + 4 + 2)


def test_words_share_no_wordpiece(tiny_bert):
    nlp = encoder_nlp(tiny_bert)
    words = ["do", "n't", "re-open", "\n", "it", "\u200b", "!"]
    doc = Doc(nlp.vocab, words=words, spaces=[False, True, True, False, False, False, False])
    data = nlp.get_pipe("transformer")(doc)._.trf_data
    pieces = data.align.dataXd.ravel()
    assert len(set(pieces.tolist())) == len(pieces)
    own = np.split(pieces, np.cumsum(data.align.lengths)[:-1])
    assert len(own[3]) == 0  # a line break has no wordpiece
    strings = [piece for window in data.wordpieces.strings for piece in window]
    spelt = ["".join(strings[i].removeprefix("##") for i in piece) for piece in own]
    assert [spelt[0], spelt[4], spelt[6]] == ["do", "it", "!"]


def test_a_word_in_two_windows_has_the_wordpieces_of_both(tiny_bert, doc):
    nlp = encoder_nlp(tiny_bert)
    data = nlp.get_pipe("transformer")(doc)._.trf_data
    firsts = np.flatnonzero(np.asarray(data.wordpieces.strings[0]) == "[CLS]")
    windows = [
        {int(np.searchsorted(firsts, piece)) - 1 for piece in own.ravel().tolist()}
        for own in np.split(data.align.dataXd, np.cumsum(data.align.lengths)[:-1])
    ]
    assert windows[5] == {0}
    assert windows[6] == windows[7] == {0, 1}  # windows of 8 words begin every 6
    assert windows[8] == {1}


def test_docs_that_no_window_reads(tiny_bert):
    """A span getter may leave Docs out; those after them keep their own wordpieces."""
    nlp = encoder_nlp(tiny_bert, precision="float32")
    pipe = nlp.get_pipe("transformer")
    docs = [nlp.make_doc(text) for text in ("left out", "the of to in", "in to")]
    alone = [vectors(nlp, doc) for doc in docs]
    pipe.model.attrs["get_spans"] = lambda docs: [
        [] if doc.text == "left out" else [doc[:]] for doc in docs
    ]
    data = pipe.predict(docs).doc_data
    for doc, found, expected in zip(docs[1:], data[1:], alone[1:], strict=True):
        assert found.align.lengths.tolist() == [1] * len(doc)
        rows = found.align.dataXd.ravel()
        np.testing.assert_allclose(
            found.model_output.last_hidden_state[0][rows], expected, atol=1e-5
        )
    batch, backprop = pipe.model.begin_update([Doc(nlp.vocab), Doc(nlp.vocab)])
    assert [len(data.align.lengths) for data in batch.doc_data] == [0, 0]
    assert len(backprop(batch)) == 2
