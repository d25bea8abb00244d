"""Settings out of their range, and text that is quoted in messages."""

import unicodedata

import numpy as np
import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.util import registry
from thinc.api import Config, ConfigValidationError

from spacy_seqtag.errors import (
    Number,
    OneOf,
    Whole,
    check_settings,
    first_line,
    one_line,
    printable,
    setting_error,
    settings_error,
)


@pytest.mark.parametrize(
    ("allowed", "inside", "outside"),
    [
        (Whole(1), [1, 2**40, np.int64(3)], [0, -1, 1.0, True, None, "1"]),
        (Number(least=0.0, below=1.0), [0, 0.0, 0.999], [1.0, -1e-9, float("nan"), False, "0"]),
        (Number(above=0.0), [1e-8, 5], [0.0, float("inf"), None]),
        (OneOf(("a", "b")), ["a", "b"], ["c", "", None, 1]),
    ],
)
def test_what_is_allowed(allowed, inside, outside):
    for value in inside:
        check_settings("[x]", name=(value, allowed))
    for value in outside:
        with pytest.raises(ValueError, match=r"^\s*\[x\] name = .*; set it to ") as err:
            check_settings("[x]", name=(value, allowed))
        assert str(allowed) in str(err.value)


def test_intervals_in_words():
    assert str(Whole(8)) == "a whole number of at least 8"
    assert str(Number(least=0.0, below=1.0)) == "a number of at least 0 and below 1"
    assert str(Number(above=0.0)) == "a number above 0"


def test_the_grammar_of_settings():
    assert setting_error("[x]", "a", 1, Whole(2)).title == (
        "[x] a = 1; set it to a whole number of at least 2"
    )
    assert setting_error("[x]", "a", "b", "c", reason="d").title == "[x] a = 'b': d; set it to c"


@pytest.mark.parametrize(
    ("error", "first", "all_in_one"),
    [
        (ValueError(" a \n b "), "a", "a b"),
        (ValueError(), "ValueError", "ValueError"),
        ("a\nb", "a", "a b"),
    ],
)
def test_messages_of_errors(error, first, all_in_one):
    assert first_line(error) == first
    assert one_line(error) == all_in_one


def test_message_of_a_settings_error():
    assert one_line(settings_error("a\nb")) == "a b"


def test_message_of_an_error_in_a_config():
    """Not only its title, "Config validation error"."""
    with pytest.raises(ConfigValidationError) as err:
        spacy.blank("en").add_pipe("sentencizer", config={"punct_chars": 3, "more": 1})
    assert "sentencizer -> more: " in one_line(err.value)
    with pytest.raises(ConfigValidationError) as err:
        Config().from_str("[a]\nb = ${c.d}")
    assert one_line(err.value).startswith("Config validation error: ")


COMPONENTS = [
    ("seqtag_pos", "layer", "upos"),
    ("seqtag_pos", "label_smoothing", 1.0),
    ("seqtag_ner", "decoding", "beam"),
    ("seqtag_ner", "label_smoothing", -0.1),
    ("seqtag_srl", "max_distance", 0),
    ("seqtag_srl", "label_smoothing", 2.0),
]


@pytest.mark.parametrize(("factory", "name", "value"), COMPONENTS)
def test_settings_of_components(factory, name, value):
    with pytest.raises(ValueError, match=rf"\[components\.mine\] {name} = {value!r}; set it to "):
        spacy.blank("en").add_pipe(factory, "mine", config={name: value})


MODELS = [
    *(
        ("SoftmaxTagger.v1", setting)
        for setting in ({"dropout": 1.0}, {"dropout": -0.5}, {"nO": 0})
    ),
    *(
        ("RoleTagger.v1", setting)
        for setting in (
            *({name: 0} for name in ("width", "depth", "heads", "max_pairs", "nO")),
            {"dropout": 1.0},
            {"precision": "float8"},
        )
    ),
]


