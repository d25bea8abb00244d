"""When two words are the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_seqtag.corpus.words import escape, names_predicate, normal, unescape


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


@given(st.text("a/\\*.?-") | st.sampled_from(["/.", "/?", "/-", r"\/", "and/or"]))
def test_escaped_words_come_back(word):
    assert unescape(escape(word)) == word


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
