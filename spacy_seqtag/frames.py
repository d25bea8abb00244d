"""Semantic roles as spans of a Doc, and frames as views of those spans.

A Doc with semantic roles has these span groups:

- `doc.spans["predicates"]`: one token each, label = roleset (`give.01`; `V` where not known).
  `attrs["scores"]` and `attrs["roleset_scores"]`, where a model made them, are parallel to the
  spans: the probability of a predicate, and of its roleset given that it is one.
- `doc.spans["srl"]`: the arguments, label = role (`ARG0`, `ARGM-TMP`, `C-ARG1`, `R-ARG0`), and
  `attrs["scores"]`.
- `doc.spans["predicate_parts"]`: what continues a predicate (`C-V`, a particle).
- `doc.spans["srl_annotated"]`: the sentences that carry the layer. A sentence outside has none,
  which is not the same as having no predicate. Without this group, a Doc with
  `doc.spans["predicates"]` is annotated as a whole.

An argument (or part) finds its predicate by `span.id_`: the signed distance in tokens from its
own start to the predicate's token (`"+2"`, `"-5"`). Being relative it survives slicing
(`span._.as_doc()`; spaCy's `span.as_doc()` has no span groups), merging and saving. spaCy's
`Doc.to_json` writes no `id_`; for JSON there is `Frame.to_dict`.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from spacy.tokens import Doc, Span, SpanGroup, Token

from .errors import printable
from .schemes.propbank import PREDICATE, PREDICATE_PART, Argument, Proposition

PREDICATES = "predicates"
ARGUMENTS = "srl"
PARTS = "predicate_parts"
ANNOTATED = "srl_annotated"
GROUPS = (PREDICATES, ARGUMENTS, PARTS, ANNOTATED)


@dataclass(frozen=True)
class Frame:
    """A predicate with its arguments: a view of the spans of a Doc.

    predicate: its one-token span. roleset: its sense (`give.01`, or `V` where not known).
    arguments: spans whose label is the role, in the order of their words. parts: spans that
    continue the predicate (`C-V`).
    confidence, roleset_confidence, argument_confidences: probabilities from 0 to 1 where a model
    made them, else None.
    """

    predicate: Span
    roleset: str
    arguments: list[Span]
    parts: list[Span]
    confidence: float | None = None
    roleset_confidence: float | None = None
    argument_confidences: tuple[float | None, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The frame as a JSON-ready dict; `start` and `end` are token positions in the Doc."""
        confidences = self.argument_confidences or (None,) * len(self.arguments)
        return {
            "predicate": _span_dict(self.predicate, self.confidence),
            "roleset": self.roleset,
            "roleset_confidence": self.roleset_confidence,
            "parts": [_span_dict(part) for part in self.parts],
            "arguments": [
                {"role": arg.label_, **_span_dict(arg, confidence)}
                for arg, confidence in zip(self.arguments, confidences, strict=True)
            ],
        }

    @property
    def pieces(self) -> list[tuple[str, Span]]:
        """Predicate, arguments and parts with their labels, in the order of their words."""
        pieces = [(PREDICATE, self.predicate), *((a.label_, a) for a in self.arguments)]
        pieces += [(PREDICATE_PART, part) for part in self.parts]
        return sorted(pieces, key=lambda piece: (piece[1].start, piece[1].end))

    def __str__(self) -> str:
        """The pieces in order: `[ARG0 She] [V gave] [ARG2 him] [ARG1 the book]`."""
        return " ".join(f"[{label} {span.text}]" for label, span in self.pieces)


def get_frames(doc: Doc) -> list[Frame]:
    """The frames of a Doc, in the order of their predicates; what `doc._.frames` returns.

    Spans that lead to no predicate are passed over; `problems` names them.
    """
    predicates = doc.spans.get(PREDICATES, None)
    if predicates is None or not len(predicates):
        return []
    scores = _scores(predicates, "scores")
    roleset_scores = _scores(predicates, "roleset_scores")
    arguments, parts = _by_predicate(doc, ARGUMENTS), _by_predicate(doc, PARTS)
    frames = []
    for span, score, roleset_score in zip(predicates, scores, roleset_scores, strict=True):
        own = arguments.get(span.start, ())
        frames.append(
            Frame(
                span,
                span.label_,
                [argument for argument, _ in own],
                [part for part, _ in parts.get(span.start, ())],
                score,
                roleset_score,
                tuple(score for _, score in own),
            )
        )
    return sorted(frames, key=lambda frame: frame.predicate.start)


