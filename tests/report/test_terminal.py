"""Frames and entities as lines of text."""

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from spacy.tokens import Doc, Span
from spacy.vocab import Vocab

from spacy_seqtag.confidence import use_span_extension
from spacy_seqtag.frames import PREDICATES
from spacy_seqtag.report import terminal
from spacy_seqtag.report.terminal import (
    ASCII,
    entity_rows,
    render_frame,
    render_title,
    render_words,
)

GAVE = (2, "give.01", [(1, 2, "ARG0"), (3, 4, "ARG2"), (4, 6, "ARG1")], [])


def test_words_with_what_stands_under_them(make_doc):
    doc = make_doc("Then she gave him the book .", [GAVE])
    assert render_words(doc, 80).splitlines() == [
        "Then  she   gave     him   the  book  .",
        "      ARG0  give.01  ARG2  └ARG1───┘",
    ]
    doc.set_ents([Span(doc, 1, 2, "PERSON")])
    for token, tag in zip(doc, ["ADV", "PRON", "VERB", "PRON", "DET", "NOUN", "PUNCT"]):
        token.pos_ = tag
    assert render_words(doc, 30, ASCII).splitlines() == [
        "Then  she     gave     him",
        "ADV   PRON    VERB     PRON",
        "      PERSON",
        "      ARG0    give.01  ARG2",
        "",
        "the  book  .",
        "DET  NOUN",
        "[ARG1---]",
    ]


def test_spans_go_on_in_the_next_line(make_doc):
    doc = make_doc("aaaa bbbb cccc dddd", [(3, "V", [(0, 3, "ARGM-TMP")], [])])
    assert render_words(doc, 10).splitlines() == [
        *("aaaa  bbbb", "└ARGM-TMP─", ""),
        *("cccc  dddd", "─AR┘  V"),
    ]


WORDS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=9)
WORDS |= st.sampled_from(["東京", "🇳🇴", "e\u0301", "ก็", "a" * 70])


@given(
    words=st.lists(WORDS, min_size=1, max_size=12),
    data=st.data(),
    width=st.integers(24, 80),
)
def test_no_line_is_wider_than_the_terminal_and_columns_stand_under_words(words, data, width):
    doc = Doc(Vocab(), words=words)
    place = st.integers(0, len(words) - 1)
    start, end = sorted([data.draw(place), data.draw(place)])
    doc.spans[PREDICATES] = [Span(doc, start, start + 1, label="see.01")]
    doc.set_ents([Span(doc, start, end + 1, label=data.draw(st.sampled_from(["PER", "L" * 30])))])
    for line in render_words(doc, width).splitlines():
        assert cell_len(line) <= width
    for frame in doc._.frames:
        assert all(cell_len(line) <= width for line in render_frame(frame, width).splitlines())


def test_frames_as_tables(make_doc):
    doc = make_doc("She gave the old book", [(1, "V", [(0, 1, "ARG0"), (2, 5, "ARG1")], [])])
    (frame,) = doc._.frames
    assert render_frame(frame, 20).splitlines() == [
        "gave",
        "  ARG0    She",
        "  V       gave",
        "  ARG1    the old",
        "          book",
    ]


def test_text_is_the_predicates_own_sentence(make_doc):
    starts = [True, False, True, False, False, True, False]
    doc = make_doc("Yes . She left . Good .", [(3, "V", [(2, 3, "ARG0")], [])], starts)
    assert [block.splitlines() for block in render_words(doc, 80).split("\n\n")] == [
        ["Yes  ."],
        ["She   left  .", "ARG0  V"],
        ["Good  ."],
    ]


def test_a_sentence_is_drawn_with_its_own_spans(monkeypatch):
    words = ["Ann", "left", "New", "York", "Bo", "ran"]
    ents = ["B-PER", "O", "B-LOC", "I-LOC", "B-PER", "O"]
    doc = Doc(Vocab(), words=words, ents=ents, sent_starts=[i in (0, 3) for i in range(6)])
    doc.spans[PREDICATES] = [Span(doc, i, i + 1, label="V") for i in (1, 5)]
    drawn, lines = [], terminal._lines

    def watched(doc, start, end, tiers, width, signs):
        drawn.append([(span.label, *span[1:]) for tier in tiers for span in tier])
        return lines(doc, start, end, tiers, width, signs)

    monkeypatch.setattr(terminal, "_lines", watched)
    blocks = render_words(doc, 80, ASCII).split("\n\n")
    assert [block.splitlines() for block in blocks] == [
        ["Ann  left  New", "PER        [L-", "     V"],
        ["York  Bo   ran", "-LO]  PER", "           V"],
    ]
    assert drawn == [
        [("PER", 0, 1), ("LOC", 2, 4), ("V", 1, 2)],
        [("LOC", 2, 4), ("PER", 4, 5), ("V", 5, 6)],
    ]


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
    for text in (render_words(doc, 80), render_frame(frame, 80)):
        assert not {"\x1b", "\u202e"} & set(text)
        assert "\\x1b[2J" in text
    assert entity_rows(doc) == [(shown, shown, "")]
