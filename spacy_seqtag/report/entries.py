"""Errors to look at: each with the words around it, gold annotation above the prediction."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from spacy.tokens import Doc
from spacy.training import Example

from ..analysis.outcomes import Outcome, Pieces
from ..corpus.docs import doc_id_of
from ..errors import printable
from ..frames import Frame, get_frames
from ..schemes.propositions import CONTINUES, PREDICATE
from .drawing import Row, Segment, Status, is_rtl, make_items
from .sentences import compared_rows

# Words around what is wrong.
_AROUND = 6
# The most characters of a label.
_LABEL = 100
# The most entries of a task, and of each kind and label: the first that keeps to that.
_MOST = 700
_MOST_ALIKE = (700, 300, 200, 100, 60, 40, 30, 20, 15, 10, 7, 5, 3, 2, 1)


FramePairs = Callable[[int], tuple[dict[int, Frame], dict[int, Frame]]]
"""From the number of an example to its gold frames and the predicted ones, by their predicates."""


@dataclass(frozen=True)
class Entry:
    """An error.

    kind, gold, found (str): See `Outcome`.
    confidence (float | None): Of the prediction.
    rows (list[Row]): Gold annotation above the prediction.
    where (str): The document. place (int): The order in the corpus.
    rtl (bool): Whether the words are written from right to left. lang (str): Their language.
    """

    kind: str
    gold: str
    found: str
    confidence: float | None
    rows: list[Row]
    where: str
    place: int
    rtl: bool
    lang: str


def with_printable_labels(outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
    """Make the labels of outcomes safe to show, so that all of a page has them in one form."""
    for outcome in outcomes:
        gold, found = (printable(label, _LABEL) for label in (outcome.gold, outcome.found))
        yield outcome._replace(gold=gold, found=found)


def list_entries(wrong: Iterable[Outcome], examples: Sequence[Example]) -> list[Entry]:
    """List errors of a task: the surest first, those without a confidence last.

    wrong (Iterable[Outcome]): In the order of the corpus, from `with_printable_labels`.
    examples (Sequence[Example]): The corpus.
    RETURNS (list[Entry]): Where there are many, some of each kind and label.
    """
    # The arguments of a predicate that is wrong are drawn with it.
    places = enumerate(outcome for outcome in wrong if outcome.kind != "wrong predicate")
    ordered = sorted(places, key=lambda pair: (-_sureness(pair[1]), pair[0]))
    most = next(n for n in _MOST_ALIKE if len(_some(ordered, n)) <= _MOST or n == 1)
    kept = _some(ordered, most)[:_MOST]
    frames = index_frames(examples)
    return [
        entry_of(outcome.kind, place, outcome, example, draw_outcome(outcome, example, frames))
        for place, outcome in kept
        for example in (examples[outcome.doc],)
    ]


def _some(ordered: Sequence[tuple[int, Outcome]], most: int) -> list[tuple[int, Outcome]]:
    """Keep the first ones of each kind and label, at most so many."""
    alike = Counter[tuple[str, str, str]]()
    kept = []
    for place, outcome in ordered:
        key = outcome.kind, outcome.gold, outcome.found
        alike[key] += 1
        if alike[key] <= most:
            kept.append((place, outcome))
    return kept


def _sureness(outcome: Outcome) -> float:
    return -1.0 if outcome.confidence is None else outcome.confidence


def entry_of(kind: str, place: int, outcome: Outcome, example: Example, rows: list[Row]) -> Entry:
    """Make an entry of rows, and of the error that stands for them.

    kind (str): What it is filtered by. place (int): The order in the corpus.
    outcome (Outcome): From `with_printable_labels`.
    """
    doc = example.predicted
    name = doc_id_of(example.reference) or f"document {outcome.doc + 1}"
    return Entry(
        kind,
        outcome.gold,
        outcome.found,
        outcome.confidence,
        rows,
        printable(name),
        place,
        is_rtl(doc),
        "" if doc.lang_ in ("", "xx") else printable(doc.lang_),
    )


def index_frames(examples: Sequence[Example]) -> FramePairs:
    """Index the frames of examples: each example once, when a frame of it is first drawn."""

    @cache
    def pair(number: int) -> tuple[dict[int, Frame], dict[int, Frame]]:
        example = examples[number]
        return _by_predicate(example.reference), _by_predicate(example.predicted)

    return pair


def _by_predicate(doc: Doc) -> dict[int, Frame]:
    return {frame.predicate.start: frame for frame in get_frames(doc)}


def draw_outcome(outcome: Outcome, example: Example, frames: FramePairs) -> list[Row]:
    """Draw an error: gold annotation above the prediction; of a predicate its whole frame.

    outcome (Outcome): Of `example`, not right. frames (FramePairs): See `index_frames`.
    """
    doc = example.predicted
    if outcome.task == "predicates":
        return draw_frames(outcome, example, frames)
    if outcome.task in ("pos", "tag", "roleset"):
        (place,) = outcome.gold_at
        label = f"{outcome.gold} → {outcome.found or 'nothing'}"
        segment = Segment(label, *place, outcome.confidence, "wrong")
        return [Row(make_items(doc, [segment], _AROUND))]
    rows = []
    for kind, label, at in (
        ("gold", outcome.gold, outcome.gold_at),
        ("predicted", outcome.found, outcome.found_at),
    ):
        if not label:
            rows.append(Row([], "nothing", kind))
            continue
        sure = outcome.confidence if kind == "predicted" else None
        segments = _segments(label, at, sure, "missed" if kind == "gold" else "wrong")
        if outcome.predicate is not None:
            segments.append(Segment(PREDICATE, outcome.predicate, outcome.predicate + 1))
        rows.append(Row(make_items(doc, segments, _AROUND), "", kind))
    return rows


def draw_frames(outcome: Outcome, example: Example, frames: FramePairs) -> list[Row]:
    """Draw the whole frame of an error with a predicate, gold annotation above the prediction."""
    place = outcome.start if outcome.predicate is None else outcome.predicate
    gold, found = (by_place.get(place) for by_place in frames(outcome.doc))
    return compared_rows(example.predicted, gold, found, around=2)


def draw_entities(wrong: Iterable[Outcome], example: Example) -> list[Row]:
    """Draw the entities of several errors together, gold annotation above the prediction."""
    gold: list[Segment] = []
    found: list[Segment] = []
    for outcome in wrong:
        gold += _segments(outcome.gold, outcome.gold_at, None, "missed")
        found += _segments(outcome.found, outcome.found_at, outcome.confidence, "wrong")
    return [
        Row(make_items(example.predicted, each, _AROUND), "" if each else "nothing", kind)
        for each, kind in ((gold, "gold"), (found, "predicted"))
    ]


def _segments(label: str, at: Pieces, sure: float | None, status: Status) -> list[Segment]:
    return [
        Segment(label if n == 0 else f"{CONTINUES}{label}", start, end, sure, status)
        for n, (start, end) in enumerate(at)
    ]
