"""Writing texts with spans of characters, as annotation tools and their libraries read them.

A Doc is a text. Where nobody looked for entities, its record has none of the keys that would say
so, which `convert` reads as a text that is not annotated; an empty list says that there is no
entity. None of these formats can say that of some words only: a Doc of which this is known of some
words is written as not annotated, rather than that the others are taken for words outside of
entities.

What is read back is defined in `json_lines` and `label_studio`.
"""

from collections.abc import Callable, Iterable
from typing import IO

from spacy.tokens import Doc

from ..docs import doc_id_of
from .doc_words import white_space
from .format import ExportCounts, Write, Writer
from .losses import all_spans, is_annotated
from .text_records import (
    Label,
    Row,
    Word,
    as_lines,
    as_list,
    doccano_span,
    dumped,
    label_studio_region,
    prodigy_span,
    prodigy_tokens,
)

MakeRow = Callable[[int, Doc, "list[Label] | None"], Row]
"""Makes the record of a Doc by its number, from 1, and its spans; None if it is not annotated."""

Join = Callable[[Iterable[str]], Iterable[str]]


def _writer_of(make_row: MakeRow, join: Join = as_lines, *, ascii_only: bool = False) -> Write:
    """Make the function that writes a record for each Doc; see `dumped` for `ascii_only`.

    RAISES: ValueError: From the function, where no Doc has words.
    """

    def write(
        docs: Iterable[Doc], file: IO[bytes], like: Iterable[Doc] | None = None
    ) -> ExportCounts:
        counts = ExportCounts()
        for text in join(
            dumped(row, ascii_only=ascii_only) for row in _rows(make_row, docs, counts)
        ):
            file.write(text.encode())
        if not counts.words:
            raise ValueError("there are no words in it")
        return counts

    return write


def _rows(make_row: MakeRow, docs: Iterable[Doc], counts: ExportCounts) -> Iterable[Row]:
    for doc in docs:
        if not len(doc):
            counts.left_out["<document|documents> without words"] += 1
            continue
        counts.documents += 1
        counts.words += len(doc)
        labels = _labels(doc) if is_annotated(doc) else None
        counts.entities += 0 if labels is None else len(doc.ents)
        yield make_row(counts.documents, doc, labels)


def _labels(doc: Doc) -> list[Label]:
    return [
        Label(label, start, end - 1, doc[start].idx, doc[end - 1].idx + len(doc[end - 1]))
        for start, end, label in all_spans(doc)
    ]


def _words(doc: Doc) -> list[Word]:
    return [
        Word(token.text, token.idx, token.idx + len(token), bool(token.whitespace_))
        for token in doc
    ]


def _base(doc: Doc) -> Row:
    row: Row = {"text": doc.text}
    if (doc_id := doc_id_of(doc)) is not None:
        row["doc_id"] = doc_id
    return row


def _jsonl_row(_: int, doc: Doc, labels: list[Label] | None) -> Row:
    """Make a record in the form of `Doc.to_json`, which `Doc.from_json` reads."""
    row = _base(doc)
    if labels is not None:
        row["ents"] = [
            {"start": ent.start_char, "end": ent.end_char, "label": ent.label_} for ent in doc.ents
        ]
        if len(labels) > len(doc.ents):
            spans = [
                {"start": s.start, "end": s.end, "label": s.label, "kb_id": ""} for s in labels
            ]
            row["spans"] = {"gold": spans}
    row["tokens"] = [
        {"id": i, "start": word.start, "end": word.end} for i, word in enumerate(_words(doc))
    ]
    return row


def _prodigy_row(_: int, doc: Doc, labels: list[Label] | None) -> Row:
    row = _base(doc) | {"tokens": prodigy_tokens(_words(doc))}
    return row if labels is None else row | {"spans": [prodigy_span(label) for label in labels]}


def _doccano_row(_: int, doc: Doc, labels: list[Label] | None) -> Row:
    # A key that some records lack becomes NaN in doccano, which its database refuses.
    row = {"doc_id": None} | _base(doc)
    return row if labels is None else row | {"label": [doccano_span(label) for label in labels]}


def _gliner_row(_: int, doc: Doc, labels: list[Label] | None) -> Row:
    """Make a record of GLiNER: spans of words, with the last one. White space is no word there."""
    before = [0]  # how many words there are before each token
    words: list[str] = []
    for token, is_blank in zip(doc, white_space(doc), strict=True):
        words += [] if is_blank else [token.text]
        before.append(len(words))
    row = _base(doc) | {"tokenized_text": words}
    del row["text"]
    if labels is not None:
        spans = [(before[label.first], before[label.last + 1], label.label) for label in labels]
        row["ner"] = [[first, end - 1, label] for first, end, label in spans if first < end]
    return row


def _label_studio_row(number: int, doc: Doc, labels: list[Label] | None) -> Row:
    """Make a task of Label Studio with one annotation, or none."""
    data = _base(doc)
    text = str(data["text"])
    annotations: list[Row] = []
    if labels is not None:
        result = [
            label_studio_region(f"{number}-{i}", "label", text, label)
            for i, label in enumerate(labels)
        ]
        annotations = [{"id": number, "was_cancelled": False, "result": result}]
    # The text, which may be long, stands last: by what is before it `convert` tells the format.
    return {"id": number, "annotations": annotations, "data": data}


_LACKS = (
    "sentences",
    "sentence ids",
    "UPOS",
    "XPOS",
    "lemmas",
    "entities in part",
    "roles",
    "other spans",
)
_JSONL = Writer(
    "jsonl",
    "texts with spans of characters and tokens, in the form of spaCy's Doc.to_json",
    _writer_of(_jsonl_row),
    _LACKS,
)
_PRODIGY = Writer("prodigy", "tasks of Prodigy, with its tokens", _writer_of(_prodigy_row), _LACKS)
_DOCCANO = Writer(
    "doccano",
    "texts with labels, for doccano",
    _writer_of(_doccano_row, ascii_only=True),
    ("words", *_LACKS),
)
_GLINER = Writer(
    "gliner",
    "words with spans of words, for GLiNER",
    _writer_of(_gliner_row),
    ("white space", "spacing", *_LACKS),
)

JSONL_WRITERS = (_JSONL, _PRODIGY, _DOCCANO, _GLINER)
LABEL_STUDIO_WRITER = Writer(
    "label-studio",
    "tasks of Label Studio with annotations, as its JSON export",
    _writer_of(_label_studio_row, as_list),
    ("words", *_LACKS),
)
