"""Hypothesis strategies for damaged files: each knows what may become of it.

A `Damage` is a file broken in one place, a `Pair` two files to join that say the same or nearly so.
"""

import unicodedata
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import srsly
from hypothesis import assume, reject
from hypothesis import strategies as st
from hypothesis.vendor.pretty import RepresentationPrinter

from .strategies import (
    KINDS,
    LEGAL_UPOS,
    PENN,
    PLAIN,
    Corpus,
    Line,
    Reading,
    Text,
    as_iob2,
    column_texts,
    conllu_texts,
    corpora,
    docbin_bytes,
    encode,
    propbank_texts,
    reading,
    texts,
)


@dataclass(frozen=True, repr=False)
class Damage:
    """A damaged file and what may become of it.

    name: what was done. outcome: `error`: our error, with the line (or, in a file of few rows,
    another layout or fewer columns, which the summary names); `seen`: our error, or a remark
    in the summary that the undamaged file does not get; `reads`: it is a legitimate file, which
    says what is expected; `open`: any of these. expected: what the file says now, None where
    that cannot be told.
    """

    name: str
    text: Text
    data: bytes
    outcome: str
    expected: list[Reading] | None = None

    def __repr__(self) -> str:
        return f"{self.name} ({self.outcome})\n{self.data!r}\nof {self.text!r}\n"

    def _repr_pretty_(self, printer: RepresentationPrinter, _: bool) -> None:
        printer.text(repr(self))


Damager = Callable[[Callable, Text], Damage]
"""Damages a file; takes hypothesis's `draw`. Raises `UnsatisfiedAssumption` where it cannot."""


def _damage(
    name: str,
    text: Text,
    lines: Sequence[Line],
    outcome: str,
    expected: list[Reading] | None = None,
) -> Damage:
    return Damage(name, text, encode(lines), outcome, expected)


def _said(text: Text, lines: Iterable[Line]) -> list[Reading] | None:
    """What the word lines of a file of columns or CoNLL-U say; None where tags are illegal."""
    result = []
    words: list[Line] = []
    for line in [*lines, Line("blank", -1)]:
        if line.kind == "word":
            words.append(line)
        if line.kind != "blank" or not words:
            continue
        size = len(words)
        layers = {
            name: tuple(
                "" if w.cells[text.columns.index(name)] in {"", "_"} and name != "word" else
                w.cells[text.columns.index(name)] for w in words
            )
            for name in ("word", "upos", "xpos", "lemmas", "entities")
            if name in text.columns
        }  # fmt: skip
        if "lemmas" in layers:  # `_` is the lemma of an underscore
            column = text.columns.index("lemmas")
            layers["lemmas"] = tuple(
                "_" if word == w.cells[column] == "_" else lemma
                for word, lemma, w in zip(layers["word"], layers["lemmas"], words, strict=True)
            )
        tags = as_iob2(layers.get("entities", ("",) * size), text.scheme)
        if tags is None:
            return None
        sentence = text.corpus[words[0].sentence]
        spaces = tuple(text.corpus[w.sentence].spaces[w.word] for w in words[:-1])
        if size == len(sentence.lexemes):  # words may have changed places, the text has not
            spaces = sentence.spaces[:-1]
        result.append(
            Reading(
                layers["word"],
                spaces if text.spaced else (True,) * (size - 1),
                layers.get("upos", ("",) * size),
                layers.get("xpos", ("",) * size),
                layers.get("lemmas", ("",) * size),
                tuple(tags),
                None,
            )
        )
        words = []
    return result


def _any_word(draw: Callable, text: Text, *, inner: bool = False) -> int:
    """Position of a word line; inner: that another word of the sentence follows."""
    rows = text.word_lines()
    if inner:
        size = {i: len(text.corpus[text.lines[i].sentence].lexemes) for i in rows}
        rows = [i for i in rows if text.lines[i].word + 1 < size[i]]
    assume(rows)
    return draw(st.sampled_from(rows))


