"""CoNLL-2012, as OntoNotes is distributed."""

import pytest

from spacy_seqtag.corpus.errors import FormatError
from spacy_seqtag.corpus.formats import format_of
from spacy_seqtag.frames import get_frames

from ..propbank_files import GOLD, shown, write

ROWS = """\
#begin document (nw/x_0000); part 000
nw/x_0000 0 0 Anna NNP (TOP(S(NP* - - - spk (PERSON* (ARG0* * (1)
nw/x_0000 0 1 Lee NNP *) - - - spk *) *) * -
nw/x_0000 0 2 ate VBD (VP* eat 01 1 spk * (V*) * -
nw/x_0000 0 3 out RP *)) out 02 - spk (DATE) * (V*) (2)|(3

#end document
#begin document (nw/x_0000); part 001
nw/x_0000 1 0 Yes - * - - - - * -
#end document
"""
WORDS = """\
# newdoc id = a
1\tAnna\tAnna\tPROPN\t_\t_\t_\t_\t_\t_
2\tLee\tLee\tPROPN\t_\t_\t_\t_\t_\t_
3\tate\teat\tVERB\t_\t_\t_\t_\t_\t_
4\tout\tout\tADP\t_\t_\t_\t_\t_\t_

# newdoc id = b
1\tYes\tyes\tINTJ\t_\t_\t_\t_\t_\t_

"""


def entities(docs):
    return [[(ent.text, ent.label_) for ent in doc.ents] for doc in docs]


@pytest.mark.parametrize("name", ["a.v4_gold_conll", "a.gold_conll", "a.conll", "a.txt"])
def test_what_is_read(tmp_path, run, name):
    path = write(tmp_path / name, ROWS)
    assert format_of(path).name == "conll2012"
    summary, docs = run(path)
    assert [doc.user_data["doc_id"] for doc in docs] == ["nw/x_0000", "nw/x_0000-part1"]
    assert [[token.tag_ for token in doc] for doc in docs] == [["NNP", "NNP", "VBD", "RP"], [""]]
    assert entities(docs) == [[("Anna Lee", "PERSON"), ("out", "DATE")], []]
    assert shown(docs) == [["[ARG0 Anna Lee] [V ate]", "[V out]"], []]
    assert [frame.roleset for frame in get_frames(docs[0])] == ["eat.01", "out.02"]
    assert summary.words_with["entities"] == 5
    assert [note.partition(",")[0] for note in summary.notes] == [
        "3 mentions of coreference were not read",
        "1 document has no entity: its words count as outside of all entities",
        "1 document has no predicate: its sentences count as annotated with semantic roles",
        "1 sentence has a parse",
        "1 word sense was not read",
        "1 sentence has a speaker",
    ]


def test_as_a_layer_it_gives_all_it_has(tmp_path, run):
    layer = write(tmp_path / "a.v4_gold_conll", ROWS)
    summary, docs = run(write(tmp_path / "w.conllu", WORDS), layer)
    assert entities(docs) == [[("Anna Lee", "PERSON"), ("out", "DATE")], []]
    assert shown(docs) == [["[ARG0 Anna Lee] [V ate]", "[V out]"], []]
    assert [token.tag_ for token in docs[0]] == ["NNP", "NNP", "VBD", "RP"]
    assert [token.pos_ for token in docs[0]] == ["PROPN", "PROPN", "VERB", "ADP"]
    assert summary.mismatched == 0


def test_a_skeleton_is_joined_by_its_documents(tmp_path, run):
    rows = [line.split() for line in ROWS.split("\n")]
    masked = [[*r[:3], "[WORD]", *r[4:]] if len(r) > 9 else r for r in rows]
    layer = write(tmp_path / "a.v4_gold_skel", "\n".join(map(" ".join, masked)))
    words = WORDS.replace("= a", "= nw/x_0000").replace("= b", "= nw/x_0000-part1")
    for form, xpos in (("Anna", "NNP"), ("Lee", "NNP"), ("ate", "VBD"), ("out", "RP")):
        words = words.replace(f"\t{form}\t", f"\t{form}\t", 1).replace("\t_\t", f"\t{xpos}\t", 1)
        words = words.replace(f"\t{xpos}\t_\t_\t_\t_\t_", f"\t{xpos}\t.\t.\t.\t.\t.", 1)
    words = words.replace("\t.", "\t_")
    _, docs = run(write(tmp_path / "w.conllu", words.replace("INTJ\t_", "INTJ\tUH")), layer)
    assert shown(docs)[0] == ["[ARG0 Anna Lee] [V ate]", "[V out]"]
    with pytest.raises(FormatError, match=r"a\.v4_gold_skel:2: the words are masked"):
        run(layer)


