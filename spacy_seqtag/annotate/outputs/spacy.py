"""`.spacy` files: Docs, which `DocBin` reads."""

import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from spacy.tokens import Doc
from spacy.tokens.doc import DOCBIN_ALL_ATTRS

from ...confidence import drop_confidences
from ...corpus.docbin_write import DocBinWriter, PackedDocs, pack_docs
from ...frames import GROUPS
from ...records import Layer, Plan
from .format import Annotated, Encode, OutputFormat, Write

_ATTRS: dict[Layer, tuple[str, ...]] = {
    "tokens": ("TAG", "LEMMA", "MORPH", "POS"),
    "entities": ("ENT_IOB", "ENT_TYPE", "ENT_KB_ID", "ENT_ID"),
    "sentences": ("SENT_START", "HEAD", "DEP"),
}


def make_encoder(plan: Plan) -> Encode:
    """Make the function that packs Docs, without the layers that the plan leaves out.

    plan (Plan): The layers, and whether there are confidences. They are not rounded.
    """
    left_out = {
        attr for layer, attrs in _ATTRS.items() if layer not in plan.layers for attr in attrs
    }
    attrs = [attr for attr in DOCBIN_ALL_ATTRS if attr not in left_out]

    def encode(annotated: Annotated) -> bytes:
        docs = []
        for doc, item in annotated:
            _thin(doc, plan)
            doc.user_data["source"] = item.source
            if item.meta:
                doc.user_data["meta"] = dict(item.meta)
            docs.append(doc)
        return pickle.dumps(pack_docs(docs, attrs=attrs)) if docs else b""

    return encode


def _thin(doc: Doc, plan: Plan) -> None:
    """Take out of a Doc what the plan leaves out, save for what `attrs` of a `DocBin` leave out."""
    if "frames" not in plan.layers:
        for name in GROUPS:
            doc.spans.pop(name, None)
    if not plan.confidences:
        drop_confidences(doc)
        for name in GROUPS:
            if name in doc.spans:
                doc.spans[name].attrs.clear()


@contextmanager
def opened(path: Path) -> Iterator[Write]:
    """Open a `.spacy` file, see `OutputFormat`."""
    with DocBinWriter(path) as writer:

        def write(piece: bytes) -> None:
            if piece:
                packed: PackedDocs = pickle.loads(piece)  # made by a worker of this run
                writer.add_packed(packed)

        yield write


FORMATS = (OutputFormat("spacy", make_encoder, opened),)
