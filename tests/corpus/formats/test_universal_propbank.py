"""Universal PropBank 1.0, whose roles are those of heads, and 2.0, which has spans and no words."""

import re

import pytest
import spacy
from spacy.tokens import Doc, DocBin

from spacy_seqtag.corpus.errors import FormatError
from spacy_seqtag.corpus.export import export
from spacy_seqtag.corpus.formats import format_of
from spacy_seqtag.corpus.formats.losses import said
from spacy_seqtag.frames import get_frames, set_propositions
from spacy_seqtag.schemes.propositions import Argument, Proposition

from ..propbank_files import shown, write

HEAD = "# global.columns = ID UP:PRED UP:ARGHEADS UP:ARGSPANS\n"
SPANS = HEAD + "".join(
    f"{row}\n"
    for row in (
        "# source_sent_id = conllu http://hdl.handle.net/x UD_X/x.conllu s1",
        "# sent_id = s1",
        "# text = 安看..........",
        "1\t_\t_\t_",
        "2\tsee.01\tA0:1|AM-TMP:3|A1:4\tA0:1-1|AM-TMP:3-3|A1:4-5",
        "3-4\t_\t_\t_",
        "3\t_\t_\t_",
        "4\t_\t_\t_",
        "5\t_\t_\t_",
        "",
        "# sent_id = s2",
        "1\t_\t_\t_",
        "",
    )
)
FRAME = "[A0 安] [V 看] [AM-TMP 昨] [A1 一人]"


def treebank(*sentences, text=True):
    """CoNLL-U: sentences of `id word word …`, without blanks in their text."""
    lines = []
    for sentence in sentences:
        sent_id, *words = sentence.split()
        lines += [f"# sent_id = {sent_id}", *([f"# text = {''.join(words)}"] if text else [])]
        lines += [f"{i}\t{word}" + "\t_" * 8 for i, word in enumerate(words, start=1)]
        lines.append("")
    return "\n".join(lines) + "\n"


TREEBANK = treebank("s1 安 看 昨 一 人", "s2 好")


def heads(*rows, comments=(), english=False):
    """1.0: a sentence of `word head roles…`, where a predicate is `word/roleset`."""
    lines = [*comments]
    for i, row in enumerate(rows, start=1):
        word, head, *roles = row.split()
        form, _, sense = word.partition("/")
        cells = [str(i), form, form, "CONJ", "X", "_", head, "dep"]
        if english:
            cells += [f"{head}:dep", "_", sense or "_"]
        else:
            cells += ["Y", sense] if sense else ["_", "_"]
        lines.append("\t".join([*cells, *roles]))
    return "\n".join(lines) + "\n\n"


ANN = heads("Ann 2 A0 A0", "wants/want.01 0 _ _", "to 2 A1 _", "sing/sing.01 3 _ _", ". 2 _ _")
ANN_FRAMES = ["[A0 Ann] [V wants] [A1 to sing]", "[A0 Ann] [V sing]"]


def joined(tmp_path, run, text, *, words=TREEBANK, name="a.conllup", **options):
    base = write(tmp_path / "w.conllu", words)
    return run(base, write(tmp_path / name, text), **options)


def test_what_tells_the_format(tmp_path):
    plain = heads("Ann 2", "left 0")
    files = {
        "a.conllup": (SPANS, "up"),
        "b.conllu": (ANN, "up"),
        "c.conllu": (plain + ANN, "up"),
        "d.conllu": (heads("Ann 2 A0", "left/leave.01 0 V", english=True), "up"),
        "e.conllu": (TREEBANK, "conllu"),
        "f.conllu": (plain, "conllu"),
        "g.conllup": ("# global.columns = FORM NE\nAnn\tB-PER\n", "conllu"),
        "i.conllu": (TREEBANK.replace("_\n", "SpaceAfter=No\n") + ANN, "up"),
        "j.conllu": (heads("Ann 0", english=True) + ANN, "up"),
        "h.conllu": ("1\tAnn" + "\t_" * 8 + "\tsomething else\n", "conllu"),
    }
    for name, (text, expected) in files.items():
        assert format_of(write(tmp_path / name, text)).name == expected, name


