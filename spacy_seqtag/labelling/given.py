"""How probable a pipeline finds the annotation that a corpus gives.

Each component of ours judges its own layer. Where a layer is not annotated, there is nothing to
judge: missing is not wrong.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from ..arrays import Bools, Floats, Ints
from ..pipeline.loss import MISSING
from ..pipeline.srl.component import SemanticRoleLabeller
from ..pipeline.token_tagger import TokenTagger
from ..schemes import bio

# Documents whose vectors are in memory at the same time.
_BATCH = 32

NO_PREDICATE = "no predicate"


@dataclass(frozen=True)
class Doubt:
    """A token that a pipeline would annotate in another way than the corpus does.

    token (int): In the Doc.
    given, found (str): The label of the corpus, and the most probable one. That of a role names its
        predicate: `B-ARG1 of gave`.
    probability, found_probability (float, 0 to 1): Of both.
    """

    token: int
    given: str
    found: str
    probability: float
    found_probability: float


@dataclass(frozen=True)
class Judged:
    """What one component says of the annotation of one Doc.

    layer (str): The component's name.
    reference (Doc): The Doc with the annotation of the corpus.
    probabilities (float32, (tokens,)): Of what is given for each token. In a layer that gives a
        token several labels, that of the least probable one. NaN where nothing is given.
    doubts (list[Doubt]): In the order of the tokens.
    """

    layer: str
    reference: Doc
    probabilities: Floats
    doubts: list[Doubt]


def judge(nlp: Language, examples: Iterable[Example]) -> Iterator[Judged]:
    """Compute the probabilities of the annotation of a corpus.

    nlp (Language): A trained pipeline.
    examples (Iterable[Example]): Both Docs of each have the same words; see
        `spacy_seqtag.Corpus.v1`.
    YIELDS (Judged): For each Doc and each component of ours, in this order.
    RAISES: ValueError: The corpus has a label that a component does not have.
    """
    rest = iter(examples)
    while batch := list(islice(rest, _BATCH)):
        for example, doc in zip(batch, nlp.pipe([example.predicted for example in batch])):
            example.predicted = doc
        by_layer = []
        for name, component in nlp.pipeline:
            if isinstance(component, TokenTagger):
                by_layer.append(_judge_tokens(name, component, batch))
            elif isinstance(component, SemanticRoleLabeller):
                by_layer.append(_judge_roles(name, component, batch))
        for of_doc in zip(*by_layer):
            yield from of_doc


def _judge_tokens(layer: str, tagger: TokenTagger, examples: Sequence[Example]) -> list[Judged]:
    """Judge a layer that gives each token one class."""
    probs = tagger.predict([example.predicted for example in examples])
    result = []
    for example, own in zip(examples, probs):
        given = tagger.encode(example)
        chance = _chance_of(own, given)
        result.append(
            Judged(
                layer,
                example.reference,
                chance,
                _doubts(np.arange(len(given)), own, given, chance, tagger.classes),
            )
        )
    return result


def _judge_roles(
    layer: str, labeller: SemanticRoleLabeller, examples: Sequence[Example]
) -> list[Judged]:
    """Judge predicates, and the roles of the predicates that are given."""
    docs = [example.predicted for example in examples]
    gold = labeller.gold_pairs(examples)
    scores = labeller.model.predict((docs, lambda *_: gold))
    ops = labeller.model.ops
    of_words: Floats = ops.to_numpy(scores.predicates)  # type: ignore[no-untyped-call]
    of_pairs: Floats = ops.to_numpy(scores.roles)  # type: ignore[no-untyped-call]
    word_chance = _chance_of(of_words, gold.is_predicate)
    pair_chance = _chance_of(of_pairs, gold.role)
    ends = np.cumsum([0, *map(len, docs)])
    pair_ends = np.cumsum([0, *gold.lengths.tolist()])
    classes = bio.bio_tags(labeller.labels)
    result = []
    for example, start, end in zip(examples, ends.tolist(), ends[1:].tolist()):
        own = slice(start, end)
        chance = word_chance[own].copy()
        doubts = _doubts(
            np.arange(end - start),
            of_words[own],
            gold.is_predicate[own],
            chance,
            (NO_PREDICATE, "predicate"),
        )
        for row in np.flatnonzero((gold.predicates >= start) & (gold.predicates < end)).tolist():
            pairs = slice(pair_ends[row], pair_ends[row + 1])
            tokens = np.arange(gold.starts[row], gold.ends[row]) - start
            chance[tokens] = np.fmin(chance[tokens], pair_chance[pairs])
            predicate = example.reference[int(gold.predicates[row]) - start].text
            names = [f"{name} of {predicate}" for name in classes]
            doubts += _doubts(tokens, of_pairs[pairs], gold.role[pairs], pair_chance[pairs], names)
        doubts.sort(key=lambda doubt: doubt.token)
        result.append(Judged(layer, example.reference, chance, doubts))
    return result


def _chance_of(probs: Floats, given: Ints) -> Floats:
    """Return the probability of the given class of each row; NaN where none is given."""
    chance = np.full(len(given), np.nan, dtype="f")
    rows: Bools = given != MISSING
    chance[rows] = probs[rows, given[rows]]
    return chance


def _doubts(
    tokens: Ints, probs: Floats, given: Ints, chance: Floats, classes: Sequence[str]
) -> list[Doubt]:
    """Find the rows whose most probable class is another one than the given class.

    tokens (int64, (rows,)): The token of each row.
    probs (Floats, (rows, classes)): NaN where the encoder did not read a Doc.
    given (int64, (rows,)), chance (float32, (rows,)): The given class and its probability.
    classes (Sequence[str]): Their names.
    """
    best = probs.argmax(axis=1) if len(probs) else given
    rows = np.flatnonzero((given != MISSING) & (best != given) & ~np.isnan(chance))
    return [
        Doubt(
            int(tokens[row]),
            classes[given[row]],
            classes[best[row]],
            float(chance[row]),
            float(probs[row, best[row]]),
        )
        for row in rows.tolist()
    ]
