"""Label Studio's exports JSON and JSON-MIN: texts with regions.

Source: https://labelstud.io/guide/export. In JSON a task has `annotations`, each with a `result` of
regions; in JSON-MIN a task has the regions of one annotation, under the name of each `<Labels>`.
Predictions, and annotations that were skipped, are no annotation.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from ..errors import FormatError, quoted
from ..sentence import Sentence
from .format import Format, ReadOptions
from .json_lines import Problem, Record, char_span, no_text, records, report
from .lines import read_lines
from .remarks import Remarks
from .text_spans import CharSpan, SpanReader
from .text_writers import LABEL_STUDIO_WRITER

_SEVERAL = (
    "<task has|tasks have> annotations of several people, of which one is read: the ground truth, "
    "or else the first"
)
_SKIPPED = "<task was|tasks were> skipped or not annotated: <its text is|their texts are> not"
_OTHER = (
    "<region is|regions are> no labelled span of text (relations, choices) and <was|were> not read"
)
# What JSON-MIN adds to the columns of a task.
_MIN_KEYS = frozenset(("annotation_id", "annotator", "created_at", "id", "lead_time", "updated_at"))


_BEGINNING = 20_000  # characters


def looks_like(path: Path) -> bool:
    """Tell by its beginning whether a JSON file is an export of Label Studio.

    path (Path): The file.
    """
    start = ""
    with suppress(FormatError):  # what is wrong with it is said when it is read
        for _, text in read_lines(path):
            start += text
            if len(start) > _BEGINNING:
                break
    marks = ('"data"', '"completed_by"', '"was_cancelled"')
    is_full = '"annotations"' in start and any(mark in start for mark in marks)
    return is_full or ('"annotation_id"' in start and '"annotator"' in start)


def read(path: Path, options: ReadOptions, remarks: Remarks) -> Iterator[Sentence]:
    """Yield the texts of an export as sentences.

    RAISES: FormatError: No task that can be read; in strict mode, one that cannot, or a span that
        does not fit; a file that is missing, empty, no JSON or not UTF-8.
    """
    reader = SpanReader(path, options, remarks)
    for line, task in records(path, options, remarks):
        try:
            if not isinstance(task, dict):
                raise Problem(f"{quoted(str(task))} is no task")
            text, spans = _full(reader, line, task) if "data" in task else _min(reader, line, task)
        except Problem as problem:
            report(path, line, str(problem), options, remarks)
            continue
        data = task.get("data")
        own_id = (data if isinstance(data, dict) else task).get("doc_id")
        doc_id = str(own_id or task.get("id") or "")
        sentence = reader.sentence(line, text, spans, doc_id=doc_id)
        if sentence is not None:
            yield sentence
    if not reader.n_texts:
        raise no_text(path, remarks)


def _full(reader: SpanReader, line: int, task: Record) -> tuple[str, list[CharSpan] | None]:
    """Read a task of a JSON export: its text, and the spans that a person made."""
    data = task["data"]
    if not isinstance(data, dict):
        raise Problem("its data has no columns")
    made = [
        one
        for one in task.get("annotations") or ()
        if isinstance(one, dict) and not one.get("was_cancelled")
    ]
    if not made:
        reader.remarks.count(_SKIPPED, line)
        return _text(data, ()), None
    if len(made) > 1:
        reader.remarks.count(_SEVERAL, line)
    chosen = next((one for one in made if one.get("ground_truth")), made[0])
    spans: list[CharSpan] = []
    others = 0
    for region in chosen.get("result") or ():
        value = region.get("value") if isinstance(region, dict) else None
        if not isinstance(value, dict) or not any(key in value for key in _LABEL_KEYS):
            reader.remarks.count(_OTHER, line)
            others += 1
            continue
        spans += _of_value(value)
    # Choices alone: somebody looked at the task, but not for spans.
    return _text(data, spans), None if others and not spans else spans


_LABEL_KEYS = ("labels", "hypertextlabels")


def _of_value(value: Record) -> Iterator[CharSpan]:
    """Yield the spans of a region: one for each of its labels."""
    labels = next((value[key] for key in _LABEL_KEYS if key in value), ())
    places = value.get("globalOffsets")
    place = places if isinstance(places, dict) else value
    text = value.get("text")
    for label in labels if isinstance(labels, list) else [labels]:
        span = char_span(
            {"start": place.get("start"), "end": place.get("end"), "label": label}, "value"
        )
        yield span._replace(text=text if isinstance(text, str) else None)


def _text(data: Record, spans: Sequence[CharSpan]) -> str:
    """Choose the column with the text: that in which most spans stand, or `text`, or the only one.

    What stands in another one has another text there, and is left out.

    RAISES: Problem: There is none.
    """
    texts = {key: value for key, value in data.items() if isinstance(value, str)}
    fitting = {
        key: sum(text[span.start : span.end] == span.text for span in spans)
        for key, text in texts.items()
    }
    if any(fitting.values()):
        return texts[max(fitting, key=lambda key: fitting[key])]
    if "text" in texts:
        return texts["text"]
    if len(texts) == 1:
        return next(iter(texts.values()))
    raise Problem("which of its columns is the text does not show: call it `text`")


def _min(reader: SpanReader, line: int, task: Record) -> tuple[str, list[CharSpan] | None]:
    """Read a task of JSON-MIN: its text, and the spans under the name of each `<Labels>`."""
    spans: list[CharSpan] = []
    found = False
    for value in task.values():
        regions: list[Any] = value if isinstance(value, list) else []
        for region in regions:
            if isinstance(region, dict) and any(key in region for key in _LABEL_KEYS):
                found = True
                spans += _of_value(region)
    columns = {key: value for key, value in task.items() if key not in _MIN_KEYS}
    text = _text(columns, spans)
    # What nobody labelled has no key at all, whether it was looked at or skipped.
    if not found and not task.get("annotation_id"):
        reader.remarks.count(_SKIPPED, line)
        return text, None
    return text, spans


FORMAT = Format(
    name="label-studio",
    suffixes=(".json",),
    help="Label Studio's exports JSON and JSON-MIN",
    read=read,
    recognises=looks_like,
    writers=(LABEL_STUDIO_WRITER,),
)
