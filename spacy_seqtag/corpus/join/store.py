"""Keeping sentences on disk, so that what is joined need not fit into memory.

The files have no name in the file system, and are gone when they are closed or the process ends.
"""

import pickle
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import IO, Generic, TypeVar

from ...files import OutputError, naming
from ..sentence import Sentence
from .layer import Outline

Item = TypeVar("Item")

_TOGETHER = 64  # sentences of the first file


class Store(Generic[Item]):
    """Items by their number, in a temporary SQLite database (https://sqlite.org/inmemorydb.html).

    items (Iterable[Item]): Read at once.
    together (int): How many items are kept as one, and read at once: many small ones are mostly
        asked for in their order.
    RAISES: sqlite3.Error: It cannot be written; `temporary_storage` makes an OutputError of it.
        What reading the items raises.
    """

    def __init__(self, items: Iterable[Item] = (), *, together: int = 1) -> None:
        self._size = 0
        self._together = together
        self._last: tuple[int, list[Item]] = (-1, [])  # what was read last
        self._db = sqlite3.connect("")
        try:
            self._db.execute("PRAGMA journal_mode = OFF")
            self._db.execute("CREATE TABLE item (number INTEGER PRIMARY KEY, data BLOB)")
            iterator = iter(items)
            while some := list(islice(iterator, together)):
                self._add(some)
        except BaseException:
            self.close()
            raise

    def __len__(self) -> int:
        return self._size

    def _add(self, items: list[Item]) -> None:
        data = pickle.dumps(items, pickle.HIGHEST_PROTOCOL)
        self._db.execute("INSERT INTO item VALUES (?, ?)", (self._size // self._together, data))
        self._size += len(items)

    def __getitem__(self, number: int) -> Item:
        block, place = divmod(number, self._together)
        if self._together == 1 or block != self._last[0]:
            query = "SELECT data FROM item WHERE number = ?"
            row = self._db.execute(query, (block,)).fetchone()
            self._last = block, pickle.loads(row[0])
        return self._last[1][place]

    def close(self) -> None:
        """Drop the items."""
        self._db.close()


@contextmanager
def temporary_storage() -> Iterator[None]:
    """Let errors of SQLite name the folder of temporary files.

    RAISES: OutputError: In their place.
    """
    try:
        yield
    except sqlite3.Error as error:
        raise OutputError(
            tempfile.gettempdir(), OSError(None, f"temporary data: {error}")
        ) from error


@contextmanager
def kept(
    sentences: Iterable[Sentence], path: Path = Path()
) -> Iterator[tuple[Outline, Iterator[Sentence]]]:
    """Read sentences once, then give their outline, and the sentences again from a file.

    path (Path): How messages of the join call what they are read from.
    RAISES: OutputError: The file cannot be written.
    """
    folder = Path(tempfile.gettempdir())
    outline = Outline(path)
    with tempfile.TemporaryFile() as file:
        iterator = iter(sentences)
        while some := list(islice(iterator, _TOGETHER)):
            for sentence in some:
                outline.add(sentence)
            with naming(folder):
                pickle.dump(some, file, pickle.HIGHEST_PROTOCOL)
        with naming(folder):
            file.seek(0)
        yield outline, _load(file, len(outline))


def _load(file: IO[bytes], n_sentences: int) -> Iterator[Sentence]:
    n_read = 0
    while n_read < n_sentences:
        some: list[Sentence] = pickle.load(file)
        n_read += len(some)
        yield from some
