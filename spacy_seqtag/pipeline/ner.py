"""Named entities: a BIO tag for each token, decoded to `doc.ents`, with confidences."""

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise, starmap
from types import MappingProxyType
from typing import Any, NamedTuple, Optional

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Example
from spacy.util import registry
from spacy.vocab import Vocab
from thinc.api import Model
from thinc.types import Floats2d

from ..arrays import Bools, Ints
from ..confidence import CONFIDENCE, SpanConfidence, use_span_extension
from ..errors import SHARE, Number, OneOf, check_settings
from ..partial import excluded, excluded_labels, unknown_tokens
from ..schemes import bio
from .base import Metrics, ScoringMethod, require_finite, sentence_starts
from .calibrated import SpanConfidences
from .loss import MISSING
from .partial_loss import share_loss
from .partial_score import entity_scores, judge_entities
from .soft_targets import find_classes
from .token_tagger import DEFAULT_MODEL, Probabilities, TokenTagger

DECODERS: dict[str, Callable[..., Ints]] = {
    "viterbi": bio.decode_viterbi,
    "greedy": bio.decode_greedy,
    "iob1": bio.decode_greedy,
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
        "entity_share": None,
        "entity_share_margin": 0.05,
        "entity_share_weight": 0.25,
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
    # `X | None` would do for us, but config validation wants `Optional` on all Pythons.
    entity_share: Optional[float],  # noqa: UP045
    entity_share_margin: float,
    entity_share_weight: float,
    confidence: str | None,
    scorer: ScoringMethod | None,
) -> "EntityTagger":
    """Create a named entity recogniser.

    model (Model): From Docs to probabilities of the BIO tags, see `spacy_seqtag.SoftmaxTagger.v1`.
    decoding (str): "viterbi" takes the most probable sequence of tags that breaks no BIO rule,
        "greedy" the most probable tag of each token. "iob1" does the same for a model of tags in
        IOB1, where `I-X` begins entities, too, and learns such tags.
    overwrite (bool): Replace the entities that a Doc already has; False keeps them and adds
        entities around them.
    label_smoothing (float): Share of the target probability, 0 to 1 exclusive, that is spread
        evenly over all tags.
    entity_share (float | None): The share of words in entities that is expected, 0 to 1 exclusive,
        in Docs of which it is not known of every word whether it belongs to an entity; None
        expects nothing. See `partial_loss.share_loss`.
    entity_share_margin (float): How far the share may be off on either side.
    entity_share_weight (float): Weight of that loss at each word, beside 1 for a word whose tag is
        known.
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
        entity_share=entity_share,
        entity_share_margin=entity_share_margin,
        entity_share_weight=entity_share_weight,
        confidence=confidence,
        scorer=scorer,
    )


def ner_score(examples: Iterable[Example], **kwargs: Any) -> Metrics:  # noqa: ANN401
    """Score entities by exact boundaries and label, as spaCy's own `ner` does.

    A predicted entity over a word that is missing in the gold annotation does not count, unless it
    is known that the word belongs to no entity of its label, see `spacy_seqtag.partial`.

    examples (Iterable[Example]): Predicted and gold Docs.
    **kwargs: As for `spacy.scorer.get_ner_prf`.
    RETURNS (Metrics, 0 to 1): `ents_p`, `ents_r`, `ents_f` and `ents_per_type`.
    """
    return entity_scores(examples, **kwargs)


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
    heads = MappingProxyType({"tags": "ents_tags"})
    curved = "ents"

    def __init__(
        self,
        vocab: Vocab,
        model: Model[list[Doc], list[Floats2d]],
        name: str = "seqtag_ner",
        *,
        decoding: str = "viterbi",
        overwrite: bool = False,
        label_smoothing: float = 0.0,
        entity_share: float | None = None,
        entity_share_margin: float = 0.05,
        entity_share_weight: float = 0.25,
        confidence: str | None = CONFIDENCE,
        scorer: ScoringMethod | None = ner_score,
    ) -> None:
        where = f"[components.{name}]"
        check_settings(where, decoding=(decoding, OneOf(tuple(DECODERS))))
        if entity_share is not None:
            check_settings(where, entity_share=(entity_share, Number(above=0.0, below=1.0)))
        check_settings(
            where,
            entity_share_margin=(entity_share_margin, SHARE),
            entity_share_weight=(entity_share_weight, Number(above=0.0)),
        )
        super().__init__(
            vocab,
            model,
            name,
            scorer=scorer,
            label_smoothing=label_smoothing,
            decoding=decoding,
            overwrite=overwrite,
            entity_share=entity_share,
            entity_share_margin=entity_share_margin,
            entity_share_weight=entity_share_weight,
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

    def find_named_labels(self, reference: Doc) -> Iterable[str]:
        """Find the labels of which a gold Doc says that some words have no entity of them.

        reference (Doc): With the span group `no_entity`, or without.
        """
        return excluded_labels(reference)

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

        example (Example): With gold entities, or without. A token that belongs to no entity of any
            of the labels is outside.
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
        possible = self.possible_classes(example)
        if possible is not None:
            classes[(classes == MISSING) & (possible.sum(axis=1) == 1)] = bio.OUTSIDE
        if self.cfg["decoding"] == "iob1":
            classes = bio.to_iob1(classes, sentence_starts(example.predicted))
        return classes

    def possible_classes(self, example: Example) -> Bools | None:
        """Return which BIO tags the tokens may have, see `TokenTagger.possible_classes`.

        example (Example): With the span group `no_entity`, or without. A token may not have a label
            that is excluded at all of the gold tokens which it is made of.
        """
        of_gold = excluded(example.reference, self.labels)
        if of_gold is None:
            return None
        words = example.alignment.x2y
        lengths = np.asarray(words.lengths, dtype=np.int64)
        tokens = np.repeat(np.arange(len(lengths)), lengths)
        n_excluded = np.zeros((len(lengths), len(self.labels)), dtype=np.int64)
        np.add.at(n_excluded, tokens, of_gold[np.asarray(words.data, dtype=np.int64)])
        return bio.possible_tags((n_excluded == lengths[:, None]) & (lengths > 0)[:, None])

    def get_loss(
        self, examples: Iterable[Example], scores: list[Floats2d]
    ) -> tuple[float, list[Floats2d]]:
        """Compute the loss of a batch and its gradient, see `Tagger.get_loss`.

        With the setting `entity_share`, Docs that have unknown words and no soft labels add
        `share_loss`.

        examples (Iterable[Example]): The batch.
        scores (list[Floats2d]): Of each Doc, (tokens, BIO tags), from `begin_update`.
        """
        examples = list(examples)
        loss, gradient = super().get_loss(examples, scores)
        share, weight = self.cfg["entity_share"], self.cfg["entity_share_weight"]
        if share is None:
            return loss, gradient
        unknown = [
            i
            for i, eg in enumerate(examples)
            if unknown_tokens(eg.reference).any()
            and not find_classes(eg.reference, self.soft_layer)
        ]
        if not unknown:
            return loss, gradient
        more, d_share = share_loss(
            self.model.ops,
            self.model.ops.xp.vstack([scores[i].reshape((-1, len(self.classes))) for i in unknown]),
            np.concatenate([self._known(examples[i]) for i in unknown]),
            bio.OUTSIDE,
            share=share,
            margin=self.cfg["entity_share_margin"],
        )
        require_finite(more, self.name)
        start = 0
        for i in unknown:
            end = start + len(scores[i])
            gradient[i] = gradient[i] + weight * d_share[start:end]
            start = end
        return loss + weight * more, gradient

    def _known(self, example: Example) -> Bools:
        """Mark the BIO tags that each token may have, by all that is annotated."""
        classes, possible = self.encode(example), self.possible_classes(example)
        if possible is None:
            possible = np.ones((len(classes), len(self.classes)), dtype=bool)
        rows = np.flatnonzero(classes != MISSING)
        possible[rows] = False
        possible[rows, classes[rows]] = True
        return possible

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
        iob1 = self.cfg["decoding"] == "iob1"
        sure = bio.span_probabilities(rows, starts, spans, self.temperature(), iob1=iob1)
        confidences = self.bend(sure)
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

    def span_confidences(self, examples: Sequence[Example]) -> SpanConfidences:
        """Collect the confidences of entities, right or wrong by the same rules as in `ner_score`.

        examples (Sequence[Example]): Entities that are neither right nor wrong do not count.
        """
        confidence, right = list[float](), list[bool]()
        name = self.cfg["confidence"]
        for example in examples if name else ():
            for ent, is_right in judge_entities(example)[0]:
                sure = SpanConfidence(name).get(ent)
                if sure is not None:
                    confidence.append(sure)
                    right.append(is_right)
        return {"ents": (confidence, right)}

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
