"""Joining the layers of further files to the sentences of the first one."""

import json
import pickle
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from ..files import OutputError, naming
from ..schemes.propositions import Proposition
from .align import ascending, match, match_last
from .sentence import EXAMPLES, LAYERS, FormatError, Sentence, quoted, word_difference
from .words import normal

_NO_SENTENCE = -1


class Outline:
    """What a join has to know of all sentences of a file: ids, documents, and words as a hash.

    path: the first sentence's file. ids: None where an id was made up. lines: of the first words.
    """

    def __init__(self) -> None:
        self.path = Path()
        self.ids: list[str | None] = []
        self.documents: list[str | None] = []
        self.words: list[int] = []
        self.lines: list[int] = []

    def __len__(self) -> int:
        return len(self.words)

    def add(self, sentence: Sentence) -> None:
        """Add the next sentence."""
        if not self.words:
            self.path = sentence.path
        self.ids.append(None if sentence.made_up_id else sentence.sent_id)
        self.documents.append(sentence.doc_id)
        self.words.append(hash(tuple(map(normal, sentence.words))))
        self.lines.append(sentence.line)


class AnyLayer(Protocol):
    """What `join` and its callers need of a layer, such as `Layer`.

    mismatched: sentences of the first file that were found here, but could not be joined;
    mismatches: the first few, one line each. unjoined: sentences here that the first file does
    not have, if they count as left over. notes: what a user should know, one line each.
    """

    @property
    def mismatched(self) -> int: ...
    @property
    def mismatches(self) -> Sequence[str]: ...
    @property
    def unjoined(self) -> int: ...
    @property
    def notes(self) -> list[str]: ...
    def align(self, base: Outline) -> None:
        """Look at all sentences of the first file, before the first is added to."""

    def document_of(self, sentence: Sentence) -> str | None:
        """The name of a sentence's document, if the layer has another opinion than the file."""

    def add_to(self, document: Sequence[Sentence]) -> None:
        """Give the next sentences of the first file those layers that they lack."""

    def finish(self) -> None:
        """Check, after the last sentence, that both files hold the same corpus."""

    def close(self) -> None:
        """Drop the sentences."""


