"""Draw what a pipeline makes of a sentence: entities below the words, role arcs above them.

    python scripts/picture.py training/mini/model-best "She gave him the book." picture.svg

Each predicate has a colour. A bracket stands over the words of each argument, and an arc leads to
it from the predicate. The picture is an SVG without fonts or scripts; it follows the light or dark
mode of whoever looks at it.
"""

from dataclasses import dataclass
from html import escape
from pathlib import Path

import typer
from spacy.tokens import Doc

# Pixels.
FONT, SMALL = 17, 11
GAP = 14  # between words
PAD = 6  # around the words of an entity
SCALE = 1.5  # of the picture's natural size
MARGIN = 14
LEVEL = 34  # from one arc to the next one above it
TIER = 7  # from the brackets of one predicate to those of the next
FOOT = 16  # from the words up to the lowest brackets

COLOURS = (("#2563eb", "#79a8ff"), ("#c2410c", "#ff9e64"), ("#15803d", "#6fdd8b"))
"""Of predicates, in light and in dark mode; more predicates begin again."""


def style() -> str:
    """The style sheet of a picture."""
    light, dark = (
        [
            f".p{n} {{ stroke: {colours[mode]}; }} .t{n} {{ fill: {colours[mode]}; }}"
            for n, colours in enumerate(COLOURS)
        ]
        for mode in (0, 1)
    )
    lines = [
        'text { font-family: system-ui, "Segoe UI", Helvetica, Arial, sans-serif; '
        "text-anchor: middle; }",
        f".word {{ font-size: {FONT}px; fill: #1c2733; }}",
        ".verb { font-weight: 600; }",
        ".pos { font-size: 10px; fill: #7b8794; letter-spacing: .04em; }",
        f".label {{ font-size: {SMALL}px; font-weight: 600; }}",
        ".arc, .bracket { fill: none; stroke-width: 1.6; }",
        ".entity { fill: #e8edf2; }",
        f".entity-label {{ font-size: {SMALL}px; font-weight: 600; fill: #52606d; }}",
        *light,
        "@media (prefers-color-scheme: dark) {",
        "  .word { fill: #e6edf3; } .pos { fill: #8b98a5; }",
        "  .entity { fill: #333b47; } .entity-label { fill: #adbac7; }",
        *(f"  {line}" for line in dark),
        "}",
    ]
    return "\n" + "\n".join(lines) + "\n"


@dataclass(frozen=True)
class Arc:
    """From a predicate to one of its arguments.

    predicate (int): The number of the frame. label (str): The role.
    source, target (float): Where it begins and ends. start, end (float): of the bracket.
    """

    predicate: int
    label: str
    source: float
    target: float
    start: float
    end: float

    @property
    def bounds(self) -> tuple[float, float]:
        """From left to right, with room for the label."""
        middle, half = (self.source + self.target) / 2, width(self.label, SMALL) / 2 + 4
        left, right = sorted((self.source, self.target))
        return min(left, middle - half), max(right, middle + half)


def width(text: str, size: float) -> float:
    """About how wide a text is; words are centred, so that no more is needed."""
    narrow = sum(char in "iljtfrI.,;:'!|()[] " for char in text)
    wide = sum(char in "mwMW@" or char.isupper() for char in text)
    return size * (0.54 * len(text) - 0.24 * narrow + 0.16 * wide)


def svg(doc: Doc) -> str:
    """The picture of a Doc of one or a few short sentences."""
    centres, edges, right = [], [], float(MARGIN)
    bounds = {place for ent in doc.ents for place in (ent.start, ent.end)}
    for token in doc:
        space = GAP if token.i and doc[token.i - 1].whitespace_ else 5
        space += PAD * (token.i in bounds)
        w = max(width(token.text, FONT), width(token.pos_, 10))
        left = right + (space if token.i else 0)
        right = left + w
        centres.append((left + right) / 2)
        edges.append((left, right))
    arcs = [
        Arc(
            number,
            argument.label_,
            centres[frame.predicate.start],
            (edges[argument.start][0] + edges[argument.end - 1][1]) / 2,
            edges[argument.start][0],
            edges[argument.end - 1][1],
        )
        for number, frame in enumerate(doc._.frames)
        for argument in frame.arguments
    ]
    heights = levels(arcs)
    n_tiers = len(doc._.frames)
    top = FOOT + TIER * n_tiers + LEVEL * max(heights, default=0)
    base = MARGIN + SMALL + top + FONT
    parts = [*entities(doc, edges, base), *words(doc, centres, base)]
    for arc, level in sorted(zip(arcs, heights, strict=True), key=lambda pair: -pair[1]):
        parts += draw(arc, base - FONT - FOOT, n_tiers, level, place_label(arc, arcs))
    for number, frame in enumerate(doc._.frames):
        x = centres[frame.predicate.start]
        colour = number % len(COLOURS)
        parts.append(text(x, base + 36, f"label t{colour}", frame.roleset))
    size = right + MARGIN, base + 36 + MARGIN
    shown = f'width="{SCALE * size[0]:.0f}" height="{SCALE * size[1]:.0f}"'
    title = escape(doc.text)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size[0]:.0f} {size[1]:.0f}" '
        f'{shown} role="img" aria-label="{title}">'
    )
    return "\n".join(
        [head, f"<title>{title}</title>", f"<style>{style()}</style>", *parts, "</svg>"]
    )


