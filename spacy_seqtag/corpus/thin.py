"""Docs of some of a Doc's sentences, with the annotation of each.

What is left out is cut away (`cut_doc`), and the pieces are laid end to end. `Doc.from_docs` alone
would lose `user_data` and the attributes of span groups.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, islice
from typing import Any

import numpy as np
from spacy.tokens import Doc, Span, SpanGroup

from ..frames.groups import Attributes, attributes_of
from ..soft_labels import KEY as SOFT
from ..soft_labels import cut_soft_labels
from .cut import Place, UserData, cut_doc, is_of_span


def thin_doc(
    doc: Doc, groups: Iterable[Sequence[Place]], notes: Counter[str] | None = None
) -> Iterator[Doc]:
    """Yield a Doc for each group of a Doc's sentences, without what lies between these.

    groups (Iterable[Sequence[Place]]): Start and end of the sentences of each, all in order.
    notes (Counter[str] | None): Counts what a cut goes through.
    """
    runs = [_join_bounds(group) for group in groups]
    pieces = cut_doc(doc, [place for run in runs for place in run], notes)
    soft = cut_soft_labels(doc, runs)
    for n, run in enumerate(runs):
        joined = _join_pieces(list(islice(pieces, len(run))))
        if soft:
            joined.user_data[SOFT] = soft[n]
        yield joined


def _join_bounds(bounds: Iterable[Place]) -> list[Place]:
    """Join sentences that follow each other; a gap ends a stretch."""
    stretches: list[Place] = []
    for start, end in bounds:
        if stretches and start == stretches[-1][1]:
            start, _ = stretches.pop()
        stretches.append((start, end))
    return stretches


def _join_pieces(pieces: Sequence[Doc]) -> Doc:
    """Lay pieces of one Doc end to end, white space between them."""
    if len(pieces) == 1:
        return pieces[0]
    without = ("spans", "tensor", "user_data")
    doc = Doc.from_docs(list(pieces), exclude=without)  # type: ignore[call-arg]  # not in the stub
    offsets = [0, *accumulate(len(piece) for piece in pieces[:-1])]
    for name in pieces[0].spans:
        groups = [piece.spans[name] for piece in pieces]
        spans = [
            Span(doc, s.start + at, s.end + at, s.label, kb_id=s.kb_id, span_id=s.id)
            for group, at in zip(groups, offsets, strict=True)
            for s in group
        ]
        attrs = _join_attributes(groups)
        doc.spans[name] = SpanGroup(doc, name=groups[0].name, attrs=attrs, spans=spans)
    chars = [doc[at].idx for at in offsets]
    data = _join_user_data([piece.user_data for piece in pieces], chars)  # type: ignore[misc]
    doc.user_data = data  # type: ignore[assignment]  # for the stub, keys are strings
    return doc


def _join_attributes(groups: Sequence[SpanGroup]) -> Attributes:
    """Join the attributes that have one value for each span; of others take the first."""
    result: Attributes = {}
    for name, first in attributes_of(groups[0]).items():
        values: list[Any] = [attributes_of(group).get(name) for group in groups]
        lists = all(
            isinstance(value, list | tuple | np.ndarray) and len(value) == len(group)
            for value, group in zip(values, groups, strict=True)
        )
        if not lists:
            result[name] = first
        elif isinstance(first, np.ndarray):
            result[name] = np.concatenate(values)
        else:
            result[name] = [item for value in values for item in value]
    return result


def _join_user_data(pieces: Sequence[UserData], chars: Sequence[int]) -> UserData:
    """Join the `user_data` of pieces that begin at these characters; see `cut_doc`."""
    result: UserData = {}
    for data, offset in zip(pieces, chars, strict=True):
        for key, value in data.items():
            if is_of_span(key):
                kind, name, start, end = key
                end = None if end is None else end + offset
                result[kind, name, start + offset, end] = value
            elif key == "sent_ids" and isinstance(value, list):
                ids = result.setdefault(key, [])
                if isinstance(ids, list):
                    ids.extend(value)
            else:
                result.setdefault(key, value)
    return result
