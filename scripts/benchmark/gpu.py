"""Words per second on a GPU, to annotate and to train, beside the CPU of the same machine.

Annotating is measured as `speed.py` does it, training as `training.py` does it, in each precision
that is asked for; training has all three tasks. With `--gpu-id -1` the CPU alone is measured.
"""

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import text
import training
import typer
from machine import machine
from prepare import (
    CorpusOption,
    EncoderOption,
    RepeatsOption,
    Settings,
    WordsOption,
    find_encoder,
    prepare,
)
from report import Result, fail, write_json
from speed import check_options, measure
from systems import SYSTEMS, OursPosNerSrl, Plan, Skip
from wasabi import msg, table
from workers import Failed, call, set_threads

_SYSTEMS = ("ours-pos-ner", "ours-pos-ner-srl", "spacy", "hf-pipeline", "limit-documents")
_PRECISIONS = ("auto", "float32", "bfloat16", "float16")
_DEV_DOCUMENTS = 5  # which training evaluates: it has to, but that is not measured
_MIB = 2**20


@dataclass(frozen=True)
class Annotated:
    """How fast the systems annotate on a device, in a precision."""

    device: str
    precision: str
    results: list[Result]


@dataclass(frozen=True)
class Trained:
    """How fast the pipeline of all three tasks learns on a device, in a precision."""

    device: str
    precision: str
    curve: training.Curve


def main(
    corpus: CorpusOption = None,
    gpu_id: int = typer.Option(0, "--gpu-id", "-g", help="Number of the GPU; -1 for the CPU alone"),
    words: WordsOption = 100_000,
    cpu_words: int = typer.Option(10_000, min=1, help="The same on the CPU"),
    repeats: RepeatsOption = 3,
    encoder: EncoderOption = "roberta-base",
    model: Path | None = typer.Option(
        None,
        help="A trained pipeline of ours, on --encoder; by default output layers are untrained",
    ),
    systems: str = typer.Option(",".join(_SYSTEMS), help="Systems to run"),
    precisions: str = typer.Option(
        "auto,float16", help="On the GPU: some of auto, float32, bfloat16, float16"
    ),
    train: Path | None = typer.Option(
        None,
        help="Training corpus (.spacy); by default corpus/ewt/train.spacy, which the workflow "
        "ewt makes, or where absent the embedded corpus",
    ),
    steps: int = typer.Option(60, min=0, help="Steps of each training on the GPU; 0 for none"),
    cpu_steps: int = typer.Option(10, min=0, help="The same on the CPU; 0 for none"),
    batch_words: int = typer.Option(2000, min=1, help="Words in a batch of training"),
    threads: int = typer.Option(os.cpu_count() or 1, min=1, help="Threads that compute"),
    profile: int = typer.Option(
        0, min=0, help="Show this many lines of a profile of annotating all three tasks"
    ),
    output: Path | None = typer.Option(None, help="JSON file for the figures", dir_okay=False),
) -> None:
    names = tuple(name.strip() for name in systems.split(",") if name.strip())
    check_options(names, "auto", encoder, [], model, None)
    on_gpu = [name.strip() for name in precisions.split(",") if name.strip()]
    if not set(on_gpu) <= set(_PRECISIONS):
        fail(f"--precisions {precisions}: give some of: {', '.join(_PRECISIONS)}")
    ways = [("cuda", precision) for precision in on_gpu] if gpu_id >= 0 else []
    ways.append(("cpu", "auto"))
    set_threads(threads)
    if gpu_id > 0:
        os.environ["CUDA_VISIBLE_DEVICES"] = str(gpu_id)
    with TemporaryDirectory() as made:
        folder = Path(made)
        settings = Settings(
            folder=folder,
            corpus=corpus,
            words=words,
            threads=threads,
            encoder=encoder,
            device="cuda" if gpu_id >= 0 else "cpu",
            precision="auto",
            sentences=False,
            systems=names,
            model=model,
        )
        try:
            prepared = call(prepare, settings)
            annotated = annotate_in_turn(names, prepared.plan, ways, words, cpu_words, repeats)
            trained = train_in_turn(
                training_settings(folder, train, corpus, encoder, batch_words),
                [(*way, steps if way[0] == "cuda" else cpu_steps) for way in ways],
            )
            if profile and prepared.plan.joint is not None:
                print(call(profile_pass, prepared.plan, profile))
        except (Failed, Skip, OSError, ValueError) as err:
            fail(str(err))
    here = prepared.facts.gpu or machine().cpu
    print(f"\n{encoder}, {here}, threads: {threads}\n{annotated_table(annotated)}")
    if trained:
        print(trained_table(trained))
    if output is not None:
        output.parent.mkdir(parents=True, exist_ok=True)
        content = {
            "facts": {**asdict(prepared.facts), "machine": asdict(machine())},
            "annotate": [
                {**asdict(each), "results": [result.to_dict() for result in each.results]}
                for each in annotated
            ],
            "train": [asdict(each) for each in trained],
        }
        write_json(output, content)
        msg.good(f"Saved the figures to {output}")
    failed = {r.name for each in annotated for r in each.results if r.status == "failed"}
    if failed:
        fail(f"failed: {', '.join(sorted(failed))}")


