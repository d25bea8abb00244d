"""What is done is not run again; several runs at a time; runs that fail."""

import json
import sys
import threading
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from .conftest import ROOT


@dataclass(frozen=True)
class Script:
    """A step whose commands are Python code, not commands of spaCy's."""

    name: str
    record: Path
    code: str = ""
    output: Path = ROOT
    needs: tuple[str, ...] = ()
    facts: dict = None
    content: dict = None
    scores: dict = field(default_factory=dict)
    leftovers: tuple[Path, ...] = ()

    @property
    def title(self):
        return self.name

    def lines(self):
        return [[sys.executable, "-c", line] for line in self.code.split("\n")]


@pytest.fixture
def make(tmp_path):
    """Function to make a step that notes in a file that it has run."""

    def make(name, code="pass", **more):
        note = f"open({str(tmp_path / 'order')!r}, 'a').write({name + ' '!r})"
        record = tmp_path / "records" / f"{name}.json"
        return Script(name, record, f"{note}\n{code}", facts={"of": name}, **more)

    return make


@pytest.fixture
def order(tmp_path):
    """Function to tell which steps have run."""

    def order():
        path = tmp_path / "order"
        return path.read_text().split() if path.exists() else []

    return order


def test_what_is_done_is_not_run_again(schedule, make, order, tmp_path):
    steps = [make("a"), make("b", needs=("a",)), make("c", needs=("a", "b"))]
    ended = []
    runner = schedule.Runner(
        tmp_path / "logs", on_end=lambda step, record, seconds: ended.append((step.name, record))
    )
    assert schedule.find_done(steps) == set()
    assert runner.run(steps, {"a"}) == []
    assert order() == ["b", "c"]
    record = {"made_with": {"of": "b"}, "scores": {}}
    assert ended == [("b", record), ("c", {**record, "made_with": {"of": "c"}})]
    assert schedule.find_done(steps) == {"b", "c"}
    steps[1].record.unlink()
    assert runner.run(steps, schedule.find_done(steps)) == []
    assert order() == ["b", "c", "a", "b"]
    assert runner.run(steps, schedule.find_done(steps)) == []
    assert order() == ["b", "c", "a", "b"]


def test_what_is_needed_again(schedule, make, order, tmp_path):
    """An output that is gone, where somebody reads it; what prepares for what is done is not."""
    output = tmp_path / "output"
    run = make("run", output=output, code=f"open({str(output)!r}, 'w')")
    soft = make("soft", needs=("run",), scores=None, output=tmp_path / "none")
    student = make("student", needs=("soft",))
    steps = [run, soft, student]
    for step in (run, student):
        step.record.parent.mkdir(exist_ok=True)
        step.record.write_text(json.dumps({"made_with": step.facts}))
    assert schedule.find_done(steps) == {"run", "soft", "student"}
    student.record.unlink()
    assert schedule.find_done(steps) == set()
    output.touch()
    assert schedule.find_done(steps) == {"run"}
    assert schedule.Runner(tmp_path / "logs").run(steps, {"run"}) == []
    assert order() == ["soft", "student"]


@pytest.mark.parametrize("content", [b"", b'{"made_with": {', b"[1]", b"\xff", b"{}"])
def test_damaged_records(schedule, make, content):
    step = make("a")
    step.record.parent.mkdir()
    step.record.write_bytes(content)
    with pytest.raises(ValueError, match=r"a\.json: this is no .*Remove the file") as info:
        schedule.find_done([step])
    assert "\n" not in str(info.value)


def test_other_settings(plan, schedule, settings):
    steps = plan.make_plan(settings)
    for step in steps:
        step.record.parent.mkdir(parents=True, exist_ok=True)
        record = {**(step.content or {}), "made_with": step.facts}
        step.record.write_text(json.dumps(record))
        step.output.mkdir(parents=True)
    assert schedule.find_done(steps) == {step.name for step in steps}
    longer = plan.make_plan(replace(settings, student_steps=8))
    message = r"full-100-5\.json was made with other settings: student_steps 8 \(was 0\)\. Give it"
    with pytest.raises(ValueError, match=message):
        schedule.find_done(longer)
    # More seeds and shares are no other settings of a plain run, but students have more teachers.
    more = plan.make_plan(replace(settings, seeds=(0, 5, 7), shares=(0.5, 1.0)))
    with pytest.raises(ValueError, match=r"-100.*\.json .*: teachers \[0, 5, 7\] \(was \[0, 5\]\)"):
        schedule.find_done(more)
    fixed = plan.make_plan(replace(settings, seeds=(0, 5, 7), teachers=2))
    assert schedule.find_done(fixed) == {step.name for step in steps}
    # What was not scored on another corpus is to be, and what was need not be again.
    scored = plan.make_plan(replace(settings, test=settings.train))
    assert schedule.find_done(scored) == {"rest-10", "soft-10", "soft-100"}


