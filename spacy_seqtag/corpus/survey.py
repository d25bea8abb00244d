"""What a corpus holds, and what in it stands in the way of training: one pass over its Docs.

Nothing is kept of a Doc but counts, a few examples, and the hashes of its sentences.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import spacy
from numpy.typing import NDArray
from spacy.tokens import Doc, Span

from ..errors import printable
from ..frames import ARGUMENTS, PREDICATES, annotated_tokens, propositions
from ..models.wordpieces import WordTokenizer
from ..ranges import concat_ranges
from .reader import sentence_bounds

if TYPE_CHECKING:  # it takes seconds to import
    from transformers import PreTrainedTokenizerBase

LAYERS = {
    "pos": "parts of speech (pos)",
    "tag": "tags (tag)",
    "lemma": "lemmas",
    "ents": "entities",
    "srl": "semantic roles",
}
"""The layers that are looked at, with their titles."""
LABELLED = ("pos", "tag", "ents", "srl")
"""The layers that a component can be trained on."""

EXAMPLES = 3
"""How many examples of a finding are shown."""
FEW_LABELS = 10
"""Labels that occur less often than this are hardly learned."""
FEW_SENTENCES = 100
"""Fewer sentences than this hardly train anything (spaCy's `debug data` draws the same line)."""
_LONG = 5  # words; shorter sentences ("Thank you .") are repeated in any corpus

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Finding:
    """message: what was found and how to mend it, in one line. error: whether a corpus with it
    cannot be trained on; else it is a warning."""

    message: str
    error: bool = False


@dataclass
class Tally:
    """How often something was found, with the first examples."""

    n: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, text: str, document: int) -> None:
        self.n += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append(f"'{printable(text)}' (document {document})")

    def __str__(self) -> str:
        more = ", …" if self.n > len(self.examples) else ""
        return ", ".join(self.examples) + more


@dataclass
class Layer:
    """words: how many are annotated, white space left out. sentences: how many are annotated as a
    whole. labels: how often each occurs."""

    words: int = 0
    sentences: int = 0
    labels: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class _Seen:
    """A sentence: the number of its split, and a hash of each layer (None: not annotated)."""

    split: int
    layers: tuple[int | None, ...]


class Encoder:
    """What the encoder of a pipeline reads of words.

    tokenizer: a fast tokenizer of transformers. max_wordpieces: see
    `spacy_seqtag.sentence_windows.v1`.
    """

    def __init__(self, tokenizer: "PreTrainedTokenizerBase", max_wordpieces: int = 128) -> None:
        self._words = WordTokenizer(tokenizer)
        n_special = len(self._words.prefix) + len(self._words.suffix)
        self.window = min(max_wordpieces, tokenizer.model_max_length) - n_special
        self._unknown = tokenizer.unk_token_id

    def __call__(self, doc: Doc) -> tuple[Ints, Bools]:
        """How many wordpieces each token has, and whether any of them is unknown."""
        pieces = self._words([doc])
        tokens = np.repeat(np.arange(len(doc)), pieces.counts)
        unknown = pieces.ids[concat_ranges(pieces.firsts, pieces.counts)] == self._unknown
        return pieces.counts, np.bincount(tokens[unknown], minlength=len(doc)) > 0


