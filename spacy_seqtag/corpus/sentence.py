"""A sentence of a corpus: what formats yield, layers are joined to, and Docs are made of."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from spacy.tokens import Doc

from ..schemes.propositions import Proposition

LAYERS = ("upos", "xpos", "lemmas", "entities")
"""The layers of a `Sentence` that hold one string per word, by the names of its fields."""

MASK = "[WORD]"
"""Replaces every word in releases whose text may not be distributed."""


class Origin(NamedTuple):
    """Where a sentence of a `.spacy` file comes from.

    doc (Doc): The whole Doc.
    start, end (int): The sentence's tokens in it.
    lacking (frozenset[str]): The layers (of `LAYERS`, and "propositions") that the Doc does not
        have here, so that a further file may give them.
    """

    doc: Doc
    start: int
    end: int
    lacking: frozenset[str]


@dataclass(slots=True)
class Sentence:
    """One sentence of a corpus file with its layers.

    sent_id (str): The file's identifier, or one made up (`<file stem>-<number>`).
    doc_id (str | None): Identifier of the document; None where the file marks no documents.
    words (list[str]): The words.
    spaces (list[bool]): One per word: whether white space follows it. For the last word it says
        whether white space separates this sentence from the next.
    path (Path): The file.
    line (int): The line of the sentence's first word (in a `.spacy` file: the number of its Doc).
    upos, xpos, lemmas, entities (list[str] | None): One string per word (`entities` as IOB2 tags);
        None where the layer is missing. An empty string is a word whose annotation is missing.
    propositions (list[Proposition] | None): Predicates with their arguments, as positions in
        `words`; None where the layer is missing, an empty list where there is no predicate.
    spans (list[tuple[int, int, str]] | None): All labelled spans of words, in order, where the
        format lets them overlap: start, end and label. `entities` has the longest of them.
    has_bounds (bool): Whether it is a sentence; False for a text of which it is not known where
        its sentences end.
    made_up_id (bool): Whether `sent_id` was made up.
    new_doc, new_par (bool): Whether a document or a paragraph begins here.
    origin (Origin | None): The Doc that this sentence is part of, if it is of a `.spacy` file.
    """

    sent_id: str
    doc_id: str | None
    words: list[str]
    spaces: list[bool]
    path: Path
    line: int
    upos: list[str] | None = None
    xpos: list[str] | None = None
    lemmas: list[str] | None = None
    entities: list[str] | None = None
    propositions: list[Proposition] | None = None
    spans: list[tuple[int, int, str]] | None = None
    has_bounds: bool = True
    made_up_id: bool = False
    new_doc: bool = False
    new_par: bool = False
    origin: Origin | None = None

    def layer(self, name: str) -> list[str] | None:
        """Get the layer of this name, one of `LAYERS`."""
        tags: list[str] | None = getattr(self, name)
        return tags

    def set_layer(self, name: str, tags: list[str] | None) -> None:
        """Set a layer. A layer that is empty at every word counts as missing."""
        setattr(self, name, tags if tags and any(tags) else None)

    def fill_layer(self, name: str, tags: list[str] | None) -> None:
        """Set a layer if the sentence does not have it yet."""
        if getattr(self, name) is None:
            setattr(self, name, tags)

    def missing(self) -> Iterator[str]:
        """Yield the names of the layers that are missing, "propositions" among them."""
        for name in (*LAYERS, "propositions"):
            if getattr(self, name) is None:
                yield name


def predicate_words(sentence: Sentence, position: int) -> set[str]:
    """Get what a predicate's name may resemble: its word and its lemma."""
    words = {sentence.words[position]}
    if sentence.lemmas is not None:
        words.add(sentence.lemmas[position])
    return words


def tags_of(sentence: Sentence, name: str) -> Sequence[str]:
    """Get a layer as one string per word; all are empty if the layer is missing."""
    return sentence.layer(name) or [""] * len(sentence.words)