class Layer:
    """The sentences of a further file, to be joined to those of the first one.

    path: the file. sentences: its sentences, read at once. max_mismatch: see `join`.

    Sentences are joined that have the same `sent_id` and the same words. The others are joined by
    their words (see `words.normal`) in order, with gaps on either side, within documents where
    both files have the same; sentences joined by id hold their place among them. In another order,
    only sentences whose words stand once in each file are joined. Where the same words stand
    several times in a gap and the file annotates them differently, the neighbours have to tell, or
    the sentence is in doubt and reported.

    What then is left in the same place on both sides, or with the same id, is a mismatch.

    The sentences are kept in a temporary SQLite database on disk, which has no name and is gone
    when the layer is closed or the process ends.
    """

    def __init__(
        self, path: Path, sentences: Iterable[Sentence], *, max_mismatch: float = 0.02
    ) -> None:
        self.path = path
        self.max_mismatch = max_mismatch
        self.joined = 0
        self.mismatched = 0
        self.mismatches: list[str] = []
        self.unjoined = 0
        self._in_doubt = 0
        self._n_moved = 0  # joined by words that stand in another order here
        self._by_id = 0
        self._base = Outline()
        self._outline = Outline()
        self._position = 0  # of the next base sentence
        self._partner: list[int] = []  # position here of each base sentence's counterpart
        self._differing: dict[int, tuple[int, str]] = {}  # instead of one, and why
        self._first_mismatch: int | None = None
        self._db = sqlite3.connect("")
        try:
            self._db.execute("PRAGMA journal_mode = OFF")
            self._db.execute("CREATE TABLE sentence (position INTEGER PRIMARY KEY, data TEXT)")
            self._db.executemany("INSERT INTO sentence VALUES (?, ?)", self._rows(sentences))
            self._places = self._by_sent_id()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> "Layer":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Drop the sentences."""
        self._db.close()

    def _rows(self, sentences: Iterable[Sentence]) -> Iterator[tuple[int, str]]:
        for position, sentence in enumerate(sentences):
            layers = {name: getattr(sentence, name) for name in (*LAYERS, "propositions")}
            self._outline.add(sentence)
            yield position, json.dumps({"words": sentence.words, "layers": layers})

    def _row(self, position: int) -> dict:
        (data,) = self._db.execute(
            "SELECT data FROM sentence WHERE position = ?", (position,)
        ).fetchone()
        return json.loads(data)

    def _by_sent_id(self) -> dict[str, int]:
        """Where each id stands. RAISES FormatError: one stands for two sentences."""
        result: dict[str, int] = {}
        for position, sent_id in enumerate(self._outline.ids):
            if sent_id is not None and result.setdefault(sent_id, position) != position:
                first = self._outline.lines[result[sent_id]]
                raise _same_id(self.path, self._outline.lines[position], sent_id, first)
        return result

    def align(self, base: Outline) -> None:
        """Find each sentence's counterpart.

        RAISES FormatError: two sentences of the first file have the same id, which is here, too.
        """
        self._base = base
        self._partner = [_NO_SENTENCE] * len(base)
        seen: dict[str, int] = {}
        for i, sent_id in enumerate(base.ids):
            j = _NO_SENTENCE if sent_id is None else self._places.get(sent_id, _NO_SENTENCE)
            if sent_id is None or j == _NO_SENTENCE:
                continue
            if seen.setdefault(sent_id, i) != i:
                raise _same_id(base.path, base.lines[i], sent_id, base.lines[seen[sent_id]])
            if base.words[i] == self._outline.words[j]:
                self._partner[i] = j
        self._by_id = len(base) - self._partner.count(_NO_SENTENCE)
        used = {j for j in self._partner if j != _NO_SENTENCE}
        if self._by_id < len(base) and len(used) < len(self._outline):
            self._align_words(used)
            self._find_mismatches(used)
        self.unjoined = len(self._outline) - len(used)

    def _align_words(self, used: set[int]) -> None:
        mine, theirs = self._items(by_document=False)
        first = match(mine, theirs)
        if set(self._base.documents) & set(self._outline.documents) - {None}:
            in_documents = self._items(by_document=True)
            found = match(*in_documents)
            # Names may agree by chance, such as numbers.
            if len(found) >= 0.9 * len(first):
                (mine, theirs), first = in_documents, found
        last = dict(match_last(mine, theirs))
        for i, j in first:
            if self._partner[i] != _NO_SENTENCE:
                continue
            if last.get(i, j) != j:
                low, high = sorted((j, last[i]))
                candidates = [k for k in range(low, high + 1) if theirs[k] == mine[i]]
                candidates = [k for k in candidates if k not in used]
                chosen = self._choose(i, candidates)
                if chosen is None:
                    times = f"its words stand {len(candidates)} times here, annotated differently"
                    self._differing[i] = (j, times)
                    used.add(j)
                    self._in_doubt += 1
                    continue
                j = chosen
            if j not in used:
                self._partner[i] = j
                used.add(j)
        self._align_unique(used)

    def _align_unique(self, used: set[int]) -> None:
        """Join what stands in another order here, where the words stand once in each file."""
        mine, theirs = Counter(self._base.words), Counter(self._outline.words)
        place = {words: j for j, words in enumerate(self._outline.words) if j not in used}
        for i, words in enumerate(self._base.words):
            free = self._partner[i] == _NO_SENTENCE and i not in self._differing
            if free and words in place and mine[words] == theirs[words] == 1:
                self._partner[i] = place[words]
                used.add(place[words])
                self._n_moved += 1

    def _items(self, *, by_document: bool) -> tuple[list, list]:
        """The sentences of both files as what has to be equal; those joined by id are unique."""
        shared = set(self._base.documents) & set(self._outline.documents) if by_document else set()
        mine, theirs = (
            [
                (document if document in shared else None, words)
                for document, words in zip(side.documents, side.words, strict=True)
            ]
            for side in (self._base, self._outline)
        )
        for i, j in enumerate(self._partner):
            if j != _NO_SENTENCE:
                mine[i] = theirs[j] = ("joined", i)
        return mine, theirs

    def _choose(self, i: int, candidates: list[int]) -> int | None:
        """Which of several sentences of the same words is that of base sentence `i`."""
        if not candidates:
            return None
        layers = [self._row(j)["layers"] for j in candidates]
        if all(layer == layers[0] for layer in layers):
            return candidates[0]
        near = [
            sum(
                _at(self._base.words, i + step) == _at(self._outline.words, j + step)
                for step in (-1, 1)
            )
            for j in candidates
        ]
        best = [j for j, n in zip(candidates, near, strict=True) if n == max(near)]
        return best[0] if len(best) == 1 and max(near) else None

    def _find_mismatches(self, used: set[int]) -> None:
        """Pair what is left on both sides and should be the same sentence."""
        base, here = self._base, self._outline

        def left(i: int) -> bool:
            return self._partner[i] == _NO_SENTENCE and i not in self._differing

        for i, sent_id in enumerate(base.ids):
            j = self._places.get(sent_id or "", _NO_SENTENCE)
            if j not in used and j != _NO_SENTENCE and left(i):
                self._differing[i] = (j, "")
                used.add(j)
        pairs = [(i, j) for i, j in enumerate(self._partner) if j != _NO_SENTENCE]
        pairs += [(i, j) for i, (j, _) in self._differing.items()]
        i = j = 0
        for i_end, j_end in [*ascending(sorted(pairs)), (len(base), len(here))]:
            rows = [k for k in range(i, i_end) if left(k)]
            others = [k for k in range(j, j_end) if k not in used]
            # Where ids tell sentences of both files apart, these are different sentences.
            if self._by_id:
                rows = [k for k in rows if base.ids[k] is None]
                others = [k for k in others if here.ids[k] is None]
            why = "" if len(rows) == len(others) else "no sentence in its place has its words"
            for mine, theirs in zip(rows, others, strict=False):
                self._differing[mine] = (theirs, why)
                used.add(theirs)
            i, j = i_end + 1, j_end + 1

    def document_of(self, sentence: Sentence) -> str | None:
        """Nothing: this layer is joined by sentences."""
        return None

    def add_to(self, document: Sequence[Sentence]) -> None:
        """Give the next sentences of the first file those layers that they lack and this has."""
        for sentence in document:
            position = self._position
            self._position += 1
            partner = self._partner[position]
            if partner != _NO_SENTENCE:
                self._add(sentence, self._row(partner)["layers"])
            elif position in self._differing:
                self._mismatch(sentence, *self._differing[position])

    def _add(self, sentence: Sentence, layers: dict) -> None:
        self.joined += 1
        for name in LAYERS:
            if getattr(sentence, name) is None:
                setattr(sentence, name, layers[name])
        props = layers["propositions"]
        if sentence.propositions is None and props is not None:
            sentence.propositions = [Proposition.from_json(prop) for prop in props]

    def _mismatch(self, sentence: Sentence, position: int, why: str) -> None:
        self.mismatched += 1
        line = self._outline.lines[position]
        if self._first_mismatch is None:
            self._first_mismatch = line
        if len(self.mismatches) < EXAMPLES:
            why = why or difference(
                self._row(position)["words"], sentence.words, f"{sentence.path}:{sentence.line}"
            )
            self.mismatches.append(f"{self.path}:{line}: sentence {sentence.sent_id}: {why}")

    def finish(self) -> None:
        """Check, after the last sentence, that both files hold the same sentences.

        RAISES FormatError: see `join`.
        """
        # A sentence in doubt does not speak against the file.
        other = self.mismatched - self._in_doubt
        compared = self.joined + other
        if other > self.max_mismatch * compared:
            raise FormatError(
                self.path,
                self._first_mismatch,
                f"layers of different sentences: {other} of {compared} sentences, "
                f"this one first, have other words than in {self._base.path}",
                "Give files of the same version of the corpus, or raise --max-mismatch "
                f"(now {self.max_mismatch:g})",
            )
        if self.joined == 0:
            raise FormatError(
                self.path,
                None,
                f"layers of different sentences: none of the {len(self._outline)} here is in "
                f"{self._base.path}, neither by sent_id nor by its words",
                "Give files of the same corpus",
            )

    @property
    def notes(self) -> list[str]:
        """How the sentences were joined."""
        by_words = self.joined - self._by_id
        n_base = len(self._base)
        how = [
            f"by {what}: {n:,} of {n_base:,} sentences"
            for what, n in (("sent_id", self._by_id), ("words", by_words))
            if n
        ]
        if self._n_moved:
            how.append(f"in another order: {self._n_moved:,}")
        missing = n_base - self.joined - self.mismatched
        if missing:
            how.append(f"missing the layer: {missing:,}")
        if self.unjoined:
            how.append(f"not used: {self.unjoined:,}")
        notes = [f"{self.path}: joined {', '.join(how)}"] if self.joined else []
        other = sum(
            j != _NO_SENTENCE
            and self._by_id > 0
            and None not in (self._base.ids[i], self._outline.ids[j])
            and self._base.ids[i] != self._outline.ids[j]
            for i, j in enumerate(self._partner)
        )
        if other:
            notes.append(
                f"{self.path}: {other:,} sentences have the words of one with another sent_id in "
                f"{self._base.path}: the words were followed"
            )
        return notes


def difference(here: Sequence[str], base: Sequence[str], place: str) -> str:
    """In what the words of a sentence differ from those of the first file's, at `place`."""
    keys = [[normal(word) for word in words] for words in (here, base)]
    differs = [i for i, (a, b) in enumerate(zip(*keys, strict=False)) if a != b]
    at = differs[0] if differs else min(len(here), len(base))
    mine, theirs = (quoted(words[at]) if at < len(words) else "nothing" for words in (here, base))
    detail = ""
    if at < len(here) and at < len(base):
        detail = word_difference(here[at], base[at])
    detail = f" ({detail})" if detail else ""
    return f"word {at + 1} is {mine}, but {theirs} in {place}{detail}"


