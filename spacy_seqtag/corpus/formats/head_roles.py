"""Semantic roles of the heads in a dependency tree: CoNLL-2009, Universal PropBank 1.0.

An argument becomes the words of its head's subtree (`ReadOptions.span_from`), as PropBank annotates
them, which is what the head was taken from. So that the arguments of a predicate do not overlap,

- the branch of an argument in which the predicate is itself is cut off ("the man" of "the man who
  left" for "left");
- a word belongs to the nearest head above it: an argument within another one is cut out of it.

Where words between are gone, the first piece has the role and the next ones continue it (`C-A1`),
save for those of punctuation alone. `C-V` continues the predicate itself.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from ...schemes.propositions import CONTINUES, Argument, Proposition, propbank_role
from ..errors import FormatError, quoted
from ..plural import counted
from .remarks import Remarks

SPANS_FROM = ("subtree", "head")
"""What an argument becomes: the words of its head's subtree, or its head alone."""

ABSENT, YES = "_", "Y"
"""A cell without a value, and the mark of a predicate."""

propbank_name = lru_cache(maxsize=1 << 10)(propbank_role)

_LONGEST_ID = 9  # digits; Python refuses to convert very long numbers

_OWN_ARGUMENT = (
    "<argument is its own predicate and was|arguments are their own predicates and were> left out"
)


class HeadRows(NamedTuple):
    """The rows of a sentence, as far as spans are made of them.

    path (Path), lines (Sequence[int]): The file, and the line of each word.
    words (Sequence[str]): The words.
    heads (Sequence[str]): The cells of HEAD.
    """

    path: Path
    lines: Sequence[int]
    words: Sequence[str]
    heads: Sequence[str]


def read_head_roles(
    rows: HeadRows,
    rolesets: Mapping[int, str],
    columns: Sequence[Sequence[str]],
    span_from: str,
    remarks: Remarks,
    *,
    mark: str = f"a row with {YES}",
) -> list[Proposition]:
    """Find the predicates of a sentence with their arguments.

    rows (HeadRows): The words with their heads.
    rolesets (Mapping[int, str]): That of each predicate by its position, in order.
    columns (Sequence[Sequence[str]]): For each predicate, a cell per word: the role of the argument
        whose head the word is, or `_`.
    span_from (str): Of `SPANS_FROM`.
    remarks (Remarks): Counts arguments that are their own predicates, and left out.
    mark (str): What tells a predicate, for errors.
    RAISES: FormatError: More or fewer columns than predicates; a head that is no word of the
        sentence, or leads in a circle.
    """
    predicates = list(rolesets)
    if len(predicates) != len(columns):
        raise FormatError(
            rows.path,
            rows.lines[predicates[len(columns)]]
            if len(predicates) > len(columns)
            else rows.lines[0],
            f"{counted(len(predicates), '<predicate|predicates>')}, but "
            f"{counted(len(columns), '<column|columns>')} of arguments",
            f"Give each predicate {mark} and a column, in their order",
        )
    by_subtree = span_from == "subtree" and bool(predicates)
    heads = _heads(rows) if by_subtree else []
    result = []
    for predicate, cells in zip(predicates, columns, strict=True):
        found = {i: cell for i, cell in enumerate(cells) if cell not in (ABSENT, "")}
        if found.pop(predicate, None) is not None:
            remarks.count(_OWN_ARGUMENT, rows.lines[predicate])
        if by_subtree:
            arguments = _subtrees(found, predicate, heads, rows.words)
        else:
            arguments = [Argument(i, i + 1, role) for i, role in found.items()]
        result.append(Proposition.of_spans(predicate, rolesets[predicate], arguments))
    return result


def _heads(rows: HeadRows) -> list[int]:
    """Read the head of each word, as positions; -1 for a root.

    RAISES: FormatError: A head that is no word of the sentence, or leads in a circle.
    """
    path, lines, _, cells = rows
    size = len(cells)
    heads = []
    for line, cell in zip(lines, cells, strict=True):
        if not (cell.isdecimal() and len(cell) <= _LONGEST_ID and int(cell) <= size):
            raise FormatError(
                path,
                line,
                f"HEAD {quoted(cell)} is no word of the sentence, expected 0 (the root) to {size}",
                "Correct it, or give --span-from head, which needs no tree",
            )
        heads.append(int(cell) - 1)
    done = [False] * size  # the way from this word leads to a root
    for i in range(size):
        way: list[int] = []
        at = i
        while at >= 0 and not done[at]:
            if len(way) > size:
                raise FormatError(
                    path,
                    lines[i],
                    f"the HEADs lead from word {i + 1} in a circle, not to the root",
                    "Correct them, or give --span-from head, which needs no tree",
                )
            way.append(at)
            at = heads[at]
        for j in way:
            done[j] = True
    return heads


def _subtrees(
    roles: Mapping[int, str], predicate: int, heads: Sequence[int], words: Sequence[str]
) -> list[Argument]:
    """Make arguments of their heads: the words below, as the module says."""
    if not roles:
        return []
    owner: dict[int, int | None] = {head: head for head in roles}
    at = predicate
    while at >= 0:  # what hangs on the way to the root is in the predicate's own branch
        owner.setdefault(at, None)
        at = heads[at]
    owners = [_owner(i, heads, owner) for i in range(len(heads))]
    pieces: dict[int, list[tuple[int, int]]] = {}
    start = 0
    for head, run in groupby(owners):
        end = start + sum(1 for _ in run)
        if head is not None:
            pieces.setdefault(head, []).append((start, end))
        start = end
    arguments = []
    for head, role in roles.items():
        found = pieces[head]
        if len(found) > 1:
            found = [
                piece
                for piece in found
                if piece[0] <= head < piece[1]
                or any(char.isalnum() for word in words[slice(*piece)] for char in word)
            ]
        if role.startswith("R-"):
            found = [piece for piece in found if piece[0] <= head < piece[1]]
        more = role if role.startswith(CONTINUES) else CONTINUES + role
        arguments += [Argument(*piece, more if n else role) for n, piece in enumerate(found)]
    return sorted(arguments)


def _owner(i: int, heads: Sequence[int], owner: dict[int, int | None]) -> int | None:
    """Find the nearest head of an argument at or above a word; the way is remembered in `owner`."""
    way = []
    at = i
    while at >= 0 and at not in owner:
        way.append(at)
        at = heads[at]
    found = owner[at] if at >= 0 else None
    for j in way:
        owner[j] = found
    return found
