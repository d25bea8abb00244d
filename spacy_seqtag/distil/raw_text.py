"""Raw text to annotate: plain text, JSONL, or the words of `.spacy` files."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from spacy.tokens import Doc
from spacy.vocab import Vocab

from ..corpus.docbin_read import count_docs, read_docs
from ..corpus.errors import FormatError
from ..corpus.formats.lines import Progress, read_lines

ENDINGS = (".txt", ".jsonl", ".spacy")

# A line is held in memory as a whole, and so are the vectors of its words.
_LONGEST = 1_000_000  # bytes

_WHAT = f"raw text in {', '.join(ENDINGS[:-1])} or {ENDINGS[-1]}"


class RawText(NamedTuple):
    """A sentence or paragraph.

    text (str): Its text.
    words (list[str] | None): Its words, where they are given.
    spaces (list[bool] | None): Whether a blank follows each of them.
    sent_starts (list[bool | int | None] | None): Whether each begins a sentence, if that is given.
    """

    text: str
    words: list[str] | None = None
    spaces: list[bool] | None = None
    sent_starts: list[bool | int | None] | None = None


def find_raw(path: Path) -> list[Path]:
    """Find the files of raw text at a path: itself, or those in and below a folder, by name.

    path (Path): A file or folder.
    RAISES: FormatError: There is nothing at the path, or nothing with one of the `ENDINGS`.
    """
    if not path.exists():
        raise FormatError(path, None, "there is no such file or folder", "Check the path")
    if not path.is_dir():
        if path.suffix.lower() not in ENDINGS:
            raise FormatError(
                path, None, f"expected {_WHAT}", "Rename the file if that is what it holds"
            )
        return [path]
    found = sorted(
        file for file in path.rglob("*") if file.suffix.lower() in ENDINGS and file.is_file()
    )
    if not found:
        raise FormatError(
            path, None, f"expected {_WHAT}, and the folder has none", "Check the path"
        )
    return found


def check_output(output: Path, inputs: Iterable[Path], what: str) -> None:
    """Check that an output file replaces nothing that is read.

    output (Path): The file to write.
    inputs (Iterable[Path]): The files to read.
    what (str): What the output is, such as "a file".
    RAISES: FormatError: It is one of them, or a folder.
    """
    if any(file.resolve() == output.resolve() for file in inputs):
        raise FormatError(output, None, "the output is one of the inputs", "Give it another name")
    if output.is_dir():
        raise FormatError(output, None, "the output is a folder", f"Name {what} in it")


def read_raw(
    path: Path, *, sent_starts: bool = True, progress: Progress | None = None
) -> Iterator[RawText]:
    """Yield the texts of a file, one line or document at a time. Empty ones are left out.

    path (Path): A file with one of the `ENDINGS`.
    sent_starts (bool): Take the sentence boundaries of a `.spacy` file, besides its words.
    progress (Progress | None): Called with the number of bytes read.
    RAISES: FormatError: A file or line that cannot be read as what it should be.
    """
    if path.suffix.lower() == ".spacy":
        yield from _read_spacy(path, sent_starts, progress)
        return
    is_json = path.suffix.lower() == ".jsonl"
    for number, line in read_lines(path, progress, _LONGEST):
        text = _json_text(path, number, line) if is_json and line.strip() else line
        if text.strip():
            yield RawText(text)


def _read_spacy(path: Path, sent_starts: bool, progress: Progress | None) -> Iterator[RawText]:
    share = path.stat().st_size // max(1, count_docs(path))
    for doc in read_docs(path, Vocab()):
        if progress is not None:
            progress(share)
        if len(doc) and not doc.text.isspace():
            yield _words_of(doc, sent_starts)


def _words_of(doc: Doc, sent_starts: bool) -> RawText:
    """Take the words of a Doc, and nothing else but where its sentences begin."""
    known = sent_starts and doc.has_annotation("SENT_START")
    return RawText(
        doc.text,
        [token.text for token in doc],
        [bool(token.whitespace_) for token in doc],
        [token.is_sent_start for token in doc] if known else None,
    )


def _json_text(path: Path, line: int, source: str) -> str:
    fix = 'Write one object a line, as in {"text": "She left."}'
    try:
        value = json.loads(source)
    except (ValueError, RecursionError):  # the latter from a thousand brackets in a row
        raise FormatError(path, line, "this is no JSON", fix) from None
    text = value.get("text") if isinstance(value, dict) else None
    if not isinstance(text, str):
        raise FormatError(path, line, 'expected an object with a string "text"', fix)
    if "\0" in text or any("\ud800" <= char <= "\udfff" for char in text):
        raise FormatError(
            path,
            line,
            "the text has an escape that is no character (NUL, or half of a pair: \\ud800 to "
            "\\udfff)",
            "Leave it out",
        )
    return text
