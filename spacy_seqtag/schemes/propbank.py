"""Predicates with their arguments, as PropBank (Palmer et al. 2005) annotates them.

Roles are `ARG0` to `ARG5`, `ARGA` and `ARGM-…`; `C-X` continues an argument `X` of the same
predicate that other words interrupt, `R-X` refers to one (a relative pronoun). `C-V` continues
the predicate itself (the particle in "gave it up").
"""

from typing import NamedTuple

PREDICATE = "V"
PREDICATE_PART = "C-V"


class Argument(NamedTuple):
    """An argument: token positions, ``end`` exclusive, and its role."""

    start: int
    end: int
    role: str


class Proposition(NamedTuple):
    """One predicate with its arguments, as token positions in a sentence or a Doc.

    predicate: position of the predicate's token. roleset: its sense, such as ``give.01``; ``V``
    where it is not known. arguments: in the order of their words. parts: ``(start, end)`` of the
    stretches that continue the predicate (C-V).
    """

    predicate: int
    roleset: str
    arguments: list[Argument]
    parts: list[tuple[int, int]]
