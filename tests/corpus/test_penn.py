"""The escapes of the Penn Treebank."""

from hypothesis import given
from hypothesis import strategies as st

from spacy_seqtag.corpus.penn import escape, unescape


@given(st.text("a/\\*.?-") | st.sampled_from(["/.", "/?", "/-", r"\/", "and/or"]))
def test_escaped_words_come_back(word):
    assert unescape(escape(word)) == word
