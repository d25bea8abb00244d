"""What soft labels cost in training: words per second with and without them, as a ratio.

A teacher annotates the training corpus, and a pipeline is updated with its documents twice: with
soft labels, and as if that annotation were gold. Each batch is taken both ways, one right after the
other, and the order changes from batch to batch. On a CPU the time is that which the process has
computed, so that other processes do not count; with one thread it is that of a free machine.
"""

import random
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time
from timeit import default_timer
from typing import TYPE_CHECKING

import text
import typer
from machine import machine
from prepare import CONFIGS, EncoderOption, choose_device, find_encoder, is_uncased
from report import fail, write_json
from wasabi import msg, table
from workers import Failed, call, set_threads

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.training import Example
    from thinc.api import Config, Optimizer

LEAST_RATE = 0.9
"""The target: words per second with soft labels, of those without."""

_WARM_UP = 2  # pairs of updates that are not counted


@dataclass(frozen=True)
class Settings:
    """The options of the command; a teacher of None is trained."""

    folder: Path
    corpus: Path | None
    config: str
    encoder: str
    device: str
    threads: int
    pairs: int
    teacher: Path | None
    teacher_steps: int


@dataclass(frozen=True)
class Measured:
    """Seconds of the updates with each batch, and what they were made with.

    words (list[int]): Of each batch.
    soft, hard (list[float], seconds): With soft labels, and without.
    """

    words: list[int]
    soft: list[float]
    hard: list[float]

    @property
    def rates(self) -> tuple[float, float]:
        """Words per second, with soft labels and without: those of the median batch."""
        soft, hard = (
            statistics.median(words / taken for words, taken in zip(self.words, seconds))
            for seconds in (self.soft, self.hard)
        )
        return soft, hard

    @property
    def ratio(self) -> float:
        """The rate with soft labels of that without: that of the median batch."""
        return statistics.median(self.ratios)

    @property
    def ratios(self) -> list[float]:
        return sorted(hard / soft for soft, hard in zip(self.soft, self.hard))


def main(
    corpus: Path | None = typer.Option(
        None,
        help="Training corpus (.spacy); by default corpus/ewt/train.spacy, which the workflow "
        "ewt makes, or where absent the embedded corpus",
    ),
    config: str = typer.Option("joint", help="NAME of configs/NAME.cfg"),
    encoder: EncoderOption = "minilm",
    device: str = typer.Option("auto", help="cpu, cuda, or auto: the GPU where there is one"),
    threads: int = typer.Option(1, min=1, help="Threads of PyTorch and the tokenizers"),
    pairs: int = typer.Option(100, min=1, help="Batches, each of which is taken both ways"),
    teacher: Path | None = typer.Option(
        None, help="A trained pipeline; by default one is trained on the corpus"
    ),
    teacher_steps: int = typer.Option(200, min=1, help="Steps of that training"),
    output: Path | None = typer.Option(None, help="JSON file for the figures", dir_okay=False),
) -> None:
    set_threads(threads)
    with TemporaryDirectory() as folder:
        settings = Settings(
            folder=Path(folder),
            corpus=corpus,
            config=config,
            encoder=encoder,
            device=device,
            threads=threads,
            pairs=pairs,
            teacher=teacher,
            teacher_steps=teacher_steps,
        )
        try:
            measured = call(measure, settings)
        except (Failed, ValueError, OSError) as err:
            fail(str(err))
    show(measured)
    if output is not None:
        facts = {"config": config, "encoder": encoder, "device": device, "threads": threads}
        content = {
            "facts": {**facts, "machine": asdict(machine())},
            "words_per_second": dict(zip(("soft", "hard"), measured.rates)),
            "ratio": measured.ratio,
            "target": LEAST_RATE,
            "batches": asdict(measured),
        }
        write_json(output, content)
        msg.good(f"Saved the figures to {output}")


def measure(settings: Settings) -> Measured:
    """Make teacher, soft labels and student, then time updates.

    RAISES: ValueError or OSError: For settings that cannot be met. Failed: `spacy train` fails.
    """
    import torch
    from spacy.util import load_model_from_config

    from spacy_seqtag.corpus.reader import create_corpus
    from spacy_seqtag.distil.annotate import distil
    from spacy_seqtag.soft_labels import KEY

    torch.set_num_threads(settings.threads)
    device = choose_device(settings.device)
    if device == "cuda":
        from thinc.api import require_gpu

        require_gpu()
    corpus = text.find_corpus(settings.corpus, "train", settings.folder)
    documents = text.read_documents(corpus)
    config = load_config(settings, find_encoder(settings.encoder, documents, settings.folder))
    teacher = settings.teacher or train_teacher(settings, config, corpus, device)
    soft_path = settings.folder / "soft.spacy"
    distil([str(teacher)], corpus, soft_path)
    nlp = load_model_from_config(config, auto_fill=True)
    read = create_corpus(soft_path, max_length=config["corpora"]["train"]["max_length"])
    soft, hard = list(read(nlp)), list(read(nlp))
    for example in hard:
        example.reference.user_data.pop(KEY)
    optimizer = nlp.initialize(lambda: soft)
    clock = synchronized_timer if device == "cuda" else process_time
    measured = Measured([], [], [])
    for number, (words, both) in enumerate(batches(config, soft, hard, settings.pairs)):
        seconds = {}
        for kind in ("soft", "hard")[:: -1 if number % 2 else 1]:
            seconds[kind] = time_update(nlp, both[kind], optimizer, clock)
        if number >= _WARM_UP:
            measured.words.append(words)
            measured.soft.append(seconds["soft"])
            measured.hard.append(seconds["hard"])
    return measured


