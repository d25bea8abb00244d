"""Named entities: what is written, kept, blocked, scored."""

import numpy as np
import pytest
import spacy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Example
from spacy.vocab import Vocab

from spacy_seqtag.schemes.bio import Spans, begin_tag, bio_tags, inside_tag, span_probabilities

LABELS = ("PER", "LOC")
TAGS = bio_tags(LABELS)


def make_pipe(**config):
    """A component with labels; probabilities are made up, so no encoder is needed."""
    nlp = spacy.blank("en")
    pipe = nlp.add_pipe("seqtag_ner", config=config)
    for label in LABELS:
        pipe.add_label(label)
    return nlp, pipe


@pytest.fixture(scope="module", params=["viterbi", "greedy"])
def decoding(request):
    return request.param


def sure_of(tags, p=0.9):
    """Probabilities with p at the given tags, and the rest even."""
    probs = np.full((len(tags), len(TAGS)), (1 - p) / (len(TAGS) - 1), dtype="f")
    probs[np.arange(len(tags)), [TAGS.index(tag) for tag in tags]] = p
    return probs


def ents_of(doc):
    return [(ent.start, ent.end, ent.label_) for ent in doc.ents]


def test_entities_of_sure_tags(decoding):
    nlp, pipe = make_pipe(decoding=decoding)
    docs = [nlp.make_doc("Ann Lee saw Rome"), nlp.make_doc(""), nlp.make_doc("Oslo Bergen")]
    tags = [["B-PER", "I-PER", "O", "B-LOC"], [], ["B-LOC", "B-LOC"]]
    pipe.set_annotations(docs, [sure_of(t) for t in tags])
    assert [ents_of(doc) for doc in docs] == [
        [(0, 2, "PER"), (3, 4, "LOC")],
        [],
        [(0, 1, "LOC"), (1, 2, "LOC")],
    ]
    assert [[token.ent_iob_ for token in doc] for doc in docs] == [list("BIOB"), [], list("BB")]


def test_iob1():
    """I-X begins entities, with a confidence, and is what is learned."""
    nlp, pipe = make_pipe(decoding="iob1")
    doc = nlp.make_doc("Ann Lee saw Rome Oslo")
    probs = sure_of(["I-PER", "I-PER", "O", "I-LOC", "B-LOC"])
    pipe.set_annotations([doc], [probs])
    assert ents_of(doc) == [(0, 2, "PER"), (3, 4, "LOC"), (4, 5, "LOC")]
    rest = 0.1 / 4
    first = (0.9 + rest) * 0.9 * (1 - rest)
    second = (0.9 * (1 - 2 * rest) + rest) * (1 - rest)
    third = 0.9 + rest * (1 - (0.9 + rest))  # I-LOC begins one only where no LOC goes before
    assert [ent._.confidence for ent in doc.ents] == pytest.approx([first, second, third], rel=1e-5)
    classes = pipe.encode(Example(nlp.make_doc(doc.text), doc)).tolist()
    assert [TAGS[i] for i in classes] == ["I-PER", "I-PER", "O", "I-LOC", "B-LOC"]


def test_no_entity_is_an_annotation():
    nlp, pipe = make_pipe()
    doc = nlp.make_doc("nothing here")
    pipe.set_annotations([doc], [sure_of(["O", "O"])])
    assert doc.has_annotation("ENT_IOB")
    assert [token.ent_iob_ for token in doc] == ["O", "O"]


def test_decoders_differ_where_the_best_tags_are_illegal():
    """O .6 then I-PER .9: greedy begins a span at the second word, Viterbi weighs both."""
    nlp, _ = make_pipe()
    probs = np.asarray([[0.6, 0.4, 0, 0, 0], [0.05, 0.05, 0.9, 0, 0]], dtype="f")
    found = {}
    for name in ("viterbi", "greedy"):
        doc = nlp.make_doc("Ann Lee")
        make_pipe(decoding=name)[1].set_annotations([doc], [probs])
        found[name] = ents_of(doc)
    assert found == {"viterbi": [(0, 2, "PER")], "greedy": [(1, 2, "PER")]}


def test_unknown_decoding():
    with pytest.raises(ValueError, match=r"components\.seqtag_ner\] decoding = 'beam'"):
        make_pipe(decoding="beam")


# What is there already

WORDS = ["Ann", "Lee", "met", "Bo", "of", "Rome"]


