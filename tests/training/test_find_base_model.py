"""The check of base models before training."""

import shutil

import pytest
import spacy
from thinc.api import ConfigValidationError

from spacy_seqtag.training.find_base_model import make_find_base_model


def blank(name):
    nlp = spacy.blank("en")
    model = {"@architectures": "spacy-transformers.TransformerModel.v3", "name": str(name)}
    nlp.add_pipe("transformer", config={"model": model})
    nlp.config["initialize"]["before_init"] = {"@callbacks": "spacy_seqtag.find_base_model.v1"}
    return nlp


def test_callback_keeps_the_portable_name(tiny_bert, tmp_path, monkeypatch):
    (tmp_path / "my_encoder").mkdir()
    (tmp_path / "my_encoder" / "__init__.py").touch()
    shutil.copytree(tiny_bert, tmp_path / "my_encoder" / "model")
    monkeypatch.syspath_prepend(tmp_path)
    nlp = blank("my_encoder")
    nlp.initialize()
    assert nlp.config["components"]["transformer"]["model"]["name"] == "my_encoder"
    assert nlp("Hello world")._.trf_data.model_output.last_hidden_state.shape[-1] == 32


@pytest.mark.parametrize("name", ["./none", "/none/such/model", "some/deep/folder"])
def test_folder_that_does_not_exist(name):
    with pytest.raises(ConfigValidationError) as info:
        make_find_base_model()(blank(name))
    assert info.value.title.startswith(f"[components.transformer.model] name = {name!r}: ")
    assert "no such folder" in info.value.title
    assert "\n" not in info.value.title
