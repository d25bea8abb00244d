"""The roleset of each predicate, and the roles that rolesets leave to it."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from spacy.tokens import Doc, Token

from ...arrays import Floats
from ...frames import Frame, get_frames
from ...models.role_pairs import RoleScores
from ...schemes.calibration import temper
from ...schemes.inventory import FrameInventory
from ...schemes.propositions import PREDICATE
from ...schemes.rolesets import RolesetLexicon
from .pairs import word_at


class Roleset(NamedTuple):
    """The roleset of a predicate.

    name (str): Such as `give.01`.
    score (float, 0 to 1): Its probability.
    known (bool): False if it is made up, see `Frame.roleset_known`.
    """

    name: str
    score: float
    known: bool


def best_rolesets(scores: RoleScores, temperature: float = 1.0) -> list[tuple[int, float]]:
    """Find the most probable roleset of each predicate.

    scores (RoleScores): Of a batch, on the CPU.
    temperature (float, above 0): Of the probability returned.
    RETURNS (list[tuple[int, float]]): Its number, or -1 if the lexicon has none for the word; and
        its probability, given that it is one of those that the lexicon has.
    """
    rolesets = scores.pairs.rolesets
    if not rolesets.size:
        return [(-1, 0.0)] * len(rolesets)
    probs = np.asarray(scores.rolesets)
    rows, best = np.arange(len(rolesets)), probs.argmax(axis=1)
    sure = temper(probs, temperature)[rows, best]
    return list(zip(rolesets[rows, best].tolist(), sure.tolist()))


def role_shares(
    rolesets: Sequence[Mapping[str, float]], inventory: FrameInventory, labels: Sequence[str]
) -> Floats:
    """Compute how probable it is that a predicate may have each role.

    rolesets (Sequence[Mapping[str, float]]): Of each predicate, the probabilities of rolesets that
        it may have. What they lack to 1 is that of any other.
    inventory (FrameInventory): The roles of rolesets.
    labels (Sequence[str]): The roles.
    RETURNS (float32, (predicates, labels), 0 to 1): 1 minus the probability of the rolesets that do
        not have the role.
    """
    lacking: dict[str, Floats] = {}
    result = np.ones((len(rolesets), len(labels)), dtype=np.float32)
    for row, own in enumerate(rolesets):
        for name, p in own.items():
            if name not in lacking:
                lacks = [inventory.lacks(name, label) for label in labels]
                lacking[name] = np.asarray(lacks, dtype=np.float32)
            result[row] -= p * lacking[name]
    shares: Floats = result.clip(0.0, 1.0)
    return shares


def probable_rolesets(
    lexicon: RolesetLexicon,
    token: Token,
    given: Frame | None,
    numbers: Sequence[int],
    probs: Sequence[float],
) -> dict[str, float]:
    """Return the rolesets that a predicate may have with their probabilities, for `role_shares`.

    lexicon (RolesetLexicon): The rolesets by word form.
    token (Token), given (Frame | None): As for `choose_roleset`.
    numbers (Sequence[int]): The candidates, or -1.
    probs (Sequence[float], 0 to 1): Their probabilities.
    """
    if given is not None and given.roleset not in ("", PREDICATE):
        return {given.roleset: 1.0}
    word = word_at(token)
    certainty = lexicon.certainty(word)
    found = {lexicon.rolesets[n]: certainty * p for n, p in zip(numbers, probs) if n >= 0}
    return found or {lexicon.guess(word): certainty}


def given_frames(doc: Doc) -> dict[int, Frame]:
    """Find the frames that a Doc has, by the token of their predicate."""
    return {frame.predicate.start: frame for frame in get_frames(doc)}


def words_of(frame: Frame) -> int:
    """Count the words of a predicate that was given: its own, and the parts that adjoin them.

    frame (Frame): Its frame. A predicate given as one span has parts once it was annotated.
    """
    end = frame.predicate.end
    for part in frame.parts:  # in the order of their words
        if frame.predicate.start < part.start <= end:
            end = max(end, part.end)
    return end - frame.predicate.start


def choose_roleset(
    lexicon: RolesetLexicon, token: Token, given: Frame | None, number: int, score: float
) -> Roleset:
    """Choose the roleset of a predicate: the one that it was given, one of the lexicon, or a guess.

    lexicon (RolesetLexicon): The rolesets by word form.
    token (Token): The predicate.
    given (Frame | None): Its frame, if it had one before.
    number (int): Of the most probable roleset, or -1, from `best_rolesets`.
    score (float, 0 to 1): Its probability.
    """
    if given is not None and given.roleset not in ("", PREDICATE):
        return Roleset(given.roleset, 1.0, given.roleset_known)
    word = word_at(token)
    certainty = lexicon.certainty(word)
    if number < 0:
        name = lexicon.guess(word)
        listed = lexicon.inventory is not None and name in lexicon.inventory
        return Roleset(name, certainty, listed)
    return Roleset(lexicon.rolesets[number], certainty * score, True)
