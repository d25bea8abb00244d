"""PropBank's `.gold_conll` and `.gold_skel` files, and CoNLL-2005 props to write.

A row of a file holds document, sentence number, word number, word, XPOS, parse, frame file,
roleset and one column of brackets a predicate (https://github.com/propbank/propbank-release).
In a skeleton (`.gold_skel`) the words are masked as `[WORD]`: another file has to give them.
CoNLL-2012 has other columns under the same ending (https://conll.cemantix.org/2012/data.html).
"""

import json
import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from itertools import chain, groupby, zip_longest
from operator import eq
from pathlib import Path
from typing import NamedTuple, TextIO

from spacy.tokens import Doc

from ..frames import annotated_tokens, has_frames, propositions
from ..schemes.propositions import (
    NO_ROLESET,
    PREDICATE,
    Argument,
    ColumnError,
    Proposition,
    conll05_role,
    read_columns,
    read_entities,
    write_columns,
)
from .align import match, n_equal
from .join import Layer, Outline
from .reader import rows_within, sentence_bounds
from .sentence import (
    EXAMPLES,
    FormatError,
    Progress,
    Sentence,
    SentenceMaker,
    no_sentence,
    read_lines,
)
from .words import escape, names_predicate, normal, unescape

ENDINGS = (".gold_conll", ".gold_skel")
MASK = "[WORD]"
NO_VALUE = "_"

_BLANKS = re.compile(r"[ \t]+")
_COMMENT = re.compile(r"#(begin|end)( document.*)?$")
# Two sentences of one length are the same with so many other tags at most: to explain them by
# words that were put in and left out would take as many changes.
_REVISED_TAGS = 2
# Of a stretch that is compared each with each; longer ones go through what is unique first.
_MOST_PAIRS = 20_000

_CUT = "arguments reach into the next or the last sentence: the part outside was left out"
_OUTSIDE = "arguments are in another sentence than their predicate and were left out"


class _Row(NamedTuple):
    line: int
    columns: list[str]


# Reading


def read_propbank(
    path: str | Path,
    *,
    notes: Counter[str] | None = None,
    progress: Progress | None = None,
) -> Iterator[Sentence]:
    """Read words, XPOS and propositions, one sentence at a time; of CoNLL-2012 also entities.

    path: a file, or a folder for all `.gold_conll` files in and below it. notes: counts what
    `read_columns` reads in a way of its own. Words of the Penn Treebank's spelling (`-LRB-`) are
    those of the text, see `words.unescape`. `_` in XPOS is missing annotation. The parse and the
    frame file, and the word senses, speakers and coreference of CoNLL-2012, are passed over. One
    space follows every word. The first word of a document may begin with `#`: only lines that
    begin with `#begin document` or `#end document` are comments.

    RAISES FormatError: a line with less than 8 columns or with other columns than the sentence's
    first, a word out of order, columns that `read_columns` cannot read, masked words, a file that
    is missing, empty, not UTF-8 or without a sentence.
    """
    notes = Counter() if notes is None else notes
    for file in propbank_files(Path(path)):
        for sentence, _ in _read(file, False, notes, progress):
            yield sentence


def _read(
    path: Path, masked: bool, notes: Counter[str], progress: Progress | None
) -> Iterator[tuple[Sentence, list[str]]]:
    """The sentences, each with the frame file of each of its propositions.

    masked: take skeletons as well, whose words are all `[WORD]`.
    """
    maker = SentenceMaker(path)
    doc_id = None
    for layout, rows in _blocks(path, progress):
        name = layout.document(rows[0].columns)
        if name != doc_id:
            doc_id = name
            maker.new_document(doc_id)
        yield _sentence(maker, layout, rows, masked, notes)
    if maker.n_sentences == 0:
        raise no_sentence(path)


def propbank_files(path: Path) -> list[Path]:
    """The file itself, or the `.gold_conll` and `.gold_skel` files in and below a folder.

    RAISES FormatError: a folder without such files.
    """
    if not path.is_dir():
        return [path]
    found = sorted(file for file in path.rglob("*") if file.suffix in ENDINGS and file.is_file())
    if not found:
        raise FormatError(
            path,
            None,
            f"there is no file in this folder that ends in {' or '.join(ENDINGS)}",
            "Name the folder of PropBank's release that holds the corpus",
        )
    return found


class _Layout(NamedTuple):
    """The columns of a file. arguments: where those of the predicates are."""

    name: str
    n_columns: int
    arguments: slice

    def document(self, columns: Sequence[str]) -> str:
        """The document's name; CoNLL-2012 counts the parts of one in the second column."""
        part = columns[1] if self is _CONLL12 else "0"
        return columns[0] if not part.strip("0") else f"{columns[0]}-part{part}"

    def roleset(self, columns: Sequence[str]) -> str:
        """What stands at a predicate's word, else `-`."""
        if self is _CONLL12 and columns[7] != NO_ROLESET:
            return f"{columns[6]}.{columns[7]}"
        return columns[7]


