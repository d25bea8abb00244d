"""The corpus reader."""

import warnings

import numpy as np
import pytest
import spacy
from spacy.tokens import Doc, DocBin
from spacy.util import registry
from spacy.vocab import Vocab
from thinc.api import ConfigValidationError

from spacy_seqtag.corpus import reader
from spacy_seqtag.corpus.docbin_read import read_docs
from spacy_seqtag.corpus.reader import create_corpus
from spacy_seqtag.schemes.soft_rows import SoftRows
from spacy_seqtag.soft_labels import (
    SoftLabels,
    get_soft_labels,
    has_soft_labels,
    set_soft_labels,
    soft_weight,
)


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


def new_york(**kwargs):
    words = ["I", "saw", "New", "York", "today", "."]
    return Doc(Vocab(), words=words, sent_starts=[1, -1, -1, 1, -1, -1], **kwargs)


def test_max_length_says_what_it_cuts(tmp_path, nlp):
    doc = new_york(ents=["O", "O", "B-LOC", "I-LOC", "O", "O"])
    path = tmp_path / "a.spacy"
    DocBin(docs=[doc]).to_disk(path)
    with pytest.warns(UserWarning, match=r"a\.spacy: cutting .*max_length.*: entities reached"):
        examples = list(create_corpus(path, max_length=3)(nlp))
    assert [[t.ent_iob_ for t in e.y] for e in examples] == [["O", "O", ""], ["", "O", "O"]]


@pytest.mark.filterwarnings("ignore:.*no entity has a label of entity_labels")
def test_entity_labels(tmp_path, nlp):
    docs = [
        new_york(ents=["O", "O", "B-LOC", "I-LOC", "O", "O"]),
        new_york(ents=["", "O", "B-LOC", "I-LOC", "O", ""]),
    ]
    path = tmp_path / "a.spacy"
    DocBin(docs=docs).to_disk(path)

    def read(**settings):
        golds = [example.y for example in create_corpus(path, **settings)(nlp)]
        spans = [[(s.start, s.end, s.label_) for s in y.spans.get("no_entity", ())] for y in golds]
        return [[t.ent_iob_ for t in y] for y in golds], spans

    assert read() == ([["O", "O", "B", "I", "O", "O"], ["", "O", "B", "I", "O", ""]], [[], []])
    unknown = [["", "", "B", "I", "", ""]] * 2
    assert read(entity_labels=[]) == (unknown, [[], []])
    of_per = [[(0, 2, "PER"), (4, 6, "PER")], [(1, 2, "PER"), (4, 5, "PER")]]
    assert read(entity_labels=["PER"]) == (unknown, of_per)
    config = {"@readers": "spacy_seqtag.Corpus.v1", "path": str(path), "entity_labels": ["PER"]}
    corpus = registry.resolve({"corpus": config})["corpus"]
    assert [t.ent_iob_ for t in next(iter(corpus(nlp))).y] == unknown[0]


@pytest.mark.filterwarnings("ignore:.*no entity has a label of entity_labels")
@pytest.mark.filterwarnings("ignore:.*cutting documents")
def test_what_is_known_in_part_survives_a_cut(tmp_path, nlp):
    path = tmp_path / "a.spacy"
    DocBin(docs=[new_york(ents=["O", "O", "B-LOC", "I-LOC", "O", "O"])]).to_disk(path)
    pieces = [e.y for e in create_corpus(path, max_length=3, entity_labels=["PER", "ORG"])(nlp)]
    found = [[(s.start, s.end, s.label_) for s in piece.spans["no_entity"]] for piece in pieces]
    assert found == [
        [(0, 2, "PER"), (0, 2, "ORG")],
        [(1, 3, "PER"), (1, 3, "ORG")],
    ]


def test_entity_labels_of_blanks(path):
    with pytest.raises(ValueError, match=r"Corpus\.v1: entity_labels = \['PER', ''\]: there is an"):
        create_corpus(path, entity_labels=["PER", ""])
    config = {"@readers": "spacy_seqtag.Corpus.v1", "path": str(path), "entity_labels": "PER"}
    with pytest.raises(ConfigValidationError, match="entity_labels"):
        registry.resolve({"corpus": config})


def test_entity_labels_that_no_entity_has(tmp_path, nlp):
    path = tmp_path / "a.spacy"
    DocBin(docs=[new_york(ents=["O", "O", "B-LOC", "I-LOC", "O", "O"])]).to_disk(path)
    with pytest.warns(
        UserWarning, match=r"a\.spacy: no entity has a label of entity_labels: PERS$"
    ):
        list(create_corpus(path, entity_labels=["LOC", "PERS"])(nlp))


# Soft labels


def softened(path, *docs):
    """A file of documents with soft labels: every word is a noun."""
    for doc in docs:
        rows = SoftRows.from_dense(np.ones((len(doc), 1), dtype="f"), ["NOUN"])
        set_soft_labels(doc, SoftLabels({"pos": rows}))
    DocBin(docs=docs, store_user_data=True).to_disk(path)
    return path


