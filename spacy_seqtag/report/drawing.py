"""What is drawn of a sentence: its words, and a row for each frame or for entities.

This is what the templates of `html.py` show, and what `terminal.py` prints: which words stand in
which piece, what joins pieces, how sure the pipeline is, and how that compares with gold
annotation. Nothing here knows HTML.

Words and labels are written by `errors.printable`, so that no character of unknown origin steers a
terminal, or turns the direction of what stands around it.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple
from zlib import crc32

from spacy.tokens import Doc, Token

from ..errors import printable
from ..frames import Frame
from ..schemes.propositions import CONTINUES, PREDICATE, PREDICATE_PART

REFERS = "R-"
"""The prefix of a piece that refers to another one: a relative pronoun."""

Status = Literal["", "right", "wrong", "missed"]
"""Beside gold annotation: a piece in both, in the prediction alone, in the gold annotation alone;
"" without."""

DOUBTFUL = 0.8
"""Tags that are less probable are marked."""

# Tones: colours by their number; the last is that of predicates.
N_TONES = 7
PREDICATE_TONE = N_TONES
_TONES = {
    "ARG0": 0,
    "ARG1": 1,
    "ARG2": 2,
    "ARG3": 3,
    "ARG4": 4,
    "ARG5": 5,
    "ARGA": 5,
    "PER": 0,
    "PERSON": 0,
    "LOC": 1,
    "GPE": 1,
    "FAC": 1,
    "ORG": 2,
    "MISC": 3,
    "NORP": 3,
    "DATE": 5,
    "TIME": 5,
}
_MODIFIER, _MODIFIER_TONE = "ARGM", 6

# Of so many words between two pieces all are shown; more are "…".
_BETWEEN = 3
# Longer pieces are cut in the middle.
_LONGEST = 120


class Segment(NamedTuple):
    """A labelled stretch of words, before it is drawn.

    label (str): Its label. start, end (int, token positions): The end is exclusive.
    confidence (float | None): From 0 to 1.
    status (Status): Beside gold annotation.
    meaning (str): What an inventory of frames says of a role; "" where none does.
    """

    label: str
    start: int
    end: int
    confidence: float | None = None
    status: Status = ""
    meaning: str = ""


class Line(NamedTuple):
    """A line that joins pieces, where it passes below an item.

    tone (int): Its colour. refers (bool): It leads to a piece that refers to another one, and does
    not continue it.
    """

    tone: int
    refers: bool


@dataclass(frozen=True)
class Item:
    """A stretch of a row: a labelled piece, or the words between pieces.

    text (str): Its words; "…" for many that have no label.
    label (str): "" for words between pieces.
    tone (int): The colour.
    shade (int | None, 0 to 9): How sure the pipeline is, in tenths.
    confidence (float | None): The same as a number.
    status (Status): Beside gold annotation.
    said (str): What else is to be said of it: what its role is, which piece it continues, or which
        words "…" is.
    lines (tuple[Line | None, ...]): What passes below it, from the top; None for a gap.
    space (bool): Whether a blank follows.
    """

    text: str
    label: str = ""
    tone: int = PREDICATE_TONE
    shade: int | None = None
    confidence: float | None = None
    status: Status = ""
    said: str = ""
    lines: tuple[Line | None, ...] = ()
    space: bool = True


@dataclass(frozen=True)
class Row:
    """A line of a drawing.

    items (list[Item]): In the order of the words.
    title (str): What the row is of, such as a roleset.
    kind (str): "gold", "predicted", or "" where there is but one.
    meaning (str): What the title means, "" where that is unknown.
    said (str): What is to be said of the title: confidences.
    shade (int | None, 0 to 9): Of the title.
    """

    items: list[Item]
    title: str = ""
    kind: str = ""
    said: str = ""
    shade: int | None = None
    meaning: str = ""


@dataclass(frozen=True)
class Word:
    """A word with its part of speech.

    text (str): The word. tag (str): Its part of speech, "" without.
    confidence (float | None): Of the tag.
    gold (str): The gold tag, if it is another one.
    space (bool): Whether a blank follows.
    shown (bool): Whether the tag says something that the word does not, as of a full stop.
    """

    text: str
    tag: str = ""
    confidence: float | None = None
    gold: str = ""
    space: bool = True
    shown: bool = True

    @property
    def unsure(self) -> bool:
        """Whether the pipeline doubts the tag."""
        return self.confidence is not None and self.confidence < DOUBTFUL


@dataclass(frozen=True)
class Box:
    """Words in an entity, or outside of entities.

    words (list[Word]): The words.
    label (str): "" outside of entities.
    tone (int): The colour. shade, confidence: as of an `Item`.
    """

    words: list[Word]
    label: str = ""
    tone: int = 0
    shade: int | None = None
    confidence: float | None = None


@dataclass(frozen=True)
class Drawing:
    """A sentence.

    boxes (list[Box]): Its words, and the entities among them.
    frames (list[list[Row]]): For each frame its row, or a gold and a predicted one.
    entities (list[Row]): A gold and a predicted row, where they differ.
    rtl (bool): Whether it is written from right to left.
    lang (str): Its language, "" where that is not known.
    """

    boxes: list[Box]
    frames: list[list[Row]] = field(default_factory=list)
    entities: list[Row] = field(default_factory=list)
    rtl: bool = False
    lang: str = ""


def tone_of(label: str) -> int:
    """Choose a colour for a label: `C-X` and `R-X` have the one of `X`.

    label (str): Of a role or an entity; one that nobody knows always gets the same.
    """
    label = base_of(label)
    if label == PREDICATE:
        return PREDICATE_TONE
    if label.startswith(_MODIFIER):
        return _MODIFIER_TONE
    known = _TONES.get(label.upper().partition("-")[0])
    return crc32(label.encode("utf8")) % (N_TONES - 1) if known is None else known


def base_of(label: str) -> str:
    """Return the label that a piece continues, or refers to; else the label itself."""
    return label.removeprefix(CONTINUES).removeprefix(REFERS)


def shade_of(confidence: float | None) -> int | None:
    """Return a confidence in tenths, rounded down: 9 for the surest."""
    return None if confidence is None else min(9, max(0, int(confidence * 10)))


def words_of(tokens: Iterable[Token], limit: int | None = None) -> str:
    """Write words in one line, as their text has them.

    tokens (Iterable[Token]): The words.
    limit (int | None): Of the characters of a word.
    """
    return " ".join("".join(_with_space(token, limit) for token in tokens).split())


def _with_space(token: Token, limit: int | None) -> str:
    if token.text.isspace():
        return " "
    return printable(" ".join(token.text.split()), limit) + token.whitespace_


def tag_of(token: Token) -> tuple[str, bool]:
    """Return the part of speech of a word, and whether that says what its characters do not."""
    tag = token.pos_ or token.tag_
    return printable(tag), tag != "PUNCT" or any(map(str.isalnum, token.text))


def is_rtl(doc: Doc) -> bool:
    """Tell whether a text is written from right to left.

    doc (Doc): Its direction is that of its first letter, by which editors and browsers go, too
        (UAX 9, rules P2 and P3); that of its language if it has no letter.
    """
    for token in doc:
        for char in token.text:
            kind = unicodedata.bidirectional(char)
            if kind in ("L", "R", "AL"):
                return kind != "L"
    return bool(doc.vocab.writing_system.get("direction") == "rtl")


def segments_of(frame: Frame) -> list[Segment]:
    """List the pieces of a frame, with their confidences."""
    nobody = (None,) * len(frame.arguments)
    confidences = frame.argument_confidences or nobody
    meanings = frame.argument_descriptions or nobody
    found = [Segment(PREDICATE, frame.predicate.start, frame.predicate.end, frame.confidence)]
    found += [
        Segment(a.label_, a.start, a.end, confidence, meaning=meaning or "")
        for a, confidence, meaning in zip(frame.arguments, confidences, meanings, strict=True)
    ]
    found += [Segment(PREDICATE_PART, part.start, part.end) for part in frame.parts]
    return sorted(found, key=lambda each: (each.start, each.end))


def make_items(doc: Doc, segments: Sequence[Segment], around: int = 0) -> list[Item]:
    """Lay pieces and the words between them in a row.

    doc (Doc): Of the pieces.
    segments (Sequence[Segment]): In any order; they may overlap, which is unsound, but is seen.
    around (int): How many words are shown before the first piece and after the last.
    """
    if not segments:
        return []
    segments = sorted(segments, key=lambda each: (each.start, each.end))
    joined = _joins(segments)
    first = max(0, segments[0].start - around)
    last = min(len(doc), max(each.end for each in segments) + around)
    items = _gap(doc, first, segments[0].start, around, joined)
    position = segments[0].start
    for number, segment in enumerate(segments):
        if position < segment.start:
            items += _gap(doc, position, segment.start, max(around, _BETWEEN), joined)
        after = segments[number + 1].start if number + 1 < len(segments) else last
        items.append(
            Item(
                _shortened(doc, segment.start, segment.end),
                printable(segment.label),
                tone_of(segment.label),
                shade_of(segment.confidence),
                segment.confidence,
                segment.status,
                ", ".join(
                    filter(None, (printable(segment.meaning), _said(doc, segment, segments)))
                ),
                _lines(joined, segment.start, segment.end),
                _has_space(doc, segment.end, after),
            )
        )
        position = max(position, segment.end)
    return items + _gap(doc, position, last, around, joined)


def _has_space(doc: Doc, end: int, after: int) -> bool:
    """Whether a blank stands after a piece, or words that are not shown as they are."""
    return bool(
        doc[end - 1].whitespace_ or (end < len(doc) and doc[end].text.isspace()) or after > end
    )


def _gap(doc: Doc, start: int, end: int, most: int, joined: list["_Join"]) -> list[Item]:
    words = [t for t in doc[start : min(end, start + 2 * most + 50)] if not t.text.isspace()]
    if not words:
        return []
    lines = _lines(joined, start, end)
    space = bool(doc[end - 1].whitespace_ or doc[end - 1].text.isspace())
    if end - start <= max(most, 1):
        return [Item(words_of(words), lines=lines, space=space)]
    return [Item("…", said=_shortened(doc, start, end), lines=lines)]


def _shortened(doc: Doc, start: int, end: int) -> str:
    if end - start <= _LONGEST:
        return words_of(doc[start:end])
    half = _LONGEST // 2
    return f"{words_of(doc[start : start + half])} … {words_of(doc[end - half : end])}"


class _Join(NamedTuple):
    """From the first to the last of the pieces that belong together: a line, and its level."""

    start: int
    end: int
    level: int
    line: Line


def _joins(segments: Sequence[Segment]) -> list[_Join]:
    """Find what joins pieces: `C-X` to the last `X` before it, `R-X` to the nearest `X`."""
    ranges: dict[tuple[str, int, bool], tuple[int, int]] = {}
    last: dict[str, Segment] = {}
    for segment in segments:
        base, refers = base_of(segment.label), segment.label.startswith(REFERS)
        if segment.label != base:
            target = last.get(base) or next((s for s in segments if s.label == base), None)
            if target is not None:
                # One line for all that continues a piece.
                key = (base, target.start, refers)
                start, end = ranges.get(key, (target.start, target.end))
                ranges[key] = (min(start, segment.start), max(end, segment.end))
        else:
            last[base] = segment
    result: list[_Join] = []
    for (base, _, refers), (start, end) in sorted(ranges.items(), key=lambda pair: pair[1]):
        taken = {join.level for join in result if join.start < end and start < join.end}
        level = next(n for n in range(len(taken) + 1) if n not in taken)
        result.append(_Join(start, end, level, Line(tone_of(base), refers)))
    return result


def _lines(joined: Sequence[_Join], start: int, end: int) -> tuple[Line | None, ...]:
    passing = {join.level: join.line for join in joined if join.start < end and start < join.end}
    return tuple(passing.get(level) for level in range(max(passing, default=-1) + 1))


def _said(doc: Doc, segment: Segment, segments: Sequence[Segment]) -> str:
    base = base_of(segment.label)
    if base == segment.label:
        return ""
    targets = [each for each in segments if each.label == base]
    before = [each for each in targets if each.start < segment.start]
    if not targets:
        return ""
    target = before[-1] if before else targets[0]
    verb = "refers to" if segment.label.startswith(REFERS) else "continues"
    return f"{verb} {printable(base)} {_shortened(doc, target.start, target.end)}"
