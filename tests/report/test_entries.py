"""Errors with the words around them."""

from spacy.training import Example

from spacy_seqtag.analysis.outcomes import find_outcomes
from spacy_seqtag.report import entries


def test_frames_of_a_doc_are_looked_up_once(make_doc, monkeypatch):
    text = "he left she ran they sang"
    gold = make_doc(text, [(i, "V", [(i - 1, i, "ARG0")], []) for i in (1, 3)])
    found = make_doc(text, [(i, "V", [], []) for i in (0, 2, 4)])
    asked, get_frames = [], entries.get_frames
    monkeypatch.setattr(entries, "get_frames", lambda doc: asked.append(doc) or get_frames(doc))
    example = Example(found, gold)
    wrong = [o for o in find_outcomes([example], ["predicates"]) if o.kind != "right"]
    listed = entries.list_entries(wrong, [example])
    drawn = [[(row.kind, row.title) for row in entry.rows] for entry in listed]
    assert sorted(drawn) == sorted(
        [[("gold", word), ("predicted", "no predicate")] for word in ("left", "ran")]
        + [[("gold", "no predicate"), ("predicted", word)] for word in ("he", "she", "they")]
    )
    assert [id(doc) for doc in asked] == [id(gold), id(found)]