def annotate_in_turn(
    names: Sequence[str],
    plan: Plan,
    ways: Sequence[tuple[str, str]],
    words: int,
    cpu_words: int,
    repeats: int,
) -> list[Annotated]:
    """Measure the systems on each device, in each precision; on the CPU on less text."""
    few = plan.documents.with_name("documents-cpu.json")
    text.write_documents(few, list(text.repeat(text.load_documents(plan.documents), cpu_words)))
    on_cpu = replace(plan, device="cpu", documents=few, fast_bfloat16=call(fast_on_cpu))
    found = []
    for device, precision in ways:
        msg.text(f"annotate: {device}, {precision}")
        its_plan, its_words = (plan, words) if device == "cuda" else (on_cpu, cpu_words)
        its_plan = replace(its_plan, precision=None if precision == "auto" else precision)
        # Only ours and the limit have a precision to choose.
        chosen = [
            name
            for name in names
            if precision == ways[0][1] or device == "cpu" or name.startswith(("ours", "limit"))
        ]
        found.append(Annotated(device, precision, measure(chosen, its_plan, its_words, repeats)))
    return found


def fast_on_cpu() -> bool:
    """Tell whether the CPU multiplies faster in bfloat16."""
    import torch

    from spacy_seqtag.models.network.precision import has_fast_bfloat16

    return has_fast_bfloat16(torch.device("cpu"))


def training_settings(
    folder: Path, train: Path | None, dev: Path | None, encoder: str, batch_words: int
) -> training.Settings:
    """List what trainings have in common; the rest are the defaults of `training.py`."""
    return training.Settings(
        folder=folder,
        train=train,
        dev=dev,
        encoder=encoder,
        device="auto",
        steps=1,
        evaluate_every=1,
        batch_words=batch_words,
        learn_rate=1e-4,
        spacy_learn_rate=0.0,
        spacy_max_length=0,
    )


def train_in_turn(
    settings: training.Settings, ways: Sequence[tuple[str, str, int]]
) -> list[Trained]:
    """Train on each device, in each precision, for so many steps.

    RAISES: Failed: If `spacy train` fails. ValueError: If there are too few steps to measure.
    """
    found = []
    for device, precision, steps in ways:
        if steps:
            msg.text(f"train: {device}, {precision}")
            its = replace(settings, steps=steps, evaluate_every=steps)
            call(write_training, its, precision)
            records = training.run("ours", settings.folder, device)
            found.append(Trained(device, precision, training.summarize(records, "ours", 0.0, 0.0)))
    return found


def write_training(settings: training.Settings, precision: str) -> None:
    """Write corpora and config to the folder.

    RAISES: ValueError (among them FormatError) or OSError: for settings that cannot be met.
    """
    folder = settings.folder
    for split, given in (("train", settings.train), ("dev", settings.dev)):
        copied = folder / f"{split}-tagged.spacy"
        if not copied.exists():
            training.copy_corpus(text.find_corpus(given, split, folder), copied)
    encoder = folder / "encoder"
    if not encoder.is_dir():
        documents = text.read_documents(folder / "train-tagged.spacy")
        encoder = find_encoder(settings.encoder, documents, folder)
    config = training.our_config(settings, encoder, "joint")
    config = config.merge(training.common_settings(settings, "ours"))
    config["corpora"]["dev"]["limit"] = _DEV_DOCUMENTS
    for component in ("transformer", "srl"):
        config["components"][component]["model"]["precision"] = precision
    config.to_disk(folder / "ours.cfg")


def profile_pass(plan: Plan, lines: int) -> str:
    """Profile one pass of all three tasks: first what the device computes, then what Python does.

    RETURNS: Two tables.
    """
    import cProfile
    import io
    import pstats

    import torch

    torch.set_num_threads(plan.threads)
    system = OursPosNerSrl(plan)
    system.load()
    documents = text.load_documents(plan.documents)
    system.annotate(system.inputs(documents))
    on_gpu = plan.device == "cuda"
    inputs = system.inputs(documents)
    with torch.profiler.profile() as found:
        system.annotate(inputs)
    by = f"self_{plan.device}_time_total"
    operators = found.key_averages().table(sort_by=by, row_limit=lines)
    inputs, run, out = system.inputs(documents), cProfile.Profile(), io.StringIO()
    run.runcall(system.annotate, inputs)
    pstats.Stats(run, stream=out).strip_dirs().sort_stats("tottime").print_stats(lines)
    where = torch.cuda.get_device_name() if on_gpu else "CPU"
    return f"\nall three tasks on {where}\n{operators}\n{out.getvalue()}"


def annotated_table(annotated: Sequence[Annotated]) -> str:
    on_cpu = {result.name: result for result in annotated[-1].results}
    rows = []
    for each in annotated:
        for result in each.results:
            if not result.measured:
                rows.append((result.title, each.device, each.precision, result.status, "", ""))
                continue
            cpu = on_cpu[result.name]
            rows.append(
                (
                    *(result.title, each.device, each.precision, f"{result.rate:,.0f}"),
                    f"{result.rate / cpu.rate:.1f}" if cpu.measured else "",
                    f"{result.gpu_memory / _MIB:,.0f}" if result.gpu_memory else "",
                )
            )
    header = ("annotating", "device", "precision", "words/s", "times of the CPU", "GPU MiB")
    return str(table(rows, header=header, divider=True, aligns=("l", "l", "l", *"rrr")))


def trained_table(trained: Sequence[Trained]) -> str:
    rows = [
        (
            *(SYSTEMS["ours-pos-ner-srl"].title, each.device, each.precision),
            f"{each.curve.words_per_second:,.0f}",
            f"{each.curve.gpu_memory / _MIB:,.0f}" if each.curve.gpu_memory else "",
        )
        for each in trained
    ]
    header = ("training", "device", "precision", "words/s", "GPU MiB")
    return str(table(rows, header=header, divider=True, aligns=("l", "l", "l", *"rr")))


if __name__ == "__main__":
    typer.run(main)
