"""Frames and entities as text and HTML."""

import re
from html.parser import HTMLParser

import pytest
from spacy.tokens import Doc, Span
from spacy.vocab import Vocab

from spacy_seqtag.confidence import use_span_extension
from spacy_seqtag.frames import PREDICATES, set_propositions
from spacy_seqtag.report.render import (
    displacy_blocks,
    displacy_options,
    entity_rows,
    render_entities,
    render_html,
    render_text,
    render_title,
)
from spacy_seqtag.schemes.propositions import Argument, Proposition


def make(text, props, sent_starts=None, **scores):
    words = text.split(" ")
    doc = Doc(Vocab(), words=words, sent_starts=sent_starts)
    props = [Proposition(p, roleset, [Argument(*a) for a in args], parts)
             for p, roleset, args, parts in props]  # fmt: skip
    set_propositions(doc, props, annotated=[(0, len(doc))], **scores)
    return doc


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
def test_text(text, prop, expected):
    (frame,) = make(text, [prop])._.frames
    assert render_text(frame) == expected


def test_text_is_one_line():
    doc = make("She \n gave the \n book \n", [(2, "V", [(3, 7, "ARG1")], [])])
    assert render_text(doc._.frames[0]) == "She [V gave] [ARG1 the book]"


def test_text_is_the_predicates_own_sentence():
    starts = [True, False, True, False, False, True, False]
    doc = make("Yes . She left . Good .", [(3, "V", [(2, 3, "ARG0")], [])], starts)
    assert render_text(doc._.frames[0]) == "[ARG0 She] [V left] ."
    # An argument in another sentence is unsound, and shown.
    doc = make("Yes . She left . Good .", [(3, "V", [(0, 1, "ARG0")], [])], starts)
    assert render_text(doc._.frames[0]) == "[ARG0 Yes] . She [V left] ."


def test_title():
    prop = (0, "go.01", [], [])
    assert render_title(make("Go", [prop])._.frames[0]) == "go.01"
    (frame,) = make("Go", [prop], scores=[0.987], roleset_scores=[0.5])._.frames
    assert render_title(frame) == "go.01, predicate 0.99, roleset 0.50"
    guess = make("Go", [prop], roleset_scores=[0.5], roleset_known=[False])._.frames[0]
    assert render_title(guess) == "go.01, guessed roleset 0.50"
    (frame,) = make("Go", [(0, "V", [], [])], scores=[1.0], roleset_scores=[0.5])._.frames
    assert render_title(frame) == "Go, predicate 1.00"


def test_entities_with_and_without_confidence():
    doc = Doc(Vocab(), words=["Ann", "Lee", "in", "Oslo"], ents=["B-PER", "I-PER", "O", "B-LOC"])
    assert entity_rows(doc) == [("Ann Lee", "PER", ""), ("Oslo", "LOC", "")]
    use_span_extension()
    doc.ents[1]._.confidence = 0.755
    assert entity_rows(doc) == [("Ann Lee", "PER", ""), ("Oslo", "LOC", "0.76")]
    assert entity_rows(Doc(Vocab(), words=["Ann"])) == []


def texts(block):
    """What the blocks say, read from the tokens and from the characters."""
    by_tokens = [
        (s["label"], " ".join(block["tokens"][s["start_token"] : s["end_token"]]))
        for s in block["spans"]
    ]
    by_characters = [(s["label"], block["text"][s["start"] : s["end"]]) for s in block["spans"]]
    assert by_tokens == by_characters
    return by_tokens


def test_a_block_for_each_predicate():
    starts = [True, False, True, False, False]
    doc = make(
        "Go ! She left Oslo",
        [(0, "go.01", [], []), (3, "V", [(2, 3, "ARG0"), (4, 5, "ARG1")], [])],
        starts,
    )
    go, left = displacy_blocks(doc)
    assert go["tokens"] == ["Go", "!"]
    assert texts(go) == [("V", "Go")]
    assert left["tokens"] == ["She", "left", "Oslo"]
    assert texts(left) == [("ARG0", "She"), ("V", "left"), ("ARG1", "Oslo")]
    assert [go["title"], left["title"]] == ["go.01", "left"]
    doc.ents = [Span(doc, 4, 5, label="LOC")]
    entities, *frames = displacy_blocks(doc)
    assert texts(entities) == [("LOC", "Oslo")]
    assert frames == [go, left]


