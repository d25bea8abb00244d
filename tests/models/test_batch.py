"""What a Doc gets of the vectors of its batch."""

import pickle

import numpy as np
from spacy.tokens import Doc
from spacy_transformers.data_classes import TransformerData
from thinc.api import reduce_mean

from spacy_seqtag.models.pooling import word_vectors

from .encoders import encoder_nlp


def test_data_of_a_doc_can_be_kept(tiny_bert, doc):
    """Pickled and in bytes, without the tokenizer."""
    nlp = encoder_nlp(tiny_bert)
    data = nlp.get_pipe("transformer")(doc)._.trf_data
    n_pieces = data.model_output.last_hidden_state.shape[1]
    assert data.wordpieces.lengths == [n_pieces] == [len(data.wordpieces.strings[0])]
    assert data.wordpieces.strings[0][:2] == ["[CLS]", "the"]
    pickled = pickle.loads(pickle.dumps(data))
    read = TransformerData.empty().from_bytes(data.to_bytes())
    for again in (pickled, read):
        assert again.wordpieces.strings == data.wordpieces.strings
        np.testing.assert_array_equal(
            again.model_output["last_hidden_state"], data.model_output.last_hidden_state
        )
        np.testing.assert_array_equal(again.align.dataXd, data.align.dataXd)


def test_one_doc_is_pickled_without_the_batch(tiny_bert):
    nlp = encoder_nlp(tiny_bert)
    docs = [Doc(nlp.vocab, words=words) for words in (["He", "sang", "."] * 9, ["unbelievable"])]
    data = nlp.get_pipe("transformer").model.predict(docs).doc_data[-1]
    dumped = pickle.dumps(data)
    again = pickle.loads(dumped)
    assert type(again) is TransformerData
    assert len(dumped) < data.batch.nbytes
    for one, other in zip(
        *(word_vectors(reduce_mean(), 1.0)([d], False)[0] for d in (data, again))
    ):
        np.testing.assert_array_equal(one, other)
