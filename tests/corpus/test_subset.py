"""Samples of sentences: seeded, nested, and joined with layers as the whole corpus is."""

from itertools import pairwise
from pathlib import Path

import pytest
import spacy
from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab
from thinc.api import ConfigValidationError

from spacy_seqtag.corpus.convert import convert
from spacy_seqtag.corpus.docs import sentences_of
from spacy_seqtag.corpus.errors import FormatError
from spacy_seqtag.corpus.reader import create_corpus
from spacy_seqtag.corpus.subset import Subset
from spacy_seqtag.frames import problems

MINI = Path(__file__).parents[2] / "assets" / "mini"
LAYERS = [MINI / f"train.{ending}" for ending in ("conllu", "iob2", "gold_conll")]
TOTAL = 221


def sentences(docs):
    """All sentences of Docs with their layers, by their id."""
    found = [s for n, doc in enumerate(docs) for s in sentences_of(doc, Path("x.spacy"), n)]
    props = [None if s.propositions is None else [*map(repr, s.propositions)] for s in found]
    return {
        s.sent_id: (s.words, s.upos, s.xpos, s.lemmas, s.entities, p)
        for s, p in zip(found, props, strict=True)
    }


def read(path):
    return list(DocBin().from_disk(path).get_docs(Vocab()))


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    path = tmp_path_factory.mktemp("whole") / "train.spacy"
    assert convert(LAYERS, path).sentences == TOTAL
    return path


def test_sizes():
    assert Subset(0.1).size(12_544) == 1_254
    assert Subset(0.3).size(12_544) == 3_763
    assert Subset(0.001).size(10) == 1
    assert Subset(1.0).size(10) == Subset(limit=99).size(10) == 10
    assert Subset(limit=3).size(10) == 3
    assert Subset(0.5, limit=3).size(4) == 2
    assert Subset(0.5).size(0) == 0


def test_smaller_samples_lie_in_larger_ones():
    sizes = [Subset(fraction) for fraction in (0.03, 0.1, 0.3, 1.0)]
    chosen = [subset.choose(1_000) for subset in sizes]
    assert [len(numbers) for numbers in chosen] == [30, 100, 300, 1_000]
    assert chosen[0] < chosen[1] < chosen[2] < chosen[3] == set(range(1_000))
    assert Subset(limit=100).choose(1_000) == chosen[1]
    assert Subset(0.1, seed=1).choose(1_000) != chosen[1]


def test_sample_and_rest_are_the_whole():
    for subset in (Subset(0.3, seed=2), Subset(limit=7), Subset(1.0)):
        rest = Subset(subset.fraction, subset.limit, subset.seed, rest=True)
        assert subset.choose(10) | rest.choose(10) == set(range(10))
        assert not subset.choose(10) & rest.choose(10)
        assert rest.size(10) == 10 - subset.size(10)
        assert rest.size(0) == 0


def test_the_order_never_changes():
    """What a paper says of a sample has to hold for the next version, too."""
    assert Subset(0.3).choose(10) == {7, 8, 1}
    assert Subset(0.3, seed=1).choose(10) == {6, 8, 9}


@pytest.mark.parametrize("fraction", [0, 0.0, -0.5, 1.001, 10, float("nan"), float("inf")])
def test_fractions_that_are_none(fraction, whole):
    with pytest.raises(ConfigValidationError, match="a number above 0 and at most 1"):
        Subset(fraction)
    with pytest.raises(ConfigValidationError) as info:
        create_corpus(whole, subset=fraction)
    expected = "set it to a number above 0 and at most 1"
    assert info.value.title == f"spacy_seqtag.Corpus.v1: subset = {fraction!r}; {expected}"


@pytest.mark.parametrize("name", ["subset_limit", "subset_seed"])
def test_numbers_that_cannot_be(name, whole):
    with pytest.raises(ConfigValidationError, match=f"{name} = -1; set it to a whole number"):
        create_corpus(whole, **{name: -1})


