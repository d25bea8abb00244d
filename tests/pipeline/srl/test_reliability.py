"""What counts of the confidences of semantic roles, and what is right."""

import pytest
import spacy
from spacy.tokens import Doc
from spacy.training import Example

from spacy_seqtag.frames import set_propositions
from spacy_seqtag.pipeline.srl.reliability import argument_confidences, labelled_pairs
from spacy_seqtag.schemes.propositions import Argument, Proposition

from .made import make_pipe, scores_of, sents

TEXT = ("a gave b", "c sold d")
FRAMES = {
    1: [(0, 1, "ARG0", 0.9), (2, 3, "ARG1", 0.8)],
    4: [(3, 4, "ARG0", 0.7), (5, 6, "ARG1", 0.6)],
}


def props(*frames):
    return [
        Proposition(predicate, "x.01", [Argument(*argument) for argument in arguments], [])
        for predicate, *arguments in frames
    ]


@pytest.fixture
def found():
    """Function (gold propositions, what is annotated) to confidences. A predicate has 0.8."""
    nlp, pipe = make_pipe()
    doc = sents(nlp.vocab, *TEXT)
    pipe.set_annotations([doc], scores_of(pipe, [doc], [FRAMES]))

    def compare(gold, annotated=((0, 6),)):
        reference = sents(nlp.vocab, *TEXT)
        set_propositions(reference, gold, annotated=list(annotated))
        result = argument_confidences([Example(doc, reference)])
        return {name: (pytest.approx(sure), right) for name, (sure, right) in result.items()}

    return compare


def test_what_is_not_annotated_does_not_count(found):
    assert found(props((1, (0, 1, "ARG0"))), [(0, 3)]) == {
        "srl": ([0.72, 0.64], [True, False]),
        "srl_given": ([0.9, 0.8], [True, False]),
    }
    assert found(props((4, (5, 6, "ARG1"))), [(3, 6)]) == {
        "srl": ([0.56, 0.48], [False, True]),
        "srl_given": ([0.7, 0.6], [False, True]),
    }


def test_argument_of_another_predicate_is_wrong(found):
    """The words and the role alone do not do."""
    assert found(props((1, (3, 4, "ARG0"), (2, 3, "ARG1")), (4, (0, 1, "ARG0")))) == {
        "srl": ([0.72, 0.64, 0.56, 0.48], [False, True, False, False]),
        "srl_given": ([0.9, 0.8, 0.7, 0.6], [False, True, False, False]),
    }


def test_predicate_that_is_none(found):
    """Its arguments are wrong, and nothing is known of them given that it is one."""
    assert found(props((1, (0, 1, "ARG0"), (2, 3, "ARG1")))) == {
        "srl": ([0.72, 0.64, 0.56, 0.48], [True, True, False, False]),
        "srl_given": ([0.9, 0.8], [True, True]),
    }


def test_boundaries_and_roles_have_to_be_exact(found):
    gold = props((1, (0, 1, "ARG1"), (2, 3, "C-ARG1")), (4, (3, 4, "ARG0"), (4, 6, "ARG1")))
    assert found(gold)["srl"][1] == [False, False, True, False]


def test_frames_without_confidences_do_not_count():
    vocab = spacy.blank("en").vocab
    doc, gold = (sents(vocab, *TEXT) for _ in range(2))
    for each in (doc, gold):
        set_propositions(each, props((1, (0, 1, "ARG0"))), annotated=[(0, 6)])
    assert argument_confidences([Example(doc, gold)]) == {"srl": ([], []), "srl_given": ([], [])}


def test_docs_without_words_are_not_asked_for():
    nlp, pipe = make_pipe()
    docs = [Doc(nlp.vocab), Doc(nlp.vocab)]
    examples = [Example(doc, doc.copy()) for doc in docs]

    class Unasked:
        def predict(self, inputs):
            raise AssertionError("there is nothing to predict")

    assert labelled_pairs(Unasked(), examples, pipe.gold_pairs(examples)) == {}
