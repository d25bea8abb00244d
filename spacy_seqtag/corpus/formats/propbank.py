"""PropBank's `.gold_conll` and `.gold_skel` files, and CoNLL-2012's under the same ending.

A row of PropBank holds document, sentence number, word number, word, XPOS, parse, frame file,
roleset and one column of brackets per predicate. In a skeleton (`.gold_skel`) the words are masked
as `[WORD]`: another file has to give them. CoNLL-2012 has other columns, entities among them.

Sources: https://github.com/propbank/propbank-release, https://conll.cemantix.org/2012/data.html
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, TextIO

from spacy.tokens import Doc

from ...schemes.propositions import (
    NO_ROLESET,
    PREDICATE,
    ColumnError,
    read_columns,
    read_entities,
)
from ...schemes.rolesets import frame_file
from ..errors import FormatError, no_sentence, unequal_columns
from ..join.by_document import DocumentLayer
from ..join.documents import PropbankSentence
from ..penn import escape, unescape
from ..sentence import MASK, Sentence
from .comments import SentenceMaker
from .format import ExportCounts, Format, ReadOptions, Writer
from .lines import Progress, read_lines
from .remarks import Remarks
from .role_tables import RoleSentence, Table, in_utf8, without_blanks, write_tables

SUFFIXES = (".gold_conll", ".gold_skel")

_NO_VALUE = "_"
_BLANKS = re.compile(r"[ \t]+")
_COMMENT = re.compile(r"#(begin|end)( document.*)?$")


class _Row(NamedTuple):
    line: int
    columns: list[str]


class _Layout(NamedTuple):
    """The columns of a file. arguments: where those of the predicates are."""

    name: str
    n_columns: int
    arguments: slice

    def document(self, columns: Sequence[str]) -> str:
        """Get the document's name; CoNLL-2012 counts its parts in the second column."""
        part = columns[1] if self is _CONLL12 else "0"
        return columns[0] if not part.strip("0") else f"{columns[0]}-part{part}"

    def roleset(self, columns: Sequence[str]) -> str:
        """Get the roleset in a row; `-` if its word is no predicate."""
        if self is _CONLL12 and columns[7] != NO_ROLESET:
            return f"{columns[6]}.{columns[7]}"
        return columns[7]


_PROPBANK = _Layout(
    "document, sentence, word number, word, XPOS, parse, frame file, roleset and one per predicate",
    8,
    slice(8, None),
)
_CONLL12 = _Layout(
    "document, part, word number, word, XPOS, parse, lemma, frameset, sense, speaker, entity, one "
    "per predicate, and coreference (CoNLL-2012)",
    12,
    slice(11, -1),
)


def read_propbank(
    path: str | Path, options: ReadOptions | None = None, remarks: Remarks | None = None
) -> Iterator[Sentence]:
    """Read words, XPOS and propositions, one sentence at a time; of CoNLL-2012 also entities.

    Escapes of the Penn Treebank (`-LRB-`) are undone, see `penn.unescape`.
    `_` in XPOS is missing annotation. The parse and the frame file, and the word senses, speakers
    and coreference of CoNLL-2012, are ignored. One space follows every word. The first word
    of a document may begin with `#`: only lines that begin with `#begin document` or
    `#end document` are comments.

    path (str | Path): A file, or a folder for all files in and below it.
    options (ReadOptions | None): Only `progress` is used.
    remarks (Remarks | None): Counts what `read_columns` cannot read literally.
    RAISES: FormatError: A line with less than 8 columns or with other columns than the sentence's
        first, a word out of order, columns that `read_columns` cannot read, masked words, a file
        that is missing, empty, not UTF-8 or without a sentence.
    """
    options = options or ReadOptions()
    for sentence, _, notes in _read_files(Path(path), False, options.progress):
        if remarks is not None:
            remarks.totals.update(notes)
        yield sentence


def _read_files(path: Path, masked: bool, progress: Progress | None) -> Iterator[PropbankSentence]:
    """Read the sentences of a file or folder.

    masked (bool): Whether to take skeletons as well, whose words are all `[WORD]`.
    """
    for file in propbank_files(path):
        maker = SentenceMaker(file)
        doc_id = None
        for layout, rows in _blocks(file, progress):
            name = layout.document(rows[0].columns)
            if name != doc_id:
                doc_id = name
                maker.new_document(doc_id)
            yield _sentence(maker, layout, rows, masked)
        if maker.n_sentences == 0:
            raise no_sentence(file)


def propbank_files(path: Path) -> list[Path]:
    """Find the file itself, or the files in and below a folder.

    RAISES: FormatError: A folder without such files.
    """
    if not path.is_dir():
        return [path]
    found = sorted(file for file in path.rglob("*") if file.suffix in SUFFIXES and file.is_file())
    if not found:
        raise FormatError(
            path,
            None,
            f"there is no file in this folder that ends in {' or '.join(SUFFIXES)}",
            "Name the folder of PropBank's release that holds the corpus",
        )
    return found


def _layout_of(columns: Sequence[str]) -> _Layout:
    # Cells of arguments contain a `*`; word senses and speakers do not.
    conll12 = len(columns) >= _CONLL12.n_columns and "*" not in columns[8] + columns[9]
    return _CONLL12 if conll12 else _PROPBANK


