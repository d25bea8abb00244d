"""Docs as HTML: sentences with tags, entities and frames, drawn by templates of our own.

Entities alone are drawn by displaCy. It escapes words, but neither labels nor titles, so these are
escaped here: a Doc of unknown origin cannot put elements or scripts into a page.
"""

import re
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any, NamedTuple

from spacy import displacy
from spacy.displacy.templates import TPL_ENT_RTL
from spacy.tokens import Doc, Span
from spacy.training import Example

from ..errors import printable
from ..frames import slice_doc
from .drawing import Drawing, is_rtl
from .pages import fill_in
from .sentences import draw_doc, draw_example

Shown = Doc | Span | Example
"""What can be drawn; an Example has its gold annotation above the prediction."""

_OPTIONS = ("colors", "tags")
# A name of a colour, or its digits: nothing that could end a style.
_COLOUR = re.compile(r"#[0-9a-fA-F]{3,8}|[a-zA-Z]+")


class _Drawn(NamedTuple):
    title: str
    drawings: list[Drawing]


def render_html(
    shown: Shown | Iterable[Shown],
    page: bool = True,
    options: Mapping[str, Any] | None = None,
) -> str:
    """Draw sentences as HTML, for light and dark pages, of any width, and for paper.

    Each has its words, with parts of speech below and entities as boxes, and a row for each frame
    with roleset, predicate and arguments. Pieces that belong together have a line below them. How
    sure the pipeline is can be seen by the shade, and read where the mouse rests on a piece.

    shown (Doc, Span, Example or several): What to draw. `doc.user_data["title"]` is its title.
    page (bool): Make a page of its own, else a part of one.
    options (Mapping[str, Any] | None): `colors`, a colour for each label, as displaCy has it, and
        `tags`, whether parts of speech are drawn.

    RAISES: ValueError: Options that there are not; an Example whose Docs have different words;
        what is none of these, such as a text.
    """
    options = options or {}
    if unknown := sorted(set(options) - set(_OPTIONS)):
        raise ValueError(
            f"there is no option {unknown[0]!r} of style 'srl', only {', '.join(_OPTIONS)}"
        )
    colors = dict(options.get("colors") or {})
    for label, colour in colors.items():
        if not _COLOUR.fullmatch(str(colour)):
            raise ValueError(
                f"colors: {colour!r} of {label!r} is no colour; give a name of CSS or #rrggbb"
            )
    listed: list[Shown]
    if isinstance(shown, Doc | Span | Example | str) or not isinstance(shown, Iterable):
        listed = [shown]
    else:
        listed = list(shown)
    drawn = [_draw(each) for each in listed]
    titles = [each.title for each in drawn if each.title]
    return fill_in(
        "docs.html.jinja",
        docs=drawn,
        page=page,
        title=titles[0] if titles else "Annotated text",
        lang=next((d.lang for each in drawn for d in each.drawings if d.lang), ""),
        tags=bool(options.get("tags", True)),
        colors=colors,
    )


def _draw(shown: Shown) -> _Drawn:
    if isinstance(shown, Example):
        title, drawings = shown.reference.user_data.get("title"), draw_example(shown)
    elif isinstance(shown, Doc | Span):
        doc = slice_doc(shown) if isinstance(shown, Span) else shown
        title, drawings = doc.user_data.get("title"), draw_doc(doc)
    else:
        raise ValueError(
            f"style 'srl' draws a Doc, Span or Example, or several, not {type(shown).__name__}; "
            "make a Doc of a text with a pipeline: nlp(text)"
        )
    return _Drawn(printable(str(title or ""), limit=None), drawings)


def render_parts(doc: Doc) -> str:
    """Draw a Doc as a part of a page."""
    return render_html(doc, page=False)


def render_entities(docs: Iterable[Doc]) -> str:
    """Draw the entities of Docs as a page, in displaCy's style "ent"."""
    pages = [_entities(doc) for doc in docs]
    # displaCy chooses its template before it knows the direction.
    rtl = bool(pages) and pages[0]["settings"]["direction"] == "rtl"
    options = {"template": TPL_ENT_RTL} if rtl else {}
    return displacy.render(
        pages, style="ent", page=True, jupyter=False, manual=True, options=options
    )


def _entities(doc: Doc) -> dict[str, Any]:
    """Describe the entities of a Doc as displaCy takes them, escaped where it does not escape."""
    page = displacy.parse_ents(doc)
    page["title"] = escape(str(page["title"] or ""))
    page["settings"] = {"lang": escape(doc.lang_), "direction": "rtl" if is_rtl(doc) else "ltr"}
    for ent in page["ents"]:
        ent["label"], ent["kb_id"] = escape(ent["label"]), escape(ent["kb_id"])
    return page
