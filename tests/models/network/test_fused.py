"""Fused layers: the same function as the network that learns."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from spacy_seqtag.models.network import onednn
from spacy_seqtag.models.network.fused import KERNELS, FusedLinear, FusedNetwork
from spacy_seqtag.models.network.onednn import can_pack

from .networks import encode, encoder_network

PRODUCTS = ("in", "out", "up", "down")
LENGTHS = [3, 16, 17, 41, 8, 16, 48, 30, 2, 33]


@pytest.mark.parametrize("word_case", [True, False])
@pytest.mark.parametrize("activation", ["gelu", "gelu_new"])
def test_fused_network_is_the_same_function(tiny_encoder, word_case, activation):
    network = encoder_network(tiny_encoder, 8 if word_case else 0, hidden_act=activation)
    expected = encode(network, LENGTHS, with_case=word_case)
    assert expected.std(dim=0).mean() > 0.1
    fused = FusedNetwork(network, torch.float32)
    for max_rows in (1, 100, 10_000):
        found = encode(fused, LENGTHS, max_rows, with_case=word_case)
        np.testing.assert_allclose(found, expected, atol=2e-5)
    for kernel in KERNELS[1:]:
        apart = FusedNetwork(network, torch.float32, kernels=dict.fromkeys(PRODUCTS, kernel))
        found = encode(apart, LENGTHS, with_case=word_case)
        np.testing.assert_allclose(found, expected, atol=2e-5)
    for dtype, tolerance in ((torch.float16, 0.02), (torch.bfloat16, 0.1)):
        found = encode(FusedNetwork(network, dtype), LENGTHS, with_case=word_case)
        assert found.dtype == torch.float32
        np.testing.assert_allclose(found, expected, atol=tolerance)


@pytest.mark.parametrize(("dtype", "most"), [(torch.float32, 48), (torch.bfloat16, 96)], ids=str)
def test_rows_of_four_bytes_are_half_as_many_at_once(tiny_bert, monkeypatch, dtype, most):
    fused = FusedNetwork(encoder_network(tiny_bert), dtype)
    rows = []
    one = fused.encode
    monkeypatch.setattr(
        fused, "encode", lambda ids, *args: rows.append(len(ids)) or one(ids, *args)
    )
    encode(fused, [16] * 12, max_rows=96)
    assert max(rows) == most


def test_fused_network_without_packed_weights(tiny_bert, monkeypatch):
    network = encoder_network(tiny_bert)
    expected = encode(network, LENGTHS)
    monkeypatch.setattr(onednn, "can_pack", lambda dtype: False)
    fused = FusedNetwork(network, torch.bfloat16)
    assert not any(part.packed for part in fused.modules() if isinstance(part, FusedLinear))
    np.testing.assert_allclose(encode(fused, LENGTHS), expected, atol=0.1)


def test_fused_network_leaves_the_network_as_it_is(tiny_bert):
    network = encoder_network(tiny_bert)
    before = {name: weights.clone() for name, weights in network.state_dict().items()}
    encode(FusedNetwork(network, torch.bfloat16), LENGTHS)
    assert all(weights.requires_grad for weights in network.parameters())
    for name, weights in network.state_dict().items():
        assert weights.dtype == before[name].dtype
        assert torch.equal(weights, before[name])


def double(weights):
    return weights.detach().double()


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize(
    ("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.bfloat16, 0.05)], ids=str
)
def test_linear(dtype, tolerance, kernel):
    """Every kernel is as near to the product in float64 as the precision is."""
    if not can_pack(dtype):
        pytest.skip(f"this build or CPU has no packed weights in {dtype}")
    torch.manual_seed(0)
    layers = [nn.Linear(32, 48), nn.Linear(32, 16)]
    rows, residual = torch.randn(20, 32), torch.randn(20, 64)
    parts = [F.linear(rows.double(), *map(double, layer.parameters())) for layer in layers]
    product = torch.cat(parts, dim=1)
    linear = FusedLinear(layers, dtype, kernel=kernel)
    assert linear.kernel == kernel
    found = linear(rows.to(dtype), residual.to(dtype))
    np.testing.assert_allclose(found.float(), product + residual, atol=tolerance)
    np.testing.assert_allclose(linear(rows.to(dtype)).float(), product, atol=tolerance)
    found = FusedLinear(layers, dtype, gelu=True, kernel=kernel)(rows.to(dtype))
    np.testing.assert_allclose(found.float(), F.gelu(product), atol=tolerance)
