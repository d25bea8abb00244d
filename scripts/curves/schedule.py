"""Runs steps, several at a time, and writes down what is done."""

import json
import os
import subprocess
import threading
import time
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path

from curves.plan import Facts, Step
from spacy_seqtag.errors import printable
from spacy_seqtag.files import write_file

_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS")


class RunFailed(Exception):
    """A run that failed. Its text is one line: which, why, and the file that has the rest."""


def find_done(steps: Sequence[Step]) -> set[str]:
    """Find the steps that need not be run, and check that those are what is asked for now.

    A step is done if its record says so, and if its output is there or nobody is going to read it.
    What only prepares other steps is not needed when these are done.

    steps (Sequence[Step]): Each after those that it needs.
    RAISES: ValueError: The record of one is damaged, or it was made with other settings.
    """
    done, read = set[str](), set[str]()
    for step in reversed(steps):
        recorded = _is_done(step)
        is_there = recorded and step.output.exists()
        if is_there or (step.name not in read and (recorded or step.scores is None)):
            done.add(step.name)
        else:
            read.update(step.needs)
    return done


def _is_done(step: Step) -> bool:
    """Tell whether there is a record of a step.

    RAISES: ValueError: See `find_done`.
    """
    if not step.record.is_file():
        return False
    content = read_object(step.record)
    made_with = content.get("made_with")
    if not isinstance(made_with, dict):
        raise ValueError(f"{step.record}: this is no record of a run. {_REMOVE}")
    if changes := _changes(made_with, step.facts):
        raise ValueError(
            f"{step.record} was made with other settings: {changes}. Give it its own again, "
            "remove the file, or name another --folder"
        )
    return _is_scored(step, content)


def _is_scored(step: Step, record: Facts) -> bool:
    """Tell whether a record has the scores that are asked for now; it may have more."""
    asked = (step.content or {}).get("scored_on", {})
    scored = record.get("scored_on", {})
    return all(scored.get(split) == digest for split, digest in asked.items())


_REMOVE = "Remove the file, and what it says is made again"


def read_object(path: Path) -> Facts:
    """Read a JSON file that holds one object.

    RAISES: ValueError: It holds something else.
    """
    try:
        content = json.loads(path.read_text(encoding="utf8"))
    except (ValueError, OSError):
        content = None
    if not isinstance(content, dict):
        raise ValueError(f"{path}: this is no JSON object, or a damaged one. {_REMOVE}")
    return content


def _changes(before: Facts, now: Facts) -> str:
    now = json.loads(json.dumps(now))
    names = sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))
    return "; ".join(f"{name} {now.get(name)!r} (was {before.get(name)!r})" for name in names)


class Runner:
    """Runs steps as processes.

    folder (Path): Where their logs go.
    jobs (int): How many run at a time.
    keep_going (bool): If one fails, run all that do not depend on it.
    on_start, on_end (Callable): Told of each step that starts; of each that is done, with its
        record and the seconds it took.
    """

    def __init__(
        self,
        folder: Path,
        jobs: int = 1,
        keep_going: bool = False,
        on_start: Callable[[Step], None] = lambda step: None,
        on_end: Callable[[Step, Facts, float], None] = lambda step, record, seconds: None,
    ) -> None:
        self.folder = folder
        self.jobs = jobs
        self.keep_going = keep_going
        self.on_start = on_start
        self.on_end = on_end
        self._environment = _environment(jobs)
        self._processes: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()
        self._stopped = False

    def run(self, steps: Sequence[Step], done: Collection[str]) -> list[RunFailed]:
        """Run the steps that are not done.

        steps (Sequence[Step]): Each after those that it needs.
        done (Collection[str]): The names of those that are done.
        RETURNS (list[RunFailed]): Those that failed.
        """
        finished = set(done)
        waiting = [step for step in steps if step.name not in finished]
        running: dict[Future[tuple[Facts, float]], Step] = {}
        failures: list[RunFailed] = []
        with ThreadPoolExecutor(self.jobs) as pool:
            try:
                while True:
                    if not failures or self.keep_going:
                        ready = [step for step in waiting if finished.issuperset(step.needs)]
                        for step in ready[: self.jobs - len(running)]:
                            waiting.remove(step)
                            self.on_start(step)
                            running[pool.submit(self._run, step)] = step
                    if not running:
                        return failures
                    for future in wait(running, return_when=FIRST_COMPLETED).done:
                        step = running.pop(future)
                        try:
                            record, seconds = future.result()
                        except RunFailed as failure:
                            failures.append(failure)
                            continue
                        finished.add(step.name)
                        self.on_end(step, record, seconds)
            except BaseException:
                self._stop()
                raise

    def _run(self, step: Step) -> tuple[Facts, float]:
        """Run the commands of a step, and write its record.

        RETURNS (tuple[Facts, float]): The record, and the seconds it took.
        RAISES: RunFailed: One of them failed.
        """
        start = time.monotonic()
        log = self.folder / f"{step.name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as file:
            for line in step.lines():
                file.write(f"\n$ {' '.join(line)}\n".encode())
                file.flush()
                code = self._call(line, file.fileno())
                if code:
                    what = " ".join(line[1:5])
                    raise RunFailed(
                        f"{step.title}: `python {what}` ended with exit code {code}: "
                        f"{_last_line(log)}. All that it said is in {log}"
                    )
        record: Facts = {**(step.content or {}), "made_with": step.facts}
        if step.scores is not None:
            record["scores"] = {name: read_object(path) for name, path in step.scores.items()}
        write_file(step.record, (json.dumps(record, indent=1) + "\n").encode("utf8"))
        for folder in step.leftovers:
            _remove(folder)
        return record, time.monotonic() - start

    def _call(self, line: Sequence[str], log: int) -> int:
        with self._lock:
            if self._stopped:
                raise RunFailed("interrupted")
            process = subprocess.Popen(
                line, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self._environment
            )
            self._processes.add(process)
        code = process.wait()
        with self._lock:
            self._processes.discard(process)
        return code

    def _stop(self) -> None:
        with self._lock:
            self._stopped = True
            for process in self._processes:
                process.terminate()


def _environment(jobs: int) -> dict[str, str]:
    """Share the cores among the jobs, where nobody has said how many threads each has."""
    result = dict(os.environ)
    if jobs > 1:
        affinity = getattr(os, "sched_getaffinity", None)
        cores = len(affinity(0)) if affinity else os.cpu_count() or 1
        for name in _THREADS:
            result.setdefault(name, str(max(1, cores // jobs)))
    return result


def _last_line(log: Path) -> str:
    """Return the last line of a log that says something."""
    lines = log.read_text(encoding="utf8", errors="replace").splitlines()
    said = [line.strip(" \t\u2718") for line in lines if line.strip() and not line.startswith("$ ")]
    return printable(said[-1].rstrip("."), limit=300) if said else "it said nothing"


def _remove(folder: Path) -> None:
    import shutil

    shutil.rmtree(folder, ignore_errors=True)
