"""Keeping sentences on disk, so that what is joined need not fit into memory.

The files have no name in the file system, and are gone when they are closed or the process ends.
"""

import pickle
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Generic, TypeVar

from ...files import OutputError, naming
from ..sentence import Sentence
from .layer import Outline

Item = TypeVar("Item")


class Store(Generic[Item]):
    """Items by their number, in a temporary SQLite database (https://sqlite.org/inmemorydb.html).

    items (Iterable[Item]): Read at once.
    RAISES: sqlite3.Error: It cannot be written; `temporary_storage` makes an OutputError of it.
        What reading the items raises.
    """

    def __init__(self, items: Iterable[Item] = ()) -> None:
        self._size = 0
        self._db = sqlite3.connect("")
        try:
            self._db.execute("PRAGMA journal_mode = OFF")
            self._db.execute("CREATE TABLE item (number INTEGER PRIMARY KEY, data BLOB)")
            for item in items:
                self._add(item)
        except BaseException:
            self.close()
            raise

    def __len__(self) -> int:
        return self._size

    def _add(self, item: Item) -> None:
        data = pickle.dumps(item, pickle.HIGHEST_PROTOCOL)
        self._db.execute("INSERT INTO item VALUES (?, ?)", (self._size, data))
        self._size += 1

    def __getitem__(self, number: int) -> Item:
        row = self._db.execute("SELECT data FROM item WHERE number = ?", (number,)).fetchone()
        item: Item = pickle.loads(row[0])
        return item

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
        for sentence in sentences:
            outline.add(sentence)
            with naming(folder):
                pickle.dump(sentence, file, pickle.HIGHEST_PROTOCOL)
        with naming(folder):
            file.seek(0)
        yield outline, (pickle.load(file) for _ in range(len(outline)))
