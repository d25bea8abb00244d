"""The corpus reader for training, and reading and cutting the Docs of `.spacy` files."""

import warnings
import zlib
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from pathlib import Path
from typing import Any, Optional

import numpy as np
import spacy.training
from numpy.typing import NDArray
from spacy.attrs import DEP, ENT_ID, ENT_KB_ID, ENT_TYPE, LEMMA, MORPH, NORM, ORTH, POS, TAG
from spacy.errors import Errors
from spacy.language import Language
from spacy.parts_of_speech import NAMES
from spacy.tokens import Doc, DocBin, Span, SpanGroup
from spacy.training import Example
from spacy.training.corpus import FILE_TYPE, walk_corpus
from spacy.util import registry
from spacy.vocab import Vocab
from srsly.msgpack import Unpacker

from ..errors import Whole, check_settings, settings_error
from ..frames import (
    ANNOTATED,
    ARGUMENTS,
    PARTS,
    PREDICATES,
    annotated_tokens,
    follow_tokens,
    predicate_of,
    slice_group,
)
from .sentence import FormatError

# Unpacked, real corpora are 5 to 20 times as long. Any file may reach the number of free bytes.
_MAX_RATIO = 128
_FREE_BYTES = 1 << 26

# Before a block of bytes stand its type and its length, in 1, 2 or 4 bytes.
_HEADERS = (2, 3, 5)
_STRING_ATTRS = frozenset((DEP, ENT_ID, ENT_KB_ID, ENT_TYPE, LEMMA, MORPH, NORM, ORTH, TAG))
_POS = frozenset(NAMES)

_CUT_ENTITIES = "entities reached over a cut: what is left of them counts as not annotated"
_CUT_SENTENCES = (
    "sentences have arguments beyond a cut: their semantic roles count as not annotated"
)
_CUT_SPANS = "spans of other groups reached over a cut and were left out"

_MAKE_ANEW = "Make it anew with `python -m spacy seqtag convert`"


@registry.readers("spacy_seqtag.Corpus.v1")
def create_corpus(
    # `X | None` would do for us, but config validation wants `Optional` on all Pythons.
    path: Optional[Path],  # noqa: UP045
    gold_tokens: bool = True,
    sent_starts: bool = True,
    max_length: int = 0,
    limit: int = 0,
    augmenter: Optional[Callable] = None,  # noqa: UP045
) -> Callable[[Language], Iterable[Example]]:
    """Create a reader of `.spacy` files for training word-level taggers.

    path (Optional[Path]): A `.spacy` file or a folder of them.
    gold_tokens (bool): Predict on the annotated words and spaces, so that every gold label has
        its word. False lets the pipeline's tokenizer split the text, as in `spacy.Corpus.v1`.
    sent_starts (bool): Give the annotated sentence boundaries to the Docs to predict on (with
        `gold_tokens`); boundaries that are not annotated stay unset.
    max_length (int): Cut longer documents into pieces of whole sentences, each as full as this
        number of words allows. What has no boundary to cut at stays whole. 0 is no limit.
    limit (int): Read no more than this number of documents. 0 is no limit.
    augmenter (Optional[Callable]): Data augmentation, as in `spacy.Corpus.v1`.

    RAISES ValueError: no path. ConfigValidationError (a ValueError): no such path; a folder
        without `.spacy` files; a file that is no `.spacy` file; no document with words.
    """
    if path is None:
        raise ValueError(Errors.E913)
    check_settings(
        "spacy_seqtag.Corpus.v1:", max_length=(max_length, Whole(0)), limit=(limit, Whole(0))
    )
    with _as_settings_error():
        _check_docbins(path)  # what is wrong should fail now, not when evaluation begins
    return Corpus(
        path,
        gold_tokens=gold_tokens,
        sent_starts=sent_starts,
        max_length=max_length,
        limit=limit,
        augmenter=augmenter,
    )


