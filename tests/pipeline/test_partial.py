"""Entities that are annotated in part: what is learned, expected, scored and refused."""

import numpy as np
import pytest
import spacy
from spacy.scorer import get_ner_prf
from spacy.tokens import Doc, Span
from spacy.training import Example
from spacy.vocab import Vocab
from thinc.api import fix_random_seed

from spacy_seqtag.partial import NO_ENTITY, annotated_for
from spacy_seqtag.pipeline.loss import MISSING, cross_entropy
from spacy_seqtag.pipeline.ner import ner_score
from spacy_seqtag.schemes.bio import bio_tags
from spacy_seqtag.schemes.soft_rows import SoftRows
from spacy_seqtag.soft_labels import SoftLabels, set_soft_labels, set_soft_weight

LABELS = ("LOC", "PER")
TAGS = bio_tags(LABELS)  # O, B-LOC, I-LOC, B-PER, I-PER
WORDS = ["Ann", "Lee", "saw", "the", "old", "Rome"]
ENTS = ["B-PER", "I-PER", "O", "", "O", "B-LOC"]


def make_pipe(**config):
    """A component with labels; probabilities are made up, so no encoder is needed."""
    pipe = spacy.blank("en").add_pipe("seqtag_ner", config=config)
    for label in LABELS:
        pipe.add_label(label)
    return pipe


def make_example(labels=None, ents=ENTS, words=WORDS, vocab=None):
    """labels: those that were looked for; None for all."""
    vocab = vocab or Vocab()
    gold = Doc(vocab, words=words, ents=ents)
    if labels is not None:
        annotated_for(gold, labels)
    return Example(Doc(vocab, words=words), gold)


def random_probs(n_rows, n_classes=len(TAGS), seed=0):
    logits = np.random.default_rng(seed).normal(0, 2, (n_rows, n_classes))
    return softmax(logits)


def softmax(logits):
    e = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return (e / e.sum(axis=-1, keepdims=True)).astype("f")


def sets(pipe, example):
    """The tags that each token may have, by its class or its set; None for any."""
    classes, possible = pipe.encode(example), pipe.possible_classes(example)
    result = []
    for i, number in enumerate(classes):
        if number != MISSING:
            result.append({TAGS[number]})
        elif possible is None or possible[i].all():
            result.append(None)
        else:
            result.append({tag for tag, is_possible in zip(TAGS, possible[i]) if is_possible})
    return result


# What a token may be


def test_only_persons_were_looked_for():
    no_person = {"O", "B-LOC", "I-LOC"}
    found = sets(make_pipe(), make_example(["PER"]))
    assert found == [{"B-PER"}, {"I-PER"}, no_person, None, no_person, {"B-LOC"}]


def test_rest_is_unknown():
    found = sets(make_pipe(), make_example([]))
    assert found == [{"B-PER"}, {"I-PER"}, None, None, None, {"B-LOC"}]


def test_all_labels_were_looked_for():
    """Then outside is outside, and the loss is the plain one, bit by bit."""
    pipe = make_pipe(label_smoothing=0.1)
    probs = [random_probs(6)]
    whole, named = make_example(), make_example(["LOC", "PER"])
    assert sets(pipe, named) == [{"B-PER"}, {"I-PER"}, {"O"}, None, {"O"}, {"B-LOC"}]
    loss, (gradient,) = pipe.get_loss([whole], probs)
    other, (d_other,) = pipe.get_loss([named], probs)
    assert loss == other
    np.testing.assert_array_equal(gradient, d_other)


def test_tokens_that_are_not_words():
    """A token of several words is no X if none of them is; a part of a word is what the word is."""
    vocab = Vocab()
    gold = Doc(vocab, words=["the", "Rome", "-born", "Bari"], spaces=[True, False, True, False])
    gold.spans[NO_ENTITY] = [Span(gold, 1, 3, "PER"), Span(gold, 2, 4, "LOC")]
    predicted = Doc(
        vocab, words=["the", "Rome-born", "Ba", "ri"], spaces=[True, True, False, False]
    )
    found = sets(make_pipe(), Example(predicted, gold))
    no_place = {"O", "B-PER", "I-PER"}
    assert found == [None, {"O", "B-LOC", "I-LOC"}, no_place, no_place]


def test_tags_of_spacy():
    """`-` among spaCy's own tags is missing, not outside."""
    doc = Doc(Vocab(), words=WORDS)
    example = Example.from_dict(doc, {"entities": ["B-PER", "L-PER", "-", "O", "-", "U-LOC"]})
    assert sets(make_pipe(), example) == [{"B-PER"}, {"I-PER"}, None, {"O"}, None, {"B-LOC"}]


