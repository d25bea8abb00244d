"""brat's stand-off files."""

import pytest

from spacy_seqtag.corpus.errors import FormatError
from spacy_seqtag.corpus.formats import format_of

TEXT = "Ann left\r\nNew York.\n"
SPANS = """T1\tPER 0 3\tAnn
T2\tLOC 10 18\tNew York
R1\tLived Arg1:T1 Arg2:T2
#1\tAnnotatorNotes T1\tsure
"""


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "brat"
    (folder / "sub").mkdir(parents=True)
    for name, text, spans in (
        ("b", TEXT, SPANS),
        ("sub/a", "Oslo is cold today.", "T1\tX 0 4;8 12\tOslo cold\n"),
        ("c", "Nobody looked.", None),
        ("d", "Nothing here.", ""),
    ):
        (folder / f"{name}.txt").write_bytes(text.encode())
        if spans is not None:
            (folder / f"{name}.ann").write_text(spans, encoding="utf8")
    return folder


def test_a_folder(folder, run):
    assert format_of(folder).name == "brat"
    summary, docs = run(folder)
    assert [doc.user_data["doc_id"] for doc in docs] == ["b", "c", "d", "sub/a"]
    first, unseen, none, pieces = docs
    assert [(e.text, e.label_) for e in first.ents] == [("Ann", "PER"), ("New York", "LOC")]
    assert {token.ent_iob_ for token in unseen} == {""}
    assert {token.ent_iob_ for token in none} == {"O"}
    assert [(e.text, e.label_) for e in pieces.ents] == [("Oslo is cold", "X")]
    notes = " ".join(summary.notes)
    assert "1 relation was not read" in notes
    assert "1 note was not read" in notes
    assert "1 span is in pieces" in notes


def test_one_file(folder, run):
    _, (doc,) = run(folder / "b.ann")
    assert doc.text == TEXT.removesuffix("\n") or doc.text == TEXT
    assert [e.start_char for e in doc.ents] == [0, 10]


@pytest.mark.parametrize("line", ["T1 PER 0 3 Ann", "T1\tPER 0\tAnn", "T1\tPER a b\tAnn", "what"])
def test_what_is_no_line(folder, run, line):
    (folder / "b.ann").write_text(f"{SPANS}{line}\n")
    with pytest.raises(FormatError, match=r"b\.ann:5: .* is no line of brat's"):
        run(folder)


def test_a_text_that_is_missing(folder, run):
    (folder / "b.txt").unlink()
    with pytest.raises(FormatError, match=r"b\.ann: its text b\.txt is not there"):
        run(folder)
    (folder / "b.txt").write_bytes(b"\xff")
    with pytest.raises(FormatError, match=r"b\.txt: not UTF-8"):
        run(folder)


def test_names_with_dots(tmp_path, run):
    for name in ("r", "r.1"):
        (tmp_path / f"{name}.txt").write_text(f"text {name}")
        (tmp_path / f"{name}.ann").write_text("")
    _, docs = run(tmp_path)
    assert [doc.text for doc in docs] == ["text r", "text r.1"]


def test_line_ends_that_were_changed(tmp_path, run):
    (tmp_path / "a.txt").write_bytes(b"Hello,\r\nAnn left.\r\n")
    (tmp_path / "a.ann").write_text("T1\tPER 7 10\tAnn\n")
    _, (doc,) = run(tmp_path)
    assert [(e.text, e.label_) for e in doc.ents] == [("Ann", "PER")]


def test_every_kind_of_line(tmp_path, run):
    """Those of brat's page on its form; a span over a line end is in pieces there."""
    (tmp_path / "a.txt").write_bytes(b"Ann bought New\nYork Ltd and she left.")
    lines = (
        "T1\tPER 0 3\tAnn",
        "T2\tBuy 4 10\tbought",
        "T3\tORG 11 14;15 23\tNew York Ltd",
        "T4\tPER 28 31\tshe",
        "E1\tBuy:T2 Buyer:T1 Bought:T3",
        "R1\tOwner Arg1:T1 Arg2:T3",
        "*\tCoref T1 T4",
        "A1\tCertain E1",
        "M1\tLevel E1 high",
        "N1\tReference T1 Wikipedia:534366\tAnn",
        "#1\tAnnotatorNotes T1\tis she\tthe aunt?",
    )
    (tmp_path / "a.ann").write_text("\n".join(lines) + "\n")
    summary, (doc,) = run(tmp_path)
    found = [(ent.text, ent.label_) for ent in doc.ents]
    assert found == [("Ann", "PER"), ("bought", "Buy"), ("New\nYork Ltd", "ORG"), ("she", "PER")]
    notes = " ".join(summary.notes)
    for what in ("event", "relation", "equivalence", "normalisation", "note"):
        assert f"1 {what} was not read" in notes
    assert "2 attributes were not read" in notes
