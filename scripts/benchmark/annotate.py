"""What `annotate` costs beside `nlp.pipe`: words per second to JSONL, as a ratio.

A text is annotated by both, stretch by stretch, one right after the other, and the order changes
from stretch to stretch. The time is that which the process has computed, so that other processes do
not count; with one thread it is that of a free machine. `annotate` also reads JSONL, writes JSONL
and keeps its manifest; `nlp.pipe` only yields Docs.

With `--workers` the engines of several processes are compared, too: seconds from the first batch to
the last, all of them taking turns. These are of a clock, so the machine has to be free.
"""

import json
import statistics
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from unittest.mock import patch

import text
import typer
from machine import machine
from report import fail, write_json
from wasabi import msg, table
from workers import Failed, call, set_threads

LEAST_RATIO = 0.95
"""The target: words per second of `annotate`, of those of `nlp.pipe`."""

_PIECES = 5  # of each worker, at least, where engines are compared

LEAST_OF_RAY = 0.90
"""The target: words per second of Ray's workers, of those of as many local ones."""


@dataclass(frozen=True)
class Settings:
    """The options of the command."""

    folder: Path
    model: str
    corpus: Path | None
    words: int
    pairs: int
    threads: int
    workers: int
    passes: int


@dataclass(frozen=True)
class Measured:
    """Seconds of each stretch, and words per second of the engines.

    words (list[int]): Of each stretch.
    annotate, pipe (list[float], seconds): Of each stretch.
    engines (dict[str, list[float]], words per second): Of each pass.
    """

    words: list[int]
    annotate: list[float]
    pipe: list[float]
    engines: dict[str, list[float]]

    @property
    def ratio(self) -> float:
        """The rate of `annotate`, of that of `nlp.pipe`: that of the median stretch."""
        return statistics.median(self.ratios)

    @property
    def ratios(self) -> list[float]:
        return sorted(pipe / taken for taken, pipe in zip(self.annotate, self.pipe))

    @property
    def of_ray(self) -> float | None:
        """The rate of Ray's workers, of that of local ones: that of the median pass."""
        if not self.engines:
            return None
        pairs = zip(self.engines["ray"], self.engines["local"])
        return statistics.median(ray / local for ray, local in pairs)


def main(
    model: str = typer.Argument(help="A trained pipeline: package name or folder"),
    corpus: Path | None = typer.Option(
        None, help="Corpus (.spacy) whose text is annotated; by default the dev split"
    ),
    words: int = typer.Option(20_000, min=1, help="Words of a stretch"),
    pairs: int = typer.Option(10, min=1, help="Stretches, each of which is taken both ways"),
    threads: int = typer.Option(1, min=1, help="Threads of PyTorch and the tokenizers"),
    workers: int = typer.Option(0, min=0, help="Compare engines with so many processes, too"),
    passes: int = typer.Option(3, min=1, help="Passes of each engine"),
    output: Path | None = typer.Option(None, help="JSON file for the figures", dir_okay=False),
) -> None:
    set_threads(threads)
    with TemporaryDirectory() as folder:
        settings = Settings(Path(folder), model, corpus, words, pairs, threads, workers, passes)
        try:
            measured = call(measure, settings)
            if workers:  # here, as the process that measures may not start others
                measured.engines.update(compare_engines(settings))
        except (Failed, ValueError, OSError) as err:
            fail(str(err))
    show(measured)
    if output is not None:
        facts = {"model": model, "threads": threads, "workers": workers}
        content = {
            "facts": {**facts, "machine": asdict(machine())},
            "ratio": measured.ratio,
            "target": LEAST_RATIO,
            "of_ray": measured.of_ray,
            "target_of_ray": LEAST_OF_RAY,
            "measured": asdict(measured),
        }
        write_json(output, content)
        msg.good(f"Saved the figures to {output}")


