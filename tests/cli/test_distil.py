"""`python -m spacy seqtag distil`: what it writes, and one clear line for everything else."""

import shutil

import pytest
import spacy
from spacy.cli._util import app
from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab
from typer.testing import CliRunner

import spacy_seqtag.cli  # noqa: F401  (adds the command)
from spacy_seqtag.corpus.docbin_read import read_docs
from spacy_seqtag.soft_labels import get_soft_labels


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Function from arguments to a result of the command, in a folder with raw.txt."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "raw.txt").write_text("Ann left.\n\nBob saw it.\n", "utf8")
    return lambda *args: CliRunner().invoke(app, ["seqtag", "distil", *args, "-o", "soft.spacy"])


@pytest.fixture
def fails(run, tmp_path):
    """Function from arguments to the one line in which the command says what is wrong.

    warning: part of the one warning before it, "" if there is none.
    """

    def check(*arguments, warning=""):
        (tmp_path / "soft.spacy").write_bytes(b"before")
        before = sorted(path.name for path in tmp_path.iterdir())
        result = run(*arguments)
        assert result.exit_code == 1, result.output
        assert (tmp_path / "soft.spacy").read_bytes() == b"before"
        assert sorted(path.name for path in tmp_path.iterdir()) == before
        assert result.stdout == ""
        *warnings, line = result.stderr.splitlines()
        assert len(warnings) == bool(warning)
        assert warning in "".join(warnings)
        return line

    return check


def save_pipeline(tmp_path, make_nlp, tiny_bert, examples, name):
    nlp = make_nlp(tiny_bert, ["seqtag_ner"])
    nlp.initialize(lambda: examples)
    nlp.to_disk(tmp_path / name)
    return str(tmp_path / name)


def test_writes_a_corpus(run, trained_path, tmp_path):
    result = run(str(trained_path), "raw.txt")
    assert result.exit_code == 0, result.output
    assert "Wrote soft.spacy: pos, ents of 1 teacher" in result.output
    docs = list(read_docs(tmp_path / "soft.spacy", Vocab()))
    assert [doc.text for doc in docs] == ["Ann left.", "Bob saw it."]
    assert all(get_soft_labels(doc) for doc in docs)


def test_quiet(run, trained_path):
    result = run(str(trained_path), "raw.txt", "--quiet")
    assert (result.exit_code, result.output) == (0, "")


def test_a_folder_of_all_formats(run, trained_path, tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "a.jsonl").write_text('{"text": "One two."}\n\n{"text": " ", "x": 1}\n', "utf8")
    (folder / "b.txt").write_text("\ufeffThree.\r\nFour.", "utf-8")
    doc = Doc(Vocab(), words=["Fi", "ve"], spaces=[False, False], pos=["NOUN", "VERB"])
    DocBin(docs=[doc, Doc(Vocab())]).to_disk(folder / "c.spacy")
    (folder / "notes.md").write_text("not read")
    assert run(str(trained_path), "folder").exit_code == 0
    docs = list(read_docs(tmp_path / "soft.spacy", Vocab()))
    assert [doc.text for doc in docs] == ["One two.", "Three.", "Four.", "Five"]
    assert [token.text for token in docs[3]] == ["Fi", "ve"]


BAD_TEXTS = {
    "empty.txt": (b"", "the file is empty"),
    "blank.txt": (b"\n  \n\n", "there is no text"),
    "latin.txt": ("Ann\nZo\u00eb\n".encode("latin-1"), "latin.txt:2: not UTF-8: byte 0xeb"),
    "wide.txt": ("Ann".encode("utf-16"), "wide.txt:1: not UTF-8"),
    "nul.txt": (b"a\0b\n", "NUL character"),
    "long.txt": (b"a\n" + b"word " * 250_000, r"long.txt:2: a line of more than 1,000,000 bytes"),
    "no.jsonl": (b'{"text": "a"}\nnothing\n', r"no.jsonl:2: this is no JSON"),
    "other.jsonl": (b'{"txt": "a"}\n', 'other.jsonl:1: expected an object with a string "text"'),
    "deep.jsonl": (b'{"text": ' + b"[" * 100_000 + b"\n", "deep.jsonl:1: this is no JSON"),
    "half.jsonl": (
        b'{"text": "a"}\n{"text": "a \\ud83d"}\n',
        "half.jsonl:2: the text has an escape",
    ),
    "zero.jsonl": (b'{"text": "a\\u0000b"}\n', "zero.jsonl:1: the text has an escape that is no"),
    "list.jsonl": (b'["a"]\n', "list.jsonl:1: expected an object"),
    "damaged.spacy": (b"junk", "damaged.spacy: this is no .spacy file"),
    "raw.conllu": (b"1\tAnn\n", "raw.conllu: expected raw text in .txt, .jsonl or .spacy"),
}


