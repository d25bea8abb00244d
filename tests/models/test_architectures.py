"""Every registered architecture, layer and span getter goes through the same trials.

A new one is tested by adding a line to `cases.CASES`.
"""

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import distribution

import numpy as np
import pytest
import srsly
import torch
from spacy.util import registry
from thinc.api import Adam, Model, fix_random_seed, set_dropout_rate

from .cases import CASES, MODELS, TRANSFORMER, WORDS, make_docs, only_empty


def of_each(cases):
    return pytest.mark.parametrize("case", cases, ids=lambda case: case.name.split(".")[1])


@pytest.fixture
def resolve(tiny_bert):
    """Function (case) to what its config makes, not initialized."""

    def with_encoder(value):
        if isinstance(value, dict):
            return {key: with_encoder(inner) for key, inner in value.items()}
        return tiny_bert if value == "ENCODER" else value

    def run(case):
        config = {f"@{case.registry}": case.name, **with_encoder(case.settings)}
        return registry.resolve({"it": config})["it"]

    return run


@pytest.fixture
def encoder(resolve):
    """An encoder for those that read what it gives to Docs."""
    fix_random_seed(0)
    return resolve(TRANSFORMER).initialize()


@pytest.fixture
def make(resolve):
    """Function (case) to a model that is initialized, with weights that make a difference."""

    def run(case):
        fix_random_seed(0)
        model = resolve(case)
        if isinstance(model, Model):
            case.prepare(model)
            model.initialize(X=None if case.hears else make_docs())
            generator = np.random.default_rng(0)
            for node in model.walk():
                for name in node.param_names:
                    shape = node.get_param(name).shape
                    node.set_param(name, generator.normal(size=shape).astype("f"))
        return model

    return run


@pytest.fixture
def predict(encoder):
    """Function (case, model, docs) to what it predicts: a list of arrays for each Doc."""

    def run(case, model, docs):
        if case.hears:
            for doc, data in zip(docs, encoder.predict(docs).doc_data, strict=True):
                doc._.trf_data = data
        inputs = case.kind.make_input(docs)
        output = model.predict(inputs) if isinstance(model, Model) else model(inputs)
        return case.kind.split(output, docs)

    return run


@pytest.fixture
def update(encoder):
    """Function (case, model) to run both passes; the gradients stay in the model."""

    def run(case, model):
        docs = make_docs()
        inputs = case.kind.make_input(docs)
        if case.hears:
            batch, backprop_encoder = encoder.begin_update(docs)
            listener = model.get_ref("listener")
            listener.receive(
                listener.get_batch_id(docs),
                batch.doc_data,
                lambda datas: backprop_encoder(
                    batch.unsplit_by_doc([list(data.tensors) for data in datas])
                ),
            )
        output, backprop = model.begin_update(inputs)
        assert case.kind.check_input_gradient(backprop(case.kind.make_gradient(output)), inputs)
        return output

    return run


def assert_same(found, expected, **tolerance):
    assert len(found) == len(expected)
    for own, other in zip(found, expected, strict=True):
        for one, two in zip(own, other, strict=True):
            if tolerance:
                np.testing.assert_allclose(one, two, **tolerance)
            else:
                np.testing.assert_array_equal(one, two)


def make_training_exact(model):
    """Have training drop nothing, and compute in full precision."""
    set_dropout_rate(model, 0.0)
    for node in model.walk():
        if node.name == "token_dropout":
            node.attrs["rate"] = 0.0
        for shim in node.shims:
            shim.precision = "float32"
            for module in shim.module.modules():
                if isinstance(module, torch.nn.Dropout):
                    module.p = 0.0
                for name in ("dropout", "dropout_prob"):  # of attention
                    if isinstance(getattr(module, name, None), float):
                        setattr(module, name, 0.0)


def differ(found, expected):
    return any(
        not np.array_equal(one, two)
        for own, other in zip(found, expected, strict=True)
        for one, two in zip(own, other, strict=True)
    )


# The trials


def test_the_table_is_complete():
    groups = {"spacy_architectures", "thinc_layers", "spacy_span_getters"}
    points = distribution("spacy-seqtag").entry_points
    registered = {point.name for point in points if point.group in groups}
    assert {case.name for case in CASES} == registered


