"""Writing `.spacy` files."""

import pytest
from spacy.tokens import Doc, DocBin, Span
from spacy.vocab import Vocab

from spacy_seqtag.corpus.docbin_write import DocBinWriter
from spacy_seqtag.corpus.errors import FormatError


def rows(doc):
    """What is in a Doc, one token per row."""
    return [
        (t.text_with_ws, t.pos_, t.tag_, t.lemma_, t.ent_iob_, t.ent_type_, t.is_sent_start)
        for t in doc
    ]


def some_docs():
    vocab = Vocab()
    first = Doc(
        vocab,
        words=["Ann", "saw", "Oslo"],
        spaces=[True, True, False],
        tags=["NNP", "", ""],
        pos=["PROPN", "VERB", ""],
        lemmas=["Ann", "see", "Oslo"],
        morphs=["Number=Sing", "", ""],
        heads=[1, 1, 1],
        deps=["nsubj", "ROOT", "obj"],
        ents=["B-PER", "O", ""],
        user_data={"doc_id": "d", "sent_ids": ["s"], ("._.", "x", 0, None): 0.5},
    )
    first.cats = {"A": 1.0}
    first.spans["srl"] = [Span(first, 0, 1, "ARG0", kb_id="k", span_id="i")]
    return [first, Doc(vocab, words=["x"] * 70_000), Doc(vocab)]


@pytest.mark.parametrize("store_user_data", [True, False])
@pytest.mark.parametrize("n_docs", [0, 3])
def test_writer_equals_docbin(tmp_path, store_user_data, n_docs):
    docs = some_docs()[:n_docs]
    path = tmp_path / "out.spacy"
    with DocBinWriter(path, store_user_data=store_user_data) as writer:
        for doc in docs:
            writer.add(doc)
    expected = DocBin(docs=docs, store_user_data=store_user_data)
    read = DocBin().from_disk(path)
    assert read.strings == expected.strings
    assert read.attrs == expected.attrs
    assert [p.name for p in tmp_path.iterdir()] == ["out.spacy"]
    if docs:
        expected = DocBin().from_bytes(expected.to_bytes())
    pairs = zip(read.get_docs(Vocab()), expected.get_docs(Vocab()), strict=True)
    for doc, other in pairs:
        assert doc.to_json() == other.to_json()
        assert rows(doc) == rows(other)
        assert doc.to_bytes() == other.to_bytes()
        assert doc.has_unknown_spaces == other.has_unknown_spaces
        assert doc.user_data == other.user_data


def test_writer_leaves_nothing_after_an_error(tmp_path):
    path = tmp_path / "out.spacy"
    path.write_bytes(b"before")

    def fill(writer):
        for doc in some_docs():
            writer.add(doc)
        raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError, match="in the middle"), DocBinWriter(path) as writer:
        fill(writer)
    assert path.read_bytes() == b"before"
    assert [p.name for p in tmp_path.iterdir()] == ["out.spacy"]


def test_writer_leaves_nothing_when_it_cannot_end(tmp_path, monkeypatch):
    def full_disk(*_):
        raise OSError("no space left")

    monkeypatch.setattr("os.replace", full_disk)
    with pytest.raises(OSError, match="no space"), DocBinWriter(tmp_path / "out.spacy") as writer:
        writer.add(some_docs()[0])
    assert list(tmp_path.iterdir()) == []


def test_too_much_for_one_file(tmp_path, monkeypatch):
    monkeypatch.setattr("spacy_seqtag.corpus.docbin_write._MAX_BYTES", 1000)
    with (
        pytest.raises(FormatError, match="more words than one"),
        DocBinWriter(tmp_path / "out.spacy") as writer,
    ):
        writer.add(some_docs()[1])
    assert list(tmp_path.iterdir()) == []
