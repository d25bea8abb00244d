"""The wordpieces of a batch of Docs, and which of them each word has.

All positions are numbers into arrays of the whole batch; nothing here loops over words. What looks
like a special token in the text ("[SEP]") is text. There are two ways to read words:

- WordPiece (BERT) reads a word at a time. No wordpiece belongs to two words ("do" and "n't" of
  "don't"), and words that were read before are looked up.
- Tokenizers for which the space before a word matters (byte-level BPE, SentencePiece) read the
  whole text. A wordpiece belongs to every word that it overlaps. They can be told to read a word at
  a time, too, as transformers does with `is_split_into_words`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from spacy.tokens import Doc, Span

from ..arrays import Ints, concat_ranges
from ..errors import settings_error
from .word_case import word_case

if TYPE_CHECKING:  # transformers takes seconds to import, and converting a corpus needs none of it
    from transformers.tokenization_utils_base import BatchEncoding, PreTrainedTokenizerBase

# The wordpieces of this many different words are remembered, some 350 bytes each.
_MAX_KNOWN = 50_000


@dataclass
class Wordpieces:
    """Wordpieces of stretches of text laid end to end, without special tokens.

    A stretch is a Doc, or a part of it that is read for itself.

    ids (P,): The number of each wordpiece in the encoder's vocabulary.
    bounds (stretches + 1,): Where the wordpieces of each stretch begin, and their number.
    words (W,): The words of the stretches, as positions in the batch of Docs.
    firsts, counts (W,): The first wordpiece of each of those words, and how many it has, if any.
    cases (P,): How the word of each wordpiece is written, 1 to 7; None if not asked for.
    """

    ids: Ints
    bounds: Ints
    words: Ints
    firsts: Ints
    counts: Ints
    cases: Ints | None


class WordTokenizer:
    """Cuts words into the wordpieces of a pretrained model.

    tokenizer (PreTrainedTokenizerBase): A fast tokenizer of transformers.
    with_case (bool): Whether to tell how words are written.
    word_by_word (bool): Read a word at a time, whatever the kind of tokenizer.
    RAISES: ConfigValidationError (a ValueError): for a tokenizer that is not a fast one.
    """

    def __init__(
        self,
        tokenizer: "PreTrainedTokenizerBase",
        with_case: bool = False,
        word_by_word: bool = False,
    ) -> None:
        if not getattr(tokenizer, "is_fast", False):
            raise settings_error(
                f"{type(tokenizer).__name__} is not a fast tokenizer, and only those tell which "
                "wordpieces a word has. Set use_fast = true in [components.transformer.model."
                "tokenizer_config]; a model without one can be converted with "
                "transformers.convert_slow_tokenizer"
            )
        self.tokenizer = tokenizer
        self.with_case = with_case
        pre_tokenizer = type(tokenizer.backend_tokenizer.pre_tokenizer).__name__
        self.word_by_word = word_by_word or pre_tokenizer == "BertPreTokenizer"
        # Wordpieces and case of each word, by its number in spaCy's store of strings.
        self._known: dict[int, tuple[list[int], int]] = {}
        example = tokenizer("a", return_special_tokens_mask=True)
        is_special: list[int] = example["special_tokens_mask"]
        inner = [i for i, special in enumerate(is_special) if not special]
        ids: list[int] = example["input_ids"]
        # What every window begins and ends with: [CLS] and [SEP], <s> and </s>.
        self.prefix, self.suffix = ids[: inner[0]], ids[inner[-1] + 1 :]

    def __call__(
        self, docs: Sequence[Doc], spans: Sequence[Sequence[Span]] | None = None
    ) -> Wordpieces:
        """Cut the words of a batch of Docs into wordpieces.

        docs (Sequence[Doc]): The batch.
        spans (Sequence[Sequence[Span]] | None): The stretches of each Doc that are read, each
            for itself. None reads whole Docs.
        RETURNS (Wordpieces): The wordpieces of all stretches, laid end to end.
        """
        attrs = np.concatenate([doc.to_array(["ORTH", "LENGTH", "SPACY"]) for doc in docs])
        words, n_words = _words(docs, spans)
        known = None
        if self.word_by_word or self.with_case:
            known = self._look_up(docs, attrs[:, 0], words)
        if self.word_by_word and known is not None:
            ids, counts = known.ids, known.counts
            ends = np.cumsum(counts)
            firsts = ends - counts
            bounds = np.append(0, ends)[np.append(0, np.cumsum(n_words))]
        else:
            texts = (
                [doc[:].text for doc in docs]
                if spans is None
                else [span.text for doc_spans in spans for span in doc_spans]
            )
            ids, bounds, firsts, counts = self._read_text(texts, attrs[words], n_words)
        cases = None
        if self.with_case and known is not None:
            cases = np.zeros(len(ids), dtype=np.int64)
            cases[concat_ranges(firsts, counts)] = np.repeat(known.cases, counts)
        return Wordpieces(ids, bounds, words, firsts, counts, cases)

    def _look_up(self, docs: Sequence[Doc], orths: NDArray[np.uint64], words: Ints) -> "_Known":
        """Find the wordpieces and the case of each word by its string alone."""
        different, where, inverse = np.unique(orths[words], return_index=True, return_inverse=True)
        known = self._known  # another thread may put a new one in its place
        missing = [i for i, orth in enumerate(different.tolist()) if orth not in known]
        if len(known) + len(missing) > _MAX_KNOWN:
            known = self._known = {}
            missing = list(range(len(different)))
        if missing:
            doc_ends = np.cumsum([len(doc) for doc in docs])
            doc_of = np.searchsorted(doc_ends, words[where[missing]], side="right")
            orths_missing: list[int] = different[missing].tolist()
            strings = [
                docs[d].vocab.strings[orth] for d, orth in zip(doc_of.tolist(), orths_missing)
            ]
            pieces: list[list[int]] = (
                self._encode(strings)["input_ids"] if self.word_by_word else [[]] * len(strings)
            )
            for orth, string, ids in zip(orths_missing, strings, pieces):
                known[orth] = (ids, word_case(string))
        found = [known[orth] for orth in different.tolist()]
        lengths = np.asarray([len(ids) for ids, _ in found], dtype=np.int64)
        flat = np.asarray([i for ids, _ in found for i in ids], dtype=np.int64)
        cases = np.asarray([case for _, case in found], dtype=np.int64)
        counts = lengths[inverse]
        firsts = (np.cumsum(lengths) - lengths)[inverse]
        return _Known(flat[concat_ranges(firsts, counts)], counts, cases[inverse])

    def _read_text(
        self, texts: list[str], attrs: NDArray[np.uint64], n_words: Ints
    ) -> tuple[Ints, Ints, Ints, Ints]:
        """Tokenize whole texts, and find the wordpieces of each word by its characters.

        texts (stretches,): Their texts.
        attrs (W, 3): ORTH, LENGTH and SPACY of the words of all texts.
        n_words (stretches,): How many words each text has.
        RETURNS: `ids`, `bounds`, `firsts` and `counts` of `Wordpieces`.
        """
        encoding = self._encode(texts, offsets=True)
        pieces: list[list[int]] = encoding["input_ids"]
        n_pieces = np.asarray([len(ids) for ids in pieces], dtype=np.int64)
        bounds = np.append(0, np.cumsum(n_pieces))
        ids = np.asarray([i for ids in pieces for i in ids], dtype=np.int64)
        # The texts laid end to end, with one character between them.
        advance = (attrs[:, 1] + attrs[:, 2]).astype(np.int64)
        last = np.cumsum(n_words)[n_words > 0] - 1
        advance[last] = attrs[last, 1].astype(np.int64) + 1
        word_starts = np.cumsum(advance) - advance
        word_ends = word_starts + attrs[:, 1].astype(np.int64)
        text_starts = np.append(word_starts, 0)[np.cumsum(n_words) - n_words]
        offsets = np.asarray(
            [pair for pairs in encoding["offset_mapping"] for pair in pairs], dtype=np.int64
        ).reshape(-1, 2)
        offsets += np.repeat(text_starts, n_pieces)[:, None]
        # Offsets must not step back at a wordpiece that is a part of a character, or of nothing.
        starts, ends = (np.maximum.accumulate(column) for column in offsets.T)
        firsts = np.searchsorted(ends, word_starts, side="right")
        counts = np.maximum(0, np.searchsorted(starts, word_ends, side="left") - firsts)
        return ids, bounds, firsts, counts

    def _encode(self, texts: list[str], offsets: bool = False) -> "BatchEncoding":
        encoding: BatchEncoding = self.tokenizer(
            texts,
            add_special_tokens=False,
            split_special_tokens=True,
            return_attention_mask=False,
            return_token_type_ids=False,
            return_offsets_mapping=offsets,
            verbose=False,
        )
        return encoding


@dataclass
class _Known:
    """What was looked up of some words.

    ids (P,): Their wordpieces, laid end to end.
    counts, cases (W,): How many wordpieces each word has, and how it is written.
    """

    ids: Ints
    counts: Ints
    cases: Ints


def _words(docs: Sequence[Doc], spans: Sequence[Sequence[Span]] | None) -> tuple[Ints, Ints]:
    """Find the words of each stretch, as positions in the batch, and how many it has."""
    lengths = np.asarray([len(doc) for doc in docs], dtype=np.int64)
    starts = np.cumsum(lengths) - lengths
    if spans is not None:
        starts = np.asarray(
            [
                offset + span.start
                for offset, doc_spans in zip(starts.tolist(), spans)
                for span in doc_spans
            ],
            dtype=np.int64,
        )
        lengths = np.asarray([len(span) for part in spans for span in part], dtype=np.int64)
    return concat_ranges(starts, lengths), lengths
