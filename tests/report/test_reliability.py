"""Reliability diagrams."""

import xml.etree.ElementTree as ET

import pytest

from spacy_seqtag.report.reliability import draw_reliability
from spacy_seqtag.schemes.calibration import judge_spans, reliability

SVG = "{http://www.w3.org/2000/svg}"


def bins(confidence, right):
    return [each._asdict() for each in reliability(judge_spans(confidence, right))]


def points(page):
    return [
        (float(circle.get("cx")), float(circle.get("cy")), float(circle.get("r")))
        for circle in ET.fromstring(page).iter(f"{SVG}circle")
        if circle.find(f"{SVG}title") is not None
    ]


def test_points_are_bins():
    page = draw_reliability({"x": bins([0.5] * 3 + [1.0], [True, False, False, True])})
    frame = ET.fromstring(page).find(f"{SVG}rect")
    x, y, size = (float(frame.get(key)) for key in ("x", "y", "width"))
    (first, second) = points(page)
    assert first[:2] == pytest.approx((x + 0.5 * size, y + size * 2 / 3), abs=0.1)
    assert second[:2] == pytest.approx((x + size, y), abs=0.1)
    assert first[2] > second[2]


def test_names_are_text_and_there_are_no_scripts():
    page = draw_reliability({"<b>&": bins([0.5], [True]), "empty": None}, title="<script>")
    texts = ["".join(text.itertext()) for text in ET.fromstring(page).iter(f"{SVG}text")]
    assert {"<b>&", "empty", "<script>"} <= set(texts)
    assert "<script" not in page


def test_nothing_to_draw():
    assert points(draw_reliability({})) == points(draw_reliability({"x": bins([], [])})) == []
