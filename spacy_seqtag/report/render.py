"""Frames and entities as text for the terminal, and as HTML with displaCy."""

from collections.abc import Iterable
from html import escape
from typing import Any

from spacy import displacy
from spacy.tokens import Doc, Span

from ..confidence import confidence_of
from ..errors import printable
from ..frames import Frame, get_frames
from ..schemes.propositions import PREDICATE

# Colours that tell neighbours apart and leave black text readable.
_PALETTE = (
    "#7aecec",
    "#bfeeb7",
    "#feca74",
    "#ff9561",
    "#aa9cfc",
    "#e4e7d2",
    "#9cc9cc",
    "#f0d0ff",
)
_PREDICATE_COLOR = "#c887fb"


def render_text(frame: Frame) -> str:
    """The sentence of a frame in one line, with its pieces in brackets:
    `Then [ARG0 she] [V gave] [ARG2 him] [ARG1 the book] .`

    Words outside stay in their places; a run of whitespace becomes one blank, and what a terminal
    would obey, or is very long, is shown as `printable` shows it.
    """
    doc, (position, end) = frame.predicate.doc, _bounds(frame)
    shown = []
    for label, span in frame.pieces:
        shown += [_printable(doc[position : span.start])] if position < span.start else []
        shown.append(f"[{printable(label)} {_printable(span).strip()}]")
        position = max(position, span.end)
    shown.append(_printable(doc[position:end]))
    return " ".join(" ".join(shown).split())


def render_title(frame: Frame) -> str:
    """The predicate's sense in one line: `give.01, predicate 1.00, roleset 0.98`.

    Where the sense is not known, the predicate's word stands in its place. Confidences are left
    out where there are none.
    """
    known = frame.roleset != PREDICATE
    parts = [printable(frame.roleset) if known else " ".join(_printable(frame.predicate).split())]
    if frame.confidence is not None:
        parts.append(f"predicate {frame.confidence:.2f}")
    if known and frame.roleset_confidence is not None:
        kind = "roleset" if frame.roleset_known else "guessed roleset"
        parts.append(f"{kind} {frame.roleset_confidence:.2f}")
    return ", ".join(parts)


def entity_rows(doc: Doc) -> list[tuple[str, str, str]]:
    """Text, label and confidence of the entities, for a terminal; "" where there is no
    confidence."""
    rows = []
    for ent in doc.ents:
        p = confidence_of(ent)
        text = " ".join(_printable(ent).split())
        rows.append((text, printable(ent.label_), "" if p is None else f"{p:.2f}"))
    return rows


def displacy_blocks(doc: Doc) -> list[dict[str, Any]]:
    """A Doc for `displacy.render(blocks, style="span", manual=True)`.

    One block with the entities of the whole Doc, if it has any, then one for each predicate:
    its sentence, with the predicate, its arguments and parts. A Doc with neither is one block of
    plain text.
    """
    frames = get_frames(doc)
    blocks = []
    if doc.ents or not frames:
        spans = [(ent.label_, ent) for ent in doc.ents]
        blocks.append(_block(doc, (0, len(doc)), spans, "Entities" if doc.ents else ""))
    blocks += [_block(doc, _bounds(f), f.pieces, render_title(f)) for f in frames]
    return blocks


def displacy_options(blocks: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Colours for the labels of blocks: `C-X` and `R-X` have the one of `X`."""
    colors: dict[str, str] = {}
    labels = {span["label"] for block in blocks for span in block["spans"]}
    bases = sorted({_base(label) for label in labels} - {PREDICATE})
    by_base = {base: _PALETTE[i % len(_PALETTE)] for i, base in enumerate(bases)}
    for label in labels:
        colors[label] = by_base.get(_base(label), _PREDICATE_COLOR)
    return {"colors": colors}


def render_html(docs: Doc | Iterable[Doc]) -> str:
    """A page with the `displacy_blocks` of one or more Docs."""
    docs = [docs] if isinstance(docs, Doc) else docs
    blocks = [block for doc in docs for block in displacy_blocks(doc)]
    options = displacy_options(blocks)
    return displacy.render(
        blocks, style="span", page=True, jupyter=False, manual=True, options=options
    )


def render_entities(docs: Iterable[Doc]) -> str:
    """A page with the entities of Docs, as displaCy shows them with the style "ent"."""
    pages = []
    for doc in docs:
        page = displacy.parse_ents(doc)
        page["title"] = escape(str(page["title"] or ""))
        for ent in page["ents"]:
            ent["label"], ent["kb_id"] = escape(ent["label"]), escape(ent["kb_id"])
        pages.append(page)
    return displacy.render(pages, style="ent", page=True, jupyter=False, manual=True)


def _bounds(frame: Frame) -> tuple[int, int]:
    """Start and end of the frame's sentence, in tokens; of the Doc where there are no sentences."""
    doc = frame.predicate.doc
    whole = frame.predicate.sent if doc.has_annotation("SENT_START") else doc[:]
    spans = [span for _, span in frame.pieces]
    return min(whole.start, spans[0].start), max(whole.end, *(span.end for span in spans))


def _printable(span: Span) -> str:
    return "".join(
        " " if token.text.isspace() else printable(" ".join(token.text.split())) + token.whitespace_
        for token in span
    )


def _base(label: str) -> str:
    return label.removeprefix("C-").removeprefix("R-")


def _block(
    doc: Doc, bounds: tuple[int, int], spans: Iterable[tuple[str, Span]], title: str
) -> dict[str, Any]:
    start, end = bounds
    stretch = doc[start:end]
    return {
        "text": stretch.text,
        "tokens": [token.text for token in stretch],
        # displaCy escapes words, but neither labels nor titles.
        "title": escape(title),
        "spans": [
            {
                "label": escape(label),
                "start": span.start_char - stretch.start_char,
                "end": span.end_char - stretch.start_char,
                "start_token": span.start - start,
                "end_token": span.end - start,
            }
            for label, span in spans
        ],
    }
