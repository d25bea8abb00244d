"""Soft roles of an example, beside plain code."""

import numpy as np
import pytest
import spacy
from spacy.tokens import Doc
from spacy.training import Example

from spacy_seqtag.pipeline.srl.soft import _OwnRoles
from spacy_seqtag.schemes.soft_rows import SoftRows
from spacy_seqtag.soft_labels import SoftRoles

COLUMNS = {"O": 0, "B-ARG0": 1, "I-ARG0": 2, "B-ARG1": 3}
# The classes of the teachers, in an order of their own.
NAMES = ("B-ARG0", "O", "B-ARG1")
# Predicates at tokens 1, 4 and 6, each with a stretch of tokens of its own.
AT, STARTS, ENDS = (1, 4, 6), (0, 2, 5), (3, 7, 8)


@pytest.fixture
def rows():
    """The distribution of each token of each stretch, in the order of COLUMNS."""
    values = np.random.default_rng(0).dirichlet([1.0] * 3, 3 + 5 + 3).astype("f")
    own = {}
    flat = iter(SoftRows.from_dense(values, NAMES).dense(COLUMNS, len(COLUMNS)))
    for number, (start, end) in enumerate(zip(STARTS, ENDS, strict=True)):
        own[number] = {token: next(flat) for token in range(start, end)}
    return values, own


@pytest.fixture
def roles(rows):
    places = (np.asarray(each) for each in (AT, STARTS, ENDS))
    sure = (np.asarray([0.5, 0.25, 1.0]), np.asarray([0.75, 0.5, 0.125]))
    soft = SoftRoles(*places, *sure, SoftRows.from_dense(rows[0], NAMES))
    doc = Doc(spacy.blank("en").vocab, words=list("abcdefgh"))
    return _OwnRoles(soft, COLUMNS, Example(doc.copy(), doc), lambda label, _: ValueError(label))


def test_distributions_of_any_tokens(roles, rows):
    """Within the stretch of a predicate, on both sides of it, and apart from it."""
    for number, own in rows[1].items():
        for start in range(8):
            for end in range(start, 9):
                found = roles.shares(number, start, end)
                expected = [own.get(token, np.zeros(4)) for token in range(start, end)]
                assert found.shape == (end - start, 4)
                assert found.dtype == np.float32
                np.testing.assert_array_equal(found, np.asarray(expected).reshape(-1, 4))


def test_predicates_and_how_sure_they_are(roles):
    assert [roles.number_of(token) for token in range(8)] == [None, 0, None, None, 1, None, 2, None]
    assert [roles.confidences(n) for n in (0, 1, 2)] == [(0.5, 0.75), (0.25, 0.5), (1.0, 0.125)]
    assert roles.confidences(None) == (1.0, 1.0)


def test_without_soft_roles():
    doc = Doc(spacy.blank("en").vocab, words=["a"])
    roles = _OwnRoles(None, COLUMNS, Example(doc.copy(), doc), lambda label, _: ValueError(label))
    assert roles.number_of(0) is None
    assert roles.confidences(0) == (1.0, 1.0)


def test_role_that_is_not_known(rows):
    soft = SoftRoles(
        *(np.asarray([n]) for n in (0, 0, 11)),
        *(np.ones(1), np.ones(1)),
        SoftRows.from_dense(rows[0], ("B-NEW", "O", "B-ARG1")),
    )
    doc = Doc(spacy.blank("en").vocab, words=list("abcdefghijk"))
    with pytest.raises(ValueError, match=r"^NEW$"):
        _OwnRoles(soft, COLUMNS, Example(doc.copy(), doc), lambda label, _: ValueError(label))
