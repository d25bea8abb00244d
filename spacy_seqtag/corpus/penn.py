r"""The escapes of the Penn Treebank: `-LRB-` for `(`, `1\/2` for `1/2`, `` for a quotation mark.

There are two ways to undo them. PropBank's files are known to use them, so `unescape` needs
nothing but the word. In other files a word such as `/.` may be meant literally, so `real_words`
looks at the part of speech and at the text of the sentence first.

Source: https://catalog.ldc.upenn.edu/docs/LDC95T7/cl93.html; `/.`, `/?` and `/-` are OntoNotes'.
"""

import re
from collections.abc import Sequence

BRACKETS = {
    "-LRB-": "(",
    "-RRB-": ")",
    "-LSB-": "[",
    "-RSB-": "]",
    "-LCB-": "{",
    "-RCB-": "}",
}
_SLASHED = {f"/{mark}": mark for mark in ".?-"}

_ALWAYS = BRACKETS | _SLASHED
_ESCAPED = re.compile(r"\\([/*])")
_TO_ESCAPE = re.compile(r"([/*])")

# What `real_words` always undoes, and what it undoes only if the XPOS is that of punctuation.
_BRACKETS_OF_ANY_CASE = BRACKETS | {name.lower(): mark for name, mark in BRACKETS.items()}
_MARKS = {"``": '"', "''": '"'} | _SLASHED | {f"/{mark}": mark for mark in ",:;!"}
_ESCAPES = frozenset(_BRACKETS_OF_ANY_CASE) | frozenset(_MARKS)
_PUNCTUATION_TAGS = frozenset(("``", "''", ".", ",", ":", "HYPH"))


def unescape(word: str) -> str:
    r"""Undo the escapes of a word of PropBank's files: `(` for `-LRB-`, `/` for `\/`.

    Quotation marks stay as they are.
    """
    if word in _ALWAYS:
        return _ALWAYS[word]
    return _ESCAPED.sub(r"\1", word) if "\\" in word else word


def escape(word: str) -> str:
    """Write a word so that `unescape` gives it back, where there is a way to."""
    if word in _SLASHED or _ESCAPED.search(word):
        return _TO_ESCAPE.sub(r"\\\1", word)
    return word


def real_words(
    words: list[str], xpos: Sequence[str] | None = None, text: str | None = None
) -> list[str]:
    r"""Undo the escapes in a sentence of a file that may not use them.

    `-LRB-` becomes `(`, `1\/2` becomes `1/2` and `\*` becomes `*`. Two backquotes or apostrophes,
    `/.` and the like may also be real words: they count as escapes only if their XPOS is that of
    punctuation. A word that occurs in the text as it is written is no escape.

    words (list[str]): The words of a sentence.
    xpos (Sequence[str] | None): Their tags, as in the Penn Treebank.
    text (str | None): The text of the sentence.
    RETURNS (list[str]): The words without escapes; the same list where there are none.
    """
    if _ESCAPES.isdisjoint(words) and "\\" not in "".join(words):
        return words
    tags = xpos or [""] * len(words)
    return [
        word if text is not None and word in text else _unescape_by_tag(word, tag)
        for word, tag in zip(words, tags, strict=True)
    ]


def _unescape_by_tag(word: str, xpos: str) -> str:
    if word in _BRACKETS_OF_ANY_CASE:
        return _BRACKETS_OF_ANY_CASE[word]
    if word in _MARKS:
        return _MARKS[word] if xpos in _PUNCTUATION_TAGS else word
    return _ESCAPED.sub(r"\1", word)
