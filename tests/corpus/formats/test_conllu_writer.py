"""Writing CoNLL-U, and the keys of semantic roles in its MISC."""

import io

import pytest
from spacy.tokens import Doc, Span
from spacy.vocab import Vocab

from spacy_seqtag.corpus.errors import FormatError
from spacy_seqtag.corpus.formats.conllu import read_conllu
from spacy_seqtag.corpus.formats.conllu.writer import write_conllu
from spacy_seqtag.corpus.formats.losses import said
from spacy_seqtag.frames import set_propositions
from spacy_seqtag.schemes.propositions import Argument, Proposition


def written(*docs):
    file = io.BytesIO()
    counts = write_conllu(docs, file)
    return file.getvalue().decode(), counts


def rows(text):
    return [line.split("\t") for line in text.splitlines() if line[:1].isdigit()]


def comments(text):
    return [line for line in text.splitlines() if line.startswith("# ") and "# text" not in line]


@pytest.fixture
def read(tmp_path):
    def run(text):
        (tmp_path / "a.conllu").write_text(text, "utf8")
        return list(read_conllu(tmp_path / "a.conllu"))

    return run


def test_white_space_is_no_word(read):
    words = ["She", "gave", "\n", "it", "\t", "up", " "]
    doc = Doc(Vocab(), words, [True, False, False, True, False, False, False], ents=["O"] * 7)
    doc.set_ents([Span(doc, 3, 7, label="X")], default="unmodified")
    prop = Proposition(1, "give_up.07", [Argument(2, 5, "ARG1")], [(5, 6)])
    set_propositions(doc, [prop], annotated=[(0, 7)])
    text, counts = written(doc)
    (sentence,) = read(text)
    assert sentence.words == ["She", "gave", "it", "up"]
    assert sentence.entities == ["O", "O", "B-X", "I-X"]
    assert sentence.propositions == [
        Proposition(1, "give_up.07", [Argument(2, 3, "ARG1")], [(3, 4)])
    ]
    assert rows(text)[1][9].startswith(r"SpacesAfter=\n|")
    assert (counts.words, counts.predicates, counts.entities) == (4, 1, 1)


def test_what_goes_beyond_a_sentence(read):
    doc = Doc(Vocab(), ["Go", "on", "New", "York"], sent_starts=[1, -1, -1, 1], ents=["O"] * 4)
    doc.set_ents([Span(doc, 2, 4, label="LOC")], default="unmodified")
    prop = Proposition(0, "go.01", [Argument(1, 4, "ARG1")], [])
    set_propositions(doc, [prop], annotated=[(0, 4)])
    text, counts = written(doc)
    first, second = read(text)
    assert first.propositions == [Proposition(0, "go.01", [Argument(1, 3, "ARG1")], [])]
    assert second.propositions == []
    assert (first.entities, second.entities) == (["O", "O", "B-LOC"], ["B-LOC"])
    assert counts.cut == 1
    assert said(counts.left_out) == ["1 entity beyond the end of a sentence, which is two now"]


def test_labels_with_signs_of_the_format(read):
    doc = Doc(Vocab(), ["Go", "on", "Ann"], ents=["O", "O", "B-a|b c"])
    prop = Proposition(0, r"go|o,n \s", [Argument(1, 2, r"A|R,G: \p"), Argument(2, 3, "C-X")], [])
    set_propositions(doc, [prop], annotated=[(0, 3)])
    text, counts = written(doc)
    (sentence,) = read(text)
    assert sentence.propositions == [prop]
    assert sentence.entities == ["O", "O", "B-a_b_c"]
    assert [what.partition(",")[0] for what in said(counts.left_out)] == [
        "1 entity whose label has signs of the format"
    ]


