"""What every corpus format shares: a sentence with its layers, errors, lines, comments, spacing."""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ..errors import SHOWN, printable
from ..schemes.propositions import Proposition
from ..schemes.upos import UPOS_TAGS

Progress = Callable[[int], object]
"""Called now and then with the number of bytes read since the last call."""

LAYERS = ("upos", "xpos", "lemmas", "entities")
"""The layers of a `Sentence`: names of fields that hold one string a word, or None."""

EXAMPLES = 5
"""How many of the findings in a file are shown to the user."""

MASK = "[WORD]"
"""What stands for a word in releases whose text may not be given away."""

# What `Remarks` count in files of several formats.
STRIPPED = "cells began or ended in white space, which was left out"
UNESCAPED = "words had escapes of the Penn Treebank, such as -LRB- for (, and are read without"
CUT = "entities began or ended in white space, which was cut off"
UNCLOSED = "entities have no last word by their tags; they end before a tag that does not go on"
CONTRADICTED = "sentences have a `# text` that their words do not spell; the words were kept"

_PROGRESS_STEP = 1 << 16
_EXAMPLES_IN_LINE = 3
_LONG = re.compile(r"(\S{200})\S{300,}")

# Escapes of the Penn Treebank, https://catalog.ldc.upenn.edu/docs/LDC95T7/cl93.html
_BRACKETS = {"LRB": "(", "RRB": ")", "LSB": "[", "RSB": "]", "LCB": "{", "RCB": "}"}
_PENN_WORDS = {f"-{name}-": real for name, real in _BRACKETS.items()}
_PENN_WORDS |= {name.lower(): real for name, real in _PENN_WORDS.items()}
# These can be words of their own: the XPOS has to be that of punctuation.
_PENN_MARKS = {"``": '"', "''": '"'} | {f"/{mark}": mark for mark in ".,:;?!-"}
_PENN_ESCAPES = frozenset(_PENN_WORDS) | frozenset(_PENN_MARKS)
_PENN_PUNCTUATION = frozenset(("``", "''", ".", ",", ":", "HYPH"))


class FormatError(ValueError):
    """A file that cannot be read as what it should be.

    path: the file. line: 1-based line number, None where the whole file is meant.
    message: what is wrong and what was expected. fix: how to mend it, a full sentence.
    As a string it is one line: `path:line: message. fix`.
    """

    def __init__(self, path: str | Path, line: int | None, message: str, fix: str) -> None:
        super().__init__(path, line, message, fix)
        self.path = Path(path)
        self.line = line
        self.message = message
        self.fix = fix

    def __str__(self) -> str:
        place = str(self.path) if self.line is None else f"{self.path}:{self.line}"
        return f"{printable(place, limit=None)}: {one_line(self.message)}. {one_line(self.fix)}"


def quoted(value: str) -> str:
    """A value from a file as a message shows it: in quotes, on one line, and not too long."""
    length = f" ({len(value)} characters)" if len(value) > SHOWN else ""
    return f"'{printable(value)}'{length}"


def one_line(text: str) -> str:
    """A message with all that could steer a terminal escaped, and its longest stretches cut.

    Control and format characters, and white space other than a blank, become escapes such as
    `\\x1b`. Of a stretch without blanks that no message of ours has, the beginning is left.
    """
    return _LONG.sub(
        lambda found: f"{found[1]}… ({len(found[0])} characters)", printable(text, limit=None)
    )


def word_difference(mine: str, theirs: str) -> str:
    """In what two words that may look alike differ; empty where anyone can see it.

    The code points of the stretch that differs, and whether it is only the Unicode form, as in
    "character 4 is U+00E9 against U+0065 U+0301, the same in NFC".
    """
    start = 0
    while start < min(len(mine), len(theirs)) and mine[start] == theirs[start]:
        start += 1
    end = 0
    while end < min(len(mine), len(theirs)) - start and mine[-1 - end] == theirs[-1 - end]:
        end += 1
    left, right = mine[start : len(mine) - end], theirs[start : len(theirs) - end]
    if mine == theirs or all("!" <= char <= "~" for char in left + right):
        return ""
    same = ""
    if unicodedata.normalize("NFC", mine) == unicodedata.normalize("NFC", theirs):
        same = ", the same in NFC"
    return f"character {start + 1} is {_code_points(left)} against {_code_points(right)}{same}"


