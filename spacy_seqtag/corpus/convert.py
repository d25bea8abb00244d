"""From corpus files to one `.spacy` file: joining layers, building Docs, writing.

Everything here streams: memory follows the longest document and the vocabulary, not the length
of the input (a `.spacy` input is the exception, spaCy reads it as a whole).
"""

import json
import os
import re
import sqlite3
import struct
import tempfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from spacy.tokens import Doc, DocBin, Span
from spacy.tokens.doc import DOCBIN_ALL_ATTRS
from spacy.util import get_lang_class
from spacy.vocab import Vocab, create_vocab
from srsly.msgpack import Packer

from ..frames import annotated_tokens, has_frames, propositions, set_propositions
from ..schemes.propbank import Proposition
from ..schemes.upos import UPOS_TAGS
from .conllu import read_conllu
from .iob import IobCounts, read_iob
from .layout import parse_columns
from .propbank import ENDINGS as PROPBANK_ENDINGS
from .propbank import PropbankLayer, read_propbank
from .reader import cut_doc, read_docs, sentence_bounds
from .sentence import EXAMPLES, LAYERS, FormatError, Progress, Remarks, Sentence, unknown_upos

FORMATS = {
    "conllu": (".conllu", ".conll-u", ".conllup"),
    "iob": (".iob", ".iob2", ".conll", ".bio", ".tsv", ".txt", ".csv"),
    "propbank": PROPBANK_ENDINGS,
    "spacy": (".spacy",),
}
"""The formats and the file endings that tell them."""

GROUP = 10
"""Sentences in a Doc where documents are asked for, but the input marks none."""

# Marks that are written over letters are none themselves (`str.isalpha`).
_NO_LETTER = re.compile(r"[\W\d_]+")
# Latin with its extensions, and its full-width forms.
_LATIN = re.compile(
    r"[A-Za-z\u00aa-\u02b8\u1e00-\u1eff\u2c60-\u2c7f\ua722-\ua7ff\uab30-\uab6f\uff21-\uff5a]+"
)
_LEGAL_UPOS = frozenset(UPOS_TAGS) | {""}
# The longest binary field that msgpack can hold.
_MAX_BYTES = 2**32 - 1
_CHUNK = 1 << 20


