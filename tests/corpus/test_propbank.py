"""PropBank files: reading, joining to the words of another file, writing."""

import io
import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc, DocBin, Span, SpanGroup
from spacy.vocab import Vocab

from spacy_seqtag.corpus.convert import convert
from spacy_seqtag.corpus.propbank import (
    align_tokens,
    match_sentences,
    read_propbank,
    write_gold_conll,
    write_props,
)
from spacy_seqtag.corpus.reader import cut_doc
from spacy_seqtag.corpus.sentence import FormatError
from spacy_seqtag.frames import annotated_tokens, get_frames, has_frames, problems

ASSETS = Path(__file__).parents[2] / "assets" / "mini"
SPLITS = ("train", "dev", "test")

GOLD = """\
d1 0 0 Ann NNP * - - (ARG0*) *
d1 0 1 gave VBD * give give_up.08 (V*) *
d1 0 2 it PRP * - - (ARG1*) *
d1 0 3 up RP * - - (C-V*) *
d1 0 4 to TO * - - (ARGM-PRP* *
d1 0 5 rest VB * rest rest.01 *) (V*)

d1 1 0 Yes UH * - -

d2 0 0 Oslo NNP * - -
"""
CONLLU = """\
# newdoc id = d1
# sent_id = s1
1\tAnn\tAnn\tPROPN\tNNP\t_\t_\t_\t_\t_
2\tgave\tgive\tVERB\tVBD\t_\t_\t_\t_\t_
3\tit\tit\tPRON\tPRP\t_\t_\t_\t_\t_
4\tup\tup\tADP\tRP\t_\t_\t_\t_\t_
5\tto\tto\tPART\tTO\t_\t_\t_\t_\t_
6\trest\trest\tVERB\tVB\t_\t_\t_\t_\t_

# sent_id = s2
1\tYes\tyes\tINTJ\tUH\t_\t_\t_\t_\t_

# newdoc id = d2
# sent_id = s3
1\tOslo\tOslo\tPROPN\tNNP\t_\t_\t_\t_\t_
"""
SKEL = "\n".join(
    " ".join([*row[:3], "[WORD]", *row[4:]]) if row else ""
    for row in (line.split() for line in GOLD.split("\n"))
)


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf8")
    return path


@pytest.fixture
def run(tmp_path):
    """Function to convert; returns the summary and the Docs."""

    def convert_to_docs(*paths, **kwargs):
        output = tmp_path / "out.spacy"
        summary = convert(paths, output, **kwargs)
        return summary, list(DocBin().from_disk(output).get_docs(Vocab()))

    return convert_to_docs


@pytest.fixture
def base(tmp_path):
    return write(tmp_path / "base.conllu", CONLLU)


def shown(docs):
    """The frames as text, None for a Doc without the layer."""
    return [[str(frame) for frame in get_frames(doc)] if has_frames(doc) else None for doc in docs]


FRAMES = [
    ["[ARG0 Ann] [V gave] [ARG1 it] [C-V up] [ARGM-PRP to rest]", "[V rest]"],
    [],
]


def table(name, *sentences):
    """A skeleton: sentences of rows (XPOS, roleset, cells...)."""
    rows = []
    for number, sentence in enumerate(sentences):
        for i, line in enumerate(sentence.strip().split("\n")):
            xpos, roleset, *cells = line.split()
            rows.append(f"{name} {number} {i} [WORD] {xpos} * - {roleset} {' '.join(cells)}")
        rows.append("")
    return "\n".join(rows) + "\n"


def words(name, *sentences):
    """CoNLL-U: sentences of `word/XPOS`."""
    lines = [f"# newdoc id = {name}"]
    for sentence in sentences:
        for i, item in enumerate(sentence.split(), start=1):
            word, xpos = item.rsplit("/", 1)
            lines.append(f"{i}\t{word}\t_\t_\t{xpos}" + "\t_" * 5)
        lines.append("")
    return "\n".join(lines) + "\n"