@pytest.mark.parametrize(("architecture", "setting"), MODELS)
def test_settings_of_taggers(architecture, setting):
    ((name, value),) = setting.items()
    build = registry.architectures.get(f"spacy_seqtag.{architecture}")
    tok2vec = registry.architectures.get("spacy_seqtag.TransformerListener.v1")(
        registry.layers.get("reduce_mean.v1")()
    )
    with pytest.raises(ValueError, match=rf"spacy_seqtag\.{architecture}: {name} = {value!r}; "):
        build(tok2vec, **setting)


def test_width_is_a_multiple_of_heads():
    build = registry.architectures.get("spacy_seqtag.RoleTagger.v1")
    tok2vec = registry.architectures.get("spacy_seqtag.TransformerListener.v1")(
        registry.layers.get("reduce_mean.v1")()
    )
    with pytest.raises(ValueError, match="width = 100; set it to a multiple of heads = 8"):
        build(tok2vec, width=100, heads=8)


OTHERS = [
    ("span_getters", "spacy_seqtag.sentence_windows.v1", {"max_wordpieces": 7}),
    ("architectures", "spacy_seqtag.TransformerModel.v1", {"max_batch_wordpieces": -1}),
    ("architectures", "spacy_seqtag.TransformerModel.v1", {"max_batch_wordpieces": 0}),
    ("architectures", "spacy_seqtag.TransformerModel.v1", {"precision": "int4"}),
    ("architectures", "spacy_seqtag.Tok2VecTransformer.v1", {"grad_factor": -1.0}),
    ("architectures", "spacy_seqtag.TransformerListener.v1", {"grad_factor": float("inf")}),
    ("readers", "spacy_seqtag.Corpus.v1", {"max_length": -1}),
    ("readers", "spacy_seqtag.Corpus.v1", {"limit": -1}),
    *(
        ("optimizers", "spacy_seqtag.LayerwiseAdamW.v1", setting)
        for setting in (
            {"learn_rate": -1.0},
            {"head_factor": -1.0},
            {"layer_decay": 0.0},
            {"weight_decay": -0.1},
            {"grad_clip": -1.0},
            {"beta1": 1.0},
            {"beta2": 1.5},
            {"eps": 0.0},
        )
    ),
]
NEEDED = {
    "spacy_seqtag.TransformerModel.v1": {"name": "none", "get_spans": list},
    "spacy_seqtag.Tok2VecTransformer.v1": {"name": "none", "get_spans": list, "pooling": None},
    "spacy_seqtag.TransformerListener.v1": {"pooling": None},
    "spacy_seqtag.Corpus.v1": {"path": "none"},
    "spacy_seqtag.LayerwiseAdamW.v1": {"learn_rate": 1e-4},
}


@pytest.mark.parametrize(("kind", "function", "setting"), OTHERS)
def test_settings_of_other_functions(kind, function, setting):
    ((name, value),) = setting.items()
    make = getattr(registry, kind).get(function)
    with pytest.raises(ValueError, match=rf"{function}: {name} = {value!r}; set it to "):
        make(**{**NEEDED.get(function, {}), **setting})


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Zürich 東京 القاهرة 👩‍🚀", "Zürich 東京 القاهرة 👩‍🚀"),
        ("می‌خواهم", "می‌خواهم"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\x9b31m", "\\x9b31m"),
        ("\u202eevil\u202c", "\\u202eevil\\u202c"),
        ("\u2067a\u2069", "\\u2067a\\u2069"),
        ("a\nb\r\tc\0", "a\\nb\\r\\tc\\x00"),
        ("Rome\xa0", "Rome\\xa0"),
        ("\ufeffword", "\\ufeffword"),
        ("\ud800", "\\ud800"),
        ("", ""),
    ],
)
def test_what_a_terminal_would_obey_is_written_out(text, shown):
    assert printable(text) == shown


def test_long_text_is_cut():
    assert printable("a" * 60) == "a" * 60
    assert printable("a" * 61) == "a" * 60 + "…"
    assert printable("abc", limit=2) == "ab…"
    assert printable("a" * 1000, limit=None) == "a" * 1000


@given(st.text(st.characters(codec=None)))
def test_no_control_is_left(text):
    shown = printable(text, limit=None)
    kinds = {unicodedata.category(char) for char in shown if char not in "\u200c\u200d"}
    assert not kinds & {"Cc", "Cf", "Cs", "Zl", "Zp"}
