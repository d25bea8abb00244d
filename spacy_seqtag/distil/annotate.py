"""From raw text to a `.spacy` file with the annotation and the soft labels of teachers."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from spacy.tokens import Doc

from ..corpus.docbin_write import DocBinWriter
from ..corpus.errors import FormatError
from ..corpus.formats.lines import Progress
from ..errors import Whole, check_settings
from ..files import new_folder, terminable
from ..frames import PREDICATES
from ..schemes.soft_rows import TOP
from ..soft_labels import PREDICATE_LAYER, SoftLabels, set_soft_labels
from .raw_text import RawText, check_output, find_raw, read_raw
from .teachers import Panels, Teacher, load_teachers, make_panels, memory_zones
from .vote import ask_each, copy_words, vote
from .vote_roles import vote_roles

# A batch is annotated when it has so many characters, or texts.
_BATCH_CHARS = 40_000
_BATCH_TEXTS = 128


@dataclass
class Distilled:
    """What was written.

    layers (list[str]): Those that the teachers annotate.
    docs, words, predicates (int): How many.
    ents (Counter[str]): Entities by label.
    """

    layers: list[str]
    docs: int = 0
    words: int = 0
    predicates: int = 0
    ents: Counter[str] = field(default_factory=Counter)


def distil(
    names: Sequence[str],
    raw: Path,
    output: Path,
    *,
    top: int = TOP,
    sent_starts: bool = True,
    union_labels: bool = False,
    progress: Progress | None = None,
) -> Distilled:
    """Let teachers annotate raw text, and keep what they think.

    Memory follows the longest text and the vocabulary, not the length of the input (a `.spacy`
    input is the exception, spaCy reads it as a whole).

    names (Sequence[str]): The teachers: package names or folders.
    raw (Path): Raw text, see `find_raw` and `read_raw`.
    output (Path): The `.spacy` file, which stays as it was on an error.
    top (int): The most classes of a word that are kept, from 1 to 255.
    sent_starts (bool): Take the sentence boundaries of `.spacy` files, besides their words.
    union_labels (bool): Let the labels of teachers of one layer differ.
    progress (Progress | None): Called with the number of bytes that were read.
    RETURNS (Distilled): What was written.
    RAISES: FormatError (a ValueError): Raw text that cannot be read, or none. ValueError: Teachers
        that do not fit each other, see `load_teachers` and `make_panels`. OSError: No such
        pipeline, or a file that cannot be written.
    """
    check_settings("distil:", top=(top, Whole(1)))
    files = find_raw(raw)
    check_output(output, files, "a .spacy file")
    teachers = load_teachers(names)
    panels = make_panels(teachers, union_labels=union_labels)
    result = Distilled(panels.layers)
    texts = (
        text
        for file in files
        for text in read_raw(file, sent_starts=sent_starts, progress=progress)
    )
    with terminable(), new_folder(output.parent, output), DocBinWriter(output) as writer:
        for batch in in_batches(texts):
            with memory_zones(teachers):
                for doc in annotate(teachers, panels, batch, min(top, 255)):
                    writer.add(doc)
                    _count(result, doc)
        if not result.docs:
            raise FormatError(raw, None, "there is no text", "Give raw text, one sentence a line")
    return result


def annotate(
    teachers: Sequence[Teacher], panels: Panels, texts: Sequence[RawText], top: int = TOP
) -> list[Doc]:
    """Annotate a batch of texts with what the teachers agree on, and their soft labels.

    teachers (Sequence[Teacher]): The first sets sentence boundaries for all.
    panels (Panels): Of their components.
    texts (Sequence[RawText]): A batch, none of them empty.
    top (int): The most classes of a word that are kept.
    """
    own_docs, predictions = ask_each(teachers, texts)
    docs = copy_words(own_docs[0], teachers[0].nlp.vocab)
    soft = [SoftLabels() for _ in docs]
    for panel in panels.tokens:
        for labels, rows in zip(soft, vote(panel, docs, predictions, top), strict=True):
            labels.layers[panel.layer] = rows
    if panels.roles is not None:
        votes = vote_roles(panels.roles, teachers, docs, own_docs, top)
        for labels, (predicates, roles) in zip(soft, votes, strict=True):
            labels.layers[PREDICATE_LAYER] = predicates
            labels.roles = roles
    for doc, labels in zip(docs, soft):
        set_soft_labels(doc, labels)
    return docs


def in_batches(texts: Iterable[RawText]) -> Iterator[list[RawText]]:
    """Divide texts into batches of as many as are annotated at once.

    texts (Iterable[RawText]): Any number of them.
    """
    batch: list[RawText] = []
    n_chars = 0
    for text in texts:
        batch.append(text)
        n_chars += len(text.text)
        if len(batch) >= _BATCH_TEXTS or n_chars >= _BATCH_CHARS:
            yield batch
            batch, n_chars = [], 0
    if batch:
        yield batch


def _count(result: Distilled, doc: Doc) -> None:
    result.docs += 1
    result.words += len(doc)
    result.ents.update(ent.label_ for ent in doc.ents)
    result.predicates += len(doc.spans.get(PREDICATES, ()))
