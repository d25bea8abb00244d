"""Raw text is read one line at a time."""

import pytest
from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab

from spacy_seqtag.corpus.errors import FormatError
from spacy_seqtag.corpus.formats.lines import read_lines
from spacy_seqtag.distil.raw_text import find_raw, read_raw


def test_lines_come_as_they_are_read(tmp_path):
    """What stands before a bad line is there before the file is read to its end."""
    path = tmp_path / "raw.txt"
    path.write_bytes(b"one\n\n two \n" + b"x\n" * 100_000 + b"\xff\n")
    texts = read_raw(path)
    assert [next(texts).text for _ in range(2)] == ["one", " two "]
    with pytest.raises(FormatError, match=r"raw\.txt:100004: not UTF-8"):
        list(texts)


@pytest.mark.parametrize("end", [b"\n", b"\r"])
def test_a_long_line_is_not_read_to_its_end(tmp_path, end):
    path = tmp_path / "raw.txt"
    path.write_bytes(b"a" + end + b"b" * 500_000 + end)
    read = []
    lines = read_lines(path, read.append, longest=1000)
    assert next(lines) == (1, "a")
    with pytest.raises(FormatError, match=r":2: a line of more than 1,000 bytes"):
        next(lines)


def test_only_words_and_sentences_of_a_spacy_file(tmp_path):
    doc = Doc(
        Vocab(), words=["Hi", "!"], spaces=[False, True], pos=["NOUN", "X"], sent_starts=[1, -1]
    )
    DocBin(docs=[doc, Doc(doc.vocab, words=[" "])]).to_disk(tmp_path / "a.spacy")
    (text,) = read_raw(tmp_path / "a.spacy")
    assert text == ("Hi! ", ["Hi", "!"], [False, True], [True, False])
    (text,) = read_raw(tmp_path / "a.spacy", sent_starts=False)
    assert text.sent_starts is None


def test_folders(tmp_path):
    for name in ("b.txt", "a.JSONL", "deep/c.spacy", "notes.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    names = [path.name for path in find_raw(tmp_path)]
    assert names == ["a.JSONL", "b.txt", "c.spacy"]


def test_progress_counts_bytes(tmp_path):
    path = tmp_path / "raw.txt"
    path.write_text("one two\n" * 50, "utf8")
    read = []
    assert len(list(read_raw(path, progress=read.append))) == 50
    assert sum(read) == path.stat().st_size
