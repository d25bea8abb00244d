"""Where a Doc keeps the encoder's vectors: what `doc._.trf_data` reads and writes.

spacy-transformers keeps them in `doc.user_data`. There they are stored with every Doc and `DocBin`,
warned of by `Doc.from_docs`, copied whole into slices, and wrong as soon as tokens are merged or
split. Here they are held beside the Doc for as long as it lives, and are aligned to the tokens that
it has when they are read.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from spacy.tokens import Doc

from .alignment import realign, token_starts
from .batch import DocVectors
from .spacy_transformers import DOC_EXT_ATTR, TransformerData

# The key of the extension in `doc.user_data`; the type stub of Doc knows keys of strings only.
_KEY: Any = ("._.", DOC_EXT_ATTR, None, None)

# The extension as spacy-transformers makes it: a value in `user_data`, by default None.
_PLAIN = (None, None, None, None)


@dataclass
class _Written:
    """What was written to a Doc.

    data (TransformerData): That, for the tokens that began at `starts`.
    starts (bytes): See `token_starts`.
    current (TransformerData): The same for the tokens that the Doc had when it was last read.
    seen (bytes): Where those began.
    """

    data: TransformerData
    starts: bytes
    current: TransformerData
    seen: bytes


_written: WeakKeyDictionary[Doc, _Written] = WeakKeyDictionary()


def install_extension() -> None:
    """Let `doc._.trf_data` read and write here, unless somebody made that extension otherwise."""
    if Doc.get_extension(DOC_EXT_ATTR) in (None, _PLAIN):
        Doc.set_extension(DOC_EXT_ATTR, getter=get_vectors, setter=set_vectors, force=True)


def read_vectors(docs: Iterable[Doc]) -> list[TransformerData | None]:
    """Read `doc._.trf_data` of each Doc, whoever made that extension."""
    extension = Doc.get_extension(DOC_EXT_ATTR)
    if extension is not None and extension[2] is get_vectors:
        return [get_vectors(doc) for doc in docs]
    return [doc._.trf_data for doc in docs]


def get_vectors(doc: Doc) -> TransformerData | None:
    """Return what the encoder made of a Doc, aligned to the tokens that it has now.

    A merged token has the wordpieces of all the tokens that it was, a part of a split token those
    of the whole.

    doc (Doc): A Doc.
    RETURNS (TransformerData | None): Its vectors; None where the encoder did not run.
    """
    written = _written.get(doc)
    if written is None:
        stored: TransformerData | None = doc.user_data.get(_KEY)
        return stored
    now = token_starts(doc)
    if now != written.seen:
        written.current = _follow(written.data, written.starts, doc)
        written.seen = now
    return written.current


def set_vectors(doc: Doc, data: TransformerData | None) -> None:
    """Give a Doc the vectors of its tokens as they are now.

    Those of this package's encoder are not stored with the Doc; those of others are, as ever.

    doc (Doc): A Doc.
    data (TransformerData | None): Its vectors, or None to remove those that it has.
    """
    _written.pop(doc, None)
    doc.user_data.pop(_KEY, None)
    if isinstance(data, TransformerData) and len(data.align.lengths) == len(doc):
        starts = token_starts(doc)
        _written[doc] = _Written(data, starts, data, starts)
        if isinstance(data, DocVectors) or not len(doc):
            return
    if data is not None:
        doc.user_data[_KEY] = data


def _follow(data: TransformerData, starts: bytes, doc: Doc) -> TransformerData:
    """Align the vectors of tokens that began at `starts` to those that the Doc has now."""
    align = realign(data.align, starts, doc)
    if isinstance(data, DocVectors):
        return data.aligned(align)
    return type(data)(data.wordpieces, data.model_output, align)
