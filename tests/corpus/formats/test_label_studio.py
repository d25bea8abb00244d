"""Label Studio's exports JSON and JSON-MIN."""

import json

import pytest

from spacy_seqtag.corpus.convert import convert
from spacy_seqtag.corpus.errors import FormatError
from spacy_seqtag.corpus.formats import format_of

TEXT = "Ann left New York."


def region(start, end, label, **more):
    value = {"start": start, "end": end, "text": TEXT[start:end], "labels": [label]}
    return {"id": "x", "from_name": "ner", "to_name": "t", "type": "labels", "value": value, **more}


def annotation(*regions, **more):
    return {"id": 1, "was_cancelled": False, "ground_truth": False, "result": [*regions], **more}


def task(*annotations, **more):
    return {"id": 7, "data": {"text": TEXT, "source": "a"}, "annotations": [*annotations], **more}


@pytest.fixture
def export(tmp_path, run):
    """Function from tasks to the summary and the Docs."""

    def convert_tasks(*tasks, **kwargs):
        path = tmp_path / "export.json"
        path.write_text(json.dumps(tasks), encoding="utf8")
        assert format_of(path).name == "label-studio"
        return run(path, **kwargs)

    return convert_tasks


def ents(doc):
    return [(ent.text, ent.label_) for ent in doc.ents]


def test_annotations(export):
    relation = {"from_id": "x", "to_id": "y", "type": "relation", "direction": "right"}
    made = annotation(region(0, 3, "PER"), region(9, 17, "LOC"), relation)
    predictions = [{"result": [region(4, 8, "X")]}]
    summary, (doc,) = export(task(made, predictions=predictions))
    assert ents(doc) == [("Ann", "PER"), ("New York", "LOC")]
    assert doc.user_data["doc_id"] == "7"
    assert "1 region is no labelled span of text" in " ".join(summary.notes)


def test_who_annotated(export):
    first, second = annotation(region(0, 3, "A")), annotation(region(0, 3, "B"))
    summary, docs = export(
        task(first, second),
        task(first, annotation(region(0, 3, "C"), ground_truth=True)),
        task(annotation(region(0, 3, "D"), was_cancelled=True), second),
        task(annotation(region(0, 3, "D"), was_cancelled=True)),
        task(annotation()),
        task(),
    )
    assert [[label for _, label in ents(doc)] for doc in docs] == [["A"], ["C"], ["B"], [], [], []]
    tags = [{token.ent_iob_ for token in doc} for doc in docs[3:]]
    assert tags == [{""}, {"O"}, {""}]
    notes = " ".join(summary.notes)
    assert "2 tasks have annotations of several people" in notes
    assert "2 tasks were skipped or not annotated" in notes


def test_the_column_with_the_text(export):
    data = {"title": "News", "body": TEXT}
    _, (doc,) = export(task(annotation(region(0, 3, "PER")), data=data))
    assert doc.text == TEXT
    summary, (doc,) = export(task(annotation(), data=data), task(annotation(), data={"body": TEXT}))
    assert doc.text == TEXT
    assert "which of its columns is the text does not show" in " ".join(summary.notes)


def test_json_min(export):
    regions = [
        {"start": 0, "end": 3, "text": "Ann", "labels": ["PER"]},
        {"start": 9, "end": 17, "text": "New York", "labels": ["LOC", "CITY"]},
    ]
    least = {"annotation_id": 1, "annotator": 1, "lead_time": 2.5, "created_at": "2026"}
    _, docs = export(
        {"id": 1, "text": TEXT, "ner": regions, **least}, {"id": 2, "text": TEXT, **least}
    )
    assert ents(docs[0]) == [("Ann", "PER"), ("New York", "LOC")]
    labels = {span.label_ for span in docs[0].spans["gold"]}
    assert labels == {"PER", "LOC", "CITY"}
    assert {token.ent_iob_ for token in docs[1]} == {"O"}


def test_what_is_no_task(export, tmp_path):
    summary, docs = export(task(annotation()), {"annotations": [], "data": 3})
    assert len(docs) == 1
    assert "its data has no columns" in " ".join(summary.notes)
    with pytest.raises(FormatError, match="its data has no columns"):
        export(task(annotation()), {"annotations": [], "data": 3}, strict=True)
    path = tmp_path / "cut.json"
    path.write_text(json.dumps([task(annotation())])[:-5], encoding="utf8")
    with pytest.raises(FormatError, match=r"cut\.json:1: no JSON"):
        convert([path], tmp_path / "cut.spacy")


def test_choices_alone_are_no_spans(export):
    choice = {"type": "choices", "from_name": "c", "to_name": "t", "value": {"choices": ["x"]}}
    _, (doc,) = export(task(annotation(choice)))
    assert {token.ent_iob_ for token in doc} == {""}


def test_spans_of_another_text(export):
    """They are left out, and nothing is known of the words outside of the others."""
    elsewhere = region(4, 8, "X")
    elsewhere["value"]["text"] = "away"
    summary, (doc,) = export(task(annotation(region(0, 3, "PER"), elsewhere)))
    assert ents(doc) == [("Ann", "PER")]
    assert [token.ent_iob_ for token in doc] == ["B", "", "", "", ""]
    assert "1 span has another text than the file says" in " ".join(summary.notes)


@pytest.mark.parametrize(("end", "expected"), [(10, [("Oslo", "LOC")]), (11, []), (99, [])])
def test_offsets_of_programs_in_javascript(export, end, expected):
    made = region(0, 0, "LOC")
    made["value"] = {"start": 6, "end": end, "text": "Oslo", "labels": ["LOC"]}
    _, (doc,) = export(task(annotation(made), data={"text": "😀 in Oslo"}))
    assert ents(doc) == expected