def _code_points(text: str) -> str:
    points = [f"U+{ord(char):04X}" for char in text[:4]]
    return " ".join(points) + " …" * (len(text) > 4) if points else "nothing"


@dataclass(slots=True)
class Sentence:
    """One sentence of a corpus file.

    sent_id: the file's identifier, or one made up (`<file stem>-<number>`, then `made_up_id`).
    doc_id: identifier of the document, None where the file marks no documents.
    words, spaces: one entry a word; `spaces` says whether whitespace follows (for the last word:
        whether it separates this sentence from the next).
    upos, xpos, lemmas, entities: one string a word (`entities` as IOB2 tags), or None when the
        layer is missing. An empty string is a word whose annotation is missing.
    propositions: predicates with their arguments, as positions in `words`; None when the layer
        is missing, an empty list where there is no predicate.
    path, line: where the sentence's first word stands (in a `.spacy` file: number of the Doc).
    new_doc, new_par: whether a document or a paragraph begins here.
    """

    sent_id: str
    doc_id: str | None
    words: list[str]
    spaces: list[bool]
    path: Path
    line: int
    upos: list[str] | None = None
    xpos: list[str] | None = None
    lemmas: list[str] | None = None
    entities: list[str] | None = None
    propositions: list[Proposition] | None = None
    made_up_id: bool = False
    new_doc: bool = False
    new_par: bool = False


class SentenceMaker:
    """Turns the comments and words of a file, in reading order, into `Sentence`s.

    The comments are those of CoNLL-U (https://universaldependencies.org/format.html):
    `sent_id`, `text`, `newdoc`, `newpar`; others are passed over.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.n_sentences = 0
        self._n_wordless = 0
        self.text: str | None = None
        self._n_docs = 0
        self._doc_id: str | None = None
        self._forget()

    def _forget(self) -> None:
        self.text = None
        self._sent_id = ""
        self._new_doc = False
        self._new_par = False

    @property
    def sent_id(self) -> str:
        """The id that the next sentence gets."""
        return self._sent_id or f"{self.path.stem}-{self.n_sentences + 1}"

    @property
    def n_wordless(self) -> int:
        """The number of sentences, at the end of a file, that have an id or text but no words."""
        return self._n_wordless + bool(self._sent_id or self.text is not None)

    def comment(self, line: str) -> bool:
        """Take in a comment line. RETURNS: whether it is one of those that mean something."""
        key, _, value = line[1:].partition("=")
        key, value = key.strip(), value.strip()
        if (key == "sent_id" and self._sent_id) or (key == "text" and self.text is not None):
            self._n_wordless += 1
            self._sent_id, self.text = "", None
        if key == "sent_id":
            self._sent_id = value
        elif key == "text":
            self.text = value
        elif key in ("newdoc", "newdoc id"):
            self.new_document(value)
        elif key in ("newpar", "newpar id"):
            self._new_par = True
        else:
            return False
        return True

    def new_document(self, doc_id: str = "") -> None:
        """Begin a document; without an id it gets one made up (`<file stem>-doc<number>`)."""
        self._n_docs += 1
        self._doc_id = doc_id or f"{self.path.stem}-doc{self._n_docs}"
        self._new_doc = True

    def sentence(
        self, line: int, words: list[str], spaces: list[bool], **layers: list[str] | None
    ) -> Sentence:
        """The sentence made of these words and the comments since the last one.

        line: of the first word. layers: by the names in `LAYERS`; a layer that is empty at every
        word counts as missing.
        """
        sent_id = self.sent_id
        self.n_sentences += 1
        result = Sentence(
            sent_id,
            self._doc_id,
            words,
            spaces,
            self.path,
            line,
            made_up_id=not self._sent_id,
            new_doc=self._new_doc,
            new_par=self._new_par,
        )
        for name, tags in layers.items():
            if tags and any(tags):
                setattr(result, name, tags)
        self._forget()
        return result


class Remarks:
    """What a reader left out of a file, or read in a way of its own, for a user to know.

    path: the file. Readers fill it, and `lines` gives what they found, one line each.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._said: dict[str, None] = {}
        self._counts = Counter[str]()
        self._examples: dict[str, list[str]] = {}

    def say(self, what: str) -> None:
        """Something about the whole file."""
        self._said[what] = None

    def count(self, what: str, line: int, example: str = "", n: int = 1) -> None:
        """Something that was found `n` times in a line; the first few are shown."""
        self._counts[what] += n
        examples = self._examples.setdefault(what, [])
        if len(examples) < (_EXAMPLES_IN_LINE if example else 1):
            examples.append(f"line {line}" + (f", {example}" if example else ""))

    def end(self, maker: SentenceMaker) -> None:
        """What shows at the end of a file."""
        if maker.n_wordless:
            self.say(f"{maker.n_wordless} sentences have a sent_id or text, but no words")

    def lines(self) -> list[str]:
        """The remarks, with the path and the counts."""
        counted = [
            f"{self.path}: {n} {what} ({'; '.join(self._examples[what])}"
            + (", …)" if n > len(self._examples[what]) else ")")
            for what, n in self._counts.items()
        ]
        return [f"{self.path}: {what}" for what in self._said] + counted


