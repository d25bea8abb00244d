"""Soft labels of a Doc: kept, cut, and refused for other words."""

import numpy as np
import pytest
from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab

from spacy_seqtag.corpus.cut import cut_doc
from spacy_seqtag.schemes.soft_rows import SoftRows
from spacy_seqtag.soft_labels import (
    KEY,
    SoftLabels,
    SoftLabelsError,
    SoftRoles,
    get_soft_labels,
    set_soft_labels,
)

NAMES = ["O", "B-PER", "I-PER"]
COLUMNS = {name: i for i, name in enumerate(NAMES)}
WORDS = ["Ann", "left", ".", "Bob", "Lee", "saw", "it", "."]


def soft_doc(vocab=None):
    """Two sentences with one layer, and roles of `left` and `saw` in their sentences."""
    doc = Doc(vocab or Vocab(), words=WORDS, sent_starts=[1, -1, -1, 1, -1, -1, -1, -1])
    rng = np.random.default_rng(0)
    probs = rng.dirichlet([0.5] * 3, len(doc)).astype("f")
    roles = rng.dirichlet([0.5] * 3, 3 + 5).astype("f")
    at = [np.asarray(numbers) for numbers in ([1, 5], [0, 3], [3, 8])]
    sure = [np.asarray(numbers) for numbers in ([0.75, 0.5], [1.0, 0.25])]
    soft_roles = SoftRoles(*at, *sure, SoftRows.from_dense(roles, NAMES))
    set_soft_labels(doc, SoftLabels({"ents": SoftRows.from_dense(probs, NAMES)}, soft_roles))
    return doc


def dense(rows):
    return rows.dense(COLUMNS, 3)


def test_travels_in_a_docbin():
    doc = soft_doc()
    data = DocBin(docs=[doc], store_user_data=True).to_bytes()
    (again,) = DocBin(store_user_data=True).from_bytes(data).get_docs(Vocab())
    before, after = get_soft_labels(doc), get_soft_labels(again)
    np.testing.assert_array_equal(dense(before.layers["ents"]), dense(after.layers["ents"]))
    np.testing.assert_array_equal(dense(before.roles.roles), dense(after.roles.roles))
    assert after.roles.predicates.tolist() == [1, 5]
    assert after.roles.confidences.tolist() == [0.75, 0.5]
    assert after.roles.roleset_confidences.tolist() == [1.0, 0.25]


def test_a_doc_without():
    assert get_soft_labels(Doc(Vocab(), words=["a"])) is None


def test_cut_with_their_words():
    doc = soft_doc()
    whole = get_soft_labels(doc)
    first, second = (get_soft_labels(piece) for piece in cut_doc(doc, [(0, 3), (3, 8)]))
    layer = dense(whole.layers["ents"])
    np.testing.assert_array_equal(dense(first.layers["ents"]), layer[:3])
    np.testing.assert_array_equal(dense(second.layers["ents"]), layer[3:])
    assert first.roles.predicates.tolist() == [1]
    assert second.roles.predicates.tolist() == [2]
    assert (second.roles.starts.tolist(), second.roles.ends.tolist()) == ([0], [5])
    np.testing.assert_array_equal(dense(first.roles.roles), dense(whole.roles.roles)[:3])
    np.testing.assert_array_equal(dense(second.roles.roles), dense(whole.roles.roles)[3:])


def test_roles_that_a_cut_goes_through_are_dropped():
    soft = get_soft_labels(soft_doc()).cut([(0, 6)])
    assert soft.roles.predicates.tolist() == [1]


def test_other_words_are_refused():
    other = Doc(Vocab(), words=["Eve", *WORDS[1:]])
    other.user_data[KEY] = soft_doc().user_data[KEY]
    with pytest.raises(SoftLabelsError, match=r"begins 'Eve left.*other words.*seqtag distil"):
        get_soft_labels(other)
    doc = soft_doc()
    with doc.retokenize() as retokenizer:
        retokenizer.merge(doc[3:5])
    with pytest.raises(SoftLabelsError, match="other words"):
        get_soft_labels(doc)


@pytest.mark.parametrize("stored", [None, {}, {"words": 1, "layers": 3, "roles": None}, "x"])
def test_damaged(stored):
    doc = soft_doc()
    doc.user_data[KEY] = (
        stored if stored is not None else {**doc.user_data[KEY], "layers": {"a": 1}}
    )
    with pytest.raises(SoftLabelsError, match="damaged soft labels"):
        get_soft_labels(doc)
