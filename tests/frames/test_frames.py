"""Frames: span groups through all that spaCy does with Docs, and views of them."""

import json
import pickle
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc, DocBin, Span, SpanGroup
from spacy.vocab import Vocab

from spacy_seqtag.frames import (
    ANNOTATED,
    ARGUMENTS,
    GROUPS,
    PARTS,
    PREDICATES,
    annotated_tokens,
    get_frames,
    has_frames,
    predicate_of,
    problems,
    propositions,
    set_propositions,
    slice_doc,
)
from spacy_seqtag.schemes.propositions import Argument, Proposition

WORDS = ["She", "gave", "it", "all", "up", ".", "Why", "?", "He", "had", "left", "early", "."]
STARTS = [0, 6, 8]
SENTS = [(0, 6), (6, 8), (8, 13)]
GAVE = Proposition(
    1, "give_up.02", [Argument(0, 1, "ARG0"), Argument(2, 4, "ARG1")], parts=[(4, 5)]
)
HAD = Proposition(9, "have.01", [], [])
LEFT = Proposition(10, "V", [Argument(8, 9, "ARG0"), Argument(11, 12, "ARGM-TMP")], [])
PROPS = [GAVE, HAD, LEFT]
SCORES = {
    "scores": [0.9, 0.8, 0.7],
    "roleset_scores": [0.6, 0.5, 0.4],
    "argument_scores": [[0.1, 0.2], [], [0.3, 0.4]],
}


@pytest.fixture
def vocab():
    return Vocab()


def make(vocab, props=PROPS, annotated=SENTS, **scores):
    doc = Doc(vocab, words=WORDS, sent_starts=[i in STARTS for i in range(len(WORDS))])
    set_propositions(doc, props, annotated=annotated, **scores)
    return doc


def moved(prop, by):
    return Proposition(
        prop.predicate + by,
        prop.roleset,
        [Argument(start + by, end + by, role) for start, end, role in prop.arguments],
        [(start + by, end + by) for start, end in prop.parts],
    )


def confidences(doc):
    return [(f.confidence, f.roleset_confidence, f.argument_confidences) for f in get_frames(doc)]


ALL_CONFIDENCES = [(0.9, 0.6, (0.1, 0.2)), (0.8, 0.5, ()), (0.7, 0.4, (0.3, 0.4))]


# Views


def test_what_is_set_is_what_is_read(vocab):
    doc = make(vocab, **SCORES)
    assert propositions(doc) == PROPS
    assert list(problems(doc)) == []
    frame = doc._.frames[0]
    assert frame.predicate.text == "gave"
    assert frame.roleset == frame.predicate.label_ == "give_up.02"
    assert [(a.text, a.label_) for a in frame.arguments] == [("She", "ARG0"), ("it all", "ARG1")]
    assert [part.text for part in frame.parts] == ["up"]
    assert confidences(doc) == ALL_CONFIDENCES
    assert [span.id_ for span in doc.spans[ARGUMENTS]] == ["+1", "-1", "+2", "-1"]


def test_setting_replaces_what_is_there(vocab):
    doc = make(vocab, **SCORES)
    set_propositions(doc, [HAD], annotated=[(8, 13)])
    assert propositions(doc) == [HAD]
    assert annotated_tokens(doc).tolist() == [i >= 8 for i in range(13)]
    assert confidences(doc) == [(None, None, ())]


def test_frames_come_in_the_order_of_their_words(vocab):
    shuffled = [LEFT, GAVE._replace(arguments=GAVE.arguments[::-1]), HAD]
    doc = make(
        vocab, shuffled, scores=[0.7, 0.9, 0.8], argument_scores=[[0.3, 0.4], [0.2, 0.1], []]
    )
    assert propositions(doc) == PROPS
    assert [(p, a) for p, _, a in confidences(doc)] == [(p, a) for p, _, a in ALL_CONFIDENCES]


