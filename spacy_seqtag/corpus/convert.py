"""From corpus files to one `.spacy` file: joining layers, building Docs, writing.

Everything here streams: memory follows the longest document and the vocabulary, and where layers
are joined the number of sentences, but not the length of the input (a `.spacy` input is the
exception, spaCy reads it as a whole).
"""

import re
import struct
import tempfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from spacy.tokens import Doc, DocBin, Span
from spacy.tokens.doc import DOCBIN_ALL_ATTRS
from spacy.util import get_lang_class
from spacy.vocab import Vocab, create_vocab
from srsly.msgpack import Packer

from ..files import naming, new_folder, terminable, written_aside
from ..frames import (
    ARGUMENTS,
    PARTS,
    PREDICATES,
    annotated_tokens,
    has_frames,
    problems,
    propositions,
    set_propositions,
)
from ..schemes.propositions import Proposition
from ..schemes.upos import UPOS_TAGS
from .conllu import read_conllu
from .iob import IobCounts, read_iob
from .join import AnyLayer, Layer, Outline, join, temporary_storage
from .layout import parse_columns
from .propbank import ENDINGS as PROPBANK_ENDINGS
from .propbank import PropbankLayer, read_propbank
from .props import PropsLayer
from .reader import Place, cut_doc, read_docs, rows_within, sentence_bounds
from .sentence import LAYERS, FormatError, Progress, Remarks, Sentence, unknown_upos

FORMATS = {
    "conllu": (".conllu", ".conll-u", ".conllup"),
    "iob": (".iob", ".iob2", ".conll", ".bio", ".tsv", ".txt", ".csv"),
    "propbank": PROPBANK_ENDINGS,
    "props": (".props",),
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
    cuts: annotation that counts as missing because Docs were cut through it, one line each.
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
    cuts: list[str] = field(default_factory=list)
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
        are more documents instead. PropBank files may be given by their folder.
    output: the `.spacy` file. It appears when it is complete, and stays as it was on an error.
    docs_by: what becomes a Doc: a "document", a "sentence", or a number of sentences at most,
        never across documents.
    lang: code of the language whose vocabulary the words get.
    file_format: a key of `FORMATS` for the first file; None goes by its ending.
    scheme, strict: see `read_iob`. columns: what the columns of all files of columns hold, see
        `layout.parse_columns`; None has their contents judged.
    max_mismatch: the share of sentences that may have other words, of those that stand in the same
        place of both files or have the same id (of PropBank: are in documents that both have).
        Sentences that only one of the files has do not count.

    `Doc.user_data` gets `doc_id` and `sent_ids` (one a sentence). What is not annotated stays
    unset in the Doc: no POS, tag, lemma, `Token.ent_iob` 0, and no span groups of semantic roles
    (see `spacy_seqtag.frames`), or a sentence that is not among the annotated.

    RAISES FormatError: a file that cannot be read as its format, layers of different sentences,
    an unsuitable output path. OutputError: the output or temporary data cannot be written.
    ValueError: an illegal `docs_by` or `columns`. ImportError: an unknown language.
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

    if formats[0] == "props":
        raise FormatError(
            files[0],
            None,
            "these are propositions without words",
            "Name the file with the words first and this one after it",
        )

    def layer_of(path: Path, kind: str) -> AnyLayer:
        if kind == "propbank":
            return PropbankLayer(path, max_mismatch=max_mismatch, progress=progress)
        if kind == "props":
            return PropsLayer(path, max_mismatch=max_mismatch, progress=progress)
        return Layer(path, sentences(path, kind), max_mismatch=max_mismatch)

    with ExitStack() as stack:
        stack.enter_context(terminable())
        stack.enter_context(new_folder(output.parent, output))
        stack.enter_context(temporary_storage())
        writer = stack.enter_context(DocBinWriter(output))
        layers: list[AnyLayer] = []
        for path, kind in list(zip(files, formats, strict=True))[1:]:
            if kind != "spacy":
                layers.append(layer_of(path, kind))
                stack.callback(layers[-1].close)
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


def _check_output(output: Path, inputs: Sequence[Path]) -> None:
    if output.suffix != ".spacy" or output.is_dir():
        raise FormatError(
            output, None, "the output has to be a file that ends in .spacy", "Name such a file"
        )
    if any(path.exists() and output.exists() and path.samefile(output) for path in inputs):
        raise FormatError(
            output, None, "the output is one of the inputs", "Give the output another name"
        )


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
    layers: Sequence[AnyLayer],
    summary: Summary,
    progress: Progress | None,
) -> Iterator[Doc]:
    if layers:
        outline = Outline()
        for path in paths:
            for group in _numbered_docs(path, vocab):
                for number, doc in group:
                    for sentence in _words_of(doc, path, number):
                        outline.add(sentence)
        for layer in layers:
            layer.align(outline)
    cuts = Counter[str]()
    for path in paths:
        unsound: list[str] = []  # Docs whose semantic roles do not hold together
        for group in _numbered_docs(path, vocab):
            pairs = [(doc, _sentences_of(doc, path, number)) for number, doc in group]
            for (number, doc), (_, sentences) in zip(group, pairs, strict=True):
                problem = None if _are_sound(doc, sentences) else next(problems(doc), None)
                if problem is not None:
                    unsound.append(f"document {number}: {problem}")
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
                lacking = list(islice(missing, len(sentences)))
                _annotate(doc, bounds, sentences, lacking)
                if any(
                    "propositions" in names and sentence.propositions is not None
                    for sentence, names in zip(sentences, lacking, strict=True)
                ):
                    _set_frames(doc, sentences)
                if limit is None or len(bounds) <= limit:
                    for sentence in sentences:
                        summary.add(sentence)
                    yield doc
                    continue
                groups = [bounds[i : i + limit] for i in range(0, len(bounds), limit)]
                for piece in cut_doc(doc, [(g[0][0], g[-1][1]) for g in groups], cuts):
                    for sentence in _sentences_of(piece, path, sentences[0].line):
                        summary.add(sentence)
                    yield piece
        if unsound:
            summary.notes.append(
                f"{path}: {len(unsound)} documents have semantic roles that do not hold together, "
                f"the first is {unsound[0]} (`python -m spacy seqtag check` names all)"
            )
        if progress is not None:
            progress(path.stat().st_size)
    summary.cuts += [f"{n} {what}" for what, n in cuts.most_common()]
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


