"""Memory for vectors."""

import pytest
import torch

from spacy_seqtag.models.network.memory import allocate_vectors


@pytest.mark.parametrize("n", [0, 3, 100_000])
def test_memory_for_vectors(n):
    """On the heap or mapped: it can be written, and outlives the tensor."""
    made = allocate_vectors(n, 32, torch.device("cpu"))
    assert made.shape == (n, 32)
    assert made.dtype == torch.float32
    made[:] = 1.5
    array = made.numpy()[n // 2 :]
    del made
    assert (array == 1.5).all()
