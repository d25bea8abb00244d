"""Writing semantic roles as columns."""

import io

import pytest
from spacy.tokens import Doc, Span
from spacy.vocab import Vocab

from spacy_seqtag.corpus.formats import FORMATS, WRITERS
from spacy_seqtag.corpus.formats.conll2012_writer import write_conll2012
from spacy_seqtag.corpus.formats.doc_words import (
    NO_OTHER_PREDICATE,
    SPACE_PREDICATES,
    SPACE_ROLES,
)
from spacy_seqtag.corpus.formats.format import ReadOptions
from spacy_seqtag.corpus.formats.propbank import write_gold_conll
from spacy_seqtag.corpus.formats.props import write_props
from spacy_seqtag.corpus.formats.remarks import Remarks
from spacy_seqtag.frames import set_propositions
from spacy_seqtag.schemes.propositions import Argument, Proposition


def two_sentences():
    """`Ann left Oslo . It rained`, the second sentence without the layer."""
    doc = Doc(
        Vocab(),
        words=["Ann", "left", "Oslo", ".", "It", "rained"],
        lemmas=["Ann", "leave", "Oslo", ".", "it", "rain"],
        sent_starts=[1, -1, -1, -1, 1, -1],
    )
    doc.spans["predicates"] = [Span(doc, 1, 2, "leave_behind.02")]
    doc.spans["srl"] = [
        Span(doc, 0, 1, "ARG0", span_id="+1"),
        Span(doc, 2, 4, "R-ARGM-LOC", span_id="-1"),
    ]
    doc.spans["srl_annotated"] = [doc[0:4]]
    return doc


def lines_of(write, *args, **kwargs):
    file = io.StringIO()
    counts = write(*args, file, **kwargs)
    return counts, [line.split() for line in file.getvalue().split("\n")]


def test_props():
    counts, lines = lines_of(write_props, [two_sentences()])
    assert lines == [
        ["-", "(A0*)"],
        ["leave", "(V*)"],
        ["-", "(R-AM-LOC*"],
        ["-", "*)"],
        [],
        [],
    ]
    assert (counts.sentences, counts.predicates, counts.cut) == (1, 1, 0)


def test_gold_conll():
    doc = two_sentences()
    doc.user_data["doc_id"] = "a b"
    doc[1].tag_ = "VBD"
    _, lines = lines_of(write_gold_conll, [doc])
    assert lines[:2] == [
        ["a_b", "0", "0", "Ann", "_", "*", "-", "-", "(ARG0*)"],
        ["a_b", "0", "1", "left", "VBD", "*", "leave", "leave_behind.02", "(V*)"],
    ]
    assert len(lines) == 6


def test_predictions_hold_the_sentences_of_the_annotated():
    gold, predicted = two_sentences(), two_sentences()
    del predicted.spans["srl_annotated"]
    predicted.spans["predicates"] = [Span(predicted, 0, 1, "V"), Span(predicted, 5, 6, "rain.01")]
    predicted.spans["srl"] = [Span(predicted, 1, 6, "ARG1", span_id="-1")]
    for token in predicted:
        token.lemma_ = "x"
    empty = Doc(Vocab())
    counts, lines = lines_of(write_props, [empty, predicted], like=[gold])
    # Cut at the end of the sentence, and named as in the annotated Doc.
    assert lines[:4] == [["Ann", "(V*)"], ["-", "(A1*"], ["-", "*"], ["-", "*)"]]
    assert (counts.sentences, counts.predicates, counts.cut) == (1, 1, 1)
    assert lines_of(write_props, [gold], like=[gold]) == lines_of(write_props, [gold])
    # Where nothing is predicted, the sentence is there all the same.
    predicted.spans["predicates"] = []
    assert lines_of(write_props, [predicted], like=[gold])[1][:4] == [["-"]] * 4


def test_steps_grow_with_the_length_of_a_document(count_steps):
    def write_one(n):
        doc = Doc(Vocab(), words=["a"] * 3 * n, sent_starts=[1, -1, -1] * n)
        doc.spans["predicates"] = [Span(doc, i, i + 1, "V") for i in range(len(doc))]
        return count_steps(lambda: write_props([doc], io.StringIO()))

    assert write_one(200) < 2.2 * write_one(100)


