"""Learning curves as SVG: a panel for each metric, the share of labels on a logarithmic axis."""

import math
from collections.abc import Sequence
from html import escape

from curves.plan import RECIPES, percent
from curves.results import METRICS, Point, Reference, metrics_of

# Pixels: a panel's diagram, and the room around it.
_WIDTH, _HEIGHT, _LEFT, _TOP, _RIGHT, _FOOT = 300, 220, 46, 34, 18, 52
_LEGEND = 26
_ACROSS = 2  # panels in a row
_COLOURS = {"plain": ("#c2410c", "#ff9e64"), "full": ("#2563eb", "#79a8ff")}
"""Of recipes, in light and in dark mode."""
_NAMES = {"plain": "labelled sentences alone", "full": "with soft labels of the others"}
_ASIDE = {"plain": -2, "full": 2}
"""Pixels to the right, so that bars do not cover each other."""
_DASHES = ("5 4", "2 3", "9 3 2 3")
"""Of the lines of references; more of them begin again."""
_STEPS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2)
"""Distances of the lines across; the first with which there are few."""


def draw_curves(points: Sequence[Point], references: Sequence[Reference] = ()) -> str:
    """Draw learning curves as SVG, without fonts or scripts, for light and dark pages.

    Each point is the mean of the runs; its bar goes from the least to the greatest of them. A
    reference with a share is a cross, one without it a line.

    points (Sequence[Point]): At least one.
    references (Sequence[Reference]): Figures of other systems.
    RETURNS (str): The SVG.
    """
    metrics = metrics_of(points)
    across = min(_ACROSS, len(metrics))
    panel_width, panel_height = _LEFT + _WIDTH + _RIGHT, _TOP + _HEIGHT + _FOOT
    width = across * panel_width
    legend = _legend(points, references, width)
    height = math.ceil(len(metrics) / across) * panel_height + _LEGEND * len(legend)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img">',
        "<title>Learning curves</title>",
        f"<style>{_style()}</style>",
    ]
    for number, metric in enumerate(metrics):
        x, y = number % across * panel_width, number // across * panel_height
        own = [point for point in points if point.metric == metric]
        shares = [point.share for point in points]
        parts += [
            f'<g transform="translate({x} {y})">',
            *_Panel(metric, own, references, shares).draw(),
        ]
        parts.append("</g>")
    for row, line in enumerate(legend):
        y = height - _LEGEND * (len(legend) - row) + 14
        parts.append(f'<g transform="translate({_LEFT} {y})">{line}</g>')
    return "\n".join([*parts, "</svg>", ""])


