"""Where the rows of tables come from: parquet, arrow, folders of `datasets`, lines of JSON.

Parquet is that of https://parquet.apache.org, arrow either form of Arrow's IPC
(https://arrow.apache.org/docs/format/Columnar.html). `Dataset.save_to_disk` writes a folder with
`state.json`, which names its arrow files, and `dataset_info.json` with the features
(https://huggingface.co/docs/datasets/main/en/package_reference/main_classes). Parquet and arrow
files of `datasets` have the features in the metadata of their schema.

Rows are read batch by batch, so that memory follows the batch and not the file.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from ....errors import one_line
from ....extras import need
from ...errors import FormatError
from ..format import ReadOptions
from ..json_lines import records, report
from ..lines import Progress
from ..remarks import Remarks

Values = tuple[object, ...]
"""The values of a row in the columns asked for: None where it has none."""

_ROWS = 1000  # of a batch
_BUFFER = 1 << 20  # bytes that are read of a column of parquet at a time
_SAMPLE = 1000  # records of JSON, whose keys are the columns
_INFO, _STATE, _DICT = "dataset_info.json", "state.json", "dataset_dict.json"


class Table(Protocol):
    """A table that can be read several times.

    path (Path): The file or folder.
    columns (Sequence[str]): The names of its columns.
    classes (Mapping[str, tuple[str, ...]]): The names of classes, for columns that hold their
        numbers.
    """

    path: Path
    columns: Sequence[str]
    classes: Mapping[str, tuple[str, ...]]

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


# Arrow


class ArrowTable:
    """Rows of parquet or arrow files, see `Table`.

    path (Path): The file or folder.
    RAISES: FormatError: A file that is missing or damaged, a folder that is no dataset or holds
        several. ImportError: pyarrow is missing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._files = _files_of(path)
        features: object = None
        if path.is_dir():
            features = _json_of(path / _INFO).get("features")
        with _opened(self._files[0]) as file:
            schema = file.schema
        self.columns: Sequence[str] = schema.names
        if not isinstance(features, dict):
            features = _features_of(schema.metadata)
        self.classes: Mapping[str, tuple[str, ...]] = _class_names(features)

    def rows(
        self,
        columns: Sequence[str],
        progress: Progress | None = None,
        remarks: Remarks | None = None,
    ) -> Iterator[tuple[int, Values]]:
        """Yield the rows, see `Table`."""
        number = 0
        for path in self._files:
            with _opened(path) as file:
                missing = [name for name in columns if name not in file.schema.names]
                if missing:
                    raise FormatError(
                        path,
                        None,
                        f"no column {missing[0]}, which the first file of the folder has",
                        "Give files of one kind",
                    )
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


class _File(Protocol):
    """An open file of a table."""

    schema: Any

    def batches(self, columns: Sequence[str]) -> Iterator[Any]: ...

    def n_new_bytes(self, n_rows: int) -> int: ...


class _Parquet:
    def __init__(self, path: Path, raw: Any) -> None:  # noqa: ANN401  (pyarrow has no types)
        parquet = need("pyarrow.parquet")
        self._file = parquet.ParquetFile(raw, buffer_size=_BUFFER)
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
    with pa.OSFile(str(path)) as raw:
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
    except (pa.ArrowException, OSError, UnicodeError) as error:
        raise FormatError(
            path,
            line,
            f"this is no parquet or arrow file, or a damaged one: {one_line(error)}",
            "Write or fetch it again",
        ) from None


def _files_of(path: Path) -> list[Path]:
    """Find the files of a table.

    RAISES: FormatError: There is none, or the folder holds several tables.
    """
    if not path.is_dir():
        return [path]
    if (path / _DICT).is_file():
        splits = _json_of(path / _DICT).get("splits")
        names = [str(name) for name in splits] if isinstance(splits, list) else []
        if len(names) == 1:
            return _files_of(path / names[0])
        raise FormatError(
            path,
            None,
            f"this is a DatasetDict of several splits: {', '.join(names) or 'none'}",
            f"Name the folder of one, such as {path / names[0] if names else path / 'train'}",
        )
    state = _json_of(path / _STATE)
    if state.get("_indices_data_files"):
        raise FormatError(
            path,
            None,
            "a selection of rows, as old versions of datasets wrote it",
            "Write it again, after `dataset = dataset.flatten_indices()`",
        )
    found = state.get("_data_files")
    entries = found if isinstance(found, list) else []
    names = [str(entry["filename"]) for entry in entries if isinstance(entry, dict)]
    if not names:
        raise FormatError(
            path / _STATE, None, "it names no data files", "Write the folder with save_to_disk"
        )
    return [path / name for name in names]


def is_dataset(path: Path) -> bool:
    """Tell whether a folder is one that `datasets` wrote."""
    return any((path / name).is_file() for name in (_STATE, _DICT))


def _json_of(path: Path) -> dict[str, object]:
    """Read a small file of JSON.

    RAISES: FormatError: It is missing or no JSON object.
    """
    try:
        found = json.loads(path.read_text(encoding="utf8"))
    except (OSError, ValueError, RecursionError) as error:
        raise FormatError(
            path, None, f"this is not what datasets writes: {one_line(error)}", "Write it again"
        ) from None
    if not isinstance(found, dict):
        raise FormatError(path, None, "this is no JSON object", "Write it again")
    return found


# Names of classes


def _features_of(metadata: Mapping[bytes, bytes] | None) -> object:
    """Return the features that `datasets` leaves in the metadata of a schema."""
    try:
        return json.loads((metadata or {}).get(b"huggingface", b"{}"))["info"]["features"]
    except (ValueError, KeyError, TypeError):
        return None


def _class_names(features: object) -> dict[str, tuple[str, ...]]:
    """Collect the names of the classes of each column."""
    result = {}
    for column, feature in (features if isinstance(features, dict) else {}).items():
        # A list is {"feature": …}, in old versions [{…}].
        while isinstance(feature, list | dict):
            inner = feature[0] if isinstance(feature, list) else feature.get("feature")
            if inner is None:
                break
            feature = inner
        names = feature.get("names") if isinstance(feature, dict) else None
        if isinstance(names, list):
            result[column] = tuple(map(str, names))
    return result


# Values


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
    return slow


# JSON


class JsonTable:
    """Rows of JSON, see `Table`: an object a line, or one list.

    path (Path): The file.
    options (ReadOptions): `strict` counts.
    RAISES: FormatError: A file that is missing, empty or not UTF-8; in strict mode, a line that is
        no record.
    """

    def __init__(self, path: Path, options: ReadOptions) -> None:
        self.path = path
        self.classes: Mapping[str, tuple[str, ...]] = {}
        self._options = options
        columns: dict[str, None] = {}
        for number, (_, record) in enumerate(self._records(None, Remarks(path))):
            columns.update(dict.fromkeys(record))
            if number == _SAMPLE:
                break
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
