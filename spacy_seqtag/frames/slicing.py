"""Parts of a Doc with their semantic roles, which spaCy's `span.as_doc()` drops."""

from collections.abc import Sequence
from typing import Any

from spacy.tokens import Doc, Span, SpanGroup

from .following import span_groups
from .groups import (
    ANNOTATED,
    ARGUMENTS,
    GROUPS,
    PARTS,
    PREDICATES,
    attributes_of,
    attributes_of_rows,
    spans_of,
)
from .ties import predicate_of


def slice_doc(span: Span, **kwargs: Any) -> Doc:  # noqa: ANN401
    """Make a Doc of a Span's words, with its semantic roles; also `span._.as_doc()`.

    Predicates are kept, and so are the arguments and parts that lie in the Span as a whole and have
    their predicate in it. What the Span cuts, usually the sentence at its edge, is not annotated
    any more, as its arguments may lie outside.

    span (Span): Any span of a Doc.
    **kwargs: As for `span.as_doc`, which makes the Doc.
    """
    doc, start, end = span.doc, span.start, span.end
    piece = span.as_doc(**kwargs)

    def keep(part: Span) -> bool:
        target = predicate_of(part)
        return target is not None and start <= target < end

    groups = span_groups(doc)
    for name in GROUPS:
        if name in groups:
            is_tied = name in (ARGUMENTS, PARTS)
            rows = [
                row
                for row, part in enumerate(groups[name])
                if start <= part.start and part.end <= end and (not is_tied or keep(part))
            ]
            piece.spans[name] = slice_group(groups[name], piece, start, rows)
    if PREDICATES in doc.spans and ANNOTATED not in doc.spans and len(span) < len(doc):
        # All of the Doc is annotated; of the slice, its complete sentences are.
        sents = doc.sents if doc.has_annotation("SENT_START") else ()
        whole = [s for s in sents if start <= s.start and s.end <= end]
        spans = [Span(piece, s.start - start, s.end - start) for s in whole]
        piece.spans[ANNOTATED] = SpanGroup(piece, name=ANNOTATED, spans=spans)
    return piece


def slice_group(group: SpanGroup, piece: Doc, start: int, rows: Sequence[int]) -> SpanGroup:
    """Take some spans of a group, for a Doc of some of the tokens.

    Attributes with one value for each span, such as `scores`, stay parallel; others are copied.

    group (SpanGroup): As it is in `span_groups(doc)`.
    piece (Doc): Of the tokens of that Doc from `start` on.
    start (int): Position of the first of them.
    rows (Sequence[int]): Numbers of the spans; these lie within the piece as a whole.
    """
    spans = [
        Span(piece, s.start - start, s.end - start, s.label, kb_id=s.kb_id, span_id=s.id)
        for s in spans_of(group, rows)
    ]
    attrs = attributes_of_rows(attributes_of(group), SpanGroup.__len__(group), rows)
    return SpanGroup(piece, name=group.name, attrs=attrs, spans=spans)