def drop_word(draw: Callable, text: Text) -> Damage:
    i = _any_word(draw, text)
    line = text.lines[i]
    lines = (*text.lines[:i], *text.lines[i + 1 :])
    sentence = text.corpus[line.sentence]
    if text.counted and line.word + 1 < len(sentence.lexemes):
        return _damage("a word line is dropped", text, lines, "error")
    if text.kind == "propbank":
        if line.word and any(cell != "*" for cell in line.cells[8:]):
            return _damage("the last line of brackets is dropped", text, lines, "error")
        return _damage("the last word line is dropped", text, lines, "open")
    if any(line.word < stretch.end for stretch in sentence.ranges):
        return _damage("a multiword token lacks its last word", text, lines, "error")
    alone = len(sentence.lexemes) == 1
    seen = text.texts or (alone and text.ids)
    if line.word + 1 == len(sentence.lexemes) and not alone:
        # An empty node behind the word is out of order then.
        seen = seen or text.lines[i + 1].kind == "other"
    said = None if seen or text.lines[i + 1].kind == "other" else _said(text, lines)
    return _damage("an unnumbered word is dropped", text, lines, "seen" if seen else "open", said)


def double_word(draw: Callable, text: Text) -> Damage:
    i = _any_word(draw, text)
    lines = (*text.lines[: i + 1], *text.lines[i:])
    if text.counted:
        return _damage("a word line is doubled", text, lines, "error")
    outcome = "seen" if text.texts else "open"
    return _damage("an unnumbered word is doubled", text, lines, outcome, _said(text, lines))


def swap_words(draw: Callable, text: Text) -> Damage:
    i = _any_word(draw, text, inner=True)
    assume(text.lines[i + 1].kind == "word" and text.lines[i].cells != text.lines[i + 1].cells)
    lines = (*text.lines[:i], text.lines[i + 1], text.lines[i], *text.lines[i + 2 :])
    if text.counted:
        return _damage("two word lines are swapped", text, lines, "error")
    word = text.columns.index("word")
    same = text.lines[i].cells[word] == text.lines[i + 1].cells[word]
    outcome = "seen" if text.texts and not same else "open"
    return _damage("two unnumbered words are swapped", text, lines, outcome, _said(text, lines))


def swap_lines(draw: Callable, text: Text) -> Damage:
    assume(len(text.lines) > 1)
    i = draw(st.integers(0, len(text.lines) - 2))
    lines = (*text.lines[:i], text.lines[i + 1], text.lines[i], *text.lines[i + 2 :])
    return _damage("two lines are swapped", text, lines, "open")


def drop_blank(draw: Callable, text: Text) -> Damage:
    rows = [i for i, line in enumerate(text.lines[:-1]) if line.kind == "blank"]
    assume(rows)
    i = draw(st.sampled_from(rows))
    lines = (*text.lines[:i], *text.lines[i + 1 :])
    if text.counted:
        return _damage("a blank line is dropped", text, lines, "error")
    outcome = "seen" if text.lines[i + 1].kind == "comment" else "open"
    return _damage("a blank line is dropped", text, lines, outcome, _said(text, lines))


def insert_blank(draw: Callable, text: Text) -> Damage:
    i = _any_word(draw, text, inner=True)
    lines = (*text.lines[: i + 1], Line("blank", -1), *text.lines[i + 1 :])
    if text.counted:
        return _damage("a blank line cuts a sentence", text, lines, "error")
    outcome = "seen" if text.texts else "open"
    return _damage("a blank line cuts a sentence", text, lines, outcome, _said(text, lines))


def empty_cell(draw: Callable, text: Text) -> Damage:
    i = _any_word(draw, text)
    line = text.lines[i]
    column = draw(st.integers(0, len(line.cells) - 1))
    name = text.columns[column] if column < len(text.columns) else "brackets"
    lines = [*text.lines]
    lines[i] = line.with_cell(column, "")
    if line.separator == "\t":
        if name in {"index", "word"}:
            return _damage(f"the {name} is empty", text, lines, "error")
        said = None if name == "spaces" else _said(text, lines)
        return _damage(f"the cell of {name} is empty", text, lines, "open", said)
    lines[i] = replace(line, cells=(*line.cells[:column], *line.cells[column + 1 :]))
    return _damage(f"the {name} is gone", text, lines, "error")