# The loss


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_loss_by_hand(smoothing):
    pipe = make_pipe(label_smoothing=smoothing)
    examples = [make_example(["PER"]), make_example(), make_example([])]
    probs = [random_probs(6, seed=seed) for seed in range(3)]
    loss, gradient = pipe.get_loss(examples, probs)
    by_hand = []
    for example, rows, d_rows in zip(examples, probs, gradient, strict=True):
        for row, d_row, allowed in zip(rows, d_rows, sets(pipe, example), strict=True):
            if allowed is None:
                assert not d_row.any()
                continue
            inside = np.asarray([tag in allowed for tag in TAGS])
            of_set = row[inside].sum()
            even = np.full(len(TAGS), smoothing / len(TAGS))
            by_hand.append(-(1 - smoothing) * np.log(of_set) - (even * np.log(row)).sum())
            target = (1 - smoothing) * np.where(inside, row / of_set, 0) + even
            np.testing.assert_allclose(d_row, row - target, atol=1e-6)
    assert loss == pytest.approx(np.mean(by_hand), rel=1e-5)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("share", [None, 0.15])
def test_complete_annotation_is_the_plain_loss(smoothing, share):
    """Bit by bit, whatever the settings, and beside Docs of which only some words are known."""
    pipe = make_pipe(label_smoothing=smoothing, entity_share=share)
    example = make_example(ents=["B-PER", "I-PER", "O", "O", "O", "B-LOC"])
    probs = random_probs(6)
    expected, d_expected = cross_entropy(pipe.model.ops, probs, pipe.encode(example), smoothing)
    loss, (gradient,) = pipe.get_loss([example], [probs])
    assert loss == expected
    np.testing.assert_array_equal(gradient, d_expected)
    _, (gradient, _) = pipe.get_loss(
        [example, make_example(["PER"])], [probs, random_probs(6, seed=1)]
    )
    np.testing.assert_array_equal(gradient, d_expected)


# The share of words in entities


@pytest.mark.parametrize("labels", [["PER"], [], None])
def test_share_of_entities(labels):
    """Its gradient, by differences: that of the whole loss less that without the setting."""
    with_share = make_pipe(entity_share=0.9, entity_share_margin=0.01, entity_share_weight=2.0)
    without = make_pipe()
    complete = make_example(ents=["O"] * 6)
    examples = [make_example(labels), complete, make_example(ents=[""] * 6)]
    logits = [np.random.default_rng(seed).normal(0, 2, (6, 5)) for seed in range(3)]

    def share_part(logits):
        probs = [softmax(rows) for rows in logits]
        loss, gradient = with_share.get_loss(examples, probs)
        plain, d_plain = without.get_loss(examples, probs)
        return loss - plain, [d - e for d, e in zip(gradient, d_plain, strict=True)]

    loss, gradient = share_part(logits)
    assert loss > 0
    assert not gradient[1].any()  # all is known there
    step = 0.02
    for n in (0, 2):
        for at in np.ndindex(6, 5):
            logits[n][at] += step
            above = share_part(logits)[0]
            logits[n][at] -= 2 * step
            below = share_part(logits)[0]
            logits[n][at] += step
            # 12 words of two Docs are not known completely.
            assert gradient[n][at] == pytest.approx(12 * (above - below) / (2 * step), abs=5e-3)


def test_soft_labels_stand_in_the_place_of_what_is_known_in_part():
    """Words with soft labels are learned once, from these, and their Doc expects no share."""
    settings = {"entity_share": 0.9, "entity_share_margin": 0.0}
    pipe = make_pipe(**settings)
    shares = softmax(np.random.default_rng(3).normal(0, 1, (6, 5)))
    shares[3] = 0.0  # nothing is thought of this word
    soft = make_example(["PER"])
    rows = SoftRows.from_dense(shares, TAGS)
    set_soft_labels(soft.reference, SoftLabels({"ents": rows}))
    shares = rows.dense({tag: i for i, tag in enumerate(TAGS)}, 5)
    set_soft_weight(soft.reference, 0.5)
    probs = [random_probs(6, seed=seed) for seed in range(2)]
    loss, (d_soft,) = pipe.get_loss([soft], probs[:1])
    known = np.asarray([True, True, True, False, True, True])
    np.testing.assert_allclose(d_soft, 0.5 * known[:, None] * (probs[0] - shares), atol=1e-6)
    losses = -(shares * np.log(probs[0])).sum(axis=1)[known]
    assert loss == pytest.approx(losses.mean(), rel=1e-5)
    # Beside a Doc of which something is known: 5 words of weight 0.5, 3 of a class and 2 of a set.
    plain = make_pipe()
    hard = make_example(["PER"])
    alone, _ = plain.get_loss([hard], probs[1:])
    both, _ = plain.get_loss([soft, hard], probs)
    assert both == pytest.approx((0.5 * losses.sum() + 5 * alone) / 7.5, rel=1e-5)


def test_share_pulls_towards_what_is_expected():
    """Few entities are expected, the model sees many: unknown words become `O`."""
    pipe = make_pipe(entity_share=0.2)
    _, (gradient,) = pipe.get_loss([make_example([])], [np.full((6, 5), 0.2, dtype="f")])
    assert (gradient[2:5, 0] < 0).all()
    assert (gradient[2:5, 1:] > 0).all()


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("entity_share", 0.0),
        ("entity_share", 1.0),
        ("entity_share", 15),
        ("entity_share_margin", -0.1),
        ("entity_share_margin", 1.0),
        ("entity_share_weight", 0.0),
    ],
)
def test_impossible_settings(setting, value):
    with pytest.raises(ValueError, match=rf"components\.seqtag_ner\] {setting} = {value}; set it"):
        make_pipe(**{setting: value})