def _words_of(doc: Doc, path: Path, number: int) -> list[Sentence]:
    """A Doc's sentences without their layers."""
    bounds = sentence_bounds(doc)
    ids = doc.user_data.get("sent_ids")
    if ids is None or len(ids) != len(bounds):
        ids = [None] * len(bounds)
    return [
        Sentence(
            sent_id or f"{path.stem}-doc{number}",
            doc.user_data.get("doc_id"),
            [token.text for token in doc[start:end]],
            [bool(token.whitespace_) for token in doc[start:end]],
            path,
            number,
            made_up_id=sent_id is None,
        )
        for sent_id, (start, end) in zip(ids, bounds, strict=True)
    ]


def _sentences_of(doc: Doc, path: Path, number: int) -> list[Sentence]:
    """A Doc's sentences, to join layers to them and to count what they have."""
    props = propositions(doc)
    covered = annotated_tokens(doc) if has_frames(doc) else None
    result = _words_of(doc, path, number)
    bounds = sentence_bounds(doc)
    within = rows_within([(prop.predicate, prop.predicate + 1) for prop in props], bounds)
    for sentence, (start, end), rows in zip(result, bounds, within, strict=True):
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
        for name, tags in columns.items():
            if any(tags):
                setattr(sentence, name, tags)
        if covered is not None and covered[start:end].all():
            sentence.propositions = [props[row].moved(-start) for row in rows]
    return result


