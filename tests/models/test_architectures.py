"""Every registered architecture, layer and span getter through the same trials.

A new one is tested by adding a line to `CASES`. Where it takes or gives something else than those
before, it needs a `Kind`, too: how inputs are made of Docs, and what of its output belongs to which
Doc.
"""

import copy
import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from importlib.metadata import distribution
from typing import Any

import numpy as np
import pytest
import spacy
import srsly
from spacy.tokens import Doc
from spacy.util import registry
from thinc.api import Adam, Model, Ragged, fix_random_seed, set_dropout_rate

from spacy_seqtag.models.batch import hidden_states
from spacy_seqtag.models.role_pairs import Pairs, RoleScores

WIDTH = 32  # of the tiny encoder
N_CLASSES = 5


# Docs of every kind

VOCAB = spacy.blank("en").vocab
WORDS = [
    ["Anna", "flew", "from", "Berlin", "to", "London", "on", "Friday", "."],
    [],
    ["\n", "\u200b"],  # words without wordpieces
    ["x" * 300, "👩\u200d👩\u200d👧", "[SEP]", "the"],
    ["The", "season", "opened", ".", "\n\n", "It", "rained", "."] * 8,  # several windows
    ["the"],
]


def make_docs():
    return [Doc(VOCAB, words=words) for words in WORDS]


def only_empty():
    return [Doc(VOCAB), Doc(VOCAB)]


# What architectures take and give


def identity(docs):
    return docs


@dataclass(frozen=True)
class Kind:
    """What an architecture takes and gives.

    make_input: from Docs to what it takes.
    split: from its output, and the Docs, to one list of arrays a Doc.
    make_gradient: from its output to a gradient of it, of random numbers.
    check_input_gradient: whether what the backward pass gives fits what the model takes.
    """

    make_input: Callable[[list[Doc]], Any]
    split: Callable[[Any, list[Doc]], list[list[np.ndarray]]]
    make_gradient: Callable[[Any], Any] = None
    check_input_gradient: Callable[[Any, Any], bool] = None


def random_like(array):
    return np.random.default_rng(1).normal(size=array.shape).astype("f")


def same_docs(found, taken):
    return len(found) == len(taken)


TOKENS = Kind(
    make_input=identity,
    split=lambda arrays, docs: [[array] for array in arrays],
    make_gradient=lambda arrays: [random_like(array) for array in arrays],
    check_input_gradient=same_docs,
)


def split_batch(batch, docs):
    hidden = [hidden_states(data) for data in batch.doc_data]
    return [[] if array is None else [array] for array in hidden]


ENCODED = Kind(
    make_input=identity,
    split=split_batch,
    make_gradient=lambda batch: batch.unsplit_by_doc(
        [[random_like(h)] for h in map(hidden_states, batch.doc_data) if h is not None]
    ),
    check_input_gradient=same_docs,
)


def choose_pairs(docs, probs):
    """Every third token is a predicate, with all the words of its Doc."""
    bounds = np.cumsum([0, *map(len, docs)])
    stretches = [
        (i, start, end)
        for start, end in zip(bounds.tolist(), bounds[1:].tolist())
        for i in range(start, end, 3)
    ]
    predicates, starts, ends = np.asarray(stretches, dtype=np.int64).reshape(-1, 3).T
    return Pairs(predicates, starts, ends, np.tile(np.asarray([0, 2, -1]), (len(stretches), 1)))


def split_roles(scores, docs):
    bounds = np.cumsum([0, *map(len, docs)])
    own = np.searchsorted(scores.pairs.predicates, bounds)
    pairs = np.append(0, np.cumsum(scores.pairs.lengths))[own]
    return [
        [
            scores.predicates[bounds[i] : bounds[i + 1]],
            scores.rolesets[own[i] : own[i + 1]],
            scores.roles[pairs[i] : pairs[i + 1]],
        ]
        for i in range(len(docs))
    ]


def role_gradient(scores):
    parts = (scores.predicates, scores.rolesets, scores.roles)
    return RoleScores(*map(random_like, parts), scores.pairs)


ROLES = Kind(
    make_input=lambda docs: (docs, choose_pairs),
    split=split_roles,
    make_gradient=role_gradient,
    check_input_gradient=lambda found, taken: len(found) == len(taken[0]),
)


def make_ragged(docs):
    """As many vectors a word as its length modulo 4, which depend on the word alone."""
    lengths = np.asarray([len(token) % 4 for doc in docs for token in doc], dtype="i")
    seeds = [len(token) + token.i for doc in docs for token in doc]
    rows = [
        np.random.default_rng(s).normal(size=(n, WIDTH)) for s, n in zip(seeds, lengths.tolist())
    ]
    return Ragged(np.vstack([np.zeros((0, WIDTH)), *rows]).astype("f"), lengths)


def split_tokens(array, docs):
    return [[part] for part in np.split(array, np.cumsum([len(doc) for doc in docs])[:-1])]