def test_text_of_a_frame(vocab):
    assert [str(frame) for frame in make(vocab)._.frames] == [
        "[ARG0 She] [V gave] [ARG1 it all] [C-V up]",
        "[V had]",
        "[ARG0 He] [V left] [ARGM-TMP early]",
    ]


@pytest.mark.parametrize("dtype", [None, np.float32])
def test_dict_of_a_frame_is_json(vocab, dtype):
    scores = {
        name: value if dtype is None else [np.asarray(v, dtype=dtype) for v in value]
        for name, value in SCORES.items()
    }
    dicts = [frame.to_dict() for frame in make(vocab, **scores)._.frames]
    assert json.loads(json.dumps(dicts)) == dicts
    gave = dicts[0]
    assert gave["roleset"] == "give_up.02"
    assert gave["roleset_confidence"] == pytest.approx(0.6)
    assert gave["predicate"] == {
        "text": "gave",
        "start": 1,
        "end": 2,
        "start_char": 4,
        "end_char": 8,
        "confidence": pytest.approx(0.9),
    }
    assert gave["arguments"][1] == {
        "role": "ARG1",
        "description": None,
        "text": "it all",
        "start": 2,
        "end": 4,
        "start_char": 9,
        "end_char": 15,
        "confidence": pytest.approx(0.2),
    }
    up = {"text": "up", "start": 4, "end": 5, "start_char": 16, "end_char": 18}
    assert gave["parts"] == [{**up, "confidence": None}]


def test_dict_of_a_frame_without_confidence(vocab):
    gave = make(vocab)._.frames[0].to_dict()
    assert gave["predicate"]["confidence"] is None
    assert [a["confidence"] for a in gave["arguments"]] == [None, None]


def test_no_layer_is_not_an_empty_layer(vocab):
    bare = Doc(vocab, words=WORDS)
    empty = make(vocab, [])
    second = make(vocab, [], annotated=[(6, 8)])
    assert bare._.frames == empty._.frames == second._.frames == []
    assert [has_frames(doc) for doc in (bare, empty, second)] == [False, True, True]
    assert not annotated_tokens(bare).any()
    assert annotated_tokens(empty).all()
    assert np.flatnonzero(annotated_tokens(second)).tolist() == [6, 7]
    # A Doc in which no sentence carries the layer has it as little as one without groups.
    assert not has_frames(make(vocab, [], annotated=[]))


def test_predicates_without_stretches_annotate_the_whole_doc(vocab):
    doc = Doc(vocab, words=WORDS)
    doc.spans[PREDICATES] = [Span(doc, 1, 2, label="V")]
    assert has_frames(doc)
    assert annotated_tokens(doc).all()
    assert [str(frame) for frame in doc._.frames] == ["[V gave]"]


@pytest.mark.parametrize("span_id", ["", "here", "-9", "+30"])
def test_an_argument_that_leads_nowhere_is_passed_over(vocab, span_id):
    doc = make(vocab)
    stray = Span(doc, 2, 4, label="ARG1", span_id=span_id)
    doc.spans[ARGUMENTS] = [stray]
    assert predicate_of(stray) is None
    assert [frame.arguments for frame in doc._.frames] == [[], [], []]
    assert len(list(problems(doc))) == 1


def test_confidences_that_fit_no_span_are_none(vocab):
    doc = make(vocab, **SCORES)
    group = doc.spans[ARGUMENTS]
    doc.spans[ARGUMENTS] = SpanGroup(doc, spans=list(group)[:-1], attrs=group.attrs)
    assert [frame.argument_confidences for frame in doc._.frames] == [
        (None, None),
        (),
        (None,),
    ]
    assert [frame.confidence for frame in doc._.frames] == [0.9, 0.8, 0.7]


# What spaCy does with Docs


def through_docbin(store_user_data):
    def through(doc):
        data = DocBin(docs=[doc], store_user_data=store_user_data).to_bytes()
        # A vocabulary that knows no string of the Doc's.
        return next(DocBin().from_bytes(data).get_docs(Vocab()))

    return through


