import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_seqtag.errors import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Zürich 東京 القاهرة 👩‍🚀", "Zürich 東京 القاهرة 👩‍🚀"),
        ("می‌خواهم", "می‌خواهم"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\x9b31m", "\\x9b31m"),
        ("\u202eevil\u202c", "\\u202eevil\\u202c"),
        ("\u2067a\u2069", "\\u2067a\\u2069"),
        ("a\nb\r\tc\0", "a\\nb\\r\\tc\\x00"),
        ("Rome\xa0", "Rome\\xa0"),
        ("\ufeffword", "\\ufeffword"),
        ("\ud800", "\\ud800"),
        ("", ""),
    ],
)
def test_what_a_terminal_would_obey_is_written_out(text, shown):
    assert printable(text) == shown


def test_long_text_is_cut():
    assert printable("a" * 60) == "a" * 60
    assert printable("a" * 61) == "a" * 60 + "…"
    assert printable("abc", limit=2) == "ab…"
    assert printable("a" * 1000, limit=None) == "a" * 1000


@given(st.text(st.characters(codec=None)))
def test_no_control_is_left(text):
    shown = printable(text, limit=None)
    kinds = {unicodedata.category(char) for char in shown if char not in "\u200c\u200d"}
    assert not kinds & {"Cc", "Cf", "Cs", "Zl", "Zp"}