def _by_predicate(doc: Doc, name: str) -> dict[int, list[tuple[Span, float | None]]]:
    """The spans of a group with their scores, by predicate, in the order of their words."""
    result: dict[int, list[tuple[Span, float | None]]] = {}
    if name in doc.spans:
        group = doc.spans[name]
        pairs = zip(group, _scores(group, "scores"), strict=True)
        for span, score in sorted(pairs, key=lambda pair: (pair[0].start, pair[0].end)):
            target = predicate_of(span)
            if target is not None:
                result.setdefault(target, []).append((span, score))
    return result


def predicate_of(span: Span) -> int | None:
    """Position of the token that an argument's (or part's) `id_` leads to.

    RETURNS: None where `id_` is no signed number, or leads out of the Doc.
    """
    try:
        position = span.start + int(span.id_)
    except ValueError:
        return None
    return position if 0 <= position < len(span.doc) else None


def has_frames(doc: Doc) -> bool:
    """Whether any part of the Doc carries the layer of semantic roles."""
    if ANNOTATED in doc.spans:
        return len(doc.spans[ANNOTATED]) > 0
    return PREDICATES in doc.spans


def annotated_tokens(doc: Doc) -> NDArray[np.bool_]:
    """True at the tokens that lie in a stretch with the layer of semantic roles."""
    if ANNOTATED not in doc.spans:
        return np.full(len(doc), PREDICATES in doc.spans)
    result = np.zeros(len(doc), dtype=bool)
    for span in doc.spans[ANNOTATED]:
        result[span.start : span.end] = True
    return result


def propositions(doc: Doc) -> list[Proposition]:
    """The frames of a Doc as plain token positions."""
    return [
        Proposition(
            frame.predicate.start,
            frame.roleset,
            [Argument(a.start, a.end, a.label_) for a in frame.arguments],
            [(part.start, part.end) for part in frame.parts],
        )
        for frame in get_frames(doc)
    ]


def set_propositions(
    doc: Doc,
    props: Iterable[Proposition],
    *,
    annotated: Iterable[tuple[int, int]],
    scores: Sequence[float] | None = None,
    roleset_scores: Sequence[float] | None = None,
    argument_scores: Sequence[Sequence[float]] | None = None,
) -> None:
    """Write the span groups of a Doc; groups that are there are replaced.

    props: token positions in the Doc. annotated: `(start, end)` of the stretches, usually
    sentences, that carry the layer, found empty or not. scores, roleset_scores: one a
    proposition. argument_scores: one a proposition and argument.
    """
    props = list(props)
    predicates = [Span(doc, p.predicate, p.predicate + 1, label=p.roleset) for p in props]
    arguments = [
        Span(doc, start, end, label=role, span_id=f"{p.predicate - start:+d}")
        for p in props
        for start, end, role in p.arguments
    ]
    parts = [
        Span(doc, start, end, label=PREDICATE_PART, span_id=f"{p.predicate - start:+d}")
        for p in props
        for start, end in p.parts
    ]
    predicate_attrs: dict[str, Any] = {}
    argument_attrs: dict[str, Any] = {}
    if scores is not None:
        predicate_attrs["scores"] = [float(score) for score in scores]
    if roleset_scores is not None:
        predicate_attrs["roleset_scores"] = [float(score) for score in roleset_scores]
    if argument_scores is not None:
        argument_attrs["scores"] = [float(score) for row in argument_scores for score in row]
    stretches = [Span(doc, start, end) for start, end in annotated]
    for name, spans, attrs in (
        (PREDICATES, predicates, predicate_attrs),
        (ARGUMENTS, arguments, argument_attrs),
        (PARTS, parts, {}),
        (ANNOTATED, stretches, {}),
    ):
        doc.spans[name] = SpanGroup(doc, name=name, spans=spans, attrs=attrs)


def slice_doc(span: Span, **kwargs: Any) -> Doc:
    """A Doc of the words of a Span, as `span.as_doc(**kwargs)` makes it, with the span groups of
    semantic roles; also `span._.as_doc()`.

    Predicates are kept, and the arguments and parts that lie within the Span as a whole and have
    their predicate in it. What the Span cuts (usually the sentence at its edge) is not annotated
    any more, as arguments may lie outside.
    """
    doc, start, end = span.doc, span.start, span.end
    piece = span.as_doc(**kwargs)

    def keep(part: Span) -> bool:
        target = predicate_of(part)
        return target is not None and start <= target < end

    for name in GROUPS:
        if name in doc.spans:
            chosen = keep if name in (ARGUMENTS, PARTS) else None
            piece.spans[name] = slice_group(doc.spans[name], piece, start, end, chosen)
    if PREDICATES in doc.spans and ANNOTATED not in doc.spans and len(span) < len(doc):
        # All of the Doc is annotated; of the slice it is what sentences show to be complete.
        sents = doc.sents if doc.has_annotation("SENT_START") else ()
        whole = [s for s in sents if start <= s.start and s.end <= end]
        spans = [Span(piece, s.start - start, s.end - start) for s in whole]
        piece.spans[ANNOTATED] = SpanGroup(piece, name=ANNOTATED, spans=spans)
    return piece