def preset_doc(nlp):
    """A Doc with an entity set before: "Lee met", with ids."""
    doc = Doc(nlp.vocab, words=WORDS)
    doc.set_ents([Span(doc, 1, 3, label="WORK", kb_id="Q1", span_id="rule7")])
    return doc


def test_existing_entities_are_kept(decoding):
    nlp, pipe = make_pipe(decoding=decoding)
    doc = preset_doc(nlp)
    tags = ["B-PER", "I-PER", "I-PER", "I-PER", "O", "B-LOC"]
    pipe.set_annotations([doc], [sure_of(tags)])
    # The predicted span gives way; what is left of it on the other side begins anew or goes.
    assert (1, 3, "WORK") in ents_of(doc)
    assert ents_of(doc)[-1] == (5, 6, "LOC")
    assert (0, 1, "PER") in ents_of(doc)
    kept = next(ent for ent in doc.ents if ent.label_ == "WORK")
    assert (kept.kb_id_, kept.id_) == ("Q1", "rule7")
    assert kept._.confidence is None
    for ent in doc.ents:
        if ent.label_ != "WORK":
            assert ent.kb_id_ == ent.id_ == ""
            assert 0 < ent._.confidence <= 1


def test_predictions_beside_a_kept_entity(decoding):
    nlp, pipe = make_pipe(decoding=decoding)
    doc = preset_doc(nlp)
    tags = ["B-PER", "O", "O", "B-PER", "O", "O"]
    pipe.set_annotations([doc], [sure_of(tags)])
    assert ents_of(doc) == [(0, 1, "PER"), (1, 3, "WORK"), (3, 4, "PER")]


def test_existing_entities_are_overwritten(decoding):
    nlp, pipe = make_pipe(decoding=decoding, overwrite=True)
    doc = preset_doc(nlp)
    tags = ["B-PER", "I-PER", "O", "B-PER", "O", "O"]
    pipe.set_annotations([doc], [sure_of(tags)])
    assert ents_of(doc) == [(0, 2, "PER"), (3, 4, "PER")]
    assert not any(ent.kb_id_ or ent.id_ for ent in doc.ents)


@pytest.mark.parametrize("overwrite", [False, True])
def test_annotating_twice_changes_nothing(overwrite):
    nlp, pipe = make_pipe(overwrite=overwrite)
    doc = Doc(nlp.vocab, words=WORDS)
    tags = ["B-PER", "I-PER", "O", "B-PER", "O", "B-LOC"]
    for _ in range(2):
        pipe.set_annotations([doc], [sure_of(tags)])
        assert ents_of(doc) == [(0, 2, "PER"), (3, 4, "PER"), (5, 6, "LOC")]
        assert all(ent._.confidence for ent in doc.ents)


@pytest.mark.parametrize("overwrite", [False, True])
def test_blocked_tokens(decoding, overwrite):
    nlp, pipe = make_pipe(decoding=decoding, overwrite=overwrite)
    doc = Doc(nlp.vocab, words=WORDS)
    doc.set_ents([], blocked=[doc[1:2], doc[5:6]])
    tags = ["B-PER", "I-PER", "O", "B-PER", "O", "B-LOC"]
    for _ in range(2):
        pipe.set_annotations([doc], [sure_of(tags)])
        assert ents_of(doc) == [(0, 1, "PER"), (3, 4, "PER")]
        for i in (1, 5):
            assert (doc[i].ent_iob_, doc[i].ent_type_) == ("B", ""), "still blocked"


def test_tokens_said_to_be_outside_are_open():
    """As with spaCy's `ner`, only entities and blocks bind the component."""
    nlp, pipe = make_pipe()
    doc = Doc(nlp.vocab, words=WORDS, ents=["O"] * len(WORDS))
    pipe.set_annotations([doc], [sure_of(["B-PER", "I-PER", "O", "O", "O", "O"])])
    assert ents_of(doc) == [(0, 2, "PER")]


# Sentences and whitespace


def test_entities_stay_within_sentences(decoding):
    nlp, pipe = make_pipe(decoding=decoding)
    words = ["I", "saw", "Ann", "Lee", "left"]
    tags = ["O", "O", "B-PER", "I-PER", "O"]
    unknown = Doc(nlp.vocab, words=words)
    split = Doc(nlp.vocab, words=words, sent_starts=[True, False, False, True, False])
    one = Doc(nlp.vocab, words=words, sent_starts=[True, False, False, False, False])
    docs = [unknown, split, one]
    pipe.set_annotations(docs, [sure_of(tags)] * 3)
    assert ents_of(unknown) == ents_of(one) == [(2, 4, "PER")]
    assert all(ent.sent.start <= ent.start < ent.end <= ent.sent.end for ent in split.ents)
    assert ents_of(split)[0] == (2, 3, "PER")


