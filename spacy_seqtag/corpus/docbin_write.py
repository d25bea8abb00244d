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
from typing import IO, NamedTuple

import numpy as np
import srsly
from spacy.attrs import DEP, ENT_ID, ENT_KB_ID, ENT_TYPE, LEMMA, MORPH, NORM, ORTH, SPACY, TAG
from spacy.morphology import Morphology
from spacy.tokens import Doc, DocBin
from spacy.tokens.doc import DOCBIN_ALL_ATTRS
from srsly.msgpack import Packer

from ..files import naming, written_aside
from .errors import FormatError

_MAX_BYTES = 2**32 - 1  # the longest binary field that msgpack can hold
_CHUNK = 1 << 20  # bytes
_BLOCKS = ("tokens", "spaces", "lengths")
_STRING_ATTRS = (ORTH, TAG, LEMMA, NORM, DEP, ENT_TYPE, ENT_KB_ID, ENT_ID)
_LISTS = ("cats", "flags", "span_groups")

Pack = Callable[[object], bytes]


class _Bin(DocBin):
    """Adds Docs as `DocBin` does, but looks at each string once and not at each word."""

    def __init__(self, *, attrs: Iterable[str], store_user_data: bool) -> None:
        super().__init__(attrs=attrs, store_user_data=store_user_data)
        self._seen: set[int] = set()  # hashes of strings

    def add(self, doc: Doc) -> None:
        """Add a Doc."""
        tokens = doc.to_array([*self.attrs])
        self.tokens.append(tokens.reshape(len(doc), len(self.attrs)))
        self.spaces.append(doc.to_array(SPACY).reshape(-1, 1).astype(bool))
        self.flags.append({"has_unknown_spaces": doc.has_unknown_spaces})
        self.cats.append(doc.cats)
        if self.store_user_data:
            self.user_data.append(srsly.msgpack_dumps(doc.user_data))
        self.span_groups.append(doc.spans.to_bytes())
        strings = doc.vocab.strings
        found = set(np.unique(doc.to_array([*_STRING_ATTRS])).tolist())
        morphs = np.unique(doc.to_array(MORPH)).tolist()
        found.update(key for key in morphs if strings[key] != Morphology.EMPTY_MORPH)
        for group in doc.spans.values():
            for span in group:
                found.add(span.label)
                found.update(key for key in (span.kb_id, span.id) if key in strings)
        found -= self._seen
        self.strings.update(strings[key] for key in found)
        self._seen |= found


class PackedDocs(NamedTuple):
    """Docs as they lie in a `.spacy` file, to be added to one by `DocBinWriter.add_packed`.

    n_docs (int): How many there are.
    blocks (dict[str, bytes]): What each of the file's blocks and lists gets of them.
    strings (list[str]): Those that occur in them, sorted.
    attrs (list[str]): The attributes of tokens, of which the blocks have a column each.
    """

    n_docs: int
    blocks: dict[str, bytes]
    strings: list[str]
    attrs: list[str]


def pack_docs(
    docs: Iterable[Doc],
    *,
    attrs: Iterable[str] = DOCBIN_ALL_ATTRS,
    store_user_data: bool = True,
) -> PackedDocs:
    """Pack Docs, perhaps in another process than that which writes the file.

    docs (Iterable[Doc]): The Docs.
    attrs (Iterable[str]), store_user_data (bool): As for `DocBin`, and for the writer.
    """
    packed = _Bin(attrs=attrs, store_user_data=store_user_data)
    pack: Pack = Packer(use_bin_type=True).pack
    blocks: dict[str, list[bytes]] = {}
    n_docs = 0
    for doc in docs:
        packed.add(doc)
        n_docs += 1
        for name, data in _take(packed, pack):
            blocks.setdefault(name, []).append(data)
    joined = {name: b"".join(parts) for name, parts in blocks.items()}
    return PackedDocs(n_docs, joined, sorted(packed.strings), list(packed.attrs))


def _take(packed: DocBin, pack: "Pack") -> Iterator[tuple[str, bytes]]:
    """Take the only Doc out of a `DocBin`, as what each part of the file gets of it."""
    tokens = packed.tokens.pop()
    yield "tokens", tokens.tobytes("C")
    yield "spaces", packed.spaces.pop().tobytes("C")
    yield "lengths", struct.pack("=i", len(tokens))
    for name in _LISTS:
        yield name, pack(getattr(packed, name).pop())
    if packed.store_user_data:
        yield "user_data", pack(packed.user_data.pop())


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
        self._bin = _Bin(attrs=attrs, store_user_data=store_user_data)
        # Does the same as `srsly.msgpack_dumps`, which looks for plug-ins at every call (1 ms).
        self._pack: Pack = Packer(use_bin_type=True).pack
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
        self._bin.add(doc)
        with naming(self.path):
            for name, data in _take(self._bin, self._pack):
                self._write(name, data)
        self._n_docs += 1
        self._check_size()

    def add_packed(self, packed: PackedDocs) -> None:
        """Add Docs that `pack_docs` packed, all of a file with the same `attrs`.

        The writer's own `attrs` do not count then; `store_user_data` has to be the same.
        """
        self._bin.attrs = packed.attrs
        self._bin.strings.update(packed.strings)
        with naming(self.path):
            for name, data in packed.blocks.items():
                self._write(name, data)
        self._n_docs += packed.n_docs
        self._check_size()

    def _check_size(self) -> None:
        if self._parts["tokens"].tell() > _MAX_BYTES:
            raise FormatError(
                self.path,
                None,
                "more words than one .spacy file can hold (4 GiB)",
                "Convert the input in several parts, into a folder of .spacy files",
            )

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
