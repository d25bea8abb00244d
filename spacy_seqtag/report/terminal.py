"""Docs as text for a terminal: words with what stands under them, and frames as a table.

Nothing in a Doc can steer the terminal or run over many lines: words and labels are quoted by
`errors.printable`, and white space is one blank. Widths are those of terminal cells, of which a
Chinese character has two.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO
from typing import NamedTuple

from spacy.tokens import Doc

from ..confidence import confidence_of
from ..corpus.cut import sentence_bounds
from ..errors import SHOWN, printable
from ..frames import Frame, get_frames
from ..schemes.propositions import PREDICATE
from .drawing import segments_of, tag_of, words_of

# The most cells of a word or label; what is longer ends in "…".
_LONGEST = 60


class Signs(NamedTuple):
    """What spans are drawn with: `└ARG1──┘`, and where they go on in another line `─ARG1───`."""

    start: str
    line: str
    end: str


LINES = Signs("└", "─", "┘")
ASCII = Signs("[", "-", "]")
"""For consoles whose encoding has no lines."""


class _Span(NamedTuple):
    label: str
    start: int
    end: int


def render_words(doc: Doc, width: int, signs: Signs = LINES) -> str:
    """Write the sentences of a Doc with what stands under their words, wrapped to a width.

    Under the words stand their parts of speech, then entities, then a line for each frame, where
    the roleset stands under the predicate and the roles under the arguments:

        She   gave     him   the   book  .
        PRON  VERB     PRON  DET   NOUN
        ARG0  give.01  ARG2  └ARG1────┘

    doc (Doc): With any annotation.
    width (int, cells): Of the terminal.
    signs (Signs): What spans are drawn with.
    RETURNS (str): Lines, with an empty one between sentences.
    """
    bounds = sentence_bounds(doc)
    starts = [start for start, _ in bounds]
    ents: list[list[_Span]] = [[] for _ in bounds]
    for ent in doc.ents:  # one may go on in the next sentence
        span = _Span(printable(ent.label_), ent.start, ent.end)
        for n in range(bisect_right(starts, ent.start) - 1, bisect_left(starts, ent.end)):
            ents[n].append(span)
    frames: list[list[Frame]] = [[] for _ in bounds]
    for frame in get_frames(doc):
        frames[bisect_right(starts, frame.predicate.start) - 1].append(frame)
    blocks = []
    for (start, end), own, inside in zip(bounds, ents, frames, strict=True):
        tiers = [own, *map(_frame_spans, inside)]
        lines = list(_lines(doc, start, end, tiers, width, signs))
        if lines:
            blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


def render_frame(frame: Frame, width: int) -> str:
    """Write a frame as a table: its title, then a row for each piece, wrapped to a width.

    frame (Frame): Its rows have role, confidence where there is one, words, and what the role is
        where an inventory of frames says that.
    width (int, cells): Of the terminal.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(overflow="fold")
    table.add_column(overflow="fold")
    for piece in segments_of(frame):
        shown = "" if piece.confidence is None else f"{piece.confidence:.2f}"
        words = words_of(frame.predicate.doc[piece.start : piece.end])
        meaning = f"({printable(piece.meaning)})" if piece.meaning else ""
        table.add_row(Text(f"  {printable(piece.label)}"), Text(shown), Text(words), Text(meaning))
    stream = StringIO()
    Console(file=stream, width=max(width, 20), color_system=None, markup=False).print(table)
    rows = "\n".join(line.rstrip() for line in stream.getvalue().splitlines())
    return f"{render_title(frame)}\n{rows}"


def render_title(frame: Frame) -> str:
    """Write the sense of a frame's predicate in one line, with confidences where there are any.

    For example `give.01, predicate 1.00, roleset 0.98`. Where the sense is not known, the
    predicate's word stands in its place. What an inventory of frames says of it is in brackets.
    """
    known = frame.roleset != PREDICATE
    parts = [printable(frame.roleset) if known else words_of(frame.predicate, SHOWN)]
    if frame.roleset_definition:
        parts[0] += f" ({printable(frame.roleset_definition)})"
    if frame.confidence is not None:
        parts.append(f"predicate {frame.confidence:.2f}")
    if known and frame.roleset_confidence is not None:
        kind = "roleset" if frame.roleset_known else "guessed roleset"
        parts.append(f"{kind} {frame.roleset_confidence:.2f}")
    return ", ".join(parts)


