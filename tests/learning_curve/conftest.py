"""Fixtures for scripts/learning_curve.py: its modules, the embedded corpus, options."""

import json
from importlib import import_module
from pathlib import Path

import pytest

from spacy_seqtag.corpus.convert import convert

ROOT = Path(__file__).parents[2]
MINI = ROOT / "assets" / "mini"
LAYERS = ("conllu", "iob2", "gold_conll")


@pytest.fixture(scope="module", autouse=True)
def path():
    """The parts of the script import each other."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "scripts")
        yield


@pytest.fixture(scope="module")
def plan(path):
    return import_module("curves.plan")


@pytest.fixture(scope="module")
def options(path):
    return import_module("curves.options")


@pytest.fixture(scope="module")
def schedule(path):
    return import_module("curves.schedule")


@pytest.fixture(scope="module")
def results(path):
    return import_module("curves.results")


@pytest.fixture(scope="module")
def draw(path):
    return import_module("curves.draw")


@pytest.fixture(scope="module")
def corpora(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpora")
    for split in ("train", "dev"):
        convert([MINI / f"{split}.{ending}" for ending in LAYERS], folder / f"{split}.spacy")
    return folder


@pytest.fixture
def settings(plan, corpora, tmp_path):
    return plan.Settings(
        folder=tmp_path / "curve",
        config=ROOT / "configs" / "pos_ner.cfg",
        train=corpora / "train.spacy",
        dev=corpora / "dev.spacy",
        shares=(0.1, 1.0),
        seeds=(0, 5),
    )


def result(folder, recipe="plain", share=0.1, seed=0, **scores):
    """Write the record of a run, with scores on dev."""
    path = folder / "results" / f"{recipe}-{share}-{seed}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    given = {"srl_f": scores.pop("given")} if "given" in scores else {}
    content = {
        "recipe": recipe,
        "share": share,
        "seed": seed,
        "sentences": round(share * 1000),
        "made_with": {"steps": 7, "seed": seed, "share": share},
        "scores": {"dev": scores, **({"dev_gold_predicates": given} if given else {})},
    }
    path.write_text(json.dumps(content))
    return path


@pytest.fixture
def made(tmp_path):
    """Folder with results: three plain runs and a full one with 10%, a plain one with all."""
    for seed, score in enumerate((0.5, 0.6, 0.7)):
        result(tmp_path, seed=seed, pos_acc=score + 0.2, ents_f=score, tag_acc=None, given=0.4)
    result(tmp_path, "full", pos_acc=0.95, ents_f=0.8)
    result(tmp_path, share=1.0, pos_acc=0.9, ents_f=0.75, speed=1000.0)
    return tmp_path
