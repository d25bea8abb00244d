"""Docs of some of a Doc's sentences."""

import numpy as np
import pytest
import spacy
from spacy.tokens import Doc, Span, SpanGroup

from spacy_seqtag.corpus.thin import thin_doc


@pytest.fixture
def doc():
    """Four sentences of two words."""
    starts = [True, False] * 4
    doc = Doc(spacy.blank("en").vocab, words=[*"abcdefgh"], sent_starts=starts, ents=["O"] * 8)
    doc.set_ents([Span(doc, 4, 6, "X")], default="unmodified")
    scores = [0.1, 0.2, 0.3, 0.4]
    attrs = {"scores": scores, "array": np.asarray(scores), "note": "n", "size": [1, 2]}
    spans = [Span(doc, i, i + 1, f"L{i}", span_id=i + 1) for i in (0, 2, 4, 6)]
    doc.spans["own"] = SpanGroup(doc, name="own", attrs=attrs, spans=spans)
    doc.user_data["sent_ids"] = [*"1234"]
    doc.user_data["doc_id"] = "d"
    doc.user_data["._.", "colour", doc[5].idx, None] = "red"
    doc.user_data["._.", "note", doc[6].idx, doc[7].idx + 1] = "last"
    doc.user_data["._.", "source", None, None] = "book"
    doc.user_data["a", "key", "of the", "user's"] = "his"
    return doc


def test_what_is_left_keeps_its_annotation(doc):
    (thin,) = thin_doc(doc, [[(0, 2), (4, 6), (6, 8)]])
    assert thin.text == "a b e f g h "
    assert [sent.text for sent in thin.sents] == ["a b", "e f", "g h"]
    assert [(ent.text, ent.label_) for ent in thin.ents] == [("e f", "X")]
    group = thin.spans["own"]
    assert [(s.text, s.label_, s.id) for s in group] == [
        ("a", "L0", 1),
        ("e", "L4", 5),
        ("g", "L6", 7),
    ]
    assert group.attrs["scores"] == [0.1, 0.3, 0.4]
    assert group.attrs["array"].tolist() == [0.1, 0.3, 0.4]
    assert group.attrs["note"] == "n"
    assert thin.user_data == {
        "sent_ids": ["1", "3", "4"],
        "doc_id": "d",
        ("._.", "colour", thin[3].idx, None): "red",
        ("._.", "note", thin[4].idx, thin[5].idx + 1): "last",
        ("._.", "source", None, None): "book",
        ("a", "key", "of the", "user's"): "his",
    }


def test_several_groups(doc):
    docs = list(thin_doc(doc, [[(0, 2), (4, 6)], [(6, 8)]]))
    assert [doc.text.split() for doc in docs] == [[*"abef"], [*"gh"]]
    assert [doc.user_data["sent_ids"] for doc in docs] == [["1", "3"], ["4"]]
