"""What Label Studio asks of a backend that annotates while a person labels.

The requests are those of label-studio-ml-backend, `label_studio_ml/api.py`
(https://github.com/HumanSignal/label-studio-ml-backend): `/setup` when the server is connected,
`/predict` for tasks, `/webhook` after each annotation. The answer to `/predict` is a prediction for
each task (https://labelstud.io/guide/predictions).

A labelling interface has `<Labels>` for a `<Text>`. Which layer a `<Labels>` is for, its name says
(`ents`, `pos`, `tag`, `roles`, as in the files of `suggest`), or else its labels do.
"""

import asyncio
import xml.etree.ElementTree as ElementTree
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias, cast

from fastapi import FastAPI, HTTPException
from pydantic import BaseModel
from spacy.language import Language
from spacy.tokens import Doc

from ..pipeline.base import Tagger
from ..records import DocRecord, Plan, make_record

AnnotateAll: TypeAlias = Callable[[list[str], Callable[[Doc], object]], Awaitable[list[object]]]
Row: TypeAlias = dict[str, object]

_DIGITS = 6
_LAYERS = {"seqtag_ner": "ents", "seqtag_srl": "roles"}
_PREDICATE = "V"
_MOST_CONTROLS = 20


class Task(BaseModel):
    """A task of Label Studio: what is to be labelled, by the names of its columns."""

    data: dict[str, object]


class Tasks(BaseModel):
    """What Label Studio sends to `/predict`."""

    tasks: list[Task]
    label_config: str


@dataclass(frozen=True)
class Control:
    """A `<Labels>` of a labelling interface, and the text that it is for.

    name, text (str): Names of the tags. column (str): Of the task, with the text.
    labels (frozenset[str]): What can be chosen; empty if the interface does not list them.
    """

    name: str
    text: str
    column: str
    labels: frozenset[str]


def add_label_studio(app: FastAPI, annotate_all: AnnotateAll, nlp: Language, version: str) -> None:
    """Add the routes that Label Studio calls.

    app (FastAPI): The server. annotate_all (AnnotateAll): Annotates texts within its limits.
    nlp (Language): The pipeline. version (str): What predictions are said to come from.
    """
    known = _labels_of(nlp)

    @app.post("/setup", tags=["Label Studio"])
    async def setup() -> dict[str, str]:
        """Say which model is connected."""
        return {"model_version": version}

    @app.post("/webhook", tags=["Label Studio"])
    async def webhook() -> dict[str, str]:
        """Take note of an annotation. The pipeline does not learn from it."""
        return {"status": "ok"}

    @app.post("/predict", tags=["Label Studio"])
    async def predict(question: Tasks) -> dict[str, object]:
        """Annotate tasks, for the labelling interface that comes with them."""
        controls = read_controls(question.label_config)
        layers = {control: choose_layer(control, known) for control in controls}
        columns = {control.column for control, layer in layers.items() if layer}
        texts = [
            {column: _text(task, column) for column in sorted(columns)} for task in question.tasks
        ]
        flat = [text for by_column in texts for text in by_column.values()]
        records = await annotate_all(flat, lambda doc: make_record(doc, Plan(digits=_DIGITS)))
        answers = iter(cast(list[DocRecord], records))
        by_task = [dict(zip(by_column, answers)) for by_column in texts]
        # In another thread: meanwhile the server answers others.
        found = await asyncio.to_thread(lambda: [_predict(task, layers) for task in by_task])
        results = [{**prediction, "model_version": version} for prediction in found]
        return {"results": results, "model_version": version}


def _predict(
    records: Mapping[str, DocRecord], layers: Mapping[Control, str | None]
) -> dict[str, object]:
    """Write the prediction for a task.

    records (Mapping[str, DocRecord]): Its annotated texts, by their columns.
    layers (Mapping[Control, str | None]): What each `<Labels>` is for.
    """
    rows = [
        row
        for control, layer in layers.items()
        if layer
        for row in regions(records[control.column], control, layer)
    ]
    scores = [cast(float, row["score"]) for row in rows if "score" in row]
    return {"result": rows, "score": min(scores, default=1.0)}