@dataclass
class Summary:
    """What a conversion wrote.

    words_with: for each layer, the number of words that have it.
    missing: for each layer, the number of sentences without it.
    entities: the number of entities of each label.
    predicates, arguments: their numbers. without_frames: the number of sentences without the
        layer of semantic roles, which does not count those that have it and no predicate.
    repaired: tags read as `B-` because they continued nothing; repairs: the first few.
    mismatched: sentences that lack the layers of a further file because the words there differ
        or cannot be aligned; mismatches: the first few.
    unjoined: sentences of further files that the first file does not have.
    notes: what else a user should know, one line each.
    letters: those of the words; other_letters: those of them that are not Latin.
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
    notes: list[str] = field(default_factory=list)
    letters: int = 0
    other_letters: int = 0

    def add(self, sentence: Sentence) -> None:
        """Count a sentence as it is written."""
        self.sentences += 1
        letters = _NO_LETTER.sub("", "".join(sentence.words))
        self.letters += len(letters)
        self.other_letters += len(_LATIN.sub("", letters))
        self.words += len(sentence.words)
        for name in LAYERS:
            tags = getattr(sentence, name)
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


def convert(
    paths: Sequence[str | Path],
    output: str | Path,
    *,
    docs_by: str | int = "document",
    lang: str = "en",
    file_format: str | None = None,
    scheme: str = "auto",
    columns: str | None = None,
    strict: bool = False,
    max_mismatch: float = 0.02,
    progress: Progress | None = None,
) -> Summary:
    """Convert corpus files to one `.spacy` file.

    paths: the first file gives words, spaces and its layers; each further file gives the layers
        that the files before it lack, see `join`. After a `.spacy` file, further `.spacy` files
        are more documents instead. Further PropBank files may be given by their folder.
    output: the `.spacy` file. It appears when it is complete, and stays as it was on an error.
    docs_by: what becomes a Doc: a "document", a "sentence", or a number of sentences at most,
        never across documents.
    lang: code of the language whose vocabulary the words get.
    file_format: a key of `FORMATS` for the first file; None goes by its ending.
    scheme, strict: see `read_iob`. columns: what the columns of all files of columns hold, see
        `layout.parse_columns`; None has their contents judged.
    max_mismatch: the share of a layer's sentences (of PropBank, of the first file's sentences in
        the documents that both have) that may differ.

    `Doc.user_data` gets `doc_id` and `sent_ids` (one a sentence). What is not annotated stays
    unset in the Doc: no POS, tag, lemma, `Token.ent_iob` 0, and no span groups of semantic roles
    (see `spacy_seqtag.frames`), or a sentence that is not among the annotated.

    RAISES FormatError: a file that cannot be read as its format, layers of different sentences,
    an unsuitable output path. ValueError: an illegal `docs_by` or `columns`. ImportError: an
    unknown language.
    """
    files = [Path(path) for path in paths]
    output = Path(output)
    limit = parse_docs_by(docs_by)
    names = None if columns is None else parse_columns(columns)
    _check_output(output, files)
    formats = [_format_of(path) for path in files[1:]]
    formats.insert(0, file_format or _format_of(files[0]))
    # Not `spacy.blank`, which loads every package that plugs into spaCy, transformers among them.
    vocab = create_vocab(lang, get_lang_class(lang).Defaults)
    summary = Summary()
    counts: list[tuple[Path, IobCounts]] = []
    remarks: list[Remarks] = []
    notes = Counter[str]()

    def sentences(path: Path, kind: str) -> Iterator[Sentence]:
        if kind == "propbank":
            return read_propbank(path, notes=notes, progress=progress)
        count, remark = IobCounts(), Remarks(path)
        counts.append((path, count))
        remarks.append(remark)
        read = read_conllu if kind == "conllu" else partial(read_iob, columns=names)
        return read(
            path, strict=strict, scheme=scheme, counts=count, remarks=remark, progress=progress
        )

    bases = [path for path, kind in zip(files, formats, strict=True) if kind == "spacy"]
    if bases and formats[0] != "spacy":
        raise FormatError(
            bases[0],
            None,
            "a .spacy file gives the words and cannot be a layer of another file",
            "Name it first",
        )

    def layer_of(path: Path, kind: str) -> Layer | PropbankLayer:
        if kind == "propbank":
            return PropbankLayer(path, max_mismatch=max_mismatch, progress=progress)
        return Layer(path, sentences(path, kind), max_mismatch=max_mismatch)

    with ExitStack() as stack:
        stack.enter_context(new_folder(output.parent))
        writer = stack.enter_context(DocBinWriter(output))
        layers: list[Layer | PropbankLayer] = []
        for path, kind in list(zip(files, formats, strict=True))[1:]:
            if kind != "spacy":
                layer = layer_of(path, kind)
                stack.enter_context(layer)
                layers.append(layer)
        if bases:
            docs = _docs_from_spacy(bases, vocab, limit, layers, summary, progress)
        else:
            joined = join(sentences(files[0], formats[0]), layers)
            docs = _docs_from_sentences(joined, vocab, limit, summary)
        for doc in docs:
            summary.documents += 1
            writer.add(doc)
        if summary.sentences == 0:
            raise FormatError(
                files[0], None, "there is no sentence in the file", "Give a file with sentences"
            )
        for layer in layers:
            summary.mismatched += layer.mismatched
            summary.mismatches += layer.mismatches
            summary.unjoined += layer.unjoined
            summary.notes += layer.notes
    summary.notes += [f"{n} {what}" for what, n in notes.most_common()]
    summary.notes += [line for remark in remarks for line in remark.lines()]
    for path, count in counts:
        if scheme == "auto" and count.scheme == "iob1":
            summary.notes.append(
                f"{path} was read as IOB1, in which I- begins an entity; where that should be an "
                "error, say --scheme iob2 --strict"
            )
        summary.repaired += count.repaired
        summary.repairs += count.examples
    return summary


def parse_docs_by(docs_by: str | int) -> int | None:
    """The most sentences in a Doc: None for "document", 1 for "sentence", else the number.

    RAISES ValueError: anything else.
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


def _format_of(path: Path) -> str:
    if path.is_dir():
        return "propbank"
    for name, endings in FORMATS.items():
        if path.suffix.lower() in endings:
            return name
    known = ", ".join(ending for endings in FORMATS.values() for ending in endings)
    raise FormatError(
        path,
        None,
        f"the ending does not tell the format, expected one of {known}",
        "Rename the file, or give --format for the first file",
    )