@pytest.mark.parametrize("first_is_start", [True, False, None])
def test_entities_stay_within_docs(decoding, first_is_start):
    """Also where the first word of a Doc is not marked as a sentence start."""
    nlp, pipe = make_pipe(decoding=decoding)
    starts = [first_is_start, False]
    docs = [
        Doc(nlp.vocab, words=words, sent_starts=starts) for words in (["a", "Ann"], ["Lee", "b"])
    ]
    pipe.set_annotations(docs, [sure_of(["O", "B-PER"]), sure_of(["I-PER", "O"])])
    assert ents_of(docs[0]) == [(1, 2, "PER")]
    assert all((ent.start, ent.doc) == (0, docs[1]) for ent in docs[1].ents)
    # Nothing goes on after the first Doc's last word.
    assert docs[0].ents[0]._.confidence == pytest.approx(0.9)


@st.composite
def annotated_docs(draw):
    """Words with whitespace, sentence starts, entities and blocks of before; a seed."""
    words = draw(st.lists(st.sampled_from(["Ann", "of", "Rome", "\n", " "]), max_size=12))
    n = len(words)
    starts = [i == 0 or draw(st.sampled_from([True, False, False])) for i in range(n)]
    known = draw(st.booleans())
    marks = draw(st.lists(st.sampled_from([0, 0, 0, 1, 2]), min_size=n, max_size=n))
    return words, starts if known else None, marks, draw(st.integers(0, 2**32 - 1))


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(annotated_docs())
def test_any_probabilities(decoding, case):
    """What must hold whatever the model says."""
    words, starts, marks, seed = case
    nlp, pipe = PIPES[decoding]
    doc = Doc(nlp.vocab, words=words, sent_starts=starts)
    old = [Span(doc, i, i + 1, label="OLD") for i, mark in enumerate(marks) if mark == 1]
    blocked = [doc[i : i + 1] for i, mark in enumerate(marks) if mark == 2]
    doc.set_ents(old, blocked=blocked, default="missing")
    rng = np.random.default_rng(seed)
    probs = rng.dirichlet(np.full(len(TAGS), 0.3), len(words)).astype("f").reshape(-1, len(TAGS))
    pipe.set_annotations([doc], [probs])
    assert [(e.start, e.end) for e in doc.ents if e.label_ == "OLD"] == [
        (span.start, span.end) for span in old
    ]
    for ent in doc.ents:
        if ent.label_ == "OLD":
            continue
        assert ent.label_ in LABELS
        assert not ent[0].is_space
        assert not ent[-1].is_space
        assert not any(marks[ent.start : ent.end])
        assert starts is None or not any(starts[ent.start + 1 : ent.end])
        # The formula, by hand.
        k = LABELS.index(ent.label_)
        expected = float(probs[ent.start, begin_tag(k)])
        for i in range(ent.start + 1, ent.end):
            expected *= float(probs[i, inside_tag(k)])
        if ent.end < len(doc) and not (starts and starts[ent.end]):
            expected *= 1 - float(probs[ent.end, inside_tag(k)])
        assert ent._.confidence == pytest.approx(expected, rel=1e-4, abs=1e-7)
        assert 0 <= ent._.confidence <= 1
    for i, mark in enumerate(marks):
        if mark == 2:
            assert (doc[i].ent_iob_, doc[i].ent_type_) == ("B", "")


PIPES = {name: make_pipe(decoding=name) for name in ("viterbi", "greedy")}


def test_confidences_of_all_spans_sum_to_one():
    """Over all spans of one label that could begin at a word, given that one begins there."""
    inside = np.random.default_rng(0).uniform(0.1, 0.9, 4)
    total = 0.0
    for end in range(1, 6):
        probs = np.zeros((5, len(TAGS)), dtype="f")
        probs[0, begin_tag(0)] = 1.0
        probs[1:, inside_tag(0)] = inside
        spans = Spans(*(np.asarray([value]) for value in (0, end, 0)))
        total += span_probabilities(probs, np.arange(5) == 0, spans)[0]
    assert total == pytest.approx(1.0, rel=1e-6)


