"""Cutting a Doc into smaller Docs of whole sentences, with the annotation inside each.

`Span.as_doc` drops span groups and copies `user_data` whole. Here the groups are kept, with those
of their attributes that are lists parallel to the spans, and custom attributes and `sent_ids` go
with their words.

Whatever a cut goes through becomes missing annotation, which is not the same as "nothing here":
the words of a cut entity have no entity tag, and a sentence whose predicate has an argument beyond
the cut has no layer of semantic roles.
"""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from copy import copy
from operator import itemgetter
from typing import Any, TypeAlias, TypeGuard

import numpy as np
from spacy.tokens import Doc, DocBin, Span, SpanGroup

from ..frames import (
    ANNOTATED,
    ARGUMENTS,
    GROUPS,
    PARTS,
    PREDICATES,
    predicate_of,
    slice_group,
    span_groups,
)
from ..soft_labels import KEY as SOFT
from ..soft_labels import cut_soft_labels

_CUT_ENTITIES = (
    "<entity|entities> reached over a cut: what is left of <it|them> counts as not annotated"
)
_CUT_SENTENCES = (
    "<sentence has|sentences have> arguments beyond a cut: <its|their> semantic roles count as not "
    "annotated"
)
_CUT_SPANS = "<span|spans> of other groups reached over a cut and <was|were> left out"

Place = tuple[int, int]
"""Where something begins and ends, in tokens or characters."""

UserData: TypeAlias = dict[object, object]
"""What users attach to a Doc: spaCy allows any keys and values."""


def sentence_bounds(doc: Doc) -> list[Place]:
    """Find start and end of the sentences; one for the whole Doc if no boundary is annotated."""
    if not doc.has_annotation("SENT_START"):
        return [(0, len(doc))] if len(doc) > 0 else []
    return [(sent.start, sent.end) for sent in doc.sents]


def rows_within(places: Iterable[Place], bounds: Sequence[Place]) -> list[list[int]]:
    """Find, for each of the bounds, the places that lie completely inside.

    places, bounds (Place): Starts and ends, the bounds in order and not overlapping.
    RETURNS (list[list[int]]): For each of the bounds, which of the places, from 0.
    """
    ends = [end for _, end in bounds]
    result: list[list[int]] = [[] for _ in bounds]
    for row, (start, end) in enumerate(places):
        n = bisect_left(ends, end)
        while n < len(bounds) and bounds[n][0] <= start:  # an empty place may be in two
            result[n].append(row)
            n += 1
    return result


def cut_doc(doc: Doc, bounds: Sequence[Place], notes: Counter[str] | None = None) -> Iterator[Doc]:
    """Yield copies of stretches of a Doc, with the annotation inside each.

    bounds (Sequence[Place]): Start and end of stretches of whole sentences, in order, not
        overlapping. Stretches with semantic roles (`doc.spans["srl_annotated"]`) are cut.
    notes (Counter[str] | None): Counts what a cut goes through.
    """
    head: list[int | str] = [int(attr) for attr in DocBin().attrs]
    array = doc.to_array(head)
    sentences = sentence_bounds(doc)
    groups = span_groups(doc)
    places = {name: _places(group) for name, group in groups.items()}
    within = {name: rows_within(own, bounds) for name, own in places.items()}
    lost = _cut_roles(groups, within, sentences, bounds)
    annotated = places.get(ANNOTATED, sentences if lost else None)
    stretches = None if annotated is None else _cut_annotated(annotated, lost, bounds)
    attrs = dict(groups[ANNOTATED].attrs) if ANNOTATED in groups else {}
    if notes is not None:
        _count_cuts(notes, doc, places, lost, bounds)
    pieces = zip(_stretches(doc, bounds), _cut_user_data(doc, sentences, bounds), strict=True)
    for n, (span, user_data) in enumerate(pieces):
        piece = span.copy_with(head, array)
        piece.user_data = user_data  # type: ignore[assignment]  # for the stub, keys are strings
        for name, group in groups.items():
            piece.spans[name] = slice_group(group, piece, span.start, within[name][n])
        if stretches is not None:
            _annotate(piece, [(a - span.start, b - span.start) for a, b in stretches[n]], attrs)
        yield piece


def _count_cuts(
    notes: Counter[str],
    doc: Doc,
    places: Mapping[str, Sequence[Place]],
    lost: Sequence[Place],
    bounds: Sequence[Place],
) -> None:
    """Count what a cut goes through. lost: the sentences that lose their semantic roles."""
    others = [place for name, own in places.items() if name not in GROUPS for place in own]
    gone_over = {
        _CUT_SENTENCES: len(lost),
        _CUT_ENTITIES: _n_over(_places(doc.ents), bounds),
        _CUT_SPANS: _n_over(others, bounds),
    }
    notes.update({what: n for what, n in gone_over.items() if n})


class _Stretch(Span):
    """A Span that knows its entities.

    `as_doc` needs them, and `Span.ents` would search those of the whole Doc each time.
    """

    ents: Any = ()  # spaCy's type stub says that it is a tuple of exactly one Span

    def copy_with(self, head: list[int | str], array: object) -> Doc:
        """Copy the words as a Doc.

        head, array: the attributes of the whole Doc, made once for all stretches.
        """
        result: Doc = self.as_doc(array_head=head, array=array)  # type: ignore[call-arg]
        return result


def _stretches(doc: Doc, bounds: Sequence[Place]) -> Iterator[_Stretch]:
    ents = doc.ents
    for (start, end), rows in zip(bounds, rows_within(_places(ents), bounds), strict=True):
        span = _Stretch(doc, start, end)
        span.ents = [ents[row] for row in rows]
        yield span


