"""The encoder: vectors and gradients beside spacy-transformers', word case, and what is saved."""

import numpy as np
import pytest
import safetensors.torch
import spacy
import srsly
import torch
from spacy.tokens import Doc
from thinc.api import Adam, fix_random_seed
from transformers import AutoTokenizer, ElectraConfig, ElectraModel

from .encoders import (
    NO_DROPOUT,
    SPANS,
    TEXT,
    THEIRS,
    encoder_nlp,
    gradients,
    plain_docs,
    sentence_windows,
    vectors,
)


@pytest.mark.parametrize(
    "windows",
    [
        SPANS,
        {"@span_getters": "spacy-transformers.sent_spans.v1"},
        {"@span_getters": "spacy-transformers.doc_spans.v1"},
    ],
)
def test_same_vectors_as_spacy_transformers(tiny_encoder, mini, windows):
    ours = encoder_nlp(
        tiny_encoder, precision="float32", get_spans=windows, max_batch_wordpieces=64
    )
    theirs = encoder_nlp(tiny_encoder, THEIRS, get_spans=windows)
    ours.add_pipe("sentencizer", first=True)
    for doc in map(ours.get_pipe("sentencizer"), plain_docs(mini, 20)):
        np.testing.assert_allclose(vectors(ours, doc), vectors(theirs, doc), atol=1e-5)


def test_same_vectors_on_the_same_sentence_windows(tiny_bert):
    """Words of one wordpiece, so that windows of words and of wordpieces are the same."""
    ours = encoder_nlp(tiny_bert, precision="float32", get_spans=sentence_windows(18 + 2))
    theirs = encoder_nlp(tiny_bert, THEIRS, get_spans=sentence_windows(24))
    words = ["the", "of", "to", "in"] * 12
    doc = Doc(ours.vocab, words=words, sent_starts=[i % 6 == 0 for i in range(48)])
    np.testing.assert_allclose(vectors(ours, doc), vectors(theirs, doc), atol=1e-5)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"max_batch_wordpieces": 24},
        {"gradient_checkpointing": True},
        {"word_case": True},
        {"transformer_config": {**NO_DROPOUT, "attn_implementation": "eager"}},
    ],
)
def test_same_gradients_as_spacy_transformers(tiny_encoder, mini, settings):
    docs = plain_docs(mini, 6)
    docs.insert(2, Doc(docs[0].vocab))
    d_vectors = np.random.default_rng(0).normal(size=(sum(map(len, docs)), 32))
    settings = {"transformer_config": NO_DROPOUT, "precision": "float32", **settings}
    found = gradients(encoder_nlp(tiny_encoder, **settings), docs, d_vectors)
    theirs = encoder_nlp(tiny_encoder, THEIRS, transformer_config=NO_DROPOUT)
    expected = gradients(theirs, docs, d_vectors)
    expected = {name: array for name, array in expected.items() if "pooler" not in name}
    assert found.keys() == expected.keys()
    for name, array in found.items():
        np.testing.assert_allclose(array, expected[name], atol=2e-4, rtol=1e-3, err_msg=name)


@pytest.mark.parametrize("limit", [1, 40, 4096])
def test_micro_batches_change_nothing(tiny_encoder, mini, limit):
    docs = [spacy.blank("en")(sent["text"]) for sent in mini["dev"][:15]]
    docs.insert(3, Doc(docs[0].vocab))
    settings = {"precision": "float32", "get_spans": sentence_windows(16)}
    whole = encoder_nlp(tiny_encoder, max_batch_wordpieces=100_000, **settings).get_pipe(
        "transformer"
    )
    parts = encoder_nlp(tiny_encoder, max_batch_wordpieces=limit, **settings).get_pipe(
        "transformer"
    )
    for found, expected in zip(
        parts.predict(docs).doc_data, whole.predict(docs).doc_data, strict=True
    ):
        np.testing.assert_array_equal(found.align.dataXd, expected.align.dataXd)
        if len(expected.align.lengths):
            np.testing.assert_allclose(
                found.model_output.last_hidden_state,
                expected.model_output.last_hidden_state,
                atol=1e-5,
            )


def test_no_word_is_left_out(tiny_encoder, mini):
    """Far longer than the model reads at once, in windows of every kind."""
    words = [word for sent in mini["train"] for word in sent["words"]][:1500]
    words.append("x" * 20_000)
    for spans in (
        {"@span_getters": "spacy-transformers.doc_spans.v1"},
        sentence_windows(512),
        sentence_windows(16),
    ):
        nlp = encoder_nlp(tiny_encoder, get_spans=spans)
        doc = Doc(nlp.vocab, words=words)
        found = vectors(nlp, doc)
        assert found.shape == (1501, 32)
        assert (np.abs(found).sum(axis=1) > 0).all()
        data = nlp.get_pipe("transformer")(doc)._.trf_data
        assert (np.diff(data.align.dataXd.ravel()) != 0).all()


