"""Named entities as BIO tags over words: `doc.ents`, with confidences."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from spacy.language import Language
from spacy.scorer import get_ner_prf
from spacy.tokens import Doc, Span
from spacy.training import Example
from spacy.util import registry
from spacy.vocab import Vocab
from thinc.api import Model
from thinc.types import Floats2d

from ..confidence import CONFIDENCE, use_span_extension
from ..errors import OneOf, check_settings
from ..schemes import bio
from .token_tagger import DEFAULT_MODEL, MISSING, Probabilities, TokenTagger, unit_starts, was_read

DECODERS: dict[str, Callable[..., bio.Ints]] = {
    "viterbi": bio.decode_viterbi,
    "greedy": bio.decode_greedy,
}
_BLOCKED_OR_BEGIN = 3
_INSIDE = 1


@Language.factory(
    "seqtag_ner",
    assigns=["doc.ents", "token.ent_iob", "token.ent_type"],
    default_config={
        "model": DEFAULT_MODEL,
        "decoding": "viterbi",
        "overwrite": False,
        "label_smoothing": 0.0,
        "confidence": CONFIDENCE,
        "scorer": {"@scorers": "spacy_seqtag.ner_scorer.v1"},
    },
    default_score_weights={"ents_f": 1.0, "ents_p": 0.0, "ents_r": 0.0, "ents_per_type": None},
)
def make_entity_tagger(
    nlp: Language,
    name: str,
    model: Model[list[Doc], list[Floats2d]],
    decoding: str,
    overwrite: bool,
    label_smoothing: float,
    confidence: str | None,
    scorer: Callable | None,
) -> "EntityTagger":
    """Create a named entity recognizer.

    model (Model): Docs to probabilities of the BIO tags, see `spacy_seqtag.SoftmaxTagger.v1`.
    decoding (str): "viterbi" takes the most probable sequence of tags that breaks no BIO rule,
        "greedy" the most probable tag of each token.
    overwrite (bool): Replace entities that the Doc has already; False keeps them and adds
        entities around them.
    label_smoothing (float): See `TokenTagger`.
    confidence (Optional[str]): Span extension that gets the probability of each entity
        (`ent._.confidence`); None for none.
    scorer (Optional[Callable]): The scoring method.
    """
    return EntityTagger(
        nlp.vocab,
        model,
        name,
        decoding=decoding,
        overwrite=overwrite,
        label_smoothing=label_smoothing,
        confidence=confidence,
        scorer=scorer,
    )


def ner_score(examples: Iterable[Example], **kwargs: Any) -> dict[str, Any]:
    """Score entities by exact boundaries and label: `ents_p`, `ents_r`, `ents_f`,
    `ents_per_type`, as spaCy's own `ner` does."""
    return get_ner_prf(examples, **kwargs)


@registry.scorers("spacy_seqtag.ner_scorer.v1")
def make_ner_scorer() -> Callable:
    """Scorer of `seqtag_ner`."""
    return ner_score


class EntityTagger(TokenTagger):
    """Named entity recognizer; the settings are those of the factory `seqtag_ner`.

    `ent._.confidence` is the probability that the model gives to exactly that entity: that it
    begins there, goes on, and ends there. It is None for an entity of another label over the same
    words, whoever set it.
    """

    annotation = "named entities (doc.ents)"

    def __init__(
        self,
        vocab: Vocab,
        model: Model[list[Doc], list[Floats2d]],
        name: str = "seqtag_ner",
        *,
        decoding: str = "viterbi",
        overwrite: bool = False,
        label_smoothing: float = 0.0,
        confidence: str | None = CONFIDENCE,
        scorer: Callable | None = ner_score,
    ) -> None:
        check_settings(f"[components.{name}]", decoding=(decoding, OneOf(tuple(DECODERS))))
        super().__init__(
            vocab,
            model,
            name,
            scorer=scorer,
            label_smoothing=label_smoothing,
            decoding=decoding,
            overwrite=overwrite,
            confidence=confidence,
        )
        if confidence:
            use_span_extension(confidence, name)

    @property
    def classes(self) -> Sequence[str]:
        return bio.bio_tags(self.labels)

    def find_labels(self, reference: Doc) -> Iterable[str]:
        return {ent.label_ for ent in reference.ents}

    def encode(self, example: Example) -> NDArray[np.int64]:
        index = {label: i for i, label in enumerate(self.labels)}
        tags = example.get_aligned_ner()  # BILUO; None or "-" where missing or not aligned
        classes = np.full(len(tags), MISSING, dtype=np.int64)
        for i, tag in enumerate(tags):
            if tag == "O":
                classes[i] = bio.OUTSIDE
            elif tag not in (None, "-", ""):
                prefix, label = tag.split("-", 1)
                if label not in index:
                    raise self.unknown_label(label, example)
                classes[i] = 2 * index[label] + (1 if prefix in "BU" else 2)
        return classes

    def set_annotations(self, docs: Iterable[Doc], scores: list[Probabilities]) -> None:
        """Decode the probabilities and write `doc.ents`.

        scores: Arrays (tokens, tags) of probabilities, from `predict`. Entities never cross a
        sentence boundary that the Doc has. Blocked tokens (`doc.set_ents(blocked=...)`) stay
        outside every entity, and entities already there are kept unless `overwrite` is set.
        """
        read = [i for i, probs in enumerate(scores) if was_read(probs)]
        if not read:
            return
        name = self.cfg["confidence"]
        extension = use_span_extension(name, self.name) if name else None
        docs = list(docs)
        docs = [docs[i] for i in read]
        lengths = [len(doc) for doc in docs]
        kept = [self._kept(doc) for doc in docs]
        probs = np.concatenate([scores[i] for i in read])
        starts = np.concatenate([unit_starts(doc) for doc in docs])
        is_space = np.concatenate([doc.to_array("IS_SPACE") == 1 for doc in docs])
        fixed = np.concatenate([mask for mask, _, _ in kept])
        tags = DECODERS[self.cfg["decoding"]](probs, starts, is_space, fixed)
        spans = bio.spans_from_tags(tags, starts)
        confidence = bio.span_probabilities(probs, starts, spans)
        ends = np.cumsum(lengths)
        bounds = np.searchsorted(spans.start, ends).tolist()
        low = 0
        for doc, (_, ents, blocked), offset, high in zip(
            docs, kept, (ends - lengths).tolist(), bounds
        ):
            new = [
                Span(doc, start - offset, end - offset, label=self.labels[label])
                for start, end, label in zip(*(a[low:high].tolist() for a in spans))
            ]
            if extension is not None and self.cfg["overwrite"]:
                for ent in doc.ents:  # they are replaced
                    extension.set(ent, None)
            doc.set_ents([*ents, *new], blocked=blocked, default="outside")
            if extension is not None:
                extension.add(new, confidence[low:high].tolist())
            low = high

    def _kept(self, doc: Doc) -> tuple[NDArray[np.bool_], list[Span], list[Span]]:
        """Tokens closed to new entities, entities to keep, blocked tokens."""
        iob, kind = doc.to_array(["ENT_IOB", "ENT_TYPE"]).astype(np.int64).reshape(-1, 2).T
        is_blocked = (iob == _BLOCKED_OR_BEGIN) & (kind == 0)
        closed = is_blocked.copy()
        ents: list[Span] = []
        if not self.cfg["overwrite"]:
            closed |= ((iob == _BLOCKED_OR_BEGIN) | (iob == _INSIDE)) & ~is_blocked
            ents = list(doc.ents) if closed.any() else []
        return closed, ents, [doc[i : i + 1] for i in np.flatnonzero(is_blocked).tolist()]
