"""Writing Universal PropBank 2.0 with words: CoNLL-U as `conllu` writes it, and three columns more.

A sentence that is not annotated with semantic roles has the comment `NOT_ANNOTATED`. Roles have
the names that they have in the Docs. Heads are those of the Doc's dependency parse; without one
they are `_`, since nothing knows them.
"""

from collections.abc import Iterable, Sequence
from typing import IO

from spacy.tokens import Doc

from ....frames import Frame
from ....records import Plan
from ....schemes.propositions import PREDICATE
from ..comments import GLOBAL_COLUMNS
from ..conllu.roles import written_label
from ..conllu.rows import COLUMNS
from ..conllu.writer import Comments, doc_text, frames_within, spans_within, write_docs
from ..doc_words import SPACE_ROLES, find_rows
from ..format import ExportCounts, Writer
from ..head_roles import ABSENT, YES
from .reader import NOT_ANNOTATED
from .spans import ARGHEADS, ARGSPANS, PRED

_PLAN = Plan(("tokens", "entities"), confidences=False)
_EMPTY = f"\t{ABSENT}" * 3
_UNWRITABLE = "<roleset|rolesets> `_` or `Y`, which <is|are> `V` now"


def write_up(
    docs: Iterable[Doc], file: IO[bytes], like: Iterable[Doc] | None = None
) -> ExportCounts:
    """Write Docs as `read` reads them, with the ids of documents and sentences.

    docs (Iterable[Doc]): With any annotation. file (IO[bytes]): What is written to.
    like (None): Not used here.
    RAISES: ValueError: No word in any Doc; semantic roles that do not hold together.
    """
    columns = " ".join((*COLUMNS, PRED, ARGHEADS, ARGSPANS))
    file.write(f"# {GLOBAL_COLUMNS} = {columns}\n".encode())
    return write_docs(docs, file, _text)


def _text(doc: Doc, *, comments: Comments, counts: ExportCounts) -> str:
    cells, annotated = _cells(doc, counts)
    return doc_text(doc, _PLAN, _comments(comments, annotated), counts, cells)


def _comments(ids: Comments, annotated: set[int]) -> Comments:
    """Add to the comments with ids which sentences are not annotated with roles."""

    def comments(place: int, number: int) -> list[str]:
        return ids(place, number) + ([] if number in annotated else [NOT_ANNOTATED])

    return comments


def _cells(doc: Doc, counts: ExportCounts) -> tuple[list[str], set[int]]:
    """Write the three columns of each token, and find the sentences that are annotated."""
    numbers, sentences = find_rows(doc)
    cells = [_EMPTY] * len(doc)
    annotated = set()
    has_tree = doc.has_annotation("DEP")
    for (number, start, end), frames in frames_within(doc, sentences, numbers, counts):
        if frames is not None:
            annotated.add(number)
        for frame in frames or ():
            row = _row(doc, frame, (start, end), numbers, counts, has_tree=has_tree)
            cells[frame.predicate.start] = "".join(f"\t{cell}" for cell in row)
    return cells, annotated


def _row(
    doc: Doc,
    frame: Frame,
    bounds: tuple[int, int],
    numbers: Sequence[int],
    counts: ExportCounts,
    *,
    has_tree: bool,
) -> tuple[str, str, str]:
    """Write roleset, heads and spans of a frame.

    bounds (tuple[int, int]): The tokens of its sentence.
    has_tree (bool): Whether the Doc has a parse.
    """
    roleset = written_label(frame.roleset or PREDICATE)
    if roleset in (ABSENT, YES):
        counts.left_out[_UNWRITABLE] += 1
        roleset = PREDICATE
    heads, spans = [], []
    for start, end, role in spans_within(frame, *bounds, counts):
        places = [numbers[i] for i in range(start, end) if numbers[i]]
        counts.left_out[SPACE_ROLES] += not places
        if places:
            label = written_label(role)
            spans.append(f"{label}:{places[0]}-{places[-1]}")
            heads.append(f"{label}:{numbers[doc[start:end].root.i] or places[0]}")
    tree = "|".join(heads) if has_tree else ABSENT
    return roleset, tree or ABSENT, "|".join(spans) or ABSENT


WRITER = Writer(
    "up",
    "Universal PropBank 2.0 with words: CoNLL-U Plus, roles in UP:PRED, UP:ARGHEADS, UP:ARGSPANS",
    write_up,
    ("white space", "overlapping spans", "other spans"),
)