_PROPBANK = _Layout(
    "document, sentence, word number, word, XPOS, parse, frame file, roleset and one a predicate",
    8,
    slice(8, None),
)
# https://conll.cemantix.org/2012/data.html
_CONLL12 = _Layout(
    "document, part, word number, word, XPOS, parse, lemma, frameset, sense, speaker, entity, one "
    "a predicate, and coreference (CoNLL-2012)",
    12,
    slice(11, -1),
)


def _layout_of(columns: Sequence[str]) -> _Layout:
    # Every cell of an argument has its `*`; a word sense and a speaker have none.
    conll12 = len(columns) >= _CONLL12.n_columns and "*" not in columns[8] + columns[9]
    return _CONLL12 if conll12 else _PROPBANK


def _blocks(path: Path, progress: Progress | None) -> Iterator[tuple[_Layout, list[_Row]]]:
    """The rows of each sentence, split."""
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
        if len(columns) < layout.n_columns:
            raise FormatError(
                path,
                line,
                f"{len(columns)} columns, expected {layout.n_columns} or more: {layout.name}",
                "Write - or * in columns without a value",
            )
        first = rows[0].columns if rows else columns
        if len(columns) != len(first):
            raise FormatError(
                path,
                line,
                f"{len(columns)} columns, but {len(first)} in the sentence's first row",
                "Give each predicate of the sentence a column in every row",
            )
        if columns[:2] != first[:2] or columns[2] != str(len(rows)):
            raise FormatError(
                path,
                line,
                f"document, sentence and word number are {' '.join(columns[:3])}, expected "
                f"{' '.join([*first[:2], str(len(rows))])}",
                "Number the words of a sentence 0, 1, 2 and end a sentence with a blank line",
            )
        rows.append(_Row(line, columns))
    if rows and layout is not None:
        yield layout, rows


def _sentence(
    maker: SentenceMaker, layout: _Layout, rows: list[_Row], masked: bool, notes: Counter[str]
) -> tuple[Sentence, list[str]]:
    words = [row.columns[3] for row in rows]
    if MASK in words and (not masked or any(word != MASK for word in words)):
        line = rows[words.index(MASK)].line
        if any(word != MASK for word in words):
            raise FormatError(
                maker.path,
                line,
                f"{MASK} stands among words that are not masked",
                "Write the word in its place",
            )
        raise FormatError(
            maker.path,
            line,
            f"the words are masked as {MASK}: this is a skeleton, it gives no words",
            "Name the CoNLL-U file of the same documents first and the skeleton after it",
        )
    try:
        props, found = read_columns(
            [layout.roleset(row.columns) for row in rows],
            [row.columns[layout.arguments] for row in rows],
        )
        entities = None
        if layout is _CONLL12:
            entities = read_entities([row.columns[10] for row in rows])
    except ColumnError as error:
        line = rows[error.token].line
        raise FormatError(maker.path, line, error.message, error.fix) from None
    notes.update(found)
    words = [unescape(word) for word in words]
    xpos = ["" if row.columns[4] == NO_VALUE else row.columns[4] for row in rows]
    result = maker.sentence(rows[0].line, words, [True] * len(words), xpos=xpos, entities=entities)
    result.propositions = props
    frames = [rows[prop.predicate].columns[6] for prop in props]
    return result, ["" if frame == NO_ROLESET else frame for frame in frames]


# Joining to the words of another file


class _Stored(NamedTuple):
    """A sentence of the layer. frames: the frame file of each proposition, "" where none stands."""

    words: list[str]
    xpos: list[str]
    propositions: list[Proposition]
    frames: list[str]
    line: int


