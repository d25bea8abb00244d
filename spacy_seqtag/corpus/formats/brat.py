"""brat's stand-off annotation: a text, and beside it a file with its spans.

A line `T1<tab>PER 0 4<tab>Anna` is a span; one in pieces has several places (`0 4;9 14`).
Relations, events, attributes and notes are counted, not read.

Source: https://brat.nlplab.org/standoff.html
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from ..errors import FormatError, no_sentence, quoted
from ..sentence import Sentence
from .format import Format, ReadOptions
from .lines import read_lines
from .remarks import Remarks
from .text_spans import CharSpan, SpanReader

_NOT_READ = {
    "R": "<relation was|relations were> not read",
    "E": "<event was|events were> not read",
    "A": "<attribute was|attributes were> not read",
    "M": "<attribute was|attributes were> not read",
    "N": "<normalisation was|normalisations were> not read",
    "#": "<note was|notes were> not read",
    "*": "<equivalence was|equivalences were> not read",
}
_PIECES = (
    "<span is|spans are> in pieces, and <reaches|reach> from the beginning of the first to the end "
    "of the last"
)


def looks_like(path: Path) -> bool:
    """Tell whether a folder has `.ann` files, or whether a file is one."""
    if path.is_dir():
        return any(path.glob("**/*.ann"))
    return path.suffix.lower() == ".ann"


def read(path: Path, options: ReadOptions, remarks: Remarks) -> Iterator[Sentence]:
    """Yield the texts of a file or of all files in a folder as sentences, ordered by their names.

    A `.txt` without `.ann` beside it is a text that nobody annotated.

    RAISES: FormatError: An `.ann` without its text, or with a line that is none; in strict mode, a
        span that does not fit; no text at all.
    """
    if path.is_dir():
        files = (file for file in path.glob("**/*") if file.suffix in _ENDINGS)
        names = {file.with_name(file.stem) for file in files}
        stems = sorted(names)
    else:
        stems = [path.with_name(path.stem)]
    totals = Counter[str]()
    found = False
    for stem in stems:
        # Not `with_suffix`, which would cut "r.1" to "r".
        text_file, spans_file = (stem.with_name(stem.name + ending) for ending in _ENDINGS)
        if not text_file.exists():
            raise FormatError(
                spans_file, None, f"its text {text_file.name} is not there", "Put it beside"
            )
        text = _text(text_file, options)
        spans = list(_spans(spans_file, options, remarks, totals)) if spans_file.exists() else None
        if not _fits(text, spans or ()) and _fits(unix := text.replace("\r\n", "\n"), spans or ()):
            text = unix  # its line ends were changed after it was annotated
        reader = SpanReader(spans_file if spans is not None else text_file, options, remarks)
        doc_id = stem.relative_to(path).as_posix() if path.is_dir() else stem.name
        sentence = reader.sentence(1, text, spans, doc_id=doc_id)
        if sentence is not None:
            found = True
            yield sentence
    remarks.totals.update(totals)
    if not found:
        raise no_sentence(path)


_ENDINGS = (".txt", ".ann")


def _fits(text: str, spans: Iterable[CharSpan]) -> bool:
    """Whether the spans have the texts that their lines say."""
    return all(span.text in (None, text[span.start : span.end]) for span in spans)


def _text(path: Path, options: ReadOptions) -> str:
    """Read a text as it is: brat counts every character, line ends among them."""
    size = path.stat().st_size
    if options.progress is not None:
        options.progress(size)
    try:
        return path.read_bytes().decode("utf8")
    except UnicodeDecodeError as error:
        byte = error.object[error.start]
        raise FormatError(
            path,
            None,
            f"not UTF-8: byte 0x{byte:02x} at position {error.start + 1}",
            "Save the file in UTF-8",
        ) from None


def _spans(
    path: Path, options: ReadOptions, remarks: Remarks, totals: Counter[str]
) -> Iterator[CharSpan]:
    """Yield the spans of an `.ann` file; it may be empty."""
    if not path.stat().st_size:
        return
    for line, text in read_lines(path, options.progress):
        if not text.strip():
            continue
        kind = text[0]
        if kind != "T":
            if kind not in _NOT_READ:
                raise _no_line(path, line, text)
            totals[_NOT_READ[kind]] += 1
            continue
        parts = text.split("\t")
        label, _, places = parts[1].partition(" ") if len(parts) > 1 else ("", "", "")
        try:
            pieces = [tuple(map(int, piece.split())) for piece in places.split(";")]
            starts, ends = zip(*pieces, strict=True)
        except ValueError:
            raise _no_line(path, line, text) from None
        if not label:
            raise _no_line(path, line, text)
        if len(pieces) > 1:
            remarks.count(_PIECES, line, quoted(text[:40]))
        quote = parts[2] if len(parts) > 2 and len(pieces) == 1 else None
        yield CharSpan(min(starts), max(ends), label, quote)


def _no_line(path: Path, line: int, text: str) -> FormatError:
    return FormatError(
        path,
        line,
        f"{quoted(text)} is no line of brat's stand-off form",
        "Write spans as T1<tab>LABEL start end<tab>text",
    )


FORMAT = Format(
    name="brat",
    suffixes=(".ann",),
    help="brat's stand-off files, .ann with .txt beside",
    read=read,
    takes_folders=True,
    beside=(".txt",),
    recognises=looks_like,
)