@pytest.mark.parametrize(
    ("text", "frames"),
    [
        (ANN, ANN_FRAMES),
        (heads("Ann 2"), []),
        # The predicate's side is cut off; a word of another argument's subtree is that one's.
        (
            heads("the 2 _", "man 0 A0", "who 4 R-A0", "left/leave.01 2 _", "town 4 A1"),
            ["[A0 the man] [R-A0 who] [V left] [A1 town]"],
        ),
        # English files keep DEPS, and have the predicate in its column.
        (
            heads("Ann 2 A0", "left/leave.01 0 V", "now 2 AM-TMP", english=True),
            ["[A0 Ann] [V left] [AM-TMP now]"],
        ),
        (
            heads("Ann 2 A0", "gave/give_up.07 0 _", "up 2 C-V", "it 2 A1"),
            ["[A0 Ann] [V gave] [C-V up] [A1 it]"],
        ),
        (heads("Ann 0", english=True) + "# propbank = no-up\n" + heads("Bo 0", english=True), []),
    ],
)
def test_one(tmp_path, run, text, frames):
    path = write(tmp_path / "a.conllu", text)
    summary, docs = run(path, file_format="up")
    assert shown(docs) == [frames]
    assert {token.pos_ for doc in docs for token in doc} == {"CCONJ"}
    assert any("tags of Universal Dependencies 1" in n for n in summary.notes) or len(docs[0]) == 1
    assert summary.without_frames == text.count("no-up")
    assert sum(len(frame.parts) for frame in get_frames(docs[0])) == text.count("\tC-V")


LEFT = "Yesterday 2 AM-TMP", "left/leave.01 0 _", "home 2 A1"
LEFT_FRAME = "[AM-TMP Yesterday] [V left] [A1 home]"
BOTH = (
    "# global.columns = FORM UP:PRED UP:ARGSPANS\n"
    "Yesterday\t_\t_\n"
    "left\tleave.01\tAM-TMP:1-1|A1:3-3\n"
    "home\t_\t_\n"
)


@pytest.mark.parametrize("text", [heads(*LEFT), BOTH])
@pytest.mark.parametrize("word", ["Yesterday", "left", "home"])
@pytest.mark.parametrize("end", ["\t", "\t\t", " "])
def test_a_row_that_counts_for_words_counts_for_roles(tmp_path, run, text, word, end):
    changed = re.sub(rf"^(.*\b{word}\b.*)$", rf"\1{end}", text, flags=re.M)
    assert changed != text
    _, docs = run(write(tmp_path / "a.conllup", changed), file_format="up")
    assert shown(docs) == [[LEFT_FRAME]]


@pytest.mark.parametrize(
    ("text", "frame"),
    [
        # A sign that begins comments may be a word, where the form is what rows begin with.
        (
            BOTH.replace("left", "#\t_\t_\nleft").replace("3-3", "4-4"),
            LEFT_FRAME,
        ),
        (BOTH.replace("home\t", "#home\t"), LEFT_FRAME.replace("home", "#home")),
        # An empty cell is as good as `_`.
        (
            heads(*LEFT).replace("\tA1", "\t").replace("\t_\t_\t\n", "\t\t\t\n"),
            "[AM-TMP Yesterday] [V left]",
        ),
    ],
)
def test_rows_that_look_like_none(tmp_path, run, text, frame):
    _, docs = run(write(tmp_path / "a.conllup", text), file_format="up")
    assert shown(docs) == [[frame]]


@pytest.mark.parametrize(
    ("comments", "sent_id", "text"),
    [
        (['# id="1" ref="CP1-1" source="x" text="Ann, left"'], "CP1-1", "Ann, left"),
        (["# sentence-text: Ann, left"], "a-1", "Ann, left"),
        (["# text: Ann, left"], "a-1", "Ann, left"),
        (["# sent_id dev-s1/de"], "dev-s1", "Ann , left"),
        (["# sent_id = s1", "# text = Ann, left"], "s1", "Ann, left"),
        (["# sent_id = s1", '# text = Ann , left text="x"'], "s1", "Ann , left"),
        (['# sent_id = s1 text="x"'], 's1 text="x"', "Ann , left"),
        (['# newdoc = d text="x" ref="r"'], "a-1", "Ann , left"),
    ],
)
def test_comments_of_one(tmp_path, run, comments, sent_id, text):
    sentence = heads("Ann 3 A0", ", 3 _", "left/leave.01 0 _", comments=comments)
    _, (doc,) = run(write(tmp_path / "a.conllu", sentence))
    assert (list(doc.user_data["sent_ids"]), doc.text) == ([sent_id], text)


def test_an_id_that_stands_for_several_sentences_is_none(tmp_path, run):
    comment = ['# ref="r" text="x"']
    path = write(tmp_path / "a.conllu", heads("x/x.01 0 _", comments=comment) * 2)
    assert list(run(path)[1][0].user_data["sent_ids"]) == ["r", "a-2"]


