"""Each thing that gold annotation or a prediction has: whether it is right, or how it is wrong.

What is right is decided by the scorers' own functions, so that the counts are those of the scores:
`judge_entities` for entities, `join_pieces` and `same_positions` for semantic roles.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, NamedTuple

from spacy.tokens import Doc
from spacy.training import Example

from ..confidence import confidence_of, tag_confidences
from ..frames import get_frames
from ..pipeline.partial_score import judge_entities
from ..pipeline.srl.score import join_pieces, same_positions
from ..schemes.propositions import PREDICATE, Argument

Task = Literal["pos", "tag", "ents", "predicates", "roleset", "srl"]

TITLES: dict[Task, str] = {
    "pos": "Parts of speech",
    "tag": "Tags",
    "ents": "Entities",
    "predicates": "Predicates",
    "roleset": "Rolesets",
    "srl": "Semantic roles",
}
"""All tasks, in the order of reports."""

SCORED_BY: dict[Task, str] = {
    "pos": "pos_acc",
    "tag": "tag_acc",
    "ents": "ents_f",
    "predicates": "predicates_f",
    "roleset": "roleset_acc",
    "srl": "srl_f",
}
"""The score of each task, by spaCy's names."""

Pieces = tuple[tuple[int, int], ...]
"""Start and end of each piece, in tokens."""

Kind = Literal[
    "right", "label", "boundary", "boundary and label", "missed", "spurious", "wrong predicate"
]

KINDS: tuple[Kind, ...] = (
    *("missed", "spurious", "boundary", "label"),
    *("boundary and label", "wrong predicate"),
)
"""How things are wrong."""


class Outcome(NamedTuple):
    """A gold thing, a predicted one, or both if one is taken for the other.

    task (Task): What it is.
    doc (int): The number of its example.
    kind (Kind): Whether it is right, or how it is wrong. "missed" is in the gold annotation alone,
        "spurious" in the prediction alone; the arguments of a predicate that is no gold one, or
        was not found, are of a "wrong predicate".
    gold, found (str): The labels; "" where there is no such thing.
    gold_at, found_at (Pieces, token positions): Start and end of each piece; empty likewise.
    confidence (float | None): Of the prediction, from 0 to 1.
    predicate (int | None, token position): Of a predicate, a roleset or an argument.
    """

    task: Task
    doc: int
    kind: Kind
    gold: str
    found: str
    gold_at: Pieces
    found_at: Pieces
    confidence: float | None = None
    predicate: int | None = None

    @property
    def start(self) -> int:
        """Where it begins."""
        return (self.gold_at or self.found_at)[0][0]


def find_outcomes(examples: Sequence[Example], tasks: Iterable[Task]) -> Iterator[Outcome]:
    """Compare predictions with gold annotation.

    examples (Sequence[Example]): Both Docs of each have the same words.
    tasks (Iterable[Task]): What to compare. What is not annotated is neither right nor wrong.
    YIELDS (Outcome): Example by example.
    """
    tasks = set(tasks)
    for number, example in enumerate(examples):
        for layer in ("pos", "tag"):
            if layer in tasks:
                yield from _tags(number, example, layer)
        if "ents" in tasks:
            yield from _entities(number, example)
        if tasks & {"predicates", "roleset", "srl"}:
            yield from (o for o in _roles(number, example) if o.task in tasks)


def _tags(doc: int, example: Example, layer: Literal["pos", "tag"]) -> Iterator[Outcome]:
    gold, found = (
        [getattr(token, f"{layer}_") for token in each]
        for each in (example.reference, example.predicted)
    )
    sure = tag_confidences(example.predicted)
    for i, (right, given) in enumerate(zip(gold, found, strict=True)):
        if right and right not in ("SPACE", "_SP"):
            place = ((i, i + 1),)
            kind: Kind = "right" if right == given else "label" if given else "missed"
            yield Outcome(layer, doc, kind, right, given, place, place if given else (), sure[i])


class _Thing(NamedTuple):
    """What is to be paired: its label, its place, and how sure the pipeline is."""

    label: str
    at: Pieces
    confidence: float | None = None


def _entities(doc: int, example: Example) -> Iterator[Outcome]:
    judged, _ = judge_entities(example)
    gold = {(ent.label_, ent.start, ent.end) for ent in example.reference.ents}
    found = []
    for ent, right in judged:
        thing = _Thing(ent.label_, ((ent.start, ent.end),), confidence_of(ent))
        if right:
            gold.remove((ent.label_, ent.start, ent.end))
            yield Outcome("ents", doc, "right", *_both(thing), thing.confidence)
        else:
            found.append(thing)
    missed = [_Thing(label, ((start, end),)) for label, start, end in sorted(gold, key=_place)]
    yield from _pair("ents", doc, missed, found)


def _place(key: tuple[str, int, int]) -> tuple[int, int]:
    return key[1:]


