"""From cells to words, the same for all formats: masks, escapes, missing lemmas, spaces."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from ..errors import FormatError, quoted
from ..penn import real_words
from ..sentence import MASK
from .comments import SentenceMaker
from .remarks import CONTRADICTED, UNESCAPED, Remarks


def check_unmasked(path: Path, lines: Sequence[int], words: Sequence[str]) -> None:
    """Check that none of the words is masked.

    lines (Sequence[int]): The line of each word.
    RAISES: FormatError: One is.
    """
    if MASK in words:
        raise FormatError(
            path,
            lines[words.index(MASK)],
            f"the word is masked as {MASK}",
            "Put it back in from the corpus that the file was made of",
        )


def without_escapes(
    words: list[str],
    lines: Sequence[int],
    xpos: Sequence[str] | None,
    text: str | None,
    remarks: Remarks,
) -> list[str]:
    """Undo the escapes of the Penn Treebank (`penn.real_words`), and count the words with one.

    RETURNS (list[str]): The same list where there are none.
    """
    real = real_words(words, xpos, text)
    if real is not words:
        for line, before, word in zip(lines, words, real, strict=True):
            if word != before:
                remarks.count(UNESCAPED, line)
    return real


def without_missing_lemmas(
    lemmas: Iterable[str], words: Iterable[str], missing: Sequence[str] = ("_",)
) -> list[str]:
    """Replace placeholders for missing lemmas by ""; the lemma of the word `_` is `_`."""
    pairs = zip(lemmas, words, strict=True)
    return ["" if lemma in missing and lemma != word else lemma for lemma, word in pairs]


def spaces_by_text(
    forms: Sequence[str], maker: SentenceMaker, line: int, remarks: Remarks
) -> list[bool] | None:
    """Find the spaces between forms in the `# text` of the sentence; count a contradiction.

    RETURNS (list[bool] | None): One per form; None without a text, or if they do not spell it.
    """
    if maker.text is None:
        return None
    spaces = spaces_from_text(forms, maker.text)
    if spaces is None:
        where = f"sentence {maker.sent_id}: {text_contradiction(forms, maker.text)}"
        remarks.count(CONTRADICTED, line, where)
    return spaces


def spaces_from_text(forms: Sequence[str], text: str) -> list[bool] | None:
    """Find where white space follows the forms in a text that they spell.

    White space inside a form may differ from the text's, in kind and amount.

    RETURNS (list[bool] | None): One value per form; None where the forms do not spell the whole
        text in order.
    """
    spaces = []
    end = len(text)
    position = _skip_whitespace(text, 0)
    for form in forms:
        if text.startswith(form, position):
            position += len(form)
        else:
            for char in form:
                if char.isspace():
                    continue
                position = _skip_whitespace(text, position)
                if position >= end or text[position] != char:
                    return None
                position += 1
        after = _skip_whitespace(text, position)
        spaces.append(after > position)
        position = after
    return spaces if position == end else None


def text_contradiction(forms: Sequence[str], text: str) -> str:
    """Say where a text stops being what the forms spell, and how it goes on."""
    position = _skip_whitespace(text, 0)
    for number, form in enumerate(forms, start=1):
        start = position
        for char in form:
            if char.isspace():
                continue
            position = _skip_whitespace(text, position)
            if position == len(text) or text[position] != char:
                rest = quoted(text[start:]) if text[start:].strip() else "nothing more"
                return f"word {number} is {quoted(form)}, the text has {rest}"
            position += 1
        position = _skip_whitespace(text, position)
    return f"after word {len(forms)} the text goes on with {quoted(text[position:])}"


def is_plainly_spaced(forms: Sequence[str], spaces: Sequence[bool], text: str) -> bool:
    """Tell whether forms with single blanks between them, as in a Doc, give exactly the text."""
    pairs = zip(forms, spaces, strict=True)
    return "".join([form + " " if space else form for form, space in pairs]).rstrip() == text


def _skip_whitespace(text: str, position: int) -> int:
    end = len(text)
    while position < end and text[position].isspace():
        position += 1
    return position
