"""Passes of a pipeline over a corpus, to be compared: how right it annotates, and how fast."""

from collections.abc import Sequence
from time import perf_counter
from typing import NamedTuple

from spacy.language import Language
from spacy.scorer import Scorer
from spacy.training import Example

from .stages import Stages, not_shown

SCORES = ("pos_acc", "tag_acc", "ents_f", "srl_f")
"""What passes are compared by."""


class Pass(NamedTuple):
    """What a corpus was annotated like.

    scores (dict[str, float]): Those of `SCORES` that the pipeline has, from 0 to 1.
    words_per_second (float): On this machine.
    """

    scores: dict[str, float]
    words_per_second: float

    def lost_since(self, before: "Pass") -> dict[str, float]:
        """Return how many points of a hundred it has lost beside another one, by score."""
        return {name: 100 * (was - self.scores[name]) for name, was in before.scores.items()}


def annotate(
    nlp: Language, examples: list[Example], stages: Stages, what: str = "Annotate"
) -> list[Example]:
    """Annotate the predicted Docs of examples.

    nlp (Language): The pipeline.
    examples (list[Example]): They get what it returns.
    stages (Stages): Shown how far it is.
    what (str): What it is told that this is.
    RETURNS (list[Example]): The same.
    """
    step = stages(what, len(examples))
    for example, doc in zip(examples, nlp.pipe(example.predicted for example in examples)):
        example.predicted = doc
        step()
    return examples


def measure_pass(
    nlp: Language, examples: Sequence[Example], what: str, stages: Stages = not_shown
) -> Pass:
    """Annotate a corpus, and score it.

    nlp (Language): The pipeline.
    examples (Sequence[Example]): The corpus, at least one, not annotated; it stays as it is.
    what (str): What is told to `stages`.
    stages (Stages): Shown how far it is.
    """
    copies = [Example(eg.predicted.copy(), eg.reference) for eg in examples]
    # A first document, so that making the predictor and compiling kernels does not count.
    for _ in nlp.pipe([copies[0].predicted.copy()]):
        pass
    start = perf_counter()
    annotate(nlp, copies, stages, what)
    seconds = perf_counter() - start
    found = Scorer(nlp).score(copies)
    scores = {name: found[name] for name in SCORES if found.get(name) is not None}
    return Pass(scores, sum(len(eg.predicted) for eg in copies) / seconds)
