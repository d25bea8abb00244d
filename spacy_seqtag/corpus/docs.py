"""Docs of sentences, and sentences of Docs.

Sentences of text files become new Docs. Those of `.spacy` files go back to the Docs that they
came from: only what a layer has added is written to them, everything else stays.

What is not annotated stays unset: no POS, tag or lemma, `Token.ent_iob` 0, and no span groups of
semantic roles (see `spacy_seqtag.frames`). If only some sentences have semantic roles, the others
are not in `doc.spans["srl_annotated"]`.

`Doc.user_data` gets `doc_id` and `sent_ids` (one per sentence).
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from spacy.tokens import Doc, Span
from spacy.vocab import Vocab

from ..compression import stem_of
from ..frames import annotated_tokens, has_frames, propositions, set_propositions
from ..schemes.propositions import Proposition
from ..schemes.upos import DOC_TAGS
from .cut import rows_within, sentence_bounds
from .errors import unknown_upos
from .sentence import LAYERS, Origin, Sentence, tags_of
from .thin import thin_doc

GROUP = 10
"""How many sentences a Doc gets if the user wants documents, but the input marks none."""

ALL_SPANS = "gold"
"""The span group of all labelled spans, nested ones too, of formats that let them overlap."""

_ATTRIBUTES = {"upos": "pos_", "xpos": "tag_", "lemmas": "lemma_"}


class MadeDoc(NamedTuple):
    """A Doc, and the sentences that it was made of."""

    doc: Doc
    sentences: list[Sentence]


def parse_docs_by(docs_by: str | int) -> int | None:
    """Read how many sentences a Doc holds at most.

    RETURNS (int | None): None for "document", 1 for "sentence", else the number.
    RAISES: ValueError: Anything else.
    """
    if docs_by == "document":
        return None
    if docs_by == "sentence":
        return 1
    try:
        limit = int(docs_by)
    except ValueError:
        limit = 0
    if limit < 1:
        raise ValueError(
            f"docs-by is {docs_by!r}, expected 'document', 'sentence' or a number of sentences, "
            "1 or more"
        )
    return limit


class DocMaker:
    """Makes Docs of sentences.

    vocab (Vocab): The vocabulary of new Docs.
    limit (int | None): The most sentences in a Doc; None for whole documents.
    n_unmarked (int): Sentences so far that belong to no document, though the user wants documents.
    cuts (Counter[str]): What was lost so far because Docs were cut through it.
    """

    def __init__(self, vocab: Vocab, limit: int | None) -> None:
        self.vocab = vocab
        self.limit = limit
        self.n_unmarked = 0
        self.cuts = Counter[str]()

    def docs(self, sentences: Iterable[Sentence]) -> Iterator[MadeDoc]:
        """Yield the Docs of sentences that come in the order of their file.

        RAISES: FormatError: A UPOS value that a Doc cannot have.
        """
        for has_doc, run in groupby(sentences, lambda sentence: sentence.origin is not None):
            make = self._given_docs if has_doc else self._new_docs
            yield from make(run)

    # New Docs

    def _new_docs(self, sentences: Iterable[Sentence]) -> Iterator[MadeDoc]:
        for number, group in enumerate(self._groups(sentences), start=1):
            doc = build_doc(self.vocab, group)
            if group[0].doc_id is None:
                self.n_unmarked += len(group) if self.limit is None else 0
                doc.user_data["doc_id"] = f"{stem_of(group[0].path)}-part{number}"
            yield MadeDoc(doc, group)

    def _groups(self, sentences: Iterable[Sentence]) -> Iterator[list[Sentence]]:
        """Group the sentences of each Doc."""
        group: list[Sentence] = []
        for sentence in sentences:
            most = GROUP if self.limit is None and sentence.doc_id is None else self.limit
            other_file = group and sentence.path != group[-1].path
            if group and (sentence.new_doc or other_file or len(group) == most):
                yield group
                group = []
            group.append(sentence)
        if group:
            yield group

    # Docs that are there

    def _given_docs(self, sentences: Iterable[Sentence]) -> Iterator[MadeDoc]:
        for origin, group in _by_doc(sentences):
            doc = origin.doc
            _add_layers(doc, group)
            # Fewer than all sentences of the Doc, where a sample is taken.
            origins = [sentence.origin for sentence in group if sentence.origin is not None]
            bounds = [(own.start, own.end) for own in origins]
            most = self.limit or len(bounds)
            if len(bounds) <= most and len(bounds) == len(sentence_bounds(doc)):
                yield MadeDoc(doc, group)
                continue
            groups = [bounds[i : i + most] for i in range(0, len(bounds), most)]
            for piece in thin_doc(doc, groups, self.cuts):
                yield MadeDoc(piece, sentences_of(piece, group[0].path, group[0].line))


def _by_doc(sentences: Iterable[Sentence]) -> Iterator[tuple[Origin, list[Sentence]]]:
    """Group sentences by their Doc; the group of a Doc without words is empty.

    See `empty_sentence`.
    """
    group: list[Sentence] = []
    last: Origin | None = None
    for sentence in sentences:
        origin = sentence.origin
        if origin is None:
            continue
        if last is not None and origin.doc is not last.doc:
            yield last, group
            group = []
        last = origin
        if sentence.words:
            group.append(sentence)
    if last is not None:
        yield last, group


def build_doc(vocab: Vocab, sentences: Sequence[Sentence]) -> Doc:
    """Build one Doc of several sentences.

    Between two sentences there is a space if one follows the first one's last word, and always
    before a new paragraph or document. Nothing follows the last word of the Doc.

    RAISES: FormatError: A UPOS value that a Doc cannot have.
    """
    words: list[str] = []
    spaces: list[bool] = []
    starts: list[bool | int | None] = []
    layers: dict[str, list[str]] = {name: [] for name in LAYERS}
    for sentence in sentences:
        if spaces and (sentence.new_par or sentence.new_doc):
            spaces[-1] = True
        size = len(sentence.words)
        words += sentence.words
        spaces += sentence.spaces
        starts += [True] + [False if sentence.has_bounds else None] * (size - 1)
        for name, tags in layers.items():
            tags += tags_of(sentence, name)
        _check_upos(sentence)
    spaces[-1] = False
    given = {name: tags if any(tags) else None for name, tags in layers.items()}
    doc = Doc(
        vocab,
        words=words,
        spaces=spaces,
        sent_starts=starts,
        pos=given["upos"],
        tags=given["xpos"],
        lemmas=given["lemmas"],
        ents=given["entities"],
    )
    doc.user_data["doc_id"] = sentences[0].doc_id
    doc.user_data["sent_ids"] = [sentence.sent_id for sentence in sentences]
    if any(sentence.propositions is not None for sentence in sentences):
        _set_frames(doc, sentences)
    if any(sentence.spans is not None for sentence in sentences):
        doc.spans[ALL_SPANS] = _all_spans(doc, sentences)
    return doc


def _all_spans(doc: Doc, sentences: Sequence[Sentence]) -> list[Span]:
    """Make the spans of all sentences of a Doc, which may overlap."""
    found: list[Span] = []
    first = 0
    for sentence in sentences:
        for start, end, label in sentence.spans or ():
            found.append(Span(doc, first + start, first + end, label))
        first += len(sentence.words)
    return found


def _check_upos(sentence: Sentence) -> None:
    for tag in sentence.upos or ():
        if tag not in DOC_TAGS:
            raise unknown_upos(sentence.path, sentence.line, tag)


def _set_frames(doc: Doc, sentences: Sequence[Sentence]) -> None:
    """Write the propositions of all sentences of a Doc to it."""
    props: list[Proposition] = []
    annotated: list[tuple[int, int]] = []
    start = 0
    for sentence in sentences:
        end = start + len(sentence.words)
        if sentence.propositions is not None:
            props += [proposition.moved(start) for proposition in sentence.propositions]
            annotated.append((start, end))
        start = end
    set_propositions(doc, props, annotated=annotated)


def _add_layers(doc: Doc, sentences: Sequence[Sentence]) -> None:
    """Write to a Doc the layers that its sentences lacked at first and have now."""
    ents: list[Span] = []
    outside: list[Span] = []
    new_frames = False
    for sentence in sentences:
        if sentence.origin is None:
            continue
        _, first, end, lacking = sentence.origin
        for name, attribute in _ATTRIBUTES.items():
            tags = sentence.layer(name)
            if tags is not None and name in lacking:
                if name == "upos":
                    _check_upos(sentence)
                for token, tag in zip(doc[first:end], tags, strict=True):
                    setattr(token, attribute, tag)
        if sentence.entities is not None and "entities" in lacking:
            # A Doc of this sentence alone turns the tags into spans.
            own = Doc(doc.vocab, words=sentence.words, ents=sentence.entities)
            ents += [Span(doc, first + e.start, first + e.end, e.label) for e in own.ents]
            tags = sentence.entities
            outside += [doc[i : i + 1] for i, tag in enumerate(tags, first) if tag == "O"]
        if sentence.propositions is not None and "propositions" in lacking:
            new_frames = True
    if ents or outside:
        # Only once, since this goes through the whole Doc.
        doc.set_ents(ents, outside=outside, default="unmodified")
    if new_frames:
        _set_frames(doc, sentences)
    if any(sentence.spans is not None for sentence in sentences):
        doc.spans[ALL_SPANS] = [
            Span(doc, sentence.origin.start + start, sentence.origin.start + end, label)
            for sentence in sentences
            if sentence.origin is not None
            for start, end, label in sentence.spans or ()
        ]


# Sentences of a Doc


def doc_id_of(doc: Doc) -> str | None:
    """Get the id of a Doc, `user_data["doc_id"]`; None where it has none.

    doc (Doc): The id may also be a number.
    """
    doc_id = doc.user_data.get("doc_id")
    return None if doc_id in (None, "") else str(doc_id)


def sent_ids_of(doc: Doc, n_sentences: int) -> list[str | None]:
    """Get the ids of a Doc's sentences, `user_data["sent_ids"]`; None where one has none.

    doc (Doc): The ids may also be numbers.
    n_sentences (int): How many it has. Ids of another number are those of other sentences.
    """
    ids = doc.user_data.get("sent_ids")
    if ids is None or len(ids) != n_sentences:
        return [None] * n_sentences
    return [None if sent_id in (None, "") else str(sent_id) for sent_id in ids]


def bare_sentences_of(doc: Doc, path: Path, number: int) -> list[Sentence]:
    """Get a Doc's sentences without their layers.

    path (Path), number (int): The file, and the number of the Doc in it.
    """
    bounds = sentence_bounds(doc)
    made_up = f"{stem_of(path)}-doc{number}"
    return [
        Sentence(
            sent_id or made_up,
            doc_id_of(doc),
            [token.text for token in doc[start:end]],
            [bool(token.whitespace_) for token in doc[start:end]],
            path,
            number,
            made_up_id=sent_id is None,
        )
        for sent_id, (start, end) in zip(sent_ids_of(doc, len(bounds)), bounds, strict=True)
    ]


def sentences_of(doc: Doc, path: Path, number: int) -> list[Sentence]:
    """Get a Doc's sentences with their layers; they remember the Doc (`Sentence.origin`).

    path (Path), number (int): The file, and the number of the Doc in it.
    """
    props = propositions(doc)
    covered = annotated_tokens(doc) if has_frames(doc) else None
    result = bare_sentences_of(doc, path, number)
    bounds = sentence_bounds(doc)
    within = rows_within([(prop.predicate, prop.predicate + 1) for prop in props], bounds)
    for sentence, (start, end), rows in zip(result, bounds, within, strict=True):
        tokens = list(doc[start:end])
        sentence.set_layer("upos", [token.pos_ for token in tokens])
        sentence.set_layer("xpos", [token.tag_ for token in tokens])
        sentence.set_layer("lemmas", [token.lemma_ for token in tokens])
        entities = [
            f"{token.ent_iob_}-{token.ent_type_}" if token.ent_type_ else token.ent_iob_
            for token in tokens
        ]
        sentence.set_layer("entities", entities)
        if covered is not None and covered[start:end].all():
            sentence.propositions = [props[row].moved(-start) for row in rows]
        sentence.origin = Origin(doc, start, end, frozenset(sentence.missing()))
    return result


def empty_sentence(doc: Doc, path: Path, number: int) -> Sentence:
    """Make a sentence without words, so that a Doc without words is not lost on the way."""
    return Sentence(
        f"{stem_of(path)}-doc{number}",
        None,
        [],
        [],
        path,
        number,
        made_up_id=True,
        origin=Origin(doc, 0, 0, frozenset()),
    )
