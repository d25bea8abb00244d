"""The encoder: vectors, wordpieces of each word, word case, precision, averages."""

import pickle
import warnings

import numpy as np
import pytest
import safetensors.torch
import spacy
import srsly
import torch
from spacy.tokens import Doc
from spacy_transformers.data_classes import TransformerData
from spacy_transformers.layers import trfs2arrays
from thinc.api import Adam, fix_random_seed, reduce_mean
from transformers import AutoTokenizer, ElectraConfig, ElectraModel

from spacy_seqtag.models import precision as precision_module
from spacy_seqtag.models.encoder import EncoderShim
from spacy_seqtag.models.precision import has_fast_bfloat16

SPANS = {"@span_getters": "spacy-transformers.strided_spans.v1", "window": 8, "stride": 6}
TEXT = "The Berlin State Opera opened its season on Friday with a work that London had refused."


THEIRS = "spacy-transformers.TransformerModel.v3"


def sentence_windows(max_wordpieces):
    return {
        "@span_getters": "spacy_seqtag.sentence_windows.v1",
        "max_wordpieces": max_wordpieces,
    }


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


def plain_docs(mini, n):
    """Docs in which no wordpiece of BERT crosses from one word to the next."""
    vocab = spacy.blank("en").vocab
    sents = mini["dev"][:n]
    return [
        Doc(vocab, words=[w for w in sent["words"] if w.isalnum() or w == "."]) for sent in sents
    ]


@pytest.mark.parametrize(
    "windows",
    [
        SPANS,
        {"@span_getters": "spacy-transformers.sent_spans.v1"},
        {"@span_getters": "spacy-transformers.doc_spans.v1"},
    ],
)
def test_same_vectors_as_spacy_transformers(tiny_encoder, mini, windows):
    ours = make_nlp(tiny_encoder, precision="float32", get_spans=windows, max_batch_wordpieces=64)
    theirs = make_nlp(tiny_encoder, THEIRS, get_spans=windows)
    ours.add_pipe("sentencizer", first=True)
    for doc in map(ours.get_pipe("sentencizer"), plain_docs(mini, 20)):
        np.testing.assert_allclose(vectors(ours, doc), vectors(theirs, doc), atol=1e-5)


def test_same_vectors_on_the_same_sentence_windows(tiny_bert):
    """Words of one wordpiece, so that windows of words and of wordpieces are the same."""
    ours = make_nlp(tiny_bert, precision="float32", get_spans=sentence_windows(18 + 2))
    theirs = make_nlp(tiny_bert, THEIRS, get_spans=sentence_windows(24))
    words = ["the", "of", "to", "in"] * 12
    doc = Doc(ours.vocab, words=words, sent_starts=[i % 6 == 0 for i in range(48)])
    np.testing.assert_allclose(vectors(ours, doc), vectors(theirs, doc), atol=1e-5)


def gradients(nlp, docs, d_vectors):
    """Gradient of each of the encoder's weights, for these gradients of the words' vectors."""
    model = nlp.get_pipe("transformer").model
    listener = trfs2arrays(reduce_mean(), 1.0)
    batch, backprop = model.begin_update(docs)
    _, backprop_listener = listener.begin_update(batch.doc_data)
    parts = np.split(d_vectors, np.cumsum([len(doc) for doc in docs])[:-1])
    d_data = backprop_listener([part.astype("f") for part in parts])
    backprop(batch.unsplit_by_doc([list(data.tensors) for data in d_data]))
    return {
        name.removeprefix("transformer."): parameter.grad.numpy().copy()
        for name, parameter in model.layers[0].shims[0]._model.named_parameters()
        if parameter.grad is not None and not name.startswith("case")
    }


NO_DROPOUT = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}


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
    found = gradients(make_nlp(tiny_encoder, **settings), docs, d_vectors)
    theirs = make_nlp(tiny_encoder, THEIRS, transformer_config=NO_DROPOUT)
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
    whole = make_nlp(tiny_encoder, max_batch_wordpieces=100_000, **settings).get_pipe("transformer")
    parts = make_nlp(tiny_encoder, max_batch_wordpieces=limit, **settings).get_pipe("transformer")
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
        nlp = make_nlp(tiny_encoder, get_spans=spans)
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
    ours = make_nlp(str(tmp_path), precision="float32", max_batch_wordpieces=30)
    theirs = make_nlp(str(tmp_path), THEIRS)
    for doc in plain_docs(mini, 5):
        np.testing.assert_allclose(vectors(ours, doc), vectors(theirs, doc), atol=1e-5)


