"""What the semantic role labeller learns from soft labels.

Three things are learned of a sentence, and each has soft targets of its own: whether a word is a
predicate, by the probability of both answers; the roleset, which is one class that counts as much
as the teachers are sure of it; and the roles, by the probabilities of their BIO tags, which count
as much as the teachers are sure of the predicate.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

import numpy as np
from spacy.tokens import Doc
from spacy.training import Example

from ...arrays import Floats, Ints
from ...soft_labels import (
    PREDICATE_CLASSES,
    PREDICATE_LAYER,
    SoftRoles,
    get_soft_labels,
    has_soft_labels,
    soft_weight,
)
from ..loss import MISSING, SoftTargets
from ..soft_targets import align_tokens, has_same_words, one_hot
from .gold import GoldPairs

UnknownLabel = Callable[[str, Example], ValueError]


class Target:
    """What is to be learned of one output of the model: classes of some rows, soft ones of others.

    gold (Ints, (rows,)): The classes; they are copied.
    n_classes (int): How many there are.
    """

    def __init__(self, gold: Ints, n_classes: int) -> None:
        self.gold = gold.copy()
        self.n_classes = n_classes
        self._parts: list[tuple[Ints, Floats, Floats]] = []

    def soften(self, start: int, shares: Floats, weight: float) -> None:
        """Put distributions in the place of the classes.

        start (int): The first of the rows.
        shares (float32, (n, classes)): A row of zeros is not known.
        weight (float): How much they count.
        """
        self.gold[start : start + len(shares)] = MISSING
        known = np.flatnonzero(shares.any(axis=1))
        weights = np.full(len(known), weight, dtype=np.float32)
        self._parts.append((known + start, shares[known], weights))

    @property
    def soft(self) -> SoftTargets | None:
        """The soft targets; None where there are none."""
        if not self._parts:
            return None
        rows, shares, weights = (np.concatenate(part) for part in zip(*self._parts))
        return SoftTargets(rows, shares, weights)

    @property
    def n_known(self) -> int:
        """How many rows have a target."""
        return int((self.gold != MISSING).sum()) + sum(len(rows) for rows, *_ in self._parts)


def find_soft_roles(reference: Doc) -> set[str]:
    """Find the roles that occur in the soft labels of a Doc.

    reference (Doc): With soft labels, or without.
    """
    soft = get_soft_labels(reference, PREDICATE_LAYER)
    if soft is None or soft.roles is None:
        return set()
    return {tag[2:] for tag in soft.roles.roles.names if tag != "O"}


def role_targets(
    examples: Sequence[Example],
    gold: GoldPairs,
    classes: Sequence[str],
    unknown_label: UnknownLabel,
) -> tuple[Target, Target, Target]:
    """Find what is to be learned from a batch.

    examples (Sequence[Example]): With soft labels, gold annotation, or neither.
    gold (GoldPairs): Of the batch.
    classes (Sequence[str]): The BIO tags of the roles.
    unknown_label (Callable): Makes the error for a role that is not among the labels.
    RETURNS (tuple[Target, Target, Target]): Of predicates, rolesets and roles.

    RAISES: ValueError: Such a role.
    """
    targets = (
        Target(gold.is_predicate, len(PREDICATE_CLASSES)),
        Target(gold.roleset, gold.rolesets.shape[1]),
        Target(gold.role, len(classes)),
    )
    columns = {name: i for i, name in enumerate(classes)}
    bounds = np.cumsum([0, *(len(eg.predicted) for eg in examples)])
    rows = np.searchsorted(gold.predicates, bounds)
    pairs = np.cumsum([0, *gold.lengths])
    for example, own, offset in zip(examples, pairwise(rows.tolist()), bounds.tolist()):
        if has_soft_labels(example.reference) or soft_weight(example.reference) != 1.0:
            _soften(targets, gold, example, range(*own), offset, pairs, columns, unknown_label)
    return targets


def _soften(
    targets: tuple[Target, Target, Target],
    gold: GoldPairs,
    example: Example,
    rows: range,
    offset: int,
    pairs: Ints,
    columns: Mapping[str, int],
    unknown_label: UnknownLabel,
) -> None:
    """Put what the soft labels of one example say in the place of its annotation.

    rows (range): Of its predicates. offset: where it begins in the batch. pairs: where the pairs of
        each predicate begin.
    """
    predicates, rolesets, roles = targets
    weight, n_tokens = soft_weight(example.reference), len(example.predicted)
    soft = get_soft_labels(example.reference, PREDICATE_LAYER)
    token_of = None if has_same_words(example) else align_tokens(example)
    layer = None if soft is None else soft.layers.get(PREDICATE_LAYER)
    if layer is None:
        shares = one_hot(gold.is_predicate[offset : offset + n_tokens], len(PREDICATE_CLASSES))
    else:
        layer = layer if token_of is None else layer.take(token_of)
        numbers = {name: i for i, name in enumerate(PREDICATE_CLASSES)}
        shares = layer.dense(numbers, len(numbers))
    predicates.soften(offset, shares, weight)
    own = _OwnRoles(None if soft is None else soft.roles, columns, example, unknown_label)
    for row in rows:
        token = int(gold.predicates[row]) - offset
        number = own.number_of(token if token_of is None else int(token_of[token]))
        sure, roleset_sure = own.confidences(number)
        roleset = one_hot(gold.roleset[row : row + 1], rolesets.n_classes)
        rolesets.soften(row, roleset, weight * sure * roleset_sure)
        low, high = int(pairs[row]), int(pairs[row + 1])
        if number is None or token_of is not None:
            shares = one_hot(gold.role[low:high], roles.n_classes)
        else:
            start = int(gold.starts[row]) - offset
            shares = own.shares(number, start, start + high - low)
        roles.soften(low, shares, weight * sure)


class _OwnRoles:
    """The soft roles of one example, for a component with its own classes."""

    def __init__(
        self,
        soft: SoftRoles | None,
        columns: Mapping[str, int],
        example: Example,
        unknown_label: UnknownLabel,
    ) -> None:
        self._soft = soft
        self._rows: dict[int, int] = {}
        if soft is None:
            return
        if unknown := [name for name in soft.roles.names if name not in columns]:
            raise unknown_label(unknown[0].partition("-")[2] or unknown[0], example)
        self._rows = {token: i for i, token in enumerate(soft.predicates.tolist())}
        self._dense = soft.roles.dense(columns, len(columns))
        self._first = np.cumsum(soft.ends - soft.starts) - (soft.ends - soft.starts)

    def number_of(self, token: int) -> int | None:
        """Return the number of the predicate at a token, None if it has none."""
        return self._rows.get(token)

    def confidences(self, number: int | None) -> tuple[float, float]:
        """Return how sure it is that this is a predicate, and that its roleset is right."""
        if number is None or self._soft is None:
            return 1.0, 1.0
        soft = self._soft
        return float(soft.confidences[number]), float(soft.roleset_confidences[number])

    def shares(self, number: int, start: int, end: int) -> Floats:
        """Return the distributions of the tokens from `start` to `end`, zero out of its reach."""
        result = np.zeros((end - start, self._dense.shape[1]), dtype=np.float32)
        if self._soft is None:
            return result
        begin = int(self._soft.starts[number])
        low, high = max(start, begin), min(end, int(self._soft.ends[number]))
        if low < high:
            first = int(self._first[number]) - begin
            result[low - start : high - start] = self._dense[first + low : first + high]
        return result
