"""Products of bytes: nearly the same function as the network that learns."""

import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from spacy_seqtag.models.network.fused import FusedLinear
from spacy_seqtag.models.network.onednn import Int8Scale, ToInt8, can_pack_int8
from spacy_seqtag.models.network.quantized import (
    ComparedNetwork,
    ObservedNetwork,
    QuantizedLinear,
    QuantizedNetwork,
    Range,
    check_ranges,
    ranges_from_bytes,
    ranges_to_bytes,
    scale_of,
)

from .networks import encode, encoder_network

LENGTHS = [3, 16, 17, 41, 8, 16, 48, 30, 2, 33]
NAMES = [f"{number}.{part}" for number in range(2) for part in ("in", "out", "up", "down")]

pytestmark = pytest.mark.skipif(
    not can_pack_int8(torch.float32), reason="this build or CPU has no products of bytes"
)


def ranges_of(network):
    observed = ObservedNetwork(network)
    assert observed.ranges == {}
    encode(observed, LENGTHS)
    return observed.ranges


def off(found, expected):
    """How far vectors are off, of their length."""
    return float((found - expected).norm() / expected.norm())


def test_numbers_as_bytes():
    scale = scale_of(-1.0, 3.0)
    rows = torch.tensor([[-1.0, 0.0, 3.0, 1.0], [-9.0, 0.007, 9.0, -0.007]])
    assert ToInt8(scale)(rows).tolist() == [[0, 64, 255, 128], [0, 64, 255, 64]]
    divisor = torch.tensor([1, 1, 2, 0.5])
    divided = ToInt8(scale, divisor)(rows * divisor)
    assert torch.equal(divided, ToInt8(scale)(rows))
    assert ToInt8(Int8Scale(0.5, 7))(torch.zeros(1, 3)).tolist() == [[7, 7, 7]]


LARGEST = """
import torch
from spacy_seqtag.models.network.onednn import Int8Scale, linear_int8, pack_int8
rows, weights = torch.full((64, 64), 255, dtype=torch.uint8), torch.full((64, 64), 0.5)
found = linear_int8(rows, Int8Scale(0.1, 0), pack_int8(weights), torch.zeros(64), torch.float32)
print(float(found.min()), float(found.max()))
"""


