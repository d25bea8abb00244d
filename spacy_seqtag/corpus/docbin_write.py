"""Writing `.spacy` files without holding their Docs in memory, as `DocBin` does.

The format is a zlib-compressed msgpack map, described in `spacy.tokens.DocBin`, which packs each
Doc here as well. Source of the headers: https://github.com/msgpack/msgpack/blob/master/spec.md
"""

import struct
import tempfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import IO

import srsly
from spacy.tokens import Doc, DocBin
from spacy.tokens.doc import DOCBIN_ALL_ATTRS
from srsly.msgpack import Packer

from ..files import naming, written_aside
from .errors import FormatError

_MAX_BYTES = 2**32 - 1  # the longest binary field that msgpack can hold
_CHUNK = 1 << 20  # bytes
_BLOCKS = ("tokens", "spaces", "lengths")
_LISTS = ("cats", "flags", "span_groups")


@contextmanager
def _known_encoders() -> Iterator[None]:
    """Let srsly look for its plug-ins once, not at every call, while Docs are packed.

    spaCy packs each span group by a call of its own, and each call asks all installed packages for
    encoders, which takes 1 ms. Here the question has the answer that it had at first.
    """
    registry = srsly.msgpack_encoders
    if "get_all" in vars(registry):  # another writer is at work
        yield
        return
    found = registry.get_all()
    vars(registry)["get_all"] = lambda: found
    try:
        yield
    finally:
        vars(registry).pop("get_all", None)


class DocBinWriter:
    """Writes Docs to a `.spacy` file that `DocBin` reads.

    A context manager. The parts of the file go to nameless temporary files beside it until the
    end, when they are put together in a file that replaces `path`, see `written_aside`. After
    an error `path` is as it was and nothing else remains.

    path (str | Path): The file, in a folder that exists.
    attrs (Iterable[str]), store_user_data (bool): As for `DocBin`.
    RAISES: FormatError: More data than the format can hold. OutputError: The file cannot be
        written.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        attrs: Iterable[str] = DOCBIN_ALL_ATTRS,
        store_user_data: bool = True,
    ) -> None:
        self.path = Path(path)
        self._bin = DocBin(attrs=attrs, store_user_data=store_user_data)
        # Does the same as `srsly.msgpack_dumps`, which looks for plug-ins at every call (1 ms).
        self._pack: Callable[[object], bytes] = Packer(use_bin_type=True).pack
        self._n_docs = 0
        self._stack = ExitStack()
        self._parts: dict[str, IO[bytes]] = {}

    def __enter__(self) -> "DocBinWriter":
        names = [*_BLOCKS, *_LISTS]
        if self._bin.store_user_data:
            names.append("user_data")
        with ExitStack() as stack:
            with naming(self.path):
                for name in names:
                    file = tempfile.TemporaryFile(dir=self.path.parent)
                    self._parts[name] = stack.enter_context(file)
            stack.enter_context(_known_encoders())
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is None:
            with self._stack, naming(self.path):
                self._put_together()
            return
        with suppress(OSError):  # the disk may be full, which is what went wrong
            self._stack.close()

    def add(self, doc: Doc) -> None:
        """Add a Doc, as `DocBin.add` does."""
        packed = self._bin
        packed.add(doc)
        with naming(self.path):
            self._write_parts(packed)
        self._n_docs += 1
        if self._parts["tokens"].tell() > _MAX_BYTES:
            raise FormatError(
                self.path,
                None,
                "more words than one .spacy file can hold (4 GiB)",
                "Convert the input in several parts, into a folder of .spacy files",
            )

    def _write_parts(self, packed: DocBin) -> None:
        """Move the only Doc of a `DocBin` to the files."""
        tokens = packed.tokens.pop()
        self._write("tokens", tokens.tobytes("C"))
        self._write("spaces", packed.spaces.pop().tobytes("C"))
        self._write("lengths", struct.pack("=i", len(tokens)))
        self._write("cats", self._pack(packed.cats.pop()))
        self._write("flags", self._pack(packed.flags.pop()))
        self._write("span_groups", self._pack(packed.span_groups.pop()))
        if packed.store_user_data:
            self._write("user_data", self._pack(packed.user_data.pop()))

    def _write(self, name: str, data: bytes) -> None:
        self._parts[name].write(data)

    def _put_together(self) -> None:
        with written_aside(self.path) as file:
            compressor = zlib.compressobj()
            for data in self._message():
                file.write(compressor.compress(data))
            file.write(compressor.flush())

    def _message(self) -> Iterator[bytes]:
        """Yield the msgpack map, piece by piece: what `DocBin.to_bytes` would compress."""
        yield bytes([0x80 | (3 + len(self._parts))])  # map of up to 15 pairs
        small: list[tuple[str, object]] = [
            ("version", self._bin.version),
            ("attrs", self._bin.attrs),
            ("strings", sorted(self._bin.strings)),
        ]
        for name, value in small:
            yield self._pack(name) + self._pack(value)
        for name, file in self._parts.items():
            yield self._pack(name)
            if name in _BLOCKS:
                yield b"\xc6" + struct.pack(">I", file.tell())  # bin 32
            else:
                yield b"\xdd" + struct.pack(">I", self._n_docs)  # array 32
            file.seek(0)
            while chunk := file.read(_CHUNK):
                yield chunk
