"""What the arguments of `convert` stand for: each of them is one layer, of one or several files.

    a file                   that file
    a pattern                the files that match it, such as 'train-*.conllu'
    a folder                 the files in and below it whose endings tell a format

Several files are read one after the other, ordered by their names, and have to be of one format. A
format may take folders as they are, such as brat, whose texts lie beside their annotation.
"""

import glob
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..compression import split_compression
from .errors import FormatError
from .formats import FORMATS, format_of
from .formats.format import Format, LayerFiles

_NOTES = ".txt"
"""Beside files of another format this is a README or a licence."""


@dataclass(frozen=True)
class Input:
    """An argument of `convert`.

    files (LayerFiles): What it stands for.
    format (Format): What all of them are.
    passed_over (tuple[Path, ...]): Files of a folder that are not read, although their endings tell
        a format: they are probably notes.
    """

    files: LayerFiles
    format: Format
    passed_over: tuple[Path, ...] = ()


def find_inputs(names: Sequence[str | Path], first_format: str | None = None) -> list[Input]:
    """Find the files that each argument stands for, and their format.

    names (Sequence[str | Path]): Files, folders, and patterns with `*`, `?`, `[…]` and `**`.
    first_format (str | None): The format of the first argument, a key of `FORMATS`; None to go by
        the endings and contents of its files.
    RAISES: FormatError: An ending that tells no format, a pattern or folder without files, or with
        files of different formats.
    """
    paths = [Path(name) for name in names]
    return [
        _find(path, FORMATS[first_format] if first_format and i == 0 else None)
        for i, path in enumerate(paths)
    ]


def all_files(names: Iterable[str | Path]) -> Iterator[Path]:
    """Yield every file that might be read, for what counts their bytes."""
    for path in map(Path, names):
        if path.is_dir():
            yield from _within(path)
        elif is_pattern(path):
            yield from _matching(path)
        else:
            yield path


def is_pattern(path: Path) -> bool:
    """Tell whether a name stands for the files that match it: a file of this name comes first."""
    return glob.has_magic(str(path)) and not path.exists()


def _find(path: Path, given: Format | None) -> Input:
    if path.is_dir():
        return _folder(path, given)
    if not is_pattern(path):
        return Input(LayerFiles(path, (path,)), given or format_of(path))
    files = _matching(path)
    if not files:
        raise FormatError(
            path, None, "no file matches this pattern", "Check the path, or list the folder"
        )
    if given is not None:
        return Input(LayerFiles(path, tuple(files)), given)
    return _of_one_format(path, [(file, format_of(file)) for file in files])


def _matching(path: Path) -> list[Path]:
    return sorted(
        file for file in map(Path, glob.glob(str(path), recursive=True)) if file.is_file()
    )


def _within(folder: Path) -> list[Path]:
    """Find the files in and below a folder, save hidden ones."""
    return sorted(
        file
        for file in folder.rglob("*")
        if file.is_file()
        and not any(part.startswith(".") for part in file.relative_to(folder).parts)
    )


def _folder(path: Path, given: Format | None) -> Input:
    for fmt in FORMATS.values():
        takes = fmt.takes_folders and (fmt.recognises is None or fmt.recognises(path))
        if (fmt is given and fmt.takes_folders) or (given is None and takes):
            _check_beside(path, fmt)
            return Input(LayerFiles(path, (path,)), fmt, _passed_over(path, fmt))
    if given is not None:
        files = [file for file in _within(path) if has_ending(file, given)]
        if not files:
            raise FormatError(
                path,
                None,
                f"there is no file in this folder that ends in {' or '.join(given.suffixes)}",
                "Name the folder that holds the corpus, or the files themselves",
            )
        return Input(LayerFiles(path, tuple(files)), given)
    found = [
        (file, format_of(file))
        for file in _within(path)
        if any(has_ending(file, fmt) for fmt in FORMATS.values())
    ]
    if not found:
        raise FormatError(
            path,
            None,
            "no ending of a file in this folder tells its format",
            "Name the folder that holds the corpus, or a file and its --format",
        )
    corpus = [(file, fmt) for file, fmt in found if file.suffix.lower() != _NOTES]
    notes = [file for file, _ in found if file.suffix.lower() == _NOTES] if corpus else []
    return _of_one_format(path, corpus or found, notes)


def has_ending(path: Path, fmt: Format) -> bool:
    """Tell whether a file's ending, save for that of a compression, is one of the format's."""
    return split_compression(path)[0].suffix.lower() in fmt.suffixes


def _of_one_format(
    path: Path, found: Sequence[tuple[Path, Format]], notes: Sequence[Path] = ()
) -> Input:
    """Make the input of several files.

    RAISES: FormatError: They are of different formats.
    """
    first, fmt = found[0]
    for file, other in found:
        if other is not fmt:
            raise _mixed(path, (first, fmt.name), (file, other.name))
    return Input(LayerFiles(path, tuple(file for file, _ in found)), fmt, tuple(notes))


def _check_beside(folder: Path, fmt: Format) -> None:
    """Check that a folder which a format takes as it is has no files of other formats.

    RAISES: FormatError: It has.
    """
    if not fmt.beside:
        return
    files = [file for file in _within(folder) if file.suffix.lower() not in fmt.beside]
    own = next((file for file in files if has_ending(file, fmt)), folder)
    for file in files:
        if not has_ending(file, fmt) and any(has_ending(file, f) for f in FORMATS.values()):
            raise _mixed(folder, (own, fmt.name), (file, format_of(file).name))


def _passed_over(folder: Path, fmt: Format) -> tuple[Path, ...]:
    """Find the files that a format does not read of a folder which it takes as it is.

    RAISES: FormatError: It cannot tell what it reads.
    """
    if fmt.reads is None:
        return ()
    read = set(fmt.reads(folder))
    return tuple(
        file
        for file in _within(folder)
        if file not in read and any(has_ending(file, other) for other in FORMATS.values())
    )


def _mixed(path: Path, one: tuple[Path, str], other: tuple[Path, str]) -> FormatError:
    alike = one[0].suffix == other[0].suffix
    example = one[0] if alike else one[0].parent / f"*{one[0].suffix}"
    return FormatError(
        path,
        None,
        f"files of different formats: {one[0]} ({one[1]}) and {other[0]} ({other[1]})",
        f"Give each layer as an argument of its own, as in '{example}'",
    )
