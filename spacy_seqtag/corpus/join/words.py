"""When two words are the same: Unicode forms, Penn's escapes, blanks; and a predicate's lemma."""

import re
import unicodedata
from collections.abc import Sequence
from difflib import SequenceMatcher
from functools import lru_cache

from ..errors import quoted
from ..penn import unescape

_QUOTES = re.compile(r"``|''|[“”]")
_BLANKS = re.compile(r"[\s_]+")

# Irregular forms that are common.
_IRREGULAR = {
    "birth": "bear",
    "death": "die",
    "sale": "sell",
    "sales": "sell",
    "sight": "see",
    **dict.fromkeys(["ai", "am", "are", "been", "is", "m", "re", "s", "was", "were"], "be"),
}
_LIKE = 0.6  # `SequenceMatcher.ratio` of misspelt and derived words
_LONGEST = 40  # characters of a word that are compared


@lru_cache(maxsize=1 << 16)
def normal(word: str) -> str:
    """Normalise a word so that different spellings of it become equal.

    It ignores whether characters are composed or decomposed (NFC, NFD), Penn's escapes, the kind of
    double quotation mark, and blanks within a word, or `_` in their place.
    """
    word = unescape(unicodedata.normalize("NFC", word))
    return _QUOTES.sub('"', _BLANKS.sub("", word)) or word


def is_same(here: Sequence[str], lemmas: Sequence[str] | None, base: Sequence[str]) -> bool:
    """Tell whether a sentence in another spelling is the same as that of the first file.

    It is if it has as many words, of which half or more are the same by themselves or by their
    lemmas: files of traditional Chinese have simplified ones. Full-width forms are the same as
    others.

    here, base (Sequence[str]): The words of both.
    lemmas (Sequence[str] | None): Those of `here`.
    """
    if len(here) != len(base):
        return False
    wide = [unicodedata.normalize("NFKC", word) for word in base]
    same = sum(
        word in (unicodedata.normalize("NFKC", form), unicodedata.normalize("NFKC", lemma))
        for word, form, lemma in zip(wide, here, lemmas or here, strict=True)
    )
    return 2 * same >= len(base)


def difference(here: Sequence[str], base: Sequence[str], place: str) -> str:
    """Say how the words of a sentence differ from those of the first file.

    here, base (Sequence[str]): The words of both.
    place (str): File and line of the sentence of the first file.
    """
    keys = [[normal(word) for word in words] for words in (here, base)]
    differs = [i for i, (a, b) in enumerate(zip(*keys, strict=False)) if a != b]
    at = differs[0] if differs else min(len(here), len(base))
    mine, theirs = (quoted(words[at]) if at < len(words) else "nothing" for words in (here, base))
    detail = ""
    if at < len(here) and at < len(base):
        detail = word_difference(here[at], base[at])
    detail = f" ({detail})" if detail else ""
    return f"word {at + 1} is {mine}, but {theirs} in {place}{detail}"


def word_difference(mine: str, theirs: str) -> str:
    """Say how two words that look alike differ; "" if the difference can be seen.

    RETURNS (str): The code points of the stretch that differs, and whether it is only the Unicode
        form, as in "character 4 is U+00E9 against U+0065 U+0301, the same in NFC".
    """
    start = 0
    while start < min(len(mine), len(theirs)) and mine[start] == theirs[start]:
        start += 1
    end = 0
    while end < min(len(mine), len(theirs)) - start and mine[-1 - end] == theirs[-1 - end]:
        end += 1
    left, right = mine[start : len(mine) - end], theirs[start : len(theirs) - end]
    if mine == theirs or all("!" <= char <= "~" for char in left + right):
        return ""
    same = ""
    if unicodedata.normalize("NFC", mine) == unicodedata.normalize("NFC", theirs):
        same = ", the same in NFC"
    return f"character {start + 1} is {_code_points(left)} against {_code_points(right)}{same}"


def _code_points(text: str) -> str:
    points = [f"U+{ord(char):04X}" for char in text[:4]]
    return " ".join(points) + " …" * (len(text) > 4) if points else "nothing"


def names_predicate(names: set[str], words: set[str]) -> bool:
    """Tell whether a frame file or roleset can be that of a word.

    It can if a name and a word begin alike, are largely spelt alike, or are connected by a small
    table of irregular forms; also if nothing can be compared, because there is no name or the words
    have fewer than two letters or digits.

    names (set[str]): Of the frame file and the roleset (`like` and `liken`).
    words (set[str]): The word and its lemma.
    """
    if any(a[:2] == b[:2].lower() for a in names for b in words if a[1:] and b[1:]):
        return True  # as nearly always
    left = {name for name in map(_letters, names) if name}
    right = {word for word in map(_letters, words) if word}
    right |= {_IRREGULAR[word] for word in right if word in _IRREGULAR}
    if not left or max(map(len, right), default=0) < 2:
        return True
    return any(
        a[:2] == b[:2] or SequenceMatcher(None, a[:_LONGEST], b[:_LONGEST]).ratio() >= _LIKE
        for a in left
        for b in right
    )


def _letters(word: str) -> str:
    return "".join(filter(str.isalnum, word.lower()))
