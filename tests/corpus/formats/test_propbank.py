"""PropBank files, read and written."""

import io
from pathlib import Path

import pytest
from spacy.tokens import Doc, Span
from spacy.vocab import Vocab

from spacy_seqtag.corpus.errors import FormatError
from spacy_seqtag.corpus.formats.propbank import read_propbank, write_gold_conll
from spacy_seqtag.frames import get_frames, problems

from ..propbank_files import CONLLU, EAT, FRAMES, GOLD, HI, SKEL, rows, shown, write

ASSETS = Path(__file__).parents[3] / "assets" / "mini"
SPLITS = ("train", "dev", "test")


@pytest.fixture
def base(tmp_path):
    return write(tmp_path / "base.conllu", CONLLU)


def test_gold_conll_gives_words(tmp_path, run):
    summary, docs = run(write(tmp_path / "a.gold_conll", GOLD))
    assert [doc.text for doc in docs] == ["Ann gave it up to rest Yes", "Oslo"]
    assert [token.tag_ for token in docs[0]] == ["NNP", "VBD", "PRP", "RP", "TO", "VB", "UH"]
    assert [doc.user_data["doc_id"] for doc in docs] == ["d1", "d2"]
    assert shown(docs) == FRAMES
    assert [[(s.start, s.end) for s in doc.spans["srl_annotated"]] for doc in docs] == [
        [(0, 6), (6, 7)],
        [(0, 1)],
    ]
    assert (summary.predicates, summary.arguments, summary.without_frames) == (2, 3, 0)


def test_blanks_tabs_and_comments(tmp_path):
    text = "#begin document (d1)\n" + GOLD.replace(" ", "\t  ").replace("NNP", "_")
    text += " \n\n#end document\n"
    sentences = list(read_propbank(write(tmp_path / "a.gold_conll", text)))
    assert [len(sentence.words) for sentence in sentences] == [6, 1, 1]
    assert sentences[0].xpos[:2] == ["", "VBD"]
    assert sentences[2].xpos is None
    assert [sentence.new_doc for sentence in sentences] == [True, False, True]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("(ARG0*)", "(ARG0*", "a.gold_conll:1: the bracket of ARG0 in column 1"),
        ("(ARG1*)", "(V*)", "a.gold_conll:3: 2 V in column 1"),
        ("(ARG1*) *", "(ARG1*)", "a.gold_conll:3: 9 columns, but 10 in the sentence's first row"),
        ("Yes UH * - -", "Yes UH * yes yes.01", "a.gold_conll:8: the predicate 'yes.01' has no"),
        ("Oslo NNP * - -", "Oslo NNP *", "a.gold_conll:10: 6 columns, expected 8 or more"),
        ("d1 0 3", "d1 0 4", "a.gold_conll:4: .* are d1 0 4, expected d1 0 3"),
        ("d1 0 3", "d3 0 3", "a.gold_conll:4: .* are d3 0 3, expected d1 0 3"),
        (GOLD, "", "a.gold_conll: the file is empty"),
        (GOLD, "#begin document\n", "a.gold_conll: there is no sentence"),
        (GOLD, SKEL, r"a.gold_conll:1: the words are masked .* Name the CoNLL-U file"),
    ],
)
def test_illegal_files(tmp_path, base, run, old, new, message):
    path = write(tmp_path / "a.gold_conll", GOLD.replace(old, new))
    with pytest.raises(FormatError, match=message):
        run(path)
    if new != SKEL:
        with pytest.raises(FormatError, match=message):
            run(base, path)
    assert {p.name for p in tmp_path.iterdir()} == {"a.gold_conll", "base.conllu"}


# Files of others


