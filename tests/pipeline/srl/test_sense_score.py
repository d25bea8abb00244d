"""Roles that are right only with the right sense, against PriMeSRL-Eval's published examples."""

import pytest
from hypothesis import given

from spacy_seqtag.pipeline.srl.score import count_roles
from spacy_seqtag.pipeline.srl.sense_score import count_senses, is_core
from spacy_seqtag.schemes.propositions import Argument, Proposition

from .test_score import sentence


def prop(text):
    """A proposition: `predicate roleset role:start-end …`."""
    predicate, roleset, *arguments = text.split()
    found = [cell.rsplit(":", 1) for cell in arguments]
    spans = [(role, *map(int, span.split("-"))) for role, span in found]
    arguments = sorted(Argument(start, end, role) for role, start, end in spans)
    return Proposition(int(predicate), roleset, arguments, [])


# Tables 1 to 3 of the paper. "Yesterday, John bought a car."
BOUGHT = "AM-TMP:0-1 A0:2-3 A1:4-6"
# "Many confusing questions have been taxing my mind for years about Egypt and its people."
TAXING = "5 tax.01 {}:0-3 A2:6-8 AM-TMP:8-10 {}:10-15"
# "This is exactly a road that leads nowhere."
LEADS = "6 lead.01 {}:{} {}:5-6 A4:7-8"

SENSE = f"3 buy.01 {BOUGHT}"
C = TAXING.format("A0", "C-A0")
R = LEADS.format("A0", "0-5", "R-A0")
PUBLISHED = [
    # gold, predicted, precision and recall of all, then of core arguments
    (SENSE, SENSE, (1, 1), (1, 1)),
    (SENSE, f"3 buy_out.03 {BOUGHT}", (1 / 3, 1 / 3), (0, 0)),
    (SENSE, f"3 buy.05 {BOUGHT}", (1 / 3, 1 / 3), (0, 0)),
    (SENSE, f"3 sell.01 {BOUGHT}", (1 / 3, 1 / 3), (0, 0)),
    (C, C, (1, 1), (1, 1)),
    (C, TAXING.format("A0", "C-A1"), (1 / 2, 2 / 3), (1 / 3, 1 / 2)),
    (C, TAXING.format("A1", "C-A0"), (1 / 2, 2 / 3), (1 / 3, 1 / 2)),
    (C, TAXING.format("A1", "C-A1"), (2 / 3, 2 / 3), (1 / 2, 1 / 2)),
    (C, TAXING.format("C-A0", "A0"), (1, 1), (1, 1)),
    (C, TAXING.format("A1", "C-A2"), (1 / 3, 1 / 3), (0, 0)),
    (C, TAXING.format("C-A0", "C-A0"), (1, 1), (1, 1)),
    (C, "5 tax.01 C-A0:0-3 A2:6-8 AM-TMP:8-10", (2 / 3, 2 / 3), (1 / 2, 1 / 2)),
    (R, R, (1, 1), (1, 1)),
    (R, LEADS.format("A1", "0-5", "R-A0"), (1 / 3, 1 / 3), (1 / 3, 1 / 3)),
    (R, LEADS.format("A0", "0-5", "R-A1"), (2 / 3, 2 / 3), (2 / 3, 2 / 3)),
    (R, LEADS.format("A1", "0-5", "R-A1"), (1 / 3, 1 / 3), (1 / 3, 1 / 3)),
    (R, LEADS.format("A0", "3-4", "R-A0"), (1 / 3, 1 / 3), (1 / 3, 1 / 3)),
    (R, LEADS.format("R-A0", "0-5", "R-A0"), (1 / 3, 1 / 3), (1 / 3, 1 / 3)),
    (R, LEADS.format("R-A0", "0-5", "A0"), (1 / 3, 1 / 3), (1 / 3, 1 / 3)),
]


@pytest.mark.parametrize("name", ["A", "ARG"])
@pytest.mark.parametrize(("gold", "predicted", "of_all", "of_core"), PUBLISHED)
def test_published_examples(gold, predicted, of_all, of_core, name):
    one, other = (prop(text.replace("A", name)) for text in (gold, predicted))
    counts = count_senses([one], [other])
    everything = counts.core + counts.others
    assert (everything.precision, everything.recall) == pytest.approx(of_all)
    assert (counts.core.precision, counts.core.recall) == pytest.approx(of_core)


@pytest.mark.parametrize(
    ("gold", "predicted", "core", "others"),
    [
        # Where the gold roleset is unknown, none is wrong; a predicted one may be unknown, too.
        ("1 V A0:0-1", "1 go.01 A0:0-1", (1, 0, 0), (0, 0, 0)),
        ("1 go.01 A0:0-1", "1 V A0:0-1", (0, 1, 1), (0, 0, 0)),
        # Arguments of a predicate that is none, and of one that was missed.
        ("1 go.01 A0:0-1 AM-TMP:2-3", "4 go.01 A0:0-1", (0, 1, 1), (0, 0, 1)),
        ("1 go.01 R-AM-LOC:0-1", "1 no.01 R-AM-LOC:0-1", (0, 0, 0), (1, 0, 0)),
    ],
)
def test_what_is_counted(gold, predicted, core, others):
    counts = count_senses([prop(gold)], [prop(predicted)])
    assert (counts.core.tp, counts.core.fp, counts.core.fn) == core
    assert (counts.others.tp, counts.others.fp, counts.others.fn) == others


def test_which_roles_are_core():
    roles = ("ARG0", "A5", "C-A1", "R-ARG2", "C-R-A3")
    assert all(map(is_core, roles))
    assert not any(map(is_core, ("ARGM-TMP", "AM-TMP", "ARGA", "R-AM-LOC", "X", "V")))


@given(sentence())
def test_what_agrees_is_right(gold):
    counts = count_senses(gold, gold)
    assert counts.core.fp == counts.core.fn == counts.others.fp == counts.others.fn == 0
    # Each argument is counted once, wherever its pieces are.
    found = counts.core.tp + counts.others.tp
    assert found <= count_roles(gold, gold).arguments.tp
