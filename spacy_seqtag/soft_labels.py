"""Soft labels: what teachers think of each word of a Doc, in `doc.user_data["seqtag_soft"]`.

A label is soft where it is not one class but the probability of each. `python -m spacy seqtag
distil` writes them, the reader `spacy_seqtag.Corpus.v1` checks them and gives them their weight,
and the components learn from them instead of the Doc's own annotation of the same layer.

They hold for the words of the Doc as they were: a checksum of the words tells if they differ.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from spacy.tokens import Doc

from .arrays import Ints, concat_ranges
from .schemes.soft_rows import SoftRows

KEY = "seqtag_soft"

PREDICATE_LAYER = "predicates"
"""The layer that says of each word whether it is a predicate."""
PREDICATE_CLASSES = ("no", "yes")

# Start and end of a stretch of tokens.
Place = tuple[int, int]
# As `doc.user_data` holds them.
Stored = dict[str, Any]


class SoftLabelsError(ValueError):
    """Soft labels that do not belong to the words of their Doc, or are damaged."""


@dataclass
class SoftRoles:
    """What teachers think of the roles of some predicates.

    predicates (Ints, (P,)): The token of each, in order.
    starts, ends (Ints, (P,)): The stretch of words that may hold its arguments.
    confidences (float64, (P,)): The probability that it is a predicate.
    roleset_confidences (float64, (P,)): The probability of its roleset, given that it is one.
    roles (SoftRows): The BIO tag of each word of each stretch, laid end to end.
    """

    predicates: Ints
    starts: Ints
    ends: Ints
    confidences: NDArray[np.float64]
    roleset_confidences: NDArray[np.float64]
    roles: SoftRows

    def cut(self, places: Sequence[Place]) -> "SoftRoles":
        """Return what lies within stretches of tokens, which are laid end to end.

        places (Sequence[Place]): In order. A predicate whose own stretch is not within one of them
            is left out.
        """
        first, last = np.asarray(places, dtype=np.int64).reshape(-1, 2).T
        at = np.searchsorted(first, self.starts, side="right") - 1
        whole = np.flatnonzero((at >= 0) & (self.ends <= last[at]))
        shift = (np.cumsum(last - first) - last)[at[whole]]
        lengths = self.ends - self.starts
        rows = concat_ranges((np.cumsum(lengths) - lengths)[whole], lengths[whole])
        return SoftRoles(
            self.predicates[whole] + shift,
            self.starts[whole] + shift,
            self.ends[whole] + shift,
            self.confidences[whole],
            self.roleset_confidences[whole],
            self.roles.take(rows),
        )

    def to_data(self) -> Stored:
        """Turn the roles into plain data, as `SoftRows.to_data` does."""
        return {
            "places": np.stack([self.predicates, self.starts, self.ends]).astype("<i4").tobytes(),
            "confidences": np.stack([self.confidences, self.roleset_confidences])
            .astype("<f2")
            .tobytes(),
            "roles": self.roles.to_data(),
        }

    @classmethod
    def from_data(cls, data: Stored) -> "SoftRoles":
        """Make the roles of what `to_data` gave."""
        places = np.frombuffer(data["places"], dtype="<i4").astype(np.int64).reshape(3, -1)
        sure = np.frombuffer(data["confidences"], dtype="<f2").astype(np.float64).reshape(2, -1)
        predicates, starts, ends = places
        result = cls(predicates, starts, ends, sure[0], sure[1], SoftRows.from_data(data["roles"]))
        lengths = result.ends - result.starts
        inside = (result.starts <= result.predicates) & (result.predicates < result.ends)
        if len(result.roles) != lengths.sum() or not inside.all():
            raise ValueError("the parts of the roles do not fit each other")
        return result


@dataclass
class SoftLabels:
    """The soft labels of a Doc.

    layers (dict[str, SoftRows]): For each layer one row a token, see `Tagger.soft_layer`.
    roles (SoftRoles | None): None if nobody labelled roles.
    """

    layers: dict[str, SoftRows] = field(default_factory=dict)
    roles: SoftRoles | None = None

    def cut(self, places: Sequence[Place]) -> "SoftLabels":
        """Return those of stretches of tokens, in order, which are laid end to end."""
        rows = np.concatenate([np.arange(start, end) for start, end in places])
        return SoftLabels(
            {name: layer.take(rows) for name, layer in self.layers.items()},
            None if self.roles is None else self.roles.cut(places),
        )


def has_soft_labels(doc: Doc) -> bool:
    """Tell whether a Doc has soft labels."""
    return KEY in doc.user_data


def set_soft_labels(doc: Doc, soft: SoftLabels) -> None:
    """Give a Doc its soft labels.

    doc (Doc): With the words that the labels are of.
    soft (SoftLabels): For each token.
    """
    doc.user_data[KEY] = _to_data(soft, _orths(doc))


def get_soft_labels(doc: Doc, layer: str | None = None) -> SoftLabels | None:
    """Return the soft labels of a Doc.

    doc (Doc): Any Doc.
    layer (str | None): This layer alone, which takes less time; with `PREDICATE_LAYER` come the
        roles. None: all.
    RETURNS (SoftLabels | None): None if it has none.
    RAISES: SoftLabelsError: They are those of other words, or damaged.
    """
    stored = doc.user_data.get(KEY)
    if stored is None:
        return None
    try:
        same = stored["words"] == _checksum(_orths(doc))
        layers = {
            name: SoftRows.from_data(data)
            for name, data in stored["layers"].items()
            if layer in (None, name)
        }
        given = stored["roles"] if layer in (None, PREDICATE_LAYER) else None
        roles = None if given is None else SoftRoles.from_data(given)
        lengths = {len(rows) for rows in layers.values()}
    except (AttributeError, KeyError, TypeError, ValueError):
        raise _error(doc, "damaged soft labels") from None
    if not same or lengths - {len(doc)}:
        raise _error(doc, "soft labels of other words than it has")
    if roles is not None and len(roles.ends) and int(roles.ends.max()) > len(doc):
        raise _error(doc, "damaged soft labels")
    return SoftLabels(layers, roles)


def soft_weight(doc: Doc) -> float:
    """Return the weight that a Doc has in training; 1.0 if nobody gave it one."""
    return float(cast("dict[str, float]", doc.user_data).get(f"{KEY}_weight", 1.0))


def set_soft_weight(doc: Doc, weight: float) -> None:
    """Give a Doc the weight that it has in training.

    doc (Doc): Any Doc; what it teaches counts `weight` times, soft or not.
    weight (float): Above 0.
    """
    doc.user_data[f"{KEY}_weight"] = weight


def cut_soft_labels(doc: Doc, groups: Sequence[Sequence[Place]]) -> list[Stored]:
    """Cut the soft labels of a Doc along with its words.

    doc (Doc): With soft labels.
    groups (Sequence[Sequence[Place]]): The stretches of tokens of which each piece is made.
    RETURNS (list[Stored]): What each piece keeps under `KEY`; none if the Doc has no soft labels.
    RAISES: SoftLabelsError: See `get_soft_labels`.
    """
    soft = get_soft_labels(doc)
    if soft is None:
        return []
    orth = _orths(doc)
    return [
        _to_data(soft.cut(group), np.concatenate([orth[start:end] for start, end in group]))
        for group in groups
    ]


def _to_data(soft: SoftLabels, orth: NDArray[np.uint64]) -> Stored:
    return {
        "words": _checksum(orth),
        "layers": {name: rows.to_data() for name, rows in soft.layers.items()},
        "roles": None if soft.roles is None else soft.roles.to_data(),
    }


def _orths(doc: Doc) -> NDArray[np.uint64]:
    return cast("NDArray[np.uint64]", doc.to_array("ORTH"))


def _checksum(orth: NDArray[np.uint64]) -> int:
    """SpaCy's number of a word is a hash of its letters, the same everywhere."""
    return zlib.crc32(orth.astype("<u8").tobytes())


def _error(doc: Doc, what: str) -> SoftLabelsError:
    return SoftLabelsError(
        f"the Doc that begins {doc.text[:40]!r} has {what}. Make the file anew with "
        "`python -m spacy seqtag distil`"
    )
