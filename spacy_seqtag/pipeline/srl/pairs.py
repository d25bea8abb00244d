"""Which words may be arguments of which predicate."""

from collections.abc import Sequence

import numpy as np
from spacy.tokens import Doc, Token

from ...arrays import Floats, Ints
from ...frames import PREDICATES, span_groups
from ...models.role_pairs import Pairs
from ...schemes.inventory import REACH
from ...schemes.rolesets import RolesetLexicon, Word
from ..base import sentence_starts


def choose_predicates(docs: Sequence[Doc], probs: Floats, use_existing: bool) -> list[Ints]:
    """Choose a batch's predicates: the words that are more probably predicates than not.

    docs (Sequence[Doc]): The batch. Whitespace is never a predicate.
    probs (float32, (tokens of all docs,)): Probability that each token is a predicate.
    use_existing (bool): If a Doc has `doc.spans["predicates"]`, take those instead.
    RETURNS (list[Ints]): Their tokens, in order, of each Doc.
    """
    chosen = []
    offset = 0
    for doc in docs:
        if use_existing and PREDICATES in doc.spans:
            found = sorted({span.start for span in span_groups(doc)[PREDICATES] if len(span)})
            chosen.append(np.asarray(found, dtype=np.int64))
        else:
            is_space = doc.to_array("IS_SPACE") == 1
            is_likely = probs[offset : offset + len(doc)] > 0.5
            chosen.append(np.flatnonzero(is_likely & ~is_space))
        offset += len(doc)
    return chosen


def make_pairs(
    docs: Sequence[Doc], predicates: Sequence[Ints], lexicon: RolesetLexicon, max_distance: int
) -> Pairs:
    """Pair each predicate with the words in its reach, and with the rolesets that it may have.

    docs (Sequence[Doc]): The batch.
    predicates (Sequence[Ints]): The tokens of the predicates in each Doc, in order.
    lexicon (RolesetLexicon): The rolesets by word form.
    max_distance (int, tokens): The reach of a predicate on each side, within its sentence.
    RETURNS (Pairs): Positions in the batch, that is in its Docs laid end to end.
    """
    at_batch, starts, ends, candidates = [], [], [], []
    offset = 0
    for doc, at in zip(docs, predicates, strict=True):
        first = np.flatnonzero(sentence_starts(doc))
        after = np.append(first[1:], len(doc))
        sentence = np.searchsorted(first, at, side="right") - 1
        at_batch.append(at + offset)
        starts.append(np.maximum(first[sentence], at - max_distance) + offset)
        ends.append(np.minimum(after[sentence], at + max_distance + 1) + offset)
        candidates += [lexicon.candidates(word_at(doc[i])) for i in at.tolist()]
        offset += len(doc)
    rolesets = np.full((len(candidates), max(map(len, candidates), default=0)), -1, dtype=np.int64)
    for row, numbers in enumerate(candidates):
        rolesets[row, : len(numbers)] = numbers
    return Pairs(end_to_end(at_batch), end_to_end(starts), end_to_end(ends), rolesets)


def word_at(token: Token) -> Word:
    """Describe a word to a lexicon of rolesets.

    token (Token): A predicate.
    """
    doc, end = token.doc, token.i + 1
    while end < min(len(doc), token.i + 1 + REACH) and not doc[end].is_sent_start:
        end += 1
    after = [other.lower_ for other in doc[token.i + 1 : end]]
    return Word(token.text, token.lemma_, token.pos_, after)


def end_to_end(arrays: Sequence[Ints]) -> Ints:
    """Lay the numbers of several arrays end to end.

    arrays (Sequence[Ints]): Any number of arrays, even none.
    """
    return np.concatenate(arrays) if arrays else np.zeros(0, dtype=np.int64)
