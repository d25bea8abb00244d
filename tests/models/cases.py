"""The table of what is registered, and what each thing takes and gives.

A new architecture, layer or span getter is tested by adding a line to `CASES`. Where it takes or
gives something else than those before, it needs a `Kind`, too: how inputs are made of Docs, and
what of its output belongs to which Doc.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import spacy
from spacy.tokens import Doc
from thinc.api import Model, Ragged

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
    """Give each word between 0 and 3 vectors, which depend on its length and place in its Doc."""
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


TRANSFORMER = Case(
    "architectures",
    "spacy_seqtag.TransformerModel.v1",
    {**ENCODER, "word_case": True, "max_batch_wordpieces": 64},
    ENCODED,
    (WIDTH,),
)
CASES = [
    TRANSFORMER,
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
        copies=False,  # Thinc copies a listener as a plain model, which cannot listen
        hears=True,
        prepare=set_width,
    ),
    Case(
        "architectures",
        "spacy_seqtag.SoftmaxTagger.v1",
        {"tok2vec": OWN_ENCODER, "nO": N_CLASSES, "dropout": 0.4},
        TOKENS,
        (N_CLASSES,),
        only_empty=False,  # Thinc's softmax does not, and components never ask it to
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