# Reading


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


# Joining


@pytest.mark.parametrize("ending", ["gold_conll", "gold_skel"])
def test_joined_by_document(tmp_path, base, run, ending):
    text = GOLD if ending == "gold_conll" else SKEL
    summary, docs = run(base, write(tmp_path / f"a.{ending}", text))
    assert shown(docs) == FRAMES
    assert docs[0].user_data["sent_ids"] == ("s1", "s2")
    assert (summary.predicates, summary.without_frames) == (2, 0)
    how = "words" if ending == "gold_conll" else "part of speech"
    note = f"joined by document, sentences by {how}: 3 of 3 sentences"
    assert summary.notes == [f"{tmp_path / 'a'}.{ending}: {note}"]


def test_without_the_layer_it_is_missing(base, run):
    summary, docs = run(base)
    assert not any(has_frames(doc) or doc.spans for doc in docs)
    assert (summary.predicates, summary.without_frames) == (0, 3)


def test_folder_of_a_release(tmp_path, run):
    text = CONLLU.replace("id = d", "id = answers-x").replace("answers-x2", "email-y")
    base = write(tmp_path / "base.conllu", text)
    release = tmp_path / "ewt"
    first, second = SKEL.split("d2")
    paths = ["g/ewt/answers/00/x1.xml", "g/ewt/email/00/y.xml", "g/ewt/email/00/z.xml"]
    write(release / "answers" / "00" / "x1.xml.gold_skel", first.replace("d1", paths[0]))
    write(release / "email" / "y.xml.gold_skel", paths[1] + second)
    write(release / "email" / "z.xml.gold_skel", paths[2] + second)
    write(release / "README.md", "no skeleton")
    summary, docs = run(base, release)
    assert shown(docs) == FRAMES
    assert summary.notes[1:] == [f"1 documents in {release} are not in {base}"]
    with pytest.raises(FormatError, match=r"x1\.xml\.gold_skel:1: the words are masked"):
        run(release)
    with pytest.raises(FormatError, match=r"no file in this folder that ends in \.gold_conll or"):
        run(base, write(tmp_path / "empty" / "x", "").parent)


def test_documents_that_are_not_there(tmp_path, base, run):
    summary, (first, second) = run(base, write(tmp_path / "a.gold_skel", SKEL.split("d2")[0]))
    assert shown([first, second]) == [FRAMES[0], None]
    assert summary.without_frames == 1
    _, note = summary.notes
    assert note.startswith("1 sentences have no semantic roles, because their 1 documents")


def test_no_document_shared(tmp_path, base, run):
    path = write(tmp_path / "a.gold_skel", SKEL.replace("d1", "e1").replace("d2", "e2"))
    with pytest.raises(FormatError, match=r"a\.gold_skel: layers of different documents: none of"):
        run(base, path)
    unnamed = write(tmp_path / "b.conllu", CONLLU.replace("# newdoc", "# old"))
    with pytest.raises(FormatError, match=r"none of the 2 here is in .*b\.conllu as well"):
        run(unnamed, write(path, SKEL))


def test_document_twice(tmp_path, base, run):
    path = write(tmp_path / "a.gold_skel", f"{SKEL}\n{SKEL}")
    with pytest.raises(FormatError, match=r"a\.gold_skel:12: the document 'd1' begins a second"):
        run(base, path)
    write(path, SKEL)
    write(base, CONLLU.replace("newdoc id = d2", "newdoc id = d1"))
    with pytest.raises(FormatError, match=r"base\.conllu:15: the document 'd1' begins a second"):
        run(base, path)


def test_skeletons_need_xpos(tmp_path, run):
    iob = "# newdoc id = d1\nAnn O\n"
    base = write(tmp_path / "base.iob", iob)
    with pytest.raises(FormatError, match=r"base\.iob:2: the document 'd1' has no XPOS"):
        run(base, write(tmp_path / "a.gold_skel", SKEL))


