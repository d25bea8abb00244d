"""Encoders that lose layers."""

import re

import pytest
import torch
from transformers import AutoConfig, AutoModel

from spacy_seqtag.models.network.layers import (
    has_layers,
    keep_layers,
    n_layers,
    reset_layers,
    spread_layers,
)

SIZE = {
    "vocab_size": 50,
    "hidden_size": 8,
    "dim": 8,
    "d_model": 8,
    "n_head": 2,
    "embedding_size": 8,
    "intermediate_size": 16,
    "hidden_dim": 16,
    "num_attention_heads": 2,
    "num_hidden_layers": 4,
}


def encoder(kind, **settings):
    torch.manual_seed(0)
    return AutoModel.from_config(AutoConfig.for_model(kind, **{**SIZE, **settings})).eval()


def encode(model):
    with torch.no_grad():
        return model(torch.arange(5, 12)[None]).last_hidden_state


@pytest.mark.parametrize(
    "kind",
    ["bert", "camembert", "deberta-v2", "distilbert", "electra", "mpnet", "roberta", "xlm-roberta"],
)
def test_the_others_are_as_they_were(kind):
    model = encoder(kind)
    before = encode(model)
    weights = dict(model.named_parameters())
    keep_layers(model, [0, 2, 3])
    assert n_layers(model) == 3
    for name, weight in model.named_parameters():
        parts = [part if part not in "12" else str(int(part) + 1) for part in name.split(".")]
        assert weight is weights[".".join(parts)], name
    # Saved with its configuration, it is loaded as what it is.
    loaded = AutoModel.from_config(model.config).eval()
    loaded.load_state_dict(model.state_dict())
    torch.testing.assert_close(encode(loaded), encode(model))
    assert not torch.allclose(encode(model), before, atol=1e-3)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        *dict.fromkeys(["bert", "deberta-v2", "distilbert", "roberta", "gpt2"], True).items(),
        *dict.fromkeys(["albert", "xlm", "flaubert"], False).items(),
    ],
)
def test_whether_layers_can_begin_anew_is_known_before(kind, expected):
    settings = {"num_hidden_layers": 3, "n_layers": 3} if expected is False else {}
    config = AutoConfig.for_model(kind, **{**SIZE, "n_heads": 2, "emb_dim": 8, **settings})
    assert has_layers(config) is expected
    if expected:
        reset_layers(encoder(kind), 1)
    else:
        with pytest.raises(ValueError, match="Set it to 0"):
            reset_layers(AutoModel.from_config(config), 1)


def test_layers_that_are_one():
    with pytest.raises(ValueError, match="type 'albert' does not keep its 4 layers in one list"):
        keep_layers(encoder("albert"), [0, 1])
    with pytest.raises(ValueError, match=r"reinit_layers = 1: an encoder .*\. Set it to 0"):
        reset_layers(encoder("albert"), 1)


@pytest.mark.parametrize("kind", ["bert", "deberta-v2", "distilbert", "electra", "roberta"])
def test_top_layers_begin_anew(kind):
    model = encoder(kind)
    weights = {name: weight.detach().clone() for name, weight in model.named_parameters()}
    torch.manual_seed(7)
    reset_layers(model, 2)
    changed = {
        name for name, weight in model.named_parameters() if not torch.equal(weight, weights[name])
    }
    # Biases and norms of a new model are zeros and ones anyway.
    expected = {
        name
        for name, weight in weights.items()
        if re.search(r"layer\.[23]\.", name) and weight.ndim > 1
    }
    assert changed == expected != set()
    for name in changed:
        assert model.get_parameter(name).detach().std() == pytest.approx(0.02, rel=0.5), name
    reset_layers(model, 0)
    with pytest.raises(ValueError, match="reinit_layers = 5; the encoder has 4 layers"):
        reset_layers(model, 5)


@pytest.mark.parametrize("kept", [[1, 2], [0, 3]])
def test_layers_that_are_made_for_their_places(kept):
    """ModernBERT: the first has no norm, and every third looks far."""
    model = encoder("modernbert", pad_token_id=0, cls_token_id=1, sep_token_id=2, local_attention=4)
    before = encode(model)
    with pytest.raises(ValueError, match="of type 'modernbert' cannot follow each other"):
        keep_layers(model, kept)
    assert n_layers(model) == 4
    torch.testing.assert_close(encode(model), before)


@pytest.mark.parametrize("kept", [[], [0, 4], [-1, 2], [2, 1], [1, 1]])
def test_layers_that_are_not_there(kept):
    model = encoder("bert")
    with pytest.raises(ValueError, match="give numbers from 0 to 3, in rising order"):
        keep_layers(model, kept)
    assert n_layers(model) == len(model.encoder.layer) == 4


def test_spread():
    assert [spread_layers(6, n) for n in (1, 2, 3, 4, 6)] == [
        [0],
        [0, 5],
        [0, 2, 5],
        [0, 2, 3, 5],
        [0, 1, 2, 3, 4, 5],
    ]
    for n in range(1, 25):
        for kept in range(1, n + 1):
            layers = spread_layers(n, kept)
            assert len(set(layers)) == kept
            assert sorted(layers) == layers
            assert set(layers) <= set(range(n))
