"""Which files are read, and what their items are."""

import gzip
import json

import pytest
import spacy
from spacy.tokens import Doc, DocBin

from spacy_seqtag.annotate.batches import PartCheck, in_batches
from spacy_seqtag.annotate.inputs import find_inputs
from spacy_seqtag.annotate.items import Item
from spacy_seqtag.annotate.reading import Reader
from spacy_seqtag.extras import need


def items(*names, kind=None, text_key="text", sent_starts=True):
    reader = Reader(find_inputs(list(map(str, names)), kind), text_key, sent_starts=sent_starts)
    found = list(reader)
    assert reader.position == sum(one.size for one in find_inputs(list(map(str, names)), kind))
    return found


def texts(*names, **settings):
    return [item.text or item.reason for item in items(*names, **settings)]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "one.txt").write_text("one\n\n  \ntwo\r\n", "utf8")
    (tmp_path / "a.jsonl").write_text('{"text": "three"}\n', "utf8")
    (tmp_path / "c.txt.gz").write_bytes(gzip.compress(b"four\n") + gzip.compress(b"five\n"))
    (tmp_path / "README.md").write_text("Not this.", "utf8")
    return tmp_path


def test_folders_globs_and_files(folder):
    assert texts(folder) == ["three", "one", "two", "four", "five"]
    assert texts(folder / "**" / "*.txt*") == ["one", "two", "four", "five"]
    assert texts(folder / "c.txt.gz", folder / "b") == ["four", "five", "one", "two"]
    assert [item.source for item in items(folder)] == [
        "a.jsonl:1",
        "b/one.txt:1",
        "b/one.txt:4",
        "c.txt.gz:1",
        "c.txt.gz:2",
    ]
    assert texts(folder / "README.md", kind="txt") == ["Not this."]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["no.txt"], "no.txt: there is no such file or folder. Check the path"),
        (["*.parquet"], r"\*.parquet: there is no such file or folder. Check the path"),
        (["README.md"], r"README.md: expected .txt, .jsonl, .parquet, .spacy .* --input-format"),
        (["a.jsonl", "."], "a.jsonl: the file is there twice. Name each file once"),
        (["-", "a.jsonl"], "-: standard input beside other inputs. Give - alone"),
    ],
)
def test_what_is_not_there(folder, monkeypatch, names, message):
    monkeypatch.chdir(folder)
    with pytest.raises(ValueError, match=message):
        find_inputs(names)


def test_standard_input_is_no_table():
    with pytest.raises(ValueError, match="set it to one of: txt, jsonl"):
        find_inputs(["-"], "parquet")


def test_lines_of_json(tmp_path):
    path = tmp_path / "x.jsonl"
    lines = [
        b'\xef\xbb\xbf{"text": "first", "id": 1, "tags": ["a"]}',
        b"",
        b'{"text": ""}',
        b'"text"',
        b'{"text": 3}',
        b'{"text": "half \\ud800"}',
        b'{"text": "caf\xe9"}',
        b'{"text": "last", "n": NaN}',
    ]
    path.write_bytes(b"\n".join(lines))
    found = items(path)
    assert found[0] == Item("x.jsonl:1", "first", {"id": 1, "tags": ["a"]})
    assert found[1] == Item("x.jsonl:3", "")  # an empty text is a Doc, too
    assert [(item.source, item.reason) for item in found[2:]] == [
        ("x.jsonl:4", 'expected an object, such as {"text": "She left."}'),
        ("x.jsonl:5", "expected a text in 'text'"),
        ("x.jsonl:6", "half a surrogate pair, which is no character"),
        ("x.jsonl:7", "not UTF-8: byte 0xe9"),
        ("x.jsonl:8", "this is no JSON"),
    ]


def test_a_line_that_is_too_long(tmp_path, monkeypatch):
    monkeypatch.setattr("spacy_seqtag.annotate.reading._LONGEST", 10)
    path = tmp_path / "x.txt"
    path.write_bytes(b"one\n" + b"long " * 9 + b"\ntwo\n" + b"x" * 40)
    too_long = "a line of more than 10 bytes"
    assert texts(path) == ["one", too_long, "two", too_long]


def test_text_key(tmp_path):
    path = tmp_path / "x.jsonl"
    path.write_text('{"body": "one", "text": "kept"}\n', "utf8")
    assert items(path, text_key="body") == [Item("x.jsonl:1", "one", {"text": "kept"})]


