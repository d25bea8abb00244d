"""Sentences with semantic roles, out of Docs and into the columns of the field.

A format that writes columns (`formats.props`, `formats.propbank`) only says what the columns of a
sentence are. Which sentences are written, and how, is the same for all formats and decided here.
"""

import io
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate, zip_longest
from typing import IO, NamedTuple, TextIO

from spacy.tokens import Doc, Token

from ...frames import annotated_tokens, has_frames, propositions
from ...schemes.propositions import NO_ROLESET, Argument, Proposition, write_columns
from ..cut import rows_within, sentence_bounds
from ..docs import doc_id_of
from ..penn import escape
from .doc_words import NO_OTHER_PREDICATE, SPACE_PREDICATES, SPACE_ROLES
from .format import ExportCounts, Write

_BLANK = re.compile(r"[ \t\r\n]")
_RENAMED = "<roleset|rolesets> with signs of the format, which are `_` now"


class RoleSentence(NamedTuple):
    """A sentence to write.

    doc (Doc): The Doc with its propositions.
    reference (Doc): The Doc that says where sentences begin, and what its words are called.
    doc_id (str): Of the document, without blanks.
    number (int): Of the sentence in its document, from 0.
    start, end (int): Its tokens in both Docs.
    places (Sequence[int]): Those of them that are written: with words, all but white space.
    propositions (list[Proposition]): As positions in `places`.
    cut (int): Spans that left the sentence and were cut at its bounds.
    """

    doc: Doc
    reference: Doc
    doc_id: str
    number: int
    start: int
    end: int
    places: Sequence[int]
    propositions: list[Proposition]
    cut: int

    def __len__(self) -> int:
        return len(self.places)

    @property
    def tokens(self) -> list[Token]:
        """The tokens that are written."""
        return [self.doc[i] for i in self.places]

    def brackets(self, name: Callable[[str], str] = str) -> list[list[str]]:
        """Write the columns of brackets, one per proposition.

        name (Callable[[str], str]): Gives the name by which a role is written.
        RAISES: ValueError: Propositions that columns cannot hold.
        """
        try:
            return write_columns(self.propositions, len(self), name)
        except ValueError as error:
            raise ValueError(f"{self.doc_id}, sentence {self.number}: {error}") from None

    def words(self, no_tag: str) -> list[list[str]]:
        """Write the columns of PropBank and OntoNotes: number, word, XPOS, and a parse left out.

        no_tag (str): What stands for a tag that is not there.
        """
        tokens = self.tokens
        return [
            [str(i) for i in range(len(self))],
            [without_blanks(escape(token.text)) for token in tokens],
            [without_blanks(token.tag_) or no_tag for token in tokens],
            ["*"] * len(self),
        ]

    def predicate_name(self, position: int) -> str:
        """Get what a predicate is called: its lemma, or its word in lower case without one."""
        token = self.reference[self.places[position]]
        # Not `lower_`, which is empty where the vocabulary is of no language.
        name = without_blanks(token.lemma_ or token.text.lower())
        return name if name != NO_ROLESET else "_"


class Table(NamedTuple):
    """The columns of a sentence, with a cell per word.

    left (Sequence[int]): The columns that are aligned to the left.
    """

    columns: Sequence[Sequence[str]]
    left: Sequence[int]


MakeTable = Callable[[RoleSentence, ExportCounts], Table]
"""Makes the columns of a sentence, and counts entities and what is left out."""

WriteText = Callable[[Iterable[Doc], TextIO, Iterable[Doc] | None], ExportCounts]
"""Writes Docs to an open text file."""


def in_utf8(write: WriteText) -> Write:
    """Turn a function that writes text into one that writes bytes."""

    def write_bytes(
        docs: Iterable[Doc], file: IO[bytes], like: Iterable[Doc] | None
    ) -> ExportCounts:
        target = io.TextIOWrapper(file, encoding="utf8", newline="\n")
        counts = write(docs, target, like)
        target.detach()  # writes what is left, and leaves the file open
        return counts

    return write_bytes


def write_tables(
    make_table: MakeTable,
    docs: Iterable[Doc],
    file: TextIO,
    like: Iterable[Doc] | None,
    around: Callable[[str], tuple[str, str]] | None = None,
    *,
    white_space: bool = False,
) -> ExportCounts:
    """Write the sentences that carry the layer of semantic roles, with a blank line after each.

    make_table (MakeTable): Gives the columns of a sentence.
    docs (Iterable[Doc]): With semantic roles. Sentences that carry no such layer are left out,
        which is not the same as a sentence without predicates. So is one whose predicates are all
        tokens without a row.
    file (TextIO): What is written to.
    like (Iterable[Doc] | None): Docs with the same words, such as the annotated ones that
        predictions will be compared with. Then the sentences that carry the layer there are
        written, so that two files made with the same `like` hold the same sentences.
    around (Callable[[str], tuple[str, str]] | None): Gives the lines before and after the document
        of an id.
    white_space (bool): Whether tokens of white space have a row, like words.
    RAISES: ValueError: No sentence with the layer; with `like`, Docs of other words, or none with
        the layer among `docs`; propositions that columns cannot hold (`frames.problems` names
        them).
    """
    counts = ExportCounts()
    lines: tuple[str, str] | None = None
    for sentence in _role_sentences(docs, like, white_space, counts.left_out):
        if around is not None and around(sentence.doc_id) != lines:
            file.write(f"{lines[1]}\n" if lines else "")
            lines = around(sentence.doc_id)
            file.write(f"{lines[0]}\n")
        _write_rows(file, make_table(sentence, counts))
        counts.sentences += 1
        counts.predicates += len(sentence.propositions)
        counts.cut += sentence.cut
    file.write(f"{lines[1]}\n" if lines else "")
    if not counts.sentences:
        raise ValueError("no sentence has semantic roles")
    return counts


