"""Reading entities in columns."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_seqtag.corpus.iob import IobCounts, read_iob, to_iob2
from spacy_seqtag.corpus.sentence import FormatError


@pytest.fixture
def read(tmp_path):
    """Function from a file's text to its sentences."""

    def run(text, **kwargs):
        path = tmp_path / "file.iob"
        path.write_bytes(text if isinstance(text, bytes) else text.encode("utf8"))
        return list(read_iob(path, **kwargs))

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
    ],
)
def test_schemes(read, tags, scheme, result, repaired):
    counts = IobCounts()
    (sentence,) = read(column(tags), counts=counts)
    assert sentence.entities == result.split()
    assert (counts.scheme, counts.repaired) == (scheme, repaired)


def test_scheme_given(read):
    counts = IobCounts()
    (sentence,) = read(column("I-A I-A"), scheme="iob2", counts=counts)
    assert sentence.entities == ["B-A", "I-A"]
    assert counts.repaired == 1
    with pytest.raises(FormatError, match=r":1: unknown prefix 'S-' .* expected B-, I- and a"):
        read(column("S-A"), scheme="iob2")


def test_missing_is_not_outside(read):
    first, second = read(column("_ - _") + "\n" + column("B-A _ I-A O"))
    assert first.entities is None
    assert second.entities == ["B-A", "", "B-A", "O"]


def test_repairs_are_counted_or_refused(read, tmp_path):
    text = column("B-A O I-A")
    counts = IobCounts()
    (sentence,) = read(text, counts=counts)
    assert sentence.entities == ["B-A", "O", "B-A"]
    assert counts.examples == [f"{tmp_path / 'file.iob'}:3: I-A read as B-A"]
    with pytest.raises(FormatError, match=r"file\.iob:3: I-A continues no entity.* --strict"):
        read(text, strict=True)


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a\tB-A\nb\tQ-A\n", 2, "unknown prefix 'Q-' of tag 'Q-A', expected B-, I-, E-, S-, L-"),
        ("a\tO\nb\tPER\n", 2, "unknown tag 'PER'"),
        ("a\tO\nb\tB-\n", 2, "unknown prefix 'B-' of tag 'B-'"),
        ("a\tO\nb O\n", 2, "expected 2 tab-separated columns (word tag) as in the first word line"),
        ("a b c O\n\nd O\n", 3, "expected 4 columns (word POS chunk tag)"),
        ("1\ta\tO\t-\t-\n2\tb\n", 2, "expected 3 to 5 tab-separated columns"),
        ("1\ta\tO\n3\tb\tO\n", 2, "index '3' is out of order, expected 2"),
        ("a b c\n", 1, "3 columns, expected one of: word tag;"),
        ("word\n", 1, "1 columns"),
        ("1\t2\t3\t4\t5\t6\t7\t8\t9\t10\n", 1, "--format conllu"),
        ("a\tO\n\tO\n", 2, "the word is empty"),
        (b"a\tO\n\xff\tO\n", 2, "not UTF-8: byte 0xff at position 1"),
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
        counts = IobCounts()
        assert [s.entities for s in read_iob(path, counts=counts)] == expected
        assert counts.repaired == 0


@pytest.mark.parametrize(("split", "sentences"), [("train", 12543), ("dev", 2001)])
def test_ewt(ewt, split, sentences):
    path = ewt / f"en_ewt-ud-{split}.iob2"
    counts = IobCounts()
    with path.open(encoding="utf8") as file:
        begins = sum("\tB-" in line for line in file)
    found = list(read_iob(path, counts=counts))
    assert len(found) == sentences
    assert sum(tag[:2] == "B-" for s in found for tag in s.entities) == begins
    assert (counts.scheme, counts.repaired) == ("iob2", 0)