@contextmanager
def written_aside(path: Path) -> Iterator[Path]:
    """A file beside `path` to write to, which replaces it at the end, or is removed on an error."""
    aside = path.with_name(path.name + ".tmp")
    try:
        yield aside
        os.replace(aside, path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise


@contextmanager
def new_folder(folder: Path) -> Iterator[None]:
    """Make a folder; if what is done in it fails, remove what was made."""
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        for path in made:
            path.rmdir()
        raise


def _check_output(output: Path, inputs: Sequence[Path]) -> None:
    if output.suffix != ".spacy" or output.is_dir():
        raise FormatError(
            output, None, "the output has to be a file that ends in .spacy", "Name such a file"
        )
    if any(path.exists() and output.exists() and path.samefile(output) for path in inputs):
        raise FormatError(
            output, None, "the output is one of the inputs", "Give the output another name"
        )


# Joining


class Layer:
    """The sentences of a further file, to be joined to those of the first one.

    path: the file. sentences: its sentences, read at once. max_mismatch: see `join`.
    joined, mismatched: sentences that were joined, or not because their words differ;
    mismatches: the first few of these, one line each. unjoined: the number of the others.
    notes: nothing that a user should know besides.

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
        self.notes: list[str] = []
        self._base: Path | None = None
        self._by_id: bool | None = None
        self._position = 0  # of the next base sentence
        self._first_mismatch: int | None = None
        self._has_ids = True
        self._size = 0
        self._db = sqlite3.connect("")
        try:
            self._db.execute("PRAGMA journal_mode = OFF")
            self._db.execute(
                "CREATE TABLE sentence (position INTEGER PRIMARY KEY, id TEXT, line INTEGER,"
                " used INTEGER DEFAULT 0, data TEXT)"
            )
            self._db.executemany(
                "INSERT INTO sentence (position, id, line, data) VALUES (?, ?, ?, ?)",
                self._rows(sentences),
            )
            if self._has_ids:
                self._index()
        except BaseException:
            self.close()
            raise

    @property
    def unjoined(self) -> int:
        return self._size - self.joined - self.mismatched

    def __enter__(self) -> "Layer":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Drop the sentences."""
        self._db.close()

    def _rows(self, sentences: Iterable[Sentence]) -> Iterator[tuple[int, str, int, str]]:
        for sentence in sentences:
            layers = {name: getattr(sentence, name) for name in LAYERS}
            data = json.dumps({"words": sentence.words, **layers})
            yield self._size, sentence.sent_id, sentence.line, data
            self._has_ids = self._has_ids and not sentence.made_up_id
            self._size += 1

    def _index(self) -> None:
        self._db.execute("CREATE INDEX by_id ON sentence (id)")
        twice = self._db.execute(
            "SELECT id, min(line), max(line) FROM sentence GROUP BY id HAVING count(*) > 1 LIMIT 1"
        ).fetchone()
        if twice is not None:
            raise _same_id(self.path, twice[2], twice[0], twice[1])

    def add_to(self, document: Sequence[Sentence]) -> None:
        """Give sentences of the first file those layers that they lack and this file has.

        RAISES FormatError: the first file has two sentences of the same id, or, joined by order,
        more sentences than this one.
        """
        for sentence in document:
            self._add_to_sentence(sentence)

    def _add_to_sentence(self, sentence: Sentence) -> None:
        if self._by_id is None:
            self._base = sentence.path
            self._by_id = self._has_ids and not sentence.made_up_id
        column, key = ("id", sentence.sent_id) if self._by_id else ("position", self._position)
        self._position += 1
        row = self._db.execute(
            f"SELECT position, line, used, data FROM sentence WHERE {column} = ?", (key,)
        ).fetchone()
        if row is None:
            return
        position, line, used, data = row
        if used:
            raise _same_id(sentence.path, sentence.line, sentence.sent_id, used)
        self._db.execute(
            "UPDATE sentence SET used = ? WHERE position = ?", (sentence.line, position)
        )
        other = json.loads(data)
        if other["words"] != sentence.words:
            self._mismatch(sentence, line, other["words"])
            return
        self.joined += 1
        for name in LAYERS:
            if getattr(sentence, name) is None:
                setattr(sentence, name, other[name])

    def _mismatch(self, sentence: Sentence, line: int, words: list[str]) -> None:
        self.mismatched += 1
        if self._first_mismatch is None:
            self._first_mismatch = line
        if len(self.mismatches) < EXAMPLES:
            pairs = zip(words, sentence.words, strict=False)
            differs = [i for i, (mine, theirs) in enumerate(pairs) if mine != theirs]
            at = differs[0] if differs else min(len(words), len(sentence.words))
            mine, theirs = (
                repr(those[at]) if at < len(those) else "nothing"
                for those in (words, sentence.words)
            )
            self.mismatches.append(
                f"{self.path}:{line}: sentence {sentence.sent_id}: word {at + 1} is {mine}, but "
                f"{theirs} in {sentence.path}:{sentence.line}"
            )

    def finish(self) -> None:
        """Check, after the last sentence, that both files hold the same sentences.

        RAISES FormatError: see `join`.
        """
        if not self._by_id and self._position != self._size:
            raise FormatError(
                self.path,
                None,
                f"layers of different sentences: {self._size} here, {self._position} in "
                f"{self._base}, and without sent_id they can only be joined by their order",
                "Give files of the same sentences, or add `# sent_id` comments to both",
            )
        if self.joined + self.mismatched == 0:
            raise FormatError(
                self.path,
                None,
                f"layers of different sentences: no sent_id is in {self._base} as well",
                "Give files of the same corpus",
            )
        if self.mismatched > self.max_mismatch * self._size:
            raise FormatError(
                self.path,
                self._first_mismatch,
                f"layers of different sentences: {self.mismatched} of {self._size} sentences, "
                f"this one first, have other words than in {self._base}",
                "Give files of the same version of the corpus, or raise --max-mismatch "
                f"(now {self.max_mismatch:g})",
            )


def _same_id(path: Path, line: int, sent_id: str, first: int) -> FormatError:
    return FormatError(
        path,
        line,
        f"sent_id {sent_id!r} stands for a second sentence, the first is in line {first}",
        "Give every sentence its own sent_id",
    )


def join(base: Iterable[Sentence], layers: Sequence[Layer | PropbankLayer]) -> Iterator[Sentence]:
    """The sentences of the first file with the layers of the further ones.

    Sentences are joined by `sent_id` or, where a file has none, by their order; PropBank's by
    their documents, see `PropbankLayer`. A layer that several files have is that of the first of
    them. A sentence whose words differ is reported in `Layer.mismatches` and left without the
    layer.

    RAISES FormatError: no sentence is shared; more than the share `max_mismatch` of a layer's
    sentences have other words; joined by order, the numbers of sentences differ; a `sent_id`
    stands for two sentences. For PropBank see `PropbankLayer`.
    """
    for document in _documents(base):
        for layer in layers:
            layer.add_to(document)
        yield from document
    for layer in layers:
        layer.finish()


def _documents(sentences: Iterable[Sentence]) -> Iterator[list[Sentence]]:
    """The sentences of each document; a sentence that belongs to none by itself."""
    document: list[Sentence] = []
    for sentence in sentences:
        if document and (
            sentence.new_doc or sentence.doc_id is None or sentence.doc_id != document[0].doc_id
        ):
            yield document
            document = []
        document.append(sentence)
    if document:
        yield document


# Building Docs


def build_doc(vocab: Vocab, sentences: Sequence[Sentence]) -> Doc:
    """One Doc of several sentences.

    Between two sentences stands what follows the first one's last word, and always a space before
    a new paragraph or document. Nothing follows the Doc's last word.

    RAISES FormatError: a UPOS value that Universal Dependencies does not have.
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
        starts += [True] + [False] * (size - 1)
        for name, tags in layers.items():
            tags += getattr(sentence, name) or [""] * size
        for tag in sentence.upos or ():
            if tag not in _LEGAL_UPOS:
                raise unknown_upos(sentence.path, sentence.line, tag)
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
    return doc


def _set_frames(doc: Doc, sentences: Sequence[Sentence]) -> None:
    """Write the propositions of a Doc's sentences to it."""
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


def _docs_from_sentences(
    sentences: Iterable[Sentence], vocab: Vocab, limit: int | None, summary: Summary
) -> Iterator[Doc]:
    unmarked = 0
    for number, group in enumerate(_groups(sentences, limit), start=1):
        for sentence in group:
            summary.add(sentence)
        doc = build_doc(vocab, group)
        if group[0].doc_id is None:
            unmarked += len(group)
            doc.user_data["doc_id"] = f"{group[0].path.stem}-part{number}"
        yield doc
    if limit is None and unmarked:
        summary.notes.append(
            f"{unmarked} sentences belong to no marked document: they were put into documents of "
            f"{GROUP} sentences (see --docs-by)"
        )


def _groups(sentences: Iterable[Sentence], limit: int | None) -> Iterator[list[Sentence]]:
    group: list[Sentence] = []
    for sentence in sentences:
        most = GROUP if limit is None and sentence.doc_id is None else limit
        if group and (sentence.new_doc or len(group) == most):
            yield group
            group = []
        group.append(sentence)
    if group:
        yield group


def _docs_from_spacy(
    paths: Sequence[Path],
    vocab: Vocab,
    limit: int | None,
    layers: Sequence[Layer | PropbankLayer],
    summary: Summary,
    progress: Progress | None,
) -> Iterator[Doc]:
    need_ids = any(isinstance(layer, Layer) for layer in layers)
    for path in paths:
        for group in _numbered_docs(path, vocab):
            pairs = [
                (doc, _sentences_of(doc, path, number, need_ids=need_ids)) for number, doc in group
            ]
            document = [sentence for _, sentences in pairs for sentence in sentences]
            before = [
                [name for name in (*LAYERS, "propositions") if getattr(sentence, name) is None]
                for sentence in document
            ]
            for layer in layers if document else ():
                layer.add_to(document)
            missing = iter(before)
            for doc, sentences in pairs:
                bounds = sentence_bounds(doc)
                gains_frames = False
                for sentence, (start, end) in zip(sentences, bounds, strict=True):
                    names = next(missing)
                    _annotate(doc[start:end], sentence, names)
                    gains_frames |= "propositions" in names and sentence.propositions is not None
                    summary.add(sentence)
                if gains_frames:
                    _set_frames(doc, sentences)
                if limit is None:
                    yield doc
                else:
                    groups = [bounds[i : i + limit] for i in range(0, len(bounds), limit)]
                    yield from cut_doc(doc, [(part[0][0], part[-1][1]) for part in groups])
        if progress is not None:
            progress(path.stat().st_size)
    for layer in layers:
        layer.finish()


def _numbered_docs(path: Path, vocab: Vocab) -> Iterator[list[tuple[int, Doc]]]:
    """The Docs of a file with their numbers; those that are parts of one document together."""
    group: list[tuple[int, Doc]] = []
    for number, doc in enumerate(read_docs(path, vocab), start=1):
        doc_id = doc.user_data.get("doc_id")
        if group and (doc_id is None or doc_id != group[-1][1].user_data.get("doc_id")):
            yield group
            group = []
        group.append((number, doc))
    if group:
        yield group


def _sentences_of(doc: Doc, path: Path, number: int, *, need_ids: bool) -> list[Sentence]:
    """A Doc's sentences, to join layers to them and to count what they have."""
    bounds = sentence_bounds(doc)
    props = propositions(doc)
    covered = annotated_tokens(doc) if has_frames(doc) else None
    ids = doc.user_data.get("sent_ids")
    if ids is None or len(ids) != len(bounds):
        if need_ids and bounds:
            raise FormatError(
                path,
                None,
                f"document {number} has no sent_ids, so no layer can be joined to it",
                "Convert the text file that it comes from together with its layers",
            )
        ids = [""] * len(bounds)
    result = []
    for sent_id, (start, end) in zip(ids, bounds, strict=True):
        tokens = list(doc[start:end])
        columns = {
            "upos": [token.pos_ for token in tokens],
            "xpos": [token.tag_ for token in tokens],
            "lemmas": [token.lemma_ for token in tokens],
            "entities": [
                f"{token.ent_iob_}-{token.ent_type_}" if token.ent_type_ else token.ent_iob_
                for token in tokens
            ],
        }
        sentence = Sentence(
            sent_id,
            doc.user_data.get("doc_id"),
            [token.text for token in tokens],
            [bool(token.whitespace_) for token in tokens],
            path,
            number,
        )
        for name, tags in columns.items():
            if any(tags):
                setattr(sentence, name, tags)
        if covered is not None and covered[start:end].all():
            own = [prop for prop in props if start <= prop.predicate < end]
            sentence.propositions = [prop.moved(-start) for prop in own]
        result.append(sentence)
    return result


def _annotate(span: Span, sentence: Sentence, names: Sequence[str]) -> None:
    """Write those `LAYERS` that are among these names to the words of a sentence without them."""
    doc = span.doc
    for name in LAYERS:
        tags = getattr(sentence, name)
        if tags is None or name not in names:
            continue
        if name == "entities":
            # A Doc of the sentence alone turns the tags into spans.
            own = Doc(doc.vocab, words=sentence.words, ents=tags)
            ents = [Span(doc, span.start + e.start, span.start + e.end, e.label) for e in own.ents]
            outside = [doc[i : i + 1] for i, tag in enumerate(tags, start=span.start) if tag == "O"]
            doc.set_ents(ents, outside=outside, default="unmodified")
            continue
        attribute = {"upos": "pos_", "xpos": "tag_", "lemmas": "lemma_"}[name]
        for token, tag in zip(span, tags, strict=True):
            if name == "upos" and tag not in _LEGAL_UPOS:
                raise unknown_upos(sentence.path, sentence.line, tag)
            setattr(token, attribute, tag)


# Writing


class DocBinWriter:
    """Write Docs to a `.spacy` file that `DocBin` reads, without holding them in memory.

    path: the file, in a folder that exists. attrs, store_user_data: as for `DocBin`.

    A context manager. The parts of the file go to nameless temporary files beside it until the
    end, when they are put together under the name `<path>.tmp`, which then replaces `path`. After
    an error `path` is as it was and nothing else remains.

    The format is a zlib-compressed msgpack map, described in `DocBin` (which packs each Doc here
    as well); see https://github.com/msgpack/msgpack/blob/master/spec.md for the headers.

    RAISES FormatError: more data than the format can hold.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        attrs: Iterable[str] = DOCBIN_ALL_ATTRS,
        store_user_data: bool = True,
    ) -> None:
        self.path = Path(path)
        self._bin = DocBin(attrs=attrs, store_user_data=store_user_data)
        # As `srsly.msgpack_dumps`, which spends a millisecond a call on looking for plug-ins.
        self._pack: Callable[[Any], bytes] = Packer(use_bin_type=True).pack
        self._n_docs = 0
        self._stack = ExitStack()
        self._parts: dict[str, IO[bytes]] = {}

    def __enter__(self) -> "DocBinWriter":
        names = ["tokens", "spaces", "lengths", "cats", "flags", "span_groups"]
        if self._bin.store_user_data:
            names.append("user_data")
        with ExitStack() as stack:
            for name in names:
                file = tempfile.TemporaryFile(dir=self.path.parent)
                self._parts[name] = stack.enter_context(file)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with self._stack:
            if error is None:
                self._put_together()

    def add(self, doc: Doc) -> None:
        """Add a Doc, as `DocBin.add` does."""
        packed = self._bin
        packed.add(doc)
        tokens = packed.tokens.pop()
        self._write("tokens", tokens.tobytes("C"))
        self._write("spaces", packed.spaces.pop().tobytes("C"))
        self._write("lengths", struct.pack("=i", len(tokens)))
        self._write("cats", self._pack(packed.cats.pop()))
        self._write("flags", self._pack(packed.flags.pop()))
        self._write("span_groups", self._pack(packed.span_groups.pop()))
        if packed.store_user_data:
            self._write("user_data", self._pack(packed.user_data.pop()))
        self._n_docs += 1
        if self._parts["tokens"].tell() > _MAX_BYTES:
            raise FormatError(
                self.path,
                None,
                "more words than one .spacy file can hold (4 GiB)",
                "Convert the input in several parts, into a folder of .spacy files",
            )

    def _write(self, name: str, data: bytes) -> None:
        self._parts[name].write(data)

    def _put_together(self) -> None:
        with written_aside(self.path) as whole, whole.open("wb") as file:
            compressor = zlib.compressobj()
            for data in self._message():
                file.write(compressor.compress(data))
            file.write(compressor.flush())

    def _message(self) -> Iterator[bytes]:
        """The msgpack map, piece by piece: what `DocBin.to_bytes` would compress."""
        yield bytes([0x80 | (3 + len(self._parts))])  # map of up to 15 pairs
        small: list[tuple[str, Any]] = [
            ("version", self._bin.version),
            ("attrs", self._bin.attrs),
            ("strings", sorted(self._bin.strings)),
        ]
        for name, value in small:
            yield self._pack(name) + self._pack(value)
        for name, file in self._parts.items():
            yield self._pack(name)
            if name in ("tokens", "spaces", "lengths"):
                yield b"\xc6" + struct.pack(">I", file.tell())  # bin 32
            else:
                yield b"\xdd" + struct.pack(">I", self._n_docs)  # array 32
            file.seek(0)
            while chunk := file.read(_CHUNK):
                yield chunk
