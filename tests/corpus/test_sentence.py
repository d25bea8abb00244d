"""What the readers of corpus files share."""

import pytest

from spacy_seqtag.corpus.sentence import (
    FormatError,
    printable,
    quoted,
    spaces_from_text,
    text_contradiction,
    word_difference,
)


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


@pytest.mark.parametrize(
    ("mine", "theirs", "message"),
    [
        ("Ann", "Anna", ""),
        ("same", "same", ""),
        ("Café", "Cafe\u0301", "character 4 is U+00E9 against U+0065 U+0301, the same in NFC"),
        ("a", "\u0430", "character 1 is U+0061 against U+0430"),
        ("a b", "a\u00a0b", "character 2 is U+0020 against U+00A0"),
        ("ab", "a\u200db", "character 2 is nothing against U+200D"),
    ],
)
def test_word_difference(mine, theirs, message):
    assert word_difference(mine, theirs) == message


def test_messages_hold_nothing_that_steers_a_terminal():
    assert quoted("a\x1b[31m\u202eb") == r"'a\x1b[31m\u202eb'"
    assert quoted("x" * 100_000) == "'" + "x" * 60 + "…' (100000 characters)"
    assert printable("a\nb\u00a0c d") == r"a\nb\xa0c d"
    error = FormatError("in\x1b.iob", 3, "no \x07 " + "y" * 100_000, "Mend it")
    assert str(error) == r"in\x1b.iob:3: no \x07 " + "y" * 200 + "… (100000 characters). Mend it"
