"""BIO tags (Ramshaw & Marcus 1995, in the IOB2 form): labelled spans as one class per token.

This is the only file that knows which class each BIO tag has. The tags of the labels `[X, Y]` are
`O, B-X, I-X, B-Y, I-Y`: `O` is class 0, and label number `k` has the classes `begin_tag(k)` and
`inside_tag(k)`. New labels are appended, so the classes of older labels keep their numbers.

IOB1, in which other tools may have trained a model, has the same tags: there `I-X` begins a span,
too, and `B-X` does only where a span of the same label ends right before.

A tag sequence is legal if every `I-X` follows a `B-X` or an `I-X` of the same unit. A unit is what
no span may cross the edge of: a sentence, or the stretch of words around a predicate.

All functions take the tokens of a whole batch laid end to end, and `unit_start` marks where the
next unit begins. There is no loop over tokens in Python: a batch has tens of thousands.
"""

from collections.abc import Sequence
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..arrays import Bools, Floats, Ints, concat_ranges
from .calibration import temper

OUTSIDE = 0

# The classes of all begin tags, of all inside tags, and of `O` with all inside tags: the tags that
# whitespace may have.
_BEGINS = slice(1, None, 2)
_INSIDES = slice(2, None, 2)
_OUTSIDE_AND_INSIDES = slice(0, None, 2)

# Probabilities of 0 count as _TINY, and breaking a rule costs more than any number of those: where
# every legal sequence has probability 0, the search still returns a legal one.
_NEVER = -1e30
_TINY = 1e-300


# One number, or an array of them.
Number = TypeVar("Number", int, Ints)


class Spans(NamedTuple):
    """Labelled spans over the tokens of a batch, as parallel arrays.

    start, end (Ints, token positions): The end is exclusive.
    label (Ints): Number of the label.
    """

    start: Ints
    end: Ints
    label: Ints


def begin_tag(label: Number) -> Number:
    """Return the class of `B-X`.

    label (int or Ints): Number of the label `X`.
    """
    return 2 * label + 1


def inside_tag(label: Number) -> Number:
    """Return the class of `I-X`.

    label (int or Ints): Number of the label `X`.
    """
    return 2 * label + 2


def label_of(tag: Number) -> Number:
    """Return the number of the label `X` of the classes of `B-X` and `I-X`; -1 for `O`.

    tag (int or Ints): The class.
    """
    return (tag - 1) // 2


def bio_tags(labels: Sequence[str]) -> list[str]:
    """Name the classes, in their order.

    labels (Sequence[str]): The span labels.
    RETURNS (list[str]): `2 * len(labels) + 1` tags.
    """
    tags = ["O"]
    for label in labels:
        tags += [f"B-{label}", f"I-{label}"]
    return tags


def encode(spans: Spans, n_tokens: int) -> Ints:
    """Turn spans into the class of each token.

    spans (Spans): They must not overlap.
    n_tokens (int): Number of tokens in the batch.
    RETURNS (Ints, (tokens,)): `O` at the tokens outside every span.
    """
    tags = np.full(n_tokens, OUTSIDE, dtype=np.int64)
    for start, end, label in zip(*spans):
        tags[start:end] = inside_tag(label)
        tags[start] = begin_tag(label)
    return tags


def to_iob1(tags: Ints, unit_start: Bools) -> Ints:
    """Write the tags of spans as IOB1 has them: `B-X` only right after a span of the same label.

    tags (Ints, (tokens,)): The class of each token; negative ones stay as they are.
    unit_start (Bools, (tokens,)): True at the first token of each unit.
    RETURNS (Ints, (tokens,)): The classes in IOB1.
    """
    label = label_of(tags)
    begins = (tags > OUTSIDE) & (tags == begin_tag(label))
    follows = np.zeros(len(tags), dtype=bool)
    follows[1:] = (label[1:] == label[:-1]) & ~unit_start[1:]
    return np.where(begins & ~follows, inside_tag(label), tags)


def possible_tags(excluded: Bools) -> Bools:
    """Mark the tags that a token may have if entities of some labels are ruled out there.

    excluded (bool, (tokens, labels)): True where the token belongs to no span of the label.
    RETURNS (bool, (tokens, classes)): `O` is always possible.
    """
    n_tokens, n_labels = excluded.shape
    result = np.ones((n_tokens, 2 * n_labels + 1), dtype=bool)
    result[:, _BEGINS] = ~excluded
    result[:, _INSIDES] = ~excluded
    return result