def _at(values: Sequence[int], position: int) -> int | None:
    return values[position] if 0 <= position < len(values) else None


def _same_id(path: Path, line: int, sent_id: str, first: int) -> FormatError:
    return FormatError(
        path,
        line,
        f"sent_id {sent_id!r} stands for a second sentence, the first is in line {first}",
        "Give every sentence its own sent_id",
    )


def join(base: Iterable[Sentence], layers: Sequence[AnyLayer]) -> Iterator[Sentence]:
    """The sentences of the first file with the layers of the further ones.

    How they are joined stands in `Layer` and `PropbankLayer`. A layer that several files have is
    that of the first of them. A sentence whose words differ is reported in `mismatches` and left
    without the layer.

    The sentences of the first file are kept in a nameless temporary file meanwhile.

    RAISES FormatError: no sentence is shared; of those that should be the same, more than the
    share `max_mismatch` have other words; a `sent_id` stands for two sentences. OutputError: the
    temporary file cannot be written.
    """
    if not layers:
        yield from base
        return
    with _kept(base) as (outline, sentences):
        for layer in layers:
            layer.align(outline)
        for document in _documents(sentences, layers):
            for layer in layers:
                layer.add_to(document)
            yield from document
    for layer in layers:
        layer.finish()


@contextmanager
def temporary_storage() -> Iterator[None]:
    """Let errors of SQLite name the folder of temporary files. RAISES OutputError: instead."""
    try:
        yield
    except sqlite3.Error as error:
        raise OutputError(
            tempfile.gettempdir(), OSError(None, f"temporary data: {error}")
        ) from error


@contextmanager
def _kept(sentences: Iterable[Sentence]) -> Iterator[tuple[Outline, Iterator[Sentence]]]:
    """The outline of sentences that are read once, and the sentences from a temporary file."""
    folder = Path(tempfile.gettempdir())
    outline = Outline()
    with tempfile.TemporaryFile() as file:
        for sentence in sentences:
            outline.add(sentence)
            with naming(folder):
                pickle.dump(sentence, file, pickle.HIGHEST_PROTOCOL)
        with naming(folder):
            file.seek(0)
        yield outline, (pickle.load(file) for _ in range(len(outline)))


def _documents(
    sentences: Iterable[Sentence], layers: Sequence[AnyLayer]
) -> Iterator[list[Sentence]]:
    """The sentences of each document; a sentence that belongs to none by itself."""
    document: list[Sentence] = []
    last: str | None = None
    for sentence in sentences:
        named = (layer.document_of(sentence) for layer in layers)
        name = next(filter(None, named), sentence.doc_id)
        if document and (
            name is None or name != last or (sentence.new_doc and name == sentence.doc_id)
        ):
            yield document
            document = []
        document.append(sentence)
        last = name
    if document:
        yield document
