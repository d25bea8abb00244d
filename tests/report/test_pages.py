"""Drawings and reports in a browser: widths, filters, keyboard, screen readers.

axe-core comes from npm (`npm install --no-save axe-core`, or the path in AXE_CORE); where it is
not there, what it finds is not tested.
"""

import os
import shutil
from pathlib import Path

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Example

pytest.importorskip("selenium", reason="selenium is not installed")

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select

from spacy_seqtag.evaluation import evaluate
from spacy_seqtag.frames import set_propositions
from spacy_seqtag.report.comparison import contrast, render_comparison
from spacy_seqtag.report.document import render_report
from spacy_seqtag.report.html import render_html
from spacy_seqtag.report.review import review
from spacy_seqtag.schemes.propositions import Argument, Proposition

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
AXE = Path(os.environ.get("AXE_CORE", ROOT / "node_modules" / "axe-core" / "axe.min.js"))
FLAGS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
)
SENTENCES = {
    "en": "Rain , they say , that fell on the old town for days is coming back soon .",
    "ar": "أعلنت اللجنة في القاهرة أن الخطة التي اقترحتها العام الماضي سوف تسحب قريبا جدا اليوم .",
    "zh": "上海 的 一 家 公司 昨天 宣布 、 他们 将 在 北京 开设 新 的 办事处 。",
}


def annotate(doc, shift=0):
    """Entities, tags and frames by place; with a shift other ones."""
    for token in doc:
        token.pos_ = "NOUN" if (token.i + shift) % 5 else "VERB"
    for sent in doc.sents if doc.has_annotation("SENT_START") else (doc[:],):
        if len(sent) < 9:
            continue
        i = sent.start
        labels = ("ORG", "PER") if shift else ("PER", "LOC")
        ents = [Span(doc, i, i + 1, labels[0]), Span(doc, i + 5, i + 7 - shift, labels[1])]
        doc.set_ents(ents, default="unmodified")
    props = [
        Proposition(
            sent.start + 3,
            "say.01",
            [
                Argument(sent.start, sent.start + 1, "ARG1"),
                Argument(sent.start + 5, sent.end - shift, "C-ARG1"),
                Argument(sent.start + 2, sent.start + 3, "ARG0"),
            ],
            [],
        )
        for sent in (doc.sents if doc.has_annotation("SENT_START") else (doc[:],))
        if len(sent) >= 9
    ]
    scores = [0.4 + 0.5 * (i % 2) for i, _ in enumerate(props)]
    set_propositions(doc, props, annotated=[(0, len(doc))], scores=scores)
    return doc


@Language.component("shifted_for_pages")
def shifted(doc):
    return annotate(doc, 1)


def make_doc(lang, copies=1, vocab=None):
    words = SENTENCES[lang].split() * copies
    size = len(words) // copies
    doc = Doc(vocab or spacy.blank(lang).vocab, words=words)
    for token in doc:
        token.is_sent_start = token.i % size == 0
    return annotate(doc)


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """A folder with a page of each kind."""
    folder = tmp_path_factory.mktemp("pages")
    docs = [make_doc(lang) for lang in SENTENCES]
    compared = [Example(annotate(doc.copy(), 1), doc) for doc in docs]
    (folder / "drawing.html").write_text(render_html([*docs, *compared]), "utf8")
    nlp = spacy.blank("en")
    nlp.add_pipe("shifted_for_pages")
    nlp.to_disk(folder / "nlp")
    golds = [make_doc("en", 4, nlp.vocab) for _ in range(12)]
    data = folder / "gold.spacy"
    DocBin(docs=golds, store_user_data=True).to_disk(data)
    found = evaluate(str(folder / "nlp"), data)
    # A component of a few lines has no scorer.
    found.scores.update(dict.fromkeys(("pos_acc", "ents_f", "predicates_f", "srl_f"), 0.5))
    bins = {"start": 0.0, "end": 1.0, "size": 5.0, "confidence": 0.5, "accuracy": 0.6}
    found.scores.update(ents_reliability=[bins], ents_ece=0.1)
    report = render_report(found, review(found, "gold.spacy"), str(folder / "nlp"), data)
    (folder / "report.html").write_text(report, "utf8")
    right = evaluate(str(folder / "nlp"), data)
    right.scores.update(found.scores)
    for example in right.examples:
        example.predicted = example.reference.copy()
    compared = contrast(found, right, ("nlp", "gold"), "gold.spacy")
    (folder / "comparison.html").write_text(render_comparison(compared, data), "utf8")
    return folder


@pytest.fixture(scope="module")
def browser():
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (chromium and driver):
        pytest.skip("no chromium with chromedriver on this machine")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in FLAGS:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    browser = webdriver.Chrome(options, webdriver.ChromeService(driver))
    yield browser
    browser.quit()


@pytest.fixture
def show(browser, pages):
    """Function (page, width, mode) that opens a page."""

    def show(name, width=1000, mode="light", javascript=True):
        browser.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False},
        )
        media = {"features": [{"name": "prefers-color-scheme", "value": mode}]}
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
        disabled = {"value": not javascript}
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", disabled)
        browser.get((pages / name).as_uri())
        return browser

    yield show
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