def test_a_doc_without_anything_is_plain_text():
    (block,) = displacy_blocks(Doc(Vocab(), words=["Nothing", "here"]))
    assert block["tokens"] == ["Nothing", "here"]
    assert block["spans"] == []
    assert "Nothing here" in render_html(Doc(Vocab(), words=["Nothing", "here"]))


def test_colours_are_those_of_the_role():
    args = [(0, 1, "ARG0"), (1, 2, "R-ARG0"), (3, 4, "ARG1"), (5, 6, "C-ARG1")]
    colors = displacy_options(displacy_blocks(make("a b c d e f", [(2, "V", args, [(4, 5)])])))
    colors = colors["colors"]
    assert colors["ARG0"] == colors["R-ARG0"]
    assert colors["ARG1"] == colors["C-ARG1"]
    assert colors["V"] == colors["C-V"]
    assert len({colors[label] for label in ("ARG0", "ARG1", "V")}) == 3


def test_html_is_a_page_with_everything_escaped():
    doc = make("<b> saw & me", [(1, "<see>.01", [(0, 1, "ARG<0"), (2, 4, "ARG1")], [])])
    html = render_html(doc)
    assert html.startswith("<!DOCTYPE html>")
    assert re.search(r"<h2[^>]*>&lt;see&gt;\.01</h2>", html)
    assert "ARG&lt;0" in html
    assert not re.search(r"<b>|<see>|ARG<0", html)


HOSTILE = "<script>alert('x')</script>&\"<img/src=x/onerror=y>"


class Elements(HTMLParser):
    """The elements and attributes of a page, and its text."""

    def __init__(self, page):
        super().__init__()
        self.names, self.attributes, self.text = set(), set(), ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.names.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data):
        self.text += data


def hostile_doc(strange):
    """A Doc with entities and a frame; `strange` stands wherever strings can."""
    words = ["She", "saw", strange]
    doc = make(" ".join(words), [(1, strange, [(2, 3, strange)], [])])
    doc.ents = [Span(doc, 2, 3, label=strange, kb_id=strange)]
    doc.user_data["title"] = strange
    return doc


@pytest.mark.parametrize("render", [render_html, lambda doc: render_entities([doc])])
def test_no_string_of_a_doc_becomes_an_element(render):
    page, harmless = (Elements(render(hostile_doc(word))) for word in (HOSTILE, "qqq"))
    assert page.names == harmless.names
    assert page.attributes == harmless.attributes
    assert page.text == harmless.text.replace("qqq", HOSTILE)


def test_page_of_entities():
    doc = Doc(Vocab(), words=["Ann", "left", "Oslo"], ents=["B-PER", "O", "B-LOC"])
    text = " ".join(Elements(render_entities([doc, doc])).text.split())
    assert text.endswith("Ann PER left Oslo LOC Ann PER left Oslo LOC")


def test_terminals_get_nothing_that_they_would_obey():
    doc = hostile_doc("\x1b[2J\u202e" + "a" * 1000)
    (frame,), shown = doc._.frames, "\\x1b[2J\\u202e" + "a" * 55 + "…"
    assert render_title(frame) == shown
    assert render_text(frame) == f"She [V saw] [{shown} {shown}]"
    assert entity_rows(doc) == [(shown, shown, "")]


def test_html_of_several_docs_is_one_page():
    docs = [make("Then she gave him the book .", [GAVE]), make("Go", [(0, "go.01", [], [])])]
    html = render_html(iter(docs))
    assert html.count("<!DOCTYPE") == 1
    assert html.count("<figure") == 2
    assert "give.01" in html
    assert "go.01" in html


def test_predicates_set_by_hand_are_shown():
    doc = Doc(Vocab(), words=["I", "run"])
    doc.spans[PREDICATES] = [Span(doc, 1, 2, label="run.02")]
    assert render_text(doc._.frames[0]) == "I [V run]"
