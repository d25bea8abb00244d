"""Reading CoNLL-U."""

import pytest

from spacy_seqtag.corpus.errors import FormatError
from spacy_seqtag.corpus.formats.conllu import read_conllu
from spacy_seqtag.corpus.formats.format import ReadOptions
from spacy_seqtag.corpus.formats.remarks import Remarks


def row(identifier, form, upos="X", xpos="x", lemma="l", misc="_"):
    return "\t".join((identifier, form, lemma, upos, xpos, *"_____"[:4], misc))


@pytest.fixture
def read(tmp_path):
    """Function from lines, text or bytes to the sentences of a file made of them."""

    def run(content, remarks=None, **options):
        if isinstance(content, list):
            content = "\n".join(content) + "\n"
        if isinstance(content, str):
            content = content.encode("utf8")
        path = tmp_path / "file.conllu"
        path.write_bytes(content)
        return list(read_conllu(path, ReadOptions(**options), remarks))

    return run


@pytest.fixture
def remarks(read, tmp_path):
    """Function from a file's content to its sentences and what was said about them."""

    def run(content, **kwargs):
        found = Remarks(tmp_path / "file.conllu")
        sentences = read(content, remarks=found, **kwargs)
        return sentences, [line.split("file.conllu: ", 1)[1] for line in found.lines()]

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


def test_text_that_the_forms_contradict(remarks):
    lines = ["# sent_id = a", "# text = She left Berlin.", row("1", "She"), row("2", "left")]
    (sentence, _), said = remarks([*lines, "", "# text = no", row("1", "No")])
    assert sentence.words == ["She", "left"]
    assert said == [
        "2 sentences have a `# text` that their words do not spell; the words were kept (line 3, "
        "sentence a: after word 2 the text goes on with 'Berlin.'; line 7, sentence file-2: word "
        "1 is 'No', the text has 'no')"
    ]


@pytest.mark.parametrize(
    "lines",
    [
        ["# text = a  b", row("1", "a"), row("2", "b")],
        ["# text = a\u00a0b", row("1", "a"), row("2", "b")],
        [row("1", "a", misc="SpacesAfter=\\s\\s"), row("2", "b")],
        [row("1", "a", misc="SpacesAfter=\\n"), row("2", "b")],
    ],
)
def test_white_space_that_a_doc_does_not_keep_is_counted(remarks, lines):
    (sentence,), said = remarks(lines)
    assert (sentence.words, sentence.spaces[0]) == (["a", "b"], True)
    (line,) = said
    assert line.startswith("1 sentence has other white space between words than one blank")


@pytest.mark.parametrize(
    "items",
    [
        ("name=B-PER", "SpaceAfter=No|name=I-PER", "name=O", "name=U-LOC"),
        ("NER=B-PER", "NER=E-PER", "NER=O", "NER=S-LOC"),
        ("B-PER", "L-PER", "O", "U-LOC"),
    ],
)
def test_entities_in_misc(remarks, items):
    words = ["Anna", "Lee", "in", "Oslo"]
    lines = [row(str(i), *pair[:1], misc=pair[1]) for i, pair in enumerate(zip(words, items), 1)]
    (sentence,), said = remarks(lines)
    assert sentence.entities == ["B-PER", "I-PER", "O", "B-LOC"]
    assert said == []


def test_entities_in_misc_where_some_are_missing(read, tmp_path):
    said = Remarks(tmp_path / "file.conllu")
    first, second = read(
        [
            row("1", "Anna", misc="name=I-PER"),
            row("2", "ran", misc="A=B"),
            row("3", "on", misc="name=_"),
            "",
            row("1", "Yes"),
        ],
        remarks=said,
    )
    assert first.entities == ["B-PER", "", ""]
    assert second.entities is None
    assert said.n_repaired == 1
    with pytest.raises(FormatError, match=r":2: unknown prefix 'Q-' of tag 'Q-PER'"):
        read([row("1", "a", misc="NER=O"), row("2", "b", misc="NER=Q-PER")])
    with pytest.raises(FormatError, match=r":1: unknown tag 'PER-B'"):
        read([row("1", "a", misc="NE=PER-B")])
    with pytest.raises(FormatError, match=r":1: I-PER continues no entity"):
        read([row("1", "a", misc="NER=I-PER")], strict=True)


def test_what_is_not_read_is_named_once(remarks):
    lines = [
        row("1", "a", misc="Entity=(e1-person|SpaceAfter=No").replace(
            "_\t_\tEntity", "2:x\t_\tEntity"
        ),
        row("1.1", "b"),
        row("2", "c", misc="name=Bob|Cxn=x"),
        "",
        row("1", "d", misc="Cxn=y"),
    ]
    _, said = remarks(lines)
    assert said == ["not read: empty nodes, DEPREL; MISC Cxn, Entity, name"]


