"""The corpus reader for training, and reading and cutting the Docs of `.spacy` files."""

import warnings
import zlib
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from operator import itemgetter
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
    GROUPS,
    PARTS,
    PREDICATES,
    predicate_of,
    slice_group,
    span_groups,
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

Place = tuple[int, int]
"""Where something begins and ends, in tokens or characters."""

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


def rows_within(places: Iterable[Place], bounds: Sequence[Place]) -> list[list[int]]:
    """For each of the bounds, the rows of the places that lie within as a whole.

    places, bounds: starts and ends, the bounds in order and not overlapping.
    """
    ends = [end for _, end in bounds]
    result: list[list[int]] = [[] for _ in bounds]
    for row, (start, end) in enumerate(places):
        n = bisect_left(ends, end)
        while n < len(bounds) and bounds[n][0] <= start:  # an empty place may be in two
            result[n].append(row)
            n += 1
    return result


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
    sentences = sentence_bounds(doc)
    groups = span_groups(doc)
    places = {name: _places(group) for name, group in groups.items()}
    within = {name: rows_within(own, bounds) for name, own in places.items()}
    lost = _cut_roles(groups, within, sentences, bounds)
    annotated = places.get(ANNOTATED, sentences if lost else None)
    stretches = None if annotated is None else _cut_annotated(annotated, lost, bounds)
    attrs = dict(groups[ANNOTATED].attrs) if ANNOTATED in groups else {}
    others = [place for name, own in places.items() if name not in GROUPS for place in own]
    gone_over = {
        _CUT_SENTENCES: len(lost),
        _CUT_ENTITIES: _n_over(_places(doc.ents), bounds),
        _CUT_SPANS: _n_over(others, bounds),
    }
    notes.update({what: n for what, n in gone_over.items() if n})
    pieces = zip(_stretches(doc, bounds), _cut_user_data(doc, sentences, bounds))
    for n, (span, user_data) in enumerate(pieces):
        piece = span.as_doc(array_head=head, array=array)
        piece.user_data = user_data
        for name, group in groups.items():
            piece.spans[name] = slice_group(group, piece, span.start, within[name][n])
        if stretches is not None:
            _annotate(piece, [(a - span.start, b - span.start) for a, b in stretches[n]], attrs)
        yield piece


class _Stretch(Span):
    """A Span that is told its entities. `Span.ents`, which `as_doc` asks for, goes through those of
    the whole Doc."""

    ents: Any = ()


# `Any`, as the type stub of `as_doc` lacks the arguments that save time.
def _stretches(doc: Doc, bounds: Sequence[Place]) -> Iterator[Any]:
    ents = doc.ents
    for (start, end), rows in zip(bounds, rows_within(_places(ents), bounds)):
        span = _Stretch(doc, start, end)
        span.ents = [ents[row] for row in rows]
        yield span


def _places(spans: Iterable[Span]) -> list[Place]:
    return [(span.start, span.end) for span in spans]


def _n_over(places: Iterable[Place], bounds: Sequence[Place]) -> int:
    """How many of the places go over an edge of the bounds."""
    edges = [edge for bound in bounds for edge in bound]
    return sum(bisect_right(edges, start) < bisect_left(edges, end) for start, end in places)


def _at(bounds: Sequence[Place], token: int) -> int:
    """Which of the bounds a token lies in; -1 for none."""
    n = bisect_right(bounds, token, key=itemgetter(0)) - 1
    return n if n >= 0 and token < bounds[n][1] else -1