def test_other_architectures(tmp_path, tiny_bert, mini):
    """What is not quite BERT goes through its own forward method."""
    torch.manual_seed(0)
    size = {"embedding_size": 16, "hidden_size": 32, "intermediate_size": 64}
    layers = {"num_hidden_layers": 1, "num_attention_heads": 2}
    ElectraModel(ElectraConfig(vocab_size=800, **size, **layers)).save_pretrained(tmp_path)
    AutoTokenizer.from_pretrained(tiny_bert).save_pretrained(tmp_path)
    ours = encoder_nlp(str(tmp_path), precision="float32", max_batch_wordpieces=30)
    theirs = encoder_nlp(str(tmp_path), THEIRS)
    for doc in plain_docs(mini, 5):
        np.testing.assert_allclose(vectors(ours, doc), vectors(theirs, doc), atol=1e-5)


def test_too_long_windows_are_an_error(tiny_encoder):
    with pytest.raises(ValueError, match=r"max_wordpieces = 513 .* 512 wordpieces"):
        encoder_nlp(tiny_encoder, get_spans=sentence_windows(513))
    nlp = encoder_nlp(tiny_encoder, get_spans=sentence_windows(512))
    nlp.get_pipe("transformer").model.attrs["get_spans"].max_wordpieces = 600
    with pytest.raises(ValueError, match=r"max_wordpieces = 600 .* 512 wordpieces"):
        nlp("It rained.")


def test_slow_tokenizer_is_an_error(tiny_bert):
    with pytest.raises(ValueError, match="not a fast tokenizer"):
        encoder_nlp(tiny_bert, tokenizer_config={"use_fast": False})


def test_not_initialized():
    nlp = spacy.blank("en")
    model = {"@architectures": "spacy_seqtag.TransformerModel.v1", "name": "x", "get_spans": SPANS}
    nlp.add_pipe("transformer", config={"model": model})
    with pytest.raises(ValueError, match="E109"):
        nlp("It rained.")


def test_unknown_precision_is_an_error(tiny_bert):
    with pytest.raises(ValueError, match=r"precision = 'float8'; set it to one of: auto"):
        encoder_nlp(tiny_bert, precision="float8")


def test_case_starts_at_nothing_and_is_seen_once_learned(tiny_bert):
    plain, cased = encoder_nlp(tiny_bert), encoder_nlp(tiny_bert, word_case=True)
    names = [Doc(plain.vocab, words=words.split()) for words in ("ann saw rome", "Ann saw Rome")]
    np.testing.assert_array_equal(vectors(plain, names[0]), vectors(cased, names[0]))
    np.testing.assert_array_equal(vectors(cased, names[0]), vectors(cased, names[1]))
    embedding = cased.get_pipe("transformer").model.shim._model.case_embedding
    torch.nn.init.normal_(embedding.weight)
    assert np.abs(vectors(cased, names[0]) - vectors(cased, names[1])).max() > 0.01


def test_case_embedding_learns_and_is_saved(tagger, tmp_path, doc):
    weight = tagger.get_pipe("transformer").model.shim._model.case_embedding.weight
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


def test_weights_are_saved_as_safetensors(tagger):
    shim = tagger.get_pipe("transformer").model.shim
    weights = safetensors.torch.load(srsly.msgpack_loads(shim.to_bytes())["weights"])
    assert weights.keys() == shim._model.state_dict().keys()
    for name, tensor in shim._model.state_dict().items():
        assert torch.equal(weights[name], tensor)


def test_attention_setting_is_kept(tiny_bert):
    nlp = encoder_nlp(tiny_bert, transformer_config={"attn_implementation": "eager"})
    again = spacy.blank("en").from_config(nlp.config).from_bytes(nlp.to_bytes())
    for model in (nlp, again):
        encoder = model.get_pipe("transformer").model
        for one in (encoder, encoder.copy()):
            assert one.transformer.config._attn_implementation == "eager"


def test_windows_by_default(tiny_bert):
    """Without a span getter, the encoder reads as with the package's own."""
    text = " ".join([TEXT] * 12)  # more than a window
    vectors = []
    for spans in (None, {"@span_getters": "spacy_seqtag.sentence_windows.v1"}):
        nlp = encoder_nlp(tiny_bert, get_spans=spans)
        nlp.initialize()
        vectors.append(nlp(text)._.trf_data.model_output.last_hidden_state)
    np.testing.assert_array_equal(*vectors)
