"""Which columns are words, tags and other layers, told from what they hold.

Layouts that are read: any that have one column of words and one of entity tags, among them
`word POS chunk tag` (CoNLL-2003, https://aclanthology.org/W03-0419), `word POS tag` (CoNLL-2002,
https://aclanthology.org/W02-2024), `index word tag - annotator` (https://www.universalner.org)
and `index word tag tag`, of which the first tag is the outer entity's (GermEval 2014,
https://sites.google.com/site/germeval2014ner).
"""

from collections.abc import Sequence
from typing import NamedTuple

from .contents import (
    Rows,
    are_lemmas,
    are_numbers,
    counts_from,
    first_values,
    holds_tags,
    is_empty,
    is_upos,
    labels,
    may_be_xpos,
    repeats_a_tag_set,
)
from .names import PASSED_OVER, LayoutUnclear

# Labels of the chunks of CoNLL-2000 (https://aclanthology.org/W00-0726), and the German ones.
_CHUNKS = frozenset(
    ("ADJP", "ADVP", "CONJP", "INTJ", "LST", "NP", "PP", "PRT", "SBAR", "UCP", "VP")
) | {"NC", "PC", "VC"}


class Layout(NamedTuple):
    """What each column holds.

    names (tuple[str, ...]): One of `names.COLUMNS` but `pos` a column, or "sentence" or "document"
        for one with their ids.
    index_start (int): The first index of a sentence, 0 or 1.
    unread (dict[int, str]): For columns that are not read, what they hold.
    """

    names: tuple[str, ...]
    index_start: int
    unread: dict[int, str]

    def position(self, name: str) -> int | None:
        """Get where the column of this name is."""
        return self.names.index(name) if name in self.names else None

    @property
    def n_read(self) -> int:
        """The number of columns up to the last one that is read."""
        return max(i for i, name in enumerate(self.names) if name not in PASSED_OVER) + 1

    def __str__(self) -> str:
        return " ".join(self.names)


def layout_of(names: Sequence[str], sentences: Sequence[Rows]) -> Layout:
    """Make the layout of columns that have names; their contents say the rest.

    sentences (Sequence[Rows]): As for `find_layout`.
    """
    columns = _columns(sentences)
    result = list(names)
    if "pos" in names:
        at = result.index("pos")
        upos = is_upos(columns[at]) if "upos" not in names else False
        result[at] = "upos" if upos or "xpos" in names else "xpos"
    start = 1
    if "index" in names:
        at = result.index("index")
        start = 0 if counts_from(columns[at], sentences) == 0 else 1
    unread = {
        i: _contents(columns[i], name)
        for i, name in enumerate(names)
        if name in PASSED_OVER and not is_empty(columns[i])
    }
    return Layout(tuple(result), start, unread)


def find_layout(sentences: Sequence[Rows]) -> Layout:
    """Find the layout that fits the contents of the columns.

    A column that counts the words of each sentence is an index. The first column of text that
    does not repeat a tag set is the word. A tag column with chunk labels (NP, VP) is not the
    entities. If two tag columns remain, `index word tag tag` is GermEval and the first is read;
    other layouts are not clear. A column whose values are UPOS is UPOS, one that repeats many of
    the words is the lemma.

    sentences (Sequence[Rows]): The first sentences, all rows with the same number of cells, 2 or
        more.
    RAISES: LayoutUnclear: Two layouts fit, or none.
    """
    columns = _columns(sentences)
    filled = [i for i, column in enumerate(columns) if not is_empty(column)]
    names = ["-"] * len(columns)
    start = None
    index = None
    if len(filled) > 2:
        for i in filled[:-2]:
            start = counts_from(columns[i], sentences)
            if start is not None:
                index = i
                names[i] = "index"
                filled.remove(i)
                break
    tags = [i for i in filled if holds_tags(columns[i])]
    word = _find_word(columns, filled, tags, index)
    names[word] = "word"
    tags = [i for i in tags if i != word]
    tag, unread = _find_tag(columns, tags, word, index)
    names[tag] = "tag"
    for i, what in unread.items():
        names[i] = "chunk" if what == "chunks" else "-"
    others = [i for i in filled if names[i] == "-" and i not in unread]
    for name, i in _find_layers(columns, others, word, tag):
        names[i] = name
    for i in others:
        if names[i] == "-":
            unread[i] = _contents(columns[i], "-")
    return Layout(tuple(names), 1 if start is None else start, unread)


def _columns(sentences: Sequence[Rows]) -> list[tuple[str, ...]]:
    return list(zip(*(row for rows in sentences for row in rows), strict=True))


