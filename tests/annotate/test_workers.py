"""Several workers: the same bytes, each text once, also where one is killed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from spacy_seqtag.annotate import local
from spacy_seqtag.annotate.items import Batch, Item
from spacy_seqtag.annotate.run import annotate
from spacy_seqtag.annotate.settings import Settings

from .conftest import contents

PARTS = Settings(part_chars=800)
_DEADLINE = 300  # seconds, for a machine that does something else besides


def command(model, jsonl, output, *options):
    arguments = [model, str(jsonl), str(output), "--part-chars", "800", *options]
    return [sys.executable, "-m", "spacy", "seqtag", "annotate", *arguments]


def descendants(pid):
    """The processes that a process has started, and those that they have started."""
    children = {}
    for path in Path("/proc").iterdir():
        if path.name.isdigit():
            try:
                parent = int((path / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:  # it has ended
                continue
            children.setdefault(parent, []).append(int(path.name))
    found, left = [], [pid]
    while left:
        of_one = children.get(left.pop(), [])
        found += of_one
        left += of_one
    return found


def name_of(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


def run_and_kill_a_worker(arguments, output, is_worker):
    """Run a command, kill a worker when the first part is whole, and wait for the end."""
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    killed = None
    end = time.monotonic() + _DEADLINE
    while process.poll() is None:
        assert time.monotonic() < end, "the run does not end"
        workers = [pid for pid in descendants(process.pid) if is_worker(name_of(pid))]
        if killed is None and len(workers) > 1 and (output / "manifest.json").exists():
            killed = workers[0]
            os.kill(killed, signal.SIGKILL)
        time.sleep(0.005)
    printed = process.stdout.read().decode()
    assert process.returncode == 0, printed
    return killed


@pytest.fixture
def whole(quick, model, jsonl, tmp_path):
    folder = tmp_path / "whole"
    annotate(model, [str(jsonl)], folder, PARTS)
    return folder


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs /proc")
@pytest.mark.slow
def test_a_worker_is_killed(model, whole, jsonl, tmp_path):
    output = tmp_path / "out"
    arguments = command(model, jsonl, output, "--workers", "2")
    killed = run_and_kill_a_worker(arguments, output, lambda name: "spawn_main" in name)
    assert killed is not None, "the run was over before a worker could be killed"
    assert contents(output) == contents(whole)


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs /proc")
@pytest.mark.slow
def test_a_ray_worker_is_killed(model, whole, jsonl, tmp_path):
    pytest.importorskip("ray.data", reason="needs the extra ray")
    output = tmp_path / "out"
    arguments = command(model, jsonl, output, "--engine", "ray", "--workers", "2")
    killed = run_and_kill_a_worker(arguments, output, lambda name: "MapWorker" in name)
    assert killed is not None, "the run was over before a worker could be killed"
    assert contents(output) == contents(whole)


# Workers that need no pipeline


def echo(job, batch):
    """In the place of `local._annotate`: the batch's text, and its process."""
    if batch.items[0].text == "kill" and not Path(job).exists():
        Path(job).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    if batch.items[0].text == "always":
        os.kill(os.getpid(), signal.SIGKILL)
    if batch.items[0].text == "error":
        raise ValueError("no pipeline")
    return batch.items[0].text


def batches(*texts):
    return (Batch(0, (Item(f"x:{i}", text),), 0) for i, text in enumerate(texts))


@pytest.fixture
def echoing(monkeypatch):
    """Workers are forks, as they are to find `echo`, and load nothing."""
    monkeypatch.setattr(local, "_annotate", echo)
    context = local.multiprocessing.get_context("fork")
    monkeypatch.setattr(local.multiprocessing, "get_context", lambda _: context)


def test_order_is_kept(echoing, tmp_path):
    texts = [str(i) for i in range(40)]
    found = local.annotate_in_processes(tmp_path / "job", batches(*texts), 3)
    assert list(found) == texts


def test_a_killed_worker_is_replaced(echoing, tmp_path):
    texts = ["a", "b", "c", "kill", *"defghijkl"]
    found = local.annotate_in_processes(tmp_path / "job", batches(*texts), 2)
    assert list(found) == texts
    assert (tmp_path / "job").exists()


def test_workers_that_die_again_and_again(echoing, tmp_path):
    found = local.annotate_in_processes(tmp_path / "job", batches("a", "always", "b"), 2)
    assert next(found) == "a"
    with pytest.raises(RuntimeError, match=r"4 workers were killed .* at or after x:1: .*goes on"):
        list(found)


def test_an_error_of_a_worker(echoing, tmp_path):
    found = local.annotate_in_processes(tmp_path / "job", batches("a", "error", "b"), 2)
    assert next(found) == "a"
    with pytest.raises(ValueError, match="no pipeline"):
        next(found)


def test_few_batches_are_under_way(echoing, tmp_path):
    """However long the input is."""
    read = []

    def source():
        for i, batch in enumerate(batches(*map(str, range(100)))):
            read.append(i)
            yield batch

    found = local.annotate_in_processes(tmp_path / "job", source(), 2)
    for _ in range(5):
        next(found)
    assert len(read) < 15
    found.close()


def test_threads_of_workers(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    assert [local.threads_each(n) for n in (1, 2, 3, 8, 9)] == [8, 4, 2, 1, 1]
