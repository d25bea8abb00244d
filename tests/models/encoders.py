"""Pipelines of an encoder alone, and what tests read of them."""

import numpy as np
import spacy
from spacy.tokens import Doc
from spacy_transformers.layers import trfs2arrays
from thinc.api import reduce_mean

THEIRS = "spacy-transformers.TransformerModel.v3"

SPANS = {"@span_getters": "spacy-transformers.strided_spans.v1", "window": 8, "stride": 6}

TEXT = "The Berlin State Opera opened its season on Friday with a work that London had refused."

NO_DROPOUT = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}


def sentence_windows(max_wordpieces):
    return {
        "@span_getters": "spacy_seqtag.sentence_windows.v1",
        "max_wordpieces": max_wordpieces,
    }


def encoder_nlp(encoder, architecture="spacy_seqtag.TransformerModel.v1", **settings):
    nlp = spacy.blank("en")
    model = {"@architectures": architecture, "name": encoder, "get_spans": SPANS}
    model["tokenizer_config"] = {"use_fast": True}
    nlp.add_pipe("transformer", config={"model": {**model, **settings}})
    nlp.initialize()
    return nlp


def vectors(nlp, doc):
    """Mean vector of each word's wordpieces, float32 (words, width)."""
    data = nlp.get_pipe("transformer")(doc.copy())._.trf_data
    pieces = data.model_output.last_hidden_state.reshape(-1, data.width)
    ends = np.cumsum(data.align.lengths)
    return np.asarray(
        [
            pieces[data.align.dataXd[end - n : end].ravel()].mean(0) if n else np.zeros(data.width)
            for end, n in zip(ends, data.align.lengths, strict=True)
        ]
    )


def plain_docs(mini, n):
    """Docs in which no wordpiece of BERT crosses from one word to the next."""
    vocab = spacy.blank("en").vocab
    sents = mini["dev"][:n]
    return [
        Doc(vocab, words=[w for w in sent["words"] if w.isalnum() or w == "."]) for sent in sents
    ]


def gradients(nlp, docs, d_vectors):
    """Gradient of each of the encoder's weights, for these gradients of the words' vectors."""
    model = nlp.get_pipe("transformer").model
    listener = trfs2arrays(reduce_mean(), 1.0)
    batch, backprop = model.begin_update(docs)
    _, backprop_listener = listener.begin_update(batch.doc_data)
    parts = np.split(d_vectors, np.cumsum([len(doc) for doc in docs])[:-1])
    d_data = backprop_listener([part.astype("f") for part in parts])
    backprop(batch.unsplit_by_doc([list(data.tensors) for data in d_data]))
    return {
        name.removeprefix("transformer."): parameter.grad.numpy().copy()
        for name, parameter in model.layers[0].shims[0]._model.named_parameters()
        if parameter.grad is not None and not name.startswith("case")
    }
