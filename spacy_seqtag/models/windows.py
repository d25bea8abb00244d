"""The windows in which the encoder reads Docs: `spacy_seqtag.sentence_windows.v1`.

- Windows are as full of whole sentences as they may be, and do not overlap: an overlap of a quarter
  would have a third of all wordpieces computed twice.
- Where sentences are not known, windows end after final punctuation and line breaks.
- Nothing is truncated. A stretch without a boundary that is longer than a window is read in windows
  that share a quarter of their length; a wordpiece takes its vector from the one in which it has
  most context.
"""

from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import regex as re  # knows Unicode's properties
from spacy.tokens import Doc, Span

from ..arrays import Ints
from ..errors import Whole, check_settings
from .spacy_transformers import registry

Spanner = Callable[[list[Doc]], list[list[Span]]]
"""A span getter: cuts each Doc into the spans that the encoder reads."""

# What ends a sentence in any script (UAX 29): "?!", "。", "؟", "।". A tokenizer may leave it at the
# end of a word ("ነው።"); but a point there may well be that of an abbreviation.
_FINAL = re.compile(
    r"(?:.*(?=\p{Sentence_Terminal})[^.\u2024\uFE52\uFF0E]|[\p{Sentence_Terminal}…]+)"
)
# What may follow it within the sentence.
_CLOSING = re.compile(r"[\p{Close_Punctuation}\p{Final_Punctuation}\"']+")

# Over a stretch without boundaries, neighbouring windows share a quarter of their length.
_OVERLAP = 4

# What other encoders make of words is not known here; English text has about four wordpieces for
# three words.
_WORDS_IN_PIECES = 3 / 4


class Window(NamedTuple):
    """The wordpieces that the encoder reads at once; positions in a Doc.

    begin, end: The wordpieces that are read together.
    first, last: Those that take their vectors from this window; the others are context. Every
        wordpiece has one such window.
    """

    begin: int
    end: int
    first: int
    last: int


class SentenceWindows:
    """See :func:`create_sentence_windows`."""

    def __init__(self, max_wordpieces: int) -> None:
        self.max_wordpieces = max_wordpieces

    def __call__(self, docs: Iterable[Doc]) -> list[list[Span]]:
        """Cut Docs into spans, for encoders that do not call `cut`.

        A window has three words for every four wordpieces allowed. Words that two windows share are
        in both.
        """
        limit = max(1, int(self.max_wordpieces * _WORDS_IN_PIECES))
        return [
            [doc[w.begin : w.end] for w in cut_at(boundaries(doc), np.arange(len(doc) + 1), limit)]
            for doc in docs
        ]

    def cut(self, doc: Doc, firsts: Ints, n_special: int) -> list[Window]:
        """Cut a Doc into windows of wordpieces.

        doc (Doc): The Doc.
        firsts (words + 1,): The first wordpiece of each word, and the number of wordpieces.
        n_special (int): How many special tokens every window has beside its wordpieces.
        RETURNS (list[Window]): The windows, in order.
        """
        return cut_at(boundaries(doc), firsts, max(1, self.max_wordpieces - n_special))


@registry.span_getters("spacy_seqtag.sentence_windows.v1")  # type: ignore[attr-defined, untyped-decorator]
def create_sentence_windows(
    max_wordpieces: int = 128,
) -> Callable[[Iterable[Doc]], list[list[Span]]]:
    """Create a span getter for windows of whole sentences that do not overlap.

    Where a Doc's sentence boundaries are unknown, windows end after final punctuation and line
    breaks instead. A stretch that is longer than a window and has no boundary is read in windows
    that share a quarter of their length; each word gets its vector from the one in which it has
    most context. Nothing is truncated.

    Within `spacy_seqtag.TransformerModel.v1` wordpieces are counted; other encoders get spans of
    three words for every four wordpieces.

    max_wordpieces (int): Windows are as full of neighbouring sentences as this number of
        wordpieces allows, special tokens included.
    RETURNS (Callable[[Iterable[Doc]], list[list[Span]]]): The span getter.
    RAISES: ConfigValidationError (a ValueError): if `max_wordpieces` is below 8.
    """
    where = "spacy_seqtag.sentence_windows.v1:"
    check_settings(where, max_wordpieces=(max_wordpieces, Whole(8)))
    return SentenceWindows(max_wordpieces)


