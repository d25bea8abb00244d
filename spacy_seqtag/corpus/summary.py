"""What a conversion wrote, and what the user should know about it."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import printable
from .docs import GROUP, DocMaker
from .formats.remarks import Remarks, lines_of
from .join.layer import JoinReport
from .plural import counted
from .sentence import LAYERS, Sentence

# Combining marks do not count as letters (`str.isalpha`).
_NO_LETTER = re.compile(r"[\W\d_]+")
# Latin with its extensions, and its full-width forms.
_LATIN = re.compile(
    r"[A-Za-z\u00aa-\u02b8\u1e00-\u1eff\u2c60-\u2c7f\ua722-\ua7ff\uab30-\uab6f\uff21-\uff5a]+"
)

_SHOWN = 10  # repairs, and files that were not read


@dataclass
class Summary:
    """The figures of a conversion, and the remarks on it.

    documents, sentences, words (int): Their numbers.
    words_with (Counter[str]): For each layer, the number of words that have it.
    missing (Counter[str]): For each layer, the number of sentences without it.
    entities (Counter[str]): The number of entities of each label.
    predicates, arguments (int): Their numbers.
    without_frames (int): The number of sentences without the layer of semantic roles, which does
        not count those that have it and no predicate.
    repaired (int): Tags read as `B-` because they continued nothing.
    repairs (list[str]): The first few of them.
    mismatched (int): Sentences that lack the layers of a further file because the words there
        differ or cannot be aligned.
    mismatches (list[str]): The first few of them.
    unjoined (int): Sentences of further files that the first file does not have.
    cuts (list[str]): Annotation that counts as missing because Docs were cut through it, one line
        each.
    notes (list[str]): What else the user should know, one line each.
    letters (int): Those of the words.
    other_letters (int): Those of them that are not Latin.
    """

    documents: int = 0
    sentences: int = 0
    words: int = 0
    words_with: Counter[str] = field(default_factory=Counter)
    missing: Counter[str] = field(default_factory=Counter)
    entities: Counter[str] = field(default_factory=Counter)
    predicates: int = 0
    arguments: int = 0
    without_frames: int = 0
    repaired: int = 0
    repairs: list[str] = field(default_factory=list)
    mismatched: int = 0
    mismatches: list[str] = field(default_factory=list)
    unjoined: int = 0
    cuts: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    letters: int = 0
    other_letters: int = 0

    def add_sample(self, size: int, total: int, seed: int, *, rest: bool = False) -> None:
        """Add that a sample is written; the other figures are those of the sample.

        size, total (int): How many sentences are taken, of how many.
        seed (int): Of the order in which they were drawn.
        rest (bool): They are those that were not drawn.
        """
        if size == total:
            self.notes.append("the corpus is no larger than the sample may be: all of it is taken")
            return
        of = counted(total, "<sentence|sentences>")
        what = "the rest beside a sample:" if rest else "a sample of"
        self.notes.append(f"{what} {size:,} of {of}, drawn with seed {seed}")

    def add_doc(self, sentences: Iterable[Sentence]) -> None:
        """Count a Doc that is written, with its sentences."""
        self.documents += 1
        for sentence in sentences:
            self._add(sentence)

    def _add(self, sentence: Sentence) -> None:
        self.sentences += 1
        letters = _NO_LETTER.sub("", "".join(sentence.words))
        self.letters += len(letters)
        self.other_letters += len(_LATIN.sub("", letters))
        self.words += len(sentence.words)
        for name in LAYERS:
            tags = sentence.layer(name)
            if tags is None:
                self.missing[name] += 1
            else:
                self.words_with[name] += len(tags) - tags.count("")
        for tag in sentence.entities or ():
            if tag.startswith("B-"):
                self.entities[tag[2:]] += 1
        self.without_frames += sentence.propositions is None
        for proposition in sentence.propositions or ():
            self.predicates += 1
            self.arguments += len(proposition.arguments)

    def add_labels(self, labels: Collection[str]) -> None:
        """Say of which labels entities were looked for; called when all Docs were added.

        labels (Collection[str]): See `spacy_seqtag.partial.annotated_for`.
        """
        words = "words outside of entities count as not annotated"
        if not labels:
            self.notes.append(f"{words}: nothing is known of them")
            return
        shown = ", ".join(map(printable, labels))
        self.notes.append(f"{words}, but that they belong to no entity of: {shown}")
        if absent := [label for label in labels if label not in self.entities]:
            self.notes.append(
                f"no entity has the label {', '.join(map(printable, absent))}; there are: "
                f"{', '.join(map(printable, sorted(self.entities))) or 'no entities'}"
            )

    def add_passed_over(self, folder: Path, files: Sequence[Path]) -> None:
        """Say which files of a folder were not read."""
        if files:
            names = [printable(str(file.relative_to(folder))) for file in files[:_SHOWN]]
            more = ", …" * (len(files) > _SHOWN)
            self.notes.append(f"{folder}: not read: {', '.join(names)}{more}")

    def add_remarks(
        self, maker: DocMaker, reports: Iterable[JoinReport], files: Sequence[Remarks]
    ) -> None:
        """Add what was found along the way; called at the end.

        maker (DocMaker): What made the Docs.
        reports (Iterable[JoinReport]): How the layers were joined.
        files (Sequence[Remarks]): What was found in the files.
        """
        if maker.n_unmarked:
            what = (
                "<sentence belongs|sentences belong> to no marked document: <it was|they were> put "
                f"into documents of {GROUP} sentences (see --docs-by)"
            )
            self.notes.append(counted(maker.n_unmarked, what))
        self.cuts += [counted(n, what) for what, n in maker.cuts.most_common()]
        for report in reports:
            self.mismatched += report.mismatched
            self.mismatches += report.mismatches
            self.unjoined += report.unjoined
            self.notes += report.notes
        self.notes += lines_of(files)
        for remarks in files:
            self.repaired += remarks.n_repaired
            self.repairs += remarks.repairs
        del self.repairs[_SHOWN:]
