"""Semantic roles: what is learned from gold annotation."""

import numpy as np
import pytest
import spacy
from spacy.tokens import Doc, Span
from spacy.training import Example

from spacy_seqtag.frames import set_propositions
from spacy_seqtag.models.role_pairs import RoleScores
from spacy_seqtag.pipeline.srl.alignment import align
from spacy_seqtag.schemes.propositions import Argument, Proposition

from .made import make_pipe, sents


def test_gold_on_other_tokens():
    vocab = spacy.blank("en").vocab
    gold = Doc(vocab, words=["I", "can", "not", "see", "it", "now"])
    prop = Proposition(
        3,
        "see.01",
        [Argument(0, 1, "ARG0"), Argument(2, 3, "ARGM-NEG"), Argument(4, 6, "ARG1")],
        [],
    )
    set_propositions(gold, [prop], annotated=[(0, 6)])
    predicted = Doc(
        vocab,
        words=["I", "cannot", "see", "it", "now"],
        spaces=[True, False, True, True, False],
    )
    is_predicate, (aligned,) = align(Example(predicted, gold))
    assert is_predicate.tolist() == [0, 0, 1, 0, 0]
    assert aligned.predicate == 2
    # "not" is no token of its own: its role is missing, not wrong.
    assert aligned.arguments == [(0, 1, "ARG0"), (1, 2, ""), (3, 5, "ARG1")]
    predicted = Doc(vocab, words=["I", "can", "notsee", "it", "now"])
    is_predicate, aligned = align(Example(predicted, gold))
    assert is_predicate.tolist() == [0, 0, -1, 0, 0]
    assert aligned == []


def test_missing_annotation_is_missing():
    nlp, pipe = make_pipe()
    gold = sents(nlp.vocab, "She gave it .", "He sold it .")
    prop = Proposition(1, "give.01", [Argument(0, 1, "ARG0")], [])
    set_propositions(gold, [prop], annotated=[(0, 4)])
    example = Example(sents(nlp.vocab, "She gave it .", "He sold it ."), gold)
    result = pipe.gold_pairs([example])
    assert result.is_predicate.tolist() == [0, 1, 0, 0, -1, -1, -1, -1]
    assert result.role.tolist() == [1, 0, 0, 0]
    plain = Example(example.predicted, sents(nlp.vocab, "She gave it .", "He sold it ."))
    result = pipe.gold_pairs([plain])
    assert set(result.is_predicate.tolist()) == {-1}
    assert len(result.role) == len(result.roleset) == 0


def test_a_predicate_of_several_words():
    """Its first word is the predicate, the others continue it."""
    nlp, pipe = make_pipe()
    gold = sents(nlp.vocab, "She gave up .")
    set_propositions(gold, [Proposition(1, "V", [Argument(0, 1, "ARG0")], [])], annotated=[(0, 4)])
    gold.spans["predicates"] = [Span(gold, 1, 3, label="V")]
    assert set(pipe.find_labels(gold)) == {"ARG0", "C-V"}
    assert align(Example(gold.copy(), gold))[1] == [
        Proposition(1, "V", [Argument(0, 1, "ARG0")], [(2, 3)])
    ]


def test_unknown_role_is_an_error():
    nlp, pipe = make_pipe()
    gold = sents(nlp.vocab, "She gave it .")
    set_propositions(
        gold, [Proposition(1, "give.01", [Argument(0, 1, "ARG9")], [])], annotated=[(0, 4)]
    )
    with pytest.raises(ValueError, match=r"ARG9.*not among"):
        pipe.gold_pairs([Example(sents(nlp.vocab, "She gave it ."), gold)])


def test_an_argument_without_a_predicate_is_an_error():
    """As spaCy's augmenters leave it: they keep labels and drop ids."""
    nlp, pipe = make_pipe()
    gold = sents(nlp.vocab, "She gave it .")
    gold.spans["predicates"] = [Span(gold, 1, 2, label="give.01")]
    gold.spans["srl"] = [Span(gold, 0, 1, label="ARG0")]
    with pytest.raises(ValueError, match=r"no predicate.*'She'.*ARG0"):
        pipe.gold_pairs([Example(sents(nlp.vocab, "She gave it ."), gold)])


def test_roles_weigh_as_much_as_one_task_that_labels_every_word():
    forms = {"gave": ("give.01", "give.02"), "sold": ("sell.01", "sell.02")}
    nlp, pipe = make_pipe([(form, roleset) for form in forms for roleset in forms[form]])
    examples = []
    # The second sentence has no layer: its words do not count.
    for end, props in (
        (8, [(1, "give.01", [(0, 1)]), (4, "sell.01", []), (6, "V", [(7, 8)])]),
        (8, []),
        (0, []),
    ):
        gold = sents(nlp.vocab, "She gave it and sold what gave it", "He sold it .")
        props = [
            Proposition(p, r, [Argument(*a, "ARG0") for a in args], []) for p, r, args in props
        ]
        set_propositions(gold, props, annotated=[(0, end)] if end else [])
        examples.append(Example(sents(nlp.vocab, *(str(s) for s in gold.sents)), gold))

    def at_random(examples):
        """The loss and its gradient where all classes are equally probable."""
        gold = pipe.gold_pairs(examples)
        shapes = (len(gold.is_predicate), 2), gold.rolesets.shape, (len(gold.role), n_classes)
        return pipe.get_loss(
            examples, RoleScores(*(np.full(s, 1 / max(1, s[1]), "f") for s in shapes), gold)
        )

    n_classes = len(pipe.classes)
    loss, gradient = at_random(examples)
    assert loss == pytest.approx(2 * np.log(2) + np.log(n_classes))
    # Each label pulls its class up by as much as it pushes the others down.
    assert len(gradient.roles) == 3 * 8
    assert np.abs(gradient.roles).sum() == pytest.approx(16 * 2 * (1 - 1 / n_classes))
    assert np.abs(gradient.predicates).sum() == pytest.approx(16 * 2 * (1 - 1 / 2))
    loss, gradient = at_random(examples[1:])
    assert loss == pytest.approx(np.log(2))
    assert gradient.roles.shape == (0, n_classes)
