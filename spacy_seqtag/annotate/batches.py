"""Dividing items into parts and batches: by the items alone, so that every run does it alike."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from .inputs import Input
from .items import Batch, Item
from .reading import Reader

PART_CHARS = 4_000_000
"""Characters after which a part ends, unless the user says otherwise: some 800,000 words."""

# A batch is annotated when it has so many characters, or texts.
_BATCH_CHARS = 80_000
_BATCH_ITEMS = 128


def in_batches(
    items: Iterable[Item],
    position: Callable[[], int],
    *,
    part_chars: int = PART_CHARS,
    skip: int = 0,
    check: "PartCheck | None" = None,
) -> Iterator[Batch]:
    """Divide items into batches. No batch is in two parts.

    items (Iterable[Item]): Those of all inputs.
    position (Callable[[], int], bytes): Tells how much of the input is read.
    part_chars (int): A part ends after the item with which it has so many characters.
    skip (int): The parts to leave out, as they are written already.
    check (PartCheck | None): Is told of the items of every part.
    """
    part = in_part = 0
    batch: list[Item] = []
    in_batch = 0
    for item in items:
        if check is not None:
            check.add(part, item)
        size = len(item.text) + 1  # items without text end a part, too
        in_part += size
        in_batch += size
        if part >= skip:
            batch.append(item)
        ends_part = in_part >= part_chars
        if ends_part and check is not None:
            check.end(part)
        if batch and (ends_part or len(batch) >= _BATCH_ITEMS or in_batch >= _BATCH_CHARS):
            yield Batch(part, tuple(batch), position(), ends_part)
            batch, in_batch = [], 0
        if ends_part:
            part, in_part, in_batch = part + 1, 0, 0
    if check is not None and in_part:
        check.end(part)
    if batch:
        yield Batch(part, tuple(batch), position())


class PartCheck:
    """Compares what is read with what finished parts were made of.

    For standard input, of which there is no digest before it is read.

    known (list[str]): For each finished part the digest of its items.
    RAISES: ValueError: From `end`, for a part that was made of other items.
    """

    def __init__(self, known: list[str]) -> None:
        self.known = known
        self.digests: dict[int, str] = {}
        self._hash = hashlib.sha256()

    def add(self, part: int, item: Item) -> None:
        """Note an item of a part."""
        for piece in (item.text, repr(sorted(item.meta.items())), item.reason):
            self._hash.update(f"{len(piece)} {piece}".encode("utf-8", "surrogatepass"))

    def end(self, part: int) -> None:
        """Note that a part has no more items."""
        found = self._hash.hexdigest()
        self._hash = hashlib.sha256()
        self.digests[part] = found
        if part < len(self.known) and self.known[part] != found:
            raise ValueError(
                f"-: standard input is not what part {part} was made of. Give the same input, or "
                "another folder"
            )


@dataclass(frozen=True)
class Source:
    """Inputs, and how they are read and divided.

    inputs (list[Input]): In order.
    text_key (str), sent_starts (bool): See `Reader`.
    part_chars (int): See `in_batches`.
    """

    inputs: list[Input]
    text_key: str
    sent_starts: bool
    part_chars: int

    def batches(self, skip: int = 0, check: PartCheck | None = None) -> Iterator[Batch]:
        """Read the inputs from the top, and divide them into batches.

        skip (int): Parts to leave out.
        check (PartCheck | None): See `in_batches`.
        """
        reader = Reader(self.inputs, self.text_key, sent_starts=self.sent_starts)
        return in_batches(
            reader,
            lambda: reader.position,
            part_chars=self.part_chars,
            skip=skip,
            check=check,
        )
