"""Frames and entities as lines of text."""

import pytest
from spacy.tokens import Doc, Span
from spacy.vocab import Vocab

from spacy_seqtag.confidence import use_span_extension
from spacy_seqtag.frames import PREDICATES
from spacy_seqtag.report.terminal import entity_rows, render_text, render_title

GAVE = (2, "give.01", [(1, 2, "ARG0"), (3, 4, "ARG2"), (4, 6, "ARG1")], [])


@pytest.mark.parametrize(
    ("text", "prop", "expected"),
    [
        (
            "Then she gave him the book .",
            GAVE,
            "Then [ARG0 she] [V gave] [ARG2 him] [ARG1 the book] .",
        ),
        # nothing outside; nothing but the predicate
        ("She left", (1, "V", [(0, 1, "ARG0")], []), "[ARG0 She] [V left]"),
        ("Just go now !", (1, "go.01", [], []), "Just [V go] now !"),
        # the predicate goes on after words that are not its own, and after arguments
        (
            "We gave it not up",
            (1, "give_up.01", [(0, 1, "ARG0"), (2, 3, "ARG1")], [(4, 5)]),
            "[ARG0 We] [V gave] [ARG1 it] not [C-V up]",
        ),
        # pieces and references
        (
            "Rain , they say , that fell is coming",
            (3, "say.01", [(0, 1, "ARG1"), (5, 9, "C-ARG1"), (2, 3, "ARG0")], []),
            "[ARG1 Rain] , [ARG0 they] [V say] , [C-ARG1 that fell is coming]",
        ),
        (
            "a man who left",
            (3, "leave.01", [(0, 2, "ARG0"), (2, 3, "R-ARG0")], []),
            "[ARG0 a man] [R-ARG0 who] [V left]",
        ),
        # overlapping pieces, which are unsound, hide nothing
        (
            "a b c d e",
            (4, "V", [(0, 3, "ARG0"), (1, 2, "ARG1")], []),
            "[ARG0 a b c] [ARG1 b] d [V e]",
        ),
    ],
)
def test_text(make_doc, text, prop, expected):
    (frame,) = make_doc(text, [prop])._.frames
    assert render_text(frame) == expected


def test_text_is_one_line(make_doc):
    doc = make_doc("She \n gave the \n book \n", [(2, "V", [(3, 7, "ARG1")], [])])
    assert render_text(doc._.frames[0]) == "She [V gave] [ARG1 the book]"


def test_text_is_the_predicates_own_sentence(make_doc):
    starts = [True, False, True, False, False, True, False]
    doc = make_doc("Yes . She left . Good .", [(3, "V", [(2, 3, "ARG0")], [])], starts)
    assert render_text(doc._.frames[0]) == "[ARG0 She] [V left] ."
    # An argument in another sentence is unsound, and shown.
    doc = make_doc("Yes . She left . Good .", [(3, "V", [(0, 1, "ARG0")], [])], starts)
    assert render_text(doc._.frames[0]) == "[ARG0 Yes] . She [V left] ."


def test_title(make_doc):
    prop = (0, "go.01", [], [])
    assert render_title(make_doc("Go", [prop])._.frames[0]) == "go.01"
    (frame,) = make_doc("Go", [prop], scores=[0.987], roleset_scores=[0.5])._.frames
    assert render_title(frame) == "go.01, predicate 0.99, roleset 0.50"
    guess = make_doc("Go", [prop], roleset_scores=[0.5], roleset_known=[False])._.frames[0]
    assert render_title(guess) == "go.01, guessed roleset 0.50"
    (frame,) = make_doc("Go", [(0, "V", [], [])], scores=[1.0], roleset_scores=[0.5])._.frames
    assert render_title(frame) == "Go, predicate 1.00"


def test_entities_with_and_without_confidence():
    doc = Doc(Vocab(), words=["Ann", "Lee", "in", "Oslo"], ents=["B-PER", "I-PER", "O", "B-LOC"])
    assert entity_rows(doc) == [("Ann Lee", "PER", ""), ("Oslo", "LOC", "")]
    use_span_extension()
    doc.ents[1]._.confidence = 0.755
    assert entity_rows(doc) == [("Ann Lee", "PER", ""), ("Oslo", "LOC", "0.76")]
    assert entity_rows(Doc(Vocab(), words=["Ann"])) == []


def test_terminals_get_nothing_that_they_would_obey(hostile_doc):
    doc = hostile_doc("\x1b[2J\u202e" + "a" * 1000)
    (frame,), shown = doc._.frames, "\\x1b[2J\\u202e" + "a" * 55 + "…"
    assert render_title(frame) == shown
    assert render_text(frame) == f"She [V saw] [{shown} {shown}]"
    assert entity_rows(doc) == [(shown, shown, "")]


def test_predicates_set_by_hand_are_shown():
    doc = Doc(Vocab(), words=["I", "run"])
    doc.spans[PREDICATES] = [Span(doc, 1, 2, label="run.02")]
    assert render_text(doc._.frames[0]) == "I [V run]"