class PropbankLayer:
    """The propositions of a file or folder, to be joined to the sentences of the first file.

    path: a `.gold_conll` or `.gold_skel` file, or a folder that holds them at any depth.
    max_mismatch: see `convert`.

    Documents are found by their name. That of a release, `google/ewt/answers/00/X_ans.xml`, is
    also known as `answers-X_ans`, as in Universal Dependencies, whose sentences are
    `answers-X_ans-0001` and so on: where a `sent_id` names a document, that is the sentence's.
    Documents that the first file does not have are passed over, they are those of other splits.
    Where the files have no document in common and the words are not masked, sentences are joined
    as in `Layer`.

    Sentences of a document are matched in order, with gaps on either side, by their words or,
    where these are masked, by XPOS; what is left is aligned by `align_tokens`. A sentence of the
    first file has the layer when each of its words has its counterpart, at least half of which
    agree, no more than a few words of the skeleton's sentence are left over, no predicate is
    without a word, and the words can be those of the predicates: the same, or such as the frame
    file and roleset name (`words.names_predicate`), of masked predicates at least half. Where
    several sentences of the skeleton fit as well and say different things, the sentence is in
    doubt. A sentence that has not all this is reported and has no layer. Of an argument what lies
    in the sentence of its predicate is kept.

    The documents are kept in a temporary SQLite database on disk, which has no name and is gone
    when the layer is closed or the process ends.
    """

    def __init__(
        self, path: Path, *, max_mismatch: float = 0.02, progress: Progress | None = None
    ) -> None:
        self.path = path
        self.max_mismatch = max_mismatch
        self._mismatched = 0
        self._mismatches: list[str] = []
        self._base: Path | None = None
        self._by_words: Layer | None = None
        self._found = Counter[str]()  # documents and sentences of the first file that are here
        self._absent = Counter[str]()  # and those that are not
        self._notes = Counter[str]()
        self._n_lost = 0  # predicates
        self._used: dict[int, int] = {}  # documents here, and the line they were asked for in
        self._names: dict[str, int] = {}
        self._ids_tell = False  # whether the ids of the first file's sentences name documents
        self._places: list[str] = []
        self._masked = False
        self._n_sentences = 0
        self._db = sqlite3.connect("")
        try:
            self._db.execute("PRAGMA journal_mode = OFF")
            self._db.execute("CREATE TABLE document (number INTEGER PRIMARY KEY, data TEXT)")
            for file in propbank_files(path):
                self._read(file, progress)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> "PropbankLayer":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Drop the documents."""
        self._db.close()
        if self._by_words is not None:
            self._by_words.close()

    def _read(self, path: Path, progress: Progress | None) -> None:
        notes = Counter[str]()
        document: list[tuple[Sentence, list[str]]] = []
        all_notes = Counter[str]()
        for sentence, frames in _read(path, True, notes, progress):
            if sentence.new_doc and document:
                self._store(document, all_notes)
                document, all_notes = [], Counter()
            document.append((sentence, frames))
            all_notes.update(notes)
            notes.clear()
        self._store(document, all_notes)

    def _store(self, document: Sequence[tuple[Sentence, list[str]]], notes: Counter[str]) -> None:
        first, _ = document[0]
        number = len(self._places)
        for name in _document_names(first.doc_id or ""):
            if self._names.setdefault(name, number) != number:
                raise FormatError(
                    first.path,
                    first.line,
                    f"the document {name!r} begins a second time, the first is at "
                    f"{self._places[self._names[name]]}",
                    "Keep one of them, with all of its sentences together",
                )
        self._places.append(f"{first.path}:{first.line}")
        self._n_sentences += len(document)
        self._masked = self._masked or any(MASK in s.words for s, _ in document)
        rows = [
            _Stored(s.words, s.xpos or [""] * len(s.words), s.propositions or [], frames, s.line)
            for s, frames in document
        ]
        self._db.execute(
            "INSERT INTO document VALUES (?, ?)",
            (number, json.dumps({"sentences": rows, "notes": notes})),
        )

    def _document(self, number: int) -> tuple[list[_Stored], Counter[str]]:
        (text,) = self._db.execute(
            "SELECT data FROM document WHERE number = ?", (number,)
        ).fetchone()
        data = json.loads(text)
        rows = [
            _Stored(words, xpos, [Proposition.from_json(p) for p in props], frames, line)
            for words, xpos, props, frames, line in data["sentences"]
        ]
        return rows, Counter(data["notes"])

    def document_of(self, sentence: Sentence) -> str | None:
        """The name of a sentence's document, if it is here."""
        return self._name(None if sentence.made_up_id else sentence.sent_id, sentence.doc_id)

    def _name(self, sent_id: str | None, doc_id: str | None) -> str | None:
        named = _document_of(sent_id)
        if named in self._names:
            return named
        # In a sample of sentences, `# newdoc` may have been left out with the first sentence.
        if self._ids_tell and sent_id is not None:
            return None
        return doc_id if doc_id in self._names else None

    def align(self, base: Outline) -> None:
        """See which documents both files have.

        RAISES FormatError: none, and the words here are masked or nowhere there.
        """
        self._base = base.path
        self._ids_tell = any(_document_of(sent_id) in self._names for sent_id in base.ids)
        if any(map(self._name, base.ids, base.documents)):
            return
        if self._masked:
            raise FormatError(
                self.path,
                None,
                f"layers of different documents: none of the {len(self._places)} here is in "
                f"{self._base} as well",
                "Give files of the same corpus, whose documents have names (`# newdoc id` in "
                "CoNLL-U)",
            )
        self._by_words = Layer(self.path, self._sentences(), max_mismatch=self.max_mismatch)
        self._by_words.align(base)

    def _sentences(self) -> Iterator[Sentence]:
        for number, place in enumerate(self._places):
            path = Path(place.rpartition(":")[0])
            rows, notes = self._document(number)
            self._notes.update(notes)
            for row in rows:
                yield Sentence(
                    "",
                    None,
                    row.words,
                    [True] * len(row.words),
                    path,
                    row.line,
                    xpos=row.xpos if any(row.xpos) else None,
                    propositions=row.propositions,
                    made_up_id=True,
                )

    def add_to(self, document: Sequence[Sentence]) -> None:
        """Give the sentences of a document of the first file the layer that they lack.

        RAISES FormatError: the document comes a second time, or has no XPOS to align a skeleton.
        """
        if self._by_words is not None:
            self._by_words.add_to(document)
            return
        for name, sentences in groupby(document, self.document_of):
            self._add_to(name, list(sentences))

    def _add_to(self, name: str | None, document: list[Sentence]) -> None:
        if name is None:
            names = {sentence.doc_id for sentence in document}
            self._absent.update(documents=len(names), sentences=len(document))
            return
        first = document[0]
        number = self._names[name]
        if number in self._used:
            raise FormatError(
                first.path,
                first.line,
                f"the document {name!r} begins a second time, the first is in line "
                f"{self._used[number]}",
                "Keep the sentences of a document together",
            )
        self._used[number] = first.line
        rows, notes = self._document(number)
        self._notes.update(notes)
        self._found.update(documents=1, sentences=len(document))
        masked = any(MASK in row.words for row in rows)
        if masked and all(sentence.xpos is None for sentence in document):
            raise FormatError(
                first.path,
                first.line,
                f"the document {name!r} has no XPOS, by which the skeleton in {self.path} is "
                "aligned",
                "Give a first file with XPOS, or a .gold_conll file with words",
            )
        self._join(document, rows, _Alignment(rows, document, masked=masked))

    def _join(
        self, document: Sequence[Sentence], rows: Sequence[_Stored], alignment: "_Alignment"
    ) -> None:
        moved = alignment.transfer()
        tags = [tag for row in rows for tag in row.xpos]
        for number, sentence in enumerate(document):
            lost = alignment.lost[number]
            if lost:
                self._mismatched += 1
                if len(self._mismatches) < EXAMPLES:
                    self._mismatches.append(
                        f"{sentence.path}:{sentence.line}: sentence {sentence.sent_id}: {lost} in "
                        f"{self.path}"
                    )
                continue
            self._found["joined"] += 1
            if sentence.propositions is None:
                sentence.propositions = moved[number]
            if sentence.xpos is None:
                sentence.xpos = [tags[i] for i in alignment.sources_of(number)]
        self._notes.update(alignment.notes)
        self._n_lost += alignment.n_lost

    def finish(self) -> None:
        """Check, after the last sentence, that both files hold the same documents.

        RAISES FormatError: more than the share `max_mismatch` of the sentences of shared
        documents have no layer.
        """
        if self._by_words is not None:
            self._by_words.finish()
        elif self._mismatched > self.max_mismatch * self._found["sentences"]:
            raise FormatError(
                self.path,
                None,
                f"layers of different sentences: {self._mismatched} of "
                f"{self._found['sentences']} could not be aligned, the first is "
                f"{self._mismatches[0]}",
                "Give files of the same version of the corpus, or raise --max-mismatch "
                f"(now {self.max_mismatch:g})",
            )

    @property
    def mismatched(self) -> int:
        """Sentences of the documents found that have no layer."""
        return self._mismatched if self._by_words is None else self._by_words.mismatched

    @property
    def mismatches(self) -> Sequence[str]:
        """The first few of them, one line each."""
        return self._mismatches if self._by_words is None else self._by_words.mismatches

    @property
    def unjoined(self) -> int:
        """Sentences that should have been joined."""
        return 0 if self._by_words is None else self._by_words.unjoined

    @property
    def notes(self) -> list[str]:
        """What else a user should know, one line each."""
        result = [f"{n} {what}" for what, n in self._notes.most_common()]
        if self._by_words is not None:
            return self._by_words.notes + result
        how = "part of speech" if self._masked else "words"
        result.insert(
            0,
            f"{self.path}: joined by document, sentences by {how}: {self._found['joined']:,} of "
            f"{self._found['sentences']:,} sentences",
        )
        if self._n_lost:
            result.append(f"{self._n_lost} predicates are in sentences that could not be aligned")
        if self._absent:
            result.append(
                f"{self._absent['sentences']} sentences have no semantic roles, because their "
                f"{self._absent['documents']} documents are not in {self.path}"
            )
        others = len(self._places) - self._found["documents"]
        if others:
            result.append(f"{others} documents in {self.path} are not in {self._base}")
        return result


