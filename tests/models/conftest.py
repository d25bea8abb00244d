"""Fixtures of the tests of models."""

import pytest
import spacy

from .encoders import SPANS, TEXT


@pytest.fixture
def doc():
    return spacy.blank("en")(TEXT)


@pytest.fixture(params=["bert", "roberta"])
def tagger(request, mini_examples, train):
    """A tagger on our encoder, with word case, after some updates."""
    nlp = spacy.blank("en")
    encoder = request.getfixturevalue(f"tiny_{request.param}")
    model = {"@architectures": "spacy_seqtag.TransformerModel.v1", "name": encoder}
    model |= {"tokenizer_config": {"use_fast": True}, "get_spans": SPANS, "word_case": True}
    nlp.add_pipe("transformer", config={"model": model})
    nlp.add_pipe("seqtag_pos")
    examples = mini_examples(nlp, 5)
    nlp.initialize(lambda: examples)
    train(nlp, examples, 5)
    return nlp
