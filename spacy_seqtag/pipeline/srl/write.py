"""From decoded propositions to the span groups of a Doc."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from spacy.tokens import Doc

from ...confidence import SpanConfidence
from ...frames import set_propositions
from ..base import sentence_starts
from .decode import ScoredProposition


def write_propositions(
    doc: Doc, found: Sequence[ScoredProposition], confidence: SpanConfidence | None
) -> None:
    """Write what was decoded into a Doc, with confidences. All its sentences count as annotated.

    doc (Doc): Any Doc.
    found (Sequence[ScoredProposition]): In token positions of the Doc.
    confidence (SpanConfidence | None): The extension that gets the confidences, too.
    """
    sentences = [*np.flatnonzero(sentence_starts(doc)).tolist(), len(doc)]
    set_propositions(
        doc,
        [prop.proposition for prop in found],
        annotated=pairwise(sentences),
        scores=[prop.score for prop in found],
        roleset_scores=[prop.roleset.score for prop in found],
        roleset_known=[prop.roleset.known for prop in found],
        argument_scores=[prop.argument_scores for prop in found],
        confidence=confidence,
    )
