"""The windows in which the encoder reads Docs."""

from collections.abc import Callable, Iterable
from itertools import pairwise

import numpy as np
from spacy.tokens import Doc, Span
from spacy_transformers.util import registry


@registry.span_getters("spacy_seqtag.sentence_windows.v1")  # type: ignore[attr-defined]
def create_sentence_windows(
    max_words: int = 100, window: int = 128, stride: int = 96
) -> Callable[[Iterable[Doc]], list[list[Span]]]:
    """Create a span getter for windows of whole sentences that do not overlap.

    max_words (int): Windows are as full of neighbouring sentences as this number of words allows.
    window, stride (int): Where there is no boundary to cut at (a sentence of more than
        `max_words`, or a Doc whose sentence boundaries are unknown), windows of `window` words
        begin every `stride` words; a word in two windows gets the mean of both.

    Raises ValueError if `stride` is not between 1 and `window`.
    """
    if not 1 <= stride <= window:
        raise ValueError(f"stride = {stride} must be at least 1 and at most window = {window}.")

    def sentence_windows(docs: Iterable[Doc]) -> list[list[Span]]:
        return [
            [doc[start:end] for start, end in _windows(doc, max_words, window, stride)]
            for doc in docs
        ]

    return sentence_windows


def _windows(doc: Doc, max_words: int, window: int, stride: int) -> list[tuple[int, int]]:
    if not len(doc):
        return []
    starts = np.flatnonzero(doc.to_array("SENT_START") == 1).tolist()
    bounds = [0, *(start for start in starts if start), len(doc)]
    result: list[tuple[int, int]] = []
    begin = 0  # of the window that is being filled
    for start, end in pairwise(bounds):
        if end - begin <= max_words:
            continue
        if start > begin:
            result.append((begin, start))
        begin = start
        if end - start > max_words:
            while begin + window < end:
                result.append((begin, begin + window))
                begin += stride
            result.append((begin, end))
            begin = end
    if begin < len(doc):
        result.append((begin, len(doc)))
    return result