class Survey:
    """What the Docs of a split (train, dev, …) hold; they are given to `add` one by one.

    name: the split's, for messages. earlier: the split before, with whose sentences those of this
    one are compared, too. encoder: to look for words that it cannot read. lang: language whose
    tokenizer should cut raw text into the corpus's words; None: not looked at.
    """

    def __init__(
        self,
        name: str,
        earlier: "Survey | None" = None,
        encoder: Encoder | None = None,
        lang: str | None = None,
    ) -> None:
        self.name = name
        self.names: list[str] = [*(earlier.names if earlier else ()), name]
        self.documents = self.empty_documents = self.sentences = self.words = 0
        self.rolesets: Counter[str] = Counter()
        self.layers = {layer: Layer() for layer in LAYERS}
        self.unbounded, self.unbounded_words = Tally(), 0
        self.crossing, self.spaced, self.unlabelled = Tally(), Tally(), Tally()
        self.unreadable, self.unknown, self.long = Tally(), Tally(), Tally()
        self.other_words, self.lost_entities = Tally(), Tally()
        self.duplicates = Tally()
        self.contradictions = {layer: Tally() for layer in LABELLED}
        self.overlaps: dict[int, Tally] = {}
        self._seen: dict[int, _Seen] = earlier._seen if earlier else {}
        self._encoder = encoder
        self._nlp = None if lang is None else spacy.blank(lang)
        if self._nlp is not None:
            self._nlp.max_length = 2**31

    def add(self, doc: Doc) -> None:
        """Count a Doc; its vocab is that of a language, which knows white space."""
        self.documents += 1
        array: Any = doc.to_array(
            [  # the type stub says that these are floats
                "IS_SPACE",
                "POS",
                "TAG",
                "LEMMA",
                "ENT_IOB",
                "ENT_TYPE",
                "ORTH",
            ]
        )
        solid = array[:, 0] == 0
        if not solid.any():
            self.empty_documents += 1
            return
        starts = np.asarray([start for start, _ in sentence_bounds(doc)])
        self.sentences += int(np.logical_or.reduceat(solid, starts).sum())
        self.words += int(solid.sum())
        if not doc.has_annotation("SENT_START"):
            self.unbounded.add(doc[:20].text, self.documents)
            self.unbounded_words += int(solid.sum())
        self._add_entities(doc, starts)
        self._add_sentences(doc, array, solid, starts)
        for name in (PREDICATES, ARGUMENTS):
            labels = self.rolesets if name == PREDICATES else self.layers["srl"].labels
            labels.update(span.label_ for span in doc.spans.get(name, ()))
        if self._encoder is not None:
            self._add_wordpieces(self._encoder, doc, solid, starts)
        if self._nlp is not None:
            self._compare_words(doc, self._nlp.make_doc(doc.text), solid)

    def _add_entities(self, doc: Doc, starts: Ints) -> None:
        labels = self.layers["ents"].labels
        for ent in doc.ents:
            labels[ent.label_] += 1
            if np.searchsorted(starts, ent.start, "right") != np.searchsorted(starts, ent.end):
                self.crossing.add(ent.text, self.documents)
            if ent.text != ent.text.strip():
                self.spaced.add(ent.text, self.documents)
            if not ent.label_.strip():
                self.unlabelled.add(ent.text, self.documents)

    def _add_sentences(
        self, doc: Doc, array: NDArray[np.uint64], solid: Bools, starts: Ints
    ) -> None:
        """Count what is annotated, and compare the sentences with those of before."""
        columns = {"pos": array[:, 1:2], "tag": array[:, 2:3], "ents": array[:, 4:6]}
        annotated = {name: column[:, 0] != 0 for name, column in columns.items()}
        annotated |= {"lemma": array[:, 3] != 0, "srl": annotated_tokens(doc)}
        whole, filled = {}, np.logical_or.reduceat(solid, starts)
        for name, mask in annotated.items():
            layer = self.layers[name]
            layer.words += int((mask & solid).sum())
            whole[name] = np.logical_and.reduceat(mask | ~solid, starts)
            layer.sentences += int((whole[name] & filled).sum())
            if name in ("pos", "tag"):
                ids, counts = np.unique(columns[name][mask & solid], return_counts=True)
                strings = (doc.vocab.strings[label] for label in ids.tolist())
                layer.labels.update(dict(zip(strings, counts.tolist())))
        frames: dict[int, list[object]] = {}
        for prop in propositions(doc):
            i = int(np.searchsorted(starts, prop.predicate, "right")) - 1
            start = int(starts[i])
            arguments = [(a.start - start, a.end - start, a.role) for a in prop.arguments]
            frames.setdefault(i, []).append((prop.predicate - start, prop.roleset, *arguments))
        for i, (start, end) in enumerate(pairwise([*starts.tolist(), len(doc)])):
            hashes = tuple(
                hash(str(frames.get(i)) if name == "srl" else columns[name][start:end].tobytes())
                if whole[name][i]
                else None
                for name in LABELLED
            )
            self._compare(hash(array[start:end, -1].tobytes()), hashes, doc[start:end])

    def _compare(self, words: int, layers: tuple[int | None, ...], sent: Span) -> None:
        here = len(self.names) - 1
        before = self._seen.setdefault(words, _Seen(here, layers))
        if before.layers is layers:  # there was none before
            return
        text = sent.text
        if len(sent) >= _LONG:
            same = before.split == here
            tally = self.duplicates if same else self.overlaps.setdefault(before.split, Tally())
            tally.add(text, self.documents)
        for name, first, now in zip(LABELLED, before.layers, layers):
            if first is not None and now is not None and first != now:
                self.contradictions[name].add(text, self.documents)

    def _add_wordpieces(self, encoder: Encoder, doc: Doc, solid: Bools, starts: Ints) -> None:
        counts, unknown = encoder(doc)
        for i in np.flatnonzero(solid & (counts == 0)).tolist():
            self.unreadable.add(doc[i].text, self.documents)
        for i in np.flatnonzero(solid & unknown).tolist():
            self.unknown.add(doc[i].text, self.documents)
        ends = [*starts[1:].tolist(), len(doc)]
        for i in np.flatnonzero(np.add.reduceat(counts, starts) > encoder.window).tolist():
            self.long.add(doc[int(starts[i]) : ends[i]].text, self.documents)

    def _compare_words(self, doc: Doc, cut: Doc, solid: Bools) -> None:
        """Count the words and entities that a tokenizer does not cut as the corpus does."""
        bounds = [doc.to_array(["IDX", "LENGTH"]).astype(np.int64) for doc in (doc, cut)]
        (starts, ends), (found, found_ends) = ((b[:, 0], b.sum(axis=1)) for b in bounds)
        begins, stops = np.isin(starts, found), np.isin(ends, found_ends)
        # A word is cut as in the corpus if it begins, and the same piece ends, where it does.
        at = np.minimum(np.searchsorted(found, starts), max(len(found) - 1, 0))
        same = begins & (found_ends[at] == ends)
        for i in np.flatnonzero(solid & ~same).tolist():
            self.other_words.add(doc[i].text, self.documents)
        for ent in doc.ents:
            if not (begins[ent.start] and stops[ent.end - 1]):
                self.lost_entities.add(ent.text, self.documents)

    @property
    def trainable(self) -> list[str]:
        """The layers that are annotated anywhere."""
        return [name for name in LABELLED if self.layers[name].words]

    def findings(self) -> Iterator[Finding]:
        """What is wrong, or may be, in this split by itself; semantic roles are left to
        `frames.problems`."""
        n_ents = self.layers["ents"].labels.total()
        if not self.words:
            yield Finding("there is no document with words. Make the file anew", error=True)
            return
        if not self.trainable:
            yield Finding(
                "no layer is annotated: neither parts of speech nor entities nor semantic roles. "
                "Add one with `python -m spacy seqtag convert`",
                error=True,
            )
        if self.spaced.n:
            yield Finding(
                f"{self.spaced.n:,} of {n_ents:,} entities begin or end in white space, where no "
                f"tagger finds one: {self.spaced}. Let them begin and end with words",
                error=True,
            )
        if self.unlabelled.n:
            yield Finding(
                f"{self.unlabelled.n:,} entities have no label: {self.unlabelled}. Name them",
                error=True,
            )
        if self.crossing.n:
            yield Finding(
                f"{self.crossing.n:,} of {n_ents:,} entities go on over the end of a sentence, "
                f"where no tagger finds one: {self.crossing}. Mend the sentence or the entity"
            )
        if self.layers["ents"].words and not n_ents:
            yield Finding("entities are annotated, but there is not one of them")
        if self.layers["srl"].words and not self.rolesets:
            yield Finding("semantic roles are annotated, but there is no predicate")
        if self.empty_documents:
            yield Finding(f"{self.empty_documents:,} documents have no words")
        if self.unbounded_words > self.unbounded.n:  # a word alone needs no boundary
            yield Finding(
                f"{self.unbounded.n:,} of {self.documents:,} documents have no sentence "
                f"boundaries; each counts as one sentence: {self.unbounded}"
            )
        if self.duplicates.n:
            yield Finding(
                f"{self.duplicates.n:,} of {self.sentences:,} sentences "
                f"({_share(self.duplicates.n, self.sentences)}) repeat one of before (of {_LONG} "
                f"words and more): {self.duplicates}"
            )
        for name, tally in self.contradictions.items():
            if tally.n:
                yield Finding(
                    f"{tally.n:,} sentences have other {LAYERS[name]} than one of before with the "
                    f"same words: {tally}"
                )
        for name in self.trainable:
            labels = self.layers[name].labels
            alike = _alike(labels)
            if alike:
                yield Finding(
                    f"labels of {LAYERS[name]} that differ in case or blanks alone: {alike}"
                )
        yield from self._encoder_findings()
        if self.other_words.n:
            n = self.other_words.n
            yield Finding(
                f"{n:,} of {self.words:,} words ({_share(n, self.words)}) are others where the "
                f"language's tokenizer cuts the raw text: {self.other_words}. Scores on the "
                "corpus's own words do not hold for raw text"
            )
        if self.lost_entities.n:
            yield Finding(
                f"{self.lost_entities.n:,} of {n_ents:,} entities begin or end within a word of "
                f"the language's tokenizer: {self.lost_entities}. They cannot be found in raw text"
            )

    def _encoder_findings(self) -> Iterator[Finding]:
        for tally, what in (
            (self.unreadable, "have no wordpiece: the encoder does not see them"),
            (self.unknown, "have wordpieces that the encoder does not know"),
        ):
            if tally.n:
                yield Finding(
                    f"{tally.n:,} of {self.words:,} words ({_share(tally.n, self.words)}) {what}: "
                    f"{tally}"
                )
        if self.long.n and self._encoder is not None:
            yield Finding(
                f"{self.long.n:,} of {self.sentences:,} sentences have more than "
                f"{self._encoder.window} wordpieces and are read in pieces: {self.long}. Check "
                "the sentence boundaries, or raise max_wordpieces"
            )


