"""Which sentences of a Doc carry the layer of semantic roles."""

import numpy as np
from numpy.typing import NDArray
from spacy.attrs import IDX
from spacy.tokens import Doc, Span

from .groups import ANNOTATED, PREDICATES, records_of
from .places import find_places


def has_frames(doc: Doc) -> bool:
    """Tell whether any part of the Doc carries the layer of semantic roles.

    doc (Doc): It may carry it without having any predicate.
    """
    if ANNOTATED in doc.spans:
        return len(doc.spans[ANNOTATED]) > 0
    return PREDICATES in doc.spans


def annotated_tokens(doc: Doc) -> NDArray[np.bool_]:
    """Mark the tokens that carry the layer of semantic roles.

    doc (Doc): Any Doc.
    RETURNS (bool, (tokens,)): False at a token that was merged from words within and without.
    """
    if ANNOTATED not in doc.spans:
        return np.full(len(doc), PREDICATES in doc.spans)
    result = np.zeros(len(doc), dtype=bool)
    for span in annotated_stretches(doc):
        result[span.start : span.end] = True
    return result


def annotated_stretches(doc: Doc) -> list[Span]:
    """Find the stretches of `doc.spans["srl_annotated"]` over the tokens as they are now.

    They contain the tokens of which all words carry the layer. A token in two stretches belongs to
    the one in which it begins.

    doc (Doc): With that group.
    """
    records = records_of(doc.spans[ANNOTATED])
    if find_places(doc, records).kept:
        return list(doc.spans[ANNOTATED])
    text = doc.text
    inside = np.zeros(len(text), dtype=np.int64)
    for record in records:
        inside[record.start_char : record.end_char] = 1
    outside = np.asarray([not char.isspace() for char in text]) & (inside == 0)
    starts = doc.to_array(IDX).astype(np.int64)
    whole = (np.add.reduceat(inside, starts) > 0) & (np.add.reduceat(outside, starts) == 0)
    result = []
    for record in records:
        first, last = np.searchsorted(starts, (record.start_char, record.end_char)).tolist()
        rows = np.flatnonzero(whole[first:last])
        if len(rows):
            result.append(Span(doc, first + int(rows[0]), first + int(rows[-1]) + 1))
    return result
