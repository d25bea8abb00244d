"""Reading entities in columns."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_seqtag.corpus.errors import FormatError
from spacy_seqtag.corpus.formats.columns import read_column_file
from spacy_seqtag.corpus.formats.columns.names import parse_columns
from spacy_seqtag.corpus.formats.format import ReadOptions
from spacy_seqtag.corpus.formats.remarks import Remarks
from spacy_seqtag.corpus.formats.tags import to_iob2

PATH = Path("file.iob")


@pytest.fixture
def read(tmp_path):
    """Function from a file's text to its sentences."""

    def run(text, name="file.iob", remarks=None, **options):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode("utf8"))
        return list(read_column_file(path, ReadOptions(**options), remarks))

    return run


@pytest.fixture
def remarks(read, tmp_path):
    """Function from a file's text to its sentences and what was said about them."""

    def run(text, name="file.iob", **kwargs):
        found = Remarks(tmp_path / name)
        sentences = read(text, name, remarks=found, **kwargs)
        return sentences, [line.removeprefix(f"{tmp_path / name}: ") for line in found.lines()]

    return run


def column(tags):
    return "".join(f"w\t{tag}\n" for tag in tags.split())


def test_conll2003(read):
    first, second = read(
        "-DOCSTART- -X- -X- O\n\n"
        "U.N. NNP I-NP I-ORG\nofficial NN I-NP O\n. . O O\n\n"
        "-DOCSTART- -X- O O\n\n"
        "Rome _ I-NP I-LOC\nParis -X- B-NP B-LOC\n"
    )
    assert first.words == ["U.N.", "official", "."]
    assert first.xpos == ["NNP", "NN", "."]
    assert first.entities == ["B-ORG", "O", "O"]
    assert first.spaces == [True, True, True]
    assert first.made_up_id
    assert (first.sent_id, first.doc_id, first.line) == ("file-1", "file-doc1", 3)
    assert (second.sent_id, second.doc_id, second.new_doc) == ("file-2", "file-doc2", True)
    assert second.xpos is None
    assert second.entities == ["B-LOC", "B-LOC"]


@pytest.mark.parametrize("rest", ["\t-\tme", ""])
def test_universal_ner(read, rest):
    (sentence,) = read(
        "# newdoc id = d\n# sent_id = s-1\n# text = Go, Ann Lee\n"
        f"1\tGo\tO\t-\t-\n2\t,\tO{rest}\n3\tAnn Lee\tB-PER\t-\tme\n"
    )
    assert (sentence.sent_id, sentence.doc_id, sentence.made_up_id) == ("s-1", "d", False)
    assert sentence.words == ["Go", ",", "Ann Lee"]
    assert sentence.spaces == [False, True, True]
    assert sentence.entities == ["O", "O", "B-PER"]
    assert sentence.xpos is None


def test_hash_words(read):
    first, second = read("# a comment\n#\tO\n#1\tO\nAnn\tB-PER\n\n#\tO\n")
    assert (first.words, second.words) == (["#", "#1", "Ann"], ["#"])
    (sentence,) = read("# sent_id = s\n# text = O\n# newdoc\n# O\n#tag O\nAnn B-PER\n")
    assert sentence.words == ["#", "#tag", "Ann"]
    assert sentence.sent_id == "s"
    (sentence,) = read("# O\n")
    assert sentence.words == ["#"]


def test_hash_line_that_must_not_get_lost(read):
    with pytest.raises(FormatError, match=r":2: unknown tag 'PER'"):
        read("Ann B-PER\n# PER\n")


