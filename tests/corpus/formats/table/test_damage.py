"""Tables that are damaged, incomplete or of several kinds."""

import gzip
import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_seqtag import extras
from spacy_seqtag.corpus.convert import convert
from spacy_seqtag.corpus.errors import FormatError
from spacy_seqtag.corpus.formats import format_of

pa = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")

GOOD = {"tokens": ["Ann", "left"], "ner_tags": ["B-PER", "O"]}

RECORDS = {
    "unlike lengths": (GOOD | {"ner_tags": ["O"]}, "1 entry in 'ner_tags', but 2 words"),
    "no words": (GOOD | {"tokens": None}, "its tokens are no list of words"),
    "an empty word": (GOOD | {"tokens": ["Ann", ""]}, "word 2 is empty"),
    "a word that is none": (GOOD | {"tokens": ["Ann", 7]}, "word 2 is no string, but '7'"),
    "a class among tags": (GOOD | {"ner_tags": ["O", 9]}, "class 9 in 'ner_tags': its name is not"),
    "one word": (GOOD | {"tokens": "Ann left"}, "its tokens are no list of words"),
    "one tag": (GOOD | {"ner_tags": "O"}, "'ner_tags' is no list"),
    "a tag that is none": (GOOD | {"ner_tags": ["O", True]}, "'True' in 'ner_tags' is no tag"),
    "lists of tags": (GOOD | {"ner_tags": ["O", ["O"]]}, "'ner_tags' is no list of tags"),
    "no record": (["Ann"], "it is no record"),
}


@pytest.mark.parametrize("what", RECORDS)
def test_records_that_cannot_be_read(what, write, run, tmp_path):
    record, problem = RECORDS[what]
    path = write("jsonl", [GOOD, record, GOOD])
    summary, docs = run(path, docs_by="sentence")
    assert [[ent.text for ent in doc.ents] for doc in docs] == [["Ann"], ["Ann"]]
    (note,) = [note for note in summary.notes if "left out" in note]
    assert f"1 record is not what it should be and was left out (line 2, {problem}" in note
    with pytest.raises(FormatError, match=r"a\.jsonl:2: ") as caught:
        convert([path], tmp_path / "b.spacy", strict=True)
    assert problem in str(caught.value)
    assert not (tmp_path / "b.spacy").exists()


def test_a_class_beyond_the_names(write, run):
    rows = [GOOD | {"ner_tags": tags} for tags in ([1, 0], [0, 2], [0, -1])]
    summary, _ = run(write("jsonl", rows), labels=["O,B-PER"])
    assert summary.sentences == 1
    notes = " ".join(summary.notes)
    assert "class 2 in 'ner_tags': there are 2 classes, 0 to 1; line 3, class -1" in notes


def test_a_sentence_in_rows_with_an_empty_word(write, run, tmp_path):
    words = ["Ann", None, "Oslo"]
    rows = [{"id": i, "word": word, "ner": "O", "sent": i // 2} for i, word in enumerate(words)]
    path = write("parquet", rows)
    summary, (doc,) = run(path)
    assert doc.text == "Oslo"
    assert "word 2 is empty" in " ".join(summary.notes)
    with pytest.raises(FormatError, match=r"a\.parquet:1: word 2 is empty"):
        convert([path], tmp_path / "b.spacy", strict=True)


def test_nothing_is_left(write, run):
    with pytest.raises(FormatError, match=r"no text in it could be read \(.*1 record is not"):
        run(write("jsonl", [GOOD | {"tokens": []}]), file_format="tokens")
    empty = write("parquet", [GOOD])
    parquet.write_table(parquet.read_table(empty).slice(0, 0), empty)
    with pytest.raises(FormatError, match="there is no sentence in the file"):
        run(empty)


# Files


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """Bytes of a table, by the ending of its file."""
    table = pa.Table.from_pylist([{"id": str(i), **GOOD} for i in range(50)])
    folder = tmp_path_factory.mktemp("sound")
    parquet.write_table(table, folder / "a.parquet", row_group_size=10)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=10)
    file = pa.BufferOutputStream()
    with pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table, max_chunksize=10)
    return {
        "parquet": (folder / "a.parquet").read_bytes(),
        "stream.arrow": sink.getvalue().to_pybytes(),
        "file.arrow": file.getvalue().to_pybytes(),
    }