def add_cell(draw: Callable, text: Text) -> Damage:
    i = _any_word(draw, text)
    line = text.lines[i]
    column = draw(st.integers(0, len(line.cells)))
    cells = (*line.cells[:column], draw(st.sampled_from(("x", "_", "*"))), *line.cells[column:])
    lines = [*text.lines]
    lines[i] = replace(line, cells=cells)
    return _damage("a cell too many", text, lines, "error")


def drop_column(draw: Callable, text: Text) -> Damage:
    column = draw(st.integers(0, min(len(text.lines[i].cells) for i in text.word_lines()) - 1))
    name = text.columns[column] if column < len(text.columns) else "brackets"
    lines = [
        replace(line, cells=(*line.cells[:column], *line.cells[column + 1 :]))
        for line in text.lines
    ]
    if text.kind != "iob":
        return _damage(f"the column of {name} is dropped", text, lines, "error")
    if name == "entities" and any(s.entities for s in text.corpus) and "other" not in text.columns:
        # What stands last then are words or parts of speech.
        return _damage("the column of tags is dropped", text, lines, "error")
    return _damage(f"the column of {name} is dropped", text, lines, "open")


def change_number(draw: Callable, text: Text) -> Damage:
    assume(text.counted)
    i = _any_word(draw, text)
    column = text.columns.index("index")
    old = text.lines[i].cells[column]
    values = ("0", "1", "2", "9", "01", "x", "", "-1", "1.5", "3-2", "\u0661")
    values += ("9" * 5000, f"1-{'9' * 5000}", f"{'9' * 5000}.1")
    new = draw(st.sampled_from([value for value in values if value != old]))
    assume(new or text.lines[i].separator == "\t")
    lines = [*text.lines]
    lines[i] = lines[i].with_cell(column, new)
    # A row by itself may count from 0.
    zero = text.kind == "iob" and new == "0" and len(text.word_lines()) == 1
    if zero:
        return _damage("the only number is 0", text, lines, "reads", text.readings)
    return _damage("a number is changed", text, lines, "error")


def change_tag(draw: Callable, text: Text) -> Damage:
    """Another legal tag: a legitimate file, where the scheme allows it there."""
    name = draw(st.sampled_from([name for name in text.columns if name in text.layers] or [""]))
    assume(name)
    i = _any_word(draw, text)
    column = text.columns.index(name)
    values = {
        "upos": LEGAL_UPOS,
        "xpos": ("VB", "CC", "PRP$", "``"),
        "lemmas": ("be", "x y" if text.lines[i].separator == "\t" else "x", "*"),
        "entities": ("O", "B-PER", "I-PER", "I-LOC", "B-NEW"),
    }[name]
    lines = [*text.lines]
    lines[i] = lines[i].with_cell(column, draw(st.sampled_from(values)))
    if text.kind == "propbank":
        wanted = [r._replace(propositions=None) for r in text.readings]
        line = lines[i]
        row = [*wanted[line.sentence].xpos]
        row[line.word] = line.cells[column]
        expected = text.readings
        expected[line.sentence] = expected[line.sentence]._replace(xpos=tuple(row))
        return _damage(f"another value of {name}", text, lines, "reads", expected)
    said = _said(text, lines)
    outcome = "open" if name == "entities" else "reads"
    return _damage(f"another value of {name}", text, lines, outcome, said)


def illegal_tag(draw: Callable, text: Text) -> Damage:
    """A value that no scheme has."""
    name = "upos" if text.kind == "conllu" else "entities"
    assume(name in text.columns)
    i = _any_word(draw, text)
    values = ("NOUNS", "noun", "Q-PER") if name == "upos" else ("Q-PER", "B-", "I", "%", "Berlin")
    lines = [*text.lines]
    lines[i] = lines[i].with_cell(text.columns.index(name), draw(st.sampled_from(values)))
    return _damage(f"an illegal value of {name}", text, lines, "error")