def levels(arcs: list[Arc]) -> list[int]:
    """How high each arc goes, from 1: above all that are shorter and share a place with it."""
    result = [0] * len(arcs)
    by_width = sorted(range(len(arcs)), key=lambda i: arcs[i].bounds[1] - arcs[i].bounds[0])
    for done, i in enumerate(by_width):
        left, right = arcs[i].bounds
        below = [
            result[j]
            for j in by_width[:done]
            if arcs[j].bounds[0] < right and left < arcs[j].bounds[1]
        ]
        result[i] = 1 + max(below, default=0)
    return result


def place_label(arc: Arc, arcs: list[Arc]) -> float:
    """Where the label of an arc goes: as near to its middle as no other arc comes down."""
    half = width(arc.label, SMALL) / 2 + 6
    down = {x for other in arcs for x in (other.source, other.target)}
    middle = (arc.source + arc.target) / 2
    room = max(0, int(abs(arc.target - arc.source) / 2 - half))
    for step in range(room + 1):
        for place in (middle - step, middle + step):
            if all(abs(place - x) > half for x in down):
                return place
    return middle


def words(doc: Doc, centres: list[float], base: float) -> list[str]:
    """The words with their parts of speech."""
    verbs = {frame.predicate.start for frame in doc._.frames}
    parts = []
    for token, x in zip(doc, centres, strict=True):
        parts.append(text(x, base, "word verb" if token.i in verbs else "word", token.text))
        parts.append(text(x, base + 17, "pos", token.pos_))
    return parts


def entities(doc: Doc, edges: list[tuple[float, float]], base: float) -> list[str]:
    """A box behind the words of each entity, and its label below."""
    parts = []
    for ent in doc.ents:
        left, right = edges[ent.start][0] - PAD, edges[ent.end - 1][1] + PAD
        box = f'x="{left:.1f}" y="{base - 18:.1f}" width="{right - left:.1f}" height="41" rx="5"'
        parts.append(f'<rect class="entity" {box}/>')
        parts.append(text((left + right) / 2, base + 36, "entity-label", ent.label_))
    return parts


def draw(arc: Arc, foot: float, n_tiers: int, level: int, middle: float) -> list[str]:
    """An arc with its bracket, and its label with the middle at this place.

    foot (float): Where the lowest brackets stand. n_tiers (int): How many brackets are above one
        another. level (int): how high the arc goes, see `levels`.
    """
    colour = arc.predicate % len(COLOURS)
    y = foot - TIER * arc.predicate
    top = foot - TIER * n_tiers - LEVEL * level + 12
    half = width(arc.label, SMALL) / 2 + 4
    reach = abs(arc.target - arc.source) / 2
    right = 1 if arc.target > arc.source else -1
    # The label stands in a gap of the arc or, where that is too short, above it.
    inside = reach > half + 2
    ends = min(abs(middle - arc.source), abs(middle - arc.target))
    bend = min(22.0, ends - half if inside else reach)
    gap = f"H{middle - right * half:.1f} M{middle + right * half:.1f},{top:.1f} " if inside else ""
    bracket = f"M{arc.start:.1f},{y + 4:.1f} v-4 H{arc.end:.1f} v4"
    curve = (
        f"M{arc.source:.1f},{foot + 4:.1f} V{top + bend:.1f} "
        f"q0,-{bend:.1f} {right * bend:.1f},-{bend:.1f} {gap}H{arc.target - right * bend:.1f} "
        f"q{right * bend:.1f},0 {right * bend:.1f},{bend:.1f} V{y:.1f}"
    )
    return [
        f'<path class="bracket p{colour}" d="{bracket}"/>',
        f'<path class="arc p{colour}" d="{curve}"/>',
        text(middle, top + 4 if inside else top - 5, f"label t{colour}", arc.label),
    ]


def text(x: float, y: float, kind: str, what: str) -> str:
    """A text centred at x, with its foot at y."""
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}">{escape(what)}</text>'


def main(
    model: str = typer.Argument(..., help="Pipeline: package name or folder"),
    sentence: str = typer.Argument(..., help="The sentence to annotate"),
    output: Path = typer.Argument(..., help="The SVG file to write"),
) -> None:
    import spacy

    output.write_text(svg(spacy.load(model)(sentence)) + "\n", encoding="utf8")
    typer.echo(f"Wrote {output}")


if __name__ == "__main__":
    typer.run(main)
