"""A frame: a predicate with its arguments, as a view of the spans of a Doc."""

from collections.abc import Sequence
from dataclasses import dataclass

from spacy.tokens import Doc, Span, SpanGroup
from typing_extensions import TypedDict  # pydantic reads typing's from Python 3.12 on

from ..confidence import ROLESET, ROLESET_KNOWN, confidence_of
from ..schemes.propositions import PREDICATE, PREDICATE_PART, Argument, Proposition
from .following import span_groups
from .groups import ARGUMENTS, PARTS, PREDICATES
from .ties import predicate_of

# A span, its probability, and its description.
_Piece = tuple[Span, float | None, str | None]


class SpanDict(TypedDict):
    """A span as plain data.

    `start` and `end` are token positions in the Doc, `start_char` and `end_char` are positions in
    its text.
    """

    text: str
    start: int
    end: int
    start_char: int
    end_char: int
    confidence: float | None


class ArgumentDict(SpanDict):
    """An argument as plain data."""

    role: str
    description: str | None


class FrameDict(TypedDict):
    """A frame as plain data."""

    predicate: SpanDict
    roleset: str
    roleset_confidence: float | None
    roleset_known: bool
    roleset_definition: str | None
    parts: list[SpanDict]
    arguments: list[ArgumentDict]


@dataclass(frozen=True)
class Frame:
    """A predicate with its arguments: a view of the spans of a Doc.

    predicate (Span): Of one token; of several if that was split since.
    roleset (str): The sense of the predicate, such as `give.01`; `V` if it is unknown.
    arguments (list[Span]): Their label is the role; in the order of their words.
    parts (list[Span]): What continues the predicate (`C-V`).
    confidence (float | None, 0 to 1): Probability of the predicate; None if no model made it.
    roleset_confidence (float | None, 0 to 1): Probability of the roleset, likewise.
    argument_confidences (tuple[float | None, ...], 0 to 1): One for each argument, likewise.
    roleset_known (bool): False for `V`, and for a roleset that a model made up, of a likely lemma
        and `.01`, as training never saw the word's lemma as a predicate. True for what an
        inventory of frames lists, also for the first of several senses, which the model did not
        choose: then `roleset_confidence` is how often the first was right of the forms that
        training saw.
    roleset_definition (str | None): What the roleset means ("transfer"); None if nobody says, as
        without an inventory of frames.
    argument_descriptions (tuple[str | None, ...]): What each argument is ("thing given"), likewise.
    """

    predicate: Span
    roleset: str
    arguments: list[Span]
    parts: list[Span]
    confidence: float | None = None
    roleset_confidence: float | None = None
    argument_confidences: tuple[float | None, ...] = ()
    roleset_known: bool = True
    roleset_definition: str | None = None
    argument_descriptions: tuple[str | None, ...] = ()

    def to_dict(self) -> FrameDict:
        """Return the frame as plain data, ready for JSON."""
        nobody = (None,) * len(self.arguments)
        confidences = self.argument_confidences or nobody
        descriptions = self.argument_descriptions or nobody
        return {
            "predicate": _span_dict(self.predicate, self.confidence),
            "roleset": self.roleset,
            "roleset_confidence": self.roleset_confidence,
            "roleset_known": self.roleset_known,
            "roleset_definition": self.roleset_definition,
            "parts": [_span_dict(part) for part in self.parts],
            "arguments": [
                {"role": arg.label_, "description": description, **_span_dict(arg, confidence)}
                for arg, confidence, description in zip(
                    self.arguments, confidences, descriptions, strict=True
                )
            ],
        }

    def proposition(self) -> Proposition:
        """Return the frame as token positions.

        Of a predicate of several words the first one is the predicate, the others continue it.
        """
        first, end = self.predicate.start, self.predicate.end
        parts = [(part.start, part.end) for part in self.parts]
        if end > first + 1:
            parts = sorted([(first + 1, end), *parts])
        arguments = [Argument(a.start, a.end, a.label_) for a in self.arguments]
        return Proposition(first, self.roleset, arguments, parts)

    @property
    def pieces(self) -> list[tuple[str, Span]]:
        """The predicate, the arguments and the parts with their labels, in order of their words."""
        pieces = [(PREDICATE, self.predicate), *((a.label_, a) for a in self.arguments)]
        pieces += [(PREDICATE_PART, part) for part in self.parts]
        return sorted(pieces, key=lambda piece: (piece[1].start, piece[1].end))

    def __str__(self) -> str:
        """Write the pieces in order: `[ARG0 She] [V gave] [ARG2 him] [ARG1 the book]`."""
        return " ".join(f"[{label} {span.text}]" for label, span in self.pieces)


