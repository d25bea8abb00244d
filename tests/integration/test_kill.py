"""Commands that are killed, or that cannot write: what was there before stays whole.

Each command runs in a fork of this process, so that it starts at once, and is killed at a given
one of the steps (Python's audit events) from the first change of a file to the last: no time is
measured, and what is asserted holds wherever the kill lands.
"""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import spacy
import srsly
from spacy.tokens import DocBin

from spacy_seqtag.training.save_aside import make_save_aside

from .forks import command, fresh, in_fork

if not hasattr(os, "fork"):
    pytest.skip("needs os.fork", allow_module_level=True)

ROOT = Path(__file__).parents[2]
MINI = ROOT / "assets" / "mini"
few_or_many = pytest.mark.parametrize("n", [3, pytest.param(20, marks=pytest.mark.slow)])


def kills(run, folder, prepare, check, n):
    """Kill a command at n moments spread over all its steps, or at each if there are fewer.

    prepare: puts what is there before into the folder. check: asserts what is left.
    """
    prepare()
    code, steps = in_fork(run, folder)
    assert code == 0
    assert steps > 3
    n = min(n, steps)
    killed = 0
    for i in range(n):
        prepare()
        code, _ = in_fork(run, folder, kill_at=1 + i * steps // n)
        killed += code == -signal.SIGKILL
        check()
    # Where a step more or less is taken, the last may come too late.
    assert killed >= n - 1


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    path = tmp_path_factory.mktemp("corpus") / "mini.spacy"
    layers = [MINI / f"dev.{ending}" for ending in ("conllu", "iob2", "gold_conll")]
    assert in_fork(command("seqtag", "convert", *layers, "-o", path), path.parent)[0] == 0
    return path


def texts_of(path):
    """The texts of a DocBin, or None if it is none."""
    try:
        return [doc.text for doc in DocBin().from_disk(path).get_docs(spacy.blank("en").vocab)]
    except Exception:
        return None


# convert


@pytest.fixture
def convert(tmp_path):
    """The output of `convert`, and the command."""
    output = tmp_path / "out" / "out.spacy"
    layers = [MINI / f"dev.{ending}" for ending in ("conllu", "iob2", "gold_conll")]
    return output, command("seqtag", "convert", *layers, "-o", output)


@few_or_many
def test_kill_convert(convert, corpus, n):
    output, run = convert
    complete = texts_of(corpus)

    def prepare():
        (fresh(output.parent) / output.name).write_bytes(b"old")

    def check():
        assert output.read_bytes() == b"old" or texts_of(output) == complete
        for path in output.parent.iterdir():
            assert texts_of(path) in (None, complete)

    kills(run, output.parent, prepare, check, n)


def test_convert_without_space(convert):
    output, run = convert
    (fresh(output.parent) / output.name).write_bytes(b"old")
    code, _ = in_fork(run, output.parent, file_size=1000)
    assert code > 0
    assert output.read_bytes() == b"old"
    assert list(output.parent.iterdir()) == [output]


# evaluate


@pytest.fixture
def evaluate(trained_path, corpus, tmp_path):
    """The outputs of `evaluate`, and the command."""
    folder = tmp_path / "out"
    outputs = [folder / name for name in ("scores.json", "page.html", "docs.spacy")]
    options = ("--output", outputs[0], "--displacy", outputs[1], "--predictions", outputs[2])
    return outputs, command(
        *("seqtag", "evaluate", trained_path, corpus, "--allow-unknown-labels", *options)
    )


@few_or_many
def test_kill_evaluate(evaluate, corpus, n):
    outputs, run = evaluate
    folder = outputs[0].parent
    fresh(folder)
    assert in_fork(run, folder)[0] == 0
    page_end = outputs[1].read_bytes()[-100:]
    n_docs = len(texts_of(outputs[2]))

    def prepare():
        fresh(folder)
        for path in outputs:
            path.write_bytes(b"old")

    def check():
        scores, page, docs = (path.read_bytes() for path in outputs)
        assert scores == b"old" or "token_acc" in srsly.json_loads(scores)
        assert page == b"old" or page.endswith(page_end)
        assert docs == b"old" or len(texts_of(outputs[2])) == n_docs

    kills(run, folder, prepare, check, n)


def test_evaluate_without_space(evaluate):
    outputs, run = evaluate
    fresh(outputs[0].parent)
    for path in outputs:
        path.write_bytes(b"old")
    code, _ = in_fork(run, outputs[0].parent, file_size=100)
    assert code > 0
    assert [path.read_bytes() for path in outputs] == [b"old"] * 3


# Checkpoints


@pytest.fixture(scope="module")
def pipelines(trained_path, mini_examples, train):
    """An old pipeline and a new one, by the steps that their meta tells, and the new one's
    weights."""
    old, new = spacy.load(trained_path), spacy.load(trained_path)
    train(new, mini_examples(new, 5), 1)
    old.meta["performance"], new.meta["performance"] = {"step": 1}, {"step": 2}
    return old, new


def step_of(path):
    """Which checkpoint a folder holds, or None if it is not whole."""
    try:
        return spacy.load(path).meta["performance"]["step"]
    except Exception:
        return None


@few_or_many
def test_kill_saving(pipelines, tmp_path, n):
    """Over an old checkpoint: the old one or the new one is there."""
    old, new = pipelines
    path = tmp_path / "out" / "model-last"
    save_aside = make_save_aside()

    def prepare():
        fresh(path.parent)
        save_aside(old).to_disk(path)

    def check():
        # Between two renames there is none of this name.
        found = path if path.exists() else path.with_name(".model-last.old")
        assert step_of(found) in (1, 2)
        save_aside(new).to_disk(path)
        assert step_of(path) == 2
        assert list(path.parent.iterdir()) == [path]

    kills(lambda: save_aside(new).to_disk(path), path.parent, prepare, check, n)


def test_saving_without_space(pipelines, tmp_path):
    old, new = pipelines
    path = tmp_path / "out" / "model-last"
    fresh(path.parent)
    make_save_aside()(old).to_disk(path)
    run = make_save_aside()(new).to_disk

    def fails():
        try:
            run(path)
        except OSError as err:
            sys.exit(7 if err.filename == str(path) else 8)

    code, _ = in_fork(fails, path.parent, file_size=100_000)
    assert code == 7
    assert step_of(path) == 1
    assert list(path.parent.iterdir()) == [path]


def trainer(corpus, encoder, output, *overrides):
    """Function to run `spacy train` with a checkpoint a step, each as good as the one before, so
    that it replaces model-best."""
    return command(
        *("train", ROOT / "configs" / "joint.cfg", "-o", output, "--paths.base_model", encoder),
        *("--paths.train", corpus, "--paths.dev", corpus, "--training.max_steps", 3),
        *("--training.eval_frequency", 1, "--training.score_weights", '{"speed":0.0}'),
        *overrides,
    )


@pytest.mark.slow
def test_kill_training(corpus, tiny_bert, tmp_path):
    output = tmp_path / "out" / "training"

    def check():
        whole = [path.name for path in output.glob("*model-*") if can_load(path)]
        names = {path.name for path in output.glob("*model-*")}
        # Nothing is lost but before there was anything.
        assert whole or names <= {".model-last.new"}
        # What is half written does not pass for whole: it has all components.
        for name in whole:
            assert len(spacy.load(output / name).pipe_names) == 5

    def prepare():
        fresh(output.parent)

    kills(trainer(corpus, tiny_bert, output), output.parent, prepare, check, n=20)


def can_load(path):
    try:
        spacy.load(path)("Anna voted.")
    except Exception:
        return False
    return True


@pytest.fixture
def mounted(tmp_path):
    """Function to mount a small file system in memory; returns its folder."""
    folders = []

    def mount(options):
        folder = tmp_path / f"disk{len(folders)}"
        folder.mkdir()
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            pytest.skip(f"mounting is not permitted here: {done.stderr.strip()}")
        folders.append(folder)
        return folder

    if shutil.which("mount") is None:
        pytest.skip("there is no command to mount")
    yield mount
    for folder in folders:
        subprocess.run(["umount", "-l", str(folder)], check=False)


@pytest.mark.parametrize("kilobytes", [4, 64])
def test_convert_to_a_full_disk(mounted, kilobytes):
    disk = mounted(f"size={kilobytes}k")
    output = disk / "out.spacy"
    output.write_bytes(b"old")
    (disk / "filler").write_bytes(b"x" * (1024 * kilobytes - 4096))
    layers = [MINI / f"dev.{ending}" for ending in ("conllu", "iob2", "gold_conll")]
    code, _ = in_fork(command("seqtag", "convert", *layers, "-o", output), disk)
    assert code > 0
    assert output.read_bytes() == b"old"


def test_train_to_a_full_disk(pipelines, mounted):
    """There is room for two checkpoints, and none for a third."""
    old, new = pipelines
    path = mounted("size=100m") / "model-last"
    make_save_aside()(old).to_disk(path)
    size = sum(p.stat().st_size for p in path.rglob("*") if p.is_file())
    free = shutil.disk_usage(path).free
    (path.parent / "filler").write_bytes(b"x" * (free - size // 2))
    with pytest.raises(OSError, match="No space") as error:
        make_save_aside()(new).to_disk(path)
    assert error.value.filename == str(path)
    assert step_of(path) == 1


def test_read_only_folder(mounted):
    disk = mounted("size=1m")
    layers = [MINI / f"dev.{ending}" for ending in ("conllu", "iob2", "gold_conll")]
    (disk / "out.spacy").write_bytes(b"old")
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    for run in (
        command("seqtag", "convert", *layers, "-o", disk / "out.spacy"),
        command("seqtag", "convert", *layers, "-o", disk / "new" / "out.spacy"),
    ):
        assert in_fork(run, disk)[0] > 0
    assert [path.name for path in disk.iterdir()] == ["out.spacy"]
    assert (disk / "out.spacy").read_bytes() == b"old"
