"""`python -m spacy seqtag check`, and the problems that it reports."""

import pytest
from spacy.cli._util import app
from spacy.tokens import Doc, DocBin, Span
from spacy.vocab import Vocab
from typer.testing import CliRunner

import spacy_seqtag.cli  # noqa: F401  (adds the command)
from spacy_seqtag.frames import problems
from spacy_seqtag.partial import annotated_for

WORDS = ["Ann", "left", ".", "She", "gave", "it", "up"]


def sound(**groups):
    """`Ann left. She gave it up`; groups: other spans, as (start, end, label, id)."""
    doc = Doc(Vocab(), words=WORDS, sent_starts=[1, -1, -1, 1, -1, -1, -1])
    spans = {
        "predicates": [(1, 2, "leave.01", ""), (4, 5, "give_up.08", "")],
        "srl": [(0, 1, "ARG0", "+1"), (3, 4, "ARG0", "+1"), (5, 6, "ARG1", "-1")],
        "predicate_parts": [(6, 7, "C-V", "-2")],
        "srl_annotated": [(0, 3, "", ""), (3, 7, "", "")],
        **groups,
    }
    for name, rows in spans.items():
        if rows is not None:
            doc.spans[name] = [Span(doc, *row[:3], span_id=row[3]) for row in rows]
    return doc


@pytest.fixture
def run(tmp_path):
    """Function from files (name to Docs, bytes or None) to a result of the command."""

    def command(files, *options):
        for name, docs in files.items():
            path = tmp_path / name
            if isinstance(docs, bytes):
                path.write_bytes(docs)
            elif docs is not None:
                DocBin(docs=docs, store_user_data=True).to_disk(path)
        paths = [str(tmp_path / name) for name in files]
        return CliRunner().invoke(app, ["seqtag", "check", *paths, *options])

    return command


def last(result):
    return result.output.strip().splitlines()[-1]


def test_sound(run):
    bare = Doc(Vocab(), words=["a"])
    whole = sound(srl_annotated=None)
    half = sound(srl_annotated=[(0, 3, "", "")], predicates=[(1, 2, "V", "")], srl=[])
    half.spans["predicate_parts"] = []
    result = run({"a.spacy": [sound(), bare], "b.spacy": [whole, half, Doc(Vocab())]})
    assert result.exit_code == 0, result.output
    assert "2 documents, 3 sentences, 8 words" in result.output
    assert "3 documents, 4 sentences, 14 words" in result.output
    rows = [line.split() for line in result.output.splitlines()]
    roles = [" ".join(row) for row in rows if row[:2] == ["semantic", "roles"]]
    assert roles[:2] == [
        "semantic roles 7 87.5% 1 2 1 2 predicates (2 rolesets), 3 arguments (2 roles)",
        "semantic roles 10 71.4% 4 3 1 3 predicates (3 rolesets), 3 arguments (2 roles)",
    ]
    assert ["ARG0", "2", "2"] in rows
    assert last(result).startswith("Sound, but for ")
    quiet = run({"a.spacy": [sound()]}, "--quiet")
    assert quiet.stdout == ""
    assert "2 sentences are few to train on" in quiet.stderr


