"""The table of commands that compare passes over a corpus."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from wasabi import msg

if TYPE_CHECKING:  # loads PyTorch, which takes seconds
    from ..passes import Pass


def print_passes(passes: Mapping[str, "Pass"]) -> None:
    """Print scores and words per second.

    passes (Mapping[str, Pass]): By what they are called; the first is the one to compare with.
    """
    first = next(iter(passes))
    before = passes[first]
    rows = [
        (
            name,
            *(f"{100 * score:.2f}" for score in each.scores.values()),
            f"{each.words_per_second:,.0f}",
            f"{each.words_per_second / before.words_per_second:.2f}",
        )
        for name, each in passes.items()
    ]
    header = ("", *before.scores, "words/s", f"times {first}")
    msg.table(rows, header=header, aligns=("l", *("r" for _ in header[1:])), divider=True)
