"""What a format is to a run: it makes pieces of Docs, and a file of pieces."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple

from spacy.tokens import Doc

from ...records import Plan
from ..items import Item

Annotated = Sequence[tuple[Doc, Item]]
"""Docs of a batch, each with the item that it was made of."""

Encode = Callable[[Annotated], bytes]
"""Makes a piece of a file. It runs where the Docs are: in a worker, within its memory zone."""

Write = Callable[[bytes], None]
"""Adds a piece to a file."""


class OutputFormat(NamedTuple):
    """A format to write.

    name (str): What `--format` calls it, and what files end in, such as `jsonl.gz`.
    encoder (Callable[[Plan], Encode]): Makes the function that encodes a batch, by the plan.
    opened (Callable[[Path], AbstractContextManager[Write]]): Opens a file that appears when the
        `with` block ends, and not if it fails.
    """

    name: str
    encoder: Callable[[Plan], Encode]
    opened: Callable[[Path], AbstractContextManager[Write]]
