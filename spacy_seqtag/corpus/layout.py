"""What the columns of a file hold, judged by their contents, by a header, or as the user says.

Layouts that are read: any that have one column of words and one of entity tags, among them
`word POS chunk tag` (CoNLL-2003, https://aclanthology.org/W03-0419), `word POS tag` (CoNLL-2002,
https://aclanthology.org/W02-2024), `index word tag - annotator` (https://www.universalner.org)
and `index word tag tag`, of which the first tag is the outer entity's (GermEval 2014,
https://sites.google.com/site/germeval2014ner).
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ..schemes.upos import UPOS_TAGS
from .sentence import quoted
from .tags import MISSING_TAGS, has_prefix_last, is_tag, split_tag

COLUMNS = ("index", "word", "upos", "xpos", "pos", "lemma", "tag", "chunk", "-")
"""The names that a user gives to columns; `-` is one to pass over, `pos` is UPOS or XPOS."""

NO_XPOS = frozenset(("O", "_", "-", "-X-", "?", ""))
"""What stands for a missing XPOS in columns."""

_EMPTY = frozenset(("_", "-", "-X-", ""))
# Labels of the chunks of CoNLL-2000 (https://aclanthology.org/W00-0726), and the German ones.
_CHUNKS = frozenset(
    ("ADJP", "ADVP", "CONJP", "INTJ", "LST", "NP", "PP", "PRT", "SBAR", "UCP", "VP")
) | {"NC", "PC", "VC"}
_PENN = """
    CC CD DT EX FW IN JJ JJR JJS LS MD NN NNS NNP NNPS PDT POS PRP PRP$ RB RBR RBS RP SYM TO UH
    VB VBD VBG VBN VBP VBZ WDT WP WP$ WRB HYPH NFP AFX ADD GW XX
