"""`python -m spacy seqtag convert`."""

import pytest
from spacy.cli._util import app
from spacy.tokens import DocBin
from spacy.vocab import Vocab
from typer.testing import CliRunner

import spacy_seqtag.cli  # noqa: F401  (adds the command)


def word(identifier, form):
    return f"{identifier}\t{form}\t_\tNOUN\tNN\t_\t_\t_\t_\t_\n"


WORDS = f"# sent_id = a\n{word(1, 'Ann')}{word(2, 'ran')}\n# sent_id = b\n{word(1, 'Oslo')}"
TAGS = "# sent_id = a\n1\tAnn\tB-PER\n2\tran\tO\n\n# sent_id = b\n1\tOslo\tB-LOC\n"


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Function from files (name to text or bytes) and options to a result of the command."""
    monkeypatch.chdir(tmp_path)

    def command(files, *options):
        for name, content in files.items():
            if content is not None:
                data = content if isinstance(content, bytes) else content.encode("utf8")
                (tmp_path / name).write_bytes(data)
        arguments = ["seqtag", "convert", *files, "--output", "out.spacy", *options]
        return CliRunner().invoke(app, arguments)

    return command


def test_convert(run, tmp_path):
    result = run({"w.conllu": WORDS, "t.iob2": TAGS}, "--docs-by", "sentence")
    assert result.exit_code == 0, result.output
    lines = [line.split() for line in result.output.splitlines()]
    assert ["Documents", "2"] in lines
    assert ["Words", "with", "entities", "3"] in lines
    assert ["Entities", "PER", "1"] in lines
    assert "Wrote out.spacy" in result.output
    docs = list(DocBin().from_disk(tmp_path / "out.spacy").get_docs(Vocab()))
    assert [doc.ents[0].label_ for doc in docs] == ["PER", "LOC"]


def test_quiet(run, tmp_path):
    result = run({"w.txt": "Ann I-PER\n\nOslo O\nAnn I-PER\n"}, "--quiet", "--scheme", "iob2")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr.startswith("⚠ 2 tags continued no entity and were read as B-:\n  ")
    assert (tmp_path / "out.spacy").exists()


def test_what_was_read_and_what_was_not(run):
    text = "# text = Bo x\n1\tAnn\tB-PER\tO\tx\n2\tLee\tI-PER\tB-LOC\tx\n"
    result = run({"t.tsv": text}, "--columns", "index,word,tag,-,-")
    assert result.exit_code == 0, result.output
    output = " ".join(result.output.split())
    assert "t.tsv: columns read as `index word tag - -`" in output
    assert "t.tsv: column 4 was not read ('O', 'B-LOC')" in output
    assert "t.tsv: column 5 was not read ('x')" in output
    assert "sentence t-1: word 1 is 'Ann', the text has 'Bo x'" in output


def test_schemes(run):
    text = "Ann B-PER\nMay M-PER\nLee E-PER\n"
    result = run({"t.bio": text}, "--scheme", "bmes")
    assert ["Entities", "PER", "1"] in [line.split() for line in result.output.splitlines()]
    result = run({"t.bio": text}, "--scheme", "iob2")
    assert "t.bio:2: unknown prefix 'M-' of tag 'M-PER', expected B-, I- and" in result.output


def test_files_do_not_steer_the_terminal(run):
    result = run({"t.tsv": "Ann\tB-\x1b[31mX\nBo\tI-\x1b[31mY\n"})
    assert result.exit_code == 0, result.output
    assert "\x1b[31m" not in result.output
    assert r"Entities \x1b[31mX" in result.output
    assert r"I-\x1b[31mY read as B-\x1b[31mY" in result.output
    result = run({"t.tsv": "Ann\tO\nBo\t\x1b[31m" + "x" * 100_000 + "\n"})
    assert result.exit_code == 1
    assert r"t.tsv:2: unknown tag '\x1b[31mxxx" in result.output
    assert len(result.output) < 500


def test_report(run):
    other = TAGS.replace("\tAnn", "\tAnna").replace("B-LOC", "I-LOC")
    result = run(
        {"w.conllu": WORDS, "t.iob2": other + "\n# sent_id = c\n1\tNo\tB-LOC\n"},
        *("--max-mismatch", "0.5"),
    )
    assert result.exit_code == 0, result.output
    assert "1 tag continued no entity" in result.output
    assert "t.iob2:6: I-LOC read as B-LOC" in result.output
    assert "1 sentence has other words" in result.output
    assert "t.iob2:2: sentence a: word 1 is 'Anna', but 'Ann' in w.conllu:2" in result.output
    assert "1 sentence of further files was not used" in result.output
    assert "2 sentences belong to no marked document" in " ".join(result.output.split())


@pytest.mark.parametrize(
    ("files", "options", "message"),
    [
        ({"w.conllu": WORDS[:-3]}, (), "w.conllu:6: expected 10 tab-separated columns, found 9."),
        ({"t.iob": "Ann B-PER\nran Q-X\n"}, (), "t.iob:2: unknown prefix 'Q-' of tag 'Q-X'"),
        ({"t.iob": "a B-X\na O\na I-X\n"}, ("--strict",), "t.iob:3: I-X continues no entity"),
        ({"w.conllu": WORDS.encode() + b"\xff"}, (), "w.conllu:7: not UTF-8: byte 0xff"),
        ({"w.conllu": ""}, (), "w.conllu: the file is empty."),
        ({"w.conllu": None}, (), "w.conllu: there is no such file."),
        ({"w.conllu": WORDS, "t.iob2": None}, (), "t.iob2: there is no such file."),
        (
            {"w.conllu": WORDS, "t.iob2": TAGS.replace("Ann", "Anna")},
            (),
            "t.iob2:2: layers of different sentences: 1 of 2 sentences",
        ),
        ({"w.conllu": WORDS, "t.iob": "Ann O\n"}, (), "t.iob:1: layers of different sentences: 1 "),
        ({"w.spacy": b"junk"}, (), "w.spacy: this is no .spacy file, or a damaged one."),
        ({"w.xml": WORDS}, (), "w.xml: the ending does not tell the format"),
        ({"w.conllu": WORDS}, ("--docs-by", "none"), "--docs-by is 'none', expected"),
        ({"t.txt": "Ann NNP\nran VBD\n"}, (), "t.txt:1: 2 columns: no column holds entity tags"),
        (
            {"t.txt": "1 CD O\n"},
            (),
            "Name the columns, as in --columns index,word,tag (index, word, ",
        ),
        ({"t.txt": "a O\n"}, ("--columns", "word,x"), "--columns is 'word,x': there is no column"),
        ({"w.conllu": WORDS}, ("--lang", "q"), "--lang q: spaCy knows no such language"),
    ],
)
def test_bad_input(run, tmp_path, files, options, message):
    result = run(files, *options)
    assert result.exit_code == 1
    (line,) = result.output.strip().splitlines()
    assert message in line
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {name for name, content in files.items() if content is not None}


def test_output_of_before_stays(run, tmp_path):
    (tmp_path / "out.spacy").write_bytes(b"before")
    assert run({"w.conllu": WORDS + "x"}).exit_code == 1
    assert (tmp_path / "out.spacy").read_bytes() == b"before"


GOLD = "d 0 0 Ann NN * - - (ARG0*)\nd 0 1 ran NN * run run.01 (V*)\n\nd 1 0 Oslo NN * - -\n"
NAMED = "# newdoc id = d\n" + WORDS


def test_semantic_roles(run, tmp_path):
    result = run({"w.conllu": NAMED, "p.gold_conll": GOLD})
    assert result.exit_code == 0, result.output
    lines = [line.split() for line in result.output.splitlines()]
    assert ["Predicates", "1"] in lines
    assert ["Arguments", "1"] in lines
    assert ["Sentences", "without", "semantic", "roles", "0"] in lines
    (doc,) = DocBin().from_disk(tmp_path / "out.spacy").get_docs(Vocab())
    assert [span.label_ for span in doc.spans["predicates"]] == ["run.01"]


SKEL = GOLD.replace("Ann", "[WORD]").replace("ran", "[WORD]").replace("Oslo", "[WORD]")


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"w.conllu": WORDS, "p.gold_skel": SKEL}, "p.gold_skel: layers of different documents"),
        ({"p.gold_skel": SKEL}, "p.gold_skel:1: the words are masked as [WORD]"),
        (
            {"w.conllu": NAMED, "p.gold_skel": SKEL.replace("(ARG0*)", "(ARG0*")},
            "p.gold_skel:1: the",
        ),
        ({"w.conllu": NAMED, "p.gold_skel": SKEL.replace("ARG0", "V")}, "p.gold_skel:2: 2 V in"),
        ({"w.conllu": NAMED, "p.gold_skel": SKEL.replace("(ARG0*)", "")}, "p.gold_skel:2: 9 col"),
        (
            {"w.conllu": NAMED, "p.gold_skel": SKEL.replace("* - -\n", "* go go.01\n")},
            "p.gold_skel:4: the predicate 'go.01' has no column",
        ),
    ],
)
def test_bad_propbank(run, tmp_path, files, message):
    result = run(files)
    assert result.exit_code == 1
    (line,) = result.output.strip().splitlines()
    assert message in line
    assert {path.name for path in tmp_path.iterdir()} == set(files)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["我们", "在", "北京", "IBM"], "62% of the letters are not Latin"),
        (["Größe", "naïve", "Łódź", "Zürich", "“", "2026"], None),
        (["Moscow", "Москва"], None),  # half of it
        (["ประเทศ", "ไทย"], "100% of the letters"),
        (["1", "2", "—"], None),
    ],
)
def test_text_that_is_not_english(run, words, said):
    text = "".join(word(i, form) for i, form in enumerate(words, 1))
    result = run({"w.conllu": text})
    assert result.exit_code == 0, result.output
    assert ("not Latin" in result.output) == (said is not None)
    assert said is None or said in " ".join(result.output.split())
    assert "not Latin" not in run({"w.conllu": text}, "--lang", "zh").output
    assert ("not Latin" in run({"w.conllu": text}, "--quiet").stderr) == (said is not None)


def test_sample_of_sentences(run, tmp_path):
    result = run({"w.conllu": WORDS, "t.iob2": TAGS}, "--subset", "0.5")
    assert result.exit_code == 0, result.output
    assert "a sample of 1 of 2 sentences, drawn with seed 0" in result.output
    (doc,) = DocBin().from_disk(tmp_path / "out.spacy").get_docs(Vocab())
    assert len(doc.ents) == 1
    result = run({"w.conllu": WORDS, "t.iob2": TAGS}, "--limit", "1", "--seed", "4")
    assert "drawn with seed 4" in result.output
    result = run({"w.conllu": WORDS, "t.iob2": TAGS}, "--limit", "1", "--rest")
    assert "the rest beside a sample: 1 of 2 sentences" in result.output


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--subset", "0"), "--subset 0.0: give a number above 0 and at most 1"),
        (("--subset", "1.5"), "--subset 1.5: give a number above 0 and at most 1"),
        (("--subset", "nan"), "--subset nan: give a number above 0 and at most 1"),
        (("--limit", "0"), "--limit 0: give a whole number of at least 1"),
        (("--seed", "-1"), "--seed -1: give a whole number of at least 0"),
        (("--subset", "0.5", "--limit", "5"), "--subset and --limit: give one of them"),
        (("--rest",), "--rest: the rest of what? Draw a sample with --subset or --limit"),
        (("--limit", "2", "--rest"), "the sample is all of the file, and there is no rest"),
    ],
)
def test_no_such_sample(run, tmp_path, options, message):
    result = run({"w.conllu": WORDS}, *options)
    assert result.exit_code == 1
    assert message in result.output
    assert len(result.output.strip().splitlines()) == 1
    assert not (tmp_path / "out.spacy").exists()


TYPO = "B-PER\tAnn\nO\tleft\n_\tfor\nB-LOC\tOslo\n"


def test_entity_labels(run, tmp_path):
    result = run({"t.tsv": TYPO}, "--columns", "tag,word", "--entity-labels", "PER, LOC")
    assert result.exit_code == 0, result.output
    output = " ".join(result.output.split())
    assert "words outside of entities count as not annotated, but that they belong to no" in output
    (doc,) = DocBin().from_disk(tmp_path / "out.spacy").get_docs(Vocab())
    assert [token.ent_iob_ for token in doc] == ["B", "", "", "B"]
    found = [(span.start, span.end, span.label_) for span in doc.spans["no_entity"]]
    assert found == [(1, 2, "PER"), (1, 2, "LOC")]


def test_entity_labels_none(run, tmp_path):
    result = run({"t.tsv": TYPO}, "--columns", "tag,word", "--entity-labels", "-")
    assert result.exit_code == 0, result.output
    assert ["Words", "with", "entities", "2"] in [row.split() for row in result.output.splitlines()]
    assert "nothing is known of them" in " ".join(result.output.split())
    (doc,) = DocBin().from_disk(tmp_path / "out.spacy").get_docs(Vocab())
    assert [token.ent_iob_ for token in doc] == ["B", "", "", "B"]
    assert "no_entity" not in doc.spans


@pytest.mark.parametrize("labels", ["PERS", "PERSON", "per", "EVENT", "LOC,PERS", "PER,loc"])
def test_entity_labels_that_are_mistyped(run, tmp_path, labels):
    options = ("--columns", "tag,word", "--entity-labels", labels, "--quiet")
    result = run({"t.tsv": TYPO}, *options)
    assert result.exit_code == 1
    (line,) = result.output.strip().splitlines()
    (wrong,) = set(labels.split(",")) - {"PER", "LOC"}
    assert f"t.tsv: no entity has the label {wrong} of --entity-labels; there are: LOC, PER" in line
    assert not (tmp_path / "out.spacy").exists()


@pytest.mark.parametrize(
    ("file", "labels"),
    [
        (TYPO, "PER,EVENT"),  # some are there
        (TYPO, "PER,LOC,PERS"),  # PER is another one, as it is named, too
        ("O\tAnn\n", "PER"),  # there is no entity at all
    ],
)
def test_entity_labels_that_no_entity_has(run, file, labels):
    """As in one of several files of a source."""
    result = run({"t.tsv": file}, "--columns", "tag,word", "--entity-labels", labels)
    assert result.exit_code == 0, result.output
    output = " ".join(result.output.split())
    assert f"no entity has the label {labels.split(',')[-1]}; there are: " in output


def test_entity_labels_of_a_sample(run):
    """It may lack what the file has."""
    file = f"{TYPO}\nB-ORG\tUN\n"
    for seed in range(4):
        options = ("--entity-labels", "ORG", "--limit", 1, "--seed", seed)
        assert run({"t.tsv": file}, "--columns", "tag,word", *map(str, options)).exit_code == 0


@pytest.mark.parametrize("labels", ["", "PER,,LOC", ","])
def test_empty_entity_labels(run, tmp_path, labels):
    result = run({"t.tsv": TYPO}, "--columns", "tag,word", "--entity-labels", labels)
    assert result.exit_code == 1
    assert f"--entity-labels {labels!r} has an empty label" in result.output
    assert len(result.output.strip().splitlines()) == 1
    assert not (tmp_path / "out.spacy").exists()
