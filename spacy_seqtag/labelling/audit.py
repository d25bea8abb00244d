"""Find the sentences of a corpus whose annotation is probably wrong.

Each sentence is ranked, layer by layer, by its least probable token: one wrong label among many
right ones is what such an error looks like (Wang & Mueller 2022, "Detecting Label Errors in Token
Classification Data", https://arxiv.org/abs/2210.03920). The probabilities have to come from a
pipeline that was not trained on the sentence, see `folds`.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from spacy.tokens import Span

from ..corpus.cut import sentence_bounds
from .given import Doubt, Judged


class Suspect(NamedTuple):
    """A sentence with annotation that is doubtful.

    layer (str): The component that doubts it.
    document (int): Its Doc in the corpus, from 0.
    sentence (Span): The sentence, of the corpus.
    probability (float, 0 to 1): Of its least probable token.
    doubts (list[Doubt]): The tokens that would be annotated in another way, the least probable
        first. Tokens are counted within the Doc.
    """

    layer: str
    document: int
    sentence: Span
    probability: float
    doubts: list[Doubt]


def find_suspects(judged: Iterable[tuple[int, Judged]]) -> dict[str, list[Suspect]]:
    """Rank the sentences of a corpus by how improbable their annotation is.

    judged (Iterable[tuple[int, Judged]]): From `judge`, each with its Doc's number in the corpus.
    RETURNS (dict[str, list[Suspect]]): All sentences that are annotated, by layer, the least
        probable first.
    """
    found: dict[str, list[Suspect]] = {}
    for document, own in judged:
        suspects = found.setdefault(own.layer, [])
        for start, end in sentence_bounds(own.reference):
            chance = own.probabilities[start:end]
            if np.isnan(chance).all():
                continue
            doubts = [doubt for doubt in own.doubts if start <= doubt.token < end]
            doubts.sort(key=lambda doubt: doubt.probability)
            sentence = own.reference[start:end]
            suspects.append(
                Suspect(own.layer, document, sentence, float(np.nanmin(chance)), doubts)
            )
    for suspects in found.values():
        suspects.sort(key=lambda suspect: suspect.probability)
    return found


def to_row(rank: int, suspect: Suspect) -> dict[str, object]:
    """Write a sentence as a row of JSONL.

    rank (int): Its place in the list of its layer, from 1.
    suspect (Suspect): The sentence.
    RETURNS (dict[str, object]): With `text` and `spans` as Prodigy reads them, characters within
        the sentence.
    """
    sentence = suspect.sentence
    doc, offset = sentence.doc, sentence.start_char
    return {
        "rank": rank,
        "layer": suspect.layer,
        "document": suspect.document,
        "text": sentence.text,
        "probability": round(suspect.probability, 6),
        "spans": [
            {
                "start": doc[doubt.token].idx - offset,
                "end": doc[doubt.token].idx + len(doc[doubt.token]) - offset,
                "text": doc[doubt.token].text,
                "label": doubt.given,
                "found": doubt.found,
                "probability": round(doubt.probability, 6),
                "found_probability": round(doubt.found_probability, 6),
            }
            for doubt in suspect.doubts
        ],
    }