def _places(spans: Iterable[Span]) -> list[Place]:
    return [(span.start, span.end) for span in spans]


def _n_over(places: Iterable[Place], bounds: Sequence[Place]) -> int:
    """Count the places that cross an edge of the bounds."""
    edges = [edge for bound in bounds for edge in bound]
    return sum(bisect_right(edges, start) < bisect_left(edges, end) for start, end in places)


def _at(bounds: Sequence[Place], token: int) -> int:
    """Find which of the bounds a token lies in; -1 for none."""
    n = bisect_right(bounds, token, key=itemgetter(0)) - 1
    return n if n >= 0 and token < bounds[n][1] else -1


# Semantic roles


def _cut_roles(
    groups: Mapping[str, SpanGroup],
    within: dict[str, list[list[int]]],
    sentences: Sequence[Place],
    bounds: Sequence[Place],
) -> list[Place]:
    """Drop from the rows of each piece the semantic roles that a cut goes through.

    within (dict[str, list[list[int]]]): `rows_within` of each group, changed in place.
    RETURNS (list[Place]): The sentences that lose their roles, in order.
    """
    targets: dict[str, list[int | None]] = {
        name: [span.start if name == PREDICATES else predicate_of(span) for span in group]
        for name, group in groups.items()
        if name in (PREDICATES, ARGUMENTS, PARTS)
    }
    lost: set[int] = set()
    for name in targets.keys() - {PREDICATES} if PREDICATES in targets else ():
        for span, target in zip(groups[name], targets[name], strict=True):
            if target is not None:
                n = _at(bounds, target)
                if n >= 0 and not bounds[n][0] <= span.start <= span.end <= bounds[n][1]:
                    lost.add(_at(sentences, target))

    def stays(token: int | None, n: int) -> bool:
        if token is None:  # it leads nowhere, and `problems` should still name it
            return True
        return _at(bounds, token) == n and _at(sentences, token) not in lost

    for name, tokens in targets.items():
        within[name] = [
            [row for row in rows if stays(tokens[row], n)] for n, rows in enumerate(within[name])
        ]
    return [sentences[i] for i in sorted(lost)]


def _cut_annotated(
    stretches: Iterable[Place], lost: Sequence[Place], bounds: Sequence[Place]
) -> list[list[Place]]:
    """Find, for each of the bounds, what lies within of the stretches, without lost sentences."""
    left: list[tuple[int, int, int]] = []
    for n, (start, end) in enumerate(bounds):
        for first, last in lost[bisect_left(lost, (start,)) : bisect_left(lost, (end,))]:
            left.append((start, first, n))
            start = last
        left.append((start, end, n))
    left = [(start, end, n) for start, end, n in left if start < end]
    starts, ends = [start for start, _, _ in left], [end for _, end, _ in left]
    result: list[list[Place]] = [[] for _ in bounds]
    for start, end in stretches:
        for first, last, n in left[bisect_right(ends, start) : bisect_left(starts, end)]:
            result[n].append((max(start, first), min(end, last)))
    return result


def _annotate(piece: Doc, stretches: Sequence[Place], attrs: Mapping[str, object]) -> None:
    """Mark these stretches of a piece as annotated, if they are not marked yet."""
    if ANNOTATED in piece.spans and _places(piece.spans[ANNOTATED]) == stretches:
        return
    # Lists that were parallel to the spans are not parallel any more.
    attrs = {k: v for k, v in attrs.items() if not isinstance(v, list | tuple | np.ndarray)}
    spans = [Span(piece, start, end) for start, end in stretches]
    piece.spans[ANNOTATED] = SpanGroup(piece, name=ANNOTATED, spans=spans, attrs=attrs)


# User data


def is_of_span(key: object) -> TypeGuard[tuple[str, str, int, int | None]]:
    """Tell whether a key of `user_data` is that of a custom attribute of a token or span.

    key (object): Custom attributes have `("._.", name, start char, end char)`; the first character
        is None for those of the Doc, the last for those of tokens.
    """
    return isinstance(key, tuple) and len(key) == 4 and key[0] == "._." and key[2] is not None


def _cut_user_data(
    doc: Doc, sentences: Sequence[Place], bounds: Sequence[Place]
) -> Iterator[UserData]:
    """Yield the `user_data` of each of the pieces."""
    shared: UserData = {}
    own: list[tuple[str, int, int | None, object]] = []
    for key, value in doc.user_data.items():
        if is_of_span(key):
            own.append((*key[1:], value))
        else:
            shared[key] = value
    soft = cut_soft_labels(doc, [[place] for place in bounds])
    ids: list[object] | None = None
    given = shared.get("sent_ids")
    if isinstance(given, Collection) and len(given) == len(sentences):
        ids = list(given)
        shared["sent_ids"] = None
    spans = [doc[start:end] for start, end in bounds]
    chars = [(span.start_char, span.end_char) for span in spans]
    ids_within = rows_within([(start, start + 1) for start, _ in sentences], bounds)
    own_within = rows_within(
        [(start, start + 1 if end is None else end) for _, start, end, _ in own], chars
    )
    for n, ((first, _), id_rows, rows) in enumerate(
        zip(chars, ids_within, own_within, strict=True)
    ):
        result = {key: copy(value) for key, value in shared.items()}
        if soft:
            result[SOFT] = soft[n]
        if ids is not None:
            result["sent_ids"] = [ids[row] for row in id_rows]
        for row in rows:
            name, start, end, value = own[row]
            result["._.", name, start - first, None if end is None else end - first] = copy(value)
        yield result
