"""PropBank's `.gold_conll` and `.gold_skel` files, and CoNLL-2005 props to write.

A row of a file holds document, sentence number, word number, word, XPOS, parse, frame file,
roleset and one column of brackets a predicate (https://github.com/propbank/propbank-release).
In a skeleton (`.gold_skel`) the words are masked as `[WORD]`: another file has to give them.
"""

import json
import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from itertools import chain, zip_longest
from pathlib import Path
from typing import NamedTuple, TextIO

from spacy.tokens import Doc

from ..frames import annotated_tokens, has_frames, propositions
from ..schemes.propbank import (
    NO_ROLESET,
    PREDICATE,
    Argument,
    ColumnError,
    Proposition,
    conll05_role,
    read_columns,
    write_columns,
)
from .reader import sentence_bounds
from .sentence import (
    EXAMPLES,
    FormatError,
    Progress,
    Sentence,
    SentenceMaker,
    no_sentence,
    read_lines,
)

ENDINGS = (".gold_conll", ".gold_skel")
MASK = "[WORD]"
NO_VALUE = "_"

_BLANKS = re.compile(r"[ \t]+")
_N_COLUMNS = 8  # before those of the arguments
# Two sentences of one length are the same with so many other tags at most: to explain them by
# words that were put in and left out would take as many changes.
_REVISED_TAGS = 2

_CUT = "arguments reach into the next or the last sentence: the part outside was left out"
_OUTSIDE = "arguments are in another sentence than their predicate and were left out"


class _Row(NamedTuple):
    line: int
    columns: list[str]


# Reading


def read_propbank(
    path: str | Path,
    *,
    masked: bool = False,
    notes: Counter[str] | None = None,
    progress: Progress | None = None,
) -> Iterator[Sentence]:
    """Read words, XPOS and propositions, one sentence at a time.

    masked: take skeletons as well, whose words are all `[WORD]`. notes: counts what
    `read_columns` reads in a way of its own. `_` in XPOS is missing annotation. The parse and the
    frame file are passed over. One space follows every word.

    RAISES FormatError: a line with less than 8 columns or with other columns than the sentence's
    first, a word out of order, columns that `read_columns` cannot read, masked words without
    `masked`, a file that is missing, empty, not UTF-8 or without a sentence.
    """
    path = Path(path)
    notes = Counter() if notes is None else notes
    maker = SentenceMaker(path)
    doc_id = None
    for rows in _blocks(path, progress):
        if rows[0].columns[0] != doc_id:
            doc_id = rows[0].columns[0]
            maker.new_document(doc_id)
        yield _sentence(maker, rows, masked, notes)
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


