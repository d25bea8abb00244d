"""Sentences to label, as annotation tools import them.

- Prodigy: JSONL of tasks, https://prodi.gy/docs/api-interfaces
- Label Studio: JSON of tasks with predictions, https://labelstud.io/guide/predictions
- doccano: JSONL of texts with labels or, for roles, with entities and relations,
  https://doccano.github.io/doccano/tutorial/
"""

from collections.abc import Callable, Iterator, Sequence

from ..corpus.formats.text_records import (
    Label,
    Row,
    as_lines,
    as_list,
    doccano_span,
    dumped,
    label_studio_region,
    prodigy_span,
    prodigy_tokens,
)
from .sentence import Sentence


def prodigy_rows(rank: int, sentence: Sentence, layers: Sequence[str]) -> Iterator[Row]:
    """Write a sentence for Prodigy: `spans`, and for roles `relations`, a task for each predicate.

    rank (int): Its place in the order, from 1.
    sentence (Sentence): The sentence.
    layers (Sequence[str]): What is to be labelled: "pos", "tag", "ents" or "roles"; only one.
    """
    (layer,) = layers
    meta = {"rank": rank, "score": _rounded(sentence.score)}
    base: Row = {"text": sentence.text, "tokens": prodigy_tokens(sentence.words)}
    if layer != "roles":
        spans = [_prodigy_span(label) for label in labels_of(sentence, layer)]
        yield {**base, "spans": spans, "meta": meta}
        return
    for predicate, arguments in sentence.frames or []:
        head = _prodigy_span(predicate)
        others = [_prodigy_span(argument) for argument in arguments]
        # Prodigy counts the last token of a span as its head.
        relations = [
            {
                "head": head["token_end"],
                "child": other["token_end"],
                "head_span": head,
                "child_span": other,
                "label": other["label"],
            }
            for other in others
        ]
        ordered = sorted([predicate, *arguments], key=lambda label: label.first)
        spans = [_prodigy_span(label) for label in ordered]
        yield {**base, "spans": spans, "relations": relations, "meta": meta}
    if not sentence.frames:
        yield {**base, "spans": [], "relations": [], "meta": meta}


def _prodigy_span(label: Label) -> Row:
    return prodigy_span(label) | {"confidence": _rounded(label.confidence)}


def label_studio_rows(rank: int, sentence: Sentence, layers: Sequence[str]) -> Iterator[Row]:
    """Write a sentence for Label Studio: regions, and for roles relations between them.

    The labelling interface has a `<Text name="text" value="$text"/>` and `<Labels>` named as the
    layer, for each layer; see `prodigy_rows` for the arguments.
    """
    result: list[Row] = []

    def region(layer: str, label: Label) -> str:
        number = f"{rank}-{len(result)}"
        row = label_studio_region(number, layer, sentence.text, label)
        if label.confidence is not None:
            row["score"] = _rounded(label.confidence)
        result.append(row)
        return number

    for layer in layers:
        for label in labels_of(sentence, layer):
            region(layer, label)
        for predicate, arguments in (sentence.frames or []) if layer == "roles" else ():
            source = region(layer, predicate)
            for argument in arguments:
                target = region(layer, argument)
                relation: Row = {"type": "relation", "from_id": source, "to_id": target}
                result.append({**relation, "direction": "right", "labels": [argument.label]})
    prediction: Row = {
        "model_version": "spacy-seqtag",
        "score": _rounded(1.0 - sentence.score),  # the tool's is one of confidence
        "result": result,
    }
    data = {"text": sentence.text, "rank": rank, "score": _rounded(sentence.score)}
    yield {"data": data, "predictions": [prediction]}


def doccano_rows(rank: int, sentence: Sentence, layers: Sequence[str]) -> Iterator[Row]:
    """Write a sentence for doccano: `label`, or for roles `entities` and `relations`.

    doccano keeps the other columns as metadata; see `prodigy_rows` for the arguments.
    """
    (layer,) = layers
    meta: Row = {"rank": rank, "score": _rounded(sentence.score)}
    if layer != "roles":
        labels = labels_of(sentence, layer)
        meta["confidences"] = [_rounded(label.confidence) for label in labels]
        spans = [doccano_span(label) for label in labels]
        yield {"text": sentence.text, "label": spans, **meta}
        return
    entities: list[Row] = []
    relations: list[Row] = []

    def entity(label: Label) -> int:
        number = len(entities)
        place = {"start_offset": label.start, "end_offset": label.end}
        entities.append({"id": number, **place, "label": label.label})
        confidences.append(_rounded(label.confidence))
        return number

    confidences: list[float | None] = []
    for predicate, arguments in sentence.frames or []:
        source = entity(predicate)
        for argument in arguments:
            target = entity(argument)
            relation: Row = {"id": len(relations), "from_id": source, "to_id": target}
            relations.append({**relation, "type": argument.label})
    meta["confidences"] = confidences
    yield {"text": sentence.text, "entities": entities, "relations": relations, **meta}


FORMATS: dict[str, Callable[[int, Sentence, Sequence[str]], Iterator[Row]]] = {
    "prodigy": prodigy_rows,
    "label-studio": label_studio_rows,
    "doccano": doccano_rows,
}


def write_rows(sentences: Sequence[Sentence], name: str, layers: Sequence[str]) -> bytes:
    """Write the file that a tool imports.

    sentences (Sequence[Sentence]): In their order.
    name (str): One of `FORMATS`. Label Studio reads a list, which is written with a task on each
        line; the others read JSONL.
    layers (Sequence[str]): What is to be labelled; several for Label Studio alone.
    """
    rows = (
        dumped(row, ascii_only=name == "doccano")
        for rank, sentence in enumerate(sentences, 1)
        for row in FORMATS[name](rank, sentence, layers)
    )
    return "".join((as_list if name == "label-studio" else as_lines)(rows)).encode()


def labels_of(sentence: Sentence, layer: str) -> list[Label]:
    """Return the labels of a layer, in the order of their words; those of roles are in frames."""
    found = sentence.entities if layer == "ents" else sentence.tags.get(layer)
    return found or []


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)
