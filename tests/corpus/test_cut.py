"""Cutting Docs."""

import itertools
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc, Span, SpanGroup
from spacy.vocab import Vocab

from spacy_seqtag.corpus.cut import cut_doc, sentence_bounds
from spacy_seqtag.corpus.plural import forms
from spacy_seqtag.frames import (
    annotated_tokens,
    get_frames,
    has_frames,
    problems,
    propositions,
    set_propositions,
)
from spacy_seqtag.schemes.propositions import Argument, Proposition


def pieces_of(doc, *edges):
    """The pieces between these token positions, and what the cuts went through."""
    notes = Counter()
    bounds = list(itertools.pairwise((0, *edges, len(doc))))
    pieces = list(cut_doc(doc, bounds, notes))
    return pieces, {forms(2, what): n for what, n in notes.items()}


def new_york(**kwargs):
    words = ["I", "saw", "New", "York", "today", "."]
    return Doc(Vocab(), words=words, sent_starts=[1, -1, -1, 1, -1, -1], **kwargs)


def test_a_cut_entity_is_missing():
    doc = new_york(ents=["B-PER", "O", "B-LOC", "I-LOC", "O", "O"])
    pieces, notes = pieces_of(doc, 3)
    assert [[t.ent_iob_ for t in piece] for piece in pieces] == [["B", "O", ""], ["", "O", "O"]]
    assert notes == {"entities reached over a cut: what is left of them counts as not annotated": 1}


def test_a_cut_stretch_stays_annotated():
    doc = new_york()
    props = [Proposition(1, "see.01", [Argument(0, 1, "ARG0")], []), Proposition(4, "V", [], [])]
    for stretches in ([(0, 6)], [(0, 3), (3, 6)]):
        set_propositions(doc, props, annotated=stretches)
        pieces, notes = pieces_of(doc, 3)
        assert [annotated_tokens(piece).tolist() for piece in pieces] == [[True] * 3] * 2
        assert [[str(f) for f in get_frames(piece)] for piece in pieces] == [
            ["[ARG0 I] [V saw]"],
            ["[V today]"],
        ]
        assert notes == {}


@pytest.mark.parametrize("marked", [True, False])
def test_a_frame_without_its_argument_is_not_annotated(marked):
    words = ["He", "left", "I", "saw", "New", "York", "fell", "down"]
    doc = Doc(Vocab(), words=words, sent_starts=[1, -1, 1, -1, -1, 1, -1, -1])
    props = [
        Proposition(1, "leave.01", [Argument(0, 1, "ARG0")], []),
        Proposition(3, "see.01", [Argument(2, 3, "ARG0"), Argument(4, 6, "ARG1")], []),
        Proposition(6, "fall.01", [Argument(5, 6, "ARG1")], [(7, 8)]),
    ]
    set_propositions(doc, props, annotated=[(0, 8)])
    if not marked:
        del doc.spans["srl_annotated"]
    (first, second), notes = pieces_of(doc, 5)
    assert [str(frame) for frame in get_frames(first)] == ["[ARG0 He] [V left]"]
    assert annotated_tokens(first).tolist() == [True] * 2 + [False] * 3
    assert [str(frame) for frame in get_frames(second)] == ["[ARG1 York] [V fell] [C-V down]"]
    assert annotated_tokens(second).all()
    assert not [problem for piece in (first, second) for problem in problems(piece)]
    (note,) = notes
    assert note.startswith("sentences have arguments beyond a cut")


def test_an_argument_wholly_beyond_a_cut():
    doc = new_york()
    set_propositions(
        doc, [Proposition(1, "see.01", [Argument(4, 5, "ARGM-TMP")], [])], annotated=[(0, 6)]
    )
    (first, second), _ = pieces_of(doc, 3)
    assert not has_frames(first)
    assert annotated_tokens(second).all()
    assert len(second.spans["srl"]) == 0


def test_other_groups_are_counted():
    doc = new_york()
    doc.spans["x"] = [Span(doc, 2, 4, "A"), Span(doc, 3, 4, "B")]
    (first, second), notes = pieces_of(doc, 3)
    assert [[s.label_ for s in piece.spans["x"]] for piece in (first, second)] == [[], ["B"]]
    assert notes == {"spans of other groups reached over a cut and were left out": 1}


