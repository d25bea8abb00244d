"""The role layers: fused, they are the same function."""

import numpy as np
import pytest
import torch

from spacy_seqtag.models.network.fused_role_context import FusedRoleContext
from spacy_seqtag.models.network.role_context import PairTensors, RoleContext


@pytest.mark.parametrize("depth", [1, 2])
def test_fused_context_is_the_same_function(depth):
    """Stretches of all lengths, also of one word."""
    torch.manual_seed(0)
    context = RoleContext(24, 32, depth, 4, 0.1).eval()
    for name, weights in context.named_parameters():
        torch.nn.init.normal_(weights, 1.0 if "norm" in name and "weight" in name else 0.0, 0.3)
    X = torch.randn(90, 24)
    starts, lengths = torch.tensor([0, 10, 0, 50, 89]), torch.tensor([70, 33, 16, 5, 1])
    steps = torch.arange(70)
    words = torch.where(steps < lengths[:, None], starts[:, None] + steps, -1)
    predicates = starts + lengths // 2
    pairs = PairTensors(torch.randperm(90), words, predicates)
    with torch.no_grad():
        expected = context(X, pairs)
        assert expected.shape == (125, 32)
        assert expected.std(dim=0).mean() > 0.1
        for dtype, tolerance in ((torch.float32, 2e-5), (torch.bfloat16, 0.15)):
            found = FusedRoleContext(context, dtype)(X, pairs)
            assert found.dtype == dtype
            np.testing.assert_allclose(found.float(), expected, atol=tolerance)
