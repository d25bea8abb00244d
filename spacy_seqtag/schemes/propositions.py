"""Predicates with their arguments, as PropBank (Palmer et al. 2005) annotates them.

Also the columns of brackets in which PropBank's releases and the CoNLL shared tasks write them.

Roles are `ARG0` to `ARG5`, `ARGA` and `ARGM-…`. Two prefixes refer to another argument `X` of the
same predicate: `C-X` continues it after an interruption, and `R-X` refers to it (a relative
pronoun). `C-V` continues the predicate itself (the particle in "gave it up").
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

PREDICATE = "V"
PREDICATE_PART = "C-V"
CONTINUES = "C-"
NO_ROLESET = "-"

# What `read_propositions` counts, with forms for one and many (see `corpus.plural`).
SEVERAL_TOKENS = (
    "<predicate|predicates> of several words: the first is the predicate, the others continue it"
)
LATER_ROLESET = "<predicate|predicates> whose roleset stands at a later word than <its|their> first"
TWICE = "<predicate|predicates> annotated twice: the first annotation was kept"
LINKS = "<link|links> (LINK-...) left out: <it is no argument|they are no arguments>"

_ROLE = re.compile(r"[^()*\s]+")
_STARLESS = re.compile(r"^((?:\([^()*]+)+)(\)+)$")
_CELL = re.compile(r"((?:\([^()*\s]+)*)\*(\)*)")


class Argument(NamedTuple):
    """An argument of a predicate.

    start, end (int, token positions): The end is exclusive.
    role (str): Its label, such as `ARG0`.
    """

    start: int
    end: int
    role: str


class Proposition(NamedTuple):
    """One predicate with its arguments, as token positions in a sentence or a Doc.

    predicate (int, token position): The predicate is one token.
    roleset (str): Its sense, such as `give.01`; `V` if that is unknown.
    arguments (list[Argument]): In the order of their words.
    parts (list[tuple[int, int]], token positions): Start and end of what continues the predicate.
    """

    predicate: int
    roleset: str
    arguments: list[Argument]
    parts: list[tuple[int, int]]

    @classmethod
    def of_spans(cls, predicate: int, roleset: str, spans: Iterable[Argument]) -> "Proposition":
        """Make a proposition of a predicate's spans, of which `C-V` continue it.

        predicate (int, token position), roleset (str): See above.
        spans (Iterable[Argument]): In the order of their words.
        """
        spans = list(spans)
        arguments = [span for span in spans if span.role != PREDICATE_PART]
        parts = [(start, end) for start, end, role in spans if role == PREDICATE_PART]
        return cls(predicate, roleset, arguments, parts)

    def moved(self, by: int) -> "Proposition":
        """Shift all positions of the proposition, as from a sentence to its Doc.

        by (int, tokens): May be negative.
        """
        return Proposition(
            self.predicate + by,
            self.roleset,
            [Argument(start + by, end + by, role) for start, end, role in self.arguments],
            [(start + by, end + by) for start, end in self.parts],
        )


class ColumnError(ValueError):
    """Columns of brackets that cannot be read.

    token (int): Position of the word in the sentence.
    message (str): What is wrong and what was expected.
    fix (str): How to mend it.
    """

    def __init__(self, token: int, message: str, fix: str) -> None:
        super().__init__(token, message, fix)
        self.token = token
        self.message = message
        self.fix = fix


def read_columns(
    rolesets: Sequence[str], cells: Sequence[Sequence[str]]
) -> tuple[list[Proposition], Counter[str]]:
    """Read the propositions of a sentence from its rows: see `read_propositions`.

    cells (Sequence[Sequence[str]]): For each word, one cell for each predicate.
    """
    return read_propositions(rolesets, list(zip(*cells, strict=True)))


def read_propositions(
    rolesets: Sequence[str], columns: Sequence[Sequence[str]]
) -> tuple[list[Proposition], Counter[str]]:
    """Read the propositions of a sentence from its columns of brackets.

    Some things are common in PropBank's releases, but a `Proposition` cannot hold them. They are
    read as follows, and counted:

    - a `V` over several words: the first is the predicate, the others are a part of it;
    - a roleset at a later word of `V` or `C-V`: it belongs to the first word of `V`;
    - a column whose `V` begins at the same word as that of an earlier column: it is left out. Both
      words of "x - ray" have such a column, with the same arguments;
    - `LINK-...`, which joins a relative pronoun or a trace to its antecedent: it is left out.

    rolesets (Sequence[str]): One for each word; `-` at words that are no predicate.
    columns (Sequence[Sequence[str]]): For each predicate, in the order of the rolesets, one cell
        for each word. `(ARG0*` begins an argument, and `*)` ends it.
    RETURNS (tuple[list[Proposition], Counter[str]]): The propositions in the order of the columns,
        and how often each of these things occurred.

    RAISES: ColumnError: A cell that is malformed; a bracket that is not closed or not opened; no or
        two `V` in a column; overlapping arguments; more or fewer columns than rolesets; a roleset
        outside the `V` and `C-V` of its column.
    """
    propositions: list[Proposition] = []
    notes: Counter[str] = Counter()
    taken: set[int] = set()
    rows = _predicate_rows(rolesets, len(columns))
    for column, (row, cells) in enumerate(zip(rows, columns, strict=True)):
        found = _spans(cells, column)
        spans = [span for span in found if not span.role.startswith("LINK-")]
        if links := len(found) - len(spans):
            notes[LINKS] += links
        verb = _verb(spans, row, column)
        parts = [(start, end) for start, end, role in spans if role == PREDICATE_PART]
        within = verb.start <= row < verb.end or any(start <= row < end for start, end in parts)
        if not within:
            raise ColumnError(
                row,
                f"column {column + 1} of the arguments is that of {rolesets[row]!r}, but its V is "
                f"at word {verb.start + 1}",
                "Order the columns as the predicates",
            )
        if verb.start in taken:
            notes[TWICE] += 1
            continue
        taken.add(verb.start)
        if verb.end - verb.start > 1:
            notes[SEVERAL_TOKENS] += 1
            parts = sorted([(verb.start + 1, verb.end), *parts])
        if row != verb.start:
            notes[LATER_ROLESET] += 1
        arguments = [span for span in spans if span.role not in (PREDICATE, PREDICATE_PART)]
        propositions.append(Proposition(verb.start, rolesets[row], arguments, parts))
    return propositions, notes


def _predicate_rows(rolesets: Sequence[str], n_columns: int) -> list[int]:
    """Find the words that have a roleset: as many as there are columns."""
    rows = [i for i, roleset in enumerate(rolesets) if roleset != NO_ROLESET]
    if len(rows) > n_columns:
        raise ColumnError(
            rows[n_columns],
            f"the predicate {rolesets[rows[n_columns]]!r} has no column: {len(rows)} predicates, "
            f"{n_columns} columns of arguments",
            "Give each predicate a column, in their order",
        )
    if len(rows) < n_columns:
        raise ColumnError(
            0,
            f"{n_columns} columns of arguments, but {len(rows)} predicates with a roleset",
            "Write the roleset at each predicate's word, and - at all other words",
        )
    return rows


def write_columns(
    propositions: Sequence[Proposition], n_tokens: int, name: Callable[[str], str] = str
) -> list[list[str]]:
    """Write the propositions of a sentence as columns of brackets.

    propositions (Sequence[Proposition]): One for each column.
    n_tokens (int): Words of the sentence.
    name (Callable[[str], str]): The name under which to write a role, such as `conll05_role`.
    RETURNS (list[list[str]]): The columns, with one cell for each word.

    RAISES: ValueError: Spans of a proposition that overlap or leave the sentence; a role that no
        cell can hold.
    """
    columns = []
    for proposition in propositions:
        cells = ["*"] * n_tokens
        for start, end, role in ordered_spans(proposition, n_tokens):
            cells[start] = f"({name(role)}*"
            if _ROLE.fullmatch(role) is None:
                raise ValueError(
                    f"a column cannot hold the role {role!r} of {proposition.roleset!r}"
                )
            cells[end - 1] += ")"
        columns.append(cells)
    return columns


def ordered_spans(proposition: Proposition, n_tokens: int) -> list[Argument]:
    """Return the spans of a proposition in the order of their words: `V`, `C-V` and arguments.

    proposition (Proposition): In a sentence.
    n_tokens (int): Words of the sentence.

    RAISES: ValueError: Spans that overlap or leave the sentence.
    """
    predicate, roleset, arguments, parts = proposition
    spans = [
        Argument(predicate, predicate + 1, PREDICATE),
        *(Argument(start, end, PREDICATE_PART) for start, end in parts),
        *arguments,
    ]
    spans.sort()
    last = 0
    for start, end, role in spans:
        if not last <= start < end <= n_tokens:
            raise ValueError(
                f"{role} [{start}:{end}] of {roleset!r} overlaps another span of this "
                "predicate or leaves the sentence"
            )
        last = end
    return spans


def conll05_role(role: str) -> str:
    """Return the name of a role in the CoNLL-2005 shared task: `A0`, `AM-TMP`, `C-A1`, `R-A0`, `V`.

    Source: Carreras & Màrquez (2005), https://aclanthology.org/W05-0620.

    role (str): As PropBank names it: `ARG0`, `ARGM-TMP`.
    """
    return re.sub(r"^((?:[CR]-)?)ARG", r"\1A", role)


CONLL05_ROLE = r"((?:[CR]-)?)A(?=[0-9AM])"
"""How the names begin that differ from PropBank's, as a pattern."""


