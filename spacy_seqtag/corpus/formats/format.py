"""What a format is to `convert` and `export`: what it can read, join and write.

A format reads sentences (`read`), or joins its files in a way of its own (`layer`), or both. `skim`
marks formats of Docs, which can only come first and are read twice where layers are joined, because
a Doc holds more than a `Sentence`.

A format that can be written has `writers`.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, NamedTuple

from spacy.tokenizer import Tokenizer
from spacy.tokens import Doc
from spacy.vocab import Vocab

from ..join.layer import Layer
from ..sentence import Sentence
from .lines import Progress
from .remarks import Remarks


@dataclass(frozen=True)
class ReadOptions:
    """What the user says about the files. Each format uses what concerns it.

    columns (tuple[str, ...] | None): What the columns of column files hold, as `parse_columns`
        reads it; None to judge by their contents.
    scheme (str): How entities are tagged: a key of `tags.PREFIXES`, or "auto".
    strict (bool): Whether tags that continue no entity, records that cannot be read, and spans that
        do not fit the words are errors.
    max_mismatch (float): The share, 0 to 1, of sentences that may have other words, of those that
        are in the same place in both files or have the same id (with PropBank: that are in
        documents which both files have). Sentences that only one file has do not count.
    vocab (Vocab): The vocabulary of Docs that are read.
    tokenizer (Callable[[str], Doc]): Cuts texts into words, for formats that have none.
    alignment (str): What becomes of spans within words, see `text_spans.ALIGNMENTS`.
    labels (Mapping[str, tuple[str, ...]]): The names of classes, for tables that have their numbers
        alone: see `table.classes.ClassNames`.
    span_from (str): What an argument becomes of which only the head is marked, see
        `head_roles.SPANS_FROM`.
    progress (Progress | None): Called with the number of bytes read since the last call.
    """

    columns: tuple[str, ...] | None = None
    scheme: str = "auto"
    strict: bool = False
    max_mismatch: float = 0.02
    vocab: Vocab = field(default_factory=Vocab)
    tokenizer: Callable[[str], Doc] = field(default_factory=lambda: Tokenizer(Vocab()))
    alignment: str = "drop"
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    span_from: str = "subtree"
    progress: Progress | None = None


Read = Callable[[Path, ReadOptions, Remarks], Iterator[Sentence]]
"""Yields the sentences of a file, and adds to the remarks what the user should know."""


class LayerFiles(NamedTuple):
    """The files of a layer.

    name (Path): How the user calls them: a file, a folder or a pattern.
    paths (tuple[Path, ...]): The files, in the order in which they are read; the folder itself
        where the format takes folders.
    """

    name: Path
    paths: tuple[Path, ...]


MakeLayer = Callable[[LayerFiles, ReadOptions, list[Remarks]], Layer]
"""Reads further files into a layer, to be joined to the sentences of the first ones.

It adds to the list what the user should know, in `Remarks` for each file.
"""


def read_all(
    read: Read, paths: Iterable[Path], options: ReadOptions, remarks: list[Remarks]
) -> Iterator[Sentence]:
    """Yield the sentences of several files, one after the other.

    remarks (list[Remarks]): Gets those of each file.
    """
    for path in paths:
        remarks.append(Remarks(path))
        yield from read(path, options, remarks[-1])


Skim = Callable[[Path, ReadOptions], Iterator[Sentence]]
"""Yields the sentences of a file without their layers, so that a join can look at them all."""


@dataclass
class ExportCounts:
    """How much an export wrote, and what of the Docs is not in the file.

    sentences, entities, predicates, words, documents (int): Their numbers; 0 also for what the
        format does not count.
    cut (int): Spans that left their sentence and were cut at its bounds.
    left_out (Counter[str]): What is not in the file, with its forms as `plural.counted` takes them.
    """

    sentences: int = 0
    predicates: int = 0
    cut: int = 0
    entities: int = 0
    words: int = 0
    documents: int = 0
    left_out: Counter[str] = field(default_factory=Counter)


Write = Callable[[Iterable[Doc], IO[bytes], Iterable[Doc] | None], ExportCounts]
"""Writes Docs to an open file. The third argument, if given, says which sentences are written."""


@dataclass(frozen=True)
class Writer:
    """A way to write Docs out.

    name (str): What `export --format` calls it.
    help (str): What it writes, for the command's help.
    write (Write): Writes the content of a file.
    lacks (tuple[str, ...]): What the format cannot hold, of `losses.CONTENTS`.
    takes_like (bool): Whether other Docs may say which sentences are written.
    """

    name: str
    help: str
    write: Write
    lacks: tuple[str, ...] = ()
    takes_like: bool = False


@dataclass(frozen=True)
class Format:
    """A format of corpus files.

    name (str): What `convert --format` calls it.
    suffixes (tuple[str, ...]): The file endings that tell it, in lower case and with the dot.
    help (str): What it is, as a phrase for the command's help.
    read (Read | None): Reads a file that has words; None for a format that has none.
    layer (MakeLayer | None): Joins further files in a way of its own; None to join them by their
        sentences.
    skim (Skim | None): For files of Docs, which can only come first: reads them a first time.
        Several such files are more documents.
    writers (tuple[Writer, ...]): Write Docs in this format, or in several of its kinds.
    takes_folders (bool): Whether it reads folders as they are; of others, all files are read.
    beside (tuple[str, ...]): The endings of the other files of such a folder, in lower case: files
        of other formats are an error. Nothing is checked if there are none.
    reads (Callable[[Path], list[Path]] | None): Finds the files of such a folder that are read,
        so that the summary names the others; None if that is all of them.
    recognises (Callable[[Path], bool] | None): Tells by its content whether a file or folder is of
        this format, where several formats have the ending; None for the one that is left.
    """

    name: str
    suffixes: tuple[str, ...]
    help: str
    read: Read | None = None
    layer: MakeLayer | None = None
    skim: Skim | None = None
    writers: tuple[Writer, ...] = ()
    takes_folders: bool = False
    beside: tuple[str, ...] = ()
    reads: Callable[[Path], list[Path]] | None = None
    recognises: Callable[[Path], bool] | None = None

    @property
    def holds_docs(self) -> bool:
        """Whether the files hold Docs, which take layers but are none themselves."""
        return self.skim is not None
