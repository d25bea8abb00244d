"""Memory and annotations of a pipeline over hours of ever new words.

Threads annotate at once, with `nlp.pipe` in the memory zone of a round: each the same probes, whose
annotations have to be those of the first round, and texts whose longer words no round before had.
The memory of the process has to stay as it was once the first minutes have filled what is kept on
purpose, such as the wordpieces of known words.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from timeit import default_timer
from typing import Any

import typer
from prepare import CorpusOption
from report import fail, machine, write_json
from text import Document, count_words, cut, find_corpus, read_documents
from wasabi import msg, table
from workers import resident_memory, set_threads

TOLERANCE = 0.03
"""How much memory may grow after the warm-up, as a share."""

_MIB = 2**20
_SIZE = 250  # words of a text; of like size, so that memory is, too
_PROBES = 2  # texts that every thread annotates in every round
_SYLLABLES = [consonant + vowel for consonant in "bdfgklmnprstvz" for vowel in "aeiou"]


@dataclass
class Minute:
    """minute: its end. words: annotated until then. memory: resident after a round, in bytes; the
    median, as what the system's allocator gives back of a round's memory is left to chance.
    compared, different: probes, and those of them whose annotations are not those of the first
    round."""

    minute: float
    words: int
    memory: int
    compared: int
    different: int


def main(
    model: str = typer.Argument(..., help="Pipeline: package name or folder"),
    corpus: CorpusOption = None,
    minutes: float = typer.Option(30.0, min=0.0, help="How long"),
    threads: int = typer.Option(4, min=1, help="Threads that annotate at once"),
    warm_up: float = typer.Option(
        10.0, min=0.0, help="Minutes after which memory should not grow any more"
    ),
    tolerance: float = typer.Option(TOLERANCE, min=0.0, help="How much it may, as a share"),
    interval: float = typer.Option(1.0, min=0.0, help="Minutes between two rows of the table"),
    output: Path | None = typer.Option(None, help="JSON file for the figures", dir_okay=False),
) -> None:
    set_threads(1)  # of PyTorch and the tokenizers, in each of ours
    import spacy
    import torch

    torch.set_num_threads(1)
    try:
        nlp = spacy.load(model)
        with TemporaryDirectory() as folder:
            documents = read_documents(find_corpus(corpus, "dev", Path(folder)))
        rows = endure(nlp, documents, minutes * 60, threads, interval * 60)
    except (ValueError, OSError) as err:
        fail(" ".join(str(getattr(err, "title", None) or err).split()))
    growth = memory_growth(rows, warm_up)
    print(endurance_table(rows))
    if output is not None:
        output.parent.mkdir(parents=True, exist_ok=True)
        facts = {"model": model, "threads": threads, "warm_up": warm_up, "machine": machine()}
        content = {"facts": facts, "growth": growth, "minutes": [asdict(row) for row in rows]}
        write_json(output, content)
        msg.good(f"Saved the figures to {output}")
    different = sum(row.different for row in rows)
    faults = []
    if growth is None:
        faults.append(f"no figure after the warm-up of {warm_up:g} minutes: give more --minutes")
    elif growth > tolerance:
        faults.append(f"memory grew by {growth:.1%}, more than {tolerance:.1%}")
    if different:
        faults.append(f"{different:,} probes got other annotations than at first")
    if faults:
        fail("; ".join(faults))
    msg.good(
        f"Memory {growth:+.1%} after the warm-up, {sum(row.compared for row in rows):,} probes "
        "annotated as at first"
    )


def endure(
    nlp: Any, documents: Sequence[Document], seconds: float, threads: int, interval: float
) -> list[Minute]:
    """Annotate until the time is over, at least two rounds.

    interval: seconds between two rows.
    """
    pieces = cut_evenly(documents)
    probes = [to_text(piece) for piece in pieces[:_PROBES]]
    fresh = map(new_word, count())
    with nlp.memory_zone():
        expected = annotate(nlp, probes)
    rows: list[Minute] = []
    samples: list[int] = []
    words = compared = different = 0
    start = default_timer()
    with ThreadPoolExecutor(threads) as executor:
        for turn in count(1):
            batch = [renew(pieces[(turn + i) % len(pieces)], fresh) for i in range(threads)]
            texts = [[*probes, to_text(piece)] for piece in batch]
            with nlp.memory_zone():
                found = list(executor.map(lambda texts: annotate(nlp, texts), texts))
            words += sum(len(doc["words"]) for docs in found for doc in docs)
            compared += threads * len(probes)
            different += sum(
                not is_same(doc, before)
                for docs in found
                for doc, before in zip(docs, expected)  # the new text comes last
            )
            del found
            samples.append(resident_memory())
            elapsed = default_timer() - start
            done = elapsed >= seconds and turn >= 2
            if done or elapsed >= (len(rows) + 1) * interval:
                row = Minute(elapsed / 60, words, int(median(samples)), compared, different)
                rows.append(row)
                msg.text(
                    f"{row.minute:.1f} min: {words:,} words, {row.memory / _MIB:,.0f} MiB, "
                    f"{different:,} of {compared:,} probes differ"
                )
                samples, compared, different = [], 0, 0
            if done:
                break
    return rows


def annotate(nlp: Any, texts: Sequence[str]) -> list[dict[str, Any]]:
    """All annotations of texts as plain values, which outlive a memory zone."""
    from spacy_seqtag.confidence import TAG_CONFIDENCE, confidence_of

    result = []
    for doc in nlp.pipe(texts):
        labels = [(t.text, t.pos_, t.tag_, t.is_sent_start, t.ent_iob_, t.ent_type_) for t in doc]
        groups = {
            name: [(span.start, span.end, span.label_, span.kb_id_) for span in group]
            for name, group in doc.spans.items()
        }
        spans = [*doc.ents, *(span for group in doc.spans.values() for span in group)]
        confidences = [t._.get(TAG_CONFIDENCE) for t in doc if t.has_extension(TAG_CONFIDENCE)]
        confidences += map(confidence_of, spans)
        for group in doc.spans.values():
            confidences += group.attrs.get("scores", [])
        result.append({"words": labels, "spans": groups, "confidences": confidences})
    return result


def is_same(doc: dict[str, Any], before: dict[str, Any]) -> bool:
    """Whether annotations are equal; confidences, which depend on what else is in the batch, up to
    four digits."""
    pairs = list(zip(doc["confidences"], before["confidences"]))
    return (
        doc["words"] == before["words"]
        and doc["spans"] == before["spans"]
        and len(doc["confidences"]) == len(before["confidences"])
        and all(
            one == two or (None not in (one, two) and abs(one - two) < 1e-4) for one, two in pairs
        )
    )


def cut_evenly(documents: Sequence[Document]) -> list[Document]:
    """Pieces of the documents that all have `_SIZE` words, but for a single one."""
    pieces: list[Document] = [[]]
    for sentence in (sentence for document in documents for sentence in document):
        pieces[-1].append(sentence)
        if count_words([pieces[-1]]) >= _SIZE:
            pieces[-1] = cut(pieces[-1], _SIZE)
            pieces.append([])
    return pieces[:-1] or pieces


def new_word(number: int) -> str:
    """A word for a number: another one for every number."""
    number += len(_SYLLABLES)  # two syllables at least
    syllables = []
    while number:
        number, rest = divmod(number, len(_SYLLABLES))
        syllables.append(_SYLLABLES[rest])
    return "".join(syllables)


def renew(document: Document, fresh: Iterator[str]) -> Document:
    """The document with a new word for every longer one, written as it is written."""

    def word(old: str) -> str:
        if len(old) < 3 or not old.isalpha():
            return old
        return next(fresh).title() if old[0].isupper() else next(fresh)

    return [[word(old) for old in sentence] for sentence in document]


def to_text(document: Document) -> str:
    return " ".join(word for sentence in document for word in sentence)


def memory_growth(rows: Sequence[Minute], warm_up: float) -> float | None:
    """By what share memory was larger at most after the warm-up than at its end; None where there
    is no later figure."""
    later = [row.memory for row in rows if row.minute >= warm_up]
    return max(later[1:]) / later[0] - 1 if len(later) > 1 else None


def endurance_table(rows: Sequence[Minute]) -> str:
    cells = [
        (
            f"{row.minute:.1f}",
            f"{row.words:,}",
            f"{row.memory / _MIB:,.0f}",
            f"{row.compared:,}",
            f"{row.different:,}",
        )
        for row in rows
    ]
    header = ("minutes", "words", "memory (MiB)", "probes", "different")
    return str(table(cells, header=header, divider=True, aligns="r"))


if __name__ == "__main__":
    typer.run(main)
