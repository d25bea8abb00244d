"""Words a second, memory and time to the first Doc of this package's pipelines and of the usual
ways to label words with a transformer.

All systems read the same text with the same weights on the same number of threads, each in a
process of its own, one at a time, in turn. What is timed is from the text in the system's own
form (Docs, strings, lists of words) to labels in main memory.
"""

import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import typer
from prepare import (
    ENCODERS,
    PRECISIONS,
    CorpusOption,
    EncoderOption,
    Prepared,
    RepeatsOption,
    Settings,
    WordsOption,
    prepare,
)
from report import (
    Result,
    fail,
    machine,
    memory_table,
    plot_speed,
    ratio_table,
    ratios,
    speed_table,
    write_json,
)
from systems import SYSTEMS, Plan, Skip
from wasabi import msg
from workers import Failed, Worker, call, measure_memory, measure_system, set_threads


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
    unknown = [name for name in names if name not in SYSTEMS]
    if unknown or not names:
        fail(f"--systems {systems}: give some of: {', '.join(SYSTEMS)}")
    if precision not in PRECISIONS:
        fail(f"--precision {precision}: give one of: {', '.join(PRECISIONS)}")
    if not encoder:
        fail(f"--encoder: give one of: {', '.join(ENCODERS)}, or a folder or name")
    if not all(size.strip().isdigit() and int(size) for size in memory_words.split(",")):
        fail(f"--memory-words {memory_words}: give numbers, such as 100000,1000000")
    for option, path in (("--model", model), ("--spacy-model", spacy_model)):
        if path is not None and not (path / "config.cfg").is_file():
            fail(f"{option} {path}: no pipeline there. Give the folder of a trained one")
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
        )
        try:
            prepared: Prepared = call(prepare, settings)
            output.mkdir(parents=True, exist_ok=True)
        except (Failed, OSError) as err:
            fail(str(err))
        results = measure(names, prepared.plan, words, repeats)
        streams = [int(size) for size in memory_words.split(",")]
        long_text = measure_long_text(prepared.plan, streams, memory_doc) if memory else []
    facts = {**prepared.facts, "machine": machine()}
    show(results, long_text, facts)
    content = {
        "facts": facts,
        "systems": {result.name: result.to_dict() for result in results},
        "ratios": [
            {"peer": r.peer, "ratio": r.ratio, "target": r.target, "reached": r.reached}
            for r in ratios(results)
        ],
        "memory": long_text,
    }
    write_json(output / "speed.json", content)
    if any(result.measured for result in results):
        plot_speed(output / "speed.png", results, headline(facts))
    msg.good(f"Saved the figures to {output}")
    failed = [result.name for result in results if result.status == "failed"]
    failed += [row["what"] for row in long_text if row["status"] == "failed"]
    if failed:
        fail(f"failed: {', '.join(failed)}")


def measure(names: Sequence[str], plan: Plan, words: int, repeats: int) -> list[Result]:
    """Load the systems one after the other, then run them in turn; another one begins each time."""
    results = [Result(name, SYSTEMS[name].title, words) for name in names]
    running: list[tuple[Result, Worker]] = []
    for result in results:
        worker = Worker(measure_system, result.name, plan, time.monotonic())
        loaded = answer(result, worker)
        if loaded is not None:
            result.first_doc, result.loading, result.batch_size = loaded
            running.append((result, worker))
            msg.text(f"{result.title}: loaded")
    for i in range(repeats):
        first = i % max(len(running), 1)
        for result, worker in running[first:] + running[:first]:
            run = answer(result, worker, "run") if result.status == "ok" else None
            if run is not None:
                result.seconds.append(run.seconds)
                result.labels = run.labels
                result.memory, result.gpu_memory = run.memory, run.gpu_memory
        msg.text(f"{i + 1} of {repeats} passes")
    for _, worker in running:
        worker.stop()
    return results


def answer(result: Result, worker: Worker, question: str | None = None) -> Any:
    """The worker's answer; None, with the reason in the result, if there is none."""
    try:
        return worker.ask(question)
    except Skip as err:
        result.status, result.reason = "skipped", str(err)
    except Failed as err:
        result.status, result.reason = "failed", str(err)
    worker.stop()
    msg.warn(f"{result.title} {result.status}: {result.reason}")
    return None


def measure_long_text(plan: Plan, streams: Sequence[int], doc: int) -> list[dict[str, Any]]:
    """Memory over streams of Docs of so many words, and over one Doc."""
    rows = []
    for size, one_doc in [*((size, False) for size in streams), (doc, True)]:
        what = f"one Doc of {size:,} words" if one_doc else f"{size:,} words through nlp.pipe"
        row: dict[str, Any] = {"what": what, "words": size, "status": "ok"}
        try:
            row |= call(measure_memory, plan, size, one_doc)._asdict()
        except (Skip, Failed) as err:
            row |= {"status": "skipped" if isinstance(err, Skip) else "failed", "reason": str(err)}
            msg.warn(f"{what} {row['status']}: {err}")
        rows.append(row)
    return rows


def headline(facts: dict[str, Any]) -> str:
    where = facts["gpu"] or f"{facts['machine']['cpu']}, threads: {facts['threads']}"
    return f"{facts['encoder']}, {facts['words']:,} words, {where}, {facts['precision']}"


def show(results: Sequence[Result], long_text: list[dict[str, Any]], facts: dict[str, Any]) -> None:
    print(f"\n{headline(facts)}\n{speed_table(results)}")
    compared = ratios(results)
    if compared:
        print(ratio_table(compared))
    measured = [row for row in long_text if row["status"] == "ok"]
    if measured:
        print(memory_table(measured))


if __name__ == "__main__":
    typer.run(main)
