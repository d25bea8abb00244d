"""Words per second of training, and seconds to a stated score: ours, and spaCy's tagger and ner.

Both train with `spacy train` on the words of the same corpus, in batches of the same size, with
the same weights to start from; each with the settings of its own config (ours: pos_ner.cfg,
spaCy's: `init config --optimize accuracy --gpu`). They run one after the other, the order changes
with each repeat. Time is that of training alone, without evaluations.
"""

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple, TypedDict

import text
import typer
from machine import machine
from plots import plot_training
from prepare import (
    CONFIGS,
    EncoderOption,
    choose_device,
    find_encoder,
    is_uncased,
    spacy_config,
)
from report import fail, write_json
from wasabi import msg, table
from workers import Failed, call, set_threads

if TYPE_CHECKING:
    from thinc.api import Config

TITLES = {"ours": "spacy-seqtag POS+NER", "spacy": "spaCy tagger+ner"}
_TAG_SCORES = {"ours": "pos_acc", "spacy": "tag_acc"}
_WARM_UP = 2  # steps that are not counted
_MIB = 2**20


@dataclass(frozen=True)
class Settings:
    """The options of the command."""

    folder: Path
    train: Path | None
    dev: Path | None
    encoder: str
    device: str
    steps: int
    evaluate_every: int
    batch_words: int
    learn_rate: float
    spacy_learn_rate: float
    spacy_max_length: int


@dataclass(frozen=True)
class Facts:
    """What is to be reported beside the figures; words, by split."""

    encoder: str
    device: str
    words: dict[str, int]
    steps: int
    batch_words: int
    learn_rate: dict[str, float]
    spacy_max_length: int


class Record(TypedDict, total=False):
    """A line of the logger: see `step_logger`."""

    seconds: float
    words: int
    scores: dict[str, float]
    memory: int
    gpu_memory: int


class Point(NamedTuple):
    """An evaluation after so many seconds of training."""

    seconds: float
    tag_acc: float
    ents_f: float

    @property
    def mean(self) -> float:
        return (self.tag_acc + self.ents_f) / 2


@dataclass(frozen=True)
class Curve:
    """A training.

    seconds_to_score: Until the stated score was reached; None if it was not.
    memory, gpu_memory (bytes): The peaks; on the GPU 0 without one.
    """

    words_per_second: float
    seconds_to_score: float | None
    points: list[Point]
    memory: int
    gpu_memory: int = 0


def main(
    train: Path | None = typer.Option(
        None,
        help="Training corpus (.spacy); by default corpus/ewt/train.spacy, which the workflow "
        "ewt makes, or where absent the embedded corpus",
    ),
    dev: Path | None = typer.Option(None, help="Development corpus, likewise"),
    steps: int = typer.Option(500, min=1, help="Steps of each training"),
    evaluate_every: int = typer.Option(50, min=2, help="Steps from one evaluation to the next"),
    batch_words: int = typer.Option(2000, min=1, help="Words in a batch"),
    tag_acc: float = typer.Option(0.95, help="Accuracy of the stated score"),
    ents_f: float = typer.Option(0.70, help="Entity F1 of the stated score"),
    repeats: int = typer.Option(1, min=1, help="Trainings of each; the median counts"),
    threads: int = typer.Option(2, min=1, help="Threads of PyTorch and the tokenizers"),
    encoder: EncoderOption = "minilm",
    device: str = typer.Option("auto", help="cpu, cuda, or auto: the GPU where there is one"),
    learn_rate: float = typer.Option(1e-4, help="Of ours"),
    spacy_learn_rate: float = typer.Option(5e-5, help="Of spaCy's"),
    spacy_max_length: int = typer.Option(
        0, min=0, help="Cut spaCy's training documents to so many words; 0, its default, does not"
    ),
    output: Path = typer.Option(
        Path("metrics/benchmark"),
        help="Folder for training.json and training.png",
        file_okay=False,
    ),
) -> None:
    set_threads(threads)
    with TemporaryDirectory() as folder:
        settings = Settings(
            folder=Path(folder),
            train=train,
            dev=dev,
            encoder=encoder,
            device=device,
            steps=steps,
            evaluate_every=evaluate_every,
            batch_words=batch_words,
            learn_rate=learn_rate,
            spacy_learn_rate=spacy_learn_rate,
            spacy_max_length=spacy_max_length,
        )
        try:
            facts = call(prepare, settings)
            output.mkdir(parents=True, exist_ok=True)
            curves = train_in_turn(settings.folder, facts.device, repeats, tag_acc, ents_f)
        except (Failed, OSError, ValueError) as err:
            fail(str(err))
    figures = {
        "facts": {**asdict(facts), "threads": threads, "machine": asdict(machine())},
        "score": {"tag_acc": tag_acc, "ents_f": ents_f},
    }
    report(curves, figures, output)


