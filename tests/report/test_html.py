"""Sentences as HTML."""

import re
from html.parser import HTMLParser

import pytest
from spacy.tokens import Doc
from spacy.training import Example
from spacy.vocab import Vocab

from spacy_seqtag.frames import set_propositions
from spacy_seqtag.report.html import render_entities, render_html, render_parts
from spacy_seqtag.report.terminal import render_frame
from spacy_seqtag.schemes.propositions import Argument, Proposition

GAVE = (2, "give.01", [(1, 2, "ARG0"), (3, 4, "ARG2"), (4, 6, "ARG1")], [])
HOSTILE = "<script>alert('x')</script>&\"'<img/src=x/onerror=y>"


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


def text_of(page):
    return " ".join(Elements(page[page.rindex("</style>") :]).text.split())


def test_a_doc_without_anything_is_plain_text():
    doc = Doc(Vocab(), words=["Nothing", "here", "."], spaces=[True, False, False])
    assert text_of(render_parts(doc)) == "Nothing here."
    assert text_of(render_parts(Doc(Vocab()))) == "There are no words."


def test_a_page_and_a_part(make_doc):
    doc = make_doc("Then she gave him the book .", [GAVE])
    page, part = render_html(doc), render_parts(doc)
    assert page.startswith("<!DOCTYPE html>")
    assert "<html" not in part
    assert text_of(page) == f"Annotated text {text_of(part)}"
    assert "http" not in page


def test_html_of_several_docs_is_one_page(make_doc):
    docs = [make_doc("Then she gave him the book .", [GAVE]), make_doc("Go", [(0, "V", [], [])])]
    page = render_html(iter(docs))
    assert page.count("<!DOCTYPE") == 1
    assert page.count("<section") == 2
    assert page.index("give.01") < page.index(">Go<")


def test_confidence_can_be_seen_and_read(make_doc):
    doc = make_doc("Go", [(0, "go.01", [], [])], scores=[0.437], roleset_scores=[0.96])
    page = render_parts(doc)
    assert 'class="piece t7 predicate s4 unsure"' in page
    assert 'title="V 0.44"' in page
    assert 'title="predicate 0.44, roleset 0.96"' in page
    assert "V, 0.44: Go" in text_of(page)


@pytest.mark.parametrize("render", [render_html, lambda doc: render_entities([doc])])
def test_no_string_of_a_doc_becomes_an_element(hostile_doc, render):
    page, harmless = (Elements(render(hostile_doc(word))) for word in (HOSTILE, "qqq"))
    assert page.names == harmless.names
    assert page.attributes == harmless.attributes
    assert "".join(page.text.split()) == "".join(harmless.text.replace("qqq", HOSTILE).split())


def test_controls_are_written_out(hostile_doc):
    page = render_html(hostile_doc("\x1b[2J\u202e"))
    assert "\\x1b[2J\\u202e" in page
    assert not {"\x1b", "\u202e"} & set(page)


def test_colours_are_those_given():
    doc = Doc(Vocab(), words=["Ann"], ents=["B-PER"])
    assert 'style="--tone:#abcdef"' in render_html(doc, options={"colors": {"PER": "#abcdef"}})
    with pytest.raises(ValueError, match="is no colour"):
        render_html(doc, options={"colors": {"PER": "red;background:url(x)"}})
    with pytest.raises(ValueError, match="there is no option 'color'"):
        render_html(doc, options={"color": "red"})


@pytest.mark.parametrize(
    ("shown", "name"), [("text", "str"), ("", "str"), ([1], "int"), (None, "NoneType"), (3, "int")]
)
def test_what_is_no_doc_is_named(shown, name):
    with pytest.raises(ValueError, match=f"Doc, Span or Example, or several, not {name};"):
        render_html(shown)


def test_tags_can_be_left_out():
    doc = Doc(Vocab(), words=["Go"], pos=["VERB"])
    assert text_of(render_parts(doc)) == "GoVERB"
    assert text_of(render_html(doc, page=False, options={"tags": False})) == "Go"


def test_an_example_has_both(make_doc):
    gold = make_doc("Ann left", [(1, "leave.01", [(0, 1, "ARG0")], [])])
    found = make_doc("Ann left", [])
    page = render_html(Example(found, gold))
    assert "no predicate" in page
    assert "missed" in page


def test_page_of_entities():
    doc = Doc(Vocab(), words=["Ann", "left", "Oslo"], ents=["B-PER", "O", "B-LOC"])
    text = " ".join(Elements(render_entities([doc, doc])).text.split())
    assert text.endswith("Ann PER left Oslo LOC Ann PER left Oslo LOC")


@pytest.mark.filterwarnings("ignore:.*W006")
def test_the_direction_is_that_of_the_first_letter(make_doc):
    for words, direction in (("1 ! مريم a", "rtl"), ("a مريم", "ltr"), ("1 2", "ltr")):
        doc = make_doc(words, [])
        assert set(re.findall(r'class="sentence" dir="(\w+)"', render_html(doc))) == {direction}
        assert set(re.findall(r"direction: (\w+)", render_entities([doc]))) == {direction}


def test_what_an_inventory_says(make_doc):
    doc = make_doc("Mary gave it .", [])
    arguments = [Argument(0, 1, "ARG0"), Argument(2, 3, "ARG1")]
    set_propositions(
        doc,
        [Proposition(1, "give.01", arguments, [])],
        annotated=[(0, 4)],
        definitions=["trans<fer"],
        descriptions=[["giver", None]],
    )
    page = render_parts(doc)
    assert '<span class="meaning">trans&lt;fer</span>' in page
    assert 'title="ARG0, giver"' in page
    lines = render_frame(doc._.frames[0], 80).splitlines()
    assert lines[0] == "give.01 (trans<fer)"
    assert "ARG0    Mary  (giver)" in lines[1]