def illegal_sequence(draw: Callable, text: Text) -> Damage:
    """A tag that continues nothing, or an entity that does not end."""
    assume(text.kind == "iob" and text.scheme != "iob1")
    i = _any_word(draw, text)
    values = ("I-PER", "I-LOC") if text.scheme == "iob2" else ("B-PER", "I-PER", "E-LOC")
    lines = [*text.lines]
    lines[i] = lines[i].with_cell(text.columns.index("entities"), draw(st.sampled_from(values)))
    assume(_said(text, lines) is None)
    return _damage("an illegal sequence of tags", text, lines, "seen")


def change_brackets(draw: Callable, text: Text) -> Damage:
    assume(text.kind == "propbank")
    rows = [
        (i, column)
        for i in text.word_lines()
        for column, cell in enumerate(text.lines[i].cells)
        if column >= 8 and cell != "*"
    ]
    assume(rows)
    i, column = draw(st.sampled_from(rows))
    cell = text.lines[i].cells[column]
    values = {"*", f"({cell}", f"{cell})", "x", "-", f"{cell}*", "(*", "(V*)(V*)"}
    if "(" in cell:
        values |= {cell.partition("(")[2], cell.replace("(", "[")}
    if ")" in cell:
        values |= {cell.removesuffix(")")}
    lines = [*text.lines]
    lines[i] = lines[i].with_cell(column, draw(st.sampled_from(sorted(values - {cell}))))
    # An argument of one word that is gone as a whole leaves sound columns.
    whole = lines[i].cells[column] == "*" and "(" in cell and ")" in cell and "V" not in cell
    return _damage("a bracket is changed", text, lines, "open" if whole else "error")


def change_role(draw: Callable, text: Text) -> Damage:
    assume(text.kind == "propbank")
    rows = [
        (i, column)
        for i in text.word_lines()
        for column, cell in enumerate(text.lines[i].cells)
        if column >= 8 and cell.startswith("(ARG")
    ]
    assume(rows)
    i, column = draw(st.sampled_from(rows))
    line = text.lines[i]
    cell = line.cells[column]
    lines = [*text.lines]
    lines[i] = line.with_cell(column, f"(ARG4*{cell.partition('*')[2]}")
    expected = text.readings
    own = [*(expected[line.sentence].propositions or ())]
    prop = own[column - 8]
    arguments = tuple((s, e, "ARG4" if s == line.word else r) for s, e, r in prop.arguments)
    own[column - 8] = prop._replace(arguments=arguments)
    expected[line.sentence] = expected[line.sentence]._replace(propositions=tuple(own))
    return _damage("another role", text, lines, "reads", expected)


def change_roleset(draw: Callable, text: Text) -> Damage:
    assume(text.kind == "propbank")
    i = _any_word(draw, text)
    old = text.lines[i].cells[7]
    lines = [*text.lines]
    lines[i] = lines[i].with_cell(7, "go.01" if old == "-" else "-")
    return _damage("a roleset too many or too few", text, lines, "error")


def blanks_for_tabs(draw: Callable, text: Text) -> Damage:
    i = _any_word(draw, text)
    assume(text.lines[i].separator == "\t")
    lines = [*text.lines]
    lines[i] = replace(lines[i], separator=" ")
    if text.kind == "conllu":
        return _damage("blanks for tabs", text, lines, "error")
    return _damage("blanks for tabs", text, lines, "open", text.readings)


def truncate(draw: Callable, text: Text) -> Damage:
    data = text.data
    size = draw(st.integers(1, len(data) - 1))
    cut = data[:size].decode(errors="replace").split("\n")
    whole = text.lines[: len(cut) - 1]
    line = text.lines[len(cut) - 1]
    name = f"truncated after {size} bytes"
    outcome, said = "open", None
    if "\ufffd" in cut[-1]:
        outcome = "error"
    elif line.kind == "word" and cut[-1]:
        narrow = len(cut[-1].rstrip(" ").split(line.separator)) < len(line.cells)
        first = not any(other.kind == "word" for other in whole)
        # Columns are counted in the first line of a file of columns, PropBank's in a sentence's.
        known = text.kind == "conllu" or not (first or (text.kind == "propbank" and not line.word))
        if narrow and known:
            outcome = "error"
    elif line.kind != "other" and text.kind != "propbank" and any(w.kind == "word" for w in whole):
        said = _said(text, whole)
    return Damage(name, text, data[:size], outcome, said)


