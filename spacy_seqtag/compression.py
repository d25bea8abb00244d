"""Compressed files: `.gz` by Python itself, `.zst` by the package zstandard.

A file that ends too early is an error, not the end: of many lines, nobody would miss the last ones.

Sources: https://www.rfc-editor.org/rfc/rfc1952, https://www.rfc-editor.org/rfc/rfc8878
"""

import gzip
import io
import shutil
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, BinaryIO, Protocol, cast

from .extras import need

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

NONE = ""
GZIP = ".gz"
ZSTD = ".zst"

_READ = 1 << 10  # bytes at a time: a damaged or hostile archive can make 32 MiB of them at most
_BUFFER = 1 << 16  # bytes


class ArchiveError(OSError):
    """A compressed file that is damaged, or that ends too early. Its text says which."""


class _Decompressor(Protocol):
    """What `zlib` and `zstandard` have in common; one is needed for each member of a file."""

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, /) -> bytes: ...


class _Decompressed(io.RawIOBase):
    """The content of a compressed file, of which members may stand one after the other.

    file (BinaryIO): The file.
    make (Callable[[], _Decompressor]): Begins a member.
    errors (type[Exception]): What it raises.
    """

    def __init__(
        self, file: BinaryIO, make: Callable[[], _Decompressor], errors: type[Exception]
    ) -> None:
        self._file = file
        self._make = make
        self._errors = errors
        self._member: _Decompressor | None = None
        self._rest = memoryview(b"")  # decompressed and not yet given
        self._next = b""  # read and not yet decompressed
        self._error: ArchiveError | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        """Fill the buffer, save at the end of the file and where it is damaged."""
        target = memoryview(buffer).cast("B")
        filled = 0
        while filled < len(target):
            if not self._rest:
                try:
                    piece = self._piece()
                except ArchiveError:
                    if filled:
                        break  # what stands before the damage comes first
                    raise
                if piece is None:
                    break
                self._rest = memoryview(piece)
            taken = self._rest[: len(target) - filled]
            target[filled : filled + len(taken)] = taken
            self._rest = self._rest[len(taken) :]
            filled += len(taken)
        return filled

    def _piece(self) -> bytes | None:
        """Decompress the next bytes; None at the end.

        RAISES: ArchiveError: The file is damaged, or ends within a member.
        """
        if self._error is not None:
            raise self._error
        data = self._next or self._file.read(_READ)
        self._next = b""
        if self._member is None:
            if not data:
                return None
            data = data.lstrip(b"\0")  # some programs fill up the last block of a disk
            if not data:
                return b""
            self._member = self._make()
        if not data:
            self._error = ArchiveError("the compressed file ends too early: its end is missing")
            raise self._error
        try:
            piece = self._member.decompress(data)
        except self._errors as error:
            self._error = ArchiveError(f"the compressed file is damaged ({error})")
            raise self._error from error
        if self._member.eof:
            self._next = self._member.unused_data
            self._member = None
        return piece


def split_compression(path: Path) -> tuple[Path, str]:
    """Split a path into its name without the compression's ending, and that: ".gz", ".zst", ""."""
    suffix = path.suffix.lower()
    return (path.with_suffix(""), suffix) if suffix in (GZIP, ZSTD) else (path, NONE)


def stem_of(path: Path) -> str:
    """Get the name of a file without its endings: that of its format and that of a compression."""
    return split_compression(path)[0].stem


def decompressed(file: BinaryIO, compression: str) -> io.BufferedReader:
    """Read a file through its compression. Reading raises ArchiveError where it is damaged.

    file (BinaryIO): The file.
    compression (str): ".gz", ".zst" or "".
    RAISES: ImportError: zstandard is missing.
    """
    if compression == GZIP:
        raw = _Decompressed(file, lambda: zlib.decompressobj(wbits=31), zlib.error)
    elif compression == ZSTD:
        zstandard = need("zstandard")
        raw = _Decompressed(
            file, lambda: zstandard.ZstdDecompressor().decompressobj(), zstandard.ZstdError
        )
    else:
        return cast(io.BufferedReader, file)
    return io.BufferedReader(raw, _BUFFER)


@contextmanager
def plain_file(path: Path, compression: str) -> Iterator[Path]:
    """Find a file as it is without its compression, for formats that are not read from the top.

    path (Path): The file.
    compression (str): ".gz", ".zst" or "".
    YIELDS (Path): The file itself, or a temporary copy.
    RAISES: ArchiveError: The file is damaged. ImportError: zstandard is missing.
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
