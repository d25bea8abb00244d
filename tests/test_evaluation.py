"""What an evaluation gives to a pipeline; the scores are tested with the command."""

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from spacy_seqtag import evaluation
from spacy_seqtag.frames import set_propositions
from spacy_seqtag.partial import annotated_for
from spacy_seqtag.schemes.propositions import Argument, Proposition


@Language.factory("silent_labeller")
class SilentLabeller:
    """Stands for a semantic role labeller: takes predicates as they are."""

    def __init__(self, nlp, name):
        self.cfg = {}

    def __call__(self, doc):
        return doc


def with_roles(doc):
    first, last = doc[0], doc[len(doc) - 1]
    proposition = Proposition(last.i, "sing.01", [Argument(first.i, first.i + 1, "ARG0")], [])
    set_propositions(doc, [proposition], annotated=[(0, len(doc))])
    return doc


def test_gold_predicates(monkeypatch):
    monkeypatch.setattr(evaluation, "SRL_FACTORY", "silent_labeller")
    nlp = spacy.blank("en")
    labeller = nlp.add_pipe("silent_labeller", "roles")
    words = ["Ann", "sang"]
    golds = [with_roles(Doc(nlp.vocab, words=words)), Doc(nlp.vocab, words=words)]
    examples = [Example(Doc(nlp.vocab, words=words), gold) for gold in golds]
    evaluation.give_predicates(nlp, examples, "gold.spacy")
    assert labeller.cfg == {"use_existing_predicates": True}
    given, missing = (example.predicted for example in examples)
    # The roleset is for the labeller to find.
    assert [(s.start, s.end, s.label_) for s in given.spans["predicates"]] == [(1, 2, "V")]
    assert "srl" not in given.spans
    assert "predicates" not in missing.spans
    (gold,) = golds[0].spans["predicates"]
    assert gold.label_ == "sing.01"


def test_gold_predicates_that_are_not_there(monkeypatch):
    monkeypatch.setattr(evaluation, "SRL_FACTORY", "silent_labeller")
    nlp = spacy.blank("en")
    nlp.add_pipe("silent_labeller")
    examples = [Example(nlp("Ann sang"), nlp("Ann sang"))]
    with pytest.raises(
        evaluation.NoPredicatesError, match=r"^gold\.spacy: no document has semantic roles"
    ):
        evaluation.give_predicates(nlp, examples, "gold.spacy")


def test_labels_that_were_looked_for_and_that_the_pipeline_does_not_know():
    """Of a label that is spelled otherwise, no prediction would ever count as wrong."""
    nlp = spacy.blank("en")
    nlp.add_pipe("seqtag_ner", "ner").add_label("PER")
    gold = Doc(nlp.vocab, words=["Ann", "sang"], ents=["B-PER", "O"])
    annotated_for(gold, ["PER", "PERS"])
    with pytest.raises(evaluation.UnknownLabelsError, match=r"'ner' has never seen .*: PERS\. Use"):
        evaluation.check_labels(nlp, [Example(gold, gold)], "gold.spacy")