def _find_word(
    columns: Sequence[Sequence[str]], filled: Sequence[int], tags: Sequence[int], index: int | None
) -> int:
    if index is not None and any(i > index and i not in tags for i in filled):
        # A column before the index names the document or the sentence.
        filled = [i for i in filled if i > index]
    text = [i for i in filled if i not in tags]
    if index is not None and tags:
        between = [i for i in text if i < tags[0]]
        if between and all(are_numbers(columns[i]) for i in between):
            return between[0]  # words that are all numbers, and who annotated them after the tags
    words = [i for i in text if not (are_numbers(columns[i]) or repeats_a_tag_set(columns[i]))]
    if words:
        first = [i for i in filled if i not in words and i < words[0] and i not in tags]
        if first and repeats_a_tag_set(columns[first[0]]):
            raise LayoutUnclear(
                f"columns {first[0] + 1} and {words[0] + 1} may both hold the words",
                _guess(columns, words[0]),
            )
        return words[0]
    if index is not None and text:
        # `1 CD O`: an index before CD, or the number 1 with its tag?
        raise LayoutUnclear(
            f"column {index + 1} may hold words or their index", _guess(columns, text[0])
        )
    if filled:
        return filled[0]
    raise LayoutUnclear("no column holds words", ["word", "tag"])


def _find_tag(
    columns: Sequence[Sequence[str]], tags: list[int], word: int, index: int | None
) -> tuple[int, dict[int, str]]:
    """Find the column of entity tags, and what the other columns of tags hold."""
    if not tags:
        raise LayoutUnclear(
            "no column holds entity tags such as B-PER, I-PER and O", _guess(columns, word)
        )
    chunks = [i for i in tags if labels(columns[i]) and labels(columns[i]) <= _CHUNKS]
    entities = [i for i in tags if i not in chunks]
    if not entities and len(chunks) == 1:
        return chunks[0], {}
    unread = dict.fromkeys(chunks, "chunks")
    with_labels = [i for i in entities if labels(columns[i])]
    germeval = index is not None and len(columns) == 4 and len(entities) == 2
    if len(with_labels) == 1:
        tag = with_labels[0]
    elif len(entities) == 1 or germeval:
        tag = entities[0]
    elif not with_labels and len(columns) == 4 and word == 0 and entities[0] == 2:
        # CoNLL-2003 without a chunk and an entity.
        tag = entities[1]
    else:
        raise LayoutUnclear(
            f"columns {' and '.join(str(i + 1) for i in entities or chunks)} hold tags",
            _guess(columns, word, (entities or chunks)[0]),
        )
    what = "inner entities" if germeval else "another column of tags"
    unread |= {i: what for i in entities if i != tag}
    return tag, unread


def _find_layers(
    columns: Sequence[Sequence[str]], others: Sequence[int], word: int, tag: int
) -> list[tuple[str, int]]:
    """Find UPOS, XPOS and lemmas among the columns besides words and tags."""
    result: list[tuple[str, int]] = []
    # Columns after word and tag are notes, such as who annotated them.
    first, last = sorted((word, tag))
    places = [i for i in others if first < i < last or (i > last and repeats_a_tag_set(columns[i]))]
    upos = [i for i in places if is_upos(columns[i])]
    lemmas = [i for i in places if i not in upos and are_lemmas(columns[i], columns[word])]
    xpos = [i for i in places if i not in upos + lemmas and may_be_xpos(columns[i])]
    if len(xpos) > 1:
        known = [i for i in xpos if repeats_a_tag_set(columns[i])]
        changing = [i for i in xpos if len(set(columns[i])) > 1]
        xpos = known if len(known) == 1 else changing or xpos[:1]
    for name, found in (("upos", upos), ("lemma", lemmas), ("xpos", xpos)):
        if len(found) > 1:
            numbers = " and ".join(str(i + 1) for i in found)
            raise LayoutUnclear(f"columns {numbers} may both be {name}", _guess(columns, word, tag))
        result += [(name, i) for i in found]
    return result


def _guess(columns: Sequence[Sequence[str]], word: int, tag: int | None = None) -> list[str]:
    """Make an example of what the columns might be, to show how they are named."""
    names = ["-"] * len(columns)
    names[word] = "word"
    last = len(columns) - 1
    tag = tag if tag is not None else last if word != last else 0
    names[tag] = "tag"
    for i, column in enumerate(columns):
        if names[i] == "-" and not is_empty(column):
            names[i] = "index" if are_numbers(column) and "index" not in names else "-"
            may_be_pos = i > word and may_be_xpos(column) and not holds_tags(column)
            if may_be_pos and "pos" not in names and names[i] == "-":
                names[i] = "pos"
    return names


def _contents(column: Sequence[str], name: str) -> str:
    return "chunks" if name == "chunk" else first_values(column)
