"""The encoder: vectors, wordpieces of each word, word case, precision, averages."""

import numpy as np
import pytest
import spacy
import torch
from spacy.tokens import Doc
from thinc.api import Adam, fix_random_seed

from spacy_seqtag.models.encoder import word_cases
from spacy_seqtag.models.precision import has_bfloat16

SPANS = {"@span_getters": "spacy-transformers.strided_spans.v1", "window": 8, "stride": 6}
TEXT = "The Berlin State Opera opened its season on Friday with a work that London had refused."


def make_nlp(encoder, architecture="spacy_seqtag.TransformerModel.v1", **settings):
    nlp = spacy.blank("en")
    model = {"@architectures": architecture, "name": encoder, "get_spans": SPANS}
    model["tokenizer_config"] = {"use_fast": True}
    nlp.add_pipe("transformer", config={"model": {**model, **settings}})
    nlp.initialize()
    return nlp


def vectors(nlp, doc):
    """Mean vector of each word's wordpieces, float32 (words, width)."""
    data = nlp.get_pipe("transformer")(doc.copy())._.trf_data
    pieces = data.model_output.last_hidden_state.reshape(-1, data.width)
    ends = np.cumsum(data.align.lengths)
    return np.asarray(
        [
            pieces[data.align.dataXd[end - n : end].ravel()].mean(0) if n else np.zeros(data.width)
            for end, n in zip(ends, data.align.lengths, strict=True)
        ]
    )


@pytest.fixture
def doc():
    return spacy.blank("en")(TEXT)


def test_same_vectors_as_spacy_transformers(tiny_encoder, doc):
    ours = make_nlp(tiny_encoder, precision="float32")
    theirs = make_nlp(tiny_encoder, "spacy-transformers.TransformerModel.v3")
    np.testing.assert_allclose(vectors(ours, doc), vectors(theirs, doc), atol=1e-5)


def test_words_share_no_wordpiece(tiny_bert):
    nlp = make_nlp(tiny_bert)
    words = ["do", "n't", "re-open", "\n", "it", "\u200b", "!"]
    doc = Doc(nlp.vocab, words=words, spaces=[False, True, True, False, False, False, False])
    data = nlp.get_pipe("transformer")(doc)._.trf_data
    pieces = data.align.dataXd.ravel()
    assert len(set(pieces.tolist())) == len(pieces)
    own = np.split(pieces, np.cumsum(data.align.lengths)[:-1])
    assert len(own[3]) == 0  # a line break has no wordpiece
    strings = [piece for window in data.wordpieces.strings for piece in window]
    spelt = ["".join(strings[i].removeprefix("##") for i in piece) for piece in own]
    assert [spelt[0], spelt[4], spelt[6]] == ["do", "it", "!"]


