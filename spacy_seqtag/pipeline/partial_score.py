"""Scores of entities whose gold annotation is partial.

spaCy leaves a predicted entity out where one of its words is missing in the gold annotation. Of
such words it may be known that they belong to no entity of some labels (`spacy_seqtag.partial`): an
entity of these labels is wrong there, one of another label still neither right nor wrong.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import numpy as np
from spacy.scorer import PRFScore, get_ner_prf
from spacy.tokens import Doc, Span
from spacy.training import Example

from ..arrays import Bools
from ..partial import NO_ENTITY

# Names of scores, with figures, and dicts of figures.
_Metrics = dict[str, Any]


def entity_scores(examples: Iterable[Example], **kwargs: Any) -> _Metrics:  # noqa: ANN401
    """Score entities by exact boundaries and label; unknown words do not count against anybody.

    examples (Iterable[Example]): Predicted and gold Docs.
    **kwargs: As for `spacy.scorer.get_ner_prf`, which scores corpora without partial annotation.
    RETURNS (dict[str, Any], 0 to 1): `ents_p`, `ents_r`, `ents_f` and `ents_per_type`; None where
        there is nothing to count.
    """
    examples = list(examples)
    if not any(NO_ENTITY in example.reference.spans for example in examples):
        metrics: _Metrics = get_ner_prf(examples, **kwargs)
        return metrics
    per_type: dict[str, PRFScore] = defaultdict(PRFScore)
    for example in examples:
        _count(example, per_type)
    totals = PRFScore()
    for score in per_type.values():
        totals += score
    found = len(totals) > 0
    return {
        "ents_p": totals.precision if found else None,
        "ents_r": totals.recall if found else None,
        "ents_f": totals.fscore if found else None,
        "ents_per_type": {k: v.to_dict() for k, v in per_type.items()} if found else None,
    }


def _count(example: Example, per_type: dict[str, PRFScore]) -> None:
    """Count the entities of an example that are right, wrong and missed."""
    gold = example.reference
    if NO_ENTITY not in gold.spans and not gold.has_annotation("ENT_IOB"):
        return
    for ent in example.predicted.ents:
        per_type[ent.label_]  # spaCy names the labels of all predicted entities
    judged, missed = judge_entities(example)
    for ent, is_right in judged:
        per_type[ent.label_].tp += is_right
        per_type[ent.label_].fp += not is_right
    for label in missed:
        per_type[label].fn += 1


def judge_entities(example: Example) -> tuple[list[tuple[Span, bool]], list[str]]:
    """Say which predicted entities are right or wrong, and which gold ones are missed.

    A gold entity makes one predicted entity right: the first, where several have its words.

    example (Example): Predicted and gold Doc.
    RETURNS (tuple[list[tuple[Span, bool]], list[str]]): The predicted entities of which it is
        known, each with True if it is right; and the labels of the gold entities that are missed.
    """
    gold = example.reference
    missed = {(ent.label_, ent.start, ent.end) for ent in gold.ents}
    known = gold.to_array("ENT_IOB") != 0
    absent = _absent(gold)
    words = example.alignment.x2y
    judged: list[tuple[Span, bool]] = []
    for ent in example.predicted.ents:
        indices = words[ent.start : ent.end]
        if not len(indices):
            continue
        start, end = int(indices[0]), int(indices[-1]) + 1
        key = (ent.label_, start, end)
        if key in missed:
            missed.remove(key)
            judged.append((ent, True))
        elif known[start:end].all() or (
            ent.label_ in absent and absent[ent.label_][start:end].any()
        ):
            judged.append((ent, False))
    return judged, [label for label, _, _ in missed]


def _absent(gold: Doc) -> dict[str, Bools]:
    """Mark, for each label, the tokens that belong to no entity of it."""
    result: dict[str, Bools] = {}
    for span in gold.spans.get(NO_ENTITY, ()):
        mask = result.setdefault(span.label_, np.zeros(len(gold), dtype=bool))
        mask[span.start : span.end] = True
    return result
