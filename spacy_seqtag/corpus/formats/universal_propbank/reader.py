"""Reading files of Universal PropBank, with words or without."""

import re
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

from ...errors import FormatError, comment_within, id_out_of_order, no_sentence
from ...join.by_id import IdSentence
from ...sentence import Sentence
from ..comments import GLOBAL_COLUMNS
from ..conllu.reader import SentenceRows
from ..conllu.rows import COLUMNS
from ..format import ReadOptions
from ..lines import read_lines
from ..remarks import Remarks
from .heads import HeadColumns
from .spans import PRED, UP_COLUMNS, SpanColumns

NOT_ANNOTATED = "# propbank = no-up"
"""The comment of a sentence without the layer, as the English files of 1.0 have it."""

# What stands in the columns after the tenth.
_CELL = re.compile(r"_?|V|(?:[CR]-)?A(?:RG)?[0-9AM].*|[^\s.]+\.\S+")

_LOOKED_AT = 5000  # lines in which a file of 1.0 must have a predicate, to be told without --format

_OTHER_ID = re.compile(r"[0-9]+[-.][0-9]+")

# Comments of 1.0 from before CoNLL-U had fixed ones.
_OLD_TEXT = re.compile(r"#\s*(?:sentence-text|text)\s*:\s*(.*)")
_OLD_ID = re.compile(r"#\s*sent_id\s+([^\s=/]+)(?:/[a-z]+)?\s*")
_WITH_ATTRIBUTES = re.compile(r'#\s*(?!text\b|sent_id\b)\w+="')  # else it is CoNLL-U's
_ATTRIBUTES = re.compile(r'\b(ref|text)="([^"]*)"')


def looks_like(path: Path) -> bool:
    """Tell by its columns whether a file is one of Universal PropBank.

    Of 1.0 that is clear where a row has more than ten columns, for what those hold. The first
    sentences may have no predicates, and thus no such row.
    """
    with suppress(FormatError, OSError):  # what is wrong with it is said when it is read
        for _, text in islice(read_lines(path), _LOOKED_AT):
            if text[:1] == "#":
                columns = _global_columns(text)
                if columns:
                    return PRED in map(str.upper, columns)
            elif text:
                cells = text.rstrip().split("\t")
                if any(cells[len(COLUMNS) :]):
                    return all(map(_CELL.fullmatch, cells[len(COLUMNS) :]))
                if len(text.split("\t")) < len(COLUMNS):
                    return False
    return False


def has_words(path: Path) -> bool:
    """Tell whether a file has words, so that it can be read on its own."""
    with suppress(FormatError, OSError):
        for _, text in read_lines(path):
            columns = _global_columns(text)
            if columns:
                return "FORM" in map(str.upper, columns)
            if text and text[0] != "#":
                break
    return True


def _global_columns(text: str) -> tuple[str, ...]:
    """Read a `# global.columns` line; empty for another one."""
    key, _, value = text.removeprefix("#").partition("=")
    return tuple(value.split()) if text[:1] == "#" and key.strip() == GLOBAL_COLUMNS else ()


def read(path: Path, options: ReadOptions, remarks: Remarks) -> Iterator[Sentence]:
    """Read what CoNLL-U holds (see `read_conllu`) and the propositions, one sentence at a time.

    The names of roles stay as they are. Every sentence counts as annotated, save for those with the
    comment `NOT_ANNOTATED`.

    RAISES: FormatError: What `read_conllu`, `HeadColumns` and `SpanColumns` raise; no words.
    """
    rows = SentenceRows(path, options, remarks, elsewhere=UP_COLUMNS)
    columns: HeadColumns | SpanColumns = HeadColumns(path, options, remarks)
    ids: set[str] = set()
    annotated = True

    def take() -> Sentence | None:
        sentence = rows.take(columns.reads)
        if sentence is not None:
            props = columns.take(sentence.words)
            sentence.propositions = props if annotated else None
        return sentence

    for line, text in read_lines(path, options.progress):
        if not text or text.isspace():
            sentence = take()
            if sentence is not None:
                yield sentence
                annotated = True
        elif rows.rows.is_row(text):
            columns.row(line, text, rows.rows)
        else:
            if names := _global_columns(text):
                columns = SpanColumns(path, remarks, names, line)
                if not columns.has_words:
                    raise FormatError(
                        path,
                        line,
                        "these columns of Universal PropBank 2.0 have no words of their own",
                        "Name the file of the treebank first (.conllu) and this one after it",
                    )
            annotated = annotated and text.rstrip() != NOT_ANNOTATED
            for comment in _comments(text, ids):
                rows.rows.comment(line, comment)
    sentence = take()
    if sentence is not None:
        yield sentence
    rows.finish()


