"""Guessing the language of a corpus, on spaCy's own example sentences."""

import re
from collections import Counter
from importlib import import_module

import pytest

from spacy_seqtag.corpus.check.language import guess_language

# Languages with 60 words of examples or more, of which some have a close relative.
LANGUAGES = ["ar", "bg", "cs", "da", "de", "el", "en", "es", "fa", "fi", "fr", "he", "hr", "hu"]
LANGUAGES += ["it", "kn", "lt", "nb", "nl", "pl", "pt", "ro", "ru", "sv", "te", "tr", "uk", "vi"]


def words_of(text):
    return Counter(re.findall(r"\w+", text))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_languages(lang):
    text = " ".join(import_module(f"spacy.lang.{lang}.examples").sentences)
    assert guess_language(words_of(text)) in (lang, None)
    if lang in ("de", "en", "es", "fr", "it", "kn", "nl", "ru"):
        assert guess_language(words_of(text)) == lang


def test_scripts():
    assert guess_language(Counter({"アップル": 1, "が": 3, "新興企業": 1})) == "ja"
    assert guess_language(Counter({"애플이": 1, "영국의": 2, "Apple": 1})) == "ko"
    assert guess_language(Counter({"是": 5, "的": 9, "在": 4, "公司": 2})) == "zh"


def test_words_that_do_not_tell():
    assert guess_language(Counter()) is None
    assert guess_language(Counter({"1": 4, ".": 9})) is None
    assert guess_language(Counter({"xqzt": 4, "vbnm": 9})) is None


def test_embedded_corpus(mini):
    words = Counter(word for sent in mini["train"] for word in sent["words"])
    assert guess_language(words) == "en"
