"""The vectors of a batch, and the part of them that each Doc gets.

These are the classes of spacy-transformers, so that its listeners read them, too, with two
differences that save most of the time that splitting a batch took:

- A Doc's windows stand end to end as one row without padding: `last_hidden_state` is
  (1, wordpieces, width). A Doc's vectors are a view of the batch's.
- The strings of wordpieces are looked up when someone asks for them.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from spacy.tokens import Doc
from thinc.api import get_array_module, xp2torch
from thinc.types import Floats2d, Floats3d, Ragged
from transformers.modeling_outputs import BaseModelOutput
from transformers.tokenization_utils_base import PreTrainedTokenizerBase

from ..arrays import Ints
from .alignment import counts_of, make_alignment, rows_of
from .layout import Rows
from .spacy_transformers import FullTransformerBatch, TransformerData, WordpieceBatch


def hidden_states(data: TransformerData | FullTransformerBatch) -> Floats3d | None:
    """Return the vectors of wordpieces, (windows, length, width), or None if there are none."""
    hidden: Floats3d | None = data.model_output.get("last_hidden_state")
    return hidden


def to_output(hidden: Floats3d | torch.Tensor) -> BaseModelOutput:
    """Wrap vectors as an output of transformers, as spacy-transformers does with arrays, too."""
    return BaseModelOutput(last_hidden_state=hidden)  # type: ignore[arg-type]


class EncodedBatch(FullTransformerBatch):
    """The vectors of a batch of Docs.

    docs (list[Doc]): The Docs.
    rows (Rows): Their rows.
    vectors (rows, width): The vectors of those.
    tokenizer (PreTrainedTokenizerBase): Knows the strings of wordpieces.
    """

    def __init__(
        self, docs: list[Doc], rows: Rows, vectors: Floats2d, tokenizer: PreTrainedTokenizerBase
    ) -> None:
        super().__init__(
            spans=rows.spans,
            wordpieces=RowOfWordpieces(rows.ids, tokenizer),
            model_output=to_output(xp2torch(vectors)[None]),
            align=rows.align,
            cached_doc_data=_split(docs, rows, vectors, tokenizer),
        )

    def unsplit_by_doc(self, arrays: list[list[Floats3d]]) -> FullTransformerBatch:
        """Put gradients of the Docs' vectors together.

        arrays (docs that have rows,): One array (1, wordpieces, width) each, in a list.
        RETURNS (FullTransformerBatch): The gradient of the batch: (1, rows, width).
        """
        xp = get_array_module(arrays[0][0])  # type: ignore[no-untyped-call]
        gradient = xp.concatenate([array for (array,) in arrays], axis=1)
        return FullTransformerBatch(self.spans, self.wordpieces, to_output(gradient), self.align)


def _split(
    docs: list[Doc], rows: Rows, vectors: Floats2d, tokenizer: PreTrainedTokenizerBase
) -> list[TransformerData]:
    """Give each Doc its part of the vectors."""
    align_rows, counts = rows_of(rows.align), counts_of(rows.align)
    words: list[int] = np.cumsum([0, *map(len, docs)]).tolist()
    pieces: list[int] = np.append(0, np.cumsum(counts))[words].tolist()
    result: list[TransformerData] = []
    for bounds in zip(pairwise(words), pairwise(pieces), pairwise(rows.bounds.tolist())):
        (word, word_end), (piece, piece_end), (row, row_end) = bounds
        if row == row_end:
            result.append(TransformerData.empty())
            continue
        align = make_alignment(align_rows[piece:piece_end] - row, counts[word:word_end])
        wordpieces = RowOfWordpieces(rows.ids[row:row_end], tokenizer)
        own: Floats3d = vectors[row:row_end][None]  # type: ignore[call-overload]
        result.append(DocVectors(wordpieces, to_output(own), align, vectors, row))
    return result


@dataclass(eq=False, repr=False)
class DocVectors(TransformerData):
    """The vectors of one Doc among those of its batch.

    batch (rows, width): The vectors of all Docs.
    begin (int): The row where those of this Doc begin.

    Pickled without the other Docs' vectors.
    """

    batch: Floats2d
    begin: int

    def __post_init__(self) -> None:
        self._own = hidden_states(self)

    @property
    def is_part(self) -> bool:
        """Whether the vectors are still those of the batch; anyone may have put others there."""
        return hidden_states(self) is self._own

    def aligned(self, align: Ragged) -> TransformerData:
        """Return the same vectors with another alignment."""
        if not self.is_part:
            return TransformerData(self.wordpieces, self.model_output, align)
        return DocVectors(self.wordpieces, self.model_output, align, self.batch, self.begin)

    def __reduce__(self) -> tuple[type[TransformerData], tuple[object, ...]]:
        return TransformerData, (self.wordpieces, self.model_output, self.align)


class RowOfWordpieces(WordpieceBatch):
    """Wordpieces as one row without padding, whose strings are looked up when asked for.

    ids (wordpieces,): Their numbers in the vocabulary.
    tokenizer (PreTrainedTokenizerBase): Knows their strings.
    """

    def __init__(self, ids: Ints, tokenizer: PreTrainedTokenizerBase) -> None:
        self.input_ids = ids[None]  # type: ignore[assignment]
        self.lengths = [len(ids)]
        self.token_type_ids = None
        self._tokenizer = tokenizer

    @property
    def strings(self) -> list[list[str]]:  # type: ignore[override]
        """The strings of the wordpieces, in a list of one row."""
        return [self._tokenizer.convert_ids_to_tokens(row) for row in self.input_ids.tolist()]

    @property
    def attention_mask(self) -> NDArray[np.float32]:  # type: ignore[override]
        """Ones, as nothing is padding: (1, wordpieces)."""
        return np.ones(self.input_ids.shape, dtype="f")

    def __len__(self) -> int:
        return 1

    def __reduce__(self) -> tuple[type[WordpieceBatch], tuple[object, ...]]:
        """Pickle and copy without the tokenizer."""
        fields = (self.strings, self.input_ids, self.attention_mask, self.lengths, None)
        return WordpieceBatch, fields
