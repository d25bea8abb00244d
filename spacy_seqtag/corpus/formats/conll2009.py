"""CoNLL-2009: words, lemmas, XPOS, and semantic roles in a dependency tree.

    1 Ann  Ann  ann  NNP NNP _ _ 2 2 SBJ  SBJ  _ _       A0
    2 left leave leave VBD VBD _ _ 0 0 ROOT ROOT Y leave.01 _

The 14 columns are ID, FORM, LEMMA, PLEMMA, POS, PPOS, FEAT, PFEAT, HEAD, PHEAD, DEPREL, PDEPREL,
FILLPRED, PRED; then follows one for each predicate, with the roles of its arguments at their heads.
What a program predicted (PLEMMA and so on) is not read.

`head_roles` makes spans of the heads, as PropBank annotates them.

Source: https://ufal.mff.cuni.cz/conll2009-st/task-description.html
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from ...compression import split_compression
from ...schemes.propositions import PREDICATE, Proposition
from ..errors import FormatError, id_out_of_order, no_sentence, unequal_columns
from ..plural import counted
from ..sentence import Sentence
from .comments import SentenceMaker
from .format import Format, ReadOptions
from .head_roles import ABSENT, YES, HeadRows, propbank_name, read_head_roles
from .lines import read_lines
from .remarks import Remarks
from .words import check_unmasked, without_escapes, without_missing_lemmas

ID, FORM, LEMMA, POS, FEAT, HEAD, FILLPRED, PRED = 0, 1, 2, 4, 6, 8, 12, 13
_N_COLUMNS = 14

_OWN_SUFFIXES = (".conll09", ".conll2009")
_SUFFIXES = (*_OWN_SUFFIXES, ".conll", ".txt", ".tsv")

_OUTSIDE = (
    "<sentence has|sentences have> predicates and no columns of arguments: <its|their> roles count "
    "as not annotated"
)
_UNREAD = "dependencies, features and what programs predicted were not read"


class _Row(NamedTuple):
    line: int
    cells: list[str]


def looks_like(path: Path) -> bool:
    """Tell by its ending or its first row whether a file is CoNLL-2009's."""
    if split_compression(path)[0].suffix.lower() in _OWN_SUFFIXES:
        return True
    with suppress(FormatError, OSError):  # what is wrong with it is said when it is read
        for _, text in read_lines(path):
            if text.strip():
                return _is_row(_split(text))
    return False


def _is_row(cells: Sequence[str]) -> bool:
    """Tell whether this is the first row of a sentence.

    Other formats of as many columns have brackets, or no column that is empty or `Y`.
    """
    return (
        len(cells) >= _N_COLUMNS
        and cells[ID] == "1"
        and (cells[HEAD] == ABSENT or cells[HEAD].isdecimal())
        and cells[FILLPRED] in (ABSENT, YES)
        and (cells[FILLPRED] == YES or cells[PRED] == ABSENT)
    )


def read(path: Path, options: ReadOptions, remarks: Remarks) -> Iterator[Sentence]:
    """Read words, lemmas, XPOS and propositions, one sentence at a time.

    `_` is missing annotation; a predicate without PRED is `V`. `A0` is read as `ARG0`, `AM-TMP` as
    `ARGM-TMP`, other names of roles as they are. Escapes of the Penn Treebank are undone, see
    `penn.real_words`. One space follows every word.

    RAISES: FormatError: A row with other columns than the sentence's first or with less than 14, an
        ID out of order, an empty or masked word, a HEAD that is no word or leads in a circle, more
        or fewer columns of arguments than predicates, a file that is missing, empty, not UTF-8 or
        without a sentence.
    """
    maker = SentenceMaker(path)
    unread = False
    without_roles = 0
    for rows in _blocks(path, options, remarks):
        sentence = _sentence(maker, rows, options.span_from, remarks)
        without_roles += sentence.propositions is None
        unread = unread or any(row.cells[HEAD] != ABSENT for row in rows)
        yield sentence
    if maker.n_sentences == 0:
        raise no_sentence(path)
    if unread:
        remarks.say(_UNREAD)
    if without_roles:
        remarks.say(counted(without_roles, _OUTSIDE))


