"""Tags and entities side by side, by the names of their factories: what such tests share."""

import numpy as np
from spacy.tokens import Doc, Span

from spacy_seqtag.schemes.upos import UPOS_TAGS

TASKS = ("seqtag_pos", "seqtag_ner")


def blank_copy(doc):
    return Doc(doc.vocab, words=[t.text for t in doc], spaces=[bool(t.whitespace_) for t in doc])


def gold_labels(task, golds):
    if task == "seqtag_pos":
        return {token.pos_ for doc in golds for token in doc}
    return {ent.label_ for doc in golds for ent in doc.ents}


def spare_label(task, known):
    """A label that is not in use."""
    return next(
        label
        for label in {"seqtag_pos": UPOS_TAGS, "seqtag_ner": ["GPE"]}[task]
        if label not in known
    )


def with_new_label(task, gold, known):
    """Gives the first word of the gold Doc a label that is not among those known; returns it."""
    new = spare_label(task, known)
    if task == "seqtag_pos":
        gold[0].pos_ = new
    else:
        others = [ent for ent in gold.ents if ent.start > 0]
        gold.set_ents([Span(gold, 0, 1, label=new), *others])
    return new


def annotation(task, doc):
    if task == "seqtag_pos":
        return [token.pos_ for token in doc]
    return [(ent.start, ent.end, ent.label_) for ent in doc.ents]


def all_probabilities(nlp, docs):
    """Probabilities of each task, for fresh copies of the Docs."""
    found = {}
    for task in TASKS:
        copies = [Doc(nlp.vocab, words=[t.text for t in doc]) for doc in docs]
        if "transformer" in nlp.pipe_names:
            copies = list(nlp.get_pipe("transformer").pipe(copies))
        found[task] = nlp.get_pipe(task).predict(copies)
    return found


def assert_same(found, expected):
    assert found.keys() == expected.keys()
    for name in expected:
        for probs, other in zip(found[name], expected[name], strict=True):
            np.testing.assert_array_equal(probs, other)