def report(curves: dict[str, list[Curve]], figures: dict[str, object], output: Path) -> None:
    """Print the curves as a table, and save them with other figures."""
    print(f"\n{training_table(curves)}")
    content = {
        **figures,
        "systems": {system: [asdict(curve) for curve in runs] for system, runs in curves.items()},
        "ratio": median_rate(curves["ours"]) / median_rate(curves["spacy"]),
    }
    write_json(output / "training.json", content)
    lines = {
        f"{TITLES[system]}, {i + 1}": [(point.seconds, point.mean) for point in curve.points]
        for system, runs in curves.items()
        for i, curve in enumerate(runs)
    }
    plot_training(output / "training.png", lines)
    msg.good(f"Saved the figures to {output}")


def train_in_turn(
    folder: Path, device: str, repeats: int, tag_acc: float, ents_f: float
) -> dict[str, list[Curve]]:
    """Train each system so many times, in turn; another one begins each time.

    RAISES: Failed: If `spacy train` fails. ValueError: If there are too few steps to measure.
    """
    curves: dict[str, list[Curve]] = {system: [] for system in TITLES}
    for i in range(repeats):
        for system in list(TITLES)[:: -1 if i % 2 else 1]:
            msg.text(f"{TITLES[system]}: training {i + 1} of {repeats}")
            records = run(system, folder, device)
            curves[system].append(summarize(records, system, tag_acc, ents_f))
    return curves


def prepare(settings: Settings) -> Facts:
    """Write corpora and configs to the folder.

    RAISES: ValueError (among them FormatError and ConfigValidationError) or OSError: for settings
        that cannot be met.
    """
    device = choose_device(settings.device)
    words = {}
    for split, given in (("train", settings.train), ("dev", settings.dev)):
        corpus = text.find_corpus(given, split, settings.folder)
        words[split] = copy_corpus(corpus, settings.folder / f"{split}-tagged.spacy")
    documents = text.read_documents(settings.folder / "train-tagged.spacy")
    encoder = find_encoder(settings.encoder, documents, settings.folder)
    for system, config in (
        ("ours", our_config(settings, encoder)),
        ("spacy", their_config(settings, encoder)),
    ):
        config.merge(common_settings(settings, system)).to_disk(settings.folder / f"{system}.cfg")
    return Facts(
        encoder=settings.encoder,
        device=device,
        words=words,
        steps=settings.steps,
        batch_words=settings.batch_words,
        learn_rate={"ours": settings.learn_rate, "spacy": settings.spacy_learn_rate},
        spacy_max_length=settings.spacy_max_length,
    )


def copy_corpus(source: Path, path: Path) -> int:
    """Copy a corpus, and make its tags the parts of speech, which spaCy's tagger is to learn.

    RETURNS: The number of words.
    """
    from spacy.tokens import DocBin
    from spacy.vocab import Vocab

    from spacy_seqtag.corpus.docbin_read import find_docbins, read_docs

    n_words = 0
    result = DocBin(store_user_data=True)
    for file in find_docbins(source):
        for doc in read_docs(file, Vocab()):
            for token in doc:
                token.tag_ = token.pos_
            result.add(doc)
            n_words += len(doc)
    result.to_disk(path)
    return n_words


def our_config(settings: Settings, encoder: Path, name: str = "pos_ner") -> "Config":
    from spacy.util import load_config

    overrides = {
        "paths.base_model": str(encoder),
        "components.transformer.model.word_case": is_uncased(encoder),
        "training.optimizer.learn_rate.initial_rate": settings.learn_rate,
    }
    return load_config(CONFIGS / f"{name}.cfg", overrides=overrides, interpolate=True)