def read_lines(path: Path, progress: Progress | None = None) -> Iterator[tuple[int, str]]:
    """The lines of a UTF-8 text file with their numbers, without line ends and byte order mark.

    A line ends in LF or CR LF or, in a file that has none of these, in CR.

    RAISES FormatError: no such file, a folder, an empty file, a line that is not UTF-8 or that
    holds a NUL character.
    """
    if path.is_dir():
        raise FormatError(path, None, "this is a folder, not a file", "Name a file in it")
    try:
        file = path.open("rb")
    except FileNotFoundError:
        raise FormatError(path, None, "there is no such file", "Check the path") from None
    with file:
        line = unreported = 0
        for line, raw in enumerate(_raw_lines(file), start=1):
            try:
                text = raw.decode("utf-8-sig" if line == 1 else "utf-8")
            except UnicodeDecodeError as error:
                byte, position = raw[error.start], error.start + 1
                raise FormatError(
                    path,
                    line,
                    f"not UTF-8: byte 0x{byte:02x} at position {position} of the line",
                    "Save the file in UTF-8",
                ) from None
            if "\0" in text:
                raise FormatError(
                    path, line, "a NUL character: this is no text in UTF-8", "Save it in UTF-8"
                )
            unreported += len(raw)
            if progress is not None and unreported >= _PROGRESS_STEP:
                progress(unreported)
                unreported = 0
            yield line, text.rstrip("\r\n")
        if progress is not None:
            progress(unreported)
    if line == 0:
        raise FormatError(path, None, "the file is empty", "Give a file with sentences")


def _raw_lines(file: BinaryIO) -> Iterator[bytes]:
    """The lines of a file as bytes, with their ends."""
    start = file.read(_PROGRESS_STEP)
    file.seek(0)
    # Bytes are split at line ends only: words may hold what else Unicode calls a line break.
    if b"\r" not in start or b"\n" in start:
        yield from file
        return
    rest = b""
    while chunk := file.read(_PROGRESS_STEP):
        *lines, rest = (rest + chunk).split(b"\r")
        for line in lines:
            yield line + b"\r"
    if rest:
        yield rest


def no_sentence(path: Path) -> FormatError:
    """The error for a file that holds lines, but no sentence."""
    return FormatError(
        path, None, "there is no sentence in the file", "Give a file with one word a line"
    )


