"""What outcomes are grouped by."""

import pytest
from spacy.tokens import Doc, Span
from spacy.training import Example
from spacy.vocab import Vocab

from spacy_seqtag.analysis.groups import (
    LENGTHS,
    PARTLY,
    SEEN,
    UNSEEN,
    by_length,
    by_seen,
    domains_of,
    learn,
)
from spacy_seqtag.analysis.outcomes import find_outcomes
from spacy_seqtag.frames import PREDICATES


@pytest.mark.parametrize(
    ("user_data", "expected"),
    [
        ([{"domain": "news"}, {"genre": "x"}, {}], ["news", "unknown", "unknown"]),
        ([{"genre": "a"}, {"genre": "b"}], ["a", "b"]),
        (
            [{"doc_id": f"{a}-{n}"} for a in ("web", "mail") for n in range(2)],
            ["web"] * 2 + ["mail"] * 2,
        ),
        ([{"doc_id": "bn/cnn/1"}, {"doc_id": "bn/cnn/2"}, {"doc_id": "nw/x"}], ["bn", "bn", "nw"]),
        # ids that say nothing: all the same, or all different
        ([{"doc_id": "dev-1"}, {"doc_id": "dev-2"}], None),
        ([{"doc_id": "17"}, {"doc_id": "18"}], None),
        ([{}, {}], None),
    ],
)
def test_domains(user_data, expected):
    docs = [Doc(Vocab(), words=["a"], user_data=dict(each)) for each in user_data]
    assert domains_of([Example(doc, doc) for doc in docs]) == expected


def test_lengths():
    words = [*"abcde", *"fghijk"]
    starts = [i in (0, 5) for i in range(11)]
    doc = Doc(Vocab(), words=words, pos=["X"] * 11, sent_starts=starts)
    examples = [Example(doc, doc)]
    key = by_length(examples)
    found = [key(each, True) for each in find_outcomes(examples, ["pos"])]
    assert found == [LENGTHS[0]] * 5 + [LENGTHS[1]] * 6


def test_what_training_had():
    vocab = Vocab()
    train = Doc(vocab, words=["Ann", "Lee", "saw", "Rome"], ents=["B-PER", "I-PER", "O", "O"])
    train.spans[PREDICATES] = [Span(train, 2, 3, "see.01")]
    training = learn([train])
    doc = Doc(
        vocab,
        words=["ANN", "Lee", "saw", "Rome", "and", "Ann"],
        ents=["B-PER", "I-PER", "O", "B-LOC", "B-X", "B-PER"],
        pos=["X"] * 6,
    )
    doc.spans[PREDICATES] = [Span(doc, 2, 3, "see.01"), Span(doc, 4, 5, "and.01")]
    examples = [Example(doc, doc)]
    key = by_seen(examples, training)

    def groups(task):
        return [key(each, True) for each in find_outcomes(examples, [task])]

    assert groups("pos") == [SEEN] * 4 + [UNSEEN, SEEN]
    assert groups("ents") == [SEEN, PARTLY, UNSEEN, PARTLY]
    assert groups("predicates") == [SEEN, UNSEEN]
