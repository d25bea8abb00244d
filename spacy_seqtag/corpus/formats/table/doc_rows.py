"""Rows that hold whole Docs: the columns in which this package writes Docs as parquet and JSONL.

A row (in JSONL: an object) is a Doc. These are its columns, with their types in parquet:

    doc_id         string                    `user_data["doc_id"]`
    tokens         list<string>              the words
    spaces         list<bool>                whether a blank follows each word
    sent_starts    list<bool>                whether a sentence begins at the word; null: not known
    sent_ids       list<string>              an id for each sentence, `user_data["sent_ids"]`
    pos            list<string>              UPOS, and `SPACE` (`Token.pos_`)
    tag            list<string>              XPOS (`Token.tag_`)
    lemma          list<string>              lemmas
    ner            list<string>              entities in IOB2: "B-PER", "I-PER", "O"
    spans          list<struct<start: int32, end: int32, label: string>>
                                             `doc.spans["gold"]`, in which spans may overlap
    frames         list<struct<predicate: int32, roleset: string,
                     parts: list<struct<start: int32, end: int32>>,
                     arguments: list<struct<start: int32, end: int32, role: string>>>>
                                             semantic roles, see `propositions.Proposition`
    srl_annotated  list<struct<start: int32, end: int32>>
                                             the stretches whose semantic roles are annotated

`tokens`, `spaces` and `sent_starts` have to be there: they tell these rows from other tables. A
column may be missing, and its value in a row may be null, where a Doc does not have it. Lists have
an entry for each word (`sent_ids`: for each sentence), which is null where a word has no
annotation. `start`, `end` and `predicate` are positions in `tokens`, the end excluded. Frames that
are null were not looked for, an empty list says that there are none; without `srl_annotated` that
is said of the whole Doc.

What is not held: characters of the text but words and blanks, other user data, other span groups
(`no_entity` among them), links and parses. The reader leaves out entities, spans and frames that
go beyond their sentence.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

from ....schemes.propositions import Argument, Proposition
from ....schemes.upos import DOC_TAGS
from ...errors import quoted
from ...sentence import Sentence
from ..format import ReadOptions
from ..json_lines import Problem
from ..remarks import Remarks
from ..tags import entities_of_tags
from .checks import Row, check_list, check_records, check_words

MARKS = ("tokens", "spaces", "sent_starts")
"""The columns that tell rows of Docs from other tables."""

COLUMNS = (
    "doc_id",
    *MARKS,
    "sent_ids",
    "pos",
    "tag",
    "lemma",
    "ner",
    "spans",
    "frames",
    "srl_annotated",
)
"""All columns, in their order."""

_CROSSING = (
    "<labelled span goes|labelled spans go> beyond <its|their> sentence and <was|were> left out"
)
_CROSSING_ENTITIES = (
    "<entity goes|entities go> beyond <its|their> sentence: <its|their> words count as not "
    "annotated"
)
_CROSSING_FRAMES = (
    "<sentence has|sentences have> a frame that goes beyond it: <its|their> semantic roles count "
    "as not annotated"
)

Place: TypeAlias = tuple[int, int]


class DocRowReader:
    """Turns rows of Docs into sentences.

    path (Path): The file, whose name ids are made of.
    options (ReadOptions): `strict` counts.
    remarks (Remarks): Told what is left out or repaired.
    """

    def __init__(self, path: Path, options: ReadOptions, remarks: Remarks) -> None:
        self.path = path
        self.strict = options.strict
        self.remarks = remarks
        self.remarks.scheme = "iob2"
        self.n_docs = 0

    def sentences(self, line: int, row: Row) -> list[Sentence]:
        """Make the sentences of a row, of which the first begins a document.

        line (int): The number of the row.
        RAISES: Problem: It does not hold what `COLUMNS` say. FormatError: In strict mode, a tag
            that continues no entity.
        """
        words = check_words(row["tokens"])
        size = len(words)
        spaces = [bool(space) for space in _layer(row, "spaces", size) or [True] * size]
        starts = _layer(row, "sent_starts", size) or [None] * size
        layers = {
            field: _strings(row, name, size)
            for field, name in (("upos", "pos"), ("xpos", "tag"), ("lemmas", "lemma"))
        }
        unknown = set(layers["upos"] or ()) - DOC_TAGS
        if unknown:
            raise Problem(f"unknown UPOS {quoted(min(unknown))} in 'pos'")
        layers["entities"] = self._entities(_strings(row, "ner", size), words, line)
        bounds = list(_bounds(starts))
        if layers["entities"] is not None:
            self._cut_entities(layers["entities"], bounds, line)
        ids = _ids(row, len(bounds))
        doc_id = row.get("doc_id")
        self.n_docs += 1
        own_id = f"{self.path.stem}-doc{self.n_docs}" if doc_id in (None, "") else str(doc_id)
        spans = None if row.get("spans") is None else _spans(row, "spans", size)
        props = _propositions(row, size)
        annotated = _annotated(row, size) if props is not None else None
        result = []
        for number, (start, end) in enumerate(bounds):
            sent_id = ids[number] if ids else None
            sentence = Sentence(
                sent_id or f"{own_id}-{number + 1}",
                own_id,
                words[start:end],
                spaces[start:end],
                self.path,
                line,
                has_bounds=None not in starts[start + 1 : end],
                made_up_id=not sent_id,
                new_doc=not number,
            )
            for name, tags in layers.items():
                sentence.set_layer(name, None if tags is None else tags[start:end])
            if spans is not None:
                sentence.spans = self._within(spans, start, end, line)
            if props is not None and annotated is not None and all(annotated[start:end]):
                sentence.propositions = self._props_within(props, start, end, line)
            result.append(sentence)
        return result

    def _entities(
        self, tags: list[str] | None, words: Sequence[str], line: int
    ) -> list[str] | None:
        if tags is None:
            return None
        for tag in set(tags):
            if tag not in ("", "O") and not (tag[:2] in ("B-", "I-") and tag[2:].strip()):
                raise Problem(f"{quoted(tag)} in 'ner' is no tag of IOB2")
        lines = [line] * len(words)
        return entities_of_tags(tags, words, lines, self.remarks, strict=self.strict)

    def _cut_entities(self, tags: list[str], bounds: Sequence[Place], line: int) -> None:
        """Make the words of entities that go beyond their sentence missing, in place."""
        for start, _ in bounds[1:]:
            first = last = start
            while tags[first][:2] == "I-":
                first -= 1
            while last < len(tags) and tags[last][:2] == "I-":
                last += 1
            if first < start:
                self.remarks.count(_CROSSING_ENTITIES, line)
                tags[first:last] = [""] * (last - first)

    def _within(
        self, spans: Sequence[tuple[int, int, str]], start: int, end: int, line: int
    ) -> list[tuple[int, int, str]]:
        """Choose the spans that begin in a sentence, as positions in it."""
        found = []
        for first, last, label in spans:
            if start <= first < end:
                if last > end:
                    self.remarks.count(_CROSSING, line)
                else:
                    found.append((first - start, last - start, label))
        return found

    def _props_within(
        self, props: Sequence[Proposition], start: int, end: int, line: int
    ) -> list[Proposition] | None:
        """Choose the frames of a sentence, as positions in it; None if one goes beyond it."""
        found = [prop.moved(-start) for prop in props if start <= prop.predicate < end]
        for prop in found:
            places = [*prop.parts, *((a, b) for a, b, _ in prop.arguments)]
            if any(not 0 <= first < last <= end - start for first, last in places):
                self.remarks.count(_CROSSING_FRAMES, line)
                return None
        return found


def _layer(row: Row, name: str, size: int) -> list[object] | None:
    """Return a column as a list of one entry for each word; None where the row lacks it."""
    value = row.get(name)
    return None if value is None else check_list(value, name, size)


def _strings(row: Row, name: str, size: int) -> list[str] | None:
    """Return a layer; "" where a word has no annotation."""
    found = _layer(row, name, size)
    if found is None:
        return None
    result = []
    for value in found:
        if value is not None and not isinstance(value, str):
            raise Problem(f"{quoted(str(value))} in {name!r} is no string")
        result.append(value or "")
    return result


def _bounds(starts: Sequence[object]) -> Iterator[Place]:
    """Yield the place of each sentence."""
    begins = [0, *(i for i, start in enumerate(starts) if start and i)]
    return zip(begins, [*begins[1:], len(starts)], strict=True)


def _ids(row: Row, n_sentences: int) -> list[str] | None:
    found = row.get("sent_ids")
    if found is None:
        return None
    if not isinstance(found, list) or len(found) != n_sentences:
        raise Problem(f"'sent_ids' is no list of {n_sentences}, which is how many sentences begin")
    return ["" if value is None else str(value) for value in found]


# Spans and frames


def _place(entry: Row, name: str, size: int) -> Place:
    """Return start and end, which have to be places in the row."""
    start, end = entry.get("start"), entry.get("end")
    if not (isinstance(start, int) and isinstance(end, int) and 0 <= start < end <= size):
        raise Problem(f"{start} to {end} in {name!r} is no stretch of its {size} words")
    return start, end


def _label(entry: Row, key: str, name: str) -> str:
    value = entry.get(key)
    if not isinstance(value, str) or not value:
        raise Problem(f"an entry of {name!r} without a {key}")
    return value


def _spans(row: Row, name: str, size: int) -> list[tuple[int, int, str]]:
    return [
        (*_place(entry, name, size), _label(entry, "label", name))
        for entry in check_records(row[name], name)
    ]


def _propositions(row: Row, size: int) -> list[Proposition] | None:
    """Return the frames of a row; None where nobody looked for them."""
    if row.get("frames") is None:
        return None
    result = []
    for entry in check_records(row["frames"], "frames"):
        predicate = entry.get("predicate")
        if not isinstance(predicate, int) or not 0 <= predicate < size:
            raise Problem(f"the predicate of a frame is {predicate}, which is none of its words")
        arguments = [
            Argument(*_place(inner, "arguments", size), _label(inner, "role", "arguments"))
            for inner in check_records(entry.get("arguments") or [], "arguments")
        ]
        parts = [
            _place(inner, "parts", size)
            for inner in check_records(entry.get("parts") or [], "parts")
        ]
        roleset = _label(entry, "roleset", "frames")
        result.append(Proposition(predicate, roleset, arguments, parts))
    return result


def _annotated(row: Row, size: int) -> list[bool]:
    """Tell for each word whether its semantic roles are annotated."""
    if row.get("srl_annotated") is None:
        return [True] * size
    result = [False] * size
    for entry in check_records(row["srl_annotated"], "srl_annotated"):
        start, end = _place(entry, "srl_annotated", size)
        result[start:end] = [True] * (end - start)
    return result
