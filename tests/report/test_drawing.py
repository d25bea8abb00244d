"""Which words stand in which piece of a drawing, and what joins them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc, Span
from spacy.training import Example
from spacy.vocab import Vocab

from spacy_seqtag.analysis.outcomes import find_outcomes
from spacy_seqtag.frames import PREDICATES, propositions, set_propositions
from spacy_seqtag.partial import NO_ENTITY
from spacy_seqtag.report.drawing import Segment, make_items, segments_of, tone_of
from spacy_seqtag.report.sentences import draw_doc, draw_example

GAVE = (2, "give.01", [(1, 2, "ARG0"), (3, 4, "ARG2"), (4, 6, "ARG1")], [])


def written(items):
    """Items in one line: `[ARG0 she]`, and what passes below as `_` (`~` for what refers)."""
    return " ".join(
        (f"[{item.label} {item.text}]" if item.label else item.text)
        + "".join(" " if line is None else "~" if line.refers else "_" for line in item.lines)
        for item in items
    )


@pytest.mark.parametrize(
    ("text", "prop", "expected"),
    [
        (
            "Then she gave him the book .",
            GAVE,
            "[ARG0 she] [V gave] [ARG2 him] [ARG1 the book]",
        ),
        ("Just go now !", (1, "go.01", [], []), "[V go]"),
        # the predicate goes on after words that are not its own, and after arguments
        (
            "We gave it not up",
            (1, "give_up.01", [(0, 1, "ARG0"), (2, 3, "ARG1")], [(4, 5)]),
            "[ARG0 We] [V gave]_ [ARG1 it]_ not_ [C-V up]_",
        ),
        # what is joined, and what lies between
        (
            "Rain , they say , that fell is coming",
            (3, "say.01", [(0, 1, "ARG1"), (5, 9, "C-ARG1"), (2, 3, "ARG0")], []),
            "[ARG1 Rain]_ ,_ [ARG0 they]_ [V say]_ ,_ [C-ARG1 that fell is coming]_",
        ),
        # what refers stands before as well as after
        (
            "a man who left",
            (3, "leave.01", [(0, 2, "ARG0"), (2, 3, "R-ARG0")], []),
            "[ARG0 a man]~ [R-ARG0 who]~ [V left]",
        ),
        (
            "what he gave her",
            (2, "give.01", [(0, 1, "R-ARG1"), (1, 2, "ARG0"), (3, 4, "ARG1")], []),
            "[R-ARG1 what]~ [ARG0 he]~ [V gave]~ [ARG1 her]~",
        ),
        # two lines that cross
        (
            "a b c d e",
            (4, "x.01", [(0, 1, "ARG0"), (1, 2, "ARG1"), (2, 3, "C-ARG0"), (3, 4, "C-ARG1")], []),
            "[ARG0 a]_ [ARG1 b]__ [C-ARG0 c]__ [C-ARG1 d] _ [V e]",
        ),
        # what continues nothing
        ("a left", (1, "leave.01", [(0, 1, "C-ARG0")], []), "[C-ARG0 a] [V left]"),
        # many words between
        (
            "She had in a b c d gone",
            (7, "go.01", [(0, 1, "ARG0")], []),
            "[ARG0 She] … [V gone]",
        ),
        # overlapping pieces, which are unsound, hide nothing
        (
            "a b c d e",
            (4, "V", [(0, 3, "ARG0"), (1, 2, "ARG1")], []),
            "[ARG0 a b c] [ARG1 b] d [V e]",
        ),
        ("She \n gave \n it", (2, "V", [(3, 5, "ARG1")], []), "[V gave] [ARG1 it]"),
    ],
)
def test_items(make_doc, text, prop, expected):
    doc = make_doc(text, [prop])
    (frame,) = doc._.frames
    assert written(make_items(doc, segments_of(frame))) == expected
    ((row,),) = draw_doc(doc)[0].frames
    assert written(row.items) == expected


def test_words_around():
    doc = Doc(Vocab(), words=list("abcdefghijklmno"))
    segments = [Segment("X", 5, 6), Segment("X", 11, 12)]
    assert written(make_items(doc, segments, around=2)) == "d e [X f] … [X l] m n"
    assert (
        written(make_items(doc, [Segment("X", 0, 15)], around=2))
        == "[X a b c d e f g h i j k l m n o]"
    )


@given(
    n=st.integers(1, 9),
    spans=st.lists(
        st.tuples(st.sampled_from(["A", "C-A", "R-A", "B"]), st.integers(0, 8), st.integers(1, 4)),
        max_size=5,
    ),
    around=st.integers(0, 3),
)
def test_every_piece_is_drawn_once_and_words_in_their_order(n, spans, around):
    doc = Doc(Vocab(), words=[f"w{i}" for i in range(n)])
    segments = [Segment(label, a, min(a + size, n)) for label, a, size in spans if a < n]
    items = make_items(doc, segments, around)
    ordered = sorted(segments, key=lambda each: each[1:3])
    assert [item.label for item in items if item.label] == [each.label for each in ordered]
    shown = " ".join(item.text for item in items if not item.label and item.text != "…").split()
    assert shown == sorted(set(shown))


def test_colours_are_those_of_the_role():
    assert tone_of("ARG0") == tone_of("R-ARG0") == tone_of("C-ARG0")
    assert tone_of("V") == tone_of("C-V")
    assert len({tone_of(label) for label in ("ARG0", "ARG1", "ARG2", "V", "ARGM-TMP")}) == 5
    assert tone_of("nobody knows it") == tone_of("nobody knows it")


def test_sentences_with_words_tags_and_entities():
    doc = Doc(
        Vocab(),
        words=["Ann", "left", "Oslo", "!", "\n", "Go"],
        spaces=[True, True, False, False, False, False],
        pos=["PROPN", "VERB", "PROPN", "PUNCT", "SPACE", "VERB"],
        ents=["B-PER", "O", "B-LOC", "O", "O", "O"],
        sent_starts=[True, False, False, False, False, True],
    )
    first, second = draw_doc(doc)
    boxes = [(box.label, [(word.text, word.tag) for word in box.words]) for box in first.boxes]
    assert boxes == [
        ("PER", [("Ann", "PROPN")]),
        ("", [("left", "VERB")]),
        ("LOC", [("Oslo", "PROPN")]),
        ("", [("!", "PUNCT")]),
    ]
    assert first.boxes[-1].words[-1].space  # the line end is one
    assert not first.boxes[-1].words[-1].shown
    assert [word.text for box in second.boxes for word in box.words] == ["Go"]


@pytest.mark.parametrize(
    ("words", "rtl"),
    [(["«", "12", "القاهرة", "Oslo"], True), (["1", "Oslo", "القاهرة"], False), (["1"], False)],
)
def test_direction_is_that_of_the_first_letters(words, rtl):
    assert draw_doc(Doc(Vocab(), words=words))[0].rtl == rtl


def test_gold_above_the_prediction(make_doc):
    text, left = "Ann left Oslo", (1, "leave.01", [(0, 1, "ARG0"), (2, 3, "ARG1")], [])
    cases = [
        (left, [["", "[ARG0 Ann] [V left] [ARG1 Oslo]"]]),
        (
            (1, "leave.02", [(0, 1, "ARG0")], []),
            [
                ["gold", "[ARG0 Ann] [V left] [ARG1 Oslo]!"],
                ["predicted", "[ARG0 Ann] [V left]"],
            ],
        ),
        (
            (2, "V", [], []),
            [
                ["gold", "[ARG0 Ann]! [V left]! [ARG1 Oslo]!"],
                ["predicted", ""],
                ["gold", ""],
                ["predicted", "[V Oslo]x"],
            ],
        ),
    ]
    for given_, expected in cases:
        gold, found = make_doc(text, [left]), make_doc(text, [given_])
        signs = {"missed": "!", "wrong": "x"}
        rows = [
            [
                row.kind,
                " ".join(f"[{i.label} {i.text}]{signs.get(i.status, '')}" for i in row.items),
            ]
            for pair in draw_example(Example(found, gold))[0].frames
            for row in pair
        ]
        assert rows == expected


def test_gold_tags_and_entities_are_shown_where_they_differ():
    words = ["Ann", "left", "Oslo"]
    gold = Doc(Vocab(), words=words, pos=["PROPN", "VERB", "PROPN"], ents=["B-PER", "O", "B-LOC"])
    found = Doc(gold.vocab, words=words, pos=["NOUN", "VERB", "PROPN"], ents=["O", "O", "B-LOC"])
    (drawing,) = draw_example(Example(found, gold))
    assert [word.gold for box in drawing.boxes for word in box.words] == ["PROPN", "", ""]
    assert [[row.kind, written(row.items)] for row in drawing.entities] == [
        ["gold", "[PER Ann] left [LOC Oslo]"],
        ["predicted", "[LOC Oslo]"],
    ]
    assert draw_example(Example(gold, gold))[0].entities == []
    other = Doc(gold.vocab, words=["Ann", "left", "Os", "lo"], spaces=[True, True, False, False])
    with pytest.raises(ValueError, match="has other words than the gold annotation"):
        draw_example(Example(other, gold))


def statuses(rows):
    return [(row.kind, row.title, [i.status for i in row.items if i.label]) for row in rows]


def test_layers_that_the_gold_annotation_lacks_are_not_compared(make_doc):
    found = make_doc("Ann left Oslo", [(1, "V", [(0, 1, "ARG0")], [])])
    found.set_ents([Span(found, 0, 1, "PER")])
    for token, pos in zip(found, ["PROPN", "VERB", "PROPN"]):
        token.pos_ = pos
    words = ["Ann", "left", "Oslo"]
    gold = Doc(found.vocab, words=words, tags=["NNP", "VBD", "NNP"])
    assert draw_example(Example(found, gold)) == draw_doc(found)
    gold = Doc(found.vocab, words=words, ents=["O", "O", "O"])
    (drawing,) = draw_example(Example(found, gold))
    assert drawing.frames == draw_doc(found)[0].frames
    assert statuses(drawing.entities) == [
        ("gold", "no entities", []),
        ("predicted", "entities", ["wrong"]),
    ]


def test_layers_that_the_prediction_lacks_are_not_missed(make_doc):
    gold = make_doc("Ann left Oslo", [(1, "V", [(0, 1, "ARG0")], [])])
    gold.set_ents([Span(gold, 0, 1, "PER")])
    found = Doc(gold.vocab, words=["Ann", "left", "Oslo"])
    (drawing,) = draw_example(Example(found, gold))
    assert statuses(drawing.entities) == [("gold", "entities", [""])]
    assert [statuses(rows) for rows in drawing.frames] == [[("gold", "left", ["", ""])]]
    found = Doc(gold.vocab, words=["Ann", "left", "Oslo"], ents=["O", "O", "O"])
    set_propositions(found, [], annotated=[(0, 3)])
    (drawing,) = draw_example(Example(found, gold))
    assert statuses(drawing.entities) == [
        ("gold", "entities", ["missed"]),
        ("predicted", "no entities", []),
    ]
    assert [statuses(rows) for rows in drawing.frames] == [
        [("gold", "left", ["missed", "missed"]), ("predicted", "no predicate", [])]
    ]
    # Frames whose Doc says that it is annotated nowhere are drawn all the same.
    found = make_doc("Ann left Oslo", [(2, "V", [], [])])
    set_propositions(found, propositions(found), annotated=[])
    rows = [statuses(rows) for rows in draw_example(Example(found, gold))[0].frames]
    assert rows == [
        [("gold", "left", ["", ""])],
        [("gold", "no predicate", []), ("predicted", "Oslo", ["wrong"])],
    ]


def test_frames_are_compared_in_annotated_sentences_alone(make_doc):
    starts = [True, False, True, False]
    found = make_doc("He left She ran", [(1, "V", [], []), (3, "V", [], [])], starts)
    gold = Doc(found.vocab, words=["He", "left", "She", "ran"], sent_starts=starts)
    set_propositions(gold, [], annotated=[(2, 4)])
    rows = [[statuses(rows) for rows in each.frames] for each in draw_example(Example(found, gold))]
    assert rows == [
        [[("", "left", [""])]],
        [[("gold", "no predicate", []), ("predicted", "ran", ["wrong"])]],
    ]


@pytest.mark.parametrize(
    ("gold_ents", "absent", "expected"),
    [
        ([], [], []),
        ([("PER", 0, 1)], [], []),
        (
            [("ORG", 0, 1)],
            [],
            [("gold", "entities", ["missed"]), ("predicted", "entities", ["wrong", ""])],
        ),
        # of a word it is known that it is no LOC, but not what it is
        ([], [("LOC", 2, 3)], [("predicted", "entities", ["", "wrong"])]),
    ],
)
def test_entities_are_judged_as_their_scores_are(gold_ents, absent, expected):
    words = ["Ann", "left", "Oslo"]
    found = Doc(Vocab(), words=words, ents=["B-PER", "O", "B-LOC"])
    gold = Doc(found.vocab, words=words)
    gold.set_ents([Span(gold, *at, label) for label, *at in gold_ents], default="missing")
    if absent:
        gold.spans[NO_ENTITY] = [Span(gold, *at, label) for label, *at in absent]
    example = Example(found, gold)
    (drawing,) = draw_example(example)
    assert statuses(drawing.entities) == expected
    wrong = [o for o in find_outcomes([example], ["ents"]) if o.kind != "right"]
    assert bool(wrong) == bool(expected)


def test_predicates_set_by_hand_are_drawn():
    doc = Doc(Vocab(), words=["I", "run"])
    doc.spans[PREDICATES] = [Span(doc, 1, 2, label="run.02")]
    ((row,),) = draw_doc(doc)[0].frames
    assert (row.title, written(row.items)) == ("run.02", "[V run]")