@given(data=st.data())
def test_damaged_files(data, sound, tmp_path_factory):
    """Cut or changed anywhere: an error of ours, or sentences; never another error."""
    end = data.draw(st.sampled_from(sorted(sound)))
    content = sound[end]
    at = data.draw(st.integers(0, len(content) - 1))
    cut = data.draw(st.booleans())
    folder = tmp_path_factory.mktemp("damaged")
    path = folder / f"a.{end}"
    byte = data.draw(st.sampled_from((0, 255)) | st.integers(0, 255))
    changed = content[:at] + bytes([byte]) + content[at + 1 :]
    path.write_bytes(content[:at] if cut else changed)
    with suppress(FormatError):
        summary = convert([path], folder / "a.spacy")
        assert summary.sentences <= 50
        # A stream may lack the mark of its end.
        assert not cut or end == "stream.arrow"
        return
    assert not (folder / "a.spacy").exists()


def test_a_stream_that_is_cut_names_the_row(sound, tmp_path):
    path = tmp_path / "a.arrow"
    content = sound["stream.arrow"]
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(FormatError, match=r"a\.arrow:\d+: this is no parquet or arrow file, or a"):
        convert([path], tmp_path / "a.spacy")


# Folders


def save(folder, rows, state=None, info=None, name="data-00000-of-00001.arrow"):
    """Write a folder as `save_to_disk` does."""
    folder.mkdir(parents=True)
    table = pa.Table.from_pylist(rows)
    with (folder / name).open("wb") as file, pa.ipc.new_stream(file, table.schema) as writer:
        writer.write_table(table)
    (folder / "state.json").write_text(json.dumps(state or {"_data_files": [{"filename": name}]}))
    (folder / "dataset_info.json").write_text(json.dumps(info or {"features": {}}))
    return folder


def test_a_folder_of_datasets(run, tmp_path):
    feature = {"feature": {"names": ["O", "B-PER"], "_type": "ClassLabel"}, "_type": "List"}
    rows = [GOOD | {"ner_tags": [1, 0]}]
    folder = save(tmp_path / "ds", rows, info={"features": {"ner_tags": feature}})
    assert format_of(folder).name == "parquet"
    _, (doc,) = run(folder)
    assert [ent.text for ent in doc.ents] == ["Ann"]


def test_folders_that_cannot_be_read(run, tmp_path):
    both = tmp_path / "both"
    for split in ("train", "test"):
        save(both / split, [GOOD])
    (both / "dataset_dict.json").write_text('{"splits": ["train", "test"]}')
    with pytest.raises(FormatError, match=r"with the splits train, test\. Name .*both/train"):
        run(both)
    (both / "dataset_dict.json").write_text('{"splits": ["test"]}')
    assert run(both)[0].sentences == 1
    (both / "dataset_dict.json").write_text("[]")
    with pytest.raises(FormatError, match=r"dataset_dict\.json: this is no JSON object"):
        run(both)
    for state, message in (
        ({"_data_files": []}, "it names no data files"),
        ({"_data_files": [{"filename": "gone.arrow"}]}, r"gone\.arrow: there is no such file"),
        ({"_indices_data_files": [{}]}, "flatten_indices"),
    ):
        with pytest.raises(FormatError, match=message):
            run(save(tmp_path / message[:5], [GOOD], state=state))


def test_a_folder_of_files(write, run, tmp_path):
    for name in ("train-00000-of-00002", "train-00001-of-00002"):
        write("parquet", [GOOD], name=name)
    assert format_of(tmp_path).name == "parquet"
    assert run(tmp_path)[0].sentences == 2
    other = write("parquet", [{"tokens": ["Ann"], "pos": ["NOUN"]}], name="train-00002-of-00002")
    with pytest.raises(FormatError, match="no column 'ner_tags', unlike train-00000"):
        run(tmp_path)
    other.unlink()
    more = write("parquet", [GOOD], name="test-00000-of-00001")
    with pytest.raises(FormatError, match=r"files of several splits: test, train\. Name one file"):
        run(tmp_path)
    packed = tmp_path / "train-00003-of-00003.parquet.gz"
    packed.write_bytes(gzip.compress(more.read_bytes()))
    more.unlink()
    assert run(tmp_path)[0].sentences == 3
    packed.write_bytes(packed.read_bytes()[:-9])
    with pytest.raises(FormatError, match=r"\.parquet\.gz: the compressed file ends too early"):
        run(tmp_path)


