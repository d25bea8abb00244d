"""A softmax over the few classes that each row may have, of a layer with thousands."""

from collections.abc import Callable

import numpy as np
from thinc.api import Model
from thinc.types import Floats2d

from ..arrays import Ints


def candidate_softmax(
    layer: Model[Floats2d, Floats2d], X: Floats2d, candidates: Ints
) -> tuple[Floats2d, Callable[[Floats2d], Floats2d]]:
    """Compute a linear layer with softmax for some of its classes only.

    layer (Model[Floats2d, Floats2d]): A linear layer: W (classes, nI) and b (classes,).
    X (n, nI): The vectors.
    candidates (n, C): The classes that each row may have, and -1 where it has fewer than others.
    RETURNS: The probabilities (n, C), zeros where there is no candidate, and the backward pass from
        the gradient of the logits (n, C) to that of X.
    """
    ops = layer.ops
    xp = ops.xp
    there = candidates >= 0
    # Thinc adds up rows by numbers of this type in C, by others slowly.
    row, column = (xp.asarray(index, dtype="i") for index in np.nonzero(there))
    number = xp.asarray(candidates[there], dtype="i")
    W, b = layer.get_param("W"), layer.get_param("b")
    probs = ops.alloc2f(*candidates.shape)
    if probs.size:
        logits = xp.full(candidates.shape, -xp.inf, dtype="f")
        logits[row, column] = (X[row] * W[number]).sum(axis=1) + b[number]
        # A row without candidates has no highest logit.
        highest = xp.maximum(logits.max(axis=1, keepdims=True), -1e9)
        probs = xp.exp(logits - highest)
        probs /= xp.maximum(probs.sum(axis=1, keepdims=True), 1e-9)

    def backprop(d_logits: Floats2d) -> Floats2d:
        d_real = d_logits[row, column]
        dX: Floats2d = xp.zeros_like(X)
        dW, db = xp.zeros_like(W), xp.zeros_like(b)
        ops.scatter_add(dX, row, d_real[:, None] * W[number])
        ops.scatter_add(dW, number, d_real[:, None] * X[row])
        ops.scatter_add(db, number, d_real)
        layer.inc_grad("W", dW)
        layer.inc_grad("b", db)
        return dX

    return probs, backprop
