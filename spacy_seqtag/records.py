"""Docs as plain records: tokens, sentences, entities and frames, for JSON, parquet and tables.

What `annotate` writes as JSONL and parquet, and what `to_dataframe` shows, is made here, so that
the three agree: names and order of the fields, and what a missing value means.

In all records `start` and `end` are token positions in the Doc, `start_char` and `end_char` are
positions in its text, and a confidence is from 0 to 1. A value that nobody gave is None.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from spacy.attrs import IDX, LEMMA, LENGTH, POS, TAG
from spacy.tokens import Doc
from typing_extensions import TypedDict  # pydantic reads typing's from Python 3.12 on

from .confidence import confidence_of, tag_confidences
from .frames import ArgumentDict, FrameDict, SpanDict, get_frames

Layer = Literal["tokens", "sentences", "entities", "frames"]

LAYERS: tuple[Layer, ...] = ("tokens", "sentences", "entities", "frames")
"""What a Doc may hold, in the order in which it is written."""

TokenField = Literal["pos", "tag", "lemma"]

TOKEN_FIELDS: tuple[TokenField, ...] = ("pos", "tag", "lemma")
"""What a token may have, besides its text and its place."""

_ATTRS = {"pos": POS, "tag": TAG, "lemma": LEMMA}


class TokenRecord(TypedDict, total=False):
    """A token; fields that a plan leaves out are absent."""

    text: str
    start_char: int
    end_char: int
    pos: str | None
    tag: str | None
    lemma: str | None
    confidence: float | None


class SentenceRecord(TypedDict):
    """A sentence: its place."""

    start: int
    end: int
    start_char: int
    end_char: int


class EntityRecord(TypedDict):
    """An entity."""

    text: str
    label: str
    start: int
    end: int
    start_char: int
    end_char: int
    confidence: float | None


class DocRecord(TypedDict, total=False):
    """The layers of a Doc; those that a plan leaves out are absent."""

    tokens: list[TokenRecord]
    sentences: list[SentenceRecord]
    entities: list[EntityRecord]
    frames: list[FrameDict]


@dataclass(frozen=True)
class Plan:
    """Which records are made.

    layers (tuple[Layer, ...]): Of `LAYERS`.
    token_fields (tuple[TokenField, ...]): Of `TOKEN_FIELDS`.
    confidences (bool): Whether probabilities are among them; if not, they are None in records of
        spans and absent from those of tokens.
    digits (int | None): Decimals to which they are rounded; None for all.
    """

    layers: tuple[Layer, ...] = LAYERS
    token_fields: tuple[TokenField, ...] = TOKEN_FIELDS
    confidences: bool = True
    digits: int | None = None

    def rounded(self, value: float | None) -> float | None:
        """Round a probability as the plan says, or leave it out."""
        if value is None or not self.confidences:
            return None
        return value if self.digits is None else round(value, self.digits)


EVERYTHING = Plan()


def make_record(doc: Doc, plan: Plan = EVERYTHING) -> DocRecord:
    """Make the record of a Doc.

    doc (Doc): With any annotation. A layer that it lacks has no records.
    plan (Plan): Which records are made.
    """
    record: DocRecord = {}
    if "tokens" in plan.layers:
        record["tokens"] = token_records(doc, plan)
    if "sentences" in plan.layers:
        record["sentences"] = sentence_records(doc)
    if "entities" in plan.layers:
        record["entities"] = entity_records(doc, plan)
    if "frames" in plan.layers:
        record["frames"] = frame_records(doc, plan)
    return record


def token_records(doc: Doc, plan: Plan = EVERYTHING) -> list[TokenRecord]:
    """Make a record for each token.

    doc (Doc): With tags or without.
    plan (Plan): `token_fields`, `confidences` and `digits` count.
    """
    if not len(doc):
        return []
    # Without Token objects, which take longer than everything else here.
    attrs = [IDX, LENGTH, *(_ATTRS[name] for name in plan.token_fields)]
    starts, lengths, *tags = doc.to_array(attrs).T.tolist()
    ends = [start + length for start, length in zip(starts, lengths)]
    text = doc.text
    rows: list[TokenRecord] = [
        {"text": text[start:end], "start_char": start, "end_char": end}
        for start, end in zip(starts, ends)
    ]
    strings = doc.vocab.strings
    for name, keys in zip(plan.token_fields, tags):
        known = {key: strings.as_string(key) if key else None for key in set(keys)}
        for row, key in zip(rows, keys):
            row[name] = known[key]
    if plan.confidences:
        digits = plan.digits
        for row, value in zip(rows, tag_confidences(doc)):
            row["confidence"] = value if value is None or digits is None else round(value, digits)
    return rows


def sentence_records(doc: Doc) -> list[SentenceRecord]:
    """Make a record for each sentence; none if nobody found sentences.

    doc (Doc): With sentence boundaries or without.
    """
    if not doc.has_annotation("SENT_START"):
        return []
    return [
        {
            "start": sent.start,
            "end": sent.end,
            "start_char": sent.start_char,
            "end_char": sent.end_char,
        }
        for sent in doc.sents
    ]


def entity_records(doc: Doc, plan: Plan = EVERYTHING) -> list[EntityRecord]:
    """Make a record for each entity.

    doc (Doc): With entities or without.
    plan (Plan): `confidences` and `digits` count.
    """
    return [
        {
            "text": ent.text,
            "label": ent.label_,
            "start": ent.start,
            "end": ent.end,
            "start_char": ent.start_char,
            "end_char": ent.end_char,
            "confidence": plan.rounded(confidence_of(ent)) if plan.confidences else None,
        }
        for ent in doc.ents
    ]


def frame_records(doc: Doc, plan: Plan = EVERYTHING) -> list[FrameDict]:
    """Make a record for each frame: `Frame.to_dict`.

    doc (Doc): With semantic roles or without.
    plan (Plan): `confidences` and `digits` count.
    """
    records = [frame.to_dict() for frame in get_frames(doc)]
    if plan.confidences and plan.digits is None:
        return records
    for record in records:
        spans: list[SpanDict | ArgumentDict] = [record["predicate"]]
        spans += [*record["parts"], *record["arguments"]]
        for span in spans:
            span["confidence"] = plan.rounded(span["confidence"])
        record["roleset_confidence"] = plan.rounded(record["roleset_confidence"])
    return records


def rows_of(docs: Iterable[Doc], layer: Layer, plan: Plan = EVERYTHING) -> list[dict[str, object]]:
    """Make the rows of a table: one for each record of a layer, with the number of its Doc.

    Frames have a row for each argument, which repeats the frame; a frame without arguments has one
    row, without a role.

    docs (Iterable[Doc]): Any Docs.
    layer (Layer): One of `LAYERS`.
    plan (Plan): See `make_record`.
    RETURNS (list[dict[str, object]]): All with the same keys, in the same order.
    """
    rows: list[dict[str, object]] = []
    for number, doc in enumerate(docs):
        if layer == "tokens":
            rows += [
                {"doc": number, "token": i, **token}
                for i, token in enumerate(token_records(doc, plan))
            ]
        elif layer == "frames":
            for i, frame in enumerate(frame_records(doc, plan)):
                rows += [{"doc": number, "frame": i, **row} for row in _frame_rows(frame)]
        elif layer == "entities":
            rows += [{"doc": number, **entity} for entity in entity_records(doc, plan)]
        else:
            rows += [
                {"doc": number, "text": doc.text[sent["start_char"] : sent["end_char"]], **sent}
                for sent in sentence_records(doc)
            ]
    return rows


def _frame_rows(frame: FrameDict) -> list[dict[str, object]]:
    predicate = frame["predicate"]
    shared: dict[str, object] = {
        "predicate": predicate["text"],
        "predicate_start": predicate["start"],
        "predicate_start_char": predicate["start_char"],
        "predicate_confidence": predicate["confidence"],
        "roleset": frame["roleset"],
        "roleset_confidence": frame["roleset_confidence"],
        "roleset_known": frame["roleset_known"],
        "roleset_definition": frame["roleset_definition"],
    }
    rows: list[dict[str, object]] = [{**shared, **argument} for argument in frame["arguments"]]
    return rows or [{**shared, **dict.fromkeys(ARGUMENT_FIELDS)}]


_SPAN_FIELDS = ("start", "end", "start_char", "end_char")
ARGUMENT_FIELDS = ("role", "description", "text", *_SPAN_FIELDS, "confidence")


def columns_of(layer: Layer, plan: Plan = EVERYTHING) -> list[str]:
    """Return the names of the columns that `rows_of` gives, also where there is no row.

    layer (Layer): One of `LAYERS`.
    plan (Plan): That of the rows.
    """
    if layer == "tokens":
        confidence = ["confidence"] if plan.confidences else []
        fields = ["text", "start_char", "end_char", *plan.token_fields, *confidence]
        return ["doc", "token", *fields]
    if layer == "entities":
        return ["doc", "text", "label", *_SPAN_FIELDS, "confidence"]
    if layer == "sentences":
        return ["doc", "text", *_SPAN_FIELDS]
    predicate = ("", "_start", "_start_char", "_confidence")
    roleset = ("roleset", "roleset_confidence", "roleset_known", "roleset_definition")
    return ["doc", "frame", *(f"predicate{end}" for end in predicate), *roleset, *ARGUMENT_FIELDS]
