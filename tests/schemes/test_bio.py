"""The BIO scheme, against plain code that enumerates and multiplies."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from spacy_seqtag.schemes.bio import (
    OUTSIDE,
    Spans,
    begin_tag,
    bio_tags,
    decode_greedy,
    decode_viterbi,
    encode,
    inside_tag,
    label_of,
    span_probabilities,
    spans_from_tags,
    to_iob1,
)
from spacy_seqtag.schemes.calibration import temper

PROBABILITIES = st.one_of(
    st.sampled_from([0.0, 0.0, 1e-30, 1e-6, 0.25, 0.5, 1.0]),
    st.floats(0.0, 1.0, width=32),
)


def units_of(starts):
    """(begin, end) of each unit; the first token begins one, marked or not."""
    begins = [i for i, start in enumerate(starts) if start or i == 0]
    return list(zip(begins, [*begins[1:], len(starts)]))


def is_legal(tags, starts, space, fixed):
    """The rules, word by word, on tag numbers (odd: begin, even: inside)."""
    n = len(tags)
    for i, tag in enumerate(tags):
        begins_unit = i == 0 or starts[i]
        if tag and tag % 2 == 0 and (begins_unit or tags[i - 1] not in (tag, tag - 1)):
            return False
        if tag and fixed[i]:
            return False
        if tag and space[i]:
            if tag % 2 == 1:
                return False
            goes_on = i + 1 < n and not starts[i + 1] and tags[i + 1] == tag
            if not goes_on:
                return False
    return True


def log_probability(probs, tags):
    values = [float(row[tag]) for row, tag in zip(probs, tags)]
    return -math.inf if 0.0 in values else sum(map(math.log, values))


@st.composite
def batches(draw, max_tokens=6, max_labels=2):
    """probs, unit_start, is_space, fixed. Few enough tokens to enumerate each unit."""
    n_tags = 2 * draw(st.integers(1, max_labels)) + 1
    longest = 6 if n_tags == 3 else 4
    lengths = draw(st.lists(st.integers(1, longest), min_size=1, max_size=4))
    while sum(lengths) > max_tokens * 2:
        lengths.pop()
    n = sum(lengths)
    rows = st.lists(PROBABILITIES, min_size=n_tags, max_size=n_tags)
    probs = np.asarray(draw(st.lists(rows, min_size=n, max_size=n)), dtype="f")
    if draw(st.booleans()):
        totals = probs.sum(axis=1, keepdims=True)
        probs = (probs / np.where(totals > 0, totals, 1)).astype("f")
    starts = np.zeros(n, dtype=bool)
    starts[np.cumsum([0, *lengths[:-1]])] = True
    starts[0] = draw(st.booleans())  # marked or not
    rare = st.sampled_from([False, False, False, True])
    space = np.asarray(draw(st.lists(rare, min_size=n, max_size=n)))
    fixed = np.asarray(draw(st.lists(rare, min_size=n, max_size=n)))
    return probs, starts, space, fixed


# A sure span of whitespace before a word, after a token that cannot be in a span: everything
# legal has probability 0, and the search must not prefer what is not legal.
IMPOSSIBLE = (
    np.asarray([[1, 0, 0], [0, 0, 0], [0, 0, 1]], dtype="f"),
    np.asarray([True, False, False]),
    np.asarray([False, True, False]),
    np.asarray([True, False, False]),
)


@settings(max_examples=300)
@given(batches())
@example(IMPOSSIBLE)
def test_viterbi_is_the_best_legal_sequence(batch):
    probs, starts, space, fixed = batch
    tags = decode_viterbi(probs, starts, space, fixed).tolist()
    assert is_legal(tags, starts, space, fixed)
    for begin, end in units_of(starts):
        unit = slice(begin, end)
        inner = np.zeros(end - begin, dtype=bool)
        legal = [
            sequence
            for sequence in itertools.product(range(probs.shape[1]), repeat=end - begin)
            if is_legal(sequence, inner, space[unit], fixed[unit])
        ]
        best = max(log_probability(probs[unit], sequence) for sequence in legal)
        found = log_probability(probs[unit], tags[unit])
        assert found == best or found == pytest.approx(best, abs=1e-6)


@settings(max_examples=200)
@given(batches())
def test_decoders_leave_their_arguments_alone(batch):
    copies = [array.copy() for array in batch]
    decode_viterbi(*batch)
    decode_greedy(*batch)
    for array, copy in zip(batch, copies):
        np.testing.assert_array_equal(array, copy)


@settings(max_examples=200)
@given(batches())
def test_a_unit_is_decoded_alone_as_in_a_batch(batch):
    probs, starts, space, fixed = batch
    for decode in (decode_viterbi, decode_greedy):
        whole = decode(*batch)
        for begin, end in units_of(starts):
            unit = slice(begin, end)
            alone = decode(probs[unit], starts[unit], space[unit], fixed[unit])
            np.testing.assert_array_equal(whole[unit], alone)


@settings(max_examples=300)
@given(batches())
def test_greedy_is_the_argmax_repaired(batch):
    probs, starts, space, fixed = batch
    tags = decode_greedy(*batch).tolist()
    assert is_legal(tags, starts, space, fixed)
    best = [0 if closed else int(row.argmax()) for row, closed in zip(probs, fixed)]
    label = [(tag + 1) // 2 for tag in tags]
    best_label = [(tag + 1) // 2 for tag in best]
    for i in range(len(tags)):
        if space[i]:
            continue
        # Words keep their label, and their tag but for an inside tag with nothing to continue.
        assert label[i] == best_label[i]
        if best[i] % 2 == 1 or tags[i] % 2 == 0:
            assert tags[i] == best[i]
    if is_legal(best, starts, space, fixed):
        assert tags == best


def test_greedy_repairs():
    # O, B-X, I-X, B-Y, I-Y as 0..4
    def greedy(tags, starts=(), space=(), fixed=()):
        n = len(tags)
        masks = [np.isin(np.arange(n), at) for at in (starts, space, fixed)]
        return decode_greedy(np.eye(5, dtype="f")[tags], *masks).tolist()

    assert greedy([2, 2, 0, 4, 4]) == [1, 2, 0, 3, 4]
    assert greedy([1, 4, 4]) == [1, 3, 4], "another label begins another span"
    assert greedy([1, 2, 2], starts=[2]) == [1, 2, 1], "a unit begins"
    assert greedy([1, 2, 2], fixed=[1]) == [1, 0, 1]
    assert greedy([1, 2, 2, 0], space=[0, 2]) == [0, 1, 0, 0], "whitespace at the edges"
    assert greedy([1, 2, 2], space=[1]) == [1, 2, 2], "whitespace within"
    assert greedy([1, 2, 0], space=[0, 1]) == [0, 0, 0], "nothing but whitespace"


@st.composite
def span_lists(draw):
    """Spans that do not overlap and cross no unit, the number of tokens, and unit starts."""
    n = draw(st.integers(0, 30))
    starts = np.asarray(draw(st.lists(st.booleans(), min_size=n, max_size=n)), dtype=bool)
    cuts = sorted(draw(st.sets(st.integers(0, n), max_size=n + 1)))
    spans = []
    for begin, end in itertools.pairwise(cuts):
        if not starts[begin + 1 : end].any() and draw(st.booleans()):
            spans.append((begin, end, draw(st.integers(0, 2))))
    arrays = np.asarray(spans, dtype=np.int64).reshape(-1, 3).T
    return Spans(*arrays), n, starts


@given(span_lists())
def test_encode_and_read_back(case):
    spans, n, starts = case
    tags = encode(spans, n)
    assert len(tags) == n
    nothing = np.zeros(n, dtype=bool)
    assert is_legal(tags.tolist(), starts, nothing, nothing)
    for array, expected in zip(spans_from_tags(tags, starts), spans):
        np.testing.assert_array_equal(array, expected)


@given(span_lists())
def test_encode_names(case):
    spans, n, _ = case
    names = bio_tags(["X", "Y", "Z"])
    expected = ["O"] * n
    for start, end, label in zip(*spans):
        for i in range(start, end):
            expected[i] = ("B-" if i == start else "I-") + "XYZ"[label]
    assert [names[tag] for tag in encode(spans, n)] == expected


@settings(max_examples=200)
@given(st.lists(st.tuples(st.integers(0, 4), st.booleans()), max_size=12))
def test_spans_of_any_tags(rows):
    """Spans of tags that need not be legal, by a loop."""
    tags = np.asarray([tag for tag, _ in rows], dtype=np.int64)
    starts = np.asarray([start for _, start in rows], dtype=bool)
    expected = []
    for i, (tag, start) in enumerate(rows):
        label = (tag + 1) // 2 - 1
        previous = (tags[i - 1] + 1) // 2 - 1 if i and not start else -1
        if tag and tag % 2 == 0 and previous == label:
            expected[-1][1] = i + 1
        elif tag:
            expected.append([i, i + 1, label])
    found = spans_from_tags(tags, starts)
    assert [list(span) for span in zip(*(a.tolist() for a in found))] == expected


@settings(max_examples=200)
@given(span_lists(), st.integers(0, 2**32 - 1))
def test_span_probabilities_by_multiplication(case, seed):
    spans, n, starts = case
    assume(n)
    rng = np.random.default_rng(seed)
    probs = rng.dirichlet(np.full(7, 0.3), n).astype("f")
    probs[rng.random(probs.shape) < 0.1] = 0.0
    found = span_probabilities(probs, starts, spans)
    assert found.shape == (len(spans.start),)
    for p, start, end, label in zip(found, *spans):
        expected = float(probs[start, 2 * label + 1])
        for i in range(start + 1, end):
            expected *= float(probs[i, 2 * label + 2])
        if end < n and not starts[end]:
            expected *= 1.0 - float(probs[end, 2 * label + 2])
        assert 0.0 <= p <= 1.0
        assert p == pytest.approx(expected, rel=1e-4, abs=1e-9)


def test_span_probabilities_in_iob1_over_all_sequences():
    """The sum over every sequence of tags from which the span would be read, each I-X as IOB1."""
    rng = np.random.default_rng(0)
    n, starts = 4, np.asarray([True, False, False, True])
    probs = rng.dirichlet(np.ones(5), n)
    expected = {}
    for tags in itertools.product(range(5), repeat=n):
        p = float(np.prod(probs[np.arange(n), tags]))
        for span in zip(*(a.tolist() for a in spans_from_tags(np.asarray(tags), starts))):
            expected[span] = expected.get(span, 0.0) + p
    assert len(expected) == 2 * (6 + 1)  # of three tokens and of one, of two labels
    spans = Spans(*map(np.asarray, zip(*expected)))
    found = span_probabilities(probs, starts, spans, iob1=True)
    assert found == pytest.approx(list(expected.values()))
    tempered = span_probabilities(probs.astype("f"), starts, spans, 2.0, iob1=True)
    again = span_probabilities(temper(probs.astype("f"), 2.0), starts, spans, iob1=True)
    assert tempered == pytest.approx(again)


@settings(max_examples=100)
@given(span_lists())
def test_iob1_says_the_same_spans(case):
    spans, n, starts = case
    tags = to_iob1(encode(spans, n), starts)
    found = spans_from_tags(tags, starts)
    assert [a.tolist() for a in found] == [a.tolist() for a in spans]
    ends = {(end, label) for _, end, label in zip(*spans)}
    for i in range(n):  # B-X only where an X ends right before, in the same unit
        label = (int(tags[i]) - 1) // 2
        begins = i in spans.start.tolist()
        expected = begins and (i, label) in ends and not starts[i]
        assert (tags[i] % 2 == 1) == expected


def test_iob1_leaves_missing_tags():
    tags = np.asarray([1, -1, 1, 2, 1, 0])
    starts = np.arange(6) == 0
    assert to_iob1(tags, starts).tolist() == [2, -1, 2, 2, 1, 0]


def test_long_units():
    """A unit too long for one block of the search, among short ones; spans planted in it."""
    rng = np.random.default_rng(0)
    n = 100_000
    probs = rng.dirichlet(np.ones(5), n).astype("f") * 1e-3
    planted = Spans(*(np.asarray(a) for a in ([7, 50_000], [12, 50_003], [1, 0])))
    tags = encode(planted, n)
    probs[np.arange(n), tags] = 1.0
    probs[20] = [0, 0, 1, 0, 0]  # a stray I-X, so that the unit has to be searched
    starts = np.zeros(n, dtype=bool)
    starts[90_000::5] = True
    nothing = np.zeros(n, dtype=bool)
    found = decode_viterbi(probs, starts, nothing, nothing)
    assert is_legal(found.tolist(), starts, nothing, nothing)
    for span in zip(*planted):
        assert span in set(zip(*(a.tolist() for a in spans_from_tags(found, starts))))
    found[18:22] = tags[18:22]
    np.testing.assert_array_equal(found, tags)


def test_many_broken_units_of_mixed_lengths():
    """More units than fit in one block: each as if it were alone."""
    rng = np.random.default_rng(1)
    lengths = rng.integers(1, 40, 6000)
    n = int(lengths.sum())
    probs = rng.dirichlet(np.ones(5), n).astype("f")
    space, fixed = rng.random((2, n)) < 0.05
    begins = np.cumsum(lengths) - lengths
    starts = np.isin(np.arange(n), begins)
    whole = decode_viterbi(probs, starts, space, fixed)
    assert is_legal(whole.tolist(), starts, space, fixed)
    for k in rng.integers(0, len(lengths), 100):
        unit = slice(begins[k], begins[k] + lengths[k])
        alone = decode_viterbi(probs[unit], starts[unit], space[unit], fixed[unit])
        np.testing.assert_array_equal(whole[unit], alone)


@pytest.mark.parametrize("decode", [decode_viterbi, decode_greedy])
def test_nothing_to_decode(decode):
    nothing = np.zeros(0, dtype=bool)
    tags = decode(np.zeros((0, 3), dtype="f"), nothing, nothing, nothing)
    assert tags.shape == (0,)
    spans = spans_from_tags(tags, nothing)
    assert [len(array) for array in spans] == [0, 0, 0]
    assert span_probabilities(np.zeros((0, 3), dtype="f"), nothing, spans).shape == (0,)
    assert encode(spans, 0).shape == (0,)


def test_first_token_begins_a_unit_unmarked():
    probs = np.asarray([[0.1, 0.2, 0.7], [0.1, 0.2, 0.7]], dtype="f")
    nothing = np.zeros(2, dtype=bool)
    for decode in (decode_viterbi, decode_greedy):
        assert decode(probs, nothing, nothing, nothing).tolist() == [1, 2]
    assert not nothing.any()
    spans = spans_from_tags(np.asarray([2, 2]), nothing)
    assert (spans.start.tolist(), spans.end.tolist()) == ([0], [2])


def test_numbers_of_the_tags():
    """They are in saved pipelines: the classes of a label must not change."""
    labels = ["PER", "ORG", "LOC"]
    tags = bio_tags(labels)
    assert tags == ["O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC"]
    for number, label in enumerate(labels):
        assert tags[begin_tag(number)] == f"B-{label}"
        assert tags[inside_tag(number)] == f"I-{label}"
        assert label_of(begin_tag(number)) == label_of(inside_tag(number)) == number
    assert tags[OUTSIDE] == "O"
    assert label_of(OUTSIDE) == -1
    numbers = np.arange(3)
    assert begin_tag(numbers).tolist() == [1, 3, 5]
    assert inside_tag(numbers).tolist() == [2, 4, 6]
    assert label_of(np.arange(7)).tolist() == [-1, 0, 0, 1, 1, 2, 2]


def test_tags_of_a_new_label_come_last():
    assert bio_tags([]) == ["O"]
    before = bio_tags(["PER", "ORG"])
    after = bio_tags(["PER", "ORG", "LOC"])
    assert after[: len(before)] == before
    assert set(after) - set(before) == {"B-LOC", "I-LOC"}
