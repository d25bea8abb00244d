"""CoNLL-U, as `corpus.formats.conllu.writer` writes it: with entities and roles in MISC."""

import json
from functools import partial

from ...compression import compressor
from ...corpus.formats.conllu.writer import doc_text
from ...records import Plan
from ..items import Item
from .format import Annotated, Encode, OutputFormat
from .lines import opened


def make_encoder(plan: Plan, compression: str = "") -> Encode:
    """Make the function that writes the sentences of Docs.

    plan (Plan): What is in the columns and in MISC.
    compression (str): ".gz", ".zst" or "".
    """
    compress = compressor(compression)

    def encode(annotated: Annotated) -> bytes:
        blocks = "".join(doc_text(doc, plan, partial(_comments, item)) for doc, item in annotated)
        return compress(blocks.encode()) if blocks else b""

    return encode


def _comments(item: Item, place: int, index: int) -> list[str]:
    """Give the comments of a sentence: where its text comes from."""
    source = " ".join(item.source.split())
    lines = []
    if place == 0:
        lines.append(f"# newdoc id = {source}")
        if item.meta:
            lines.append(f"# meta = {json.dumps(item.meta, ensure_ascii=False)}")
    return [*lines, f"# sent_id = {source}-{place + 1}"]


FORMATS = tuple(
    OutputFormat(f"conllu{end}", partial(make_encoder, compression=end), opened)
    for end in ("", ".gz", ".zst")
)
