"""Scores of semantic roles that are right only with the right sense, as PriMeSRL-Eval counts them.

Jindal et al. 2022, "PriMeSRL-Eval: A Practical Quality Metric for Semantic Role Labeling Systems
Evaluation", https://arxiv.org/abs/2210.06408. The numbered roles of a predicate mean what its
roleset says, so with a wrong roleset none of them is right. Others (`ARGM-TMP`) mean the same with
any roleset. What differs from CoNLL-2005 besides:

- `C-X` belongs to the first `X` of its predicate, before it or after it, and where there is none
  it is an `X`. So `C-X X` is the same argument as `X C-X`.
- `R-X` is right only if the `X` that it refers to is right: the same words on both sides.

Spans are compared here, where PriMeSRL-Eval makes them of heads.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from spacy.scorer import PRFScore

from ...schemes.propositions import CONTINUES, PREDICATE, Argument, Proposition, propbank_role
from .decode import CORE_ROLES

REFERS = "R-"

Pieces = tuple[tuple[int, int], ...]


class SenseArgument(NamedTuple):
    """An argument as it is compared.

    role (str): Without `C-`.
    pieces (Pieces): Start and end of each, in order.
    referent (Pieces): For `R-X` the first piece of the `X` that it refers to; empty where there is
        none.
    """

    role: str
    pieces: Pieces
    referent: Pieces = ()


@dataclass
class SenseCounts:
    """How many arguments were right, wrong and missed.

    core (PRFScore): Those of the roles that a roleset numbers.
    others (PRFScore): Those of other roles, with any roleset.
    """

    core: PRFScore = field(default_factory=PRFScore)
    others: PRFScore = field(default_factory=PRFScore)

    def __iadd__(self, other: "SenseCounts") -> "SenseCounts":
        self.core += other.core
        self.others += other.others
        return self


def is_core(role: str) -> bool:
    """Tell whether rolesets number a role: `ARG0` to `ARG5` or `A0` to `A5`, also after `R-`."""
    role = propbank_role(role.removeprefix(CONTINUES).removeprefix(REFERS))
    return role in CORE_ROLES


def sense_arguments(arguments: Iterable[Argument]) -> list[SenseArgument]:
    """Put what continues (`C-`) and what refers (`R-`) together with what it belongs to.

    arguments (Iterable[Argument]): Of one predicate, in any order.
    """
    ordered = sorted(arguments)
    first: dict[str, tuple[int, int]] = {}
    for start, end, role in ordered:
        first.setdefault(role, (start, end))
    joined: list[tuple[str, list[tuple[int, int]]]] = []
    places: dict[str, list[tuple[int, int]]] = {}  # the pieces of the first X
    for start, end, role in ordered:
        if not role.startswith(CONTINUES):
            pieces = [(start, end)]
            places.setdefault(role, pieces)
            joined.append((role, pieces))
    for start, end, role in ordered:
        if role.startswith(CONTINUES):
            base = role.removeprefix(CONTINUES)
            if base in places:
                places[base].append((start, end))
            else:
                places[base] = [(start, end)]
                joined.append((base, places[base]))
    result = []
    for role, pieces in joined:
        referent: Pieces = ()
        if role.startswith(REFERS) and role.removeprefix(REFERS) in first:
            referent = (first[role.removeprefix(REFERS)],)
        result.append(SenseArgument(role, tuple(sorted(pieces)), referent))
    return result


def count_senses(gold: Iterable[Proposition], predicted: Iterable[Proposition]) -> SenseCounts:
    """Compare predicted with gold propositions of the same text.

    Where the gold roleset is not known (`V`), no roleset is wrong.

    gold (Iterable[Proposition]): The right ones.
    predicted (Iterable[Proposition]): In positions of the same tokens.
    """
    counts = SenseCounts()
    gold_at = {prop.predicate: prop for prop in gold}
    predicted_at = {prop.predicate: prop for prop in predicted}
    for predicate in gold_at.keys() | predicted_at.keys():
        right, found = gold_at.get(predicate), predicted_at.get(predicate)
        same = right is not None and found is not None
        if right and found and right.roleset != PREDICATE:
            same = right.roleset == found.roleset
        expected = Counter(sense_arguments(right.arguments) if right else ())
        given = Counter(sense_arguments(found.arguments) if found else ())
        for argument in expected.keys() | given.keys():
            if argument.role == PREDICATE:
                continue
            core = is_core(argument.role)
            both = min(expected[argument], given[argument]) if same or not core else 0
            score = PRFScore(tp=both, fp=given[argument] - both, fn=expected[argument] - both)
            if core:
                counts.core += score
            else:
                counts.others += score
    return counts