def _blocks(path: Path, progress: Progress | None) -> Iterator[list[_Row]]:
    """The rows of each sentence, split; lines that begin with `#` are passed over."""
    rows: list[_Row] = []
    for line, text in read_lines(path, progress):
        if not text or text.isspace():
            if rows:
                yield rows
                rows = []
            continue
        if text[0] == "#":
            continue
        columns = _BLANKS.split(text.strip(" \t"))
        if len(columns) < _N_COLUMNS:
            raise FormatError(
                path,
                line,
                f"{len(columns)} columns, expected {_N_COLUMNS} or more: document, sentence, word "
                "number, word, XPOS, parse, frame file, roleset and one a predicate",
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
    if rows:
        yield rows


def _sentence(
    maker: SentenceMaker, rows: list[_Row], masked: bool, notes: Counter[str]
) -> Sentence:
    words = [row.columns[3] for row in rows]
    if not masked and all(word == MASK for word in words):
        raise FormatError(
            maker.path,
            rows[0].line,
            f"the words are masked as {MASK}: this is a skeleton, it gives no words",
            "Name the CoNLL-U file of the same documents first and the skeleton after it",
        )
    try:
        props, found = read_columns(
            [row.columns[7] for row in rows], [row.columns[_N_COLUMNS:] for row in rows]
        )
    except ColumnError as error:
        line = rows[error.token].line
        raise FormatError(maker.path, line, error.message, error.fix) from None
    notes.update(found)
    xpos = ["" if row.columns[4] == NO_VALUE else row.columns[4] for row in rows]
    result = maker.sentence(rows[0].line, words, [True] * len(words), xpos=xpos)
    result.propositions = props
    return result


# Joining to the words of another file


class PropbankLayer:
    """The propositions of a file or folder, to be joined to the sentences of the first file.

    path: a `.gold_conll` or `.gold_skel` file, or a folder that holds them at any depth.
    max_mismatch: see `convert`.

    Documents are found by their name. That of a release, `google/ewt/answers/00/X_ans.xml`, is
    also known as `answers-X_ans`, as in Universal Dependencies. Documents that the first file
    does not have are passed over, they are those of other splits.

    The words of a document are aligned as `align` describes, by XPOS where they are masked. A
    sentence of the first file has the layer when each of its words has its counterpart, at least
    half of which agree, and no predicate within its skeleton sentence is without one. Any other
    sentence has no layer. Of an argument what lies in the sentence of its predicate is kept.

    mismatched: sentences of the documents found that have no layer; mismatches: the first few.

    The documents are kept in a temporary SQLite database on disk, which has no name and is gone
    when the layer is closed or the process ends.
    """

    def __init__(
        self, path: Path, *, max_mismatch: float = 0.02, progress: Progress | None = None
    ) -> None:
        self.path = path
        self.max_mismatch = max_mismatch
        self.unjoined = 0  # nothing that should have been joined
        self.mismatched = 0
        self.mismatches: list[str] = []
        self._base: Path | None = None
        self._found = Counter[str]()  # documents and sentences of the first file that are here
        self._absent = Counter[str]()  # and those that are not
        self._notes = Counter[str]()
        self._n_lost = 0  # predicates
        self._n_documents = 0
        self._db = sqlite3.connect("")
        try:
            self._db.execute("PRAGMA journal_mode = OFF")
            self._db.execute(
                "CREATE TABLE document (number INTEGER PRIMARY KEY, place TEXT, used INTEGER"
                " DEFAULT 0, data TEXT)"
            )
            self._db.execute("CREATE TABLE name (name TEXT PRIMARY KEY, number INTEGER)")
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

    def _read(self, path: Path, progress: Progress | None) -> None:
        notes = Counter[str]()
        document: list[Sentence] = []
        all_notes = Counter[str]()
        for sentence in read_propbank(path, masked=True, notes=notes, progress=progress):
            if sentence.new_doc and document:
                self._store(document, all_notes)
                document, all_notes = [], Counter()
            document.append(sentence)
            all_notes.update(notes)
            notes.clear()
        self._store(document, all_notes)

    def _store(self, document: Sequence[Sentence], notes: Counter[str]) -> None:
        first = document[0]
        names = _document_names(first.doc_id or "")
        for name in names:
            row = self._db.execute(
                "SELECT place FROM document JOIN name USING (number) WHERE name = ?", (name,)
            ).fetchone()
            if row is not None:
                raise FormatError(
                    first.path,
                    first.line,
                    f"the document {name!r} begins a second time, the first is at {row[0]}",
                    "Keep one of them, with all of its sentences together",
                )
        data = {
            "sentences": [[s.words, s.xpos, s.propositions] for s in document],
            "notes": notes,
        }
        self._db.execute(
            "INSERT INTO document (number, place, data) VALUES (?, ?, ?)",
            (self._n_documents, f"{first.path}:{first.line}", json.dumps(data)),
        )
        self._db.executemany(
            "INSERT INTO name VALUES (?, ?)", [(name, self._n_documents) for name in names]
        )
        self._n_documents += 1

    def add_to(self, document: Sequence[Sentence]) -> None:
        """Give the sentences of a document of the first file the layer that they lack.

        RAISES FormatError: the document comes a second time, or has no XPOS to align a skeleton.
        """
        first = document[0]
        self._base = first.path
        row = self._db.execute(
            "SELECT number, used, data FROM document JOIN name USING (number) WHERE name = ?",
            (first.doc_id,),
        ).fetchone()
        if row is None:
            self._absent.update(documents=1, sentences=len(document))
            return
        number, used, data = row
        if used:
            raise FormatError(
                first.path,
                first.line,
                f"the document {first.doc_id!r} begins a second time, the first is in line {used}",
                "Keep the sentences of a document together",
            )
        self._db.execute("UPDATE document SET used = ? WHERE number = ?", (first.line, number))
        self._found.update(documents=1, sentences=len(document))
        data = json.loads(data)
        self._notes.update(data["notes"])
        words = [words for words, _, _ in data["sentences"]]
        xpos = [xpos or [""] * len(words) for words, xpos, _ in data["sentences"]]
        props = [[_proposition(p) for p in props] for _, _, props in data["sentences"]]
        if any(word == MASK for those in words for word in those):
            if all(sentence.xpos is None for sentence in document):
                raise FormatError(
                    first.path,
                    first.line,
                    f"the document {first.doc_id!r} has no XPOS, by which the skeleton in "
                    f"{self.path} is aligned",
                    "Give a first file with XPOS, or a .gold_conll file with words",
                )
            mine, theirs = xpos, [s.xpos or [""] * len(s.words) for s in document]
        else:
            mine, theirs = words, [s.words for s in document]
        self._join(document, _Alignment(mine, theirs), props, xpos)

    def _join(
        self,
        document: Sequence[Sentence],
        alignment: "_Alignment",
        props: Sequence[Sequence[Proposition]],
        xpos: Sequence[Sequence[str]],
    ) -> None:
        moved = alignment.transfer(props)
        tags = [tag for those in xpos for tag in those]
        for number, sentence in enumerate(document):
            lost = alignment.lost_at(number)
            if lost:
                self.mismatched += 1
                if len(self.mismatches) < EXAMPLES:
                    self.mismatches.append(
                        f"{sentence.path}:{sentence.line}: sentence {sentence.sent_id}: {lost} in "
                        f"{self.path}"
                    )
                continue
            if sentence.propositions is None:
                sentence.propositions = moved[number]
            if sentence.xpos is None:
                sentence.xpos = [tags[i] for i in alignment.sources_of(number)]
        self._notes.update(alignment.notes)
        self._n_lost += sum(map(len, props)) - alignment.n_kept

    def finish(self) -> None:
        """Check, after the last sentence, that both files hold the same documents.

        RAISES FormatError: no document is shared; more than the share `max_mismatch` of the
        sentences of shared documents have no layer.
        """
        if not self._found:
            raise FormatError(
                self.path,
                None,
                f"layers of different documents: none of the {self._n_documents} here is in "
                f"{self._base} as well",
                "Give files of the same corpus, whose documents have names (`# newdoc id` in "
                "CoNLL-U)",
            )
        if self.mismatched > self.max_mismatch * self._found["sentences"]:
            raise FormatError(
                self.path,
                None,
                f"layers of different sentences: {self.mismatched} of {self._found['sentences']} "
                f"could not be aligned, the first is {self.mismatches[0]}",
                "Give files of the same version of the corpus, or raise --max-mismatch "
                f"(now {self.max_mismatch:g})",
            )

    @property
    def notes(self) -> list[str]:
        """What else a user should know, one line each."""
        result = [f"{n} {what}" for what, n in self._notes.most_common()]
        if self._n_lost:
            result.append(f"{self._n_lost} predicates are in sentences that could not be aligned")
        if self._absent:
            result.append(
                f"{self._absent['sentences']} sentences have no semantic roles, because their "
                f"{self._absent['documents']} documents are not in {self.path}"
            )
        others = self._n_documents - self._found["documents"]
        if others:
            result.append(f"{others} documents in {self.path} are not in {self._base}")
        return result


def align(
    source: Sequence[Sequence[str]], target: Sequence[Sequence[str]]
) -> Iterator[tuple[int, int]]:
    """Align the tokens of a document with those of another version of it, one to one.

    source, target: the words, or tags, of each sentence. First sentences that are equal are
    matched (with `difflib.SequenceMatcher`). Where as many sentences of the same lengths lie
    between two such, each is matched with its counterpart if they differ in no more than two
    tokens. What then is left is matched token by token: equal ones, and as many others as there
    are others between two equal ones on both sides.

    RETURNS: pairs of positions in the document, ascending on both sides.
    """
    source_starts, target_starts = _starts(source), _starts(target)
    matcher = SequenceMatcher(
        None, [tuple(s) for s in source], [tuple(s) for s in target], autojunk=False
    )
    for kind, i1, i2, j1, j2 in matcher.get_opcodes():
        left, right = source[i1:i2], target[j1:j2]
        if [len(s) for s in left] != [len(s) for s in right]:
            left = [list(chain.from_iterable(left))]
            right = [list(chain.from_iterable(right))]
        i, j = source_starts[i1], target_starts[j1]
        for mine, theirs in zip(left, right, strict=True):
            revised = sum(a != b for a, b in zip(mine, theirs))
            if kind == "equal" or (len(mine) == len(theirs) and revised <= _REVISED_TAGS):
                yield from zip(range(i, i + len(mine)), range(j, j + len(theirs)))
            else:
                yield from _align_tokens(mine, theirs, i, j)
            i += len(mine)
            j += len(theirs)


def _align_tokens(
    source: Sequence[str], target: Sequence[str], i: int, j: int
) -> Iterator[tuple[int, int]]:
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
    """How propositions move from the sentences of one version of a document to another's.

    notes: what was cut in `transfer`. n_kept: propositions that have arrived.
    """

    def __init__(self, source: Sequence[Sequence[str]], target: Sequence[Sequence[str]]) -> None:
        self.notes = Counter[str]()
        self.n_kept = 0
        self._source_starts = _starts(source)
        self._target_starts = _starts(target)
        self._to = dict(align(source, target))
        self._from = {j: i for i, j in self._to.items()}
        mine = [token for sentence in source for token in sentence]
        theirs = [token for sentence in target for token in sentence]
        self._equal = {j for i, j in self._to.items() if mine[i] == theirs[j]}
        self._sentence_of = [n for n, sentence in enumerate(target) for _ in sentence]
        self._without_predicate = Counter[int]()

    def sources_of(self, number: int) -> list[int]:
        """The counterparts of the words of a target sentence that has them all."""
        return [self._from[j] for j in self._words(number)]

    def lost_at(self, number: int) -> str:
        """Why a target sentence cannot have the layer; empty when it can."""
        words = self._words(number)
        lost = sum(j not in self._from for j in words)
        if lost:
            return f"{lost} of {len(words)} words have no counterpart"
        differ = sum(j not in self._equal for j in words)
        if 2 * differ > max(len(words), _REVISED_TAGS):
            return f"{differ} of {len(words)} words or tags differ"
        if self._without_predicate[number]:
            return f"there is no word for {self._without_predicate[number]} of the predicates"
        return ""

    def _words(self, number: int) -> range:
        return range(self._target_starts[number], self._target_starts[number + 1])

    def transfer(self, props: Sequence[Sequence[Proposition]]) -> list[list[Proposition]]:
        """The propositions of each target sentence that has the layer.

        props: those of each source sentence.
        """
        arrived: list[list[tuple[Proposition, Counter[str]]]] = [
            [] for _ in self._target_starts[1:]
        ]
        for start, end, own in zip(self._source_starts, self._source_starts[1:], props):
            for prop in own:
                position = start + prop.predicate
                if position not in self._to:
                    self._without_predicate.update(self._around(position, start, end))
                    continue
                number = self._sentence_of[self._to[position]]
                arrived[number].append(self._move(prop, start, number))
        result: list[list[Proposition]] = []
        for number, pairs in enumerate(arrived):
            if self.lost_at(number):
                pairs = []
            result.append([prop for prop, _ in pairs])
            self.n_kept += len(pairs)
            for _, notes in pairs:
                self.notes.update(notes)
        return result

    def _around(self, position: int, start: int, end: int) -> set[int]:
        """The target sentences of what stands next to a source token in its sentence."""
        before = [i for i in range(start, position) if i in self._to][-1:]
        after = [i for i in range(position + 1, end) if i in self._to][:1]
        return {self._sentence_of[self._to[i]] for i in before + after}

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


def _document_names(doc_id: str) -> set[str]:
    """A document's id, and the name that Universal Dependencies makes of a path."""
    folders = doc_id.split("/")
    stem = folders.pop().removesuffix(".xml")
    while folders and folders[-1].isdigit():
        folders.pop()
    return {doc_id, f"{folders[-1]}-{stem}"} if folders else {doc_id}


def _proposition(data: list) -> Proposition:
    predicate, roleset, arguments, parts = data
    return Proposition(
        predicate, roleset, [Argument(*a) for a in arguments], [(s, e) for s, e in parts]
    )


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
    roleset that is not known is `V`. Blanks in words become `_`.

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
            frame = prop.roleset.rsplit(".", 1)[0].split("_")[0]
            if prop.roleset == PREDICATE:
                frame = _name(sentence.reference, sentence.start + prop.predicate)
            frames[prop.predicate] = frame
            rolesets[prop.predicate] = prop.roleset
        columns = _columns(sentence, str)
        table = [
            [sentence.doc_id] * size,
            [str(sentence.number)] * size,
            [str(i) for i in range(size)],
            [_no_blanks(token.text) for token in tokens],
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
        for start, end in sentence_bounds(reference):
            if covered[start:end].all():
                own = [p for p in props if start <= p.predicate < end]
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
