"""Memory of a pipeline along a stream of words, of which no Doc is kept.

The documents of the corpus come over and over, so that after the first time no string is new to
spaCy: what grows then is not its table of strings. With `--new-words` longer words are new each
time, and it does grow.
"""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import typer
from endurance import new_word, renew
from machine import machine
from prepare import PRECISIONS, CorpusOption
from report import fail, write_json
from text import Document, find_corpus, read_documents, repeat
from wasabi import msg, table
from workers import peak_memory, reset_peak_memory, resident_memory, set_threads

if TYPE_CHECKING:
    from spacy.language import Language

TOLERANCE = 0.05
"""How much the peak may grow after the first row, as a share."""

_MIB = 2**20


@dataclass
class Row:
    """What was resident when so many words were annotated.

    words: Annotated until then.
    resident, peak (bytes): Then, and at most since the pipeline was loaded.
    strings: In spaCy's table.
    """

    words: int
    resident: int
    peak: int
    strings: int


def main(
    model: str = typer.Argument(..., help="Pipeline: package name or folder"),
    corpus: CorpusOption = None,
    words: int = typer.Option(1_000_000, min=1, help="How many words"),
    every: int = typer.Option(100_000, min=1, help="Words between two rows of the table"),
    without: str = typer.Option("", help="Components to leave out, such as srl"),
    precision: str = typer.Option("float32", help=f"Of the encoder: {', '.join(PRECISIONS)}"),
    new_words: bool = typer.Option(False, "--new-words", help="Longer words are new each time"),
    threads: int = typer.Option(1, min=1, help="Threads that compute"),
    tolerance: float = typer.Option(TOLERANCE, min=0.0, help="How much the peak may grow"),
    output: Path | None = typer.Option(None, help="JSON file for the figures", dir_okay=False),
) -> None:
    set_threads(threads)
    import spacy
    import torch

    torch.set_num_threads(threads)
    from spacy_seqtag.errors import one_line
    from spacy_seqtag.quantization import find_encoders

    try:
        if precision not in PRECISIONS:
            raise ValueError(f"--precision: give one of: {', '.join(PRECISIONS)}")
        nlp = spacy.load(model, exclude=[name for name in without.split(",") if name])
        for encoder in find_encoders(nlp).values():
            encoder.set_precision(precision)
        with TemporaryDirectory() as folder:
            documents = read_documents(find_corpus(corpus, "dev", Path(folder)))
    except (ValueError, OSError) as err:
        fail(one_line(err))
    stream: Iterable[Document] = repeat(documents, words)
    if new_words:
        fresh = map(new_word, count())
        stream = (renew(document, fresh) for document in stream)
    rows = []
    for row in measure(nlp, stream, every):
        rows.append(row)
        msg.text(f"{row.words:,} words: {row.resident / _MIB:,.0f} MiB")
    cells = [
        (
            f"{row.words:,}",
            f"{row.resident / _MIB:,.0f}",
            f"{row.peak / _MIB:,.0f}",
            f"{row.strings:,}",
        )
        for row in rows
    ]
    header = ("words", "resident (MiB)", "peak (MiB)", "strings")
    print(table(cells, header=header, divider=True, aligns="r"))
    growth = rows[-1].peak / rows[0].peak - 1
    if output is not None:
        output.parent.mkdir(parents=True, exist_ok=True)
        facts = {"model": model, "precision": precision, "machine": asdict(machine())}
        write_json(output, {"facts": facts, "growth": growth, "rows": [asdict(r) for r in rows]})
        msg.good(f"Saved the figures to {output}")
    if growth > tolerance:
        fail(f"the peak grew by {growth:.1%}, more than {tolerance:.1%}")
    msg.good(f"The peak grew by {growth:.1%} after the first row")


def measure(nlp: "Language", stream: Iterable[Document], every: int) -> Iterator[Row]:
    """Annotate a stream, and look at memory every so many words and at the end."""
    from systems.pipelines import make_doc

    reset_peak_memory()
    words = told = 0
    for doc in nlp.pipe(make_doc(nlp.vocab, document, False) for document in stream):
        words += len(doc)
        if words >= told + every:
            told = words
            yield Row(words, resident_memory(), peak_memory(), len(nlp.vocab.strings))
    if words > told:
        yield Row(words, resident_memory(), peak_memory(), len(nlp.vocab.strings))


if __name__ == "__main__":
    typer.run(main)
