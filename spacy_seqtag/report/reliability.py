"""Reliability diagrams: how often predictions are right, by how sure the model is.

A calibrated model has all points on the diagonal: of the predictions with confidence 0.8, four
fifths are right. Points below it come from a model that is too sure.
"""

from collections.abc import Mapping, Sequence
from html import escape

from ..calibration import BinDict

# Pixels: the square of the diagram, and the room around it.
_SIZE, _LEFT, _TOP, _FOOT = 240, 44, 30, 62
# A series' points are drawn so large, from none to all of its predictions.
_SMALLEST, _LARGEST = 2.0, 7.0
_COLOURS = (("#c2410c", "#ff9e64"), ("#2563eb", "#79a8ff"), ("#15803d", "#6fdd8b"))
"""Of series, in light and in dark mode; more series begin again."""


def draw_reliability(series: Mapping[str, Sequence[BinDict] | None], title: str = "") -> str:
    """Draw a reliability diagram as SVG, without fonts or scripts, for light and dark pages.

    Each point is a bin: its mean confidence, and the share of its predictions that are right. The
    larger it is, the more of the predictions it has (by area).

    series (Mapping[str, Sequence[BinDict] | None]): The bins of each series by its name, such as
        "before" and "after": the scores `…_reliability` of an evaluation, which may be None.
    title (str): What stands above the diagram.
    RETURNS (str): The SVG.
    """
    width, height = _LEFT + _SIZE + 16, _TOP + _SIZE + _FOOT
    parts = [
        '<svg class="reliability" xmlns="http://www.w3.org/2000/svg" '
        f'viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">',
        f"<title>{escape(title or 'Reliability diagram')}</title>",
        f"<style>{_style(len(series))}</style>",
        f'<text class="title" x="{_x(0.5)}" y="18">{escape(title)}</text>',
        *_axes(),
    ]
    for number, (name, bins) in enumerate(series.items()):
        parts += _points(number, bins or ())
        x = _LEFT + number * _SIZE / max(1, len(series))
        y = _TOP + _SIZE + 50
        parts.append(f'<circle class="s{number}" cx="{x + 5:.1f}" cy="{y - 4}" r="4"/>')
        parts.append(f'<text class="name" x="{x + 14:.1f}" y="{y}">{escape(name)}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _x(share: float) -> float:
    return round(_LEFT + share * _SIZE, 1)


def _y(share: float) -> float:
    return round(_TOP + (1.0 - share) * _SIZE, 1)


def _axes() -> list[str]:
    parts = [f'<rect class="frame" x="{_LEFT}" y="{_TOP}" width="{_SIZE}" height="{_SIZE}"/>']
    parts.append(f'<path class="ideal" d="M{_x(0)} {_y(0)}L{_x(1)} {_y(1)}"/>')
    for share in (0.0, 0.5, 1.0):
        parts.append(f'<text x="{_x(share)}" y="{_y(0) + 15}">{share:g}</text>')
        parts.append(f'<text class="left" x="{_x(0) - 6}" y="{_y(share) + 4}">{share:g}</text>')
    parts.append(f'<text x="{_x(0.5)}" y="{_y(0) + 30}">confidence</text>')
    middle = f"{_x(0) - 30} {_y(0.5)}"
    parts.append(f'<text transform="translate({middle}) rotate(-90)">share that is right</text>')
    return parts


def _points(number: int, bins: Sequence[BinDict]) -> list[str]:
    filled = [each for each in bins if each["size"]]
    total = sum(each["size"] for each in filled)
    if not filled:
        return []
    places = [(_x(each["confidence"]), _y(each["accuracy"])) for each in filled]
    line = "L".join(f"{x} {y}" for x, y in places)
    parts = [f'<path class="line l{number}" d="M{line}"/>']
    for (x, y), each in zip(places, filled):
        radius = _SMALLEST + (_LARGEST - _SMALLEST) * (each["size"] / total) ** 0.5
        said = f"{each['size']:.0f} with {each['confidence']:.3f}: {each['accuracy']:.3f} right"
        parts.append(
            f'<circle class="s{number}" cx="{x}" cy="{y}" r="{radius:.1f}"><title>{said}</title>'
            "</circle>"
        )
    return parts


def _style(n_series: int) -> str:
    colours = [_COLOURS[number % len(_COLOURS)] for number in range(n_series)]
    light, dark = (
        "".join(
            f".reliability .s{n} {{ fill: {pair[mode]}; }} "
            f".reliability .l{n} {{ stroke: {pair[mode]}; }} "
            for n, pair in enumerate(colours)
        )
        for mode in (0, 1)
    )
    # Within a page, all that is no part of the diagram has its own styles.
    own = ".reliability"
    return (
        f'{own} text {{ font: 11px system-ui, "Segoe UI", Helvetica, Arial, sans-serif; '
        f"fill: #52606d; text-anchor: middle; }} "
        f"{own} .title {{ font-size: 14px; font-weight: 600; }} "
        f"{own} .left {{ text-anchor: end; }} {own} .name {{ text-anchor: start; }} "
        f"{own} .frame {{ fill: none; stroke: #9aa5b1; }} "
        f"{own} .line {{ fill: none; stroke-width: 1.5; }} "
        f"{own} .ideal {{ stroke: #9aa5b1; stroke-dasharray: 4 4; }} {light}"
        f"@media (prefers-color-scheme: dark) {{ {own} text {{ fill: #adbac7; }} {dark}}}"
    )
