"""The language's own tokenizer, from a config that is the same for all languages."""

import sys
from io import StringIO
from pathlib import Path

import pytest
import spacy
from spacy.tokens import Doc, DocBin
from spacy.training.initialize import init_nlp
from spacy.training.loop import train
from thinc.api import ConfigValidationError

CONFIG = Path(__file__).parents[2] / "configs" / "pos.cfg"
TOKENIZER = {"@tokenizers": "spacy_seqtag.LanguageTokenizer.v1"}


def blank(lang):
    return spacy.blank(lang, config={"nlp": {"tokenizer": TOKENIZER}})


@pytest.mark.parametrize("lang", ["en", "de", "fi", "xx"])
def test_same_as_spacys(lang, mini):
    ours, theirs = blank(lang), spacy.blank(lang)
    assert type(ours.tokenizer) is type(theirs.tokenizer)
    assert ours.tokenizer.to_bytes() == theirs.tokenizer.to_bytes()
    text = " ".join(sent["text"] for sent in mini["train"])
    assert [t.text for t in ours(text)] == [t.text for t in theirs(text)]


def test_chinese():
    assert [t.text for t in blank("zh")("我在北京。")] == ["我", "在", "北", "京", "。"]


@pytest.mark.parametrize(
    ("lang", "package"),
    [("ja", "sudachipy"), ("ko", "natto"), ("th", "pythainlp.tokenize"), ("vi", "pyvi")],
)
def test_missing_package_is_named(monkeypatch, lang, package):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ConfigValidationError) as info:
        blank(lang)
    assert f"lang = {lang!r}" in info.value.title
    assert package.partition(".")[0] in info.value.title.lower()
    assert "\n" not in info.value.title


def test_chinese_pipeline(tiny_bert, tmp_path):
    """From the config of all languages to raw text: trained, saved, loaded."""
    words, pos = ["我", "在", "北", "京", "。"], ["PRON", "ADP", "PROPN", "PROPN", "PUNCT"]
    gold = Doc(spacy.blank("zh").vocab, words=words, spaces=[False] * 5, pos=pos)
    corpus = tmp_path / "zh.spacy"
    DocBin(docs=[gold] * 4).to_disk(corpus)
    overrides = {
        "nlp.lang": "zh",
        "paths.train": str(corpus),
        "paths.dev": str(corpus),
        "paths.base_model": tiny_bert,
        "training.max_steps": 2,
    }
    nlp = init_nlp(spacy.util.load_config(CONFIG, overrides=overrides, interpolate=False))
    train(nlp, tmp_path, stdout=StringIO())
    loaded = spacy.load(tmp_path / "model-best")
    assert loaded.config["nlp"]["tokenizer"] == TOKENIZER
    doc = loaded("我在北京。")
    assert [token.text for token in doc] == words
    assert all(token.pos_ for token in doc)
