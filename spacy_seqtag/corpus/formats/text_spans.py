"""Texts with spans of characters: what annotation tools export, as sentences of words with tags.

The tools know no words. A text is cut into words by a tokenizer, unless its record has words of its
own. A span that does not begin and end with words is reported and left out, or moved to the nearest
ones (`ReadOptions.alignment`). The words of what is left out have no tag, rather than "O", which
would say that no entity is there.

A text is one sentence of the corpus, and a document: where its sentences end is not known.
"""

from collections.abc import Iterable, Sequence
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

from spacy.tokens import Doc, Span
from spacy.util import filter_spans

from ...compression import stem_of
from ..errors import FormatError, quoted
from ..sentence import Sentence
from .format import ReadOptions
from .remarks import CUT, Remarks

ALIGNMENTS = ("drop", "contract", "expand")
"""What becomes of a span that begins or ends within a word."""

_INSIDE = {
    "drop": "<span begins or ends|spans begin or end> within a word and <was|were> left out "
    "(--alignment contract or expand moves them): <its|their> words count as not annotated",
    "contract": "<span|spans> began or ended within a word and <was|were> cut to whole words",
    "expand": "<span|spans> began or ended within a word and <was|were> widened to whole words",
}
_EMPTIED = (
    "<span has|spans have> no whole word in <it|them> and <was|were> left out: the words count as "
    "not annotated"
)
_BEYOND = "<span is|spans are> empty, or beyond the end of the text, and <was|were> left out"
_NESTED = (
    '<span lies|spans lie> over longer ones: <it is|they are> in doc.spans["gold"] with all '
    "others, and only the longest are entities"
)
_OTHER_TEXT = (
    "<span has|spans have> another text than the file says and <was|were> left out: nothing is "
    "known of the other words of <this text|these texts>"
)
_UTF16 = (
    "<text has|texts have> places that fit <its|their> words only if an emoji counts as two, as "
    "programs in JavaScript count, and <is|are> read so"
)
_EMPTY = "<text is|texts are> empty, and <was|were> left out"
_SHOWN = 30  # characters of a text around what is reported


class CharSpan(NamedTuple):
    """A labelled stretch of a text.

    start, end (int): Characters, the end excluded. label (str): Its label.
    text (str | None): What the file says that these characters are; None where it does not.
    """

    start: int
    end: int
    label: str
    text: str | None = None


class Words(NamedTuple):
    """Words that a record has itself.

    words (list[str]), spaces (list[bool]): See `Sentence`.
    """

    words: list[str]
    spaces: list[bool]


