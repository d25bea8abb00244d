"""What is right: the class of each word, roleset and pair of a batch of gold annotation."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from spacy.training import Example

from ...arrays import Ints
from ...models.role_pairs import Pairs
from ...schemes import bio
from ...schemes.propositions import PREDICATE_PART, Argument, Proposition
from ...schemes.rolesets import RolesetLexicon
from ..loss import MISSING
from .alignment import UNALIGNED, align
from .pairs import end_to_end, make_pairs


@dataclass
class GoldPairs(Pairs):
    """Pairs of the gold predicates, with the right classes of a batch, or MISSING.

    is_predicate (Ints, (tokens,)): 1 for a predicate, else 0.
    roleset (Ints, (predicates,)): A column of `rolesets`.
    role (Ints, (pairs,)): The BIO tag of the word, as an argument of the predicate.
    """

    is_predicate: Ints
    roleset: Ints
    role: Ints


def gold_pairs(
    examples: Sequence[Example],
    labels: Sequence[str],
    lexicon: RolesetLexicon,
    max_distance: int,
    unknown_label: Callable[[str, Example], ValueError],
) -> GoldPairs:
    """Make the gold pairs of a batch, on the predicted tokens.

    examples (Sequence[Example]): Annotation may be missing.
    labels (Sequence[str]): The roles.
    lexicon (RolesetLexicon): A roleset that it lacks counts as not annotated.
    max_distance (int, tokens): See `make_pairs`.
    unknown_label (Callable): Makes the error for a role that is not among the labels.

    RAISES: ValueError: Such a role, or an argument that leads to no predicate.
    """
    aligned = [align(example) for example in examples]
    docs = [example.predicted for example in examples]
    at = [np.asarray([p.predicate for p in props], dtype=np.int64) for _, props in aligned]
    pairs = make_pairs(docs, at, lexicon, max_distance)
    number_of = {roleset: i for i, roleset in enumerate(lexicon.rolesets)}
    label_of = {label: i for i, label in enumerate(labels)}
    rolesets = np.full(len(pairs.predicates), MISSING, dtype=np.int64)
    roles: list[Ints] = []
    offset = 0
    for example, (is_predicate, props) in zip(examples, aligned):
        for prop in props:
            row = len(roles)
            if prop.roleset in number_of:
                among = np.flatnonzero(pairs.rolesets[row] == number_of[prop.roleset])
                rolesets[row] = among[0] if len(among) else MISSING
            start, end = int(pairs.starts[row]) - offset, int(pairs.ends[row]) - offset
            try:
                roles.append(_role_classes(prop, start, end, label_of))
            except KeyError as err:
                raise unknown_label(err.args[0], example) from None
        offset += len(is_predicate)
    return GoldPairs(
        pairs.predicates,
        pairs.starts,
        pairs.ends,
        pairs.rolesets,
        end_to_end([is_predicate for is_predicate, _ in aligned]),
        rolesets,
        end_to_end(roles),
    )


def _role_classes(prop: Proposition, start: int, end: int, label_of: Mapping[str, int]) -> Ints:
    """Return the class of each word from `start` to `end`.

    It is MISSING for the words of an argument that reaches over an edge, or whose boundaries the
    predicted tokens do not have.

    RAISES: KeyError: A role without a label.
    """
    classes = np.full(end - start, bio.OUTSIDE, dtype=np.int64)
    parts = [Argument(*part, PREDICATE_PART) for part in prop.parts]
    for argument in (*prop.arguments, *parts):
        low, high = max(argument.start, start), min(argument.end, end)
        if low >= high:
            continue
        words = slice(low - start, high - start)
        if argument.role == UNALIGNED or (low, high) != (argument.start, argument.end):
            classes[words] = MISSING
            continue
        label = label_of[argument.role]
        classes[words] = bio.inside_tag(label)
        classes[low - start] = bio.begin_tag(label)
    return classes
