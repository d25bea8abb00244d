"""Rows of whole Docs, in parquet and in JSON."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_seqtag.corpus.convert import convert
from spacy_seqtag.corpus.errors import FormatError
from spacy_seqtag.corpus.formats.format import ReadOptions
from spacy_seqtag.corpus.formats.remarks import Remarks
from spacy_seqtag.corpus.formats.table.doc_rows import COLUMNS, DocRowReader
from spacy_seqtag.corpus.formats.table.reader import read_json

pa = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")

ROW = {
    "doc_id": "d",
    "tokens": ["Ann", "left", "Oslo", ".", "She", "slept"],
    "spaces": [True, True, False, True, True, False],
    "sent_starts": [True, False, False, False, True, None],
    "sent_ids": ["a", "b"],
    "pos": ["PROPN", "VERB", None, "PUNCT", "CONJ", "SPACE"],
    "tag": ["NNP", "VBD", "NNP", ".", None, None],
    "lemma": None,
    "ner": ["B-PER", "O", "B-O", None, "O", "O"],
    "spans": [{"start": 0, "end": 3, "label": "X"}, {"start": 0, "end": 1, "label": "PER"}],
    "frames": [
        {
            "predicate": 1,
            "roleset": "leave.01",
            "parts": [{"start": 3, "end": 4}],
            "arguments": [{"start": 0, "end": 1, "role": "ARG0"}],
        }
    ],
    "srl_annotated": [{"start": 0, "end": 4}],
}


def write_json(folder, *rows):
    path = folder / "own.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf8")
    return path


def write_parquet(folder, *rows):
    parquet.write_table(pa.Table.from_pylist(list(rows)), folder / "own.parquet")
    return folder / "own.parquet"


@pytest.mark.parametrize("write", [write_json, write_parquet])
def test_a_row_is_a_doc(write, run, tmp_path):
    assert set(ROW) == set(COLUMNS)
    bare = {key: ROW[key] for key in ("tokens", "spaces")} | {"sent_starts": None}
    summary, (doc, other) = run(write(tmp_path, ROW, bare))
    assert doc.text == "Ann left Oslo. She slept"
    assert (doc.user_data["doc_id"], list(doc.user_data["sent_ids"])) == ("d", ["a", "b"])
    assert [token.is_sent_start for token in doc] == ROW["sent_starts"]
    assert [token.pos_ or None for token in doc] == ROW["pos"]
    assert [token.tag_ or None for token in doc] == ROW["tag"]
    assert [(ent.text, ent.label_) for ent in doc.ents] == [("Ann", "PER"), ("Oslo", "O")]
    assert [token.ent_iob_ for token in doc] == ["B", "O", "B", "", "O", "O"]
    assert {s.label_: (s.start, s.end) for s in doc.spans["gold"]} == {"X": (0, 3), "PER": (0, 1)}
    assert {name: [span.text for span in doc.spans[name]] for name in ("predicates", "srl")} == {
        "predicates": ["left"],
        "srl": ["Ann"],
    }
    assert [(span.start, span.end) for span in doc.spans["srl_annotated"]] == [(0, 4)]
    assert summary.without_frames == 2
    assert not other.spans
    assert not other.has_annotation("SENT_START")
    assert not other.has_annotation("ENT_IOB")


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"spaces": [True]}, "1 entry in 'spaces', but 6 words"),
        ({"tokens": []}, "no words"),
        ({"tokens": ["a", "", *"bcde"]}, "word 2 is empty"),
        ({"tokens": ["\ud800", *"abcde"]}, "half a character"),
        ({"tokens": "Ann left"}, "no list of words"),
        ({"ner": ["PER", *"OOOOO"]}, "'PER' in 'ner' is no tag of IOB2"),
        ({"pos": ["NOPE", *"XXXXX"]}, "unknown UPOS 'NOPE'"),
        ({"pos": [1] * 6}, "'1' in 'pos' is no string"),
        ({"sent_ids": ["a"]}, "'sent_ids' is no list of 2"),
        ({"spans": [{"start": 0, "end": 9, "label": "X"}]}, "0 to 9 in 'spans' is no stretch"),
        ({"spans": [{"start": 0, "end": 1}]}, "without a label"),
        ({"spans": [3]}, "no list of records"),
        ({"frames": [{"predicate": 6, "roleset": "x.01"}]}, "the predicate of a frame is 6"),
        ({"lemma": "abcdef"}, "'lemma' is no list"),
    ],
)
def test_rows_that_are_damaged_are_left_out(change, problem, run, tmp_path):
    path = write_json(tmp_path, ROW, ROW | change, ROW)
    summary, docs = run(path)
    assert len(docs) == 2
    (note,) = summary.notes
    assert "1 record is not what it should be and was left out (line 2, " in note
    assert problem in note
    with pytest.raises(FormatError, match=r"own\.jsonl:2: ") as caught:
        convert([path], tmp_path / "strict.spacy", strict=True)
    assert problem in str(caught.value)


def test_what_goes_beyond_its_sentence(run, tmp_path):
    crossing = {
        "ner": ["O", "O", "B-X", "I-X", "I-X", "O"],
        "spans": [{"start": 2, "end": 5, "label": "X"}, {"start": 4, "end": 5, "label": "Y"}],
        "frames": [
            {"predicate": 1, "roleset": "V", "arguments": [{"start": 3, "end": 5, "role": "A"}]}
        ],
        "srl_annotated": None,
    }
    summary, docs = run(write_json(tmp_path, ROW | crossing), docs_by="sentence")
    assert [[token.ent_iob_ for token in doc] for doc in docs] == [["O", "O", "", ""], ["", "O"]]
    assert [[span.label_ for span in doc.spans["gold"]] for doc in docs] == [[], ["Y"]]
    assert summary.without_frames == 1
    notes = " ".join(summary.notes)
    for what in ("1 labelled span goes", "1 entity goes", "1 sentence has a frame"):
        assert what in notes


PLACES = st.builds(dict, start=st.integers(-1, 4), end=st.integers(-1, 4), label=st.just("X"))
ENTRIES = st.none() | st.sampled_from(["B-A", "I-A", "O", "X", "", 1, True])
VALUES = st.none() | st.integers() | st.lists(ENTRIES, max_size=4) | st.lists(PLACES, max_size=2)


@given(
    change=st.dictionaries(st.sampled_from(COLUMNS), VALUES),
    size=st.integers(1, 4),
)
def test_any_row_is_read_or_told(change, size, tmp_path_factory):
    row = {"tokens": ["a"] * size, "spaces": [True] * size, "sent_starts": None} | change
    folder = tmp_path_factory.mktemp("any")
    path = write_json(folder, row, {**row, **ROW})
    summary = convert([path], folder / "any.spacy", docs_by="sentence", file_format="tokens")
    assert summary.documents >= 2


def test_keys_that_only_the_last_record_has(tmp_path):
    bare = {"tokens": ["Ann"], "spaces": [True], "sent_starts": [True]}
    path = write_json(tmp_path, *[bare] * 1001, ROW)
    *_, first, second = read_json(path, ReadOptions(), Remarks(path))
    assert [*first.upos, *second.upos] == [tag or "" for tag in ROW["pos"]]
    assert (len(first.spans), len(first.propositions)) == (2, 1)
    assert (second.entities, second.propositions) == (["O", "O"], None)


def test_ids_are_made_up_where_there_are_none(tmp_path):
    path = tmp_path / "own.jsonl"
    reader = DocRowReader(path, ReadOptions(), Remarks(path))
    row = ROW | {"doc_id": None, "sent_ids": None}
    ids = [[s.sent_id for s in reader.sentences(line, row)] for line in (1, 2)]
    assert len({sent_id for pair in ids for sent_id in pair}) == 4
    assert all(s.made_up_id for s in reader.sentences(3, row))