@pytest.mark.parametrize(
    ("tags", "scheme", "result", "repaired"),
    [
        ("O I-A I-A B-A B-A I-B", "iob1", "O B-A I-A B-A B-A B-B", 0),
        ("O I-A I-A I-B B-B", "iob1", "O B-A I-A B-B B-B", 0),
        ("O I-A B-B I-A", "iob2", "O B-A B-B B-A", 2),
        ("B-A I-A E-A S-A I-A", "bioes", "B-A I-A I-A B-A B-A", 1),
        ("B-A L-A U-A", "bioes", "B-A I-A B-A", 0),
        ("B-A M-A E-A S-A O", "bmes", "B-A I-A I-A B-A O", 0),
        ("B-A M-A E-A W-A M-A", "bmes", "B-A I-A I-A B-A B-A", 1),
        ("b-A i-A o B-A", "iob2", "B-A I-A O B-A", 0),
        ("A-B A-I O B-X-B", "iob2", "B-A I-A O B-B-X", 0),
        ("A_B A_I O A-B_B", "iob2", "B-A I-A O B-A-B", 0),
        ("B_A I_A O B_B_A", "iob2", "B-A I-A O B-B_A", 0),
    ],
)
def test_schemes(read, tags, scheme, result, repaired):
    counts = Remarks(PATH)
    (sentence,) = read(column(tags), remarks=counts)
    assert sentence.entities == result.split()
    assert (counts.scheme, counts.n_repaired) == (scheme, repaired)


def test_scheme_given(read):
    counts = Remarks(PATH)
    (sentence,) = read(column("I-A I-A"), scheme="iob2", remarks=counts)
    assert sentence.entities == ["B-A", "I-A"]
    assert counts.n_repaired == 1
    with pytest.raises(FormatError, match=r":1: unknown prefix 'S-' .* expected B-, I- and a"):
        read(column("S-A"), scheme="iob2")


def test_missing_is_not_outside(read):
    first, second = read(column("_ - ?") + "\n" + column("B-A _ O O"))
    assert first.entities is None
    assert second.entities == ["B-A", "", "O", "O"]


@pytest.mark.parametrize(
    ("scheme", "tags", "expected"),
    [
        ("iob2", "B-A _ I-A I-A O", "B-A _ _ _ O"),
        ("iob2", "_ I-A B-A I-A", "_ _ B-A I-A"),
        ("iob1", "_ I-A O I-A", "_ B-A O B-A"),  # there an I- begins entities
        ("bioes", "_ I-A E-A S-A O", "_ _ _ B-A O"),
        ("bmes", "_ M-A E-A B-A E-A", "_ _ _ B-A I-A"),
    ],
)
def test_what_may_have_begun_at_a_missing_tag(read, scheme, tags, expected):
    """That it begins after it is not known, so nothing is repaired, and `--strict` is content."""
    counts = Remarks(PATH)
    (sentence,) = read(column(tags), scheme=scheme, strict=True, remarks=counts)
    assert [tag or "_" for tag in sentence.entities] == expected.split()
    assert counts.n_repaired == 0


def test_another_label_after_a_missing_tag_is_repaired(read):
    counts = Remarks(PATH)
    (sentence,) = read(column("_ I-A I-B"), scheme="iob2", remarks=counts)
    assert sentence.entities == ["", "", "B-B"]
    assert counts.n_repaired == 1
    (line,) = [line for line in counts.lines() if "missing tag" in line]
    assert line.endswith(
        "1 tag continues an entity that may have begun at a missing tag, and "
        "counts as missing (line 2)"
    )


