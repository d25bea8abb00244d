"""Part-of-speech tagging: `token.pos_` or `token.tag_`, with confidences."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, cast

import numpy as np
from spacy.language import Language
from spacy.parts_of_speech import IDS as POS_IDS
from spacy.scorer import PRFScore, Scorer
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import registry
from spacy.vocab import Vocab
from thinc.api import Model
from thinc.types import Floats2d, Ints2d

from ..arrays import Ints
from ..confidence import TAG_CONFIDENCE, token_label, use_token_extension
from ..errors import OneOf, check_settings, settings_error
from ..schemes.calibration import temper
from ..schemes.upos import UPOS_TAGS
from .base import Metrics, ScoringMethod
from .loss import MISSING
from .token_tagger import DEFAULT_MODEL, Probabilities, TokenTagger

LAYERS = ("pos", "tag")
# The tag that spaCy gives to whitespace, in each layer.
_SPACE = {"pos": "SPACE", "tag": "_SP"}


@Language.factory(
    "seqtag_pos",
    assigns=["token.pos", "token.tag"],
    default_config={
        "model": DEFAULT_MODEL,
        "layer": "pos",
        "overwrite": False,
        "label_smoothing": 0.0,
        "confidence": TAG_CONFIDENCE,
        "scorer": {"@scorers": "spacy_seqtag.pos_scorer.v1"},
    },
    default_score_weights={
        # A component writes one of the two layers.
        "pos_acc": 0.5,
        "tag_acc": 0.5,
        "pos_per_type": None,
        "tag_per_type": None,
    },
)
def make_pos_tagger(
    nlp: Language,
    name: str,
    model: Model[list[Doc], list[Floats2d]],
    layer: str,
    overwrite: bool,
    label_smoothing: float,
    confidence: str | None,
    scorer: ScoringMethod | None,
) -> "PosTagger":
    """Create a part-of-speech tagger.

    model (Model): From Docs to probabilities of the tags, see `spacy_seqtag.SoftmaxTagger.v1`.
    layer (str): "pos" writes `token.pos_` (universal POS tags), "tag" writes `token.tag_` (any tag
        set). Two components on one encoder write both.
    overwrite (bool): Replace the tags that a Doc already has.
    label_smoothing (float): Share of the target probability, 0 to 1 exclusive, that is spread
        evenly over all tags.
    confidence (str | None): Token extension that gets the probability of the assigned tag
        (`token._.tag_confidence`); None for none.
    scorer (ScoringMethod | None): The scoring method.
    """
    return PosTagger(
        nlp.vocab,
        model,
        name,
        layer=layer,
        overwrite=overwrite,
        label_smoothing=label_smoothing,
        confidence=confidence,
        scorer=scorer,
    )


def pos_score(examples: Iterable[Example], *, layer: str = "pos", **kwargs: Any) -> Metrics:  # noqa: ANN401
    """Score tags: accuracy, and precision, recall and F-score of each tag.

    Tokens without gold annotation are not counted. spaCy's accuracy counts a gold token that is not
    a token of the prediction as an error; the scores of each tag count aligned tokens only.

    examples (Iterable[Example]): Predicted and gold Docs.
    layer (str): "pos" or "tag".
    **kwargs: As for `Scorer.score_token_attr`.
    RETURNS (Metrics, 0 to 1): `pos_acc` and `pos_per_type`, or `tag_acc` and `tag_per_type`; None
        if there is nothing to count.
    """
    examples = list(examples)
    scores = Scorer.score_token_attr(examples, layer, **kwargs)
    per_type: dict[str, PRFScore] = defaultdict(PRFScore)
    for example in examples:
        predicted = example.predicted.to_array(layer.upper())
        strings = example.predicted.vocab.strings
        gold = example.get_aligned(layer.upper(), as_string=True)
        for gold_tag, tag_id in zip(gold, predicted.tolist()):
            if not gold_tag or gold_tag == _SPACE[layer]:
                continue
            tag = strings[tag_id] if tag_id else ""
            if tag == gold_tag:
                per_type[tag].tp += 1
                continue
            per_type[gold_tag].fn += 1
            if tag:
                per_type[tag].fp += 1
    by_type = {tag: score.to_dict() for tag, score in sorted(per_type.items())}
    scores[f"{layer}_per_type"] = by_type or None
    return scores


@registry.scorers("spacy_seqtag.pos_scorer.v1")  # type: ignore[untyped-decorator]
def make_pos_scorer() -> ScoringMethod:
    """Create the scorer of `seqtag_pos`, see `pos_score`."""
    return pos_score


class PosTagger(TokenTagger):
    """Part-of-speech tagger; the settings are those of the factory `seqtag_pos`."""

    def __init__(
        self,
        vocab: Vocab,
        model: Model[list[Doc], list[Floats2d]],
        name: str = "seqtag_pos",
        *,
        layer: str = "pos",
        overwrite: bool = False,
        label_smoothing: float = 0.0,
        confidence: str | None = TAG_CONFIDENCE,
        scorer: ScoringMethod | None = pos_score,
    ) -> None:
        check_settings(f"[components.{name}]", layer=(layer, OneOf(LAYERS)))
        super().__init__(
            vocab,
            model,
            name,
            scorer=scorer,
            label_smoothing=label_smoothing,
            layer=layer,
            overwrite=overwrite,
            confidence=confidence,
        )
        self.heads = {"tags": layer}
        self.annotation = "UPOS tags (token.pos_)" if layer == "pos" else "tags (token.tag_)"
        if confidence:
            use_token_extension(confidence, name)

    @property
    def classes(self) -> Sequence[str]:
        """The tags: each is one class."""
        return self.labels

    @property
    def soft_layer(self) -> str:
        """The layer of soft labels that the component learns from: "pos" or "tag"."""
        return str(self.cfg["layer"])

    def add_label(self, label: str) -> int:
        """Add a tag, see `Tagger.add_label`.

        label (str): In the layer "pos", a universal POS tag.

        RAISES: ConfigValidationError (a ValueError): It is none.
        """
        if self.cfg["layer"] == "pos" and label not in UPOS_TAGS:
            raise settings_error(
                f"[components.{self.name}] {label!r} is not a universal POS tag, and token.pos_ "
                f'takes no other: {", ".join(UPOS_TAGS)}. For other tags set layer = "tag".'
            )
        return super().add_label(label)

    def find_labels(self, reference: Doc) -> Iterable[str]:
        """Find the tags that occur in a gold Doc; whitespace is not learned.

        reference (Doc): With gold tags, or without.
        """
        attr = self.cfg["layer"].upper()
        strings = reference.vocab.strings
        tags = (strings[i] for i in np.unique(reference.to_array(attr)).tolist() if i)
        return [tag for tag in tags if tag != _SPACE[self.cfg["layer"]]]

    def encode(self, example: Example) -> Ints:
        """Return the number of each token's gold tag, see `TokenTagger.encode`.

        example (Example): Whitespace counts as not annotated.
        """
        index = {label: i for i, label in enumerate(self.labels)}
        index[_SPACE[self.cfg["layer"]]] = MISSING
        tags = example.get_aligned(self.cfg["layer"].upper(), as_string=True)
        classes = np.full(len(tags), MISSING, dtype=np.int64)
        for i, tag in enumerate(tags):
            if tag:
                if tag not in index:
                    raise self.unknown_label(tag, example)
                classes[i] = index[tag]
        return classes

    def decode(self, docs: Sequence[Doc], probs: Sequence[Probabilities]) -> None:
        """Write the most probable tag of each token, and its probability.

        Whitespace gets spaCy's tag for it (SPACE, _SP). A tag that is kept gets no confidence.

        docs (Sequence[Doc]): None of them empty.
        probs (Sequence[Probabilities]): Of each Doc, (tokens, tags).
        """
        layer, name = self.cfg["layer"], self.cfg["confidence"]
        confidence = use_token_extension(name, self.name) if name else None
        tag_names = (*self.labels, _SPACE[layer])
        for tag in tag_names:
            self.vocab.strings.add(tag)
        ids = np.asarray([_tag_id(self.vocab, layer, tag) for tag in self.labels], dtype="uint64")
        space_id = _tag_id(self.vocab, layer, _SPACE[layer])
        labels = _TokenLabels(tag_names)
        for doc, rows in zip(docs, probs):
            best = rows.argmax(axis=1)
            tempered = temper(rows, self.temperature())
            sure = tempered[np.arange(len(doc)), best].astype(np.float64)
            found = doc.to_array([layer.upper(), "IS_SPACE", "IDX", "LENGTH"]).T
            old, is_space, offsets, lengths = found
            tags = np.where(is_space == 1, np.uint64(space_id), ids[best])
            write = np.ones(len(doc), dtype=bool) if self.cfg["overwrite"] else old == 0
            doc.from_array([layer.upper()], cast(Ints2d, np.where(write, tags, old)))
            if confidence is not None:
                sure[is_space == 1] = 1.0
                best[is_space == 1] = len(self.labels)
                kinds = lengths.astype(np.int64) * len(tag_names) + best
                pairs = zip(kinds[write].tolist(), sure[write].tolist())
                values = [{labels[kind]: p} for kind, p in pairs]
                confidence.add(doc, offsets[write].tolist(), values)


class _TokenLabels(dict[int, str]):
    """`token_label` by one number, length * tags + tag: a batch has few different ones."""

    def __init__(self, tags: Sequence[str]) -> None:
        self.tags = tags

    def __missing__(self, kind: int) -> str:
        length, tag = divmod(kind, len(self.tags))
        label = self[kind] = token_label(self.tags[tag], length)
        return label


def _tag_id(vocab: Vocab, layer: str, tag: str) -> int:
    return int(POS_IDS[tag]) if layer == "pos" else int(vocab.strings[tag])
