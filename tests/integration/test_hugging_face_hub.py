"""A converted pipeline as a wheel, and what spacy-huggingface-hub makes of it, up to the upload."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import spacy
import srsly
import torch
from spacy.tokens import Doc
from transformers import AutoModelForTokenClassification, AutoTokenizer

from spacy_seqtag.interop.from_hf import from_hf

ENTITIES = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]
WORDS = ["Maria", "Lopez", "flew", "from", "Chicago", "to", "Berlin"]


@pytest.fixture(scope="module")
def converted(tiny_bert, tmp_path_factory):
    """Folder of a pipeline that was a model of transformers, with scores."""
    folder = tmp_path_factory.mktemp("hub")
    torch.manual_seed(0)
    model = AutoModelForTokenClassification.from_pretrained(
        tiny_bert, id2label=dict(enumerate(ENTITIES))
    )
    model.save_pretrained(folder / "hf")
    AutoTokenizer.from_pretrained(tiny_bert).save_pretrained(folder / "hf")
    card = "---\nlanguage: en\nlicense: cc-by-sa-4.0\n---\n"
    (folder / "hf" / "README.md").write_text(card)
    from_hf(str(folder / "hf"), folder / "nlp")
    nlp = spacy.load(folder / "nlp")
    nlp.meta["performance"] = {"ents_p": 0.5, "ents_r": 0.6, "ents_f": 0.55}
    nlp.to_disk(folder / "nlp")
    return folder / "nlp"


@pytest.fixture(scope="module")
def wheel(converted, tmp_path_factory):
    folder = tmp_path_factory.mktemp("packages")
    command = ["-m", "spacy", "package", str(converted), str(folder), "--build", "wheel"]
    name = ["--name", "tiny_hf", "--version", "1.2.3"]
    subprocess.run([sys.executable, *command, *name], check=True, capture_output=True)
    (path,) = folder.rglob("*.whl")
    return path


def test_the_wheel_loads_by_name(wheel, converted, tmp_path, monkeypatch):
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    nlp = spacy.load("en_tiny_hf")
    sys.modules.pop("en_tiny_hf", None)
    assert any("spacy-seqtag" in requirement for requirement in nlp.meta["requirements"])
    expected = spacy.load(converted)
    found = [
        pipeline.get_pipe("ner").predict(
            [pipeline.get_pipe("transformer")(Doc(pipeline.vocab, words=WORDS))]
        )[0]
        for pipeline in (nlp, expected)
    ]
    assert (found[0] == found[1]).all()


def test_push(wheel, monkeypatch, tmp_path):
    """`push` reads the wheel, and writes the card and the folder that it would upload."""
    hub = pytest.importorskip(
        "spacy_huggingface_hub.push",
        reason="install it with pip install --no-deps spacy-huggingface-hub",
    )
    uploaded = {}

    def upload_folder(*, repo_id, folder_path, **_):
        uploaded["repo_id"] = repo_id
        shutil.copytree(folder_path, tmp_path / "uploaded")
        return f"https://huggingface.co/{repo_id}/tree/main/"

    monkeypatch.setattr(hub.HfApi, "create_repo", lambda self, **_: None)
    monkeypatch.setattr(hub, "upload_folder", upload_folder)
    result = hub.push(wheel, namespace="somebody", silent=True)
    assert uploaded["repo_id"] == "somebody/en_tiny_hf"
    assert result["whl_url"].endswith("/en_tiny_hf/resolve/main/en_tiny_hf-any-py3-none-any.whl")
    found = tmp_path / "uploaded"
    assert {"config.cfg", "meta.json", "README.md", "ner", "transformer"} <= {
        path.name for path in found.iterdir()
    }
    _, head, text = (found / "README.md").read_text("utf8").split("---\n", 2)
    card = srsly.yaml_loads(head)
    assert card["tags"] == ["spacy", "token-classification"]
    assert card["language"] == ["en"]
    assert card["license"] == "cc-by-sa-4.0"
    (model,) = card["model-index"]
    (task,) = model["results"]
    assert [metric["value"] for metric in task["metrics"]] == [0.5, 0.6, 0.55]
    assert "`PER`" in text
    # What was uploaded is the pipeline.
    assert spacy.load(found).pipe_names == ["transformer", "ner"]
    assert Path(found / "en_tiny_hf-any-py3-none-any.whl").stat().st_size > 1000