def test_xpos_is_a_layer_too(tmp_path, run):
    base = write(tmp_path / "base.iob", "# newdoc id = d2\nOslo B-LOC\n")
    _, (doc,) = run(base, write(tmp_path / "a.gold_conll", GOLD))
    assert (doc[0].tag_, doc[0].ent_type_) == ("NNP", "LOC")


def test_revised_tags(tmp_path, run):
    skel = table("d", "NN see.01 (V*)\nNNS - (ARG1*)", "UH -", "VB go.01 (V*)\nRB - (ARG1*)")
    base = words("d", "see/VB Oslo/NNS", "yes/RB", "go/VB there/RB")
    summary, (doc,) = run(write(tmp_path / "b.conllu", base), write(tmp_path / "a.gold_skel", skel))
    assert shown([doc]) == [["[V see] [ARG1 Oslo]", "[V go] [ARG1 there]"]]
    assert annotated_tokens(doc).all()
    assert [token.tag_ for token in doc][:2] == ["VB", "NNS"]
    assert summary.mismatched == 0


def test_other_sentence_bounds(tmp_path, run):
    """Two sentences of the skeleton in one, and one in two."""
    skel = table(
        "d",
        "PRP - (ARG0*)\nVBZ go.01 (V*)",
        "CC - * *\nPRP - (ARG0*) *\nVBZ say.01 (V*) *\n"
        "NNP - (ARG1* (ARG0*)\nVBZ win.01 * (V*)\n. - * *\nRB - *) (ARGM-TMP*)",
    )
    base = words("d", "he/PRP goes/VBZ and/CC she/PRP says/VBZ Oslo/NNP wins/VBZ ./.", "now/RB")
    summary, (doc,) = run(write(tmp_path / "b.conllu", base), write(tmp_path / "a.gold_skel", skel))
    # Of arguments stays what is in the sentence of the predicate.
    assert shown([doc]) == [
        [
            "[ARG0 he] [V goes]",
            "[ARG0 she] [V says] [ARG1 Oslo wins .]",
            "[ARG0 Oslo] [V wins]",
        ]
    ]
    assert summary.notes[1].startswith("1 arguments ")
    assert summary.notes[2].startswith("1 arguments ")
    assert "part outside was left out" in "".join(summary.notes)
    assert not list(problems(doc))
    assert annotated_tokens(doc).all()


def test_the_rest_of_an_argument_is_one(tmp_path, run):
    skel = table("d", "NN - (ARG1*)\n. - *\nVB go.01 (V*)\nRB - (C-ARG1*)\nRB - (C-ARG1*)")
    base = words("d", "a/NN ./.", "go/VB b/RB c/RB")
    _, (doc,) = run(write(tmp_path / "b.conllu", base), write(tmp_path / "a.gold_skel", skel))
    assert shown([doc]) == [["[V go] [ARG1 b] [C-ARG1 c]"]]


SAY = "PRP - (ARG0*)\nVBZ say.01 (V*)\nUH - (ARG1*)"


@pytest.mark.parametrize(
    ("sentence", "reason"),
    [
        ("I/PRP can/MD not/RB go/VB now/RB", "1 of 5 words have no counterpart"),
        ("I/PRP can/MD now/RB", "no word for 1 of the predicates"),
        ("x/A y/B z/C v/D w/E", "5 of 5 words or tags differ"),
    ],
)
def test_what_cannot_be_aligned_has_no_layer(tmp_path, run, sentence, reason):
    skel = table("d", SAY, "PRP - (ARG0*)\nMD - *\nVB go.01 (V*)\nRB - (ARG1*)", SAY)
    if reason.startswith("5"):
        skel = table("d", SAY, "PRP - (ARG0*)\nMD - *\nVB go.01 (V*)\nRB - *\nNN - *", SAY)
    say = "he/PRP says/VBZ yes/UH"
    paths = (
        write(tmp_path / "b.conllu", words("d", say, sentence, say)),
        write(tmp_path / "a.gold_skel", skel),
    )
    with pytest.raises(FormatError, match=r"a\.gold_skel: layers of different sentences: 1 of 3 "):
        run(*paths)
    summary, (doc,) = run(*paths, max_mismatch=0.4)
    assert shown([doc]) == [["[ARG0 he] [V says] [ARG1 yes]"] * 2]
    n_words = len(sentence.split())
    assert annotated_tokens(doc).tolist() == [True] * 3 + [False] * n_words + [True] * 3
    assert (summary.mismatched, summary.without_frames, summary.predicates) == (1, 1, 2)
    (mismatch,) = summary.mismatches
    assert f"{paths[0]}:6: " in mismatch
    assert reason in mismatch
    assert "1 predicates are in sentences that could not be aligned" in summary.notes


