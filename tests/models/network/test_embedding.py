"""Embeddings that learn in place."""

import numpy as np
import torch
from torch import nn

from spacy_seqtag.models.network.embedding import embed_in_place
from spacy_seqtag.models.network.encoder import NetworkInput

from .networks import encoder_network


def test_embeddings_learn_in_place():
    """The same gradient as PyTorch's own, also of a row that is read twice and of two passes."""
    torch.manual_seed(0)
    ids = torch.tensor([3, 1, 3, 0])
    factors = torch.randn(4, 5)
    ours, theirs = nn.Embedding(6, 5), nn.Embedding(6, 5)
    theirs.load_state_dict(ours.state_dict())
    for _ in range(2):
        embedded = embed_in_place(ours.weight, ids, None)
        assert torch.equal(embedded, theirs(ids))
        (embedded * factors).sum().backward()
        (theirs(ids) * factors).sum().backward()
        assert torch.equal(ours.weight.grad, theirs.weight.grad)


def test_embeddings_learn_in_place_keeps_padding_still(tiny_encoder):
    """As in PyTorch's own, the padding's vector has no gradient."""
    network = encoder_network(tiny_encoder, n_cases=0).train()
    padding = network.transformer.get_input_embeddings().padding_idx
    assert padding is not None
    ids = torch.tensor([7, padding, 8, 9])
    rows = NetworkInput(ids, None, np.asarray([0]), np.asarray([4]), 100, 48)
    network(rows).pow(2).sum().backward()
    gradient = network.transformer.get_input_embeddings().weight.grad
    assert (gradient[[7, 8, 9]] != 0).any(dim=1).all()
    assert not gradient[padding].any()
