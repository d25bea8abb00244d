"""What Docs hold and a format does not: by this list `export` says what it left out.

A `Writer` names what its format lacks. What is known of a word must not turn into something else on
the way: so what a format cannot say is left out of the file, and counted here.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from spacy.tokens import Doc
from spacy.util import filter_spans

from ...frames import GROUPS, PREDICATES, annotated_tokens
from ...schemes.propositions import PREDICATE
from ..cut import sentence_bounds
from ..docs import ALL_SPANS, doc_id_of, sent_ids_of
from ..plural import counted
from .doc_words import white_space


class Content(NamedTuple):
    """Something that a Doc may hold.

    what (str): With its forms, as `counted` takes them.
    count (Callable[[Doc], int]): How much of it a Doc has.
    """

    what: str
    count: Callable[[Doc], int]


def _with(attribute: str) -> Callable[[Doc], int]:
    return lambda doc: int((doc.to_array(attribute) != 0).sum())


def _with_blank(doc: Doc) -> int:
    return sum(" " in token.text and not token.text.isspace() for token in doc)


def _joined_words(doc: Doc) -> int:
    return int((doc.to_array("SPACY")[:-1] == 0).sum()) if len(doc) else 0


def _sentences(doc: Doc) -> int:
    return sum(1 for _ in doc.sents) if doc.has_annotation("SENT_START") else 0


def _sentence_ids(doc: Doc) -> int:
    return sum(map(bool, sent_ids_of(doc, len(sentence_bounds(doc)))))


def _overlapping(doc: Doc) -> int:
    if ALL_SPANS not in doc.spans:
        return 0
    ents = {(ent.start, ent.end, ent.label) for ent in doc.ents}
    return sum((span.start, span.end, span.label) not in ents for span in doc.spans[ALL_SPANS])


def _entities_in_part(doc: Doc) -> int:
    return len(doc.ents) if is_annotated(doc) is None else 0


def _without_roles(doc: Doc) -> int:
    covered = annotated_tokens(doc)
    return sum(not covered[start:end].all() for start, end in sentence_bounds(doc))


def _others(doc: Doc) -> int:
    return sum(len(group) for name, group in doc.spans.items() if name not in _OWN_GROUPS)


_OWN_GROUPS = frozenset((*GROUPS, ALL_SPANS))

CONTENTS: dict[str, Content] = {
    "words": Content("<word|words>, which a tokenizer has to find anew", lambda doc: len(doc)),
    "white space": Content("<word|words> of white space", lambda doc: sum(white_space(doc))),
    "blanks in words": Content("<word|words> with a blank, which is `_` now", _with_blank),
    "spacing": Content("<word|words> without a blank after <it|them>", _joined_words),
    "sentences": Content("<sentence|sentences>, of which only the text is there", _sentences),
    "unknown sentences": Content(
        "<text|texts> of which is not known where sentences end: each is one sentence now",
        lambda doc: int(has_unknown_bounds(doc)),
    ),
    "documents": Content("<document|documents>, as such", lambda doc: int(len(doc) > 0)),
    "document ids": Content(
        "<id of a document|ids of documents>", lambda doc: int(doc_id_of(doc) is not None)
    ),
    "sentence ids": Content("<id of a sentence|ids of sentences>", _sentence_ids),
    "UPOS": Content("<word|words> with UPOS", _with("POS")),
    "XPOS": Content("<word|words> with XPOS", _with("TAG")),
    "lemmas": Content("<word|words> with lemma", _with("LEMMA")),
    "entities": Content("<entity|entities>", lambda doc: len(doc.ents)),
    "entities in part": Content(
        "<entity|entities> of texts that are annotated in part, which count as not annotated",
        _entities_in_part,
    ),
    "overlapping spans": Content("<overlapping span|overlapping spans>", _overlapping),
    "roles": Content(
        "<predicate|predicates> with semantic roles", lambda doc: len(doc.spans.get(PREDICATES, ()))
    ),
    "sentences without roles": Content(
        "<sentence|sentences> that <is|are> not annotated with semantic roles", _without_roles
    ),
    "rolesets": Content(
        "<roleset|rolesets>",
        lambda doc: sum(span.label_ != PREDICATE for span in doc.spans.get(PREDICATES, ())),
    ),
    "other spans": Content("<span|spans> of other groups", _others),
}
"""What a Doc may hold that some format does not. No format but `.spacy` holds other spans."""


def has_unknown_bounds(doc: Doc) -> bool:
    """Tell whether it is not known of all words of a Doc whether they begin a sentence.

    doc (Doc): One without any sentence boundary has unknown ones, unless it is of one word.
    """
    return bool((doc.to_array("SENT_START")[1:] == 0).any()) if len(doc) else False


def is_annotated(doc: Doc) -> bool | None:
    """Tell whether it is known of all words of a Doc whether they belong to an entity.

    doc (Doc): White space counts as known.
    RETURNS (bool | None): None where it is known of some of them.
    """
    known = doc.to_array("ENT_IOB") != 0
    if not known.any():
        return False
    return bool((known | np.asarray(white_space(doc))).all()) or None


def counting(docs: Iterable[Doc], lacks: Sequence[str], left_out: Counter[str]) -> Iterator[Doc]:
    """Let Docs pass, and count what of them is not written.

    docs (Iterable[Doc]): Any Docs.
    lacks (Sequence[str]): What the format lacks, of `CONTENTS`.
    left_out (Counter[str]): Counts it, by `Content.what`.
    """
    contents = [CONTENTS[name] for name in lacks]
    for doc in docs:
        for what, count in contents:
            left_out[what] += count(doc)
        yield doc


def all_spans(doc: Doc) -> list[tuple[int, int, str]]:
    """Find the labelled spans to write where they may overlap: start, end and label.

    They are those of `doc.spans["gold"]` if reading them gives the entities of the Doc again, the
    longest ones, and else the entities alone.

    doc (Doc): With entities or without.
    """
    ents = sorted((ent.start, ent.end, ent.label_) for ent in doc.ents)
    if ALL_SPANS not in doc.spans:
        return ents
    spans = list(doc.spans[ALL_SPANS])
    longest = sorted((span.start, span.end, span.label_) for span in filter_spans(spans))
    if longest != ents:
        return ents
    return sorted({(span.start, span.end, span.label_) for span in spans})


def said(left_out: Counter[str]) -> list[str]:
    """Say what is left out, most of it first.

    left_out (Counter[str]): As `counting` makes it.
    """
    return [counted(n, what) for what, n in left_out.most_common() if n]
