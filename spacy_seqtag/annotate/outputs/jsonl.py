"""JSONL: an object a line."""

import json
from functools import partial

from ...records import Plan, make_record
from ..compression import compressor
from .format import Annotated, Encode, OutputFormat
from .lines import opened


def make_encoder(plan: Plan, compression: str = "") -> Encode:
    """Make the function that writes a line for each Doc.

    plan (Plan): Which records a Doc has.
    compression (str): ".gz", ".zst" or "".
    """
    compress = compressor(compression)
    dump = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

    def encode(annotated: Annotated) -> bytes:
        lines = []
        for doc, item in annotated:
            line: dict[str, object] = {"text": doc.text, "source": item.source}
            if item.meta:
                line["meta"] = item.meta
            line.update(make_record(doc, plan))
            lines.append(dump(line))
        return compress("".join(f"{line}\n" for line in lines).encode()) if lines else b""

    return encode


FORMATS = tuple(
    OutputFormat(f"jsonl{end}", partial(make_encoder, compression=end), opened)
    for end in ("", ".gz", ".zst")
)
