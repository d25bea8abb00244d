"""spaCy's `.spacy` files of Docs: words and layers, to which further layers can be joined.

Source: https://spacy.io/api/docbin
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from spacy.tokens import Doc
from spacy.vocab import Vocab

from ...compression import ArchiveError, plain_file, split_compression
from ...frames import ARGUMENTS, PARTS, PREDICATES, problems
from ..docbin_read import read_docs
from ..docs import bare_sentences_of, empty_sentence, sentences_of
from ..errors import FormatError, damaged_archive
from ..plural import counted
from ..sentence import Sentence
from .format import Format, ReadOptions
from .remarks import Remarks


def _read(path: Path, options: ReadOptions, remarks: Remarks) -> Iterator[Sentence]:
    """Read the sentences of all Docs, with a remark on roles that do not hold together."""
    unsound: list[str] = []
    for number, doc in enumerate(_docs(path, options.vocab), start=1):
        sentences = sentences_of(doc, path, number)
        problem = None if _are_sound(doc, sentences) else next(problems(doc), None)
        if problem is not None:
            unsound.append(f"document {number}: {problem}")
        yield from sentences or [empty_sentence(doc, path, number)]
    if unsound:
        what = "<document has|documents have>"
        remarks.say(
            f"{counted(len(unsound), what)} semantic roles that do not hold together, the first "
            f"is {unsound[0]} (`python -m spacy seqtag check` names all)"
        )
    if options.progress is not None:
        options.progress(path.stat().st_size)


def _docs(path: Path, vocab: Vocab) -> Iterator[Doc]:
    """Yield the Docs of a file, which may be compressed once more."""
    compression = split_compression(path)[1]
    if not compression:
        yield from read_docs(path, vocab)
        return
    try:
        with plain_file(path, compression) as copy:
            yield from read_docs(copy, vocab)
    except ArchiveError as error:
        raise damaged_archive(path, None, error) from None
    except FormatError as error:
        raise FormatError(path, error.line, error.message, error.fix) from None


def _skim(path: Path, options: ReadOptions) -> Iterator[Sentence]:
    for number, doc in enumerate(_docs(path, options.vocab), start=1):
        yield from bare_sentences_of(doc, path, number)


def _are_sound(doc: Doc, sentences: Sequence[Sentence]) -> bool:
    """Tell whether semantic roles surely hold together.

    This is quicker than `problems`, which names what does not.

    sentences (Sequence[Sentence]): As `sentences_of` gives them.
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


FORMAT = Format(
    name="spacy",
    suffixes=(".spacy",),
    help="Docs, which keep everything that is in them; a further .spacy file adds documents",
    read=_read,
    skim=_skim,
)