@pytest.mark.parametrize("docs_by", ["document", "sentence", 3])
def test_a_sample_has_the_layers_of_the_whole(whole, tmp_path, docs_by):
    path = tmp_path / "sample.spacy"
    summary = convert(LAYERS, path, docs_by=docs_by, subset=Subset(0.3))
    everything, drawn = sentences(read(whole)), sentences(read(path))
    assert len(drawn) == summary.sentences == 66
    assert drawn == {key: value for key, value in everything.items() if key in drawn}
    assert list(drawn) == [key for key in everything if key in drawn]  # the order of the file
    assert "a sample of 66 of 221 sentences, drawn with seed 0" in summary.notes
    smaller = tmp_path / "smaller.spacy"
    convert(LAYERS, smaller, docs_by=docs_by, subset=Subset(0.1))
    assert sentences(read(smaller)).items() < drawn.items()


@pytest.mark.parametrize("format_name", ["conllu", "spacy"])
def test_layers_join_a_sample_as_they_do_the_whole(whole, tmp_path, format_name):
    """Words first, layers later: the same as both at once."""
    words, joined, at_once = (tmp_path / f"{name}.spacy" for name in ("w", "j", "o"))
    first = LAYERS[0]
    if format_name == "spacy":
        first = tmp_path / "all-words.spacy"
        convert(LAYERS[:1], first)
    convert([first], words, subset=Subset(0.2))
    summary = convert([words, *LAYERS[1:]], joined)
    assert summary.mismatched == 0
    convert(LAYERS, at_once, subset=Subset(0.2))
    assert sentences(read(joined)) == sentences(read(at_once))
    assert sentences(read(joined)).items() < sentences(read(whole)).items()


def test_convert_and_reader_draw_the_same(whole, tmp_path):
    path = tmp_path / "sample.spacy"
    convert([whole], path, subset=Subset(limit=40, seed=3))
    nlp = spacy.blank("en")
    examples = list(create_corpus(whole, subset_limit=40, subset_seed=3)(nlp))
    drawn = sentences([example.reference for example in examples])
    assert len(drawn) == 40
    assert drawn == sentences(read(path))
    again = create_corpus(whole, subset=0.5, subset_limit=40, subset_seed=3, max_length=1)
    assert sentences([example.reference for example in again(nlp)]) == drawn


def test_the_rest(whole, tmp_path):
    """It is what the reader leaves out; of all there is none."""
    path = tmp_path / "rest.spacy"
    summary = convert([whole], path, subset=Subset(0.3, seed=1, rest=True))
    assert "the rest beside a sample: 155 of 221 sentences, drawn with seed 1" in summary.notes
    examples = create_corpus(whole, subset=0.3, subset_seed=1)(spacy.blank("en"))
    drawn = sentences([example.reference for example in examples])
    rest = sentences(read(path))
    assert not drawn.keys() & rest.keys()
    assert drawn | rest == sentences(read(whole))
    with pytest.raises(FormatError, match="the sample is all of the file, and there is no rest"):
        convert([whole], tmp_path / "none.spacy", subset=Subset(1.0, rest=True))
    assert not (tmp_path / "none.spacy").exists()


def test_documents_are_thinned(whole, tmp_path):
    """A document keeps those of its sentences that are drawn, whatever it is made of."""
    nlp = spacy.blank("en")
    subset = Subset(0.5)
    convert(LAYERS, tmp_path / "a.spacy", subset=subset)
    convert([whole], tmp_path / "b.spacy", subset=subset)
    first, second = read(tmp_path / "a.spacy"), read(tmp_path / "b.spacy")
    third = [example.reference for example in create_corpus(whole, subset=0.5)(nlp)]
    texts = [doc.text.rstrip() for doc in first]
    assert texts == [doc.text.rstrip() for doc in second] == [doc.text.rstrip() for doc in third]
    assert len(texts) == len(read(whole))
    for docs in (first, second, third):
        assert [len(list(d.sents)) for d in docs] == [len(d.user_data["sent_ids"]) for d in docs]
        assert all(not list(problems(doc)) for doc in docs)
    text = texts[0]
    for sent in first[0].sents:
        assert text.startswith(sent.text)
        text = text.removeprefix(sent.text).lstrip()


