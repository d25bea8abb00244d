"""Folders of tables: those of `Dataset.save_to_disk`, and others with parquet or arrow files.

`save_to_disk` writes `state.json`, which names the arrow files, and `dataset_info.json` with the
features of the columns; a DatasetDict has a folder for each split, and `dataset_dict.json`. A
repository of the Hugging Face hub has parquet files of all splits in the folder `data`. Files of
`datasets` also have the features in the metadata of their schema.
Source: https://huggingface.co/docs/datasets/main/en/package_reference/main_classes
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path

from ....compression import split_compression
from ....errors import one_line
from ...errors import FormatError

SUFFIXES = (".parquet", ".arrow")
"""The endings of files in columns."""

_INFO, _STATE, _DICT = "dataset_info.json", "state.json", "dataset_dict.json"
_DATA = "data"
_PART = re.compile(r"-?\d*(-of-\d+)?\.\w+$")  # in the name of one of several files of a table


def is_table_folder(path: Path) -> bool:
    """Tell whether a folder is one that `datasets` wrote, or has parquet or arrow files."""
    written = any((path / name).is_file() for name in (_STATE, _DICT))
    return written or bool(_tables_in(path) or _tables_in(path / _DATA))


def _tables_in(path: Path) -> list[Path]:
    return sorted(file for file in path.glob("*") if file.is_file() and _is_table(file))


def _tables_below(path: Path) -> set[Path]:
    """Find the files of tables in a folder and all below it, save hidden ones."""
    return {
        file
        for file in path.rglob("*")
        if file.is_file()
        and _is_table(file)
        and not any(part.startswith(".") for part in file.relative_to(path).parts)
    }


def _is_table(file: Path) -> bool:
    return split_compression(file)[0].suffix.lower() in SUFFIXES


def files_of(path: Path) -> list[Path]:
    """Find the files of a table, in their order.

    RAISES: FormatError: There is none, or the folder holds several tables, or tables in several
        folders.
    """
    if not path.is_dir():
        return [path]
    if (path / _DICT).is_file():
        return files_of(_only_split(path))
    if (path / _STATE).is_file():
        return _files_of_state(path)
    files = _tables_in(path) or _tables_in(path / _DATA)
    others = sorted(_tables_below(path).difference(files))
    if others and files:
        raise FormatError(
            path,
            None,
            f"files in several folders: {files[0]} and {others[0]}",
            f"Name one folder, or a pattern such as '{files[0].parent}/*{files[0].suffix}'",
        )
    splits = sorted({_PART.sub("", split_compression(file)[0].name) for file in files})
    if len(splits) > 1:
        raise FormatError(
            path,
            None,
            f"files of several splits: {', '.join(splits)}",
            f"Name one file, such as {files[0]}, or put those of a split into a folder",
        )
    if not files:
        raise FormatError(
            path,
            None,
            f"there is no file in this folder that ends in {' or '.join(SUFFIXES)}",
            "Name a folder with such files",
        )
    return files


def read_in(path: Path) -> list[Path]:
    """Find the files of a folder that are read: those of the table, and what is said about it.

    RAISES: FormatError: See `files_of`.
    """
    about = [file for file in path.rglob("*.json") if file.name in (_INFO, _STATE, _DICT)]
    return [*files_of(path), *about]


def _only_split(path: Path) -> Path:
    """Return the folder of the one split of a DatasetDict.

    RAISES: FormatError: There are several.
    """
    splits = _json_of(path / _DICT).get("splits")
    names = [str(name) for name in splits] if isinstance(splits, list) else []
    if len(names) != 1:
        raise FormatError(
            path,
            None,
            f"this is a DatasetDict with the splits {', '.join(names) or '(none)'}",
            f"Name the folder of one, such as {path / (names[0] if names else 'train')}",
        )
    return path / names[0]


def _files_of_state(path: Path) -> list[Path]:
    """Find the files that `state.json` names.

    RAISES: FormatError: It names none, or also a selection of rows.
    """
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
    files = [path / str(e["filename"]) for e in entries if isinstance(e, dict) and "filename" in e]
    if not files:
        raise FormatError(
            path / _STATE, None, "it names no data files", "Write the folder with save_to_disk"
        )
    return files


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


def class_names(path: Path, metadata: Mapping[bytes, bytes] | None) -> dict[str, tuple[str, ...]]:
    """Find the names of the classes of each column that holds their numbers.

    path (Path): The file. metadata (Mapping[bytes, bytes] | None): That of its schema.
    """
    features = _features_of(metadata)
    info = path.parent / _INFO
    if features is None and info.is_file():
        features = _json_of(info).get("features")
    return _class_names(features)


def _features_of(metadata: Mapping[bytes, bytes] | None) -> object:
    """Return the features that `datasets` leaves in the metadata of a schema."""
    try:
        return json.loads((metadata or {}).get(b"huggingface", b"{}"))["info"]["features"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _class_names(features: object) -> dict[str, tuple[str, ...]]:
    """Collect the names of the classes of each column."""
    result = {}
    for column, feature in (features if isinstance(features, dict) else {}).items():
        # A list is {"feature": …}, in old versions [{…}].
        while True:
            if isinstance(feature, list) and feature:
                feature = feature[0]
            elif isinstance(feature, dict) and "feature" in feature:
                feature = feature["feature"]
            else:
                break
        names = feature.get("names") if isinstance(feature, dict) else None
        if isinstance(names, list):
            result[column] = tuple(map(str, names))
    return result