def test_two_is_joined_by_id_and_number_of_words(tmp_path, run):
    summary, docs = joined(tmp_path, run, SPANS)
    assert shown(docs) == [[FRAME]]
    assert summary.without_frames == 0
    note = "joined by sent_id and number of words: 2 of 2 sentences"
    assert f"{tmp_path / 'a.conllup'}: {note}" in summary.notes
    # The words of a multiword token do not spell its text.
    summary, docs = joined(tmp_path, run, SPANS.replace("安看.", "看昨安."))
    assert (summary.without_frames, summary.mismatched) == (0, 0)
    # Traditional and simplified characters are the same sentence; other sentences lack the layer.
    more = treebank("s0 人", "s1 安 看 昨 一 个", "s2 好")
    text = SPANS.replace("安看.", "安見個.")
    summary, docs = joined(tmp_path, run, text, words=more)
    assert summary.without_frames == 1
    assert len(shown(docs)[0]) == 1


def test_an_argument_with_two_heads_is_one(tmp_path, run):
    twice = SPANS.replace("A1:4\t", "A1:4|A1:5\t").replace("A1:4-5", "A1:4-5|A1:4-5")
    summary, docs = joined(tmp_path, run, twice)
    assert shown(docs) == [[FRAME]]
    assert any("1 argument has a second head" in note for note in summary.notes)


def test_one_is_joined_where_words_are_spelt_differently(tmp_path, run):
    words = treebank("x1 张 来 了 。", "x2 书 在 ， 这", "x3 好 。")  # noqa: RUF001
    first = heads("張 2 A0", "來/come.01 0 _", "了 2 _", "。 2 _")
    second = (
        heads("書 2", "在 0", ", 2", "這 2").replace("書\t書", "書\t书").replace("這\t這", "這\t这")
    )
    third = heads("好/good.01 0 _", "。 1 _")
    text = first + second + third
    summary, docs = joined(tmp_path, run, text, words=words, name="a.conllu")
    assert shown(docs) == [["[A0 张] [V 来]", "[V 好]"]]
    assert summary.without_frames == 0
    assert any(
        "by words: 1 of 3" in note and "differently: 2 of 3" in note for note in summary.notes
    )
    # Of as many words, but others.
    other = heads("甲 2 A0", "乙/come.01 0 _", "丙 2 _", "丁 2 _") + second + third
    summary, docs = joined(tmp_path, run, other, words=words, name="a.conllu", max_mismatch=0.5)
    assert (summary.without_frames, summary.mismatched) == (1, 1)


BAD = {
    # 2.0: cells of the predicate's row, and what is said of them
    "no span": ("A1:4-5", "A1:4", r"'A1:4' in UP:ARGSPANS: expected a role and two IDs"),
    "backwards": ("A1:4-5", "A1:5-4", "'A1:5-4' in UP:ARGSPANS: it ends before it begins"),
    "beyond": ("A1:4-5", "A1:4-6", "'A1:4-6' in UP:ARGSPANS: the sentence has 5 words"),
    "crosses": ("A0:1-1", "A0:1-2", r"'A0:1-2' in .* crosses its predicate, word 2\. Give what"),
    "overlap": ("A1:4-5", "A1:3-5", "'AM-TMP:3-3' in .*: it overlaps A1:3-5|'A1:3-5' .* overlaps"),
    "head beyond": ("A1:4\t", "A1:9\t", "'A1:9' in UP:ARGHEADS: the sentence has 5 words"),
    "head of another": ("A1:4\t", "A2:4\t", "'A2:4' in UP:ARGHEADS: expected the head of A1:4-5"),
    "number": ("|A1:4\t", "\t", "2 arguments in UP:ARGHEADS, and 3 in UP:ARGSPANS"),
    "no predicate": ("see.01", "_", "'A0:1-1|AM-TMP:3-3|A1:4-5': arguments at a word that is no"),
}


@pytest.mark.parametrize(("old", "new", "message"), BAD.values(), ids=BAD.keys())
def test_bad_cells_of_two(tmp_path, run, old, new, message):
    assert old in SPANS
    with pytest.raises(FormatError, match=rf"a\.conllup:6: (?:{message})") as caught:
        joined(tmp_path, run, SPANS.replace(old, new))
    assert "\n" not in str(caught.value)


OTHERS = {
    "words": (
        "s1 安 看 昨 一",
        r"a\.conllup:5: .* 1 of 2 .*: 5 words here, and 4 in \S+w.conllu:3\.",
    ),
    "text": (
        "s1 甲 乙 丙 丁 戊",
        r":5: .*: its text begins with '安看昨', and with '甲乙丙' in .*:3",
    ),
    "ids": ("s9 安 看 昨 一 人", None),
}