# Running


def test_record_and_leftovers(schedule, make, tmp_path):
    scores, left = tmp_path / "scores.json", tmp_path / "left"
    (left / "model").mkdir(parents=True)
    code = f"open({str(scores)!r}, 'w').write('{{\"pos_acc\": 0.5}}')"
    step = make("a", code, content={"seed": 3}, scores={"dev": scores}, leftovers=(left,))
    assert schedule.Runner(tmp_path / "logs").run([step], set()) == []
    assert json.loads(step.record.read_text()) == {
        "seed": 3,
        "made_with": {"of": "a"},
        "scores": {"dev": {"pos_acc": 0.5}},
    }
    assert not left.exists()


def test_a_run_that_fails(schedule, make, order, tmp_path):
    steps = [
        make("a", "import sys; sys.exit('✘ no memory')"),
        make("b", needs=("a",)),
        make("c"),
    ]
    runner = schedule.Runner(tmp_path / "logs")
    (failure,) = runner.run(steps, set())
    log = tmp_path / "logs" / "a.log"
    assert str(failure).startswith("a: `python -c import sys; sys.exit(")
    assert str(failure).endswith(f"ended with exit code 1: no memory. All that it said is in {log}")
    assert "\n" not in str(failure)
    assert order() == ["a"]
    assert not steps[0].record.exists()
    # What does not need it can go on.
    runner = schedule.Runner(tmp_path / "logs", keep_going=True)
    assert len(runner.run(steps, set())) == 1
    assert order() == ["a", "a", "c"]


def test_several_at_a_time(schedule, make, tmp_path):
    """Each of two waits for a file of the other; the third comes after them."""
    wait = "import pathlib, time\np = pathlib.Path({other!r})\nwhile not p.exists(): time.sleep(0)"

    def meet(own, other):
        own, other = (str(tmp_path / name) for name in (own, other))
        return f"open({own!r}, 'w')\n" + f"exec({wait.format(other=other)!r})"

    steps = [make("a", meet("1", "2")), make("b", meet("2", "1")), make("c", needs=("a", "b"))]
    running, most = set(), []

    def on_start(step):
        running.add(step.name)
        most.append(len(running))

    runner = schedule.Runner(
        tmp_path / "logs", 2, on_start=on_start, on_end=lambda step, *_: running.discard(step.name)
    )
    assert runner.run(steps, set()) == []
    assert most == [1, 2, 1]


def test_interruption_ends_the_processes(schedule, make, tmp_path):
    """As Ctrl+C does, while one step runs for ever."""
    endless = make("endless", "import time; time.sleep(1000)")
    begun = threading.Event()

    class Interrupting(schedule.Runner):
        def _call(self, line, log):
            if "sleep" in line[-1]:
                begun.set()
            return super()._call(line, log)

    def on_end(step, record, seconds):
        begun.wait()
        raise KeyboardInterrupt

    runner = Interrupting(tmp_path / "logs", 2, on_end=on_end)
    with pytest.raises(KeyboardInterrupt):
        runner.run([endless, make("short")], set())
    assert not endless.record.exists()
    assert runner._processes == set()


def test_jobs_share_the_cores(schedule, monkeypatch):
    """Unless somebody has said how many threads there are."""
    monkeypatch.setattr(schedule.os, "sched_getaffinity", lambda _: range(5), raising=False)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setenv("MKL_NUM_THREADS", "7")
    found = {jobs: schedule._environment(jobs) for jobs in (1, 2, 9)}
    assert "OMP_NUM_THREADS" not in found[1]
    assert [found[jobs]["OMP_NUM_THREADS"] for jobs in (2, 9)] == ["2", "1"]
    assert found[2]["MKL_NUM_THREADS"] == "7"