def test_repairs_are_counted_or_refused(read, tmp_path):
    text = column("B-A O I-A")
    counts = Remarks(PATH)
    (sentence,) = read(text, remarks=counts)
    assert sentence.entities == ["B-A", "O", "B-A"]
    assert counts.repairs == [f"{PATH}:3: I-A read as B-A"]
    with pytest.raises(FormatError, match=r"file\.iob:3: I-A continues no entity.* --strict"):
        read(text, strict=True)


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a\tB-A\nb\tQ-A\n", 2, "unknown prefix 'Q-' of tag 'Q-A', expected B-, I-, E-, S-, L-"),
        ("a\tO\nb\tPER\n", 2, "unknown tag 'PER'"),
        ("a\tO\nb\tB-\n", 2, "unknown tag 'B-', which has no label"),
        ("a\tO\nb O\n", 2, "expected 2 tab-separated columns (word tag) as in most"),
        ("a DT B-NP O\n\nd O\n", 3, "expected 4 columns (word xpos chunk tag)"),
        ("1\ta\tO\t-\t-\n2\tb\n", 2, "expected 5 tab-separated columns (index word tag - -)"),
        ("1\ta\tO\n3\tb\tO\n", 2, "index '3' is out of order, expected 2"),
        ("a b c\n", 1, "no column holds entity tags such as B-PER, I-PER and O"),
        ("word\n", 1, "1 columns"),
        ("1\t2\t3\t4\t5\t6\t7\t8\t9\t10\n", 1, "--format conllu"),
        ("a\tO\n\tO\n", 2, "the word is empty"),
        ("a\tO\n# sent_id = s\nb\tO\n", 2, "'# sent_id = s' stands within a sentence"),
        ("a\tO\nb\tB-O\n", 2, "the label of the tag 'B-O' is O"),
        ("a O\nb i-o\n", 2, "the label of the tag 'i-o' is O"),
        ("a\tO\n[WORD]\tO\n", 2, "the word is masked as [WORD]"),
        ("a\tO\nb\0\tO\n", 2, "a NUL character"),
        (b"a\tO\n\xff\tO\n", 2, "not UTF-8: byte 0xff at position 1"),
        (
            "# global.columns = ID UNER:NER\n1\tB-PER\n",
            2,
            "2 columns: `# global.columns` names no FORM, or two. Name the columns, as in "
            "--columns index,word,tag (",
        ),
        (
            "# global.columns = ID FORM UNER:NER\n1\tB-PER\n",
            2,
            "2 columns: 3 are named, index,word,tag. Name the columns, as in --columns "
            "index,word (",
        ),
        ("", None, "the file is empty"),
        ("\n# x\n-DOCSTART- O\n", None, "no sentence"),
    ],
)
def test_bad_input(read, tmp_path, text, line, message):
    with pytest.raises(FormatError) as error:
        read(text)
    place = tmp_path / "file.iob"
    assert str(error.value).startswith(f"{place}: " if line is None else f"{place}:{line}: ")
    assert message in str(error.value)


# Layouts


TAGS = "B-PER O B-LOC"


@pytest.mark.parametrize(
    ("text", "layout", "xpos"),
    [
        ("Ann B-PER\nin O\nRome B-LOC\n", "word tag", None),
        ("B-PER Ann\nO in\nB-LOC Rome\n", "tag word", None),
        # CoNLL-2002, CoNLL-2003, and other orders.
        ("Ann NP B-PER\nin SP O\nRome NP B-LOC\n", "word xpos tag", "NP SP NP"),
        (
            "Ann NNP B-NP B-PER\nin IN B-PP O\nRome NNP B-NP B-LOC\n",
            "word xpos chunk tag",
            "NNP IN NNP",
        ),
        (
            "Ann NNP B-PER B-NP\nin IN O B-PP\nRome NNP B-LOC B-NP\n",
            "word xpos tag chunk",
            "NNP IN NNP",
        ),
        (
            "Ann Ann NNP O B-PER\nin in IN B-PP O\nRome Rome NNP B-NP B-LOC\n",
            "word lemma xpos chunk tag",
            "NNP IN NNP",
        ),
        # What stands before the index tells the document.
        ("d1 1 Ann B-PER\nd1 2 in O\nd1 3 Rome B-LOC\n", "- index word tag", None),
        ("Ann _ _ B-PER\nin _ _ O\nRome _ _ B-LOC\n", "word - - tag", None),
        ("1 Ann NNP B-PER\n2 in IN O\n3 Rome NNP B-LOC\n", "index word xpos tag", "NNP IN NNP"),
        ("0 Ann B-PER\n1 in O\n2 Rome B-LOC\n", "index word tag", None),
        ("1\tAnn\tB-PER\t-\n2\tin\tO\t-\n3\tRome\tB-LOC\t-\n", "index word tag -", None),
        # A header.
        ("Token\tNER\tPOS\nAnn\tB-PER\tx\nin\tO\ty\nRome\tB-LOC\tx\n", "word tag xpos", "x y x"),
        (
            "# global.columns = ID XPOS FORM UNER:NER\n"
            "1\tx\tAnn\tB-PER\n2\ty\tin\tO\n3\tx\tRome\tB-LOC\n",
            "index xpos word tag",
            "x y x",
        ),
        # Trailing tabs make no file of tabs, nor more columns.
        ("Ann _ O B-PER\t\t\nin _ O O\nRome _ O B-LOC \t\n", "word - - tag", None),
        ("Ann\tB-PER\t\nin\tO\nRome\tB-LOC\t\t\n", "word tag", None),
    ],
)
def test_layouts(remarks, text, layout, xpos):
    (sentence,), said = remarks(text)
    assert sentence.words == ["Ann", "in", "Rome"]
    assert sentence.entities == TAGS.split()
    assert sentence.xpos == (xpos and xpos.split())
    assert said[0] == f"columns read as `{layout}`"


