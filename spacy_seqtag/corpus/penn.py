r"""The escapes of the Penn Treebank: `-LRB-` for `(`, `1\/2` for `1/2`, `` for a quotation mark.

There are two ways to undo them. A file of PropBank is known to be written in them: `unescape`
needs nothing but the word. In files of others a word such as `/.` may be meant as it stands, so
`real_words` asks the part of speech and the text of the sentence first.

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

# What `real_words` undoes in any sentence, and what only where the XPOS is that of punctuation.
_BRACKETS_OF_ANY_CASE = BRACKETS | {name.lower(): mark for name, mark in BRACKETS.items()}
_MARKS = {"``": '"', "''": '"'} | _SLASHED | {f"/{mark}": mark for mark in ",:;!"}
_ESCAPES = frozenset(_BRACKETS_OF_ANY_CASE) | frozenset(_MARKS)
_PUNCTUATION_TAGS = frozenset(("``", "''", ".", ",", ":", "HYPH"))


def unescape(word: str) -> str:
    r"""Undo the escapes of a word of PropBank's files: `(` for `-LRB-`, `/` for `\/`.

    Quotation marks stay as they are.
    """
    return _ALWAYS.get(word) or _ESCAPED.sub(r"\1", word)


def escape(word: str) -> str:
    """Write a word so that `unescape` gives it back, where there is a way to."""
    if word in _SLASHED or _ESCAPED.search(word):
        return _TO_ESCAPE.sub(r"\\\1", word)
    return word


def real_words(
    words: list[str], xpos: Sequence[str] | None = None, text: str | None = None
) -> list[str]:
    r"""Undo the escapes among the words of a sentence, if its file may have others as well.

    `-LRB-` becomes `(`, `1\/2` becomes `1/2` and `\*` becomes `*`. Two backquotes or apostrophes,
    and `/.` and its like, may be words of their own: they are escapes only where the XPOS is that
    of punctuation. A word that the text has as it stands is no escape.

    words (list[str]): the words of a sentence.
    xpos (Sequence[str] | None): their parts of speech, of the Penn Treebank's.
    text (str | None): the text of the sentence.
    RETURNS (list[str]): the words without escapes; the same list where there are none.
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
