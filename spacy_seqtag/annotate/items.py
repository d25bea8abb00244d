"""What goes through a run: items, batches of them, and the pieces that they become."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


@dataclass(frozen=True)
class Item:
    """A text to annotate, or what stands in the place of one.

    source (str): Where it comes from: `reviews.jsonl:17`.
    text (str): Its text.
    meta (Mapping[str, object]): What else the input has with it, ready for JSON.
    words, spaces, sent_starts: See `distil.raw_text.RawText`.
    reason (str): Why it cannot be annotated; "" if it can.
    """

    source: str
    text: str
    meta: Mapping[str, object] = field(default_factory=dict)
    words: list[str] | None = None
    spaces: list[bool] | None = None
    sent_starts: list[bool | int | None] | None = None
    reason: str = ""


class Batch(NamedTuple):
    """Items that are annotated at once.

    part (int): The part of the output that they belong to.
    items (tuple[Item, ...]): At least one.
    position (int, bytes): How much of the input is read when they are.
    ends_part (bool): Whether its part is known to end with it; the last part ends with the input.
    """

    part: int
    items: tuple[Item, ...]
    position: int
    ends_part: bool = False


class Failure(NamedTuple):
    """An item that could not be annotated: a line of `errors.jsonl`.

    source (str): Where it comes from.
    reason (str): What is wrong with it, in one line.
    text (str): How it begins.
    meta (Mapping[str, object]): What else the input has with it.
    """

    source: str
    reason: str
    text: str
    meta: Mapping[str, object]


class Piece(NamedTuple):
    """What became of a batch.

    part, position (int), ends_part (bool): Those of the batch.
    content (bytes): The annotated Docs, as the output's format writes them.
    docs, words (int): How many there are.
    failures (tuple[Failure, ...]): The items that could not be annotated.
    """

    part: int
    position: int
    ends_part: bool
    content: bytes
    docs: int
    words: int
    failures: tuple[Failure, ...]
