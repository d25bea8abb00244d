"""The tie by which an argument (or part) finds its predicate."""

from bisect import bisect_right
from functools import lru_cache

from spacy.tokens import Doc, Span

from ..confidence import TIE
from .groups import Record


@lru_cache(maxsize=1 << 12)
def make_tie(distance: int) -> str:
    """Write a distance as a tie: `+12`, `-5`, `+0`.

    distance (int): From the start of an argument to that of its predicate.
    """
    return f"{distance:+d}"


def read_tie(doc: Doc, span: Span | Record) -> int | None:
    """Read the distance in characters that `kb_id_` says.

    doc (Doc): Of the span.
    span (Span or Record): An argument or part.
    RETURNS (int | None, characters): None if `kb_id_` is no tie.
    """
    kb_id = doc.vocab.strings[span.kb_id] if span.kb_id else ""
    return int(kb_id) if TIE.fullmatch(kb_id) else None


def predicate_of(span: Span) -> int | None:
    """Find the token to which the tie of an argument (or part) leads.

    span (Span): As it is in `span_groups(doc)`.
    RETURNS (int | None): Its position; None if there is no tie, or it leads out of the Doc.
    """
    doc, tie = span.doc, read_tie(span.doc, span)
    if tie is not None:
        place = span.start_char + tie
        at = bisect_right(range(len(doc)), place, key=lambda i: doc[i].idx) - 1
        return at if at >= 0 and place < doc[at].idx + len(doc[at]) else None
    try:
        at = span.start + int(span.id_)
    except ValueError:
        return None
    return at if 0 <= at < len(doc) else None