def _blocks(path: Path, progress: Progress | None) -> Iterator[tuple[_Layout, list[_Row]]]:
    """Yield the rows of each sentence, split."""
    rows: list[_Row] = []
    layout: _Layout | None = None
    for line, text in read_lines(path, progress):
        if not text or text.isspace():
            if rows and layout is not None:
                yield layout, rows
                rows = []
            continue
        if _COMMENT.match(text):
            continue
        columns = _BLANKS.split(text.strip(" \t"))
        layout = layout or _layout_of(columns)
        first = rows[0].columns if rows else columns
        if (
            len(columns) < layout.n_columns
            or len(columns) != len(first)
            or columns[:2] != first[:2]
            or columns[2] != str(len(rows))
        ):
            raise _bad_row(path, line, columns, layout, rows)
        rows.append(_Row(line, columns))
    if rows and layout is not None:
        yield layout, rows


def _bad_row(
    path: Path, line: int, columns: Sequence[str], layout: _Layout, rows: Sequence[_Row]
) -> FormatError:
    """Make the error for a row that does not fit those before it in its sentence."""
    if len(columns) < layout.n_columns:
        return FormatError(
            path,
            line,
            f"{len(columns)} columns, expected {layout.n_columns} or more: {layout.name}",
            "Write - or * in columns without a value",
        )
    first = rows[0].columns if rows else columns
    if len(columns) != len(first):
        return unequal_columns(path, line, len(columns), len(first))
    return FormatError(
        path,
        line,
        f"document, sentence and word number are {' '.join(columns[:3])}, expected "
        f"{' '.join([*first[:2], str(len(rows))])}",
        "Number the words of a sentence 0, 1, 2 and end a sentence with a blank line",
    )


def _sentence(
    maker: SentenceMaker, layout: _Layout, rows: Sequence[_Row], masked: bool
) -> PropbankSentence:
    words = [row.columns[3] for row in rows]
    if MASK in words:
        _check_mask(maker.path, rows[words.index(MASK)].line, words, masked)
    try:
        props, notes = read_columns(
            [layout.roleset(row.columns) for row in rows],
            [row.columns[layout.arguments] for row in rows],
        )
        entities = None
        if layout is _CONLL12:
            entities = read_entities([row.columns[10] for row in rows])
    except ColumnError as error:
        line = rows[error.token].line
        raise FormatError(maker.path, line, error.message, error.fix) from None
    words = [unescape(word) for word in words]
    xpos = ["" if row.columns[4] == _NO_VALUE else row.columns[4] for row in rows]
    result = maker.sentence(rows[0].line, words, [True] * len(words), xpos=xpos, entities=entities)
    result.propositions = props
    files = [rows[prop.predicate].columns[6] for prop in props]
    return PropbankSentence(result, ["" if name == NO_ROLESET else name for name in files], notes)


def _check_mask(path: Path, line: int, words: Sequence[str], masked: bool) -> None:
    """Check that all words are masked, and that they may be.

    RAISES: FormatError: They are not, or may not.
    """
    if any(word != MASK for word in words):
        raise FormatError(
            path,
            line,
            f"{MASK} stands among words that are not masked",
            "Write the word in its place",
        )
    if not masked:
        raise FormatError(
            path,
            line,
            f"the words are masked as {MASK}: this is a skeleton, it gives no words",
            "Name the CoNLL-U file of the same documents first and the skeleton after it",
        )


def write_gold_conll(
    docs: Iterable[Doc], file: TextIO, like: Iterable[Doc] | None = None
) -> ExportCounts:
    """Write words, XPOS and propositions as PropBank's `.gold_conll`.

    The parse is left out (`*`), the frame file is the first part of the roleset's name, and a
    roleset that is not known is `V`. Blanks in words become `_`. `read_propbank` reads the same
    words and propositions back.

    docs, file, like: see `role_tables.write_tables`.
    RAISES: ValueError: See there.
    """
    return write_tables(_gold_conll_table, docs, file, like)


def _gold_conll_table(sentence: RoleSentence) -> Table:
    size = len(sentence)
    tokens = sentence.doc[sentence.start : sentence.end]
    frames = [NO_ROLESET] * size
    rolesets = [NO_ROLESET] * size
    for prop in sentence.propositions:
        frame = frame_file(prop.roleset)
        if prop.roleset == PREDICATE:
            frame = sentence.predicate_name(prop.predicate)
        frames[prop.predicate] = frame
        rolesets[prop.predicate] = prop.roleset
    columns = [
        [sentence.doc_id] * size,
        [str(sentence.number)] * size,
        [str(i) for i in range(size)],
        [without_blanks(escape(token.text)) for token in tokens],
        [without_blanks(token.tag_) or _NO_VALUE for token in tokens],
        ["*"] * size,
        frames,
        rolesets,
        *sentence.brackets(),
    ]
    return Table(columns, left=(0, 3))


def _layer(path: Path, options: ReadOptions) -> DocumentLayer:
    sentences = _read_files(path, True, options.progress)
    return DocumentLayer(path, sentences, max_mismatch=options.max_mismatch)


_LACKS = (
    "white space",
    "blanks in words",
    "spacing",
    "unknown sentences",
    "sentence ids",
    "UPOS",
    "lemmas",
    "entities",
    "overlapping spans",
    "sentences without roles",
    "other spans",
)

FORMAT = Format(
    name="propbank",
    suffixes=SUFFIXES,
    help="PropBank's semantic roles, and CoNLL-2012 under the same ending; a folder stands for "
    "all such files in it",
    read=read_propbank,
    layer=_layer,
    writers=(
        Writer(
            "gold_conll",
            "PropBank's semantic roles, with words",
            in_utf8(write_gold_conll),
            _LACKS,
            takes_like=True,
        ),
    ),
    takes_folders=True,
)