def test_index_restarts(read):
    first, second = read("1 Anna NNP B-PER\n2 ran VBD O\n\n1 Bo NNP B-PER\n2 sat VBD O\n")
    assert (first.words, second.words) == (["Anna", "ran"], ["Bo", "sat"])
    assert (first.xpos, second.xpos) == (["NNP", "VBD"], ["NNP", "VBD"])


def test_numbers_are_words_where_they_do_not_count(read):
    (sentence,) = read("1984 CD O\nsold VBD O\n1 CD O\n")
    assert sentence.words == ["1984", "sold", "1"]
    assert sentence.xpos == ["CD", "VBD", "CD"]


def test_upos_by_its_values(read):
    (sentence,) = read("Ann PROPN B-PER\nsat VERB O\n")
    assert (sentence.upos, sentence.xpos) == (["PROPN", "VERB"], None)
    (sentence,) = read("Ann X B-PER\nsat SYM O\n")
    assert (sentence.upos, sentence.xpos) == (None, ["X", "SYM"])
    rows = "Ann PROPN B-PER\n" * 1000
    with pytest.raises(FormatError, match=r":1001: unknown UPOS 'VBD'"):
        read(rows + "sat VBD O\n")


def test_lemmas_are_not_xpos(read):
    (sentence,) = read("Dogs dog NNS O\nbark bark VBP O\nRome Rome NNP B-LOC\n")
    assert sentence.xpos == ["NNS", "VBP", "NNP"]
    assert sentence.lemmas == ["dog", "bark", "Rome"]
    (sentence,) = read("Dogs dog O\nbark bark O\n")
    assert (sentence.xpos, sentence.lemmas) == (None, ["dog", "bark"])


def test_germeval(remarks):
    (sentence,), said = remarks(
        "# https://example.org/a [2020-01-01]\n"
        "1\tNach\tO\tO\n2\tFC\tB-ORG\tO\n3\tMusterstadt\tI-ORG\tB-LOC\n4\tAnna\tB-PER\tO\n",
        "de.tsv",
    )
    assert sentence.words == ["Nach", "FC", "Musterstadt", "Anna"]
    assert sentence.entities == ["O", "B-ORG", "I-ORG", "B-PER"]
    assert said == ["columns read as `index word tag -`", "column 4 was not read (inner entities)"]


def test_first_documents_without_annotation(read):
    *_, last = read("1\tAnn\t-\t-\t-\n\n" * 1000 + "1\tBo\tB-PER\t-\tx\n")
    assert (last.words, last.entities) == (["Bo"], ["B-PER"])


def test_what_is_not_read_is_named_once(remarks):
    _, said = remarks("1\tAnn\tB-PER\t-\tstephen\n2\tsat\tO\t-\t-\n\n1\tBo\tB-PER\t-\tborje\n")
    assert said[1:] == ["column 5 was not read ('stephen', 'borje')"]
    # Seen after the rows by which the layout is judged as well.
    rows = "1\tAnn\tB-PER\t-\n\n" * 1000
    _, said = remarks(rows + "1\tBo\tB-PER\tnote\n\n" * 2)
    assert said[1:] == ["column 4 was not read ('note', …)"]
    _, said = remarks("Ann NNP B-NP B-PER\nsat VBD B-VP O\n")
    assert said[1:] == ["column 3 was not read (chunks)"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        # The index of a number with its tag, or an index, and a word?
        ("1 CD O\n", "column 1 may hold words or their index"),
        ("Ann B-PER B-X\n", "columns 2 and 3 hold tags"),
        # Chunks of names that are not those of CoNLL-2000, or what a model found?
        ("Ann NP B-SN B-PER\nin SP B-SP O\nRome NP I-SN B-LOC\n", "columns 3 and 4 hold tags"),
        ("NNP Ann B-PER\nVBD sat O\n", "columns 1 and 2 may both hold the words"),
        ("Ann NNP NOM B-PER\nsat VBD FIN O\nNP NN XY O\n", ""),
        ("Ann NE NOM B-PER\nsat VVFIN FIN O\n", "columns 2 and 3 may both be xpos"),
        ("Ann NNP\nsat VBD\n", "no column holds entity tags"),
    ],
)
def test_layouts_that_are_not_clear(read, text, message):
    if not message:
        # Only one of two is a known tag set.
        assert read(text)[0].xpos == ["NNP", "VBD", "NN"]
        return
    with pytest.raises(FormatError, match=rf"file\.iob:1: \d columns: {message}.* --columns \S+,"):
        read(text)


