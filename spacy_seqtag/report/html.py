"""Frames and entities as HTML pages, drawn by displaCy.

displaCy escapes words, but neither labels nor titles, so these are escaped here: a Doc of unknown
origin cannot put elements or scripts into a page.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any, TypedDict

from spacy import displacy
from spacy.displacy import templates
from spacy.tokens import Doc, Span

from ..frames import Frame, get_frames
from ..schemes.propositions import PREDICATE
from .terminal import render_roles, render_title, shown_bounds

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


class BlockSpan(TypedDict):
    """A labelled span of a `Block`: places in its text and in its tokens, ends excluded."""

    label: str
    start: int
    end: int
    start_token: int
    end_token: int


class Settings(TypedDict):
    """How displaCy draws a text: the code of its language, and its direction, "ltr" or "rtl"."""

    lang: str
    direction: str


class Block(TypedDict):
    """What displaCy draws as one figure; its format for `style="span", manual=True`."""

    text: str
    tokens: list[str]
    title: str
    spans: list[BlockSpan]
    settings: Settings


class Options(TypedDict):
    """displaCy's options: the colour of each label."""

    colors: dict[str, str]


def render_html(docs: Doc | Iterable[Doc]) -> str:
    """Draw one or more Docs as a page, with the figures that `displacy_blocks` lists.

    All of the page has the direction of the first figure.
    """
    docs = [docs] if isinstance(docs, Doc) else docs
    blocks = [block for doc in docs for block in displacy_blocks(doc)]
    return displacy.render(
        [dict(block) for block in blocks],
        style="span",
        page=True,
        jupyter=False,
        manual=True,
        options=dict(displacy_options(blocks)),
    )


def serve_html(doc: Doc, host: str, port: int) -> None:
    """Serve the page of a Doc until the user interrupts the program.

    RAISES: ValueError, OSError: If the port is in use, or not allowed.
    """
    blocks = displacy_blocks(doc)
    displacy.serve(
        [dict(block) for block in blocks],  # type: ignore[misc]  # declared for Docs only
        style="span",
        manual=True,
        options=dict(displacy_options(blocks)),
        host=host,
        port=port,
    )


def render_entities(docs: Iterable[Doc]) -> str:
    """Draw the entities of Docs as a page, in displaCy's style "ent"."""
    pages = [_entities(doc) for doc in docs]
    return displacy.render(
        pages, style="ent", page=True, jupyter=False, manual=True, options=_entity_options(pages)
    )


def _entities(doc: Doc) -> dict[str, Any]:
    """Describe the entities of a Doc as displaCy takes them, escaped where it does not escape."""
    page = displacy.parse_ents(doc)
    page["title"] = escape(str(page["title"] or ""))
    page["settings"] = settings_of(doc)
    for ent in page["ents"]:
        ent["label"], ent["kb_id"] = escape(ent["label"]), escape(ent["kb_id"])
    return page


def render_parts(doc: Doc) -> str:
    """Draw a Doc as parts of a page: its entities, then each frame as arcs over its sentence."""
    if doc.ents:
        page = _entities(doc)
        options = _entity_options([page])
        parts = [displacy.render([page], style="ent", jupyter=False, manual=True, options=options)]
    else:  # displaCy would warn
        parts = [f'<p class="entities">{escape(doc.text)}</p>']
    for frame in get_frames(doc):
        parts.append(f"<h2>{escape(_heading(frame))}</h2>")
        parts.append(
            displacy.render(
                [_arcs(frame)],
                style="dep",
                jupyter=False,
                manual=True,
                options={"compact": True, "distance": 100, "bg": "transparent"},
            )
        )
    direction = settings_of(doc)["direction"]
    return "\n".join(f'<div dir="{direction}">{part}</div>' for part in parts)


def _heading(frame: Frame) -> str:
    """Write the sense of a frame's predicate and, where that is known, what its roles are."""
    return ". ".join(filter(None, (render_title(frame), render_roles(frame))))


def _arcs(frame: Frame) -> dict[str, object]:
    """Describe a frame as displaCy's style "dep" takes it: an arc from the predicate to each role.

    Under each word of an argument stands its role, as an arc ends at the first word.
    """
    start, end = shown_bounds(frame)
    words = [{"text": token.text, "tag": ""} for token in frame.predicate.doc[start:end]]
    predicate = frame.predicate.start - start
    arcs = []
    for label, span in frame.pieces:
        for i in range(span.start - start, span.end - start):
            words[i]["tag"] = escape(label)
        first = span.start - start
        if first != predicate:
            left, right = sorted((predicate, first))
            direction = "left" if first < predicate else "right"
            arcs.append({"start": left, "end": right, "label": escape(label), "dir": direction})
    return {"words": words, "arcs": arcs, "settings": settings_of(frame.predicate.doc)}


def displacy_blocks(doc: Doc) -> list[Block]:
    """Describe the figures of a Doc, for `displacy.render(blocks, style="span", manual=True)`.

    The first figure has the entities of the whole Doc, if there are any. Then each predicate has
    one: its sentence with the predicate, its arguments and its parts. A Doc with neither is one
    figure of plain text.
    """
    frames = get_frames(doc)
    blocks = []
    if doc.ents or not frames:
        spans = [(ent.label_, ent) for ent in doc.ents]
        blocks.append(_block(doc, (0, len(doc)), spans, "Entities" if doc.ents else ""))
    blocks += [_block(doc, shown_bounds(f), f.pieces, _heading(f)) for f in frames]
    return blocks


def displacy_options(blocks: Iterable[Block]) -> Options:
    """Choose a colour for each label of some blocks: `C-X` and `R-X` have the one of `X`."""
    colors: dict[str, str] = {}
    labels = {span["label"] for block in blocks for span in block["spans"]}
    bases = sorted({_base(label) for label in labels} - {PREDICATE})
    by_base = {base: _PALETTE[i % len(_PALETTE)] for i, base in enumerate(bases)}
    for label in labels:
        colors[label] = by_base.get(_base(label), _PREDICATE_COLOR)
    return {"colors": colors}


def settings_of(doc: Doc) -> Settings:
    """Say how displaCy draws a text.

    doc (Doc): Its direction is that of its first letter, by which editors and browsers go, too
        (UAX 9, rules P2 and P3); that of its language if it has no letter.
    """
    kinds = (unicodedata.bidirectional(char) for char in doc.text)
    first = next((kind for kind in kinds if kind in ("L", "R", "AL")), None)
    direction = str(doc.vocab.writing_system.get("direction", "ltr"))
    if first is not None:
        direction = "ltr" if first == "L" else "rtl"
    return {"lang": escape(doc.vocab.lang), "direction": direction}


def _entity_options(pages: Sequence[dict[str, Any]]) -> dict[str, str]:
    """Choose displaCy's options for entities: it chooses before it knows the direction."""
    is_rtl = bool(pages) and pages[0]["settings"]["direction"] == "rtl"
    return {"template": templates.TPL_ENT_RTL} if is_rtl else {}


def _base(label: str) -> str:
    return label.removeprefix("C-").removeprefix("R-")


def _block(
    doc: Doc, bounds: tuple[int, int], spans: Iterable[tuple[str, Span]], title: str
) -> Block:
    """Describe the figure of some tokens, from start to end, and of labelled spans in them."""
    start, end = bounds
    stretch = doc[start:end]
    return {
        "text": stretch.text,
        "tokens": [token.text for token in stretch],
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
        "settings": settings_of(doc),
    }
