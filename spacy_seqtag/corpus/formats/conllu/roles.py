r"""Semantic roles in the MISC column of CoNLL-U, as the package writes and reads them.

- `Roleset=give.01`: the word is a predicate; `Roleset=V` if its roleset is unknown.
- `Roles=2:B-ARG0,5:I-ARG1`: what the word is to which predicates, each named by its ID, as IOB2
  tags of the roles. `C-V` continues the predicate itself; a role in pieces has `C-ARG1` after
  `ARG1`, each a span of its own.

Blanks, bars, commas and backslashes in labels are written `\s`, `\p`, `\c` and `\\`.

A sentence that is annotated and has no predicate has the comment `# predicates = 0`. One that has
neither is not annotated. Where no predicate has a `Roleset`, `Roles` is somebody else's key.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from ....schemes.propositions import PREDICATE_PART, Argument, Proposition
from ...errors import FormatError, quoted
from ..comments import PREDICATES

ROLESET = "Roleset"
ROLES = "Roles"

_ESCAPES = {"\\": r"\\", " ": r"\s", "|": r"\p", ",": r"\c", "\t": r"\t", "\n": r"\n", "\r": r"\r"}
_UNSAFE = re.compile(r"[\\ |,\t\n\r]")
_ESCAPED = re.compile(r"\\.")
_UNESCAPES = {escaped: char for char, escaped in _ESCAPES.items()}
_ROLE = re.compile(r"([1-9][0-9]{0,8}):([BI])-(.+)")


def written_label(label: str) -> str:
    """Write a label so that nothing in it separates labels or columns."""
    return _UNSAFE.sub(lambda found: _ESCAPES[found[0]], label)


def read_label(text: str) -> str:
    """Read a label that `written_label` wrote."""
    return _ESCAPED.sub(lambda found: _UNESCAPES.get(found[0], found[0]), text)


def role_tag(predicate: int, role: str, *, begins: bool) -> str:
    """Write what a word is to a predicate.

    predicate (int): Its ID, from 1.
    role (str): The role. begins (bool): Whether it begins at the word.
    """
    return f"{predicate}:{'B' if begins else 'I'}-{written_label(role)}"


def read_roles(
    path: Path,
    lines: Sequence[int],
    rolesets: dict[int, str],
    roles: dict[int, str],
    *,
    none: bool,
) -> list[Proposition] | None:
    """Read the propositions of a sentence.

    path (Path), lines (Sequence[int]): The file, and the line of each word.
    rolesets, roles (dict[int, str]): The values of the keys, by the position of their words.
    none (bool): Whether a comment says that there is no predicate.
    RETURNS (list[Proposition] | None): In the order of their predicates; None where the sentence
        is not annotated.
    RAISES: FormatError: A value that is none, a role of a word that is no predicate, one that
        continues nothing, or two roles of a word to one predicate.
    """
    if not rolesets:
        return [] if none else None
    if none:
        raise FormatError(
            path,
            lines[min(rolesets)],
            f"a predicate in a sentence with the comment `# {PREDICATES} = 0`",
            f"Remove the comment, or the key {ROLESET}",
        )
    props = {i: Proposition(i, read_label(rolesets[i]), [], []) for i in sorted(rolesets)}
    open_roles: dict[int, tuple[int, str]] = {}  # by predicate: where its role is open, and which
    for i in sorted(roles):
        now: dict[int, tuple[int, str]] = {}
        for value in roles[i].split(","):
            predicate, prefix, role = _read_tag(path, lines[i], value)
            prop = props.get(predicate)
            if prop is None:
                what = f"the word with ID {predicate + 1} has no {ROLESET}"
                raise _bad_role(path, lines[i], value, what)
            if predicate == i:
                raise _bad_role(path, lines[i], value, "the word is the predicate itself")
            if predicate in now:
                raise _bad_role(path, lines[i], value, "a second role of this word")
            if prefix == "B":
                now[predicate] = (i, role)
                _add(prop, i, i + 1, role)
            elif open_roles.get(predicate, (0, ""))[1] == role and i - 1 in roles:
                now[predicate] = first = open_roles[predicate][0], role
                _add(prop, first[0], i + 1, role, extend=True)
            else:
                raise _bad_role(path, lines[i], value, "it continues no role")
        open_roles = now
    return list(props.values())


def _read_tag(path: Path, line: int, value: str) -> tuple[int, str, str]:
    found = _ROLE.fullmatch(value)
    if found is None:
        raise _bad_role(path, line, value, "expected one such as 2:B-ARG0")
    return int(found[1]) - 1, found[2], read_label(found[3])


def _add(prop: Proposition, start: int, end: int, role: str, *, extend: bool = False) -> None:
    """Add a span to a proposition, or put it in the place of the last one."""
    if role == PREDICATE_PART:
        if extend:
            prop.parts.pop()
        prop.parts.append((start, end))
        return
    if extend:
        prop.arguments.pop()
    prop.arguments.append(Argument(start, end, role))


def _bad_role(path: Path, line: int, value: str, what: str) -> FormatError:
    return FormatError(
        path,
        line,
        f"{quoted(value)} in {ROLES}: {what}",
        "Write the ID of the predicate, a colon, and the IOB2 tag of the role",
    )
