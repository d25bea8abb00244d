"""The probability of what a corpus gives, by hand-made probabilities and by brute force."""

import numpy as np
import pytest
import spacy
from spacy.tokens import Doc
from spacy.training import Example

from spacy_seqtag.labelling.given import judge
from spacy_seqtag.partial import annotated_for
from spacy_seqtag.schemes import bio


def example(nlp, gold):
    words, spaces = [t.text for t in gold], [bool(t.whitespace_) for t in gold]
    starts = [t.is_sent_start for t in gold]
    return Example(Doc(nlp.vocab, words=words, spaces=spaces, sent_starts=starts), gold)


@pytest.fixture
def knowing(knowing_path):
    return spacy.load(knowing_path)


def test_tags_have_the_probability_that_the_pipeline_gives_them(knowing, mini_docs):
    (gold,) = mini_docs(knowing.vocab, n=1)
    eg = example(knowing, gold)
    pos = knowing.get_pipe("seqtag_pos")
    (judged, *_) = judge(knowing, [eg])
    (probs,) = pos.predict([eg.predicted])
    assert judged.layer == "seqtag_pos"
    wanted = [probs[i, pos.labels.index(token.pos_)] for i, token in enumerate(gold)]
    assert judged.probabilities == pytest.approx(wanted)
    assert judged.doubts == []


def test_temperatures_count(knowing, mini_docs):
    pos = knowing.get_pipe("seqtag_pos")
    (gold,) = mini_docs(knowing.vocab, n=1)
    before = next(judge(knowing, [example(knowing, gold)])).probabilities
    pos.set_temperatures({"tags": 5.0})
    after = next(judge(knowing, [example(knowing, gold)])).probabilities
    assert (after < before).all()


def test_what_is_not_annotated_is_not_judged(knowing, mini_docs):
    (full,) = mini_docs(knowing.vocab, n=1)
    gold = Doc(knowing.vocab, [t.text for t in full], [bool(t.whitespace_) for t in full])
    gold[0].pos_ = "X" if "X" in knowing.get_pipe("seqtag_pos").labels else full[0].pos_
    pos, ner, srl = judge(knowing, [example(knowing, gold)])
    assert not np.isnan(pos.probabilities[0])
    assert np.isnan(pos.probabilities[1:]).all()
    assert np.isnan(ner.probabilities).all()
    assert np.isnan(srl.probabilities).all()
    assert not ner.doubts
    assert not srl.doubts


def test_a_word_that_is_known_not_to_be_an_entity(knowing, mini_docs):
    golds = mini_docs(knowing.vocab, n=60)
    full = next(g for g in golds if any(ent.label_ == "PER" for ent in g.ents))
    ent = next(ent for ent in full.ents if ent.label_ == "PER")
    gold = full.copy()
    gold.set_ents([], default="outside")
    annotated_for(gold, ["PER"])  # persons were looked for, and this one was overlooked
    eg = example(knowing, gold)
    ner = knowing.get_pipe("seqtag_ner")
    judged = next(own for own in judge(knowing, [eg]) if own.layer == "seqtag_ner")
    (probs,) = ner.predict([eg.predicted])
    person = [bio.bio_tags(ner.labels).index(tag) for tag in ("B-PER", "I-PER")]
    wanted = 1 - probs[:, person].sum(axis=1)
    assert judged.probabilities == pytest.approx(wanted, abs=1e-5)
    first = judged.doubts[0]
    assert (first.token, first.given, first.found) == (ent.start, "not B-PER", "B-PER")


def test_roles_are_judged_by_their_least_probable_pair(knowing, mini_docs):
    (gold,) = mini_docs(knowing.vocab, n=1)
    eg = example(knowing, gold)
    srl = knowing.get_pipe("seqtag_srl")
    judged = next(own for own in judge(knowing, [eg]) if own.layer == "seqtag_srl")
    pairs = srl.gold_pairs([eg])
    scores = srl.model.predict(([eg.predicted], lambda *_: pairs))
    wanted = [float(scores.predicates[i, pairs.is_predicate[i]]) for i in range(len(gold))]
    at = 0
    for row, predicate in enumerate(pairs.predicates.tolist()):
        if pairs.roleset[row] >= 0:
            chance = float(scores.rolesets[row, pairs.roleset[row]])
            wanted[predicate] = min(wanted[predicate], chance)
        for token in range(int(pairs.starts[row]), int(pairs.ends[row])):
            wanted[token] = min(wanted[token], float(scores.roles[at, pairs.role[at]]))
            at += 1
    assert judged.probabilities == pytest.approx(wanted, abs=1e-6)


def test_a_pipeline_without_its_encoder(knowing_path, mini_docs):
    nlp = spacy.load(knowing_path, disable=["transformer"])
    (gold,) = mini_docs(nlp.vocab, n=1)
    with (
        pytest.warns(UserWarning, match="did not run"),
        pytest.raises(ValueError, match="the transformer that 'seqtag_pos' listens to"),
    ):
        list(judge(nlp, [example(nlp, gold)]))


def test_a_pipeline_that_merges_words(knowing, mini_docs):
    golds = mini_docs(knowing.vocab, n=60)
    knowing.add_pipe("merge_entities")
    examples = [example(knowing, gold) for gold in golds if any(len(ent) > 1 for ent in gold.ents)]
    with pytest.raises(ValueError, match=r"a component .*merge_entities\) merges or splits words"):
        list(judge(knowing, examples))
