"""What is known of words outside of entities that are annotated in part."""

import pytest
from spacy.tokens import Doc, DocBin, Span
from spacy.vocab import Vocab

from spacy_seqtag.partial import (
    NO_ENTITY,
    annotated_for,
    excluded,
    excluded_labels,
    parse_labels,
    unknown_tokens,
)

WORDS = ["Ann", "Lee", "saw", "the", "old", "Rome", "."]
ENTS = ["B-PER", "I-PER", "O", "", "O", "B-LOC", "O"]


def make_doc(**kwargs):
    return Doc(Vocab(), words=WORDS, ents=ENTS, **kwargs)


def absent(doc):
    return [(span.start, span.end, span.label_) for span in doc.spans[NO_ENTITY]]


def test_rest_is_unknown():
    doc = make_doc()
    annotated_for(doc, [])
    assert [t.ent_iob_ for t in doc] == ["B", "I", "", "", "", "B", ""]
    assert [(ent.text, ent.label_) for ent in doc.ents] == [("Ann Lee", "PER"), ("Rome", "LOC")]
    assert NO_ENTITY not in doc.spans
    assert excluded(doc, ["PER"]) is None
    assert excluded_labels(doc) == set()


def test_only_one_label():
    """Words that were missing stay unknown altogether."""
    doc = make_doc()
    annotated_for(doc, ["PER"])
    assert absent(doc) == [(2, 3, "PER"), (4, 5, "PER"), (6, 7, "PER")]
    assert [t.ent_iob_ for t in doc] == ["B", "I", "", "", "", "B", ""]
    assert excluded_labels(doc) == {"PER"}
    assert excluded(doc, ["LOC", "PER"]).tolist() == [[False, i in (2, 4, 6)] for i in range(7)]
    before = absent(doc)
    annotated_for(doc, ["LOC"])  # there is nothing left to say it of
    assert absent(doc) == before


def test_spans_end_with_sentences():
    doc = Doc(
        Vocab(),
        words=list("abcde"),
        ents=["O", "O", "O", "B-X", "O"],
        sent_starts=[1, -1, 1, -1, -1],
    )
    annotated_for(doc, ["X"])
    assert absent(doc) == [(0, 2, "X"), (2, 3, "X"), (4, 5, "X")]


def test_a_doc_without_entities_stays_as_it_is():
    doc = Doc(Vocab(), words=WORDS)
    annotated_for(doc, ["PER"])
    assert not doc.has_annotation("ENT_IOB")
    assert NO_ENTITY not in doc.spans
    annotated_for(Doc(Vocab()), ["PER"])


def test_it_is_stored_with_the_doc():
    """Docs of several sources in one DocBin, without user data."""
    docs = [make_doc(), make_doc(), make_doc()]
    annotated_for(docs[1], ["PER", "LOC"])
    annotated_for(docs[2], [])
    data = DocBin(docs=docs).to_bytes()
    whole, two, none = DocBin().from_bytes(data).get_docs(Vocab())
    assert excluded(whole, ["PER"]) is None
    assert excluded_labels(two) == {"PER", "LOC"}
    assert excluded(none, ["PER"]) is None
    assert unknown_tokens(whole).tolist() == [i == 3 for i in range(7)]
    assert unknown_tokens(two).tolist() == [i in (2, 3, 4, 6) for i in range(7)]


def test_words_written_by_hand():
    """Whoever knows more than the tags say writes spans of their own."""
    doc = make_doc()
    doc.spans[NO_ENTITY] = [Span(doc, 3, 4, label="ORG")]
    annotated_for(doc, ["PER"])
    assert absent(doc)[0] == (3, 4, "ORG")
    assert excluded_labels(doc) == {"ORG", "PER"}


def test_white_space_is_never_unknown():
    doc = Doc(Vocab(), words=["a", "\n", "b"])
    doc[1].vocab[doc[1].text].is_space  # noqa: B018
    assert unknown_tokens(doc)[[0, 2]].all()
    assert unknown_tokens(Doc(Vocab())).shape == (0,)


@pytest.mark.parametrize(
    ("text", "labels"),
    [("PER", ("PER",)), (" PER , LOC,PER", ("PER", "LOC")), ("-", ()), (" - ", ())],
)
def test_labels(text, labels):
    assert parse_labels(text) == labels


@pytest.mark.parametrize("text", ["", " ", "PER,", ",PER", "PER,,LOC"])
def test_empty_labels(text):
    with pytest.raises(ValueError, match="empty label"):
        parse_labels(text)