def test_global_columns(remarks):
    lines = [
        "# global.columns = ID FORM LEMMA XPOS UPOS X:NER MISC",
        "1\tDogs\tdog\tNNS\tNOUN\tO\tSpaceAfter=No",
        "2\tOslo\t*\t_\tPROPN\tB-LOC\t_",
    ]
    (sentence,), said = remarks(lines)
    assert (sentence.words, sentence.spaces) == (["Dogs", "Oslo"], [False, True])
    assert (sentence.upos, sentence.xpos) == (["NOUN", "PROPN"], ["NNS", ""])
    assert (sentence.lemmas, sentence.entities) == (["dog", ""], ["O", "B-LOC"])
    assert said == ["columns read as `ID FORM LEMMA XPOS UPOS X:NER MISC`"]
    columns = "# global.columns = FORM UP:PRED"
    (sentence,), said = remarks([columns, "# by = me", "Go\tgo.01", "#1\t_"])
    assert sentence.words == ["Go", "#1"]
    assert said[1] == "not read: UP:PRED"
    (sentence,), _ = remarks(["# global.columns = FORM", "# by = me", "Go"])
    assert sentence.words == ["Go"]
    with pytest.raises(FormatError, match=r":2: '#1' begins a comment, but there are the columns"):
        remarks([columns, "#1\t_"])
    with pytest.raises(FormatError, match=r":1: `# global.columns` names no FORM"):
        remarks(["# global.columns = ID UP:PRED", "1\tgo.01"])
    with pytest.raises(FormatError, match=r":3: expected 7 tab-separated columns, found 6"):
        remarks([*lines[:2], lines[2][:-2]])


def test_white_space_at_the_ends_of_cells(remarks):
    lines = [row("1", "saw ", "VERB", "VBD\u00a0", misc="SpaceAfter=No "), row("2", "New York")]
    (sentence, nbsp), said = remarks([*lines, "", row("1", "\u00a0") + "\t\t"])
    assert (sentence.words, sentence.spaces) == (["saw", "New York"], [False, True])
    assert sentence.xpos == ["VBD", "x"]
    assert nbsp.words == ["\u00a0"]
    assert said[0].startswith("4 cells began or ended in white space")


def test_penn_brackets(remarks):
    (sentence,), said = remarks([row("1", "-LRB-"), row("2", "x"), row("3", "-rrb-")])
    assert sentence.words == ["(", "x", ")"]
    assert said[0].startswith("2 words had escapes of the Penn Treebank")
    (sentence,) = remarks(["# text = -LRB-", row("1", "-LRB-")])[0]
    assert sentence.words == ["-LRB-"]


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
        ([row("1", "a"), "# x", row("2", "b")], 2, "'# x' stands within a sentence"),
        ([row("1", "a"), row("#2", "b")], 2, "stands within a sentence"),
        ([row("#1", "a"), row("1", "b")], 1, "ID '#1' is out of order, expected word 1"),
        ([row("1", "[WORD]")], 1, "the word is masked as [WORD]"),
        ([row("1", "a"), row("9" * 4301, "b")], 2, "(4301 characters) is out of order"),
        ([row("1", "a"), row("2-" + "9" * 4301, "b")], 2, "(4303 characters) is out of order"),
        ([row("1", "a", upos="x" * 100_000)], 1, "…' (100000 characters), expected one"),
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


@pytest.mark.parametrize(
    ("columns", "rows", "layers", "not_read"),
    [
        (
            "ID FORM UPOS NE:BIO FOO",
            ["1 Ann NOUN B-X x", "2 left VERB O y"],
            "upos entities",
            "FOO",
        ),
        ("FORM XPOS my:NE", ["Ann NNP B-X", "left VBD O"], "xpos entities", ""),
        ("NER FORM LEMMA", ["B-X Ann Ann", "O left leave"], "lemmas entities", ""),
        ("ID FORM P:MWE NER2", ["1 Ann * B-X", "2 left 1:VID O"], "", "P:MWE, NER2"),
        ("ID FORM NER A:NE", ["1 Ann B-X B-Y", "2 left O O"], "entities", "A:NE"),
        ("ID FORM LEMMA XPOS UPOS", ["1 Ann ann _ NOUN", "2 left _ _ VERB"], "upos lemmas", ""),
    ],
)
def test_columns_of_any_kind_and_order(remarks, columns, rows, layers, not_read):
    lines = [f"# global.columns = {columns}", *(row.replace(" ", "\t") for row in rows)]
    (sentence,), said = remarks(lines)
    assert sentence.words == ["Ann", "left"]
    names = ("upos", "xpos", "lemmas", "entities")
    assert [name for name in names if sentence.layer(name)] == layers.split()
    assert sentence.entities in (None, ["B-X", "O"])
    expected = [f"columns read as `{columns}`"]
    assert said == expected + [f"not read: {not_read}"] * bool(not_read)
