"""Words per second of all that comes after the encoder: pooling, output layers, decoding, the Doc.

The encoder runs once before, and its vectors are given to fresh Docs; what is timed is `nlp.pipe`
over these Docs with the encoder's component disabled, in one process on one thread.
"""

import cProfile
import pstats
import statistics
from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from timeit import default_timer
from typing import TYPE_CHECKING

import torch
import typer
from machine import machine
from prepare import (
    CorpusOption,
    EncoderOption,
    RepeatsOption,
    Settings,
    WordsOption,
    prepare,
)
from report import fail, write_json
from systems import Skip, load_ours, make_doc
from text import Document, load_documents
from wasabi import msg, table
from workers import Failed, call, set_threads

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc
    from spacy_transformers.data_classes import TransformerData

TARGET = 150_000
"""Words per second of POS and NER, sentences given."""

_FACTORIES = ("seqtag_pos", "seqtag_ner")

Pipes = tuple[str, ...]


def main(
    corpus: CorpusOption = None,
    words: WordsOption = 25_000,
    repeats: RepeatsOption = 5,
    encoder: EncoderOption = "minilm",
    model: Path | None = typer.Option(
        None, help="A trained pipeline; by default output layers are untrained"
    ),
    profile: int = typer.Option(0, min=0, help="Show this many lines of a profile of one pass"),
    output: Path | None = typer.Option(None, help="JSON file for the figures", dir_okay=False),
) -> None:
    if model is not None and not (model / "config.cfg").is_file():
        fail(f"--model {model}: no pipeline there. Give the folder of a trained one")
    set_threads(1)
    torch.set_num_threads(1)
    with TemporaryDirectory() as folder:
        settings = Settings(
            folder=Path(folder),
            corpus=corpus,
            words=words,
            threads=1,
            encoder=encoder,
            device="cpu",
            precision="auto",
            sentences=True,
            systems=("ours-pos-ner",),
            model=model,
        )
        try:
            prepared = call(prepare, settings)
            # With senter, to measure it, too.
            nlp = load_ours(prepared.plan.pos_ner, _FACTORIES, None, sentences=False)
        except (Failed, Skip, ValueError, OSError) as err:
            fail(str(err))
        encoded = encode(nlp, load_documents(prepared.plan.documents))
    seconds = measure(encoded, repeats)
    rates = {pipes: words / statistics.median(times) for pipes, times in seconds.items()}
    show(rates)
    if profile:
        show_profile(encoded, profile)
    if output is not None:
        output.parent.mkdir(parents=True, exist_ok=True)
        content = {
            "facts": {**asdict(prepared.facts), "machine": asdict(machine())},
            "words_per_second": {"+".join(pipes): rate for pipes, rate in rates.items()},
            "target": TARGET,
        }
        write_json(output, content)
        msg.good(f"Saved the figures to {output}")


@dataclass(frozen=True)
class Encoded:
    """A text that the encoder has read.

    systems: The components to run, all without senter first.
    """

    nlp: "Language"
    documents: list[Document]
    vectors: "list[TransformerData]"
    systems: list[Pipes]

    def docs(self) -> "Iterator[Doc]":
        """Make fresh Docs as the encoder's component hands them on."""
        for document, data in zip(self.documents, self.vectors):
            doc = make_doc(self.nlp.vocab, document, sentences=True)
            # Copies, so that nothing that is kept with the vectors outlives a pass.
            doc._.trf_data = copy(data)
            yield doc


def encode(nlp: "Language", documents: list[Document]) -> Encoded:
    """Let the encoder read the text, once."""
    encoders = [pipe for pipe in nlp.pipe_names if "transformer" in nlp.get_pipe_meta(pipe).factory]
    if len(encoders) != 1:
        fail("the pipeline needs one component transformer, that all others listen to")
    docs = (make_doc(nlp.vocab, document, sentences=True) for document in documents)
    vectors = [doc._.trf_data for doc in nlp.get_pipe(encoders[0]).pipe(docs)]
    systems = subsets([pipe for pipe in nlp.pipe_names if pipe not in encoders])
    return Encoded(nlp, documents, vectors, systems)


def measure(encoded: Encoded, repeats: int) -> dict[Pipes, list[float]]:
    """Return the seconds of each pass over the text, by the components that ran."""
    seconds: dict[Pipes, list[float]] = {pipes: [] for pipes in encoded.systems}
    for turn in range(repeats + 1):
        for pipes in encoded.systems:
            fresh = list(encoded.docs())
            with encoded.nlp.select_pipes(enable=list(pipes)):
                start = default_timer()
                for _ in encoded.nlp.pipe(fresh):
                    pass
                elapsed = default_timer() - start
            if turn:  # what is done once is done in the first pass, which is not counted
                seconds[pipes].append(elapsed)
    return seconds


def show_profile(encoded: Encoded, lines: int) -> None:
    """Print where the time of a pass goes."""
    fresh = list(encoded.docs())
    with encoded.nlp.select_pipes(enable=list(encoded.systems[0])):
        run = cProfile.Profile()
        run.runcall(lambda: list(encoded.nlp.pipe(fresh)))
    pstats.Stats(run).strip_dirs().sort_stats("tottime").print_stats(lines)


def subsets(pipes: Sequence[str]) -> list[Pipes]:
    """List what to measure: all without senter first, all, then each alone."""
    found = [tuple(pipe for pipe in pipes if pipe != "senter"), tuple(pipes)]
    return list(dict.fromkeys(found + [(pipe,) for pipe in pipes]))


def show(rates: dict[Pipes, float]) -> None:
    """Print the words per second of each."""
    rows = []
    for i, (pipes, rate) in enumerate(rates.items()):
        verdict = ("reached" if rate >= TARGET else "missed") if i == 0 else ""
        rows.append((" + ".join(pipes), f"{rate:,.0f}", f"{TARGET:,}" if i == 0 else "", verdict))
    header = ("after the encoder", "words/s", "target", "")
    print(table(rows, header=header, divider=True, aligns=("l", "r", "r", "l")))


if __name__ == "__main__":
    typer.run(main)
