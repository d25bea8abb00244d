"""An inventory of frames: the rolesets of a language with their words and roles.

A corpus shows some of a language's rolesets, and none of what they mean. An inventory, such as
PropBank's frame files (Palmer et al. 2005), lists them.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from .propositions import propbank_role

# An inventory as JSON has it: see `FrameInventory.to_rows`.
InventoryRows = list[list[Any]]

ANY = ""
"""In the place of a part of speech: any, or unknown."""

REACH = 3
"""How far behind the first word of several the others may be: "gave it all up"."""

# Verbs are tagged AUX as well, nouns PROPN.
_SAME = {"AUX": "VERB", "PROPN": "NOUN"}


class InventoryRoleset(NamedTuple):
    """A roleset as an inventory has it.

    name (str): Such as `give.01`.
    definition (str): What it means; "" if nobody says.
    words (Mapping[str, Sequence[str]]): Its words by universal part of speech, or ANY. What has
        several words is written with blanks ("give up").
    roles (Mapping[str, str]): Its roles, each with a description, which may be "".
    """

    name: str
    definition: str
    words: Mapping[str, Sequence[str]]
    roles: Mapping[str, str]


class _Entry(NamedTuple):
    """A word of a roleset. order: of the rolesets of a word. rest: the other words of the word."""

    roleset: str
    order: tuple[bool, int, str, int]
    pos: str
    rest: tuple[str, ...]


class FrameInventory:
    """The rolesets that there are, by name and by word.

    rolesets (dict[str, InventoryRoleset]): By name, in the order given.
    """

    def __init__(self, rolesets: Iterable[InventoryRoleset] = ()) -> None:
        self.rolesets = {roleset.name: roleset for roleset in rolesets}

    def __len__(self) -> int:
        return len(self.rolesets)

    def __contains__(self, roleset: str) -> bool:
        return roleset in self.rolesets

    # Made when first asked for, as a pipeline is loaded sooner without them.

    @cached_property
    def _by_word(self) -> dict[str, list[_Entry]]:
        """The words, by the first of each."""
        found: dict[str, list[_Entry]] = {}
        for number, roleset in enumerate(self.rolesets.values()):
            order = (*_by_number(roleset.name), number)
            for pos, words in roleset.words.items():
                for word in words:
                    first, *rest = word.lower().split()
                    entry = _Entry(roleset.name, order, _SAME.get(pos, pos), tuple(rest))
                    found.setdefault(first, []).append(entry)
        return found

    @cached_property
    def _core(self) -> set[str]:
        """The roles that only some rolesets have."""
        named = {role for roleset in self.rolesets.values() for role in roleset.roles}
        return {role for role in map(propbank_role, named) if not _is_adjunct(role)}

    def senses(self, words: Iterable[str], pos: str = ANY, after: Sequence[str] = ()) -> list[str]:
        """List the rolesets that a word may have, the first sense first.

        Senses of several words go before others if their other words follow, and are no senses of
        this word if they do not. Then those go before others that have the word's part of speech.
        Only the first of these groups is returned.

        words (Iterable[str]): The word and what may be its base forms, in lower case.
        pos (str): Its universal part of speech, or ANY.
        after (Sequence[str]): The words that follow it in its sentence, in lower case.
        RETURNS (list[str]): By their numbers (`give.2` before `give.10`, and `give.LV`, which has
            none, after both), then in the order of the inventory. Empty for a word that the
            inventory lacks.
        """
        pos, near = _SAME.get(pos, pos), after[:REACH]
        found: dict[tuple[bool, bool], set[tuple[tuple[bool, int, str, int], str]]] = {}
        for word in dict.fromkeys(words):
            for entry in self._by_word.get(word, ()):
                if all(other in near for other in entry.rest):
                    other_pos = bool(pos and entry.pos) and entry.pos != pos
                    key = (not entry.rest, other_pos)
                    found.setdefault(key, set()).add((entry.order, entry.roleset))
        return [name for _, name in sorted(found[min(found)])] if found else []

    def definition(self, roleset: str) -> str | None:
        """Return what a roleset means; None if nobody says.

        roleset (str): Its name.
        """
        found = self.rolesets.get(roleset)
        return (found.definition or None) if found else None

    def description(self, roleset: str, role: str) -> str | None:
        """Return what a role of a roleset is; None if nobody says.

        roleset (str): Its name.
        role (str): The role, with or without the prefix `C-` or `R-`; `A0` is `ARG0`.
        """
        found = self.rolesets.get(roleset)
        if found is None:
            return None
        base = propbank_role(_base(role))
        texts = (text for own, text in found.roles.items() if propbank_role(own) == base)
        return next(texts, None) or None

    def lacks(self, roleset: str, role: str) -> bool:
        """Say whether a roleset does not have a role that others have.

        roleset (str): Its name. One that is not in the inventory may have any role.
        role (str): As for `description`. Adjuncts (`ARGM-…`) are never lacking.
        """
        found = self.rolesets.get(roleset)
        if found is None or not found.roles:
            return False
        base = propbank_role(_base(role))
        return base in self._core and base not in map(propbank_role, found.roles)

    def to_rows(self) -> InventoryRows:
        """Turn the inventory into plain data: a row of each roleset, with all that it has."""
        return [
            [name, definition, {pos: list(own) for pos, own in words.items()}, dict(roles)]
            for name, definition, words, roles in self.rolesets.values()
        ]

    @classmethod
    def from_rows(cls, data: InventoryRows) -> "FrameInventory":
        """Make the inventory of what `to_rows` gave.

        RAISES: KeyError, TypeError, ValueError, AttributeError: Data that it cannot have made.
        """
        return cls(InventoryRoleset(*row) for row in data)


def _by_number(roleset: str) -> tuple[bool, int, str]:
    """Return what puts rolesets in the order of their numbers, those without one last."""
    number = roleset.rpartition(".")[2]
    is_number = number.isdecimal()  # digits of any script, which int reads
    return not is_number, int(number) if is_number else 0, number


def _is_adjunct(role: str) -> bool:
    """Say whether any predicate may have a role. role: in PropBank's name, without a prefix."""
    return role.partition("-")[0] == "ARGM"


def _base(role: str) -> str:
    return role.removeprefix("C-").removeprefix("R-")