def _split(text: str) -> list[str]:
    text = text.rstrip(" \t")
    return text.split("\t") if "\t" in text else text.split()


def _blocks(path: Path, options: ReadOptions, remarks: Remarks) -> Iterator[list[_Row]]:
    """Yield the rows of each sentence."""
    rows: list[_Row] = []
    for line, text in read_lines(path, options.progress):
        if not text or text.isspace():
            if rows:
                yield rows
                rows = []
            continue
        cells = _split(text)
        if " " in text or not text.isascii():
            cells = remarks.stripped(cells, line)
        if (
            len(cells) < _N_COLUMNS
            or (rows and len(cells) != len(rows[0].cells))
            or cells[ID] != str(len(rows) + 1)
            or not cells[FORM]
        ):
            raise _bad_row(path, line, cells, rows)
        rows.append(_Row(line, cells))
    if rows:
        yield rows


def _bad_row(path: Path, line: int, cells: Sequence[str], rows: Sequence[_Row]) -> FormatError:
    """Make the error for a row that does not fit those before it in its sentence."""
    if len(cells) < _N_COLUMNS:
        return FormatError(
            path,
            line,
            f"{len(cells)} columns, expected {_N_COLUMNS} or more: ID FORM LEMMA PLEMMA POS PPOS "
            "FEAT PFEAT HEAD PHEAD DEPREL PDEPREL FILLPRED PRED and one per predicate (CoNLL-2009)",
            "Write _ in columns without a value",
        )
    if rows and len(cells) != len(rows[0].cells):
        return unequal_columns(path, line, len(cells), len(rows[0].cells))
    if not cells[FORM]:
        return FormatError(path, line, "the word is empty", "Write the word in the second column")
    return id_out_of_order(path, line, cells[ID], len(rows) + 1)


def _sentence(
    maker: SentenceMaker, rows: Sequence[_Row], span_from: str, remarks: Remarks
) -> Sentence:
    """Make a sentence of its rows."""
    lines = [row.line for row in rows]
    columns = list(zip(*(row.cells for row in rows), strict=True))
    forms = list(columns[FORM])
    check_unmasked(maker.path, lines, forms)
    xpos = ["" if tag == ABSENT else tag for tag in columns[POS]]
    words = without_escapes(forms, lines, xpos, None, remarks)
    result = maker.sentence(
        lines[0],
        words,
        [True] * len(words),
        xpos=xpos,
        lemmas=without_missing_lemmas(columns[LEMMA], words),
    )
    result.propositions = _propositions(maker.path, lines, columns, words, span_from, remarks)
    return result


def _propositions(
    path: Path,
    lines: Sequence[int],
    columns: Sequence[Sequence[str]],
    words: Sequence[str],
    span_from: str,
    remarks: Remarks,
) -> list[Proposition] | None:
    """Find the predicates of a sentence with their arguments.

    RETURNS (list[Proposition] | None): None where the predicates are known, but not their arguments
        (the shared task's test data).
    RAISES: FormatError: See `read_head_roles`.
    """
    rolesets = {
        i: PREDICATE if sense in (ABSENT, "") else sense
        for i, (fill, sense) in enumerate(zip(columns[FILLPRED], columns[PRED], strict=True))
        if fill == YES or sense not in (ABSENT, "")
    }
    roles = [[propbank_name(cell) for cell in column] for column in columns[_N_COLUMNS:]]
    if rolesets and not roles:
        return None
    rows = HeadRows(path, lines, words, columns[HEAD])
    return read_head_roles(rows, rolesets, roles, span_from, remarks)


FORMAT = Format(
    name="conll2009",
    suffixes=_SUFFIXES,
    help="CoNLL-2009: lemmas, XPOS, and semantic roles of the heads in a dependency tree",
    read=read,
    recognises=looks_like,
)