def other_encoding(draw: Callable, text: Text) -> Damage:
    name = draw(st.sampled_from(("utf-16", "utf-16-le", "latin-1", "cp1252", "utf-8-sig")))
    if name == "utf-8-sig":
        data = b"\xef\xbb\xbf" + text.data
        return Damage("a byte order mark", text, data, "reads", text.readings)
    try:
        data = text.data.decode().encode(name)
    except UnicodeEncodeError:
        reject()
    try:
        same = data.decode() == text.data.decode()
    except UnicodeDecodeError:
        return Damage(f"in {name}", text, data, "error")
    outcome = "reads" if same else "error" if name.startswith("utf-16") else "open"
    return Damage(f"in {name}", text, data, outcome, text.readings if same else None)


def other_newlines(draw: Callable, text: Text) -> Damage:
    newline = draw(st.sampled_from(("\r\n", "\r", "\n\n")))
    data = encode(text.lines, newline)
    if newline == "\r\n":
        return Damage("line ends CR LF", text, data, "reads", text.readings)
    if newline == "\r":
        return Damage("line ends CR", text, data, "open", text.readings)
    many = any(len(sentence.lexemes) > 1 for sentence in text.corpus)
    outcome = "error" if many and text.counted else "open"
    return Damage("a blank line after every line", text, data, outcome)


def illegal_byte(draw: Callable, text: Text) -> Damage:
    at = draw(st.integers(0, len(text.data)))
    byte = draw(st.sampled_from((b"\xff", b"\xc0", b"\x80", b"\xf8")))
    data = text.data[:at] + byte + text.data[at:]
    try:
        data.decode()
    except UnicodeDecodeError:
        return Damage("an illegal byte", text, data, "error")
    return Damage("an illegal byte", text, data, "open")


SPECIAL_BYTES = (b"\t", b"\n", b"\n\n", b" ", b"#", b"(", b")", b"\0", b"\r", b"-")


def other_bytes(draw: Callable, text: Text) -> Damage:
    """Bytes are changed, dropped or put in anywhere: nothing can be said of what comes out."""
    return Damage("bytes are changed", text, draw(changed_bytes(text.data)), "open")


@st.composite
def changed_bytes(draw: Callable, data: bytes, most: int = 3) -> bytes:
    for _ in range(draw(st.integers(1, most))):
        at = draw(st.integers(0, len(data)))
        drop = draw(st.integers(0, 3))
        put = draw(
            st.one_of(
                st.binary(max_size=3),
                st.sampled_from(SPECIAL_BYTES),
            )
        )
        data = data[:at] + put + data[at + drop :]
    return data


def drop_sentence(draw: Callable, text: Text) -> Damage:
    number = draw(st.integers(0, len(text.corpus) - 1))
    lines = [line for line in text.lines if line.sentence != number]
    expected = text.readings
    del expected[number]
    outcome = "reads" if expected else "error"
    if not expected:
        return _damage("the only sentence is dropped", text, lines, "seen")
    return _damage("a sentence is dropped", text, lines, outcome, expected)


def drop_end_of_file(draw: Callable, text: Text) -> Damage:
    """Without the last blank line and line end."""
    return Damage("no line end at the end", text, text.data.rstrip(b"\n"), "reads", text.readings)


def blanks_at_ends(draw: Callable, text: Text) -> Damage:
    """Blanks at the end of a cell, which nobody sees: read without them, or refused."""
    i = _any_word(draw, text)
    line = text.lines[i]
    if line.separator == "\t":
        names = [n for n in text.columns if n in ("word", *text.layers)]
        column = text.columns.index(draw(st.sampled_from(names)))
    else:
        column = len(line.cells) - 1
    blank = draw(st.sampled_from((" ", "  ", "\u00a0") if line.separator == "\t" else (" ", "\t")))
    lines = [*text.lines]
    lines[i] = line.with_cell(column, line.cells[column] + blank)
    return _damage("blanks at the end of a cell", text, lines, "open", text.readings)