def propbank_role(role: str) -> str:
    """Undo `conll05_role`: `ARG0` for `A0`. Other names stay as they are."""
    return re.sub(f"^{CONLL05_ROLE}", r"\1ARG", role)


ROLE_NAMES: dict[str, Callable[[str], str]] = {
    "keep": str,
    "propbank": propbank_role,
    "conll05": conll05_role,
}
"""How roles can be named: as they are, as in PropBank (`ARGM-TMP`), as in CoNLL-2005 (`AM-TMP`)."""


def read_entities(cells: Sequence[str]) -> list[str]:
    """Read IOB2 tags from a column of brackets as CoNLL-2012 has them.

    cells (Sequence[str]): `(PERSON)` or `(PERSON*)`, `(ORG*`, `*`, `*)`; one for each word. Of
        nested entities, such as `(ORG*` and `(GPE))`, the outer one is read.

    RAISES: ColumnError: A cell that is malformed; a bracket that is not closed or not opened.
    """
    cells = [_STARLESS.sub(r"\1*\2", cell) for cell in cells]
    tags = ["O"] * len(cells)
    for start, end, label in sorted(_spans(cells, None), key=_outer_first):
        if tags[start:end] == ["O"] * (end - start):
            tags[start:end] = [f"B-{label}"] + [f"I-{label}"] * (end - start - 1)
    return tags


