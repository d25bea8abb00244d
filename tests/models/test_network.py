"""The network: micro-batches, fused layers, embeddings that learn in place."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F
from transformers import AutoModel

from spacy_seqtag.models import network as network_module
from spacy_seqtag.models.network import (
    EmbedInPlace,
    EncoderNetwork,
    FusedLinear,
    FusedNetwork,
    can_pack,
    micro_batches,
)


def starts_of(lengths):
    return np.cumsum(lengths) - lengths


@given(
    st.lists(st.integers(0, 90), min_size=1, max_size=40),
    st.integers(1, 400),
    st.integers(90, 130),
    st.booleans(),
)
def test_micro_batches(lengths, max_rows, max_length, mixed):
    """Every wordpiece is in one row, at its place in its window, and the limits hold."""
    lengths = np.asarray(lengths)
    starts = starts_of(lengths)
    batches, order = micro_batches(starts, lengths, max_rows, max_length, mixed)
    kept = np.concatenate([batch.rows[batch.kept] for batch in batches])
    np.testing.assert_array_equal(kept, order)
    np.testing.assert_array_equal(np.sort(order), np.arange(lengths.sum()))
    position_of = np.concatenate([np.arange(n) for n in lengths])
    for batch in batches:
        np.testing.assert_array_equal(np.flatnonzero(batch.real), batch.kept)
        np.testing.assert_array_equal(
            batch.positions[batch.kept], position_of[batch.rows[batch.kept]]
        )
        assert len(batch.groups) == 1 or mixed
        assert batch.groups[0].begin == 0
        n_windows = 0
        for group, after in zip(batch.groups, [*batch.groups[1:], None], strict=True):
            assert after is None or after.begin == group.end
            assert group.length <= max_length
            assert group.length % 16 == 0 or group.length == max_length
            real = batch.real[group.begin : group.end]
            assert group.masked == (not real.all())
            # No rows of one window among those of another.
            windows = batch.rows[group.begin : group.end].view(group.windows, group.length)
            for window, is_real in zip(
                windows, real.view(group.windows, group.length), strict=True
            ):
                pieces = window[is_real]
                if len(pieces):
                    (number,) = np.flatnonzero((starts == int(pieces[0])) & (lengths > 0))
                    assert len(pieces) == lengths[number]
            n_windows += group.windows
        end = batch.groups[-1].end
        assert end <= max_rows or n_windows == 1
        assert len(batch.rows) == end or (mixed and len(batch.rows) <= min(end * 1.5, max_rows))
        assert not batch.real[batch.groups[-1].end :].any()


def test_few_sizes_and_little_padding():
    """Of documents of all lengths in windows of 128."""
    sizes, n_rows, n_padded = set(), 0, 0
    generator = np.random.default_rng(0)
    for total in generator.integers(500, 20_000, 300).tolist():
        lengths = generator.integers(90, 129, total // 110)
        batches, _ = micro_batches(starts_of(lengths), lengths, 4096, 512, mixed=True)
        sizes.update(len(batch.rows) for batch in batches)
        n_rows += sum(batch.groups[-1].end for batch in batches)
        n_padded += sum(len(batch.rows) for batch in batches)
    assert len(sizes) <= 17
    assert n_padded < 1.03 * n_rows


@pytest.mark.parametrize(
    ("left", "parts"),
    [(5000, [4096, 904]), (2900, [2900]), (2300, [2048, 252]), (600, [512, 88]), (400, [400])],
)
def test_what_is_left_goes_through_in_parts(left, parts):
    lengths = np.full(left // 4, 4)
    batches, _ = micro_batches(starts_of(lengths), lengths, 4096, 4, mixed=True)
    assert [batch.groups[-1].end for batch in batches] == parts
    assert all(len(batch.rows) <= 1.5 * n for batch, n in zip(batches, parts, strict=True))


def test_windows_of_unlike_lengths():
    """Apart, if they are many; together, where the network takes them so."""
    lengths = np.asarray([128] * 10 + [40] * 30)
    apart, _ = micro_batches(starts_of(lengths), lengths, 4096, 512, mixed=False)
    assert [[(g.windows, g.length) for g in batch.groups] for batch in apart] == [
        [(10, 128)],
        [(30, 48)],
    ]
    together, _ = micro_batches(starts_of(lengths), lengths, 4096, 512, mixed=True)
    assert [[(g.windows, g.length) for g in batch.groups] for batch in together] == [
        [(10, 128), (30, 48)]
    ]


def encoder_network(folder, word_case=True, **settings):
    torch.manual_seed(0)
    network = EncoderNetwork(AutoModel.from_pretrained(folder, **settings), word_case).eval()
    for name, weights in network.named_parameters():
        # A new model is nearly a constant function.
        nn.init.normal_(weights, 1.0 if name.endswith("LayerNorm.weight") else 0.0, 0.3)
    return network


def encode(network, lengths, max_rows=100, max_length=48, with_case=True):
    lengths = np.asarray(lengths)
    starts = starts_of(lengths)
    generator = np.random.default_rng(0)
    ids = torch.from_numpy(generator.integers(5, 100, lengths.sum()))
    cases = torch.from_numpy(generator.integers(0, 8, lengths.sum())) if with_case else None
    batches, order = micro_batches(starts, lengths, max_rows, max_length, network.mixed)
    with torch.no_grad():
        return network(ids, cases, batches, torch.from_numpy(order))


LENGTHS = [3, 16, 17, 41, 8, 16, 48, 30, 2, 33]


@pytest.mark.parametrize("word_case", [True, False])
@pytest.mark.parametrize("activation", ["gelu", "gelu_new"])
def test_fused_network_is_the_same_function(tiny_encoder, word_case, activation):
    network = encoder_network(tiny_encoder, word_case, hidden_act=activation)
    expected = encode(network, LENGTHS, with_case=word_case)
    assert expected.std(dim=0).mean() > 0.1
    fused = FusedNetwork(network, torch.float32)
    for max_rows in (1, 100, 10_000):
        found = encode(fused, LENGTHS, max_rows, with_case=word_case)
        np.testing.assert_allclose(found, expected, atol=2e-5)
    for dtype, tolerance in ((torch.float16, 0.02), (torch.bfloat16, 0.1)):
        found = encode(FusedNetwork(network, dtype), LENGTHS, with_case=word_case)
        assert found.dtype == torch.float32
        np.testing.assert_allclose(found, expected, atol=tolerance)


def test_fused_network_without_packed_weights(tiny_bert, monkeypatch):
    network = encoder_network(tiny_bert)
    expected = encode(network, LENGTHS)
    monkeypatch.setattr(network_module, "can_pack", lambda dtype: False)
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


@pytest.mark.parametrize(
    ("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.bfloat16, 0.05)], ids=str
)
def test_packed_linear(dtype, tolerance):
    if not can_pack(dtype):
        pytest.skip(f"this build or CPU has no packed weights in {dtype}")
    torch.manual_seed(0)
    layers = [nn.Linear(32, 48), nn.Linear(32, 16)]
    rows, residual = torch.randn(20, 32), torch.randn(20, 64)
    product = torch.cat([layer(rows) for layer in layers], dim=1).detach()
    linear = FusedLinear(layers, dtype)
    assert linear.packed
    found = linear(rows.to(dtype), residual.to(dtype))
    np.testing.assert_allclose(found.float(), product + residual, atol=tolerance)
    np.testing.assert_allclose(linear(rows.to(dtype)).float(), product, atol=tolerance)
    found = FusedLinear(layers, dtype, gelu=True)(rows.to(dtype))
    np.testing.assert_allclose(found.float(), F.gelu(product), atol=tolerance)


@pytest.mark.parametrize("n", [0, 3, 100_000])
def test_memory_for_vectors(n):
    """On the heap or mapped: it can be written, and outlives the tensor."""
    made = network_module.vectors(n, 32, torch.device("cpu"))
    assert made.shape == (n, 32)
    assert made.dtype == torch.float32
    made[:] = 1.5
    array = made.numpy()[n // 2 :]
    del made
    assert (array == 1.5).all()


def test_embeddings_learn_in_place():
    """The same gradient as PyTorch's own, also of a row that is read twice and of two passes."""
    torch.manual_seed(0)
    ids = torch.tensor([3, 1, 3, 0])
    factors = torch.randn(4, 5)
    ours, theirs = nn.Embedding(6, 5), nn.Embedding(6, 5)
    theirs.load_state_dict(ours.state_dict())
    for _ in range(2):
        embedded = EmbedInPlace.apply(ours.weight, ids, None)
        assert torch.equal(embedded, theirs(ids))
        (embedded * factors).sum().backward()
        (theirs(ids) * factors).sum().backward()
        assert torch.equal(ours.weight.grad, theirs.weight.grad)


def test_embeddings_learn_in_place_keeps_padding_still(tiny_encoder):
    """As in PyTorch's own, the padding's vector has no gradient."""
    network = encoder_network(tiny_encoder, word_case=False).train()
    padding = network.transformer.get_input_embeddings().padding_idx
    assert padding is not None
    lengths = np.asarray([4])
    batches, order = micro_batches(np.asarray([0]), lengths, 100, 48, mixed=False)
    ids = torch.tensor([7, padding, 8, 9])
    network(ids, None, batches, torch.from_numpy(order)).pow(2).sum().backward()
    gradient = network.transformer.get_input_embeddings().weight.grad
    assert (gradient[[7, 8, 9]] != 0).any(dim=1).all()
    assert not gradient[padding].any()
