"""Windows of whole sentences: what they cover, and where they are cut."""

import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc
from spacy.vocab import Vocab
from spacy_transformers.span_getters import get_strided_spans

from spacy_seqtag.models.windows import create_sentence_windows


def doc_of(*lengths):
    """A Doc of sentences of these lengths."""
    starts = [i == 0 for length in lengths for i in range(length)]
    return Doc(Vocab(), words=["a"] * sum(lengths), sent_starts=starts)


def bounds(doc, **settings):
    (windows,) = create_sentence_windows(**settings)([doc])
    return [(window.start, window.end) for window in windows]


def test_windows_are_full_of_whole_sentences():
    assert bounds(doc_of(4, 3, 3, 5), max_words=7) == [(0, 7), (7, 10), (10, 15)]
    assert bounds(doc_of(4, 3), max_words=7) == [(0, 7)]
    assert bounds(doc_of(), max_words=7) == []


def test_long_sentences_are_cut_with_overlap():
    settings = {"max_words": 4, "window": 6, "stride": 4}
    assert bounds(doc_of(2, 12, 2), **settings) == [(0, 2), (2, 8), (6, 12), (10, 14), (14, 16)]
    # One that fits a window is not cut.
    assert bounds(doc_of(2, 6, 2), **settings) == [(0, 2), (2, 8), (8, 10)]


@given(st.integers(1, 300))
def test_unknown_boundaries_are_read_in_strides(n_words):
    doc = Doc(Vocab(), words=["a"] * n_words)
    (strided,) = get_strided_spans([doc], 20, 15)
    expected = [(span.start, span.end) for span in strided]
    assert bounds(doc, max_words=10, window=20, stride=15) == expected


@given(st.lists(st.integers(1, 12), max_size=12), st.integers(1, 10))
def test_every_word_is_in_a_window(lengths, max_words):
    doc = doc_of(*lengths)
    windows = bounds(doc, max_words=max_words, window=5, stride=3)
    assert {i for start, end in windows for i in range(start, end)} == set(range(len(doc)))
    assert all(end - start <= max(max_words, 5) for start, end in windows)
    if all(length <= max_words for length in lengths):
        assert sum(end - start for start, end in windows) == len(doc)


def test_found_by_its_name():
    getter = spacy.registry.resolve({"x": {"@span_getters": "spacy_seqtag.sentence_windows.v1"}})
    assert getter["x"]([doc_of(3)])[0][0].text == "a a a"


def test_illegal_stride():
    with pytest.raises(ValueError, match="stride = 9"):
        create_sentence_windows(window=8, stride=9)
