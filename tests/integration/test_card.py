"""The card of a pipeline, from scripts/card.py to the wheel."""

import subprocess
import sys
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest
import srsly

ROOT = Path(__file__).parents[2]
CARDS = ROOT / "assets" / "cards"
SCORES = {
    "token_acc": 1.0,
    "pos_acc": 0.9012,
    "ents_f": 0.8034,
    "ents_per_type": {"PER": {"p": 0.5, "r": 0.5, "f": 0.5}},
    "srl_f": None,
    "gold_words_found": 0.99,
    "speed": 12345.0,
}


def run(*args):
    done = subprocess.run(
        [sys.executable, *map(str, args)], capture_output=True, text=True, encoding="utf8"
    )
    return done.returncode, " ".join((done.stdout + done.stderr).split())


@pytest.fixture(scope="module")
def wheel(trained_path, tmp_path_factory):
    """The files of a wheel by their names, without the folder's."""
    folder = tmp_path_factory.mktemp("card")
    srsly.write_json(folder / "scores.json", SCORES)
    name = ("--name", "tiny", "--version", "1.2.3")
    code, output = run(
        *(ROOT / "scripts" / "card.py", trained_path, CARDS / "ewt.json"),
        *(folder / "scores.json", folder / "packages", *name),
    )
    assert code == 0, output
    meta = folder / "packages" / "en_tiny-1.2.3" / "meta.json"
    code, output = run(
        *("-m", "spacy", "package", trained_path, folder / "packages"),
        *("--meta-path", meta, *name, "--build", "wheel"),
    )
    assert code == 0, output
    (path,) = folder.rglob("*.whl")
    with zipfile.ZipFile(path) as archive:
        return {name.rpartition("/")[2]: archive.read(name) for name in archive.namelist()}


def test_readme(wheel, trained_path):
    metadata = Parser().parsestr(wheel["METADATA"].decode("utf8"))
    assert metadata["Author"] == "The spacy-seqtag developers"
    assert metadata["License"] == "CC BY-SA 4.0"
    readme = metadata.get_payload()
    assert "**Author** | The spacy-seqtag developers |" in readme
    for part in (
        "English Web Treebank",
        "`seqtag_ner`",
        "`PER`",  # a label
        "`POS_ACC` | 90.12",
        "`ENTS_F` | 80.34",
        "[UD English EWT](https://github.com/UniversalDependencies/UD_English-EWT)",
        "| PropBank | CC BY-SA 4.0 |",
        "(base model)",
        "development split",
    ):
        assert part in readme
    # Nothing is left open, and nothing tells of the machine.
    for part in ("n/a", "]()", "SPEED", "WORDS", str(trained_path.parent)):
        assert part not in readme


def test_meta(wheel):
    meta = srsly.json_loads(wheel["meta.json"])
    assert (meta["name"], meta["version"], meta["lang"]) == ("tiny", "1.2.3", "en")
    assert meta["license"] == "CC BY-SA 4.0"
    assert "PER" in meta["labels"]["seqtag_ner"]
    assert meta["performance"]["ents_per_type"]["PER"]["f"] == 0.5
    assert "srl_f" not in meta["performance"]
    assert [source["name"] for source in meta["sources"]][:2] == [
        "UD English EWT",
        "UNER English EWT",
    ]
    assert any("spacy-seqtag" in requirement for requirement in meta["requirements"])


def test_licences_of_the_sources(wheel):
    text = wheel["LICENSES_SOURCES"].decode("utf8")
    assert text.count("licence: CC BY-SA 4.0") == 3
    assert "from: https://github.com/propbank/propbank-release" in text


@pytest.mark.parametrize("card", sorted(CARDS.glob("*.json")), ids=lambda path: path.stem)
def test_cards_are_filled_in(card):
    content = srsly.read_json(card)
    for field in ("description", "author", "license", "notes"):
        assert content[field]
    for source in content["sources"]:
        assert source["name"]
        assert source["author"]
        assert source["license"]
    # The workflow of this name uses it.
    commands = srsly.read_yaml(ROOT / "project.yml")["commands"]
    assert any(f"assets/cards/{card.name}" in line for c in commands for line in c["script"])


def test_card_without_scores(trained_path, tmp_path):
    code, output = run(
        *(ROOT / "scripts" / "card.py", trained_path, CARDS / "mini.json", tmp_path / "none.json"),
        *(tmp_path, "--name", "tiny", "--version", "1.2.3"),
    )
    assert code == 1
    assert "none.json: not there. Train and evaluate the pipeline." in output
    assert not list(tmp_path.iterdir())
