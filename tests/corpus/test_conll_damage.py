"""Made-up corpora as CoNLL-2012 and CoNLL-2009: whole, damaged and compressed."""

import gzip
from collections.abc import Callable

import pytest
from hypothesis import assume
from hypothesis import strategies as st

from spacy_seqtag.corpus.errors import FormatError

from .strategies import Corpus, GoldSentence, Reading, corpora, reading
from .test_damage import converted, examples, search

CELLS = ("", "_", "-", "*", "x", "(ARG0*", "*)", "(V*)", "(PER", "0", "1", "99", "Y", "9" * 5000)


def brackets(size: int, spans) -> list[str]:
    cells = ["*"] * size
    for start, end, label in spans:
        cells[start] = f"({label}{cells[start]}"
        cells[end - 1] += ")"
    return cells


def conll2012(sentence: GoldSentence, number: int) -> list[list[str]]:
    size = len(sentence.lexemes)
    props = {prop.predicate: prop for prop in sentence.propositions}
    columns = [
        brackets(
            size,
            [
                (prop.predicate, prop.predicate + 1, "V"),
                *prop.arguments,
                *((*part, "C-V") for part in prop.parts),
            ],
        )
        for prop in sentence.propositions
    ]
    entities = brackets(size, sentence.entities)
    rows = []
    for i, word in enumerate(sentence.lexemes):
        lemma, sense = props[i].roleset.split(".") if i in props else ("-", "-")
        row = [sentence.doc_id, "0", str(i), word.form, word.xpos, "*", lemma, sense, "-", "-"]
        rows.append([*row, entities[i], *(column[i] for column in columns), "-"])
    return rows


def conll2009(sentence: GoldSentence, number: int) -> list[list[str]]:
    """With heads such that every word of an argument is below its first one."""
    props = sentence.propositions[:1]
    heads = [0] * len(sentence.lexemes)
    for start, end, _ in props[0].arguments if props else ():
        for i in range(start + 1, end):
            heads[i] = start + 1
    rows = []
    for i, word in enumerate(sentence.lexemes):
        row = [str(i + 1), word.form, word.lemma, "_", word.xpos, "_", "_", "_", str(heads[i])]
        row += ["_"] * 3
        row += ["Y", props[0].roleset] if props and props[0].predicate == i else ["_", "_"]
        for prop in props:
            row.append(next((role for start, _, role in prop.arguments if start == i), "_"))
        rows.append(row)
    return rows


def expected(corpus: Corpus, ending: str) -> list[Reading]:
    if ending == ".v4_gold_conll":
        layers = ("xpos", "entities", "propositions")
        return [reading(sentence, layers, spaces=False) for sentence in corpus]
    result = []
    for sentence in corpus:
        props = tuple(prop._replace(parts=()) for prop in sentence.propositions[:1])
        one = reading(sentence, ("xpos", "lemmas"), spaces=False)
        result.append(one._replace(propositions=props))
    return result


FORMATS: dict[str, Callable[[GoldSentence, int], list[list[str]]]] = {
    ".v4_gold_conll": conll2012,
    ".conll09": conll2009,
}


@st.composite
def files(draw) -> tuple[Corpus, str, list[str]]:
    """A corpus, the ending of a format, and the lines that say it."""
    corpus = draw(corpora(odd=draw(st.booleans())))
    ending = draw(st.sampled_from(sorted(FORMATS)))
    separator = "\t" if ending == ".conll09" else "  "
    lines: list[str] = []
    for number, sentence in enumerate(corpus):
        lines += [separator.join(row) for row in FORMATS[ending](sentence, number)]
        lines.append("")
    return corpus, ending, lines


def encode(lines: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


@examples(30)
def test_whole(n):
    """A whole file becomes exactly the sentences that stand in it, compressed or not."""

    def check(file, compressed):
        corpus, ending, lines = file
        data = encode(lines)
        name = f"a{ending}.gz" if compressed else f"a{ending}"
        summary, found = converted({name: gzip.compress(data) if compressed else data})
        if isinstance(summary, FormatError):
            raise summary
        assert found == expected(corpus, ending)

    search(n, check, files(), st.booleans())


@examples(60)
def test_damaged(n):
    """A damaged file is refused with its line, or what is read from it holds together."""

    def check(file, data):
        _, ending, lines = file
        rows = [i for i, line in enumerate(lines) if line]
        i = data.draw(st.sampled_from(rows))
        separator = "\t" if ending == ".conll09" else "  "
        cells = lines[i].split(separator)
        column = data.draw(st.integers(0, len(cells) - 1))
        way = data.draw(st.sampled_from(("cell", "drop", "add", "row", "double", "blank", "cut")))
        if way == "cell":
            cells[column] = data.draw(st.sampled_from(CELLS))
        elif way == "drop":
            del cells[column]
        elif way == "add":
            cells.insert(column, data.draw(st.sampled_from(CELLS[1:])))
        damaged = [*lines]
        if way == "row":
            del damaged[i]
            assume(any(damaged))
        elif way == "double":
            damaged.insert(i, lines[i])
        elif way == "blank":
            damaged.insert(i, "")
        else:
            damaged[i] = separator.join(cells)
        content = encode(damaged)
        if way == "cut":
            content = content[: data.draw(st.integers(1, len(content) - 1))]
        summary, _ = converted({f"a{ending}": content})
        if way in ("add", "double"):
            assert isinstance(summary, FormatError)
        if isinstance(summary, FormatError):
            assert summary.line is not None

    search(n, check, files(), st.data())


@pytest.mark.parametrize("ending", sorted(FORMATS))
def test_a_part_of_an_archive(ending):
    """Wherever it is cut, nothing is written."""
    line = "d 0 0 Ann NNP * - - - - * -" if ending != ".conll09" else "1 Ann" + " _" * 12
    whole = gzip.compress(encode([line, ""] * 50))
    for size in range(1, len(whole), 7):
        summary, _ = converted({f"a{ending}.gz": whole[:size]})
        assert isinstance(summary, FormatError)
        assert "ends too early" in summary.message