def test_damaged_files_are_items(tmp_path):
    """What was read of them stands, and the next file is read."""
    whole = gzip.compress("".join(f"text {i}\n" for i in range(9999)).encode())
    (tmp_path / "a.txt.gz").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "b.spacy").write_bytes(b"no Docs")
    (tmp_path / "c.txt").write_text("last\n")
    found = items(tmp_path)
    assert found[0].text == "text 0"
    assert found[-1].text == "last"
    bad = [item for item in found if item.reason]
    assert [item.source for item in bad] == ["a.txt.gz", "b.spacy"]
    assert all(item.reason.startswith("the rest of the file cannot be read: ") for item in bad)


def test_docs(tmp_path):
    vocab = spacy.blank("en").vocab
    docs = [
        Doc(vocab, ["Ann", "left", "."], [True, False, False], sent_starts=[True, False, False]),
        Doc(vocab, ["Bob", "saw"], [True, False]),
    ]
    DocBin(docs=docs).to_disk(tmp_path / "x.spacy")
    first, second = items(tmp_path)
    assert (first.text, first.words, first.spaces) == (
        "Ann left.",
        ["Ann", "left", "."],
        [True, False, False],
    )
    assert first.sent_starts == [True, False, False]
    assert second.sent_starts is None
    assert items(tmp_path, sent_starts=False)[0].sent_starts is None
    (tmp_path / "x.spacy.gz").write_bytes(gzip.compress((tmp_path / "x.spacy").read_bytes()))
    assert texts(tmp_path / "x.spacy.gz") == ["Ann left.", "Bob saw"]


def test_parquet(tmp_path):
    pa = pytest.importorskip("pyarrow", reason="needs the extra parquet")
    parquet = pytest.importorskip("pyarrow.parquet")
    columns = {
        "text": ["one", None, "two"],
        "score": [0.5, float("nan"), None],
        "when": pa.array([0, 1, 2], pa.timestamp("s")),
        "deep": [{"x": [1]}, None, {"x": []}],
    }
    parquet.write_table(pa.table(columns), tmp_path / "x.parquet")
    first, second, third = items(tmp_path)
    assert first == Item(
        "x.parquet:1", "one", {"score": 0.5, "when": "1970-01-01 00:00:00", "deep": {"x": [1]}}
    )
    assert second.reason == "expected a text in 'text'"
    assert second.meta["score"] is None
    assert json.dumps(dict(third.meta))
    (message,) = texts(tmp_path, text_key="body")
    assert "there is no column 'body' (but 'text', 'score', 'when', 'deep')" in message


def test_zstandard(tmp_path):
    zstandard = pytest.importorskip("zstandard", reason="needs the extra zstd")
    compress = zstandard.ZstdCompressor().compress
    (tmp_path / "x.txt.zst").write_bytes(compress(b"one\ntw") + compress(b"o\n"))
    assert texts(tmp_path) == ["one", "two"]


def test_a_missing_package_names_its_extra(monkeypatch):
    for name, extra in (
        ("pyarrow.parquet", "parquet"),
        ("zstandard", "zstd"),
        ("ray.data", "ray"),
    ):
        package = name.partition(".")[0]
        monkeypatch.setitem(__import__("sys").modules, package, None)
        monkeypatch.setitem(__import__("sys").modules, name, None)
        with pytest.raises(ImportError) as info:
            need(name)
        assert str(info.value) == (
            f'{package} is not installed. Install it: pip install "spacy-seqtag[{extra}]"'
        )


# Batches


def divided(sizes, **settings):
    row = [Item(str(i), "x" * size) for i, size in enumerate(sizes)]
    batches = in_batches(row, lambda: 0, **settings)
    return [(batch.part, [int(item.source) for item in batch.items]) for batch in batches]


def test_batches_keep_to_parts(monkeypatch):
    monkeypatch.setattr("spacy_seqtag.annotate.batches._BATCH_ITEMS", 2)
    sizes = [9, 9, 9, 9, 29, 0, 0, 0, 9]
    whole = [(0, [0, 1]), (0, [2]), (1, [3, 4]), (2, [5, 6]), (2, [7, 8])]
    assert divided(sizes, part_chars=30) == whole
    for skip in range(4):
        assert divided(sizes, part_chars=30, skip=skip) == [b for b in whole if b[0] >= skip]


def test_a_check_knows_items_apart():
    def digests(*row):
        check = PartCheck([])
        list(in_batches(row, lambda: 0, part_chars=5, check=check))
        return check.digests

    first = digests(Item("1", "four"), Item("2", "x"), Item("3", "y"))
    assert sorted(first) == [0, 1]
    assert digests(Item("1", "four"), Item("2", "xy")) != first
    assert digests(Item("1", "four"), Item("2", "x", {"id": 1}), Item("3", "y")) != first
    assert digests(Item("1", "four"), Item("2", "x"), Item("3", "y")) == first
