"""JSONL: an object a line."""

import json
from collections.abc import Callable
from functools import partial

from srsly import ujson

from ...compression import compressor
from ...records import Plan, make_record
from .format import Annotated, Encode, OutputFormat
from .lines import opened


def make_encoder(plan: Plan, compression: str = "") -> Encode:
    """Make the function that writes a line for each Doc.

    plan (Plan): Which records a Doc has.
    compression (str): ".gz", ".zst" or "".
    """
    compress = compressor(compression)
    # The input's own values to the last digit; ours, which are many, as fast as can be.
    dump = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
    dump_record: Callable[..., str] = partial(
        ujson.dumps, ensure_ascii=False, escape_forward_slashes=False
    )

    def encode(annotated: Annotated) -> bytes:
        lines = []
        for doc, item in annotated:
            head: dict[str, object] = {"text": doc.text, "source": item.source}
            if item.meta:
                head["meta"] = item.meta
            record = dump_record(make_record(doc, plan))
            lines.append(f"{dump(head)[:-1]},{record[1:]}\n")
        return compress("".join(lines).encode()) if lines else b""

    return encode


FORMATS = tuple(
    OutputFormat(f"jsonl{end}", partial(make_encoder, compression=end), opened)
    for end in ("", ".gz", ".zst")
)
