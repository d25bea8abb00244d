"""Items on disk."""

import sqlite3

import pytest

from spacy_seqtag.corpus.join.store import Store, temporary_storage
from spacy_seqtag.files import OutputError
from spacy_seqtag.schemes.propositions import Argument, Proposition


def test_items_come_back_by_their_numbers():
    items = [Proposition(1, "give.01", [Argument(0, 1, "ARG0")], [(3, 4)]), ("a", ["b"], None)]
    store = Store()
    assert [store.add(item) for item in items] == [0, 1]
    assert len(store) == 2
    assert [store[number] for number in (1, 0)] == items[::-1]
    assert isinstance(store[0], Proposition)
    store.close()


def test_errors_name_the_folder():
    message = "cannot be written: temporary data: full"
    with pytest.raises(OutputError, match=message), temporary_storage():
        raise sqlite3.OperationalError("full")
