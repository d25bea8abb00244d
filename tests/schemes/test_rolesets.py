"""Rolesets of a word form: those it was seen with, and guesses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_seqtag.schemes.rolesets import Guess, RolesetLexicon, Word

PAIRS = [
    ("Gave", "give.01"),
    ("given", "give_up.07"),
    ("sell", "sell.01"),
    ("grew", "grow.01"),
    ("knew", "know.01"),
    ("threw", "throw.01"),
    ("flow", "flow.01"),
    ("decision", "decide.01"),
    ("decided", "decide.01"),
    ("revision", "revise.01"),
    ("provision", "provide.01"),
    ("division", "divide.01"),
    ("divide", "divide.01"),
    ("collide", "collide.01"),
]


@pytest.fixture
def lexicon():
    return RolesetLexicon.from_pairs(PAIRS, "en")


def names(lexicon, *word):
    return [lexicon.rolesets[i] for i in lexicon.candidates(Word(*word))]


def test_seen_forms_have_the_rolesets_of_their_frame_files(lexicon):
    assert names(lexicon, "gave") == ["give.01", "give_up.07"]
    assert lexicon.certainty(Word("gave")) == 1.0


@pytest.mark.parametrize(
    ("form", "file"), [("flew", "fly"), ("met", "meet"), ("ate", "eat"), ("googled", "google")]
)
def test_english_has_the_frame_file_of_the_base_form(lexicon, form, file):
    assert lexicon.guess_files(form) == Guess([file], False)
    assert lexicon.guess(Word(form)) == f"{file}.01"
    assert lexicon.candidates(Word(form)) == []


def test_the_base_form_of_an_unseen_form_may_have_rolesets(lexicon):
    assert names(lexicon, "giving") == ["give.01", "give_up.07"]
    assert names(lexicon, "decisions") == ["decide.01"]  # as the seen form "decision" has
    assert names(lexicon, "sold") == ["sell.01"]


def test_endings_lead_to_names_that_are_there(lexicon):
    assert lexicon.guess_files("collision") == Guess(["collide"], True)
    assert lexicon.guess_files("occlusion") == Guess(["occlusion"], False)


def test_other_languages_go_by_endings():
    lexicon = RolesetLexicon.from_pairs(PAIRS)
    assert lexicon.guess_files("flew") == Guess(["flow"], True)


def test_a_lemma_goes_before_spelling(lexicon):
    assert names(lexicon, "saw", "sell") == ["sell.01"]
    assert lexicon.guess(Word("lay", "lie")) == "lie.01"
    assert RolesetLexicon.from_pairs(PAIRS).guess(Word("flew", "Fly")) == "fly.01"


def test_what_a_guess_is_worth_is_measured_on_forms_held_out():
    # Of five forms whose file another form has, each has a roleset that another form has, but for
    # "ended" and "ending": right are 3 of 5.
    known = [("walked", "walk.01"), ("walks", "walk.01"), ("walking", "walk.01")]
    known += [("ended", "end.01"), ("ending", "end_up.03")]
    # Of forms that are alone with their file, two of three have number 01 of their base form.
    new = [("stopped", "stop.01"), ("hoped", "hope.01"), ("left", "leave.11")]
    lexicon = RolesetLexicon.from_pairs(known + new, "en")
    assert lexicon.guess_right == {"known": (3 + 1) / (5 + 2), "new": (2 + 1) / (3 + 2)}
    assert lexicon.guess_accuracy == 1.0
    assert lexicon.certainty(Word("walk")) == lexicon.guess_right["known"]
    assert lexicon.certainty(Word("googled")) == lexicon.guess_right["new"]


def test_nothing_learned_is_worth_no_more_than_a_coin():
    assert RolesetLexicon.from_pairs([]).certainty(Word("flew")) == 0.5


@given(
    st.lists(st.tuples(st.text("abde", min_size=1, max_size=6), st.sampled_from("xyz"))),
    st.sampled_from(["", "en"]),
)
def test_survives_its_dict(pairs, lang):
    lexicon = RolesetLexicon.from_pairs([(form, f"{form}{x}.01") for form, x in pairs], lang)
    again = RolesetLexicon.from_dict(lexicon.to_dict(), lang)
    assert again.to_dict() == lexicon.to_dict()
    for form, x in pairs:
        assert f"{form}{x}.01" in names(again, form)
    assert 0.0 <= lexicon.guess_accuracy <= 1.0
    assert all(0.0 < share < 1.0 for share in lexicon.guess_right.values())


def test_lexicons_saved_without_measures_are_measured(lexicon):
    data = lexicon.to_dict()
    del data["guess_right"]
    again = RolesetLexicon.from_dict(data, "en")
    assert again.files == lexicon.files
    assert again.guess(Word("flew")) == "fly.01"
    assert all(0.0 < share < 1.0 for share in again.guess_right.values())
    assert again.guess_right["new"] <= again.guess_right["known"] < 0.9