def test_words_that_columns_could_not_hold():
    doc = Doc(Vocab(), words=["a b", "-", " "], sent_starts=[1, -1, -1])
    doc.spans["predicates"] = [Span(doc, 1, 2, "V")]
    _, lines = lines_of(write_gold_conll, [doc])
    assert [line[3:4] for line in lines[:3]] == [["a_b"], ["-"], []]
    assert lines[1][6:8] == ["_", "V"]
    assert lines_of(write_props, [doc])[1][1] == ["_", "(V*)"]


def spaced():
    """`Ann \\n left \\n Oslo \\n`, of which all is annotated, line ends too."""
    doc = Doc(
        Vocab(),
        words=["\n", "Ann", "\n", "Lee", "left", "\n", "Oslo", "\n"],
        ents=["B-PER", "I-PER", "I-PER", "I-PER", "B-LOC", "I-LOC", "I-LOC", "O"],
        sent_starts=[1, *[-1] * 5, 1, -1],
    )
    arguments = [Argument(0, 4, "ARG0"), Argument(5, 6, "ARG1")]
    set_propositions(doc, [Proposition(4, "go away.-", arguments, [])], annotated=[(0, 8)])
    return doc


def test_white_space_has_no_row():
    counts, lines = lines_of(write_conll2012, [spaced()])
    assert [line[3:4] + line[6:8] + line[10:12] for line in lines[1:4]] == [
        ["Ann", "-", "-", "(PER*", "(ARG0*"],
        ["Lee", "-", "-", "*)", "*)"],
        ["left", "go_away", "-", "(LOC)", "(V*)"],
    ]
    assert lines[5][10] == "(LOC)"
    left_out = {what: n for what, n in counts.left_out.items() if n}
    assert [n for what, n in left_out.items() if "beyond the end of a sentence" in what] == [1]
    assert [n for what, n in left_out.items() if "<roleset|rolesets> with signs" in what] == [1]
    _, lines = lines_of(write_gold_conll, [spaced()])
    assert (lines[2][3], lines[2][7:]) == ("left", ["go_away.-", "(V*)"])
    assert len(lines_of(write_props, [spaced()])[1]) == len(spaced()) + 3  # blank lines, the end


def test_what_cannot_be_written():
    bare = Doc(Vocab(), words=["Ann"])
    doc = two_sentences()
    for docs in ([bare], []):
        with pytest.raises(ValueError, match=r"no (document|sentence) has semantic roles"):
            lines_of(write_props, docs)
    with pytest.raises(ValueError, match="no document has semantic roles"):
        lines_of(write_props, [Doc(Vocab(), words=[t.text for t in doc])], like=[doc])
    with pytest.raises(ValueError, match=r"document 1 \(document1\) has other words"):
        lines_of(write_props, [doc], like=[bare])
    with pytest.raises(ValueError, match="go on at document 2"):
        lines_of(write_props, [doc], like=[doc, doc])
    doc.spans["srl"].append(Span(doc, 0, 1, "ARG1", span_id="+1"))
    with pytest.raises(ValueError, match=r"document1, sentence 0: ARG1 .* overlaps"):
        lines_of(write_props, [doc])
    doc.spans["predicates"].append(Span(doc, 1, 2, "go.01"))
    with pytest.raises(ValueError, match="two predicates on one word in sentence 0"):
        lines_of(write_gold_conll, [doc])


def around_white_space(predicates, words=("He", "\n", "ran", "\t", "home")):
    """`He \\n ran \\t home`, of which those tokens are predicates, each with two arguments."""
    doc = Doc(Vocab(), words=[*words, "It"], sent_starts=[1, *[-1] * (len(words) - 1), 1])
    props = [
        Proposition(i, f"p{i}.01", [Argument(0, 1, "ARG0"), Argument(3, 4, "ARGM")], [])
        for i in predicates
    ]
    set_propositions(doc, props, annotated=[(0, len(doc))])
    return doc


# The words, where the predicate begins and ends, what continues it besides, and how that is read.
SEVERAL_WORDS = [
    ("He gave up . Yes", (1, 3), [], [(2, 3)], 0),
    ("He gave \n up . Yes", (1, 4), [], [(2, 3)], 0),
    ("He took it out on us . Yes", (1, 2), [(3, 5)], [(3, 5)], 0),
    ("He took out it on . Yes", (1, 3), [(4, 5)], [(2, 3), (4, 5)], 0),
    ("He gave up Yes", (1, 4), [], [(2, 3)], 1),  # beyond the sentence
]


