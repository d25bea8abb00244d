"""Reading inputs item by item. What cannot be read becomes an item with the reason."""

import json
import math
import sys
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from spacy.tokens import Doc
from spacy.vocab import Vocab

from ..compression import decompressed, plain_file
from ..corpus.docbin_read import count_docs, read_docs
from ..corpus.errors import FormatError, quoted
from ..errors import one_line
from ..extras import need
from .inputs import Input
from .items import Item

_LONGEST = 10_000_000  # bytes of a line, which is held in memory as a whole
_NO_OBJECT = 'expected an object, such as {"text": "She left."}'
_ROWS = 256  # of a parquet file, read at once

# What a file that is damaged, or that somebody took away meanwhile, makes its reader raise.
_DAMAGE = (OSError, EOFError, ValueError, zlib.error)


class Reader:
    """Reads inputs, one item at a time; `position` says how far it is.

    inputs (Sequence[Input]): In their order.
    text_key (str): The key or column that holds the text.
    sent_starts (bool): Take the sentence boundaries of `.spacy` files, besides their words.
    """

    def __init__(self, inputs: Sequence[Input], text_key: str, *, sent_starts: bool) -> None:
        self._inputs = inputs
        self._text_key = text_key
        self._sent_starts = sent_starts
        self._before = 0  # bytes of the files that are read
        self._within = 0

    @property
    def position(self) -> int:
        """The bytes that were read; of a compressed file, as it is compressed."""
        return self._before + self._within

    def __iter__(self) -> Iterator[Item]:
        """Yield the items of all files. Blank lines of `.txt` are no items."""
        for one in self._inputs:
            number = 0
            try:
                for item in self._read(one):
                    number += 1
                    yield item
            except ImportError:
                raise
            except Exception as error:
                if not isinstance(error, _DAMAGE) and not _of_library(error):
                    raise
                reason = f"the rest of the file cannot be read: {one_line(error)}"
                yield Item(one.name, "", reason=reason)
            self._before += one.size
            self._within = 0

    def _read(self, one: Input) -> Iterator[Item]:
        if one.kind == "parquet":
            return self._parquet(one)
        if one.kind == "spacy":
            return self._spacy(one)
        return self._lines(one)

    # Lines

    def _lines(self, one: Input) -> Iterator[Item]:
        is_json = one.kind == "jsonl"
        with _binary(one) as raw, decompressed(raw, one.compression) as file:
            read = 0
            for number, line in enumerate(_short_lines(file), start=1):
                read += len(line)
                self._within = raw.tell() if one.compression else read
                item = self._line(f"{one.name}:{number}", line, first=number == 1, is_json=is_json)
                if item is not None:
                    yield item

    def _line(self, source: str, raw: bytes, *, first: bool, is_json: bool) -> Item | None:
        """Read a line; None if it is blank."""
        if len(raw) > _LONGEST:
            return Item(source, "", reason=f"a line of more than {_LONGEST:,} bytes")
        try:
            line = raw.decode("utf-8-sig" if first else "utf-8").rstrip("\r\n")
        except UnicodeDecodeError as error:
            shown = raw[:100].decode("utf-8", "replace")
            return Item(source, shown, reason=f"not UTF-8: byte 0x{raw[error.start]:02x}")
        if not line.strip():
            return None
        if not is_json:
            return Item(source, line)
        try:
            value = json.loads(line, parse_constant=_no_json)
            if "\\ud" in line or "\\uD" in line:
                json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            return Item(source, line, reason="half a surrogate pair, which is no character")
        except (ValueError, RecursionError):
            return Item(source, line, reason="this is no JSON")
        if not isinstance(value, dict):
            return Item(source, line, reason=_NO_OBJECT)
        return self._record(source, value)

    def _record(self, source: str, value: Mapping[str, object]) -> Item:
        """Make an item of a record: its text, and what else is in it."""
        meta = {key: other for key, other in value.items() if key != self._text_key}
        text = value.get(self._text_key)
        if isinstance(text, str):
            return Item(source, text, meta)
        reason = f"expected a text in {quoted(self._text_key)}"
        if self._text_key not in value:
            keys = ", ".join(map(quoted, value)) or "nothing"
            reason += f", found {keys}. Say which it is with --text-key"
        return Item(source, "", meta, reason=reason)

    # Tables

    def _parquet(self, one: Input) -> Iterator[Item]:
        parquet = need("pyarrow.parquet")
        with plain_file(_path(one), one.compression) as path, parquet.ParquetFile(path) as file:
            names = file.schema_arrow.names
            if self._text_key not in names:
                raise FormatError(
                    one.name,
                    None,
                    f"there is no column {quoted(self._text_key)} (but "
                    f"{', '.join(map(quoted, names))})",
                    "Say which it is with --text-key",
                )
            total = max(1, file.metadata.num_rows)
            number = 0
            for batch in file.iter_batches(batch_size=_ROWS):
                for row in batch.to_pylist():
                    number += 1
                    self._within = one.size * number // total
                    yield self._record(f"{one.name}:{number}", _plain(row))

    # Docs

    def _spacy(self, one: Input) -> Iterator[Item]:
        with plain_file(_path(one), one.compression) as path:
            total = max(1, count_docs(path))
            for number, doc in enumerate(read_docs(path, Vocab()), start=1):
                self._within = one.size * number // total
                yield self._words(f"{one.name}:{number}", doc)

    def _words(self, source: str, doc: Doc) -> Item:
        known = self._sent_starts and doc.has_annotation("SENT_START")
        return Item(
            source,
            doc.text,
            words=[token.text for token in doc],
            spaces=[bool(token.whitespace_) for token in doc],
            sent_starts=[token.is_sent_start for token in doc] if known else None,
        )


def _path(one: Input) -> Path:
    if one.path is None:
        raise ValueError(f"standard input cannot be {one.kind}")
    return one.path


def _binary(one: Input) -> BinaryIO:
    return sys.stdin.buffer if one.path is None else one.path.open("rb")


def _short_lines(file: BinaryIO) -> Iterator[bytes]:
    """Yield the lines of a file; of one that is too long the beginning alone, then the next."""
    while line := file.readline(_LONGEST + 1):
        rest = line
        while len(rest) > _LONGEST and not rest.endswith(b"\n"):
            rest = file.readline(_LONGEST + 1)
        yield line


def _no_json(constant: str) -> float:
    raise ValueError(f"{constant} is no JSON")


def _plain(row: Mapping[str, object]) -> dict[str, object]:
    """Make a row of a table ready for JSON: dates and such become strings, NaN becomes null."""
    return {key: _plain_value(value) for key, value in row.items()}


def _plain_value(value: object) -> object:
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): _plain_value(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain_value(inner) for inner in value]
    return str(value)


def _of_library(error: Exception) -> bool:
    """Tell whether a library for tables or compression raised an error of its own."""
    return type(error).__module__.partition(".")[0] in ("pyarrow", "zstandard", "zstd")
