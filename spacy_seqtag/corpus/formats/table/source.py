"""What a table is to its readers, and tables of JSON."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol, TypeAlias

from ..format import ReadOptions
from ..json_lines import records, report
from ..lines import Progress
from ..remarks import Remarks
from .classes import ClassNames

Values: TypeAlias = tuple[object, ...]
"""The values of a row in the columns asked for: None where it has none."""


class Table(Protocol):
    """A table that can be read several times.

    path (Path): The file or folder.
    columns (Sequence[str]): The names of its columns.
    classes (ClassNames): The names of classes, for columns that hold their numbers.
    """

    path: Path
    columns: Sequence[str]
    classes: ClassNames

    def rows(
        self,
        columns: Sequence[str],
        progress: Progress | None = None,
        remarks: Remarks | None = None,
    ) -> Iterator[tuple[int, Values]]:
        """Yield the rows with their numbers (in JSON: those of their lines).

        columns (Sequence[str]): Which columns are read.
        progress (Progress | None): Called with the number of bytes read since the last call.
        remarks (Remarks | None): Told of rows that are none.
        RAISES: FormatError: A file that is damaged.
        """
        ...


class JsonTable:
    """Rows of JSON, see `Table`: an object a line, or one list.

    path (Path): The file.
    options (ReadOptions): `strict` counts.
    RAISES: FormatError: A file that is missing, empty or not UTF-8; in strict mode, a line that is
        no record.
    """

    def __init__(self, path: Path, options: ReadOptions) -> None:
        self.path = path
        self.classes: ClassNames = {}
        self._options = options
        # Of all records, as `export` leaves out what a Doc lacks, and only the last may have it.
        columns: dict[str, None] = {}
        for _, record in self._records(None, Remarks(path)):
            columns.update(dict.fromkeys(record))
        self.columns: Sequence[str] = list(columns)

    def rows(
        self,
        columns: Sequence[str],
        progress: Progress | None = None,
        remarks: Remarks | None = None,
    ) -> Iterator[tuple[int, Values]]:
        """Yield the rows, see `Table`."""
        for line, record in self._records(progress, remarks or Remarks(self.path)):
            yield line, tuple(map(record.get, columns))

    def _records(
        self, progress: Progress | None, remarks: Remarks
    ) -> Iterator[tuple[int, dict[str, object]]]:
        options = replace(self._options, progress=progress)
        for line, record in records(self.path, options, remarks):
            if isinstance(record, dict):
                yield line, record
            else:
                report(self.path, line, "it is no record", options, remarks)
