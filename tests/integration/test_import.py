"""spaCy finds everything by entry points, and importing the package loads nothing heavy."""

import subprocess
import sys


def run(code, *arguments):
    command = [sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True)
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


# With it, spaCy comes to this package before it imports the factories of others.
TOKENIZER = {"nlp.tokenizer.@tokenizers": "spacy_seqtag.LanguageTokenizer.v1"}

ANNOTATE = f"""
import sys, spacy
before = set(sys.modules)
nlp = spacy.load(sys.argv[1], config={TOKENIZER})
doc = nlp("She gave him the book in Oslo.")
print(*(token.pos_ for token in doc))
"""


def test_annotating_needs_no_code_for_making_models(trained_path):
    """Nor what that imports, unless PyTorch itself or spaCy does."""
    modules = set(run(ANNOTATE + "print(*set(sys.modules) - before)", trained_path))
    heavy = {
        *("torch._dynamo", "torch._inductor", "sympy", "sklearn", "scipy", "pandas", "pyarrow"),
        *("transformers.modeling_utils", "transformers.generation", "transformers.masking_utils"),
        *("transformers.models.auto.modeling_auto", "transformers.models.bert.modeling_bert"),
    }
    assert {"spacy_seqtag", "spacy_transformers", "transformers"} <= modules
    assert not heavy & modules


def tags_of(trained):
    return [token.pos_ for token in trained("She gave him the book in Oslo.")]


def test_the_same_after_spacy_transformers(trained_path, trained):
    """Then its own imports are what they are."""
    assert run("import spacy_transformers\n" + ANNOTATE, trained_path) == tags_of(trained)


def test_transformers_and_spacy_transformers_are_as_ever(trained_path, trained, tiny_bert):
    """A pipeline of spacy-transformers' own is made, trained, saved and pickled beside ours."""
    code = """
import pickle, transformers
from spacy.training import Example
name = "spacy-transformers.TransformerModel.v3"
assert "transformers.models.auto.modeling_auto" not in sys.modules
other = spacy.blank("en")
config = {"model": {"@architectures": name, "name": sys.argv[2]}}
other.add_pipe("transformer", config=config)
tagger = {"@architectures": "spacy.Tagger.v2", "tok2vec": {
    "@architectures": "spacy-transformers.TransformerListener.v1",
    "pooling": {"@layers": "reduce_mean.v1"}}}
other.add_pipe("tagger", config={"model": tagger})
examples = [Example.from_dict(other.make_doc("She gave"), {"tags": ["PRP", "VBD"]})]
sgd = other.initialize(lambda: examples)
for _ in range(30):
    other.update(examples, sgd=sgd)
copies = [spacy.blank("en").from_config(other.config).from_bytes(other.to_bytes()),
          pickle.loads(pickle.dumps(other))]
for each in (other, *copies):
    assert [token.tag_ for token in each("She gave")] == ["PRP", "VBD"]
for cls in (transformers.AutoModel, transformers.AutoTokenizer):
    assert cls.__module__.startswith("transformers.models.auto."), cls
    assert b"seqtag" not in pickle.dumps(cls)
import spacy_transformers.util
theirs = spacy_transformers.util.AutoModel
assert pickle.loads(pickle.dumps(theirs)) is transformers.AutoModel
assert type(theirs.from_pretrained(sys.argv[2])) is transformers.BertModel
for cls in (theirs, transformers.AutoModel):
    try:
        cls()
    except OSError as err:
        assert "from_pretrained" in str(err)
    else:
        raise AssertionError("nothing is made of these classes")
print(*(token.pos_ for token in nlp("She gave him the book in Oslo.")))
"""
    tags = run(ANNOTATE + code, trained_path, tiny_bert)
    assert tags == 2 * tags_of(trained)
