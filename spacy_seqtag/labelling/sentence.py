"""A sentence that may be labelled: plain data, which outlives the Doc that it was found in."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from spacy.tokens import Span

from ..arrays import Floats
from ..confidence import SpanConfidence
from ..corpus.formats.text_records import Label, Word
from ..frames import Frame


class FrameLabels(NamedTuple):
    """A predicate, whose label is its roleset, with its arguments and what continues it."""

    predicate: Label
    arguments: list[Label]


@dataclass
class Sentence:
    """A sentence with what pipelines make of it, and why it may be worth labelling.

    text (str): Its text.
    words (list[Word]): Its words.
    score (float, 0 to 1): What the order goes by.
    uncertainty, disagreement (dict[str, float], 0 to 1): Of each layer.
    vector (float32, (width,)): The mean of its words' vectors.
    tags (dict[str, list[Label]]): By layer, "pos" or "tag"; one for each word but whitespace.
    entities (list[Label] | None), frames (list[FrameLabels] | None): None without such a layer.
    """

    text: str
    words: list[Word]
    score: float
    uncertainty: dict[str, float]
    disagreement: dict[str, float]
    vector: Floats
    tags: dict[str, list[Label]] = field(default_factory=dict)
    entities: list[Label] | None = None
    frames: list[FrameLabels] | None = None


def key_of(text: str) -> str:
    """Return what two sentences share that a reader would call the same."""
    return " ".join(text.split()).casefold()


def read_words(sent: Span) -> list[Word]:
    """Read the words of a sentence.

    sent (Span): The sentence, without whitespace at its ends.
    """
    return [
        Word(
            token.text,
            token.idx - sent.start_char,
            token.idx - sent.start_char + len(token),
            bool(token.whitespace_) and token.i + 1 < sent.end,
        )
        for token in sent
    ]


def read_tags(sent: Span, layer: str, sure: Floats) -> list[Label]:
    """Read the tags of a sentence.

    layer (str): "pos" or "tag".
    sure (float32, (tokens of the Doc,)): The probability of each tag.
    """
    return [
        Label(
            str(getattr(token, f"{layer}_")),
            token.i - sent.start,
            token.i - sent.start,
            token.idx - sent.start_char,
            token.idx - sent.start_char + len(token),
            float(np.float64(sure[token.i])),
        )
        for token in sent
        if not token.is_space
    ]


def read_entities(sent: Span, ents: Sequence[Span], confidence: str | None) -> list[Label]:
    """Read the entities of a sentence.

    ents (Sequence[Span]): These. `sent.ents` would search those of the whole Doc each time.
    confidence (str | None): The extension that holds their probabilities.
    """
    extension = SpanConfidence(confidence) if confidence else None
    return [
        _label(ent, sent, ent.label_, extension.get(ent) if extension else None) for ent in ents
    ]


def read_frame(frame: Frame, sent: Span) -> FrameLabels:
    """Read a frame of a sentence. What continues the predicate (`C-V`) has its confidence."""
    confidences = frame.argument_confidences or (None,) * len(frame.arguments)
    arguments = [
        _label(span, sent, span.label_, sure) for span, sure in zip(frame.arguments, confidences)
    ]
    arguments += [_label(part, sent, "C-V", frame.confidence) for part in frame.parts]
    arguments.sort(key=lambda label: label.first)
    return FrameLabels(_label(frame.predicate, sent, frame.roleset, frame.confidence), arguments)


def _label(span: Span, sent: Span, label: str, confidence: float | None) -> Label:
    offset = sent.start_char
    return Label(
        label,
        span.start - sent.start,
        span.end - 1 - sent.start,
        span.start_char - offset,
        span.end_char - offset,
        confidence,
    )