def their_config(settings: Settings, encoder: Path) -> "Config":
    config = spacy_config(encoder)
    learn_rate = config["training"]["optimizer"]["learn_rate"]
    learn_rate["initial_rate"] = settings.spacy_learn_rate
    learn_rate["warmup_steps"] = max(settings.steps // 10, 1)  # as ours: a tenth
    for split, max_length in (("train", settings.spacy_max_length), ("dev", 0)):
        config["corpora"][split] = {
            "@readers": "spacy_seqtag.Corpus.v1",
            "gold_tokens": True,
            "sent_starts": False,
            "max_length": max_length,
        }
    config["training"]["batcher"] = {}
    return config.interpolate()


def common_settings(settings: Settings, system: str) -> dict[str, dict[str, object]]:
    """List what both configs have in common."""
    return {
        "corpora": {
            split: {"path": str(settings.folder / f"{split}-tagged.spacy")}
            for split in ("train", "dev")
        },
        "training": {
            "max_steps": settings.steps,
            "max_epochs": 0,
            "patience": 0,
            "accumulate_gradient": 1,
            "eval_frequency": settings.evaluate_every,
            "batcher": {
                "@batchers": "spacy.batch_by_words.v1",
                "size": settings.batch_words,
                "tolerance": 0.2,
                "discard_oversize": False,
            },
            "logger": {
                "@loggers": "benchmark.StepLogger.v1",
                "path": str(settings.folder / f"{system}.jsonl"),
            },
            "optimizer": {
                "learn_rate": {
                    "total_steps": settings.steps,
                }
            },
        },
    }


def run(system: str, folder: Path, device: str) -> list[Record]:
    """Train; return what the logger wrote.

    RAISES: Failed: If `spacy train` fails.
    """
    spacy_train(folder / f"{system}.cfg", device)
    lines = (folder / f"{system}.jsonl").read_text(encoding="utf8").splitlines()
    return [json.loads(line) for line in lines]


def spacy_train(config: Path, device: str) -> None:
    """Run `spacy train` without saving anything.

    RAISES: Failed: If it fails.
    """
    here = Path(__file__).parent
    command = [sys.executable, "-m", "spacy", "train", str(config)]
    command += ["--code", str(here / "step_logger.py")]
    command += ["--gpu-id", "0" if device == "cuda" else "-1"]
    # The logger imports from this folder.
    path = os.pathsep.join(filter(None, (str(here), os.environ.get("PYTHONPATH"))))
    done = subprocess.run(
        command,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        encoding="utf8",
    )
    if done.returncode != 0:
        end = " ".join((done.stdout + done.stderr).split())[-500:]
        raise Failed(f"spacy train failed: … {end}")


def summarize(records: Sequence[Record], system: str, tag_acc: float, ents_f: float) -> Curve:
    """Work out the figures of a training from the lines of its logger.

    A step that was evaluated counts as much time as the mean of the others.

    RAISES: ValueError: If there are no others.
    """
    *steps, last = records
    plain = [step["seconds"] for step in steps[_WARM_UP:] if "scores" not in step]
    if not plain:
        raise ValueError(
            "there are too few steps to measure; give more --steps, or --evaluate-every more"
        )
    mean = statistics.mean(plain)
    points, seconds, words_per_step = [], 0.0, 0.0
    for i, step in enumerate(steps):
        seconds += mean if "scores" in step else step["seconds"]
        if "scores" in step:
            words_per_step = step["words"] / (i + 1)
            scores = step["scores"]
            points.append(
                Point(seconds, scores.get(_TAG_SCORES[system], 0.0), scores.get("ents_f", 0.0))
            )
    reached = [p.seconds for p in points if p.tag_acc >= tag_acc and p.ents_f >= ents_f]
    return Curve(
        words_per_step / mean,
        reached[0] if reached else None,
        points,
        last["memory"],
        last.get("gpu_memory", 0),
    )


def median_rate(curves: Sequence[Curve]) -> float:
    return statistics.median(curve.words_per_second for curve in curves)


def training_table(curves: dict[str, list[Curve]]) -> str:
    rows = []
    for system, runs in curves.items():
        times = [curve.seconds_to_score for curve in runs]
        ends = [curve.points[-1] for curve in runs]
        reached = [time for time in times if time is not None]
        rows.append(
            (
                TITLES[system],
                f"{median_rate(runs):,.0f}",
                f"{statistics.median(reached):,.0f}" if len(reached) == len(runs) else "never",
                f"{100 * statistics.median(end.tag_acc for end in ends):.2f}",
                f"{100 * statistics.median(end.ents_f for end in ends):.2f}",
                f"{max(curve.memory for curve in runs) / _MIB:,.0f}",
            )
        )
    ratio = median_rate(curves["ours"]) / median_rate(curves["spacy"])
    rows.append(("times as fast", f"{ratio:.2f}", "", "", "", ""))
    header = ("training", "words/s", "s to score", "accuracy", "entity F1", "peak MiB")
    return str(table(rows, header=header, divider=True, aligns=("l", *"rrrrr")))


if __name__ == "__main__":
    typer.run(main)
