"""The workflow treebank of the project: the layers of a treebank, from files to a wheel."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import srsly
from spacy.tokens import DocBin
from spacy.vocab import Vocab

from spacy_seqtag.frames import get_frames, has_frames

ROOT = Path(__file__).parents[2]
SENTENCES = 12
UPOS = ("PROPN", "NUM", "VERB", "NOUN", "PUNCT")


def conllu(stem, first=0, n=SENTENCES):
    lines = []
    for i in range(first, first + n):
        lines += [f"# sent_id = {stem}-{i}", f"# text = 安{i}看书。"]
        words = zip(("安", str(i), "看", "书", "。"), UPOS, strict=True)
        for number, (word, upos) in enumerate(words, start=1):
            lines.append(f"{number}\t{word}\t{word}\t{upos}\tX\t_\t_\t_\t_\tSpaceAfter=No")
        lines.append("")
    return "\n".join(lines) + "\n"


def entities(n=SENTENCES):
    words = "1\t安\tB-PER\n2\t{}\tO\n3\t看\tO\n4\t书\tO\n5\t。\tO\n\n"
    return "".join(words.format(i) for i in range(n))


def roles(stem, n=SENTENCES):
    lines = ["# global.columns = ID UP:PRED UP:ARGHEADS UP:ARGSPANS"]
    for i in range(n):
        lines.append(f"# sent_id = {stem}-{i}")
        for number in range(1, 6):
            see = "see.01\tA0:1|A1:4\tA0:1-1|A1:4-4" if number == 3 else "_\t_\t_"
            lines.append(f"{number}\t{see}")
        lines.append("")
    return "\n".join(lines) + "\n"


@pytest.fixture
def files(tmp_path):
    """The dev split of a treebank of its own, with both layers."""
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "x_y-ud-dev.conllu").write_text(conllu("d"), "utf8")
    (folder / "x_y-ud-dev.iob2").write_text(entities(), "utf8")
    (folder / "x_y-up-dev.conllup").write_text(roles("d"), "utf8")
    return folder


def script(folder, *args):
    command = [sys.executable, ROOT / "scripts" / "treebank.py", *args]
    done = subprocess.run(list(map(str, command)), cwd=folder, capture_output=True, text=True)
    return done.returncode, " ".join((done.stdout + done.stderr).split())


def docs(path):
    return list(DocBin().from_disk(path).get_docs(Vocab()))


def fetch_and_join(tmp_path, files, *options):
    code, said = script(tmp_path, "fetch", files, "assets/x", "--treebank", "UD_X")
    assert code == 0, said
    code, said = script(tmp_path, "join", "assets/x", "corpus", "--lang", "zh", *options)
    assert code == 0, said
    return srsly.read_json(tmp_path / "assets" / "x" / "card.json")


def test_one_split_is_divided(tmp_path, files):
    card = fetch_and_join(tmp_path, files, "--role-names", "propbank")
    assert card["notes"].endswith("training did not see: they say nothing about quality.")
    train, dev = (docs(tmp_path / "corpus" / f"{name}.spacy") for name in ("train", "dev"))
    ids = [{i for doc in part for i in doc.user_data["sent_ids"]} for part in (train, dev)]
    assert len(ids[0] | ids[1]) == SENTENCES == len(ids[0]) + len(ids[1])
    assert len(ids[1]) == 2
    for doc in train + dev:
        frames = get_frames(doc)
        assert len(frames) == len(doc.ents) == len(list(doc.sents))
        assert {a.label_ for frame in frames for a in frame.arguments} == {"ARG0", "ARG1"}


def test_two_splits(tmp_path, files):
    """Of the entities there is no file of the train split, which lacks them."""
    (files / "x_y-ud-train.conllu").write_text(conllu("t", first=3, n=SENTENCES), "utf8")
    (files / "sub").mkdir()
    (files / "sub" / "x_y-up-train.conllup").write_text(roles("t", n=SENTENCES), "utf8")
    (files / "sub" / "README.md").write_text("License: L", "utf8")
    (files / "README.md").write_text("License: of none of them alone", "utf8")
    card = fetch_and_join(tmp_path, files)
    assert card["notes"] == "Scores, given words and sentences, are those on the dev split."
    assert [source.get("license") for source in card["sources"]] == [None, None, "L"]
    train, dev = (docs(tmp_path / "corpus" / f"{name}.spacy") for name in ("train", "dev"))
    assert all(map(has_frames, dev))
    assert sum(len(get_frames(doc)) for doc in train) == SENTENCES - 3  # of as many ids
    assert sum(len(doc.ents) for doc in dev) == SENTENCES
    assert not any(token.ent_iob for doc in train for token in doc)
    assert all(token.ent_iob for doc in dev for token in doc)


def test_a_layer_of_another_split(tmp_path, files):
    """Of one split alone, the layer's file may have the same sentences under another name."""
    (files / "x_y-up-dev.conllup").rename(files / "x_y-up-train.conllup")
    fetch_and_join(tmp_path, files)
    assert all(map(has_frames, docs(tmp_path / "corpus" / "dev.spacy")))


def test_layers_that_are_named_and_not_there(tmp_path, files):
    (files / "x_y-up-dev.conllup").unlink()
    code, said = script(
        tmp_path, "fetch", files, "assets/x", "--treebank", "UD_X", "--roles", "UP_X"
    )
    assert (code, "no files of UP_X: train/dev in names that match -up-" in said) == (0, True)
    card = srsly.read_json(tmp_path / "assets" / "x" / "card.json")
    assert [source["name"] for source in card["sources"]] == ["UD_X", "entities"]


def test_files_that_are_not_there(tmp_path, files):
    code, said = script(tmp_path, "fetch", files / "none", "assets/x", "--treebank", "UD_X")
    assert (code, "no such folder" in said) == (1, True)
    (files / "x_y-ud-dev.conllu").unlink()
    code, said = script(tmp_path, "fetch", files, "assets/x", "--treebank", "UD_X")
    assert (code, "no files of UD_X" in said) == (1, True)
    assert not list((tmp_path / "assets").iterdir())  # nothing half-made is left


@pytest.mark.slow
def test_from_files_to_a_wheel(tmp_path, files, tiny_bert):
    project = tmp_path / "project"
    for name in ("configs", "scripts"):
        shutil.copytree(ROOT / name, project / name)
    shutil.copy(ROOT / "project.yml", project)
    given = {
        "lang": "zh",
        "treebank": "UD_X",
        "treebank_source": files,
        "base_model": tiny_bert,
        "treebank_steps": 4,
        "treebank_eval_frequency": 2,
    }
    command = [sys.executable, "-m", "spacy", "project", "run", "treebank", "."]
    command += [str(x) for name, value in given.items() for x in (f"--vars.{name}", value)]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True)
    said = " ".join((done.stdout + done.stderr).split())
    assert done.returncode == 0, said
    assert 'nlp = spacy.load("zh_seqtag_treebank") # transformer, senter, pos, ner, srl' in said
    scores = srsly.read_json(project / "metrics" / "UD_X.json")
    assert {"pos_acc", "ents_f", "srl_f", "srl_sense_f"} <= scores.keys()
    (card, *_) = (project / "packages").rglob("README.md")
    assert "nothing about quality" in " ".join(card.read_text("utf8").split())
