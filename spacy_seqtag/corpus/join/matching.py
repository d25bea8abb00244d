"""Which sentences of two files are the same.

Sentences with the same `sent_id` and the same words are the same. The others are matched by their
words: in the same order, with gaps on either side, and within documents if both files have the
same ones; between them, sentences matched by id stay where they are. Sentences in a different order
are matched only if their words occur once in each file. If the same words occur several times in a
gap with different annotation, the neighbouring sentences decide; if they cannot, the sentence is in
doubt.

What is then left over in the same place on both sides, or with the same id, is a mismatch.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field

from ..errors import FormatError
from .align import ascending, match, match_last
from .layer import Outline

NO_SENTENCE = -1
"""In place of the counterpart of a sentence that has none."""

# Names of documents, such as numbers, may agree by chance. They count only if matching within
# documents finds nearly as many sentences as without them.
_MOST = 0.9

Alike = Callable[[Sequence[int]], bool]
"""Tells whether sentences of the layer, by their positions, say the same."""


@dataclass
class Matching:
    """The counterparts of the sentences of the first file.

    partner (list[int]): For each, the position of its counterpart in the layer, or NO_SENTENCE.
    mismatches (dict[int, tuple[int, str]]): For sentences without counterpart, the one that is
        in its place, and why it is no counterpart ("" if just the words differ).
    used (set[int]): The sentences of the layer that are among these.
    n_by_id (int): How many counterparts have the same `sent_id`.
    n_moved (int): How many counterparts are in a different order.
    n_in_doubt (int): How many of the mismatches may be one of several sentences.
    """

    partner: list[int]
    mismatches: dict[int, tuple[int, str]] = field(default_factory=dict)
    used: set[int] = field(default_factory=set)
    n_by_id: int = 0
    n_moved: int = 0
    n_in_doubt: int = 0

    def pair(self, i: int, j: int) -> None:
        """Make a sentence of the layer the counterpart of one of the first file."""
        self.partner[i] = j
        self.used.add(j)

    def mismatch(self, i: int, j: int, why: str) -> None:
        """Note the sentence of the layer that is in the place of a counterpart."""
        self.mismatches[i] = (j, why)
        self.used.add(j)

    def is_open(self, i: int) -> bool:
        """Tell whether nothing has been found yet for a sentence of the first file."""
        return self.partner[i] == NO_SENTENCE and i not in self.mismatches


def positions_by_id(outline: Outline) -> dict[str, int]:
    """Find the sentence of each `sent_id`.

    RAISES: FormatError: Two sentences have the same.
    """
    result: dict[str, int] = {}
    for position, sent_id in enumerate(outline.ids):
        if sent_id is not None and result.setdefault(sent_id, position) != position:
            raise _same_id(outline, position, sent_id, result[sent_id])
    return result


def match_outlines(base: Outline, here: Outline, places: dict[str, int], alike: Alike) -> Matching:
    """Find the counterpart of each sentence of the first file.

    base, here (Outline): The sentences of the first file, and those of the layer.
    places (dict[str, int]): The sentences of the layer by id, see `positions_by_id`.
    alike (Alike): Tells whether sentences of the layer say the same.
    RAISES: FormatError: Two sentences of the first file have the same id, which is here, too.
    """
    matching = Matching([NO_SENTENCE] * len(base))
    _match_ids(base, here, places, matching)
    if matching.n_by_id < len(base) and len(matching.used) < len(here):
        _match_words(base, here, alike, matching)
        _match_unique_words(base, here, matching)
        _find_mismatches(base, here, places, matching)
    return matching


def _match_ids(base: Outline, here: Outline, places: dict[str, int], matching: Matching) -> None:
    seen: dict[str, int] = {}
    for i, sent_id in enumerate(base.ids):
        j = NO_SENTENCE if sent_id is None else places.get(sent_id, NO_SENTENCE)
        if sent_id is None or j == NO_SENTENCE:
            continue
        if seen.setdefault(sent_id, i) != i:
            raise _same_id(base, i, sent_id, seen[sent_id])
        if base.words[i] == here.words[j]:
            matching.pair(i, j)
            matching.n_by_id += 1


def _match_words(base: Outline, here: Outline, alike: Alike, matching: Matching) -> None:
    """Match the sentences of the same words in order."""
    mine, theirs = _items(base, here, matching, by_document=False)
    first = match(mine, theirs)
    if set(base.documents) & set(here.documents) - {None}:
        in_documents = _items(base, here, matching, by_document=True)
        found = match(*in_documents)
        if len(found) >= _MOST * len(first):
            (mine, theirs), first = in_documents, found
    last = dict(match_last(mine, theirs))
    for i, j in first:
        if matching.partner[i] != NO_SENTENCE:
            continue
        if last.get(i, j) != j:
            low, high = sorted((j, last[i]))
            same = [k for k in range(low, high + 1) if theirs[k] == mine[i]]
            candidates = [k for k in same if k not in matching.used]
            chosen = _choose(i, candidates, base, here, alike)
            if chosen is None:
                times = f"its words stand {len(candidates)} times here, annotated differently"
                matching.mismatch(i, j, times)
                matching.n_in_doubt += 1
                continue
            j = chosen
        if j not in matching.used:
            matching.pair(i, j)


def _items(
    base: Outline, here: Outline, matching: Matching, *, by_document: bool
) -> tuple[list[Hashable], list[Hashable]]:
    """Make keys of the sentences of both files; those matched by id get a key of their own."""
    shared = set(base.documents) & set(here.documents) if by_document else set()
    mine, theirs = (
        [
            (document if document in shared else None, words)
            for document, words in zip(side.documents, side.words, strict=True)
        ]
        for side in (base, here)
    )
    left: list[Hashable] = list(mine)
    right: list[Hashable] = list(theirs)
    for i, j in enumerate(matching.partner):
        if j != NO_SENTENCE:
            left[i] = right[j] = ("joined", i)
    return left, right


def _choose(
    i: int, candidates: Sequence[int], base: Outline, here: Outline, alike: Alike
) -> int | None:
    """Choose among sentences of the same words the counterpart of sentence `i`."""
    if not candidates:
        return None
    if alike(candidates):
        return candidates[0]
    near = [
        sum(_at(base.words, i + step) == _at(here.words, j + step) for step in (-1, 1))
        for j in candidates
    ]
    best = [j for j, n in zip(candidates, near, strict=True) if n == max(near)]
    return best[0] if len(best) == 1 and max(near) else None


def _match_unique_words(base: Outline, here: Outline, matching: Matching) -> None:
    """Match sentences in a different order, if their words occur once in each file."""
    mine, theirs = Counter(base.words), Counter(here.words)
    place = {words: j for j, words in enumerate(here.words) if j not in matching.used}
    for i, words in enumerate(base.words):
        if matching.is_open(i) and words in place and mine[words] == theirs[words] == 1:
            matching.pair(i, place[words])
            matching.n_moved += 1


def _find_mismatches(
    base: Outline, here: Outline, places: dict[str, int], matching: Matching
) -> None:
    """Pair what is left on both sides and should be the same sentence."""
    for i, sent_id in enumerate(base.ids):
        j = places.get(sent_id or "", NO_SENTENCE)
        if j not in matching.used and j != NO_SENTENCE and matching.is_open(i):
            matching.mismatch(i, j, "")
    pairs = [(i, j) for i, j in enumerate(matching.partner) if j != NO_SENTENCE]
    pairs += [(i, j) for i, (j, _) in matching.mismatches.items()]
    i = j = 0
    for i_end, j_end in [*ascending(sorted(pairs)), (len(base), len(here))]:
        rows = [k for k in range(i, i_end) if matching.is_open(k)]
        others = [k for k in range(j, j_end) if k not in matching.used]
        # Where ids tell sentences of both files apart, these are different sentences.
        if matching.n_by_id:
            rows = [k for k in rows if base.ids[k] is None]
            others = [k for k in others if here.ids[k] is None]
        why = "" if len(rows) == len(others) else "no sentence in its place has its words"
        for mine, theirs in zip(rows, others, strict=False):
            matching.mismatch(mine, theirs, why)
        i, j = i_end + 1, j_end + 1


def _at(values: Sequence[int], position: int) -> int | None:
    return values[position] if 0 <= position < len(values) else None


def _same_id(outline: Outline, position: int, sent_id: str, first: int) -> FormatError:
    path = outline.paths[position]
    where = f"in line {outline.lines[first]}"
    if outline.paths[first] != path:
        where = f"at {outline.paths[first]}:{outline.lines[first]}"
    return FormatError(
        path,
        outline.lines[position],
        f"sent_id {sent_id!r} stands for a second sentence, the first is {where}",
        "Give every sentence its own sent_id",
    )
