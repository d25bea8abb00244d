"""From corpus files to one `.spacy` file, in five steps.

    formats     a file becomes sentences with their layers              formats/, sentence.py
    join        the sentences get the layers of the further files       join/
    Docs        sentences become Docs, as long as the user asks for     docs.py
    DocBin      Docs are written as they come                           docbin_write.py
    summary     what was written, and what the user should know         summary.py

All steps are iterators: memory follows the longest document and the vocabulary, and where layers
are joined the number of sentences, but not the length of the input (a `.spacy` input is the
exception, spaCy reads it as a whole).
"""

import gc
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from difflib import SequenceMatcher
from itertools import chain
from pathlib import Path

from spacy.util import get_lang_class
from spacy.vocab import create_vocab

from ..errors import printable
from ..files import new_folder, terminable
from ..frames import rename_roles
from ..partial import annotated_for
from ..schemes.propositions import ROLE_NAMES
from .docbin_write import DocBinWriter
from .docs import DocMaker, MadeDoc, parse_docs_by
from .errors import FormatError
from .formats.columns.names import parse_columns
from .formats.format import ReadOptions, read_all
from .formats.lines import Progress
from .formats.remarks import Remarks
from .formats.table.classes import parse_class_names
from .inputs import Input, find_inputs
from .join.by_sentence import SentenceLayer
from .join.joiner import join
from .join.layer import Layer
from .join.store import temporary_storage
from .sentence import Sentence
from .subset import Subset, sample
from .summary import Summary
from .tokenizer import LazyTokenizer

_NEW_OBJECTS = 100_000  # between two searches for cyclic garbage

# Labels that share more of their letters than this are written almost alike.
_ALIKE = 0.75


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
    tokenizer: str | None = None,
    alignment: str = "drop",
    labels: Iterable[str] = (),
    span_from: str = "subtree",
    max_mismatch: float = 0.02,
    subset: Subset | None = None,
    entity_labels: Collection[str] | None = None,
    role_names: str = "keep",
    progress: Progress | None = None,
) -> Summary:
    """Convert corpus files to one `.spacy` file.

    paths (Sequence[str | Path]): The first one gives words, spaces and its layers; each further
        one gives the layers that those before it lack. After a `.spacy` file, further `.spacy`
        files are more documents instead. Each is a file, or a folder or pattern of several files:
        see `inputs`.
    output (str | Path): The `.spacy` file, which stays as it was on an error.
    docs_by (str | int): What becomes a Doc: a "document", a "sentence", or a number of sentences
        at most, never across documents.
    lang (str): Code of the language whose vocabulary the words get.
    file_format (str | None): The format of the first file, a key of `FORMATS`; None goes by its
        ending.
    scheme, columns, strict, alignment, span_from, max_mismatch, progress: see `ReadOptions`; the
        columns as `parse_columns` reads them.
    labels (Iterable[str]): The names of classes, where tables have their numbers alone, as
        `parse_class_names` reads them.
    tokenizer (str | None): A pipeline whose tokenizer cuts texts into words; None for that of the
        language.
    subset (Subset | None): The sample to write, drawn when all are joined; None for everything.
    entity_labels (Collection[str] | None): Only entities of these labels were looked for: see
        `spacy_seqtag.partial.annotated_for`. None: those of all labels.
    role_names (str): How roles are named in the output, a key of `ROLE_NAMES`.
    RETURNS (Summary): What was written.
    RAISES: FormatError: A file that cannot be read, layers of different sentences, an unsuitable
        output, a label of `entity_labels` that is mistyped. OutputError: The output or temporary
        data cannot be written. ValueError: an illegal `docs_by`, `columns`, `labels` or
        `role_names`. ImportError: An unknown language, or a package that a format needs.
    """
    if role_names not in ROLE_NAMES:
        raise ValueError(f"role-names is {role_names!r}, expected one of {', '.join(ROLE_NAMES)}")
    limit = parse_docs_by(docs_by)
    names = None if columns is None else parse_columns(columns)
    classes = parse_class_names(labels)
    output, inputs = Path(output), find_inputs(paths, file_format)
    _check_output(output, inputs)
    first, further = _plan(inputs)
    name = first[0].files.name
    # `spacy.blank` would load every package that plugs into spaCy, transformers among them.
    vocab = create_vocab(lang, get_lang_class(lang).Defaults)
    options = ReadOptions(
        columns=names,
        scheme=scheme,
        strict=strict,
        max_mismatch=max_mismatch,
        vocab=vocab,
        tokenizer=LazyTokenizer(lang, vocab, tokenizer),
        alignment=alignment,
        labels=classes,
        span_from=span_from,
        progress=progress,
    )
    remarks, summary, maker = list[Remarks](), Summary(), DocMaker(vocab, limit)
    with ExitStack() as stack:
        stack.enter_context(_fewer_collections())
        stack.enter_context(terminable())
        stack.enter_context(new_folder(output.parent, output))
        stack.enter_context(temporary_storage())
        writer = stack.enter_context(DocBinWriter(output))
        made = (_layer(one, options, remarks) for one in further)
        layers = [stack.enter_context(closing(layer)) for layer in made]
        sentences = chain.from_iterable(_read(one, options, remarks) for one in first)
        joined = join(sentences, layers, path=name, skimmed=_skim(first, options))
        if subset is not None and not subset.is_whole:
            joined = stack.enter_context(_sample(joined, subset, _skim(first, options), summary))
        made_docs = _renamed(maker.docs(joined), role_names)
        _write(made_docs, writer, summary, entity_labels)
        if summary.sentences == 0:
            raise _no_rest(name) if subset and subset.rest else _no_sentence(name)
        if entity_labels is not None:
            _check_labels(name, entity_labels, summary, subset is None or subset.is_whole)
        summary.add_remarks(maker, [layer.finish() for layer in layers], remarks)
        for one in inputs:
            summary.add_passed_over(one.files.name, one.passed_over)
    return summary