def test_documents_and_ids():
    def doc(doc_id, *ids):
        result = Doc(Vocab(), ["a"] * len(ids), sent_starts=[1] * len(ids))
        result.user_data.update(doc_id=doc_id, sent_ids=ids)
        return result

    text, counts = written(doc("d", "1", "2"), Doc(Vocab()), doc("d", "3"), doc("e", ""), doc(""))
    assert comments(text) == [
        "# newdoc id = d",
        "# sent_id = 1",
        "# sent_id = 2",
        "# sent_id = 3",
        "# newdoc id = e",
    ]
    assert (counts.documents, counts.sentences) == (3, 4)
    assert said(counts.left_out) == ["2 documents without words"]
    with pytest.raises(ValueError, match="there are no words in it"):
        written(doc(""))


def test_roles_without_a_name(read):
    doc = Doc(Vocab(), ["Go", "on"])
    set_propositions(doc, [Proposition(0, "go.01", [Argument(1, 2, "")], [])], annotated=[(0, 2)])
    text, counts = written(doc)
    assert read(text)[0].propositions == [Proposition(0, "go.01", [Argument(1, 2, "_")], [])]
    assert said(counts.left_out) == ["1 role without a name, which is `_` now"]


def test_roles_that_do_not_hold_together():
    doc = Doc(Vocab(), ["a", "b"])
    doc.user_data["doc_id"] = "d"
    prop = Proposition(0, "a.01", [Argument(1, 2, "X"), Argument(1, 2, "Y")], [])
    set_propositions(doc, [prop], annotated=[(0, 2)])
    with pytest.raises(ValueError, match=r"document 1 \(d\): Y \[1:2\] of 'a.01' overlaps"):
        written(doc)
    set_propositions(doc, [Proposition(0, name, [], []) for name in "ab"], annotated=[(0, 2)])
    with pytest.raises(ValueError, match="two predicates on the word 'a'"):
        written(doc)


def conllu(*misc, comment=""):
    lines = [f"{i}\tw{i}" + "\t_" * 7 + f"\t{cell}" for i, cell in enumerate(misc, start=1)]
    return "\n".join([*comment.splitlines(), *lines, "", ""])


@pytest.mark.parametrize(
    ("misc", "expected"),
    [
        (("_", "_"), None),
        (("Roles=2:B-ARG0", "Roles=x"), None),  # somebody else's
        (("Roleset=V", "_"), [Proposition(0, "V", [], [])]),
        (
            ("Roles=2:B-A", "Roleset=b.01|Roles=3:B-B", "Roleset=c.01|Roles=2:B-A"),
            [
                Proposition(1, "b.01", [Argument(0, 1, "A"), Argument(2, 3, "A")], []),
                Proposition(2, "c.01", [Argument(1, 2, "B")], []),
            ],
        ),
        (
            ("Roleset=a.01", "Roles=1:B-A", "Roles=1:I-A", "Roles=1:B-A", "Roles=1:B-C-V"),
            [Proposition(0, "a.01", [Argument(1, 3, "A"), Argument(3, 4, "A")], [(4, 5)])],
        ),
    ],
)
def test_roles_in_misc(read, misc, expected):
    (sentence,) = read(conllu(*misc))
    assert sentence.propositions == expected


def test_no_predicates(read):
    (sentence,) = read(conllu("_", comment="# predicates = 0"))
    assert sentence.propositions == []
    (sentence,) = read(conllu("_", comment="# sentence_bounds = unknown"))
    assert not sentence.has_bounds
    with pytest.raises(FormatError, match=r"conllu:2: a predicate in a sentence with the comment"):
        read(conllu("Roleset=V", comment="# predicates = 0"))


@pytest.mark.parametrize(
    ("roles", "message"),
    [
        ("x", "'x' in Roles: expected one such as 2:B-ARG0"),
        ("1:B-", "expected one such as"),
        ("0:B-X", "expected one such as"),
        ("3:B-X", "the word with ID 3 has no Roleset"),
        ("9:B-X", "the word with ID 9 has no Roleset"),
        ("1:I-X", "it continues no role"),
        ("1:B-X,1:B-Y", "a second role of this word"),
        ("2:B-X", "the word is the predicate itself"),
    ],
)
def test_roles_that_cannot_be(read, roles, message):
    with pytest.raises(FormatError, match=rf"a\.conllu:2: .*{message}"):
        read(conllu("Roleset=V", f"Roleset=V|Roles={roles}", "_"))
