"""Props as a layer."""

import pytest
from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab

from spacy_seqtag.corpus.convert import convert
from spacy_seqtag.corpus.errors import FormatError
from spacy_seqtag.corpus.formats.props import propbank_cell, write_props
from spacy_seqtag.frames import get_frames, set_propositions
from spacy_seqtag.schemes.propositions import Argument, Proposition, conll05_role


@pytest.fixture
def files(tmp_path):
    """Words, and props of them that `write_props` made."""
    words = ["Ann", "gave", "it", "up", "Yes"]
    doc = Doc(
        Vocab(), words=words, sent_starts=[1, -1, -1, -1, 1], lemmas=["Ann", "give", "it", "up", ""]
    )
    roles = [Argument(0, 1, "ARG0"), Argument(2, 3, "R-ARGM-TMP")]
    set_propositions(doc, [Proposition(1, "give.01", roles, [(3, 4)])], annotated=[(0, 5)])
    base, props = tmp_path / "base.spacy", tmp_path / "a.props"
    DocBin(docs=[Doc(Vocab(), words=words, sent_starts=[1, -1, -1, -1, 1])]).to_disk(base)
    with props.open("w", encoding="utf8") as file:
        write_props([doc], file)
    return base, props, tmp_path / "out.spacy"


def test_what_export_writes_is_a_layer(files):
    *paths, output = files
    summary = convert(paths, output)
    (doc,) = DocBin().from_disk(output).get_docs(Vocab())
    (frame,) = get_frames(doc)
    assert str(frame) == "[ARG0 Ann] [V gave] [R-ARGM-TMP it] [C-V up]"
    assert frame.roleset == "V"  # props have no rolesets
    assert summary.without_frames == 0
    assert summary.notes == [f"{paths[1]}: joined by order: 2 of 2 sentences"]


@pytest.mark.parametrize("role", ["ARG0", "ARGA", "ARGM-TMP", "C-ARG1", "R-ARGM-LOC", "V", "C-V"])
def test_roles_come_back(role):
    assert propbank_cell(f"({conll05_role(role)}*)") == f"({role}*)"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "-\n\n",
            "",
            r"a\.props: 1 sentence here, 2 in .*base\.spacy.* only be joined by .*order",
        ),
        ("-\n\n", "-\n-\n\n", r"a\.props:6: the sentence has 2 words here, and 1 in .*base\.spacy"),
        (
            "give ",
            "eat ",
            r"1 of 2 have other predicates, .*a\.props:1: .*'eat' is no pred.* 'gave'",
        ),
        ("(A0*)", "", r"a\.props:1: |a\.props:2: 2 columns, but 1 in"),
        ("(A0*)", "(A0*", r"a\.props:1: the bracket of ARG0"),
    ],
)
def test_what_does_not_fit(files, old, new, message):
    *paths, output = files
    text = paths[1].read_text("utf8")
    assert old in text
    paths[1].write_text(text.replace(old, new), encoding="utf8")
    with pytest.raises(FormatError, match=message):
        convert(paths, output)


def test_props_give_no_words(files):
    _, props, output = files
    with pytest.raises(
        FormatError,
        match=r"a\.props: a \.props file has no words of its own\. Name the file with the",
    ):
        convert([props], output)
