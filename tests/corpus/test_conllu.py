"""Reading CoNLL-U."""

import pytest

from spacy_seqtag.corpus.conllu import read_conllu
from spacy_seqtag.corpus.sentence import FormatError, spaces_from_text


def row(identifier, form, upos="X", xpos="x", lemma="l", misc="_"):
    return "\t".join((identifier, form, lemma, upos, xpos, *"_____"[:4], misc))


@pytest.fixture
def read(tmp_path):
    """Function from lines, text or bytes to the sentences of a file made of them."""

    def run(content):
        if isinstance(content, list):
            content = "\n".join(content) + "\n"
        if isinstance(content, str):
            content = content.encode("utf8")
        path = tmp_path / "file.conllu"
        path.write_bytes(content)
        return list(read_conllu(path))

    return run


def text_of(sentence):
    pairs = zip(sentence.words, sentence.spaces, strict=True)
    return "".join(word + " " * space for word, space in pairs).strip()


def test_words_and_layers(read):
    (first, second, third) = read(
        [
            "# newdoc id = d1",
            "# sent_id = a",
            "# text = It works.",
            row("1", "It", "PRON", "PRP", "it"),
            row("2", "works", "VERB", "_", "_", "SpaceAfter=No"),
            row("3", ".", "PUNCT", ".", "."),
            "",
            "# newpar",
            row("1", "_", "_", "_", "_"),
            "",
            "# newdoc",
            row("1", "Yes", "_", "_", "_"),
        ]
    )
    assert (first.sent_id, first.doc_id, first.line, first.new_doc) == ("a", "d1", 4, True)
    assert first.words == ["It", "works", "."]
    assert first.spaces == [True, False, True]
    assert first.upos == ["PRON", "VERB", "PUNCT"]
    assert first.xpos == ["PRP", "", "."]
    assert first.lemmas == ["it", "", "."]
    assert first.entities is None
    assert not first.made_up_id
    assert (second.sent_id, second.made_up_id) == ("file-2", True)
    assert (second.doc_id, second.new_doc, second.new_par) == ("d1", False, True)
    assert second.upos is second.xpos is None
    assert second.lemmas == ["_"]  # an underscore's lemma
    assert (third.doc_id, third.new_doc, third.lemmas) == ("file-doc2", True, None)


def test_multiword_tokens_and_empty_nodes(read):
    (sentence,) = read(
        [
            "# text = He doesn't go du tout",
            row("1", "He"),
            row("2-3", "doesn't", misc="SpaceAfter=No"),
            row("2", "does"),
            row("3", "n't"),
            row("3.1", "really"),
            row("4", "go"),
            row("5-6", "du"),
            row("5", "de"),
            row("6", "le"),
            row("7", "tout"),
        ]
    )
    assert sentence.words == ["He", "does", "n't", "go", "de", "le", "tout"]
    # The text says that a space follows "doesn't", and the text wins.
    assert text_of(sentence) == "He doesn't go dele tout"


def test_spacing_without_text(read):
    (sentence,) = read(
        [
            row("1-2", "can't", misc="SpaceAfter=No"),
            row("1", "ca"),
            row("2", "n't"),
            row("3", "!", misc="A=B|SpaceAfter=No"),
        ]
    )
    assert sentence.spaces == [False, False, False]


def test_text_that_the_forms_do_not_spell(read):
    lines = [row("1", "a", misc="SpaceAfter=No"), row("2", "b"), row("3", "c")]
    (sentence,) = read(["# text = something else", *lines])
    assert sentence.spaces == [False, True, True]


@pytest.mark.parametrize(
    ("forms", "text", "spaces"),
    [
        (["a", "b"], "a b", [True, False]),
        (["a", "b"], " ab ", [False, True]),
        (["New York", "!"], "New\u00a0 York!", [False, False]),
        (["10 000", "x"], "10000 x", [True, False]),
        (["10000", "x"], "10 000 x", [True, False]),
        (["a", "b"], "a b c", None),
        (["a", "b"], "a", None),
    ],
)
def test_spaces_from_text(forms, text, spaces):
    assert spaces_from_text(forms, text) == spaces


@pytest.mark.parametrize("end", ["", "\n", "\n\n\n"])
def test_tolerates(read, end):
    lines = [row("1", "caf\u00e9\u2028x"), "", row("1", "b")]
    plain = read(lines)
    assert [s.words for s in plain] == [["caf\u00e9\u2028x"], ["b"]]
    text = "\r\n".join(lines) + end
    assert read(b"\xef\xbb\xbf" + text.encode("utf8")) == plain


@pytest.mark.parametrize(
    ("content", "line", "message"),
    [
        ([row("1", "a"), row("2", "b")[:-2]], 2, "10 tab-separated columns, found 9"),
        (["# x", row("1", "a").replace("\t", " ")], 2, "found 1. Separate the columns with tabs"),
        ([row("1", "a"), "no comment"], 2, "found 1. Put a `#` before comments"),
        ([row("1", "a"), row("3", "b")], 2, "ID '3' is out of order, expected word 2"),
        ([row("1", "a"), row("1", "b")], 2, "ID '1' is out of order, expected word 2"),
        ([row("x", "a")], 1, "ID 'x' is out of order, expected word 1"),
        ([row("2-3", "a")], 1, "ID '2-3' is out of order"),
        ([row("1", "a"), row("2.1", "a")], 2, "ID '2.1' is out of order"),
        ([row("1-3", "ab"), row("1", "a"), row("2", "b")], 1, "reaches past"),
        ([row("1-2", "ab"), ""], 1, "reaches past"),
        ([row("1", "")], 1, "FORM is empty"),
        ([row("1", "a", upos="noun")], 1, "unknown UPOS 'noun', expected one of ADJ, "),
        (row("1", "a").encode() + b"\n" + row("2", "\xe9").encode("latin1"), 2, "not UTF-8: byte"),
        (b"", None, "the file is empty"),
        ("# only a comment\n\n", None, "no sentence"),
    ],
)
def test_bad_input(read, tmp_path, content, line, message):
    with pytest.raises(FormatError) as error:
        read(content)
    place = tmp_path / "file.conllu"
    assert str(error.value).startswith(f"{place}: " if line is None else f"{place}:{line}: ")
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_missing_file(tmp_path):
    with pytest.raises(FormatError, match=r"none\.conllu: there is no such file\. Check"):
        next(read_conllu(tmp_path / "none.conllu"))
    with pytest.raises(FormatError, match="this is a folder"):
        next(read_conllu(tmp_path))


@pytest.mark.parametrize(("split", "figures"), [("train", (12544, 204577)), ("dev", (2001, 25147))])
def test_ewt(ewt, split, figures):
    path = ewt / f"en_ewt-ud-{split}.conllu"
    with path.open(encoding="utf8") as file:
        texts = [line[9:].strip() for line in file if line.startswith("# text = ")]
    sentences = words = 0
    for sentence, text in zip(read_conllu(path), texts, strict=True):
        assert text_of(sentence) == text
        sentences += 1
        words += len(sentence.words)
    assert (sentences, words) == figures
