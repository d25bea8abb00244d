"""A run: every text exactly once and in order, whatever cuts it."""

import hashlib
import io
import json
import os
import shutil

import pytest

from spacy_seqtag.annotate.annotator import FailedDocError
from spacy_seqtag.annotate.manifest import FolderError, locked
from spacy_seqtag.annotate.run import annotate
from spacy_seqtag.annotate.settings import Settings

from ..integration.forks import in_fork
from .conftest import contents, read

PARTS = Settings(part_chars=800)


@pytest.fixture
def whole(quick, model, jsonl, tmp_path):
    """Folder of an uninterrupted run."""
    folder = tmp_path / "whole"
    annotate(model, [str(jsonl)], folder, PARTS)
    return folder


def test_every_text_once_and_in_order(whole, texts):
    lines, failures = read(whole)
    wanted = [i for i in range(len(texts)) if i not in (7, 50)]
    assert [line["text"] for line in lines] == [texts[i] for i in wanted]
    assert [line["meta"]["id"] for line in lines] == wanted
    assert [line["source"] for line in lines] == [f"texts.jsonl:{i + 1}" for i in wanted]
    assert [failure["source"] for failure in failures] == ["texts.jsonl:8", "texts.jsonl:51"]
    assert failures[0]["reason"] == "this is no JSON"
    assert failures[1]["reason"] == (
        "expected a text in 'text', found 'body'. Say which it is with --text-key"
    )
    assert failures[1]["meta"] == {"body": "Ann left."}


def test_the_manifest_is_true(whole, jsonl, texts):
    manifest = json.loads((whole / "manifest.json").read_text("utf8"))
    (source,) = manifest["inputs"]
    digest = hashlib.sha256(jsonl.read_bytes()).hexdigest()
    assert source == {"name": "texts.jsonl", "bytes": jsonl.stat().st_size, "sha256": digest}
    assert manifest["complete"]
    parts = manifest["parts"]
    assert len(parts) > 3
    for part in parts:
        content = (whole / part["file"]).read_bytes()
        assert (part["bytes"], part["sha256"]) == (
            len(content),
            hashlib.sha256(content).hexdigest(),
        )
        lines = [json.loads(line) for line in content.splitlines()]
        assert part["docs"] == len(lines)
        assert part["words"] == sum(len(line["tokens"]) for line in lines)
        # A part ends with the text that fills it.
        size = sum(len(line["text"]) + 1 for line in lines)
        assert part is parts[-1] or 700 < size < 1200
    assert sum(part["errors"] for part in parts) == 2
    assert parts[-1]["position"] == jsonl.stat().st_size
    assert parts[-1]["error_bytes"] == (whole / "errors.jsonl").stat().st_size
    assert set(contents(whole)) == {
        "manifest.json",
        "errors.jsonl",
        *(part["file"] for part in parts),
    }


@pytest.fixture
def short(tmp_path, jsonl):
    """A file of the first lines."""
    path = tmp_path / "short.jsonl"
    path.write_text("".join(jsonl.read_text("utf8").splitlines(keepends=True)[:12]), "utf8")
    return path


