"""The BIO scheme (Ramshaw & Marcus 1995, in its IOB2 form) over a fixed set of span labels.

The tags of labels ``[X, Y]`` are ``O, B-X, I-X, B-Y, I-Y``: tag 0 is ``O``, label ``k`` has the
begin tag ``2k + 1`` and the inside tag ``2k + 2``. A new label is appended, so the tags of the
labels before it keep their numbers.

A sequence is legal when every ``I-X`` follows ``B-X`` or ``I-X`` in the same unit (sentence).
All functions work on the tokens of a whole batch, laid end to end; ``unit_start`` marks where a
new unit begins.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..ranges import concat_ranges

OUTSIDE = 0
# Log-probability of what breaks a rule: below the sum of any number of probabilities of 0, which
# count as _TINY, so that a sequence of probability 0 still is a legal one.
_NEVER = -1e30
_TINY = 1e-300

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Floats = NDArray[np.float32]


class Spans(NamedTuple):
    """Labelled spans over the tokens of a batch, as parallel arrays.

    start, end: token positions, ``end`` exclusive. label: index into the labels.
    """

    start: Ints
    end: Ints
    label: Ints


def bio_tags(labels: Sequence[str]) -> list[str]:
    """The tags of span labels, in the order of the classes (``2 * len(labels) + 1``)."""
    tags = ["O"]
    for label in labels:
        tags += [f"B-{label}", f"I-{label}"]
    return tags


def encode(spans: Spans, n_tokens: int) -> Ints:
    """Tag numbers of ``n_tokens`` tokens for spans that do not overlap."""
    tags = np.zeros(n_tokens, dtype=np.int64)
    for start, end, label in zip(*spans):
        tags[start:end] = 2 * label + 2
        tags[start] = 2 * label + 1
    return tags


def spans_from_tags(tags: Ints, unit_start: Bools) -> Spans:
    """Spans of a tag sequence. A stray ``I-X`` (nothing to continue) begins a span.

    tags (tokens,): tag numbers. unit_start (tokens,): True at the first token of each unit.
    """
    continues = _continues(tags, unit_start)
    start = np.flatnonzero((tags > OUTSIDE) & ~continues)
    # A span ends at the next token that does not continue one.
    stops = np.append(np.flatnonzero(~continues), len(tags))
    end = stops[np.searchsorted(stops, start, side="right")]
    return Spans(start, end, (tags[start] - 1) // 2)


def decode_greedy(probs: Floats, unit_start: Bools, is_space: Bools, fixed: Bools) -> Ints:
    """The most probable tag of each token; a stray ``I-X`` is read as ``B-X``.

    Arguments and result as in :func:`decode_viterbi`; whitespace at the edges of a span is cut.
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
    """The most probable of all legal tag sequences, for each unit (exact).

    probs (tokens, tags): probability of each tag at each token.
    unit_start (tokens,): True at the first token of each unit; spans never cross it.
    is_space (tokens,): whitespace tokens, at which no span begins or ends.
    fixed (tokens,): tokens that must stay outside every span.
    RETURNS (tokens,): tag numbers.
    """
    n_tokens = len(probs)
    if n_tokens == 0:
        return np.zeros(0, dtype=np.int64)
    if not unit_start[0]:
        unit_start = unit_start.copy()
        unit_start[0] = True
    tags = probs.argmax(axis=1).astype(np.int64)
    spaces = np.flatnonzero(is_space)
    tags[spaces] = 2 * probs[spaces, 0::2].argmax(axis=1)
    tags[fixed] = OUTSIDE
    # Where the best tags taken alone are legal already, no legal sequence can be better: only
    # the other units (few, with a trained model) need the search.
    unit = np.cumsum(unit_start) - 1
    broken = np.unique(unit[_illegal(tags, unit_start, is_space)])
    starts = np.flatnonzero(unit_start)
    lengths = np.diff(np.append(starts, n_tokens))
    for rows in _similar_lengths(broken, lengths):
        tokens = concat_ranges(starts[rows], lengths[rows])
        scores = np.log(np.maximum(probs[tokens].astype(np.float64), _TINY))
        scores[is_space[tokens], 1::2] = _NEVER
        scores[fixed[tokens], 1:] = _NEVER
        tags[tokens] = _search(scores, is_space[tokens], lengths[rows])
    return tags