def comment_within(path: Path, line: int, text: str) -> FormatError:
    """The error for a comment where the rows of a sentence go on."""
    return FormatError(
        path,
        line,
        f"{quoted(text)} stands within a sentence, where there are no comments",
        "Put a blank line before it, or if it is a word, write its row in full",
    )


def unknown_upos(path: Path, line: int, tag: str) -> FormatError:
    """The error for a UPOS value that Universal Dependencies does not have."""
    return FormatError(
        path,
        line,
        f"unknown UPOS {quoted(tag)}, expected one of {', '.join(UPOS_TAGS)}",
        "Correct the tag, or write `_` where it is missing",
    )


def spaces_from_text(forms: Sequence[str], text: str) -> list[bool] | None:
    """Where whitespace follows the forms in a text that they spell.

    Whitespace inside a form may differ from the text's, in kind and amount.
    RETURNS: one value a form, or None when the forms do not spell the whole text in order.
    """
    spaces = []
    end = len(text)
    position = _skip_whitespace(text, 0)
    for form in forms:
        if text.startswith(form, position):
            position += len(form)
        else:
            for char in form:
                if char.isspace():
                    continue
                position = _skip_whitespace(text, position)
                if position >= end or text[position] != char:
                    return None
                position += 1
        after = _skip_whitespace(text, position)
        spaces.append(after > position)
        position = after
    return spaces if position == end else None


def text_contradiction(forms: Sequence[str], text: str) -> str:
    """Where forms and a text that they do not spell part: which word, and how the text goes on."""
    position = _skip_whitespace(text, 0)
    for number, form in enumerate(forms, start=1):
        start = position
        for char in form:
            if char.isspace():
                continue
            position = _skip_whitespace(text, position)
            if position == len(text) or text[position] != char:
                rest = quoted(text[start:]) if text[start:].strip() else "nothing more"
                return f"word {number} is {quoted(form)}, the text has {rest}"
            position += 1
        position = _skip_whitespace(text, position)
    return f"after word {len(forms)} the text goes on with {quoted(text[position:])}"


def is_plainly_spaced(forms: Sequence[str], spaces: Sequence[bool], text: str) -> bool:
    """Whether forms with single blanks, as a Doc holds them, give the text that they spell."""
    pairs = zip(forms, spaces, strict=True)
    return "".join([form + " " if space else form for form, space in pairs]).rstrip() == text


def real_words(
    words: list[str], xpos: Sequence[str] | None = None, text: str | None = None
) -> list[str]:
    """Words without the escapes of the Penn Treebank; the same list where there are none.

    `-LRB-` becomes `(`, `1\\/2` becomes `1/2` and `\\*` becomes `*`. What may also be a word is
    an escape only where the XPOS says so: two backquotes or apostrophes and `/.` as punctuation.
    A word that the text has as it stands is none.
    """
    if _PENN_ESCAPES.isdisjoint(words) and "\\" not in "".join(words):
        return words
    tags = xpos or [""] * len(words)
    return [
        word if text is not None and word in text else _unescaped(word, tag)
        for word, tag in zip(words, tags, strict=True)
    ]


def _unescaped(word: str, xpos: str) -> str:
    if word in _PENN_WORDS:
        return _PENN_WORDS[word]
    if word in _PENN_MARKS:
        return _PENN_MARKS[word] if xpos in _PENN_PUNCTUATION else word
    return word.replace("\\/", "/").replace("\\*", "*")


def check_unmasked(path: Path, lines: Sequence[int], words: Sequence[str]) -> None:
    """RAISES FormatError: one of the words is masked. lines: where they stand."""
    if MASK in words:
        raise FormatError(
            path,
            lines[words.index(MASK)],
            f"the word is masked as {MASK}",
            "Put it back in from the corpus that the file was made of",
        )


def _skip_whitespace(text: str, position: int) -> int:
    end = len(text)
    while position < end and text[position].isspace():
        position += 1
    return position