class Corpus(spacy.training.Corpus):
    """Iterate over the `Example`s of `.spacy` files; the settings are those of `create_corpus`."""

    def __init__(
        self,
        path: str | Path,
        *,
        gold_tokens: bool = True,
        sent_starts: bool = True,
        max_length: int = 0,
        limit: int = 0,
        augmenter: Callable | None = None,
        shuffle: bool = False,
    ) -> None:
        super().__init__(
            path, max_length=max_length, limit=limit, augmenter=augmenter, shuffle=shuffle
        )
        self.gold_tokens = gold_tokens
        self.sent_starts = sent_starts

    def __call__(self, nlp: Language) -> Iterator[Example]:
        """Yield the examples. RAISES ValueError: see `create_corpus`."""
        with _as_settings_error():
            find_docbins(self.path)
            yield from super().__call__(nlp)

    def read_docbin(self, vocab: Vocab, locs: Iterable[str | Path]) -> Iterator[Doc]:
        """Yield the documents of the files, empty ones left out, up to the limit."""
        n_docs = 0
        for loc in locs:
            for doc in read_docs(Path(loc), vocab):
                if self.limit >= 1 and n_docs >= self.limit:
                    return
                if len(doc) > 0:
                    n_docs += 1
                    yield doc

    def make_examples(self, nlp: Language, reference_docs: Iterable[Doc]) -> Iterator[Example]:
        """Yield an example for each document or, where `max_length` cuts it, for each piece."""
        for doc in reference_docs:
            for reference in self._pieces(doc):
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
        cuts = Counter[str]()
        pieces = list(cut_doc(doc, bounds, cuts))
        for what in cuts:  # without the number, so that Python shows each of them once
            warnings.warn(f"{self.path}: cutting documents (max_length): {what}", stacklevel=2)
        return pieces

    def _make_example(self, nlp: Language, reference: Doc, gold_preproc: bool) -> Example:
        example = super()._make_example(nlp, reference, gold_preproc)
        annotated = reference.has_annotation("SENT_START")
        if gold_preproc and self.sent_starts and annotated:
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


def _check_docbins(path: str | Path) -> None:
    """RAISES FormatError: see `create_corpus`."""
    n_words = 0
    for file in find_docbins(path):
        n_words += sum(len(tokens) for tokens in _read_docbin(file).tokens)
    if not n_words:
        raise FormatError(path, None, "there is no document with words", _MAKE_ANEW)