Weight = Callable[[int, int], float]
"""How much speaks for two sentences being the same, from 0, nothing, on."""


def match_sentences(
    source: Sequence[Sequence[str]], target: Sequence[Sequence[str]], weight: Weight
) -> list[tuple[int, int]]:
    """Pairs of sentences of two versions of a document, in order, with gaps on either side.

    The chain of pairs with the highest sum of weights; of equally good ones the one that takes
    the earlier sentences of `source`. Where both have the same number of sentences, or very many,
    the chain goes through equal sentences as `align.match` finds them.
    """
    n, m = len(source), len(target)
    anchors: list[tuple[int, int]] = []
    if n == m or n * m > _MOST_PAIRS:
        equal = match(list(map(tuple, source)), list(map(tuple, target)))
        anchors = [(i, j) for i, j in equal if weight(i, j) > 0]
    pairs = anchors.copy()
    i = j = 0
    for i_anchor, j_anchor in [*anchors, (n, m)]:
        if 0 < (i_anchor - i) * (j_anchor - j) <= _MOST_PAIRS:
            pairs += _best_chain(range(i, i_anchor), range(j, j_anchor), weight)
        i, j = i_anchor + 1, j_anchor + 1
    return sorted(pairs)


def _best_chain(left: range, right: range, weight: Weight) -> Iterator[tuple[int, int]]:
    # best[a][b]: the highest sum of what lies behind a and b.
    weights = [[weight(i, j) for j in right] for i in left]
    best = [[0.0] * (len(right) + 1) for _ in range(len(left) + 1)]
    for a in reversed(range(len(left))):
        for b in reversed(range(len(right))):
            both = weights[a][b] + best[a + 1][b + 1] if weights[a][b] else 0.0
            best[a][b] = max(both, best[a + 1][b], best[a][b + 1])
    a = b = 0
    while a < len(left) and b < len(right) and best[a][b]:
        if weights[a][b] and best[a][b] == weights[a][b] + best[a + 1][b + 1]:
            yield left[a], right[b]
            a, b = a + 1, b + 1
        elif best[a][b] == best[a][b + 1]:
            b += 1
        else:
            a += 1