def test_words_left_out_within_an_argument(tmp_path, run):
    skel = table("d", "VB go.01 (V*)\nDT - (ARG1*\nX - *\nNN - *)\nY - (ARG2*)")
    base = words("d", "go/VB the/DT way/NN")
    _, (doc,) = run(write(tmp_path / "b.conllu", base), write(tmp_path / "a.gold_skel", skel))
    assert shown([doc]) == [["[V go] [ARG1 the way]"]]


@given(st.data())
def test_alignment_is_one_to_one(data):
    tags = st.lists(st.lists(st.sampled_from("ABC"), min_size=1, max_size=4), max_size=6)
    source, target = data.draw(tags), data.draw(tags)

    def weight(i, j):
        return len(source[i]) if source[i] == target[j] else 0

    chain = match_sentences(source, target, weight)
    assert all(source[i] == target[j] for i, j in chain)
    pairs = list(align_tokens(source, target, chain))
    for side, sentences in enumerate((source, target)):
        positions = [pair[side] for pair in pairs]
        assert positions == sorted(set(positions))
        assert not positions or 0 <= positions[0] <= positions[-1] < sum(map(len, sentences))
    size = sum(map(len, source))
    same = [(i, i) for i in range(len(source))]
    assert match_sentences(source, source, lambda i, j: source[i] == source[j]) == same
    assert list(align_tokens(source, source, same)) == [(i, i) for i in range(size)]


# Evidence


def rows(name, *sentences, first=0):
    """A .gold_conll: sentences of rows (word, XPOS, frame file, roleset, cells...)."""
    lines = []
    for number, sentence in enumerate(sentences, first):
        for i, row in enumerate(sentence.split(" / ")):
            word, xpos, frame, *rest = row.split()
            lines.append(f"{name} {number} {i} {word} {xpos} * {frame} {' '.join(rest)}")
        lines.append("")
    return "\n".join(lines) + "\n"


def masked(text):
    return re.sub(r"^(\S+ \S+ \S+) \S+", r"\1 [WORD]", text, flags=re.M)


def test_frames_do_not_land_on_other_words(tmp_path, run):
    layer = rows(
        "d",
        "Stop VB stop stop.01 (V*)",
        "Sing VB sing sing.01 (V*) / now RB - - (ARGM-TMP*)",
        "Leave VB leave leave.01 (V*)",
    )
    base = write(tmp_path / "b.conllu", words("d", "Stop/VB", "Eat/VB now/RB", "Banana/NN"))
    paths = (base, write(tmp_path / "a.gold_conll", layer))
    summary, (doc,) = run(*paths, max_mismatch=1.0)
    assert shown([doc]) == [["[V Stop]"]]
    assert annotated_tokens(doc).tolist() == [True, False, False, False]
    assert "sentence b-2: 1 predicates are those of other words" in summary.mismatches[0]
    assert "sentence b-3: 1 of 1 words or tags differ" in summary.mismatches[1]
    # A word that was only spelled anew is still the predicate's.
    write(base, words("d", "Stop/VB", "Singg/VB now/RB", "leaves/VB"))
    summary, (doc,) = run(*paths, max_mismatch=1.0)
    assert shown([doc]) == [["[V Stop]", "[V Singg] [ARGM-TMP now]"]]