# Training


def test_a_label_that_does_not_exist(tiny_bert, make_nlp):
    nlp = make_nlp(tiny_bert, {"seqtag_ner": {}})
    examples = [make_example(["PERS"], vocab=nlp.vocab)]
    with pytest.raises(
        ValueError, match=r"looked for, but that nothing has: PERS\. The labels are LOC, PER"
    ):
        nlp.initialize(lambda: examples)


def test_learning_of_persons_from_one_source_and_places_from_another(tiny_bert, make_nlp, train):
    """Taken as complete, the sources would teach that each other's entities are none."""
    ents = {"PER": ["B-PER", "I-PER", *"OOOO"], "LOC": [*"OOOOO", "B-LOC"]}

    def learned(partial):
        nlp = make_nlp(tiny_bert, {"seqtag_ner": {}})
        examples = [
            make_example([label] if partial else None, ents=tags, vocab=nlp.vocab)
            for label, tags in ents.items()
        ]
        fix_random_seed(0)
        nlp.initialize(lambda: examples)
        train(nlp, examples, 100)
        (probs,) = nlp.get_pipe("seqtag_ner").predict([nlp(Doc(nlp.vocab, words=WORDS))])
        return probs[0, TAGS.index("B-PER")], probs[5, TAGS.index("B-LOC")]

    as_complete, in_part = learned(partial=False), learned(partial=True)
    assert max(as_complete) < 0.8, as_complete
    assert min(in_part) > 0.9, in_part


# Scores


def score(example, ents):
    example.predicted.set_ents([Span(example.predicted, *ent) for ent in ents])
    return ner_score([example])


def test_score_of_what_was_looked_for():
    """A person too many is wrong, a place is neither right nor wrong where nobody looked for it."""
    found = [(0, 2, "PER"), (2, 3, "PER"), (3, 4, "PER"), (4, 5, "LOC"), (5, 6, "LOC")]
    scores = score(make_example(["PER"]), found)
    assert scores["ents_per_type"]["PER"] == {"p": 0.5, "r": 1.0, "f": pytest.approx(2 / 3)}
    assert scores["ents_per_type"]["LOC"] == {"p": 1.0, "r": 1.0, "f": 1.0}
    assert scores["ents_p"] == pytest.approx(2 / 3)
    assert score(make_example([]), found)["ents_f"] == 1.0


def test_score_of_an_entity_of_which_one_word_is_known():
    """One word that is no person is enough for a person to be wrong."""
    scores = score(make_example(["PER"]), [(2, 4, "PER"), (4, 5, "LOC")])
    assert scores["ents_per_type"]["PER"] == {"p": 0.0, "r": 0.0, "f": 0.0}


def test_confidences_are_judged_as_scores_are():
    """A person where nobody is one is wrong, or all that calibration sees would be right."""
    example = make_example(["PER"])
    found = [(0, 2, "PER"), (2, 3, "PER"), (3, 4, "PER"), (4, 5, "LOC"), (5, 6, "LOC")]
    score(example, found)
    for i, ent in enumerate(example.predicted.ents):
        ent._.confidence = (5 - i) / 10
    assert make_pipe().span_confidences([example]) == {
        "ents": (pytest.approx([0.5, 0.4, 0.1]), [True, False, True])
    }


def test_score_where_no_entity_is_known():
    """That there is no person is annotation, too."""
    nothing = make_example(["PER"], ents=["O"] * 6)
    assert score(nothing, [(0, 1, "LOC")])["ents_f"] is None
    scores = score(nothing, [(0, 1, "PER"), (2, 3, "LOC")])
    assert (scores["ents_p"], scores["ents_f"]) == (0.0, 0.0)
    assert score(make_example([], ents=["O"] * 6), [(0, 1, "PER")])["ents_f"] is None


def test_scores_without_partial_annotation_are_those_of_spacy():
    """The way of counting is the same; a span group elsewhere in the corpus makes no difference."""
    rng = np.random.default_rng(0)
    examples = []
    for _ in range(50):
        vocab = Vocab()
        words = list("abcdefgh")
        gold, predicted = (
            Doc(vocab, words=words, ents=rng.choice(["O", "B-PER", "B-LOC", ""], 8, p=p).tolist())
            for p in ([0.4, 0.3, 0.2, 0.1], [0.5, 0.3, 0.2, 0])
        )
        examples.append(Example(predicted, gold))
    expected = get_ner_prf(examples)
    assert ner_score(examples) == expected
    empty = Doc(Vocab(), words=["a"])
    empty.spans[NO_ENTITY] = []
    assert ner_score([*examples, Example(Doc(empty.vocab, words=["a"]), empty)]) == expected