def _cut_roles(
    groups: Mapping[str, SpanGroup],
    within: dict[str, list[list[int]]],
    sentences: Sequence[Place],
    bounds: Sequence[Place],
) -> list[Place]:
    """Drop from the rows of each piece the semantic roles that a cut goes through.

    within: `rows_within` of each group. RETURNS: the sentences that lose their roles, in order.
    """
    targets: dict[str, list[int | None]] = {
        name: [span.start if name == PREDICATES else predicate_of(span) for span in group]
        for name, group in groups.items()
        if name in (PREDICATES, ARGUMENTS, PARTS)
    }
    lost: set[int] = set()
    for name in targets.keys() - {PREDICATES} if PREDICATES in targets else ():
        for span, target in zip(groups[name], targets[name]):
            if target is not None:
                n = _at(bounds, target)
                if n >= 0 and not bounds[n][0] <= span.start <= span.end <= bounds[n][1]:
                    lost.add(_at(sentences, target))

    def stays(token: int | None, n: int) -> bool:
        if token is None:  # leads nowhere; `problems` should go on to name it
            return True
        return _at(bounds, token) == n and _at(sentences, token) not in lost

    for name, tokens in targets.items():
        within[name] = [
            [row for row in rows if stays(tokens[row], n)] for n, rows in enumerate(within[name])
        ]
    return [sentences[i] for i in sorted(lost)]


def _cut_annotated(
    stretches: Iterable[Place], lost: Sequence[Place], bounds: Sequence[Place]
) -> list[list[Place]]:
    """For each of the bounds, what lies within of the stretches, without the lost sentences."""
    left: list[tuple[int, int, int]] = []
    for n, (start, end) in enumerate(bounds):
        for first, last in lost[bisect_left(lost, (start,)) : bisect_left(lost, (end,))]:
            left.append((start, first, n))
            start = last
        left.append((start, end, n))
    left = [(start, end, n) for start, end, n in left if start < end]
    starts, ends = [start for start, _, _ in left], [end for _, end, _ in left]
    result: list[list[Place]] = [[] for _ in bounds]
    for start, end in stretches:
        for first, last, n in left[bisect_right(ends, start) : bisect_left(starts, end)]:
            result[n].append((max(start, first), min(end, last)))
    return result


def _annotate(piece: Doc, stretches: Sequence[Place], attrs: Mapping[str, Any]) -> None:
    """Let the piece be annotated at these stretches, if it is not so yet."""
    if ANNOTATED in piece.spans and _places(piece.spans[ANNOTATED]) == stretches:
        return
    # What was parallel to the spans before is not any more.
    attrs = {k: v for k, v in attrs.items() if not isinstance(v, list | tuple | np.ndarray)}
    spans = [Span(piece, start, end) for start, end in stretches]
    piece.spans[ANNOTATED] = SpanGroup(piece, name=ANNOTATED, spans=spans, attrs=attrs)


def _cut_user_data(
    doc: Doc, sentences: Sequence[Place], bounds: Sequence[Place]
) -> Iterator[dict[Any, Any]]:
    """The `user_data` for each of the pieces. Custom attributes are kept under the keys
    `("._.", name, start char, end char)`; those of the Doc have no characters."""
    shared: dict[Any, Any] = {}
    own: list[tuple[str, int, int | None, Any]] = []
    for key, value in doc.user_data.items():
        if isinstance(key, tuple) and len(key) == 4 and key[0] == "._." and key[2] is not None:
            own.append((*key[1:], value))
        else:
            shared[key] = value
    ids: Any = shared.get("sent_ids")
    has_ids = ids is not None and len(ids) == len(sentences)
    if has_ids:
        shared["sent_ids"] = None
        ids = list(ids)
    spans = [doc[start:end] for start, end in bounds]
    chars = [(span.start_char, span.end_char) for span in spans]
    ids_within = rows_within([(start, start + 1) for start, _ in sentences], bounds)
    own_within = rows_within(
        [(start, start + 1 if end is None else end) for _, start, end, _ in own], chars
    )
    for (first, _), id_rows, rows in zip(chars, ids_within, own_within):
        result = {key: copy(value) for key, value in shared.items()}
        if has_ids:
            result["sent_ids"] = [ids[row] for row in id_rows]
        for row in rows:
            name, start, end, value = own[row]
            result["._.", name, start - first, None if end is None else end - first] = copy(value)
        yield result
