"""Layers without transformers' code for them: the same function, to the last bit."""

import pytest
import torch
from transformers import AutoConfig, AutoModel

from spacy_seqtag.models.network.bert_parts import can_fuse, encode, is_plain
from spacy_seqtag.models.network.plain_encoder import PlainEncoder, is_plain_config

KINDS = ["bert", "camembert", "roberta", "xlm-roberta"]

SIZES = {
    "vocab_size": 100,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 48,
    "max_position_embeddings": 40,
}


def config_of(kind, **settings):
    return AutoConfig.for_model(kind, **{**SIZES, **settings})


@pytest.fixture(params=KINDS)
def both(request):
    """An encoder of transformers, and ours with the same weights."""
    config = config_of(request.param)
    torch.manual_seed(0)
    theirs = AutoModel.from_config(config, attn_implementation="sdpa")
    with torch.no_grad():
        for weights in theirs.parameters():
            weights.add_(torch.randn_like(weights) / 5)
    ours = PlainEncoder(config)
    ours.load_state_dict(theirs.state_dict())
    return ours, theirs


def run(transformer, mask, seed=0):
    """What an encoder computes, and the gradients of its weights, in order."""
    torch.manual_seed(seed)
    embedded = transformer.get_input_embeddings()(torch.randint(5, 100, (3, 17)))
    result = encode(transformer, embedded, mask)
    (result * torch.randn_like(result)).sum().backward()
    gradients = [weights.grad for weights in transformer.parameters()]
    transformer.zero_grad()
    return result, gradients, torch.get_rng_state()


def test_same_weights(both):
    """In the same order, in which norms of gradients are summed."""
    ours, theirs = (list(encoder.state_dict()) for encoder in both)
    assert ours == theirs
    assert [name for name, _ in both[0].named_parameters()] == [
        name for name, _ in both[1].named_parameters()
    ]


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("training", [False, True])
def test_same_function(both, training, masked):
    mask = torch.arange(17) < torch.tensor([[17], [9], [1]]) if masked else None
    (ours, own, drawn), (theirs, expected, drawn_there) = (
        run(encoder.train(training), mask) for encoder in both
    )
    assert all(is_plain(encoder) and can_fuse(encoder) for encoder in both)
    assert torch.equal(ours, theirs)
    assert torch.equal(drawn, drawn_there)
    for gradient, other in zip(own, expected, strict=True):
        assert (gradient is None) == (other is None)
        assert gradient is None or torch.equal(gradient, other)
    if training:
        assert not torch.equal(ours, run(both[0], mask, seed=1)[0])


def test_no_random_numbers_are_drawn(both):
    ours, _ = both
    state = torch.get_rng_state()
    ours.as_pretrained()
    PlainEncoder(ours.config)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("training", [False, True])
def test_as_pretrained(both, training):
    ours, theirs = both
    made = ours.train(training).as_pretrained()
    assert type(made) is type(theirs)
    assert all(module.training == training for module in made.modules())
    assert made.config._attn_implementation == "sdpa"
    own = dict(ours.named_parameters())
    assert all(weights is own[name] for name, weights in made.named_parameters())
    assert torch.equal(run(made, None)[0], run(ours, None)[0])


def test_frozen_weights_stay_frozen(both):
    ours, _ = both
    ours.pooler.requires_grad_(False)
    made = ours.as_pretrained()
    frozen = [name for name, weights in made.named_parameters() if not weights.requires_grad]
    assert frozen == ["pooler.dense.weight", "pooler.dense.bias"]


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        ("bert", {"position_embedding_type": "relative_key"}),
        ("roberta", {"is_decoder": True}),
        ("bert", {"chunk_size_feed_forward": 8}),
        ("bert", {"pruned_heads": {0: [1]}}),
        ("bert", {"num_attention_heads": 5}),
        ("electra", {}),
        ("distilbert", {}),
    ],
)
def test_what_is_more_than_plain(kind, settings):
    assert not is_plain_config(config_of(kind, **settings))
    assert is_plain_config(config_of("bert"))
