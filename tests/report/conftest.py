"""Docs with frames that are set by hand."""

import pytest
from spacy.tokens import Doc, Span
from spacy.vocab import Vocab

from spacy_seqtag.frames import set_propositions
from spacy_seqtag.schemes.propositions import Argument, Proposition


@pytest.fixture(scope="session")
def make_doc():
    """Function (text, propositions) to a Doc.

    Each proposition is a tuple: predicate, roleset, arguments, parts.
    """

    def make(text, props, sent_starts=None, **scores):
        doc = Doc(Vocab(), words=text.split(" "), sent_starts=sent_starts)
        props = [
            Proposition(predicate, roleset, [Argument(*arg) for arg in arguments], parts)
            for predicate, roleset, arguments, parts in props
        ]
        set_propositions(doc, props, annotated=[(0, len(doc))], **scores)
        return doc

    return make


@pytest.fixture(scope="session")
def hostile_doc(make_doc):
    """Function (strange) to a Doc with entities and a frame, with `strange` wherever it can be."""

    def make(strange):
        doc = make_doc(f"She saw {strange}", [(1, strange, [(2, 3, strange)], [])])
        doc.ents = [Span(doc, 2, 3, label=strange, kb_id=strange)]
        doc.user_data["title"] = strange
        return doc

    return make
