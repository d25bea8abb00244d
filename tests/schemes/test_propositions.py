"""Columns of brackets."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_seqtag.schemes.propositions import (
    Argument,
    ColumnError,
    Proposition,
    conll05_role,
    read_columns,
    write_columns,
)


def read(rolesets, *columns):
    """`read_columns` of columns written as strings, cells apart by blanks."""
    cells = [list(row) for row in zip(*(column.split() for column in columns), strict=True)]
    return read_columns(rolesets.split(), cells or [[] for _ in rolesets.split()])


@st.composite
def sentences(draw):
    """(number of words, propositions without overlap)."""
    n_tokens = draw(st.integers(1, 12))
    props = []
    for predicate in draw(st.lists(st.integers(0, n_tokens - 1), unique=True)):
        bounds = draw(st.lists(st.integers(0, n_tokens), unique=True).map(sorted))
        spans = [
            (start, end)
            for start, end in pairwise(bounds)
            if not start <= predicate < end and draw(st.booleans())
        ]
        roles = draw(
            st.lists(
                st.sampled_from(["ARG0", "ARGM-TMP", "C-ARG1", "R-ARG0", "C-V"]),
                min_size=len(spans),
                max_size=len(spans),
            )
        )
        labelled = [(*span, role) for span, role in zip(spans, roles)]
        props.append(
            Proposition(
                predicate,
                draw(st.sampled_from(["give.01", "V", "give_up.08"])),
                [Argument(*span) for span in labelled if span[2] != "C-V"],
                [span[:2] for span in labelled if span[2] == "C-V"],
            )
        )
    return n_tokens, sorted(props)


@given(sentences())
def test_what_is_written_is_read(sentence):
    n_tokens, props = sentence
    rolesets = ["-"] * n_tokens
    for prop in props:
        rolesets[prop.predicate] = prop.roleset
    columns = write_columns(props, n_tokens)
    cells = [[column[i] for column in columns] for i in range(n_tokens)]
    assert read_columns(rolesets, cells) == (props, {})


def test_columns_in_the_form_of_the_release():
    rolesets = "- give_up.08 - - -"
    column = "(ARG0*) (V*) (ARG1* *) (C-V*)"
    (prop,), notes = read(rolesets, column)
    assert prop == Proposition(
        1, "give_up.08", [Argument(0, 1, "ARG0"), Argument(2, 4, "ARG1")], [(4, 5)]
    )
    assert not notes
    assert write_columns([prop], 5) == [column.split()]


def test_no_predicate():
    assert read("- - -") == ([], {})
    assert read_columns([], []) == ([], {})


def test_verb_of_several_words():
    (prop,), notes = read("- break_up.08 - -", "(ARG0*) (V* *) (ARG1*)")
    assert (prop.predicate, prop.parts) == (1, [(2, 3)])
    assert list(notes.values()) == [1]
    # The parts are in order, too, when there are others.
    (prop,), _ = read("- put.01 - - -", "(C-V*) (V* *) * (C-V*)")
    assert prop.parts == [(0, 1), (2, 3), (4, 5)]


def test_roleset_at_a_later_word():
    (prop,), notes = read("- crossreference.01", "(V* *)")
    assert (prop.predicate, prop.roleset, prop.parts) == (0, "crossreference.01", [(1, 2)])
    assert sum(notes.values()) == 2
    (prop,), notes = read("- - xray.01", "(V*) * (C-V*)")
    assert (prop.predicate, prop.parts) == (0, [(2, 3)])
    assert sum(notes.values()) == 1


def test_predicate_annotated_twice():
    props, notes = read("xray.01 - xray.01 go.01", *["(V*) * (C-V*) *"] * 2, "* * * (V*)")
    assert [(prop.predicate, prop.roleset) for prop in props] == [(0, "xray.01"), (3, "go.01")]
    assert [n for what, n in notes.items() if "twice" in what] == [1]


def test_links_are_no_arguments():
    # They may overlap with arguments, which arguments among themselves may not.
    column = "(LINK-SLC(ARG0*) (V*) (LINK-PCR*))"
    (prop,), notes = read("- go.01 -", column)
    assert prop == Proposition(1, "go.01", [Argument(0, 1, "ARG0")], [])
    assert list(notes.values()) == [2]


@pytest.mark.parametrize(
    ("rolesets", "columns", "token", "message"),
    [
        ("- go.01 -", ["(ARG0* (V*) *"], 0, "the bracket of ARG0 in column 1 .* stays open"),
        ("- go.01 -", ["* (V*) *)"], 2, "a bracket closes in column 1 .* not opened"),
        ("- go.01 -", ["* (V*) ARG1*"], 2, r"'ARG1\*' in column 1"),
        ("- go.01 -", ["* (V*) -"], 2, "'-' in column 1"),
        ("- go.01 -", ["(V*) (V*) *"], 1, "2 V in column 1 .* expected one"),
        ("- go.01 -", ["* (ARG0*) *"], 1, "0 V in column 1"),
        ("- go.01 -", ["* (V* (ARG1*))"], 2, "V and ARG1 in column 1 .* overlap"),
        ("go.01 - do.01", ["(V*) * *"], 2, "'do.01' has no column: 2 predicates, 1 columns"),
        ("go.01 - do.01", [], 0, "'go.01' has no column"),
        ("go.01 - -", ["(V*) * *", "* (V*) *"], 0, "2 columns .* 1 predicates"),
        ("go.01 do.01 -", ["* (V*) *", "(V*) * *"], 0, "column 1 .* that of 'go.01', but its V"),
    ],
)
def test_illegal_columns(rolesets, columns, token, message):
    with pytest.raises(ColumnError, match=message) as info:
        read(rolesets, *columns)
    assert info.value.token == token
    assert info.value.fix


@pytest.mark.parametrize(
    "prop",
    [
        Proposition(0, "go.01", [Argument(0, 2, "ARG0")], []),
        Proposition(2, "go.01", [Argument(0, 2, "ARG0"), Argument(1, 2, "ARG1")], []),
        Proposition(0, "go.01", [Argument(1, 2, "ARG0")], [(1, 3)]),
        Proposition(0, "go.01", [Argument(2, 4, "ARG0")], []),
        Proposition(3, "go.01", [], []),
    ],
)
def test_what_columns_cannot_hold(prop):
    with pytest.raises(ValueError, match=r"of 'go.01' overlaps another .* leaves the sentence"):
        write_columns([prop], 3)


@pytest.mark.parametrize(
    ("role", "name"),
    [
        ("ARG0", "A0"),
        ("ARGA", "AA"),
        ("ARGM-TMP", "AM-TMP"),
        ("C-ARG1", "C-A1"),
        ("R-ARG0", "R-A0"),
        ("C-ARGM-LOC", "C-AM-LOC"),
        ("ARG1-DSP", "A1-DSP"),
        ("V", "V"),
        ("C-V", "C-V"),
    ],
)
def test_names_of_conll_2005(role, name):
    assert conll05_role(role) == name
    prop = Proposition(0, "go.01", [Argument(1, 2, role)], [])
    assert write_columns([prop], 2, conll05_role)[0][1] == f"({name}*)"
