"""From probabilities to propositions.

The roles of each predicate are decoded on their own: the most probable legal sequence of BIO tags
over the words in its reach (exact, see `schemes.bio`). Two rules of PropBank follow, which a
sequence of tags cannot express:

- A predicate has at most one argument of each core role (ARG0 to ARG5; some corpora call them A0 to
  A5). Of several, the most probable one stays, and what continues (`C-`) one that goes, goes with
  it.
- What continues an argument comes after it.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from spacy.tokens import Doc

from ...arrays import Bools, Floats, Ints, concat_ranges
from ...confidence import SpanConfidence
from ...frames import set_propositions
from ...models.role_pairs import Pairs, RoleScores
from ...schemes import bio
from ...schemes.calibration import STRAIGHT, Curve, bend
from ...schemes.inventory import FrameInventory
from ...schemes.propositions import (
    CONTINUES,
    PREDICATE,
    PREDICATE_PART,
    Argument,
    Proposition,
    propbank_role,
)
from ..base import sentence_starts
from .rolesets import Roleset

CORE_ROLES = ("ARG0", "ARG1", "ARG2", "ARG3", "ARG4", "ARG5")


class ScoredArgument(NamedTuple):
    """An argument and its probability, from 0 to 1."""

    argument: Argument
    score: float


class ScoredProposition(NamedTuple):
    """A proposition in token positions of a Doc, and its probabilities, from 0 to 1.

    proposition (Proposition): With its arguments.
    score (float): Probability of the predicate.
    roleset (Roleset): Of the proposition, with its probability.
    argument_scores (list[float]): Probability of each argument.
    """

    proposition: Proposition
    score: float
    roleset: Roleset
    argument_scores: list[float]


# Arguments


def decode_arguments(
    scores: RoleScores,
    is_space: Bools,
    labels: Sequence[str],
    *,
    max_pairs: int,
    unique_core_roles: bool,
    temperature: float = 1.0,
    curve: Curve = STRAIGHT,
    ends: Ints | None = None,
    shares: Floats | None = None,
) -> list[list[ScoredArgument]]:
    """Find the arguments of each predicate, and what continues the predicate (`C-V`).

    scores (RoleScores): Of a batch, on the CPU.
    is_space (Bools, (tokens,)): True at whitespace, in the whole batch.
    labels (Sequence[str]): The roles.
    max_pairs (int): Decode at most so many pairs at once, as that takes several times the memory of
        their probabilities.
    unique_core_roles (bool): Whether a predicate has at most one argument of each core role.
    temperature (float, above 0), curve (Curve): Of the probabilities returned; what is found is the
        same.
    ends (Ints | None, (predicates,)): Where each predicate ends, in the batch; None: they have one
        token each. No argument is over its predicate.
    shares (Floats | None, (predicates, labels)): What the probability of each role is multiplied
        with, see `role_shares`; None: it stays as it is.
    RETURNS (list[list[ScoredArgument]]): In positions of the batch.
    """
    result: list[list[ScoredArgument]] = []
    probs = np.asarray(scores.roles)
    ends = scores.pairs.predicates + 1 if ends is None else ends
    begin = 0
    for run in scores.pairs.runs(max_pairs):
        end = begin + int(run.lengths.sum())
        own = probs[begin:end]
        rows = slice(len(result), len(result) + len(run.predicates))
        if shares is not None:
            own = _discount(own, np.repeat(shares[rows], run.lengths, axis=0))
        result += _decode_run(
            run, ends[rows], own, is_space, labels, unique_core_roles, temperature, curve
        )
        begin = end
    return result


def _discount(probs: Floats, shares: Floats) -> Floats:
    """Multiply the probabilities of roles, and make each row sum to 1 again.

    probs: (pairs, tags). shares: (pairs, labels).
    """
    result = probs.copy()
    result[:, 1:] *= np.repeat(shares, 2, axis=1)  # B- and I-
    # A row that is all but impossible becomes O.
    result[:, 0] = np.maximum(result[:, 0], 1e-9)
    discounted: Floats = result / result.sum(axis=1, keepdims=True)
    return discounted


def _decode_run(
    pairs: Pairs,
    predicate_ends: Ints,
    probs: Floats,
    is_space: Bools,
    labels: Sequence[str],
    unique_core_roles: bool,
    temperature: float,
    curve: Curve,
) -> list[list[ScoredArgument]]:
    """Decode a run of predicates, see `decode_arguments`. probs: (pairs, tags)."""
    lengths = pairs.lengths
    ends = np.cumsum(lengths)
    firsts = ends - lengths
    words = concat_ranges(pairs.starts, lengths)
    unit_start = np.zeros(len(words), dtype=bool)
    unit_start[firsts] = True
    is_predicate = words >= np.repeat(pairs.predicates, lengths)
    is_predicate &= words < np.repeat(predicate_ends, lengths)
    tags = bio.decode_viterbi(probs, unit_start, is_space[words], is_predicate)
    spans = bio.spans_from_tags(tags, unit_start)
    scores = bio.span_probabilities(probs, unit_start, spans)
    row = np.searchsorted(ends, spans.start, side="right")
    if unique_core_roles:
        keep = _keep_unique(row, spans.label, scores, labels)
        row, scores = row[keep], scores[keep]
        spans = bio.Spans(*(part[keep] for part in spans))
    if temperature != 1.0:
        scores = bio.span_probabilities(probs, unit_start, spans, temperature)
    scores = bend(scores, curve)
    shift = pairs.starts[row] - firsts[row]
    found: list[list[ScoredArgument]] = [[] for _ in lengths]
    for r, start, end, label, score in zip(
        row.tolist(),
        (spans.start + shift).tolist(),
        (spans.end + shift).tolist(),
        spans.label.tolist(),
        scores.tolist(),
    ):
        found[r].append(ScoredArgument(Argument(start, end, labels[label]), score))
    return [order_continuations(arguments) for arguments in found]


def _keep_unique(
    row: Ints, label: Ints, scores: NDArray[np.float64], labels: Sequence[str]
) -> Bools:
    """Mark the spans that stay if core roles are unique.

    row, label (Ints, (spans,)): Predicate and role of each span, in the order of their words.
    scores (float64, (spans,)): Its probability.
    """
    roles = [propbank_role(name) for name in labels]  # `A0` and `ARG0` are the same role
    number = {role: i for i, role in enumerate(roles)}
    numbers = np.asarray([number[role] for role in roles], dtype=label.dtype)[label]
    is_core = np.asarray([role in CORE_ROLES for role in roles], dtype=bool)[label]
    keep: Bools = _most_probable(row, numbers, scores) | ~is_core
    continued = [
        role.removeprefix(CONTINUES) if role.startswith(CONTINUES) else "" for role in roles
    ]
    dropped: dict[tuple[int, str], bool] = {}  # whether the last X of a predicate was dropped
    for i, (r, k) in enumerate(zip(row.tolist(), label.tolist())):
        if continued[k]:
            keep[i] &= not dropped.get((r, continued[k]), False)
        elif is_core[i]:
            dropped[r, roles[k]] = not keep[i]
    return keep


def _most_probable(row: Ints, label: Ints, scores: NDArray[np.float64]) -> Bools:
    """Mark the most probable of the spans that share predicate and role."""
    order = np.lexsort((-scores, label, row))
    first = np.ones(len(order), dtype=bool)
    same = (row[order][1:] == row[order][:-1]) & (label[order][1:] == label[order][:-1])
    first[1:] = ~same
    keep = np.zeros(len(order), dtype=bool)
    keep[order[first]] = True
    return keep


def order_continuations(found: list[ScoredArgument]) -> list[ScoredArgument]:
    """Let every `C-X` follow an `X`.

    A `C-X` that comes first becomes the `X`; an `X` after it becomes its continuation.

    found (list[ScoredArgument]): The arguments of one predicate, in the order of their words.
    """
    if not any(argument.role.startswith(CONTINUES) for argument, _ in found):
        return found
    result = []
    seen: set[str] = set()
    promoted: set[str] = set()
    for argument, score in found:
        role = argument.role
        base = role.removeprefix(CONTINUES)
        if base != PREDICATE and role != base and base not in seen:
            role = base
            promoted.add(base)
        elif role == base and base in promoted:
            role = CONTINUES + base
        seen.add(base)
        result.append(ScoredArgument(argument._replace(role=role), score))
    return result


def make_proposition(
    predicate: int,
    score: float,
    roleset: Roleset,
    found: Sequence[ScoredArgument],
    offset: int,
    end: int | None = None,
) -> ScoredProposition:
    """Put a predicate together with what was found for it.

    predicate (int, token position): In the Doc.
    score (float, 0 to 1): Its probability.
    roleset (Roleset): Its roleset.
    found (Sequence[ScoredArgument]): Its arguments, and what continues it; in the batch.
    offset (int): Where the Doc begins in the batch.
    end (int | None): Where the predicate ends in the Doc, if it has several words: the first is the
        predicate then, and the others continue it.
    """
    arguments: list[Argument] = []
    parts = [] if end is None or end <= predicate + 1 else [(predicate + 1, end)]
    scores: list[float] = []
    for (start, end, role), p in found:
        if role == PREDICATE_PART:
            parts.append((start - offset, end - offset))
        else:
            arguments.append(Argument(start - offset, end - offset, role))
            scores.append(p)
    prop = Proposition(predicate, roleset.name, arguments, parts)
    return ScoredProposition(prop, score, roleset, scores)


def write_propositions(
    doc: Doc,
    found: Sequence[ScoredProposition],
    confidence: SpanConfidence | None,
    inventory: FrameInventory | None = None,
) -> None:
    """Write what was found in a Doc, all of which counts as annotated.

    doc (Doc): In which it was found.
    found (Sequence[ScoredProposition]): In the order of their predicates.
    confidence (SpanConfidence | None): The extension that gets the probabilities, too.
    inventory (FrameInventory | None): Where the descriptions of rolesets and roles are.
    """
    props = [prop.proposition for prop in found]
    definitions, descriptions = None, None
    if inventory is not None:
        definitions = [inventory.definition(prop.roleset) for prop in props]
        descriptions = [
            [inventory.description(prop.roleset, argument.role) for argument in prop.arguments]
            for prop in props
        ]
    sentences = [*np.flatnonzero(sentence_starts(doc)).tolist(), len(doc)]
    set_propositions(
        doc,
        props,
        annotated=pairwise(sentences),
        scores=[prop.score for prop in found],
        roleset_scores=[prop.roleset.score for prop in found],
        roleset_known=[prop.roleset.known for prop in found],
        argument_scores=[prop.argument_scores for prop in found],
        confidence=confidence,
        definitions=definitions,
        descriptions=descriptions,
    )
