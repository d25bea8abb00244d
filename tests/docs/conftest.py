"""What a reader of README and docs has: the project, its corpus, and a trained pipeline."""

import os
import shutil
import subprocess
import sys
from itertools import permutations
from pathlib import Path

import pytest
import spacy
from spacy.tokens import Doc, Span
from spacy.training import Example
from thinc.api import fix_random_seed

from spacy_seqtag.frames import set_propositions
from spacy_seqtag.schemes.propositions import Argument, Proposition

from .blocks import ROOT, spacy_command

LAYERS = ("conllu", "iob2", "gold_conll")

# The sentences whose annotation README and docs show, as the pipeline of `project run all`
# annotates them: text, parts of speech, entities (start, end, label), and propositions.
SENTENCES = [
    (
        "Daniel Reyes wants to buy a house in Leeds.",
        "PROPN PROPN VERB PART VERB DET NOUN ADP PROPN PUNCT",
        [(0, 2, "PER"), (8, 9, "LOC")],
        [
            Proposition(2, "want.01", [Argument(0, 2, "ARG0"), Argument(3, 9, "ARG1")], []),
            Proposition(4, "buy.01", [Argument(0, 2, "ARG0"), Argument(5, 9, "ARG1")], []),
        ],
    ),
    (
        "Maria Lopez flew from Chicago to Berlin on Friday.",
        "PROPN PROPN VERB ADP PROPN ADP PROPN ADP PROPN PUNCT",
        [(0, 2, "PER"), (4, 5, "LOC"), (6, 7, "LOC")],
        [
            Proposition(
                2,
                "fly.01",
                [
                    Argument(0, 2, "ARG0"),
                    Argument(3, 5, "ARGM-LOC"),
                    Argument(5, 7, "ARGM-LOC"),
                    Argument(7, 9, "ARGM-TMP"),
                ],
                [],
            )
        ],
    ),
    (
        "She gave him the book.",
        "PRON VERB PRON DET NOUN PUNCT",
        [],
        [
            Proposition(
                1,
                "give.01",
                [Argument(0, 1, "ARG0"), Argument(2, 3, "ARG2"), Argument(3, 5, "ARG1")],
                [],
            )
        ],
    ),
]


def gold_docs(nlp):
    """The `SENTENCES` as Docs, on the tokens of the pipeline."""
    for text, pos, entities, props in SENTENCES:
        doc = nlp.make_doc(text)
        sent_starts = [True] + [False] * (len(doc) - 1)
        words, spaces = [t.text for t in doc], [bool(t.whitespace_) for t in doc]
        doc = Doc(nlp.vocab, words, spaces, pos=pos.split(), sent_starts=sent_starts)
        doc.set_ents([Span(doc, *entity) for entity in entities], default="outside")
        set_propositions(doc, props, annotated=[(0, len(doc))])
        yield doc


@pytest.fixture(scope="session")
def known_sentences(tmp_path_factory, tiny_bert, train):
    """Folder of a pipeline of `joint.cfg` with a tiny encoder that knows `SENTENCES` by heart."""
    overrides = {
        "paths.base_model": tiny_bert,
        "components.transformer.model.precision": "float32",
        "components.srl.model.width": 32,
        "components.srl.model.heads": 2,
        "components.srl.model.precision": "float32",
    }
    config = spacy.util.load_config(ROOT / "configs" / "joint.cfg", overrides)
    nlp = spacy.util.load_model_from_config(config, auto_fill=True)
    golds = list(gold_docs(nlp))
    # Pages show sentences alone and two in a row, from which boundaries are learned, too.
    golds += [Doc.from_docs(pair) for pair in permutations(golds, 2)]
    examples = [Example(nlp.make_doc(gold.text), gold) for gold in golds]
    fix_random_seed(0)
    nlp.initialize(lambda: examples)
    train(nlp, examples, 150)
    for gold in golds:
        doc = nlp(gold.text)
        assert [sent.text for sent in doc.sents] == [sent.text for sent in gold.sents]
        assert list(map(str, doc._.frames)) == list(map(str, gold._.frames))
    path = tmp_path_factory.mktemp("known")
    nlp.to_disk(path)
    return path


def copy_project(folder: Path) -> None:
    """What a clone has, as far as commands of the docs read it; and files of one's own."""
    for name in ("assets/mini", "configs", "scripts"):
        shutil.copytree(ROOT / name, folder / name)
    shutil.copy(ROOT / "project.yml", folder)
    for split in ("train", "dev"):
        for ending in LAYERS:
            shutil.copy(ROOT / "assets" / "mini" / f"{split}.{ending}", folder)


@pytest.fixture(scope="session")
def quick_project(tmp_path_factory, known_sentences):
    """Folder of the project after `project run all`, but with the pipeline `known_sentences`."""
    folder = tmp_path_factory.mktemp("project")
    copy_project(folder)
    for split in ("train", "dev", "test"):
        files = [folder / "assets" / "mini" / f"{split}.{ending}" for ending in LAYERS]
        output = folder / "corpus" / "mini" / f"{split}.spacy"
        spacy_command(["seqtag", "convert", *map(str, files), "--output", str(output)])
    shutil.copytree(known_sentences, folder / "training" / "mini" / "model-best")
    packages = folder / "packages"
    packages.mkdir()
    name = ["--name", "seqtag_mini", "--version", "0.1.0", "--build", "none"]
    spacy_command(["package", str(known_sentences), str(packages), *name])
    (folder / "installed").mkdir()
    source = packages / "en_seqtag_mini-0.1.0"
    shutil.copytree(source / "en_seqtag_mini", folder / "installed" / "en_seqtag_mini")
    shutil.copy(source / "meta.json", folder / "installed" / "en_seqtag_mini")
    info = folder / "installed" / "en_seqtag_mini-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: en_seqtag_mini\nVersion: 0.1.0\n")
    return folder


@pytest.fixture(scope="session")
def full_project(tmp_path_factory):
    """Folder of the project after `project run all`.

    Where that was done already, the folder SEQTAG_DEMO saves the minutes.
    """
    folder = tmp_path_factory.mktemp("project")
    copy_project(folder)
    if done := os.environ.get("SEQTAG_DEMO"):
        for name in ("corpus", "training", "packages", "installed", "metrics", "project.lock"):
            command = ["cp", "-a", str(Path(done, name)), str(folder)]
            subprocess.run(command, check=True)
        return folder
    command = [sys.executable, "-m", "spacy", "project", "run", "all"]
    subprocess.run(command, cwd=folder, check=True)
    return folder


@pytest.fixture
def read_in(tmp_path, monkeypatch):
    """Function to make a copy of a project the current folder, with its pipelines installed."""

    def read(project: Path, *, copy=shutil.copy2) -> Path:
        folder = tmp_path / "project"
        shutil.copytree(project, folder, copy_function=copy)
        monkeypatch.chdir(folder)
        monkeypatch.syspath_prepend(folder / "installed")
        monkeypatch.setenv("PYTHONPATH", str(folder / "installed"))
        return folder

    yield read
    sys.modules.pop("en_seqtag_mini", None)
