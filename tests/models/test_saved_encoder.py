"""Saved encoders: they come back as they were, and can do no harm."""

import json
from pathlib import Path

import numpy as np
import pytest
import spacy
import srsly
import torch
from transformers import (
    AutoConfig,
    AutoTokenizer,
    BertConfig,
    BertTokenizerFast,
    PreTrainedModel,
    RobertaTokenizerFast,
)

from spacy_seqtag.models.network.plain_encoder import PlainEncoder
from spacy_seqtag.models.saved_encoder import (
    _without,
    load_config_and_tokenizer,
    tokenizer_to_bytes,
)

from .encoders import encoder_nlp

TEXTS = ["Ángel DON'T [SEP] <mask> 東京 x", "  two  blanks\n\nﬁn"]


@pytest.fixture
def nlp(tiny_bert, make_nlp):
    result = make_nlp(tiny_bert, [])
    result.initialize()
    return result


def changed(nlp, change):
    """The bytes of the encoder's model after a change of what its shim saved."""
    model = nlp.get_pipe("transformer").model
    msg = srsly.msgpack_loads(model.to_bytes())
    shim = srsly.msgpack_loads(msg["shims"][1][0])
    del shim["sha256"]  # as those who mean harm would, or change it
    change(shim)
    msg["shims"][1][0] = srsly.msgpack_dumps(shim)
    return srsly.msgpack_dumps(msg)


def load(nlp, data):
    nlp.get_pipe("transformer").model.copy().from_bytes(data)


def test_saved_without_a_digest(nlp):
    load(nlp, changed(nlp, lambda shim: None))


@pytest.mark.parametrize("name", ["{}/evil", "../evil", "sub/evil", "evil.py", "", "."])
def test_file_names_lead_nowhere(nlp, tmp_path, name, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temp"))
    (tmp_path / "temp").mkdir()
    name = name.format(tmp_path)
    data = changed(nlp, lambda shim: shim["tokenizer"].update({name: b"evil"}))
    with pytest.raises(ValueError, match="no tokenizer has") as error:
        load(nlp, data)
    assert repr(name) in str(error.value)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_settings_lead_nowhere(nlp, tmp_path):
    """Neither to a file that would be read, nor to code."""
    (tmp_path / "other.json").write_text("{}")

    def change(shim):
        files = shim["tokenizer"]
        settings = json.loads(files["tokenizer_config.json"])
        settings["tokenizer_file"] = settings["vocab_file"] = str(tmp_path / "other.json")
        settings["auto_map"] = {"AutoTokenizer": [None, "evil/code--evil.Tokenizer"]}
        files["tokenizer_config.json"] = json.dumps(settings).encode()
        config = json.loads(shim["config"])
        config["auto_map"] = {"AutoConfig": "evil/code--evil.Config"}
        config["_attn_implementation"] = "evil/kernel:run"
        shim["config"] = json.dumps(config)
        shim["transformer_config"]["trust_remote_code"] = True

    copy = nlp.get_pipe("transformer").model.copy().from_bytes(changed(nlp, change))
    assert copy.tokenizer.get_vocab() == nlp.get_pipe("transformer").model.tokenizer.get_vocab()
    assert "trust_remote_code" not in copy._init_transformer_config
    assert copy.transformer.config._attn_implementation in ("eager", "sdpa")
    assert b"evil" not in copy.to_bytes()


def test_attention_that_would_be_downloaded(nlp):
    def change(shim):
        shim["transformer_config"]["attn_implementation"] = "evil/kernel:run"

    with pytest.raises(ValueError, match="evil/kernel"):
        load(nlp, changed(nlp, change))


def test_model_with_code_of_its_own(nlp):
    def change(shim):
        config = json.loads(shim["config"])
        shim["config"] = json.dumps(
            {**config, "model_type": "evil", "auto_map": {"AutoConfig": "evil/code--evil.Config"}}
        )

    with pytest.raises(ValueError, match=r"'evil'.*is never run"):
        load(nlp, changed(nlp, change))


def test_backbone_that_would_be_downloaded(nlp):
    backbone = {"model_type": "detr", "use_pretrained_backbone": True, "backbone": "evil/backbone"}
    backbone["use_timm_backbone"] = False

    def change(shim):
        text = json.loads(shim["config"])
        both = {"text_config": text, "vision_config": backbone}
        shim["config"] = json.dumps({"model_type": "vision-text-dual-encoder", **both})

    with pytest.raises(ValueError, match="would be downloaded"):
        load(nlp, changed(nlp, change))


def test_settings_of_files_are_left_out_however_deep():
    text = _without('{"a": {"sp_file": "x", "b": 1}, "vocab_file": "y"}', set())
    assert json.loads(text) == {"a": {"b": 1}}


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"do_lower_case": False},
        {"strip_accents": False, "tokenize_chinese_chars": False},
        {"model_max_length": 77, "additional_special_tokens": ["<extra>"]},
    ],
)
def test_bert_tokenizer(tiny_bert, settings):
    check_tokenizer(BertTokenizerFast.from_pretrained(tiny_bert, **settings), tiny_bert)


@pytest.mark.parametrize("settings", [{}, {"add_prefix_space": True}, {"trim_offsets": False}])
def test_roberta_tokenizer(tiny_roberta, settings):
    check_tokenizer(RobertaTokenizerFast.from_pretrained(tiny_roberta, **settings), tiny_roberta)


