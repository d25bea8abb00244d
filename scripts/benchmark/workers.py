"""Processes that measure, one for each system, so that memory and start are a system's own.

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
from typing import Generic, NamedTuple, ParamSpec, TypeVar

import text
from systems import SYSTEMS, OursPosNer, Plan, Skip

P = ParamSpec("P")
T = TypeVar("T")

_SAMPLE = 2000  # words to warm up with and to choose a batch size on
_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS")


class Failed(Exception):
    """What went wrong in another process, in one line."""


class Loaded(NamedTuple):
    """A system that is ready.

    first_doc (seconds): From the start of the process to the first annotated document.
    memory (bytes): The most that was resident until then.
    batch_size: The one chosen; 0 for systems without.
    """

    first_doc: float
    memory: int
    batch_size: int


class Run(NamedTuple):
    """One pass over the text.

    labels: That came out.
    memory, gpu_memory (bytes): The most since the system was loaded; on the GPU 0 without one.
    """

    seconds: float
    labels: int
    memory: int
    gpu_memory: int


class Memory(NamedTuple):
    """One pass over long text.

    loading, memory (bytes): The most that was resident until the pipeline was loaded, and from
        then on.
    gpu_memory (bytes): The most on the GPU; 0 without one.
    """

    words: int
    loading: int
    memory: int
    gpu_memory: int
    seconds: float


class Worker(Generic[T]):
    """A process that runs `target(connection, *args)`, which answers through the connection."""

    def __init__(self, target: Callable[..., None], *args: object) -> None:
        context = get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=_guarded, args=(theirs, target, *args), daemon=True)
        self.process.start()
        theirs.close()

    def ask(self, question: object = None) -> T:
        """Send something (or nothing) and wait for the answer.

        RAISES: Skip or Failed: For what the process could not do.
        """
        try:
            if question is not None:
                self.connection.send(question)
            answer: T | Exception = self.connection.recv()
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


def call(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Return the result of a function that runs in a process of its own.

    RAISES: Skip or Failed: For what it raised.
    """
    worker: Worker[T] = Worker(_answer, function, args, kwargs)
    try:
        return worker.ask()
    finally:
        worker.stop()


def _guarded(connection: Connection, target: Callable[..., None], *args: object) -> None:
    try:
        target(connection, *args)
    except Skip as err:
        connection.send(err)
    except EOFError:  # the parent is done
        pass
    except Exception as err:
        from spacy_seqtag.errors import one_line  # loads PyTorch

        if not isinstance(err, ValueError | OSError):
            traceback.print_exc()
        connection.send(Failed(one_line(err)))


def _answer(
    connection: Connection,
    function: Callable[..., object],
    args: tuple[object, ...],
    kwargs: dict[str, object],
) -> None:
    connection.send(function(*args, **kwargs))


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


def measure_memory(plan: Plan, n_words: int, one_doc: bool) -> Memory:
    """Annotate so many words with our POS and NER, and keep nothing.

    one_doc: All in one Doc; else a stream of the documents over and over.
    """
    import torch

    torch.set_num_threads(plan.threads)
    system = OursPosNer(plan)
    system.load()
    documents = text.load_documents(plan.documents)
    loading = peak_memory()
    reset_peak_memory()
    start = default_timer()
    stream = text.repeat(documents, n_words)
    if one_doc:
        sentences = [sentence for document in stream for sentence in document]
        system.nlp(system.make_doc(sentences))
    else:
        for _ in system.nlp.pipe(map(system.make_doc, stream)):
            pass
    seconds = default_timer() - start
    return Memory(n_words, loading, peak_memory(), peak_gpu_memory(plan.device), seconds)


def peak_memory() -> int:
    """Return the most memory that this process had resident since the last reset, in bytes.

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
    """Return the memory that this process has resident now, in bytes.

    RAISES: OSError: Where the system has no /proc (Linux has).
    """
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize()


def reset_peak_memory() -> None:
    """Begin `peak_memory` anew, where the system (Linux) can."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="utf8")


def peak_gpu_memory(device: str) -> int:
    """Return the most memory that PyTorch has held on the GPU, in bytes; 0 without one."""
    import torch

    return torch.cuda.max_memory_reserved() if device == "cuda" else 0
