"""Base forms of English words."""

import pytest

from spacy_seqtag.schemes.english import base_forms


@pytest.mark.parametrize(
    ("form", "base"),
    [
        # irregular
        ("flew", "fly"),
        ("met", "meet"),
        ("ate", "eat"),
        ("was", "be"),
        ("understood", "understand"),
        ("outshone", "outshine"),
        ("resent", "resent"),
        ("dying", "die"),
        ("underlying", "underlie"),
        ("relying", "rely"),
        ("agreed", "agree"),
        # an e was dropped
        ("googled", "google"),
        ("hoped", "hope"),
        ("hoping", "hope"),
        ("speculating", "speculate"),
        ("creating", "create"),
        ("raised", "raise"),
        ("acquired", "acquire"),
        ("argued", "argue"),
        ("judging", "judge"),
        # and none
        ("opened", "open"),
        ("rained", "rain"),
        ("treated", "treat"),
        ("visiting", "visit"),
        ("played", "play"),
        ("seeing", "see"),
        ("focused", "focus"),
        # doubled consonants
        ("stopped", "stop"),
        ("mopping", "mop"),
        ("modelling", "model"),
        ("controlled", "control"),
        ("filled", "fill"),
        ("dressing", "dress"),
        ("adding", "add"),
        ("panicked", "panic"),
        # y and ie
        ("flies", "fly"),
        ("studied", "study"),
        ("tied", "tie"),
        ("ties", "tie"),
        # s and es
        ("runs", "run"),
        ("watches", "watch"),
        ("goes", "go"),
        ("misses", "miss"),
        ("uses", "use"),
        # not inflected
        ("need", "need"),
        ("exceed", "exceed"),
        ("bring", "bring"),
        ("bed", "bed"),
        ("pass", "pass"),
        ("'s", "'s"),
        ("", ""),
    ],
)
def test_the_likeliest_base_form(form, base):
    assert base_forms(form)[0] == base


@pytest.mark.parametrize(("form", "base"), [("hogtying", "hogtye"), ("quizzing", "quiz")])
def test_other_base_forms_follow(form, base):
    assert base in base_forms(form)[1:]
