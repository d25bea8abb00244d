"""Propositions on other tokens than those they were annotated on.

Tokens of one text are matched by counting the characters that are not whitespace.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from spacy.tokens import Doc
from spacy.training import Example

from ...arrays import Bools, Ints
from ...frames import (
    ARGUMENTS,
    PARTS,
    PREDICATES,
    annotated_tokens,
    predicate_of,
    propositions,
    span_groups,
)
from ...schemes.propositions import PREDICATE_PART, Argument, Proposition
from ..loss import MISSING

# The role of an argument whose boundaries the predicted tokens do not have.
UNALIGNED = ""


class AlignedRoles(NamedTuple):
    """The gold annotation of an example, on the predicted tokens.

    is_predicate (Ints, (tokens,)): 1 at predicates, 0 at other words, or MISSING.
    props (list[Proposition]): An argument whose boundaries the predicted tokens do not have has the
        role UNALIGNED. A predicate that is no token of its own is left out.
    """

    is_predicate: Ints
    props: list[Proposition]


def align(example: Example) -> AlignedRoles:
    """Bring the gold annotation of an example to its predicted tokens.

    example (Example): With gold annotation, or without.

    RAISES: ValueError: An argument leads to no predicate.
    """
    gold, doc = example.reference, example.predicted
    covered = annotated_tokens(gold)
    props = [prop for prop in propositions(gold) if covered[prop.predicate]]
    _check_ties(gold, covered)
    if np.array_equal(gold.to_array("ORTH"), doc.to_array("ORTH")):
        is_predicate = np.where(covered, 0, MISSING).astype(np.int64)
        is_predicate[[prop.predicate for prop in props]] = 1
        return AlignedRoles(is_predicate, props)
    gold_starts, starts = solid_offsets(gold), solid_offsets(doc)
    is_predicate = np.full(len(doc), MISSING, dtype=np.int64)
    covered_chars = np.repeat(covered, np.diff(gold_starts))
    for token, (low, high) in enumerate(zip(starts.tolist(), starts[1:].tolist())):
        if low < high and covered_chars[low:high].all():
            is_predicate[token] = 0
    aligned = []
    for prop in props:
        begin, end, fits = _tokens_over(gold_starts, starts, prop.predicate, prop.predicate + 1)
        if not fits or end - begin != 1:
            is_predicate[begin:end] = MISSING
            continue
        is_predicate[begin] = 1
        aligned.append(_move_to_tokens(prop, begin, gold_starts, starts))
    return AlignedRoles(is_predicate, sorted(aligned))


def _move_to_tokens(
    prop: Proposition, predicate: int, gold_starts: Ints, starts: Ints
) -> Proposition:
    """Move a proposition to other tokens, of which `predicate` is its predicate."""
    arguments: list[Argument] = []
    parts: list[tuple[int, int]] = []
    pieces = [*prop.arguments, *(Argument(*part, PREDICATE_PART) for part in prop.parts)]
    for low, high, role in pieces:
        start, end, fits = _tokens_over(gold_starts, starts, low, high)
        if fits and role == PREDICATE_PART:
            parts.append((start, end))
        else:
            arguments.append(Argument(start, end, role if fits else UNALIGNED))
    return Proposition(predicate, prop.roleset, arguments, parts)


def _tokens_over(gold_starts: Ints, starts: Ints, low: int, high: int) -> tuple[int, int, bool]:
    """Find the tokens over a stretch of gold tokens (start and end), and whether they fit it."""
    first, last = int(gold_starts[low]), int(gold_starts[high])
    begin = int(np.searchsorted(starts, first, side="right")) - 1
    end = int(np.searchsorted(starts, last, side="left"))
    return begin, end, bool(starts[begin] == first and starts[end] == last)


def _check_ties(gold: Doc, covered: Bools) -> None:
    """Check that arguments in annotated stretches lead to predicates.

    The others would teach that their predicates have no such arguments.
    """
    groups = span_groups(gold)
    predicates = {span.start for span in groups.get(PREDICATES, ())}
    for name in (ARGUMENTS, PARTS):
        for span in groups.get(name, ()):
            if len(span) and covered[span.start] and predicate_of(span) not in predicates:
                raise ValueError(
                    f"The training data have an argument that leads to no predicate: "
                    f"doc.spans[{name!r}] [{span.start}:{span.end}] {span.text!r} ({span.label_}) "
                    f"with kb_id_ {span.kb_id_!r} and id_ {span.id_!r}, in the Doc that begins "
                    f"{gold.text[:40]!r}. Its kb_id_ has to be the signed distance in characters "
                    "to its predicate, or its id_ that in tokens; augmenters of spaCy drop them. "
                    "See 'python -m spacy seqtag check'."
                )


def solid_offsets(doc: Doc) -> Ints:
    """Find where each token begins, counted in characters that are not whitespace.

    doc (Doc): Any Doc.
    RETURNS (Ints, (tokens + 1,)): The last is the number of these characters.
    """
    lengths = [len("".join(token.text.split())) for token in doc]
    return np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])


def move_positions(props: Sequence[Proposition], offsets: Ints) -> list[Proposition]:
    """Move propositions to other positions, such as characters.

    props (Sequence[Proposition]): In positions `i`.
    offsets (Ints): `offsets[i]` is the position that replaces `i`.
    """
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