PAGES = ("drawing.html", "report.html", "comparison.html")
BOXES = """
const boxes = [...document.querySelectorAll("ruby, .between, .piece bdi, .label")];
return boxes.flatMap((box, n) => [...box.getClientRects()].map(
    (r) => [n, r.left, r.top, r.right, r.bottom])).filter((r) => r[3] > r[1]);
"""


@pytest.mark.parametrize("width", [400, 1000, 1600])
@pytest.mark.parametrize("name", PAGES)
def test_pages_fit_any_width(show, name, width):
    browser = show(name, width)
    wide = "return [document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    scroll, client = browser.execute_script(wide)
    assert scroll <= client
    errors = [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]
    assert not errors


@pytest.mark.parametrize("width", [400, 1000])
def test_nothing_covers_anything(show, width):
    rects = show("drawing.html", width).execute_script(BOXES)
    for i, (n, left, top, right, bottom) in enumerate(rects):
        for m, x, y, end, foot in rects[i + 1 :]:
            if n != m:
                covered = min(right, end) - max(left, x), min(bottom, foot) - max(top, y)
                assert min(covered) < 1.5, (rects[i], (m, x, y, end, foot))


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing(show, name, mode):
    if not AXE.is_file():
        pytest.skip("axe-core is not there")
    browser = show(name, 1000, mode)
    browser.execute_script("document.querySelectorAll('details').forEach((d) => { d.open = true })")
    browser.execute_script(AXE.read_text("utf8"))
    found = browser.execute_async_script(
        "const done = arguments[0]; axe.run().then((r) => done(r.violations.map("
        "(v) => [v.id, v.nodes.length, v.nodes[0].html, v.nodes[0].failureSummary])))"
    )
    assert found == []


def test_right_to_left(show):
    browser = show("drawing.html")
    arabic = browser.find_element(By.CSS_SELECTOR, "[lang=ar]")
    assert arabic.get_attribute("dir") == "rtl"
    places = [word.rect["x"] for word in arabic.find_elements(By.CSS_SELECTOR, "ruby")[:5]]
    assert places == sorted(places, reverse=True)
    (box, *_) = arabic.find_elements(By.CSS_SELECTOR, ".box")
    assert box.rect["x"] > arabic.rect["x"] + arabic.rect["width"] / 2


def shown(browser):
    items = browser.find_elements(By.CSS_SELECTOR, "#errors-ents ol.errors > li")
    return [item for item in items if item.get_attribute("hidden") is None]


def test_filters(show):
    browser = show("report.html")
    form = browser.find_element(By.CSS_SELECTOR, "#errors-ents form")
    whole = len(shown(browser))
    assert form.is_displayed()
    kinds = Select(form.find_element(By.NAME, "kind"))
    kinds.select_by_visible_text("label")
    found = shown(browser)
    assert 0 < len(found) < whole
    assert {item.get_attribute("data-kind") for item in found} == {"label"}
    assert form.find_element(By.TAG_NAME, "output").text == f"{len(found)} of {whole} shown"
    # The first that fit are not folded.
    assert found[0].is_displayed()
    form.find_element(By.NAME, "text").send_keys("no such words")
    assert shown(browser) == []
    form.find_element(By.CSS_SELECTOR, "button").click()
    browser.implicitly_wait(1)
    assert len(shown(browser)) == whole


def test_a_label_leads_to_its_errors(show):
    browser = show("report.html")
    (link,) = browser.find_elements(By.CSS_SELECTOR, "#scores a[data-task=ents][data-label=PER]")
    link.click()
    for item in shown(browser):
        labels = item.get_attribute("data-gold"), item.get_attribute("data-found")
        assert "PER" in labels


def test_keyboard(show):
    browser = show("report.html")
    body = browser.find_element(By.TAG_NAME, "body")
    body.send_keys(Keys.TAB)
    focused = browser.switch_to.active_element
    assert focused.text == "Skip to the scores"
    assert focused.is_displayed()
    form = browser.find_element(By.CSS_SELECTOR, "#errors-ents form")
    form.find_element(By.NAME, "kind").send_keys("m")  # missed
    form.find_element(By.NAME, "text").send_keys(Keys.ENTER)  # leads nowhere else
    assert browser.current_url.endswith("report.html")
    summary = browser.find_element(By.CSS_SELECTOR, "#about details summary")
    summary.send_keys(Keys.ENTER)
    assert browser.find_element(By.CSS_SELECTOR, "#about details").get_attribute("open")


def test_everything_can_be_read_without_scripts(show):
    browser = show("report.html", javascript=False)
    form = browser.find_element(By.CSS_SELECTOR, "#errors-ents form")
    assert not form.is_displayed()
    first = browser.find_element(By.CSS_SELECTOR, "#errors-ents ol.errors > li")
    assert first.is_displayed()
    fold = browser.find_element(By.CSS_SELECTOR, "#about details summary")
    fold.click()
    assert browser.find_element(By.CSS_SELECTOR, "#about details dd").is_displayed()


@pytest.mark.parametrize("name", PAGES)
def test_pages_can_be_printed(show, name):
    browser = show(name)
    assert browser.print_page()
