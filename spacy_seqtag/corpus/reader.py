"""The corpus reader of `spacy train`: `.spacy` files as `Example`s on the corpus's own words."""

import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, Optional, TypeAlias

import spacy.training
from spacy.errors import Errors
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import registry
from spacy.vocab import Vocab
from thinc.api import Config

from ..errors import SHARE, Number, Whole, check_settings, setting_error, settings_error
from ..partial import annotated_for, looked_for
from ..soft_labels import SoftLabelsError, get_soft_labels, has_soft_labels, set_soft_weight
from .cut import Place, sentence_bounds
from .docbin_read import CONVERT, DISTIL, check_docbins, find_docbins, read_docs
from .errors import FormatError
from .plural import forms
from .subset import FRACTION, Subset
from .thin import thin_doc

ReadExamples: TypeAlias = Callable[[Language], Iterable[Example]]
"""Yields the examples of a corpus, for a pipeline."""

Augmenter: TypeAlias = Callable[[Language, Example], Iterator[Example]]

_KEPT_WORDS = 500_000
"""Of a corpus with no more words, the Docs are kept for the next reading: some 100 MB at most."""


@registry.readers("spacy_seqtag.Corpus.v1")  # type: ignore[untyped-decorator]
def create_corpus(
    # `X | None` would do for us, but config validation wants `Optional` on all Pythons.
    path: Optional[Path],  # noqa: UP045
    gold_tokens: bool = True,
    sent_starts: bool = True,
    max_length: int = 0,
    limit: int = 0,
    subset: float = 1.0,
    subset_limit: int = 0,
    subset_seed: int = 0,
    augmenter: Optional[Augmenter] = None,  # noqa: UP045
    entity_labels: Optional[list[str]] = None,  # noqa: UP045
    soft: Optional[Path] = None,  # noqa: UP045
    soft_weight: float = 1.0,
    gold_share: float = 0.0,
) -> ReadExamples:
    """Create a reader of `.spacy` files for training word-level taggers.

    path (Path | None): A `.spacy` file or a folder of them.
    gold_tokens (bool): Predict on the annotated words and spaces, so that every gold label has
        its word. False lets the pipeline's tokenizer split the text, as in `spacy.Corpus.v1`.
    sent_starts (bool): Give the annotated sentence boundaries to the Docs to predict on (with
        `gold_tokens`); boundaries that are not annotated stay unset.
    max_length (int): Cut longer documents into pieces of whole sentences, each as full as this
        number of words allows. What has no boundary to cut at stays whole. 0 is no limit.
    limit (int): Read no more than this number of documents. 0 is no limit.
    subset (float, above 0, to 1): Take a sample of the sentences of those documents, this share of
        them. A smaller sample lies within every larger one of the same seed. A document without
        sentence boundaries counts as one sentence.
    subset_limit (int): No more than this number of sentences in the sample. 0 is no limit.
    subset_seed (int): Of the order in which the sentences are drawn.
    augmenter (Augmenter | None): Data augmentation, as in `spacy.Corpus.v1`. The Docs that it
        makes have no soft labels.
    entity_labels (list[str] | None): Only entities of these labels were looked for in the files; a
        word outside of entities may belong to one of another label. An empty list: the rest is
        unknown. None: entities of all labels were looked for. See `spacy_seqtag.partial`.
    soft (Path | None): Further documents, with soft labels: a file of `python -m spacy seqtag
        distil` or a folder of them. `limit`, `subset` and `entity_labels` are not for them.
    soft_weight (float): How much a word of these counts; one of `path` counts 1.
    gold_share (float): The documents of `path` are repeated until they are this share of all words.
        0: each is read once.
    RAISES: ValueError: No path. ConfigValidationError (a ValueError): No such path; a folder
        without `.spacy` files; a file that is no `.spacy` file; no document with words; soft labels
        of other words, or none in `soft`.
    """
    if path is None:
        raise ValueError(Errors.E913)
    check_settings(
        "spacy_seqtag.Corpus.v1:",
        max_length=(max_length, Whole(0)),
        limit=(limit, Whole(0)),
        subset=(subset, FRACTION),
        subset_limit=(subset_limit, Whole(0)),
        subset_seed=(subset_seed, Whole(0)),
        soft_weight=(soft_weight, Number(above=0.0)),
        gold_share=(gold_share, SHARE),
    )
    _check_labels(entity_labels)
    if soft is None:
        _check_no_soft(soft_weight, gold_share)
    with _as_settings_error():
        check_docbins(path)  # fail now, and not when evaluation begins
        if soft is not None:
            check_docbins(soft, DISTIL)
    gold = Corpus(
        path,
        gold_tokens=gold_tokens,
        sent_starts=sent_starts,
        max_length=max_length,
        limit=limit,
        subset=Subset(subset, subset_limit, subset_seed),
        augmenter=augmenter,
        entity_labels=entity_labels,
    )
    if soft is None:
        return gold
    others = Corpus(
        soft,
        gold_tokens=gold_tokens,
        sent_starts=sent_starts,
        max_length=max_length,
        augmenter=augmenter,
        weight=soft_weight,
        needs_soft=True,
    )
    return lambda nlp: mix(gold, others, nlp, gold_share)


