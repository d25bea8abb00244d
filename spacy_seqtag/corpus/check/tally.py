"""Counting what was found, with a few examples, and showing counts in a line."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ...errors import printable

EXAMPLES = 3
"""How many examples of a finding are shown."""


@dataclass
class Tally:
    """How often something was found, with the first examples."""

    n: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, text: str, document: int) -> None:
        """Count a find: its text, and the number of its document."""
        self.n += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append(f"'{printable(text)}' (document {document})")

    def __str__(self) -> str:
        more = ", …" if self.n > len(self.examples) else ""
        return ", ".join(self.examples) + more


def list_labels(labels: Mapping[str, int], limit: int = 10) -> str:
    """List labels with their counts in one line, the first ones of many."""
    shown = [f"{printable(label)} ({n:,})" for label, n in list(labels.items())[:limit]]
    return ", ".join([*shown, "…"] if len(labels) > limit else shown)


def share(n: int, total: int) -> str:
    """Show a share as a percentage."""
    return f"{n / total:.1%}"
