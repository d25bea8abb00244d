"""Lines along steps, as SVG: how scores went while a pipeline was trained."""

from collections.abc import Mapping, Sequence
from html import escape

_WIDTH, _HEIGHT, _LEFT, _TOP, _FOOT = 640, 240, 44, 14, 46
_COLOURS = ("#2f6fde", "#c77700", "#1f8a4c", "#8250df", "#c2347f", "#0e8a9c")

Line = Sequence[tuple[float, float]]


def draw_lines(lines: Mapping[str, Line], title: str) -> str:
    """Draw scores along steps, without fonts or scripts; text has the colour of the page.

    lines (Mapping[str, Line]): By name, the places: steps from 0, and scores from 0 to 1.
    title (str): What it shows, for those who cannot see it.
    RETURNS (str): The SVG.
    """
    steps = max((x for line in lines.values() for x, _ in line), default=0) or 1
    rows = (len(lines) + 3) // 4
    height = _TOP + _HEIGHT + _FOOT + 18 * rows
    width = _LEFT + _WIDTH + 12

    def place(x: float, y: float) -> str:
        return f"{_LEFT + _WIDTH * x / steps:.1f} {_TOP + _HEIGHT * (1 - min(1, max(0, y))):.1f}"

    parts = [
        f'<svg class="lines" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'role="img" aria-label="{escape(title)}">',
        f'<rect x="{_LEFT}" y="{_TOP}" width="{_WIDTH}" height="{_HEIGHT}" fill="none" '
        'stroke="currentColor" stroke-opacity=".35"/>',
    ]
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        y = _TOP + _HEIGHT * (1 - share)
        parts.append(
            f'<path d="M{_LEFT} {y:.1f}h{_WIDTH}" stroke="currentColor" stroke-opacity=".12"/>'
            f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{100 * share:.0f}</text>'
        )
    for x in (0.0, steps / 2, steps):
        parts.append(
            f'<text x="{_LEFT + _WIDTH * x / steps:.1f}" y="{_TOP + _HEIGHT + 16}" '
            f'text-anchor="middle">{x:,.0f}</text>'
        )
    parts.append(
        f'<text x="{_LEFT + _WIDTH / 2:.0f}" y="{_TOP + _HEIGHT + 34}" text-anchor="middle">step'
        "</text>"
    )
    for n, (name, line) in enumerate(lines.items()):
        colour = _COLOURS[n % len(_COLOURS)]
        dashes = "" if n < len(_COLOURS) else ' stroke-dasharray="5 3"'
        drawn = "L".join(place(x, y) for x, y in line)
        parts.append(f'<path d="M{drawn}" fill="none" stroke="{colour}" stroke-width="2"{dashes}/>')
        x, y = _LEFT + (n % 4) * _WIDTH / 4, _TOP + _HEIGHT + 52 + 18 * (n // 4)
        parts.append(
            f'<path d="M{x:.0f} {y - 4}h16" stroke="{colour}" stroke-width="3"{dashes}/>'
            f'<text x="{x + 22:.0f}" y="{y}">{escape(name)}</text>'
        )
    return "\n".join([*parts, "</svg>"])
