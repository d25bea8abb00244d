"""The corpus reader."""

import pytest
import spacy
from spacy.tokens import Doc, DocBin
from spacy.util import registry
from spacy.vocab import Vocab
from thinc.api import ConfigValidationError

from spacy_seqtag.corpus.reader import create_corpus


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
