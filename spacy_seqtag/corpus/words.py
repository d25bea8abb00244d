"""When two words are the same: Unicode forms, Penn's escapes, blanks; and a predicate's lemma."""

import re
import unicodedata
from difflib import SequenceMatcher
from functools import lru_cache

_PENN = {
    "-LRB-": "(",
    "-RRB-": ")",
    "-LSB-": "[",
    "-RSB-": "]",
    "-LCB-": "{",
    "-RCB-": "}",
    "/.": ".",
    "/?": "?",
    "/-": "-",
}
_ESCAPED = re.compile(r"\\([/*])")
_QUOTES = re.compile(r"``|''|[“”]")
_BLANKS = re.compile(r"[\s_]+")

# What no rule finds, of words that are common.
_IRREGULAR = {
    "birth": "bear",
    "death": "die",
    "sale": "sell",
    "sales": "sell",
    "sight": "see",
    **dict.fromkeys(["ai", "am", "are", "been", "is", "m", "re", "s", "was", "were"], "be"),
}
_LIKE = 0.6  # `SequenceMatcher.ratio`, of misspelled and derived words


def unescape(word: str) -> str:
    r"""A word of the Penn Treebank's files as it stands in a text: `(` for `-LRB-`, `/` for `\/`.

    OntoNotes also writes `/.`, `/?` and `/-`. Quotation marks stay as they are.
    See https://catalog.ldc.upenn.edu/docs/LDC95T7/cl93.html.
    """
    return _PENN.get(word) or _ESCAPED.sub(r"\1", word)


def escape(word: str) -> str:
    """A word that `unescape` turns into this one, where there is one."""
    if (word in _PENN and "/" in word) or _ESCAPED.search(word):
        return re.sub(r"([/*])", r"\\\1", word)
    return word


@lru_cache(maxsize=1 << 16)
def normal(word: str) -> str:
    """What two spellings of the same word have in common.

    Not told apart: composed and decomposed characters (NFC, NFD), Penn's escapes, kinds of double
    quotation marks, and blanks within a word, also where `_` stands for them.
    """
    word = unescape(unicodedata.normalize("NFC", word))
    return _QUOTES.sub('"', _BLANKS.sub("", word)) or word


def names_predicate(names: set[str], words: set[str]) -> bool:
    """Whether a frame file or roleset can be that of a word.

    names: of the frame file and the roleset (`like` and `liken`). words: the word and its lemma.

    True if one of each begin alike, are spelled alike in large part, or belong together by a
    small table of irregular forms. Also where nothing can be compared: no name, or words that
    have no two letters or digits.
    """
    if any(a[:2] == b[:2].lower() for a in names for b in words if a[1:] and b[1:]):
        return True  # as nearly always
    left = {name for name in map(_letters, names) if name}
    right = {word for word in map(_letters, words) if word}
    right |= {_IRREGULAR[word] for word in right if word in _IRREGULAR}
    if not left or max(map(len, right), default=0) < 2:
        return True
    return any(
        a[:2] == b[:2] or SequenceMatcher(None, a[:40], b[:40]).ratio() >= _LIKE
        for a in left
        for b in right
    )


def _letters(word: str) -> str:
    return "".join(filter(str.isalnum, word.lower()))