def through_pickle(doc):
    return pickle.loads(pickle.dumps(doc))


def through_bytes(doc):
    return Doc(doc.vocab).from_bytes(doc.to_bytes())


WAYS = {
    "DocBin": through_docbin(False),
    "DocBin with user data": through_docbin(True),
    "pickle": through_pickle,
    "copy": Doc.copy,
    "bytes": through_bytes,
    "slice of all": lambda doc: slice_doc(doc[:]),
    "method": lambda doc: doc[:]._.as_doc(),
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
def test_frames_survive(vocab, way):
    doc = way(make(vocab, **SCORES))
    assert propositions(doc) == PROPS
    assert confidences(doc) == ALL_CONFIDENCES
    assert [frame.roleset for frame in doc._.frames] == ["give_up.02", "have.01", "V"]
    partly = way(make(vocab, [], annotated=[(6, 8)]))
    assert has_frames(partly)
    assert np.flatnonzero(annotated_tokens(partly)).tolist() == [6, 7]
    assert partly._.frames == []
    assert not has_frames(way(Doc(vocab, words=WORDS)))


def test_frames_survive_merging(vocab):
    bare = Doc(vocab, words=["Nobody", "knows", "."])
    doc = Doc.from_docs([make(vocab, **SCORES), bare, make(vocab, [], SENTS[:2]), make(vocab)])
    n = len(WORDS)
    assert propositions(doc) == [*PROPS, *(moved(p, 2 * n + 3) for p in PROPS)]
    # Neither the Doc without the layer nor the sentence without it has become empty.
    expected = [True] * n + [False] * 3 + [True] * 8 + [False] * 5 + [True] * n
    assert annotated_tokens(doc).tolist() == expected
    assert list(problems(doc)) == []


def test_a_predicate_that_was_merged_and_split_again_keeps_its_arguments(vocab):
    doc = Doc(vocab, words=["Maria", "will", "have", "flown", "home"])
    prop = Proposition(3, "fly.01", [Argument(0, 1, "ARG0"), Argument(4, 5, "ARGM-DIR")], [])
    set_propositions(doc, [prop], annotated=[(0, 5)])
    with doc.retokenize() as retokenizer:
        retokenizer.merge(doc[1:4])
    assert str(get_frames(doc)[0]) == "[ARG0 Maria] [V will have flown] [ARGM-DIR home]"
    with doc.retokenize() as retokenizer:
        orths = ["will ", "have ", "flown"]
        retokenizer.split(doc[1], orths, heads=[(doc[1], 1), (doc[1], 2), doc[0]])
    assert str(get_frames(doc)[0]) == "[ARG0 Maria] [V will have flown] [ARGM-DIR home]"


def test_merging_leaves_no_wrong_confidence(vocab):
    # spaCy drops the attributes of the groups.
    other = make(vocab, [LEFT], scores=[0.2], roleset_scores=[0.2], argument_scores=[[0.2, 0.2]])
    for docs in ([make(vocab, **SCORES), other], [make(vocab, []), other], [other]):
        for i, (p, roleset, arguments) in enumerate(confidences(Doc.from_docs(docs))):
            right = ALL_CONFIDENCES[i] if len(docs[0]._.frames) == 3 and i < 3 else (0.2,) * 3
            assert p in (None, right[0])
            assert roleset in (None, right[1])
            assert set(arguments) <= {None, 0.2, *np.ravel(right[2])}


# Slices


@given(st.data())
def test_slices_keep_what_lies_within(data):
    start = data.draw(st.integers(0, len(WORDS) - 1))
    end = data.draw(st.integers(start + 1, len(WORDS)))
    doc = make(Vocab(), **SCORES)
    piece = slice_doc(doc[start:end])
    assert [token.text for token in piece] == WORDS[start:end]
    expected, expected_confidences = [], []
    for prop, (p, roleset, scores) in zip(PROPS, ALL_CONFIDENCES):
        if start <= prop.predicate < end:
            inside = [start <= a.start and a.end <= end for a in prop.arguments]
            cut = prop._replace(
                arguments=[a for a, is_in in zip(prop.arguments, inside) if is_in],
                parts=[(s, e) for s, e in prop.parts if start <= s and e <= end],
            )
            expected.append(moved(cut, -start))
            kept = tuple(score for score, is_in in zip(scores, inside) if is_in)
            expected_confidences.append((p, roleset, kept))
    assert propositions(piece) == expected
    assert confidences(piece) == expected_confidences
    assert all(predicate_of(a) is not None for a in piece.spans[ARGUMENTS])
    whole = [s for s in SENTS if start <= s[0] and s[1] <= end]
    annotated = {i - start for first, last in whole for i in range(first, last)}
    assert set(np.flatnonzero(annotated_tokens(piece)).tolist()) == annotated


def test_slice_without_stretches_is_annotated_where_sentences_are_whole(vocab):
    doc = make(vocab)
    del doc.spans[ANNOTATED]
    assert annotated_tokens(slice_doc(doc[4:10])).tolist() == [False] * 2 + [True] * 2 + [False] * 2
    assert annotated_tokens(slice_doc(doc[0:13])).all()
    unknown = Doc(vocab, words=WORDS)
    set_propositions(unknown, PROPS, annotated=[])
    del unknown.spans[ANNOTATED]
    assert not has_frames(slice_doc(unknown[0:6]))
    assert len(slice_doc(unknown[0:6])._.frames) == 1


def test_slice_of_a_doc_without_the_layer_has_none(vocab):
    piece = slice_doc(Doc(vocab, words=WORDS)[2:5])
    assert not has_frames(piece)
    assert not set(GROUPS) & set(piece.spans)


def test_slice_leaves_the_doc_alone_and_takes_numpy_scores(vocab):
    doc = make(vocab)
    doc.spans[PREDICATES].attrs["scores"] = np.asarray([0.25, 0.5, 0.75])
    doc.spans[PREDICATES].attrs["source"] = ["a", "b"]
    piece = slice_doc(doc[8:13])
    assert [frame.confidence for frame in piece._.frames] == [0.5, 0.75]
    assert piece.spans[PREDICATES].attrs["source"] == ["a", "b"]
    assert len(doc.spans[PREDICATES].attrs["scores"]) == 3
    assert propositions(doc) == PROPS


def test_slice_passes_arguments_on_to_spacy(vocab):
    doc = make(vocab)
    doc.user_data["source"] = "here"
    assert doc[0:3]._.as_doc().user_data.get("source") is None
    assert doc[0:3]._.as_doc(copy_user_data=True).user_data["source"] == "here"


# Problems


@pytest.mark.parametrize(
    ("group", "start", "end", "span_id", "message"),
    [
        (PREDICATES, 1, 3, "", "one token"),
        (PREDICATES, 1, 2, "", "another predicate"),
        (ARGUMENTS, 2, 4, "2", "points to 'up'"),
        (ARGUMENTS, 6, 7, "-5", "outside the sentence"),
        (ARGUMENTS, 0, 2, "+1", "covers its own"),
        (ARGUMENTS, 3, 4, "-2", "overlaps 'it all'"),
        (PARTS, 2, 3, "-1", "overlaps 'it all'"),
        (PARTS, 2, 3, "x", "no token"),
        (ARGUMENTS, 2, 3, "-7", "outside the Doc of 13"),
    ],
)
def test_problems_are_named(vocab, group, start, end, span_id, message):
    doc = make(vocab)
    doc.spans[group] = [*doc.spans[group], Span(doc, start, end, label="ARG2", span_id=span_id)]
    lines = list(problems(doc))
    assert lines
    assert any(re.search(message, line) for line in lines)
    assert all(f"doc.spans['{group}']" in line for line in lines)


def test_a_predicate_outside_the_annotation_is_a_problem(vocab):
    (line,) = problems(make(vocab, [GAVE], annotated=[(6, 13)]))
    assert "'gave'" in line
    assert ANNOTATED in line
