"""Learning rates and weight decay of the layer-wise AdamW."""

from itertools import islice

import numpy as np
import pytest
from spacy.util import registry
from thinc.api import Adam

from spacy_seqtag.training.layerwise_adamw import create_layerwise_adamw
from spacy_seqtag.training.warmup_linear import create_warmup_linear


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


@pytest.mark.parametrize("grad_clip", [0.0, 1.0])
def test_the_same_steps_as_thinc(grad_clip):
    """AdamW and averages, but for the order of step and decay, the place of eps, and what averages
    start from."""
    rng = np.random.default_rng(0)
    settings = {"grad_clip": grad_clip, "use_averages": True}
    ours = create_layerwise_adamw(0.01, weight_decay=0.1, **settings)
    theirs = Adam(0.01, L2=0.1, **settings)
    a = rng.normal(size=(30, 20)).astype("f")
    b, start, kept = a.copy(), a.copy(), 1.0
    for i in range(1, 6):
        gradient = (np.sign(rng.normal(size=a.shape)) * rng.uniform(1, 2, a.shape)).astype("f")
        copied = gradient.copy()
        a, gradient = ours((1, "a.b"), a, gradient)
        b, _ = theirs((1, "a.b"), b, copied)
        kept *= (1.0 + i) / (10.0 + i)
        assert not gradient.any()
        np.testing.assert_allclose(a, b, atol=1e-4)
    # What is left of the first weights; Thinc's averages have zeros in their place.
    averages = theirs.averages[1, "a.b"] + kept * start
    np.testing.assert_allclose(ours.averages[1, "a.b"], averages, atol=1e-4)


def test_averages_start_from_the_weights():
    optimizer = create_layerwise_adamw(0.0, use_averages=True)
    for _ in range(3):
        step(optimizer, (1, "W"), [[3.0, -2.0]], [[1.0, 1.0]])
    assert optimizer.averages[1, "W"].tolist() == [[3.0, -2.0]]


def test_averages_of_a_trained_pipeline(trained, mini_examples):
    """Before the first step of a warm-up moves anything, they are the pipeline."""
    examples = mini_examples(trained)
    before = trained.evaluate(examples)["ents_f"]
    assert before > 0.9
    optimizer = create_layerwise_adamw(
        create_warmup_linear(1e-4, total_steps=100), use_averages=True
    )
    optimizer = trained.resume_training(sgd=optimizer)
    assert not optimizer.averages  # and spaCy leaves the weights alone
    trained.update(examples, sgd=optimizer)
    assert optimizer.averages
    with trained.use_params(optimizer.averages):
        assert trained.evaluate(examples)["ents_f"] == before


def test_rate_rises_and_stays_if_nobody_steps():
    schedule = create_warmup_linear(1e-4, warmup=0.2, total_steps=20)
    optimizer = create_layerwise_adamw(schedule)
    rates = []
    for _ in range(8):
        for name in ("W", "b"):  # the parameters of an update share its rate
            step(optimizer, (1, name), [[1.0]], [[1.0]])
            rates.append(optimizer.learn_rate)
    expected = [0.0, 0.25e-4, 0.5e-4, 0.75e-4, *[1e-4] * 4]
    np.testing.assert_allclose(rates, np.repeat(expected, 2))


def test_rate_follows_its_schedule_if_stepped():
    """As in `spacy train`, some parameters have no gradient in the first update."""
    expected = list(islice(create_warmup_linear(1e-4, warmup=0.2, total_steps=20), 20))
    optimizer = create_layerwise_adamw(create_warmup_linear(1e-4, warmup=0.2, total_steps=20))
    rates = []
    for i in range(20):
        step(optimizer, (1, "W"), [[1.0]], [[1.0]])
        if i > 3:
            step(optimizer, (1, "b"), [[1.0]], [[1.0]])
        rates.append(optimizer.learn_rate)
        optimizer.step_schedules()
    assert rates == expected


def test_resume_training_without_an_optimizer(trained, mini_examples):
    """With the config's own, whose schedule begins at zero and knows the end of another run."""
    trained.config["training"]["optimizer"] = {
        "@optimizers": "spacy_seqtag.LayerwiseAdamW.v1",
        "head_factor": 7.0,
        "learn_rate": {
            "@schedules": "spacy_seqtag.warmup_linear.v1",
            "initial_rate": 1e-3,
            "total_steps": 20,
        },
    }
    examples = mini_examples(trained, split="dev")
    for name in ("seqtag_pos", "seqtag_ner"):
        tagger = trained.get_pipe(name)
        for eg in examples:
            for label in tagger.find_labels(eg.reference):
                tagger.add_label(label)
    optimizer = trained.resume_training()
    losses = [trained.update(examples, sgd=optimizer, losses={}) for _ in range(40)]
    assert losses[-1]["seqtag_pos"] < losses[0]["seqtag_pos"] / 2


def test_nothing_to_update():
    optimizer = create_layerwise_adamw(0.01)
    empty = np.zeros((0, 4), dtype="f")
    assert optimizer((1, "W"), empty, empty)[0] is empty


def test_gradient_in_another_order():
    """The kernel reads memory as it lies."""
    optimizer = create_layerwise_adamw(0.01, weight_decay=0.0)
    weights = np.zeros((2, 3), dtype="f")
    gradient = np.asarray([[1, -1], [1, 1], [-1, 1]], dtype="f").T
    weights, left = optimizer((1, "W"), weights, gradient)
    np.testing.assert_allclose(weights, -0.01 * np.asarray([[1, 1, -1], [-1, 1, 1]]), rtol=1e-3)
    assert not left.any()