def without_blanks(text: str) -> str:
    """Replace each blank in a cell by `_`."""
    return _BLANK.sub("_", text)


def written_roleset(roleset: str, notes: Counter[str]) -> str:
    """Write a roleset in a cell of its own.

    notes (Counter[str]): Counts those that change.
    """
    cell = without_blanks(roleset)
    cell = "_" if cell == NO_ROLESET else cell
    notes[_RENAMED] += cell != roleset
    return cell


def _role_sentences(
    docs: Iterable[Doc], like: Iterable[Doc] | None, white_space: bool, notes: Counter[str]
) -> Iterator[RoleSentence]:
    """Yield the sentences that carry the layer, see `write_tables`; count what has no row."""
    number = 0
    last_id = None
    any_frames = False
    place = 0
    for place, (doc, reference) in enumerate(_pairs(docs, like), start=1):
        doc_id = doc_id_of(reference) or f"document{place}"
        where = f"document {place} ({doc_id})"
        if doc is not reference and [t.text for t in doc] != [t.text for t in reference]:
            raise ValueError(f"{where} has other words than its counterpart")
        any_frames = any_frames or has_frames(doc)
        number = number if doc_id == last_id else 0
        last_id = doc_id
        covered = annotated_tokens(reference).tolist()
        props = propositions(doc)
        annotated = {p.predicate for p in (props if doc is reference else propositions(reference))}
        bounds = sentence_bounds(reference)
        within = rows_within([(p.predicate, p.predicate + 1) for p in props], bounds)
        for (start, end), rows in zip(bounds, within, strict=True):
            is_written = [white_space or not doc[i].text.isspace() for i in range(start, end)]
            has_layer = all(covered[start:end])
            has_rows = has_layer and any(is_written)
            own = [props[row] for row in rows if is_written[props[row].predicate - start]]
            notes[SPACE_PREDICATES] += has_layer * (len(rows) - len(own))
            kept = {written for i, written in enumerate(is_written, start) if i in annotated}
            if has_rows and kept == {False}:  # it would say that no word is a predicate
                notes[NO_OTHER_PREDICATE] += 1
            elif has_rows:
                if len({p.predicate for p in own}) < len(own):
                    raise ValueError(f"{where}: two predicates on one word in sentence {number}")
                inside = [_within(p, start, end) for p in own]
                yield RoleSentence(
                    doc,
                    reference,
                    without_blanks(doc_id),
                    number,
                    start,
                    end,
                    [i for i, written in enumerate(is_written, start) if written],
                    [_among(prop, is_written, notes) for prop, _ in inside],
                    sum(n for _, n in inside),
                )
            number += 1
    if place and not any_frames:
        raise ValueError("no document has semantic roles")


def _pairs(docs: Iterable[Doc], like: Iterable[Doc] | None) -> Iterator[tuple[Doc, Doc]]:
    """Pair the Docs that have words with those that say where sentences begin."""
    docs = (doc for doc in docs if len(doc))
    if like is None:
        for doc in docs:
            yield doc, doc
        return
    others = (doc for doc in like if len(doc))
    for place, (doc, other) in enumerate(zip_longest(docs, others), start=1):
        if doc is None or other is None:
            longer = "the other Docs" if doc is None else "these Docs"
            raise ValueError(f"{longer} go on at document {place}, where there is no counterpart")
        yield doc, other


def _within(prop: Proposition, start: int, end: int) -> tuple[Proposition, int]:
    """Make a Doc's proposition one of a sentence, and count the spans that had to be cut."""
    spans = [*prop.arguments, *(Argument(*part, "") for part in prop.parts)]
    cut = sum(s.start < start or s.end > end for s in spans)
    arguments = [
        Argument(max(s, start) - start, min(e, end) - start, role)
        for s, e, role in prop.arguments
        if s < end and e > start
    ]
    parts = [
        (max(s, start) - start, min(e, end) - start) for s, e in prop.parts if s < end and e > start
    ]
    return Proposition(prop.predicate - start, prop.roleset, arguments, parts), cut


def _among(prop: Proposition, is_written: Sequence[bool], notes: Counter[str]) -> Proposition:
    """Make positions in a sentence those among its written tokens.

    prop (Proposition): Its predicate is written. Spans of no written token are left out.
    notes (Counter[str]): Counts them.
    """
    if all(is_written):
        return prop
    at = [0, *accumulate(is_written)]
    arguments = [Argument(at[start], at[end], role) for start, end, role in prop.arguments]
    parts = [(at[start], at[end]) for start, end in prop.parts]
    spans = [*((start, end) for start, end, _ in arguments), *parts]
    notes[SPACE_ROLES] += sum(start == end for start, end in spans)
    return Proposition(
        at[prop.predicate],
        prop.roleset,
        [argument for argument in arguments if argument.start < argument.end],
        [(start, end) for start, end in parts if start < end],
    )


def _write_rows(file: TextIO, table: Table) -> None:
    """Write a sentence, its columns as wide as their longest cells, and a blank line."""
    widths = [max(map(len, column)) for column in table.columns]
    for row in zip(*table.columns, strict=True):
        cells = [
            cell.ljust(width) if i in table.left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        file.write("  ".join(cells).rstrip() + "\n")
    file.write("\n")