def align_tokens(
    source: Sequence[Sequence[str]],
    target: Sequence[Sequence[str]],
    pairs: Iterable[tuple[int, int]],
) -> Iterator[tuple[int, int]]:
    """Align the tokens of a document with those of another version of it, one to one.

    source, target: the words, or tags, of each sentence. pairs: sentences of one length that are
    the same, as `match_sentences` gives them. Where as many sentences of the same lengths lie
    between two such, each is matched with its counterpart if they differ in no more than two
    tokens. What then is left is matched token by token: equal ones, and as many others as there
    are others between two equal ones on both sides.

    RETURNS: pairs of positions in the document, ascending on both sides.
    """
    source_starts, target_starts = _starts(source), _starts(target)
    i = j = 0
    for i_pair, j_pair in [*pairs, (len(source), len(target))]:
        left, right = source[i:i_pair], target[j:j_pair]
        if [len(s) for s in left] != [len(s) for s in right]:
            left = [list(chain.from_iterable(left))]
            right = [list(chain.from_iterable(right))]
        at, to = source_starts[i], target_starts[j]
        for mine, theirs in zip(left, right, strict=True):
            revised = sum(a != b for a, b in zip(mine, theirs))
            if len(mine) == len(theirs) and revised <= _REVISED_TAGS:
                yield from zip(range(at, at + len(mine)), range(to, to + len(theirs)))
            else:
                yield from _align_stretch(mine, theirs, at, to)
            at += len(mine)
            to += len(theirs)
        if i_pair < len(source):
            size = len(source[i_pair])
            at, to = source_starts[i_pair], target_starts[j_pair]
            yield from zip(range(at, at + size), range(to, to + size))
        i, j = i_pair + 1, j_pair + 1


def _align_stretch(
    source: Sequence[str], target: Sequence[str], i: int, j: int
) -> Iterator[tuple[int, int]]:
    if n_equal(source, target) > _MOST_PAIRS:
        # What is equal, and what lies between when it is as much on both sides.
        a = b = 0
        for a_next, b_next in [*match(source, target), (len(source), len(target))]:
            if a_next - a == b_next - b:
                yield from zip(range(i + a, i + a_next), range(j + b, j + b_next))
            if a_next < len(source):
                yield i + a_next, j + b_next
            a, b = a_next + 1, b_next + 1
        return
    matcher = SequenceMatcher(None, source, target, autojunk=False)
    for _, i1, i2, j1, j2 in matcher.get_opcodes():
        if i2 - i1 == j2 - j1:
            yield from zip(range(i + i1, i + i2), range(j + j1, j + j2))


def _starts(sentences: Sequence[Sequence[str]]) -> list[int]:
    """Position in the document at which each sentence starts, and the document's end."""
    starts = [0]
    for sentence in sentences:
        starts.append(starts[-1] + len(sentence))
    return starts