def test_a_folder_of_the_hub(write, run, tmp_path):
    """`data` has the files of all splits; what is not read is never passed over in silence."""
    repository = tmp_path / "repository"
    (repository / "data").mkdir(parents=True)
    path = write("parquet", [GOOD], name="repository/data/train-00000-of-00001")
    assert run(repository)[0].sentences == 1
    (repository / "a.jsonl").write_text(json.dumps(GOOD))
    with pytest.raises(
        FormatError, match=r"different formats: .*train.* \(parquet\) and .*a\.jsonl"
    ):
        run(repository)
    (repository / "a.jsonl").unlink()
    path.with_name("test-00000-of-00001.parquet").write_bytes(path.read_bytes())
    with pytest.raises(FormatError, match="files of several splits: test, train"):
        run(repository)
    path.rename(repository / "a.parquet")
    with pytest.raises(FormatError, match=r"in several folders: .*a\.parquet and .*data/test-0"):
        run(repository)
    (repository / "a.parquet").rename(repository / "data" / "test-00000-of-00001.parquet")
    for name in ("other", "data/more"):
        (repository / name).mkdir()
        other = repository / name / "train-00000-of-00001.parquet"
        other.write_bytes(next((repository / "data").glob("test*")).read_bytes())
        with pytest.raises(FormatError, match=rf"in several folders: .*data/test-.*{name}/train-"):
            run(repository)
        other.rename(other.with_name(".hidden.parquet"))
        assert run(repository)[0].sentences == 1


def test_other_files_of_a_folder_are_named(write, run, tmp_path):
    folders = {"hub": tmp_path / "hub", "ds": save(tmp_path / "ds", [GOOD])}
    (folders["hub"] / "data").mkdir(parents=True)
    write("parquet", [GOOD], name="hub/data/train")
    for folder in folders.values():
        assert not [note for note in run(folder)[0].notes if "not read: " in note]
        for name in ("more.json", "LICENSE.txt", "old.spacy", "README.md", ".hidden.json"):
            (folder / name).write_text("[]")
        notes = run(folder)[0].notes
        assert f"{folder}: not read: LICENSE.txt, more.json, old.spacy" in notes
    # What datasets computed from the table, which `state.json` does not name.
    save(tmp_path / "ds" / "cache", [GOOD], name="cache-1.arrow")
    assert any(
        "not read: LICENSE.txt, cache/cache-1.arrow" in n for n in run(folders["ds"])[0].notes
    )


def test_files_of_a_folder_have_the_same_classes(write, run, tmp_path):
    for number, names in enumerate((["O", "B-PER"], ["B-PER", "O"])):
        feature = {"feature": {"names": names, "_type": "ClassLabel"}, "_type": "List"}
        write("parquet", [GOOD | {"ner_tags": [1, 0]}], {"ner_tags": feature}, name=f"part{number}")
    with pytest.raises(FormatError, match="other classes in column 'ner_tags', unlike part0"):
        run(tmp_path)


def test_two_columns_of_a_name(run, tmp_path):
    names = ("word", "ner", "ner")
    table = pa.Table.from_arrays([pa.array(["O"])] * 3, names=names)
    parquet.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(FormatError, match=r"a\.parquet: two columns are called 'ner'\. Give each"):
        run(tmp_path / "a.parquet")


def test_without_pyarrow(monkeypatch, write, run):
    path = write("parquet", [GOOD])

    def missing(name):
        raise ImportError(name, name=name.partition(".")[0])

    monkeypatch.setattr(extras, "import_module", missing)
    with pytest.raises(ImportError, match=r'pip install "spacy-seqtag\[parquet\]"'):
        run(path)
