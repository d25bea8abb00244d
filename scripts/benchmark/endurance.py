"""Memory and annotations of a pipeline over hours of ever new words.

Several threads annotate at once, with `nlp.pipe`, in rounds. In each round every thread annotates
the same probes, whose annotations have to be those of the first round, and a text whose longer
words are new. Each round is a memory zone of spaCy's. The first minutes fill what is kept on
purpose, such as the wordpieces of known words; after that, the memory of the process has to stay
as it is.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from timeit import default_timer
from typing import TYPE_CHECKING, NamedTuple

import typer
from machine import machine
from prepare import CorpusOption
from report import fail, write_json
from text import Document, cut_evenly, find_corpus, read_documents
from wasabi import msg, table
from workers import resident_memory, set_threads

if TYPE_CHECKING:
    from spacy.language import Language

TOLERANCE = 0.03
"""How much memory may grow after the warm-up, as a share."""

_MIB = 2**20
_SIZE = 250  # words of a text; of like size, so that memory is, too
_PROBES = 2  # texts that every thread annotates in every round
_SYLLABLES = [consonant + vowel for consonant in "bdfgklmnprstvz" for vowel in "aeiou"]


@dataclass
class Minute:
    """A row of the table.

    minute: Its end, from the start.
    words: Annotated until then.
    memory (bytes): Resident after a round. The median over the rounds, because what the system's
        allocator gives back after each is left to chance.
    compared: Probes.
    different: Those of them whose annotations are not those of the first round.
    """

    minute: float
    words: int
    memory: int
    compared: int
    different: int


class Annotation(NamedTuple):
    """All annotations of a Doc as plain values, which outlive a memory zone.

    words: Text, tags, sentence start and entity of each token.
    spans: Start, end, label and tie of the spans of each group.
    confidences: Of tokens, entities and spans, where there are any.
    """

    words: list[tuple[str, str, str, bool, str, str]]
    spans: dict[str, list[tuple[int, int, str, str]]]
    confidences: list[float | None]


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
    from spacy_seqtag.errors import one_line

    try:
        nlp = spacy.load(model)
        with TemporaryDirectory() as folder:
            documents = read_documents(find_corpus(corpus, "dev", Path(folder)))
        rows = endure(nlp, documents, minutes * 60, threads, interval * 60)
    except (ValueError, OSError) as err:
        fail(one_line(err))
    growth = memory_growth(rows, warm_up)
    print(endurance_table(rows))
    if output is not None:
        output.parent.mkdir(parents=True, exist_ok=True)
        facts = {
            "model": model,
            "threads": threads,
            "warm_up": warm_up,
            "machine": asdict(machine()),
        }
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
    nlp: "Language",
    documents: Sequence[Document],
    seconds: float,
    threads: int,
    interval: float,
) -> list[Minute]:
    """Annotate until the time is over, at least two rounds.

    interval (seconds): From one row to the next.
    """
    pieces = cut_evenly(documents, _SIZE)
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
            words += sum(len(doc.words) for docs in found for doc in docs)
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


def annotate(nlp: "Language", texts: Sequence[str]) -> list[Annotation]:
    """Annotate texts, and copy all that was annotated."""
    from spacy_seqtag.confidence import TAG_CONFIDENCE, confidence_of

    result = []
    for doc in nlp.pipe(texts):
        words = [(t.text, t.pos_, t.tag_, t.is_sent_start, t.ent_iob_, t.ent_type_) for t in doc]
        groups = {
            name: [(span.start, span.end, span.label_, span.kb_id_) for span in group]
            for name, group in doc.spans.items()
        }
        spans = [*doc.ents, *(span for group in doc.spans.values() for span in group)]
        confidences = [t._.get(TAG_CONFIDENCE) for t in doc if t.has_extension(TAG_CONFIDENCE)]
        confidences += map(confidence_of, spans)
        for group in doc.spans.values():
            confidences += group.attrs.get("scores", [])
        result.append(Annotation(words, groups, confidences))
    return result


def is_same(doc: Annotation, before: Annotation) -> bool:
    """Tell whether annotations are equal, and confidences to four digits.

    Confidences depend a little on what else is in the batch.
    """
    if (doc.words, doc.spans) != (before.words, before.spans):
        return False
    if len(doc.confidences) != len(before.confidences):
        return False
    pairs = zip(doc.confidences, before.confidences)
    return all(
        one == two or (one is not None and two is not None and abs(one - two) < 1e-4)
        for one, two in pairs
    )


def new_word(number: int) -> str:
    """Make a word for a number: another one for every number."""
    number += len(_SYLLABLES)  # two syllables at least
    syllables = []
    while number:
        number, rest = divmod(number, len(_SYLLABLES))
        syllables.append(_SYLLABLES[rest])
    return "".join(syllables)


def renew(document: Document, fresh: Iterator[str]) -> Document:
    """Put a new word in the place of every longer one, capitalised alike."""

    def word(old: str) -> str:
        if len(old) < 3 or not old.isalpha():
            return old
        return next(fresh).title() if old[0].isupper() else next(fresh)

    return [[word(old) for old in sentence] for sentence in document]


def to_text(document: Document) -> str:
    return " ".join(word for sentence in document for word in sentence)


def memory_growth(rows: Sequence[Minute], warm_up: float) -> float | None:
    """Return by what share memory was larger at most after the warm-up than at its end.

    None where there is no later figure.
    """
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
