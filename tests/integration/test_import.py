"""spaCy finds everything by entry points, and importing the package loads nothing heavy."""

import subprocess
import sys


def run(code):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_import_is_light():
    code = "import sys, spacy_seqtag; print(spacy_seqtag.__version__, *sys.modules)"
    version, *modules = run(code)
    assert version[0].isdigit()
    assert "spacy_seqtag" in modules
    heavy = {"torch", "spacy", "thinc", "transformers", "spacy_transformers", "numpy"}
    assert not heavy & set(modules)


def test_commands_are_light():
    """Converting a corpus needs no transformers, which takes seconds to import."""
    modules = run("import sys, spacy_seqtag.cli; print(*sys.modules)")
    assert "spacy_seqtag.corpus.convert" in modules
    assert not {"transformers", "spacy_transformers"} & set(modules)


def test_components_are_found_without_an_import():
    code = """
import sys, spacy
assert "spacy_seqtag" not in sys.modules
nlp = spacy.blank("en")
for name in ("seqtag_pos", "seqtag_ner"):
    nlp.add_pipe(name)
    print(name, type(nlp.get_pipe(name)).__module__)
"""
    assert run(code) == [
        *("seqtag_pos", "spacy_seqtag.pipeline.pos"),
        *("seqtag_ner", "spacy_seqtag.pipeline.ner"),
    ]


def test_registered_functions_are_found_without_an_import():
    """Every name that the package's own entry points promise."""
    code = """
import sys
from importlib.metadata import distribution
import spacy
from spacy.util import registry
import thinc.api
points = [p for p in distribution("spacy-seqtag").entry_points
          if p.group.startswith(("spacy_", "thinc_")) and p.name.startswith("spacy_seqtag.")]
assert "spacy_seqtag" not in sys.modules
for point in points:
    assert registry.get(point.group.split("_", 1)[1], point.name) is point.load()
    print(point.name)
"""
    names = run(code)
    assert "spacy_seqtag.SoftmaxTagger.v1" in names
    assert len(set(names)) == len(names)