class _Alignment:
    """How propositions move from the sentences of a layer to those of the first file.

    rows, document: the sentences of both. masked: align by XPOS.
    What `transfer` finds: lost: for each sentence why it cannot have the layer, empty where it
    can. notes: what was cut. n_lost: propositions of sentences that have no layer.
    """

    def __init__(
        self, rows: Sequence[_Stored], document: Sequence[Sentence], *, masked: bool
    ) -> None:
        self.notes = Counter[str]()
        self.n_lost = 0
        self.lost: list[str] = []
        self._rows = rows
        self._document = document
        self._masked = masked
        source: list[list[str]]
        if masked:
            source = [row.xpos for row in rows]
            target = [s.xpos or [""] * len(s.words) for s in document]
        else:
            source = [list(map(normal, row.words)) for row in rows]
            target = [list(map(normal, s.words)) for s in document]
        self._source, self._target = source, target
        self._source_starts = _starts(source)
        self._target_starts = _starts(target)
        pairs = match_sentences(source, target, self._weight)
        self._in_doubt = self._find_doubt({j: i for i, j in pairs})
        self._to = dict(align_tokens(source, target, pairs))
        self._from = {j: i for i, j in self._to.items()}
        mine = [token for sentence in source for token in sentence]
        theirs = [token for sentence in target for token in sentence]
        self._equal = {j for i, j in self._to.items() if mine[i] == theirs[j]}
        self._source_sentence = [n for n, sentence in enumerate(source) for _ in sentence]
        self._target_sentence = [n for n, sentence in enumerate(target) for _ in sentence]
        self._without_predicate = Counter[int]()
        self._evidence: list[Counter[bool]] = [Counter() for _ in target]

    def _weight(self, i: int, j: int) -> float:
        """How much speaks for a source and a target sentence being the same."""
        source, target = self._source[i], self._target[j]
        size = len(source)
        if size != len(target):
            return 0
        equal = size if source == target else sum(map(eq, source, target))
        if size - equal > _REVISED_TAGS or 2 * equal < size:
            return 0
        evidence = Counter(
            self._fits(i, n, j, prop.predicate) for n, prop in enumerate(self._rows[i].propositions)
        )
        return 0 if self._contradicts(evidence) else equal + evidence[True]

    def _fits(self, i: int, n: int, j: int, position: int) -> bool:
        """Whether a word can be that of proposition `n` of source sentence `i`.

        position: of the word in target sentence `j`.
        """
        row, sentence = self._rows[i], self._document[j]
        prop = row.propositions[n]
        if not self._masked and self._source[i][prop.predicate] == self._target[j][position]:
            return True
        names = {row.frames[n]}
        if prop.roleset != PREDICATE:
            names.add(_frame_name(prop.roleset))
        words = {sentence.words[position]}
        if sentence.lemmas is not None:
            words.add(sentence.lemmas[position])
        return names_predicate(names, words)

    def _contradicts(self, evidence: Counter[bool]) -> bool:
        # Tags tell less than words, but a frame file may have a name of its own.
        return evidence[False] > (evidence[True] if self._masked else 0)

    def _find_doubt(self, pairs: dict[int, int]) -> set[int]:
        """Target sentences that might be another source sentence, annotated differently."""
        n, m = len(self._source), len(self._target)
        if n == m == len(pairs):
            return set()
        found = match_sentences(
            self._source[::-1],
            self._target[::-1],
            lambda i, j: self._weight(n - 1 - i, m - 1 - j),
        )
        last = {m - 1 - j: n - 1 - i for i, j in found}
        return {
            j
            for j, i in pairs.items()
            if any(
                self._weight(other, j) >= self._weight(i, j)
                and self._rows[other].propositions != self._rows[i].propositions
                for other in range(min(i, last.get(j, i)), max(i, last.get(j, i)) + 1)
            )
        }

    def sources_of(self, number: int) -> list[int]:
        """The counterparts of the words of a target sentence that has them all."""
        return [self._from[j] for j in self._words(number)]

    def _lost_at(self, number: int) -> str:
        """Why a target sentence cannot have the layer; empty when it can."""
        words = self._words(number)
        sources = [self._from[j] for j in words if j in self._from]
        lost = len(words) - len(sources)
        if lost:
            return f"{lost} of {len(words)} words have no counterpart"
        differ = sum(j not in self._equal for j in words)
        if 2 * differ > (max(len(words), _REVISED_TAGS) if self._masked else len(words)):
            return f"{differ} of {len(words)} words or tags differ"
        if number in self._in_doubt:
            return "several sentences would fit, with different predicates,"
        over = self._left_over(sources)
        if over > max(_REVISED_TAGS, len(words) // 4):
            return f"{over} words of the same sentence have no counterpart here, and stand"
        if self._without_predicate[number]:
            return f"there is no word for {self._without_predicate[number]} of the predicates"
        if self._contradicts(self._evidence[number]):
            return f"{self._evidence[number][False]} predicates are those of other words"
        return ""

    def _left_over(self, sources: Sequence[int]) -> int:
        """Tokens without counterpart in the source sentences of a target sentence."""
        first = self._source_starts[self._source_sentence[sources[0]]]
        last = self._source_starts[self._source_sentence[sources[-1]] + 1]
        return sum(i not in self._to for i in range(first, last))

    def _words(self, number: int) -> range:
        return range(self._target_starts[number], self._target_starts[number + 1])

    def transfer(self) -> list[list[Proposition]]:
        """The propositions of each target sentence that has the layer."""
        arrived: list[list[tuple[Proposition, Counter[str]]]] = [[] for _ in self._target]
        for i, row in enumerate(self._rows):
            start, end = self._source_starts[i], self._source_starts[i + 1]
            for n, prop in enumerate(row.propositions):
                position = start + prop.predicate
                if position not in self._to:
                    around = self._around(position, start, end)
                    self._without_predicate.update(around)
                    self.n_lost += bool(around)
                    continue
                to = self._to[position]
                number = self._target_sentence[to]
                fits = self._fits(i, n, number, to - self._target_starts[number])
                self._evidence[number][fits] += 1
                arrived[number].append(self._move(prop, start, number))
        result: list[list[Proposition]] = []
        for number, pairs in enumerate(arrived):
            self.lost.append(self._lost_at(number))
            if self.lost[number]:
                self.n_lost += len(pairs)
                pairs = []
            result.append([prop for prop, _ in pairs])
            for _, notes in pairs:
                self.notes.update(notes)
        return result

    def _around(self, position: int, start: int, end: int) -> set[int]:
        """The target sentences of what stands next to a source token in its sentence."""
        before = [i for i in range(start, position) if i in self._to][-1:]
        after = [i for i in range(position + 1, end) if i in self._to][:1]
        return {self._target_sentence[self._to[i]] for i in before + after}

    def _move(self, prop: Proposition, start: int, number: int) -> tuple[Proposition, Counter[str]]:
        """A proposition of the source sentence at `start` as one of a target sentence."""
        notes = Counter[str]()
        words = self._words(number)
        arguments: list[Argument] = []
        left_out: set[str] = set()
        for begin, end, role in prop.arguments:
            found = [self._to[i] for i in range(start + begin, start + end) if i in self._to]
            inside = [j for j in found if j in words]
            if not inside:
                notes[_OUTSIDE] += 1
                left_out.add(role)
                continue
            if len(inside) < len(found):
                notes[_CUT] += 1
            # With the first piece of an argument gone, the next one is the argument.
            base = role.removeprefix("C-")
            if role != base and base in left_out and all(a.role != base for a in arguments):
                role = base
            arguments.append(Argument(inside[0] - words.start, inside[-1] + 1 - words.start, role))
        parts = []
        for begin, end in prop.parts:
            inside = [self._to[i] for i in range(start + begin, start + end) if i in self._to]
            inside = [j for j in inside if j in words]
            if inside:
                parts.append((inside[0] - words.start, inside[-1] + 1 - words.start))
        predicate = self._to[start + prop.predicate] - words.start
        return Proposition(predicate, prop.roleset, arguments, parts), notes


def _document_of(sent_id: str | None) -> str:
    """The document that a sentence's id names: `DOC` for `DOC-0001`."""
    return (sent_id or "").rpartition("-")[0]


def _document_names(doc_id: str) -> set[str]:
    """A document's id, and the name that Universal Dependencies makes of a path."""
    folders = doc_id.split("/")
    stem = folders.pop().removesuffix(".xml")
    while folders and folders[-1].isdigit():
        folders.pop()
    return {doc_id, f"{folders[-1]}-{stem}"} if folders else {doc_id}


def _frame_name(roleset: str) -> str:
    """The verb of a roleset: `give` of `give_up.08`."""
    return roleset.rsplit(".", 1)[0].split("_")[0]


# Writing


class ExportCounts(NamedTuple):
    """What was written. cut: spans that left their sentence and were cut at its bounds."""

    sentences: int
    predicates: int
    cut: int


class _Annotated(NamedTuple):
    """A sentence to write. reference: the Doc that tells the sentences and what to call words.

    number: of the sentence in its document. start, end: its words in the Doc.
    """

    doc: Doc
    reference: Doc
    doc_id: str
    number: int
    start: int
    end: int
    propositions: list[Proposition]
    cut: int


def write_props(
    docs: Iterable[Doc], file: TextIO, *, like: Iterable[Doc] | None = None
) -> ExportCounts:
    """Write the propositions as columns of the CoNLL-2005 shared task, for `srl-eval.pl`.

    docs, like: see `write_gold_conll`. A row holds the predicate's name, `-` for other words, and
    one column a predicate, with the role names of `conll05_role`. A blank line ends a sentence.
    The name is the lemma of the word, or the word in lower case where the Doc, with
    `like` the Doc there, has no lemmas; not the roleset's, since the scorer takes two
    propositions with different names for different predicates.

    RETURNS, RAISES: as `write_gold_conll`.
    """
    n_sentences = n_predicates = n_cut = 0
    for sentence in _annotated(docs, like):
        names = [NO_ROLESET] * (sentence.end - sentence.start)
        for prop in sentence.propositions:
            names[prop.predicate] = _name(sentence.reference, sentence.start + prop.predicate)
        columns = _columns(sentence, conll05_role)
        _write_rows(file, [names, *columns], left=(0,))
        n_sentences += 1
        n_predicates += len(columns)
        n_cut += sentence.cut
    _check_written(n_sentences)
    return ExportCounts(n_sentences, n_predicates, n_cut)


def write_gold_conll(
    docs: Iterable[Doc], file: TextIO, *, like: Iterable[Doc] | None = None
) -> ExportCounts:
    """Write words, XPOS and propositions as PropBank's `.gold_conll`.

    docs: with semantic roles. Sentences that carry no such layer are left out, which is not the
    same as a sentence without predicates. like: Docs of the same words, such as the annotated
    ones to which predictions are to be compared. Their sentences are written, and of these the
    ones that carry the layer there, so that two files made with the same `like` hold the same
    sentences.

    The parse is left out (`*`), the frame file is the first part of the roleset's name, and a
    roleset that is not known is `V`. Blanks in words become `_`. `read_propbank` reads the same
    words and propositions back.

    RAISES ValueError: no sentence with the layer; with `like`, Docs of other words, or none with
    the layer among `docs`; propositions that columns cannot hold, as `problems` reports them.
    """
    n_sentences = n_predicates = n_cut = 0
    for sentence in _annotated(docs, like):
        size = sentence.end - sentence.start
        tokens = sentence.doc[sentence.start : sentence.end]
        frames = [NO_ROLESET] * size
        rolesets = [NO_ROLESET] * size
        for prop in sentence.propositions:
            frame = _frame_name(prop.roleset)
            if prop.roleset == PREDICATE:
                frame = _name(sentence.reference, sentence.start + prop.predicate)
            frames[prop.predicate] = frame
            rolesets[prop.predicate] = prop.roleset
        columns = _columns(sentence, str)
        table = [
            [sentence.doc_id] * size,
            [str(sentence.number)] * size,
            [str(i) for i in range(size)],
            [_no_blanks(escape(token.text)) for token in tokens],
            [_no_blanks(token.tag_) or NO_VALUE for token in tokens],
            ["*"] * size,
            frames,
            rolesets,
            *columns,
        ]
        _write_rows(file, table, left=(0, 3))
        n_sentences += 1
        n_predicates += len(columns)
        n_cut += sentence.cut
    _check_written(n_sentences)
    return ExportCounts(n_sentences, n_predicates, n_cut)


def _annotated(docs: Iterable[Doc], like: Iterable[Doc] | None) -> Iterator[_Annotated]:
    """The sentences that carry the layer, see `write_gold_conll`."""
    pairs: Iterable[tuple[Doc | None, Doc | None]]
    docs = (doc for doc in docs if len(doc))
    if like is None:
        pairs = ((doc, doc) for doc in docs)
    else:
        pairs = zip_longest(docs, (doc for doc in like if len(doc)))
    number = 0
    last_id = None
    any_frames = False
    place = 0
    for place, (doc, reference) in enumerate(pairs, start=1):
        if doc is None or reference is None:
            longer = "the other Docs" if doc is None else "these Docs"
            raise ValueError(f"{longer} go on at document {place}, where there is no counterpart")
        doc_id = reference.user_data.get("doc_id") or f"document{place}"
        where = f"document {place} ({doc_id})"
        if doc is not reference and [t.text for t in doc] != [t.text for t in reference]:
            raise ValueError(f"{where} has other words than its counterpart")
        any_frames = any_frames or has_frames(doc)
        number = number if doc_id == last_id else 0
        last_id = doc_id
        covered = annotated_tokens(reference)
        props = propositions(doc)
        bounds = sentence_bounds(reference)
        within = rows_within([(p.predicate, p.predicate + 1) for p in props], bounds)
        for (start, end), rows in zip(bounds, within):
            if covered[start:end].all():
                own = [props[row] for row in rows]
                if len({p.predicate for p in own}) < len(own):
                    raise ValueError(f"{where}: two predicates on one word in sentence {number}")
                inside = [_within(p, start, end) for p in own]
                cut = sum(n for _, n in inside)
                name = _no_blanks(doc_id)
                moved = [prop for prop, _ in inside]
                yield _Annotated(doc, reference, name, number, start, end, moved, cut)
            number += 1
    if place and not any_frames:
        raise ValueError("no document has semantic roles")


def _within(prop: Proposition, start: int, end: int) -> tuple[Proposition, int]:
    """A Doc's proposition as one of the sentence, and how many of its spans had to be cut."""
    spans = [*prop.arguments, *(Argument(*part, "") for part in prop.parts)]
    cut = sum(s.start < start or s.end > end for s in spans)
    arguments = [
        Argument(max(s, start) - start, min(e, end) - start, role)
        for s, e, role in prop.arguments
        if s < end and e > start
    ]
    parts = [
        (max(s, start) - start, min(e, end) - start) for s, e in prop.parts if s < end and e > start
    ]
    return Proposition(prop.predicate - start, prop.roleset, arguments, parts), cut


def _columns(sentence: _Annotated, name: Callable[[str], str]) -> list[list[str]]:
    try:
        return write_columns(sentence.propositions, sentence.end - sentence.start, name)
    except ValueError as error:
        raise ValueError(f"{sentence.doc_id}, sentence {sentence.number}: {error}") from None


def _check_written(n_sentences: int) -> None:
    if not n_sentences:
        raise ValueError("no sentence has semantic roles")


def _name(doc: Doc, position: int) -> str:
    token = doc[position]
    # Not `lower_`, which is empty where the vocabulary is of no language.
    name = _no_blanks(token.lemma_ or token.text.lower())
    return name if name != NO_ROLESET else NO_VALUE


def _no_blanks(text: str) -> str:
    return re.sub(r"[ \t\r\n]", "_", text)


def _write_rows(file: TextIO, table: Sequence[Sequence[str]], *, left: Sequence[int]) -> None:
    """Write a sentence, given by its columns, and a blank line; `left` columns to the left."""
    widths = [max(map(len, column)) for column in table]
    for row in zip(*table):
        cells = [
            cell.ljust(width) if i in left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths))
        ]
        file.write("  ".join(cells).rstrip() + "\n")
    file.write("\n")
