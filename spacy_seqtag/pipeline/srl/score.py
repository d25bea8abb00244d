"""Scores of semantic roles, counted as the scorer of CoNLL-2005 counts them.

That scorer is `srl-eval.pl` (Carreras & Màrquez 2005, "Introduction to the CoNLL-2005 Shared Task:
Semantic Role Labeling", https://aclanthology.org/W05-0620). It takes the predicates as given and
ignores predicted ones that are wrong. Here roles are scored end to end: the arguments of a wrong
predicate are wrong.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from spacy.scorer import PRFScore
from spacy.training import Example
from spacy.util import registry

from ...arrays import Bools
from ...frames import annotated_tokens, propositions
from ...schemes.propositions import CONTINUES, PREDICATE, Argument, Proposition
from ..base import Metrics, ScoringMethod
from .alignment import move_positions, solid_offsets
from .sense_score import SenseCounts, count_senses

# Start and end of each piece of an argument.
Pieces = tuple[tuple[int, int], ...]


@dataclass
class RoleCounts:
    """How many predicates and arguments were right, wrong and missed.

    roles (dict[str, PRFScore]): The arguments, by role.
    predicates (PRFScore): The predicates, whatever their roleset.
    rolesets (int): How many predicates were found whose gold roleset is known.
    rolesets_right (int): How many of these have the right roleset.
    senses (SenseCounts): The arguments as PriMeSRL-Eval counts them.
    """

    roles: dict[str, PRFScore] = field(default_factory=dict)
    predicates: PRFScore = field(default_factory=PRFScore)
    rolesets: int = 0
    rolesets_right: int = 0
    senses: SenseCounts = field(default_factory=SenseCounts)

    @property
    def arguments(self) -> PRFScore:
        """The arguments of all roles."""
        return sum(self.roles.values(), start=PRFScore())

    def __iadd__(self, other: "RoleCounts") -> "RoleCounts":
        for role, counts in other.roles.items():
            self.roles[role] = self.roles.get(role, PRFScore()) + counts
        self.predicates += other.predicates
        self.rolesets += other.rolesets
        self.rolesets_right += other.rolesets_right
        self.senses += other.senses
        return self


def join_pieces(arguments: Iterable[Argument]) -> list[tuple[str, Pieces]]:
    """Join each `C-X` of one predicate's arguments to its `X`.

    A `C-X` continues the last `X` before it; if there is none, it is read as an `X`. Pieces that
    touch stay apart.

    arguments (Iterable[Argument]): In any order.
    RETURNS (list[tuple[str, Pieces]]): Role and pieces of each.
    """
    joined: list[tuple[str, list[tuple[int, int]]]] = []
    last: dict[str, list[tuple[int, int]]] = {}
    for start, end, role in sorted(arguments):
        if role.startswith(CONTINUES):
            role = role.removeprefix(CONTINUES)
            if role in last:
                last[role].append((start, end))
                continue
        last[role] = [(start, end)]
        joined.append((role, last[role]))
    return [(role, tuple(pieces)) for role, pieces in joined]


def count_roles(gold: Iterable[Proposition], predicted: Iterable[Proposition]) -> RoleCounts:
    """Compare predicted with gold propositions of the same text.

    An argument is right if a gold argument of the same predicate has the same role and the same
    boundaries, of all its pieces. `V` and what continues it do not count; `R-X` is a role like
    others. Of several propositions with the same predicate, the last counts.

    gold (Iterable[Proposition]): The right ones.
    predicted (Iterable[Proposition]): In positions of the same tokens.
    """
    counts = RoleCounts()
    gold_at = {prop.predicate: prop for prop in gold}
    predicted_at = {prop.predicate: prop for prop in predicted}
    counts.predicates.score_set(set(predicted_at), set(gold_at))
    for predicate in gold_at.keys() | predicted_at.keys():
        right, found = gold_at.get(predicate), predicted_at.get(predicate)
        expected = Counter(join_pieces(right.arguments) if right else ())
        given = Counter(join_pieces(found.arguments) if found else ())
        for argument in expected.keys() | given.keys():
            role, _ = argument
            if role == PREDICATE:
                continue
            both = min(expected[argument], given[argument])
            counts.roles.setdefault(role, PRFScore())
            counts.roles[role] += PRFScore(
                tp=both, fp=given[argument] - both, fn=expected[argument] - both
            )
        if right and found and right.roleset != PREDICATE:
            counts.rolesets += 1
            counts.rolesets_right += right.roleset == found.roleset
    return counts


def count_example(example: Example) -> RoleCounts:
    """Compare the predicted with the reference Doc, as far as the reference is annotated.

    If their words differ, positions are counted in characters that are not whitespace, and a
    predicate is identified by its first one. So an argument is right if it is the same text at the
    same place, however it is cut into words.

    example (Example): Predicted and gold Docs.

    RAISES: ValueError: The Docs have different texts, apart from whitespace.
    """
    gold, predicted, covered = same_positions(example)
    predicted = [prop for prop in predicted if covered[prop.predicate]]
    counts = count_roles(gold, predicted)
    counts.senses = count_senses(gold, predicted)
    return counts


def same_positions(example: Example) -> tuple[list[Proposition], list[Proposition], Bools]:
    """Bring the propositions of both Docs to positions that can be compared.

    example (Example): Predicted and gold Docs.
    RETURNS (tuple[list[Proposition], list[Proposition], Bools]): The annotated ones of the
        reference, all those predicted, and which positions are annotated.

    RAISES: ValueError: See `count_example`.
    """
    gold_doc, doc = example.reference, example.predicted
    covered = annotated_tokens(gold_doc)
    if not covered.any():
        return [], [], covered
    gold = [prop for prop in propositions(gold_doc) if covered[prop.predicate]]
    predicted = propositions(doc)
    if not np.array_equal(gold_doc.to_array("ORTH"), doc.to_array("ORTH")):
        gold_starts, starts = solid_offsets(gold_doc), solid_offsets(doc)
        if gold_starts[-1] != starts[-1]:
            raise ValueError(
                "Semantic roles cannot be scored: the annotated and the predicted Doc have "
                f"different texts ({gold_doc.text[:40]!r} and {doc.text[:40]!r})."
            )
        gold = move_positions(gold, gold_starts)
        predicted = move_positions(predicted, starts)
        covered = np.repeat(covered, np.diff(gold_starts))
        # Whitespace at the very end begins after the last of these characters.
        covered = np.append(covered, False)
    return gold, predicted, covered


def srl_score(examples: Iterable[Example], *, prefix: str = "srl", **kwargs: object) -> Metrics:
    """Score semantic roles end to end; with gold predicates, if the Docs came with these.

    Only what the reference annotates is counted, see `frames.annotated_tokens`.

    examples (Iterable[Example]): Predicted and gold Docs.
    prefix (str): In place of `srl` in the names of the scores.
    **kwargs: Ignored; spaCy passes the settings of all scorers.
    RETURNS (Metrics, 0 to 1): `srl_p`, `srl_r`, `srl_f`: the arguments, see `count_roles`;
        `srl_per_type`: the same by role; `predicates_p`, `predicates_r`, `predicates_f`: the
        predicates, whatever their roleset; `roleset_acc`: the share of right rolesets, of the
        predicates found whose gold roleset is known. As PriMeSRL-Eval counts (`sense_score`):
        `srl_sense_p`, `srl_sense_r`, `srl_sense_f`: the arguments, with the right roleset where
        they are core roles; the same as `srl_core_…` and `srl_context_…` for core and other roles;
        `predicates_sense_…`: predicates with the right roleset, the share `roleset_acc` of those
        found. None if there is nothing to count.

    RAISES: ValueError: See `count_example`.
    """
    counts = RoleCounts()
    for example in examples:
        counts += count_example(example)
    roles = {role: counts.roles[role] for role in sorted(counts.roles)}
    accuracy = counts.rolesets_right / counts.rolesets if counts.rolesets else None
    predicates = _prf("predicates", counts.predicates)
    return {
        **_prf(prefix, counts.arguments),
        f"{prefix}_per_type": {r: score.to_dict() for r, score in roles.items()} or None,
        **predicates,
        "roleset_acc": accuracy,
        **_prf(f"{prefix}_sense", counts.senses.core + counts.senses.others),
        **_prf(f"{prefix}_core", counts.senses.core),
        **_prf(f"{prefix}_context", counts.senses.others),
        **{
            name.replace("_", "_sense_"): None
            if value is None or accuracy is None
            else value * accuracy
            for name, value in predicates.items()
        },
    }


@registry.scorers("spacy_seqtag.srl_scorer.v1")  # type: ignore[untyped-decorator]
def make_srl_scorer() -> ScoringMethod:
    """Create the scorer of `seqtag_srl`, see `srl_score`."""
    return srl_score


def _prf(name: str, score: PRFScore) -> dict[str, float | None]:
    return {
        f"{name}_{figure}": value if len(score) else None
        for figure, value in score.to_dict().items()
    }
