"""What outcomes are grouped by, besides their labels: length of sentence, domain, what was seen."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from spacy.tokens import Doc
from spacy.training import Example

from ..corpus.cut import sentence_bounds
from ..corpus.docs import doc_id_of
from ..errors import printable
from ..frames import PREDICATES, span_groups
from .intervals import Key
from .outcomes import Outcome, text_of

# The least words of a sentence in each group.
_LENGTHS = (1, 6, 11, 21, 31, 51)
LENGTHS = tuple(
    f"{low} to {_LENGTHS[n + 1] - 1} words" if n + 1 < len(_LENGTHS) else f"{low} words and more"
    for n, low in enumerate(_LENGTHS)
)
"""The groups of `by_length`."""

SEEN, PARTLY, UNSEEN = "seen", "all words seen, not together", "unseen"

# Keys of `Doc.user_data` that name a domain.
_DOMAINS = ("domain", "genre")
_MOST_DOMAINS = 30


class Training(NamedTuple):
    """What a training corpus has: words, the words of entities, and predicates; in lower case."""

    words: frozenset[str]
    entities: frozenset[str]
    predicates: frozenset[str]


def learn(docs: Iterable[Doc]) -> Training:
    """Find out what a training corpus has.

    docs (Iterable[Doc]): Its documents.
    """
    words, entities, predicates = set[str](), set[str](), set[str]()
    for doc in docs:
        words.update(token.text.lower() for token in doc)
        entities.update(ent.text.lower() for ent in doc.ents)
        predicates.update(span.text.lower() for span in span_groups(doc).get(PREDICATES, ()))
    return Training(frozenset(words), frozenset(entities), frozenset(predicates))


def by_length(examples: Sequence[Example]) -> Key:
    """Group by the number of words of the sentence that a thing begins in: see `LENGTHS`."""
    bounds = [sentence_bounds(example.reference) for example in examples]
    starts = [[start for start, _ in each] for each in bounds]

    def key(outcome: Outcome, gold: bool) -> str | None:
        n = bisect_right(starts[outcome.doc], outcome.start) - 1
        start, end = bounds[outcome.doc][n]
        return LENGTHS[bisect_right(_LENGTHS, end - start) - 1]

    return key


def by_domain(domains: Sequence[str]) -> Key:
    """Group by the domain of the document."""
    return lambda outcome, gold: domains[outcome.doc]


def domains_of(examples: Sequence[Example]) -> list[str] | None:
    """Find the domain of each document.

    That is `doc.user_data["domain"]` or `["genre"]`, or else what the documents' names begin with,
    as in `weblog-…` or `bn/cnn/…`.

    RETURNS (list[str] | None): None where that does not tell documents apart.
    """
    docs = [example.reference for example in examples]
    for name in _DOMAINS:
        found = [str(doc.user_data.get(name) or "") for doc in docs]
        if any(found):
            return [printable(each) or "unknown" for each in found]
    names = [doc_id_of(doc) or "" for doc in docs]
    found = [printable(name).replace("/", "-").partition("-")[0] for name in names]
    counts = Counter(found)
    # A name that only one document has is no domain.
    shared = sum(n for n in counts.values() if n > 1)
    if "" in counts or not 1 < len(counts) <= _MOST_DOMAINS or shared < len(docs) / 2:
        return None
    return found


def by_seen(examples: Sequence[Example], training: Training) -> Key:
    """Group by whether training had it: the word, the words of the entity, or the predicate."""

    def key(outcome: Outcome, gold: bool) -> str | None:
        doc = examples[outcome.doc].reference
        if outcome.predicate is not None:
            return SEEN if doc[outcome.predicate].text.lower() in training.predicates else UNSEEN
        pieces = outcome.gold_at if gold else outcome.found_at
        if outcome.task == "ents" and text_of(doc, pieces).lower() in training.entities:
            return SEEN
        words = [token.text.lower() for start, end in pieces for token in doc[start:end]]
        if not training.words.issuperset(words):
            return UNSEEN
        return PARTLY if outcome.task == "ents" else SEEN

    return key
