"""How far probabilities of semantic roles can be relied on: what is compared with the gold ones."""

from collections.abc import Sequence

import numpy as np
from spacy.training import Example
from thinc.api import Model

from ...frames import get_frames
from ...models.role_pairs import RoleInput, RoleScores
from ...schemes.propositions import PREDICATE
from ..base import on_cpu
from ..calibrated import LabelledScores, SpanConfidences
from .gold import GoldPairs
from .score import same_positions


def labelled_pairs(
    model: Model[RoleInput, RoleScores], examples: Sequence[Example], gold: GoldPairs
) -> LabelledScores:
    """Compute the probabilities for gold predicates, by head, with the right classes.

    model (Model[RoleInput, RoleScores]): It has its weights.
    examples (Sequence[Example]): The encoder has read the predicted Docs.
    gold (GoldPairs): Of these examples.
    """
    docs = [example.predicted for example in examples]
    if not any(map(len, docs)):
        return {}
    scores = model.predict((docs, lambda *_: gold))
    return {
        head: (np.asarray(on_cpu(model.ops, probs)), right)
        for head, probs, right in (
            ("predicates", scores.predicates, gold.is_predicate),
            ("rolesets", scores.rolesets, gold.roleset),
            ("roles", scores.roles, gold.role),
        )
    }


def argument_confidences(examples: Sequence[Example]) -> SpanConfidences:
    """Collect the confidences of arguments, and which are exactly right.

    An argument is right if a gold argument of the same predicate has its boundaries and its role;
    what continues one (`C-X`) counts for itself.

    examples (Sequence[Example]): Only what the references annotate counts.
    RETURNS (SpanConfidences): `srl`, end to end: all arguments, with the probability that the
        predicate is one and the argument is its. `srl_given`: those of right predicates, with
        their own confidence, which is given the predicate.
    """
    all_found, given = (list[float](), list[bool]()), (list[float](), list[bool]())
    for example in examples:
        gold, predicted, covered = same_positions(example)
        right = {prop.predicate: set(prop.arguments) for prop in gold}
        for prop, frame in zip(predicted, get_frames(example.predicted)):
            if not covered[prop.predicate]:
                continue
            for argument, sure in zip(prop.arguments, frame.argument_confidences):
                if sure is None or frame.confidence is None or argument.role == PREDICATE:
                    continue
                hit = argument in right.get(prop.predicate, ())
                all_found[0].append(sure * frame.confidence)
                all_found[1].append(hit)
                if prop.predicate in right:
                    given[0].append(sure)
                    given[1].append(hit)
    return {"srl": all_found, "srl_given": given}
