"""From a `.spacy` file to a file of any format that can be written.

Docs are read one after the other, what a format cannot hold is counted as they pass, and the file
appears when it is complete.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from spacy.tokens import Doc
from spacy.vocab import Vocab

from ..compression import compressing, split_compression
from ..files import written_aside
from .docbin_read import find_docbins, read_docs
from .errors import FormatError
from .formats import WRITERS
from .formats.format import ExportCounts
from .formats.losses import counting


def export(
    file: Path,
    output: Path | IO[bytes],
    name: str,
    *,
    like: Path | None = None,
    watch: Callable[[Iterable[Doc]], Iterable[Doc]] = iter,
) -> ExportCounts:
    """Write the Docs of a `.spacy` file in another format.

    file (Path): The `.spacy` file.
    output (Path | IO[bytes]): The file to write, compressed if it ends in `.gz` or `.zst`, which
        stays as it was on an error; or an open one.
    name (str): The format, a key of `WRITERS`.
    like (Path | None): The annotated `.spacy` file that the Docs predict: the sentences that have
        semantic roles there are written. For formats with `takes_like`.
    watch (Callable[[Iterable[Doc]], Iterable[Doc]]): Passes the Docs on, such as a progress bar.
    RETURNS (ExportCounts): What was written, and what was left out.
    RAISES: FormatError: A file that cannot be read, an unsuitable output, `like` for another
        format. ValueError: Docs that the format cannot hold. OutputError: The output cannot be
        written. ImportError: A package that the format or compression needs is not installed.
    """
    writer = WRITERS[name]
    if like is not None and not writer.takes_like:
        known = ", ".join(one.name for one in WRITERS.values() if one.takes_like)
        what = f"--like is for formats of semantic roles ({known}), not for {name}"
        raise FormatError(like, None, what, "Leave it out")
    inputs = [path for path in (file, like) if path is not None]
    for path in inputs:
        if find_docbins(path) != [path]:
            raise FormatError(path, None, "this is a folder", "Name a .spacy file in it")
    if isinstance(output, Path):
        _check_output(output, inputs)
    vocab = Vocab()
    reference = None if like is None else read_docs(like, vocab)
    with _opened(output) as target:
        counts = ExportCounts()
        docs = counting(watch(read_docs(file, vocab)), writer.lacks, counts.left_out)
        written = writer.write(docs, target, reference)
    written.left_out.update(counts.left_out)
    return written


def _check_output(output: Path, inputs: list[Path]) -> None:
    if output.is_dir() or any(output.exists() and output.samefile(path) for path in inputs):
        raise FormatError(
            output, None, "the output is a folder or one of the inputs", "Give it another name"
        )


@contextmanager
def _opened(output: Path | IO[bytes]) -> Iterator[IO[bytes]]:
    if not isinstance(output, Path):
        yield output
        return
    _, compression = split_compression(output)
    with written_aside(output) as file, compressing(file, compression) as target:
        yield target
