"""Reading the lines of a text file: UTF-8 with any line ends, or a clear error.

A file whose name ends in `.gz` or `.zst` is decompressed as it is read.
"""

import io
from codecs import BOM_UTF8
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from ...compression import ArchiveError, decompressed, split_compression
from ..errors import FormatError, damaged_archive

Progress = Callable[[int], object]
"""Called now and then with the number of bytes read since the last call.

Of a compressed file, those of the file as it is on the disk.
"""

_STEP = 1 << 16  # bytes between two reports of progress


def read_lines(
    path: Path, progress: Progress | None = None, longest: int | None = None
) -> Iterator[tuple[int, str]]:
    """Yield the lines of a UTF-8 text file, without line ends and byte order mark.

    A line ends in LF or CR LF or, in a file that has none of these, in CR.

    path (Path): The file.
    progress (Progress | None): Called with the number of bytes read.
    longest (int | None, bytes): The most that a line may have, so that no file can fill the memory.
    RETURNS (Iterator[tuple[int, str]]): Each line with its number, from 1.
    RAISES: FormatError: No such file, a folder, an empty file, a line that is too long, that is not
        UTF-8 or that holds a NUL character; a compressed file that is damaged or ends too early.
        ImportError: The file is compressed with zstd, and zstandard is missing.
    """
    if path.is_dir():
        raise FormatError(path, None, "this is a folder, not a file", "Name a file in it")
    compression = split_compression(path)[1]
    try:
        opened = path.open("rb", _STEP)
    except FileNotFoundError:
        raise FormatError(path, None, "there is no such file", "Check the path") from None
    n_lines = read = reported = 0
    with opened, decompressed(opened, compression) as file:
        try:
            for lines in _raw_lines(file, longest):
                yield from enumerate(_decode(lines, path, n_lines + 1, longest), n_lines + 1)
                n_lines += len(lines)
                read += sum(map(len, lines))
                if progress is not None and read - reported >= _STEP:
                    if compression:
                        read = opened.tell()
                    progress(read - reported)
                    reported = read
        except ArchiveError as error:
            raise damaged_archive(path, n_lines + 1, error) from None
        if progress is not None:
            progress((opened.tell() if compression else read) - reported)
    if n_lines == 0:
        raise FormatError(path, None, "the file is empty", "Give a file with sentences")


def _decode(lines: list[bytes], path: Path, first: int, longest: int | None) -> Iterable[str]:
    """Decode some lines, all at once where nothing is wrong with them.

    first (int): The number of the first one.
    """
    whole = b"".join(lines)
    plain = b"\r" not in whole and b"\0" not in whole
    plain = plain and not (first == 1 and whole.startswith(BOM_UTF8))
    if plain and (longest is None or max(map(len, lines)) <= longest):
        with suppress(UnicodeDecodeError):
            texts = whole.decode().split("\n")
            return texts if texts[-1] else texts[:-1]
    return (_decode_line(raw, path, line, longest) for line, raw in enumerate(lines, start=first))


def _decode_line(raw: bytes, path: Path, line: int, longest: int | None) -> str:
    if longest is not None and len(raw) > longest:
        raise FormatError(
            path,
            line,
            f"a line of more than {longest:,} bytes",
            "Give each sentence or paragraph a line of its own",
        )
    try:
        text = raw.decode("utf-8-sig" if line == 1 else "utf-8")
    except UnicodeDecodeError as error:
        byte, position = raw[error.start], error.start + 1
        raise FormatError(
            path,
            line,
            f"not UTF-8: byte 0x{byte:02x} at position {position} of the line",
            "Save the file in UTF-8",
        ) from None
    if "\0" in text:
        raise FormatError(
            path, line, "a NUL character: this is no text in UTF-8", "Save it in UTF-8"
        )
    return text.rstrip("\r\n")


def _raw_lines(file: io.BufferedReader, longest: int | None) -> Iterator[list[bytes]]:
    """Yield some lines at a time as bytes, with their ends; of one that is too long the beginning.

    Only real line ends split lines, since a word may contain other Unicode line breaks.
    """
    start = file.peek(_STEP)
    if b"\r" not in start or b"\n" in start:
        if longest is None:
            while lines := file.readlines(_STEP):
                yield lines
        else:
            while line := file.readline(longest + 1):
                yield [line]
        return
    rest = b""
    while chunk := file.read(_STEP):
        *ended, rest = (rest + chunk).split(b"\r")
        if ended:
            yield [line + b"\r" for line in ended]
        if longest is not None and len(rest) > longest:
            break
    if rest:
        yield [rest]
