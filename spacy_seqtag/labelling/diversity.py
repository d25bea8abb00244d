"""Choosing sentences that are worth labelling and not alike.

Maximal marginal relevance (Carbonell & Goldstein 1998, "The Use of MMR, Diversity-Based Reranking
for Reordering Documents and Producing Summaries"), with uncertainty in the place of relevance: the
next sentence is the one that is uncertain and unlike all those before it. Where diversity alone
counts, this is the greedy k-centre choice of Sener & Savarese 2018
(https://arxiv.org/abs/1708.00489). What is annotated already counts as chosen, as it does there.
"""

from collections.abc import Iterable

import numpy as np

from ..arrays import Floats, Ints
from .uncertainty import Doubles


def choose(
    scores: Doubles, vectors: Floats, n: int, diversity: float, taken: Iterable[Floats] = ()
) -> list[int]:
    """Choose the best rows one after the other.

    Each row counts `(1 - diversity) * its rank among the scores - diversity * similarity`, with
    ranks from 0 (least) to 1 (most), and the cosine similarity to the nearest row that was chosen.
    The mean of the rows is taken off the vectors before, as those of an encoder all point in much
    the same direction.

    scores (Floats, (rows,)): How much each is worth.
    vectors (Floats, (rows, width)): What each is like.
    n (int): How many to choose; fewer if there are fewer.
    diversity (float, 0 to 1): 0: the highest scores; 1: the most unlike.
    taken (Iterable[Floats], each (any, width)): Batches of vectors that count as chosen before.
    RETURNS (list[int]): Numbers of rows, in the order in which they were chosen.
    """
    n_rows = len(scores)
    if not n_rows:
        return []
    centre = vectors.mean(axis=0)
    unit = _unit(vectors - centre)
    nearest = np.full(n_rows, -1.0)
    for batch in taken:
        if len(batch):
            nearest = np.maximum(nearest, (unit @ _unit(batch - centre).T).max(axis=1))
    worth = (1.0 - diversity) * _ranks(scores)
    left = np.ones(n_rows, dtype=bool)
    order: list[int] = []
    # Of equals, the one with the higher score is the first that `argmax` meets.
    by_score = np.argsort(-scores, kind="stable")
    for _ in range(min(n, n_rows)):
        value = np.where(left, worth - diversity * nearest, -np.inf)
        best = int(by_score[value[by_score].argmax()])
        order.append(best)
        left[best] = False
        nearest = np.maximum(nearest, unit @ unit[best])
    return order


def _unit(vectors: Floats) -> Floats:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    result: Floats = vectors / np.maximum(lengths, 1e-12)
    return result


def _ranks(scores: Doubles) -> Doubles:
    """Return the rank of each score among the different ones, from 0 to 1."""
    different, rank = np.unique(scores, return_inverse=True)
    ranks: Ints = rank
    return ranks / max(1, len(different) - 1)