@pytest.fixture
def soft(tmp_path, nlp):
    words = [["x"] * n for n in (4, 4, 8)]
    docs = [Doc(nlp.vocab, w, sent_starts=[1, -1] * (len(w) // 2)) for w in words]
    return softened(tmp_path / "soft.spacy", *docs)


def test_soft_labels_beside_gold(path, soft, nlp):
    examples = list(create_corpus(path, soft=soft, soft_weight=0.5, max_length=4)(nlp))
    found = [(len(eg.y), has_soft_labels(eg.y), soft_weight(eg.y)) for eg in examples]
    gold = [(n, False, 1.0) for n in (3, 3, 4, 6)]
    assert found == [(4, True, 0.5)] * 4 + gold
    for example in examples[:4]:
        assert len(get_soft_labels(example.y).layers["pos"]) == 4


@pytest.mark.parametrize("share", [0.25, 0.5, 0.9])
def test_gold_is_repeated_for_its_share(path, soft, nlp, share):
    examples = list(create_corpus(path, soft=soft, gold_share=share)(nlp))
    n_soft = sum(len(eg.y) for eg in examples if has_soft_labels(eg.y))
    n_gold = sum(len(eg.y) for eg in examples if not has_soft_labels(eg.y))
    assert n_soft == 16
    assert n_gold / (n_gold + n_soft) >= share
    assert n_gold <= max(16, 16 * share / (1 - share) + 10)
    assert len({id(eg) for eg in examples}) == len(examples)
    assert {len(eg.y) for eg in examples if not has_soft_labels(eg.y)} == {
        10,
        6,
    }  # each at least once


def test_soft_labels_in_the_corpus_itself(soft, nlp):
    examples = list(create_corpus(soft)(nlp))
    assert [soft_weight(eg.y) for eg in examples] == [1.0] * 3
    assert all(has_soft_labels(eg.y) for eg in examples)


def test_soft_settings(path, soft, tmp_path, nlp):
    with pytest.raises(ValueError, match=r"soft_weight = 0.0; set it to a number above 0"):
        create_corpus(path, soft=soft, soft_weight=0.0)
    with pytest.raises(ValueError, match=r"gold_share = 1.0; set it to a number of at least 0 and"):
        create_corpus(path, soft=soft, gold_share=1.0)
    with pytest.raises(ValueError, match=r"none\.spacy: there is no such file"):
        create_corpus(path, soft=tmp_path / "none.spacy")
    with pytest.raises(ValueError, match=r"has no soft labels. Make the file of the setting soft"):
        list(create_corpus(path, soft=path)(nlp))


def test_soft_labels_of_other_words(path, soft, tmp_path, nlp):
    docs = list(DocBin(store_user_data=True).from_disk(soft).get_docs(nlp.vocab))
    other = Doc(nlp.vocab, words=["y"] * 4)
    other.user_data = docs[0].user_data
    DocBin(docs=[other], store_user_data=True).to_disk(tmp_path / "other.spacy")
    with pytest.raises(ValueError, match=r"other\.spacy: the Doc that begins.*other words") as info:
        list(create_corpus(path, soft=tmp_path / "other.spacy")(nlp))
    assert "\n" not in info.value.title


@pytest.mark.parametrize("content", [None, b"junk", DocBin().to_bytes()])
def test_soft_labels_are_made_by_distil(path, tmp_path, content):
    soft = tmp_path / "soft.spacy"
    if content is not None:
        soft.write_bytes(content)
    with pytest.raises(ValueError, match=r"soft\.spacy: .*`python -m spacy seqtag distil`"):
        create_corpus(path, soft=soft)
    with pytest.raises(ValueError, match=r"soft\.spacy: .*`python -m spacy seqtag convert`"):
        create_corpus(soft)


def test_settings_of_soft_labels_without_them(path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        create_corpus(path, soft=None, soft_weight=1.0, gold_share=0.0)  # as in the configs
    with pytest.warns(UserWarning, match=r"gold_share = 0\.3 has no effect without soft labels; s"):
        create_corpus(path, gold_share=0.3)
    with pytest.warns(UserWarning, match=r"soft_weight = 0\.5 has no .*, or soft_weight to 1\.0$"):
        create_corpus(path, soft_weight=0.5)


@pytest.fixture
def readings(monkeypatch):
    """The files that were read, in order."""
    result = []

    def read(loc, vocab, made_by):
        result.append(loc)
        return read_docs(loc, vocab, made_by)

    monkeypatch.setattr(reader, "read_docs", read)
    return result


def texts(corpus, nlp):
    return [example.reference.text for example in corpus(nlp)]


def test_read_again(path, nlp, readings):
    corpus = create_corpus(path, max_length=6)
    next(iter(corpus(nlp)))  # what was not read to the end is not kept
    first = list(corpus(nlp))
    assert readings == [path, path]
    second = list(corpus(nlp))
    assert readings == [path, path]
    assert [example.y.text for example in first] == [example.y.text for example in second]
    # What was predicted on the one reading is not in the next.
    assert all(old.x is not new.x for old, new in zip(first, second, strict=True))


def test_read_anew(path, nlp, readings, monkeypatch):
    """Kept Docs are of no use where the file, or the vocabulary, is another."""
    corpus = create_corpus(path)
    before = texts(corpus, nlp)
    other = spacy.blank("en")
    assert texts(corpus, other) == before
    assert [example.y.vocab for example in corpus(other)] == [other.vocab] * 2
    DocBin(docs=[Doc(nlp.vocab, words=["New"])]).to_disk(path)
    assert texts(corpus, other) == ["New "]
    n_readings = len(readings)
    monkeypatch.setattr(reader, "_KEPT_WORDS", 0)
    assert texts(corpus, nlp) == texts(corpus, nlp) == ["New "]
    assert len(readings) == n_readings + 2
