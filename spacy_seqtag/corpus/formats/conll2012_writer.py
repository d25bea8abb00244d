"""Writing CoNLL-2012: see `conll2012`, which reads it."""

import re
from collections.abc import Iterable
from typing import TextIO

from spacy.tokens import Doc

from ...schemes.propositions import PREDICATE
from .doc_words import RELABELLED, SPLIT
from .format import ExportCounts, Writer
from .role_tables import (
    RoleSentence,
    Table,
    in_utf8,
    write_tables,
    written_roleset,
)

_NOTHING, _NO_VALUE = "*", "-"
_ODD_ROLESETS = "<roleset|rolesets> that <is|are> no lemma and number"
_OF_PART = re.compile(r"(.+)-part([1-9][0-9]*)")
_BRACKETS = re.compile(r"[()*\s]")


def write_conll2012(
    docs: Iterable[Doc], file: TextIO, like: Iterable[Doc] | None = None
) -> ExportCounts:
    """Write words, XPOS, entities and propositions as CoNLL-2012 has them.

    The parse is left out (`*`); lemmas and framesets are those of the rolesets, and word senses,
    speakers and coreference are empty (`-`). So is the entity of a word of which nothing is known,
    which other programs may not expect. Blanks in words become `_`, and tokens of white space are
    left out.

    docs, file, like: see `role_tables.write_tables`.
    RAISES: ValueError: See there.
    """
    return write_tables(_table, docs, file, like, _around)


def _around(doc_id: str) -> tuple[str, str]:
    name, part = _name_and_part(doc_id)
    return f"#begin document ({name}); part {int(part):03}", "#end document"


def _name_and_part(doc_id: str) -> tuple[str, str]:
    """Undo what the reader makes of both (`_Conll2012.document`)."""
    found = _OF_PART.fullmatch(doc_id)
    return (found[1], found[2]) if found else (doc_id, "0")


def _table(sentence: RoleSentence, counts: ExportCounts) -> Table:
    size = len(sentence)
    name, part = _name_and_part(sentence.doc_id)
    lemmas, framesets = [_NO_VALUE] * size, [_NO_VALUE] * size
    for prop in sentence.propositions:
        lemma, dot, frameset = written_roleset(prop.roleset, counts.left_out).rpartition(".")
        if dot and lemma and frameset:
            lemmas[prop.predicate], framesets[prop.predicate] = lemma, frameset
        else:
            lemmas[prop.predicate] = sentence.predicate_name(prop.predicate)
            counts.left_out[_ODD_ROLESETS] += prop.roleset not in ("", PREDICATE)
    columns = [
        [name] * size,
        [part] * size,
        *sentence.words(_NO_VALUE),
        lemmas,
        framesets,
        [_NO_VALUE] * size,
        [_NO_VALUE] * size,
        _entity_cells(sentence, counts),
        *sentence.brackets(),
        [_NO_VALUE] * size,
    ]
    return Table(columns, left=(0, 3))


def _entity_cells(sentence: RoleSentence, counts: ExportCounts) -> list[str]:
    """Write the column of entities; one that goes on beyond the sentence ends with it."""
    doc, tokens = sentence.doc, sentence.tokens
    counts.left_out[SPLIT] += doc[sentence.start].ent_iob_ == "I"
    begins: list[bool] = []
    fresh, written = True, frozenset(sentence.places)
    for i in range(sentence.start, sentence.end):
        fresh = fresh or doc[i].ent_iob_ != "I"
        if i in written:
            begins.append(fresh)
            fresh = False
    ends = [*(new or not t.ent_type_ for new, t in zip(begins[1:], tokens[1:])), True]
    cells = [_NOTHING if token.ent_iob else _NO_VALUE for token in tokens]
    for i, token in enumerate(tokens):
        if token.ent_type_ and begins[i]:
            label = _BRACKETS.sub("_", token.ent_type_)
            counts.left_out[RELABELLED] += label != token.ent_type_
            counts.entities += 1
            cells[i] = f"({label})" if ends[i] else f"({label}{_NOTHING}"
        elif token.ent_type_ and ends[i]:
            cells[i] = f"{_NOTHING})"
    return cells


WRITER = Writer(
    "conll2012",
    "CoNLL-2012, as OntoNotes comes: words, XPOS, entities and semantic roles",
    in_utf8(write_conll2012),
    (
        "white space",
        "blanks in words",
        "spacing",
        "unknown sentences",
        "sentence ids",
        "UPOS",
        "lemmas",
        "overlapping spans",
        "sentences without roles",
        "other spans",
    ),
    takes_like=True,
)
