"""Scores of semantic roles, against counts by hand, a slow reading of bracket columns and the
CoNLL-2005 scorer itself (where SEQTAG_SRL_EVAL names srl-eval.pl)."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as given_settings
from hypothesis import strategies as st
from spacy.tokens import Doc
from spacy.training import Example
from spacy.vocab import Vocab

from spacy_seqtag.frames import set_propositions
from spacy_seqtag.pipeline.srl.score import count_roles, join_pieces, srl_score
from spacy_seqtag.schemes.propositions import Argument, Proposition

# Random propositions

ROLES = ["ARG0", "ARG1", "ARGM-TMP", "C-ARG0", "C-ARG1", "R-ARG0", "C-R-ARG0", "C-ARGM-TMP"]
LENGTH = 9


@st.composite
def proposition(draw, predicate):
    """A proposition over LENGTH words, without overlaps, touching pieces included."""
    arguments, parts = [], []
    position = 0
    while position < LENGTH:
        end = position + draw(st.integers(1, 3))
        if position <= predicate < end:
            end = predicate
        label = draw(st.sampled_from(["", "C-V", *ROLES]))
        if position < end <= LENGTH:
            if label == "C-V":
                parts.append((position, end))
            elif label:
                arguments.append(Argument(position, end, label))
        position = max(end, position + 1)
    roleset = draw(st.sampled_from(["V", "be.01", "go.02"]))
    return Proposition(predicate, roleset, arguments, parts)


@st.composite
def sentence(draw):
    """The propositions of one sentence."""
    predicates = draw(st.sets(st.integers(0, LENGTH - 1), max_size=3))
    return [draw(proposition(p)) for p in sorted(predicates)]


@st.composite
def pair(draw):
    """Gold propositions, and predicted ones that have much in common with them."""
    gold = draw(sentence())
    predicted = {p.predicate: p for p in draw(sentence())}
    for prop in gold:
        choice = draw(st.integers(0, 3))
        if choice == 1:
            predicted[prop.predicate] = prop
        elif choice >= 2:
            arguments = []
            for argument in prop.arguments:
                if draw(st.booleans()):
                    arguments.append(argument)
                elif draw(st.booleans()):
                    arguments.append(argument._replace(role=draw(st.sampled_from(ROLES))))
            predicted[prop.predicate] = prop._replace(arguments=arguments)
    return gold, [predicted[p] for p in sorted(predicted)]


# A slow scorer that reads bracket columns, as srl-eval.pl does


def columns(props):
    """One sentence in the CoNLL-2005 format: a column of predicates, one of brackets for each."""
    targets = ["-"] * LENGTH
    table = [targets]
    for prop in sorted(props):
        targets[prop.predicate] = "x"
        tags = ["*"] * LENGTH
        spans = [(prop.predicate, prop.predicate + 1, "V"), *prop.arguments]
        spans += [(start, end, "C-V") for start, end in prop.parts]
        for start, end, role in spans:
            tags[start] = f"({role}{tags[start]}"
            tags[end - 1] += ")"
        table.append(tags)
    return [" ".join(row) for row in zip(*table)]


def read_columns(lines):
    """Predicate to a list of [role, first word, last word of each piece ...]."""
    rows = [line.split() for line in lines]
    result = {}
    targets = [i for i, row in enumerate(rows) if row[0] != "-"]
    for column, target in enumerate(targets, start=1):
        found = []
        is_open = False
        for i, row in enumerate(rows):
            match = re.fullmatch(r"(?:\(([^*]+))?\*(\))?", row[column])
            if match[1]:
                assert not is_open
                is_open = True
                role = match[1]
                before = [a for a in found if a[0] == role[2:]]
                if role[:2] == "C-" and before:
                    before[-1].append(i)
                    current = before[-1]
                elif role[:2] == "C-":
                    current = [role[2:], i]
                    found.append(current)
                else:
                    current = [role, i]
                    found.append(current)
            if match[2]:
                is_open = False
                current.append(i)
        result[target] = [a for a in found if a[0] != "V"]
    return result


def slow_counts(gold, predicted):
    """Role to [right, excess, missed]."""
    gold, predicted = read_columns(columns(gold)), read_columns(columns(predicted))
    table = {}
    for target in set(gold) | set(predicted):
        left = list(gold.get(target, []))
        for argument in predicted.get(target, []):
            row = table.setdefault(argument[0], [0, 0, 0])
            if argument in left:
                left.remove(argument)
                row[0] += 1
            else:
                row[1] += 1
        for argument in left:
            table.setdefault(argument[0], [0, 0, 0])[2] += 1
    return table


def as_table(counts):
    return {role: [c.tp, c.fp, c.fn] for role, c in counts.roles.items()}


@given(pair())
def test_counts_are_those_of_the_bracket_columns(props):
    gold, predicted = props
    counts = count_roles(gold, predicted)
    assert as_table(counts) == slow_counts(gold, predicted)
    all_roles = counts.arguments
    rows = slow_counts(gold, predicted).values()
    assert [all_roles.tp, all_roles.fp, all_roles.fn] == [sum(r[i] for r in rows) for i in range(3)]


@given_settings(max_examples=20)
@given(st.lists(pair(), min_size=1, max_size=40))
def test_counts_are_those_of_the_conll_2005_scorer(tmp_path_factory, pairs):
    script = os.environ.get("SEQTAG_SRL_EVAL")
    if not script or not Path(script).is_file():
        pytest.skip("set SEQTAG_SRL_EVAL to the path of srl-eval.pl")
    folder = tmp_path_factory.mktemp("props")
    table = {}
    with (folder / "gold").open("w") as gold_file, (folder / "predicted").open("w") as file:
        for gold, predicted in pairs:
            # The script passes over predicates that are not in the gold file.
            known = {p.predicate for p in gold}
            predicted = [p for p in predicted if p.predicate in known]
            gold_file.write("\n".join(columns(gold)) + "\n\n")
            file.write("\n".join(columns(predicted)) + "\n\n")
            for role, row in as_table(count_roles(gold, predicted)).items():
                table[role] = [a + b for a, b in zip(table.get(role, [0, 0, 0]), row)]
    command = ["perl", script, str(folder / "gold"), str(folder / "predicted")]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    theirs = {}
    for line in output.splitlines():
        cells = line.split()
        if len(cells) == 7 and cells[0] not in ("Overall", "V"):
            theirs[cells[0]] = [int(cell) for cell in cells[1:4]]
    assert table == theirs


@given(sentence())
def test_a_sentence_against_itself_is_perfect(props):
    counts = count_roles(props, props)
    assert counts.arguments.fp == counts.arguments.fn == 0
    assert counts.predicates.tp == len(props)
    assert counts.predicates.fp == counts.predicates.fn == 0
    assert counts.rolesets == counts.rolesets_right == sum(p.roleset != "V" for p in props)


@given(pair())
def test_swapping_gold_and_predicted_swaps_precision_and_recall(props):
    one, other = count_roles(*props), count_roles(*reversed(props))
    assert one.arguments.precision == other.arguments.recall
    assert one.arguments.recall == other.arguments.precision
    assert one.arguments.fscore == other.arguments.fscore
    assert one.predicates.precision == other.predicates.recall


# By hand


def args(*triples):
    return [Argument(*triple) for triple in triples]


def prop(predicate, *arguments, roleset="V", parts=()):
    return Proposition(predicate, roleset, args(*arguments), list(parts))


def test_pieces_join_the_last_argument_of_their_role():
    arguments = args((0, 1, "ARG1"), (2, 3, "ARG1"), (4, 5, "C-ARG1"), (6, 7, "C-ARG1"))
    assert join_pieces(arguments) == [("ARG1", ((0, 1),)), ("ARG1", ((2, 3), (4, 5), (6, 7)))]


def test_a_piece_without_an_argument_before_it_is_an_argument():
    assert join_pieces(args((4, 5, "ARG1"), (0, 1, "C-ARG1"))) == [
        ("ARG1", ((0, 1),)),
        ("ARG1", ((4, 5),)),
    ]


def test_a_piece_continues_a_reference_only_by_name():
    assert join_pieces(args((0, 1, "R-ARG1"), (2, 3, "C-ARG1"))) == [
        ("R-ARG1", ((0, 1),)),
        ("ARG1", ((2, 3),)),
    ]


@pytest.mark.parametrize(
    ("predicted", "expected"),
    [
        # the whole
        (prop(2, (0, 2, "ARG1"), (3, 5, "C-ARG1")), {"ARG1": [1, 0, 0]}),
        # the first piece alone; a wrong second piece; touching pieces are no single span
        (prop(2, (0, 2, "ARG1")), {"ARG1": [0, 1, 1]}),
        (prop(2, (0, 2, "ARG1"), (3, 6, "C-ARG1")), {"ARG1": [0, 1, 1]}),
        (prop(2, (0, 2, "ARG1"), (3, 4, "C-ARG1"), (4, 5, "C-ARG1")), {"ARG1": [0, 1, 1]}),
        # two arguments instead of one
        (prop(2, (0, 2, "ARG1"), (3, 5, "ARG1")), {"ARG1": [0, 2, 1]}),
        # another role; another predicate; nothing
        (prop(2, (0, 2, "ARG0"), (3, 5, "C-ARG0")), {"ARG0": [0, 1, 0], "ARG1": [0, 0, 1]}),
        (prop(5, (0, 2, "ARG1"), (3, 5, "C-ARG1")), {"ARG1": [0, 1, 1]}),
        (None, {"ARG1": [0, 0, 1]}),
    ],
)
def test_an_argument_in_two_pieces(predicted, expected):
    gold = prop(2, (0, 2, "ARG1"), (3, 5, "C-ARG1"))
    counts = count_roles([gold], [predicted] if predicted else [])
    assert as_table(counts) == expected


def test_references_count_on_their_own():
    gold = prop(3, (0, 2, "ARG0"), (2, 3, "R-ARG0"))
    assert as_table(count_roles([gold], [prop(3, (0, 2, "ARG0"))])) == {
        "ARG0": [1, 0, 0],
        "R-ARG0": [0, 0, 1],
    }


def test_the_predicate_and_its_parts_are_no_arguments():
    gold = prop(1, (0, 1, "ARG0"), parts=[(3, 4)])
    predicted = prop(1, (0, 1, "ARG0"), (1, 2, "V"), (5, 6, "C-V"))
    assert as_table(count_roles([gold], [predicted])) == {"ARG0": [1, 0, 0]}


def test_rolesets_count_where_they_are_known_and_the_predicate_was_found():
    gold = [prop(0, roleset="go.01"), prop(1, roleset="V"), prop(2, roleset="be.01"), prop(3)]
    found = [prop(0, roleset="go.02"), prop(1, roleset="go.01"), prop(5, roleset="be.01")]
    counts = count_roles(gold, found)
    assert (counts.rolesets, counts.rolesets_right) == (1, 0)
    assert (counts.predicates.tp, counts.predicates.fp, counts.predicates.fn) == (2, 1, 2)
    found.append(prop(2, roleset="be.01"))
    counts = count_roles(gold, found)
    assert (counts.rolesets, counts.rolesets_right) == (2, 1)


# Docs

WORDS = ["She", "gave", "him", "tea", ".", "He", "left", "."]
GAVE = prop(1, (0, 1, "ARG0"), (2, 3, "ARG2"), (3, 4, "ARG1"), roleset="give.01")
LEFT = prop(6, (5, 6, "ARG0"), roleset="leave.01")
BOTH = [(0, 5), (5, 8)]


def doc_with(props, annotated=(), words=WORDS, vocab=None, spaces=None):
    doc = Doc(vocab or Vocab(), words=words, spaces=spaces)
    if props is not None:
        set_propositions(doc, props, annotated=annotated)
    return doc


def score(gold, predicted, **kwargs):
    return srl_score([Example(predicted, gold)], **kwargs)


def test_scores_have_names_and_range():
    wrong = GAVE._replace(arguments=GAVE.arguments[:2] + args((3, 5, "ARG1")))
    scores = score(doc_with([GAVE, LEFT], BOTH), doc_with([wrong], BOTH))
    assert scores["srl_p"] == pytest.approx(2 / 3)
    assert scores["srl_r"] == pytest.approx(2 / 4)
    assert scores["srl_f"] == pytest.approx(2 * 2 / 7)
    assert scores["srl_per_type"]["ARG0"] == pytest.approx({"p": 1.0, "r": 0.5, "f": 2 / 3})
    assert scores["srl_per_type"]["ARG1"] == {"p": 0.0, "r": 0.0, "f": 0.0}
    assert scores["predicates_p"] == 1.0
    assert scores["predicates_r"] == 0.5
    assert scores["roleset_acc"] == 1.0
    assert list(scores["srl_per_type"]) == ["ARG0", "ARG1", "ARG2"]
    renamed = score(doc_with([GAVE], BOTH), doc_with([GAVE], BOTH), prefix="roles")
    assert renamed["roles_f"] == renamed["predicates_f"] == 1.0
    assert "roles_per_type" in renamed


def test_a_predicate_that_is_none_costs_precision():
    scores = score(doc_with([GAVE], BOTH), doc_with([GAVE, LEFT], BOTH))
    assert scores["srl_p"] == pytest.approx(3 / 4)
    assert scores["srl_r"] == 1.0
    assert scores["predicates_p"] == 0.5


def test_what_is_not_annotated_is_not_counted():
    # The second sentence is not annotated: what is predicted there is neither right nor wrong.
    scores = score(doc_with([GAVE], [(0, 5)]), doc_with([GAVE, LEFT], BOTH))
    assert scores["srl_p"] == scores["srl_r"] == scores["predicates_p"] == 1.0
    # Annotated without predicates, it is wrong.
    assert score(doc_with([GAVE], BOTH), doc_with([GAVE, LEFT], BOTH))["predicates_p"] == 0.5


@pytest.mark.parametrize("gold", [None, []])
def test_nothing_to_count_is_none(gold):
    scores = score(doc_with(gold), doc_with([GAVE, LEFT], BOTH))
    assert set(scores.values()) == {None}
    assert len(scores) == 20
    assert set(srl_score([]).values()) == {None}


def test_annotated_and_nothing_predicted_is_zero():
    scores = score(doc_with([GAVE, LEFT], BOTH), doc_with(None))
    assert scores["srl_f"] == scores["srl_p"] == scores["srl_r"] == scores["predicates_f"] == 0.0
    assert scores["roleset_acc"] is None


def test_documents_are_added_up():
    examples = [
        Example(doc_with([GAVE, LEFT], BOTH), doc_with([GAVE, LEFT], BOTH)),
        Example(doc_with([], BOTH), doc_with([GAVE, LEFT], BOTH)),
        Example(doc_with([LEFT], BOTH), doc_with(None)),
    ]
    scores = srl_score(examples)
    assert scores["srl_p"] == 1.0
    assert scores["srl_r"] == 0.5


# Other words than the gold ones

OTHER = ["She", " ", "gave", "him", "te", "a", ".", "He", "left."]


def test_other_words_are_compared_by_characters():
    spaces = [False, False, True, True, False, False, True, True, False]
    predicted = prop(
        2, (0, 2, "ARG0"), (3, 4, "ARG2"), (4, 6, "ARG1"), roleset="give.01"
    )  # ARG0 ends with a blank, "tea" is in two tokens
    left = prop(8, (7, 8, "ARG0"), roleset="leave.01")  # "left." begins where "left" does
    doc = doc_with([predicted, left], [(0, 9)], words=OTHER, spaces=spaces)
    gold_spaces = [True, True, True, False, True, True, False, False]
    scores = score(doc_with([GAVE, LEFT], BOTH, spaces=gold_spaces), doc)
    assert scores["srl_f"] == scores["predicates_f"] == scores["roleset_acc"] == 1.0


def test_other_words_with_wrong_boundaries_are_wrong():
    cut = prop(2, (0, 2, "ARG0"), (3, 4, "ARG2"), (4, 5, "ARG1"))  # "te"
    doc = doc_with([cut], [(0, 9)], words=OTHER)
    scores = score(doc_with([GAVE], BOTH), doc)
    assert scores["srl_per_type"]["ARG1"]["f"] == 0.0
    assert scores["srl_per_type"]["ARG2"]["f"] == 1.0


def test_other_words_outside_the_annotation_are_not_counted():
    left = prop(8, (7, 8, "ARG0"))
    gold = doc_with([], [(0, 5)])
    assert score(gold, doc_with([left], [(0, 9)], words=OTHER))["predicates_p"] is None
    gold = doc_with([], [(5, 8)])
    assert score(gold, doc_with([left], [(0, 9)], words=OTHER))["predicates_p"] == 0.0


def test_a_predicate_on_whitespace_at_the_end_does_not_fail():
    doc = doc_with([prop(8)], [(0, 9)], words=[*WORDS, "\n"])
    assert score(doc_with([GAVE], BOTH), doc)["predicates_r"] == 0.0


def test_other_text_is_an_error():
    with pytest.raises(ValueError, match=r"different texts.*She gave.*She gave him coffee"):
        score(doc_with([GAVE], BOTH), doc_with([], words=["She gave him coffee"]))