@pytest.mark.parametrize("name", BAD_TEXTS)
def test_raw_text_that_cannot_be_read(name, fails, trained_path, tmp_path):
    content, message = BAD_TEXTS[name]
    (tmp_path / name).write_bytes(content)
    assert message in fails(str(trained_path), name)


def test_bad_paths(fails, trained_path, tmp_path):
    (tmp_path / "folder").mkdir()
    assert "there is no such file or folder" in fails(str(trained_path), "none.txt")
    assert "the folder has none" in fails(str(trained_path), "folder")
    assert "the output is one of the inputs" in fails(str(trained_path), "soft.spacy")
    assert "nobody: there is no such pipeline" in fails("nobody", "raw.txt")


def test_teachers_that_cannot_teach(fails, trained_path, tmp_path):
    spacy.blank("en").to_disk(tmp_path / "blank")
    assert "no component of this pipeline can teach" in fails(
        str(trained_path), str(tmp_path / "blank"), "raw.txt"
    )


def test_a_teacher_without_its_encoder(fails, trained_path, tmp_path):
    nlp = spacy.load(trained_path, disable=["transformer"])
    nlp.to_disk(tmp_path / "disabled")
    line = fails(str(tmp_path / "disabled"), "raw.txt", warning="did not run")
    assert "the transformer that 'seqtag_pos' listens to did not run" in line


def test_teachers_of_other_languages(fails, trained_path, tmp_path):
    shutil.copytree(trained_path, tmp_path / "german")
    for name, old, new in (
        ("config.cfg", 'lang = "en"', 'lang = "de"'),
        ("meta.json", '"lang":"en"', '"lang":"de"'),
    ):
        path = tmp_path / "german" / name
        text = path.read_text("utf8")
        assert old in text
        path.write_text(text.replace(old, new), "utf8")
    changed = "config.cfg is not the file that was saved"
    line = fails(str(trained_path), str(tmp_path / "german"), "raw.txt", warning=changed)
    assert "a pipeline for the language 'de', but" in line


def test_teachers_with_other_labels(
    fails, run, trained_path, tmp_path, make_nlp, tiny_bert, mini_examples
):
    examples = mini_examples(make_nlp(tiny_bert))
    for example in examples:
        ents = [e for e in example.reference.ents if e.label_ != "LOC"]
        example.reference.set_ents(ents, default="outside")
    other = save_pipeline(tmp_path, make_nlp, tiny_bert, examples, "other")
    line = fails(str(trained_path), other, "raw.txt")
    assert "has other labels than 'seqtag_ner' of" in line
    assert "it lacks LOC. Train both with the same labels, or give --union-labels" in line
    assert run(str(trained_path), other, "raw.txt", "--union-labels").exit_code == 0
    for doc in read_docs(tmp_path / "soft.spacy", Vocab()):
        layers = get_soft_labels(doc).layers
        assert "O" in layers["ents"].names


def test_two_components_of_one_layer(fails, tmp_path, make_nlp, tiny_bert, mini_examples):
    nlp = make_nlp(tiny_bert, ["seqtag_ner", "seqtag_ner:two"])
    nlp.initialize(lambda: mini_examples(nlp))
    nlp.to_disk(tmp_path / "two")
    assert "annotate the same layer (ents)" in fails(str(tmp_path / "two"), "raw.txt")