def test_documents_stay_apart(tmp_path):
    """Also where the first sentence of a document is left out."""
    text = ""
    for number in range(8):
        new = f"# newdoc id = d{number // 2}\n" if number % 2 == 0 else ""
        text += f"{new}# sent_id = s{number}\n1\tw{number}\t_\tX\t_\t_\t_\t_\t_\t_\n\n"
    (tmp_path / "a.conllu").write_text(text, encoding="utf8")
    for seed in range(10):
        convert([tmp_path / "a.conllu"], tmp_path / "a.spacy", subset=Subset(0.75, seed=seed))
        docs = read(tmp_path / "a.spacy")
        assert sum(len(doc) for doc in docs) == 6
        for doc in docs:
            assert {int(token.text[1:]) // 2 for token in doc} == {int(doc.user_data["doc_id"][1:])}


def test_what_did_not_follow_each_other_is_apart(tmp_path):
    """In a text without blanks, words of two sentences are not written as one."""
    text = "# newdoc\n"
    for number in range(8):
        line = f"1\tw{number}\t_\tX\t_\t_\t_\t_\t_\tSpaceAfter=No"
        text += f"# sent_id = s{number}\n{line}\n\n"
    (tmp_path / "a.conllu").write_text(text, encoding="utf8")
    convert([tmp_path / "a.conllu"], tmp_path / "whole.spacy")
    for seed in range(5):
        for path in ("a.conllu", "whole.spacy"):
            subset = Subset(0.5, seed=seed)
            convert([tmp_path / path], tmp_path / "b.spacy", subset=subset)
            (doc,) = read(tmp_path / "b.spacy")
            numbers = sorted(subset.choose(8))
            assert [token.text for token in doc] == [f"w{n}" for n in numbers]
            apart = [after - n > 1 for n, after in pairwise(numbers)]
            assert [bool(token.whitespace_) for token in doc][:-1] == apart


def test_empty_documents_and_those_without_boundaries(tmp_path):
    vocab = spacy.blank("en").vocab
    docs = [Doc(vocab), Doc(vocab, words=["a"] * 3), Doc(vocab), Doc(vocab, words=["b"] * 5)]
    path = tmp_path / "a.spacy"
    DocBin(docs=docs).to_disk(path)
    texts = set()
    for seed in range(5):
        (example,) = create_corpus(path, subset=0.5, subset_seed=seed)(spacy.blank("en"))
        convert([path], tmp_path / "b.spacy", subset=Subset(0.5, seed=seed))
        (doc,) = read(tmp_path / "b.spacy")
        assert doc.text == example.reference.text
        texts.add(len(doc))
    assert texts == {3, 5}


def test_a_limit_beyond_the_corpus_takes_it_all(whole, tmp_path):
    path = tmp_path / "sample.spacy"
    summary = convert(LAYERS, path, subset=Subset(limit=500))
    assert "the corpus is no larger than the sample may be: all of it is taken" in summary.notes
    assert sentences(read(path)) == sentences(read(whole))
    assert [len(doc) for doc in read(path)] == [len(doc) for doc in read(whole)]


def test_limit_of_documents_comes_first(whole):
    nlp = spacy.blank("en")
    first = sentences([example.reference for example in create_corpus(whole, limit=3)(nlp)])
    examples = create_corpus(whole, limit=3, subset=0.5)(nlp)
    drawn = sentences([example.reference for example in examples])
    assert len(drawn) == round(len(first) / 2)
    assert drawn.items() < first.items()
