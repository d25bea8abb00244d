"""Joining PropBank files to the words of another file."""

import re
from collections import Counter

import pytest
from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab

from spacy_seqtag.corpus.convert import convert
from spacy_seqtag.corpus.errors import FormatError
from spacy_seqtag.frames import annotated_tokens, get_frames, has_frames, problems

from ..propbank_files import (
    BYE,
    CONLLU,
    DRINK,
    EAT,
    FRAMES,
    GOLD,
    HI,
    SKEL,
    masked,
    rows,
    shown,
    table,
    words,
    write,
)


@pytest.fixture
def base(tmp_path):
    return write(tmp_path / "base.conllu", CONLLU)


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
    assert summary.notes[1:] == [f"1 document in {release} is not in {base}"]
    with pytest.raises(FormatError, match=r"x1\.xml\.gold_skel:1: the words are masked"):
        run(release)
    with pytest.raises(FormatError, match="no ending of a file in this folder tells its format"):
        run(base, write(tmp_path / "empty" / "x", "").parent)


def test_documents_that_are_not_there(tmp_path, base, run):
    summary, (first, second) = run(base, write(tmp_path / "a.gold_skel", SKEL.split("d2")[0]))
    assert shown([first, second]) == [FRAMES[0], None]
    assert summary.without_frames == 1
    _, note = summary.notes
    assert note.startswith("1 sentence has no semantic roles, because its 1 document is")


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
    assert summary.notes[1].startswith("1 argument ")
    assert summary.notes[2].startswith("1 argument ")
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
        ("I/PRP can/MD not/RB go/VB now/RB", "1 of 5 words has no counterpart"),
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
    assert "1 predicate is in sentences that could not be aligned" in summary.notes


def test_words_left_out_within_an_argument(tmp_path, run):
    skel = table("d", "VB go.01 (V*)\nDT - (ARG1*\nX - *\nNN - *)\nY - (ARG2*)")
    base = words("d", "go/VB the/DT way/NN")
    _, (doc,) = run(write(tmp_path / "b.conllu", base), write(tmp_path / "a.gold_skel", skel))
    assert shown([doc]) == [["[V go] [ARG1 the way]"]]


# Evidence


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
    assert "sentence b-2: 1 predicate is that of another word" in summary.mismatches[0]
    assert "sentence b-3: 1 of 1 words or tags differs" in summary.mismatches[1]
    # A word that was only spelled anew is still the predicate's.
    write(base, words("d", "Stop/VB", "Singg/VB now/RB", "leaves/VB"))
    summary, (doc,) = run(*paths, max_mismatch=1.0)
    assert shown([doc]) == [["[V Stop]", "[V Singg] [ARGM-TMP now]"]]


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


def test_sentences_of_no_marked_document(tmp_path, run):
    """They are named as such, and do not count as a document."""
    marked = words("d", "Drink/VB tea/NN ./.")
    unmarked = words("", "Hi/UH", "Eat/VB pie/NN ./.").split("\n", 1)[1]
    base = write(tmp_path / "b.conllu", unmarked + marked)
    layer = write(tmp_path / "a.gold_conll", rows("d", DRINK))
    summary, docs = run(base, layer)
    assert [frame for doc in docs for frame in shown([doc])[0] or ()] == ["[V Drink] [ARG1 tea]"]
    why = "2 sentences have no semantic roles, because they belong to no marked document"
    assert why in summary.notes
    other = words("e", "Bye/UH")
    summary, _ = run(write(base, unmarked + other + marked), layer)
    why = f"3 sentences have no semantic roles, because their 1 document is not in {layer}"
    assert why in summary.notes


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


def test_docs_whose_sentences_name_their_document(tmp_path, run):
    """Docs of one sentence without a `doc_id`: the ids of the sentences join them."""
    first = tmp_path / "words.spacy"
    docs = named_docs([("d1-1", "Hi", "UH"), ("d1-2", "Eat pie .", "VB NN ."), ("e-1", "No", "UH")])
    DocBin(docs=docs, store_user_data=True).to_disk(first)
    layer = write(tmp_path / "a.gold_skel", masked(rows("d1", HI, EAT)))
    summary, docs = run(first, layer, docs_by="sentence")
    assert shown(docs) == [[], ["[V Eat] [ARG1 pie]"], None]
    assert f"{layer}: joined by document, sentences by part of speech: 2 of 2 sentences" in (
        summary.notes
    )


def test_an_empty_doc_within_a_document(tmp_path, run):
    """It is passed on in its place, and does not end the document."""
    first = tmp_path / "words.spacy"
    docs = named_docs([("d1-1", "Hi", "UH"), ("d1-2", "Eat pie .", "VB NN .")], doc_id="d1")
    docs[1:1] = [Doc(docs[0].vocab)]
    docs[:0] = [Doc(docs[0].vocab)]
    DocBin(docs=docs, store_user_data=True).to_disk(first)
    for ending, text in (
        ("gold_conll", rows("d1", HI, EAT)),
        ("iob", "Hi O\n\nEat O\npie O\n. O\n"),
    ):
        layer = write(tmp_path / f"a.{ending}", text)
        summary, docs = run(first, layer, docs_by="sentence")
        assert [doc.text.strip() for doc in docs] == ["", "Hi", "", "Eat pie ."]
        assert summary.mismatched == 0
        if ending == "gold_conll":
            assert shown([docs[1], docs[3]]) == [[], ["[V Eat] [ARG1 pie]"]]


def named_docs(sentences, doc_id=None):
    """Docs of one sentence each, of its id, words and XPOS."""
    vocab = Vocab()
    docs = []
    for sent_id, text, tags in sentences:
        doc = Doc(vocab, words=text.split(), tags=tags.split())
        doc.user_data |= {"sent_ids": (sent_id,), "doc_id": doc_id}
        docs.append(doc)
    return docs


# The English Web Treebank


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