def test_confidence_is_saved():
    nlp, pipe = make_pipe()
    doc = nlp.make_doc("Ann Lee saw Rome")
    pipe.set_annotations([doc], [sure_of(["B-PER", "I-PER", "O", "B-LOC"])])
    expected = [ent._.confidence for ent in doc.ents]
    assert all(0 < p < 1 for p in expected)
    (loaded,) = (
        DocBin().from_bytes(DocBin(docs=[doc], store_user_data=True).to_bytes()).get_docs(Vocab())
    )
    assert [ent._.confidence for ent in loaded.ents] == expected
    part = doc[1:].as_doc(copy_user_data=True)
    assert part.ents[-1]._.confidence == expected[-1]


# Gold annotation


def test_encoding_of_gold():
    nlp, pipe = make_pipe()
    words = ["Ann", "of", "New", "York", "Rome", "x", "y"]
    gold = Doc(nlp.vocab, words=words)
    spans = [Span(gold, 0, 1, label="PER"), Span(gold, 2, 4, label="LOC")]
    spans.append(Span(gold, 4, 5, label="LOC"))
    gold.set_ents(spans, missing=[gold[5:6]], default="outside")
    classes = pipe.encode(Example(Doc(nlp.vocab, words=words), gold))
    names = [TAGS[c] if c >= 0 else None for c in classes]
    assert names == ["B-PER", "O", "B-LOC", "I-LOC", "B-LOC", None, "O"]


# Scores


def random_case(nlp, rng, n_docs=8):
    """Examples and the tag lists (predicted, gold) of Docs with random entities."""

    def random_tags(n):
        tags = []
        while len(tags) < n:
            label = rng.choice([*LABELS, "", ""])
            length = int(rng.integers(1, 4))
            if label:
                tags += [f"B-{label}", *[f"I-{label}"] * (length - 1)]
            else:
                tags.append("O")
        return tags[:n]

    examples, predicted, gold = [], [], []
    for n in rng.integers(1, 15, n_docs):
        gold.append(random_tags(n))
        # Mostly right, so that all counts occur.
        predicted.append(gold[-1] if rng.random() < 0.4 else random_tags(n))
        words = [f"w{i}" for i in range(n)]
        pair = [Doc(nlp.vocab, words=words, ents=tags[-1]) for tags in (predicted, gold)]
        examples.append(Example(*pair))
    return examples, predicted, gold


@pytest.mark.parametrize("seed", range(10))
def test_scores_are_those_of_seqeval(seed):
    from seqeval.metrics import classification_report
    from seqeval.scheme import IOB2

    nlp, pipe = make_pipe()
    examples, predicted, gold = random_case(nlp, np.random.default_rng(seed))
    scores = pipe.score(examples)
    report = classification_report(
        gold, predicted, mode="strict", scheme=IOB2, output_dict=True, zero_division=0
    )
    ours = {**scores["ents_per_type"], "micro avg": {k: scores[f"ents_{k}"] for k in "prf"}}
    for name, score in ours.items():
        if name in report:
            theirs = [report[name][key] for key in ("precision", "recall", "f1-score")]
            assert [score[key] for key in "prf"] == pytest.approx(theirs, abs=1e-4)
    assert set(report) - {"macro avg", "weighted avg"} <= set(ours)
    assert 0 < scores["ents_f"] < 1


def test_docs_without_gold_are_not_scored():
    nlp, pipe = make_pipe()
    examples, _, _ = random_case(nlp, np.random.default_rng(0))
    expected = pipe.score(examples)
    words = ["Ann", "left"]
    bare = Example(Doc(nlp.vocab, words=words, ents=["B-PER", "O"]), Doc(nlp.vocab, words=words))
    assert pipe.score([*examples, bare]) == expected
    assert pipe.score([bare])["ents_f"] is None


def test_entities_over_missing_gold_are_not_scored():
    nlp, pipe = make_pipe()
    words = ["Ann", "left", "Rome"]
    gold = Doc(nlp.vocab, words=words)
    gold.set_ents([Span(gold, 0, 1, label="PER")], missing=[gold[2:3]], default="outside")
    predicted = Doc(nlp.vocab, words=words, ents=["B-PER", "O", "B-LOC"])
    scores = pipe.score([Example(predicted, gold)])
    assert (scores["ents_p"], scores["ents_r"]) == (1.0, 1.0)
