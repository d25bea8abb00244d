"""What token taggers learn from soft labels: the target distribution of each token of a batch."""

from collections.abc import Callable, Sequence

import numpy as np
from spacy.tokens import Doc
from spacy.training import Example

from ..arrays import Floats, Ints
from ..soft_labels import get_soft_labels, soft_weight
from .loss import MISSING, SoftTargets


def find_classes(reference: Doc, layer: str) -> list[str]:
    """Find the classes that occur in the soft labels of a Doc.

    reference (Doc): With soft labels, or without.
    layer (str): The layer.
    """
    soft = get_soft_labels(reference, layer)
    rows = None if soft is None else soft.layers.get(layer)
    return [] if rows is None else rows.names


def soft_targets(
    examples: Sequence[Example],
    layer: str,
    classes: Sequence[str],
    encode: Callable[[Example], Ints],
    unknown_label: Callable[[str, Example], ValueError],
) -> tuple[Ints, SoftTargets | None]:
    """Find what is to be learned from a batch.

    The soft labels of a Doc stand in the place of its own annotation of that layer.

    examples (Sequence[Example]): With soft labels, gold annotation, or neither.
    layer (str): Of the soft labels.
    classes (Sequence[str]): Of the component.
    encode (Callable): Finds the gold classes of an example, see `TokenTagger.encode`.
    unknown_label (Callable): Makes the error for a label that the component does not have.
    RETURNS (tuple[Ints, SoftTargets | None]): The gold class of each token, or MISSING; and the
        soft targets of further tokens, None if there are none.

    RAISES: ValueError: A label that is not among the classes.
    """
    gold: list[Ints] = []
    rows: list[Ints] = []
    shares: list[Floats] = []
    weights: list[Floats] = []
    offset = 0
    for example in examples:
        n_tokens, weight = len(example.predicted), soft_weight(example.reference)
        own = _soft_rows(example, layer, classes, unknown_label)
        if own is None:
            found = encode(example)
            if weight == 1.0:
                gold.append(found)
                offset += n_tokens
                continue
            own = one_hot(found, len(classes))
        gold.append(np.full(n_tokens, MISSING, dtype=np.int64))
        known = np.flatnonzero(own.any(axis=1))
        rows.append(known + offset)
        shares.append(own[known])
        weights.append(np.full(len(known), weight, dtype=np.float32))
        offset += n_tokens
    classes_of = np.concatenate(gold)
    if not rows:
        return classes_of, None
    soft = SoftTargets(np.concatenate(rows), np.concatenate(shares), np.concatenate(weights))
    return classes_of, soft


def one_hot(classes: Ints, n_classes: int) -> Floats:
    """Return certain classes as distributions.

    classes (Ints, (rows,)): Or MISSING.
    n_classes (int): How many there are.
    RETURNS (float32, (rows, n_classes)): Zero where a class is missing.
    """
    result = np.zeros((len(classes), n_classes), dtype=np.float32)
    known = np.flatnonzero(classes != MISSING)
    result[known, classes[known]] = 1.0
    return result


def _soft_rows(
    example: Example,
    layer: str,
    classes: Sequence[str],
    unknown_label: Callable[[str, Example], ValueError],
) -> Floats | None:
    """Return the distribution of each predicted token, zero where it is not known.

    None if the gold Doc has no soft labels of this layer.
    """
    soft = get_soft_labels(example.reference, layer)
    rows = None if soft is None else soft.layers.get(layer)
    if rows is None:
        return None
    columns = {name: i for i, name in enumerate(classes)}
    if unknown := [name for name in rows.names if name not in columns]:
        raise unknown_label(unknown[0], example)
    if not has_same_words(example):
        rows = rows.take(align_tokens(example))
    return rows.dense(columns, len(classes))


def has_same_words(example: Example) -> bool:
    """Tell whether both Docs of an example have the same words."""
    gold, predicted = example.reference.to_array("ORTH"), example.predicted.to_array("ORTH")
    return np.array_equal(gold, predicted)


def align_tokens(example: Example) -> Ints:
    """Find for each predicted token the gold token with the same characters, or -1."""
    forth, back = example.alignment.x2y, example.alignment.y2x
    result = np.full(len(example.predicted), -1, dtype=np.int64)
    for i, n in enumerate(forth.lengths.tolist()):
        if n == 1 and int(back.lengths[number := int(forth[i][0])]) == 1:
            result[i] = number
    return result