def slice_group(
    group: SpanGroup,
    piece: Doc,
    start: int,
    end: int,
    keep: Callable[[Span], bool] | None = None,
) -> SpanGroup:
    """A span group for the Doc of the tokens from `start` to `end`.

    piece: that Doc. keep: which spans to keep of those that lie within as a whole, if not all.
    Attributes that hold one value a span, such as `scores`, stay parallel; others are copied.
    """
    within = (i for i, s in enumerate(group) if start <= s.start and s.end <= end)
    rows = [i for i in within if keep is None or keep(group[i])]
    attrs = {}
    for name, value in group.attrs.items():
        if not isinstance(value, list | tuple | np.ndarray) or len(value) != len(group):
            attrs[name] = copy(value)
        elif isinstance(value, np.ndarray):
            attrs[name] = value[rows]
        else:
            attrs[name] = [value[i] for i in rows]
    kept: list[Any] = [group[i] for i in rows]  # the type stub of Span has other arguments
    spans = [
        Span(piece, s.start - start, s.end - start, s.label, s.kb_id, span_id=s.id) for s in kept
    ]
    return SpanGroup(piece, name=group.name, attrs=attrs, spans=spans)


def problems(doc: Doc) -> Iterator[str]:
    """What is wrong with the semantic roles of a Doc, one line each; nothing for a sound Doc.

    Checked: a predicate of several tokens; a span of none; two predicates on one token; an `id_`
    that is no signed number, points outside the Doc, or leads to no predicate; an argument
    outside its predicate's sentence, over its own predicate, or overlapping another of the same
    predicate; predicates outside the annotated stretches.
    """
    seen: set[int] = set()
    sentence = np.cumsum(doc.to_array("SENT_START") == 1)
    covered = annotated_tokens(doc)
    for span in doc.spans.get(PREDICATES, ()):
        if len(span) != 1:
            yield f"{_where(span, PREDICATES)}: a predicate is one token, this has {len(span)}"
        if len(span) == 0:  # it may stand behind the last token
            continue
        if span.start in seen:
            yield f"{_where(span, PREDICATES)}: there is another predicate on the same token"
        if not covered[span.start]:
            yield f"{_where(span, PREDICATES)}: outside every span of doc.spans['{ANNOTATED}']"
        seen.add(span.start)
    taken: dict[tuple[int, int], Span] = {}
    for name in (ARGUMENTS, PARTS):
        for span in doc.spans.get(name, ()):
            where = _where(span, name)
            if len(span) == 0:
                yield f"{where}: has no token"
                continue
            target = predicate_of(span)
            if target is None:
                try:
                    aim = f"token {span.start + int(span.id_)}, outside the Doc of {len(doc)}"
                except ValueError:
                    aim = "no token (expected a signed distance such as '+2')"
                yield f"{where}: id_ {span.id_!r} points to {aim}"
                continue
            if target not in seen:
                yield f"{where}: id_ {span.id_!r} points to {_quoted(doc[target])}, no predicate"
                continue
            if (sentence[span.start : span.end] != sentence[target]).any():
                yield f"{where}: outside the sentence of its predicate {_quoted(doc[target])}"
            if span.start <= target < span.end:
                yield f"{where}: covers its own predicate {_quoted(doc[target])}"
            for token in range(span.start, span.end):
                other = taken.setdefault((target, token), span)
                if other is not span:
                    yield f"{where}: overlaps {_quoted(other)} of the same predicate"
                    break


def _where(span: Span, group: str) -> str:
    label = f" ({printable(span.label_)})" if span.label_ else ""
    return f"doc.spans[{group!r}] [{span.start}:{span.end}] {_quoted(span)}{label}"


def _quoted(words: Span | Token) -> str:
    return f"'{printable(words.text)}'"


def _scores(group: SpanGroup, name: str) -> Sequence[float | None]:
    scores = group.attrs.get(name)
    if scores is None or len(scores) != len(group):  # not there, or spans came or went since
        return (None,) * len(group)
    return [None if score is None else float(score) for score in scores]


def _span_dict(span: Span, confidence: float | None = None) -> dict[str, Any]:
    return {"text": span.text, "start": span.start, "end": span.end, "confidence": confidence}


if not Doc.has_extension("frames"):
    Doc.set_extension("frames", getter=get_frames)
if not Span.has_extension("as_doc"):
    Span.set_extension("as_doc", method=slice_doc)
