"""The corpus reader."""

import itertools
import struct
import tracemalloc
import zlib
from collections import Counter

import pytest
import spacy
from spacy.tokens import Doc, DocBin, Span
from spacy.util import registry
from spacy.vocab import Vocab

from spacy_seqtag.corpus.reader import create_corpus, cut_doc, read_docs
from spacy_seqtag.corpus.sentence import FormatError
from spacy_seqtag.frames import (
    annotated_tokens,
    get_frames,
    has_frames,
    problems,
    set_propositions,
)
from spacy_seqtag.schemes.propbank import Argument, Proposition


@pytest.fixture
def nlp():
    return spacy.blank("en")


@pytest.fixture
def path(tmp_path, nlp):
    """Two documents: sentences of 3, 3 and 4 words, and one without boundaries."""
    words = ["It's", "ok", ".", "Why", "not", "now", "So", "I'd", "go", "home"]
    starts = [1, -1, -1, 1, -1, -1, 1, -1, -1, -1]
    marked = Doc(nlp.vocab, words=words, spaces=[True] * 10, sent_starts=starts)
    marked.user_data["sent_ids"] = ["s1", "s2", "s3"]
    unmarked = Doc(nlp.vocab, words=["a"] * 6, spaces=[True] * 6, ents=["B-X"] + [""] * 5)
    path = tmp_path / "corpus.spacy"
    DocBin(docs=[marked, unmarked, Doc(nlp.vocab)], store_user_data=True).to_disk(path)
    return path


def starts(doc):
    return [token.is_sent_start for token in doc]


def test_gold_tokens(path, nlp):
    marked, unmarked = create_corpus(path)(nlp)
    for example in (marked, unmarked):
        assert [t.text_with_ws for t in example.x] == [t.text_with_ws for t in example.y]
        assert example.x is not example.y
    assert starts(marked.x) == starts(marked.y) == [True, *[False] * 2] * 2 + [True, *[False] * 3]
    assert not unmarked.x.has_annotation("SENT_START")
    assert not unmarked.x.has_annotation("ENT_IOB")
    marked, _ = create_corpus(path, sent_starts=False)(nlp)
    assert not marked.x.has_annotation("SENT_START")


def test_tokenizer_tokens(path, nlp):
    marked, _ = create_corpus(path, gold_tokens=False)(nlp)
    assert [t.text for t in marked.x][:3] == ["It", "'s", "ok"]
    assert not marked.x.has_annotation("SENT_START")


def test_max_length_keeps_whole_sentences(path, nlp):
    pieces = [example.y for example in create_corpus(path, max_length=5)(nlp)]
    assert [len(piece) for piece in pieces] == [3, 3, 4, 6]
    pieces = [example.y for example in create_corpus(path, max_length=7)(nlp)]
    assert [len(piece) for piece in pieces] == [6, 4, 6]
    assert [piece.user_data.get("sent_ids") for piece in pieces] == [["s1", "s2"], ["s3"], None]
    assert [len(e.y) for e in create_corpus(path, max_length=10)(nlp)] == [10, 6]
    assert starts(pieces[0]) == [True, False, False] * 2


def test_limit_and_folders(path, nlp):
    (path.parent / "more").mkdir()
    (path.parent / "more" / "b.spacy").write_bytes(path.read_bytes())
    for limit, expected in ((0, 4), (1, 1), (3, 3)):
        assert len(list(create_corpus(path.parent, limit=limit)(nlp))) == expected


def test_augmenter(path, nlp):
    def twice(_, example):
        yield example
        yield example

    assert len(list(create_corpus(path, augmenter=twice)(nlp))) == 4


def test_from_config(path, nlp):
    config = {"corpus": {"@readers": "spacy_seqtag.Corpus.v1", "path": str(path), "limit": 1}}
    corpus = registry.resolve(config)["corpus"]
    assert len(list(corpus(nlp))) == 1


def test_bad_paths(tmp_path, nlp):
    with pytest.raises(ValueError, match="E913"):
        create_corpus(None)
    with pytest.raises(ValueError, match=r"none\.spacy: there is no such file.*seqtag convert"):
        create_corpus(tmp_path / "none.spacy")
    with pytest.raises(ValueError, match=r"expected a \.spacy file or a folder.*seqtag convert"):
        create_corpus(tmp_path)
    text = tmp_path / "text.conllu"
    text.write_text("x")
    with pytest.raises(ValueError, match=r"text\.conllu: expected a \.spacy file"):
        create_corpus(text)


def test_damaged_files(path, nlp):
    whole = path.read_bytes()
    for content in (b"", b"junk", whole[:-20]):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"corpus\.spacy: this is no .*seqtag convert") as info:
            list(create_corpus(path)(nlp))
        assert "\n" not in info.value.title


# Cutting


def pieces_of(doc, *edges):
    """The pieces between these token positions, and what the cuts went through."""
    notes = Counter()
    bounds = list(itertools.pairwise((0, *edges, len(doc))))
    return list(cut_doc(doc, bounds, notes)), dict(notes)


def new_york(**kwargs):
    words = ["I", "saw", "New", "York", "today", "."]
    return Doc(Vocab(), words=words, sent_starts=[1, -1, -1, 1, -1, -1], **kwargs)


def test_a_cut_entity_is_missing():
    doc = new_york(ents=["B-PER", "O", "B-LOC", "I-LOC", "O", "O"])
    pieces, notes = pieces_of(doc, 3)
    assert [[t.ent_iob_ for t in piece] for piece in pieces] == [["B", "O", ""], ["", "O", "O"]]
    assert notes == {"entities reached over a cut: what is left of them counts as not annotated": 1}