def entity_rows(doc: Doc) -> list[tuple[str, str, str]]:
    """Return text, label and confidence of each entity; "" where there is no confidence."""
    rows = []
    for ent in doc.ents:
        confidence = confidence_of(ent)
        shown = "" if confidence is None else f"{confidence:.2f}"
        rows.append((words_of(ent, SHOWN), printable(ent.label_), shown))
    return rows


def _frame_spans(frame: Frame) -> list[_Span]:
    title = "V" if frame.roleset == PREDICATE else printable(frame.roleset)
    found = [
        _Span(title if label == PREDICATE else printable(label), start, end)
        for label, start, end, *_ in segments_of(frame)
    ]
    return _apart(found)


def _apart(spans: Iterable[_Span]) -> list[_Span]:
    """Leave out spans that overlap others, which are unsound; the table has them."""
    result: list[_Span] = []
    for span in spans:
        if not result or result[-1].end <= span.start:
            result.append(span)
    return result


def _lines(
    doc: Doc, start: int, end: int, tiers: Sequence[Sequence[_Span]], width: int, signs: Signs
) -> Iterator[str]:
    """Write the lines of a sentence: as many words as fit, then what stands under them."""
    from rich.cells import cell_len

    shown = [i for i in range(start, end) if not doc[i].text.isspace()]
    words = {i: _fitting(printable(doc[i].text, limit=None), width) for i in shown}
    tags = {i: tag if said else "" for i in shown for tag, said in (tag_of(doc[i]),)}
    columns = {i: max(cell_len(words[i]), cell_len(tags[i])) + 2 for i in shown}
    for span in (span for tier in tiers for span in tier):
        inside = [i for i in range(span.start, span.end) if i in columns]
        if inside:  # a label has room; the last word of its span is widened
            sides = 2 if len(inside) == 1 else 4
            lacking = cell_len(_fitting(span.label, width)) + sides
            columns[inside[-1]] += max(0, lacking - sum(columns[i] for i in inside))
    first = 0
    while first < len(shown):
        used, n = columns[shown[first]], first + 1
        while n < len(shown) and used + columns[shown[n]] - 2 <= width:
            used, n = used + columns[shown[n]], n + 1
        row, first = shown[first:n], n
        yield _set(row, words, columns)
        if any(tags[i] for i in row):
            yield _set(row, tags, columns)
        for tier in tiers:
            line = _tier(row, _within(tier, row), columns, width, signs)
            if line:
                yield line
        if first < len(shown):
            yield ""


def _within(spans: Sequence[_Span], row: Sequence[int]) -> Sequence[_Span]:
    """Return the spans that share words with a line; they are in order and do not overlap."""
    first = bisect_right(spans, row[0], key=lambda span: span.end)
    return spans[first : bisect_right(spans, row[-1], key=lambda span: span.start)]


def _set(row: Sequence[int], texts: dict[int, str], columns: dict[int, int]) -> str:
    return "".join(_padded(texts[i], columns[i]) for i in row).rstrip()


def _tier(
    row: Sequence[int], spans: Sequence[_Span], columns: dict[int, int], width: int, signs: Signs
) -> str:
    """Write what one layer has under a line of words; "" if that is nothing."""
    from rich.cells import set_cell_size

    line, position = "", 0
    for span in spans:
        inside = [n for n, i in enumerate(row) if span.start <= i < span.end]
        if not inside:
            continue
        line += " " * sum(columns[i] for i in row[position : inside[0]])
        size = sum(columns[row[n]] for n in inside)
        label = _fitting(span.label, width)
        begins, ends = row[inside[0]] == span.start, row[inside[-1]] == span.end - 1
        if len(inside) == 1 and begins and ends:
            line += _padded(label, size)
        else:
            # A part that goes on in another line may have no room for the whole label.
            room = size - 4
            label = label if _cells(label) <= room else set_cell_size(label, max(0, room))
            bar = label + signs.line * (room - _cells(label))
            first, last = signs.start if begins else signs.line, signs.end if ends else signs.line
            line += _padded(first + bar + last, size)
        position = inside[-1] + 1
    return line.rstrip()


def _cells(text: str) -> int:
    from rich.cells import cell_len

    return cell_len(text)


def _padded(text: str, size: int) -> str:
    return text + " " * max(0, size - _cells(text))


def _fitting(text: str, width: int) -> str:
    from rich.cells import set_cell_size

    limit = min(_LONGEST, max(width - 4, 8))
    return text if _cells(text) <= limit else f"{set_cell_size(text, limit - 1)}…"