HI, BYE = "Hi UH - -", "Bye UH - - / now RB - - / . . - -"
EAT = "Eat VB eat eat.01 (V*) / pie NN - - (ARG1*) / . . - - *"
DRINK = "Drink VB drink drink.01 (V*) / tea NN - - (ARG1*) / . . - - *"


@pytest.mark.parametrize("order", [(HI, EAT, DRINK, BYE), (HI, DRINK, EAT, BYE), (EAT, DRINK)])
@pytest.mark.parametrize("lemmas", [True, False])
def test_a_skeleton_without_one_of_the_sentences(tmp_path, run, order, lemmas):
    """The frame file tells which of two sentences of the same tags it is."""
    sentences = ["Hi/UH", "Drank/VB tea/NN ./.", "Bye/UH now/RB ./."]
    if HI not in order:
        sentences = sentences[1:2]
    text = words("d", *sentences)
    if lemmas:
        text = text.replace("Drank\t_", "Drank\tdrink")
    base = write(tmp_path / "b.conllu", text)
    summary, (doc,) = run(base, write(tmp_path / "a.gold_skel", masked(rows("d", *order))))
    assert shown([doc]) == [["[V Drank] [ARG1 tea]"]]
    assert get_frames(doc)[0].roleset == "drink.01"
    assert annotated_tokens(doc).all()
    # And where it is not there at all, nothing is moved to it.
    order = tuple(EAT if sentence == DRINK else sentence for sentence in order)
    skel = write(tmp_path / "a.gold_skel", masked(rows("d", *order)))
    summary, (doc,) = run(base, skel, max_mismatch=1.0)
    assert not get_frames(doc)
    assert summary.mismatched == 1
    start = 1 if HI in order else 0
    assert annotated_tokens(doc).tolist() == [not start <= t.i < start + 3 for t in doc]


def test_two_sentences_that_fit(tmp_path, run):
    """The same tags and the same predicate, with other arguments."""
    say = "he PRP - - (ARG0*) / ran VBD run run.01 (V*) / home NN - - {}"
    gold = rows("d", HI, say.format("(ARG4*)"), say.format("(ARG1*)"), BYE)
    base = write(
        tmp_path / "b.conllu", words("d", "Hi/UH", "she/PRP ran/VBD off/NN", "Bye/UH now/RB ./.")
    )
    skel = write(tmp_path / "a.gold_skel", masked(gold))
    summary, (doc,) = run(base, skel, max_mismatch=1.0)
    assert annotated_tokens(doc).tolist() == [True] + [False] * 3 + [True] * 3
    assert "several sentences would fit" in summary.mismatches[0]


def test_samples_of_a_document(tmp_path, run):
    verbs = ["eat", "drink", "sing", "go", "win", "talk", "rest", "fly", "know"]
    gold = rows("d", *(f"I PRP - - (ARG0*) / {v} VBP {v} {v}.01 (V*) / . . - - *" for v in verbs))
    for picked in ([0], [8], [1, 4, 5], list(range(0, 9, 2))):
        base = words("d", *(f"I/PRP {verbs[i]}/VBP ./." for i in picked))
        for ending, text in (("gold_conll", gold), ("gold_skel", masked(gold))):
            layer = write(tmp_path / f"a.{ending}", text)
            _, (doc,) = run(write(tmp_path / "b.conllu", base), layer)
            assert [f.roleset for f in get_frames(doc)] == [f"{verbs[i]}.01" for i in picked]
            assert annotated_tokens(doc).all()