def corpus_as_trained(
    corpus: ReadExamples,
    data: Path,
    config: Config,
    which: str,
    given: str | None,
    *,
    gold_tokens: bool = True,
    sent_starts: bool = True,
) -> ReadExamples:
    """Read a corpus as a pipeline that is measured with it read its own: see `looked_for`.

    corpus (ReadExamples): From `create_corpus`, of `data` and the same settings.
    data (Path): Its file.
    config (Config): Of the pipeline.
    which (str), given (str | None): See `looked_for`.
    RETURNS (ReadExamples): The same, or one that knows of which labels entities were looked for.
    RAISES: ValueError: An empty label.
    """
    labels = looked_for(config.interpolate(), which, given)
    if labels is None:
        return corpus
    result: ReadExamples = create_corpus(
        data, gold_tokens=gold_tokens, sent_starts=sent_starts, entity_labels=labels
    )
    return result


def _check_labels(entity_labels: Sequence[str] | None) -> None:
    if not all(label.strip() for label in entity_labels or ()):
        raise setting_error(
            "spacy_seqtag.Corpus.v1:",
            "entity_labels",
            entity_labels,
            "labels of entities, to [] for none, or to null for all",
            "there is an empty label",
        )


def _check_no_soft(soft_weight: float, gold_share: float) -> None:
    """Warn of settings that only mean something beside `soft`.

    Configs that set them to what changes nothing are in order: those of this package do.
    """
    for name, value, default in (
        ("soft_weight", soft_weight, 1.0),
        ("gold_share", gold_share, 0.0),
    ):
        if value != default:
            warnings.warn(
                f"spacy_seqtag.Corpus.v1: {name} = {value} has no effect without soft labels; set "
                f"soft to a file of `python -m spacy seqtag distil`, or {name} to {default}",
                stacklevel=3,
            )


def mix(gold: "Corpus", soft: "Corpus", nlp: Language, gold_share: float) -> Iterator[Example]:
    """Yield the examples of two corpora.

    gold (Corpus): Yielded at least once, and among those of `soft` as often as `gold_share` asks.
    soft (Corpus): Yielded once.
    nlp (Language): The pipeline.
    gold_share (float): The least share of the words that are of `gold`, from 0 to below 1.
    RAISES: ValueError: See `create_corpus`.
    """
    golds, n_passes = gold(nlp), 0
    n_gold = n_soft = 0
    for other in soft(nlp):
        n_soft += len(other.reference)
        while n_gold < n_soft * gold_share / (1.0 - gold_share):
            example = next(golds, None)
            if example is not None:
                n_gold += len(example.reference)
                yield example
            elif n_gold:
                golds, n_passes = gold(nlp), n_passes + 1
            else:  # an augmenter may leave nothing
                break
        yield other
    if not n_passes:
        yield from golds


class _Kept(NamedTuple):
    """The reference Docs of a corpus, for as long as they would be read the same again.

    vocab (Vocab): Theirs.
    stamps (Sequence[tuple]): Of each file its path, its size in bytes, and when it was written.
    docs (Sequence[Doc]): Cut into pieces.
    """

    vocab: Vocab
    stamps: Sequence[tuple[Path, int, int]]
    docs: Sequence[Doc]


