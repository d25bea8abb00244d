"""The encoder's vectors of a Doc: what `doc._.trf_data` reads and writes.

spacy-transformers keeps them in `doc.user_data`, and there they are stored with every Doc and
`DocBin` that is, warned of by `Doc.from_docs`, copied whole into slices, and wrong as soon as
tokens are merged or split. Here they are held beside the Doc, for as long as it lives, and follow
its tokens: they are aligned to the tokens as they are when they are read.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from spacy.attrs import IDX, LENGTH
from spacy.tokens import Doc
from spacy_transformers.data_classes import TransformerData
from spacy_transformers.pipeline_component import DOC_EXT_ATTR
from thinc.api import Ragged
from thinc.types import Floats2d
from thinc.util import to_numpy

from ..ranges import concat_ranges

# The type stub of Doc knows keys of strings only.
_KEY: Any = ("._.", DOC_EXT_ATTR, None, None)
_PLAIN = (None, None, None, None)


class DocVectors(TransformerData):
    """The vectors of one Doc among those of its batch.

    Pickled without the others.
    """

    batch: Floats2d
    begin: int
    _hidden: Any

    def part_of(self, batch: Floats2d, begin: int) -> None:
        """batch (rows, width): the vectors of all Docs, of which the model output is the part that
        begins there."""
        self.batch, self.begin = batch, begin
        self._hidden = self.model_output.get("last_hidden_state")

    @property
    def is_part(self) -> bool:
        """Whether the model output is still that part: anyone may put another in its place."""
        return self.model_output.get("last_hidden_state") is self._hidden

    def __reduce__(self) -> Any:
        return TransformerData, (self.wordpieces, self.model_output, self.align)


@dataclass
class _Written:
    """data: what was written, for the tokens that began at `starts` (bytes of their characters).
    current: the same for the tokens that begin at `seen`, those when it was last read."""

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
    """`doc._.trf_data` of each Doc, whoever made that extension."""
    extension = Doc.get_extension(DOC_EXT_ATTR)
    if extension is not None and extension[2] is get_vectors:
        return [get_vectors(doc) for doc in docs]
    return [doc._.trf_data for doc in docs]


def get_vectors(doc: Doc) -> TransformerData | None:
    """What the encoder made of a Doc, aligned to its tokens as they are; `doc._.trf_data`.

    A merged token has the wordpieces of all the tokens that it was, a part of a split token those
    of the whole. None where the encoder did not run.
    """
    written = _written.get(doc)
    if written is None:
        return doc.user_data.get(_KEY)
    now = doc.to_array(IDX).tobytes()
    if now != written.seen:
        written.current = _follow(written.data, written.starts, doc)
        written.seen = now
    return written.current


def set_vectors(doc: Doc, data: TransformerData | None) -> None:
    """Give a Doc the vectors of its tokens as they are now.

    Those of this package's encoder are not stored with the Doc, those of others are, as ever.
    """
    _written.pop(doc, None)
    doc.user_data.pop(_KEY, None)
    if isinstance(data, TransformerData) and len(data.align.lengths) == len(doc):
        starts = doc.to_array(IDX).tobytes()
        _written[doc] = _Written(data, starts, data, starts)
        if isinstance(data, DocVectors) or not len(doc):
            return
    if data is not None:
        doc.user_data[_KEY] = data


def _follow(data: TransformerData, starts: bytes, doc: Doc) -> TransformerData:
    """Align the vectors of tokens that began at `starts` to those that the Doc has now."""
    before = np.frombuffer(starts, dtype=np.uint64)
    first, length = doc.to_array([IDX, LENGTH]).T
    begin = np.searchsorted(before, first, side="right") - 1
    end = np.maximum(np.searchsorted(before, first + length, side="left"), begin + 1)
    ends = np.append(0, np.cumsum(to_numpy(data.align.lengths)))
    counts = ends[end] - ends[begin]
    rows = to_numpy(data.align.dataXd)[concat_ranges(ends[begin], counts)].astype(np.int64)
    if len(rows):
        # A wordpiece counts once, though it may be part of several of the tokens that were.
        n_rows = int(rows.max()) + 1
        own = np.unique(np.repeat(np.arange(len(counts)), counts) * n_rows + rows)
        rows = own % n_rows
        counts = np.bincount(own // n_rows, minlength=len(counts))
    align: Any = (rows.astype("i"), counts.astype("i"))
    result = type(data)(data.wordpieces, data.model_output, Ragged(*align))
    if isinstance(data, DocVectors) and data.is_part:
        assert isinstance(result, DocVectors)
        result.part_of(data.batch, data.begin)
    return result