def test_a_cut_stretch_stays_annotated():
    doc = new_york()
    props = [Proposition(1, "see.01", [Argument(0, 1, "ARG0")], []), Proposition(4, "V", [], [])]
    for stretches in ([(0, 6)], [(0, 3), (3, 6)]):
        set_propositions(doc, props, annotated=stretches)
        pieces, notes = pieces_of(doc, 3)
        assert [annotated_tokens(piece).tolist() for piece in pieces] == [[True] * 3] * 2
        assert [[str(f) for f in get_frames(piece)] for piece in pieces] == [
            ["[ARG0 I] [V saw]"],
            ["[V today]"],
        ]
        assert notes == {}


@pytest.mark.parametrize("marked", [True, False])
def test_a_frame_without_its_argument_is_not_annotated(marked):
    words = ["He", "left", "I", "saw", "New", "York", "fell", "down"]
    doc = Doc(Vocab(), words=words, sent_starts=[1, -1, 1, -1, -1, 1, -1, -1])
    props = [
        Proposition(1, "leave.01", [Argument(0, 1, "ARG0")], []),
        Proposition(3, "see.01", [Argument(2, 3, "ARG0"), Argument(4, 6, "ARG1")], []),
        Proposition(6, "fall.01", [Argument(5, 6, "ARG1")], [(7, 8)]),
    ]
    set_propositions(doc, props, annotated=[(0, 8)])
    if not marked:
        del doc.spans["srl_annotated"]
    (first, second), notes = pieces_of(doc, 5)
    assert [str(frame) for frame in get_frames(first)] == ["[ARG0 He] [V left]"]
    assert annotated_tokens(first).tolist() == [True] * 2 + [False] * 3
    assert [str(frame) for frame in get_frames(second)] == ["[ARG1 York] [V fell] [C-V down]"]
    assert annotated_tokens(second).all()
    assert not [problem for piece in (first, second) for problem in problems(piece)]
    (note,) = notes
    assert note.startswith("sentences have arguments beyond a cut")


def test_an_argument_wholly_beyond_a_cut():
    doc = new_york()
    set_propositions(
        doc, [Proposition(1, "see.01", [Argument(4, 5, "ARGM-TMP")], [])], annotated=[(0, 6)]
    )
    (first, second), _ = pieces_of(doc, 3)
    assert not has_frames(first)
    assert annotated_tokens(second).all()
    assert len(second.spans["srl"]) == 0


def test_other_groups_are_counted():
    doc = new_york()
    doc.spans["x"] = [Span(doc, 2, 4, "A"), Span(doc, 3, 4, "B")]
    (first, second), notes = pieces_of(doc, 3)
    assert [[s.label_ for s in piece.spans["x"]] for piece in (first, second)] == [[], ["B"]]
    assert notes == {"spans of other groups reached over a cut and were left out": 1}


def test_max_length_says_what_it_cuts(tmp_path, nlp):
    doc = new_york(ents=["O", "O", "B-LOC", "I-LOC", "O", "O"])
    path = tmp_path / "a.spacy"
    DocBin(docs=[doc]).to_disk(path)
    with pytest.warns(UserWarning, match=r"a\.spacy: cutting .*max_length.*: entities reached"):
        examples = list(create_corpus(path, max_length=3)(nlp))
    assert [[t.ent_iob_ for t in e.y] for e in examples] == [["O", "O", ""], ["", "O", "O"]]


# Files made to fill the memory


def packed(pieces):
    compressor = zlib.compressobj()
    return b"".join(map(compressor.compress, pieces)) + compressor.flush()


def test_files_that_unpack_to_too_much(tmp_path, monkeypatch):
    monkeypatch.setattr("spacy_seqtag.corpus.reader._FREE_BYTES", 1 << 20)
    path = tmp_path / "bomb.spacy"
    million = 1_000_000
    for key, kind, item in ((b"tokens", b"\xc6", b"\0"), (b"cats", b"\xdd", b"\x80")):
        n = 20 * million
        header = b"\x81" + bytes([0xA0 | len(key)]) + key + kind + struct.pack(">I", n)
        path.write_bytes(packed([header, *itertools.repeat(item * million, 20)]))
        tracemalloc.start()
        with pytest.raises(FormatError, match=r"bomb\.spacy: this unpacks to far more than"):
            list(read_docs(path, Vocab()))
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert most < n / 2


def test_what_packs_well_is_read(tmp_path):
    path = tmp_path / "same.spacy"
    DocBin(docs=[Doc(Vocab(), words=["x"] * 100_000)]).to_disk(path)
    assert len(zlib.decompress(path.read_bytes())) > 200 * path.stat().st_size
    assert [len(doc) for doc in read_docs(path, Vocab())] == [100_000]


def test_a_doc_stored_after_tokens_were_merged_is_cut_by_its_words():
    doc = Doc(Vocab(), words=["He", "left", ".", "Ann", "Lee", "came", "."])
    for token in doc:
        token.is_sent_start = token.i in (0, 3)
    props = [Proposition(5, "come.01", [Argument(3, 5, "ARG0")], [])]
    set_propositions(doc, props, annotated=[(0, 3), (3, 7)])
    stored = Doc(doc.vocab).from_bytes(doc.to_bytes())
    with stored.retokenize() as retokenizer:
        retokenizer.merge(stored[0:2])
    first, second = cut_doc(stored, [(0, 2), (2, 6)])
    assert [str(frame) for frame in first._.frames] == []
    assert [str(frame) for frame in second._.frames] == ["[ARG0 Ann Lee] [V came]"]
    assert annotated_tokens(first).all()
    assert annotated_tokens(second).all()
