"""The spaces between words, told from a text."""

import pytest

from spacy_seqtag.corpus.formats.words import spaces_from_text, text_contradiction


@pytest.mark.parametrize(
    ("forms", "text", "spaces"),
    [
        (["a", "b"], "a b", [True, False]),
        (["a", "b"], " ab ", [False, True]),
        (["New York", "!"], "New\u00a0 York!", [False, False]),
        (["10 000", "x"], "10000 x", [True, False]),
        (["10000", "x"], "10 000 x", [True, False]),
        (["a", "b"], "a b c", None),
        (["a", "b"], "a", None),
    ],
)
def test_spaces_from_text(forms, text, spaces):
    assert spaces_from_text(forms, text) == spaces


@pytest.mark.parametrize(
    ("forms", "text", "message"),
    [
        (["a", "b"], "a b c", "after word 2 the text goes on with 'c'"),
        (["a", "b"], "a", "word 2 is 'b', the text has nothing more"),
        (["a", "bc"], "a bd", "word 2 is 'bc', the text has 'bd'"),
    ],
)
def test_text_contradiction(forms, text, message):
    assert text_contradiction(forms, text) == message
