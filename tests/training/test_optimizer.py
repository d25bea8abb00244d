"""Learning rates and weight decay of the layer-wise AdamW."""

import numpy as np
import pytest
from spacy.util import registry

from spacy_seqtag.training.optimizer import create_layerwise_adamw


def step(optimizer, key, weights, gradient):
    weights, _ = optimizer(key, np.array(weights, dtype="f"), np.array(gradient, dtype="f"))
    return weights


def test_head_learns_faster():
    optimizer = create_layerwise_adamw(0.01, head_factor=5.0, weight_decay=0.0)
    encoder = step(optimizer, (1, "encoder.layer.0.output.dense.weight"), [[1.0]], [[1.0]])
    head = step(optimizer, (2, "W"), [[1.0]], [[1.0]])
    torch_head = step(optimizer, (3, "head.linear.weight"), [[1.0]], [[1.0]])
    # Adam's first step is as long as the learning rate.
    assert 1.0 - encoder[0, 0] == pytest.approx(0.01, rel=1e-3)
    assert 1.0 - head[0, 0] == pytest.approx(0.05, rel=1e-3)
    assert torch_head[0, 0] == head[0, 0]


def test_weight_decay_spares_biases_and_norms():
    optimizer = create_layerwise_adamw(0.1, weight_decay=0.5)
    matrix = step(optimizer, (1, "W"), [[2.0]], [[0.0]])
    vector = step(optimizer, (1, "b"), [2.0], [0.0])
    assert matrix[0, 0] == pytest.approx(2.0 * (1 - 0.1 * 0.5))
    assert vector[0] == 2.0
    assert optimizer.L2 == 0.5


@pytest.mark.parametrize(
    ("embeddings", "block"),
    [
        ("embeddings.word_embeddings.weight", "encoder.layer.{}.attention.self.query.weight"),
        ("embeddings.tok_embeddings.weight", "layers.{}.attn.Wqkv.weight"),
        ("embeddings.word_embeddings.weight", "transformer.layer.{}.ffn.lin1.weight"),
    ],
)
def test_layer_decay(embeddings, block):
    optimizer = create_layerwise_adamw(1.0, head_factor=3.0, layer_decay=0.5)
    names = [embeddings, *(block.format(i) for i in range(4)), "pooler.dense.weight"]
    for name in names:  # the first pass over the parameters tells the depth
        optimizer.factor((7, name))
    factors = [optimizer.factor((7, name)) for name in names]
    assert factors == [0.5**4, 0.5**3, 0.5**2, 0.5, 1.0, 1.0]
    assert optimizer.factor((8, "W")) == 3.0


def test_schedule_and_registry():
    create = registry.get("optimizers", "spacy_seqtag.LayerwiseAdamW.v1")
    optimizer = create(iter([0.5, 0.25]), use_averages=True)
    assert optimizer.learn_rate == 0.5
    optimizer.step_schedules()
    assert optimizer.learn_rate == 0.25
    step(optimizer, (1, "W"), [[1.0]], [[1.0]])
    assert (1, "W") in optimizer.averages
