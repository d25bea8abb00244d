"""Frames and entities as pages of displaCy."""

import re
from html.parser import HTMLParser

import pytest
from spacy.tokens import Doc, Span
from spacy.vocab import Vocab

from spacy_seqtag.report.html import (
    displacy_blocks,
    displacy_options,
    render_entities,
    render_html,
    render_parts,
)

GIVE = (1, "give.01", [(0, 1, "ARG0"), (2, 3, "ARG1")], [])
GAVE = (2, "give.01", [(1, 2, "ARG0"), (3, 4, "ARG2"), (4, 6, "ARG1")], [])


def texts(block):
    """What the blocks say, read from the tokens and from the characters."""
    by_tokens = [
        (s["label"], " ".join(block["tokens"][s["start_token"] : s["end_token"]]))
        for s in block["spans"]
    ]
    by_characters = [(s["label"], block["text"][s["start"] : s["end"]]) for s in block["spans"]]
    assert by_tokens == by_characters
    return by_tokens


def test_a_block_for_each_predicate(make_doc):
    starts = [True, False, True, False, False]
    doc = make_doc(
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


def test_colours_are_those_of_the_role(make_doc):
    args = [(0, 1, "ARG0"), (1, 2, "R-ARG0"), (3, 4, "ARG1"), (5, 6, "C-ARG1")]
    colors = displacy_options(displacy_blocks(make_doc("a b c d e f", [(2, "V", args, [(4, 5)])])))
    colors = colors["colors"]
    assert colors["ARG0"] == colors["R-ARG0"]
    assert colors["ARG1"] == colors["C-ARG1"]
    assert colors["V"] == colors["C-V"]
    assert len({colors[label] for label in ("ARG0", "ARG1", "V")}) == 3


def test_html_is_a_page_with_everything_escaped(make_doc):
    doc = make_doc("<b> saw & me", [(1, "<see>.01", [(0, 1, "ARG<0"), (2, 4, "ARG1")], [])])
    html = render_html(doc)
    assert html.startswith("<!DOCTYPE html>")
    assert re.search(r"<h2[^>]*>&lt;see&gt;\.01</h2>", html)
    assert "ARG&lt;0" in html
    assert not re.search(r"<b>|<see>|ARG<0", html)


ARABIC = ("أعطت مريم كتابا .", [(0, "give.01", [(1, 2, "ARG0"), (2, 3, "ARG1")], [])])


def test_arcs_run_as_the_text_and_their_labels_stand_upright(make_doc):
    for words, frames in (("Mary gave it .", [GIVE]), ARABIC):
        html = render_parts(make_doc(words, frames))
        rtl = words == ARABIC[0]
        assert f'<div dir="{"rtl" if rtl else "ltr"}">' in html
        arcs = re.findall(r'<path class="displacy-arc"[^>]* d="M([\d.]+),\S+ \S+ ([\d.]+),', html)
        assert len(arcs) == 2
        # A label runs along its arc, from the left.
        assert all(float(begin) < float(end) for begin, end in arcs)
        assert html.count('side="left"') == 2
        places = [
            float(x) for x in re.findall(r'<tspan class="displacy-word"[^>]* x="(\d+)"', html)
        ]
        assert places == sorted(places, reverse=rtl)
        assert len(places) == 4


@pytest.mark.filterwarnings("ignore:.*W006")
def test_the_direction_is_that_of_the_first_letter(make_doc):
    for words, direction in (("1 ! مريم a", "rtl"), ("a مريم", "ltr"), ("1 2", "ltr")):
        doc = make_doc(words, [])
        for html in (render_html(doc), render_entities([doc])):
            assert set(re.findall(r"direction: (\w+)", html)) == {direction}


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


@pytest.mark.parametrize("render", [render_html, lambda doc: render_entities([doc])])
def test_no_string_of_a_doc_becomes_an_element(hostile_doc, render):
    page, harmless = (Elements(render(hostile_doc(word))) for word in (HOSTILE, "qqq"))
    assert page.names == harmless.names
    assert page.attributes == harmless.attributes
    assert page.text == harmless.text.replace("qqq", HOSTILE)


def test_page_of_entities():
    doc = Doc(Vocab(), words=["Ann", "left", "Oslo"], ents=["B-PER", "O", "B-LOC"])
    text = " ".join(Elements(render_entities([doc, doc])).text.split())
    assert text.endswith("Ann PER left Oslo LOC Ann PER left Oslo LOC")


def test_html_of_several_docs_is_one_page(make_doc):
    docs = [
        make_doc("Then she gave him the book .", [GAVE]),
        make_doc("Go", [(0, "go.01", [], [])]),
    ]
    html = render_html(iter(docs))
    assert html.count("<!DOCTYPE") == 1
    assert html.count("<figure") == 2
    assert "give.01" in html
    assert "go.01" in html