class SpanReader:
    """Turns the texts of a file into sentences.

    path (Path): The file, whose name ids are made of.
    options (ReadOptions): `tokenizer`, `alignment` and `strict` count.
    remarks (Remarks): Told what is left out or moved.
    """

    def __init__(self, path: Path, options: ReadOptions, remarks: Remarks) -> None:
        self.path = path
        self.options = options
        self.remarks = remarks
        self.n_texts = 0
        self._stem = stem_of(path)

    def sentence(
        self,
        line: int,
        text: str,
        spans: Sequence[CharSpan] | None,
        *,
        doc_id: str = "",
        words: Words | None = None,
        complete: bool = True,
        perhaps_utf16: bool = False,
    ) -> Sentence | None:
        """Make the sentence of a text; None for one that is empty.

        line (int): The line of its record.
        text (str): The text.
        spans (Sequence[CharSpan] | None): None where nobody annotated it.
        doc_id (str): Its id; "" to make one up.
        words (Words | None): Its words, which spell the text; None to find them.
        complete (bool): Whether the words outside of all spans are known to be in no entity.
        perhaps_utf16 (bool): Whether the places may count units of UTF-16. They do if some of them
            do not fit the words as characters, and all do as units.
        RAISES: FormatError: In strict mode, a span that does not fit.
        """
        if words is None:
            doc = self.options.tokenizer(text)
        else:
            doc = Doc(self.options.vocab, words=words.words, spaces=words.spaces)
        if not len(doc):
            self.remarks.count(_EMPTY, line)
            return None
        self.n_texts += 1
        own_id = doc_id or f"{self._stem}-{self.n_texts}"
        result = Sentence(
            own_id,
            own_id,
            [token.text for token in doc],
            [bool(token.whitespace_) for token in doc],
            self.path,
            line,
            made_up_id=not doc_id,
            new_doc=True,
            has_bounds=False,
        )
        if spans is not None:
            if perhaps_utf16 and not _fit(doc, spans):
                units = _from_utf16(text, spans)
                if units is not None and _fit(doc, units):
                    spans = units
                    self.remarks.count(_UTF16, line, quoted(text[:_SHOWN]))
            self._annotate(result, doc, spans, complete)
        return result

    def _annotate(
        self, sentence: Sentence, doc: Doc, spans: Iterable[CharSpan], complete: bool
    ) -> None:
        """Set the entities of a sentence, and all its spans."""
        found: list[Span] = []
        lost: list[tuple[int, int]] = []
        for span in (_where_it_says(doc.text, span) for span in spans):
            if span is None:
                complete = False
                self._leave_out(_OTHER_TEXT, sentence.line, quoted(doc.text[:_SHOWN]))
            elif (own := self._place(doc, sentence.line, span, lost)) is not None:
                found.append(own)
        longest = filter_spans(found)
        if len(longest) < len(found):
            kept = {(span.start, span.end, span.label) for span in longest}
            others = [s for s in found if (s.start, s.end, s.label) not in kept]
            # The same span twice is no nesting.
            if n := len({(s.start, s.end, s.label) for s in others}):
                example = quoted(others[0].text[:_SHOWN])
                self.remarks.count(_NESTED, sentence.line, example, n)
            lost += [(span.start, span.end) for span in others]
        tags = ["O" if complete else ""] * len(doc)
        for start, end in lost:
            tags[start:end] = [""] * (end - start)
        for placed in longest:
            inside = [f"I-{placed.label_}"] * (len(placed) - 1)
            tags[placed.start : placed.end] = [f"B-{placed.label_}", *inside]
        sentence.set_layer("entities", tags)
        sentence.spans = sorted({(span.start, span.end, span.label_) for span in found})

    def _place(
        self, doc: Doc, line: int, span: CharSpan, lost: list[tuple[int, int]]
    ) -> Span | None:
        """Find the words of a span; what it loses is added to `lost`."""
        text = doc.text
        if not 0 <= span.start < span.end <= len(text):
            inside = max(span.start, 0), min(span.end, len(text))
            if inside[0] < inside[1]:
                known = doc.char_span(*inside, alignment_mode="expand")
                lost += [] if known is None else [(known.start, known.end)]
            self._leave_out(_BEYOND, line, f"{span.start} to {span.end} of {len(text)}")
            return None
        inner = text[span.start : span.end]
        start = span.start + len(inner) - len(inner.lstrip())
        end = span.end - (len(inner) - len(inner.rstrip()))
        if (start, end) != (span.start, span.end):
            if start >= end:
                self._leave_out(_BEYOND, line, f"white space at {span.start}")
                return None
            self.remarks.count(CUT, line, quoted(inner[:_SHOWN]))
        placed = doc.char_span(start, end, label=span.label)
        if placed is not None:
            return placed
        wide = doc.char_span(start, end, label=span.label, alignment_mode="expand")
        if wide is None:  # within white space that the tokenizer dropped
            self._leave_out(_BEYOND, line, quoted(inner[:_SHOWN]))
            return None
        alignment = self.options.alignment
        example = f"{quoted(text[start:end][:_SHOWN])} in {quoted(wide.text[:_SHOWN])}"
        if alignment == "expand" and not self.options.strict:
            self.remarks.count(_INSIDE[alignment], line, example)
            return wide
        narrow = None
        if alignment == "contract":
            narrow = doc.char_span(start, end, label=span.label, alignment_mode="contract")
        lost.append((wide.start, wide.end))
        if narrow is None or not len(narrow) or self.options.strict:
            self._leave_out(_EMPTIED if alignment == "contract" else _INSIDE["drop"], line, example)
            return None
        self.remarks.count(_INSIDE[alignment], line, example)
        return narrow

    def _leave_out(self, what: str, line: int, example: str) -> None:
        """Count a span that is left out.

        RAISES: FormatError: In strict mode.
        """
        if self.options.strict:
            raise FormatError(
                self.path,
                line,
                f"a span that does not fit the words of its text: {example}",
                "Correct it, or leave out --strict to go on without it",
            )
        self.remarks.count(what, line, example)


def _where_it_says(text: str, span: CharSpan) -> CharSpan | None:
    """Return a span if its text is what the file says, else the one in UTF-16, else None.

    Programs in JavaScript count an emoji as two. A span beyond the end is returned as it is.
    """
    if span.text is None or text[span.start : span.end].split() == span.text.split():
        return span
    for found in _from_utf16(text, [span]) or ():
        if text[found.start : found.end].split() == span.text.split():
            return found
    return None


def _from_utf16(text: str, spans: Sequence[CharSpan]) -> list[CharSpan] | None:
    """Return spans whose places count units of UTF-16 as those that count characters.

    None where both are the same, or a place is beyond the text or within a character.
    """
    if max(text, default="") <= "\uffff":
        return None
    units = accumulate((1 + (character > "\uffff") for character in text), initial=0)
    places = {unit: place for place, unit in enumerate(units)}
    if not all(span.start in places and span.end in places for span in spans):
        return None
    return [CharSpan(places[span.start], places[span.end], span.label) for span in spans]


def _fit(doc: Doc, spans: Iterable[CharSpan]) -> bool:
    """Tell whether all spans begin and end with words, but for white space."""
    for start, end, _, _ in spans:
        if not 0 <= start < end <= len(doc.text):
            return False
        inner = doc.text[start:end]
        left = start + len(inner) - len(inner.lstrip())
        if not inner.strip() or doc.char_span(left, left + len(inner.strip())) is None:
            return False
    return True
