"""Part-of-speech tagging: `token.pos_` or `token.tag_`, with confidences."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from spacy.language import Language
from spacy.parts_of_speech import IDS as POS_IDS
from spacy.scorer import PRFScore, Scorer
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import registry
from spacy.vocab import Vocab
from thinc.api import Model
from thinc.types import Floats2d

from ..confidence import TAG_CONFIDENCE, token_label, use_token_extension
from ..errors import OneOf, check_settings, settings_error
from ..schemes.upos import UPOS_TAGS
from .token_tagger import DEFAULT_MODEL, MISSING, Probabilities, TokenTagger, was_read

LAYERS = ("pos", "tag")
# What spaCy gives whitespace tokens, in each layer.
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
    scorer: Callable | None,
) -> "PosTagger":
    """Create a part-of-speech tagger.

    model (Model): Docs to class probabilities, see `spacy_seqtag.SoftmaxTagger.v1`.
    layer (str): "pos" writes `token.pos_` (universal POS tags), "tag" writes `token.tag_` (any
        tag set). Two components on one encoder give both.
    overwrite (bool): Replace tags that the Doc has already.
    label_smoothing (float): See `TokenTagger`.
    confidence (Optional[str]): Token extension that gets the probability of the assigned tag
        (`token._.tag_confidence`); None for none.
    scorer (Optional[Callable]): The scoring method.
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


def pos_score(examples: Iterable[Example], *, layer: str = "pos", **kwargs: Any) -> dict[str, Any]:
    """Score tags: `pos_acc` / `tag_acc` by `Scorer.score_token_attr`, and p/r/f for each tag.

    A token with missing gold annotation is not counted. In the accuracy, as spaCy defines it,
    a gold token without its like in the prediction is an error; p/r/f are over aligned tokens.
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


@registry.scorers("spacy_seqtag.pos_scorer.v1")
def make_pos_scorer() -> Callable:
    """Scorer of `seqtag_pos`: `pos_acc`, `pos_per_type`, or the same for `tag`."""
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
        scorer: Callable | None = pos_score,
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
        self.annotation = "UPOS tags (token.pos_)" if layer == "pos" else "tags (token.tag_)"
        if confidence:
            use_token_extension(confidence, name)

    @property
    def classes(self) -> Sequence[str]:
        return self.labels

    def add_label(self, label: str) -> int:
        if self.cfg["layer"] == "pos" and label not in UPOS_TAGS:
            raise settings_error(
                f"[components.{self.name}] {label!r} is not a universal POS tag, and token.pos_ "
                f'takes no other: {", ".join(UPOS_TAGS)}. For other tags set layer = "tag".'
            )
        return super().add_label(label)

    def find_labels(self, reference: Doc) -> Iterable[str]:
        attr = self.cfg["layer"].upper()
        strings = reference.vocab.strings
        tags = (strings[i] for i in np.unique(reference.to_array(attr)).tolist() if i)
        return [tag for tag in tags if tag != _SPACE[self.cfg["layer"]]]

    def encode(self, example: Example) -> NDArray[np.int64]:
        index = {label: i for i, label in enumerate(self.labels)}
        index[_SPACE[self.cfg["layer"]]] = MISSING  # whitespace is not learned
        tags = example.get_aligned(self.cfg["layer"].upper(), as_string=True)
        classes = np.full(len(tags), MISSING, dtype=np.int64)
        for i, tag in enumerate(tags):
            if tag:
                if tag not in index:
                    raise self.unknown_label(tag, example)
                classes[i] = index[tag]
        return classes

    def set_annotations(self, docs: Iterable[Doc], scores: list[Probabilities]) -> None:
        """Write the most probable tag of each token, and its probability.

        scores: Arrays (tokens, labels) of probabilities, from `predict`. Whitespace tokens get
        spaCy's tag for them (SPACE, _SP). Tokens whose tag is kept get no confidence.
        """
        layer, confidence = self.cfg["layer"], self.cfg["confidence"]
        if confidence:
            use_token_extension(confidence, self.name)
        tag_names = (*self.labels, _SPACE[layer])
        for tag in tag_names:
            self.vocab.strings.add(tag)
        ids = np.asarray([_tag_id(self.vocab, layer, tag) for tag in self.labels], dtype="uint64")
        space_id = _tag_id(self.vocab, layer, _SPACE[layer])
        labels = _TokenLabels(tag_names)
        for doc, probs in zip(docs, scores):
            if not was_read(probs):
                continue
            best = probs.argmax(axis=1)
            sure = probs[np.arange(len(doc)), best].astype(np.float64)
            found = doc.to_array([layer.upper(), "IS_SPACE", "IDX", "LENGTH"]).T
            old, is_space, offsets, lengths = found
            tags = np.where(is_space == 1, np.uint64(space_id), ids[best])
            write = np.ones(len(doc), dtype=bool) if self.cfg["overwrite"] else old == 0
            doc.from_array([layer.upper()], np.where(write, tags, old))
            if confidence:
                sure[is_space == 1] = 1.0
                best[is_space == 1] = len(self.labels)
                # What `TokenConfidence` reads, without a Python call a token.
                keys: Any = [("._.", confidence, i, None) for i in offsets[write].tolist()]
                kinds = lengths.astype(np.int64) * len(tag_names) + best
                pairs = zip(kinds[write].tolist(), sure[write].tolist())
                doc.user_data.update(zip(keys, [{labels[kind]: p} for kind, p in pairs]))


class _TokenLabels(dict[int, str]):
    """`token_label` by one number, of which a batch has few: length * tags + tag."""

    def __init__(self, tags: Sequence[str]) -> None:
        self.tags = tags

    def __missing__(self, kind: int) -> str:
        length, tag = divmod(kind, len(self.tags))
        label = self[kind] = token_label(self.tags[tag], length)
        return label


def _tag_id(vocab: Vocab, layer: str, tag: str) -> int:
    return int(POS_IDS[tag]) if layer == "pos" else int(vocab.strings[tag])
