"""Reading `.spacy` files: damaged ones and decompression bombs are refused with a clear error.

spaCy reads a file into memory as a whole, and checks neither the values in it nor what is left
over. So the file is measured before it is unpacked, and every Doc is checked.
"""

import warnings
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from spacy.attrs import DEP, ENT_ID, ENT_KB_ID, ENT_TYPE, LEMMA, MORPH, NORM, ORTH, POS, TAG
from spacy.parts_of_speech import NAMES
from spacy.tokens import Doc, DocBin
from spacy.training.corpus import FILE_TYPE, walk_corpus
from spacy.vocab import Vocab
from srsly.msgpack import Unpacker

from .errors import FormatError

# Real corpora unpack to 5 to 20 times their size. Any file may unpack to _FREE_BYTES.
_MAX_RATIO = 128
_FREE_BYTES = 1 << 26

# A block of bytes begins with its type and its length, which takes 1, 2 or 4 bytes.
_HEADERS = (2, 3, 5)
_BLOCKS = ("tokens", "spaces", "lengths")
_STRING_ATTRS = frozenset((DEP, ENT_ID, ENT_KB_ID, ENT_TYPE, LEMMA, MORPH, NORM, ORTH, TAG))
_POS = frozenset(NAMES)

CONVERT = "convert"
DISTIL = "distil"
"""The commands that make `.spacy` files: for what is annotated, and for soft labels."""


def find_docbins(path: str | Path, made_by: str = CONVERT) -> list[Path]:
    """Find the `.spacy` files at a path: itself, or those in and below a folder, by name.

    path (str | Path): The file or the folder.
    made_by (str): The command that makes such files, for messages.
    RAISES: FormatError: There is nothing at the path, or nothing that ends in `.spacy`.
    """
    path = Path(path)
    if not path.exists():
        raise FormatError(
            path,
            None,
            "there is no such file or folder",
            f"Check the path, or make the file with `python -m spacy seqtag {made_by}`",
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # spaCy warns of what is an error here
        found = walk_corpus(path, FILE_TYPE)
    if not found:
        raise FormatError(
            path,
            None,
            f"expected a {FILE_TYPE} file or a folder with such files",
            f"Make one with `python -m spacy seqtag {made_by}`",
        )
    return found


def check_docbins(path: str | Path, made_by: str = CONVERT) -> None:
    """Check that the `.spacy` files at a path can be unpacked, and that some Doc has words.

    path (str | Path), made_by (str): See `find_docbins`.
    RAISES: FormatError: See `find_docbins` and `read_docs`; no Doc has words.
    """
    n_words = 0
    for file in find_docbins(path, made_by):
        n_words += sum(len(tokens) for tokens in _read_docbin(file, made_by).tokens)
    if not n_words:
        raise FormatError(path, None, "there is no document with words", _anew(made_by))


def read_docs(path: Path, vocab: Vocab, made_by: str = CONVERT) -> Iterator[Doc]:
    """Yield the Docs of a `.spacy` file.

    path (Path): The file.
    vocab (Vocab): Of the Docs.
    made_by (str): See `find_docbins`.
    RAISES: FormatError: It cannot be read as a `DocBin`. OSError: It cannot be opened.
    """
    packed = _read_docbin(path, made_by)
    docs = packed.get_docs(vocab)
    for tokens in packed.tokens:
        try:
            doc = next(docs)
            sound = _are_known(tokens, [int(attr) for attr in packed.attrs], vocab)
            doc.ents  # noqa: B018 (fails where tags are no sequence of entities)
        except Exception:
            raise _no_docbin(path, made_by) from None
        if not sound:
            raise _no_docbin(path, made_by)
        yield doc


def count_docs(path: Path) -> int:
    """Count the Docs of a `.spacy` file.

    RAISES: FormatError, OSError: See `read_docs`.
    """
    return len(_read_docbin(path).tokens)


def _are_known(tokens: NDArray[np.uint64], attrs: Sequence[int], vocab: Vocab) -> bool:
    """Tell whether every value of a packed Doc has a meaning, which spaCy does not check.

    tokens (NDArray[np.uint64]): One row per token, one column per attribute.
    attrs (Sequence[int]): The attributes.
    """
    strings = np.unique(tokens[:, [i for i, attr in enumerate(attrs) if attr in _STRING_ATTRS]])
    tags = np.unique(tokens[:, [i for i, attr in enumerate(attrs) if attr == POS]])
    return all(key in vocab.strings for key in strings.tolist()) and _POS.issuperset(tags.tolist())


def _read_docbin(path: Path, made_by: str = CONVERT) -> DocBin:
    # A damaged file can make zlib, msgpack, numpy and spaCy raise almost anything.
    try:
        data = path.read_bytes()
        sizes = _block_sizes(data)
        if sizes is None:
            raise FormatError(
                path,
                None,
                "this unpacks to far more than a corpus of its size: it is damaged, or made to "
                "fill the memory",
                _anew(made_by),
            )
        result = DocBin().from_bytes(data)
        # spaCy ignores what is left over in a block.
        n_words = sum(map(len, result.tokens))
        sound = (
            sizes["tokens"] - 8 * n_words * len(result.attrs) in _HEADERS
            and sizes["spaces"] - n_words in _HEADERS
            and sum(map(len, result.spaces)) == n_words
            and all(isinstance(cats, dict) for cats in result.cats)
        )
    except (OSError, FormatError):
        raise
    except Exception:
        raise _no_docbin(path, made_by) from None
    if not sound:
        raise _no_docbin(path, made_by)
    return result


def _block_sizes(data: bytes) -> dict[str, int] | None:
    """Measure the blocks of bytes in a packed `DocBin`, with their `_HEADERS`.

    Words, spaces and lengths take as much memory as they are long. Everything else becomes Python
    objects, each many times the size of its bytes. Both are measured without creating them.

    RETURNS (dict[str, int] | None): The sizes in bytes; None if the file would take up far
        more memory than its size justifies.
    """
    stream = _Unpacked(data, max(_FREE_BYTES, _MAX_RATIO * len(data)))
    unpacker = Unpacker(stream, raw=False, max_buffer_size=2**31 - 1)
    sizes: dict[str, int] = {}
    try:
        for _ in range(unpacker.read_map_header()):
            name = unpacker.unpack()
            before = unpacker.tell()
            unpacker.skip()
            if name in _BLOCKS:
                sizes[name] = unpacker.tell() - before
        objects = unpacker.tell() - sum(sizes.values())
    except _TooBigError:
        return None
    return sizes if objects <= max(_FREE_BYTES // 8, _MAX_RATIO // 8 * len(data)) else None


class _TooBigError(Exception):
    """More was unpacked than the limit allows."""


class _Unpacked:
    """A zlib-compressed stream that can be read up to a limit.

    RAISES: _TooBigError: The limit is reached.
    """

    def __init__(self, data: bytes, limit: int) -> None:
        self._rest = data
        self._left = limit
        self._decompressor = zlib.decompressobj()

    def read(self, size: int) -> bytes:
        """Read some of the bytes."""
        result = self._decompressor.decompress(self._rest, size)
        self._rest = self._decompressor.unconsumed_tail
        self._left -= len(result)
        if self._left < 0:
            raise _TooBigError
        return result


def _no_docbin(path: Path, made_by: str) -> FormatError:
    what = "this is no .spacy file, or a damaged one"
    return FormatError(path, None, what, _anew(made_by))


def _anew(made_by: str) -> str:
    return f"Make it anew with `python -m spacy seqtag {made_by}`"