@of_each(CASES)
def test_config_has_all_settings(case, resolve):
    """What spaCy writes into a pipeline's config: the defaults, too, and nothing but JSON."""
    filled = registry.fill({"it": {f"@{case.registry}": case.name, **case.settings}})
    assert srsly.is_json_serializable(filled)
    assert isinstance(resolve(case), Model) == (case in MODELS)


@of_each(CASES)
def test_shapes(case, make, predict):
    docs = make_docs()
    found = predict(case, make(case), docs)
    assert len(found) == len(docs)
    for doc, arrays in zip(docs, found, strict=True):
        if len(doc):
            assert tuple(array.shape[-1] for array in arrays) == case.shape
            assert all(np.isfinite(array).all() for array in arrays)
        else:
            assert not any(array.size for array in arrays)


@of_each([case for case in CASES if case.only_empty])
def test_empty_docs(case, make, predict):
    assert not any(array.size for own in predict(case, make(case), only_empty()) for array in own)


@of_each(CASES)
def test_a_doc_alone_is_as_in_a_batch(case, make, predict):
    model = make(case)
    together = predict(case, model, make_docs())
    alone = [predict(case, model, [doc])[0] for doc in make_docs() if len(doc)]
    assert_same(alone, [own for own, words in zip(together, WORDS) if words], atol=2e-5)


@of_each(MODELS)
def test_prediction_drops_nothing(case, make, predict):
    model = make(case)
    expected = predict(case, model, make_docs())
    set_dropout_rate(model, 0.5)
    assert_same(predict(case, model, make_docs()), expected)


@of_each(MODELS)
def test_training_gives_what_prediction_gives(case, encoder, make, predict, update):
    model = make(case)
    make_training_exact(model)
    make_training_exact(encoder)
    expected = predict(case, model, make_docs())
    assert_same(case.kind.split(update(case, model), make_docs()), expected, atol=2e-5)


@of_each([case for case in MODELS if case.learns])
def test_an_update_changes_what_is_predicted(case, make, predict, update):
    model = make(case)
    before = predict(case, model, make_docs())
    update(case, model)
    assert_same(predict(case, model, make_docs()), before)
    model.finish_update(Adam(0.01))
    after = predict(case, model, make_docs())
    assert differ(after, before)
    # The gradients are spent.
    model.finish_update(Adam(0.01))
    assert_same(predict(case, model, make_docs()), after)


@of_each(MODELS)
def test_bytes(case, make, resolve, predict):
    model = make(case)
    again = resolve(case).from_bytes(model.to_bytes())
    assert_same(predict(case, again, make_docs()), predict(case, model, make_docs()))
    assert again.to_bytes() == model.to_bytes()


@of_each(MODELS)
def test_disk(case, make, resolve, predict, tmp_path):
    model = make(case)
    model.to_disk(tmp_path / "model")
    again = resolve(case).from_disk(tmp_path / "model")
    assert_same(predict(case, again, make_docs()), predict(case, model, make_docs()))


@of_each([case for case in MODELS if case.copies])
def test_copy_learns_for_itself(case, make, predict, update):
    model = make(case)
    expected = predict(case, model, make_docs())
    copied = model.copy()
    assert_same(predict(case, copied, make_docs()), expected)
    assert copied.id != model.id
    if case.learns:
        update(case, copied)
        copied.finish_update(Adam(0.01))
        assert differ(predict(case, copied, make_docs()), expected)
    assert_same(predict(case, model, make_docs()), expected)


@of_each(CASES)
@pytest.mark.parametrize(
    "duplicate",
    [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))],
    ids=["deepcopy", "pickle"],
)
def test_deepcopy_and_pickle(case, make, predict, duplicate):
    model = make(case)
    expected = predict(case, model, make_docs())
    assert_same(predict(case, duplicate(model), make_docs()), expected)


@of_each(CASES)
def test_threads(case, make, predict):
    """From the first prediction on, which makes the network that annotates."""
    model, same = make(case), make(case)
    expected = predict(case, same, make_docs())
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: predict(case, model, make_docs()), range(8)))
    for found in results:
        assert_same(found, expected)
