"""The sentences of Docs as drawings, alone or beside gold annotation."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import TypeVar

import numpy as np
from spacy.tokens import Doc, Span, Token
from spacy.training import Example

from ..confidence import confidence_of, tag_confidences
from ..corpus.cut import sentence_bounds
from ..errors import printable
from ..frames import Frame, annotated_tokens, get_frames, has_frames
from ..pipeline.partial_score import judge_entities
from ..schemes.propositions import PREDICATE
from .drawing import (
    Box,
    Drawing,
    Row,
    Segment,
    Status,
    Word,
    is_rtl,
    make_items,
    segments_of,
    shade_of,
    tag_of,
    tone_of,
    words_of,
)

_T = TypeVar("_T")


def draw_doc(doc: Doc) -> list[Drawing]:
    """Draw the sentences of a Doc: each with its words, its entities, and a row for each frame.

    doc (Doc): With any annotation. One that has no sentences is drawn as one.
    """
    return _draw(doc, None)


def draw_example(example: Example) -> list[Drawing]:
    """Draw the sentences of a Doc with gold annotation above the prediction.

    example (Example): Both Docs have the same words. Where the gold Doc is not annotated, the
        prediction is drawn as that of `draw_doc`: neither right nor wrong. A layer that the
        predicted Doc lacks as a whole is drawn of the gold one, as neither right nor missed.

    RAISES: ValueError: They have not.
    """
    check_words(example)
    return _draw(example.predicted, example)


def same_words(example: Example) -> bool:
    """Tell whether both Docs of an example have the same words."""
    return np.array_equal(example.reference.to_array("ORTH"), example.predicted.to_array("ORTH"))


def check_words(example: Example) -> None:
    """Check that both Docs of an example have the same words.

    RAISES: ValueError: They have not.
    """
    if not same_words(example):
        raise ValueError(
            f"the Doc that begins {printable(example.predicted.text[:40])!r} has other words than "
            "the gold annotation, so that they cannot be shown side by side. Annotate the gold "
            "words, with components that neither merge nor split tokens"
        )


def _draw(doc: Doc, example: Example | None) -> list[Drawing]:
    gold = example.reference if example is not None else None
    bounds = sentence_bounds(doc)
    starts = [start for start, _ in bounds]
    frames = _by_sentence(starts, _frame_rows(doc, gold))
    entities = _entity_rows(example, bounds) if example is not None else {}
    tags = tag_confidences(doc)
    found = _by_sentence(starts, ((ent.start, ent) for ent in doc.ents))
    rtl, lang = is_rtl(doc), "" if doc.lang_ in ("", "xx") else printable(doc.lang_)
    return [
        Drawing(
            list(_boxes(doc, start, end, found.get(n, ()), tags, gold)),
            frames.get(n, []),
            entities.get(n, []),
            rtl,
            lang,
        )
        for n, (start, end) in enumerate(bounds)
    ]


def _by_sentence(starts: Sequence[int], things: Iterable[tuple[int, _T]]) -> dict[int, list[_T]]:
    """Sort things by the sentence that the place before each of them is in."""
    result: dict[int, list[_T]] = {}
    for place, thing in things:
        n = int(np.searchsorted(starts, place, side="right")) - 1
        result.setdefault(max(n, 0), []).append(thing)
    return result


def _frame_rows(doc: Doc, gold: Doc | None) -> Iterator[tuple[int, list[Row]]]:
    """Draw the frames of a Doc, beside gold ones where both Docs carry semantic roles.

    YIELDS (tuple[int, list[Row]]): The predicate's token, and the rows of its frame.
    """
    found = {frame.predicate.start: frame for frame in get_frames(doc)}
    predicted = has_frames(doc)
    right: dict[int, Frame] = {}
    compared = np.zeros(len(doc), dtype=bool)
    if gold is not None:
        compared = annotated_tokens(gold)
        frames = {frame.predicate.start: frame for frame in get_frames(gold)}
        right = {place: frame for place, frame in frames.items() if compared[place]}
    for place in sorted(found.keys() | right.keys()):
        frame = found.get(place)
        if frame is not None and not compared[place]:
            yield place, [frame_row(doc, frame)]
        elif not predicted and frame is None:
            yield place, [frame_row(doc, right[place], kind="gold")]
        else:
            yield place, compared_rows(doc, right.get(place), frame)


def compared_rows(doc: Doc, gold: Frame | None, found: Frame | None, around: int = 0) -> list[Row]:
    """Draw a frame of gold annotation above the same one of a prediction; one row if both agree."""
    right, given = (segments_of(frame) if frame else [] for frame in (gold, found))
    expected, predicted = ({each[:3] for each in segments} for segments in (right, given))
    agree = gold is not None and found is not None and gold.roleset == found.roleset
    if found is not None and expected == predicted and agree:
        return [frame_row(doc, found, around=around)]
    rows = []
    if gold is not None:
        marked = [s._replace(status="right" if s[:3] in predicted else "missed") for s in right]
        rows.append(frame_row(doc, gold, marked, "gold", around))
    else:
        rows.append(Row([], "no predicate", "gold"))
    if found is not None:
        marked = [s._replace(status="right" if s[:3] in expected else "wrong") for s in given]
        rows.append(frame_row(doc, found, marked, "predicted", around))
    else:
        rows.append(Row([], "no predicate", "predicted"))
    return rows


def frame_row(
    doc: Doc,
    frame: Frame,
    segments: Sequence[Segment] | None = None,
    kind: str = "",
    around: int = 0,
) -> Row:
    """Draw a frame: its roleset, and its pieces among the words between them.

    doc (Doc): Of the frame. segments (Sequence[Segment] | None): Its pieces, where they are marked.
    kind (str): "gold" or "predicted", where both are drawn.
    around (int): How many words are shown before the first piece and after the last.
    """
    segments = segments_of(frame) if segments is None else segments
    known = frame.roleset != PREDICATE
    title = printable(frame.roleset) if known else words_of(frame.predicate)
    said = [] if frame.confidence is None else [f"predicate {frame.confidence:.2f}"]
    if known and frame.roleset_confidence is not None:
        what = "roleset" if frame.roleset_known else "guessed roleset"
        said.append(f"{what} {frame.roleset_confidence:.2f}")
    shade = shade_of(frame.roleset_confidence if known else None)
    meaning = printable(frame.roleset_definition or "")
    return Row(make_items(doc, segments, around), title, kind, ", ".join(said), shade, meaning)


def _entity_rows(example: Example, bounds: Sequence[tuple[int, int]]) -> dict[int, list[Row]]:
    """Draw gold entities above those of a prediction, in the sentences where these are wrong.

    RETURNS (dict[int, list[Row]]): By the number of the sentence. Predicted entities that cannot
        be judged, as gold annotation is missing at their words, have no status. "no entities" is
        said of gold annotation only where it says so itself; of a prediction that lacks the layer
        nothing is said.
    """
    doc, gold = example.predicted, example.reference
    starts = [start for start, _ in bounds]
    predicted = doc.has_annotation("ENT_IOB")
    known = gold.to_array("ENT_IOB") != 0
    judged = {(ent.start, ent.end): right for ent, right in judge_entities(example)[0]}
    statuses: dict[bool | None, Status] = {True: "right", False: "wrong", None: ""}
    given = [(ent, statuses[judged.get((ent.start, ent.end))]) for ent in doc.ents]
    agreed = {(ent.label_, ent.start, ent.end) for ent, status in given if status == "right"}
    not_found: Status = "missed" if predicted else ""
    expected: list[tuple[Span, Status]] = [
        (ent, "right" if (ent.label_, ent.start, ent.end) in agreed else not_found)
        for ent in gold.ents
    ]
    right, found = (
        _by_sentence(starts, ((ent.start, _segment(ent, status)) for ent, status in marked))
        for marked in (expected, given)
    )
    result = {}
    for n, (start, end) in enumerate(bounds):
        both = right.get(n, []), found.get(n, [])
        if not predicted and both[0]:
            result[n] = [Row(make_items(doc, both[0]), "entities", "gold")]
        elif any(each.status in ("missed", "wrong") for segments in both for each in segments):
            rows = [
                Row(make_items(doc, segments), "entities" if segments else "no entities", kind)
                for kind, segments in zip(("gold", "predicted"), both)
            ]
            result[n] = rows if both[0] or known[start:end].all() else rows[1:]
    return result


def _segment(ent: Span, status: Status) -> Segment:
    return Segment(ent.label_, ent.start, ent.end, confidence_of(ent), status)


def _boxes(
    doc: Doc,
    start: int,
    end: int,
    ents: Iterable[Span],
    confidences: Sequence[float | None],
    gold: Doc | None,
) -> Iterator[Box]:
    """Make the boxes of a sentence: entities, and the words around them."""
    whose = {i: ent for ent in ents for i in range(ent.start, ent.end)}
    for ent, tokens in groupby(doc[start:end], key=lambda token: whose.get(token.i)):
        words = [
            _word(token, confidences[token.i], gold) for token in tokens if not token.text.isspace()
        ]
        if ent is None:
            yield Box(words)
        else:
            confidence = confidence_of(ent)
            label = printable(ent.label_)
            yield Box(words, label, tone_of(ent.label_), shade_of(confidence), confidence)


def _word(token: Token, confidence: float | None, gold: Doc | None) -> Word:
    tag, said = tag_of(token)
    right = ""
    if gold is not None:  # the layer that is shown, not another one that the gold Doc has instead
        right = printable(gold[token.i].pos_ if token.pos_ else gold[token.i].tag_)
    follows = token.i + 1 < len(token.doc) and token.doc[token.i + 1].text.isspace()
    return Word(
        printable(token.text, limit=None),
        tag,
        confidence if tag else None,
        right if tag and right and right != tag else "",
        bool(token.whitespace_) or follows,
        said,
    )
