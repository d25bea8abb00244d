"""`python -m spacy seqtag export`."""

import json

import pytest
from spacy.cli._util import app
from spacy.tokens import Doc, DocBin, Span
from spacy.vocab import Vocab
from typer.testing import CliRunner

import spacy_seqtag.cli  # noqa: F401  (adds the command)
from spacy_seqtag.compression import decompressed


def doc(*, annotated=True, role="ARG0"):
    """`Ann left. Yes`, with semantic roles in the first sentence."""
    result = Doc(Vocab(), words=["Ann", "left", ".", "Yes"], sent_starts=[1, -1, -1, 1])
    result.user_data["doc_id"] = "d"
    if annotated:
        result.spans["predicates"] = [Span(result, 1, 2, "leave.01")]
        result.spans["srl"] = [Span(result, 0, 1, role, span_id="+1")]
        result.spans["srl_annotated"] = [result[0:3]]
    return result


def save(path, *docs):
    DocBin(docs=docs, store_user_data=True).to_disk(path)


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Function from arguments to a result of the command, in a folder with a.spacy."""
    monkeypatch.chdir(tmp_path)
    save("a.spacy", doc())
    return lambda *arguments: CliRunner().invoke(app, ["seqtag", "export", *arguments])


def test_props(run, tmp_path):
    result = run("a.spacy", "--format", "props", "--output", "new/a.props")
    assert result.exit_code == 0, result.output
    assert "Wrote 1 sentence, 1 predicate to new/a.props" in result.output
    assert (tmp_path / "new" / "a.props").read_text(
        "utf8"
    ) == "-     (A0*)\nleft   (V*)\n-         *\n\n"


def test_gold_conll_is_read_again(run, tmp_path):
    assert run("a.spacy", "-f", "gold_conll", "-o", "a.gold_conll", "-q").output == ""
    arguments = ["seqtag", "convert", "a.gold_conll", "--output", "b.spacy"]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    (read,) = DocBin().from_disk("b.spacy").get_docs(Vocab())
    assert [(s.start, s.end, s.label_, s.id_) for s in read.spans["srl"]] == [(0, 1, "ARG0", "+1")]
    assert read.user_data["doc_id"] == "d"


def test_like(run, tmp_path):
    prediction = doc(role="ARG1")
    prediction.spans["srl_annotated"] = [prediction[0:3], prediction[3:4]]
    save("p.spacy", prediction)
    for name in ("a", "p"):
        result = run(f"{name}.spacy", "-f", "props", "-o", f"{name}.props", "--like", "a.spacy")
        assert result.exit_code == 0, result.output
    gold, predicted = ((tmp_path / f"{n}.props").read_text("utf8") for n in ("a", "p"))
    assert predicted == gold.replace("A0", "A1")


def test_compressed_and_to_standard_output(run, tmp_path):
    assert run("a.spacy", "-f", "conllu", "-o", "a.conllu").exit_code == 0
    plain = (tmp_path / "a.conllu").read_bytes()
    for ending in (".gz", ".zst"):
        if ending == ".zst":
            pytest.importorskip("zstandard", reason="needs the extra zstd")
        name = f"a.conllu{ending}"
        assert run("a.spacy", "-f", "conllu", "-o", name).exit_code == 0
        with decompressed((tmp_path / name).open("rb"), ending) as file:
            assert file.read() == plain
    result = run("a.spacy", "-f", "conllu", "-o", "-")
    assert result.stdout_bytes == plain
    assert not (tmp_path / "-").exists()


def test_what_is_left_out(run):
    result = run("a.spacy", "-f", "gold_conll", "-o", "a.gold_conll")
    words = " ".join(result.stdout.split())
    assert "Not in the file, as gold_conll does not hold it: 1 sentence that is not" in words
    result = run("a.spacy", "-f", "gold_conll", "-o", "-")
    assert "Not in the file" not in result.stdout
    assert "Not in the file" in result.stderr
    result = run("a.spacy", "-f", "gold_conll", "-o", "a.gold_conll", "--json")
    found = json.loads(result.stdout)
    assert (found["sentences"], found["predicates"]) == (1, 1)
    assert found["left_out"] == {"sentences that are not annotated with semantic roles": 1}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-f", "iob2", "-o", "out"], "a.spacy: no word of it is annotated with entities"),
        (["-f", "conllu", "-o", "out", "--like", "a.spacy"], "--like is for formats of semantic"),
        (["-f", "conllu", "-o", "-", "--json"], "both would go to standard output"),
    ],
)
def test_what_does_not_go_together(run, tmp_path, arguments, message):
    result = run("a.spacy", *arguments)
    assert result.exit_code == 1
    assert message in result.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.spacy"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["a.spacy", "-o", "a.spacy"], "a.spacy: the output is a folder or one of the inputs"),
        (["a.spacy", "-o", "."], "the output is a folder or one of the inputs"),
        (["x.spacy", "-o", "out"], "x.spacy: there is no such file"),
        ([".", "-o", "out"], ".: this is a folder. Name a .spacy file in it"),
        (["junk.spacy", "-o", "out"], "junk.spacy: this is no .spacy file"),
        (["bare.spacy", "-o", "new/out"], "bare.spacy: no document has semantic roles."),
        (["a.spacy", "-o", "out", "--like", "two.spacy"], "the other Docs go on at document 2"),
        (["bad.spacy", "-o", "out"], "bad.spacy: d, sentence 0: V [1:2] of 'leave.01' overlaps"),
    ],
)
def test_bad_input(run, tmp_path, arguments, message):
    (tmp_path / "junk.spacy").write_bytes(b"junk")
    save("bare.spacy", doc(annotated=False))
    save("two.spacy", doc(), doc())
    bad = doc()
    bad.spans["srl"] = [Span(bad, 0, 2, "ARG0", span_id="+1")]
    save("bad.spacy", bad)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    result = run(*arguments, "--format", "props")
    assert result.exit_code == 1
    (line,) = result.output.strip().splitlines()
    assert message in line
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
