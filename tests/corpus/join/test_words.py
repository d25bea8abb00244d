"""When two words are the same."""

import pytest

from spacy_seqtag.corpus.join.words import names_predicate, normal, word_difference


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Caf\u00e9", "Cafe\u0301"),
        ("(", "-LRB-"),
        ("]", "-RSB-"),
        ("1/2", r"1\/2"),
        ('"', "''"),
        ('"', "``"),
        ("1 000", "1\u00a0000"),
        ("1 000", "1_000"),
        ("/.", "."),
    ],
)
def test_same_words(one, other):
    assert normal(one) == normal(other)


@pytest.mark.parametrize(("one", "other"), [("a", "A"), ("_", "__"), ("'", '"'), ("(", ")")])
def test_other_words(one, other):
    assert normal(one) != normal(other)


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("eat", "eats"),
        ("be", "'s"),
        ("be", "was"),
        ("bear", "birth"),
        ("email", "e-mail"),
        ("rise", "arise"),
        ("like", "LIKED"),
        ("", "ran"),
        ("love", "<3"),
    ],
)
def test_names_of_predicates(name, word):
    assert names_predicate({name}, {word})


@pytest.mark.parametrize(("name", "word"), [("eat", "drink"), ("sing", "Eat"), ("be", "had")])
def test_names_of_other_words(name, word):
    assert not names_predicate({name}, {word})
    assert names_predicate({name}, {word, f"{name}s"})  # word and lemma


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