def training_findings(train: Survey) -> Iterator[Finding]:
    """What is too little to train on."""
    if 0 < train.sentences < FEW_SENTENCES:
        yield Finding(
            f"{train.sentences:,} sentences are few to train on; at least {FEW_SENTENCES} are "
            "needed, better thousands"
        )
    for name in train.trainable:
        labels = train.layers[name].labels
        rare = {label: n for label, n in labels.most_common()[::-1] if n < FEW_LABELS}
        if rare:
            yield Finding(
                f"{len(rare):,} of {len(labels):,} labels of {LAYERS[name]} occur less than "
                f"{FEW_LABELS} times: {list_labels(rare)}"
            )


def split_findings(train: Survey, other: Survey) -> Iterator[Finding]:
    """What two splits have in common that they should not, or the other way round."""
    position = other.names.index(train.name)
    overlap = other.overlaps.get(position)
    if overlap is not None:
        yield Finding(
            f"{overlap.n:,} of {other.sentences:,} sentences "
            f"({_share(overlap.n, other.sentences)}) occur in {train.name}, too (of {_LONG} words "
            f"and more), so that scores are too high: {overlap}"
        )
    if not (train.words and other.words):
        return
    for one, two in ((train, other), (other, train)):
        for name in one.trainable:
            theirs = two.layers[name].labels
            if not two.layers[name].words:
                yield Finding(f"{LAYERS[name]}: annotated in {one.name}, but not in {two.name}")
                continue
            alone = {
                label: n for label, n in one.layers[name].labels.items() if label not in theirs
            }
            if alone:
                yield Finding(
                    f"{len(alone):,} labels of {LAYERS[name]} are in {one.name}, but not in "
                    f"{two.name}: {list_labels(alone)}"
                )


def list_labels(labels: dict[str, int], limit: int = 10) -> str:
    """Labels with their counts in one line, the first ones of many."""
    shown = [f"{printable(label)} ({n:,})" for label, n in list(labels.items())[:limit]]
    return ", ".join([*shown, "…"] if len(labels) > limit else shown)


def _alike(labels: Iterable[str]) -> str:
    groups: dict[str, list[str]] = {}
    for label in labels:
        groups.setdefault("".join(label.split()).casefold(), []).append(label)
    alike: Sequence[str] = [
        " and ".join(f"'{printable(label)}'" for label in sorted(group))
        for group in groups.values()
        if len(group) > 1
    ]
    return "; ".join(alike)


def _share(n: int, total: int) -> str:
    return f"{n / total:.1%}"