@pytest.mark.parametrize(("sentence", "message"), OTHERS.values(), ids=OTHERS.keys())
def test_a_treebank_of_another_version(tmp_path, run, sentence, message):
    text = SPANS.replace("安看.", "安看昨.")
    words = treebank(sentence, "s2 好")
    if message is None:
        summary, _ = joined(tmp_path, run, text, words=words)
        assert (summary.without_frames, summary.unjoined) == (1, 1)
        words, message = treebank(sentence), r"a\.conllup: .* none of the 2 sent_ids here is in .*"
    with pytest.raises(FormatError, match=message) as caught:
        joined(tmp_path, run, text, words=words)
    assert "reebank" in caught.value.fix
    if "none" not in message:
        summary, _ = joined(tmp_path, run, text, words=words, max_mismatch=0.5)
        assert (summary.without_frames, summary.mismatched) == (1, 1)


def test_files_that_cannot_be_two(tmp_path, run):
    cases = {
        SPANS.replace(
            "# sent_id = s1\n", ""
        ): r":4: a sentence without words and without a `# sent",
        SPANS.replace("sent_id = s2", "sent_id = s1"): r":13: sent_id 's1' stands for a second",
        SPANS.replace("\n4\t", "\n5\t"): r":9: ID '5' is out of order, expected word 4",
        SPANS.replace("1\t_\t_\t_", "1\t_\t_", 1): r":5: expected 4 tab-separated columns, found 3",
        SPANS.replace("3-4\t_\t_\t_", "# a comment"): r":7: '# a comment' stands within a sentence",
        HEAD.replace("UP:ARGSPANS", "X"): r":1: `# global.columns` needs UP:PRED and UP:ARGSPANS",
        HEAD: "there is no sentence in the file",
    }
    for text, message in cases.items():
        with pytest.raises(FormatError, match=message):
            joined(tmp_path, run, text)
    with pytest.raises(FormatError, match=r":1: these columns .* have no words.*Name the file of"):
        run(write(tmp_path / "a.conllup", SPANS))
    with pytest.raises(FormatError, match=r"w.conllu:11: sent_id 's1' stands for a second"):
        joined(tmp_path, run, SPANS, words=TREEBANK.replace("= s2", "= s1"))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("\t2\tdep\t_\t_\tA0", "\t7\tdep\t_\t_\tA0", r":1: HEAD '7' is no word of the sentence"),
        ("\t0\tdep", "\t3\tdep", ": the HEADs lead from word 1 in a circle"),
        ("\tA1\t_", "\tA1", ":3: 11 columns, but 12 in the sentence's first row"),
        ("Y\tsing.01", "_\t_", ":1: 1 predicate, but 2 columns of arguments"),
        ("4\tsing", "5\tsing", ":4: ID '5' is out of order, expected word 4"),
    ],
)
def test_bad_rows_of_one(tmp_path, run, old, new, message):
    assert old in ANN
    with pytest.raises(FormatError, match=message):
        run(write(tmp_path / "a.conllu", ANN.replace(old, new, 1)))


ENGLISH = heads("Ann 2 A0", "left/leave.01 0 V", english=True)


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        # The first sentence with roles tells the kind of the file.
        (ANN, heads("Ann 2 A0", "left 0 _"), r":7: 0 predicates, but 1 column.*a row with Y and"),
        (ANN, ENGLISH, r":7: 0 predicates, but 2 columns .* a row with Y and a column"),
        (
            ENGLISH,
            ANN,
            r":6: 2 predicates, but 1 column .* a roleset in the eleventh column and a column",
        ),
        ("", heads("Ann 2 A0", "left 0 _"), ":1: 0 predicates, but 1 column .* a row with Y"),
        (heads("Ann 0", english=True), ENGLISH, None),
        (heads("Ann 0 _"), ANN, None),
    ],
)
def test_kinds_of_one(tmp_path, run, first, second, message):
    path = write(tmp_path / "a.conllu", first + second)
    if message is None:
        assert len(run(path, file_format="up")[1][0]) > 2
        return
    with pytest.raises(FormatError, match=message):
        run(path)


def test_what_is_not_read(tmp_path, run):
    path = write(tmp_path / "a.conllu", ANN)
    for span_from, columns in (("subtree", "DEPREL"), ("head", "HEAD, DEPREL")):
        assert f"{path}: not read: {columns}" in run(path, span_from=span_from)[0].notes
    with_heads = re.sub(r"^(\w+)\t", r"\1\t0\t", BOTH.replace("FORM", "FORM HEAD"), flags=re.M)
    path = write(tmp_path / "b.conllup", with_heads)
    assert f"{path}: not read: HEAD" in run(path)[0].notes


