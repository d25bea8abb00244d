"""Engines on this machine: in this process, or in several with a pipeline each."""

import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait

from .annotator import Annotator, Job
from .items import Batch, Piece

_AHEAD = 2  # batches of each worker that wait
_MOST_DEATHS = 3  # in a row, without a batch between them


class WorkersDiedError(RuntimeError):
    """Workers were killed again and again at the same batch."""


def annotate_here(job: Job, batches: Iterable[Batch]) -> Generator[Piece, None, None]:
    """Annotate batches in this process.

    job (Job): What to do.
    batches (Iterable[Batch]): In order.
    RETURNS (Generator[Piece]): In the same order.
    """
    yield from map(Annotator(job), batches)


def annotate_in_processes(
    job: Job, batches: Iterable[Batch], workers: int
) -> Generator[Piece, None, None]:
    """Annotate batches in several processes. One that is killed is replaced.

    Few batches are under way at any time, so memory does not grow with the corpus.

    job (Job): What to do.
    batches (Iterable[Batch]): In order.
    workers (int): Processes, each with a pipeline of its own.
    RETURNS (Generator[Piece]): In the same order.
    RAISES: WorkersDiedError: Workers die without annotating anything between. What an
        `Annotator` raises.
    """
    source = iter(batches)
    under_way: deque[tuple[Batch, Future[Piece]]] = deque()
    pool = _new_pool(workers)
    deaths = 0
    try:
        while True:
            while len(under_way) < workers * _AHEAD and (batch := next(source, None)) is not None:
                under_way.append((batch, _submit(pool, job, batch)))
            if not under_way:
                return
            try:
                piece = under_way[0][1].result()
            except BrokenProcessPool:
                deaths += 1
                if deaths > _MOST_DEATHS:
                    raise WorkersDiedError(died_message(deaths, under_way[0][0])) from None
                _stop(pool)
                pool = _new_pool(workers)
                under_way = deque(
                    (batch, future if _is_done(future) else _submit(pool, job, batch))
                    for batch, future in under_way
                )
                continue
            deaths = 0
            under_way.popleft()
            yield piece
    finally:
        _stop(pool)


def died_message(deaths: int, batch: Batch) -> str:
    """Write the message for workers that died at one batch.

    deaths (int): How many of them.
    batch (Batch): Where they were, as far as is known.
    """
    return (
        f"{deaths} workers were killed one after the other, at or after {batch.items[0].source}: "
        "by somebody, or for want of memory. Give fewer --workers; the same command goes on from "
        "the last whole part"
    )


def threads_each(workers: int) -> int:
    """Return the threads that each of several workers gets, so that together they have all cores.

    workers (int): How many there are.
    """
    affinity = getattr(os, "sched_getaffinity", None)
    cores = len(affinity(0)) if affinity else os.cpu_count() or 1
    return max(1, cores // workers)


def _new_pool(workers: int) -> ProcessPoolExecutor:
    # Not by forking, which copies threads' locks and the GPU's state.
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(workers, context, initializer=_end_with_parent)


def _submit(pool: ProcessPoolExecutor, job: Job, batch: Batch) -> "Future[Piece]":
    try:
        return pool.submit(_annotate, job, batch)
    except BrokenProcessPool as error:  # a worker died since
        failed: Future[Piece] = Future()
        failed.set_exception(error)
        return failed


def _is_done(future: "Future[Piece]") -> bool:
    """Tell whether a batch has come to its end, good or bad, other than by a worker's death."""
    if not future.done() or future.cancelled():
        return False
    return not isinstance(future.exception(), BrokenProcessPool)


def _stop(pool: ProcessPoolExecutor) -> None:
    """End a pool without waiting for what its workers are at."""
    processes = list((getattr(pool, "_processes", None) or {}).values())
    pool.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        process.kill()
    for process in processes:
        process.join()


# In the workers

_annotators: dict[Job, Annotator] = {}


def _annotate(job: Job, batch: Batch) -> Piece:
    if job not in _annotators:
        _annotators[job] = Annotator(job)
    return _annotators[job](batch)


def _end_with_parent() -> None:
    """End this worker when the process that started it is killed: nobody else would."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_wait_for, args=(parent.sentinel,), daemon=True).start()


def _wait_for(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)