@pytest.mark.parametrize("instructions", ["DEFAULT", "AVX2", "AVX512_CORE"])
def test_the_largest_bytes_are_not_cut_off(instructions):
    """CPUs without VNNI add two products in 16 bits; oneDNN can be told to be one of them."""
    done = subprocess.run(
        [sys.executable, "-c", LARGEST],
        env={**os.environ, "ONEDNN_MAX_CPU_ISA": instructions},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    expected = 64 * 25.5 * 0.5
    assert list(map(float, done.stdout.split())) == pytest.approx([expected] * 2, rel=0.01)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_linear(dtype):
    torch.manual_seed(0)
    layers = [nn.Linear(32, 48), nn.Linear(32, 16)]
    rows, residual = torch.randn(200, 32), torch.randn(200, 64)
    rows[:, 3] *= 30  # as some numbers of BERT's vectors are
    read = Range(rows.amin(0), rows.amax(0))
    product = torch.cat([layer(rows) for layer in layers], dim=1).detach()
    settings = {"gelu": False, "written": None, "smooth": True}
    linear = QuantizedLinear(layers, dtype, read, **settings)
    assert off(linear(rows.to(dtype)), product) < 0.02
    assert linear(rows.to(dtype), residual.to(dtype)).dtype == dtype
    assert off(linear(rows.to(dtype), residual.to(dtype)), product + residual) < 0.02
    rough = QuantizedLinear(layers, dtype, read, **settings | {"smooth": False})
    assert off(rough(rows.to(dtype)), product) > 1.5 * off(linear(rows.to(dtype)), product)
    written = scale_of(-0.2, float(F.gelu(product).max()))
    linear = QuantizedLinear(layers, dtype, read, **settings | {"gelu": True, "written": written})
    found = linear(rows.to(dtype))
    assert found.dtype == torch.uint8
    assert off((found.float() - written.zero) * written.scale, F.gelu(product)) < 0.02


@pytest.mark.parametrize("word_case", [True, False])
@pytest.mark.parametrize("activation", ["gelu", "gelu_new"])
def test_network_is_nearly_the_same_function(tiny_encoder, word_case, activation):
    network = encoder_network(tiny_encoder, 8 if word_case else 0, hidden_act=activation)
    expected = encode(network, LENGTHS, with_case=word_case)
    ranges = ranges_of(network) if word_case else None
    if ranges is None:
        observed = ObservedNetwork(network)
        encode(observed, LENGTHS, with_case=False)
        ranges = observed.ranges
    assert sorted(ranges) == sorted(NAMES)
    quantized = QuantizedNetwork(network, torch.float32, ranges)
    for max_rows in (1, 100, 10_000):
        found = encode(quantized, LENGTHS, max_rows, with_case=word_case)
        assert 0 < off(found, expected) < 0.05
    between = QuantizedNetwork(network, torch.bfloat16, ranges)
    assert off(encode(between, LENGTHS, with_case=word_case), expected) < 0.05


def test_a_text_is_annotated_alike_whatever_is_beside_it(tiny_bert):
    network = encoder_network(tiny_bert)
    quantized = QuantizedNetwork(network, torch.float32, ranges_of(network))
    alone = encode(quantized, [41], with_case=False)
    among = encode(quantized, [41, 48, 16, 3], with_case=False)[:41]
    np.testing.assert_allclose(among, alone, atol=1e-4)


def test_products_without_a_range_stay_as_they_are(tiny_bert):
    network = encoder_network(tiny_bert)
    expected = encode(network, LENGTHS)
    ranges = ranges_of(network)
    # Among them one whose bytes the next product would read, and one that reads such bytes.
    for left in (["0.up"], ["1.down"], ["0.in", "0.out", "1.up"]):
        some = {name: found for name, found in ranges.items() if name not in left}
        quantized = QuantizedNetwork(network, torch.float32, some)
        kinds = [type(m) for m in quantized.modules() if isinstance(m, FusedLinear)]
        assert kinds == [FusedLinear] * len(left)
        assert 0 < off(encode(quantized, LENGTHS), expected) < 0.05
    none = QuantizedNetwork(network, torch.float32, {})
    np.testing.assert_allclose(encode(none, LENGTHS), expected, atol=2e-5)


def test_compared(tiny_bert):
    network = encoder_network(tiny_bert)
    ranges = ranges_of(network)
    cut = ranges["1.out"]
    ranges["1.out"] = Range(cut.low / 10, cut.high / 10)  # most numbers are beyond it
    compared = ComparedNetwork(network, ranges)
    np.testing.assert_allclose(encode(compared, LENGTHS), encode(network, LENGTHS), atol=2e-5)
    errors = compared.errors()
    assert sorted(errors) == sorted(NAMES)
    assert max(errors, key=errors.get) == "1.out"
    assert errors["1.out"] > 0.1
    assert all(0 < error < 0.01 for name, error in errors.items() if name != "1.out")


def test_ranges_are_saved(tiny_bert):
    network = encoder_network(tiny_bert)
    ranges = ranges_of(network)
    again = ranges_from_bytes(ranges_to_bytes(ranges))
    assert sorted(again) == sorted(ranges)
    for name, found in again.items():
        assert torch.equal(found.low, ranges[name].low)
        assert torch.equal(found.high, ranges[name].high)
    check_ranges(network, again)
    check_ranges(network, {})
    for name, wrong in (("2.in", ranges["0.in"]), ("0.down", ranges["0.in"])):
        with pytest.raises(ValueError, match=f"{name}.*no product of this network"):
            check_ranges(network, {name: wrong})
    with pytest.raises(ValueError, match=r"0\.in.*damaged"):
        ranges_from_bytes(
            ranges_to_bytes({"0.in": Range(torch.tensor([0.0]), torch.tensor([np.inf]))})
        )
