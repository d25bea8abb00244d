"""The list of formats, and what follows from it."""

from collections.abc import Iterator

import pytest
from spacy.cli._util import app
from typer.testing import CliRunner

import spacy_seqtag.cli  # noqa: F401  (adds the commands)
from spacy_seqtag.corpus.convert import convert
from spacy_seqtag.corpus.errors import FormatError
from spacy_seqtag.corpus.formats import FORMATS, WRITERS, format_of
from spacy_seqtag.corpus.formats.format import Format
from spacy_seqtag.corpus.formats.lines import read_lines
from spacy_seqtag.corpus.sentence import Sentence


def read_foo(path, options, remarks) -> Iterator[Sentence]:
    """One sentence per line, its words separated by colons."""
    for number, text in read_lines(path, options.progress):
        words = text.split(":")
        yield Sentence(f"f{number}", None, words, [True] * len(words), path, number)


FOO = Format("foo", (".foo",), "words between colons", read=read_foo)


@pytest.fixture
def foo(monkeypatch):
    monkeypatch.setitem(FORMATS, "foo", FOO)


def test_a_format_that_is_added_is_read_and_joined(foo, tmp_path, run):
    path = tmp_path / "a.foo"
    path.write_text("Ann:ran\nOslo\n", encoding="utf8")
    layer = tmp_path / "a.iob"
    layer.write_text("Ann B-PER\nran O\n\nOslo B-LOC\n", encoding="utf8")
    summary, (doc,) = run(path, layer)
    assert doc.text == "Ann ran Oslo"
    assert [ent.text for ent in doc.ents] == ["Ann", "Oslo"]
    summary, (doc,) = run(layer, path)
    assert summary.sentences == 2
    with pytest.raises(FormatError, match=r"expected one of .*, \.foo\. Rename"):
        format_of(tmp_path / "a.bar")


@pytest.mark.parametrize("fmt", FORMATS.values(), ids=FORMATS.keys())
def test_every_format(fmt, tmp_path):
    if fmt.name == "parquet":
        pytest.importorskip("pyarrow", reason="the extra `parquet` is not installed")
    assert FORMATS[fmt.name] is fmt
    assert fmt.read is not None or fmt.layer is not None
    for suffix in fmt.suffixes:
        assert suffix == suffix.lower()
        assert format_of(tmp_path / f"a{suffix.upper()}") is by_ending(suffix)
    # Every reader says in one line that there is nothing to read.
    empty = tmp_path / f"a{fmt.suffixes[0]}"
    empty.write_bytes(b"")
    with pytest.raises(FormatError, match=r"empty|damaged|no words of its own|is not there"):
        convert([empty], tmp_path / "out.spacy", file_format=fmt.name)


def by_ending(suffix):
    """The format of a file whose content says nothing."""
    found = [fmt for fmt in FORMATS.values() if suffix in fmt.suffixes]
    return found[-1]


def test_where_formats_share_an_ending_the_content_tells():
    """Only the last one may take what the others do not recognise; likewise for folders."""
    for suffix in {suffix for fmt in FORMATS.values() for suffix in fmt.suffixes}:
        *others, _ = [fmt for fmt in FORMATS.values() if suffix in fmt.suffixes]
        assert all(fmt.recognises for fmt in others), suffix
    *others, _ = [fmt for fmt in FORMATS.values() if fmt.takes_folders]
    assert all(fmt.recognises for fmt in others)


def test_the_commands_take_everything_from_the_list():
    runner = CliRunner()
    text = " ".join(runner.invoke(app, ["seqtag", "convert", "--help"]).output.split())
    for fmt in FORMATS.values():
        assert ", ".join(fmt.suffixes) in text
    text = " ".join(runner.invoke(app, ["seqtag", "export", "--help"]).output.split())
    for writer in WRITERS.values():
        assert f"{writer.name}: {writer.help}" in text
    for command, option in (("convert", "--format"), ("convert", "--scheme"), ("export", "-f")):
        result = runner.invoke(app, ["seqtag", command, "a.spacy", "-o", "b.spacy", option, "x"])
        assert result.exit_code == 2
        assert "'x' is not one of '" in result.output