def get_frames(doc: Doc) -> list[Frame]:
    """Return a Doc's frames, in the order of their predicates; also `doc._.frames`.

    Spans that lead to no predicate are passed over; `problems` names them. If tokens were merged or
    split, see `span_groups`.

    doc (Doc): With semantic roles or without.
    """
    if not len(doc.spans.get(PREDICATES, ())):
        return []
    groups = span_groups(doc)
    predicates = groups[PREDICATES]
    scores = _scores(predicates, "scores")
    roleset_scores = _scores(predicates, "roleset_scores", ROLESET)
    known = _scores(predicates, "roleset_known", ROLESET_KNOWN)
    definitions = _texts(predicates, "definitions")
    arguments = _by_predicate(groups.get(ARGUMENTS))
    parts = _by_predicate(groups.get(PARTS))
    frames = []
    for span, score, roleset_score, is_known, definition in zip(
        predicates, scores, roleset_scores, known, definitions, strict=True
    ):
        own = arguments.get(span.start, ())
        frames.append(
            Frame(
                span,
                span.label_,
                [argument for argument, *_ in own],
                [part for part, *_ in parts.get(span.start, ())],
                score,
                roleset_score,
                tuple(score for _, score, _ in own),
                span.label_ not in ("", PREDICATE) and is_known in (1.0, None),
                definition,
                tuple(description for *_, description in own),
            )
        )
    return sorted(frames, key=lambda frame: frame.predicate.start)


def propositions(doc: Doc) -> list[Proposition]:
    """Return the frames of a Doc as token positions, see `Frame.proposition`.

    doc (Doc): With semantic roles or without.
    """
    return [frame.proposition() for frame in get_frames(doc)]


def _by_predicate(group: SpanGroup | None) -> dict[int, list[_Piece]]:
    """Sort the spans of a group, with what is known of them, by predicate; in order of words."""
    result: dict[int, list[_Piece]] = {}
    if group is not None:
        known = _scores(group, "scores"), _texts(group, "descriptions")
        pieces = zip(group, *known, strict=True)
        for piece in sorted(pieces, key=lambda piece: (piece[0].start, piece[0].end)):
            target = predicate_of(piece[0])
            if target is not None:
                result.setdefault(target, []).append(piece)
    return result


def _scores(group: SpanGroup, name: str, what: str | None = None) -> Sequence[float | None]:
    """Find the spans' probabilities: an attribute of the group, or what the spans have themselves.

    Some ways that Docs travel drop the attributes of groups, and some the values of extensions.
    `what` is that of `SpanConfidence.get`.
    """
    scores = group.attrs.get(name)
    if scores is None or len(scores) != len(group):  # not there, or of other spans
        return [confidence_of(span, what) for span in group]
    return [None if score is None else float(score) for score in scores]


def _texts(group: SpanGroup, name: str) -> Sequence[str | None]:
    """Find what an attribute of the group says of each span."""
    texts = group.attrs.get(name)
    if texts is None or len(texts) != len(group):  # not there, or of other spans
        return [None] * len(group)
    return [text if isinstance(text, str) else None for text in texts]


def _span_dict(span: Span, confidence: float | None = None) -> SpanDict:
    return {
        "text": span.text,
        "start": span.start,
        "end": span.end,
        "start_char": span.start_char,
        "end_char": span.end_char,
        "confidence": confidence,
    }
