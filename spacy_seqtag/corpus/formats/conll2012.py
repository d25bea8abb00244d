"""CoNLL-2012, in which OntoNotes is distributed: words, XPOS, entities, predicates and roles.

    nw/x_0000 0 0 Ann  NNP (TOP(S(NP*) -   -  - Smith (PERSON) (ARG0*) (1)
    nw/x_0000 0 1 left VBD (VP*)))     leave 01 1 Smith *      (V*)    -

A row holds document, part, word number, word, XPOS, parse, the predicate's lemma and frameset (both
give the roleset, `leave.01`), word sense, speaker, entity, one column of brackets per predicate,
and coreference. The parse, word senses, speakers and coreference are counted, not read.

Sources: https://conll.cemantix.org/2012/data.html,
https://github.com/ontonotes/conll-formatted-ontonotes-5.0
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import chain
from pathlib import Path

from ...compression import split_compression
from ...schemes.propositions import NO_ROLESET, PREDICATE, read_entities
from ..errors import FormatError
from ..join.by_document import DocumentLayer
from ..join.by_sentence import SentenceLayer
from ..join.documents import PropbankSentence
from ..join.layer import Layer
from ..sentence import MASK, Sentence
from .conll2012_writer import WRITER
from .document_rows import DOCUMENT, FRAME_FILE, PARSE, PART, Columns, Layout, first_row, read_rows
from .format import Format, LayerFiles, ReadOptions, read_all
from .remarks import Remarks

_FRAMESET, _SENSE, _SPEAKER, _ENTITY, _COREFERENCE = 7, 8, 9, 10, -1
_NOTHING, _NO_VALUE = "*", "-"

_OWN_SUFFIXES = (
    *(f".v4_{made}_{kind}" for made in ("gold", "auto") for kind in ("conll", "skel")),
    *(f".v9_{made}_{kind}" for made in ("gold", "auto") for kind in ("conll", "skel")),
    ".auto_conll",
)
_SUFFIXES = (*_OWN_SUFFIXES, ".gold_conll", ".gold_skel", ".conll", ".txt")

# The texts of OntoNotes whose names nobody annotated: "pivot texts", from the Bible.
# Source: table 1 of https://catalog.ldc.upenn.edu/docs/LDC2013T19/OntoNotes-Release-5.0.pdf
_WITHOUT_NAMES = "pt/"

_PARSES = "<sentence has|sentences have> a parse, which was not read"
_SENSES = "<word sense was|word senses were> not read"
_SPEAKERS = "<sentence has|sentences have> a speaker, which was not read"
_MENTIONS = "<mention of coreference was|mentions of coreference were> not read"
_NESTED = "<entity lies within another one and was|entities lie within others and were> left out"
_PIVOT = (
    "<sentence counts|sentences count> as without annotation of entities: OntoNotes has none of "
    "its texts under pt/"
)
_NO_PREDICATE = (
    "<document has|documents have> no predicate: <its|their> sentences count as annotated with "
    "semantic roles, as CoNLL-2012 does not tell what nobody annotated"
)
_NO_ENTITY = (
    "<document has|documents have> no entity: <its|their> words count as outside of all entities, "
    "as CoNLL-2012 does not tell what nobody annotated"
)


class _Conll2012(Layout):
    columns = (
        "document, part, word number, word, XPOS, parse, lemma, frameset, sense, speaker, entity, "
        "one per predicate, and coreference (CoNLL-2012)"
    )
    n_columns = 12
    arguments = slice(11, -1)
    no_xpos = frozenset((_NO_VALUE, "_"))

    def fits(self, row: Sequence[str]) -> bool:
        # Cells of arguments contain a `*`; word senses and speakers do not.
        return len(row) >= self.n_columns and _NOTHING not in row[_SENSE] + row[_SPEAKER]

    def document(self, columns: Columns) -> str:
        name, part = columns[DOCUMENT][0], columns[PART][0]
        return f"{name}-part{part}" if part.strip("0") else name

    def rolesets(self, columns: Columns) -> Sequence[str]:
        pairs = zip(columns[FRAME_FILE], columns[_FRAMESET], strict=True)
        rolesets = [
            NO_ROLESET if frameset == _NO_VALUE else f"{lemma}.{frameset}"
            for lemma, frameset in pairs
        ]
        arguments = columns[self.arguments]
        if len(rolesets) - rolesets.count(NO_ROLESET) < len(arguments):
            for cells in arguments:
                _name_predicate(rolesets, cells)
        return rolesets

    def entities(self, columns: Columns) -> list[str] | None:
        cells = columns[_ENTITY]
        if _is_pivot(columns):
            return None
        if _NO_VALUE not in cells:
            return read_entities(cells)
        tags = read_entities([_NOTHING if cell == _NO_VALUE else cell for cell in cells])
        pairs = zip(tags, cells, strict=True)
        return ["" if cell == _NO_VALUE and tag == "O" else tag for tag, cell in pairs]

    def unread(self, columns: Columns) -> Counter[str]:
        size = len(columns[DOCUMENT])
        notes = Counter(
            {
                _PARSES: int(not {_NOTHING, _NO_VALUE}.issuperset(columns[PARSE])),
                _SENSES: size - columns[_SENSE].count(_NO_VALUE),
                _SPEAKERS: int(columns[_SPEAKER].count(_NO_VALUE) < size),
                _MENTIONS: "".join(columns[_COREFERENCE]).count("("),
                _NESTED: _n_nested(columns[_ENTITY]),
                _PIVOT: int(_is_pivot(columns)),
            }
        )
        return +notes


def _is_pivot(columns: Columns) -> bool:
    """Tell whether a sentence is of the texts whose names nobody annotated."""
    cells = columns[_ENTITY]
    pivot = columns[DOCUMENT][0].startswith(_WITHOUT_NAMES)
    return pivot and cells.count(_NOTHING) == len(cells)


def _n_nested(cells: Iterable[str]) -> int:
    """Count the brackets that open within others."""
    depth = found = 0
    for bracket in re.findall(r"[()]", "".join(cells)):
        found += bracket == "(" and depth > 0
        depth += 1 if bracket == "(" else -1
    return found


LAYOUT = _Conll2012()
"""The columns of CoNLL-2012."""


def _name_predicate(rolesets: list[str], cells: Sequence[str]) -> None:
    """Mark, in place, the word of a predicate that has a column and no frameset."""
    start = next((i for i, cell in enumerate(cells) if f"({PREDICATE}{_NOTHING}" in cell), None)
    if start is None:
        return  # reading the columns says so
    end = next((i for i in range(start, len(cells)) if ")" in cells[i]), start)
    if all(roleset == NO_ROLESET for roleset in rolesets[start : end + 1]):
        rolesets[start] = PREDICATE


def looks_like(path: Path) -> bool:
    """Tell by its ending or its first row whether a file is CoNLL-2012's."""
    if split_compression(path)[0].suffix.lower() in _OWN_SUFFIXES:
        return True
    with suppress(FormatError, OSError):  # what is wrong with it is said when it is read
        columns = first_row(path)
        numbers = columns[1:3]
        return LAYOUT.fits(columns) and numbers[1] == "0" and numbers[0].isdecimal()
    return False