@contextmanager
def _fewer_collections() -> Iterator[None]:
    """Let Python look for cyclic garbage less often: sentences are many objects and make none."""
    before = gc.get_threshold()
    gc.set_threshold(max(before[0], _NEW_OBJECTS), *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _renamed(made: Iterable[MadeDoc], role_names: str) -> Iterator[MadeDoc]:
    """Give the roles of Docs the names that are asked for."""
    for one in made:
        if role_names != "keep":
            rename_roles(one.doc, ROLE_NAMES[role_names])
        yield one


def _write(
    made: Iterable[MadeDoc],
    writer: DocBinWriter,
    summary: Summary,
    entity_labels: Collection[str] | None,
) -> None:
    """Write Docs and count them; their entities are of some labels only, where that is said."""
    for doc, own in made:
        if entity_labels is not None:
            summary.words_with["entities"] -= annotated_for(doc, entity_labels)
        writer.add(doc)
        summary.add_doc(own)
    if entity_labels is not None:
        summary.add_labels(entity_labels)


def _check_labels(
    path: Path, entity_labels: Collection[str], summary: Summary, is_whole: bool
) -> None:
    """Check the labels of entities that were looked for.

    A file may have none of a label that was looked for. But where it has entities, and none of
    them is of these labels, or one is of a label that is written almost like one of these, somebody
    has mistyped it.

    is_whole (bool): All of the file is written, and not a sample.
    RAISES: FormatError: Somebody has.
    """
    others = [label for label in summary.entities if label not in entity_labels]
    absent = [label for label in entity_labels if label not in summary.entities]
    none_found = len(absent) == len(entity_labels) and is_whole
    wrong = absent if none_found else [a for a in absent if any(_alike(a, b) for b in others)]
    if wrong and others:
        raise FormatError(
            path,
            None,
            f"no entity has the label {', '.join(map(printable, wrong))} of --entity-labels; there "
            f"are: {', '.join(map(printable, sorted(summary.entities)))}",
            "Name labels as they are written in the file",
        )


def _alike(one: str, other: str) -> bool:
    """Tell whether labels are written almost alike: PERS, PERSON and per beside PER."""
    one, other = one.casefold(), other.casefold()
    if one.startswith(other) or other.startswith(one):
        return True
    return SequenceMatcher(None, one, other).ratio() > _ALIKE


def _plan(inputs: Sequence[Input]) -> tuple[list[Input], list[Input]]:
    """Find out what each input is for.

    RETURNS (tuple[list[Input], list[Input]]): Those whose sentences are written (several where
        they hold Docs), and those that give layers.
    RAISES: FormatError: Files in an order that cannot be.
    """
    with_docs = [one for one in inputs if one.format.holds_docs]
    if with_docs and with_docs[0] is not inputs[0]:
        raise FormatError(
            with_docs[0].files.name,
            None,
            f"a {with_docs[0].format.suffixes[0]} file gives the words and cannot be a layer of "
            "another file",
            "Name it first",
        )
    if inputs[0].format.read is None:
        raise FormatError(
            inputs[0].files.name,
            None,
            f"a {inputs[0].format.suffixes[0]} file has no words of its own",
            "Name the file with the words first and this one after it",
        )
    return with_docs or [*inputs[:1]], [one for one in inputs[1:] if not one.format.holds_docs]


def _read(one: Input, options: ReadOptions, remarks: list[Remarks]) -> Iterator[Sentence]:
    """Read the sentences of files that have words."""
    if one.format.read is None:
        raise ValueError(f"the format {one.format.name} has no words")
    return read_all(one.format.read, one.files.paths, options, remarks)


def _skim(inputs: Sequence[Input], options: ReadOptions) -> Iterator[Sentence] | None:
    """Read the sentences a first time, where they are not kept for the second."""
    skims = [(path, one.format.skim) for one in inputs for path in one.files.paths]
    if not all(skim for _, skim in skims):
        return None
    return chain.from_iterable(skim(path, options) for path, skim in skims if skim)


@contextmanager
def _sample(
    sentences: Iterator[Sentence],
    subset: Subset,
    skimmed: Iterator[Sentence] | None,
    summary: Summary,
) -> Iterator[Iterator[Sentence]]:
    """Take a sample of the sentences, and say so in the summary; see `sample`."""
    with sample(sentences, subset, skimmed=skimmed) as drawn:
        size = subset.size(drawn.total)
        summary.add_sample(size, drawn.total, subset.seed, rest=subset.rest)
        yield drawn.sentences


def _no_sentence(path: Path) -> FormatError:
    return FormatError(path, None, "there is no sentence in the file", "Give a file with sentences")


def _no_rest(path: Path) -> FormatError:
    return FormatError(
        path, None, "the sample is all of the file, and there is no rest", "Draw a smaller sample"
    )


def _layer(one: Input, options: ReadOptions, remarks: list[Remarks]) -> Layer:
    """Read a further input into a layer: in the format's own way, else by its sentences."""
    if one.format.layer is not None:
        return one.format.layer(one.files, options, remarks)
    sentences = _read(one, options, remarks)
    return SentenceLayer(one.files.name, sentences, max_mismatch=options.max_mismatch)


def _check_output(output: Path, inputs: Sequence[Input]) -> None:
    if output.suffix != ".spacy" or output.is_dir():
        raise FormatError(
            output, None, "the output has to be a file that ends in .spacy", "Name such a file"
        )
    paths = [path for one in inputs for path in one.files.paths]
    if any(path.exists() and output.exists() and path.samefile(output) for path in paths):
        raise FormatError(
            output, None, "the output is one of the inputs", "Give the output another name"
        )