def test_sentences_name_their_document(tmp_path, run):
    """A sample as it is cut from a file, without the lines that begin documents."""
    gold = rows("d1", HI, EAT) + rows("d2", DRINK)
    base = words("d1", "Hi/UH", "Eat/VB pie/NN ./.", "Drink/VB tea/NN ./.")
    for sent_id in ("d1-1", "d1-2", "d2-1"):
        base = re.sub(r"(?m)^(?<!id\n)1\t", f"# sent_id = {sent_id}\n1 \t", base, count=1)
    base = base.replace("1 \t", "1\t")
    paths = write(tmp_path / "b.conllu", base), write(tmp_path / "a.gold_skel", masked(gold))
    summary, docs = run(*paths)
    assert shown(docs) == [["[V Eat] [ARG1 pie]", "[V Drink] [ARG1 tea]"]]
    assert summary.without_frames == 0


def test_a_stale_document_is_no_evidence(tmp_path, run):
    """A sentence drawn without its `# newdoc`, from a document that PropBank does not have."""
    gold = rows("d1", EAT) + rows("d2", DRINK)
    eat, drink, other = ("Eat/VB pie/NN ./.", "Drink/VB tea/NN ./.", "Bake/VB pie/NN ./.")
    sentences = [("d1-1", eat), ("d2-1", drink), ("x9-1", other), ("x9-2", eat)]
    base = "# newdoc id = d1\n" + "".join(
        f"# sent_id = {sent_id}\n{words('', text).partition(chr(10))[2]}"
        for sent_id, text in sentences
    )
    paths = write(tmp_path / "b.conllu", base), write(tmp_path / "a.gold_skel", masked(gold))
    summary, docs = run(*paths)
    assert shown(docs) == [["[V Eat] [ARG1 pie]", "[V Drink] [ARG1 tea]"]]
    assert summary.without_frames == 2


def test_without_documents_words_join(tmp_path, run):
    unnamed = write(tmp_path / "b.conllu", words("d", "Drink/VB tea/NN ./.").split("\n", 1)[1])
    layer = write(tmp_path / "a.gold_conll", rows("x", HI, EAT, DRINK))
    summary, (doc,) = run(unnamed, layer)
    assert shown([doc]) == [["[V Drink] [ARG1 tea]"]]
    assert f"{layer}: joined by words: 1 of 1 sentences, not used: 2" in summary.notes


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


CONLL12 = """\
#begin document (nw/x_0000); part 000
nw/x_0000 0 0 Anna NNP (TOP(S(NP* - - - spk (PERSON) (ARG0*) * (1)
nw/x_0000 0 1 Lee NNP *) - - - spk (ORG(GPE) *) * -
nw/x_0000 0 2 ate VBD (VP* eat 01 1 spk *) (V*) * -
nw/x_0000 0 3 out RP *)) out - - spk * * (V*) -

#end document
#begin document (nw/x_0000); part 001
nw/x_0000 1 0 Yes UH * - - - - * -
#end document
"""


def test_conll_2012(tmp_path, run):
    text = CONLL12.replace("(ARG0*) *", "(ARG0* *").replace("out - -", "out 02 -")
    text = text.replace("(ORG(GPE)", "(ORG(GPE*)")
    _, docs = run(write(tmp_path / "a.gold_conll", text))
    assert [doc.user_data["doc_id"] for doc in docs] == ["nw/x_0000", "nw/x_0000-part1"]
    assert shown(docs) == [["[ARG0 Anna Lee] [V ate]", "[V out]"], []]
    assert [f.roleset for f in get_frames(docs[0])] == ["eat.01", "out.02"]
    assert [(e.text, e.label_) for e in docs[0].ents] == [("Anna", "PERSON"), ("Lee ate", "ORG")]
    assert [token.tag_ for token in docs[0]] == ["NNP", "NNP", "VBD", "RP"]
    with pytest.raises(
        FormatError, match=r"a\.gold_conll:3: .* in the column of entities stays open"
    ):
        run(write(tmp_path / "a.gold_conll", text.replace("spk *) (V*)", "spk * (V*)")))


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


# .spacy files


