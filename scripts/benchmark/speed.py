"""Words per second, memory and time to the first Doc: ours, and the usual ways to label words.

All systems read the same text with the same weights on the same number of threads, each in a
process of its own, one at a time, in turn. What is timed is from the text in the system's own
form (Docs, strings, lists of words) to labels in main memory.
"""

import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

import typer
from machine import machine
from plots import plot_speed
from prepare import (
    ENCODERS,
    PRECISIONS,
    CorpusOption,
    EncoderOption,
    Facts,
    RepeatsOption,
    Settings,
    WordsOption,
    prepare,
)
from report import (
    LongText,
    Result,
    fail,
    memory_table,
    ratio_table,
    ratios,
    speed_table,
    write_json,
)
from systems import SYSTEMS, Plan, Skip
from wasabi import msg
from workers import Failed, Loaded, Run, Worker, call, measure_memory, measure_system, set_threads


def main(
    corpus: CorpusOption = None,
    words: WordsOption = 25_000,
    repeats: RepeatsOption = 5,
    threads: int = typer.Option(2, min=1, help="Threads of PyTorch and the tokenizers"),
    encoder: EncoderOption = "minilm",
    device: str = typer.Option("auto", help="cpu, cuda, or auto: the GPU where there is one"),
    precision: str = typer.Option(
        "auto", help="Of our pipelines and the limit: auto, float32 or bfloat16"
    ),
    sentences: bool = typer.Option(
        False, help="Give spaCy's pipelines the sentences, as the others have them"
    ),
    document_words: int | None = typer.Option(
        None, min=1, help="Cut the text into documents of so many words: batches need less padding"
    ),
    systems: str = typer.Option(",".join(SYSTEMS), help="Systems to run"),
    model: Path | None = typer.Option(
        None,
        help="A trained pipeline of ours, on --encoder; by default output layers are untrained",
    ),
    spacy_model: Path | None = typer.Option(
        None, help="A trained pipeline for the system spacy; by default untrained"
    ),
    memory: bool = typer.Option(
        False, help="Measure also the memory of our POS and NER over long text"
    ),
    memory_words: str = typer.Option("100000,1000000", help="Sizes of streams, in words"),
    memory_doc: int = typer.Option(200_000, min=1, help="Size of one Doc, in words"),
    output: Path = typer.Option(
        Path("metrics/benchmark"), help="Folder for speed.json and speed.png", file_okay=False
    ),
) -> None:
    names = tuple(name.strip() for name in systems.split(",") if name.strip())
    streams = [size.strip() for size in memory_words.split(",")]
    check_options(names, precision, encoder, streams, model, spacy_model)
    set_threads(threads)
    with TemporaryDirectory() as folder:
        settings = Settings(
            folder=Path(folder),
            corpus=corpus,
            words=words,
            threads=threads,
            encoder=encoder,
            device=device,
            precision=precision,
            sentences=sentences,
            systems=(*names, "ours-pos-ner") if memory else names,
            model=model,
            spacy_model=spacy_model,
            document_words=document_words,
        )
        try:
            prepared = call(prepare, settings)
            output.mkdir(parents=True, exist_ok=True)
        except (Failed, OSError) as err:
            fail(str(err))
        results = measure(names, prepared.plan, words, repeats)
        sizes = [int(size) for size in streams]
        long_text = measure_long_text(prepared.plan, sizes, memory_doc) if memory else []
    report(results, long_text, prepared.facts, output)


def check_options(
    names: Sequence[str],
    precision: str,
    encoder: str,
    streams: Sequence[str],
    model: Path | None,
    spacy_model: Path | None,
) -> None:
    """Exit with an error for the first option that cannot be."""
    unknown = [name for name in names if name not in SYSTEMS]
    if unknown or not names:
        fail(f"--systems {','.join(names)}: give some of: {', '.join(SYSTEMS)}")
    if precision not in PRECISIONS:
        fail(f"--precision {precision}: give one of: {', '.join(PRECISIONS)}")
    if not encoder:
        fail(f"--encoder: give one of: {', '.join(ENCODERS)}, or a folder or name")
    if not all(size.isdigit() and int(size) for size in streams):
        fail(f"--memory-words {','.join(streams)}: give numbers, such as 100000,1000000")
    for option, path in (("--model", model), ("--spacy-model", spacy_model)):
        if path is not None and not (path / "config.cfg").is_file():
            fail(f"{option} {path}: no pipeline there. Give the folder of a trained one")