def test_too_long_windows_are_an_error(tiny_encoder):
    with pytest.raises(ValueError, match=r"max_wordpieces = 513 .* 512 wordpieces"):
        make_nlp(tiny_encoder, get_spans=sentence_windows(513))
    nlp = make_nlp(tiny_encoder, get_spans=sentence_windows(512))
    nlp.get_pipe("transformer").model.attrs["get_spans"].max_wordpieces = 600
    with pytest.raises(ValueError, match=r"max_wordpieces = 600 .* 512 wordpieces"):
        nlp("It rained.")


def test_slow_tokenizer_is_an_error(tiny_bert):
    with pytest.raises(ValueError, match="not a fast tokenizer"):
        make_nlp(tiny_bert, tokenizer_config={"use_fast": False})


def test_not_initialized():
    nlp = spacy.blank("en")
    model = {"@architectures": "spacy_seqtag.TransformerModel.v1", "name": "x", "get_spans": SPANS}
    nlp.add_pipe("transformer", config={"model": model})
    with pytest.raises(ValueError, match="E109"):
        nlp("It rained.")


def test_data_of_a_doc_can_be_kept(tiny_bert, doc):
    """Pickled and in bytes, without the tokenizer."""
    nlp = make_nlp(tiny_bert)
    data = nlp.get_pipe("transformer")(doc)._.trf_data
    n_pieces = data.model_output.last_hidden_state.shape[1]
    assert data.wordpieces.lengths == [n_pieces] == [len(data.wordpieces.strings[0])]
    assert data.wordpieces.strings[0][:2] == ["[CLS]", "the"]
    pickled = pickle.loads(pickle.dumps(data))
    read = TransformerData.empty().from_bytes(data.to_bytes())
    for again in (pickled, read):
        assert again.wordpieces.strings == data.wordpieces.strings
        np.testing.assert_array_equal(
            again.model_output["last_hidden_state"], data.model_output.last_hidden_state
        )
        np.testing.assert_array_equal(again.align.dataXd, data.align.dataXd)


def test_spans_of_the_windows(tiny_bert):
    nlp = make_nlp(tiny_bert, get_spans=sentence_windows(10))
    words = ["the", "of", "."] * 4
    docs = [Doc(nlp.vocab, words=words), Doc(nlp.vocab), Doc(nlp.vocab, words=["\n"])]
    batch = nlp.get_pipe("transformer").predict(docs)
    assert [[(s.start, s.end) for s in spans] for spans in batch.spans] == [
        [(0, 6), (6, 12)],
        [],
        [(0, 1)],
    ]
    assert batch.model_output.last_hidden_state.shape[:2] == (1, 12 + 4 + 2)


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
    firsts = np.flatnonzero(np.asarray(data.wordpieces.strings[0]) == "[CLS]")
    windows = [
        {int(np.searchsorted(firsts, piece)) - 1 for piece in own.ravel().tolist()}
        for own in np.split(data.align.dataXd, np.cumsum(data.align.lengths)[:-1])
    ]
    assert windows[5] == {0}
    assert windows[6] == windows[7] == {0, 1}  # windows of 8 words begin every 6
    assert windows[8] == {1}


def test_case_starts_at_nothing_and_is_seen_once_learned(tiny_bert):
    plain, cased = make_nlp(tiny_bert), make_nlp(tiny_bert, word_case=True)
    names = [Doc(plain.vocab, words=words.split()) for words in ("ann saw rome", "Ann saw Rome")]
    np.testing.assert_array_equal(vectors(plain, names[0]), vectors(cased, names[0]))
    np.testing.assert_array_equal(vectors(cased, names[0]), vectors(cased, names[1]))
    embedding = cased.get_pipe("transformer").model.shim._model.case_embedding
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


def test_precision(tiny_bert, doc):
    full, reduced, auto = (
        vectors(make_nlp(tiny_bert, precision=p), doc) for p in ("float32", "bfloat16", "auto")
    )
    assert reduced.dtype == full.dtype
    difference = np.abs(full - reduced).max()
    assert 0 < difference < 0.1
    expected = reduced if has_fast_bfloat16(torch.device("cpu")) else full
    np.testing.assert_array_equal(auto, expected)


@pytest.mark.parametrize("slower", [False, True])
def test_auto_takes_what_multiplies_faster(monkeypatch, slower):
    """Not what the processor has instructions for: some have them, but no units."""
    cpu = torch.device("cpu")
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: True, raising=False)
    name = "_cpu_multiplies_faster_in_bfloat16"
    monkeypatch.setattr(precision_module, name, lambda: not slower)
    assert has_fast_bfloat16(cpu) is (not slower)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: False, raising=False)
    assert not has_fast_bfloat16(cpu)


