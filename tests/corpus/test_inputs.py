"""Files, folders and patterns, compressed or not: what an argument of `convert` stands for."""

import gzip
import shutil
from pathlib import Path

import pytest

from spacy_seqtag.corpus.errors import FormatError
from spacy_seqtag.corpus.inputs import all_files, find_inputs

zstandard = pytest.importorskip("zstandard", reason="the extra `zstd` is not installed")
ASSETS = Path(__file__).parents[2] / "assets" / "mini"
COMPRESS = {"": bytes, ".gz": gzip.compress, ".zst": zstandard.ZstdCompressor().compress}
FILES = ("train.conllu", "train.iob2", "train.gold_conll")


def conllu(words, sent_id):
    rows = [f"{i}\t{word}" + "\t_" * 8 for i, word in enumerate(words.split(), start=1)]
    return "\n".join([f"# sent_id = {sent_id}", *rows, "", ""])


def iob(words, tag):
    return "\n".join([f"{word}\t{tag if word.istitle() else 'O'}" for word in words.split()] + [""])


@pytest.fixture
def folder(tmp_path):
    """Two files of each of two layers, and what else lies about."""
    for number, words in enumerate(("Ann left", "we saw Oslo"), start=1):
        (tmp_path / f"train-{number}.conllu").write_text(conllu(words, f"s{number}"), "utf8")
        (tmp_path / f"train-{number}.iob2").write_text(iob(words, "B-X"), "utf8")
    (tmp_path / "README.md").write_text("# A corpus", "utf8")
    return tmp_path


@pytest.mark.parametrize("ending", COMPRESS)
def test_compressed_files_say_the_same(tmp_path, run, ending):
    _, docs = run(*(ASSETS / name for name in FILES))
    for name in FILES:
        data = COMPRESS[ending]((ASSETS / name).read_bytes())
        (tmp_path / f"{name}{ending}").write_bytes(data)
    seen: list[int] = []
    paths = [tmp_path / f"{name}{ending}" for name in FILES]
    _, again = run(*paths, progress=seen.append)
    assert [doc.to_bytes() for doc in again] == [doc.to_bytes() for doc in docs]
    # The progress is that of the files as they lie there; columns are read twice.
    assert sum(seen) >= sum(path.stat().st_size for path in paths)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.jsonl", '{"text": "Ann left.", "spans": [{"start": 0, "end": 3, "label": "X"}]}\n'),
        ("a.csv", "word,tag\nAnn,B-X\nleft,O\n"),
        ("a.iob2", "Ann B-X\rleft O\r"),
    ],
)
def test_other_formats_compressed(tmp_path, run, name, text):
    for ending, compress in COMPRESS.items():
        path = tmp_path / f"{name}{ending}"
        path.write_bytes(compress(text.encode()))
        _, (doc,) = run(path)
        assert [ent.text for ent in doc.ents] == ["Ann"]
        assert doc.user_data["doc_id"].startswith("a-")


def test_compressed_docs(folder, run):
    _, docs = run(folder / "train-1.conllu", folder / "train-1.iob2")
    path = folder / "x.spacy.gz"
    path.write_bytes(gzip.compress((folder / "out.spacy").read_bytes()))
    assert [doc.to_json() for doc in run(path)[1]] == [doc.to_json() for doc in docs]
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(FormatError, match=r"x\.spacy\.gz: the compressed file ends too early"):
        run(path)
    path.write_bytes(gzip.compress(b"no Docs"))
    with pytest.raises(FormatError, match=r"x\.spacy\.gz: "):
        run(path)


@pytest.mark.parametrize("ending", [".gz", ".zst"])
def test_a_file_that_ends_too_early_is_not_taken_for_the_whole(tmp_path, run, ending):
    path = tmp_path / f"a.conllu{ending}"
    whole = COMPRESS[ending]("".join(conllu(f"w{i}", f"s{i}") for i in range(9000)).encode())
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(
        FormatError, match=r"a\.conllu\.\w+:\d+: the compressed file ends too"
    ) as no:
        run(path)
    assert no.value.line > 100
    assert not (tmp_path / "out.spacy").exists()
    path.write_bytes(b"Ann\tO\n")
    with pytest.raises(FormatError, match=r":1: the compressed file is damaged \("):
        run(path)


def test_several_files_are_one_layer(folder, run):
    for first, further in (
        ("train-*.conllu", "train-*.iob2"),
        ("train-?.conllu", "train-[12].iob2"),
        ("**/*.conllu", "**/*.iob2"),
    ):
        summary, docs = run(folder / first, folder / further)
        assert [doc.text for doc in docs] == ["Ann left", "we saw Oslo"]
        assert [[ent.text for ent in doc.ents] for doc in docs] == [["Ann"], ["Oslo"]]
        assert (summary.mismatched, summary.unjoined) == (0, 0)
        notes = [note for note in summary.notes if "columns read as" in note]
        path = folder / "train-1.iob2"
        assert notes == [f"{path} and 1 other file: columns read as `word tag`"]