def test_folder(run, tmp_path):
    DocBin(docs=[sound()]).to_disk(tmp_path / "c.spacy")
    DocBin(docs=[sound()]).to_disk(tmp_path / "d.spacy")
    # A folder is one split.
    output = run({"": None}).output
    assert "2 documents, 4 sentences" in output
    assert "2 of 4 sentences" not in output
    assert "labels" in output


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        (
            {"predicates": [(1, 2, "leave.01", ""), (4, 6, "give_up.08", "")]},
            "doc.spans['predicates'] [4:6] 'gave it' (give_up.08): a predicate is one token",
        ),
        (
            {"predicates": [(1, 2, "a", ""), (4, 5, "b", ""), (4, 5, "c", "")]},
            "doc.spans['predicates'] [4:5] 'gave' (c): there is another predicate on the same",
        ),
        (
            {"srl_annotated": [(0, 3, "", "")]},
            "doc.spans['predicates'] [4:5] 'gave' (give_up.08): outside every span of",
        ),
        ({"srl": [(0, 1, "ARG0", "")]}, "[0:1] 'Ann' (ARG0): id_ '' points to no token"),
        ({"srl": [(0, 1, "ARG0", "x1")]}, "id_ 'x1' points to no token (expected a signed"),
        ({"srl": [(0, 1, "ARG0", "-3")]}, "id_ '-3' points to token -3, outside the Doc of 7"),
        ({"srl": [(5, 6, "ARG1", "+2")]}, "id_ '+2' points to token 7, outside the Doc of 7"),
        ({"srl": [(0, 1, "ARG0", "+2")]}, "id_ '+2' points to '.', no predicate"),
        ({"srl": [(0, 1, "ARG0", "+4")]}, "outside the sentence of its predicate 'gave'"),
        ({"srl": [(2, 4, "ARG0", "+2")]}, "outside the sentence of its predicate 'gave'"),
        ({"srl": [(4, 6, "ARG0", "+0")]}, "covers its own predicate 'gave'"),
        (
            {"srl": [(5, 6, "ARG1", "-1"), (5, 6, "ARG2", "-1")]},
            "[5:6] 'it' (ARG2): overlaps 'it' of the same predicate",
        ),
        (
            {"srl": [(5, 7, "ARG1", "-1")]},
            "doc.spans['predicate_parts'] [6:7] 'up' (C-V): overlaps 'it up' of the same",
        ),
        ({"predicate_parts": [(6, 7, "C-V", "-1")]}, "id_ '-1' points to 'it', no predicate"),
    ],
)
def test_problems(run, tmp_path, groups, expected):
    doc = sound(**groups)
    doc.user_data["doc_id"] = "news-1"
    (problem,) = problems(doc)
    assert expected in problem
    result = run({"a.spacy": [sound(), doc], "b.spacy": [sound()]})
    assert result.exit_code == 1
    lines = result.output.strip().splitlines()
    assert lines[0] == f"{tmp_path / 'a.spacy'}: document 2 (news-1): {problem}"
    assert "a.spacy: 1 problem in the semantic roles of 2 documents" in result.output
    assert last(result).startswith("1 error, ")


def test_arguments_of_different_predicates_may_overlap():
    doc = Doc(Vocab(), words=["Ann", "wants", "to", "leave"])
    doc.spans["predicates"] = [Span(doc, 1, 2, "want.01"), Span(doc, 3, 4, "leave.01")]
    doc.spans["srl"] = [
        Span(doc, 0, 1, "ARG0", span_id="+1"),
        Span(doc, 0, 1, "ARG0", span_id="+3"),
        Span(doc, 2, 4, "ARG1", span_id="-1"),
    ]
    assert list(problems(doc)) == []


def test_spans_without_a_word():
    doc = sound(predicates=[(7, 7, "a", ""), (1, 2, "b", ""), (4, 5, "c", "")])
    (problem,) = problems(doc)
    assert "[7:7] '' (a): a predicate is one token, this has 0" in problem
    (problem,) = problems(sound(srl=[(5, 5, "ARG1", "-1")]))
    assert "[5:5] '' (ARG1): has no token" in problem


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"junk", "a.spacy: this is no .spacy file"), (None, "a.spacy: there is no such file")],
)
def test_bad_files(run, content, message):
    result = run({"a.spacy": content})
    assert result.exit_code == 1
    (line,) = result.output.strip().splitlines()
    assert message in line


# What is found before training

SENTENCE = ["Ann", "Lee", "saw", "the", "old", "man"]


def make(words=SENTENCE, tags="PROPN PROPN VERB DET ADJ NOUN", ents=None, starts=None):
    """A Doc with parts of speech and entities, of one sentence unless said otherwise."""
    return Doc(
        Vocab(),
        words=words,
        pos=tags.split() if tags else None,
        ents=ents,
        sent_starts=starts or [True] + [False] * (len(words) - 1),
    )


