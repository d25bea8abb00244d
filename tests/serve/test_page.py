"""The page of the server, in a browser."""

import shutil
import threading

import pytest
import spacy

pytest.importorskip("fastapi_offline", reason="the extra `serve` is not installed")
pytest.importorskip("selenium", reason="selenium is not installed")

import uvicorn
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait
from spacy.language import Language
from spacy.tokens import Span

from spacy_seqtag.frames import set_propositions
from spacy_seqtag.schemes.propositions import Argument, Proposition
from spacy_seqtag.serve import create_app

pytestmark = pytest.mark.slow


@Language.component("test_annotation")
def annotation(doc):
    """Takes the second word for a predicate, its neighbours for arguments, and the first as ORG."""
    if len(doc) > 2:
        arguments = [Argument(0, 1, "ARG0"), Argument(2, len(doc), "ARG1<i>")]
        set_propositions(doc, [Proposition(1, "see.01", arguments, [])], annotated=[(0, len(doc))])
        doc.set_ents([Span(doc, 0, 1, "ORG<b>")])
    return doc


@pytest.fixture(scope="module")
def address():
    nlp = spacy.blank("en")
    nlp.add_pipe("test_annotation")
    server = uvicorn.Server(uvicorn.Config(create_app(nlp), port=0, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive()
    (port,) = {sock.getsockname()[1] for part in server.servers for sock in part.sockets}
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


@pytest.fixture(scope="module")
def browser():
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (chromium and driver):
        pytest.skip("no chromium with chromedriver on this machine")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in ("--headless=new", "--no-sandbox", "--window-size=1000,900"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    browser = webdriver.Chrome(options, webdriver.ChromeService(driver))
    yield browser
    browser.quit()


def annotate(browser, address, text):
    browser.get(address)
    area = browser.find_element(By.ID, "text")
    area.clear()
    area.send_keys(text)
    browser.find_element(By.CSS_SELECTOR, "button").click()
    WebDriverWait(browser, 20).until(
        lambda b: b.find_element(By.ID, "status").text not in ("", "Annotating…")
    )


def test_what_the_page_shows(browser, address):
    annotate(browser, address, "Leeds sees <script>window.bad = 1</script> rain")
    assert browser.find_element(By.ID, "status").text == "Done"
    answer = browser.find_element(By.ID, "answer")
    entity = answer.find_element(By.CSS_SELECTOR, ".box")
    assert entity.text.split() == ["Leeds", "ORG<b>"]
    pieces = answer.find_elements(By.CSS_SELECTOR, ".piece .label")
    assert [piece.text.split(":")[0].strip() for piece in pieces] == ["ARG0", "V", "ARG1<i>"]
    assert "see.01" in answer.find_element(By.CSS_SELECTOR, ".of").text
    assert not answer.find_elements(By.CSS_SELECTOR, "script, i, b")
    assert browser.execute_script("return window.bad") is None
    assert browser.find_element(By.ID, "model").text.startswith("en_")
    errors = [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]
    assert not [entry for entry in errors if "favicon" not in entry["message"]], errors


def test_what_the_page_says_when_it_fails(browser, address):
    browser.get(address)
    browser.execute_script("document.getElementById('text').value = 'a'.repeat(300000)")
    browser.find_element(By.CSS_SELECTOR, "button").click()
    status = browser.find_element(By.ID, "status")
    WebDriverWait(browser, 20).until(lambda b: status.text not in ("", "Annotating…"))
    assert "200,000 characters" in status.text
    assert status.get_attribute("class") == "error"


def test_the_page_of_routes_needs_no_network(browser, address):
    browser.get(f"{address}/docs")
    WebDriverWait(browser, 20).until(
        lambda b: b.find_elements(By.CSS_SELECTOR, "#operations-annotate-annotate_annotate_post")
    )