@pytest.mark.parametrize(("times", "faster"), [((1.0, 0.4), True), ((1.0, 1.8), False)])
def test_which_multiplies_faster(monkeypatch, times, faster):
    """With a clock that counts what is multiplied. times: of float32, and of bfloat16."""
    clock, cost = [0.0], dict(zip((torch.float32, torch.bfloat16), times))

    def multiply(matrix, other):
        clock[0] += cost[matrix.dtype]

    monkeypatch.setattr(precision_module.torch, "mm", multiply)
    monkeypatch.setattr(precision_module.time, "perf_counter", lambda: clock[0])
    assert precision_module._cpu_multiplies_faster_in_bfloat16.__wrapped__() is faster


def test_unknown_precision_is_an_error(tiny_bert):
    with pytest.raises(ValueError, match=r"precision = 'float8'; set it to one of: auto"):
        make_nlp(tiny_bert, precision="float8")


def test_float16(tiny_bert, doc, mini_examples):
    nlp = make_nlp(tiny_bert, precision="float16")
    full = vectors(make_nlp(tiny_bert, precision="float32"), doc)
    assert 0 < np.abs(vectors(nlp, doc) - full).max() < 0.02
    nlp.add_pipe("seqtag_pos")
    examples = mini_examples(nlp, 2)
    nlp.initialize(lambda: examples)
    with pytest.raises(ValueError, match="trains on a GPU only"):
        nlp.update(examples)


class Scaler:
    """As Thinc's, which refuses tensors that are not on a GPU."""

    _enabled, found_inf = True, False

    def __init__(self, **settings):
        pass

    def to_(self, device):
        pass

    def scale(self, tensors, inplace=False):
        return [tensor * 1024 for tensor in tensors]

    def unscale(self, tensors):
        for tensor in tensors:
            tensor /= 1024
        return False


def test_scaled_gradients_add_up(tiny_bert, mini, monkeypatch):
    """Two backward passes before the weights are updated, with gradients scaled for float16."""
    docs = plain_docs(mini, 4)
    d_vectors = np.random.default_rng(0).normal(size=(sum(map(len, docs)), 32))
    expected = gradients(make_nlp(tiny_bert, transformer_config=NO_DROPOUT), docs, d_vectors)
    monkeypatch.setattr(EncoderShim, "_scale_gradients", lambda self: None)
    nlp = make_nlp(tiny_bert, precision="float16", transformer_config=NO_DROPOUT)
    nlp.get_pipe("transformer").model.shim._grad_scaler = Scaler()
    gradients(nlp, docs, d_vectors)
    found = gradients(nlp, docs, d_vectors)
    largest = max(np.abs(array).max() for array in expected.values())
    for name, array in found.items():
        np.testing.assert_allclose(array, 2 * expected[name], atol=0.05 * largest, err_msg=name)


def test_warning_where_bfloat16_is_slow(tiny_bert, doc, monkeypatch):
    monkeypatch.setattr(precision_module, "has_fast_bfloat16", lambda device: False)
    monkeypatch.setattr(precision_module, "_warned", set())
    nlp = make_nlp(tiny_bert, precision="bfloat16")
    with pytest.warns(UserWarning, match="bfloat16.*slow here"):
        found = vectors(nlp, doc)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(vectors(nlp, doc), found)
        auto = vectors(make_nlp(tiny_bert, precision="auto"), doc)
    np.testing.assert_array_equal(auto, vectors(make_nlp(tiny_bert, precision="float32"), doc))


class Amplified(torch.nn.Module):
    """An adapter: it has the weights of what it stands for, as those of LoRA do."""

    def __init__(self, layer):
        super().__init__()
        self.layer, self.weight, self.bias = layer, layer.weight, layer.bias

    def forward(self, X):
        return 30 * self.layer(X)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_what_was_put_into_the_network_annotates(tiny_bert, doc, precision):
    """An adapter in the place of a layer, and a hook."""
    expected = vectors(make_nlp(tiny_bert, precision=precision), doc)
    layers = []
    for change in ("adapter", "hook"):
        nlp = make_nlp(tiny_bert, precision=precision)
        layer = nlp.get_pipe("transformer").model.transformer.encoder.layer[0]
        if change == "adapter":
            layer.output.dense = Amplified(layer.output.dense)
        else:
            layer.output.dense.register_forward_hook(lambda module, args, output: 30 * output)
        layers.append(vectors(nlp, doc))
        assert np.abs(layers[-1] - expected).max() > 0.1
    np.testing.assert_array_equal(*layers)


def test_reduced_weights_follow_the_weights(tagger, mini_examples, doc):
    """What annotates in bfloat16 is what training has made, and averages while in their place."""
    shim = tagger.get_pipe("transformer").model.shim
    shim.precision = "bfloat16"
    before = vectors(tagger, doc)
    assert {p.dtype for p in shim._model.parameters()} == {torch.float32}
    sgd = Adam(0.05, use_averages=True)
    examples = mini_examples(tagger, 5)
    for _ in range(2):
        tagger.update(examples, sgd=sgd)
    after = vectors(tagger, doc)
    with tagger.use_params(sgd.averages):
        averaged = vectors(tagger, doc)
    assert np.abs(after - before).max() > 0.01
    assert np.abs(averaged - after).max() > 0
    np.testing.assert_array_equal(vectors(tagger, doc), after)
    again = spacy.blank("en").from_config(tagger.config).from_bytes(tagger.to_bytes())
    again.get_pipe("transformer").model.shim.precision = "bfloat16"
    np.testing.assert_array_equal(vectors(again, doc), after)
    assert len(tagger.to_bytes()) < len(again.to_bytes()) * 1.01


