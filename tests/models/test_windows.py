"""The encoder's windows: what they cover, where they are cut, and who gives a word its vector."""

import numpy as np
import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc
from spacy.vocab import Vocab

from spacy_seqtag.models.windows import (
    SentenceWindows,
    boundaries,
    create_sentence_windows,
    cut_at,
)


def doc_of(*lengths):
    """A Doc of sentences of these lengths."""
    starts = [i == 0 for length in lengths for i in range(length)]
    return Doc(Vocab(), words=["a"] * sum(lengths), sent_starts=starts)


def windows(doc, max_wordpieces, n_special=0, pieces=None):
    """(begin, end, first, last) of each window, where each word has so many wordpieces."""
    firsts = np.append(0, np.cumsum([1] * len(doc) if pieces is None else pieces)).astype(int)
    cut = SentenceWindows(max_wordpieces).cut(doc, firsts, n_special)
    return [tuple(window) for window in cut]


def test_windows_are_full_of_whole_sentences():
    whole = [(0, 7, 0, 7), (7, 10, 7, 10), (10, 15, 10, 15)]
    assert windows(doc_of(4, 3, 3, 5), 7) == whole
    assert windows(doc_of(4, 3, 3, 5), 9, n_special=2) == whole
    assert windows(doc_of(4, 3), 7) == [(0, 7, 0, 7)]
    assert windows(doc_of(), 7) == []


def test_wordpieces_are_counted():
    doc = doc_of(2, 2, 2)
    assert windows(doc, 8, pieces=[1, 3, 2, 2, 4, 0]) == [(0, 8, 0, 8), (8, 12, 8, 12)]
    # Words without wordpieces have a window, too.
    assert windows(doc_of(2), 8, pieces=[0, 0]) == [(0, 0, 0, 0)]


def test_long_sentences_are_cut_with_overlap():
    cut = windows(doc_of(2, 20, 3), 8)
    assert cut[0] == (0, 2, 0, 2)
    assert cut[-1] == (22, 25, 22, 25)
    # A quarter of a window is shared, half of it taken from each; the last is as long as the rest.
    assert cut[1:-1] == [(2, 10, 2, 9), (8, 16, 9, 15), (14, 22, 15, 22)]


def test_words_come_from_the_window_with_most_context():
    cut = windows(doc_of(500), 64)
    for begin, end, first, last in cut:
        for piece in range(first, last):
            context = min(piece - begin, end - 1 - piece)
            others = [w for w in cut if w[0] <= piece < w[1]]
            assert context >= max(min(piece - b, e - 1 - piece) for b, e, _, _ in others) - 1


def test_cut_between_words_where_they_are_short():
    pieces = [3] * 40
    for begin, end, first, last in windows(doc_of(40), 16, pieces=pieces):
        assert begin % 3 == end % 3 == first % 3 == last % 3 == 0


@given(
    st.lists(st.lists(st.integers(0, 40), min_size=1, max_size=12), max_size=6),
    st.integers(8, 30),
    st.integers(0, 3),
)
def test_every_wordpiece_has_one_window(sentences, max_wordpieces, n_special):
    doc = doc_of(*map(len, sentences))
    pieces = [n for sentence in sentences for n in sentence]
    cut = windows(doc, max_wordpieces, n_special, pieces)
    assert bool(cut) == bool(len(doc))
    taken = [piece for _, _, first, last in cut for piece in range(first, last)]
    assert taken == list(range(sum(pieces)))
    for begin, end, first, last in cut:
        assert begin <= first <= last <= end
        assert end - begin <= max_wordpieces - n_special
    if all(sum(sentence) <= max_wordpieces - n_special for sentence in sentences):
        assert sum(end - begin for begin, end, _, _ in cut) == sum(pieces)


def test_a_word_of_many_windows_costs_no_more_than_its_length():
    firsts = np.asarray([0, 1, 2, 50_002, 50_003])
    cut = cut_at(np.zeros(0, dtype=int), firsts, 126)
    assert sum(window.end - window.begin for window in cut) < 2 * 50_003


# Where sentences are not known


# A vocabulary that knows which words are spaces.
VOCAB = spacy.blank("en").vocab


def raw(words):
    return Doc(VOCAB, words=words)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It rained . We left ! Why ? No", [3, 6, 8]),
        ('He said " Go . " She went .', [6]),
        ("( It rained . ) ) We left", [6]),
        ("a b c", []),
        (". . a", [1, 2]),
        (") a", []),
        ("", []),
    ],
)
def test_rule_based_boundaries(text, expected):
    assert boundaries(raw(text.split())).tolist() == expected


def test_line_breaks_are_boundaries():
    assert boundaries(raw(["Title", "\n\n", "It", " ", "rained"])).tolist() == [2]


def test_known_sentences_count_alone():
    doc = raw(["It", "rained", ".", "We", "left", ".", "So"])
    doc[3].is_sent_start = False
    doc[5].is_sent_start = True
    assert boundaries(doc).tolist() == [5]


# As a span getter


def test_as_spans_for_other_encoders():
    getter = spacy.registry.resolve(
        {"x": {"@span_getters": "spacy_seqtag.sentence_windows.v1", "max_wordpieces": 12}}
    )["x"]
    short, long = getter([doc_of(4, 4, 4), doc_of(20)])
    assert [(span.start, span.end) for span in short] == [(0, 8), (8, 12)]
    assert all(len(span) <= 9 for span in long)
    assert {token.i for span in long for token in span} == set(range(20))


def test_too_small():
    with pytest.raises(ValueError, match=r"max_wordpieces = 7; .* at least 8"):
        create_sentence_windows(max_wordpieces=7)
