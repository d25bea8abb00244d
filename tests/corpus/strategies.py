"""Hypothesis strategies for corpora whose annotation is known, and the files they stand in.

A `GoldSentence` is what a file says; a `Text` is a file that says it, kept as lines of which is
known what they are. All of it is written from the formats' definitions, not with the package's
readers and writers.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from hypothesis import assume
from hypothesis import strategies as st
from hypothesis.vendor.pretty import RepresentationPrinter
from spacy.tokens import Doc, DocBin, Span, SpanGroup
from spacy.vocab import Vocab

LEGAL_UPOS = ("ADJ", "ADP", "AUX", "NOUN", "PROPN", "PUNCT", "SYM", "VERB", "X")
LABELS = ("PER", "LOC", "ORG", "Geo-Pol")
ROLES = ("ARG0", "ARG1", "ARG2", "ARGM-TMP", "R-ARG0")


class Word(NamedTuple):
    """A word as a lexicon has it."""

    form: str
    upos: str
    xpos: str
    lemma: str


VERBS = (
    Word("flew", "VERB", "VBD", "fly"),
    Word("ate", "VERB", "VBD", "eat"),
    Word("saw", "VERB", "VBD", "see"),
    Word("sings", "VERB", "VBZ", "sing"),
    Word("is", "AUX", "VBZ", "be"),
)
PLAIN = (
    *VERBS,
    Word("Anna", "PROPN", "NNP", "Anna"),
    Word("Lee", "PROPN", "NNP", "Lee"),
    Word("Rome", "PROPN", "NNP", "Rome"),
    Word("dog", "NOUN", "NN", "dog"),
    Word("bread", "NOUN", "NN", "bread"),
    Word("old", "ADJ", "JJ", "old"),
    Word("in", "ADP", "IN", "in"),
    Word(".", "PUNCT", ".", "."),
    Word("(", "PUNCT", "-LRB-", "("),
    Word(")", "PUNCT", "-RRB-", ")"),
    Word("Zo\u00eb", "PROPN", "NNP", "Zo\u00eb"),
    Word("\u6771\u4eac", "PROPN", "NNP", "\u6771\u4eac"),
)
# Words that look like what else stands in such files, and characters that programs trip over.
ODD = (
    Word("#", "SYM", "NN", "#"),
    Word("#Rome", "PROPN", "NNP", "#Rome"),
    Word("1", "NUM", "CD", "1"),
    Word("2", "NUM", "CD", "2"),
    Word("1-2", "NUM", "CD", "1-2"),
    Word("O", "INTJ", "UH", "o"),
    Word("_", "SYM", "SYM", "_"),
    Word("-", "PUNCT", ":", "-"),
    Word("*", "SYM", "SYM", "*"),
    Word("=", "SYM", "SYM", "="),
    Word("B-PER", "X", "FW", "B-PER"),
    Word("(V*)", "X", "FW", "(V*)"),
    Word("NN", "X", "FW", "NN"),
    Word("e\u0301te\u0301", "NOUN", "NN", "e\u0301te\u0301"),
    Word("x\u0085y", "X", "FW", "x\u0085y"),
    Word("a\u200db", "X", "FW", "a\u200db"),
    Word("\U0001f600", "SYM", "SYM", "\U0001f600"),
    Word("\u0645\u0631\u062d\u0628\u0627", "INTJ", "UH", "\u0645\u0631\u062d\u0628\u0627"),
)
WITH_BLANK = Word("20 000", "NUM", "CD", "20 000")


class GoldProposition(NamedTuple):
    """A predicate with its arguments, as positions in the sentence; `end` is exclusive."""

    predicate: int
    roleset: str
    arguments: tuple[tuple[int, int, str], ...]
    parts: tuple[tuple[int, int], ...]


class Range(NamedTuple):
    """A multiword token of CoNLL-U: positions of its words, `end` exclusive, and its form."""

    start: int
    end: int
    form: str


@dataclass(frozen=True)
class GoldSentence:
    """A sentence and all that is annotated in it.

    spaces: whether a space follows each word; after the last one always. entities: `(start, end,
    label)`, `end` exclusive, in order, not overlapping.
    """

    sent_id: str
    doc_id: str
    lexemes: tuple[Word, ...]
    spaces: tuple[bool, ...]
    entities: tuple[tuple[int, int, str], ...]
    propositions: tuple[GoldProposition, ...]
    ranges: tuple[Range, ...] = ()

    @property
    def words(self) -> list[str]:
        return [word.form for word in self.lexemes]

    @property
    def text(self) -> str:
        """The running text, multiword tokens in their own form."""
        parts = []
        position = 0
        for stretch in (*self.ranges, None):
            stop = len(self.lexemes) if stretch is None else stretch.start
            for i in range(position, stop):
                parts.append(self.lexemes[i].form + " " * self.spaces[i])
            if stretch is not None:
                parts.append(stretch.form + " " * self.spaces[stretch.end - 1])
                position = stretch.end
        return "".join(parts).strip(" ")


Corpus = tuple[GoldSentence, ...]


class Reading(NamedTuple):
    """What a `.spacy` file says of a sentence.

    spaces: without the one after the last word, of which the next sentence decides. A layer that
    is missing at a word is an empty string there. propositions: None where the layer is missing.
    """

    words: tuple[str, ...]
    spaces: tuple[bool, ...]
    upos: tuple[str, ...]
    xpos: tuple[str, ...]
    lemmas: tuple[str, ...]
    entities: tuple[str, ...]
    propositions: tuple[GoldProposition, ...] | None


def iob2(size: int, entities: Iterable[tuple[int, int, str]]) -> list[str]:
    """The tags of a sentence."""
    tags = ["O"] * size
    for start, end, label in entities:
        tags[start:end] = [f"B-{label}", *[f"I-{label}"] * (end - start - 1)]
    return tags


def tags_in(scheme: str, size: int, entities: Sequence[tuple[int, int, str]]) -> list[str]:
    """The tags of a sentence in `iob1`, `iob2` or `bioes`."""
    tags = iob2(size, entities)
    last = (0, "")  # end and label of the entity before
    for start, end, label in entities:
        if scheme == "iob1" and last != (start, label):
            tags[start] = f"I-{label}"
        elif scheme == "bioes":
            tags[end - 1] = f"E-{label}"
            tags[start] = f"{'S' if end - start == 1 else 'B'}-{label}"
        last = end, label
    return tags


def as_iob2(tags: Sequence[str], scheme: str) -> list[str] | None:
    """Tags of a scheme, "" where missing, in IOB2; None where the scheme forbids the sequence."""
    result = []
    last = "O"
    for tag in [*tags, "O"]:
        prefix, label = tag[:1], tag[2:]
        inside = last[:1] in {"B", "I"} and last[2:] == label
        ends = tag == "" or (inside and prefix in {"I", "E"})
        if scheme == "bioes" and last[:1] in {"B", "I"} and not ends:
            return None  # an entity that does not end
        if prefix in {"I", "E"} and not (inside or (scheme == "iob1" and prefix == "I")):
            return None
        begins = prefix in {"B", "S"} or (prefix == "I" and not inside)
        result.append(tag if tag in {"", "O"} else ("B-" if begins else "I-") + label)
        last = tag
    return result[:-1]


def reading(sentence: GoldSentence, layers: Iterable[str], *, spaces: bool = True) -> Reading:
    """What a `.spacy` file should say of a sentence whose file has these layers.

    spaces: whether that file tells the spacing; otherwise one space follows every word.
    """
    size = len(sentence.lexemes)
    empty = ("",) * size
    return Reading(
        words=tuple(sentence.words),
        spaces=sentence.spaces[:-1] if spaces else (True,) * (size - 1),
        upos=tuple(w.upos for w in sentence.lexemes) if "upos" in layers else empty,
        xpos=tuple(w.xpos for w in sentence.lexemes) if "xpos" in layers else empty,
        lemmas=tuple(w.lemma for w in sentence.lexemes) if "lemmas" in layers else empty,
        entities=tuple(iob2(size, sentence.entities)) if "entities" in layers else empty,
        propositions=sentence.propositions if "propositions" in layers else None,
    )


# Corpora


@st.composite
def _spans(draw: Callable, size: int, labels: Sequence[str]) -> list[tuple[int, int, str]]:
    """Stretches of `size` words with labels, in order, not overlapping."""
    result = []
    position = 0
    while position < size and draw(st.booleans()):
        start = draw(st.integers(position, min(position + 2, size - 1)))
        end = draw(st.integers(start + 1, min(start + 3, size)))
        result.append((start, end, draw(st.sampled_from(labels))))
        position = end
    return result


@st.composite
def _propositions(draw: Callable, lexemes: Sequence[Word]) -> tuple[GoldProposition, ...]:
    size = len(lexemes)
    result = []
    for predicate, word in enumerate(lexemes):
        if word in VERBS and draw(st.integers(0, 3)):
            spans = [
                span
                for span in draw(_spans(size, (*ROLES, "C-V")))
                if not span[0] <= predicate < span[1]
            ]
            arguments = tuple(span for span in spans if span[2] != "C-V")
            parts = tuple((start, end) for start, end, role in spans if role == "C-V")
            result.append(GoldProposition(predicate, f"{word.lemma}.01", arguments, parts))
    return tuple(result)


@st.composite
def _sentences(
    draw: Callable, sent_id: str, doc_id: str, words: Sequence[Word], ranges: bool
) -> GoldSentence:
    lexemes = tuple(draw(st.lists(st.sampled_from(words), min_size=1, max_size=6)))
    size = len(lexemes)
    spaces = [*draw(st.lists(st.booleans(), min_size=size - 1, max_size=size - 1)), True]
    found: list[Range] = []
    if ranges and size > 1 and not draw(st.integers(0, 3)):
        start = draw(st.integers(0, size - 2))
        spaces[start] = False  # the words of a multiword token stand without spaces
        form = draw(st.sampled_from(("zum", lexemes[start].form + lexemes[start + 1].form)))
        found = [Range(start, start + 2, form)]
    return GoldSentence(
        sent_id,
        doc_id,
        lexemes,
        tuple(spaces),
        tuple(draw(_spans(size, LABELS))),
        draw(_propositions(lexemes)),
        tuple(found),
    )


@st.composite
def corpora(
    draw: Callable, *, blanks: bool = False, ranges: bool = False, odd: bool = True, most: int = 2
) -> Corpus:
    """One or two documents of a few sentences each.

    blanks: with words that hold a blank. ranges: with multiword tokens. odd: with words that look
    like other parts of files. most: the most documents.
    """
    words = PLAIN + (ODD if odd else ()) + ((WITH_BLANK,) if blanks else ())
    result = []
    for number in range(draw(st.integers(1, most))):
        doc_id = f"news-d{number}"
        for i in range(draw(st.integers(1, 4))):
            result.append(draw(_sentences(f"{doc_id}-{i + 1:04}", doc_id, words, ranges)))
    return tuple(result)


# Files


@dataclass(frozen=True)
class Line:
    """A line of a file.

    kind: `word`, `comment`, `blank` or `other`. sentence: number of the sentence that it belongs
    to. word: position of its word. cells: the columns of a word line, joined by `separator`.
    """

    kind: str
    sentence: int
    text: str = ""
    word: int = -1
    cells: tuple[str, ...] = ()
    separator: str = "\t"

    def __str__(self) -> str:
        return self.separator.join(self.cells) if self.kind == "word" else self.text

    def with_cell(self, column: int, value: str) -> "Line":
        return replace(self, cells=(*self.cells[:column], value, *self.cells[column + 1 :]))


@dataclass(frozen=True, repr=False)
class Text:
    """A corpus in a file.

    kind: `conllu`, `iob`, `propbank` or `skeleton`. columns: what they hold, by the names of
    `Reading`, `word`, `index`, or `other`. layers: those that the file has. spaced: whether it
    tells the spacing of each sentence. counted: whether words are numbered.
    """

    kind: str
    suffix: str
    corpus: Corpus
    lines: tuple[Line, ...]
    columns: tuple[str, ...]
    layers: tuple[str, ...]
    scheme: str = "auto"
    texts: bool = False
    ids: bool = False
    spaced: bool = False

    def __repr__(self) -> str:
        lines = "\n".join(map(str, self.lines))
        options = f"scheme={self.scheme!r}, texts={self.texts}, ids={self.ids}"
        return f"Text({self.suffix}, {options}\n{lines})"

    def _repr_pretty_(self, printer: RepresentationPrinter, _: bool) -> None:
        printer.text(repr(self))  # hypothesis shows examples so

    @property
    def names(self) -> str | None:
        """What a user may say that the columns hold."""
        if self.kind != "iob":
            return None
        names = {"entities": "tag", "other": "-"}
        return ",".join(names.get(column, column) for column in self.columns)

    @property
    def counted(self) -> bool:
        return "index" in self.columns

    @property
    def data(self) -> bytes:
        return encode(self.lines)

    @property
    def readings(self) -> list[Reading]:
        return [reading(s, self.layers, spaces=self.spaced) for s in self.corpus]

    def word_lines(self) -> list[int]:
        """Positions of the lines with words."""
        return [i for i, line in enumerate(self.lines) if line.kind == "word"]


def encode(lines: Iterable[Line], newline: str = "\n") -> bytes:
    return "".join(f"{line}{newline}" for line in lines).encode()


def _comments(corpus: Corpus, number: int, documents: bool, ids: bool, texts: bool) -> list[Line]:
    sentence = corpus[number]
    result = []
    if documents and (number == 0 or corpus[number - 1].doc_id != sentence.doc_id):
        result.append(f"# newdoc id = {sentence.doc_id}")
    if ids:
        result.append(f"# sent_id = {sentence.sent_id}")
    if texts:
        result.append(f"# text = {sentence.text}")
    return [Line("comment", number, text) for text in result]


@st.composite
def conllu_texts(
    draw: Callable, corpus: Corpus, *, ids: bool | None = None, documents: bool | None = None
) -> Text:
    """The corpus in CoNLL-U: words, spacing, UPOS, XPOS, lemmas."""
    texts = draw(st.booleans())
    ids = draw(st.booleans()) if ids is None else ids
    documents = draw(st.booleans()) if documents is None else documents
    lines: list[Line] = []
    for number, sentence in enumerate(corpus):
        lines += _comments(corpus, number, documents, ids, texts)
        last = len(sentence.lexemes) - 1
        for i, word in enumerate(sentence.lexemes):
            # The words of a multiword token have no spaces of their own.
            misc = "_"
            if not sentence.spaces[i]:
                misc = "SpaceAfter=No"
            for start, end, form in sentence.ranges:
                if start <= i < end:
                    misc = "_"
                if start == i:
                    after = "_" if sentence.spaces[end - 1] else "SpaceAfter=No"
                    text = "\t".join((f"{start + 1}-{end}", form, *"_______", after))
                    lines.append(Line("other", number, text))
            head = (str(last), "dep") if i else ("0", "root")
            cells = (str(i + 1), word.form, word.lemma, word.upos, word.xpos, "_", *head, "_", misc)
            lines.append(Line("word", number, word=i, cells=cells))
            if not draw(st.integers(0, 15)):
                lines.append(Line("other", number, f"{i + 1}.1\tnothing" + "\t_" * 8))
        lines.append(Line("blank", number))
    columns = ("index", "word", "lemmas", "upos", "xpos", *["other"] * 4, "spaces")
    layers = ("upos", "xpos", "lemmas")
    return Text(
        "conllu", ".conllu", corpus, tuple(lines), columns, layers,
        texts=texts, ids=ids, spaced=True,
    )  # fmt: skip


LAYOUTS = (
    ("word", "entities"),
    ("word", "xpos", "entities"),
    ("word", "xpos", "other", "entities"),
    ("index", "word", "entities"),
    ("index", "word", "entities", "other"),
    ("index", "word", "entities", "other", "other"),
    ("index", "word", "xpos", "entities"),
)


@st.composite
def column_texts(
    draw: Callable, corpus: Corpus, *, ids: bool | None = None, documents: bool | None = None
) -> Text:
    """The corpus in columns: words, entities, in some layouts XPOS."""
    # A column without any word is none of words.
    assume(any(form not in {"_", "-"} for sentence in corpus for form in sentence.words))
    columns = draw(st.sampled_from(LAYOUTS))
    separator = draw(st.sampled_from(("\t", " ")))
    if any(" " in word for sentence in corpus for word in sentence.words):
        separator = "\t"
    scheme = draw(st.sampled_from(("iob1", "iob2", "bioes")))
    # Within columns that are cut at blanks a comment looks like a row.
    comments = separator == "\t" or "index" in columns
    texts = comments and draw(st.booleans())
    ids = comments and draw(st.booleans()) if ids is None else ids
    documents = draw(st.booleans()) if documents is None else documents
    lines: list[Line] = []
    for number, sentence in enumerate(corpus):
        lines += _comments(corpus, number, documents, ids, texts)
        tags = tags_in(scheme, len(sentence.lexemes), sentence.entities)
        for i, (word, tag) in enumerate(zip(sentence.lexemes, tags, strict=True)):
            values = {
                "index": str(i + 1),
                "word": word.form,
                "xpos": word.xpos,
                "other": "-" if columns[0] == "index" else "I-NP" if word.xpos == "NN" else "O",
                "entities": tag,
            }
            cells = tuple(values[column] for column in columns)
            lines.append(Line("word", number, word=i, cells=cells, separator=separator))
        lines.append(Line("blank", number))
    layers = ("entities", "xpos") if "xpos" in columns else ("entities",)
    suffix = draw(st.sampled_from((".iob2", ".conll", ".tsv", ".bio")))
    return Text(
        "iob", suffix, corpus, tuple(lines), columns, layers,
        scheme=scheme, texts=texts, ids=ids, spaced=texts,
    )  # fmt: skip


PENN = {"(": "-LRB-", ")": "-RRB-"}


@st.composite
def propbank_texts(draw: Callable, corpus: Corpus, *, masked: bool = False) -> Text:
    """The corpus in PropBank's columns: words (or `[WORD]`), XPOS, propositions."""
    release = draw(st.booleans())
    penn = draw(st.booleans())
    lines: list[Line] = []
    in_document = 0
    for number, sentence in enumerate(corpus):
        if number and corpus[number - 1].doc_id != sentence.doc_id:
            in_document = 0
        name = sentence.doc_id
        if release:
            folder, _, stem = name.partition("-")
            name = f"google/ewt/{folder}/00/{stem}.xml"
        size = len(sentence.lexemes)
        rolesets = ["-"] * size
        brackets = [["*"] * size for _ in sentence.propositions]
        for prop, column in zip(sentence.propositions, brackets, strict=True):
            rolesets[prop.predicate] = prop.roleset
            spans = [(prop.predicate, prop.predicate + 1, "V"), *prop.arguments]
            for start, end, role in spans + [(s, e, "C-V") for s, e in prop.parts]:
                column[start] = f"({role}{column[start]}"
                column[end - 1] += ")"
        for i, word in enumerate(sentence.lexemes):
            form = PENN.get(word.form, word.form) if penn else word.form
            frame = rolesets[i].split(".")[0] if rolesets[i] != "-" else "-"
            cells = (
                name,
                str(in_document),
                str(i),
                "[WORD]" if masked else form,
                word.xpos,
                "*",
                frame,
                rolesets[i],
                *(column[i] for column in brackets),
            )
            lines.append(Line("word", number, word=i, cells=cells, separator="  "))
        lines.append(Line("blank", number))
        in_document += 1
    columns = ("doc", "number", "index", "word", "xpos", "other", "frame", "roleset")
    kind, suffix = ("skeleton", ".gold_skel") if masked else ("propbank", ".gold_conll")
    return Text(kind, suffix, corpus, tuple(lines), columns, ("xpos", "propositions"))