class Corpus(spacy.training.Corpus):
    """Iterates over the `Example`s of `.spacy` files.

    A training run reads its corpus for the labels of each component, for the plan, and for the
    batches, and that for development with every evaluation. The reference Docs are the same each
    time, unless the files change or there are too many words to keep.

    The settings are those of `create_corpus`, of which `subset` holds three, and two more:

    weight (float): How much what is learned from the documents counts.
    needs_soft (bool): Documents without soft labels are an error.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        gold_tokens: bool = True,
        sent_starts: bool = True,
        max_length: int = 0,
        limit: int = 0,
        subset: Subset | None = None,
        augmenter: Augmenter | None = None,
        shuffle: bool = False,
        entity_labels: Sequence[str] | None = None,
        weight: float = 1.0,
        needs_soft: bool = False,
    ) -> None:
        super().__init__(
            path, max_length=max_length, limit=limit, augmenter=augmenter, shuffle=shuffle
        )
        self.gold_tokens = gold_tokens
        self.sent_starts = sent_starts
        self.subset = subset or Subset()
        self.entity_labels = entity_labels
        self.weight = weight
        self.needs_soft = needs_soft
        self._made_by = DISTIL if needs_soft else CONVERT
        self._warned: set[str] = set()
        self._kept: _Kept | None = None

    def __call__(self, nlp: Language) -> Iterator[Example]:
        """Yield the examples.

        RAISES: ValueError: See `create_corpus`.
        """
        with _as_settings_error():
            find_docbins(self.path, self._made_by)
            yield from super().__call__(nlp)

    def read_docbin(self, vocab: Vocab, locs: Iterable[str | Path]) -> Iterator[Doc]:
        """Yield the documents of the files or, where `max_length` cuts them, their pieces."""
        files = [Path(loc) for loc in locs]
        stats = [file.stat() for file in files]
        stamps = [(f, s.st_size, s.st_mtime_ns) for f, s in zip(files, stats, strict=True)]
        kept = self._kept
        if kept is not None and kept.vocab is vocab and kept.stamps == stamps:
            yield from kept.docs
            return
        self._kept = None
        docs, n_words = list[Doc](), 0
        for doc in self._sample(vocab, files):
            for piece in self._pieces(doc):
                n_words += len(piece)
                if n_words <= _KEPT_WORDS:
                    docs.append(piece)
                else:
                    docs.clear()
                yield piece
        if n_words <= _KEPT_WORDS:
            self._kept = _Kept(vocab, stamps, docs)

    def _sample(self, vocab: Vocab, files: Sequence[Path]) -> Iterator[Doc]:
        """Yield the documents of the files with the sentences that are in the sample."""
        if self.subset.is_whole:
            yield from self._read(vocab, files)
            return
        total = sum(len(sentence_bounds(doc)) for doc in self._read(vocab, files))
        chosen = self.subset.choose(total)
        seen = 0
        for doc in self._read(vocab, files):
            bounds = sentence_bounds(doc)
            taken = [place for n, place in enumerate(bounds, seen) if n in chosen]
            seen += len(bounds)
            if taken:
                yield from (doc,) if taken == bounds else self._cut(doc, [taken])

    def _read(self, vocab: Vocab, locs: Iterable[Path]) -> Iterator[Doc]:
        """Yield the documents of the files, empty ones left out, up to the limit."""
        n_docs = 0
        absent = set(self.entity_labels or ())
        for loc in locs:
            for doc in read_docs(loc, vocab, self._made_by):
                if self.limit >= 1 and n_docs >= self.limit:
                    return
                if len(doc) > 0:
                    n_docs += 1
                    if self.entity_labels is not None:
                        absent -= {ent.label_ for ent in doc.ents} if absent else set()
                        annotated_for(doc, self.entity_labels)
                    self._check_soft(doc, loc)
                    yield doc
        if absent:
            self._warn(f"no entity has a label of entity_labels: {', '.join(sorted(absent))}")

    def _warn(self, what: str) -> None:
        """Warn of something in the files, once, however often they are read."""
        if what not in self._warned:
            warnings.warn(f"{self.path}: {what}", stacklevel=3)
            self._warned.add(
                what
            )  # not before: where warnings are errors, each reading has to fail

    def _check_soft(self, doc: Doc, loc: Path) -> None:
        """Check the soft labels of a document, before anything is cut, and give it its weight.

        RAISES: FormatError: They are those of other words, or damaged, or not there.
        """
        try:
            get_soft_labels(doc)
        except SoftLabelsError as err:
            what, _, fix = str(err).rpartition(". ")
            raise FormatError(loc, None, what, fix) from None
        if self.needs_soft and not has_soft_labels(doc):
            raise FormatError(
                loc,
                None,
                f"the Doc that begins {doc.text[:40]!r} has no soft labels",
                "Make the file of the setting soft with `python -m spacy seqtag distil`, or give "
                "annotated files in the setting path",
            )
        if self.weight != 1.0:
            set_soft_weight(doc, self.weight)

    def make_examples(self, nlp: Language, reference_docs: Iterable[Doc]) -> Iterator[Example]:
        """Yield an example for each document or piece of one."""
        for reference in reference_docs:
            yield self._make_example(nlp, reference, self.gold_tokens)

    def _pieces(self, doc: Doc) -> Iterable[Doc]:
        if self.max_length < 1 or len(doc) <= self.max_length:
            return (doc,)
        bounds: list[tuple[int, int]] = []
        for start, end in sentence_bounds(doc):
            if bounds and end - bounds[-1][0] <= self.max_length:
                bounds[-1] = (bounds[-1][0], end)
            else:
                bounds.append((start, end))
        return self._cut(doc, [[place] for place in bounds])

    def _cut(self, doc: Doc, groups: Sequence[Sequence[Place]]) -> list[Doc]:
        """Make a Doc of each group of sentences, with warnings of what is lost."""
        cuts = Counter[str]()
        pieces = list(thin_doc(doc, groups, cuts))
        for what in cuts:
            self._warn(f"cutting documents (max_length, subset): {forms(2, what)}")
        return pieces

    def _make_example(self, nlp: Language, reference: Doc, gold_preproc: bool) -> Example:
        example = super()._make_example(nlp, reference, gold_preproc)
        annotated = reference.has_annotation("SENT_START")
        if gold_preproc and self.sent_starts and annotated:
            # spaCy's type stubs say that what `to_array` gives is not what `from_array` takes.
            starts: Any = reference.to_array(["SENT_START"])
            example.predicted.from_array(["SENT_START"], starts)
        return example


@contextmanager
def _as_settings_error() -> Iterator[None]:
    """Let `spacy train` show an unreadable corpus as one line, as it does errors in the config."""
    try:
        yield
    except FormatError as err:
        raise settings_error(str(err)) from err
