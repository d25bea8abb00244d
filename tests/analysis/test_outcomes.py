"""Outcomes: how things are wrong, and that they count as the scorers count them."""

import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.scorer import Scorer
from spacy.tokens import Doc, Span
from spacy.training import Example
from spacy.vocab import Vocab

from spacy_seqtag.analysis.intervals import score, tally
from spacy_seqtag.analysis.outcomes import TITLES, find_outcomes
from spacy_seqtag.frames import set_propositions
from spacy_seqtag.pipeline.partial_score import entity_scores
from spacy_seqtag.pipeline.srl.score import srl_score
from spacy_seqtag.schemes.propositions import Argument, Proposition

VOCAB = Vocab()
WORDS = list("abcdefgh")


def make(ents=(), props=(), tags=()):
    doc = Doc(VOCAB, words=WORDS, pos=list(tags) or None)
    doc.set_ents([Span(doc, start, end, label) for label, start, end in ents])
    frames = [
        Proposition(place, roleset, [Argument(*argument) for argument in arguments], [])
        for place, roleset, arguments in props
    ]
    set_propositions(doc, frames, annotated=[(0, len(doc))], scores=[0.5] * len(frames))
    return doc


def outcomes(gold, found, task):
    return [(o.kind, o.gold, o.found) for o in find_outcomes([Example(found, gold)], [task])]


@pytest.mark.parametrize(
    ("gold", "found", "expected"),
    [
        ([("PER", 0, 2)], [("PER", 0, 2)], [("right", "PER", "PER")]),
        ([("PER", 0, 2)], [], [("missed", "PER", "")]),
        ([], [("PER", 0, 2)], [("spurious", "", "PER")]),
        ([("PER", 0, 2)], [("PER", 0, 1)], [("boundary", "PER", "PER")]),
        ([("PER", 0, 2)], [("ORG", 0, 2)], [("label", "PER", "ORG")]),
        ([("PER", 0, 2)], [("ORG", 1, 3)], [("boundary and label", "PER", "ORG")]),
        # the one that shares more words is taken for it, the other is spurious
        (
            [("PER", 0, 4)],
            [("PER", 0, 1), ("PER", 1, 4)],
            [("boundary", "PER", "PER"), ("spurious", "", "PER")],
        ),
    ],
)
def test_kinds_of_entities(gold, found, expected):
    assert outcomes(make(gold), make(found), "ents") == expected


@pytest.mark.parametrize(
    ("gold", "found", "expected"),
    [
        ([(0, 2, "ARG0")], [(0, 2, "ARG0")], [("right", "ARG0", "ARG0")]),
        ([(0, 2, "ARG0")], [(0, 2, "ARG1")], [("label", "ARG0", "ARG1")]),
        ([(0, 2, "ARG0")], [(0, 1, "ARG0")], [("boundary", "ARG0", "ARG0")]),
        # an argument of two pieces is one
        (
            [(0, 1, "ARG0"), (5, 6, "C-ARG0")],
            [(0, 1, "ARG0")],
            [("boundary", "ARG0", "ARG0")],
        ),
        ([(0, 2, "ARG0")], [(5, 6, "ARG0")], [("missed", "ARG0", ""), ("spurious", "", "ARG0")]),
    ],
)
def test_kinds_of_arguments(gold, found, expected):
    docs = [make(props=[(3, "x.01", each)]) for each in (gold, found)]
    assert outcomes(*docs, "srl") == expected


def test_arguments_of_wrong_predicates():
    gold = make(props=[(3, "x.01", [(0, 1, "ARG0")])])
    found = make(props=[(4, "x.01", [(0, 1, "ARG0")])])
    assert outcomes(gold, found, "srl") == [
        ("wrong predicate", "ARG0", ""),
        ("wrong predicate", "", "ARG0"),
    ]
    assert outcomes(gold, found, "predicates") == [("missed", "V", ""), ("spurious", "", "V")]
    assert outcomes(gold, found, "roleset") == []


def test_what_is_not_annotated_is_neither_right_nor_wrong():
    found = make([("PER", 0, 1)], [(3, "x.01", [(0, 1, "ARG0")])], ["NOUN"] * 8)
    assert list(find_outcomes([Example(found, Doc(VOCAB, words=WORDS))], TITLES)) == []


PLACES = st.tuples(st.integers(0, 7), st.integers(1, 3)).map(lambda p: (p[0], min(8, sum(p))))
ENTS = st.lists(st.tuples(st.sampled_from(["PER", "ORG"]), PLACES), max_size=4).map(
    lambda found: [(label, *place) for label, place in apart(found)]
)
ROLES = st.sampled_from(["ARG0", "ARG1", "C-ARG0", "R-ARG1"])
ARGUMENTS = st.lists(st.tuples(ROLES, PLACES), max_size=4).map(
    lambda found: [(*place, role) for role, place in apart(found)]
)
PROPS = st.dictionaries(
    st.integers(0, 7), st.tuples(st.sampled_from(["x.01", "x.02", "V"]), ARGUMENTS), max_size=3
).map(lambda found: [(place, *rest) for place, rest in sorted(found.items())])
TAGS = st.lists(st.sampled_from(["NOUN", "VERB"]), min_size=8, max_size=8)


def apart(found):
    """Those that overlap no earlier one."""
    taken, kept = set(), []
    for label, (start, end) in found:
        if not taken.intersection(range(start, end)):
            taken.update(range(start, end))
            kept.append((label, (start, end)))
    return kept


@given(st.lists(st.tuples(*[st.tuples(ENTS, PROPS, TAGS)] * 2), min_size=1, max_size=3))
def test_they_count_as_the_scorers_do(pairs):
    examples = [Example(make(*found), make(*gold)) for gold, found in pairs]
    expected = {
        **entity_scores(examples),
        **srl_score(examples),
        **Scorer.score_token_attr(examples, "pos"),
    }
    found = {task: [] for task in TITLES}
    for outcome in find_outcomes(examples, TITLES):
        found[outcome.task].append(outcome)
    names = {
        "ents": ("ents_p", "ents_r", "ents_f"),
        "srl": ("srl_p", "srl_r", "srl_f"),
        "predicates": ("predicates_p", "predicates_r", "predicates_f"),
        "roleset": (None, "roleset_acc", None),
        "pos": (None, "pos_acc", None),
    }
    for task, scores in names.items():
        counts = tally(found[task], len(examples)).total.counts.sum(axis=0)[0]
        for name, value in zip(scores, score(counts).tolist()):
            if name is not None and expected[name] is not None and counts.sum():
                # spaCy's precision of nothing is 0, and its recall.
                assert expected[name] == pytest.approx(0.0 if value != value else value)


def test_trained_pipelines_are_counted_as_they_are_scored(trained, mini_examples):
    examples = mini_examples(trained, 20, "dev")
    scores = trained.evaluate(examples)
    for example in examples:
        example.predicted = trained(example.predicted)
    found = list(find_outcomes(examples, ["pos", "ents"]))
    for task, name, column in (("pos", "pos_acc", 1), ("ents", "ents_f", 2)):
        counts = tally([o for o in found if o.task == task], 20).total.counts.sum(axis=0)[0]
        assert score(counts)[column] == pytest.approx(scores[name])
        assert all(o.confidence is not None for o in found if o.task == task and o.found)


def test_the_blank_pipeline_is_no_error():
    assert list(find_outcomes([Example(spacy.blank("en")(""), Doc(VOCAB))], TITLES)) == []