@pytest.mark.parametrize("docs_by", ["document", "sentence"])
def test_spacy_takes_the_layer(tmp_path, base, run, docs_by):
    first = tmp_path / "words.spacy"
    convert([base], first, docs_by=docs_by)
    layer = write(tmp_path / "a.gold_skel", SKEL)
    summary, docs = run(first, layer)
    expected_summary, expected = run(base, layer, docs_by=docs_by)
    assert shown(docs) == shown(expected)
    assert [doc.user_data for doc in docs] == [doc.user_data for doc in expected]
    assert summary.predicates == expected_summary.predicates == 2
    # And keeps it, also when it is grouped anew or given another file.
    full = tmp_path / "full.spacy"
    convert([first, layer], full)
    again_summary, again = run(full, write(tmp_path / "b.gold_skel", SKEL.replace("ARG0", "ARG4")))
    assert shown(again) == shown(docs)
    assert again_summary.arguments == summary.arguments
    _, single = run(full, docs_by="sentence")
    assert shown(single) == [FRAMES[0], [], []]
    assert not [problem for doc in single for problem in problems(doc)]


def test_spacy_sentences_without_the_layer_can_get_it(tmp_path, base, run):
    half = tmp_path / "half.spacy"
    convert([base, write(tmp_path / "a.gold_skel", SKEL.split("d2")[0])], half)
    _, docs = run(half, write(tmp_path / "b.gold_skel", SKEL))
    assert shown(docs) == FRAMES


def test_cutting_keeps_scores_with_their_spans():
    doc = Doc(Vocab(), words=list("abcd"), sent_starts=[1, -1, 1, -1])
    spans = [Span(doc, i, i + 1, "go.01") for i in (0, 1, 3)]
    attrs = {"scores": [0.1, 0.2, 0.3], "roleset_scores": (0.4, 0.5, 0.6), "source": "abc"}
    doc.spans["predicates"] = SpanGroup(doc, name="predicates", spans=spans, attrs=attrs)
    first, second = cut_doc(doc, [(0, 2), (2, 4)])
    assert first.spans["predicates"].attrs["scores"] == [0.1, 0.2]
    assert second.spans["predicates"].attrs["scores"] == [0.3]
    assert list(second.spans["predicates"].attrs["roleset_scores"]) == [0.6]
    assert second.spans["predicates"].attrs["source"] == "abc"
    assert get_frames(second)[0].confidence == 0.3
    assert doc.spans["predicates"].attrs == attrs


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


# Writing


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
    assert counts == (1, 1, 0)


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
    assert counts == (1, 1, 1)
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
    assert [line[3] for line in lines[:3]] == ["a_b", "-", "_"]
    assert lines[1][6:8] == ["_", "V"]
    assert lines_of(write_props, [doc])[1][1] == ["_", "(V*)"]


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


# The English Web Treebank


@pytest.fixture(scope="module")
def propbank(ewt):
    path = ewt / "propbank-release" / "data" / "google" / "ewt"
    if not path.is_dir():
        pytest.skip(f"no PropBank in {path}")
    return path


@pytest.mark.parametrize(
    ("split", "n_sentences", "n_predicates"), [("dev", 1966, 4959), ("train", 12519, 40390)]
)
def test_ewt(ewt, propbank, run, split, n_sentences, n_predicates):
    summary, docs = run(ewt / f"en_ewt-ud-{split}.conllu", propbank)
    assert summary.sentences - summary.without_frames >= n_sentences
    assert summary.predicates >= n_predicates
    assert not [problem for doc in docs for problem in problems(doc)]
    found = Counter()
    for doc in docs:
        for frame in get_frames(doc):
            lemma = frame.predicate.lemma_.lower()
            found[frame.roleset[:2] == lemma[:2]] += 1
    # Rolesets are named after verbs, words mostly as well: shifted by a word, hardly one agrees.
    assert found[True] > 0.95 * summary.predicates
    assert sum(found.values()) == summary.predicates


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
