"""The words of a Doc as rows of columns: which tokens are words, their numbers, their entity tags.

Tokens of white space are no words in formats of columns.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from spacy.tokens import Doc

from ..cut import sentence_bounds
from .format import ExportCounts

_LINE_ENDS = re.compile(r"[\t\r\n]+")
_CHANGED = "<word|words> with a tab or line end, which <is|are> a blank now"
_STRIPPED = "<word|words> that <begins or ends|begin or end> in white space, without it"

# What several formats leave out.
RELABELLED = "<entity|entities> whose label has signs of the format, which are `_` now"
SPLIT = "<entity|entities> beyond the end of a sentence, which <is|are> two now"
SPACE_PREDICATES = "<predicate|predicates> that <is|are> white space"
SPACE_ROLES = "<role|roles> of white space alone"
NO_OTHER_PREDICATE = (
    "<sentence|sentences> without a predicate but white space, which <counts|count> as not "
    "annotated with semantic roles"
)


class Place(NamedTuple):
    """A sentence with words: its number in the Doc, and its tokens `start:end`, all from 0."""

    number: int
    start: int
    end: int


class Rows(NamedTuple):
    """The rows of a Doc.

    numbers (list[int]): For each token its number in the sentence, from 1; 0 for white space.
    sentences (list[Place]): Those that have words.
    """

    numbers: list[int]
    sentences: list[Place]


def find_rows(doc: Doc) -> Rows:
    """Number the words of each sentence.

    doc (Doc): Without sentence boundaries it is one sentence.
    """
    is_space = white_space(doc)
    numbers = [0] * len(doc)
    sentences = []
    for number, (start, end) in enumerate(sentence_bounds(doc)):
        size = 0
        for i in range(start, end):
            if not is_space[i]:
                size += 1
                numbers[i] = size
        if size:
            sentences.append(Place(number, start, end))
    return Rows(numbers, sentences)


def white_space(doc: Doc) -> list[bool]:
    """Tell for each token whether it is white space.

    Not by `Token.is_space`, which is false where the vocabulary is of no language.
    """
    return [token.text.isspace() for token in doc]


def forms_of(doc: Doc, numbers: Sequence[int], counts: ExportCounts) -> list[str]:
    """Write the words, each on one line and in one column.

    numbers (Sequence[int]): As `find_rows` gives them.
    counts (ExportCounts): Counts the words that change.
    """
    texts = [token.text for token in doc]
    forms = [one_line(text).strip() for text in texts]
    for form, text, number in zip(forms, texts, numbers, strict=True):
        if form != text and number:
            counts.left_out[_STRIPPED] += text.strip() != text
            counts.left_out[_CHANGED] += text.strip() != form
    return forms


def tags_of(
    doc: Doc, numbers: Sequence[int], unsafe: re.Pattern[str], counts: ExportCounts
) -> list[str]:
    """Write the entities as IOB2 tags; "" for a word of which nothing is known.

    numbers (Sequence[int]): As `find_rows` gives them.
    unsafe (re.Pattern[str]): What a label must not have: it becomes `_`.
    counts (ExportCounts): Counts the entities, those that change, and those that are cut.
    """
    tags = ["O" if known else "" for known in doc.to_array("ENT_IOB").tolist()]
    for ent in doc.ents:
        places = [i for i in range(ent.start, ent.end) if numbers[i]]
        label = unsafe.sub("_", ent.label_) or "_"
        label = "_" if label.upper() == "O" else label  # which stands for no entity
        for i in places:
            begins = i == places[0] or numbers[i] == 1
            tags[i] = f"{'B' if begins else 'I'}-{label}"
            counts.left_out[SPLIT] += begins and i != places[0]
        counts.entities += bool(places)
        counts.left_out[RELABELLED] += label != ent.label_
    return tags


def one_line(text: str) -> str:
    """Write a text on one line and in one column."""
    return _LINE_ENDS.sub(" ", text)