@pytest.mark.parametrize(
    ("old", "new", "ents"),
    [
        ("spk (PERSON* ", "spk (ORG(PERSON*) ", [("Anna Lee", "ORG"), ("out", "DATE")]),
        ("spk (PERSON* ", "spk (ORG(PERSON) ", [("Anna Lee", "ORG"), ("out", "DATE")]),
        ("spk *)", "spk (PERSON))", [("Anna Lee", "PERSON"), ("out", "DATE")]),
        ("(DATE)", "(DATE*)", [("Anna Lee", "PERSON"), ("out", "DATE")]),
        ("(DATE)", "-", [("Anna Lee", "PERSON")]),
    ],
)
def test_cells_of_entities(tmp_path, run, old, new, ents):
    summary, docs = run(write(tmp_path / "a.v4_gold_conll", ROWS.replace(old, new)))
    assert entities(docs)[0] == ents
    nested = "1 entity lies within another one and was left out" in summary.notes
    assert nested == ("(PERSON" in new)
    assert docs[0][3].ent_iob == (0 if new == "-" else 3)


def test_names_that_nobody_annotated(tmp_path, run):
    """OntoNotes has no names for its texts from the Bible."""
    text = ROWS.replace("(PERSON*", "*").replace("spk *)", "spk *").replace("(DATE)", "*")
    _, docs = run(write(tmp_path / "a.v4_gold_conll", text.replace("nw/", "pt/nt/")))
    assert {token.ent_iob for doc in docs for token in doc} == {0}
    _, docs = run(write(tmp_path / "a.v4_gold_conll", text))
    assert {token.ent_iob for doc in docs for token in doc} == {2}


def test_a_predicate_without_a_frameset(tmp_path, run):
    _, docs = run(write(tmp_path / "a.v4_gold_conll", ROWS.replace("out 02", "out -")))
    assert [frame.roleset for frame in get_frames(docs[0])] == ["eat.01", "V"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("spk *) *)", "spk * *)", r":2: the bracket of PERSON in the column of entities stays"),
        ("(ARG0* *", "(ARG0* x", r":2: 'x' in column 2 of the arguments, expected a cell"),
        ("* (V*) * -", "* (V*) *", r":4: 13 columns, but 14 in the sentence's first row"),
        ("0 2 ate", "0 3 ate", r":4: .* are nw/x_0000 0 3, expected nw/x_0000 0 2"),
        ("out 02", "out 02 02", r":5: 15 columns, but 14 in the sentence's first row"),
        ("RP *)) out 02", "RP *)) - -", None),
        ("Yes - * - - - - * -", "Yes - *", r":9: 6 columns, expected 12 or more: document, part"),
    ],
)
def test_illegal_rows(tmp_path, run, old, new, message):
    path = write(tmp_path / "a.v4_gold_conll", ROWS.replace(old, new))
    if message is None:  # it has a column of its own
        assert shown(run(path)[1])[0] == ["[ARG0 Anna Lee] [V ate]", "[V out]"]
        return
    with pytest.raises(FormatError, match=message):
        run(path)


def test_what_is_of_the_other_format(tmp_path, run):
    path = write(tmp_path / "a.gold_conll", GOLD)
    assert format_of(path).name == "propbank"
    with pytest.raises(FormatError, match=r"a\.gold_conll:1: 10 columns, expected 12 or more"):
        run(path, file_format="conll2012")
    path.write_text(ROWS, encoding="utf8")
    with pytest.raises(FormatError, match=r"a\.gold_conll:2: these are other columns .*conll2012"):
        run(path, file_format="propbank")
