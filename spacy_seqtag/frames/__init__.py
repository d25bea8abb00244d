"""Semantic roles as spans of a Doc, and frames as views of those spans.

A Doc with semantic roles has these span groups:

- `doc.spans["predicates"]`: one token each, label = roleset (`give.01`; `V` where not known).
  `attrs["scores"]` and `attrs["roleset_scores"]`, where a model made them, are parallel to the
  spans: the probability of a predicate, and of its roleset given that it is one; so is
  `attrs["roleset_known"]`, false where the roleset is a guess for a word that training never saw.
- `doc.spans["srl"]`: the arguments, label = role (`ARG0`, `ARGM-TMP`, `C-ARG1`, `R-ARG0`), and
  `attrs["scores"]`.
- `doc.spans["predicate_parts"]`: what continues a predicate (`C-V`, a particle).
- `doc.spans["srl_annotated"]`: the sentences that carry the layer. A sentence outside has none,
  which is not the same as having no predicate. Without this group, a Doc with
  `doc.spans["predicates"]` is annotated as a whole.

An argument (or part) finds its predicate by its tie, `span.kb_id_`: the signed distance in
characters from its own start to the predicate's (`"+12"`, `"-5"`). Being relative it survives
slicing (`span._.as_doc()`; spaCy's `span.as_doc()` has no span groups) and merging Docs; counted in
characters it survives merging and splitting tokens; and `Doc.to_json` keeps it. `span.id_` is the
distance in tokens, counted when the span was made. It is used only where `kb_id_` is empty, as in
Docs made by earlier versions.

spaCy leaves the token numbers of span groups as they were when tokens are merged or split. Their
characters stay right, and what is here reads the groups by those: see `span_groups`.
"""

import struct
import warnings
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import srsly
from numpy.typing import NDArray
from spacy.attrs import IDX, LENGTH
from spacy.tokens import Doc, Span, SpanGroup, Token

from ..confidence import ROLESET, ROLESET_KNOWN, TIE, SpanConfidence, confidence_of, drop_cut
from ..errors import printable
from ..schemes.propositions import PREDICATE, PREDICATE_PART, Argument, Proposition

PREDICATES = "predicates"
ARGUMENTS = "srl"
PARTS = "predicate_parts"
ANNOTATED = "srl_annotated"
GROUPS = (PREDICATES, ARGUMENTS, PARTS, ANNOTATED)
_SCORES = ("scores", "roleset_scores")


