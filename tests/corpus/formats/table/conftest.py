"""What the tests of tables share."""

import json

import pytest


@pytest.fixture
def write(tmp_path):
    """Function to write rows as a table of any kind; `features` are those of `datasets`."""
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")

    def write_rows(kind, rows, features=None, name="a"):
        path = tmp_path / f"{name}.{kind.partition('-')[0]}"
        if kind.startswith("json"):
            lines = [json.dumps(row) for row in rows]
            text = "\n".join(lines) if kind == "jsonl" else f"[{','.join(lines)}]"
            path.write_text(text + "\n", encoding="utf8")
            return path
        table = pa.Table.from_pylist(rows)
        if features is not None:
            info = json.dumps({"info": {"features": features}})
            table = table.replace_schema_metadata({"huggingface": info})
        if kind == "parquet":
            parquet.write_table(table, path)
        else:
            new = pa.ipc.new_file if kind == "arrow-file" else pa.ipc.new_stream
            with path.open("wb") as file, new(file, table.schema) as writer:
                writer.write_table(table, max_chunksize=2)
        return path

    return write_rows


KINDS = ("parquet", "arrow-stream", "arrow-file", "jsonl", "json")


@pytest.fixture(params=KINDS)
def kind(request):
    """Each kind of table."""
    return request.param