POOLED = Kind(
    make_input=make_ragged,
    split=split_tokens,
    make_gradient=random_like,
    check_input_gradient=lambda found, taken: found.dataXd.shape == taken.dataXd.shape,
)

SPANS = Kind(
    make_input=identity,
    split=lambda spans, docs: [[np.asarray([(s.start, s.end) for s in own])] for own in spans],
)


# The table


@dataclass(frozen=True)
class Case:
    """Something registered.

    registry, name: where it is found. settings: for its config. kind: what it takes and gives.
    shape: the width of its arrays, or their number of classes. learns: whether it has weights.
    copies: whether Thinc's `copy` can copy it. only_empty: whether it takes a batch of nothing but
    empty Docs. hears: whether it reads the vectors that an encoder gave to the Docs. prepare: what
    a component does before it initializes the model.
    """

    registry: str
    name: str
    settings: dict
    kind: Kind
    shape: tuple[int, ...]
    learns: bool = True
    copies: bool = True
    only_empty: bool = True
    hears: bool = False
    prepare: Callable[[Model], None] = field(default=lambda model: None)


WINDOWS = {"@span_getters": "spacy_seqtag.sentence_windows.v1", "max_wordpieces": 24}
FIRST = {"@layers": "spacy_seqtag.reduce_first.v1"}
# The batch must not matter to what is compared, so no reduced precision.
ENCODER = {"name": "ENCODER", "get_spans": WINDOWS, "precision": "float32"}
OWN_ENCODER = {
    "@architectures": "spacy_seqtag.Tok2VecTransformer.v1",
    "pooling": FIRST,
    **ENCODER,
}
ROLE_LAYERS = {"width": 8, "heads": 2, "max_pairs": 300, "precision": "float32"}


def set_rolesets(model):
    model.get_ref("roleset_layer").set_dim("nO", 3)


def set_width(model):
    model.get_ref("listener").set_dim("nO", WIDTH)


CASES = [
    Case(
        "architectures",
        "spacy_seqtag.TransformerModel.v1",
        {**ENCODER, "word_case": True, "max_batch_wordpieces": 64},
        ENCODED,
        (WIDTH,),
    ),
    Case(
        "architectures",
        "spacy_seqtag.Tok2VecTransformer.v1",
        {**ENCODER, "pooling": {"@layers": "reduce_mean.v1"}},
        TOKENS,
        (WIDTH,),
    ),
    Case(
        "architectures",
        "spacy_seqtag.TransformerListener.v1",
        {"pooling": FIRST},
        TOKENS,
        (WIDTH,),
        learns=False,
        copies=False,  # Thinc's copy of a listener, also of spacy-transformers', is none
        hears=True,
        prepare=set_width,
    ),
    Case(
        "architectures",
        "spacy_seqtag.SoftmaxTagger.v1",
        {"tok2vec": OWN_ENCODER, "nO": N_CLASSES, "dropout": 0.4},
        TOKENS,
        (N_CLASSES,),
        only_empty=False,  # nor does Thinc's softmax, and components do not ask for it
    ),
    Case(
        "architectures",
        "spacy_seqtag.RoleTagger.v1",
        {"tok2vec": OWN_ENCODER, "nO": N_CLASSES, "dropout": 0.4, **ROLE_LAYERS},
        ROLES,
        (2, 3, N_CLASSES),
        prepare=set_rolesets,
    ),
    Case("layers", "spacy_seqtag.reduce_first.v1", {}, POOLED, (WIDTH,), learns=False),
    Case("span_getters", "spacy_seqtag.sentence_windows.v1", {"max_wordpieces": 24}, SPANS, (2,)),
]
MODELS = [case for case in CASES if case.registry != "span_getters"]


def of_each(cases):
    return pytest.mark.parametrize("case", cases, ids=lambda case: case.name.split(".")[1])


@pytest.fixture
def resolve(tiny_bert):
    """Function (case) to what its config makes, not initialized."""

    def filled(settings):
        return {
            key: filled(value)
            if isinstance(value, dict)
            else tiny_bert
            if value == "ENCODER"
            else value
            for key, value in settings.items()
        }

    def run(case):
        return registry.resolve({"it": {f"@{case.registry}": case.name, **filled(case.settings)}})[
            "it"
        ]

    return run


@pytest.fixture
def encoder(resolve):
    """An encoder for those that read what it gives to Docs."""
    fix_random_seed(0)
    return resolve(CASES[0]).initialize()


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
def test_training_gives_what_prediction_gives(case, make, predict, update):
    """But for dropout, where there is any: shapes are the same."""
    model = make(case)
    expected = predict(case, model, make_docs())
    found = case.kind.split(update(case, model), make_docs())
    shapes = [[array.shape for array in own] for own in found]
    assert shapes == [[array.shape for array in own] for own in expected]


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
    """Also for the first predictions, which may make what predicts."""
    model, same = make(case), make(case)
    expected = predict(case, same, make_docs())
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: predict(case, model, make_docs()), range(8)))
    for found in results:
        assert_same(found, expected)
