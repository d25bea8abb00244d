"""Scores with intervals: what they would be on other documents of the same kind.

Documents are drawn again and again with replacement, as many as there are, and scored (the
bootstrap of Efron 1979, https://doi.org/10.1214/aos/1176344552). Whole documents are drawn, because
the sentences of one are alike. Two pipelines are compared on the same draws (paired bootstrap:
Berg-Kirkpatrick, Burkett & Klein 2012, https://aclanthology.org/D12-1091).
"""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .outcomes import Outcome

DRAWS = 1000
_SEED = 0
# So many numbers are multiplied at once.
_BLOCK = 50_000_000

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]

# From an outcome, and whether its gold side is meant, to what it counts for; None for nothing.
Key = Callable[[Outcome, bool], str | None]


class Interval(NamedTuple):
    """A score, and where 95% of the draws are; `low` and `high` are NaN for a single document."""

    value: float
    low: float
    high: float


class Scored(NamedTuple):
    """What counts for one label, or for all.

    p, r, f (Interval, 0 to 1): Precision, recall and F-score; NaN where there is nothing to count.
    gold, found, right (int): How many things there are.
    """

    p: Interval
    r: Interval
    f: Interval
    gold: int
    found: int
    right: int


class Difference(NamedTuple):
    """By how much one score is above another.

    value (float): The difference. low, high (float): Where 95% of the draws are.
    p (float): How often a difference as great would come about by the choice of documents, if there
        were none: two-sided, at least 2 / (draws + 1).
    """

    value: float
    low: float
    high: float
    p: float


class Tally(NamedTuple):
    """Counts by document and label.

    labels (list[str]): What is counted.
    counts (int64, (documents, labels, 3)): Right ones, gold ones that are missed, predicted ones
        that are wrong.
    """

    labels: list[str]
    counts: Counts

    @property
    def total(self) -> "Tally":
        """The counts of all labels together, under the name ""."""
        return Tally([""], self.counts.sum(axis=1, keepdims=True))


def by_label(outcome: Outcome, gold: bool) -> str:
    """Count things for their own label."""
    return outcome.gold if gold else outcome.found


def tally(
    outcomes: Iterable[Outcome], n_docs: int, key: Key = by_label, labels: Sequence[str] = ()
) -> Tally:
    """Count outcomes by document and label.

    outcomes (Iterable[Outcome]): Of one task.
    n_docs (int): How many documents there are.
    key (Key): What they count for.
    labels (Sequence[str]): These first, in this order, whether they occur or not; the others
        follow in order of the alphabet.
    """
    rows: list[tuple[int, str, int]] = []
    for outcome in outcomes:
        if outcome.kind == "right":
            found = [(key(outcome, True), 0)]
        else:
            found = [(key(outcome, True), 1)] if outcome.gold_at else []
            found += [(key(outcome, False), 2)] if outcome.found_at else []
        rows += [(outcome.doc, label, column) for label, column in found if label is not None]
    more = sorted({label for _, label, _ in rows} - set(labels))
    names = [*labels, *more]
    number = {label: i for i, label in enumerate(names)}
    counts = np.zeros((n_docs, len(names), 3), dtype=np.int64)
    if rows:
        docs, which, columns = zip(*((doc, number[label], column) for doc, label, column in rows))
        np.add.at(counts, (docs, which, columns), 1)
    return Tally(names, counts)


def score(counts: Counts | Floats) -> Floats:
    """Compute precision, recall and F-score.

    counts ((..., 3)): As in a `Tally`.
    RETURNS (float64, (..., 3)): NaN where there is nothing to count.
    """
    right, missed, wrong = np.moveaxis(np.asarray(counts, dtype=np.float64), -1, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        precision, recall = right / (right + wrong), right / (right + missed)
        f_score = 2 * right / (2 * right + missed + wrong)
    return np.stack([precision, recall, f_score], axis=-1)


def draw(n_docs: int, draws: int = DRAWS, seed: int = _SEED) -> Counts:
    """Draw documents with replacement.

    RETURNS (int64, (draws, documents)): How often each document is in each draw.
    """
    return np.random.default_rng(seed).multinomial(n_docs, np.full(n_docs, 1 / n_docs), draws)


def drawn_scores(counts: Counts, drawn: Counts) -> Floats:
    """Score each draw.

    counts (int64, (documents, labels, 3)): As in a `Tally`.
    drawn (int64, (draws, documents)): From `draw`.
    RETURNS (float64, (draws, labels, 3)): As of `score`.
    """
    n_docs, n_labels, _ = counts.shape
    flat = counts.reshape(n_docs, -1).astype(np.float64)
    step = max(1, _BLOCK // max(1, n_docs + flat.shape[1]))
    parts = [drawn[i : i + step].astype(np.float64) @ flat for i in range(0, len(drawn), step)]
    return score(np.concatenate(parts).reshape(len(drawn), n_labels, 3))


def with_intervals(counted: Tally, drawn: Counts) -> dict[str, Scored]:
    """Score a tally, label by label.

    counted (Tally): At least one document.
    drawn (int64, (draws, documents)): From `draw`.
    """
    if not counted.labels:
        return {}
    low, high = _bounds(drawn_scores(counted.counts, drawn))
    totals = counted.counts.sum(axis=0)
    values = score(totals)
    if len(counted.counts) < 2:
        low = high = np.full_like(values, np.nan)
    return {
        label: Scored(
            *_figures(values[i], low[i], high[i]),
            int(totals[i, 0] + totals[i, 1]),
            int(totals[i, 0] + totals[i, 2]),
            int(totals[i, 0]),
        )
        for i, label in enumerate(counted.labels)
    }


def _figures(values: Floats, low: Floats, high: Floats) -> tuple[Interval, Interval, Interval]:
    p, r, f = (Interval(*map(float, each)) for each in zip(values, low, high, strict=True))
    return p, r, f


def compare(one: Tally, other: Tally, drawn: Counts, figure: int = 2) -> dict[str, Difference]:
    """Compare two tallies of the same documents, label by label.

    one, other (Tally): With the same labels.
    drawn (int64, (draws, documents)): From `draw`.
    figure (int): 0 for precision, 1 for recall, 2 for F-score.
    RETURNS (dict[str, Difference]): By how much `other` is above `one`.
    """
    if one.labels != other.labels:
        raise ValueError("tallies of different labels cannot be compared")
    apart = (drawn_scores(other.counts, drawn) - drawn_scores(one.counts, drawn))[..., figure]
    values = (score(other.counts.sum(axis=0)) - score(one.counts.sum(axis=0)))[..., figure]
    low, high = _bounds(apart)
    result = {}
    for i, label in enumerate(one.labels):
        known = apart[~np.isnan(apart[:, i]), i]
        # How often the draws are on the other side of no difference, or there.
        side = min((known <= 0).sum(), (known >= 0).sum()) if len(known) else 0
        p = min(1.0, 2 * (side + 1) / (len(known) + 1))
        if len(one.counts) < 2 or np.isnan(values[i]):
            p = float("nan")
        result[label] = Difference(float(values[i]), float(low[i]), float(high[i]), float(p))
    return result


def _bounds(drawn: Floats) -> tuple[Floats, Floats]:
    """Find where 95% of the draws are; NaN where no draw has anything to count."""
    empty = np.isnan(drawn).all(axis=0)
    filled = np.where(empty, 0.0, drawn)
    low, high = np.nanpercentile(filled, [2.5, 97.5], axis=0)
    return np.where(empty, np.nan, low), np.where(empty, np.nan, high)
