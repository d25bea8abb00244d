"""The span groups of semantic roles: their names, and what a group holds as spaCy stores it.

The functions read a group by the methods of `SpanGroup` itself, not by those that a `RoleGroup` has
in their place: each of these looks at all tokens of the Doc first.
"""

import struct
from collections.abc import Iterable, Sequence
from copy import copy
from typing import Any, NamedTuple, Protocol

import numpy as np
import srsly
from spacy.tokens import Span, SpanGroup

PREDICATES = "predicates"
ARGUMENTS = "srl"
PARTS = "predicate_parts"
ANNOTATED = "srl_annotated"
GROUPS = (PREDICATES, ARGUMENTS, PARTS, ANNOTATED)

# The attributes of a group, of any kind: spaCy's own type.
Attributes = dict[str, Any]


class Record(NamedTuple):
    """What a group holds of a span, in the order of `SpanGroup.to_bytes`.

    The token numbers `start` and `end` may be out of date, even beyond the end of the Doc, where
    spaCy cannot make a Span of them. `id`, `kb_id` and `label` are hashes of strings.
    """

    id: int
    kb_id: int
    label: int
    start: int
    end: int
    start_char: int
    end_char: int


def spans_of(group: SpanGroup, rows: Iterable[int] | None = None) -> list[Span]:
    """Return the spans that a group holds.

    group (SpanGroup): Of any kind.
    rows (Iterable[int] | None): Numbers of the spans; all if None.

    RAISES: IndexError: A span is beyond the end of the Doc, as tokens were merged since.
    """
    rows = range(SpanGroup.__len__(group)) if rows is None else rows
    return [SpanGroup.__getitem__(group, row) for row in rows]


def records_of(group: SpanGroup) -> list[Record]:
    """Return what a group holds of its spans, whatever became of the tokens since.

    group (SpanGroup): Of any kind.
    """
    try:
        spans = spans_of(group)
    except IndexError:
        rows = srsly.msgpack_loads(SpanGroup.to_bytes(group))["spans"]
        return [Record(*struct.unpack(">QQQllll", row)) for row in rows]
    return [Record(s.id, s.kb_id, s.label, s.start, s.end, s.start_char, s.end_char) for s in spans]


class _AttributesProperty(Protocol):
    def __get__(self, group: SpanGroup, /) -> Attributes: ...

    def __set__(self, group: SpanGroup, attrs: Attributes, /) -> None: ...


_ATTRS: _AttributesProperty = SpanGroup.__dict__["attrs"]


def attributes_of(group: SpanGroup) -> Attributes:
    """Return the attributes of a group.

    group (SpanGroup): Of any kind.
    """
    return _ATTRS.__get__(group)


def set_attributes(group: SpanGroup, attrs: Attributes) -> None:
    """Give a group other attributes.

    group (SpanGroup): Of any kind.
    attrs (Attributes): In place of those that it has.
    """
    _ATTRS.__set__(group, attrs)


def attributes_of_rows(attrs: Attributes, n_spans: int, rows: Sequence[int]) -> Attributes:
    """Return the attributes for some of the spans of a group.

    Those with one value for each span, such as `scores`, are cut; others are copied.

    attrs (Attributes): Of the whole group.
    n_spans (int): How many spans it has.
    rows (Sequence[int]): Which of them stay.
    """
    result: Attributes = {}
    for name, value in attrs.items():
        if not isinstance(value, list | tuple | np.ndarray) or len(value) != n_spans:
            result[name] = copy(value)
        elif isinstance(value, np.ndarray):
            result[name] = value[list(rows)]
        else:
            result[name] = [value[row] for row in rows]
    return result