@st.composite
def long_docs(draw):
    """A Doc of short sentences in which all that is annotated may go over their bounds."""
    starts = [True, *draw(st.lists(st.booleans(), max_size=9))]
    n = len(starts)
    tokens = st.integers(0, n - 1)

    def place(first=0, last=n):
        start = draw(st.integers(first, last - 1))
        return start, draw(st.integers(start + 1, min(start + 4, last)))

    ents = []
    while len(ents) < n:
        size = draw(st.integers(1, 3))
        ents += draw(st.sampled_from([["B-A", *["I-A"] * (size - 1)], ["O"], [""]]))
    words = draw(st.lists(st.sampled_from(["a", "bb", "ccc"]), min_size=n, max_size=n))
    spaces = draw(st.lists(st.booleans(), min_size=n, max_size=n))
    doc = Doc(Vocab(), words=words, spaces=spaces, sent_starts=starts, ents=ents[:n])
    spans = [Span(doc, *place(), label=f"X{i}") for i in range(draw(st.integers(0, 4)))]
    attrs = {"scores": [i / 8 for i in range(len(spans))], "source": "abc"}
    doc.spans["x"] = SpanGroup(doc, name="x", spans=spans, attrs=attrs)
    bounds = sentence_bounds(doc)
    props = []
    for token in sorted(draw(st.sets(tokens, max_size=4))):
        own = next(bound for bound in bounds if bound[0] <= token < bound[1])
        arguments = [place(*draw(st.sampled_from([own, own, (0, n)]))) for _ in range(2)]
        arguments = [Argument(*argument, f"ARG{i}") for i, argument in enumerate(arguments)]
        parts = [place(*own)] * draw(st.integers(0, 1))
        props.append(Proposition(token, f"go.{token:02}", arguments, parts))
    annotated = draw(st.lists(st.sampled_from([*bounds, (0, n)]), unique=True))
    scores = [prop.predicate / 16 for prop in props]
    set_propositions(doc, props, annotated=annotated, scores=scores)
    if not annotated:
        del doc.spans["srl_annotated"]
    for token in draw(st.sets(tokens)):
        doc.user_data["._.", "of_token", doc[token].idx, None] = (token, token + 1)
    for start, end in [place() for _ in range(draw(st.integers(0, 3)))]:
        span = doc[start:end]
        doc.user_data["._.", "of_span", span.start_char, span.end_char] = (start, end)
    doc.user_data["._.", "of_doc", None, None] = doc.user_data["plain"] = ["all"]
    doc.user_data["sent_ids"] = [f"s{i}" for i in range(len(bounds))]
    edges = sorted({0, n, *(a for a, _ in bounds if draw(st.booleans()))})
    return doc, list(itertools.pairwise(edges))


@settings(max_examples=200)
@given(long_docs())
def test_pieces_are_what_lies_within(given):
    doc, bounds = given
    notes = Counter()
    pieces = list(cut_doc(doc, bounds, notes))
    sentences = sentence_bounds(doc)
    places = {(start, end): n for n, (start, end) in enumerate(bounds)}

    def piece_of(token):
        return next(n for (start, end), n in places.items() if start <= token < end)

    def whole(start, end):
        return piece_of(start) == piece_of(end - 1)

    frames = propositions(doc)
    lost = {
        sentence
        for prop in frames
        for start, end in [*(a[:2] for a in prop.arguments), *prop.parts]
        if {piece_of(start), piece_of(end - 1)} != {piece_of(prop.predicate)}
        for sentence in sentences
        if sentence[0] <= prop.predicate < sentence[1]
    }
    bad_tokens = {token for sentence in lost for token in range(*sentence)}
    cut_ents = [ent for ent in doc.ents if not whole(ent.start, ent.end)]
    missing = {token.i for ent in cut_ents for token in ent}
    covered = annotated_tokens(doc)
    group = doc.spans["x"]
    assert sorted(notes.values()) == sorted(
        filter(None, [len(cut_ents), len(lost), sum(not whole(s.start, s.end) for s in group)])
    )
    assert len(pieces) == len(bounds)
    for piece, (start, end) in zip(pieces, bounds):
        tokens = range(start, end)
        assert [token.text_with_ws for token in piece] == [doc[i].text_with_ws for i in tokens]
        assert [token.ent_iob_ for token in piece] == [
            "" if i in missing else doc[i].ent_iob_ for i in tokens
        ]
        rows = [i for i, s in enumerate(group) if start <= s.start and s.end <= end]
        assert [(s.start + start, s.end + start, s.label_) for s in piece.spans["x"]] == [
            (group[i].start, group[i].end, group[i].label_) for i in rows
        ]
        assert piece.spans["x"].attrs == {"scores": [i / 8 for i in rows], "source": "abc"}
        own = [p for p in frames if p.predicate in tokens and p.predicate not in bad_tokens]
        assert propositions(piece) == [prop.moved(-start) for prop in own]
        assert [frame.confidence for frame in get_frames(piece)] == [p.predicate / 16 for p in own]
        assert annotated_tokens(piece).tolist() == [
            bool(covered[i]) and i not in bad_tokens for i in tokens
        ]
        data = {"plain": ["all"], ("._.", "of_doc", None, None): ["all"]}
        data["sent_ids"] = [f"s{i}" for i, (first, _) in enumerate(sentences) if first in tokens]
        offset = doc[start].idx
        for key, value in doc.user_data.items():
            if isinstance(value, tuple) and start <= value[0] and value[1] <= end:
                chars = [None if char is None else char - offset for char in key[2:]]
                data[("._.", key[1], *chars)] = value
        assert piece.user_data == data


