"""What messages quote of files."""

from spacy_seqtag.corpus.errors import FormatError, quoted
from spacy_seqtag.errors import printable


def test_messages_hold_nothing_that_steers_a_terminal():
    assert quoted("a\x1b[31m\u202eb") == r"'a\x1b[31m\u202eb'"
    assert quoted("x" * 100_000) == "'" + "x" * 60 + "…' (100000 characters)"
    assert printable("a\nb\u00a0c d") == r"a\nb\xa0c d"
    error = FormatError("in\x1b.iob", 3, "no \x07 " + "y" * 100_000, "Mend it")
    assert str(error) == r"in\x1b.iob:3: no \x07 " + "y" * 200 + "… (100000 characters). Mend it"