@pytest.mark.parametrize(
    ("source", "role_names", "frames"),
    [
        (ANN, "propbank", ["[ARG0 Ann] [V wants] [ARG1 to sing]", "[ARG0 Ann] [V sing]"]),
        (ANN, "keep", ANN_FRAMES),
        (ANN, "conll05", ANN_FRAMES),
        (
            heads("a/x.01 0 _", "b 1 C-AM-TMP", "c 1 R-A0", "d 1 AA", "e 1 X"),
            "propbank",
            ["[V a] [C-ARGM-TMP b] [R-ARG0 c] [ARGA d] [X e]"],
        ),
    ],
)
def test_names_of_roles(tmp_path, run, source, role_names, frames):
    path = write(tmp_path / "a.conllu", source)
    _, docs = run(path, role_names=role_names)
    assert shown(docs) == [frames]
    # The roles of a Doc are named anew as well.
    again = tmp_path / "again.spacy"
    DocBin(docs=docs, store_user_data=True).to_disk(again)
    _, docs = run(again, role_names="conll05")
    expected = [re.sub(r"ARG(?=[0-9MA])", "A", frame) for frame in frames]
    assert shown(docs) == [expected]


def test_what_is_written(tmp_path):
    nlp = spacy.blank("xx")
    words = ["Ann", "gave", " ", "it", "up"]
    doc = Doc(nlp.vocab, words=words, sent_starts=[True, False, False, False, False])
    arguments = [Argument(0, 1, "A0"), Argument(2, 4, "A 1")]
    set_propositions(doc, [Proposition(1, "give_up.08", arguments, [(4, 5)])], annotated=[(0, 5)])
    for with_tree in (False, True):
        if with_tree:
            for token, head in zip(doc, (1, 1, 1, 1, 1), strict=True):
                token.head, token.dep_ = doc[head], "dep" if token.i != 1 else "ROOT"
        DocBin(docs=[doc], store_user_data=True).to_disk(tmp_path / "a.spacy")
        export(tmp_path / "a.spacy", tmp_path / "a.conllup", "up")
        text = (tmp_path / "a.conllup").read_text("utf8")
        tree = "A0:1|A\\s1:3|C-V:4" if with_tree else "_"
        assert f"\tgive_up.08\t{tree}\tA0:1-1|A\\s1:3-3|C-V:4-4\n" in text
        assert text.startswith("# global.columns = ID FORM LEMMA UPOS XPOS FEATS HEAD DEPREL DEPS")


@pytest.mark.parametrize(
    ("prop", "cells", "left_out"),
    [
        (
            Proposition(0, "Y", [], []),
            "V\t_\t_",
            ["1 roleset `_` or `Y`, which is `V` now"],
        ),
        (Proposition(0, "_", [], []), "V\t_\t_", ["1 roleset `_` or `Y`, which is `V` now"]),
        (
            Proposition(0, "x.01", [Argument(1, 2, "")], []),
            "x.01\t_\t_:2-2",
            ["1 role without a name, which is `_` now"],
        ),
    ],
)
def test_what_cannot_be_written(tmp_path, run, prop, cells, left_out):
    vocab = spacy.blank("xx").vocab
    doc = Doc(vocab, words=["a", "b"])
    set_propositions(doc, [prop], annotated=[(0, 2)])
    DocBin(docs=[Doc(vocab), doc], store_user_data=True).to_disk(tmp_path / "a.spacy")
    counts = export(tmp_path / "a.spacy", tmp_path / "a.conllup", "up")
    assert f"\t{cells}\n" in (tmp_path / "a.conllup").read_text("utf8")
    assert sorted(said(counts.left_out)) == ["1 document without words", *left_out]
    assert len(get_frames(run(tmp_path / "a.conllup")[1][0])) == 1


@pytest.mark.parametrize(
    ("lang", "sentences", "predicates"), [("zh", 500, 1257), ("pt", 108, None), ("ja", 507, 608)]
)
def test_published_files(ud_other, run, lang, sentences, predicates):
    """All sentences whose layers agree are joined."""
    folder = ud_other / lang
    base = next(folder.glob("*-ud-dev.conllu"))
    layers = [*folder.glob("*.iob2"), *folder.glob("*-up-*")]
    summary, docs = run(base, *layers, max_mismatch=0.1)
    assert summary.sentences - summary.without_frames == sentences
    assert predicates is None or summary.predicates == predicates
    assert summary.missing["entities"] in (0, summary.sentences)
    assert all(get_frames(doc) is not None for doc in docs)
