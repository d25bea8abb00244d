"""The wordpieces of a batch of Docs, and which of them each word has.

All positions are numbers into arrays of the whole batch; nothing here loops over words.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from spacy.tokens import Doc, Span

from ..errors import settings_error
from ..ranges import concat_ranges

Ints = NDArray[np.int64]

# How the letters of a word are written; 0 is for wordpieces that belong to no word.
N_CASES = 8
_DIGITS, _NO_LETTERS, _LOWER, _UPPER, _CAPITAL, _TITLE, _MIXED = range(1, N_CASES)

# The wordpieces of this many different words are remembered, some 350 bytes each.
_MAX_KNOWN = 50_000


@dataclass
class Wordpieces:
    """Wordpieces of stretches of text laid end to end, without special tokens.

    ids (P,): number of each in the encoder's vocabulary. bounds (stretches + 1,): where the
    wordpieces of each stretch begin, and the end. words (W,): the words of the stretches, as
    positions in the batch. firsts, counts (W,): the wordpieces of each, which may be none.
    cases (P,): how the word of each is written, 1 to 7; None if not asked for.
    """

    ids: Ints
    bounds: Ints
    words: Ints
    firsts: Ints
    counts: Ints
    cases: Ints | None


class WordTokenizer:
    """Cuts words into the wordpieces of a pretrained model.

    tokenizer: a fast tokenizer of transformers. with_case: whether to tell how words are written.

    WordPiece (BERT) reads a word at a time, so that no wordpiece belongs to two words ("do" and
    "n't" of "don't"), and remembers the words. Tokenizers for which the space before a word
    matters (byte-level BPE, SentencePiece) read the text, and a wordpiece belongs to every word
    that it overlaps. What looks like a special token in the text ("[SEP]") is text.

    Raises ConfigValidationError (a ValueError) for a tokenizer that is not a fast one.
    """

    def __init__(self, tokenizer: Any, with_case: bool = False) -> None:
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
        self.word_by_word = pre_tokenizer == "BertPreTokenizer"
        self._known: dict[int, tuple[list[int], int]] = {}
        mask = tokenizer("a", return_special_tokens_mask=True)
        inner = [i for i, special in enumerate(mask["special_tokens_mask"]) if not special]
        ids: list[int] = mask["input_ids"]
        # What every window begins and ends with: [CLS] and [SEP], <s> and </s>.
        self.prefix, self.suffix = ids[: inner[0]], ids[inner[-1] + 1 :]

    def __call__(
        self, docs: Sequence[Doc], spans: Sequence[Sequence[Span]] | None = None
    ) -> Wordpieces:
        """The wordpieces of a batch of Docs.

        spans: the stretches of each Doc that are read, each for itself. None reads whole Docs.
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
        """Wordpieces and case of each word, by its string alone."""
        different, where, inverse = np.unique(orths[words], return_index=True, return_inverse=True)
        known = self._known  # another thread may put a new one in its place
        missing = [i for i, orth in enumerate(different.tolist()) if orth not in known]
        if len(known) + len(missing) > _MAX_KNOWN:
            known = self._known = {}
            missing = list(range(len(different)))
        if missing:
            doc_ends = np.cumsum([len(doc) for doc in docs])
            doc_of = np.searchsorted(doc_ends, words[where[missing]], side="right")
            strings = [
                docs[d].vocab.strings[orth]
                for d, orth in zip(doc_of.tolist(), different[missing].tolist())
            ]
            pieces = (
                self._encode(strings)["input_ids"] if self.word_by_word else [[]] * len(strings)
            )
            for orth, string, ids in zip(different[missing].tolist(), strings, pieces):
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
        """ids, bounds, firsts, counts: see `Wordpieces`.

        attrs (W, 3): ORTH, LENGTH and SPACY of the words of all texts. n_words: of each text.
        """
        encoding = self._encode(texts, offsets=True)
        n_pieces = np.asarray([len(ids) for ids in encoding["input_ids"]], dtype=np.int64)
        bounds = np.append(0, np.cumsum(n_pieces))
        ids = np.asarray([i for ids in encoding["input_ids"] for i in ids], dtype=np.int64)
        # The texts laid end to end, a character apart.
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
        # A wordpiece that is part of a character, or of nothing at all, must not step back.
        starts, ends = (np.maximum.accumulate(column) for column in offsets.T)
        firsts = np.searchsorted(ends, word_starts, side="right")
        counts = np.maximum(0, np.searchsorted(starts, word_ends, side="left") - firsts)
        return ids, bounds, firsts, counts

    def _encode(self, texts: list[str], offsets: bool = False) -> Any:
        return self.tokenizer(
            texts,
            add_special_tokens=False,
            split_special_tokens=True,
            return_attention_mask=False,
            return_token_type_ids=False,
            return_offsets_mapping=offsets,
            verbose=False,
        )


@dataclass
class _Known:
    """ids (P,) laid end to end; counts, cases (W,) of each word."""

    ids: Ints
    counts: Ints
    cases: Ints


def _words(docs: Sequence[Doc], spans: Sequence[Sequence[Span]] | None) -> tuple[Ints, Ints]:
    """The words of each stretch, as positions in the batch laid end to end, and their numbers."""
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


def word_case(word: str) -> int:
    """How a word is written, as a number from 1 to 7."""
    if word.islower():
        return _LOWER
    letters = sum(map(str.isalpha, word))
    if not letters:
        return _DIGITS if any(map(str.isdigit, word)) else _NO_LETTERS
    if word.isupper():
        return _UPPER if letters > 1 else _CAPITAL
    if word[0].isupper() and word[1:].islower():
        return _TITLE
    # Scripts without case count as lower.
    return _MIXED if any(map(str.isupper, word)) else _LOWER
