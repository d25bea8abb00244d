"""Exports of doccano, which it made itself of `doccano/order.json` (doccano 1.8.4).

`tests/integration/doccano_project.py` makes them; `test_other_programs.py` makes them again where
doccano is installed.
"""

import json
from pathlib import Path

import pytest

from spacy_seqtag.corpus.errors import FormatError

FOLDER = Path(__file__).with_name("doccano")
ORDER = json.loads((FOLDER / "order.json").read_text("utf8"))


def put_in(document, user):
    """The spans of a document as they can be read: without white space, and of whole words."""
    found = set()
    for start, end, label in document["spans"][user]:
        inner = document["text"][start:end]
        if [start, end, label] not in document.get("lost", ()):
            found.add((start, start + len(inner.rstrip()), label))
    return found


@pytest.mark.parametrize(
    "name", [path.relative_to(FOLDER).as_posix() for path in sorted(FOLDER.glob("*/*/*.jsonl"))]
)
def test_exports(name, run):
    project, selection, file = name.split("/")
    user = file.removesuffix(".jsonl").replace("all", "ann")
    documents = [
        document
        for document in ORDER[project]["documents"]
        if selection == "all" or user in document.get("approved", ())
    ]
    summary, docs = run(FOLDER / name)
    assert [doc.text for doc in docs] == [document["text"] for document in documents]
    for doc, document in zip(docs, documents, strict=True):
        spans = put_in(document, user)
        gold = doc.spans.get("gold", ())
        assert {(s.start_char, s.end_char, s.label_) for s in gold} == spans
        ents = {(e.start_char, e.end_char, e.label_) for e in doc.ents}
        assert ents <= spans
        unknown = document.get("lost", ())
        for token in doc:
            place = range(token.idx, token.idx + len(token))
            if any(place.start <= start < place.stop for start, _, _ in unknown):
                assert token.ent_iob_ == ""
            else:
                inside = any(
                    start in place or place.start in range(start, end) for start, end, _ in ents
                )
                assert (token.ent_iob_ == "O") != inside
    empty = sum(not document["spans"][user] for document in documents)
    notes = " ".join(summary.notes)
    assert ("doccano has no spans" in notes or "doccano have no spans" in notes) == bool(empty)


def test_overlapping_spans_and_ids(run):
    summary, docs = run(FOLDER / "spans" / "all" / "all.jsonl")
    assert [doc.user_data["doc_id"] for doc in docs] == [*map(str, range(1, 8)), "braces"]
    assert "2 texts of doccano have no spans" in " ".join(summary.notes)
    assert "3 spans lie over longer ones" in " ".join(summary.notes)
    assert [ent.text for ent in docs[5].ents] == ["Bank of New York City staff", "Ann"]


@pytest.mark.parametrize(
    "meta",
    [
        {"spans": [{"start": 9, "end": 13, "label": "OLD"}]},
        {"spans": None, "ents": [], "labels": ["old"]},
        {"tokens": ["Ann", "left", "Oslo", "."], "tags": ["O", "O", "O", "O"]},
        {"tokens": [{"text": "Ann", "start": 0, "end": 3, "id": 0}], "answer": "reject"},
        {"tokenized_text": ["Ann"], "ner": [], "_is_binary": True},
    ],
    ids="-".join,
)
def test_metadata_is_not_read(meta, run, tmp_path):
    """It has whatever keys the file had that was imported."""
    record = {"id": 1, "text": "Ann left Oslo.", **meta, "label": [[0, 3, "PER"]], "Comments": []}
    path = tmp_path / "all.jsonl"
    path.write_text(json.dumps(record), encoding="utf8")
    _, (doc,) = run(path)
    assert [(ent.text, ent.label_) for ent in doc.ents] == [("Ann", "PER")]
    assert [token.ent_iob_ for token in doc] == ["B", "O", "O", "O"]


def test_places_of_its_page(run, tmp_path):
    """Labelled in a browser, an emoji counts as two; imported or by its API, as one."""
    text = "Ann 😀👩\u200d👩\u200d👧 in Oslo left."
    path = tmp_path / "all.jsonl"
    labels = [[18, 22, "LOC"]], [[14, 18, "LOC"]], [[0, 3, "LOC"], [19, 22, "X"]]
    rows = [{"id": 1, "text": text, "label": label, "Comments": []} for label in labels]
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf8")
    summary, docs = run(path)
    assert [[ent.text for ent in doc.ents] for doc in docs] == [["Oslo"], ["Oslo"], ["Ann"]]
    assert "1 text has places that fit its words only if an emoji" in " ".join(summary.notes)


@pytest.mark.parametrize(
    ("text", "span", "tags"),
    [
        ("hello Bob", [6, 99], ["O", ""]),
        ("hello Bob dear", [-8, -5], ["O", "O", "O"]),
        ("hello Bob dear", [-14, 5], ["", "O", "O"]),
        ("😀 hello Bob", [9, 99], ["O", "O", ""]),
        ("😀 hello Bob", [-1, 2], ["", "O", "O"]),
        ("😀 hello Bob", [-12, -7], ["O", "O", "O"]),
        ("a 😀 Bob", [3, 8], ["O", "O", ""]),
    ],
)
def test_places_beyond_the_text_or_within_a_character(text, span, tags, run, tmp_path):
    path = tmp_path / "all.jsonl"
    record = {"id": 1, "text": text, "label": [[*span, "PER"]], "Comments": []}
    path.write_text(json.dumps(record), encoding="utf8")
    _, (doc,) = run(path)
    assert [token.ent_iob_ for token in doc] == tags
    with pytest.raises(FormatError, match="a span that does not fit the words"):
        run(path, strict=True)