def test_nothing_annotated_is_an_error(run):
    result = run({"a.spacy": [make(tags="")] * 60})
    assert result.exit_code == 1
    assert "a.spacy: no layer is annotated" in result.output
    assert "seqtag convert" in result.output
    assert "Sound" not in result.output


@pytest.mark.parametrize(
    ("docs", "error", "message"),
    [
        ([Doc(Vocab()), Doc(Vocab(), words=["\n"])], True, "there is no document with words"),
        (
            [make(ents=["O", "O", "O", "O", "B-PER", "I-PER"], starts=[1, 0, 0, 0, 0, 1])],
            False,
            "1 of 1 entities goes on over the end of a sentence, where no tagger finds one: "
            "'old man' (document 1). ",
        ),
        (
            [make(["Ann", " ", "saw"], "PROPN SPACE VERB", ["B-PER", "I-PER", "O"])],
            True,
            "1 of 1 entities begins or ends in white space",
        ),
        ([make(ents=["O"] * 6)], False, "entities are annotated, but there is not one of them"),
        ([make(), Doc(Vocab())], False, "1 document has no words"),
        (
            [Doc(Vocab(), words=["a", "b"], pos=["X", "X"])],
            False,
            "1 of 1 documents has no sentence boundaries; each counts as one sentence: 'a b'",
        ),
        (
            [make(), make(["Go"], "VERB"), make(), make(["Go"], "VERB")],
            False,
            "1 of 4 sentences (25.0%) repeats one of before (of 5 words and more): "
            "'Ann Lee saw the old man'",
        ),
        (
            [make(), make(tags="PROPN PROPN VERB DET NOUN NOUN")],
            False,
            "1 sentence has other parts of speech (pos) than one of before",
        ),
        (
            [make(["Oslo"], "PROPN", ["B-LOC"]), make(["Oslo"], "PROPN", ["B-ORG"])],
            False,
            "1 sentence has other entities than one of before with the same words: 'Oslo'",
        ),
        (
            [sound(), sound(predicates=[(1, 2, "leave.02", ""), (4, 5, "give_up.08", "")])],
            False,
            "1 sentence has other semantic roles than one of before with the same words: "
            "'Ann left .'",
        ),
        (
            [make(["Oslo", "Rom"], "PROPN PROPN", ["B-LOC", "B-Loc "])],
            False,
            "labels of entities that differ in case or blanks alone: 'LOC' and 'Loc '",
        ),
        ([make()], False, "1 sentence is few to train on"),
        ([make()], False, "5 of 5 labels of parts of speech (pos) occur less than 10 times: "),
        (
            [make(["\x1b[2J" + "a" * 999] * 5, "X X X X X")] * 2,
            False,
            "'\\x1b[2J" + "a" * 56 + "…' (document 2)",
        ),
    ],
)
def test_findings(run, docs, error, message):
    result = run({"a.spacy": docs})
    assert result.exit_code == int(error)
    (line,) = [line for line in result.output.splitlines() if message in line]
    if not error:
        assert last(result).startswith("Sound, but for")
        strict = run({"a.spacy": docs}, "--strict", "--quiet")
        assert strict.exit_code == 1
        assert line in strict.output


def test_what_is_not_annotated_contradicts_nothing(run):
    docs = [make(ents=["O"] * 6), make(tags=""), make(ents=[""] * 6)]
    output = run({"a.spacy": docs}).output
    assert "repeat one of before" in output
    assert "have other" not in output
    assert "has other" not in output


def test_splits_are_compared(run, tmp_path):
    train = [make(["Ann", "sang"], "PROPN VERB", ["B-PER", "O"]), make()]
    dev = [make(), make(["Oslo"], "PROPN", ["B-LOC"])]
    test = [make(["Go"], "VERB")]
    result = run({"train.spacy": train, "dev.spacy": dev, "test.spacy": test})
    assert result.exit_code == 0
    one, two, three = (str(tmp_path / f"{name}.spacy") for name in ("train", "dev", "test"))
    for line in (
        f"{two}: 1 of 2 sentences (50.0%) occurs in {one}, too (of 5 words and more), so that "
        "scores are too high: 'Ann Lee saw the old man' (document 1)",
        f"{two}: 1 label of entities is in {one}, but not in {two}: PER (1)",
        f"{two}: 1 label of entities is in {two}, but not in {one}: LOC (1)",
        f"{three}: entities: annotated in {one}, but not in {three}",
    ):
        assert line in result.output.splitlines()


