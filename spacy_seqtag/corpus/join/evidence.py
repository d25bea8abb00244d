"""Evidence that a sentence of a PropBank layer is a certain sentence of the first file.

There are two kinds: their words (if these are masked, their parts of speech) agree, and the words
in the places of the predicates fit the names of the frame files and rolesets.
"""

from collections.abc import Sequence
from functools import lru_cache
from operator import eq

from ...schemes.propositions import PREDICATE
from ...schemes.rolesets import frame_file
from ..sentence import Sentence, tags_of
from .documents import Source
from .tokens import REVISED, match_sentences
from .words import names_predicate, normal


@lru_cache(maxsize=1 << 16)
def _may_be(frame_name: str, roleset: str, word: str, lemma: str | None) -> bool:
    """Tell whether a word with its lemma can be that of a roleset."""
    names = {frame_name}
    if roleset != PREDICATE:
        names.add(frame_file(roleset))
    return names_predicate(names, {word} if lemma is None else {word, lemma})


class Evidence:
    """Compares the sentences of a document of the layer with those of the first file.

    rows (Sequence[Source]): The sentences of the layer.
    document (Sequence[Sentence]): Those of the first file.
    masked (bool): Whether the words of the layer are masked.
    source, target (list[list[str]]): What is compared of both: words, or parts of speech.
    """

    def __init__(
        self, rows: Sequence[Source], document: Sequence[Sentence], *, masked: bool
    ) -> None:
        self.masked = masked
        self._rows = rows
        self._document = document
        self.source: list[list[str]]
        self.target: list[list[str]]
        if masked:
            self.source = [row.xpos for row in rows]
            self.target = [list(tags_of(sentence, "xpos")) for sentence in document]
        else:
            self.source = [list(map(normal, row.words)) for row in rows]
            self.target = [list(map(normal, sentence.words)) for sentence in document]

    def weight(self, i: int, j: int) -> float:
        """Weigh the evidence that source sentence `i` is target sentence `j`."""
        source, target = self.source[i], self.target[j]
        size = len(source)
        if size != len(target):
            return 0
        equal = size if source == target else sum(map(eq, source, target))
        if size - equal > REVISED or 2 * equal < size:
            return 0
        props = self._rows[i].propositions
        n_fitting = sum(self.fits(i, n, j, prop.predicate) for n, prop in enumerate(props))
        contradicted = self.contradicts(n_fitting, len(props) - n_fitting)
        return 0 if contradicted else equal + n_fitting

    def fits(self, i: int, n: int, j: int, position: int) -> bool:
        """Tell whether a word can be that of proposition `n` of source sentence `i`.

        j, position (int): The target sentence, and the word in it.
        """
        row = self._rows[i]
        prop = row.propositions[n]
        if not self.masked and self.source[i][prop.predicate] == self.target[j][position]:
            return True
        sentence = self._document[j]
        lemma = None if sentence.lemmas is None else sentence.lemmas[position]
        return _may_be(row.frame_files[n], prop.roleset, sentence.words[position], lemma)

    def contradicts(self, n_fitting: int, n_other: int) -> bool:
        """Tell whether the predicates of a sentence are those of other words.

        n_fitting, n_other (int): How many of them fit, and how many do not.
        """
        # Tags say less than words, but a frame file may have a different name than its verb.
        return n_other > (n_fitting if self.masked else 0)

    def in_doubt(self, pairs: Sequence[tuple[int, int]]) -> set[int]:
        """Find target sentences that may also be another source sentence, annotated differently.

        pairs (Sequence[tuple[int, int]]): Sentences that are the same, by `match_sentences`.
        """
        n, m = len(self.source), len(self.target)
        if n == m == len(pairs):
            return set()
        found = match_sentences(
            self.source[::-1],
            self.target[::-1],
            lambda i, j: self.weight(n - 1 - i, m - 1 - j),
        )
        last = {m - 1 - j: n - 1 - i for i, j in found}
        return {
            j
            for i, j in pairs
            if any(
                self.weight(other, j) >= self.weight(i, j)
                and self._rows[other].propositions != self._rows[i].propositions
                for other in range(min(i, last.get(j, i)), max(i, last.get(j, i)) + 1)
            )
        }