def test_documents_whose_name_begins_with_a_hash(tmp_path, run):
    path = write(tmp_path / "a.gold_conll", rows("#d1", HI) + rows("d2", EAT) + rows("#begin", HI))
    _, docs = run(path)
    assert [doc.user_data["doc_id"] for doc in docs] == ["#d1", "d2", "#begin"]
    path.write_text("# a comment\n" + path.read_text("utf8"), encoding="utf8")
    with pytest.raises(FormatError, match=r"a\.gold_conll:1: 3 columns, expected 8"):
        run(path)


def test_words_of_penn(tmp_path, run):
    text = rows("d", r"-LRB- -LRB- - - / Go VB - - / -RRB- -RRB- - - / 1\/2 CD - - / /. . - -")
    _, (doc,) = run(write(tmp_path / "a.gold_conll", text))
    assert [token.text for token in doc] == ["(", "Go", ")", "1/2", "."]
    assert doc[0].tag_ == "-LRB-"
    with pytest.raises(FormatError, match=r"a\.gold_conll:2: \[WORD\] stands among words that"):
        run(write(tmp_path / "a.gold_conll", text.replace("Go", "[WORD]")))


def test_folder_as_the_first_file(tmp_path, run):
    folder = write(tmp_path / "in" / "b" / "2.gold_conll", rows("d2", EAT)).parents[1]
    write(folder / "1.gold_conll", rows("d1", HI))
    _, docs = run(folder)
    assert [doc.user_data["doc_id"] for doc in docs] == ["d1", "d2"]


def test_what_is_written_is_read_back(run, tmp_path):
    texts = ["#1", "/.", r"a\/b", "and/or", "-", "_", "x"]
    doc = Doc(Vocab(), words=texts, sent_starts=[1, -1, -1, 1, -1, -1, -1], tags=["T"] * 7)
    doc.user_data["doc_id"] = "#begin document"
    doc.spans["predicates"] = [Span(doc, 1, 2, "go.01"), Span(doc, 4, 5, "V")]
    doc.spans["srl"] = [Span(doc, 0, 1, "ARG0", span_id="+1")]
    path = tmp_path / "a.gold_conll"
    with path.open("w", encoding="utf8") as file:
        write_gold_conll([doc], file)
    _, (again,) = run(path)
    assert [token.text for token in again] == texts
    assert shown([again]) == shown([doc])
    doc.spans["srl"] = [Span(doc, 0, 1, "A(0", span_id="+1")]
    with pytest.raises(ValueError, match=r"a column cannot hold the role 'A\(0' of 'go.01'"):
        write_gold_conll([doc], io.StringIO())


# The embedded corpus


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("base", ["conllu", "gold_conll"])
def test_mini_goes_there_and_back(run, split, base):
    gold = ASSETS / f"{split}.gold_conll"
    paths = [gold] if base == "gold_conll" else [ASSETS / f"{split}.conllu", gold]
    summary, docs = run(*paths)
    assert (summary.without_frames, summary.mismatched) == (0, 0)
    assert len(summary.notes) == len(paths) - 1  # how the layer was joined
    assert not [problem for doc in docs for problem in problems(doc)]
    written = io.StringIO()
    write_gold_conll(docs, written)
    lines = [line.split() for line in written.getvalue().split("\n")]
    assert lines == [line.split() for line in gold.read_text("utf8").split("\n")]


# The English Web Treebank


def words_of_frames(docs):
    """What frames say, without the spaces between words, which columns do not tell."""
    frames = [frame for doc in docs for frame in get_frames(doc)]
    return [(frame.roleset, str(frame).replace(" ", "")) for frame in frames]


def test_ewt_goes_there_and_back(ewt, propbank, run, tmp_path):
    _, docs = run(ewt / "en_ewt-ud-dev.conllu", propbank)
    path = tmp_path / "dev.gold_conll"
    with path.open("w", encoding="utf8") as file:
        counts = write_gold_conll(docs, file)
    summary, again = run(path)
    assert (summary.sentences, summary.predicates) == (counts.sentences, counts.predicates)
    assert words_of_frames(again) == words_of_frames(docs)