"""
_PENN_TAGS = frozenset(_PENN.split())
_UPOS = frozenset(UPOS_TAGS)
_PUNCTUATION = frozenset(
    ("``", "''", ".", ",", ":", ";", "(", ")", "-LRB-", "-RRB-", "$", "#", '"')
)

# Names of columns in headers, in lower case, by what they mean.
_HEADER = {
    "word": "word words token tokens form text",
    "upos": "upos",
    "xpos": "xpos",
    "pos": "pos pos_tag pos_tags postag",
    "lemma": "lemma lemmas",
    "tag": "tag tags ner ner_tag ner_tags label labels entity entities ne iob bio iob2",
    "chunk": "chunk chunks chunk_tag chunk_tags",
    "sentence": "sentence sentence# sentence_id sentence_idx sentence_number sent_id sentid sent",
}
_HEADER_NAMES = {name: kind for kind, names in _HEADER.items() for name in names.split()}
# In small samples a column of few different values can be anything.
_REPEATED = 20


class LayoutUnclear(ValueError):
    """More than one layout fits, or none. reason: why. example: what `columns` might be."""

    def __init__(self, reason: str, example: Sequence[str]) -> None:
        super().__init__(reason)
        self.reason = reason
        self.example = ",".join(example)


class Layout(NamedTuple):
    """What each column holds.

    names: one of `COLUMNS` but `pos` a column, or "sentence" for one that numbers sentences.
    index_start: with what a sentence's index begins, 0 or 1.
    unread: what columns hold that are not read, by their positions.
    """

    names: tuple[str, ...]
    index_start: int
    unread: dict[int, str]

    def position(self, name: str) -> int | None:
        """Where the column of this name is."""
        return self.names.index(name) if name in self.names else None

    @property
    def n_read(self) -> int:
        """The number of columns up to the last one that is read."""
        return max(i for i, name in enumerate(self.names) if name not in ("-", "chunk")) + 1

    def __str__(self) -> str:
        return " ".join(self.names)


def parse_columns(text: str) -> tuple[str, ...]:
    """The names of columns as the user gives them, separated by commas.

    RAISES ValueError: an unknown name, one that stands twice, no `word`, or no layer.
    """
    names = tuple(name.strip().lower() for name in text.split(","))
    for name in names:
        if name not in COLUMNS:
            raise ValueError(
                f"columns is {quoted(text)}: there is no column {quoted(name)}, expected some of "
                f"{', '.join(COLUMNS)}"
            )
        if name not in ("-", "chunk") and names.count(name) > 1:
            raise ValueError(f"columns is {quoted(text)}: {name} stands there twice")
    if "pos" in names and ("upos" in names and "xpos" in names):
        raise ValueError(f"columns is {quoted(text)}: pos is upos or xpos, give two of the three")
    if "word" not in names:
        raise ValueError(f"columns is {quoted(text)}: one of them has to be the word")
    if not {"tag", "upos", "xpos", "pos", "lemma"} & set(names):
        raise ValueError(f"columns is {quoted(text)}: no column holds tags, expected tag or pos")
    return names


def header_names(cells: Sequence[str]) -> tuple[str, ...] | None:
    """The names of columns by a header line; None for a line that is none."""
    keys = [cell.strip().lower().replace(" ", "") for cell in cells]
    names = tuple(_HEADER_NAMES.get(key, "-") for key in keys)
    if names.count("word") != 1 or names.count("tag") != 1:
        return None
    return tuple("-" if name in names[:i] else name for i, name in enumerate(names))


def global_columns(names: Sequence[str]) -> tuple[str, ...]:
    """The columns by a `# global.columns` line (https://universaldependencies.org/ext-format.html).

    RAISES LayoutUnclear: no FORM.
    """
    known = {"ID": "index", "FORM": "word", "LEMMA": "lemma", "UPOS": "upos", "XPOS": "xpos"}
    result = tuple(
        "tag" if is_entity_column(name) else known.get(name.upper(), "-") for name in names
    )
    if result.count("word") != 1:
        raise LayoutUnclear("`# global.columns` names no FORM, or two", ["index", "word", "tag"])
    return tuple("-" if name in result[:i] else name for i, name in enumerate(result))


def is_entity_column(name: str) -> bool:
    """Whether a column or a key of CoNLL-U's MISC holds entity tags: `NER`, `NE`, `name`."""
    return name.rpartition(":")[2].upper() in ("NER", "NE", "NAME")


def layout_of(names: Sequence[str], sentences: Sequence[Sequence[Sequence[str]]]) -> Layout:
    """The layout of columns that have names. sentences: as for `find_layout`."""
    columns = _columns(sentences)
    result = list(names)
    if "pos" in names:
        at = result.index("pos")
        is_upos = _is_upos(columns[at]) if "upos" not in names else False
        result[at] = "upos" if is_upos or "xpos" in names else "xpos"
    start = 1
    if "index" in names:
        at = result.index("index")
        start = 0 if _counts_from(columns[at], sentences) == 0 else 1
    unread = {
        i: _contents(columns[i], name)
        for i, name in enumerate(names)
        if name in ("-", "chunk") and not _is_empty(columns[i])
    }
    return Layout(tuple(result), start, unread)


def find_layout(sentences: Sequence[Sequence[Sequence[str]]]) -> Layout:
    """The layout that fits the contents of the columns.

    sentences: rows of the first sentences, all with the same number of cells, 2 or more.

    A column that counts the words of each sentence is an index. The first column of text that
    does not repeat a tag set is the word. A tag column with chunk labels (NP, VP) is not the
    entities. If two tag columns remain, `index word tag tag` is GermEval and the first is read;
    other layouts are not clear. A column whose values are UPOS is UPOS, one that repeats many of
    the words is the lemma.

    RAISES LayoutUnclear: two layouts fit, or none.
    """
    columns = _columns(sentences)
    filled = [i for i, column in enumerate(columns) if not _is_empty(column)]
    names = ["-"] * len(columns)
    start = None
    index = None
    if len(filled) > 2:
        for i in filled[:-2]:
            start = _counts_from(columns[i], sentences)
            if start is not None:
                index = i
                names[i] = "index"
                filled.remove(i)
                break
    tags = [i for i in filled if _holds_tags(columns[i])]
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


def _columns(sentences: Sequence[Sequence[Sequence[str]]]) -> list[tuple[str, ...]]:
    return list(zip(*(row for rows in sentences for row in rows), strict=True))


def _find_word(
    columns: Sequence[Sequence[str]], filled: Sequence[int], tags: Sequence[int], index: int | None
) -> int:
    if index is not None and any(i > index and i not in tags for i in filled):
        # What stands before the index tells the document or the sentence.
        filled = [i for i in filled if i > index]
    text = [i for i in filled if i not in tags]
    if index is not None and tags:
        between = [i for i in text if i < tags[0]]
        if between and all(_are_numbers(columns[i]) for i in between):
            return between[0]  # words that are all numbers, and who annotated them after the tags
    words = [i for i in text if not (_are_numbers(columns[i]) or _repeats_a_tag_set(columns[i]))]
    if words:
        first = [i for i in filled if i not in words and i < words[0] and i not in tags]
        if first and _repeats_a_tag_set(columns[first[0]]):
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
    """The column of entity tags, and what the other columns of tags hold."""
    if not tags:
        raise LayoutUnclear(
            "no column holds entity tags such as B-PER, I-PER and O", _guess(columns, word)
        )
    chunks = [i for i in tags if _labels(columns[i]) and _labels(columns[i]) <= _CHUNKS]
    entities = [i for i in tags if i not in chunks]
    if not entities and len(chunks) == 1:
        return chunks[0], {}
    unread = dict.fromkeys(chunks, "chunks")
    with_labels = [i for i in entities if _labels(columns[i])]
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
    """UPOS, XPOS and lemmas among the columns besides words and tags."""
    result: list[tuple[str, int]] = []
    # After word and tag stand notes, such as who annotated them.
    first, last = sorted((word, tag))
    places = [
        i for i in others if first < i < last or (i > last and _repeats_a_tag_set(columns[i]))
    ]
    upos = [i for i in places if _is_upos(columns[i])]
    lemmas = [i for i in places if i not in upos and _are_lemmas(columns[i], columns[word])]
    xpos = [i for i in places if i not in upos + lemmas and _may_be_xpos(columns[i])]
    if len(xpos) > 1:
        known = [i for i in xpos if _repeats_a_tag_set(columns[i])]
        changing = [i for i in xpos if len(set(columns[i])) > 1]
        xpos = known if len(known) == 1 else changing or xpos[:1]
    for name, found in (("upos", upos), ("lemma", lemmas), ("xpos", xpos)):
        if len(found) > 1:
            numbers = " and ".join(str(i + 1) for i in found)
            raise LayoutUnclear(f"columns {numbers} may both be {name}", _guess(columns, word, tag))
        result += [(name, i) for i in found]
    return result


def _guess(columns: Sequence[Sequence[str]], word: int, tag: int | None = None) -> list[str]:
    """An example of what the columns might be, to show how they are named."""
    names = ["-"] * len(columns)
    names[word] = "word"
    last = len(columns) - 1
    tag = tag if tag is not None else last if word != last else 0
    names[tag] = "tag"
    for i, column in enumerate(columns):
        if names[i] == "-" and not _is_empty(column):
            names[i] = "index" if _are_numbers(column) and "index" not in names else "-"
            may_be_pos = i > word and _may_be_xpos(column) and not _holds_tags(column)
            if may_be_pos and "pos" not in names and names[i] == "-":
                names[i] = "pos"
    return names


# What a column holds


def _is_empty(column: Iterable[str]) -> bool:
    return _EMPTY.issuperset(column)


def _counts_from(column: Sequence[str], sentences: Sequence[Sequence[Sequence[str]]]) -> int | None:
    """Whether a column counts the words of each sentence, from 0 or 1; None if it does not.

    A value that follows the one before counts as well, so that a column is still an index where
    a line is lost or a blank line is too many.
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
    share = 0.5 if _are_numbers(column[:1]) else 0.75
    return best if hits[best] >= share * len(column) else None


def _follows(before: str, value: str) -> bool:
    # Python converts no longer numbers.
    return len(before) < 10 and before.isdecimal() and value == str(int(before) + 1)


def _are_numbers(column: Sequence[str]) -> bool:
    return all(value.isdecimal() for value in column)


def _holds_tags(column: Sequence[str]) -> bool:
    """Whether these are entity tags; some may be damaged."""
    found = sum(is_tag(value) for value in column)
    missing = sum(value in MISSING_TAGS for value in column)
    return found > 0 and 2 * (found + missing) >= len(column)


def _labels(column: Iterable[str]) -> set[str]:
    tags = [tag for tag in set(column) if tag not in MISSING_TAGS and tag not in ("O", "o")]
    prefix_last = has_prefix_last(tags)
    parts = [split_tag(tag, prefix_last=prefix_last) for tag in tags]
    return {label for _, label in filter(None, parts)}


def _repeats_a_tag_set(column: Iterable[str]) -> bool:
    """Whether these are all UPOS, or all tags of the Penn Treebank."""
    values = set(column) - NO_XPOS
    letters = values - _PUNCTUATION
    return bool(letters) and (letters <= _UPOS or letters <= _PENN_TAGS)


def _is_upos(column: Iterable[str]) -> bool:
    """X and SYM alone show nothing: old files have them for a tag that is not known."""
    values = set(column) - NO_XPOS
    return values <= _UPOS and bool(values - {"X", "SYM"})


def _are_lemmas(column: Sequence[str], words: Sequence[str]) -> bool:
    pairs = [
        (value, word)
        for value, word in zip(column, words, strict=True)
        if word.isalpha() and value not in NO_XPOS
    ]
    return bool(pairs) and 3 * sum(value in (w, w.lower()) for value, w in pairs) >= len(pairs)


def _may_be_xpos(column: Sequence[str]) -> bool:
    """Whether these look like tags and not like words: capitals, or few values."""
    values = [value for value in column if value not in NO_XPOS]
    if any(" " in value for value in values) or _are_numbers(values):
        return False
    capital = sum(value == value.upper() or value[:1].isupper() for value in values)
    return bool(values) and (
        2 * capital >= len(values)
        or (len(values) >= _REPEATED and 4 * len(set(values)) <= len(values))
    )


def _contents(column: Iterable[str], name: str) -> str:
    if name == "chunk":
        return "chunks"
    values = list(dict.fromkeys(value for value in column if value not in _EMPTY))
    return ", ".join(quoted(value) for value in values[:2]) + ", …" * (len(values) > 2)
