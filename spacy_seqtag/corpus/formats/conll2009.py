"""CoNLL-2009: words, lemmas, XPOS, and semantic roles in a dependency tree.

    1 Ann  Ann  ann  NNP NNP _ _ 2 2 SBJ  SBJ  _ _       A0
    2 left leave leave VBD VBD _ _ 0 0 ROOT ROOT Y leave.01 _

The 14 columns are ID, FORM, LEMMA, PLEMMA, POS, PPOS, FEAT, PFEAT, HEAD, PHEAD, DEPREL, PDEPREL,
FILLPRED, PRED; then follows one for each predicate, with the roles of its arguments at their heads.
What a program predicted (PLEMMA and so on) is not read.

An argument becomes the words of its head's subtree (`ReadOptions.span_from`), as PropBank annotates
them, which is what the head was taken from. So that the arguments of a predicate do not overlap,

- the branch of an argument in which the predicate is itself is cut off ("the man" of "the man who
  left" for "left");
- a word belongs to the nearest head above it: an argument within another one is cut out of it.

Where words between are gone, the first piece has the role and the next ones continue it (`C-A1`),
save for those of punctuation alone.

Source: https://ufal.mff.cuni.cz/conll2009-st/task-description.html
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from ...compression import split_compression
from ...schemes.propositions import CONTINUES, PREDICATE, Argument, Proposition, propbank_role
from ..errors import FormatError, id_out_of_order, no_sentence, quoted, unequal_columns
from ..plural import counted
from ..sentence import Sentence
from .comments import SentenceMaker
from .format import Format, ReadOptions
from .lines import read_lines
from .remarks import Remarks
from .words import check_unmasked, without_escapes, without_missing_lemmas

SPANS_FROM = ("subtree", "head")
"""What an argument becomes: the words of its head's subtree, or its head alone."""

ID, FORM, LEMMA, POS, FEAT, HEAD, FILLPRED, PRED = 0, 1, 2, 4, 6, 8, 12, 13
_N_COLUMNS = 14

_OWN_SUFFIXES = (".conll09", ".conll2009")
_SUFFIXES = (*_OWN_SUFFIXES, ".conll", ".txt", ".tsv")
_ABSENT = "_"
_YES = "Y"
_role = lru_cache(maxsize=1 << 10)(propbank_role)
_LONGEST_ID = 9  # digits; Python refuses to convert very long numbers

_OWN_ARGUMENT = (
    "<argument is its own predicate and was|arguments are their own predicates and were> left out"
)
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
        and (cells[HEAD] == _ABSENT or cells[HEAD].isdecimal())
        and cells[FILLPRED] in (_ABSENT, _YES)
        and (cells[FILLPRED] == _YES or cells[PRED] == _ABSENT)
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
        unread = unread or any(row.cells[HEAD] != _ABSENT for row in rows)
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
    xpos = ["" if tag == _ABSENT else tag for tag in columns[POS]]
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
    RAISES: FormatError: More or fewer columns than predicates; see `_heads`.
    """
    predicates = [
        i
        for i, (fill, sense) in enumerate(zip(columns[FILLPRED], columns[PRED], strict=True))
        if fill == _YES or sense not in (_ABSENT, "")
    ]
    roles = columns[_N_COLUMNS:]
    if predicates and not roles:
        return None
    if len(predicates) != len(roles):
        raise FormatError(
            path,
            lines[predicates[len(roles)]] if len(predicates) > len(roles) else lines[0],
            f"{counted(len(predicates), '<predicate|predicates>')}, but "
            f"{counted(len(roles), '<column|columns>')} of arguments",
            "Give each predicate (Y in FILLPRED) a column, in their order",
        )
    heads = _heads(path, lines, columns[HEAD]) if span_from == "subtree" and predicates else []
    result = []
    for predicate, cells in zip(predicates, roles, strict=True):
        found = {i: _role(cell) for i, cell in enumerate(cells) if cell not in (_ABSENT, "")}
        if found.pop(predicate, None) is not None:
            remarks.count(_OWN_ARGUMENT, lines[predicate])
        if span_from == "subtree":
            arguments = _subtrees(found, predicate, heads, words)
        else:
            arguments = [Argument(i, i + 1, role) for i, role in found.items()]
        sense = columns[PRED][predicate]
        roleset = sense if sense not in (_ABSENT, "") else PREDICATE
        result.append(Proposition(predicate, roleset, arguments, []))
    return result


def _heads(path: Path, lines: Sequence[int], cells: Sequence[str]) -> list[int]:
    """Read the head of each word, as positions; -1 for a root.

    RAISES: FormatError: A head that is no word of the sentence, or leads in a circle.
    """
    size = len(cells)
    heads = []
    for line, cell in zip(lines, cells, strict=True):
        if not (cell.isdecimal() and len(cell) <= _LONGEST_ID and int(cell) <= size):
            raise FormatError(
                path,
                line,
                f"HEAD {quoted(cell)} is no word of the sentence, expected 0 (the root) to {size}",
                "Correct it, or give --span-from head, which needs no tree",
            )
        heads.append(int(cell) - 1)
    done = [False] * size  # the way from this word leads to a root
    for i in range(size):
        way: list[int] = []
        at = i
        while at >= 0 and not done[at]:
            if len(way) > size:
                raise FormatError(
                    path,
                    lines[i],
                    f"the HEADs lead from word {i + 1} in a circle, not to the root",
                    "Correct them, or give --span-from head, which needs no tree",
                )
            way.append(at)
            at = heads[at]
        for j in way:
            done[j] = True
    return heads


def _subtrees(
    roles: Mapping[int, str], predicate: int, heads: Sequence[int], words: Sequence[str]
) -> list[Argument]:
    """Make arguments of their heads: the words below, as the module says."""
    if not roles:
        return []
    owner: dict[int, int | None] = {head: head for head in roles}
    at = predicate
    while at >= 0:  # what hangs on the way to the root is in the predicate's own branch
        owner.setdefault(at, None)
        at = heads[at]
    owners = [_owner(i, heads, owner) for i in range(len(heads))]
    pieces: dict[int, list[tuple[int, int]]] = {}
    start = 0
    for head, run in groupby(owners):
        end = start + sum(1 for _ in run)
        if head is not None:
            pieces.setdefault(head, []).append((start, end))
        start = end
    arguments = []
    for head, role in roles.items():
        found = pieces[head]
        if len(found) > 1:
            found = [
                piece
                for piece in found
                if piece[0] <= head < piece[1]
                or any(char.isalnum() for word in words[slice(*piece)] for char in word)
            ]
        if role.startswith("R-"):
            found = [piece for piece in found if piece[0] <= head < piece[1]]
        more = role if role.startswith(CONTINUES) else CONTINUES + role
        arguments += [Argument(*piece, more if n else role) for n, piece in enumerate(found)]
    return sorted(arguments)


def _owner(i: int, heads: Sequence[int], owner: dict[int, int | None]) -> int | None:
    """Find the nearest head of an argument at or above a word; the way is remembered in `owner`."""
    way = []
    at = i
    while at >= 0 and at not in owner:
        way.append(at)
        at = heads[at]
    found = owner[at] if at >= 0 else None
    for j in way:
        owner[j] = found
    return found


FORMAT = Format(
    name="conll2009",
    suffixes=_SUFFIXES,
    help="CoNLL-2009: lemmas, XPOS, and semantic roles of the heads in a dependency tree",
    read=read,
    recognises=looks_like,
)
