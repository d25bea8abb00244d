"""Messages with a number in them."""

import pytest

from spacy_seqtag.corpus.plural import counted, forms


@pytest.mark.parametrize(
    ("n", "message"),
    [
        (0, "0 sentences have no words, they were left out"),
        (1, "1 sentence has no words, it was left out"),
        (2000, "2,000 sentences have no words, they were left out"),
    ],
)
def test_counted(n, message):
    assert (
        counted(n, "<sentence has|sentences have> no words, <it was|they were> left out") == message
    )


def test_forms():
    assert forms(1, "<a|b>, <c>, |, <|d>") == "a, <c>, |, "
    assert forms(2, "<a|b>, <c>, |, <|d>") == "b, <c>, |, d"