@pytest.mark.parametrize("kills", [6, pytest.param(None, marks=pytest.mark.slow)])
def test_killed_anywhere_and_continued(quick, model, short, tmp_path, kills):
    """Killed (SIGKILL) before any change to the folder, a run goes on to the same bytes."""
    whole, output = tmp_path / "whole", tmp_path / "out"
    settings = Settings(part_chars=400)
    annotate(model, [str(short)], whole, settings)

    def run():
        annotate(model, [str(short)], output, settings)

    code, steps = in_fork(run, output)
    assert code == 0
    assert contents(output) == contents(whole)
    assert len(contents(whole)) > 3
    assert steps > 10
    for step in range(1, steps + 1, steps // kills if kills else 1):
        shutil.rmtree(output)
        code, _ = in_fork(run, output, kill_at=step)
        assert code == -9
        result = annotate(model, [str(short)], output, settings)
        assert contents(output) == contents(whole), step
        assert (result.docs, result.errors) == (11, 1)


def test_killed_again_and_again(whole, model, jsonl, tmp_path):
    output = tmp_path / "out"

    def run():
        annotate(model, [str(jsonl)], output, PARTS)

    _, steps = in_fork(run, output)
    shutil.rmtree(output)
    for kill_at in (steps // 4, 3, steps // 3, 1, steps // 4):
        code, _ = in_fork(run, output, kill_at=kill_at)
        assert code == -9
    assert annotate(model, [str(jsonl)], output, PARTS).kept_parts > 2
    assert contents(output) == contents(whole)


def test_a_full_disk(whole, model, jsonl, tmp_path):
    """The part that does not fit is dropped, the manifest stays true, and the run can go on."""
    output = tmp_path / "out"
    sizes = [part["bytes"] for part in json.loads(contents(whole)["manifest.json"])["parts"]]
    biggest = sizes.index(max(sizes))
    assert biggest > 0
    code, _ = in_fork(
        lambda: annotate(model, [str(jsonl)], output, PARTS),
        output,
        file_size=max(sizes) - 1,
    )
    assert code == 1
    there = contents(output)
    manifest = json.loads(there.pop("manifest.json"))
    assert [part["bytes"] for part in manifest["parts"]] == sizes[:biggest]
    assert not manifest["complete"]
    there.pop("errors.jsonl", None)
    assert there == {part["file"]: contents(whole)[part["file"]] for part in manifest["parts"]}
    result = annotate(model, [str(jsonl)], output, PARTS)
    assert result.kept_parts == biggest
    assert contents(output) == contents(whole)


def test_a_complete_run_is_left_alone(whole, model, jsonl):
    before = contents(whole)
    result = annotate(model, [str(jsonl)], whole, PARTS)
    assert result.was_complete
    assert result.docs == 58
    assert contents(whole) == before


@pytest.mark.parametrize(
    ("settings", "what"),
    [
        ({"part_chars": 900}, "part_chars was 800, and is 900 now"),
        ({"file_format": "conllu"}, "format was jsonl, and is conllu now"),
        ({"layers": ("entities",)}, "layers was all, and is entities now"),
        ({"confidences": False}, "confidences was True, and is False now"),
        ({"text_key": "body"}, "text_key was text, and is body now"),
    ],
)
def test_other_settings_are_refused(whole, model, jsonl, settings, what):
    before = contents(whole)
    with pytest.raises(FolderError) as info:
        annotate(model, [str(jsonl)], whole, Settings(**{"part_chars": 800, **settings}))
    assert str(info.value) == (
        f"{whole}: the folder is of another run: {what}. "
        "Give another folder, or --overwrite to begin anew"
    )
    assert contents(whole) == before


def test_another_input_or_pipeline_is_refused(whole, model, jsonl, tmp_path):
    with jsonl.open("a", encoding="utf8") as file:
        file.write('{"text": "More."}\n')
    with pytest.raises(FolderError, match=r"the input texts.jsonl has changed since"):
        annotate(model, [str(jsonl)], whole, PARTS)
    other = tmp_path / "other.jsonl"
    other.write_text('{"text": "More."}\n', "utf8")
    with pytest.raises(FolderError, match=r"the input was texts.jsonl, and is other.jsonl now"):
        annotate(model, [str(other)], whole, PARTS)
    copy = tmp_path / "model2"
    shutil.copytree(model, copy)
    (copy / "meta.json").write_text("{}", "utf8")
    with pytest.raises(FolderError, match="the pipeline was model, and is another one now"):
        annotate(str(copy), [str(jsonl)], whole, PARTS)


def test_a_part_that_changed_is_refused(whole, model, jsonl):
    with (whole / "part-000001.jsonl").open("a") as file:
        file.write("\n")
    with pytest.raises(FolderError, match=r"part-000001.jsonl: this part of the run is missing or"):
        annotate(model, [str(jsonl)], whole, PARTS)


def test_a_folder_with_something_else_is_left_alone(quick, model, jsonl, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("mine")
    with pytest.raises(FolderError, match=r"the folder has thesis.txt, which is of no run"):
        annotate(model, [str(jsonl)], tmp_path / "out", PARTS)
    assert contents(tmp_path / "out") == {"thesis.txt": b"mine"}


def test_no_manifest(quick, model, jsonl, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "manifest.json").write_text("[]")
    with pytest.raises(FolderError, match=r"manifest.json: this is no manifest of annotate"):
        annotate(model, [str(jsonl)], tmp_path / "out", PARTS)


def test_overwrite(whole, model, jsonl, texts):
    settings = Settings(part_chars=10_000, overwrite=True)
    annotate(model, [str(jsonl)], whole, settings)
    assert set(contents(whole)) == {"manifest.json", "errors.jsonl", "part-000000.jsonl"}
    lines, failures = read(whole)
    assert (len(lines), len(failures)) == (58, 2)


def test_two_runs_at_once(quick, model, jsonl, tmp_path):
    (tmp_path / "out").mkdir()
    with locked(tmp_path / "out"), pytest.raises(FolderError, match="another run is writing"):
        annotate(model, [str(jsonl)], tmp_path / "out", PARTS)


def test_the_output_is_not_read(quick, model, jsonl):
    for output in ("out", "out.jsonl"):
        with pytest.raises(FolderError, match="which is read"):
            annotate(model, [str(jsonl.parent)], jsonl.parent / output, PARTS)


def test_fail_fast(quick, model, jsonl, tmp_path):
    settings = Settings(part_chars=300, fail_fast=True)
    with pytest.raises(FailedDocError, match=r"^texts.jsonl:8: this is no JSON$"):
        annotate(model, [str(jsonl)], tmp_path / "out", settings)
    lines, failures = read(tmp_path / "out")
    assert lines  # the parts before it stand
    assert not failures
    result = annotate(model, [str(jsonl)], tmp_path / "out", Settings(part_chars=300))
    assert (result.docs, result.errors) == (58, 2)
    assert result.kept_parts > 0


def test_a_component_that_fails_at_one_text(
    quick, make_job, model, texts, tmp_path, loaded, monkeypatch
):
    """The others of its batch are annotated."""
    path = tmp_path / "texts.txt"
    path.write_text("\n".join([*texts[:3], "poison", *texts[3:6]]) + "\n", "utf8")
    annotate(model, [str(path)], tmp_path / "before.jsonl")
    (annotator,) = (one for job, one in loaded.items() if job == make_job())

    class Poisonable:
        def __init__(self, pipe):
            self.pipe = pipe

        def __call__(self, doc):
            if "poison" in doc.text:
                raise RuntimeError("two\nlines")
            return self.pipe(doc)

    (first, pipe), *others = annotator.nlp._components
    monkeypatch.setattr(annotator.nlp, "_components", [(first, Poisonable(pipe)), *others])
    result = annotate(model, [str(path)], tmp_path / "after.jsonl")
    lines = [json.loads(x) for x in (tmp_path / "after.jsonl").read_text("utf8").splitlines()]
    assert [line["text"] for line in lines] == texts[:6]
    assert result.first_error == "texts.txt:4: two lines"
    assert result.errors_path == tmp_path / "after.jsonl.errors.jsonl"
    (failure,) = result.errors_path.read_text("utf8").splitlines()
    assert json.loads(failure) == {
        "source": "texts.txt:4",
        "reason": "two lines",
        "text": "poison",
    }


def test_a_text_that_is_too_long(quick, model, tmp_path, loaded, monkeypatch, texts):
    path = tmp_path / "texts.txt"
    path.write_text(f"{texts[0]}\n{'a ' * 3000}\n{texts[1]}\n", "utf8")
    annotate(model, [str(path)], tmp_path / "out.jsonl")
    for annotator in loaded.values():
        monkeypatch.setattr(annotator.nlp, "max_length", 1000)
    result = annotate(model, [str(path)], tmp_path / "out.jsonl")
    assert (result.docs, result.errors) == (2, 1)
    assert "exceeds maximum" in result.first_error


def test_not_one_text(quick, model, tmp_path):
    path = tmp_path / "texts.jsonl"
    path.write_text('{"body": "Ann left."}\n', "utf8")
    for output in (tmp_path / "out", tmp_path / "out.jsonl"):
        with pytest.raises(FolderError, match="not one text could be annotated"):
            annotate(model, [str(path)], output)
        assert not output.exists() or not json.loads(contents(output)["manifest.json"])["complete"]
    path.write_text("\n")
    with pytest.raises(ValueError, match=r"texts.jsonl: there is no text"):
        annotate(model, [str(path)], tmp_path / "new" / "out")
    assert not (tmp_path / "new").exists()


def test_standard_input(quick, model, texts, tmp_path, monkeypatch):
    """It has no digest before it is read, so each part has one."""

    def run(lines, settings=PARTS):
        content = "".join(f"{line}\n" for line in lines).encode()
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content), "utf8"))
        return annotate(model, ["-"], tmp_path / "out", settings)

    def cut():
        run(texts)

    _, steps = in_fork(cut, tmp_path / "out")
    shutil.rmtree(tmp_path / "out")
    code, _ = in_fork(cut, tmp_path / "out", kill_at=steps // 2)
    assert code == -9
    assert (tmp_path / "out" / "manifest.json").exists()
    with pytest.raises(ValueError, match="standard input is not what part 0 was made of"):
        run(["Other.", *texts])
    result = run(texts)
    assert result.kept_parts > 0
    lines, _ = read(tmp_path / "out")
    assert [line["text"] for line in lines] == texts
    assert [line["source"] for line in lines[:2]] == ["-:1", "-:2"]


def test_memory_zones_change_nothing(quick, whole, model, jsonl, tmp_path, monkeypatch, loaded):
    from spacy_seqtag.annotate import annotator

    monkeypatch.setattr(annotator, "_KNOWN_BATCHES", 1)
    monkeypatch.setattr(annotator, "_ZONE_BATCHES", 2)
    loaded.clear()
    annotate(model, [str(jsonl)], tmp_path / "out", PARTS)
    assert contents(tmp_path / "out") == contents(whole)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_place_where_nothing_can_be_written(quick, model, jsonl, tmp_path):
    (tmp_path / "closed").mkdir(mode=0o500)
    with pytest.raises(OSError, match="Name a place where you may write"):
        annotate(model, [str(jsonl)], tmp_path / "closed" / "out", PARTS)