@pytest.mark.parametrize(
    ("columns", "layers"),
    [
        ("index,word,pos,tag", ("NOUN VERB", None)),
        ("index,word,xpos,tag", (None, "NOUN VERB")),
        ("index,word,-,tag", (None, None)),
        ("-,word,upos,-", ("NOUN VERB", None)),
    ],
)
def test_columns_given(read, columns, layers):
    (sentence,) = read("1 Ann NOUN B-PER\n2 sat VERB O\n", columns=parse_columns(columns))
    assert sentence.words == ["Ann", "sat"]
    assert sentence.entities == (["B-PER", "O"] if "tag" in columns else None)
    assert (sentence.upos, sentence.xpos) == tuple(tags and tags.split() for tags in layers)


def test_columns_given_have_to_be_all(read):
    with pytest.raises(FormatError, match=r"file\.iob:1: 3 columns: 2 are named, word,tag"):
        read("Ann NNP O\n", columns=parse_columns("word,tag"))


@pytest.mark.parametrize("widths", [(5,), (5, 3), (3,)])
def test_annotators_may_be_left_out(read, widths):
    rows = ["1\tAnn\tB-PER\t-\tx\n", "2\tsat\tO\t-\t-\n"]
    short = ["\t".join(row.split("\t")[:3]).strip() + "\n" for row in rows]
    kinds = {(5,): rows, (3,): short, (5, 3): [rows[0], short[1]]}
    (sentence,) = read("".join(kinds[widths]))
    assert sentence.entities == ["B-PER", "O"]


def test_row_that_lost_its_tag(read):
    text = (
        "1\tShe\tO\t-\t-\n2\tleft\tO\t-\t-\n3\tBerlin\t-\t-\n\n"
        "1\tBob\tB-PER\t-\t-\n2\tran\tO\t-\t-\n"
    )
    with pytest.raises(FormatError, match=r":3: expected 5 tab-separated columns .* found 4"):
        read(text)


@pytest.mark.parametrize(
    ("line", "number"),
    [("#GoTeam", 3), ("#1 B-X extra", 3), ("#Rome Q-LOC", 3), ("# PER", 3), ("#", 3)],
)
def test_hash_lines_that_may_be_words(read, line, number):
    with pytest.raises(FormatError, match=rf"file\.iob:{number}: "):
        read(f"Ann B-PER\n\n{line}\nBob B-PER\n")


def test_hash_lines_that_are_comments(read):
    text = "#\n# Licence: free\n#\n# id = 3 domain=x\n{}\n\n# other words here\n{}\n"
    first, second = read(text.format("Ann B-PER", "#Rome b-LOC"))
    assert (first.words, second.words, second.entities) == (["Ann"], ["#Rome"], ["B-LOC"])
    first, second = read(text.format("1 Ann B-PER", "1 #Rome B-LOC"))
    assert (first.words, second.words) == (["Ann"], ["#Rome"])
    with pytest.raises(FormatError, match=r":8: index '#1' is out of order"):
        read(text.format("1 Ann B-PER", "#1 Rome B-LOC"))


# Other ways to write columns


def test_words_with_bars(read):
    first, second = read("I|PRP|O like|VBP|O New|NNP|B-GPE York|NNP|I-GPE\n\n#|x||SYM|O\n")
    assert first.words == ["I", "like", "New", "York"]
    assert first.xpos == ["PRP", "VBP", "NNP", "NNP"]
    assert first.entities == ["O", "O", "B-GPE", "I-GPE"]
    assert (second.words, second.xpos) == (["#|x|"], ["SYM"])
    (sentence,) = read("I|O saw|O Rome|I-LOC\n")
    assert sentence.entities == ["O", "O", "B-LOC"]
    with pytest.raises(FormatError, match=r":2: expected 3 fields \(word xpos tag\)"):
        read("I|PRP|O am|VBP|O\nin|O\n")


