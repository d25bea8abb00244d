"""The span groups of a Doc over its tokens as they are, after tokens were merged or split."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from spacy.attrs import IDX
from spacy.tokens import Doc, Span, SpanGroup

from .annotated import annotated_stretches
from .groups import (
    ANNOTATED,
    ARGUMENTS,
    PARTS,
    PREDICATES,
    Record,
    attributes_of,
    attributes_of_rows,
    records_of,
)
from .places import Places, find_places
from .ties import make_tie, read_tie

# Attributes with the probability of each span.
_SCORES = ("scores", "roleset_scores")

# A span: the name of its group, and its number there.
Row = tuple[str, int]


@dataclass(frozen=True)
class _Moved:
    """The groups of a Doc whose tokens have changed.

    doc (Doc): With its tokens as they are now.
    records (Mapping[str, Sequence[Record]]): What each group holds.
    places (Mapping[str, Places]): Where its spans are now.
    owners (Mapping[str, Sequence[int | None]]): For each argument and part, the number of its
        predicate.
    """

    doc: Doc
    records: Mapping[str, Sequence[Record]]
    places: Mapping[str, Places]
    owners: Mapping[str, Sequence[int | None]]

    def bounds(self, row: Row) -> tuple[int, int]:
        """Return the tokens over which a span is now: start and end."""
        name, number = row
        return int(self.places[name].start[number]), int(self.places[name].end[number])

    def name_of(self, row: Row) -> str:
        """Return the words and the label of a span, for messages."""
        name, number = row
        record = self.records[name][number]
        words = self.doc.text[record.start_char : record.end_char]
        return f"{words!r} ({self.doc.vocab.strings[record.label]})"

    def pieces(self) -> list[list[Row]]:
        """Return the arguments and parts of each predicate."""
        pieces: list[list[Row]] = [[] for _ in self.records.get(PREDICATES, ())]
        for name, owners in self.owners.items():
            for number, owner in enumerate(owners):
                if owner is not None:
                    pieces[owner].append((name, number))
        return pieces


def current_groups(doc: Doc) -> tuple[dict[str, SpanGroup], list[str]]:
    """Return the span groups of a Doc by name, over its tokens as they are; see `span_groups`.

    doc (Doc): It is left as it is.
    RETURNS (tuple[dict[str, SpanGroup], list[str]]): The groups, and a line for each span that is
        left out.
    """
    groups = dict(doc.spans.items())
    records = {name: records_of(group) for name, group in groups.items()}
    places = {name: find_places(doc, found) for name, found in records.items()}
    moved = {name for name, place in places.items() if not place.kept}
    if not moved:
        return groups, []
    predicates = records.get(PREDICATES, [])
    owners = {
        name: _owners(doc, records[name], predicates)
        for name in (ARGUMENTS, PARTS)
        if name in groups
    }
    state = _Moved(doc, records, places, owners)
    dropped, lost = _left_out(state)
    roles_moved = not moved.isdisjoint((PREDICATES, *owners))
    for name, group in doc.spans.items():
        if name == ANNOTATED:
            groups[name] = SpanGroup(doc, name=group.name, spans=annotated_stretches(doc))
        elif name in moved or (name in owners and roles_moved):
            rows = [row for row in range(len(records[name])) if (name, row) not in dropped]
            groups[name] = _make_group(state, name, group, rows)
    return groups, lost


def _make_group(state: _Moved, name: str, group: SpanGroup, rows: list[int]) -> SpanGroup:
    """Make the group `name` over the tokens as they are, of the spans with these numbers."""
    doc, place = state.doc, state.places[name]
    starts = doc.to_array(IDX).tolist()
    spans = []
    for row in rows:
        old = state.records[name][row]
        start, end = state.bounds((name, row))
        kb_id: int | str = old.kb_id
        span_id: int | str = old.id
        owner = state.owners[name][row] if name in state.owners else None
        if owner is not None:
            target, _ = state.bounds((PREDICATES, owner))
            span_id = make_tie(target - start)
            kept = place.exact[row] and state.places[PREDICATES].exact[owner]
            if not kept or read_tie(doc, old) is None:
                kb_id = make_tie(starts[target] - starts[start])
        spans.append(Span(doc, start, end, old.label, kb_id=kb_id, span_id=span_id))
    attrs = attributes_of_rows(attributes_of(group), len(place.start), rows)
    for key in _SCORES:
        if key in attrs and len(attrs[key]) == len(rows):
            pairs = zip(attrs[key], place.exact[rows].tolist())
            attrs[key] = [score if exact else None for score, exact in pairs]
    return SpanGroup(doc, name=group.name, attrs=attrs, spans=spans)


def _owners(doc: Doc, spans: Sequence[Record], predicates: Sequence[Record]) -> list[int | None]:
    """Find the predicate of each argument (or part)."""
    numbered = list(enumerate(predicates))
    by_token = {predicate.start: i for i, predicate in numbered}
    by_char = {char: i for i, p in reversed(numbered) for char in range(p.start_char, p.end_char)}
    by_char |= {predicate.start_char: i for i, predicate in numbered}
    result: list[int | None] = []
    for span in spans:
        tie = read_tie(doc, span)
        if tie is None:
            try:
                result.append(by_token.get(span.start + int(doc.vocab.strings[span.id])))
            except ValueError:
                result.append(None)
            continue
        result.append(by_char.get(span.start_char + tie))
    return result


def _left_out(state: _Moved) -> tuple[set[Row], list[str]]:
    """Find what `span_groups` leaves out, with a line for each but for parts."""
    dropped: set[Row] = set()
    lost: list[str] = []
    predicates = state.records.get(PREDICATES, ())
    pieces = state.pieces()
    taken: dict[int, Row] = {}  # the predicate at each token
    for number in sorted(range(len(pieces)), key=lambda number: -len(pieces[number])):
        predicate = (PREDICATES, number)
        start, _ = state.bounds(predicate)
        other = taken.setdefault(start, predicate)
        if predicates[other[1]].start_char != predicates[number].start_char:
            dropped.update([predicate, *pieces[number]])
            lost.append(
                f"The predicate {state.name_of(predicate)} is left out with its arguments: it was "
                f"merged into one token with the predicate {state.name_of(other)}"
            )
            continue
        for piece, is_argument in _displaced(state, predicate, pieces[number]):
            dropped.add(piece)
            if is_argument:
                lost.append(
                    f"{state.name_of(piece)} of the predicate {state.name_of(predicate)} is left "
                    "out: tokens were merged across its edge, and it would overlap the predicate "
                    "or another argument of it"
                )
    return dropped, lost


def _displaced(state: _Moved, predicate: Row, pieces: Sequence[Row]) -> Iterator[tuple[Row, bool]]:
    """Find a predicate's pieces that overlap it or another piece now, and whether to tell of them.

    A part that is in one token with its predicate is not worth telling.
    """
    start, end = state.bounds(predicate)
    for piece in pieces:
        name, number = piece
        if state.places[name].exact[number]:
            continue
        low, high = state.bounds(piece)
        if name == PARTS and start <= low and high <= end:
            yield piece, False
            continue
        others = [(start, end), *(state.bounds(other) for other in pieces if other != piece)]
        if any(low < last and first < high for first, last in others):
            yield piece, True