def test_folders(folder, run):
    words, tags = folder / "words", folder / "tags"
    for made in (words / "b", tags):
        made.mkdir(parents=True)
    shutil.move(folder / "train-1.conllu", words / "b" / "1.conllu")
    shutil.move(folder / "train-2.conllu", words / "2.conllu")
    (words / ".hidden.iob2").write_text("x", "utf8")
    (words / "LICENSE.txt").write_text("Take it.", "utf8")
    for path in folder.glob("*.iob2"):
        (tags / f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
    summary, docs = run(words, tags)
    assert [doc.text for doc in docs] == ["we saw Oslo", "Ann left"]
    assert [len(doc.ents) for doc in docs] == [1, 1]
    assert f"{words}: not read: LICENSE.txt" in summary.notes
    assert list(all_files([words, tags / "*", folder / "none"])) == [
        *sorted([words / "2.conllu", words / "LICENSE.txt", words / "b" / "1.conllu"]),
        *sorted(tags.iterdir()),
        folder / "none",
    ]


def test_docs_of_several_files_are_more_documents(folder, run):
    for number in (1, 2):
        run(folder / f"train-{number}.conllu")
        shutil.move(folder / "out.spacy", folder / f"x{number}.spacy")
    _, docs = run(folder / "x*.spacy", folder / "train-*.iob2")
    assert [doc.text for doc in docs] == ["Ann left", "we saw Oslo"]
    assert [len(doc.ents) for doc in docs] == [1, 1]


def test_a_name_with_the_signs_of_a_pattern(folder, run):
    path = folder / "[1].conllu"
    shutil.copy(folder / "train-2.conllu", path)
    assert [doc.text for doc in run(path)[1]] == ["we saw Oslo"]


@pytest.mark.parametrize(
    ("names", "options", "message"),
    [
        (["*.xyz"], {}, r"\*\.xyz: no file matches this pattern. Check the path"),
        (["none.conllu"], {}, r"none\.conllu: there is no such file"),
        (["train-1.conllu", "*.xyz"], {}, r"\*\.xyz: no file matches"),
        (["."], {}, r"of different formats: \S*1\.conllu \(conllu\) and \S*1\.iob2 \(iob\)\. Give"),
        (["train-*"], {}, r"of different formats: \S*1\.conllu \(conllu\) and \S*1\.iob2 \(iob\)"),
        (["empty"], {}, "empty: no ending of a file in this folder tells its format"),
        (["."], {"file_format": "props"}, r"no file in this folder that ends in \.props"),
        (["brat"], {}, r"of different formats: \S*a\.ann \(brat\) and \S*b\.conllu \(conllu\)"),
        (["*.README"], {"file_format": "conllu"}, "no file matches"),
    ],
)
def test_what_cannot_be(folder, run, monkeypatch, names, options, message):
    (folder / "empty").mkdir()
    (folder / "brat").mkdir()
    for name, text in (("a.ann", ""), ("a.txt", "Ann"), ("b.conllu", conllu("x", "y"))):
        (folder / "brat" / name).write_text(text, "utf8")
    shutil.rmtree(folder / "brat") if "brat" not in names else None
    monkeypatch.chdir(folder)
    with pytest.raises(FormatError, match=message):
        run(*names, **options)
    assert not (folder / "out.spacy").exists()


def test_the_format_may_be_said(folder):
    (one,) = find_inputs([folder], "iob")
    assert [path.name for path in one.files.paths] == ["train-1.iob2", "train-2.iob2"]
    (one,) = find_inputs([folder / "READ*"], "conllu")
    assert (one.format.name, [path.name for path in one.files.paths]) == ("conllu", ["README.md"])


def test_ids_and_files_in_messages(folder, run):
    other = folder / "train-2.conllu"
    other.write_text(other.read_text("utf8").replace("s2", "s1"), "utf8")
    with pytest.raises(FormatError, match=rf"{other}:2: sent_id 's1' .* at \S*train-1\.conllu:2\."):
        run(folder / "train-*.iob2", folder / "train-*.conllu")
    with pytest.raises(FormatError, match=r"1 of 1 sentences.*Several files of one layer are one"):
        run(folder / "train-1.conllu", folder / "train-2.conllu")
    run(folder / "train-1.conllu")
    with pytest.raises(FormatError, match=r"out\.spacy: the output is one of the inputs"):
        run(folder / "*.spacy")
