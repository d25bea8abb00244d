"""Words a second of all that comes after the encoder: pooling, output layers, decoding, and
writing to the Doc.

The encoder runs once before, and its vectors are given to fresh Docs; what is timed is `nlp.pipe`
over these Docs with the encoder's component disabled, in one process on one thread.
"""

import cProfile
import pstats
import statistics
from collections.abc import Iterator, Sequence
from copy import copy
from pathlib import Path
from tempfile import TemporaryDirectory
from timeit import default_timer
from typing import Any

import torch
import typer
from prepare import (
    CorpusOption,
    EncoderOption,
    Prepared,
    RepeatsOption,
    Settings,
    WordsOption,
    prepare,
)
from report import fail, machine, write_json
from systems import Skip, load_ours, make_doc
from text import Document, load_documents
from wasabi import msg, table
from workers import Failed, call, set_threads

TARGET = 150_000
"""Words a second of POS and NER, sentences given."""

_FACTORIES = ("seqtag_pos", "seqtag_ner")


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
            prepared: Prepared = call(prepare, settings)
            # With senter, to measure it, too.
            nlp = load_ours(prepared.plan.pos_ner, _FACTORIES, None, sentences=False)
        except (Failed, Skip, ValueError, OSError) as err:
            fail(str(err))
        documents = load_documents(prepared.plan.documents)
    encoders = [pipe for pipe in nlp.pipe_names if "transformer" in nlp.get_pipe_meta(pipe).factory]
    if len(encoders) != 1:
        fail("the pipeline needs one component transformer, that all others listen to")
    docs = (make_doc(nlp.vocab, document, sentences=True) for document in documents)
    given = [doc._.trf_data for doc in nlp.get_pipe(encoders[0]).pipe(docs)]
    systems = subsets([pipe for pipe in nlp.pipe_names if pipe not in encoders])
    seconds: dict[tuple[str, ...], list[float]] = {pipes: [] for pipes in systems}
    for _ in range(repeats + 1):
        for pipes in systems:
            fresh = list(fresh_docs(nlp.vocab, documents, given))
            with nlp.select_pipes(enable=list(pipes)):
                start = default_timer()
                for _ in nlp.pipe(fresh):
                    pass
                seconds[pipes].append(default_timer() - start)
    # The first pass is not counted: what is done once is done there.
    rates = {pipes: words / statistics.median(times[1:]) for pipes, times in seconds.items()}
    show(rates)
    if profile:
        fresh = list(fresh_docs(nlp.vocab, documents, given))
        with nlp.select_pipes(enable=list(systems[0])):
            run = cProfile.Profile()
            run.runcall(lambda: list(nlp.pipe(fresh)))
        pstats.Stats(run).strip_dirs().sort_stats("tottime").print_stats(profile)
    if output is not None:
        output.parent.mkdir(parents=True, exist_ok=True)
        content = {
            "facts": {**prepared.facts, "machine": machine()},
            "words_per_second": {"+".join(pipes): rate for pipes, rate in rates.items()},
            "target": TARGET,
        }
        write_json(output, content)
        msg.good(f"Saved the figures to {output}")


def fresh_docs(vocab: Any, documents: Sequence[Document], vectors: Sequence[Any]) -> Iterator[Any]:
    """Docs as the encoder's component hands them on."""
    for document, data in zip(documents, vectors):
        doc = make_doc(vocab, document, sentences=True)
        # Copies, so that nothing that is kept with the vectors outlives a pass.
        doc._.trf_data = copy(data)
        yield doc


def subsets(pipes: Sequence[str]) -> list[tuple[str, ...]]:
    """What to measure: all without senter first, all, then each alone."""
    found = [tuple(pipe for pipe in pipes if pipe != "senter"), tuple(pipes)]
    return list(dict.fromkeys(found + [(pipe,) for pipe in pipes]))


def show(rates: dict[tuple[str, ...], float]) -> None:
    rows = []
    for i, (pipes, rate) in enumerate(rates.items()):
        verdict = ("reached" if rate >= TARGET else "missed") if i == 0 else ""
        rows.append((" + ".join(pipes), f"{rate:,.0f}", f"{TARGET:,}" if i == 0 else "", verdict))
    header = ("after the encoder", "words/s", "target", "")
    print(table(rows, header=header, divider=True, aligns=("l", "r", "r", "l")))


if __name__ == "__main__":
    typer.run(main)
