"""Points, table, JSON and plot, from records of runs."""

import json
import re
from xml.etree import ElementTree

import pytest

from .conftest import ROOT


def test_points(results, made):
    points = results.make_points(results.load_results(made), "dev")
    found = [(p.recipe, p.share, p.sentences, p.metric, len(p.values)) for p in points]
    assert found == [
        ("plain", 0.1, 100, "pos_acc", 3),
        ("plain", 0.1, 100, "ents_f", 3),
        ("plain", 0.1, 100, "srl_f_gold_predicates", 3),
        ("full", 0.1, 100, "pos_acc", 1),
        ("full", 0.1, 100, "ents_f", 1),
        ("plain", 1.0, 1000, "pos_acc", 1),
        ("plain", 1.0, 1000, "ents_f", 1),
    ]
    entities, alone = points[1], points[4]
    assert entities.values == {0: 0.5, 1: 0.6, 2: 0.7}
    assert entities.mean == pytest.approx(0.6)
    assert entities.deviation == pytest.approx(0.1)
    assert (entities.least, entities.most) == (0.5, 0.7)
    assert alone.deviation is None
    assert results.figure(entities) == "60.00 ±10.00"
    assert results.figure(alone) == "80.00"


def test_table(results, made):
    points = results.make_points(results.load_results(made), "dev")
    header, _, *rows = results.curve_table(points).strip().split("\n")
    assert re.split(r" {2,}", header) == [
        *("labels", "sentences", "recipe", "UPOS", "entity F1", "role F1, gold predicates", "runs")
    ]
    cells = [re.split(r" {2,}", row.strip()) for row in rows]
    assert cells == [
        ["10%", "100", "plain", "80.00 ±10.00", "60.00 ±10.00", "40.00 ±0.00", "3"],
        ["10%", "100", "full", "95.00", "80.00", "1"],
        ["100%", "1,000", "plain", "90.00", "75.00", "1"],
    ]
    peers = [
        results.Reference("a peer with a long name that is not to be cut", {"ents_f": 0.74}, 0.1),
        results.Reference("another", {"pos_acc": 0.97}),
    ]
    header, _, *rows = results.reference_table(peers).strip().split("\n")
    assert re.split(r" {2,}", header) == ["other systems", "labels", "UPOS", "entity F1"]
    assert re.split(r" {2,}", rows[0].strip())[1:] == ["10%", "74.00"]
    assert re.split(r" {2,}", rows[1].strip()) == ["another", "97.00"]


def test_json(results, made):
    points = results.make_points(results.load_results(made), "dev")
    content = json.loads(results.curve_json("dev", points, [results.Reference("x", {})]))
    assert content["split"] == "dev"
    assert content["references"] == [{"name": "x", "scores": {}, "share": None}]
    point = content["points"][1]
    assert point["values"] == {"0": 0.5, "1": 0.6, "2": 0.7}
    assert point["mean"] == pytest.approx(0.6)
    assert (point["min"], point["max"], point["recipe"]) == (0.5, 0.7, "plain")
    assert content["points"][4]["sd"] is None


def test_results_that_cannot_be(results, made, tmp_path):
    with pytest.raises(ValueError, match="none: there are no results in it"):
        results.load_results(tmp_path / "none")
    with pytest.raises(
        ValueError, match=r"--split test: no result has scores of it\. Run with --test"
    ):
        results.make_points(results.load_results(made), "test")
    broken = made / "results" / "plain-0.1-2.json"
    whole = json.loads(broken.read_text())
    for content, message in (
        ("{", "no JSON object"),
        ("{}", r"no record of a run \(KeyError: 'scores'\)"),
        (json.dumps({**whole, "scores": {"dev": 3}}), "no record of a run"),
        (json.dumps({**whole, "seed": "x"}), "no record of a run"),
        (json.dumps({**whole, "recipe": "best"}), "no known recipe"),
        (json.dumps({**whole, "share": 0}), "its share is none"),
        (
            json.dumps({**whole, "scores": {"dev": {"pos_acc": 97.0}}}),
            "score pos_acc is not from 0 to 1",
        ),
    ):
        broken.write_text(content)
        with pytest.raises(ValueError, match=rf"plain-0\.1-2\.json: .*{message}.*Remove the file"):
            results.load_results(made)


