"""How a word is written (lower, Title, UPPER, …), which an uncased encoder does not see."""

from collections.abc import Callable

N_CASES = 8
"""How many kinds there are; kind 0 is for wordpieces that belong to no word."""

_DIGITS, _NO_LETTERS, _LOWER, _UPPER, _CAPITAL, _TITLE, _MIXED = range(1, N_CASES)


def word_case(word: str) -> int:
    """Say how a word is written, as a number from 1 to 7."""
    if word.islower():
        return _LOWER
    letters = sum(map(str.isalpha, word))
    if not letters:
        return _DIGITS if any(map(str.isdigit, word)) else _NO_LETTERS
    if word.isupper():
        return _UPPER if letters > 1 else _CAPITAL
    if word[0].isupper() and word[1:].islower():
        return _TITLE
    # Scripts without case count as lower.
    return _MIXED if any(map(str.isupper, word)) else _LOWER


def is_uncased(tokenize: Callable[[str], list[str]]) -> bool:
    """Say whether a tokenizer of wordpieces gives the same for "Bath" and "bath".

    tokenize (Callable[[str], list[str]]): From a text to its wordpieces.
    """
    return all(tokenize(text) == tokenize(text.lower()) for text in ("The Bath", "NASA", "É Ø Ж"))
