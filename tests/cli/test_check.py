"""`python -m spacy seqtag check`, and the problems that it reports."""

import pytest
from spacy.cli._util import app
from spacy.tokens import Doc, DocBin, Span
from spacy.vocab import Vocab
from typer.testing import CliRunner

import spacy_seqtag.cli  # noqa: F401  (adds the command)
from spacy_seqtag.frames import problems

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


def test_sound(run):
    bare = Doc(Vocab(), words=["a"])
    whole = sound(srl_annotated=None)
    half = sound(srl_annotated=[(0, 3, "", "")], predicates=[(1, 2, "V", "")], srl=[])
    half.spans["predicate_parts"] = []
    result = run({"a.spacy": [sound(), bare], "b.spacy": [whole, half, Doc(Vocab())]})
    assert result.exit_code == 0, result.output
    assert result.output.strip() == (
        "Sound: 5 documents, 5 of 7 sentences with semantic roles, 5 predicates, 6 arguments"
    )
    assert run({"a.spacy": [sound()]}, "--quiet").output == ""


def test_folder(run, tmp_path):
    DocBin(docs=[sound()]).to_disk(tmp_path / "c.spacy")
    assert "Sound: 1 documents" in run({"": None}).output


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
    first, _, last = result.output.strip().splitlines()
    assert first == f"{tmp_path / 'a.spacy'}: document 2 (news-1): {problem}"
    assert "1 problems in the semantic roles of 3 documents" in last


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
