"""displaCy with the style `srl`."""

import pytest
import spacy
from spacy import displacy as spacys
from spacy.tokens import Doc
from spacy.vocab import Vocab

from spacy_seqtag import displacy
from spacy_seqtag.frames import set_propositions
from spacy_seqtag.report.html import render_html
from spacy_seqtag.schemes.propositions import Argument, Proposition


@pytest.fixture
def doc():
    doc = Doc(Vocab(), words=["Ann", "left"], ents=["B-PER", "O"], sent_starts=[True, False])
    props = [Proposition(1, "leave.01", [Argument(0, 1, "ARG0")], [])]
    set_propositions(doc, props, annotated=[(0, 2)])
    return doc


def test_the_style_srl(doc):
    assert displacy.render(doc) == displacy.render([doc], style="srl") == render_html(doc, False)
    assert displacy.render(doc, page=True).startswith("<!DOCTYPE html>")
    assert "leave.01" in displacy.render(doc[:])
    assert 'style="--tone:red"' in displacy.render(doc, options={"colors": {"ARG0": "red"}})


def test_other_styles_are_spacys(doc):
    assert displacy.render(doc, style="ent") == spacys.render(doc, style="ent", jupyter=False)
    with pytest.raises(ValueError, match="nonsense"):
        displacy.render(doc, style="nonsense")


def test_the_wrapper_of_spacys_displacy_is_heeded(doc, monkeypatch):
    monkeypatch.setattr(spacys, "RENDER_WRAPPER", lambda html: f"<b>{html}</b>")
    assert displacy.render(doc).startswith("<b><div")


def test_notebooks_show_it(doc, monkeypatch):
    ipython = pytest.importorskip("IPython", reason="IPython is not installed")
    shown = []
    monkeypatch.setattr(ipython.display, "display", shown.append)
    assert displacy.render(doc, jupyter=True) is None
    assert "leave.01" in shown[0].data


def test_spacys_pipelines_are_drawn():
    assert "Ann left." in displacy.render(spacy.blank("en")("Ann left."))