KINDS = ("conllu", "iob", "propbank")


@st.composite
def texts(draw: Callable, *, kinds: Sequence[str] = KINDS, odd: bool = True) -> Text:
    """A corpus in a file of one of the text formats."""
    kind = draw(st.sampled_from(kinds))
    corpus = draw(corpora(blanks=kind == "conllu", ranges=kind == "conllu", odd=odd))
    if kind == "conllu":
        return draw(conllu_texts(corpus))
    return draw(column_texts(corpus) if kind == "iob" else propbank_texts(corpus))


def make_docs(corpus: Corpus, *, words_only: bool = False) -> list[Doc]:
    """The corpus as Docs, one per document; words_only: with XPOS and nothing else."""
    vocab = Vocab()
    docs = []
    for doc_id in dict.fromkeys(sentence.doc_id for sentence in corpus):
        own = [sentence for sentence in corpus if sentence.doc_id == doc_id]
        lexemes = [word for sentence in own for word in sentence.lexemes]
        doc = Doc(
            vocab,
            words=[word.form for word in lexemes],
            spaces=[space for sentence in own for space in sentence.spaces],
            sent_starts=[i == 0 for sentence in own for i in range(len(sentence.lexemes))],
            pos=None if words_only else [word.upos for word in lexemes],
            tags=[word.xpos for word in lexemes],
            lemmas=None if words_only else [word.lemma for word in lexemes],
            ents=None if words_only else [t for s in own for t in iob2(len(s.words), s.entities)],
        )
        doc.user_data.update(doc_id=doc_id, sent_ids=[sentence.sent_id for sentence in own])
        docs.append(doc)
        if words_only:
            continue
        groups: dict[str, list[Span]] = {
            name: [] for name in ("predicates", "srl", "predicate_parts", "srl_annotated")
        }
        offset = 0
        for sentence in own:
            for at, roleset, arguments, parts in sentence.propositions:
                groups["predicates"].append(Span(doc, offset + at, offset + at + 1, label=roleset))
                for name, spans in (
                    ("srl", arguments),
                    ("predicate_parts", [(start, end, "C-V") for start, end in parts]),
                ):
                    groups[name] += [
                        Span(doc, offset + s, offset + e, label=role, span_id=f"{at - s:+d}")
                        for s, e, role in spans
                    ]
            end = offset + len(sentence.lexemes)
            groups["srl_annotated"].append(Span(doc, offset, end))
            offset = end
        for name, spans in groups.items():
            doc.spans[name] = SpanGroup(doc, name=name, spans=spans)
    return docs


def docbin_bytes(corpus: Corpus, *, words_only: bool = False) -> bytes:
    """A `.spacy` file of the corpus."""
    return DocBin(docs=make_docs(corpus, words_only=words_only), store_user_data=True).to_bytes()