def load_config(settings: Settings, encoder: Path) -> "Config":
    """Load one of the configs.

    RAISES: ValueError: There is none of that name.
    """
    from spacy.util import load_config

    path = CONFIGS / f"{settings.config}.cfg"
    if not path.is_file():
        names = ", ".join(sorted(file.stem for file in CONFIGS.glob("*.cfg")))
        raise ValueError(f"--config {settings.config}: no such config. Give one of {names}")
    overrides = {
        "paths.base_model": str(encoder),
        "components.transformer.model.word_case": is_uncased(encoder),
    }
    return load_config(path, overrides=overrides, interpolate=True)


def train_teacher(settings: Settings, config: "Config", corpus: Path, device: str) -> Path:
    """Train a pipeline on the corpus.

    RAISES: Failed: `spacy train` fails.
    """
    path, output = settings.folder / "teacher.cfg", settings.folder / "teacher"
    config.to_disk(path)
    msg.text(f"Training a teacher for {settings.teacher_steps} steps")
    command = [sys.executable, "-m", "spacy", "train", str(path), "--output", str(output)]
    for split in ("train", "dev"):
        command += [f"--corpora.{split}.path", str(corpus)]
    # Evaluated once, at the end, on a few documents: nobody looks at the scores.
    steps = str(settings.teacher_steps)
    command += ["--training.max_steps", steps, "--training.eval_frequency", steps]
    command += ["--corpora.dev.limit", "20", "--gpu-id", "0" if device == "cuda" else "-1"]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf8")
    if done.returncode != 0:
        end = " ".join((done.stdout + done.stderr).split())[-500:]
        raise Failed(f"spacy train failed: … {end}")
    return output / "model-last"


def batches(
    config: "Config", soft: "Sequence[Example]", hard: "Sequence[Example]", n_batches: int
) -> "Iterator[tuple[int, dict[str, list[Example]]]]":
    """Yield batches of the config's batcher, over and over, with their words: both ways."""
    from spacy.util import registry

    batcher = registry.resolve({"batcher": config["training"]["batcher"]})["batcher"]
    hard_of = {id(mine): other for mine, other in zip(soft, hard, strict=True)}
    order, shuffle = list(soft), random.Random(0).shuffle
    left = n_batches + _WARM_UP
    while left:
        shuffle(order)
        for batch in batcher(order):
            examples = list(batch)
            words = sum(len(example.reference) for example in examples)
            yield words, {"soft": examples, "hard": [hard_of[id(one)] for one in examples]}
            left -= 1
            if not left:
                return


def time_update(
    nlp: "Language", batch: "list[Example]", optimizer: "Optimizer", clock: Callable[[], float]
) -> float:
    """Return the seconds of an update of the pipeline, by a clock."""
    start = clock()
    nlp.update(batch, sgd=optimizer, drop=0.1, losses={})
    return clock() - start


def synchronized_timer() -> float:
    """Return the seconds of a clock, once the GPU is done."""
    import torch

    torch.cuda.synchronize()
    return default_timer()


def show(measured: Measured) -> None:
    """Print the words per second of both, and the ratio."""
    soft, hard = measured.rates
    reached = "reached" if measured.ratio >= LEAST_RATE else "missed"
    ratios = measured.ratios
    half = f"{ratios[len(ratios) // 4]:.3f} to {ratios[3 * len(ratios) // 4]:.3f}"
    ratio = f"{measured.ratio:.3f}"
    rows = [
        ("without soft labels", f"{hard:,.0f}", "", "", "", ""),
        ("with soft labels", f"{soft:,.0f}", ratio, half, f"{LEAST_RATE:g}", reached),
    ]
    header = ("training", "words/s", "ratio", "half of the batches", "target", "")
    print(table(rows, header=header, divider=True, aligns=("l", "r", "r", "r", "r", "l")))


if __name__ == "__main__":
    typer.run(main)