def measure(names: Sequence[str], plan: Plan, words: int, repeats: int) -> list[Result]:
    """Load the systems one after the other, then run them in turn; another begins each time."""
    results = [Result(name, SYSTEMS[name].title, words) for name in names]
    running: list[tuple[Result, Worker[Loaded | Run]]] = []
    for result in results:
        worker: Worker[Loaded | Run] = Worker(measure_system, result.name, plan, time.monotonic())
        loaded = answer(result, worker)
        if isinstance(loaded, Loaded):
            result.first_doc, result.loading, result.batch_size = loaded
            running.append((result, worker))
            msg.text(f"{result.title}: loaded")
    for i in range(repeats):
        first = i % max(len(running), 1)
        for result, worker in running[first:] + running[:first]:
            run = answer(result, worker, "run") if result.status == "ok" else None
            if isinstance(run, Run):
                result.seconds.append(run.seconds)
                result.labels = run.labels
                result.memory, result.gpu_memory = run.memory, run.gpu_memory
        msg.text(f"{i + 1} of {repeats} passes")
    for _, worker in running:
        worker.stop()
    return results


def answer(
    result: Result, worker: Worker[Loaded | Run], question: str | None = None
) -> Loaded | Run | None:
    """Return the worker's answer; None, with the reason in the result, if there is none."""
    try:
        return worker.ask(question)
    except Skip as err:
        result.status, result.reason = "skipped", str(err)
    except Failed as err:
        result.status, result.reason = "failed", str(err)
    worker.stop()
    msg.warn(f"{result.title} {result.status}: {result.reason}")
    return None


def measure_long_text(plan: Plan, streams: Sequence[int], doc: int) -> list[LongText]:
    """Measure the memory over streams of Docs of so many words, and over one Doc."""
    rows = []
    for size, one_doc in [*((size, False) for size in streams), (doc, True)]:
        what = f"one Doc of {size:,} words" if one_doc else f"{size:,} words through nlp.pipe"
        try:
            row = LongText(what, **call(measure_memory, plan, size, one_doc)._asdict())
        except (Skip, Failed) as err:
            status = "skipped" if isinstance(err, Skip) else "failed"
            row = LongText(what, size, status, str(err))
            msg.warn(f"{what} {status}: {err}")
        rows.append(row)
    return rows


def report(
    results: Sequence[Result], long_text: Sequence[LongText], facts: Facts, output: Path
) -> None:
    """Print and save the figures; exit with an error if a system failed."""
    here = machine()
    found = " ".join((*facts.instructions, *(f"{k}={v}" for k, v in facts.limits.items())))
    cpu = f"{here.cpu} ({found}), threads: {facts.threads}"
    where = facts.gpu or cpu
    headline = f"{facts.encoder}, {facts.words:,} words, {where}, {facts.precision}"
    compared = ratios(results)
    print(f"\n{headline}\n{speed_table(results)}")
    if compared:
        print(ratio_table(compared))
    measured = [row for row in long_text if row.status == "ok"]
    if measured:
        print(memory_table(measured))
    content = {
        "facts": {**asdict(facts), "machine": asdict(here)},
        "systems": {result.name: result.to_dict() for result in results},
        "ratios": [asdict(ratio) for ratio in compared],
        "memory": [asdict(row) for row in long_text],
    }
    write_json(output / "speed.json", content)
    if any(result.measured for result in results):
        plot_speed(output / "speed.png", results, headline)
    msg.good(f"Saved the figures to {output}")
    failed = [result.name for result in results if result.status == "failed"]
    failed += [row.what for row in long_text if row.status == "failed"]
    if failed:
        fail(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    typer.run(main)
