"""Named entities: a BIO tag for each token, decoded to `doc.ents`, with confidences."""

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise, starmap
from typing import Any, NamedTuple

import numpy as np
from spacy.language import Language
from spacy.scorer import get_ner_prf
from spacy.tokens import Doc, Span
from spacy.training import Example
from spacy.util import registry
from spacy.vocab import Vocab
from thinc.api import Model
from thinc.types import Floats2d

from ..arrays import Bools, Ints
from ..confidence import CONFIDENCE, use_span_extension
from ..errors import OneOf, check_settings
from ..schemes import bio
from .base import Metrics, ScoringMethod, sentence_starts
from .loss import MISSING
from .token_tagger import DEFAULT_MODEL, Probabilities, TokenTagger

DECODERS: dict[str, Callable[..., Ints]] = {
    "viterbi": bio.decode_viterbi,
    "greedy": bio.decode_greedy,
}

# spaCy's values of `token.ent_iob`. A blocked token is a beginning without an entity type.
_INSIDE = 1
_BLOCKED_OR_BEGIN = 3


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
    scorer: ScoringMethod | None,
) -> "EntityTagger":
    """Create a named entity recogniser.

    model (Model): From Docs to probabilities of the BIO tags, see `spacy_seqtag.SoftmaxTagger.v1`.
    decoding (str): "viterbi" takes the most probable sequence of tags that breaks no BIO rule,
        "greedy" the most probable tag of each token.
    overwrite (bool): Replace the entities that a Doc already has; False keeps them and adds
        entities around them.
    label_smoothing (float): Share of the target probability, 0 to 1 exclusive, that is spread
        evenly over all tags.
    confidence (str | None): Span extension that gets the probability of each entity
        (`ent._.confidence`); None for none.
    scorer (ScoringMethod | None): The scoring method.
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


def ner_score(examples: Iterable[Example], **kwargs: Any) -> Metrics:  # noqa: ANN401
    """Score entities by exact boundaries and label, as spaCy's own `ner` does.

    examples (Iterable[Example]): Predicted and gold Docs.
    **kwargs: As for `spacy.scorer.get_ner_prf`.
    RETURNS (Metrics, 0 to 1): `ents_p`, `ents_r`, `ents_f` and `ents_per_type`.
    """
    return get_ner_prf(examples, **kwargs)


@registry.scorers("spacy_seqtag.ner_scorer.v1")  # type: ignore[untyped-decorator]
def make_ner_scorer() -> ScoringMethod:
    """Create the scorer of `seqtag_ner`, see `ner_score`."""
    return ner_score


class _Kept(NamedTuple):
    """What of a Doc's own entities stays.

    closed (bool, (tokens,)): True where there can be no new entity.
    ents (list[Span]): Entities.
    blocked (list[Span]): Blocked tokens.
    """

    closed: Bools
    ents: list[Span]
    blocked: list[Span]


class EntityTagger(TokenTagger):
    """Named entity recogniser; the settings are those of the factory `seqtag_ner`.

    `ent._.confidence` is the probability that the model gives to exactly this entity: that it
    begins there, goes on, and ends there. An entity of another label over the same words has none,
    whoever set it.
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
        scorer: ScoringMethod | None = ner_score,
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
        """The BIO tags of the labels."""
        return bio.bio_tags(self.labels)

    def find_labels(self, reference: Doc) -> Iterable[str]:
        """Find the labels of the entities in a gold Doc.

        reference (Doc): With gold entities, or without.
        """
        return {ent.label_ for ent in reference.ents}

    @property
    def soft_layer(self) -> str:
        """The layer of soft labels that the component learns from; its classes are BIO tags."""
        return "ents"

    def find_soft_labels(self, reference: Doc) -> Iterable[str]:
        """Find the labels of the entities in the soft labels of a Doc.

        reference (Doc): With soft labels of entities, or without.
        """
        return {tag[2:] for tag in super().find_soft_labels(reference) if tag != "O"}

    def encode(self, example: Example) -> Ints:
        """Return the class of each token's gold BIO tag, see `TokenTagger.encode`.

        example (Example): With gold entities, or without.
        """
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
                number = index[label]
                classes[i] = bio.begin_tag(number) if prefix in "BU" else bio.inside_tag(number)
        return classes

    def decode(self, docs: Sequence[Doc], probs: Sequence[Probabilities]) -> None:
        """Write `doc.ents`, with confidences.

        Entities do not cross the sentence boundaries of a Doc. Blocked tokens
        (`doc.set_ents(blocked=...)`) stay outside every entity, and the entities that a Doc already
        has are kept unless `overwrite` is set.

        docs (Sequence[Doc]): None of them empty.
        probs (Sequence[Probabilities]): Of each Doc, (tokens, BIO tags).
        """
        name = self.cfg["confidence"]
        extension = use_span_extension(name, self.name) if name else None
        lengths = np.asarray([len(doc) for doc in docs])
        kept = [self._kept(doc) for doc in docs]
        rows = np.concatenate(probs)
        starts = np.concatenate([sentence_starts(doc) for doc in docs])
        is_space = np.concatenate([doc.to_array("IS_SPACE") == 1 for doc in docs])
        closed = np.concatenate([before.closed for before in kept])
        tags = DECODERS[self.cfg["decoding"]](rows, starts, is_space, closed)
        spans = bio.spans_from_tags(tags, starts)
        confidences = bio.span_probabilities(rows, starts, spans)
        # Back from the batch to its Docs.
        labels = self.labels
        ends = np.cumsum(lengths)
        bounds = np.searchsorted(spans.start, [0, *ends]).tolist()
        for doc, before, offset, own in zip(
            docs, kept, (ends - lengths).tolist(), starmap(slice, pairwise(bounds))
        ):
            new = [
                Span(doc, start - offset, end - offset, label=labels[label])
                for start, end, label in zip(*(part[own].tolist() for part in spans))
            ]
            if extension is not None and self.cfg["overwrite"]:
                for ent in doc.ents:  # they are replaced
                    extension.set(ent, None)
            doc.set_ents([*before.ents, *new], blocked=before.blocked, default="outside")
            if extension is not None:
                extension.add(new, confidences[own].tolist())

    def _kept(self, doc: Doc) -> _Kept:
        iob, kind = doc.to_array(["ENT_IOB", "ENT_TYPE"]).astype(np.int64).reshape(-1, 2).T
        is_blocked = (iob == _BLOCKED_OR_BEGIN) & (kind == 0)
        closed = is_blocked.copy()
        ents: list[Span] = []
        if not self.cfg["overwrite"]:
            closed |= ((iob == _BLOCKED_OR_BEGIN) | (iob == _INSIDE)) & ~is_blocked
            ents = list(doc.ents) if closed.any() else []
        blocked = [doc[i : i + 1] for i in np.flatnonzero(is_blocked).tolist()]
        return _Kept(closed, ents, blocked)