def test_a_word_in_two_windows_has_the_wordpieces_of_both(tiny_bert, doc):
    nlp = make_nlp(tiny_bert)
    data = nlp.get_pipe("transformer")(doc)._.trf_data
    width = np.asarray(data.wordpieces.input_ids).shape[1]
    windows = [
        {piece // width for piece in own.ravel().tolist()}
        for own in np.split(data.align.dataXd, np.cumsum(data.align.lengths)[:-1])
    ]
    assert windows[5] == {0}
    assert windows[6] == windows[7] == {0, 1}  # windows of 8 words begin every 6
    assert windows[8] == {1}


def test_word_cases():
    doc = Doc(
        spacy.blank("en").vocab,
        words=["ann", "Ann", "ANN", "A", "McAnn", "12", "b2", ",", "中文", "\u200b"],
    )
    lower, title, upper, letter, mixed, digits, low2, mark, none, empty = word_cases(doc).tolist()
    assert len({lower, title, upper, letter, mixed, digits, mark}) == 7
    assert low2 == none == lower
    assert empty == mark
    assert 0 not in word_cases(doc)


def test_case_starts_at_nothing_and_is_seen_once_learned(tiny_bert):
    plain, cased = make_nlp(tiny_bert), make_nlp(tiny_bert, word_case=True)
    names = [Doc(plain.vocab, words=words.split()) for words in ("ann saw rome", "Ann saw Rome")]
    np.testing.assert_array_equal(vectors(plain, names[0]), vectors(cased, names[0]))
    np.testing.assert_array_equal(vectors(cased, names[0]), vectors(cased, names[1]))
    embedding = cased.get_pipe("transformer").model.transformer.case_embedding
    torch.nn.init.normal_(embedding.weight)
    assert np.abs(vectors(cased, names[0]) - vectors(cased, names[1])).max() > 0.01


@pytest.fixture(params=["bert", "roberta"])
def tagger(request, make_nlp, mini_examples, train):
    """A tagger on our encoder, with word case, after some updates."""
    nlp = spacy.blank("en")
    encoder = request.getfixturevalue(f"tiny_{request.param}")
    model = {"@architectures": "spacy_seqtag.TransformerModel.v1", "name": encoder}
    model |= {"tokenizer_config": {"use_fast": True}, "get_spans": SPANS, "word_case": True}
    nlp.add_pipe("transformer", config={"model": model})
    nlp.add_pipe("seqtag_pos")
    examples = mini_examples(nlp, 5)
    nlp.initialize(lambda: examples)
    train(nlp, examples, 5)
    return nlp


def test_case_embedding_learns_and_is_saved(tagger, tmp_path, doc):
    weight = tagger.get_pipe("transformer").model.transformer.case_embedding.weight
    assert weight.abs().max() > 0
    expected = tagger(TEXT)
    tagger.to_disk(tmp_path / "tagger")
    again = spacy.load(tmp_path / "tagger")
    for nlp in (again, spacy.blank("en").from_config(tagger.config).from_bytes(tagger.to_bytes())):
        found = nlp(TEXT)
        assert [t._.tag_confidence for t in found] == [t._.tag_confidence for t in expected]


def test_replaced_listener_keeps_case_and_precision(tagger, tmp_path):
    expected = [t.pos_ for t in tagger(TEXT)]
    tagger.replace_listeners("transformer", "seqtag_pos", ["model.tok2vec"])
    tagger.remove_pipe("transformer")
    assert [t.pos_ for t in tagger(TEXT)] == expected
    tagger.to_disk(tmp_path / "tagger")
    again = spacy.load(tmp_path / "tagger")
    assert again.config["components"]["seqtag_pos"]["model"]["tok2vec"]["word_case"] is True
    assert [t.pos_ for t in again(TEXT)] == expected


def test_averages_reach_the_encoder(tagger, mini_examples):
    """Within `use_params` the encoder has the optimizer's averages, and its own weights after."""
    sgd = Adam(0.01, use_averages=True)
    fix_random_seed(0)
    examples = mini_examples(tagger, 5)
    for _ in range(3):
        tagger.update(examples, sgd=sgd)
    shim = tagger.get_pipe("transformer").model.shim
    parameters = dict(shim._model.named_parameters())
    name = next(name for name in parameters if (shim.id, name) in sgd.averages)
    before = parameters[name].detach().numpy().copy()
    average = sgd.averages[shim.id, name]
    assert np.abs(before - average).max() > 0
    with tagger.use_params(sgd.averages):
        np.testing.assert_array_equal(parameters[name].detach().numpy(), average)
    np.testing.assert_array_equal(parameters[name].detach().numpy(), before)


def test_precision(tiny_bert, doc):
    full, reduced, auto = (
        vectors(make_nlp(tiny_bert, precision=p), doc) for p in ("float32", "bfloat16", "auto")
    )
    assert reduced.dtype == full.dtype
    difference = np.abs(full - reduced).max()
    assert 0 < difference < 0.1
    expected = reduced if has_bfloat16(torch.device("cpu")) else full
    np.testing.assert_array_equal(auto, expected)


def test_unknown_precision_is_an_error(tiny_bert):
    with pytest.raises(ValueError, match=r"precision = 'float8' is unknown.*auto"):
        make_nlp(tiny_bert, precision="float8")
