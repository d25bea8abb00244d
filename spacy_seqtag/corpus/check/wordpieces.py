"""Counting the wordpieces of words, to find those that an encoder cannot read."""

from typing import TYPE_CHECKING

import numpy as np
from spacy.tokens import Doc

from ...arrays import Bools, Ints, concat_ranges
from ...models.wordpieces import WordTokenizer

if TYPE_CHECKING:  # it takes seconds to import
    from transformers.tokenization_utils_base import PreTrainedTokenizerBase


class WordpieceCounter:
    """Cuts words into wordpieces as the encoder of a pipeline does.

    tokenizer (PreTrainedTokenizerBase): A fast tokenizer of transformers.
    max_wordpieces (int): See `spacy_seqtag.sentence_windows.v1`.
    window (int): The most wordpieces of words that the encoder reads at once.
    """

    def __init__(self, tokenizer: "PreTrainedTokenizerBase", max_wordpieces: int = 128) -> None:
        self._words = WordTokenizer(tokenizer)
        n_special = len(self._words.prefix) + len(self._words.suffix)
        self.window = min(max_wordpieces, tokenizer.model_max_length) - n_special
        self._unknown = tokenizer.unk_token_id

    def __call__(self, doc: Doc) -> tuple[Ints, Bools]:
        """Count wordpieces.

        RETURNS (tuple): One value per token: how many wordpieces it has, and whether any of them is
            unknown.
        """
        pieces = self._words([doc])
        tokens = np.repeat(np.arange(len(doc)), pieces.counts)
        unknown = pieces.ids[concat_ranges(pieces.firsts, pieces.counts)] == self._unknown
        return pieces.counts, np.bincount(tokens[unknown], minlength=len(doc)) > 0
