"""Compressed files: `.gz` by Python itself, `.zst` by the package zstandard."""

import gzip
import io
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO, cast

from .extras import need

NONE = ""
GZIP = ".gz"
ZSTD = ".zst"


def decompressed(file: BinaryIO, compression: str) -> BinaryIO:
    """Read a file through its compression.

    file (BinaryIO): The file.
    compression (str): ".gz", ".zst" or "".
    RAISES: ImportError: zstandard is missing.
    """
    if compression == GZIP:
        return cast(BinaryIO, gzip.open(file))
    if compression == ZSTD:
        zstandard = need("zstandard")
        reader = zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True)
        return cast(BinaryIO, io.BufferedReader(reader))
    return file


@contextmanager
def plain_file(path: Path, compression: str) -> Iterator[Path]:
    """Find a file as it is without its compression, for formats that are not read from the top.

    path (Path): The file.
    compression (str): ".gz", ".zst" or "".
    YIELDS (Path): The file itself, or a temporary copy.
    """
    if not compression:
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / path.stem
        with (
            path.open("rb") as file,
            decompressed(file, compression) as source,
            copy.open("wb") as to,
        ):
            shutil.copyfileobj(source, to)
        yield copy


@contextmanager
def compressing(file: IO[bytes], compression: str) -> Iterator[IO[bytes]]:
    """Write a file through its compression.

    file (IO[bytes]): The file, which stays open.
    compression (str): ".gz", ".zst" or "".
    YIELDS (IO[bytes]): What to write to. The same content gives the same bytes at any time.
    RAISES: ImportError: zstandard is missing.
    """
    if compression == GZIP:
        with gzip.GzipFile(
            filename="", mode="wb", compresslevel=6, fileobj=file, mtime=0
        ) as target:
            yield cast(IO[bytes], target)
    elif compression == ZSTD:
        zstandard = need("zstandard")
        with zstandard.ZstdCompressor(level=3).stream_writer(file, closefd=False) as target:
            yield target
    else:
        yield file


def compressor(compression: str) -> Callable[[bytes], bytes]:
    """Make the function that compresses a piece of a file; pieces may stand one after the other.

    compression (str): ".gz", ".zst" or "".
    RAISES: ImportError: zstandard is missing.
    """
    if compression == GZIP:
        return lambda data: gzip.compress(data, 6, mtime=0)  # the same bytes at any time
    if compression == ZSTD:
        zstandard = need("zstandard")
        compress: Callable[[bytes], bytes] = zstandard.ZstdCompressor(level=3).compress
        return compress
    return bytes