def _both(thing: _Thing) -> tuple[str, str, Pieces, Pieces]:
    return thing.label, thing.label, thing.at, thing.at


def _pair(
    task: Task,
    doc: int,
    gold: Sequence[_Thing],
    found: Sequence[_Thing],
    predicate: int | None = None,
) -> Iterator[Outcome]:
    """Pair what was missed with what is wrong, by their words: those that share most come first."""
    pairs = [
        (-_shared(right.at, given.at), n, m)
        for n, right in enumerate(gold)
        for m, given in enumerate(found)
        if _shared(right.at, given.at)
    ]
    partner: dict[int, int] = {}
    taken: set[int] = set()
    for _, n, m in sorted(pairs):
        if n not in partner and m not in taken:
            partner[n] = m
            taken.add(m)
    for n, right in enumerate(gold):
        if n not in partner:
            yield Outcome(task, doc, "missed", right.label, "", right.at, (), None, predicate)
            continue
        given = found[partner[n]]
        same = right.label == given.label
        kind: Kind = "boundary" if same else "label" if right.at == given.at else _BOTH
        ends = (right.label, given.label, right.at, given.at)
        yield Outcome(task, doc, kind, *ends, given.confidence, predicate)
    for m, given in enumerate(found):
        if m not in taken:
            sure = given.confidence
            yield Outcome(task, doc, "spurious", "", given.label, (), given.at, sure, predicate)


_BOTH: Kind = "boundary and label"


def _shared(one: Pieces, other: Pieces) -> int:
    return sum(max(0, min(b, d) - max(a, c)) for a, b in one for c, d in other)


def _roles(doc: int, example: Example) -> Iterator[Outcome]:
    gold, predicted, covered = same_positions(example)
    frames = {frame.predicate.start: frame for frame in get_frames(example.predicted)}
    right = {prop.predicate: prop for prop in gold}
    found = {prop.predicate: prop for prop in predicted if covered[prop.predicate]}
    for place in sorted(right.keys() | found.keys()):
        at = ((place, place + 1),)
        frame = frames.get(place) if place in found else None
        sure = frame.confidence if frame else None
        expected = _arguments(right[place].arguments) if place in right else []
        given = []
        if frame is not None:
            confidences = frame.argument_confidences or (None,) * len(frame.arguments)
            by_place = {(a.start, a.end): c for a, c in zip(frame.arguments, confidences)}
            given = _arguments(found[place].arguments, by_place, sure)
        if place not in found:
            yield Outcome("predicates", doc, "missed", PREDICATE, "", at, (), None, place)
        elif place not in right:
            yield Outcome("predicates", doc, "spurious", "", PREDICATE, (), at, sure, place)
        else:
            both = (PREDICATE, PREDICATE, at, at)
            yield Outcome("predicates", doc, "right", *both, sure, place)
            if right[place].roleset != PREDICATE:
                names = right[place].roleset, found[place].roleset
                kind: Kind = "right" if names[0] == names[1] else "label"
                of = frame.roleset_confidence if frame else None
                yield Outcome("roleset", doc, kind, *names, at, at, of, place)
            yield from _compare(doc, expected, given, place)
            continue
        wrong: Kind = "wrong predicate"
        for thing in expected:
            yield Outcome("srl", doc, wrong, thing.label, "", thing.at, (), None, place)
        for thing in given:
            sure = thing.confidence
            yield Outcome("srl", doc, wrong, "", thing.label, (), thing.at, sure, place)


def _compare(
    doc: int, expected: Sequence[_Thing], given: Sequence[_Thing], place: int
) -> Iterator[Outcome]:
    """Compare the arguments of a predicate that is in both."""
    left = Counter((thing.label, thing.at) for thing in expected)
    wrong = []
    for thing in given:
        if left[thing.label, thing.at]:
            left[thing.label, thing.at] -= 1
            yield Outcome("srl", doc, "right", *_both(thing), thing.confidence, place)
        else:
            wrong.append(thing)
    missed = [_Thing(*key) for key, n in left.items() for _ in range(n)]
    yield from _pair("srl", doc, missed, wrong, place)


def _arguments(
    arguments: Iterable[Argument],
    confidences: dict[tuple[int, int], float | None] | None = None,
    predicate: float | None = None,
) -> list[_Thing]:
    """Join the pieces of arguments; each is as sure as its least sure piece and its predicate."""
    things = []
    for role, pieces in join_pieces(arguments):
        if role == PREDICATE:
            continue
        sure = [confidences.get(piece) for piece in pieces] if confidences else []
        known = [value for value in sure if value is not None]
        both = None
        if predicate is not None and known and len(known) == len(pieces):
            both = min(known) * predicate
        things.append(_Thing(role, pieces, both))
    return things


def text_of(doc: Doc, pieces: Pieces) -> str:
    """Return the words of pieces, with blanks between."""
    return " ".join(doc[start:end].text for start, end in pieces)
