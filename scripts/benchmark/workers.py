"""Processes that measure, one a system, so that memory and start are a system's own.

The parent imports no heavy library and lets one process compute at a time.
"""

import os
import resource
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from timeit import default_timer
from typing import Any, NamedTuple

import text
from systems import SYSTEMS, Plan, Skip

_SAMPLE = 2000  # words to warm up with and to choose a batch size on
_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS")


class Failed(Exception):
    """What went wrong in another process, in one line."""


class Loaded(NamedTuple):
    """first_doc: seconds from the start of the process to the first annotated document. memory:
    the most that was resident until then, in bytes."""

    first_doc: float
    memory: int
    batch_size: int


class Run(NamedTuple):
    """One pass over the text. memory, gpu_memory: the most since the system was loaded, in bytes;
    on the GPU 0 without one."""

    seconds: float
    labels: int
    memory: int
    gpu_memory: int


class Worker:
    """A process that runs `target(connection, *args)`, which answers through the connection."""

    def __init__(self, target: Callable[..., None], *args: Any) -> None:
        context = get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=_guarded, args=(theirs, target, *args), daemon=True)
        self.process.start()
        theirs.close()

    def ask(self, question: Any = None) -> Any:
        """Send something (or nothing) and wait for the answer.

        Raises Skip or Failed for what the process could not do.
        """
        try:
            if question is not None:
                self.connection.send(question)
            answer = self.connection.recv()
        except (EOFError, OSError):
            self.process.join()
            raise Failed(
                f"the process ended early, exit code {self.process.exitcode} "
                "(-9: killed, as when memory runs out)"
            ) from None
        if isinstance(answer, Exception):
            raise answer
        return answer

    def stop(self) -> None:
        self.connection.close()
        self.process.join(5)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()


def set_threads(threads: int) -> None:
    """Let processes that are started from here use this number of threads."""
    os.environ.update(dict.fromkeys(_THREADS, str(threads)))


def call(function: Callable[..., Any], *args: Any) -> Any:
    """The result of a function, run in a process of its own.

    Raises Skip or Failed for what it raised.
    """
    worker = Worker(_answer, function, *args)
    try:
        return worker.ask()
    finally:
        worker.stop()


def _guarded(connection: Connection, target: Callable[..., None], *args: Any) -> None:
    try:
        target(connection, *args)
    except Skip as err:
        connection.send(err)
    except EOFError:  # the parent is done
        pass
    except Exception as err:
        if not isinstance(err, ValueError | OSError):
            traceback.print_exc()
        reason = " ".join(str(getattr(err, "title", None) or err).split())
        connection.send(Failed(reason or type(err).__name__))


def _answer(connection: Connection, function: Callable[..., Any], *args: Any) -> None:
    connection.send(function(*args))


def measure_system(connection: Connection, name: str, plan: Plan, started: float) -> None:
    """Load a system and say so, then run it whenever asked.

    started: `time.monotonic` when the process was asked for.
    """
    import torch

    torch.set_num_threads(plan.threads)
    system = SYSTEMS[name](plan)
    system.load()
    documents = text.load_documents(plan.documents)
    system.annotate(system.inputs(documents[:1]))
    first_doc, memory = time.monotonic() - started, peak_memory()
    reset_peak_memory()
    sample = list(text.repeat(documents, min(_SAMPLE, text.count_words(documents))))
    seconds = {}
    for size in system.batch_sizes or (0,):
        system.batch_size = size
        inputs = system.inputs(sample)
        start = default_timer()
        system.annotate(inputs)
        seconds[size] = default_timer() - start
    system.batch_size = min(seconds, key=seconds.__getitem__)
    connection.send(Loaded(first_doc, memory, system.batch_size))
    while True:
        connection.recv()
        inputs = system.inputs(documents)
        start = default_timer()
        labels = system.annotate(inputs)
        elapsed = default_timer() - start
        connection.send(Run(elapsed, labels, peak_memory(), peak_gpu_memory(plan.device)))


class Memory(NamedTuple):
    """loading, memory: the most that was resident until the pipeline was loaded, and from then on,
    in bytes."""

    words: int
    loading: int
    memory: int
    gpu_memory: int
    seconds: float


def measure_memory(plan: Plan, n_words: int, one_doc: bool) -> Memory:
    """Annotate so many words with our POS and NER and keep nothing; as one Doc, or as a stream of
    the documents over and over."""
    import torch

    torch.set_num_threads(plan.threads)
    system = SYSTEMS["ours-pos-ner"](plan)
    system.load()
    documents = text.load_documents(plan.documents)
    loading = peak_memory()
    reset_peak_memory()
    nlp, make_doc = system.nlp, system.make_doc  # type: ignore[attr-defined]
    start = default_timer()
    stream = text.repeat(documents, n_words)
    if one_doc:
        nlp(make_doc([sentence for document in stream for sentence in document]))
    else:
        for _ in nlp.pipe(map(make_doc, stream)):
            pass
    seconds = default_timer() - start
    return Memory(n_words, loading, peak_memory(), peak_gpu_memory(plan.device), seconds)


def peak_memory() -> int:
    """The most memory that this process has had resident since the last reset, in bytes.

    Linux says it in /proc; the figure of `getrusage` there begins with that of the parent.
    """
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text(encoding="utf8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def resident_memory() -> int:
    """The memory that this process has resident now, in bytes.

    Raises OSError where the system has no /proc (Linux has).
    """
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize()


def reset_peak_memory() -> None:
    """Begin `peak_memory` anew, where the system (Linux) can."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="utf8")


def peak_gpu_memory(device: str) -> int:
    """The most memory that PyTorch has held on the GPU, in bytes; 0 without one."""
    import torch

    return torch.cuda.max_memory_reserved() if device == "cuda" else 0