@pytest.mark.parametrize("name", ["conllu", "up", "conll2012", "gold_conll"])
@pytest.mark.parametrize(("text", "predicate", "further", "parts", "cut"), SEVERAL_WORDS)
def test_predicates_of_several_words(name, text, predicate, further, parts, cut, tmp_path):
    """The first word is the predicate, and the others continue it."""
    words = text.split(" ")
    doc = Doc(Vocab(), words, sent_starts=[1, *[-1] * (len(words) - 2), 1])
    set_propositions(doc, [Proposition(1, "x.01", [], further)], annotated=[(0, len(doc))])
    doc.spans["predicates"] = [Span(doc, *predicate, label="x.01")]
    file = io.BytesIO()
    counts = WRITERS[name].write([doc], file, None)
    path = tmp_path / f"a.{name}"
    path.write_bytes(file.getvalue())
    read = FORMATS["propbank" if name == "gold_conll" else name].read
    first, second = read(path, ReadOptions(), Remarks(path))
    assert [(p.predicate, p.parts) for p in first.propositions] == [(1, parts)]
    assert second.propositions == []
    assert (counts.predicates, counts.cut, sum(counts.left_out.values())) == (1, cut, 0)


def test_props_of_a_predicate_of_several_words():
    doc = Doc(Vocab(), ["He", "gave", "up"], lemmas=["he", "give", "up"])
    set_propositions(doc, [Proposition(1, "give_up.07", [], [])], annotated=[(0, 3)])
    doc.spans["predicates"] = [Span(doc, 1, 3, label="give_up.07")]
    _, lines = lines_of(write_props, [doc])
    assert lines[:3] == [["-", "*"], ["give", "(V*)"], ["-", "(C-V*)"]]


LOST = (SPACE_PREDICATES, SPACE_ROLES, NO_OTHER_PREDICATE)

# The predicates, those that are written (None where it is not known whether there are any), and the
# numbers of predicates, roles and sentences that are left out.
WHITE_SPACE = [
    ([1, 2], ["ran"], [1, 1, 0]),
    ([2, 4], ["ran", "home"], [0, 2, 0]),
    ([1, 3], None, [2, 0, 1]),
    ([3], None, [1, 0, 1]),
    ([], [], [0, 0, 0]),
]


@pytest.mark.parametrize(("predicates", "expected", "lost"), WHITE_SPACE)
def test_predicates_of_white_space(predicates, expected, lost, tmp_path):
    doc = around_white_space(predicates)
    for name in ("conllu", "conll2012", "gold_conll"):
        file = io.BytesIO()
        read = FORMATS["propbank" if name == "gold_conll" else name].read
        counts = WRITERS[name].write([doc], file, None)
        path = tmp_path / f"a.{name}"
        path.write_bytes(file.getvalue())
        found = {tuple(s.words): s.propositions for s in read(path, ReadOptions(), Remarks(path))}
        props = found.get(("He", "ran", "home"))
        assert found["It",] == []
        if expected is None:
            assert props is None
        else:
            assert [["He", "ran", "home"][p.predicate] for p in props] == expected
            assert all(p.arguments == [Argument(0, 1, "ARG0")] for p in props)
        left_out = [counts.left_out[what] for what in LOST]
        assert left_out == lost
        assert counts.predicates == len(expected or ())


@pytest.mark.parametrize("write", [write_conll2012, write_gold_conll])
def test_sentences_of_the_annotated_whose_predicates_are_white_space(write):
    """The same sentences are written of predictions, whatever is predicted."""
    for annotated, n in (([3], 1), ([2], 2), ([], 2)):
        like = [around_white_space(annotated)]
        for predicted in ([3], [2], []):
            counts, _ = lines_of(write, [around_white_space(predicted)], like=like)
            assert counts.sentences == n


def test_a_sentence_of_white_space_with_a_predicate():
    doc = around_white_space([0], words=["\n"] * 4)
    for name in ("conllu", "conll2012", "gold_conll"):
        counts = WRITERS[name].write([doc], io.BytesIO(), None)
        assert (counts.sentences, [counts.left_out[what] for what in LOST]) == (1, [1, 0, 0])
