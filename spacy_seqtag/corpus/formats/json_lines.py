"""JSONL of texts with spans: what spaCy, Prodigy, doccano and others write and read.

A record is a line, or an entry of a JSON list. What it holds is told by its keys:

- `spans` or `ents`, dicts with `start`, `end` and `label` (spaCy's `Doc.to_json`, where the group
  `gold` of `spans` has all of them if some overlap; Prodigy,
  https://prodi.gy/docs/api-interfaces, with `tokens` and `answer`);
- `label` or `labels`, triples of start, end and label (doccano,
  https://doccano.github.io/doccano/tutorial/);
- `entities`, triples or dicts, also with `start_offset` (doccano with relations) or `start_char`;
  `[text, {"entities": …}]` is the training data of spaCy 2. A record with doccano's list of
  `Comments` has its spans in `entities` or `label`, and whatever other keys it has are metadata;
- `tokenized_text` and `ner`, words and triples of first word, last word and label (GLiNER,
  https://github.com/urchade/GLiNER).

A record with none of these keys, or with null, is a text that nobody annotated, as is one with an
empty object of labels; an empty list says that there is no entity.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from ..docs import ALL_SPANS
from ..errors import FormatError, no_sentence, quoted
from ..sentence import Sentence
from .format import Format, ReadOptions
from .lines import read_lines
from .remarks import Remarks
from .text_spans import CharSpan, SpanReader, Words
from .text_writers import JSONL_WRITERS

Record: TypeAlias = dict[str, Any]
"""A JSON object: what it holds is checked as it is read."""

# In this order: a record of Prodigy has `label` for other things, one of doccano has `entities`.
SPAN_KEYS = ("spans", "ents", "entities", "label", "labels")
"""The keys under which a record has its spans, where it is not null: the first with a span counts,
else the first."""

_OF_TEXT = ("label", "labels")  # these may also have labels of the whole text
_TEXT_KEYS = ("text", "data")
_ID_KEYS = ("doc_id", "id", "_task_hash")
_DOCCANO_KEYS = ("doc_id", "id", "text", "entities", "label")
_STARTS, _ENDS = ("start_char", "start_offset", "start"), ("end_char", "end_offset", "end")
_LABELS = ("label", "labels", "type", "entity_group", "entity")

_NO_RECORD = "<record is|records are> not what it should be and <was|were> left out"
_REJECTED = (
    "<record was|records were> rejected or ignored in Prodigy: <its text is|their texts are> "
    "there, not annotated"
)
_NO_SPANS = "<record has|records have> labels of the whole text, which are not read, and no spans"
_UNSEEN = (
    "<text of doccano has|texts of doccano have> no spans, as if nobody looked at <it|them>: <it "
    "counts|they count> as annotated, without entities. If that is wrong, export approved "
    "documents only"
)


# pandas and NumPy leave NaN for what is missing, which Python's json writes though JSON has none.
_loads = json.JSONDecoder(parse_constant=lambda _: None).decode


class Problem(ValueError):
    """A record that cannot be read. Its text says why."""


def read(path: Path, options: ReadOptions, remarks: Remarks) -> Iterator[Sentence]:
    """Yield the texts of a file as sentences.

    RAISES: FormatError: No record that can be read; in strict mode, one that cannot, or a span
        that does not fit; a file that is missing, empty or not UTF-8.
    """
    yield from sentences_of(records(path, options, remarks), path, options, remarks)


def sentences_of(
    found: Iterable[tuple[int, object]], path: Path, options: ReadOptions, remarks: Remarks
) -> Iterator[Sentence]:
    """Yield the texts of records as sentences.

    found (Iterable[tuple[int, object]]): The records with their lines.
    path (Path): The file that they are from.
    RAISES: FormatError: No record that can be read; in strict mode, one that cannot, or a span
        that does not fit.
    """
    reader = SpanReader(path, options, remarks)
    for line, record in found:
        try:
            sentence = _sentence(reader, line, record)
        except Problem as problem:
            report(path, line, str(problem), options, remarks)
            continue
        if sentence is not None:
            yield sentence
    if not reader.n_texts:
        raise no_text(path, remarks)


def no_text(path: Path, remarks: Remarks) -> FormatError:
    """Make the error for a file of which no record could be read."""
    why = "; ".join(line.removeprefix(f"{path}: ") for line in remarks.lines())
    what = f"no text in it could be read ({why})" if why else "there is no text in it"
    return FormatError(path, None, what, "Correct it, or say with --format what it is")


def records(path: Path, options: ReadOptions, remarks: Remarks) -> Iterator[tuple[int, object]]:
    """Yield the records of a file with their lines: of JSONL, or of one JSON list.

    JSONL is read line by line; a list is read as a whole, and its lines are counted as records.
    """
    lines = read_lines(path, options.progress)
    first = next(((line, text) for line, text in lines if text.strip()), None)
    if first is None:
        raise no_sentence(path)
    line, text = first
    begins = text.lstrip()
    if (begins.startswith("[") and not _is_json(text)) or begins.strip() == "{":
        yield from enumerate(_list(path, line, [text, *(rest for _, rest in lines)]), start=1)
        return
    if begins.startswith("[") and isinstance((_loads(text) or [{}])[0], list | dict):
        for record in _loads(text):  # a list on one line
            yield line, record
    else:
        yield from _record(path, line, text, options, remarks)
    for line, text in lines:
        if text.strip():
            yield from _record(path, line, text, options, remarks)


def _is_json(text: str) -> bool:
    try:
        _loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _list(path: Path, line: int, lines: Iterable[str]) -> list[object]:
    """Read a file that is one JSON list.

    RAISES: FormatError: It is none.
    """
    try:
        found = _loads("\n".join(lines))
    except (ValueError, RecursionError) as error:
        place = getattr(error, "lineno", 1) + line - 1
        raise FormatError(
            path, place, f"no JSON: {error}", "Correct it, or write a record on each line"
        ) from None
    return found if isinstance(found, list) else [found]


def _record(
    path: Path, line: int, text: str, options: ReadOptions, remarks: Remarks
) -> Iterator[tuple[int, object]]:
    try:
        yield line, _loads(text)
    except (ValueError, RecursionError) as error:
        report(path, line, f"no JSON ({error})", options, remarks)


def report(path: Path, line: int, problem: str, options: ReadOptions, remarks: Remarks) -> None:
    """Say that a record is left out.

    RAISES: FormatError: In strict mode.
    """
    if options.strict:
        raise FormatError(path, line, problem, "Correct it, or leave out --strict to go on")
    remarks.count(_NO_RECORD, line, problem)


def _sentence(reader: SpanReader, line: int, record: object) -> Sentence | None:
    """Make the sentence of a record.

    RAISES: Problem: The record cannot be read.
    """
    if isinstance(record, list):  # the training data of spaCy 2
        if len(record) != 2 or not isinstance(record[1], dict):
            raise Problem('a list is [text, {"entities": …}]')
        record = {"text": record[0], **record[1]}
    if not isinstance(record, dict):
        raise Problem(f"{quoted(str(record))} is no record")
    doccano = is_of_doccano(record)
    if doccano:  # its metadata is whatever the imported file had, such as the keys of another tool
        record = {key: record[key] for key in _DOCCANO_KEYS if key in record}
    if record.get("tokenized_text") is not None:
        return _gliner(reader, line, record)
    text = next((record[key] for key in _TEXT_KEYS if key in record), None)
    if not isinstance(text, str):
        raise Problem('there is no "text" in it')
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise Problem("its text has half a character (a lone surrogate)")
    doc_id = _doc_id(record)
    if (record.get("answer") or "accept") != "accept":
        reader.remarks.count(_REJECTED, line)
        return reader.sentence(line, text, None, doc_id=doc_id)
    spans = _spans(reader, line, record)
    if doccano and spans == []:
        reader.remarks.count(_UNSEEN, line)
    # Prodigy's yes or no: it says that this span is right, and nothing of the other words.
    complete = not (record.get("_is_binary") or record.get("_view_id") == "ner")
    words = _words(text, record)
    return reader.sentence(
        line,
        text,
        spans,
        doc_id=doc_id,
        words=words,
        complete=complete,
        perhaps_utf16=doccano,  # what is labelled on its page; not what was imported
    )


def _doc_id(record: Record) -> str:
    value = next((record[key] for key in _ID_KEYS if record.get(key) not in (None, "")), "")
    return str(value)


def _spans(reader: SpanReader, line: int, record: Record) -> list[CharSpan] | None:
    """Return the spans of a record; None where nobody annotated it.

    RAISES: Problem: What stands for a span is none.
    """
    # `Doc.to_json` has its span groups under `spans`, which are a dict. What pandas writes has all
    # keys in every record, and null in those that had none.
    keys = [key for key in SPAN_KEYS if record.get(key) is not None]
    keys = [key for key in keys if key not in _OF_TEXT or record[key] != {}]
    if isinstance(record.get("spans"), dict):
        keys.remove("spans")
    key = next((key for key in keys if has_spans(record[key])), next(iter(keys), None))
    if key is None:
        return None
    value = record[key]
    if isinstance(value, dict) and key in _OF_TEXT:
        value = list(value)  # probabilities of labels of the whole text
    if not isinstance(value, list):
        value = [value]
    groups = record.get("spans")
    if key == "ents" and isinstance(groups, dict) and isinstance(groups.get(ALL_SPANS), list):
        value = [*value, *groups[ALL_SPANS]]  # where some overlap, this group has them all
    if value and all(isinstance(entry, str) for entry in value):
        reader.remarks.count(_NO_SPANS, line)
        return None
    return [char_span(entry, key) for entry in value]


def is_of_doccano(record: Record) -> bool:
    """Tell whether a record is of doccano, which always writes its comments, and its spans."""
    return isinstance(record.get("Comments"), list) and ("entities" in record or "label" in record)


def has_spans(value: object) -> bool:
    """Tell whether the value of a key in `SPAN_KEYS` is a list with spans in it."""
    return isinstance(value, list) and bool(value) and isinstance(value[0], list | dict)


def char_span(entry: object, key: str) -> CharSpan:
    """Read a span: a triple of start, end and label, or a dict.

    entry (object): What JSON has. key (str): Under which key, for the message.
    RAISES: Problem: It is none.
    """
    if isinstance(entry, list) and len(entry) >= 3:
        start, end, label = entry[:3]
    elif isinstance(entry, dict):
        start = _first(entry, _STARTS)
        end = _first(entry, _ENDS)
        label = _first(entry, _LABELS)
    else:
        start = end = label = None
    label = label[0] if isinstance(label, list) and len(label) == 1 else label
    if not (
        isinstance(start, int)
        and isinstance(end, int)
        and not isinstance(start, bool)
        and isinstance(label, str)
        and label.strip()
    ):
        raise Problem(
            f"{quoted(json.dumps(entry, ensure_ascii=False))} in {key!r} is no span: start, end "
            "and label are needed"
        )
    return CharSpan(start, end, label.strip())


def _first(entry: Record, keys: Sequence[str]) -> object:
    return next((entry[key] for key in keys if key in entry), None)


def _words(text: str, record: Record) -> Words | None:
    """Return the words that a record of Prodigy has; None where it has none, or not those.

    Only those that spell the text with what is between them: single blanks.
    """
    tokens = record.get("tokens")
    if not isinstance(tokens, list) or not tokens or not isinstance(tokens[0], dict):
        return None
    words, spaces, place = [], [], 0
    for token in tokens:
        if not isinstance(token, dict):
            return None
        start, end = _first(token, _STARTS), _first(token, _ENDS)
        if start != place or not isinstance(end, int) or not place < end <= len(text):
            return None
        words.append(text[place:end])
        spaces.append(text[end : end + 1] == " ")
        place = end + spaces[-1]
    return Words(words, spaces) if place >= len(text) else None


def _gliner(reader: SpanReader, line: int, record: Record) -> Sentence | None:
    """Make the sentence of a record of GLiNER: words, and spans of words with both ends.

    RAISES: Problem: The record cannot be read.
    """
    words = record["tokenized_text"]
    if not isinstance(words, list) or not all(isinstance(w, str) and w.strip() for w in words):
        raise Problem('"tokenized_text" is no list of words')
    words = [word.strip() for word in words]
    starts, place = [], 0
    for word in words:
        starts.append(place)
        place += len(word) + 1
    found = record.get("ner")
    if found is None:
        spans = None
    else:
        spans = []
        for entry in found if isinstance(found, list) else [found]:
            first, last, label, _ = char_span(entry, "ner")
            if not 0 <= first <= last < len(words):
                raise Problem(f"{entry} in 'ner' is beyond the {len(words)} words")
            spans.append(CharSpan(starts[first], starts[last] + len(words[last]), label))
    text = " ".join(words)
    own = Words(words, [True] * (len(words) - 1) + [False])
    return reader.sentence(line, text, spans, doc_id=_doc_id(record), words=own if words else None)


FORMAT = Format(
    name="jsonl",
    suffixes=(".jsonl", ".json"),
    help="texts with spans of characters, as spaCy, Prodigy, doccano and GLiNER write them",
    read=read,
    writers=JSONL_WRITERS,
)
