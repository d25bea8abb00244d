"""Requests of one moment → one batch through the pipeline.

The pipeline runs in one thread, as spaCy's pipelines are not made for several, and PyTorch uses all
cores for each batch anyway. While a batch is annotated, requests gather; all of them, up to a size,
are the next batch. A request that comes alone is annotated at once; after a batch of several, the
next one waits some milliseconds for those who will ask again.
"""

import asyncio
import contextvars
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from anyio import fail_after
from spacy.language import Language
from spacy.tokens import Doc

from .limits import Limits, cost
from .metrics import Metrics

# Seconds: how often to look whether further requests came in, and for how long at most.
_WAIT, _LONGEST_WAIT = 0.002, 0.02

T = TypeVar("T")


class Busy(Exception):
    """A request that cannot be annotated in time. Its text says why."""


class PipelineError(Exception):
    """A text on which the pipeline failed. Its cause says why."""


@dataclass(eq=False)
class _Job(Generic[T]):
    """The texts of a request.

    texts (Sequence[str]): Its texts.
    make (Callable[[Doc], T]): Makes the answer for an annotated text.
    size (int): Characters.
    done (asyncio.Future[list[T]]): Where the answers go.
    """

    texts: Sequence[str]
    make: Callable[[Doc], T]
    size: int
    done: "asyncio.Future[list[T]]"


class Batcher:
    """Annotates the texts of requests, those of one moment together.

    nlp (Language): The pipeline.
    limits (Limits): What may wait, and how long; the size of a batch.
    metrics (Metrics): Told of each batch.
    """

    def __init__(self, nlp: Language, limits: Limits, metrics: Metrics) -> None:
        self.nlp = nlp
        self.limits = limits
        self.metrics = metrics
        # The answers of a server have several types.
        self._jobs: deque[_Job[Any]] = deque()
        self._waiting = 0
        self._wake = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, "pipeline")

    async def annotate(self, texts: Sequence[str], make: Callable[[Doc], T]) -> list[T]:
        """Annotate texts.

        texts (Sequence[str]): Of one request.
        make (Callable[[Doc], T]): Makes of each Doc what is asked for. It runs in the thread of the
            pipeline, and must not keep the Doc: its strings are forgotten after the batch.
        RETURNS (list[T]): In the order of the texts.
        RAISES: Busy: Too much is waiting already, or it took too long. PipelineError: It failed.
        """
        size = cost(texts)
        if self._waiting and self._waiting + size > self.limits.max_waiting:
            raise Busy("too many texts are waiting to be annotated. Try again in a moment")
        job = _Job(texts, make, size, asyncio.get_running_loop().create_future())
        self._jobs.append(job)
        self._count(size)
        self._wake.set()
        try:
            with fail_after(self.limits.timeout):
                return await job.done
        except TimeoutError:
            raise Busy(f"this took more than {self.limits.timeout:g} seconds") from None
        finally:
            with suppress(ValueError):  # given up before its turn came
                self._jobs.remove(job)
            self._count(-size)

    async def run(self) -> None:
        """Annotate what is asked for, until the task is cancelled."""
        loop = asyncio.get_running_loop()
        # Thinc knows by it which device computes; a thread has one of its own.
        context = contextvars.copy_context()
        crowded = False
        while True:
            await self._wake.wait()
            if crowded:
                await self._gather()
            batch = self._next_batch()
            crowded = len(batch) > 1
            if not batch:
                self._wake.clear()
                continue
            try:
                answers = await loop.run_in_executor(
                    self._thread, context.run, self._annotate, batch
                )
            except Exception as error:  # of the batch as a whole: the next one may go well
                answers = [error] * len(batch)
            for job, answer in zip(batch, answers, strict=True):
                if job.done.done():  # given up by whoever asked
                    continue
                if isinstance(answer, Exception):
                    failed = PipelineError(str(answer))
                    failed.__cause__ = answer
                    job.done.set_exception(failed)
                else:
                    job.done.set_result(answer)

    async def _gather(self) -> None:
        """Wait while requests come in: those whose answers went out a moment ago ask again."""
        end = time.monotonic() + _LONGEST_WAIT
        before = -1
        while before != len(self._jobs) and time.monotonic() < end:
            before = len(self._jobs)
            await asyncio.sleep(_WAIT)

    def close(self) -> None:
        """End the thread, after the batch that it is at."""
        self._thread.shutdown(wait=True, cancel_futures=True)

    def _count(self, size: int) -> None:
        self._waiting += size
        self.metrics.waiting.set(self._waiting)

    def _next_batch(self) -> list[_Job[Any]]:
        batch: list[_Job[Any]] = []
        size = 0
        while self._jobs:
            job = self._jobs[0]
            if batch and size + job.size > self.limits.batch_characters:
                break
            self._jobs.popleft()
            if not job.done.done():
                batch.append(job)
                size += job.size
        return batch

    def _annotate(self, batch: list[_Job[Any]]) -> list[list[Any] | Exception]:
        """Annotate the texts of some requests. Where one fails, the others do not."""
        with suppress(Exception):
            return list(self._pipe(batch))
        answers: list[list[Any] | Exception] = []
        for job in batch:
            try:
                answers += self._pipe([job])
            except Exception as error:
                answers.append(error)
        return answers

    def _pipe(self, batch: list[_Job[Any]]) -> list[list[Any]]:
        texts = [text for job in batch for text in job.texts]
        words = 0
        with self.nlp.memory_zone():
            docs = self.nlp.pipe(texts)
            answers = []
            for job in batch:
                made = []
                for _ in job.texts:
                    doc = next(docs)
                    words += len(doc)
                    made.append(job.make(doc))
                answers.append(made)
        self.metrics.batches.observe(len(texts))
        self.metrics.words.inc(words)
        return answers
