"""CoNLL-2009, whose roles are those of heads in a tree."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_seqtag.corpus.errors import FormatError
from spacy_seqtag.corpus.formats import format_of
from spacy_seqtag.corpus.formats.conll2009 import read
from spacy_seqtag.corpus.formats.format import ReadOptions
from spacy_seqtag.corpus.formats.remarks import Remarks
from spacy_seqtag.frames import get_frames

from ..propbank_files import shown, write


def table(*rows):
    """A sentence: `word head roles…`, where a predicate is `word/roleset`."""
    lines = []
    for i, row in enumerate(rows, start=1):
        word, head, *roles = row.split()
        form, _, sense = word.partition("/")
        given = [str(i), form, form.lower(), "p", "NN", "p", "_", "_", head, "9", "DEP", "P"]
        lines.append("\t".join([*given, "Y" if sense else "_", sense or "_", *roles]))
    return "\n".join(lines) + "\n\n"


def frames(tmp_path, run, text, **options):
    _, docs = run(write(tmp_path / "a.conll09", text), **options)
    return shown(docs)[0]


ANN = table("Ann 2 A0 A0", "wants/want.01 0 _ _", "to 2 A1 _", "sing/sing.01 3 _ _", ". 2 _ _")


@pytest.mark.parametrize("name", ["a.conll09", "a.txt", "a.conll", "a.tsv"])
def test_what_is_read(tmp_path, run, name):
    path = write(tmp_path / name, ANN + table("Yes 0"))
    assert format_of(path).name == "conll2009"
    summary, (doc,) = run(path)
    assert [token.text for token in doc] == ["Ann", "wants", "to", "sing", ".", "Yes"]
    assert [token.lemma_ for token in doc][:2] == ["ann", "wants"]
    assert {token.tag_ for token in doc} == {"NN"}
    assert shown([doc]) == [["[ARG0 Ann] [V wants] [ARG1 to sing]", "[ARG0 Ann] [V sing]"]]
    assert [frame.roleset for frame in get_frames(doc)] == ["want.01", "sing.01"]
    assert summary.without_frames == 0
    assert f"{path}: dependencies, features and what programs predicted were not read" in (
        summary.notes
    )


def test_heads_alone(tmp_path, run):
    found = frames(tmp_path, run, ANN, span_from="head")
    assert found == ["[ARG0 Ann] [V wants] [ARG1 to]", "[ARG0 Ann] [V sing]"]


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        # The branch with the predicate is cut off.
        (
            ("the 2 _", "man 0 A0", "who 4 R-A0", "left/leave.01 2 _", "town 4 A1"),
            "[ARG0 the man] [R-ARG0 who] [V left] [ARG1 town]",
        ),
        (("the 3 _", "fallen/fall.01 3 _", "man 0 A1"), "[ARG1 the] [V fallen] [C-ARG1 man]"),
        (
            ("He 3 _", "now 3 _", "says/say.01 4 _", "knows 0 A1", "all 4 _"),
            "He now [V says] [ARG1 knows all]",
        ),
        # An argument within another one is cut out of it.
        (
            ("made/make.01 0 _", "a 3 _", "plan 1 A1", "to 3 AM-PRP", "win 4 _"),
            "[V made] [ARG1 a plan] [ARGM-PRP to win]",
        ),
        (
            ("saw/see.01 0 _", "men 1 A1", "there 2 AM-LOC", "sing 2 _"),
            "[V saw] [ARG1 men] [ARGM-LOC there] [C-ARG1 sing]",
        ),
        # Words that are not together; a piece of punctuation is none.
        (("A 3 _", "came/come.01 0 _", "man 2 A1"), "[ARG1 A] [V came] [C-ARG1 man]"),
        ((", 3 _", "came/come.01 0 _", "man 2 A1"), ", [V came] [ARG1 man]"),
        (("A 3 _", "came/come.01 0 _", "who 2 R-A1"), "A [V came] [R-ARG1 who]"),
        (("A 3 _", "came/come.01 0 _", "man 2 C-A1"), "[C-ARG1 A] [V came] [C-ARG1 man]"),
        # What continues the predicate is no argument.
        (
            ("Ann 2 A0", "gave/x.01 0 _", "up 2 C-V", "it 2 A1"),
            "[ARG0 Ann] [V gave] [C-V up] [ARG1 it]",
        ),
        # Names of other languages stay; a predicate may have no sense.
        (("x 2 arg0-agt", "y/_ 0 _"), None),
        (("x 2 ADV", "y/y.01 0 _"), "[ADV x] [V y]"),
        # The roots may be several.
        (("x 0 A0", "y/y.01 0 _", "z 0 _"), "[ARG0 x] [V y]"),
    ],
)
def test_spans_of_heads(tmp_path, run, sentence, expected):
    text = table(*sentence)
    _, docs = run(write(tmp_path / "a.conll09", text))
    (frame,) = get_frames(docs[0])
    if expected is None:
        assert (str(frame), frame.roleset) == ("[arg0-agt x] [V y]", "V")
    else:
        spans = "".join(part for part in expected.split("[", 1)[1:])
        assert str(frame) == "[" + spans.strip()
    assert len(frame.parts) == text.count("\tC-V")


def test_what_is_left_out_or_unknown(tmp_path, run):
    path = write(tmp_path / "a.conll09", table("driver/driver.01 0 A0", "x 1 A1"))
    summary, docs = run(path)
    assert shown(docs) == [["[V driver] [ARG1 x]"]]
    assert f"{path}: 1 argument is its own predicate and was left out (line 1)" in summary.notes
    # The test data of the shared task.
    blind = table("driver/driver.01 0", "x 1") + table("Yes 0")
    summary, _ = run(write(path, blind))
    assert (summary.without_frames, summary.predicates) == (1, 0)
    assert any("1 sentence has predicates and no columns" in note for note in summary.notes)


def test_as_a_layer(tmp_path, run):
    words = write(tmp_path / "w.iob2", "Ann B-X\nwants O\nto O\nsing O\n. O\n")
    _, docs = run(words, write(tmp_path / "a.conll09", ANN))
    assert shown(docs) == [["[ARG0 Ann] [V wants] [ARG1 to sing]", "[ARG0 Ann] [V sing]"]]
    assert [ent.text for ent in docs[0].ents] == ["Ann"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "\t2\t9\tDEP\tP\t_\t_\tA0\tA0",
            "\t7\t9\tDEP\tP\t_\t_\tA0\tA0",
            r":1: HEAD '7' is no word",
        ),
        (
            "\t2\t9\tDEP\tP\t_\t_\tA0\tA0",
            "\t_\t9\tDEP\tP\t_\t_\tA0\tA0",
            r":1: HEAD '_' is no word",
        ),
        ("\t0\t9", "\t3\t9", r":\d: the HEADs lead from word 1 in a circle"),
        ("\t3\t9", "\t4\t9", r":4: the HEADs lead from word 4 in a circle"),
        ("3\tto", "4\tto", ":3: ID '4' is out of order, expected word 3"),
        ("\tY\tsing.01", "\t_\t_", ":1: 1 predicate, but 2 columns of arguments"),
        ("P\t_\t_\tA1", "P\tY\tto.01\tA1", ":4: 3 predicates, but 2 columns of arguments"),
        ("\tA1\t_", "\tA1", ":3: 15 columns, but 16 in the sentence's first row"),
        ("\tDEP\tP\t_\t_\tA1\t_", "", ":3: 10 columns, expected 14 or more: ID FORM"),
        ("Ann", "", ":1: the word is empty"),
        ("Ann", "[WORD]", r":1: the word is masked as \[WORD\]"),
    ],
)
def test_illegal_rows(tmp_path, run, old, new, message):
    path = write(tmp_path / "a.conll09", ANN.replace(old, new, 1))
    with pytest.raises(FormatError, match=message):
        run(path)
    if "HEAD" in message:  # no tree is needed
        assert len(run(path, span_from="head")[1]) == 1


@st.composite
def trees(draw):
    """The heads of a sentence, of which every word leads to a root, a predicate, and roles."""
    size = draw(st.integers(1, 9))
    order = draw(st.permutations(range(size)))
    heads = [0] * size
    for n, i in enumerate(order):
        heads[i] = order[draw(st.integers(0, n - 1))] + 1 if n and draw(st.booleans()) else 0
    roles = draw(
        st.lists(st.sampled_from(["_", "_", "A0", "AM-LOC"]), min_size=size, max_size=size)
    )
    return heads, draw(st.integers(0, size - 1)), roles


def above(i, heads):
    """A word and what is above it, up to the root."""
    while i >= 0:
        yield i
        i = heads[i] - 1


@given(trees())
def test_any_tree(tmp_path_factory, tree):
    """A word is in the argument of the nearest head above, not beyond the predicate's branch."""
    heads, predicate, roles = tree
    rows = [
        f"w{i}{'/w.01' if i == predicate else ''} {head} {role}"
        for i, (head, role) in enumerate(zip(heads, roles, strict=True))
    ]
    path = write(tmp_path_factory.getbasetemp() / "tree.conll09", table(*rows))
    (sentence,) = read(path, ReadOptions(), Remarks(path))
    ((_, _, arguments, parts),) = sentence.propositions
    marked = {i for i, role in enumerate(roles) if role != "_" and i != predicate}
    branch = set(above(predicate, heads))
    expected = {}
    for i in range(len(heads)):
        way = list(above(i, heads))
        nearest = next((n for n, j in enumerate(way) if j in marked or j in branch), None)
        if nearest is not None and way[nearest] in marked:
            expected[i] = roles[way[nearest]].replace("A", "ARG", 1)
    found = {}
    for start, end, role in arguments:
        for i in range(start, end):
            assert i not in found
            found[i] = role.removeprefix("C-")
    assert found == expected
    assert parts == []
    (sentence,) = read(path, ReadOptions(span_from="head"), Remarks(path))
    assert [(s, e) for s, e, _ in sentence.propositions[0].arguments] == [
        (i, i + 1) for i in sorted(marked)
    ]
