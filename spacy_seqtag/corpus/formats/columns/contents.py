"""What a column holds, judged by its values: words, numbers, tags, lemmas, nothing."""

from collections.abc import Iterable, Sequence

from ....schemes.upos import SPACE, UPOS_TAGS
from ...errors import quoted
from ..tags import MISSING_TAGS, has_prefix_last, is_tag, split_tag

Rows = Sequence[Sequence[str]]
"""The rows of a sentence, each with its cells."""

NO_XPOS = frozenset(("O", "_", "-", "-X-", "?", ""))
"""Placeholders for a missing XPOS in columns."""

_EMPTY = frozenset(("_", "-", "-X-", ""))
_PENN = """
    CC CD DT EX FW IN JJ JJR JJS LS MD NN NNS NNP NNPS PDT POS PRP PRP$ RB RBR RBS RP SYM TO UH
    VB VBD VBG VBN VBP VBZ WDT WP WP$ WRB HYPH NFP AFX ADD GW XX
"""
_PENN_TAGS = frozenset(_PENN.split())
_UPOS = frozenset(UPOS_TAGS)
_PUNCTUATION = frozenset(
    ("``", "''", ".", ",", ":", ";", "(", ")", "-LRB-", "-RRB-", "$", "#", '"')
)
# In small samples a column of few different values can be anything.
_REPEATED = 20


def is_empty(column: Iterable[str]) -> bool:
    """Tell whether no row has a value."""
    return _EMPTY.issuperset(column)


def are_numbers(column: Sequence[str]) -> bool:
    """Tell whether all values are whole numbers."""
    return all(value.isdecimal() for value in column)


def counts_from(column: Sequence[str], sentences: Sequence[Rows]) -> int | None:
    """Tell whether a column counts the words of each sentence, and from which number.

    A value that follows the one before counts as well, so that a column is still an index where
    a line is lost or a blank line is too many.

    RETURNS (int | None): 0 or 1; None where it does not count them.
    """
    hits = {1: 0, 0: 0}
    position = 0
    before = ""
    for rows in sentences:
        for i in range(len(rows)):
            value = column[position]
            follows = _follows(before, value)
            for start in hits:
                hits[start] += follows or value == str(start + i)
            before = value
            position += 1
    best = max(hits, key=hits.__getitem__)
    # A few may be damaged: reading says which. Words may be numbers by chance.
    share = 0.5 if are_numbers(column[:1]) else 0.75
    return best if hits[best] >= share * len(column) else None


def _follows(before: str, value: str) -> bool:
    # Python refuses to convert very long numbers.
    return len(before) < 10 and before.isdecimal() and value == str(int(before) + 1)


def holds_tags(column: Sequence[str]) -> bool:
    """Tell whether these are entity tags; some may be damaged."""
    found = sum(is_tag(value) for value in column)
    missing = sum(value in MISSING_TAGS for value in column)
    return found > 0 and 2 * (found + missing) >= len(column)


def labels(column: Iterable[str]) -> set[str]:
    """Get the labels of entity tags."""
    tags = [tag for tag in set(column) if tag not in MISSING_TAGS and tag not in ("O", "o")]
    prefix_last = has_prefix_last(tags)
    parts = [split_tag(tag, prefix_last=prefix_last) for tag in tags]
    return {label for _, label in filter(None, parts)}


def repeats_a_tag_set(column: Iterable[str]) -> bool:
    """Tell whether these are all UPOS, or all tags of the Penn Treebank."""
    values = set(column) - NO_XPOS
    letters = values - _PUNCTUATION
    return bool(letters) and (letters <= _UPOS or letters <= _PENN_TAGS)


def is_upos(column: Iterable[str]) -> bool:
    """Tell whether these are UPOS.

    X and SYM alone show nothing: old files have them for a tag that is not known. SPACE is what
    spaCy has for white space.
    """
    values = set(column) - NO_XPOS - {SPACE}
    return values <= _UPOS and bool(values - {"X", "SYM"})


def are_lemmas(column: Sequence[str], words: Sequence[str]) -> bool:
    """Tell whether these are lemmas: a third of them repeat their words."""
    pairs = [
        (value, word)
        for value, word in zip(column, words, strict=True)
        if word.isalpha() and value not in NO_XPOS
    ]
    return bool(pairs) and 3 * sum(value in (w, w.lower()) for value, w in pairs) >= len(pairs)


def may_be_xpos(column: Sequence[str]) -> bool:
    """Tell whether these look like tags and not like words: capitals, or few values."""
    values = [value for value in column if value not in NO_XPOS]
    if any(" " in value for value in values) or are_numbers(values):
        return False
    capital = sum(value == value.upper() or value[:1].isupper() for value in values)
    return bool(values) and (
        2 * capital >= len(values)
        or (len(values) >= _REPEATED and 4 * len(set(values)) <= len(values))
    )


def first_values(column: Iterable[str]) -> str:
    """Show the first values of a column, for a message."""
    values = list(dict.fromkeys(value for value in column if value not in _EMPTY))
    return ", ".join(quoted(value) for value in values[:2]) + ", …" * (len(values) > 2)