@dataclass(frozen=True)
class Frame:
    """A predicate with its arguments: a view of the spans of a Doc.

    predicate: its span, of one token (of several where that was split since). roleset: its sense
    (`give.01`, or `V` where not known). arguments: spans whose label is the role, in the order of
    their words. parts: spans that continue the predicate (`C-V`).
    confidence, roleset_confidence, argument_confidences: probabilities from 0 to 1 where a model
    made them, else None.
    roleset_known: False for `V`, and for a roleset that a model made up: a likely lemma and `.01`,
    for a word whose lemma training never saw as a predicate.
    """

    predicate: Span
    roleset: str
    arguments: list[Span]
    parts: list[Span]
    confidence: float | None = None
    roleset_confidence: float | None = None
    argument_confidences: tuple[float | None, ...] = ()
    roleset_known: bool = True

    def to_dict(self) -> dict[str, Any]:
        """The frame as a JSON-ready dict; `start` and `end` are token positions in the Doc."""
        confidences = self.argument_confidences or (None,) * len(self.arguments)
        return {
            "predicate": _span_dict(self.predicate, self.confidence),
            "roleset": self.roleset,
            "roleset_confidence": self.roleset_confidence,
            "roleset_known": self.roleset_known,
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

    Spans that lead to no predicate are passed over; `problems` names them. Where tokens were merged
    or split, see `span_groups`.
    """
    if not len(doc.spans.get(PREDICATES, ())):
        return []
    groups = span_groups(doc)
    predicates = groups[PREDICATES]
    scores = _scores(predicates, "scores")
    roleset_scores = _scores(predicates, "roleset_scores", ROLESET)
    known = _scores(predicates, "roleset_known", ROLESET_KNOWN)
    arguments = _by_predicate(groups.get(ARGUMENTS))
    parts = _by_predicate(groups.get(PARTS))
    frames = []
    for span, score, roleset_score, is_known in zip(
        predicates, scores, roleset_scores, known, strict=True
    ):
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
                span.label_ not in ("", PREDICATE) and is_known in (1.0, None),
            )
        )
    return sorted(frames, key=lambda frame: frame.predicate.start)


def _by_predicate(group: SpanGroup | None) -> dict[int, list[tuple[Span, float | None]]]:
    """The spans of a group with their scores, by predicate, in the order of their words."""
    result: dict[int, list[tuple[Span, float | None]]] = {}
    if group is not None:
        pairs = zip(group, _scores(group, "scores"), strict=True)
        for span, score in sorted(pairs, key=lambda pair: (pair[0].start, pair[0].end)):
            target = predicate_of(span)
            if target is not None:
                result.setdefault(target, []).append((span, score))
    return result


def predicate_of(span: Span) -> int | None:
    """Position of the token that the tie of an argument (or part) leads to.

    span: as it is in `span_groups(doc)`. RETURNS: None where it has no tie, or one that leads out
    of the Doc.
    """
    doc, tie = span.doc, _tie(span.doc, span)
    if tie is not None:
        place = span.start_char + tie
        at = bisect_right(range(len(doc)), place, key=lambda i: doc[i].idx) - 1
        return at if at >= 0 and place < doc[at].idx + len(doc[at]) else None
    try:
        at = span.start + int(span.id_)
    except ValueError:
        return None
    return at if 0 <= at < len(doc) else None


def _tie(doc: Doc, span: "Span | _Record") -> int | None:
    """The distance in characters that `kb_id_` says."""
    kb_id = doc.vocab.strings[span.kb_id] if span.kb_id else ""
    return int(kb_id) if TIE.fullmatch(kb_id) else None


def has_frames(doc: Doc) -> bool:
    """Whether any part of the Doc carries the layer of semantic roles."""
    if ANNOTATED in doc.spans:
        return len(doc.spans[ANNOTATED]) > 0
    return PREDICATES in doc.spans


def annotated_tokens(doc: Doc) -> NDArray[np.bool_]:
    """True at the tokens that lie in a stretch with the layer of semantic roles.

    A token that was merged from words within and words without is none of them.
    """
    if ANNOTATED not in doc.spans:
        return np.full(len(doc), PREDICATES in doc.spans)
    result = np.zeros(len(doc), dtype=bool)
    for span in _moved_stretches(doc):
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
    roleset_known: Sequence[bool] | None = None,
    argument_scores: Sequence[Sequence[float]] | None = None,
    confidence: SpanConfidence | None = None,
) -> None:
    """Write the span groups of a Doc; groups that are there are replaced.

    props: token positions in the Doc. annotated: `(start, end)` of the stretches, usually
    sentences, that carry the layer, found empty or not. scores, roleset_scores, roleset_known: one
    a proposition. argument_scores: one a proposition and argument. confidence: the extension that
    gets the scores as well.
    """
    props = list(props)
    starts = doc.to_array(IDX)
    at = starts.tolist()
    predicates = [Span(doc, p.predicate, p.predicate + 1, label=p.roleset) for p in props]
    arguments = [
        Span(
            doc,
            start,
            end,
            label=role,
            kb_id=f"{at[p.predicate] - at[start]:+d}",
            span_id=f"{p.predicate - start:+d}",
        )
        for p in props
        for start, end, role in p.arguments
    ]
    parts = [
        Span(
            doc,
            start,
            end,
            label=PREDICATE_PART,
            kb_id=f"{at[p.predicate] - at[start]:+d}",
            span_id=f"{p.predicate - start:+d}",
        )
        for p in props
        for start, end in p.parts
    ]
    predicate_attrs: dict[str, Any] = {}
    argument_attrs: dict[str, Any] = {}
    if scores is not None:
        predicate_attrs["scores"] = [float(score) for score in scores]
    if roleset_scores is not None:
        predicate_attrs["roleset_scores"] = [float(score) for score in roleset_scores]
    if roleset_known is not None:
        predicate_attrs["roleset_known"] = [bool(known) for known in roleset_known]
    if argument_scores is not None:
        argument_attrs["scores"] = [float(score) for row in argument_scores for score in row]
    stretches = [Span(doc, start, end) for start, end in annotated]
    if confidence is not None:
        before = span_groups(doc)
        for name in (PREDICATES, ARGUMENTS):
            for span in before.get(name, ()):
                confidence.set(span, None)
                confidence.set(span, None, ROLESET)
                confidence.set(span, None, ROLESET_KNOWN)
        confidence.add(predicates, predicate_attrs.get("scores", ()))
        confidence.add(predicates, predicate_attrs.get("roleset_scores", ()), ROLESET)
        if roleset_known is not None:
            guesses = [span for span, known in zip(predicates, roleset_known) if not known]
            confidence.add(guesses, [0.0] * len(guesses), ROLESET_KNOWN)
        confidence.add(arguments, argument_attrs.get("scores", ()))
    tokens = starts.tobytes()
    for name, spans, attrs in (
        (PREDICATES, predicates, predicate_attrs),
        (ARGUMENTS, arguments, argument_attrs),
        (PARTS, parts, {}),
        (ANNOTATED, stretches, {}),
    ):
        group = RoleGroup(doc, name=name, spans=spans, attrs=attrs)
        group.tokens = tokens
        doc.spans[name] = group


# The groups when tokens were merged or split


def span_groups(doc: Doc) -> dict[str, SpanGroup]:
    """The span groups of a Doc by name, over its tokens as they are: those that `doc.spans` holds,
    or others in the place of those whose token numbers merging or splitting tokens has left behind.

    A span whose words are parts of tokens now is extended to these tokens. Exceptions, in semantic
    roles:

    - An argument that would overlap its predicate or another argument of it is left out. So are,
      of several predicates that share a token now, those with fewer arguments. A warning names
      them.
    - A part of a predicate that is in one token with it now is left out.
    - A token counts as annotated only if all its words were.

    Confidences of a span that was extended are left out, as they are of other words.
    """
    groups, lost = _current_groups(doc)
    for line in lost:
        warnings.warn(line, stacklevel=2)
    for name, group in groups.items():
        held = doc.spans[name]
        if group is not held and isinstance(held, RoleGroup):
            held.take(group)
            groups[name] = held
            drop_cut(doc)
    return groups


def follow_tokens(doc: Doc) -> None:
    """Write the `span_groups` of a Doc in the place of those that it has.

    The groups of a Doc that a pipeline annotated do so by themselves. After `doc.retokenize()` on
    one that was stored and read again, and for groups of others, call it before spaCy reads them:
    iterating over them, `Doc.copy`, `Doc.to_bytes` and `Doc.from_docs` fail where token numbers
    are out of date.
    """
    drop_cut(doc)
    for name, group in span_groups(doc).items():
        if name in GROUPS and not isinstance(group, RoleGroup):
            group = RoleGroup(doc, name=group.name, attrs=group.attrs, spans=list(group))
        doc.spans[name] = group


class RoleGroup(SpanGroup):
    """A group of spans that follows the tokens of its Doc, see `span_groups`.

    Iterate over it where you can: each indexing looks at all tokens of the Doc first.
    """

    # `doc.to_array(IDX)` of the tokens that the spans are over, where that is known.
    tokens: bytes = b""

    def take(self, other: SpanGroup) -> None:
        """Become a copy of a group over the tokens as they are."""
        self.tokens = self.doc.to_array(IDX).tobytes()
        self.from_bytes(other.to_bytes())

    def _follow(self) -> None:
        doc = self.doc
        now = doc.to_array(IDX).tobytes()
        if now != self.tokens:
            self.tokens = now
            span_groups(doc)

    @property
    def attrs(self) -> dict[str, Any]:
        """Attributes, of which those with a value a span follow the spans."""
        self._follow()
        return _ATTRS.__get__(self)

    @attrs.setter
    def attrs(self, attrs: dict[str, Any]) -> None:
        _ATTRS.__set__(self, attrs)

    def __len__(self) -> int:
        self._follow()
        return super().__len__()

    def __getitem__(self, i: int) -> Span:
        self._follow()
        return super().__getitem__(i)

    def __iter__(self) -> Iterator[Span]:
        self._follow()
        return map(super().__getitem__, range(super().__len__()))

    def to_bytes(self) -> bytes:
        self._follow()
        return super().to_bytes()

    def copy(self, doc: Doc | None = None) -> "RoleGroup":
        group = super().copy(doc)
        return RoleGroup(group.doc, name=group.name, attrs=group.attrs, spans=list(group))


_ATTRS: Any = SpanGroup.__dict__["attrs"]


class _Record(NamedTuple):
    """A span as a group holds it, in the order of `SpanGroup.to_bytes`: its token numbers may be
    out of date, even beyond the Doc, where spaCy makes no Span of it."""

    id: int
    kb_id: int
    label: int
    start: int
    end: int
    start_char: int
    end_char: int


def _records(group: SpanGroup) -> list[_Record]:
    try:
        spans: Any = [SpanGroup.__getitem__(group, i) for i in range(SpanGroup.__len__(group))]
    except IndexError:
        rows = srsly.msgpack_loads(SpanGroup.to_bytes(group))["spans"]
        return [_Record(*struct.unpack(">QQQllll", row)) for row in rows]
    return [
        _Record(s.id, s.kb_id, s.label, s.start, s.end, s.start_char, s.end_char) for s in spans
    ]


@dataclass(frozen=True)
class _Places:
    """Where the spans of a group are among the tokens of their Doc.

    start, end (spans,): of the tokens that hold their characters. exact (spans,): whether these
    tokens hold no others. kept: whether all are where their own token numbers say.
    """

    start: NDArray[np.int64]
    end: NDArray[np.int64]
    exact: NDArray[np.bool_]
    kept: bool


def _places(doc: Doc, records: Sequence[_Record]) -> _Places:
    numbers = np.asarray([record[3:] for record in records], dtype=np.int64).reshape(-1, 4)
    start, end, first, last = numbers.T
    begins, lengths = doc.to_array([IDX, LENGTH]).astype(np.int64).reshape(-1, 2).T
    ends = begins + lengths

    def fits() -> NDArray[np.bool_]:
        """Which spans begin and end where these tokens do; those of no token do."""
        result = (start >= 0) & (end <= len(doc))
        filled = np.flatnonzero(result & (start < end))
        result[filled] &= begins[start[filled]] == first[filled]
        result[filled] &= ends[end[filled] - 1] == last[filled]
        return result

    exact = fits()
    if exact.all():
        return _Places(start, end, exact, True)
    start = np.maximum(np.searchsorted(begins, first, side="right") - 1, 0)
    end = np.maximum(np.searchsorted(begins, last, side="left"), start)
    end[first == last] = start[first == last]
    return _Places(start, end, fits(), False)


def _current_groups(doc: Doc) -> tuple[dict[str, SpanGroup], list[str]]:
    """See `span_groups`; and what is left out, a line each."""
    groups = dict(doc.spans.items())
    records = {name: _records(group) for name, group in groups.items()}
    places = {name: _places(doc, found) for name, found in records.items()}
    moved = {name for name, place in places.items() if not place.kept}
    if not moved:
        return groups, []
    predicates = records.get(PREDICATES, [])
    owners = {
        name: _owners(doc, records[name], predicates)
        for name in (ARGUMENTS, PARTS)
        if name in groups
    }
    dropped, lost = _left_out(doc, records, places, owners)
    starts = doc.to_array(IDX).tolist()
    roles_moved = not moved.isdisjoint((PREDICATES, *owners))
    for name, group in doc.spans.items():
        if name == ANNOTATED:
            groups[name] = SpanGroup(doc, name=group.name, spans=_moved_stretches(doc))
        elif name in moved or (name in owners and roles_moved):
            place = places[name]
            rows = [row for row in range(len(place.start)) if (name, row) not in dropped]
            spans = []
            for row in rows:
                old, start, end = records[name][row], int(place.start[row]), int(place.end[row])
                tie: dict[str, Any] = {"kb_id": old.kb_id, "span_id": old.id}
                owner = owners[name][row] if name in owners else None
                if owner is not None:
                    target = int(places[PREDICATES].start[owner])
                    tie["span_id"] = f"{target - start:+d}"
                    kept = place.exact[row] and places[PREDICATES].exact[owner]
                    if not kept or _tie(doc, old) is None:
                        tie["kb_id"] = f"{starts[target] - starts[start]:+d}"
                spans.append(Span(doc, start, end, old.label, **tie))
            attrs = _rows_of(_ATTRS.__get__(group), len(place.start), rows)
            for key in _SCORES:
                if key in attrs and len(attrs[key]) == len(rows):
                    pairs = zip(attrs[key], place.exact[rows].tolist())
                    attrs[key] = [score if exact else None for score, exact in pairs]
            groups[name] = SpanGroup(doc, name=group.name, attrs=attrs, spans=spans)
    return groups, lost


def _owners(doc: Doc, spans: Sequence[_Record], predicates: Sequence[_Record]) -> list[int | None]:
    """The predicate of each argument (or part), by its place among the predicates."""
    numbered = list(enumerate(predicates))
    by_token = {predicate.start: i for i, predicate in numbered}
    by_char = {char: i for i, p in reversed(numbered) for char in range(p.start_char, p.end_char)}
    by_char |= {predicate.start_char: i for i, predicate in numbered}
    result: list[int | None] = []
    for span in spans:
        tie = _tie(doc, span)
        if tie is None:
            try:
                result.append(by_token.get(span.start + int(doc.vocab.strings[span.id])))
            except ValueError:
                result.append(None)
            continue
        result.append(by_char.get(span.start_char + tie))
    return result


def _left_out(
    doc: Doc,
    spans: Mapping[str, Sequence[_Record]],
    places: Mapping[str, _Places],
    owners: Mapping[str, Sequence[int | None]],
) -> tuple[set[tuple[str, int]], list[str]]:
    """What `span_groups` leaves out (group and place in it), and a line for each but parts."""
    dropped: set[tuple[str, int]] = set()
    lost: list[str] = []
    text = doc.text
    predicates = spans.get(PREDICATES, ())
    pieces: list[list[tuple[str, int]]] = [[] for _ in predicates]
    for name, rows in owners.items():
        for row, owner in enumerate(rows):
            if owner is not None:
                pieces[owner].append((name, row))

    def bounds(name: str, row: int) -> tuple[int, int]:
        return int(places[name].start[row]), int(places[name].end[row])

    def name_of(span: _Record) -> str:
        words = text[span.start_char : span.end_char]
        return f"{words!r} ({doc.vocab.strings[span.label]})"

    taken: dict[int, _Record] = {}  # by token
    for row in sorted(range(len(predicates)), key=lambda row: -len(pieces[row])):
        predicate = predicates[row]
        start, end = bounds(PREDICATES, row)
        other = taken.setdefault(start, predicate)
        if other.start_char != predicate.start_char:
            dropped.update([(PREDICATES, row), *pieces[row]])
            lost.append(
                f"The predicate {name_of(predicate)} is left out with its arguments: it was merged "
                f"into one token with the predicate {name_of(other)}"
            )
            continue
        for piece in pieces[row]:
            if places[piece[0]].exact[piece[1]]:
                continue
            low, high = bounds(*piece)
            if piece[0] == PARTS and start <= low and high <= end:
                dropped.add(piece)
                continue
            others = [(start, end), *(bounds(*other) for other in pieces[row] if other != piece)]
            if any(low < last and first < high for first, last in others):
                span = spans[piece[0]][piece[1]]
                dropped.add(piece)
                lost.append(
                    f"{name_of(span)} of the predicate {name_of(predicate)} is left out: tokens "
                    "were merged across its edge, and it would overlap the predicate or another "
                    "argument of it"
                )
    return dropped, lost


def _moved_stretches(doc: Doc) -> list[Span]:
    """The annotated stretches, of the tokens that lie in them as a whole. A token in two belongs to
    the one in which it begins."""
    stretches = _records(doc.spans[ANNOTATED])
    if _places(doc, stretches).kept:
        return list(doc.spans[ANNOTATED])
    text = doc.text
    inside = np.zeros(len(text), dtype=np.int64)
    for span in stretches:
        inside[span.start_char : span.end_char] = 1
    outside = np.asarray([not char.isspace() for char in text]) & (inside == 0)
    starts = doc.to_array(IDX).astype(np.int64)
    whole = (np.add.reduceat(inside, starts) > 0) & (np.add.reduceat(outside, starts) == 0)
    result = []
    for span in stretches:
        first, last = np.searchsorted(starts, (span.start_char, span.end_char)).tolist()
        rows = np.flatnonzero(whole[first:last])
        if len(rows):
            result.append(Span(doc, first + int(rows[0]), first + int(rows[-1]) + 1))
    return result


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

    groups = span_groups(doc)
    for name in GROUPS:
        if name in groups:
            is_tied = name in (ARGUMENTS, PARTS)
            rows = [
                row
                for row, part in enumerate(groups[name])
                if start <= part.start and part.end <= end and (not is_tied or keep(part))
            ]
            piece.spans[name] = slice_group(groups[name], piece, start, rows)
    if PREDICATES in doc.spans and ANNOTATED not in doc.spans and len(span) < len(doc):
        # All of the Doc is annotated; of the slice it is what sentences show to be complete.
        sents = doc.sents if doc.has_annotation("SENT_START") else ()
        whole = [s for s in sents if start <= s.start and s.end <= end]
        spans = [Span(piece, s.start - start, s.end - start) for s in whole]
        piece.spans[ANNOTATED] = SpanGroup(piece, name=ANNOTATED, spans=spans)
    return piece


def slice_group(group: SpanGroup, piece: Doc, start: int, rows: Sequence[int]) -> SpanGroup:
    """Some spans of a group for the Doc of the tokens from `start` on.

    group: as it is in `span_groups`. piece: that Doc. rows: of the spans, which lie within as a
    whole. Attributes that hold one value a span, such as `scores`, stay parallel; others are
    copied.
    """
    # Not by the methods of a `RoleGroup`, each of which looks at all tokens of the Doc.
    kept: list[Any] = [SpanGroup.__getitem__(group, row) for row in rows]
    spans = [
        Span(piece, s.start - start, s.end - start, s.label, kb_id=s.kb_id, span_id=s.id)
        for s in kept
    ]
    attrs = _rows_of(_ATTRS.__get__(group), SpanGroup.__len__(group), rows)
    return SpanGroup(piece, name=group.name, attrs=attrs, spans=spans)


def _rows_of(given: Mapping[str, Any], n_spans: int, rows: Sequence[int]) -> dict[str, Any]:
    """The attributes of a group of spans for some of them."""
    attrs: dict[str, Any] = {}
    for name, value in given.items():
        if not isinstance(value, list | tuple | np.ndarray) or len(value) != n_spans:
            attrs[name] = copy(value)
        elif isinstance(value, np.ndarray):
            attrs[name] = value[list(rows)]
        else:
            attrs[name] = [value[i] for i in rows]
    return attrs


def problems(doc: Doc) -> Iterator[str]:
    """What is wrong with the semantic roles of a Doc, one line each; nothing for a sound Doc.

    Checked: a predicate of several tokens; a span of none; two predicates on one token; a tie that
    is no signed number, points outside the Doc, or leads to no predicate; an argument outside its
    predicate's sentence, over its own predicate, or overlapping another of the same predicate;
    predicates outside the annotated stretches; what `span_groups` leaves out.
    """
    seen: set[int] = set()
    sentence = np.cumsum(doc.to_array("SENT_START") == 1)
    covered = annotated_tokens(doc)
    groups, lost = _current_groups(doc)
    yield from lost
    for span in groups.get(PREDICATES, ()):
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
        for span in groups.get(name, ()):
            where = _where(span, name)
            if len(span) == 0:
                yield f"{where}: has no token"
                continue
            target = predicate_of(span)
            tie = f"id_ {span.id_!r}" if _tie(doc, span) is None else f"kb_id_ {span.kb_id_!r}"
            if target is None:
                yield f"{where}: {tie} points to {_aim(span)}"
                continue
            if target not in seen:
                yield f"{where}: {tie} points to {_quoted(doc[target])}, no predicate"
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


def _aim(span: Span) -> str:
    """Where a tie leads that leads to no token."""
    tie = _tie(span.doc, span)
    if tie is not None:
        return f"character {span.start_char + tie}, where no token is"
    try:
        return f"token {span.start + int(span.id_)}, outside the Doc of {len(span.doc)}"
    except ValueError:
        return "no token (expected a signed distance such as '+2')"


def _where(span: Span, group: str) -> str:
    label = f" ({printable(span.label_)})" if span.label_ else ""
    return f"doc.spans[{group!r}] [{span.start}:{span.end}] {_quoted(span)}{label}"


def _quoted(words: Span | Token) -> str:
    return f"'{printable(words.text)}'"


def _scores(group: SpanGroup, name: str, what: str | None = None) -> Sequence[float | None]:
    """The probabilities of the spans, in the attributes of the group or, where Docs came through
    what drops these, with the spans; `what` as in `SpanConfidence.get`."""
    scores = group.attrs.get(name)
    if scores is None or len(scores) != len(group):  # not there, or spans came or went since
        return [confidence_of(span, what) for span in group]
    return [None if score is None else float(score) for score in scores]


def _span_dict(span: Span, confidence: float | None = None) -> dict[str, Any]:
    return {"text": span.text, "start": span.start, "end": span.end, "confidence": confidence}


if not Doc.has_extension("frames"):
    Doc.set_extension("frames", getter=get_frames)
if not Span.has_extension("as_doc"):
    Span.set_extension("as_doc", method=slice_doc)