def spans_from_tags(tags: Ints, unit_start: Bools) -> Spans:
    """Read the spans from the class of each token.

    tags (Ints, (tokens,)): They need not be legal: an `I-X` with nothing to continue begins a span.
    unit_start (Bools, (tokens,)): True at the first token of each unit.
    RETURNS (Spans): In the order of their words.
    """
    continues = _continues(tags, unit_start)
    start = np.flatnonzero((tags > OUTSIDE) & ~continues)
    # A span ends at the next token that does not continue one.
    stops = np.append(np.flatnonzero(~continues), len(tags))
    end = stops[np.searchsorted(stops, start, side="right")]
    return Spans(start, end, label_of(tags[start]))


def decode_greedy(probs: Floats, unit_start: Bools, is_space: Bools, fixed: Bools) -> Ints:
    """Find the most probable class of each token, repaired where that is not legal.

    An `I-X` with nothing to continue becomes a `B-X`, and spans lose the whitespace at their edges.
    The arguments and the result are those of `decode_viterbi`.
    """
    tags = np.where(fixed, OUTSIDE, probs.argmax(axis=1)).astype(np.int64)
    spans = spans_from_tags(tags, unit_start)
    solid = np.flatnonzero(~is_space)
    first = np.searchsorted(solid, spans.start)
    last = np.searchsorted(solid, spans.end) - 1
    keep = first <= last
    first, last, label = first[keep], last[keep], spans.label[keep]
    return encode(Spans(solid[first], solid[last] + 1, label), len(tags))


def decode_viterbi(probs: Floats, unit_start: Bools, is_space: Bools, fixed: Bools) -> Ints:
    """Find the most probable legal tag sequence of each unit (exact).

    probs (Floats, (tokens, classes)): Probability of each class at each token.
    unit_start (Bools, (tokens,)): True at the first token of each unit.
    is_space (Bools, (tokens,)): True at whitespace, where no span begins or ends.
    fixed (Bools, (tokens,)): True at the tokens that must stay outside every span.
    RETURNS (Ints, (tokens,)): The class of each token.
    """
    n_tokens = len(probs)
    if n_tokens == 0:
        return np.zeros(0, dtype=np.int64)
    if not unit_start[0]:
        unit_start = unit_start.copy()
        unit_start[0] = True
    tags: Ints = probs.argmax(axis=1).astype(np.int64)
    spaces = np.flatnonzero(is_space)
    best = probs[spaces, _OUTSIDE_AND_INSIDES].argmax(axis=1)
    tags[spaces] = np.arange(probs.shape[1])[_OUTSIDE_AND_INSIDES][best]
    tags[fixed] = OUTSIDE
    # If the best class of every token gives a legal sequence, no other can be better. So only the
    # other units have to be searched: with a trained model, few.
    unit = np.cumsum(unit_start) - 1
    broken = np.unique(unit[_illegal(tags, unit_start, is_space)])
    starts = np.flatnonzero(unit_start)
    lengths = np.diff(np.append(starts, n_tokens))
    for rows in _similar_lengths(broken, lengths):
        tokens = concat_ranges(starts[rows], lengths[rows])
        scores = np.log(np.maximum(probs[tokens].astype(np.float64), _TINY))
        scores[is_space[tokens], _BEGINS] = _NEVER
        scores[fixed[tokens], 1:] = _NEVER
        tags[tokens] = _search(scores, is_space[tokens], lengths[rows])
    return tags


def span_probabilities(
    probs: Floats,
    unit_start: Bools,
    spans: Spans,
    temperature: float = 1.0,
    *,
    iob1: bool = False,
) -> NDArray[np.float64]:
    """Compute the probability that each span begins where it does, goes on, and ends there.

    That is `P(B-X at the start) * product of P(I-X) inside * (1 - P(I-X right after the end))`,
    without the last factor where the unit ends with the span. A softmax tagger treats tokens as
    independent given their vectors, so the product is exact.

    probs (Floats, (tokens, classes)): Probability of each class at each token.
    unit_start (Bools, (tokens,)): True at the first token of each unit.
    spans (Spans): Of any tags, legal or not.
    temperature (float, above 0): Of the probabilities, see `calibration.temper`.
    iob1 (bool): `I-X` begins a span, too, where the token before is in no span of the same label.
    RETURNS (float64, (spans,)): From 0 to 1.
    """
    n_tokens = len(probs)
    if len(spans.start) == 0:
        return np.zeros(0)
    if temperature != 1.0:  # only where it is read: most words are in no span
        first = np.maximum(spans.start - 1, 0) if iob1 else spans.start
        reach = np.minimum(spans.end + 1, n_tokens) - first
        read = np.unique(concat_ranges(first, reach))
        probs = probs.copy()
        probs[read] = temper(probs[read], temperature)
    result = probs[spans.start, begin_tag(spans.label)].astype(np.float64)
    if iob1:
        before = np.maximum(spans.start - 1, 0)
        own = begin_tag(spans.label), inside_tag(spans.label)
        goes_before = probs[before, own[0]].astype(np.float64) + probs[before, own[1]]
        goes_before[unit_start[spans.start] | (spans.start == 0)] = 0.0
        result += probs[spans.start, own[1]] * (1.0 - goes_before)
    n_inside = spans.end - spans.start - 1
    inside = np.repeat(inside_tag(spans.label), n_inside)
    factors = probs[concat_ranges(spans.start + 1, n_inside), inside].astype(np.float64)
    longer = n_inside > 0
    begins = (np.cumsum(n_inside) - n_inside)[longer]
    if len(begins):
        result[longer] *= np.multiply.reduceat(factors, begins)
    after = np.minimum(spans.end, n_tokens - 1)
    goes_on = (spans.end < n_tokens) & ~unit_start[after]
    ends = np.where(goes_on, 1.0 - probs[after, inside_tag(spans.label)], 1.0)
    return np.clip(result * ends, 0.0, 1.0)