DAMAGERS: tuple[Damager, ...] = (
    drop_word, double_word, swap_words, swap_lines, drop_blank, insert_blank, empty_cell, add_cell,
    drop_column, change_number, change_tag, illegal_tag, illegal_sequence, change_brackets,
    change_role, change_roleset, blanks_for_tabs, truncate, other_encoding, other_newlines,
    illegal_byte, other_bytes, drop_sentence, drop_end_of_file, blanks_at_ends,
)  # fmt: skip


@st.composite
def damages(draw: Callable) -> Damage:
    """A file of any text format, damaged in any way."""
    damager = draw(st.sampled_from(DAMAGERS))
    kinds = {
        change_brackets: ("propbank",),
        change_role: ("propbank",),
        change_roleset: ("propbank",),
        illegal_tag: ("conllu", "iob"),
        illegal_sequence: ("iob",),
        blanks_for_tabs: ("conllu", "iob"),
    }
    return damager(draw, draw(texts(kinds=kinds.get(damager, KINDS))))


# Files to join


@dataclass(frozen=True, repr=False)
class Pair:
    """A file of words and a further file with a layer of the same, or nearly the same, sentences.

    name: how the two differ. base: the first file; None for a `.spacy` file of words and XPOS.
    corpus: what stands in the first file. complete: every sentence has to get its layer.
    """

    name: str
    base: Text | None
    corpus: Corpus
    layer: Text
    complete: bool

    @property
    def files(self) -> dict[str, bytes]:
        layer = {f"layer{self.layer.suffix}": self.layer.data}
        if self.base is None:
            return {"base.spacy": docbin_bytes(self.corpus, words_only=True), **layer}
        return {f"base{self.base.suffix}": self.base.data, **layer}

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers of the first file."""
        return ("xpos",) if self.base is None else self.base.layers

    @property
    def readings(self) -> list[Reading]:
        """What the first file says, without the other one."""
        if self.base is not None:
            return self.base.readings
        return [reading(sentence, self.layers) for sentence in self.corpus]

    def __repr__(self) -> str:
        return f"{self.name}\n{self.base or 'a .spacy file'}\n{self.layer!r}\n"

    def _repr_pretty_(self, printer: RepresentationPrinter, _: bool) -> None:
        printer.text(repr(self))


def same_word(form: str) -> str:
    """The form in which words are compared: Unicode, Penn's escapes and blanks do not count."""
    unescaped = {escape: bracket for bracket, escape in PENN.items()}.get(form, form)
    return "".join(unicodedata.normalize("NFC", unescaped).split())


def _with_forms(corpus: Corpus, change: Callable[[str], str]) -> Corpus:
    return tuple(
        replace(s, lexemes=tuple(w._replace(form=change(w.form)) for w in s.lexemes))
        for s in corpus
    )


def _drop(draw: Callable, corpus: Corpus) -> Corpus:
    assume(len(corpus) > 1)
    number = draw(st.integers(0, len(corpus) - 1))
    return corpus[:number] + corpus[number + 1 :]


def _double(draw: Callable, corpus: Corpus) -> Corpus:
    number = draw(st.integers(0, len(corpus) - 1))
    return corpus[: number + 1] + corpus[number:]


def _swap(draw: Callable, corpus: Corpus) -> Corpus:
    rows = [i for i in range(len(corpus) - 1) if corpus[i].doc_id == corpus[i + 1].doc_id]
    assume(rows)
    i = draw(st.sampled_from(rows))
    return (*corpus[:i], corpus[i + 1], corpus[i], *corpus[i + 2 :])


