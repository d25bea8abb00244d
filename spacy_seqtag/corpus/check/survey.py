"""What a corpus holds: one pass over its Docs.

Only counts, a few examples and the hashes of sentences are kept of a Doc. `findings` says what is
wrong with what was counted.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import spacy
from numpy.typing import NDArray
from spacy.tokens import Doc, Span

from ...arrays import Bools, Ints
from ...frames import ARGUMENTS, PREDICATES, annotated_tokens, propositions
from ...partial import NO_ENTITY, excluded, excluded_labels, unknown_tokens
from ...schemes.propositions import Proposition
from ..cut import sentence_bounds
from .tally import Tally
from .wordpieces import WordpieceCounter

TITLES = {
    "pos": "parts of speech (pos)",
    "tag": "tags (tag)",
    "lemma": "lemmas",
    "ents": "entities",
    "srl": "semantic roles",
}
"""The layers that are looked at, with their titles."""

LABELLED = ("pos", "tag", "ents", "srl")
"""The layers that a component can be trained on."""

LONG = 5
"""Words; shorter sentences ("Thank you .") are repeated in any corpus."""

# spaCy's value of `token.ent_iob` outside of entities.
_OUTSIDE = 2

Hashes = tuple[int | None, ...]


@dataclass
class LayerCounts:
    """What is annotated of a layer.

    words (int): How many are annotated, white space left out.
    in_part (int): Further words of which something is known: that they belong to no entity of some
        labels (`spacy_seqtag.partial`).
    sentences (int): How many are annotated as a whole.
    labels (Counter[str]): How often each occurs.
    """

    words: int = 0
    in_part: int = 0
    sentences: int = 0
    labels: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class _Seen:
    """A sentence: the number of its split, and a hash of each layer (None: not annotated)."""

    split: int
    layers: Hashes


class Survey:
    """What the Docs of a split (train, dev, …) hold; `add` takes them one by one.

    name (str): The split's, for messages.
    earlier (Survey | None): The split before, whose sentences are compared with those of this one.
    encoder (WordpieceCounter | None): Counts wordpieces, to look for words that the encoder
        cannot read.
    lang (str | None): The language whose tokenizer should cut raw text into the corpus's words;
        None skips this.
    """

    def __init__(
        self,
        name: str,
        earlier: "Survey | None" = None,
        encoder: WordpieceCounter | None = None,
        lang: str | None = None,
    ) -> None:
        self.name = name
        self.names: list[str] = [*(earlier.names if earlier else ()), name]
        self.documents = self.empty_documents = self.sentences = self.words = 0
        self.rolesets: Counter[str] = Counter()
        self.roles: Counter[tuple[str, str]] = Counter()  # of which rolesets
        self.layers = {layer: LayerCounts() for layer in TITLES}
        self.unbounded, self.unbounded_words = Tally(), 0
        self.crossing, self.spaced, self.unlabelled = Tally(), Tally(), Tally()
        self.unreadable, self.unknown, self.long = Tally(), Tally(), Tally()
        self.other_words, self.lost_entities = Tally(), Tally()
        self.duplicates = Tally()
        self.outside = 0
        self.looked_for: Counter[str] = Counter()
        self.contradictions = {layer: Tally() for layer in LABELLED}
        self.overlaps: dict[int, Tally] = {}
        self.encoder = encoder
        self._seen: dict[int, _Seen] = earlier._seen if earlier else {}
        self._nlp = None if lang is None else spacy.blank(lang)
        if self._nlp is not None:
            self._nlp.max_length = 2**31

    @property
    def trainable(self) -> list[str]:
        """The layers of `LABELLED` that are annotated anywhere, if only in part."""
        return [name for name in LABELLED if self.layers[name].words or self.layers[name].in_part]

    @property
    def entities_alone(self) -> bool:
        """Whether entities are annotated, and nothing is known of any other word."""
        layer = self.layers["ents"]
        return layer.labels.total() > 0 and not self.outside and not layer.in_part

    def add(self, doc: Doc) -> None:
        """Count a Doc. Its vocab must be that of a language, which knows what white space is."""
        self.documents += 1
        attributes = ["IS_SPACE", "POS", "TAG", "LEMMA", "ENT_IOB", "ENT_TYPE", "ORTH"]
        array = np.asarray(doc.to_array([*attributes]), dtype=np.uint64)
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
        self._add_entities(doc, solid, starts)
        self._add_sentences(doc, array, solid, starts)
        for name in (PREDICATES, ARGUMENTS):
            labels = self.rolesets if name == PREDICATES else self.layers["srl"].labels
            labels.update(span.label_ for span in doc.spans.get(name, ()))
        if self.encoder is not None:
            self._add_wordpieces(self.encoder, doc, solid, starts)
        if self._nlp is not None:
            self._compare_words(doc, self._nlp.make_doc(doc.text), solid)

    def _add_entities(self, doc: Doc, solid: Bools, starts: Ints) -> None:
        labels = self.layers["ents"].labels
        self.outside += int((solid & (doc.to_array("ENT_IOB") == _OUTSIDE)).sum())
        if NO_ENTITY in doc.spans:
            names = sorted(excluded_labels(doc))
            absent = excluded(doc, names)
            if absent is not None:
                absent &= (unknown_tokens(doc) & solid)[:, None]
                self.layers["ents"].in_part += int(absent.any(axis=1).sum())
                self.looked_for.update(dict(zip(names, absent.sum(axis=0).tolist(), strict=True)))
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
                layer.labels.update(dict(zip(strings, counts.tolist(), strict=True)))
        props = propositions(doc)
        self.roles.update((p.roleset, argument.role) for p in props for argument in p.arguments)
        frames = _frames_by_sentence(props, starts)
        for i, (start, end) in enumerate(pairwise([*starts.tolist(), len(doc)])):
            hashes = tuple(
                hash(str(frames.get(i)) if name == "srl" else columns[name][start:end].tobytes())
                if whole[name][i]
                else None
                for name in LABELLED
            )
            self._compare(hash(array[start:end, -1].tobytes()), hashes, doc[start:end])

    def _compare(self, words: int, layers: Hashes, sent: Span) -> None:
        """Compare a sentence with one of before with the same words. words: their hash."""
        here = len(self.names) - 1
        before = self._seen.setdefault(words, _Seen(here, layers))
        if before.layers is layers:  # there was none before
            return
        text = sent.text
        if len(sent) >= LONG:
            same = before.split == here
            tally = self.duplicates if same else self.overlaps.setdefault(before.split, Tally())
            tally.add(text, self.documents)
        for name, first, now in zip(LABELLED, before.layers, layers, strict=True):
            if first is not None and now is not None and first != now:
                self.contradictions[name].add(text, self.documents)

    def _add_wordpieces(
        self, encoder: WordpieceCounter, doc: Doc, solid: Bools, starts: Ints
    ) -> None:
        counts, unknown = encoder(doc)
        for i in np.flatnonzero(solid & (counts == 0)).tolist():
            self.unreadable.add(doc[i].text, self.documents)
        for i in np.flatnonzero(solid & unknown).tolist():
            self.unknown.add(doc[i].text, self.documents)
        ends = [*starts[1:].tolist(), len(doc)]
        for i in np.flatnonzero(np.add.reduceat(counts, starts) > encoder.window).tolist():
            self.long.add(doc[int(starts[i]) : ends[i]].text, self.documents)

    def _compare_words(self, doc: Doc, cut: Doc, solid: Bools) -> None:
        """Count the words and entities that a tokenizer cuts differently than the corpus."""
        bounds = [doc.to_array(["IDX", "LENGTH"]).astype(np.int64) for doc in (doc, cut)]
        (starts, ends), (found, found_ends) = ((b[:, 0], b.sum(axis=1)) for b in bounds)
        begins, stops = np.isin(starts, found), np.isin(ends, found_ends)
        # A word is the same if some token begins where it does, and that token ends where it does.
        at = np.minimum(np.searchsorted(found, starts), max(len(found) - 1, 0))
        same = begins & (found_ends[at] == ends)
        for i in np.flatnonzero(solid & ~same).tolist():
            self.other_words.add(doc[i].text, self.documents)
        for ent in doc.ents:
            if not (begins[ent.start] and stops[ent.end - 1]):
                self.lost_entities.add(ent.text, self.documents)


def _frames_by_sentence(props: Iterable[Proposition], starts: Ints) -> dict[int, list[object]]:
    """Get the frames of each sentence that has any, as positions in it."""
    frames: dict[int, list[object]] = {}
    for prop in props:
        i = int(np.searchsorted(starts, prop.predicate, "right")) - 1
        start = int(starts[i])
        arguments = [(a.start - start, a.end - start, a.role) for a in prop.arguments]
        frames.setdefault(i, []).append((prop.predicate - start, prop.roleset, *arguments))
    return frames