def measure(settings: Settings) -> Measured:
    """Annotate stretches both ways, then with each engine.

    RAISES: ValueError or OSError: For settings that cannot be met.
    """
    import torch

    from spacy_seqtag.annotate import run
    from spacy_seqtag.annotate.annotator import Annotator, Job

    torch.set_num_threads(settings.threads)
    annotator = Annotator(Job(settings.model, "", (), True, "jsonl"))
    nlp = annotator.nlp
    measured = Measured([], [], [], {})
    # The same loaded pipeline for both, and no digest of it: both are made once a run, not once a
    # stretch.
    here = patch.multiple(
        run,
        annotate_here=lambda _, batches: (annotator(batch) for batch in batches),
        model_digest=lambda _: "",
    )
    with here:
        for number, texts in enumerate(stretches(settings)):
            path = settings.folder / f"{number}.jsonl"
            path.write_text("".join(json.dumps({"text": one}) + "\n" for one in texts), "utf8")
            ways: dict[str, Callable[[], int]] = {
                "annotate": lambda path=path: (
                    run.annotate(settings.model, [str(path)], path.with_suffix("")).words
                ),
                "pipe": lambda texts=texts: sum(map(len, nlp.pipe(texts))),
            }
            for name in list(ways)[:: -1 if number % 2 else 1]:
                start = process_time()
                n_words = ways[name]()
                if number:  # the first one warms up
                    getattr(measured, name).append(process_time() - start)
            if number:
                measured.words.append(n_words)
    return measured


def stretches(settings: Settings) -> Iterator[list[str]]:
    """Yield texts of documents, over and over, a stretch at a time, and one more to warm up."""
    documents = text.read_documents(text.find_corpus(settings.corpus, "dev", settings.folder))
    stretch: list[str] = []
    n_words = n_stretches = 0
    for document in cycle(documents):
        stretch.append(" ".join(" ".join(sentence) for sentence in document))
        n_words += text.count_words([document])
        if n_words >= settings.words:
            yield stretch
            stretch, n_words, n_stretches = [], 0, n_stretches + 1
        if n_stretches > settings.pairs:
            return


def compare_engines(settings: Settings) -> dict[str, list[float]]:
    """Annotate all stretches with as many local processes as Ray's, in turns.

    RETURNS (dict[str, list[float]]): Words per second from the first piece to the last, so that
        starting and loading do not count.
    """
    from spacy_seqtag.annotate.annotator import Job
    from spacy_seqtag.annotate.batches import Source
    from spacy_seqtag.annotate.inputs import find_inputs
    from spacy_seqtag.annotate.local import annotate_in_processes
    from spacy_seqtag.annotate.ray_engine import Cluster, annotate_on_ray

    names = [str(path) for path in sorted(settings.folder.glob("*.jsonl"))]
    source = Source(find_inputs(names), "text", True, 4_000_000)
    job = replace(Job(settings.model, "", (), True, "jsonl"), threads=settings.threads)
    cluster = Cluster(None, settings.workers, settings.threads)
    ways = {
        "local": lambda: annotate_in_processes(job, source.batches(), settings.workers),
        "ray": lambda: annotate_on_ray(job, source, 0, cluster),
    }
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(settings.passes):
        for name in list(ways)[:: -1 if number % 2 else 1]:
            with closing(ways[name]()) as pieces:
                # Until every worker has loaded its pipeline, and done a batch.
                for _ in range(2 * settings.workers):
                    next(pieces)
                start = perf_counter()
                counts = [piece.words for piece in pieces]
                # What was under way before the start would count for more than it is.
                if len(counts) < _PIECES * settings.workers:
                    raise Failed(f"{len(counts)} batches are too few: give more --words")
                rates[name].append(sum(counts) / (perf_counter() - start))
    return rates


def show(measured: Measured) -> None:
    """Print the words per second, and the ratios."""
    ratios = measured.ratios
    half = f"{ratios[len(ratios) // 4]:.3f} to {ratios[3 * len(ratios) // 4]:.3f}"
    rows = []
    for name, seconds in (("nlp.pipe", measured.pipe), ("annotate", measured.annotate)):
        rate = statistics.median(n / taken for n, taken in zip(measured.words, seconds))
        compared = name == "annotate"
        reached = "reached" if measured.ratio >= LEAST_RATIO else "missed"
        rows.append(
            (name, f"{rate:,.0f}", f"{measured.ratio:.3f}", half, f"{LEAST_RATIO:g}", reached)
            if compared
            else (name, f"{rate:,.0f}", "", "", "", "")
        )
    for name, rates in measured.engines.items():
        rate = f"{statistics.median(rates):,.0f}"
        if name == "ray" and measured.of_ray is not None:
            reached = "reached" if measured.of_ray >= LEAST_OF_RAY else "missed"
            rows.append((name, rate, f"{measured.of_ray:.3f}", "", f"{LEAST_OF_RAY:g}", reached))
        else:
            rows.append((f"{name} workers", rate, "", "", "", ""))
    header = ("", "words/s", "ratio", "half of the stretches", "target", "")
    print(table(rows, header=header, divider=True, aligns=("l", "r", "r", "r", "r", "l")))


if __name__ == "__main__":
    typer.run(main)
