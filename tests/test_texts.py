"""Texts that nobody would write, and Docs of words that no tokenizer would make, through pipelines:
what is annotated is whole, and does not depend on what else is in the batch."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc

from spacy_seqtag.frames import predicate_of, problems

STRANGE = [
    *("\0", "\x1b[31m", "\x7f", "\x85", "\xa0", "\xad", "\u034f", "\u200b", "\u200d", "\u2028"),
    *("\u202e", "\u2067", "\u2069", "\ufeff", "\ufffd", "\ufffe", "\U000e0041", "\U0010ffff"),
    *("e\u0301", "a" + "\u0300" * 40, "ﷺ", "ß", "İ", "ǆ", "ﬁ", "½", "Ⅷ", "²"),
    *("👩\u200d👩\u200d👧", "🏳\ufe0f\u200d🌈", "🇳🇴", "👍🏽", "☃"),
    *("東京", "서울", "กรุงเทพ", "القاهرة", "תל אביב", "Αθήνα", "Київ", "दिल्ली", "ཀ", "𓀀"),
    *("[SEP]", "<s>", "[MASK]", "##ing", "Ġthe", "▁a", "<unk>"),
    *("don't", "Mr.", "3.5%", "a.b@c.de", "http://x.yz/?q=1&r=2", "C++", ":-)", "-LRB-"),
    *(" ", "  ", "\n", "\r\n", "\t", "\n\n \n", "\u3000"),
    *("She", "gave", "Ann", "the", "book", ".", "!", '"', ")", "New York", "Oslo"),
]
LONG = [
    *("a" * 2000, "東" * 300, "\u0301" * 300, "👍" * 40, " " * 500, "\n" * 300),
    *("ab " * 40, ". " * 60, "x-" * 20),
]
PIECES = st.sampled_from(STRANGE) | st.text(st.characters(codec="utf-8"), max_size=8)
PIECES |= st.sampled_from(STRANGE).map(lambda piece: piece + " ")
TEXTS = st.lists(PIECES, max_size=12).map("".join)
# Few are long, as each takes as much time as a hundred others.
TEXTS |= st.tuples(TEXTS, st.sampled_from(LONG), TEXTS).map("".join)
WORDS = st.lists(
    st.tuples(
        st.sampled_from(STRANGE) | st.text(st.characters(codec="utf-8"), min_size=1, max_size=6),
        st.booleans(),
        st.sampled_from([None, None, None, True, False]),
    ),
    max_size=12,
)


@pytest.fixture(scope="module")
def pipeline(request, make_nlp, mini_examples):
    """Tags, entities and roles by weights drawn at random, so that all of them occur."""
    nlp = make_nlp(request.getfixturevalue(request.param), ("seqtag_pos", "seqtag_ner"))
    nlp.add_pipe("seqtag_srl")
    nlp.initialize(lambda: mini_examples(nlp))
    rng = np.random.default_rng(0)
    for _, component in nlp.pipeline[1:]:
        for node in component.model.walk():
            if node.has_param("W") and not node.get_param("W").any():
                shape = node.get_param("W").shape
                node.set_param("W", rng.normal(0, 1, shape).astype("float32"))
                if shape[0] == 2:  # every fifth word or so is a predicate, not every other
                    node.set_param("b", np.asarray([1, -1], dtype="float32"))
    # Sentences, where a Doc does not bring its own.
    nlp.add_pipe("sentencizer", first=True)
    doc = nlp("She gave Ann the book. He left Oslo on Monday, and saw the people there again.")
    assert doc.ents
    assert doc._.frames
    return nlp


def check(doc):
    """Whether what a pipeline wrote is whole."""
    sent_of = np.cumsum(doc.to_array("SENT_START") == 1)
    for token in doc:
        assert (token.pos_ == "SPACE") == token.is_space
        assert token.pos_
        assert 0.0 <= token._.tag_confidence <= 1.0
    for ent in doc.ents:
        assert ent.label_
        assert sent_of[ent.start] == sent_of[ent.end - 1]
        assert not ent[0].is_space
        assert not ent[-1].is_space
        assert 0.0 <= ent._.confidence <= 1.0
    assert list(problems(doc)) == []
    for frame in doc._.frames:
        scores = [frame.confidence, frame.roleset_confidence, *frame.argument_confidences]
        assert all(0.0 <= score <= 1.0 for score in scores)
        assert frame.roleset
        assert not frame.predicate[0].is_space
        for span in (*frame.arguments, *frame.parts):
            assert predicate_of(span) == frame.predicate.start
            assert not span[0].is_space
            assert not span[-1].is_space


def annotation(doc):
    """All that a pipeline wrote, and its confidences apart."""
    frames = doc._.frames
    labels = (
        [(token.text, token.whitespace_, token.pos_, token.is_sent_start) for token in doc],
        [(ent.start, ent.end, ent.label_) for ent in doc.ents],
        [(f.roleset, [(s.start, s.end, label) for label, s in f.pieces]) for f in frames],
    )
    confidences = [token._.tag_confidence for token in doc]
    confidences += [ent._.confidence for ent in doc.ents]
    for frame in frames:
        confidences += [frame.confidence, frame.roleset_confidence, *frame.argument_confidences]
    return labels, confidences


def check_batch(nlp, make_docs):
    """make_docs: function to new Docs, the same each time."""
    together = list(nlp.pipe(make_docs()))
    for doc, alone in zip(together, map(nlp, make_docs()), strict=True):
        check(doc)
        labels, confidences = annotation(doc)
        labels_alone, confidences_alone = annotation(alone)
        assert labels == labels_alone
        assert confidences == pytest.approx(confidences_alone, abs=1e-4)
        again = Doc(nlp.vocab).from_bytes(doc.to_bytes())
        assert annotation(again) == (labels, confidences)
        assert again.text == doc.text


def examples(number):
    """Always the same ones: two labels that are equally probable to six digits, which random ones
    come upon now and then, may be another one in another batch."""
    return settings(
        max_examples=number,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


def texts_test(number):
    @pytest.mark.parametrize("pipeline", ["tiny_bert", "tiny_roberta"], indirect=True)
    @examples(number)
    @given(texts=st.lists(TEXTS, min_size=1, max_size=3))
    def test(pipeline, texts):
        check_batch(pipeline, lambda: [pipeline.make_doc(text) for text in texts])

    return test


def words_test(number):
    @pytest.mark.parametrize("pipeline", ["tiny_bert", "tiny_roberta"], indirect=True)
    @examples(number)
    @given(docs=st.lists(WORDS, min_size=1, max_size=3))
    def test(pipeline, docs):
        def make():
            return [
                Doc(
                    pipeline.vocab,
                    words=[word for word, _, _ in rows],
                    spaces=[space for _, space, _ in rows],
                    sent_starts=[start for _, _, start in rows],
                )
                for rows in docs
            ]

        check_batch(pipeline, make)

    return test


test_texts = texts_test(75)
test_words = words_test(75)
test_many_texts = pytest.mark.slow(texts_test(1250))
test_many_words = pytest.mark.slow(words_test(1250))