def find_docbins(path: str | Path) -> list[Path]:
    """The `.spacy` files at a path: itself, or those in and below a folder, in order of names.

    RAISES FormatError: there is nothing at the path, or nothing that ends in `.spacy`.
    """
    path = Path(path)
    if not path.exists():
        raise FormatError(
            path,
            None,
            "there is no such file or folder",
            "Check the path, or make the file with `python -m spacy seqtag convert`",
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # spaCy warns of what is an error here
        found = walk_corpus(path, FILE_TYPE)
    if not found:
        raise FormatError(
            path,
            None,
            f"expected a {FILE_TYPE} file or a folder with such files",
            "Make one with `python -m spacy seqtag convert`",
        )
    return found


def read_docs(path: Path, vocab: Vocab) -> Iterator[Doc]:
    """Yield the Docs of a `.spacy` file, which spaCy holds in memory as a whole.

    RAISES FormatError: the file is missing, or it cannot be read as a `DocBin`.
    """
    packed = _read_docbin(path)
    docs = packed.get_docs(vocab)
    for tokens in packed.tokens:
        try:
            doc = next(docs)
            sound = _are_known(tokens, [int(attr) for attr in packed.attrs], vocab)
            doc.ents  # noqa: B018 (fails where tags are no sequence of entities)
        except Exception:
            raise _no_docbin(path) from None
        if not sound:
            raise _no_docbin(path)
        yield doc


def _are_known(tokens: NDArray[np.uint64], attrs: Sequence[object], vocab: Vocab) -> bool:
    """Whether every value of a packed Doc's tokens has a meaning, at which spaCy does not look."""
    strings = np.unique(tokens[:, [i for i, attr in enumerate(attrs) if attr in _STRING_ATTRS]])
    tags = np.unique(tokens[:, [i for i, attr in enumerate(attrs) if attr == POS]])
    return all(key in vocab.strings for key in strings.tolist()) and _POS.issuperset(tags.tolist())


def _read_docbin(path: Path) -> DocBin:
    # What a damaged file makes zlib, msgpack, numpy and spaCy raise is no closed set.
    try:
        data = path.read_bytes()
        sizes = _block_sizes(data)
        if sizes is None:
            raise FormatError(
                path,
                None,
                "this unpacks to far more than a corpus of its size: it is damaged, or made to "
                "fill the memory",
                _MAKE_ANEW,
            )
        result = DocBin().from_bytes(data)
        # What is too much in the blocks spaCy passes over.
        n_words = sum(map(len, result.tokens))
        sound = (
            sizes["tokens"] - 8 * n_words * len(result.attrs) in _HEADERS
            and sizes["spaces"] - n_words in _HEADERS
            and sum(map(len, result.spaces)) == n_words
            and all(isinstance(cats, dict) for cats in result.cats)
        )
    except (OSError, FormatError):
        raise
    except Exception:
        raise _no_docbin(path) from None
    if not sound:
        raise _no_docbin(path)
    return result


def _block_sizes(data: bytes) -> dict[str, int] | None:
    """The sizes of the blocks of bytes in a packed `DocBin`, with their `_HEADERS`.

    Its words, spaces and lengths take as much memory as they are long. What else there is becomes
    Python objects, each many times the size of its bytes. Both are measured without making them.

    RETURNS: None where the whole takes memory out of proportion to its size.
    """
    stream = _Unpacked(data, max(_FREE_BYTES, _MAX_RATIO * len(data)))
    unpacker = Unpacker(stream, raw=False, max_buffer_size=2**31 - 1)
    sizes: dict[str, int] = {}
    try:
        for _ in range(unpacker.read_map_header()):
            name = unpacker.unpack()
            before = unpacker.tell()
            unpacker.skip()
            if name in ("tokens", "spaces", "lengths"):
                sizes[name] = unpacker.tell() - before
        objects = unpacker.tell() - sum(sizes.values())
    except _TooBigError:
        return None
    return sizes if objects <= max(_FREE_BYTES // 8, _MAX_RATIO // 8 * len(data)) else None


class _TooBigError(Exception):
    """More was unpacked than is fair."""


class _Unpacked:
    """A zlib-compressed stream to read from, no further than to a limit. RAISES _TooBigError."""

    def __init__(self, data: bytes, limit: int) -> None:
        self._rest = data
        self._left = limit
        self._decompressor = zlib.decompressobj()

    def read(self, size: int) -> bytes:
        """Some of the bytes."""
        result = self._decompressor.decompress(self._rest, size)
        self._rest = self._decompressor.unconsumed_tail
        self._left -= len(result)
        if self._left < 0:
            raise _TooBigError
        return result


def _no_docbin(path: Path) -> FormatError:
    return FormatError(path, None, "this is no .spacy file, or a damaged one", _MAKE_ANEW)


def sentence_bounds(doc: Doc) -> list[tuple[int, int]]:
    """Start and end of the sentences; one for the whole Doc where no boundary is annotated."""
    if not doc.has_annotation("SENT_START"):
        return [(0, len(doc))] if len(doc) > 0 else []
    return [(sent.start, sent.end) for sent in doc.sents]


def cut_doc(
    doc: Doc, bounds: Sequence[tuple[int, int]], notes: Counter[str] | None = None
) -> Iterator[Doc]:
    """Yield copies of stretches of a Doc, with the annotation that lies within each.

    bounds: start and end of stretches of whole sentences, in order, not overlapping. notes: counts
    what a cut goes through.

    `Span.as_doc` drops span groups and copies `user_data` whole; here the groups are kept, with
    those of their attributes that are lists parallel to the spans, and custom attributes and
    `sent_ids` go with their words.

    What a cut goes through is not annotated any more, which is not the same as annotated to be
    nothing: the words of an entity are missing annotation, and a sentence whose predicate has an
    argument beyond the cut has no semantic roles. Stretches with semantic roles are cut.
    """
    notes = Counter() if notes is None else notes
    head: list[Any] = list(DocBin().attrs)
    array = doc.to_array(head)
    follow_tokens(doc)  # it may have been stored after tokens were merged
    ids = doc.user_data.get("sent_ids")
    sentences = sentence_bounds(doc)
    roles = _Roles(doc, sentences, bounds, notes)
    edges = [edge for bound in bounds for edge in bound]
    notes[_CUT_ENTITIES] += sum(_goes_over(ent, edges) for ent in doc.ents)
    own = (PREDICATES, ARGUMENTS, PARTS, ANNOTATED)
    others = [span for key, group in doc.spans.items() if key not in own for span in group]
    notes[_CUT_SPANS] += sum(_goes_over(span, edges) for span in others)
    for key in [key for key, n in notes.items() if not n]:
        del notes[key]
    for start, end in bounds:
        span: Any = doc[start:end]  # the type stub lacks the arguments that save time here
        piece = span.as_doc(array_head=head, array=array)
        _unset_cut_entities(doc, piece, start, end)
        piece.user_data = _cut_user_data(span)
        if ids is not None and len(ids) == len(sentences):
            piece.user_data["sent_ids"] = [
                sent_id
                for sent_id, (begin, _) in zip(ids, sentences, strict=True)
                if start <= begin < end
            ]
        for key, group in doc.spans.items():
            if key not in own:
                piece.spans[key] = slice_group(group, piece, start, end)
        roles.give(piece, start, end)
        yield piece


def _goes_over(span: Span, edges: Sequence[int]) -> bool:
    return any(span.start < edge < span.end for edge in edges)


def _unset_cut_entities(doc: Doc, piece: Doc, start: int, end: int) -> None:
    missing = [
        Span(piece, max(ent.start, start) - start, min(ent.end, end) - start)
        for ent in doc.ents
        if ent.start < end and ent.end > start and not start <= ent.start < ent.end <= end
    ]
    if missing:
        piece.set_ents([], missing=missing, default="unmodified")


class _Roles:
    """The semantic roles of a Doc that is cut, and the sentences that lose theirs by that."""

    def __init__(
        self,
        doc: Doc,
        sentences: Sequence[tuple[int, int]],
        bounds: Sequence[tuple[int, int]],
        notes: Counter[str],
    ) -> None:
        self.doc = doc
        self.sentences = sentences
        self.lost: set[tuple[int, int]] = set()
        if PREDICATES not in doc.spans:
            return
        for span in (*doc.spans.get(ARGUMENTS, ()), *doc.spans.get(PARTS, ())):
            target = predicate_of(span)
            if target is None:
                continue
            piece = next((bound for bound in bounds if bound[0] <= target < bound[1]), None)
            if piece is not None and not piece[0] <= span.start <= span.end <= piece[1]:
                self.lost.add(self._sentence(target))
        notes[_CUT_SENTENCES] += len(self.lost)

    def _sentence(self, token: int) -> tuple[int, int]:
        return self.sentences[bisect_right(self.sentences, token, key=lambda s: s[0]) - 1]

    def give(self, piece: Doc, start: int, end: int) -> None:
        """Write the groups of the piece from `start` to `end`."""

        def stays(token: int | None) -> bool:
            if token is None:  # leads nowhere; `problems` should go on to name it
                return True
            return start <= token < end and self._sentence(token) not in self.lost

        def keep_predicate(span: Span) -> bool:
            return stays(span.start)

        def keep_argument(span: Span) -> bool:
            return stays(predicate_of(span))

        spans = self.doc.spans
        for name, keep in (
            (PREDICATES, keep_predicate),
            (ARGUMENTS, keep_argument),
            (PARTS, keep_argument),
        ):
            if name in spans:
                piece.spans[name] = slice_group(spans[name], piece, start, end, keep)
        if ANNOTATED not in spans:
            if self.lost:
                whole = annotated_tokens(self.doc)[start:end].all()
                stretches = [s for s in self._within(start, end) if whole and s not in self.lost]
                _annotate(piece, [(a - start, b - start) for a, b in stretches], {})
            return
        group = slice_group(spans[ANNOTATED], piece, start, end)
        stretches = [(max(s.start, start), min(s.end, end)) for s in spans[ANNOTATED]]
        stretches = [(a, b) for a, b in stretches if a < b]
        lost = [s for s in self.lost if start <= s[0] < end]
        if len(group) == len(stretches) and not lost:
            piece.spans[ANNOTATED] = group
            return
        for first, last in lost:
            stretches = [
                part
                for a, b in stretches
                for part in ((a, min(b, first)), (max(a, last), b))
                if part[0] < part[1]
            ]
        _annotate(piece, [(a - start, b - start) for a, b in stretches], dict(group.attrs))

    def _within(self, start: int, end: int) -> list[tuple[int, int]]:
        return [s for s in self.sentences if start <= s[0] and s[1] <= end]


def _annotate(piece: Doc, stretches: Sequence[tuple[int, int]], attrs: dict[str, Any]) -> None:
    # What was parallel to the spans before is not any more.
    attrs = {k: v for k, v in attrs.items() if not isinstance(v, list | tuple | np.ndarray)}
    spans = [Span(piece, a, b) for a, b in stretches]
    piece.spans[ANNOTATED] = SpanGroup(piece, name=ANNOTATED, spans=spans, attrs=attrs)


def _cut_user_data(span: Span) -> dict[Any, Any]:
    """The `user_data` of a Doc for a Span of it. Custom attributes are kept under the keys
    `("._.", name, start char, end char)`; those of the Doc have no characters."""
    result = {}
    first, last = span.start_char, span.end_char
    for key, value in span.doc.user_data.items():
        if isinstance(key, tuple) and len(key) == 4 and key[0] == "._." and key[2] is not None:
            _, name, start, end = key
            if not (first <= start and (start < last if end is None else end <= last)):
                continue
            key = ("._.", name, start - first, None if end is None else end - first)
        result[key] = copy(value)
    return result