def _continues(tags: Ints, unit_start: Bools) -> Bools:
    """Mark where an `I-X` continues the span of the token before."""
    label = label_of(tags)
    result = np.zeros(len(tags), dtype=bool)
    result[1:] = label[1:] == label[:-1]
    result[1:] &= _is_inside(tags[1:]) & ~unit_start[1:]
    return result


def _is_inside(tags: Ints) -> Bools:
    result: Bools = (tags > OUTSIDE) & (tags == inside_tag(label_of(tags)))
    return result


def _illegal(tags: Ints, unit_start: Bools, is_space: Bools) -> Bools:
    """Mark where a tag sequence breaks a rule."""
    continues = _continues(tags, unit_start)
    stray = _is_inside(tags) & ~continues
    # A span may run through whitespace, but not end there.
    followed = np.append(continues[1:], False)
    result: Bools = stray | (is_space & (tags > OUTSIDE) & ~followed)
    return result


def _similar_lengths(units: Ints, lengths: Ints, max_cells: int = 1 << 16) -> list[Ints]:
    """Group units of similar length, so that padding and memory stay small."""
    units = units[np.argsort(lengths[units], kind="stable")]
    groups: list[Ints] = []
    begin = 0
    for i in range(1, len(units) + 1):
        full = i == len(units) or (i + 1 - begin) * lengths[units[i]] > max_cells
        if full:
            groups.append(units[begin:i])
            begin = i
    return groups


def _search(scores: NDArray[np.float64], is_space: Bools, lengths: Ints) -> Ints:
    """Search the best tag sequences of several units at once (Viterbi 1967).

    The rules of BIO make the usual table of classes by classes unnecessary: `O` and every `B-X`
    follow the best class of the token before, and `I-X` the better one of its `B-X` and `I-X`.

    scores (float64, (tokens, classes)): Log-probabilities; the units are laid end to end.
    is_space (Bools, (tokens,)): True at whitespace.
    lengths (Ints, (units,)): Tokens of each unit.
    RETURNS (Ints, (tokens,)): The class of each token.
    """
    n_units, n_steps, n_tags = len(lengths), int(lengths.max()), scores.shape[1]
    starts = np.cumsum(lengths) - lengths
    rows = np.arange(n_units)
    positions = np.minimum(starts[:, None] + np.arange(n_steps), len(scores) - 1)
    space = is_space[positions]
    best = scores[starts]
    best[:, _INSIDES] = _NEVER
    back = np.zeros((n_steps, n_units, n_tags), dtype=np.int16 if n_tags < 2**15 else np.int64)
    begins, insides = np.arange(n_tags)[_BEGINS], np.arange(n_tags)[_INSIDES]
    final = best.copy()
    for step in range(n_steps):
        if step > 0:
            # A span that has reached whitespace has to go on after it.
            leavable = best.copy()
            leavable[space[:, step - 1], 1:] = _NEVER
            source = leavable.argmax(axis=1)
            back[step] = source[:, None]
            new = np.repeat(leavable[rows, source][:, None], n_tags, axis=1)
            from_inside = best[:, _INSIDES] > best[:, _BEGINS]
            back[step, :, _INSIDES] = np.where(from_inside, insides, begins)
            new[:, _INSIDES] = np.maximum(best[:, _BEGINS], best[:, _INSIDES])
            best = new + scores[positions[:, step]]
        ends = lengths == step + 1
        if ends.any():
            final[ends] = best[ends]
            final[ends & space[:, step], 1:] = _NEVER
    state = final.argmax(axis=1)
    tags = np.zeros(len(scores), dtype=np.int64)
    for step in range(n_steps - 1, -1, -1):
        active = lengths > step
        tags[starts[active] + step] = state[active]
        if step > 0:
            state[active] = back[step, active, state[active]]
    return tags