def span_probabilities(probs: Floats, unit_start: Bools, spans: Spans) -> NDArray[np.float64]:
    """The probability of exactly each span: that it begins where it does, goes on, and ends there.

    ``P(B-X at start) * product of P(I-X) inside * (1 - P(I-X right after the end))``, the last
    factor only where the unit goes on after the span. Tokens are independent given the encoder's
    vectors, as they are in a softmax tagger.
    """
    n_tokens = len(probs)
    if len(spans.start) == 0:
        return np.zeros(0)
    result = probs[spans.start, 2 * spans.label + 1].astype(np.float64)
    n_inside = spans.end - spans.start - 1
    inside = np.repeat(2 * spans.label + 2, n_inside)
    factors = probs[concat_ranges(spans.start + 1, n_inside), inside].astype(np.float64)
    longer = n_inside > 0
    begins = (np.cumsum(n_inside) - n_inside)[longer]
    if len(begins):
        result[longer] *= np.multiply.reduceat(factors, begins)
    after = np.minimum(spans.end, n_tokens - 1)
    goes_on = (spans.end < n_tokens) & ~unit_start[after]
    ends = np.where(goes_on, 1.0 - probs[after, 2 * spans.label + 2], 1.0)
    return np.clip(result * ends, 0.0, 1.0)


def _is_inside(tags: Ints) -> Bools:
    return (tags > OUTSIDE) & (tags % 2 == 0)


def _continues(tags: Ints, unit_start: Bools) -> Bools:
    """Tokens whose tag is an `I-X` that goes on with the span of the token before."""
    label = (tags - 1) // 2
    result = np.zeros(len(tags), dtype=bool)
    result[1:] = label[1:] == label[:-1]
    result[1:] &= _is_inside(tags[1:]) & ~unit_start[1:]
    return result


def _illegal(tags: Ints, unit_start: Bools, is_space: Bools) -> Bools:
    """Tokens at which a tag sequence breaks a rule."""
    continues = _continues(tags, unit_start)
    stray = _is_inside(tags) & ~continues
    # A span may run through whitespace, but not end there.
    followed = np.append(continues[1:], False)
    return stray | (is_space & (tags > OUTSIDE) & ~followed)


def _similar_lengths(units: Ints, lengths: Ints, max_cells: int = 1 << 16) -> list[Ints]:
    """Units in groups of like length, so that padding and memory stay small."""
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
    """Viterbi (1967) over units at once that are laid end to end: the best tag of each token.

    The rules allow a recursion without a tags-by-tags table: O and every B-X may follow the best
    state of all, I-X only the better of B-X and I-X.
    """
    n_units, n_steps, n_tags = len(lengths), int(lengths.max()), scores.shape[1]
    starts = np.cumsum(lengths) - lengths
    rows = np.arange(n_units)
    positions = np.minimum(starts[:, None] + np.arange(n_steps), len(scores) - 1)
    space = is_space[positions]
    best = scores[starts]
    best[:, 2::2] = _NEVER
    back = np.zeros((n_steps, n_units, n_tags), dtype=np.int16 if n_tags < 2**15 else np.int64)
    begins = np.arange(1, n_tags, 2)
    final = best.copy()
    for step in range(n_steps):
        if step > 0:
            # After whitespace inside a span the span has to go on.
            leavable = best.copy()
            leavable[space[:, step - 1], 1:] = _NEVER
            source = leavable.argmax(axis=1)
            back[step] = source[:, None]
            new = np.repeat(leavable[rows, source][:, None], n_tags, axis=1)
            from_inside = best[:, 2::2] > best[:, 1::2]
            back[step, :, 2::2] = np.where(from_inside, begins + 1, begins)
            new[:, 2::2] = np.maximum(best[:, 1::2], best[:, 2::2])
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