def test_runs_that_do_not_belong_together(results, made):
    assert results.find_differences(results.load_results(made)) == []
    path = made / "results" / "plain-0.1-2.json"
    content = json.loads(path.read_text())
    content["made_with"]["steps"] = 8
    path.write_text(json.dumps(content))
    (line,) = results.find_differences(results.load_results(made))
    assert line.startswith("Not all runs were made with the same steps: 7 (")
    assert line.endswith("8 (plain-0.1-2.json)")


def test_references(results, tmp_path):
    for reference in results.load_references(ROOT / "assets" / "references" / "ewt.json"):
        assert reference.scores
    path = tmp_path / "peers.json"
    path.write_text('[{"name": "x", "share": 0.1, "scores": {"ents_f": 0.5}}]')
    assert results.load_references(path) == [results.Reference("x", {"ents_f": 0.5}, 0.1)]
    for content, message in (
        ("{", r"this is no list of references\. Write as in \[\{"),
        ('[{"name": "x"}]', "no list of references"),
        ('[{"name": "x", "scores": {"f1": 0.5}}]', "'f1' is no metric. Give some of pos_acc,"),
        ('[{"name": "x", "scores": {"ents_f": 74.0}}]', "ents_f 74.0: give a number of at least 0"),
        ('[{"name": "x", "share": 0, "scores": {}}]', r"share 0\.0: give a number above 0 and"),
        ('[{"name": "x", "share": 30, "scores": {}}]', r"share 30\.0: give a number above 0 and"),
    ):
        path.write_text(content)
        with pytest.raises(ValueError, match=rf"peers\.json: .*{message}"):
            results.load_references(path)


# The plot


def elements(svg, name):
    return ElementTree.fromstring(svg).iter(f"{{http://www.w3.org/2000/svg}}{name}")


def test_plot(results, draw, made):
    points = results.make_points(results.load_results(made), "dev")
    peers = [
        results.Reference("A & B", {"ents_f": 0.74}),
        results.Reference("C", {"ents_f": 0.5}, 0.01),
    ]
    svg = draw.draw_curves(points, peers)
    assert svg == draw.draw_curves(points, peers)
    assert "prefers-color-scheme: dark" in svg
    titles = [e.text for e in elements(svg, "title")]
    assert "plain, 10%: 60.00 (50.00 to 70.00, 3 runs)" in titles
    assert {"A & B: 74.00", "C: 50.00"} <= set(titles)
    texts = [e.text for e in elements(svg, "text")]
    assert {"UPOS", "entity F1", "role F1, gold predicates", "10%", "100%", "A & B"} <= set(texts)
    assert "role F1, end to end" not in texts
    dots = [e for e in elements(svg, "circle") if list(e)]
    assert len(dots) == len(points)


def test_places_in_the_plot(results, draw):
    """The axis of shares is logarithmic, that of scores is not; bars go from least to most."""
    values = {0.01: (0.5, 0.5), 0.1: (0.6, 0.8), 1.0: (0.9, 0.9)}
    points = [
        results.Point("plain", share, 1, "ents_f", dict(enumerate(scores)))
        for share, scores in values.items()
    ]
    svg = draw.draw_curves(points)
    paths = [e.get("d") for e in elements(svg, "path")]
    dots = [e for e in elements(svg, "circle") if list(e)]
    (x1, y1), (x2, y2), (x3, y3) = ((float(e.get("cx")), float(e.get("cy"))) for e in dots)
    assert x2 - x1 == pytest.approx(x3 - x2, abs=0.2)
    assert (y1 - y2) / (y2 - y3) == pytest.approx(1.0, abs=0.02)
    bar = next(path for path in paths if path.startswith(f"M{x2} ") and "h8" in path)
    low, high = map(float, re.match(r"M\S+ (\S+)V([\d.]+)", bar).groups())
    assert low - y2 == pytest.approx(y2 - high, abs=0.2)
    assert (low - high) / (y1 - y3) == pytest.approx(0.5, abs=0.02)


def test_plot_of_one_share(results, draw):
    points = [results.Point("full", 0.1, 1, "pos_acc", {0: 1.0})]
    (dot,) = [e for e in elements(draw.draw_curves(points), "circle") if list(e)]
    assert float(dot.get("cx")) > 0
