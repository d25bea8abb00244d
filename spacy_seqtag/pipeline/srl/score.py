"""Scores of semantic roles, counted as the scorer of CoNLL-2005 counts them.

The scorer is `srl-eval.pl` (Carreras & Màrquez 2005, "Introduction to the CoNLL-2005 Shared
Task: Semantic Role Labeling"). It takes predicates as given and passes over predicted ones that
are none; here, end to end, their arguments are excess.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from spacy.scorer import PRFScore
from spacy.tokens import Doc
from spacy.training import Example

from ...frames import annotated_tokens, propositions
from ...schemes.propositions import PREDICATE, Argument, Proposition

_CONTINUES = "C-"

Pieces = tuple[tuple[int, int], ...]


@dataclass
class RoleCounts:
    """What was right, excess and missed.

    roles: counts of the arguments by role. predicates: counts of the predicates. rolesets: of
    the predicates found whose roleset is known in the gold annotation, how many there are.
    rolesets_right: how many of them have the right roleset.
    """

    roles: dict[str, PRFScore] = field(default_factory=dict)
    predicates: PRFScore = field(default_factory=PRFScore)
    rolesets: int = 0
    rolesets_right: int = 0

    @property
    def arguments(self) -> PRFScore:
        """Counts of the arguments of all roles."""
        return sum(self.roles.values(), start=PRFScore())

    def __iadd__(self, other: "RoleCounts") -> "RoleCounts":
        for role, counts in other.roles.items():
            self.roles[role] = self.roles.get(role, PRFScore()) + counts
        self.predicates += other.predicates
        self.rolesets += other.rolesets
        self.rolesets_right += other.rolesets_right
        return self


def join_pieces(arguments: Iterable[Argument]) -> list[tuple[str, Pieces]]:
    """The arguments of one predicate as `(role, pieces)`, with each `C-X` joined to its `X`.

    A `C-X` continues the last `X` before it; where there is none, it is read as an `X`. Pieces
    stay pieces where they touch.
    """
    joined: list[tuple[str, list[tuple[int, int]]]] = []
    last: dict[str, list[tuple[int, int]]] = {}
    for start, end, role in sorted(arguments):
        if role.startswith(_CONTINUES):
            role = role.removeprefix(_CONTINUES)
            if role in last:
                last[role].append((start, end))
                continue
        last[role] = [(start, end)]
        joined.append((role, last[role]))
    return [(role, tuple(pieces)) for role, pieces in joined]


def count_roles(gold: Iterable[Proposition], predicted: Iterable[Proposition]) -> RoleCounts:
    """Compare predicted with gold propositions of the same text.

    An argument is right if it has the boundaries and the role of a gold argument of the same
    predicate, all pieces included. `V` and what continues it do not count; `R-X` is a role like
    others. Of several propositions on one predicate the last counts.
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

    Where their words differ, positions are counted in characters that are not whitespace, and a
    predicate is known by the one it begins with. So an argument is right if it has the same
    text at the same place, however it is cut into words.

    RAISES ValueError: the Docs have different texts (whitespace does not matter).
    """
    gold_doc, doc = example.reference, example.predicted
    covered = annotated_tokens(gold_doc)
    if not covered.any():
        return RoleCounts()
    gold = [prop for prop in propositions(gold_doc) if covered[prop.predicate]]
    predicted = propositions(doc)
    if not np.array_equal(gold_doc.to_array("ORTH"), doc.to_array("ORTH")):
        gold_starts, starts = solid_offsets(gold_doc), solid_offsets(doc)
        if gold_starts[-1] != starts[-1]:
            raise ValueError(
                "Semantic roles cannot be scored: the annotated and the predicted Doc have "
                f"different texts ({gold_doc.text[:40]!r} and {doc.text[:40]!r})."
            )
        gold = _move(gold, gold_starts)
        predicted = _move(predicted, starts)
        covered = np.repeat(covered, np.diff(gold_starts))
        # A token of whitespace at the very end begins after the last character.
        covered = np.append(covered, False)
    return count_roles(gold, [prop for prop in predicted if covered[prop.predicate]])


def srl_score(examples: Iterable[Example], *, prefix: str = "srl", **kwargs: Any) -> dict[str, Any]:
    """Score semantic roles end to end; with gold predicates, if the Docs came with those.

    Only what the reference annotates is counted, see `frames.annotated_tokens`.

    RETURNS: `srl_p`, `srl_r`, `srl_f` (arguments with the right boundaries, role and predicate,
        see `count_roles`) and the same by role in `srl_per_type`; `predicates_p`,
        `predicates_r`, `predicates_f` (whatever their roleset); `roleset_acc`, the share of
        right rolesets among the predicates found whose roleset is known. From 0 to 1; None
        where there is nothing to count.

    Raises ValueError: see `count_example`.
    """
    counts = RoleCounts()
    for example in examples:
        counts += count_example(example)
    roles = {role: counts.roles[role] for role in sorted(counts.roles)}
    return {
        **_prf(prefix, counts.arguments),
        f"{prefix}_per_type": {r: score.to_dict() for r, score in roles.items()} or None,
        **_prf("predicates", counts.predicates),
        "roleset_acc": counts.rolesets_right / counts.rolesets if counts.rolesets else None,
    }


def _prf(name: str, score: PRFScore) -> dict[str, float | None]:
    return {
        f"{name}_{figure}": value if len(score) else None
        for figure, value in score.to_dict().items()
    }


def solid_offsets(doc: Doc) -> NDArray[np.int64]:
    """Where each token begins, counted in characters that are not whitespace; then their number."""
    lengths = [len("".join(token.text.split())) for token in doc]
    return np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])


def _move(props: Sequence[Proposition], offsets: NDArray[np.int64]) -> list[Proposition]:
    """Propositions with `offsets[i]` in place of each position `i`."""
    at = offsets.tolist()
    return [
        Proposition(
            at[prop.predicate],
            prop.roleset,
            [Argument(at[start], at[end], role) for start, end, role in prop.arguments],
            [(at[start], at[end]) for start, end in prop.parts],
        )
        for prop in props
    ]
