"""The layout of a batch: Docs → wordpieces → windows → rows, laid end to end.

A row is the place of one wordpiece (or special token) in the batch. Rows are not padded; a window
is a run of them. Every word knows the rows of its wordpieces. Nothing is left out but what a span
getter of others leaves out.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from spacy.tokens import Doc, Span
from thinc.types import Ragged

from ..arrays import Ints, concat_ranges
from .alignment import make_alignment
from .windows import SentenceWindows, Spanner, Window, overlapping
from .wordpieces import Wordpieces, WordTokenizer


@dataclass
class Rows:
    """What the network reads: the windows of a batch laid end to end, special tokens included.

    ids (rows,): The wordpiece of each row.
    cases (rows,): How its word is written, see `word_case`; or None.
    starts, lengths (windows,): The first row of each window, and how many rows it has.
    docs (docs + 1,): The first window of each Doc, and the number of windows.
    align (Ragged): The rows of each word of the batch; data (n,) and lengths (words,), int32.
    spans (list[list[Span]]): The words that each window reads, by Doc.
    """

    ids: Ints
    cases: Ints | None
    starts: Ints
    lengths: Ints
    docs: Ints
    align: Ragged
    spans: list[list[Span]]

    @property
    def bounds(self) -> Ints:
        """The first row of each Doc, and the number of rows: (docs + 1,)."""
        return np.append(0, np.cumsum(self.lengths))[self.docs]


@dataclass
class _Cut:
    """A batch of Docs, cut into windows.

    pieces (Wordpieces): Their wordpieces.
    windows (list[Window]): All windows, as positions in those.
    n_windows (list[int]): How many of them each Doc has.
    spans (list[list[Span]]): The words that each window reads, by Doc.
    """

    pieces: Wordpieces
    windows: list[Window]
    n_windows: list[int]
    spans: list[list[Span]]


def lay_out(
    docs: list[Doc], tokenizer: WordTokenizer, get_spans: Spanner, max_wordpieces: int
) -> Rows:
    """Cut Docs into wordpieces, and those into windows.

    docs (list[Doc]): The batch.
    tokenizer (WordTokenizer): Cuts words into wordpieces.
    get_spans (Spanner): Cuts Docs into windows.
    max_wordpieces (int): Most wordpieces of a window, special tokens included. Spans of others that
        are longer are read in parts.
    RETURNS (Rows): The rows of the windows.
    """
    n_special = len(tokenizer.prefix) + len(tokenizer.suffix)
    if isinstance(get_spans, SentenceWindows):
        cut = _cut_by_wordpieces(docs, tokenizer, get_spans, n_special)
    else:
        cut = _cut_by_spans(docs, tokenizer, get_spans, max_wordpieces - n_special)
    return _rows(cut, tokenizer, sum(map(len, docs)))


def _cut_by_wordpieces(
    docs: list[Doc], tokenizer: WordTokenizer, get_spans: SentenceWindows, n_special: int
) -> _Cut:
    """Cut into wordpieces first, and let the span getter count them."""
    pieces = tokenizer(docs)
    windows: list[Window] = []
    n_windows: list[int] = []
    spans: list[list[Span]] = []
    word = 0
    for doc, offset, end in zip(docs, pieces.bounds.tolist(), pieces.bounds[1:].tolist()):
        firsts = np.append(pieces.firsts[word : word + len(doc)], end) - offset
        own = get_spans.cut(doc, firsts, n_special)
        windows += [Window(*(position + offset for position in window)) for window in own]
        n_windows.append(len(own))
        spans.append(_spans(doc, firsts, own))
        word += len(doc)
    return _Cut(pieces, windows, n_windows, spans)


def _spans(doc: Doc, firsts: Ints, windows: Sequence[Window]) -> list[Span]:
    """Find the words that each window of a Doc reads.

    firsts (words + 1,): See `SentenceWindows.cut`.
    """
    begins = np.searchsorted(firsts, [w.begin for w in windows], side="right") - 1
    ends = np.searchsorted(firsts, [w.end for w in windows], side="left")
    begins[:1], ends[-1:] = 0, len(doc)
    return [doc[begin:end] for begin, end in zip(begins.tolist(), ends.tolist())]


def _cut_by_spans(
    docs: list[Doc], tokenizer: WordTokenizer, get_spans: Spanner, limit: int
) -> _Cut:
    """Cut into the spans of a span getter of others first, and read each for itself.

    limit (int): Most wordpieces of a window.
    """
    spans = get_spans(docs)
    pieces = tokenizer(docs, spans)
    firsts = np.sort(np.append(pieces.firsts, pieces.bounds))
    parts = [
        overlapping(firsts, begin, end, limit)
        for begin, end in zip(pieces.bounds.tolist(), pieces.bounds[1:].tolist())
    ]
    windows = [window for part in parts for window in part]
    n_spans = [len(doc_spans) for doc_spans in spans]
    ends: list[int] = np.cumsum(n_spans).tolist()
    n_windows = [sum(map(len, parts[end - n : end])) for n, end in zip(n_spans, ends)]
    return _Cut(pieces, windows, n_windows, spans)


def _rows(cut: _Cut, tokenizer: WordTokenizer, n_words: int) -> Rows:
    """Lay windows end to end, with special tokens around each."""
    pieces = cut.pieces
    begins, ends, firsts, lasts = np.asarray(cut.windows, dtype=np.int64).reshape(-1, 4).T
    n_before, n_special = len(tokenizer.prefix), len(tokenizer.prefix) + len(tokenizer.suffix)
    lengths = ends - begins + n_special
    starts = np.cumsum(lengths) - lengths
    ids = np.zeros(int(lengths.sum()), dtype=np.int64)
    for i, special in enumerate(tokenizer.prefix):
        ids[starts + i] = special
    for i, special in enumerate(reversed(tokenizer.suffix)):
        ids[starts + lengths - 1 - i] = special
    read = concat_ranges(starts + n_before, ends - begins)
    source = concat_ranges(begins, ends - begins)
    ids[read] = pieces.ids[source]
    cases = None
    if pieces.cases is not None:
        cases = np.zeros(len(ids), dtype=np.int64)
        cases[read] = pieces.cases[source]
    # The row whose vector each wordpiece takes.
    row_of = np.repeat(starts + n_before - begins, lasts - firsts) + np.arange(len(pieces.ids))
    docs = np.append(0, np.cumsum(cut.n_windows)).astype(np.int64)
    align = _align(pieces, row_of, n_words)
    return Rows(ids, cases, starts, lengths, docs, align, cut.spans)


def _align(pieces: Wordpieces, row_of: Ints, n_words: int) -> Ragged:
    """Find the rows of each word.

    row_of (P,): The row of each wordpiece.
    n_words (int): The words of the batch, whether they were read or not.
    """
    words, counts = pieces.words, pieces.counts
    own = concat_ranges(pieces.firsts, counts)
    if np.any(words[1:] < words[:-1]) or len(words) != n_words:
        # The stretches share words or leave some out, so collect the wordpieces of each word.
        word_of = np.repeat(words, counts)
        own = own[np.argsort(word_of, kind="stable")]
        counts = np.bincount(word_of, minlength=n_words)
    return make_alignment(row_of[own], counts)