def read(path: Path, options: ReadOptions, remarks: Remarks) -> Iterator[Sentence]:
    """Read words, XPOS, entities and propositions, one sentence at a time.

    Escapes of the Penn Treebank (`-LRB-`) are undone, see `penn.unescape`. `-` as XPOS or entity
    is missing annotation; a predicate without a frameset is `V`. Of nested entities the outer
    one is read. A part of a document is a document. One space follows every word.

    RAISES: FormatError: See `document_rows.read_rows`.
    """
    yield from _remarked(read_rows([path], LAYOUT, options.progress, masked=False), remarks)


def _remarked(sentences: Iterator[PropbankSentence], remarks: Remarks) -> Iterator[Sentence]:
    """Yield the sentences, and count what was not read and which documents have no annotation."""
    # Whether the document has any so far; None where nobody annotated it.
    entity: bool | None = None
    predicate: bool | None = None
    for sentence, _, notes in sentences:
        if sentence.new_doc:
            remarks.totals.update({_NO_ENTITY: entity is False, _NO_PREDICATE: predicate is False})
            entity = predicate = None
        if sentence.entities is not None:
            entity = bool(entity) or any(tag[:1] == "B" for tag in sentence.entities)
        predicate = bool(predicate) or bool(sentence.propositions)
        remarks.totals.update(notes)
        yield sentence
    remarks.totals.update({_NO_ENTITY: entity is False, _NO_PREDICATE: predicate is False})
    remarks.totals = +remarks.totals


def _layer(files: LayerFiles, options: ReadOptions, remarks: list[Remarks]) -> Layer:
    """Join words by their sentences, which gives all layers, and skeletons by their documents."""
    rows = read_rows(files.paths, LAYOUT, options.progress, masked=True)
    first = next(rows)
    if MASK in first.sentence.words:
        rows = chain([first], rows)
        return DocumentLayer(files.name, rows, max_mismatch=options.max_mismatch)
    sentences = read_all(read, files.paths, options, remarks)
    return SentenceLayer(files.name, sentences, max_mismatch=options.max_mismatch)


FORMAT = Format(
    name="conll2012",
    suffixes=_SUFFIXES,
    help="CoNLL-2012, as OntoNotes comes: words, XPOS, entities and semantic roles",
    read=read,
    layer=_layer,
    writers=(WRITER,),
    recognises=looks_like,
)
