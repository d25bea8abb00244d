"""Guess the language of a corpus from its most frequent words.

spaCy has a list of stop words for most of its languages: words such as "the" and "of", which make
up a third of any text. The language whose list covers the most words of the text is the guess.
Scripts that one language alone is written in need no list.
"""

import unicodedata
from collections import Counter
from importlib import import_module
from pkgutil import iter_modules

import spacy.lang

# The beginnings of names of characters. Of these languages spaCy's lists are short or missing.
_SCRIPTS = {
    "HIRAGANA": "ja",
    "KATAKANA": "ja",
    "HANGUL": "ko",
    "KANNADA": "kn",
    "MALAYALAM": "ml",
    "TELUGU": "te",
}
_SCRIPT_SHARE = 0.2  # of characters; Japanese has Chinese ones, too
_LEAST_SHARE = 0.05  # of words that have to be stop words
_LEAST_LEAD = 1.05  # times the share of the next language


def guess_language(words: Counter[str]) -> str | None:
    """Guess the language of a text.

    words (Counter[str]): How often each word occurs.
    RETURNS (str | None): A language code of spaCy's; None where the words do not tell.
    """
    return _by_script(words) or _by_stop_words(words)


def _by_script(words: Counter[str]) -> str | None:
    chars = Counter[str]()
    for word, n in words.items():
        for char in word:
            if char.isalpha() and not char.isascii():
                script = unicodedata.name(char, "").partition(" ")[0]
                chars[_SCRIPTS.get(script, "")] += n
            elif char.isalpha():
                chars[""] += n
    shares = {lang: n / chars.total() for lang, n in chars.items() if lang}
    return next((lang for lang, share in shares.items() if share >= _SCRIPT_SHARE), None)


def _by_stop_words(words: Counter[str]) -> str | None:
    lower = Counter[str]()
    for word, n in words.items():
        if any(map(str.isalpha, word)):
            lower[word.lower()] += n
    if not lower:
        return None
    shares = Counter(
        {
            lang: sum(lower[word] for word in listed) / lower.total()
            for lang, listed in _stop_words().items()
        }
    )
    (first, share), (_, second) = shares.most_common(2)
    return first if share >= max(_LEAST_SHARE, _LEAST_LEAD * second) else None


def _stop_words() -> dict[str, set[str]]:
    """Load spaCy's lists, which takes some seconds."""
    lists: dict[str, set[str]] = {}
    for module in iter_modules(spacy.lang.__path__):
        if module.ispkg:
            try:
                found = import_module(f"spacy.lang.{module.name}.stop_words")
            except ImportError:
                continue
            lists[module.name] = {word.lower() for word in found.STOP_WORDS}
    return lists