def test_words_that_the_encoder_cannot_read(run, tiny_bert):
    docs = [make(["Ann", "saw", "☃", "\u200b", "\n", *["very"] * 200], " ".join(["X"] * 205))]
    result = run({"a.spacy": docs}, "--base-model", tiny_bert)
    assert result.exit_code == 0, result.output
    for message in (
        "1 of 204 words (0.5%) has no wordpiece: the encoder does not see it: '\\u200b'",
        "1 of 204 words (0.5%) has wordpieces that the encoder does not know: '☃' (document 1)",
        "1 of 1 sentences has more than 126 wordpieces and is read in pieces: ",
    ):
        assert message in result.output
    assert "wordpiece" not in run({"a.spacy": docs}).output


def test_words_of_raw_text(run):
    docs = [make(["do", "not", "see", "New-York"], "X X X X", ["O", "O", "O", "B-LOC"])]
    docs += [Doc(Vocab(), words=["ca", "n't", "Anns", "book"], spaces=[False, True, False, False],
                 pos=["X"] * 4, ents=["O", "O", "B-PER", "O"])]  # fmt: skip
    output = run({"a.spacy": docs}, "--lang", "en").output
    assert (
        "3 of 8 words (37.5%) are others where the language's tokenizer cuts the raw text: "
        "'New-York' (document 1), 'Anns' (document 2), 'book' (document 2). "
    ) in output
    assert (
        "1 of 2 entities begins or ends within a word of the language's tokenizer: 'Anns'" in output
    )


@pytest.mark.parametrize("options", [("--base-model", "./nowhere"), ("--lang", "no-such-language")])
def test_options_that_name_nothing(run, options):
    result = run({"a.spacy": [make()]}, *options)
    assert result.exit_code == 1
    assert options[1] in last(result)


def test_label_tables_are_cut(run):
    doc = make([str(i) for i in range(30)], " ".join(["X"] * 30), [f"B-L{i}" for i in range(30)])
    assert "and 10 more (--all)" in run({"a.spacy": [doc]}).output
    assert "more (--all)" not in run({"a.spacy": [doc]}, "--all").output


def part_annotated(labels, ents=("B-PER", "O", "O", "O", "", "O", "O")):
    doc = Doc(Vocab(), words=WORDS, ents=list(ents))
    annotated_for(doc, labels)
    return doc


def test_known_in_part(run):
    result = run({"a.spacy": [part_annotated(["PER"]), part_annotated([])]})
    assert result.exit_code == 0, result.output
    rows = [" ".join(line.split()) for line in result.output.splitlines()]
    assert "entities 2 14.3% 12 0 2 2 entities (1)" in rows
    assert (
        "entities: of 5 words (35.7%) not annotated it is known that they belong to no entity of "
        "some labels: PER (5)"
    ) in rows
    assert "entity_share" not in result.output


def test_entities_alone(run):
    """Nothing is known of the words outside of entities."""
    result = run({"a.spacy": [part_annotated([])]})
    assert result.exit_code == 0, result.output
    assert "Set entity_share in [components.ner]" in result.output


def test_a_label_that_was_looked_for_and_does_not_exist(run):
    result = run({"a.spacy": [part_annotated(["PERS"])]})
    assert result.exit_code == 1
    (line,) = [line for line in result.output.splitlines() if "that no entity has" in line]
    assert "entities were looked for of a label that no entity has: PERS. Name labels of" in line
    assert line.endswith(": PER")


def test_no_entity_was_found_in_a_split(run):
    """It is annotation all the same."""
    none = part_annotated(["PER"], ents="O" * len(WORDS))
    result = run({"a.spacy": [part_annotated(["PER"])], "b.spacy": [none]})
    assert result.exit_code == 0, result.output
    assert "no layer is annotated" not in result.output
    assert "annotated in" not in result.output.replace("not annotated", "")