def _labels_of(nlp: Language) -> dict[str, frozenset[str]]:
    """Return the labels of each layer that the pipeline annotates."""
    found: dict[str, frozenset[str]] = {}
    for name, component in nlp.pipeline:
        if isinstance(component, Tagger):
            factory = nlp.get_pipe_meta(name).factory
            layer = _LAYERS.get(factory) or str(component.cfg.get("layer", ""))
            extra = {_PREDICATE} if layer == "roles" else set()
            found.setdefault(layer, frozenset({*component.labels, *extra}))
    return found


def read_controls(config: str) -> list[Control]:
    """Read the `<Labels>` of a labelling interface.

    config (str): Its XML.
    RAISES: HTTPException: It is none, or has no `<Labels>` for a `<Text>` of a column.
    """
    if "<!" in config.replace("<!--", ""):
        raise HTTPException(422, "label_config: declarations (<!…>) are not read")
    try:
        root = ElementTree.fromstring(config)
    except (ElementTree.ParseError, ValueError) as error:  # half a character
        raise HTTPException(422, f"label_config is no XML: {error}") from None
    texts = {
        tag.get("name", ""): tag.get("value", "")[1:]
        for tag in root.iter("Text")
        if tag.get("value", "").startswith("$") and tag.get("valueType", "text") == "text"
    }
    controls = [
        Control(
            name=tag.get("name", ""),
            text=text,
            column=texts[text],
            labels=frozenset(label.get("value", "") for label in tag.iter("Label")),
        )
        for tag in root.iter("Labels")
        if (text := tag.get("toName", "")) in texts
    ]
    if len(controls) > _MOST_CONTROLS:
        raise HTTPException(422, f"label_config has more than {_MOST_CONTROLS} <Labels>")
    if not controls:
        raise HTTPException(
            422,
            'label_config has no <Labels> for a <Text> of a column, such as <Text name="text" '
            'value="$text"/> with <Labels name="ents" toName="text">',
        )
    return controls


def choose_layer(control: Control, known: dict[str, frozenset[str]]) -> str | None:
    """Choose the layer that a `<Labels>` is for.

    control (Control): The tag.
    known (dict[str, frozenset[str]]): The labels of the pipeline, by layer.
    RETURNS (str | None): That of its name, else the one that shares most labels; None for none.
    """
    if control.name in known:
        return control.name
    shared = {layer: len(control.labels & labels) for layer, labels in known.items()}
    best = max(shared, key=lambda layer: shared[layer], default=None)
    return best if best is not None and shared[best] else None


def _text(task: Task, column: str) -> str:
    text = task.data.get(column)
    if not isinstance(text, str):
        raise HTTPException(422, f"a task has no text in its column {column!r}")
    return text


def regions(record: DocRecord, control: Control, layer: str) -> Iterator[Row]:
    """Write the annotation of a layer as regions, and for roles as relations between them.

    record (DocRecord): A Doc. control (Control): What it is for; labels that it does not offer are
    left out. layer (str): "ents", "pos", "tag" or "roles".
    """
    number = 0

    def region(span: Row, label: str) -> Row:
        nonlocal number
        number += 1
        value = {"start": span["start_char"], "end": span["end_char"], "text": span["text"]}
        row: Row = {
            "id": f"{control.name}-{number}",
            "from_name": control.name,
            "to_name": control.text,
            "type": "labels",
            "value": {**value, "labels": [label]},
        }
        if span.get("confidence") is not None:
            row["score"] = span["confidence"]
        return row

    def offered(label: object) -> bool:
        return bool(label) and (not control.labels or label in control.labels)

    if layer == "roles":
        for frame in record["frames"]:
            head = region(dict(frame["predicate"]), _PREDICATE)
            if offered(_PREDICATE):
                yield head
            for argument in frame["arguments"]:
                if not offered(argument["role"]):
                    continue
                other = region(dict(argument), argument["role"])
                yield other
                if offered(_PREDICATE):
                    yield {
                        "type": "relation",
                        "from_id": head["id"],
                        "to_id": other["id"],
                        "direction": "right",
                        "labels": [argument["role"]],
                    }
    elif layer == "ents":
        for entity in record["entities"]:
            if offered(entity["label"]):
                yield region(dict(entity), entity["label"])
    else:
        for token in record["tokens"]:
            tag = token["pos"] if layer == "pos" else token["tag"]
            if tag and offered(tag):
                yield region(dict(token), tag)
