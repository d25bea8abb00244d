"""Saved role layers: they come back as they were, and can do no harm."""

import pickle
import warnings
from io import BytesIO
from pathlib import Path

import pytest
import srsly
import torch


class Payload:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def role_context(tiny_bert, make_nlp, mini_examples):
    nlp = make_nlp(tiny_bert, ["seqtag_srl"])
    examples = mini_examples(nlp)
    nlp.initialize(lambda: examples)
    return nlp.get_pipe("seqtag_srl").model.get_ref("role_context").shims[0]


def as_saved_by_pytorch(shim, state):
    data = BytesIO()
    torch.save(state, data)
    inner = srsly.msgpack_dumps({"nI": 32, "state": data.getvalue()})
    return srsly.msgpack_dumps({"config": shim.cfg, "state": inner})


def test_role_layers_saved_by_pytorch(tiny_bert, make_nlp, mini_examples):
    """As versions before did."""
    shim = role_context(tiny_bert, make_nlp, mini_examples)
    state = {name: weights.clone() for name, weights in shim._model.state_dict().items()}
    old = as_saved_by_pytorch(shim, state)
    for weights in shim._model.parameters():
        weights.data.zero_()
    with pytest.warns(UserWarning, match=r"in PyTorch's pickle format.*Save the pipeline again"):
        shim.from_bytes(old)
    assert all(torch.equal(shim._model.state_dict()[name], state[name]) for name in state)
    # Saved again, they are safetensors, and nothing is said.
    saved = shim.to_bytes()
    assert srsly.msgpack_loads(srsly.msgpack_loads(saved)["state"]).keys() == {"weights"}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        shim.from_bytes(saved)


def test_warning_made_an_error_is_no_damage(tiny_bert, make_nlp, mini_examples, monkeypatch):
    nlp = make_nlp(tiny_bert, ["seqtag_srl"])
    examples = mini_examples(nlp)
    nlp.initialize(lambda: examples)
    pipe = nlp.get_pipe("seqtag_srl")
    shim = pipe.model.get_ref("role_context").shims[0]
    old = as_saved_by_pytorch(shim, shim._model.state_dict())
    monkeypatch.setattr(shim, "to_bytes", lambda: old)
    saved = pipe.to_bytes()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(UserWarning, match="pickle format"):
            pipe.from_bytes(saved)


def test_pickles_are_not_run(tiny_bert, make_nlp, mini_examples, tmp_path):
    shim = role_context(tiny_bert, make_nlp, mini_examples)
    marker = tmp_path / "ran"
    data = as_saved_by_pytorch(shim, {"head.word.weight": Payload(marker)})
    with pytest.raises(pickle.UnpicklingError):
        shim.from_bytes(data)
    assert not marker.exists()
