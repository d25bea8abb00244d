"""How probable a pipeline finds the annotation that a corpus gives.

Each component of ours judges its own layer. Where a layer is not annotated, there is nothing to
judge: missing is not wrong. Where a word is known to have one of several classes, the probability
of them all is judged. Temperatures count, see `calibrate`. A label that a component has never seen
has the probability 0: it is a slip of the pen, or rare.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from ..arrays import Bools, Floats, Ints
from ..errors import settings_error
from ..models.role_pairs import RoleScores
from ..pipeline.base import on_cpu
from ..pipeline.loss import MISSING
from ..pipeline.soft_targets import has_same_words
from ..pipeline.srl.component import SemanticRoleLabeller
from ..pipeline.srl.gold import GoldPairs
from ..pipeline.token_tagger import TokenTagger
from ..schemes.calibration import temper

# Documents whose vectors are in memory at the same time.
_BATCH = 32

NO_PREDICATE = "no predicate"


@dataclass(frozen=True)
class Doubt:
    """A token that a pipeline would annotate in another way than the corpus does.

    token (int): In the Doc.
    given, found (str): The label of the corpus, and the most probable one. That of a role names its
        predicate: `B-ARG1 of gave`. Where the corpus only says what a word is not: `not B-PER`.
    probability, found_probability (float, 0 to 1): Of both.
    """

    token: int
    given: str
    found: str
    probability: float
    found_probability: float


@dataclass(frozen=True)
class JudgedLayer:
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


def judge(nlp: Language, examples: Iterable[Example]) -> Iterator[JudgedLayer]:
    """Compute the probabilities of the annotation of a corpus.

    nlp (Language): A trained pipeline.
    examples (Iterable[Example]): Both Docs of each have the same words; see
        `spacy_seqtag.Corpus.v1`.
    YIELDS (JudgedLayer): For each Doc and each component of ours, in this order.
    RAISES: ValueError: The encoder of a component did not run, or one merges or splits words.
    """
    rest = iter(examples)
    while batch := list(islice(rest, _BATCH)):
        for example, doc in zip(batch, nlp.pipe([example.predicted for example in batch])):
            example.predicted = doc
        if not all(map(has_same_words, batch)):
            raise settings_error(
                f"a component of the pipeline ({', '.join(nlp.pipe_names)}) merges or splits "
                "words, so that it judges other words than the corpus has. Give a pipeline "
                "without it"
            )
        by_layer = []
        for name, component in nlp.pipeline:
            if not isinstance(component, TokenTagger | SemanticRoleLabeller):
                continue
            component.require_weights()
            if component.unread([example.predicted for example in batch]):
                raise settings_error(
                    f"the transformer that {name!r} listens to did not run: it is disabled or not "
                    "in the pipeline. Give the pipeline as it was trained"
                )
            if isinstance(component, TokenTagger):
                by_layer.append(_judge_tokens(name, component, batch))
            else:
                by_layer.append(_judge_roles(name, component, batch))
        for of_doc in zip(*by_layer):
            yield from of_doc


def _judge_tokens(
    layer: str, tagger: TokenTagger, examples: Sequence[Example]
) -> list[JudgedLayer]:
    """Judge a layer that gives each token one class."""
    result = []
    temperature = tagger.temperature("tags")
    predicted = tagger.predict([example.predicted for example in examples])
    with tagger.knowing_all(examples):
        classes = tagger.classes
        known = [(tagger.encode(eg), tagger.possible_classes(eg)) for eg in examples]
    for example, own, (given, possible) in zip(examples, predicted, known):
        probs = _widened(temper(own, temperature), len(classes))
        chance = _chance_of(probs, given)
        doubts = _doubts(np.arange(len(given)), probs, given, chance, classes)
        if possible is not None:
            doubts += _judge_sets(probs, given, possible, chance, classes)
        doubts.sort(key=lambda doubt: doubt.token)
        result.append(JudgedLayer(layer, example.reference, chance, doubts))
    return result


def _judge_sets(
    probs: Floats, given: Ints, possible: Bools, chance: Floats, classes: Sequence[str]
) -> list[Doubt]:
    """Judge tokens of which it is only known which classes they may have.

    chance (float32, (tokens,)): Gets the probability of these classes together.
    """
    rows = np.flatnonzero((given == MISSING) & ~possible.all(axis=1))
    chance[rows] = np.minimum((probs[rows] * possible[rows]).sum(axis=1), 1.0)
    best = probs.argmax(axis=1)
    return [
        Doubt(
            row,
            f"not {classes[best[row]]}",
            classes[best[row]],
            float(chance[row]),
            float(probs[row, best[row]]),
        )
        for row in rows.tolist()
        if not possible[row, best[row]]
    ]


def _judge_roles(
    layer: str, labeller: SemanticRoleLabeller, examples: Sequence[Example]
) -> list[JudgedLayer]:
    """Judge predicates, and the rolesets and roles of the predicates that are given."""
    docs = [example.predicted for example in examples]
    with labeller.knowing_all(examples):
        gold, classes = labeller.gold_pairs(examples), labeller.classes
    scores = labeller.model.predict((docs, lambda *_: gold))
    of_words = _tempered(labeller, scores, "predicates")
    word_chance = _chance_of(of_words, gold.is_predicate)
    ends = np.cumsum([0, *map(len, docs)]).tolist()
    judged = []
    for example, start, end in zip(examples, ends, ends[1:]):
        own = slice(start, end)
        chance = word_chance[own].copy()
        doubts = _doubts(
            np.arange(end - start),
            of_words[own],
            gold.is_predicate[own],
            chance,
            (NO_PREDICATE, "predicate"),
        )
        judged.append(JudgedLayer(layer, example.reference, chance, doubts))
    _judge_frames(labeller, scores, gold, classes, judged, ends)
    for own_doc in judged:
        own_doc.doubts.sort(key=lambda doubt: doubt.token)
    return judged


def _judge_frames(
    labeller: SemanticRoleLabeller,
    scores: RoleScores,
    gold: GoldPairs,
    classes: Sequence[str],
    judged: Sequence[JudgedLayer],
    ends: Sequence[int],
) -> None:
    """Judge the roleset and the roles of each given predicate, and add that to its Doc.

    classes (Sequence[str]): The BIO tags of the roles; those that the labeller has come first.
    judged (Sequence[JudgedLayer]): Of each Doc; changed in place.
    ends (Sequence[int]): Where each Doc begins in the batch, and where the last one ends.
    """
    of_pairs = _widened(_tempered(labeller, scores, "roles"), len(classes))
    of_rolesets = _tempered(labeller, scores, "rolesets")
    pair_ends = np.cumsum([0, *gold.lengths.tolist()])
    rolesets = [*labeller.lexicon.rolesets, ""]  # candidates that are padding are the last one
    numbers = np.searchsorted(ends[1:], gold.predicates, side="right").tolist()
    for row, number in enumerate(numbers):
        own, offset = judged[number], ends[number]
        token = gold.predicates[row : row + 1] - offset
        predicate = own.reference[int(token[0])].text
        if gold.roleset[row] != MISSING:
            given = gold.roleset[row : row + 1]
            probs = of_rolesets[row : row + 1]
            names = [rolesets[n] for n in gold.rolesets[row].tolist()]
            _add(own, token, probs, given, names)
        pairs = slice(pair_ends[row], pair_ends[row + 1])
        tokens = np.arange(gold.starts[row], gold.ends[row]) - offset
        names = [f"{name} of {predicate}" for name in classes]
        _add(own, tokens, of_pairs[pairs], gold.role[pairs], names)


def _add(
    judged: JudgedLayer, tokens: Ints, probs: Floats, given: Ints, names: Sequence[str]
) -> None:
    """Add what is thought of further classes of some tokens."""
    chance = _chance_of(probs, given)
    judged.probabilities[tokens] = np.fmin(judged.probabilities[tokens], chance)
    judged.doubts.extend(_doubts(tokens, probs, given, chance, names))


def _widened(probs: Floats, n_classes: int) -> Floats:
    """Add the classes that a component does not have, with the probability 0."""
    return np.pad(probs, ((0, 0), (0, n_classes - probs.shape[1])))


def _tempered(labeller: SemanticRoleLabeller, scores: RoleScores, head: str) -> Floats:
    probs = np.asarray(on_cpu(labeller.model.ops, getattr(scores, head)))
    return temper(probs, labeller.temperature(head))


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