def _are_sound(doc: Doc, sentences: Sequence[Sentence]) -> bool:
    """Whether semantic roles surely hold together: quicker than `problems`, which names what not.

    sentences: as `_sentences_of` gives them.
    """
    n_spans = 0
    for sentence in sentences:
        props = sentence.propositions or ()
        if len({prop.predicate for prop in props}) < len(props):
            return False
        for prop in props:
            spans = [(prop.predicate, prop.predicate + 1), *prop.parts]
            spans = sorted(spans + [(start, end) for start, end, _ in prop.arguments])
            n_spans += len(spans)
            last = 0
            for start, end in spans:
                if not last <= start < end <= len(sentence.words):
                    return False
                last = end
    groups = [doc.spans.get(name, ()) for name in (PREDICATES, ARGUMENTS, PARTS)]
    return n_spans == sum(map(len, groups)) and all(len(span) == 1 for span in groups[0])


def _annotate(
    doc: Doc,
    bounds: Sequence[Place],
    sentences: Sequence[Sentence],
    lacking: Sequence[Sequence[str]],
) -> None:
    """Write to the words of each sentence those `LAYERS` that are among the names it lacks."""
    ents: list[Span] = []
    outside: list[Span] = []
    for (first, end), sentence, names in zip(bounds, sentences, lacking, strict=True):
        for name in LAYERS:
            tags = getattr(sentence, name)
            if tags is None or name not in names:
                continue
            if name == "entities":
                # A Doc of the sentence alone turns the tags into spans.
                own = Doc(doc.vocab, words=sentence.words, ents=tags)
                ents += [Span(doc, first + e.start, first + e.end, e.label) for e in own.ents]
                outside += [doc[i : i + 1] for i, tag in enumerate(tags, first) if tag == "O"]
                continue
            attribute = {"upos": "pos_", "xpos": "tag_", "lemmas": "lemma_"}[name]
            for token, tag in zip(doc[first:end], tags, strict=True):
                if name == "upos" and tag not in _LEGAL_UPOS:
                    raise unknown_upos(sentence.path, sentence.line, tag)
                setattr(token, attribute, tag)
    if ents or outside:
        # Once, as it goes through all of the Doc.
        doc.set_ents(ents, outside=outside, default="unmodified")


# Writing


class DocBinWriter:
    """Write Docs to a `.spacy` file that `DocBin` reads, without holding them in memory.

    path: the file, in a folder that exists. attrs, store_user_data: as for `DocBin`.

    A context manager. The parts of the file go to nameless temporary files beside it until the
    end, when they are put together in a file that replaces `path`, see `written_aside`. After
    an error `path` is as it was and nothing else remains.

    The format is a zlib-compressed msgpack map, described in `DocBin` (which packs each Doc here
    as well); see https://github.com/msgpack/msgpack/blob/master/spec.md for the headers.

    RAISES FormatError: more data than the format can hold. OutputError: the file cannot be
    written.
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
            with naming(self.path):
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
        if error is None:
            with self._stack, naming(self.path):
                self._put_together()
            return
        with suppress(OSError):  # the end of an output that there was no space for
            self._stack.close()

    def add(self, doc: Doc) -> None:
        """Add a Doc, as `DocBin.add` does."""
        packed = self._bin
        packed.add(doc)
        with naming(self.path):
            self._write_parts(packed)
        self._n_docs += 1
        if self._parts["tokens"].tell() > _MAX_BYTES:
            raise FormatError(
                self.path,
                None,
                "more words than one .spacy file can hold (4 GiB)",
                "Convert the input in several parts, into a folder of .spacy files",
            )

    def _write_parts(self, packed: DocBin) -> None:
        """Move the only Doc of a `DocBin` to the files."""
        tokens = packed.tokens.pop()
        self._write("tokens", tokens.tobytes("C"))
        self._write("spaces", packed.spaces.pop().tobytes("C"))
        self._write("lengths", struct.pack("=i", len(tokens)))
        self._write("cats", self._pack(packed.cats.pop()))
        self._write("flags", self._pack(packed.flags.pop()))
        self._write("span_groups", self._pack(packed.span_groups.pop()))
        if packed.store_user_data:
            self._write("user_data", self._pack(packed.user_data.pop()))

    def _write(self, name: str, data: bytes) -> None:
        self._parts[name].write(data)

    def _put_together(self) -> None:
        with written_aside(self.path) as file:
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
