"""Tables in columns: parquet and arrow files, read batch by batch.

So memory follows the batch, and not the file. Sources: https://parquet.apache.org and, for both
forms of Arrow's IPC, https://arrow.apache.org/docs/format/Columnar.html.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Protocol

from ....compression import ArchiveError, plain_file, split_compression
from ....errors import one_line
from ....extras import need
from ...errors import FormatError, damaged_archive, quoted
from ..lines import Progress
from ..remarks import Remarks
from .classes import ClassNames
from .folder import class_names, files_of
from .source import Values

_ROWS = 1000  # of a batch
_BUFFER = 1 << 18  # bytes of a column of parquet that are read at a time


class ArrowTable:
    """Rows of parquet or arrow files, see `Table`.

    Columns and names of classes are those of the first file.

    path (Path): The file or folder.
    RAISES: FormatError: A file that is missing or damaged, a folder that is no dataset or holds
        several. ImportError: pyarrow is missing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._files = files_of(path)
        self.columns: Sequence[str]
        self.classes: ClassNames
        self.columns, self.classes = _schema_of(self._files[0])

    def rows(
        self,
        columns: Sequence[str],
        progress: Progress | None = None,
        remarks: Remarks | None = None,
    ) -> Iterator[tuple[int, Values]]:
        """Yield the rows, see `Table`."""
        number = 0
        for path in self._files:
            self._check_alike(path, columns)
            with _opened(path) as file:
                batches = file.batches(columns)
                while True:
                    with _damage(path, number + 1):
                        batch = next(batches, None)
                        if batch is None:
                            break
                        batch.validate(full=True)
                        values = [_values(batch.column(name)) for name in columns]
                    if progress is not None:
                        progress(file.n_new_bytes(batch.num_rows))
                    for row in zip(*values) if columns else [()] * batch.num_rows:
                        number += 1
                        yield number, row

    def _check_alike(self, path: Path, columns: Sequence[str]) -> None:
        """Check that a file has the columns and classes that the first one has.

        RAISES: FormatError: It has others.
        """
        if path == self._files[0]:
            return
        known, classes = _schema_of(path)
        for column in columns:
            if column not in known:
                what = f"no column {quoted(column)}"
            elif classes.get(column) != self.classes.get(column):
                what = f"other classes in column {quoted(column)}"
            else:
                continue
            fix = "Name a file, or a folder with files of one kind"
            raise FormatError(path, None, f"{what}, unlike {self._files[0].name}", fix)


def _schema_of(path: Path) -> tuple[list[str], ClassNames]:
    """Read the columns of a file, and the names of the classes of those that hold numbers.

    RAISES: FormatError: A file that cannot be read, or two columns of one name.
    """
    with _opened(path) as file, _damage(path, None):
        columns, metadata = list(file.schema.names), file.schema.metadata
    if twice := [name for name in columns if columns.count(name) > 1]:
        what = f"two columns are called {quoted(twice[0])}"
        raise FormatError(path, None, what, "Give each column a name of its own")
    return columns, class_names(path, metadata)


class _File(Protocol):
    """An open file of a table."""

    schema: Any

    def batches(self, columns: Sequence[str]) -> Iterator[Any]: ...

    def n_new_bytes(self, n_rows: int) -> int: ...


class _Parquet:
    def __init__(self, path: Path, raw: Any) -> None:  # noqa: ANN401  (pyarrow has no types)
        parquet = need("pyarrow.parquet")
        # Otherwise a whole group of rows is read first, which may be the whole file.
        self._file = parquet.ParquetFile(raw, buffer_size=_BUFFER, pre_buffer=False)
        self.schema = self._file.schema_arrow
        self._share: float = path.stat().st_size / max(1, self._file.metadata.num_rows)

    def batches(self, columns: Sequence[str]) -> Iterator[Any]:
        # Not in threads: the batches that wait would fill the memory.
        batches: Iterator[Any] = self._file.iter_batches(
            batch_size=_ROWS, columns=list(columns), use_threads=False
        )
        return batches

    def n_new_bytes(self, n_rows: int) -> int:
        return int(self._share * n_rows)


class _Arrow:
    def __init__(self, raw: Any) -> None:  # noqa: ANN401
        ipc = need("pyarrow").ipc
        self._raw, self._place = raw, 0
        is_file = raw.read(6) == b"ARROW1"
        raw.seek(0)
        self._reader = ipc.open_file(raw) if is_file else ipc.open_stream(raw)
        self._is_file = is_file
        self.schema = self._reader.schema

    def batches(self, columns: Sequence[str]) -> Iterator[Any]:
        if self._is_file:
            whole = map(self._reader.get_batch, range(self._reader.num_record_batches))
        else:
            whole = iter(self._reader)
        for batch in whole:
            for start in range(0, batch.num_rows, _ROWS):
                yield batch.select(list(columns)).slice(start, _ROWS)

    def n_new_bytes(self, n_rows: int) -> int:
        before, self._place = self._place, self._raw.tell()
        return int(self._place - before)


@contextmanager
def _opened(path: Path) -> Iterator[_File]:
    """Open a file.

    RAISES: FormatError: It is missing, empty, damaged or something else.
    """
    pa = need("pyarrow")
    if not path.is_file():
        raise FormatError(path, None, "there is no such file", "Check the path")
    if not path.stat().st_size:
        raise FormatError(path, None, "the file is empty", "Give a file with sentences")
    with ExitStack() as stack:
        try:
            plain = stack.enter_context(plain_file(path, split_compression(path)[1]))
        except ArchiveError as error:
            raise damaged_archive(path, None, error) from None
        raw = stack.enter_context(pa.OSFile(str(plain)))
        with _damage(path, None):
            start = raw.read(4)
            raw.seek(0)
            file: _File = _Parquet(path, raw) if start == b"PAR1" else _Arrow(raw)
        yield file


@contextmanager
def _damage(path: Path, line: int | None) -> Iterator[None]:
    """Turn what pyarrow says of a damaged file into an error of ours."""
    pa = need("pyarrow")
    try:
        yield
    except (pa.ArrowException, OSError, ValueError, KeyError) as error:
        raise FormatError(
            path,
            line,
            f"this is no parquet or arrow file, or a damaged one: {one_line(error)}",
            "Write or fetch it again",
        ) from None


def _values(array: Any) -> list[Any]:  # noqa: ANN401
    """Turn a column into Python's objects; lists of simple values quicker than pyarrow does."""
    types = need("pyarrow").types
    kind = array.type
    if types.is_dictionary(kind):
        return _values(array.dictionary_decode())
    if types.is_list(kind) or types.is_large_list(kind):
        flat = _values(array.flatten())
        result: list[Any] = []
        end = 0
        for size in array.value_lengths().to_pylist():
            if size is None:
                result.append(None)
            else:
                result.append(flat[end : end + size])
                end += size
        return result
    simple = types.is_string(kind) or types.is_large_string(kind) or types.is_integer(kind)
    if (simple or types.is_boolean(kind)) and not array.null_count:
        quick: list[Any] = array.to_numpy(zero_copy_only=False).tolist()
        return quick
    slow: list[Any] = array.to_pylist()
    if types.is_floating(kind):  # pandas writes what is missing as not a number
        return [None if value != value else value for value in slow]
    return slow