class WatchedDoc(Doc):
    """Counts what goes through all of the Doc."""

    n_looks = 0

    @property
    def ents(self):
        self.n_looks += 1
        return Doc.ents.__get__(self)

    def to_array(self, attrs):
        self.n_looks += 1
        return super().to_array(attrs)


def test_cutting_goes_through_a_doc_once(count_steps):
    def cut(n):
        words, starts = ["a"] * 3 * n, [1, -1, -1] * n
        doc = WatchedDoc(Vocab(), words=words, sent_starts=starts, ents=["O", "B-A", "I-A"] * n)
        doc.spans["x"] = [Span(doc, i, i + 1, "X") for i in range(0, len(doc), 3)]
        bounds = sentence_bounds(doc)
        props = [Proposition(a, "V", [Argument(a + 1, b, "ARG1")], []) for a, b in bounds]
        set_propositions(doc, props, annotated=bounds)
        doc.user_data |= {("._.", "x", token.idx, None): 1 for token in doc}
        doc.n_looks = 0
        steps = count_steps(lambda: list(cut_doc(doc, bounds)))
        return doc.n_looks, steps

    (looks, steps), (more_looks, more_steps) = cut(50), cut(100)
    assert looks == more_looks
    assert more_steps < 2.2 * steps


def test_a_doc_stored_after_tokens_were_merged_is_cut_by_its_words():
    doc = Doc(Vocab(), words=["He", "left", ".", "Ann", "Lee", "came", "."])
    for token in doc:
        token.is_sent_start = token.i in (0, 3)
    props = [Proposition(5, "come.01", [Argument(3, 5, "ARG0")], [])]
    set_propositions(doc, props, annotated=[(0, 3), (3, 7)])
    stored = Doc(doc.vocab).from_bytes(doc.to_bytes())
    with stored.retokenize() as retokenizer:
        retokenizer.merge(stored[0:2])
    first, second = cut_doc(stored, [(0, 2), (2, 6)])
    assert [str(frame) for frame in first._.frames] == []
    assert [str(frame) for frame in second._.frames] == ["[ARG0 Ann Lee] [V came]"]
    assert annotated_tokens(first).all()
    assert annotated_tokens(second).all()


def test_cutting_keeps_scores_with_their_spans():
    doc = Doc(Vocab(), words=list("abcd"), sent_starts=[1, -1, 1, -1])
    spans = [Span(doc, i, i + 1, "go.01") for i in (0, 1, 3)]
    attrs = {"scores": [0.1, 0.2, 0.3], "roleset_scores": (0.4, 0.5, 0.6), "source": "abc"}
    doc.spans["predicates"] = SpanGroup(doc, name="predicates", spans=spans, attrs=attrs)
    first, second = cut_doc(doc, [(0, 2), (2, 4)])
    assert first.spans["predicates"].attrs["scores"] == [0.1, 0.2]
    assert second.spans["predicates"].attrs["scores"] == [0.3]
    assert list(second.spans["predicates"].attrs["roleset_scores"]) == [0.6]
    assert second.spans["predicates"].attrs["source"] == "abc"
    assert get_frames(second)[0].confidence == 0.3
    assert doc.spans["predicates"].attrs == attrs