def test_weights_are_saved_as_safetensors(tagger):
    shim = tagger.get_pipe("transformer").model.shim
    weights = safetensors.torch.load(srsly.msgpack_loads(shim.to_bytes())["weights"])
    assert weights.keys() == shim._model.state_dict().keys()
    for name, tensor in shim._model.state_dict().items():
        assert torch.equal(weights[name], tensor)


def test_docs_that_no_window_reads(tiny_bert):
    """A span getter may leave Docs out; those after them keep their own wordpieces."""
    nlp = make_nlp(tiny_bert, precision="float32")
    pipe = nlp.get_pipe("transformer")
    docs = [nlp.make_doc(text) for text in ("left out", "the of to in", "in to")]
    alone = [vectors(nlp, doc) for doc in docs]
    pipe.model.attrs["get_spans"] = lambda docs: [
        [] if doc.text == "left out" else [doc[:]] for doc in docs
    ]
    data = pipe.predict(docs).doc_data
    for doc, found, expected in zip(docs[1:], data[1:], alone[1:], strict=True):
        assert found.align.lengths.tolist() == [1] * len(doc)
        rows = found.align.dataXd.ravel()
        np.testing.assert_allclose(
            found.model_output.last_hidden_state[0][rows], expected, atol=1e-5
        )
    batch, backprop = pipe.model.begin_update([Doc(nlp.vocab), Doc(nlp.vocab)])
    assert [len(data.align.lengths) for data in batch.doc_data] == [0, 0]
    assert len(backprop(batch)) == 2


def test_copy_within_another_model(tagger, doc):
    tagger.replace_listeners("transformer", "seqtag_pos", ["model.tok2vec"])
    tok2vec = tagger.get_pipe("seqtag_pos").model.get_ref("tok2vec")
    copied = tok2vec.copy()
    (expected,), (found,) = tok2vec.predict([doc]), copied.predict([doc])
    np.testing.assert_array_equal(found, expected)
    torch.nn.init.normal_(copied.layers[0].layers[0].shim._model.case_embedding.weight)
    np.testing.assert_array_equal(tok2vec.predict([doc])[0], expected)
    assert np.abs(copied.predict([doc])[0] - expected).max() > 0.01


def test_attention_setting_is_kept(tiny_bert):
    nlp = make_nlp(tiny_bert, transformer_config={"attn_implementation": "eager"})
    again = spacy.blank("en").from_config(nlp.config).from_bytes(nlp.to_bytes())
    for model in (nlp, again):
        encoder = model.get_pipe("transformer").model
        for one in (encoder, encoder.copy()):
            assert one.transformer.config._attn_implementation == "eager"


def test_pickles_leave_the_reduced_copy_out(tiny_bert, doc):
    nlp = make_nlp(tiny_bert, precision="bfloat16")
    before = len(pickle.dumps(nlp))
    expected = vectors(nlp, doc)
    assert len(pickle.dumps(nlp)) < before + 1000
    np.testing.assert_array_equal(vectors(pickle.loads(pickle.dumps(nlp)), doc), expected)


def test_threads_share_a_pipeline(tiny_bert, doc):
    """Predicting leaves the network without dropout for whoever predicts beside it."""
    # Attention that is not fused, so that it is the network itself that predicts.
    eager = {"attn_implementation": "eager"}
    nlp = make_nlp(tiny_bert, precision="float32", transformer_config=eager)
    shim = nlp.get_pipe("transformer").model.shim
    vectors(nlp, doc)
    modes = []
    shim._model.register_forward_hook(lambda module, *_: modes.append(module.training))
    vectors(nlp, doc)
    assert modes == [False]
    assert not shim._model.training
    nlp.get_pipe("transformer").model.begin_update([doc])
    assert modes[-1] is True


def test_windows_by_default(tiny_bert):
    """Without a span getter, the encoder reads as with the package's own."""
    text = " ".join([TEXT] * 12)  # more than a window
    vectors = []
    for spans in (None, {"@span_getters": "spacy_seqtag.sentence_windows.v1"}):
        nlp = make_nlp(tiny_bert, get_spans=spans)
        nlp.initialize()
        vectors.append(nlp(text)._.trf_data.model_output.last_hidden_state)
    np.testing.assert_array_equal(*vectors)