def _outer_first(span: Argument) -> tuple[int, int]:
    return span.start, -span.end


@lru_cache(maxsize=1 << 12)
def _parse_cell(cell: str) -> tuple[list[str], int] | None:
    """Find the roles that a cell begins, and how many it ends; None if it is malformed."""
    match = _CELL.fullmatch(cell)
    return None if match is None else (match[1].split("(")[1:], len(match[2]))


def _spans(cells: Sequence[str], number: int | None) -> list[Argument]:
    """Read the bracketed spans of a column in the order of their words.

    number (int | None): Of the column of arguments, from 0; None for the column of entities.
    """
    spans = []
    opened: list[tuple[int, str]] = []
    for token, cell in enumerate(cells):
        if cell == "*":
            continue
        parsed = _parse_cell(cell)
        if parsed is None:
            raise ColumnError(
                token,
                f"{cell!r} in {_column(number)}, expected a cell such as (ARG0*, *, *) or (ARG0*)",
                "Correct the cell",
            )
        roles, n_closed = parsed
        if n_closed == 1 and len(roles) == 1:  # as most are
            spans.append(Argument(token, token + 1, roles[0]))
            continue
        for role in roles:
            opened.append((token, role))
        for _ in range(n_closed):
            if not opened:
                raise ColumnError(
                    token,
                    f"a bracket closes in {_column(number)} that was not opened",
                    "Remove it, or open it before",
                )
            start, role = opened.pop()
            spans.append(Argument(start, token + 1, role))
    if opened:
        token, role = opened[-1]
        raise ColumnError(
            token,
            f"the bracket of {role} in {_column(number)} stays open",
            "Close it at the last word of the argument",
        )
    return sorted(spans)


def _column(number: int | None) -> str:
    """Name a column, see `_spans`."""
    return "the column of entities" if number is None else f"column {number + 1} of the arguments"


def _verb(spans: Sequence[Argument], row: int, column: int) -> Argument:
    """Find the one `V` of a column, whose spans must not overlap."""
    verbs = [span for span in spans if span.role == PREDICATE]
    if len(verbs) != 1:
        raise ColumnError(
            verbs[1].start if verbs else row,
            f"{len(verbs)} V in column {column + 1} of the arguments, expected one",
            "Mark the predicate as (V*), and what continues it as (C-V*)",
        )
    for before, span in pairwise(spans):
        if span.start < before.end:
            raise ColumnError(
                span.start,
                f"{before.role} and {span.role} in column {column + 1} of the arguments overlap",
                "Give each word at most one role of a predicate",
            )
    return verbs[0]