def test_csv(read):
    text = (
        'Sentence #,Word,POS,Tag\nSentence: 1,Ann,NNP,B-per\n,",",",",O\n,"say ""hi""",VB,O\n'
        "Sentence: 2,Oslo,NNP,B-geo\n"
    )
    first, second = read(text, "file.csv")
    assert first.words == ["Ann", ",", 'say "hi"']
    assert first.xpos == ["NNP", ",", "VB"]
    assert first.entities == ["B-per", "O", "O"]
    assert (second.words, second.line) == (["Oslo"], 5)
    first, second = read("sent_id;token;label\n7;Ann;B-PER\n7;#1;O\n8;Oslo;B-LOC\n", "file.csv")
    assert (first.words, second.words) == (["Ann", "#1"], ["Oslo"])
    # The rows by which the layout is judged end within quotes.
    (sentence,) = read("word,tag\n" + "Ann,O\n" * 998 + '"New\nYork",B-LOC\n', "file.csv")
    assert sentence.words[-1] == "New\nYork"
    # Without a header, sentences end with a blank line.
    first, second = read("Ann,B-PER\nsat,O\n\nOslo,B-LOC\n", "file.csv")
    assert (first.words, second.words) == (["Ann", "sat"], ["Oslo"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('word,tag\nAnn,O\n",O\n', r":3: this is no CSV"),
        ('\n"\n', r":2: this is no CSV"),
        (",\n,,\n", r"there is no sentence in the file"),
        ("word,tag\nAnn,O\nsat\n", r":3: expected 2 fields"),
        ("word,tag\nAnn,O\n,O\n", r":3: the word is empty"),
        ("word,tag\n" + "a" * 200_000 + ",O\n", r":2: this is no CSV: field larger"),
    ],
)
def test_bad_csv(read, text, message):
    with pytest.raises(FormatError, match=message):
        read(text, "file.csv")


@pytest.mark.parametrize("end", ["\r", "\r\n", "\n"])
def test_line_ends(read, end):
    text = "\ufeff" + end.join(["Ann B-PER", "sat O", "", "Bo B-PER", ""])
    first, second = read(text)
    assert (first.words, second.words, second.line) == (["Ann", "sat"], ["Bo"], 4)
    with pytest.raises(FormatError, match=r":2: unknown tag 'x'"):
        read(end.join(["Ann B-PER", "sat x"]))


def test_white_space_at_the_ends_of_cells(remarks):
    (sentence,), said = remarks("Anna\tB-PER \nLee\tI-PER\nsaw \tO\nBob\tB-PER\xa0 \n")
    assert sentence.words == ["Anna", "Lee", "saw", "Bob"]
    assert sentence.entities == ["B-PER", "I-PER", "O", "B-PER"]
    assert said[1].startswith("3 cells began or ended in white space, which was left out")


def test_entities_do_not_end_in_white_space(remarks):
    (sentence,), said = remarks(
        "\xa0\tB-LOC\nNew\tI-LOC\n\u3000\tI-LOC\nYork\tI-LOC\n\u3000\tI-LOC\n \tB-PER\nx\tO\n"
    )
    assert sentence.words == ["\xa0", "New", "\u3000", "York", "\u3000", " ", "x"]
    assert sentence.entities == ["O", "B-LOC", "I-LOC", "I-LOC", "O", "O", "O"]
    assert said[1].startswith("2 entities began or ended in white space, which was cut off")


def test_penn_escapes(remarks):
    (sentence,), said = remarks(
        "-LRB- -LRB- O\n`` `` O\n1\\/2 CD O\n'' '' O\n/. . O\n-RRB- -RRB- O\n'' NN O\n/. NN O\n"
    )
    assert sentence.words == ["(", '"', "1/2", '"', ".", ")", "''", "/."]
    assert said[1].startswith("6 words had escapes of the Penn Treebank")
    # What the text has is no escape.
    (sentence,) = remarks("# text = -LRB- \\/\n-LRB-\tO\n\\/\tO\n")[0]
    assert sentence.words == ["-LRB-", "\\/"]


