"""Props, the columns of the CoNLL-2005 shared task, as a layer: https://aclanthology.org/W05-0620

A row holds the predicate's name, its lemma, or `-` for other words, and one column of brackets a
predicate. There are no words, so another file has to give them.
"""

import json
import re
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..schemes.propositions import NO_ROLESET, PREDICATE, ColumnError, Proposition, read_columns
from .join import Outline
from .sentence import EXAMPLES, FormatError, Progress, Sentence, no_sentence, read_lines
from .words import names_predicate

_ROLE = re.compile(r"\(((?:[CR]-)?)A(?=[0-9AM])")


def propbank_cell(cell: str) -> str:
    """A cell with the role names of PropBank: `(ARG0*` for `(A0*`. Undoes `conll05_role`."""
    return _ROLE.sub(r"(\1ARG", cell)


def read_props(
    path: Path, *, notes: Counter[str], progress: Progress | None = None
) -> Iterator[tuple[int, list[str], list[Proposition]]]:
    """For each sentence its first line, the names of its words, and the propositions.

    Rolesets are not known here (`V`).

    RAISES FormatError: rows of different lengths in a sentence, columns that `read_columns` cannot
    read, a file that is missing, empty, not UTF-8 or without a sentence.
    """
    rows: list[list[str]] = []
    first = 0
    found = False
    for line, text in read_lines(path, progress):
        columns = text.split()
        if not columns:
            if rows:
                yield first, *_sentence(path, first, rows, notes)
                rows = []
            continue
        found = True
        first = first if rows else line
        if rows and len(columns) != len(rows[0]):
            raise FormatError(
                path,
                line,
                f"{len(columns)} columns, but {len(rows[0])} in the sentence's first row",
                "Give each predicate of the sentence a column in every row",
            )
        rows.append(columns)
    if rows:
        yield first, *_sentence(path, first, rows, notes)
    if not found:
        raise no_sentence(path)


def _sentence(
    path: Path, line: int, rows: list[list[str]], notes: Counter[str]
) -> tuple[list[str], list[Proposition]]:
    names = [row[0] for row in rows]
    try:
        props, found = read_columns(names, [list(map(propbank_cell, row[1:])) for row in rows])
    except ColumnError as error:
        raise FormatError(path, line + error.token, error.message, error.fix) from None
    notes.update(found)
    return names, [prop._replace(roleset=PREDICATE) for prop in props]


class PropsLayer:
    """The propositions of a file of props, to be joined to the sentences of the first file.

    Without words only the order is left to join by: both files have to hold the same number of
    sentences, each with the same number of words. Where more than half of the names of a
    sentence's predicates cannot be those of its words (see `words.names_predicate`), it is
    reported and has no layer.

    path, max_mismatch: see `Layer`. mismatched, mismatches: the sentences without evidence.

    The sentences are kept in a temporary SQLite database on disk, which has no name and is gone
    when the layer is closed or the process ends.
    """

    def __init__(
        self, path: Path, *, max_mismatch: float = 0.02, progress: Progress | None = None
    ) -> None:
        self.path = path
        self.max_mismatch = max_mismatch
        self.mismatched = 0
        self.mismatches: list[str] = []
        self.unjoined = 0
        self._notes = Counter[str]()
        self._size = 0
        self._position = 0
        self._db = sqlite3.connect("")
        try:
            self._db.execute("PRAGMA journal_mode = OFF")
            self._db.execute("CREATE TABLE sentence (position INTEGER PRIMARY KEY, data TEXT)")
            for row in read_props(path, notes=self._notes, progress=progress):
                self._db.execute(
                    "INSERT INTO sentence VALUES (?, ?)", (self._size, json.dumps(row))
                )
                self._size += 1
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Drop the sentences."""
        self._db.close()

    def document_of(self, sentence: Sentence) -> str | None:
        """Nothing: this layer is joined by sentences."""
        return None

    def align(self, base: Outline) -> None:
        """Check that there are as many sentences as here. RAISES FormatError: there are not."""
        if len(base) != self._size:
            raise FormatError(
                self.path,
                None,
                f"{self._size} sentences here, {len(base)} in {base.path}, and without words they "
                "can only be joined by their order",
                "Give props of all sentences, or use .gold_conll files, which have words",
            )

    def add_to(self, document: Sequence[Sentence]) -> None:
        """Give the next sentences of the first file the propositions that they lack.

        RAISES FormatError: a sentence has another number of words than here.
        """
        for sentence in document:
            (data,) = self._db.execute(
                "SELECT data FROM sentence WHERE position = ?", (self._position,)
            ).fetchone()
            self._position += 1
            line, names, rows = json.loads(data)
            if len(names) != len(sentence.words):
                raise FormatError(
                    self.path,
                    line,
                    f"the sentence has {len(names)} words here, and {len(sentence.words)} in "
                    f"{sentence.path}:{sentence.line}",
                    "Give props of the same sentences, in the same order",
                )
            self._add(sentence, line, names, [Proposition.from_json(row) for row in rows])

    def _add(
        self, sentence: Sentence, line: int, names: list[str], props: list[Proposition]
    ) -> None:
        evidence = Counter[bool]()
        other = ""
        for position in (prop.predicate for prop in props):
            words = {sentence.words[position]}
            if sentence.lemmas is not None:
                words.add(sentence.lemmas[position])
            name = names[position] if names[position] != NO_ROLESET else ""
            fits = names_predicate({name}, words)
            evidence[fits] += 1
            other = other if fits else f"{name!r} is no predicate of {sentence.words[position]!r}"
        if evidence[False] <= evidence[True]:
            if sentence.propositions is None:
                sentence.propositions = props
            return
        self.mismatched += 1
        if len(self.mismatches) < EXAMPLES:
            self.mismatches.append(
                f"{self.path}:{line}: sentence {sentence.sent_id}: {other}, in "
                f"{sentence.path}:{sentence.line}"
            )

    def finish(self) -> None:
        """RAISES FormatError: too many sentences have other predicates, see `Layer`."""
        if self.mismatched > self.max_mismatch * self._size:
            raise FormatError(
                self.path,
                None,
                f"layers of different sentences: {self.mismatched} of {self._size} have other "
                f"predicates, the first is {self.mismatches[0]}",
                "Give files of the same version of the corpus, or raise --max-mismatch "
                f"(now {self.max_mismatch:g})",
            )

    @property
    def notes(self) -> list[str]:
        """How the sentences were joined, and what else a user should know."""
        joined = self._size - self.mismatched
        how = f"{self.path}: joined by order: {joined:,} of {self._size:,} sentences"
        return [how, *(f"{n} {what}" for what, n in self._notes.most_common())]
