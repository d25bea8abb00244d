"""Items on disk."""

import sqlite3

import pytest

from spacy_seqtag.corpus.errors import FormatError
from spacy_seqtag.corpus.join.store import Store, temporary_storage
from spacy_seqtag.files import OutputError
from spacy_seqtag.schemes.propositions import Argument, Proposition


def test_items_come_back_by_their_numbers():
    proposition = Proposition(1, "give.01", [Argument(0, 1, "ARG0")], [(3, 4)])
    items = [proposition, ("a", ["b"], None), "more"]
    store = Store(items)
    assert len(store) == 3
    assert [store[number] for number in (2, 1, 0)] == items[::-1]
    assert isinstance(store[0], Proposition)
    store.close()


def test_what_reading_raises_closes_the_store():
    def items():
        yield 1
        raise FormatError("a", 1, "wrong", "Mend it")

    with pytest.raises(FormatError, match="a:1: wrong"):
        Store(items())


def test_errors_name_the_folder():
    message = "cannot be written: temporary data: full"
    with pytest.raises(OutputError, match=message), temporary_storage():
        raise sqlite3.OperationalError("full")