def boundaries(doc: Doc) -> Ints:
    """Find the words at which a window may begin, the first word left out.

    doc (Doc): A Doc.
    RETURNS (boundaries,): The first words of its sentences or, where those are not known, what
        follows final punctuation and line breaks.
    """
    if len(doc) and doc.has_annotation("SENT_START"):
        starts: Ints = np.flatnonzero(doc.to_array("SENT_START") == 1)
        return starts[starts > 0]
    words = doc.to_array(["ORTH", "IS_SPACE"])
    kinds, kind_of = np.unique(words[:, 0], return_inverse=True)
    texts = [doc.vocab.strings[kind] for kind in kinds.tolist()]
    final, closing = (
        np.asarray([bool(pattern.fullmatch(text)) for text in texts], dtype=bool)[kind_of]
        for pattern in (_FINAL, _CLOSING)
    )
    for i in np.flatnonzero(words[:, 1]).tolist():
        final[i] = "\n" in doc[i].text
    # Closing quotes and brackets belong to the sentence that they follow.
    for i in np.flatnonzero(final).tolist():
        while i + 1 < len(doc) and closing[i + 1]:
            final[i], final[i + 1] = False, True
            i += 1
    return np.flatnonzero(final[:-1]) + 1


def cut_at(boundaries: Ints, firsts: Ints, limit: int) -> list[Window]:
    """Cut a Doc at some of these words into windows of at most `limit` wordpieces.

    boundaries (n,): The words at which a window may begin, in order.
    firsts (words + 1,): See `SentenceWindows.cut`.
    limit (int): Most wordpieces of a window.
    RETURNS (list[Window]): The windows. A Doc that has words has one, if an empty one.
    """
    if len(firsts) == 1:
        return []
    result: list[Window] = []
    n_pieces = int(firsts[-1])
    bounds = [0, *firsts[boundaries].tolist(), n_pieces]
    begin = 0  # of the window that is being filled
    for start, end in pairwise(bounds):
        if end - begin <= limit:
            continue
        if start > begin:
            result.append(Window(begin, start, begin, start))
        begin = start
        if end - start > limit:
            result += overlapping(firsts, start, end, limit)
            begin = end
    if begin < n_pieces or not result:
        result.append(Window(begin, n_pieces, begin, n_pieces))
    return result


def overlapping(firsts: Ints, start: int, end: int, limit: int) -> list[Window]:
    """Cut a stretch without boundaries into windows that overlap.

    They are cut between words, but for a word that is about as long as a window.

    firsts (n,): The first wordpiece of each word, in order.
    start, end (int): The wordpieces of the stretch.
    limit (int): Most wordpieces of a window.
    RETURNS (list[Window]): The windows, in order.
    """
    result = []
    begin = first = start
    while end - begin > limit:
        stop = _word_before(firsts, begin + limit, begin + limit // 2 + 1)
        # Where the next window begins; the last one is to be as full as the others.
        after = _word_before(firsts, stop - limit // _OVERLAP, stop - limit // 2)
        if end - after < limit:
            after = min(after, int(firsts[np.searchsorted(firsts, end - limit)]))
        last = _word_before(firsts, (after + stop) // 2, after)
        result.append(Window(begin, stop, first, last))
        begin, first = after, last
    result.append(Window(begin, end, first, end))
    return result


def _word_before(firsts: Ints, piece: int, lowest: int) -> int:
    """Find where the word of a wordpiece begins; the wordpiece itself if that is too low."""
    begin = int(firsts[np.searchsorted(firsts, piece, side="right") - 1])
    return begin if begin >= lowest else piece
