"""Writing Docs as rows of parquet or JSONL, in the columns that `doc_rows` defines.

Docs are written one by one or, in parquet, in groups of rows, so that memory does not follow the
length of the file. Parquet needs pyarrow.
"""

import json
from collections.abc import Iterable, Iterator
from typing import IO, Any

from spacy.tokens import Doc

from ....extras import need
from ....frames import annotated_tokens, has_frames, propositions
from ...cut import sentence_bounds
from ...docs import ALL_SPANS, doc_id_of, sent_ids_of
from ..format import ExportCounts, Writer
from .doc_rows import COLUMNS

_GROUP = 50_000  # words of a row group

Row = dict[str, object]


def make_schema() -> Any:  # noqa: ANN401  (pyarrow has no types)
    """Make the schema.

    RETURNS (pyarrow.Schema): The columns of `doc_rows.COLUMNS`.
    """
    pa = need("pyarrow")
    place = [("start", pa.int32()), ("end", pa.int32())]
    places, strings = pa.list_(pa.struct(place)), pa.list_(pa.string())
    argument = pa.struct([*place, ("role", pa.string())])
    frame = [("predicate", pa.int32()), ("roleset", pa.string()), ("parts", places)]
    types = {
        "doc_id": pa.string(),
        "spaces": pa.list_(pa.bool_()),
        "sent_starts": pa.list_(pa.bool_()),
        "spans": pa.list_(pa.struct([*place, ("label", pa.string())])),
        "frames": pa.list_(pa.struct([*frame, ("arguments", pa.list_(argument))])),
        "srl_annotated": places,
    }
    return pa.schema([(name, types.get(name, strings)) for name in COLUMNS])


def doc_row(doc: Doc, counts: ExportCounts) -> Row:
    """Make the row of a Doc.

    doc (Doc): With words.
    counts (ExportCounts): Counts what is written.
    """
    bounds = sentence_bounds(doc)
    tokens = list(doc)
    ids = sent_ids_of(doc, len(bounds))
    row: Row = {
        "doc_id": doc_id_of(doc),
        "tokens": [token.text for token in tokens],
        "spaces": [bool(token.whitespace_) for token in tokens],
        "sent_starts": _starts(doc),
        "sent_ids": ids if any(ids) else None,
        "pos": _layer([token.pos_ for token in tokens]),
        "tag": _layer([token.tag_ for token in tokens]),
        "lemma": _layer([token.lemma_ for token in tokens]),
        "ner": _layer(
            [f"{t.ent_iob_}-{t.ent_type_}" if t.ent_type_ else t.ent_iob_ for t in tokens]
        ),
    }
    if ALL_SPANS in doc.spans:
        row["spans"] = [
            {"start": span.start, "end": span.end, "label": span.label_}
            for span in doc.spans[ALL_SPANS]
        ]
    if has_frames(doc):
        props = propositions(doc)
        row["frames"] = [
            {
                "predicate": prop.predicate,
                "roleset": prop.roleset,
                "parts": [{"start": start, "end": end} for start, end in prop.parts],
                "arguments": [argument._asdict() for argument in prop.arguments],
            }
            for prop in props
        ]
        row["srl_annotated"] = list(_stretches(doc))
        counts.predicates += len(props)
    counts.documents += 1
    counts.sentences += len(bounds)
    counts.words += len(tokens)
    counts.entities += len(doc.ents)
    return row


def _starts(doc: Doc) -> list[bool | None]:
    """Tell for each word whether a sentence begins there: the first one begins one."""
    meaning = {1: True, 0: None}
    starts = doc.to_array("SENT_START").tolist()
    return [True, *(meaning.get(start, False) for start in starts[1:])]


def _layer(values: list[str]) -> list[str | None] | None:
    return [value or None for value in values] if any(values) else None


def _stretches(doc: Doc) -> Iterator[dict[str, int]]:
    """Yield the stretches of words that are annotated with semantic roles."""
    covered = annotated_tokens(doc).tolist()
    start = 0
    for i, (here, after) in enumerate(zip(covered, [*covered[1:], False], strict=True)):
        if here and not after:
            yield {"start": start, "end": i + 1}
        start = start if here else i + 1


def write_parquet(
    docs: Iterable[Doc], file: IO[bytes], like: Iterable[Doc] | None = None
) -> ExportCounts:
    """Write a row for each Doc; those without words are left out.

    docs (Iterable[Doc]): With any annotation. file (IO[bytes]): What is written to.
    like (None): Not used here.
    RAISES: ValueError: No word in any Doc. ImportError: pyarrow is missing.
    """
    pa, parquet = need("pyarrow"), need("pyarrow.parquet")
    schema, counts = make_schema(), ExportCounts()
    group: list[Row] = []
    written = 0
    with parquet.ParquetWriter(file, schema) as writer:
        for row in _rows(docs, counts):
            group.append(row)
            if counts.words - written >= _GROUP:
                writer.write_table(pa.Table.from_pylist(group, schema=schema))
                group, written = [], counts.words
        if group:
            writer.write_table(pa.Table.from_pylist(group, schema=schema))
    return counts


def write_json_lines(
    docs: Iterable[Doc], file: IO[bytes], like: Iterable[Doc] | None = None
) -> ExportCounts:
    """Write a record for each Doc, without the columns that it does not have.

    docs, file, like: see `write_parquet`.
    RAISES: ValueError: See there.
    """
    counts = ExportCounts()
    for row in _rows(docs, counts):
        record = {name: value for name, value in row.items() if value is not None}
        file.write(f"{json.dumps(record, ensure_ascii=False)}\n".encode())
    return counts


def _rows(docs: Iterable[Doc], counts: ExportCounts) -> Iterator[Row]:
    """Yield the rows of Docs with words.

    RAISES: ValueError: At the end, if there is none.
    """
    for doc in docs:
        if len(doc):
            yield doc_row(doc, counts)
        else:
            counts.left_out["<document|documents> without words"] += 1
    if not counts.words:
        raise ValueError("there are no words in it")


PARQUET_WRITER = Writer(
    "parquet",
    "a row a document, with lists of words, tags, spans and frames",
    write_parquet,
    ("other spans",),
)
JSON_WRITER = Writer(
    "tokens", "the same as JSONL, an object a document", write_json_lines, ("other spans",)
)
