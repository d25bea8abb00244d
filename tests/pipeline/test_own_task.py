"""A task that a user adds: what the page on adding a task shows, from training to loading."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pytest
import spacy
from numpy.typing import NDArray
from spacy.language import Language
from spacy.scorer import Scorer
from spacy.tokens import Doc
from spacy.training import Example

from spacy_seqtag.pipeline.loss import MISSING
from spacy_seqtag.pipeline.token_tagger import DEFAULT_MODEL, Probabilities, TokenTagger

# Morphological features, each combination of which is one class.


@Language.factory(
    "own_morph",
    assigns=["token.morph"],
    default_config={"model": DEFAULT_MODEL},
    default_score_weights={"morph_acc": 1.0},
)
def make_morph_tagger(nlp, name, model):
    return MorphTagger(nlp.vocab, model, name, scorer=score_morph)


def score_morph(examples: Iterable[Example], **kwargs: Any) -> dict[str, Any]:
    """How good is it?"""
    return Scorer.score_token_attr(examples, "morph", getter=lambda t, _: t.morph.key, **kwargs)


class MorphTagger(TokenTagger):
    annotation = "morphological features (token.morph)"

    @property
    def classes(self) -> Sequence[str]:
        return self.labels

    def find_labels(self, reference: Doc) -> Iterable[str]:
        """Which labels are there?"""
        return {str(token.morph) for token in reference if token.has_morph()}

    def encode(self, example: Example) -> NDArray[np.int64]:
        """What are the labels of a gold Doc?"""
        gold = example.get_aligned("MORPH", as_string=True)
        return np.asarray([self.labels.index(m) if m else MISSING for m in gold], dtype=np.int64)

    def decode(self, docs: Sequence[Doc], probs: Sequence[Probabilities]) -> None:
        """What do the probabilities say?"""
        for doc, rows in zip(docs, probs):
            for token, best in zip(doc, rows.argmax(axis=1)):
                token.set_morph(self.labels[best])


@pytest.fixture
def examples(mini_docs):
    def make(nlp):
        result = []
        for gold in mini_docs(nlp.vocab, n=10):
            for token in gold:
                if token.i != 1:  # the second word is not annotated
                    token.set_morph(f"Case={'Upper' if token.is_title else 'Lower'}")
            result.append(Example(Doc(nlp.vocab, words=[t.text for t in gold]), gold))
        return result

    return make


def test_own_task(tiny_bert, make_nlp, examples, train, tmp_path):
    nlp = make_nlp(tiny_bert, ["own_morph", "seqtag_ner"])
    nlp.initialize(lambda: examples(nlp))
    assert nlp.get_pipe("own_morph").labels == ("Case=Lower", "Case=Upper")
    losses = train(nlp, examples(nlp), 60)
    assert losses["own_morph"] < 0.1
    scores = nlp.evaluate(examples(nlp))
    assert scores["morph_acc"] > 0.95
    nlp.to_disk(tmp_path)
    again = spacy.load(tmp_path)
    for example in examples(nlp):
        found = [str(token.morph) for token in again(example.predicted)]
        assert set(found) <= set(nlp.get_pipe("own_morph").labels)
        assert found == [str(token.morph) for token in nlp(example.predicted.copy())]