def check_tokenizer(tokenizer, folder):
    files = tokenizer_to_bytes(tokenizer)
    config = (Path(folder) / "config.json").read_text("utf8")
    _, again = load_config_and_tokenizer(config, files)
    assert type(again) is type(tokenizer)
    assert again.model_max_length == tokenizer.model_max_length
    settings = {"return_offsets_mapping": True, "return_special_tokens_mask": True}
    assert dict(again(TEXTS, **settings)) == dict(tokenizer(TEXTS, **settings))
    assert tokenizer_to_bytes(again) == files


def test_settings_make_a_difference(tiny_bert):
    """Or the tests above would show nothing."""
    plain = AutoTokenizer.from_pretrained(tiny_bert)
    cased = BertTokenizerFast.from_pretrained(tiny_bert, do_lower_case=False)
    assert plain(TEXTS)["input_ids"] != cased(TEXTS)["input_ids"]


def test_saved_twice_is_the_same(trained_path, tiny_bert, tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    spacy.load(trained_path).to_disk(first)
    spacy.load(first).to_disk(second)
    for path in sorted(p for p in first.rglob("*") if p.is_file()):
        assert path.read_bytes() == (second / path.relative_to(first)).read_bytes(), path


def test_no_folder_is_saved(trained_path, tiny_bert, tmp_path):
    """But in the config, which says what it was trained from."""
    again = tmp_path / "again"
    spacy.load(trained_path).to_disk(again)
    for folder in (trained_path, again):
        for path in folder.rglob("*"):
            if path.is_file() and path.name not in ("config.cfg", "digests.json"):
                data = path.read_bytes()
                for name in (tiny_bert, str(Path(tiny_bert).parent), str(tmp_path)):
                    assert name.encode() not in data, path


# Which network is loaded


def loaded(nlp):
    return spacy.blank("en").from_config(nlp.config).from_bytes(nlp.to_bytes())


def network_of(nlp):
    return nlp.get_pipe("transformer").model.shim.module


def test_an_encoder_like_bert_is_loaded_without_transformers_own_class(tiny_encoder, make_nlp):
    nlp = make_nlp(tiny_encoder, [])
    nlp.initialize()
    again = loaded(nlp)
    assert isinstance(network_of(again).transformer, PlainEncoder)
    assert not isinstance(network_of(nlp).transformer, PlainEncoder)
    saved = nlp.get_pipe("transformer").model.to_bytes()
    assert again.get_pipe("transformer").model.to_bytes() == saved
    before = again(TEXTS[0])._.trf_data.model_output.last_hidden_state
    # Whoever asks for it gets transformers' own, once and for all, and nothing else changes.
    transformer = again.get_pipe("transformer").model.transformer
    assert type(transformer) is type(network_of(nlp).transformer)
    assert network_of(again).transformer is transformer
    assert again.get_pipe("transformer").model.transformer is transformer
    assert again.get_pipe("transformer").model.to_bytes() == saved
    after = again(TEXTS[0])._.trf_data.model_output.last_hidden_state
    np.testing.assert_array_equal(after, before)


@pytest.mark.parametrize(
    "settings",
    [{"gradient_checkpointing": True}, {"transformer_config": {"attn_implementation": "sdpa"}}],
    ids=list,
)
def test_what_needs_transformers_own_class_gets_it(tiny_bert, settings):
    again = loaded(encoder_nlp(tiny_bert, **settings))
    assert isinstance(network_of(again).transformer, PreTrainedModel)


def test_both_learn_the_same(trained_path, mini_examples, train):
    """With dropout, to the last bit."""
    weights, probs = [], []
    for own_class in (False, True):
        nlp = spacy.load(trained_path)
        if own_class:
            assert nlp.get_pipe("transformer").model.transformer is not None
        train(nlp, mini_examples(nlp, 5), 20, drop=0.1)
        weights.append(list(network_of(nlp).parameters()))
        probs.append(nlp.get_pipe("seqtag_pos").predict([nlp(TEXTS[0])])[0])
    for one, other in zip(*weights, strict=True):
        assert torch.equal(one, other)
    np.testing.assert_array_equal(*probs)
    first = network_of(spacy.load(trained_path)).parameters()
    assert not all(torch.equal(one, other) for one, other in zip(first, weights[0], strict=True))


def test_an_adapter_in_a_loaded_encoder_annotates(nlp):
    again = loaded(nlp)
    before = again(TEXTS[0])._.trf_data.model_output.last_hidden_state
    layer = again.get_pipe("transformer").model.transformer.encoder.layer[0]
    layer.output.dense.register_forward_hook(lambda module, args, output: 30 * output)
    after = again(TEXTS[0])._.trf_data.model_output.last_hidden_state
    assert np.abs(after - before).max() > 0.1
    # The original is another network.
    own = nlp(TEXTS[0])._.trf_data.model_output.last_hidden_state
    np.testing.assert_array_equal(own, before)


class OtherTokenizerFast(BertTokenizerFast):
    """One that only `AutoTokenizer` knows, once it is registered."""


class OtherConfig(BertConfig):
    model_type = "other-bert"


def test_registered_tokenizer(tiny_bert):
    AutoConfig.register("other-bert", OtherConfig)
    AutoTokenizer.register(OtherConfig, fast_tokenizer_class=OtherTokenizerFast)
    check_tokenizer(OtherTokenizerFast.from_pretrained(tiny_bert), tiny_bert)