class _Panel:
    """The diagram of one metric.

    shares (Sequence[float]): Of all panels, so that they have the same axis.
    """

    def __init__(
        self,
        metric: str,
        points: Sequence[Point],
        references: Sequence[Reference],
        shares: Sequence[float],
    ) -> None:
        self.metric = metric
        self.points = points
        self.references = references
        shown = [reference for reference in references if metric in reference.scores]
        given = [reference.share for reference in references if reference.share is not None]
        self.shares = sorted({point.share for point in points})
        self.first, self.last = min([*shares, *given]), max([*shares, *given])
        scores = [reference.scores[metric] for reference in shown]
        low = min([*scores, *(point.least for point in points)])
        high = max([*scores, *(point.most for point in points)])
        self.step = next((step for step in _STEPS if (high - low) / step <= 6), _STEPS[-1])
        self.low = math.floor(low / self.step + 1e-9)  # in steps
        self.high = max(math.ceil(high / self.step - 1e-9), self.low + 1)

    def x(self, share: float) -> float:
        if self.first == self.last:
            return _LEFT + _WIDTH / 2
        place = math.log(share / self.first) / math.log(self.last / self.first)
        # Bars at the edge would be drawn on the frame.
        return round(_LEFT + 12 + place * (_WIDTH - 24), 1)

    def y(self, score: float) -> float:
        place = (score / self.step - self.low) / (self.high - self.low)
        return round(_TOP + (1.0 - place) * _HEIGHT, 1)

    def draw(self) -> list[str]:
        title = escape(METRICS[self.metric])
        parts = [f'<text class="title" x="{_LEFT + _WIDTH / 2}" y="20">{title}</text>']
        return [*parts, *self._axes(), *self._references(), *self._curves()]

    def _axes(self) -> list[str]:
        bottom = _TOP + _HEIGHT
        parts = [
            f'<rect class="frame" x="{_LEFT}" y="{_TOP}" width="{_WIDTH}" height="{_HEIGHT}"/>'
        ]
        for line in range(self.low, self.high + 1):
            y = self.y(line * self.step)
            parts.append(f'<path class="grid" d="M{_LEFT} {y}H{_LEFT + _WIDTH}"/>')
            label = f"{100 * line * self.step:.4g}"
            parts.append(f'<text class="left" x="{_LEFT - 6}" y="{y + 4}">{label}</text>')
        for share in self.shares:
            x = self.x(share)
            parts.append(f'<path class="frame" d="M{x} {bottom}v4"/>')
            parts.append(f'<text x="{x}" y="{bottom + 17}">{percent(share)}%</text>')
        middle = _LEFT + _WIDTH / 2
        parts.append(f'<text x="{middle}" y="{bottom + 34}">labelled sentences</text>')
        return parts

    def _references(self) -> list[str]:
        parts = []
        for number, reference in enumerate(self.references):
            if self.metric not in reference.scores:
                continue
            score = reference.scores[self.metric]
            y, said = self.y(score), f"<title>{escape(reference.name)}: {100 * score:.2f}</title>"
            if reference.share is None:
                place = f"M{_LEFT} {y}H{_LEFT + _WIDTH}"
                line = f'<path class="peer" {_dash(number)} d="{place}">{said}</path>'
            else:
                x = self.x(reference.share)
                line = f'<path class="cross" d="M{x - 4} {y - 4}l8 8m0 -8l-8 8">{said}</path>'
            parts.append(line)
        return parts

    def _curves(self) -> list[str]:
        parts = []
        for recipe in RECIPES:
            own = [point for point in self.points if point.recipe == recipe]
            xs = [round(self.x(point.share) + _ASIDE[recipe], 1) for point in own]
            places = [f"{x} {self.y(point.mean)}" for x, point in zip(xs, own)]
            if len(own) > 1:
                parts.append(f'<path class="line {recipe}" d="M{"L".join(places)}"/>')
            for x, point in zip(xs, own):
                y = self.y(point.mean)
                low, high = self.y(point.least), self.y(point.most)
                bar = f"M{x} {low}V{high}M{x - 4} {low}h8M{x - 4} {high}h8"
                said = (
                    f"{recipe}, {percent(point.share)}%: {100 * point.mean:.2f} "
                    f"({100 * point.least:.2f} to {100 * point.most:.2f}, {len(point.values)} runs)"
                )
                parts.append(f'<path class="line {recipe}" d="{bar}"/>')
                parts.append(
                    f'<circle class="dot {recipe}" cx="{x}" cy="{y}" r="3.5">'
                    f"<title>{said}</title></circle>"
                )
        return parts


def _legend(points: Sequence[Point], references: Sequence[Reference], width: int) -> list[str]:
    """Draw what lines and crosses mean, a row for the curves and one for each reference."""
    rows, x = [], 0
    line = ""
    for recipe in RECIPES:
        if any(point.recipe == recipe for point in points):
            line += f'<path class="line {recipe}" d="M{x} -4h22"/>'
            line += f'<circle class="dot {recipe}" cx="{x + 11}" cy="-4" r="3.5"/>'
            line += f'<text class="name" x="{x + 28}" y="0">{recipe}: {_NAMES[recipe]}</text>'
            x += 250 if width > 400 else 190
    rows.append(line)
    for number, reference in enumerate(references):
        if reference.share is None:
            mark = f'<path class="peer" {_dash(number)} d="M0 -4h22"/>'
        else:
            mark = '<path class="cross" d="M7 -8l8 8m0 -8l-8 8"/>'
        rows.append(f'{mark}<text class="name" x="28" y="0">{escape(reference.name)}</text>')
    return rows


def _dash(number: int) -> str:
    return f'stroke-dasharray="{_DASHES[number % len(_DASHES)]}"'


def _style() -> str:
    light, dark = (
        "".join(
            f".dot.{name} {{ fill: {pair[mode]}; }} .line.{name} {{ stroke: {pair[mode]}; }} "
            for name, pair in _COLOURS.items()
        )
        for mode in (0, 1)
    )
    return (
        'text { font: 11px system-ui, "Segoe UI", Helvetica, Arial, sans-serif; fill: #52606d; '
        "text-anchor: middle; } .title { font-size: 14px; font-weight: 600; } "
        ".left { text-anchor: end; } .name { text-anchor: start; } path { fill: none; } "
        ".frame { fill: none; stroke: #9aa5b1; } .grid { stroke: #9aa5b1; stroke-opacity: 0.25; } "
        ".line { stroke-width: 1.5; } .peer { stroke: #7b8794; } "
        f".cross {{ stroke: #7b8794; stroke-width: 2; }} {light}"
        f"@media (prefers-color-scheme: dark) {{ text {{ fill: #adbac7; }} {dark}}}"
    )
