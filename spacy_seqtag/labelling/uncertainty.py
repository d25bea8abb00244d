"""How unsure probabilities are, and how far those of several pipelines are apart.

`token_entropy` is that of Settles & Craven 2008 ("An Analysis of Active Learning Strategies for
Sequence Labeling Tasks", https://aclanthology.org/D08-1112): the mean entropy of the tokens of a
sequence, so that a sentence does not come first because it is long. `disagreement` is the mean
Kullback-Leibler divergence to the mean (McCallum & Nigam 1998, "Employing EM and Pool-Based Active
Learning for Text Classification"). Both are divided by the most that they can be.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..arrays import Floats

Doubles = NDArray[np.float64]


def entropies(probs: Floats) -> Doubles:
    """Compute the entropy of each row, from 0 (sure) to 1 (all classes are alike).

    probs (Floats, (rows, classes)): Probabilities.
    RETURNS (float64, (rows,)): Divided by that of a uniform distribution.
    """
    n_classes = probs.shape[1]
    if n_classes < 2:
        return np.zeros(len(probs))
    result: Doubles = _entropies(probs) / np.log(n_classes)
    return result


def disagreements(members: Sequence[Floats]) -> Doubles:
    """Compute how far the members are from their mean, row by row.

    members (Sequence[Floats], each (rows, classes)): The probabilities of each pipeline.
    RETURNS (float64, (rows,)): The mean of KL(member || mean), from 0 (they agree) to 1 (each is
        sure of another class).
    """
    n_rows, n_classes = members[0].shape
    most = min(len(members), n_classes)
    if most < 2:
        return np.zeros(n_rows)
    mean = np.mean([np.asarray(own, dtype=np.float64) for own in members], axis=0)
    # The mean divergence to the mean is the entropy of the mean without the mean entropy.
    spread = _entropies(mean) - np.mean([_entropies(own) for own in members], axis=0)
    result: Doubles = np.maximum(spread, 0.0) / np.log(most)
    return result


def _entropies(probs: Floats | Doubles) -> Doubles:
    p = np.asarray(probs, dtype=np.float64)
    logs = np.log(p, where=p > 0, out=np.zeros_like(p))
    result: Doubles = -(p * logs).sum(axis=1)
    return result