def _comments(text: str, ids: set[str]) -> list[str]:
    """Write a comment as CoNLL-U has it.

    ids (set[str]): Those found so far in attributes, where they need not be unique; filled.
    """
    if found := _OLD_TEXT.fullmatch(text):
        return [f"# text = {found[1]}"]
    if found := _OLD_ID.fullmatch(text):
        return [f"# sent_id = {found[1]}"]
    attributes = dict(_ATTRIBUTES.findall(text)) if _WITH_ATTRIBUTES.match(text) else {}
    if not attributes:
        return [text]
    result = [f"# text = {attributes['text']}"] if "text" in attributes else []
    ref = attributes.get("ref", "")
    if ref and ref not in ids:
        ids.add(ref)
        result.append(f"# sent_id = {ref}")
    return result


def read_wordless(path: Path, options: ReadOptions, remarks: list[Remarks]) -> Iterator[IdSentence]:
    """Read the propositions of a file without words, one sentence at a time.

    remarks (list[Remarks]): Gets those of this file.
    RAISES: FormatError: What `SpanColumns` raises; a file without its columns, other columns, an ID
        out of order, a sentence without a `sent_id`, a file that is missing, empty, not UTF-8 or
        without a sentence.
    """
    remarks.append(Remarks(path))
    columns: SpanColumns | None = None
    comments: dict[str, str] = {}
    annotated = True
    first = 0
    n_sentences = 0

    def sentence() -> IdSentence:
        if "sent_id" not in comments or columns is None:
            raise FormatError(
                path,
                first,
                "a sentence without words and without a `# sent_id`, by which it could be joined",
                "Give the sentence the sent_id that it has in the treebank",
            )
        size, props = columns.n_words, columns.take()
        text = comments.get("text", "")
        sent_id = comments["sent_id"]
        return IdSentence(path, first, sent_id, size, text, props if annotated else None)

    for line, text in read_lines(path, options.progress):
        if not text or text.isspace():
            if columns is not None and columns.n_words:
                yield sentence()
                n_sentences += 1
                comments, annotated, first = {}, True, 0
        elif text[0] == "#":
            if first:
                raise comment_within(path, line, text)
            if names := _global_columns(text):
                columns = SpanColumns(path, remarks[-1], names, line)
            annotated = annotated and text.rstrip() != NOT_ANNOTATED
            key, _, value = text[1:].partition("=")
            comments[key.strip()] = value.strip()
        elif columns is None:
            raise FormatError(
                path,
                line,
                "a row before the comment `# global.columns`, which says what the columns hold",
                "Begin the file with that comment",
            )
        else:
            first = first or line
            cells = text.split("\t")
            _check_row(path, line, cells, columns)
            columns.add(line, cells)
    if columns is not None and columns.n_words:
        yield sentence()
        n_sentences += 1
    if not n_sentences:
        raise no_sentence(path)


def _check_row(path: Path, line: int, cells: list[str], columns: SpanColumns) -> None:
    """Check the columns and the ID of a row without words.

    RAISES: FormatError: Other columns, or an ID out of order.
    """
    if len(cells) != columns.n_columns:
        raise FormatError(
            path,
            line,
            f"expected {columns.n_columns} tab-separated columns, found {len(cells)}",
            "Write `_` in columns without a value",
        )
    found, expected = columns.id_of(cells), columns.n_words + 1
    if found is not None and found != str(expected) and not _OTHER_ID.fullmatch(found):
        raise id_out_of_order(path, line, found, expected)