def _change_word(draw: Callable, corpus: Corpus) -> Corpus:
    number = draw(st.integers(0, len(corpus) - 1))
    sentence = corpus[number]
    i = draw(st.integers(0, len(sentence.lexemes) - 1))
    new = draw(st.sampled_from(PLAIN))
    lexemes = (*sentence.lexemes[:i], new, *sentence.lexemes[i + 1 :])
    # What is annotated at the old word would not be at the new one.
    kept = tuple(prop for prop in sentence.propositions if prop.predicate != i)
    changed = replace(sentence, lexemes=lexemes, propositions=kept, ranges=())
    return (*corpus[:number], changed, *corpus[number + 1 :])


def _drop_word(draw: Callable, corpus: Corpus) -> Corpus:
    rows = [i for i, sentence in enumerate(corpus) if len(sentence.lexemes) > 1]
    assume(rows)
    number = draw(st.sampled_from(rows))
    sentence = corpus[number]
    i = draw(st.integers(0, len(sentence.lexemes) - 1))
    changed = replace(
        sentence,
        lexemes=sentence.lexemes[:i] + sentence.lexemes[i + 1 :],
        spaces=sentence.spaces[:i] + sentence.spaces[i + 1 :],
        entities=(),
        propositions=(),
        ranges=(),
    )
    return (*corpus[:number], changed, *corpus[number + 1 :])


def _other_ids(draw: Callable, corpus: Corpus) -> Corpus:
    return tuple(replace(s, sent_id=f"batch-{i}") for i, s in enumerate(corpus, start=1))


def _same_ids(draw: Callable, corpus: Corpus) -> Corpus:
    """Two sentences of one id."""
    assume(len(corpus) > 1)
    i, j = draw(st.permutations(range(len(corpus))))[:2]
    changed = replace(corpus[i], sent_id=corpus[j].sent_id)
    return (*corpus[:i], changed, *corpus[i + 1 :])


def _unicode_forms(draw: Callable, corpus: Corpus) -> Corpus:
    form = draw(st.sampled_from(("NFC", "NFD")))
    return _with_forms(corpus, lambda word: unicodedata.normalize(form, word))


def _penn(draw: Callable, corpus: Corpus) -> Corpus:
    return _with_forms(corpus, lambda word: PENN.get(word, word))


def _blanks(draw: Callable, corpus: Corpus) -> Corpus:
    blank = draw(st.sampled_from(("", "\u00a0")))
    return _with_forms(corpus, lambda word: word.replace(" ", blank))


def _nothing(draw: Callable, corpus: Corpus) -> Corpus:
    return corpus


# The first ones leave the same words in the same order.
SAME = (_nothing, _other_ids, _unicode_forms, _penn, _blanks)
OTHER = (_drop, _double, _swap, _change_word, _drop_word, _same_ids)


@st.composite
def pairs(
    draw: Callable,
    *,
    changes: Sequence[Callable] = SAME * 2 + OTHER * 2,
    kinds: Sequence[str] = ("iob", "iob", "conllu", "propbank", "skeleton"),
) -> Pair:
    """A file of words, and a file with a layer whose sentences are the same or are damaged."""
    kind = draw(st.sampled_from(kinds))
    bases = {"iob": ("conllu", "propbank"), "conllu": ("iob", "propbank")}.get(kind, ("conllu",))
    base_kind = draw(st.sampled_from((*bases, "spacy")))
    change = draw(st.sampled_from(changes))
    corpus = draw(corpora(blanks=base_kind == "conllu"))
    original = corpus
    other = _blanks(draw, change(draw, corpus))
    name = f"the layer: {change.__name__}"
    if change in OTHER and draw(st.booleans()):
        corpus, other = change(draw, corpus), _blanks(draw, original)
        name = f"the first file: {change.__name__}"
    ids = draw(st.booleans())
    if base_kind == "spacy":
        base = None
    elif base_kind == "propbank":
        base = draw(propbank_texts(corpus))
    else:
        make = conllu_texts if base_kind == "conllu" else column_texts
        base = draw(make(corpus, ids=ids, documents=True))
    if kind in ("propbank", "skeleton"):
        layer = draw(propbank_texts(other, masked=kind == "skeleton"))
    else:
        make = conllu_texts if kind == "conllu" else column_texts
        layer = draw(make(other, ids=draw(st.booleans()), documents=draw(st.booleans())))
    # A skeleton shows by lemmas that it fits, which are not always known.
    known = kind != "skeleton" or base_kind != "spacy"
    return Pair(name, base, corpus, layer, change in SAME and known)


