"""Parquet: a row a Doc, with lists of records in it. Needs pyarrow."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ...extras import need
from ...files import naming, written_aside
from ...records import Plan, make_record
from .format import Annotated, Encode, OutputFormat, Write

_GROUP_BYTES = 16_000_000  # of a row group, as it lies in memory


def make_schema(plan: Plan) -> Any:  # noqa: ANN401  (pyarrow has no types)
    """Make the schema: those fields of the records that the plan has.

    plan (Plan): Which records a Doc has.
    RETURNS (pyarrow.Schema): The same for all files of a run.
    """
    pa = need("pyarrow")
    place = [(name, pa.int32()) for name in ("start", "end", "start_char", "end_char")]
    confidence = [("confidence", pa.float32())] if plan.confidences else []
    span = [("text", pa.string()), *place, *confidence]
    token = [("text", pa.string()), ("start_char", pa.int32()), ("end_char", pa.int32())]
    token += [(name, pa.string()) for name in plan.token_fields]
    role = [("role", pa.string()), ("description", pa.string())]
    frame = [("predicate", pa.struct(span)), ("roleset", pa.string())]
    frame += [("roleset_confidence", pa.float32())] if plan.confidences else []
    frame += [
        ("roleset_known", pa.bool_()),
        ("roleset_definition", pa.string()),
        ("parts", pa.list_(pa.struct(span))),
        ("arguments", pa.list_(pa.struct([*role, *span]))),
    ]
    records = {
        "tokens": [*token, *confidence],
        "sentences": place,
        "entities": [("text", pa.string()), ("label", pa.string()), *place, *confidence],
        "frames": frame,
    }
    columns = [(name, pa.string()) for name in ("text", "source", "meta")]
    return pa.schema(
        [*columns, *((name, pa.list_(pa.struct(records[name]))) for name in plan.layers)]
    )


def make_encoder(plan: Plan) -> Encode:
    """Make the function that makes a table of Docs.

    plan (Plan): Which records a Doc has.
    RAISES: ImportError: pyarrow is missing.
    """
    pa = need("pyarrow")
    schema = make_schema(plan)

    def encode(annotated: Annotated) -> bytes:
        rows = [
            {
                "text": doc.text,
                "source": item.source,
                "meta": json.dumps(item.meta, ensure_ascii=False) if item.meta else None,
                **make_record(doc, plan),
            }
            for doc, item in annotated
        ]
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, schema) as writer:
            writer.write_table(pa.Table.from_pylist(rows, schema=schema))
        piece: bytes = sink.getvalue().to_pybytes()
        return piece

    return encode


@contextmanager
def opened(path: Path) -> Iterator[Write]:
    """Open a parquet file, see `OutputFormat`."""
    pa, parquet = need("pyarrow"), need("pyarrow.parquet")
    tables: list[Any] = []
    writers: list[Any] = []

    def flush() -> None:
        with naming(path):
            if not writers:
                writers.append(parquet.ParquetWriter(file, tables[0].schema, compression="zstd"))
            writers[0].write_table(pa.concat_tables(tables).combine_chunks())
        tables.clear()

    def write(piece: bytes) -> None:
        tables.append(pa.ipc.open_stream(piece).read_all())
        if sum(table.nbytes for table in tables) >= _GROUP_BYTES:
            flush()

    with written_aside(path) as file:
        yield write
        if tables:
            flush()
        with naming(path):
            for writer in writers:
                writer.close()


FORMATS = (OutputFormat("parquet", make_encoder, opened),)
