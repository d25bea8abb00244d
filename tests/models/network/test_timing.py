"""The ways to compute a product: which there are, which is taken, and that all compute the same."""

import pytest
import torch

from spacy_seqtag.models.network.bert_parts import layers_of
from spacy_seqtag.models.network.fused import FusedNetwork
from spacy_seqtag.models.network.onednn import can_pack, can_pack_int8
from spacy_seqtag.models.network.quantized import ObservedNetwork, QuantizedNetwork
from spacy_seqtag.models.network.timing import Way, _ways, time_products

from .networks import encode, encoder_network

FOLLOWS = {"in": "", "out": "residual", "up": "GELU", "down": "residual"}
FLOAT = torch.float32

packs = pytest.mark.skipif(not can_pack(FLOAT), reason="this build has no packed products")
has_int8 = pytest.mark.skipif(not can_pack_int8(FLOAT), reason="no products of bytes here")


@pytest.mark.parametrize("name", FOLLOWS)
def test_all_ways_compute_the_same(tiny_encoder, name):
    layer = layers_of(encoder_network(tiny_encoder).transformer)[0]
    torch.manual_seed(0)
    floats = (FLOAT, torch.bfloat16)
    with torch.no_grad():
        ways = _ways(name, layer.products()[name], FOLLOWS[name], 40, floats)
        results = {way: compute() for way, compute in ways}
    assert {way.precision for way in results} >= {"float32", "bfloat16"}
    expected = next(found for way, found in results.items() if way.library != "oneDNN")
    assert expected.dtype == FLOAT
    for way, found in results.items():
        if found.dtype == torch.uint8:  # for the product that reads bytes
            assert (way.precision, name) == ("int8", "up")
            continue
        off = float((found.float() - expected).norm() / expected.norm())
        assert off < {"float32": 1e-5, "bfloat16": 0.02, "int8": 0.05}[way.precision], way


def taken(network, annotating):
    """The way of each product, of which there is one."""
    found = time_products(network, annotating, 24)
    result = {}
    for timing in found:
        assert timing.rows == 24
        shape = (timing.inputs, timing.outputs)
        work = 2 * 24 * shape[0] * shape[1]
        assert timing.gflops * timing.milliseconds * 1e6 == pytest.approx(work)
        if timing.taken:
            assert timing.product not in result
            result[timing.product] = timing.way
            assert timing.follows == FOLLOWS[timing.product]
    return result


@packs
def test_what_is_taken_in_floats(tiny_encoder):
    network = encoder_network(tiny_encoder)
    found = taken(network, FusedNetwork(network, FLOAT))
    assert found == {
        name: Way("float32", "oneDNN", bool(follows)) for name, follows in FOLLOWS.items()
    }
    (way,) = set(taken(network, network).values())
    assert way == Way("float32", way.library, False)
    assert way.library != "oneDNN"


@has_int8
def test_what_is_taken_in_bytes(tiny_encoder):
    network = encoder_network(tiny_encoder)
    observed = ObservedNetwork(network)
    encode(observed, [3, 16, 41])
    ranges = observed.ranges
    del ranges["0.out"]
    found = taken(network, QuantizedNetwork(network, FLOAT, ranges))
    assert {name: way.precision for name, way in found.items()} == {
        "in": "int8",
        "out": "float32",
        "up": "int8",
        "down": "int8",
    }


def test_gelu_that_no_product_has_inside(tiny_encoder):
    network = encoder_network(tiny_encoder, hidden_act="gelu_new")
    timings = time_products(network, FusedNetwork(network, FLOAT), 24)
    assert {t.follows for t in timings if t.product in ("in", "up")} == {""}


def test_an_encoder_of_another_kind(tiny_encoder):
    network = encoder_network(tiny_encoder, attn_implementation="eager")
    assert time_products(network, network, 24) == []