@st.composite
def damaged_layers(draw: Callable) -> tuple[Pair, Damage]:
    """A file of words with a layer of the same sentences, and that layer damaged."""
    pair = draw(pairs(changes=(_nothing,), kinds=("iob", "iob", "conllu", "propbank")))
    damager = draw(st.sampled_from(DAMAGERS))
    return pair, damager(draw, pair.layer)


# Damaged `.spacy` files

PARTS = (
    "version", "attrs", "tokens", "spaces", "lengths", "strings", "cats", "flags", "span_groups",
    "user_data",
)  # fmt: skip
JUNK = (None, 0, -1, "x", b"", b"x", [], [None], {}, {"x": 1}, [[]], ["x"], [b"\xc1"], 1.5)


@dataclass(frozen=True, repr=False)
class DocbinDamage:
    """A damaged `.spacy` file; outcome: `error`, `reads` or `open`, see `Damage`."""

    name: str
    corpus: Corpus
    data: bytes
    outcome: str

    def __repr__(self) -> str:
        return f"{self.name} ({self.outcome}): {self.data!r}\n"

    def _repr_pretty_(self, printer: RepresentationPrinter, _: bool) -> None:
        printer.text(repr(self))


@st.composite
def docbin_damages(draw: Callable) -> DocbinDamage:
    """A `.spacy` file of all layers, damaged as it lies on disk or in its compressed message."""
    corpus = draw(corpora())
    data = docbin_bytes(corpus)
    way = draw(st.sampled_from(("truncated", "bytes", "message", "part", "part", "size", "value")))
    if way == "truncated":
        size = draw(st.integers(0, len(data) - 1))
        return DocbinDamage(f"truncated to {size} bytes", corpus, data[:size], "error")
    if way == "bytes":
        changed = draw(changed_bytes(data))
        return DocbinDamage("bytes changed", corpus, changed, "open")
    if way == "message":
        changed = zlib.compress(draw(changed_bytes(zlib.decompress(data))))
        return DocbinDamage("bytes of the message changed", corpus, changed, "open")
    message = srsly.msgpack_loads(zlib.decompress(data))
    part = draw(st.sampled_from(PARTS))
    outcome = "open"
    if way == "part":
        if draw(st.booleans()):
            del message[part]
            outcome = "error" if part in ("attrs", "tokens", "spaces", "lengths") else "open"
        else:
            message[part] = draw(st.sampled_from(JUNK))
    elif way == "size":
        lists = ("tokens", "spaces", "lengths", "strings", "cats", "span_groups")
        part = draw(st.sampled_from(lists))
        value = message[part]
        change = draw(st.sampled_from(("short", "long", "empty")))
        if change == "empty":
            message[part] = value[:0]
        elif change == "short":
            message[part] = value[: draw(st.integers(0, len(value) - 1))]
        else:
            message[part] = value + value[:1] if isinstance(value, list) else value + b"\1" * 8
        # Of some strings only what is not in use can be gone.
        outcome = "error" if part in ("tokens", "spaces", "lengths") else "open"
    else:
        width = 8 * len(message["attrs"])
        tokens = message["tokens"]
        row = draw(st.integers(0, len(tokens) // width - 1))
        column = draw(st.integers(0, len(message["attrs"]) - 1))
        part = f"attribute {message['attrs'][column]} of token {row}"
        at = row * width + 8 * column
        value = draw(st.sampled_from((*range(8), 255, 2**31, 2**32 - 1, 2**63, 2**64 - 1)))
        message["tokens"] = tokens[:at] + value.to_bytes(8, "little") + tokens[at + 8 :]
    changed = zlib.compress(srsly.msgpack_dumps(message))
    return DocbinDamage(f"{way}: {part}", corpus, changed, outcome)