def test_text_that_the_words_contradict(remarks):
    (sentence,), said = remarks("# sent_id = s\n# text = Ann sits\n1\tAnn\tB-PER\n2\tsat\tO\n")
    assert sentence.words == ["Ann", "sat"]
    assert said[1] == (
        "1 sentence has a `# text` that its words do not spell; the words were kept "
        "(line 3, sentence s: word 2 is 'sat', the text has 'sits')"
    )


# Schemes

LABELS = st.sampled_from(["PER", "LOC", "B-X"])
# A sentence as runs of words: a label or None, and a length.
RUNS = st.lists(st.tuples(st.none() | LABELS, st.integers(1, 4)), min_size=1, max_size=8)


def encode(runs, scheme):
    """Tags of runs of words, written down as the scheme's definition has it."""
    tags = []
    before = None  # label of the word before
    for label, size in runs:
        if label is None:
            tags += ["O"] * size
        elif scheme == "iob1":
            tags.append(("B-" if before == label else "I-") + label)
            tags += [f"I-{label}"] * (size - 1)
        elif scheme == "iob2":
            tags += [f"B-{label}"] + [f"I-{label}"] * (size - 1)
        else:
            begin, end, single = ("B", "E", "S") if scheme == "bioes" else ("B", "L", "U")
            prefixes = [single] if size == 1 else [begin, *"I" * (size - 2), end]
            tags += [f"{prefix}-{label}" for prefix in prefixes]
        before = label
    return tags


@given(RUNS)
def test_schemes_agree(runs):
    expected = encode(runs, "iob2")
    for scheme in ("iob1", "iob2", "bioes", "bilou"):
        tags = encode(runs, scheme)
        assert to_iob2(tags, scheme.replace("bilou", "bioes")) == (expected, [])


@given(st.lists(RUNS, min_size=1, max_size=4))
def test_schemes_are_told_apart(tmp_path_factory, sentences):
    path = tmp_path_factory.getbasetemp() / "scheme.iob"
    expected = [encode(runs, "iob2") for runs in sentences]
    for scheme in ("iob1", "iob2", "bioes", "bilou"):
        path.write_text("\n".join(column(" ".join(encode(s, scheme))) for s in sentences), "utf8")
        counts = Remarks(PATH)
        assert [s.entities for s in read_column_file(path, remarks=counts)] == expected
        assert counts.n_repaired == 0


@pytest.mark.parametrize(("split", "sentences"), [("train", 12543), ("dev", 2001)])
def test_ewt(ewt, split, sentences):
    path = ewt / f"en_ewt-ud-{split}.iob2"
    counts = Remarks(PATH)
    with path.open(encoding="utf8") as file:
        begins = sum("\tB-" in line for line in file)
    found = list(read_column_file(path, remarks=counts))
    assert len(found) == sentences
    assert sum(tag[:2] == "B-" for s in found for tag in s.entities) == begins
    assert (counts.scheme, counts.n_repaired) == ("iob2", 0)


@pytest.mark.parametrize(
    ("name", "text", "words", "tags"),
    [
        ("a.tsv", "Ann\tB-PER\t\nran\tO\t\n", ["Ann", "ran"], ["B-PER", "O"]),
        ("a.csv", "word,tag,note\nAnn,B-PER,\nran,O,\n", ["Ann", "ran"], ["B-PER", "O"]),
        ("a.iob2", "# text = 1\n1\t1\tO\t-\tann\n", ["1"], ["O"]),
        ("a.txt", "Ann|B-PER a|b|O ran|O\n", ["Ann", "a|b", "ran"], ["B-PER", "O", "O"]),
        ("a.tsv", "?\t.\tO\n", ["?"], ["O"]),
    ],
)
def test_columns_that_look_like_others(tmp_path, name, text, words, tags):
    (tmp_path / name).write_text(text, encoding="utf8")
    (sentence,) = read_column_file(tmp_path / name)
    assert (sentence.words, sentence.entities) == (words, tags)
