"""Records of Docs, and the tables and typed names that the package gives."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
import spacy
from spacy.tokens import Doc, Span

import spacy_seqtag
from spacy_seqtag.confidence import use_span_extension, use_token_extension
from spacy_seqtag.frames import set_propositions
from spacy_seqtag.records import EVERYTHING, LAYERS, Plan, columns_of, make_record, rows_of
from spacy_seqtag.schemes.propositions import Argument, Proposition


@pytest.fixture
def doc():
    vocab = spacy.blank("en").vocab
    words = ["Ann", "left", "New", "York", ".", "Snow"]
    doc = Doc(
        vocab,
        words,
        [True, True, True, False, True, False],
        pos=["PROPN", "VERB", "PROPN", "PROPN", "PUNCT", ""],
        ents=["B-PER", "O", "B-LOC", "I-LOC", "O", "O"],
        sent_starts=[True, False, False, False, False, True],
    )
    props = [
        Proposition(1, "leave.01", [Argument(0, 1, "ARG0"), Argument(2, 4, "ARG1")], []),
        Proposition(5, "V", [], []),
    ]
    set_propositions(
        doc,
        props,
        annotated=[(0, 6)],
        scores=[0.98765, 0.6],
        roleset_scores=[0.8, 0.1],
        argument_scores=[[0.7, 0.5], []],
    )
    use_token_extension().set(doc[1], {"VERB 4": 0.87654})
    use_span_extension().set(Span(doc, 2, 4, label="LOC"), 0.75)
    return doc


def test_record(doc):
    record = make_record(doc)
    assert json.loads(json.dumps(record)) == record
    assert list(record) == list(LAYERS)
    assert record["tokens"][1:2] == [
        {
            "text": "left",
            "start_char": 4,
            "end_char": 8,
            "pos": "VERB",
            "tag": None,
            "lemma": None,
            "confidence": 0.87654,
        }
    ]
    assert [token["pos"] for token in record["tokens"]][-2:] == ["PUNCT", None]
    assert [token["confidence"] for token in record["tokens"]].count(None) == 5
    assert record["sentences"] == [
        {"start": 0, "end": 5, "start_char": 0, "end_char": 18},
        {"start": 5, "end": 6, "start_char": 19, "end_char": 23},
    ]
    assert record["entities"][1] == {
        "text": "New York",
        "label": "LOC",
        "start": 2,
        "end": 4,
        "start_char": 9,
        "end_char": 17,
        "confidence": 0.75,
    }
    assert record["entities"][0]["confidence"] is None
    assert record["frames"] == [frame.to_dict() for frame in doc._.frames]


def test_characters_are_those_of_the_text(doc):
    text = doc.text
    record = make_record(doc)
    spans = [*record["tokens"], *record["entities"]]
    for frame in record["frames"]:
        spans += [frame["predicate"], *frame["parts"], *frame["arguments"]]
    for span in spans:
        assert text[span["start_char"] : span["end_char"]] == span["text"]


def test_what_a_plan_leaves_out(doc):
    plan = Plan(("tokens", "frames"), ("pos",), digits=2)
    record = make_record(doc, plan)
    assert list(record) == ["tokens", "frames"]
    assert list(record["tokens"][0]) == ["text", "start_char", "end_char", "pos", "confidence"]
    assert record["tokens"][1]["confidence"] == 0.88
    assert record["frames"][0]["predicate"]["confidence"] == 0.99
    record = make_record(doc, Plan(confidences=False))
    assert "confidence" not in record["tokens"][1]
    assert record["entities"][1]["confidence"] is None
    frame = record["frames"][0]
    assert frame["roleset_confidence"] is None
    assert frame["predicate"]["confidence"] is None
    assert [argument["confidence"] for argument in frame["arguments"]] == [None, None]


def test_missing_layers_have_no_records():
    doc = Doc(spacy.blank("en").vocab, ["Ann", "left"])
    record = make_record(doc)
    assert (record["sentences"], record["entities"], record["frames"]) == ([], [], [])
    assert [token["pos"] for token in record["tokens"]] == [None, None]


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("plan", [EVERYTHING, Plan(token_fields=(), confidences=False)])
def test_rows_have_the_columns(doc, layer, plan):
    rows = rows_of([doc, doc], layer, plan)
    assert rows
    assert {tuple(row) for row in rows} == {tuple(columns_of(layer, plan))}
    assert {row["doc"] for row in rows} == {0, 1}


# Tables


def test_to_dataframe(doc):
    pytest.importorskip("pandas")
    empty = Doc(doc.vocab, [])
    tables = spacy_seqtag.to_dataframe([doc, empty, doc])
    assert list(tables) == ["tokens", "entities", "frames"]
    assert tables["tokens"].groupby("doc").size().to_dict() == {0: 6, 2: 6}
    assert tables["entities"].columns.tolist() == columns_of("entities")
    frames = tables["frames"]
    assert frames[frames.doc == 2].frame.tolist() == [0, 0, 1]
    assert frames.role.tolist()[:2] == ["ARG0", "ARG1"]
    assert frames.role.isna().tolist()[2]
    assert frames.start.tolist()[:2] == [0, 2]
    assert str(frames.start.dtype) == "Int64"
    sentences = spacy_seqtag.to_dataframe(doc, "sentences")
    assert sentences.text.tolist() == ["Ann left New York.", "Snow"]
    assert spacy_seqtag.to_dataframe([], "frames").columns.tolist() == columns_of("frames")
    with pytest.raises(ValueError, match="set it to one of: tokens, sentences, entities, frames"):
        spacy_seqtag.to_dataframe(doc, "ents")


def test_to_dataframe_without_pandas(doc, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=r"pip install \"spacy-seqtag\[pandas\]\""):
        spacy_seqtag.to_dataframe(doc)


# Names of the package


def test_names(doc):
    for name in spacy_seqtag.__all__:
        assert getattr(spacy_seqtag, name).__name__ == name
    assert [str(frame) for frame in spacy_seqtag.get_frames(doc)] == list(map(str, doc._.frames))
    assert spacy_seqtag.confidence_of(doc.ents[1]) == doc.ents[1]._.confidence == 0.75
    assert spacy_seqtag.tag_confidence_of(doc[1]) == doc[1]._.tag_confidence == 0.87654
    assert spacy_seqtag.tag_confidence_of(doc[0]) is None
    with pytest.raises(AttributeError, match="has no attribute 'frame'"):
        spacy_seqtag.frame  # noqa: B018


TYPED = """
from spacy.tokens import Doc
from spacy_seqtag import Frame, confidence_of, get_frames, tag_confidence_of, to_dataframe

def look(doc: Doc) -> None:
    frames: list[Frame] = get_frames(doc)
    reveal_type(frames[0].argument_confidences)
    reveal_type(frames[0].to_dict()["arguments"][0]["start_char"])
    reveal_type(confidence_of(doc[:2]))
    reveal_type(tag_confidence_of(doc[0]))
    reveal_type(to_dataframe([doc], "tokens"))
    reveal_type(to_dataframe([doc]))
"""


@pytest.mark.slow
@pytest.mark.skipif(find_spec("mypy") is None, reason="mypy is not installed")
def test_types(tmp_path):
    """What a type checker of somebody else's code knows."""
    path = tmp_path / "typed.py"
    path.write_text(TYPED, "utf8")
    command = [sys.executable, "-m", "mypy", "--ignore-missing-imports", str(path)]
    # Type checkers do not find what is installed to be edited.
    env = {**os.environ, "MYPYPATH": str(Path(spacy_seqtag.__file__).parents[1])}
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=env)
    found = [line.split('"')[1] for line in done.stdout.splitlines() if "Revealed" in line]
    assert found[:4] == [
        "tuple[float | None, ...]",
        "int",
        "float | None",
        "float | None",
    ], done.stdout + done.stderr
