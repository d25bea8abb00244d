"""Words per second of a server with many clients, beside `nlp.pipe` in one process.

The server runs in a process of its own, on the loopback. Each client sends one text at a time and
waits for the answer. Both sides share the cores, as they would on one machine. After each number of
clients `nlp.pipe` annotates the same texts, so that a machine that slows down does not decide.
Every answer is compared with what `nlp.pipe` says.
"""

import asyncio
import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import quantiles
from urllib.error import URLError

import httpx
import spacy
import typer
from machine import machine
from report import fail, write_json
from spacy.language import Language
from spacy.tokens import DocBin
from wasabi import msg, table


@dataclass(frozen=True)
class Load:
    """What so many clients met.

    clients (int): Each with one request at a time; 0 for `nlp.pipe`.
    seconds (float): In all.
    words (int): That were annotated.
    errors, mixed_up (int): Answers that were none, or not those of the text.
    latencies (list[float], seconds): The median, and what 95% of the requests stayed below.
    """

    clients: int
    seconds: float
    words: int
    errors: int = 0
    mixed_up: int = 0
    latencies: tuple[float, float] = (0.0, 0.0)

    @property
    def rate(self) -> float:
        return self.words / self.seconds


def main(
    model: Path = typer.Argument(..., help="A trained pipeline", exists=True),
    corpus: Path = typer.Argument(..., help="Texts to annotate (.spacy)", exists=True),
    clients: str = typer.Option("1,8,64", help="Numbers of clients"),
    texts: int = typer.Option(600, min=1, help="Sentences, each of which is a request"),
    port: int = typer.Option(8765, help="Port of the server"),
    output: Path | None = typer.Option(None, help="JSON file for the figures", dir_okay=False),
) -> None:
    try:
        numbers = [int(number) for number in clients.split(",")]
    except ValueError:
        fail(f"--clients {clients}: give numbers, such as 1,8,64")
    nlp = spacy.load(model)
    read = sentences(corpus, nlp, texts)
    expected = [tags(doc) for doc in nlp.pipe(read)]
    rows: list[tuple[Load, Load]] = []
    with serving(model, port) as address:
        for number in numbers:
            load = asyncio.run(ask_all(address, read, expected, number))
            rows.append((load, pipe(nlp, read)))
    print(
        table(
            [
                (
                    load.clients,
                    f"{load.rate:,.0f}",
                    f"{beside.rate:,.0f}",
                    f"{load.rate / beside.rate:.2f}",
                    *(f"{1000 * seconds:,.0f}" for seconds in load.latencies),
                    load.errors,
                    load.mixed_up,
                )
                for load, beside in rows
            ],
            header=("clients", "words/s", "nlp.pipe", "ratio", "ms", "95%", "errors", "mixed up"),
            divider=True,
            aligns=("r",) * 8,
        )
    )
    if output is not None:
        loads = [{"server": asdict(load), "pipe": asdict(beside)} for load, beside in rows]
        write_json(output, {"facts": {"machine": asdict(machine())}, "loads": loads})
        msg.good(f"Saved the figures to {output}")


def sentences(corpus: Path, nlp: Language, number: int) -> list[str]:
    """Read the texts of sentences."""
    docs = DocBin().from_disk(corpus).get_docs(nlp.vocab)
    found = [sent.text for doc in docs for sent in doc.sents]
    return [found[i % len(found)] for i in range(number)]


def tags(doc: spacy.tokens.Doc) -> list[tuple[str, str]]:
    return [(token.text, token.pos_) for token in doc]


@contextmanager
def serving(model: Path, port: int) -> Iterator[str]:
    """Run a server until the block ends."""
    command = [sys.executable, "-m", "spacy", "seqtag", "serve", str(model), "--port", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        while server.poll() is None:
            try:
                urllib.request.urlopen(f"{address}/health", timeout=1).close()
                break
            except (URLError, OSError):
                time.sleep(0.2)
        else:
            fail("the server did not start")
        yield address
    finally:
        server.terminate()
        server.wait()


async def ask_all(
    address: str, texts: Sequence[str], expected: Sequence[list[tuple[str, str]]], clients: int
) -> Load:
    """Send all texts, by so many clients at a time."""
    waiting = iter(range(len(texts)))
    words, errors, mixed_up = 0, 0, 0
    latencies: list[float] = []

    async def client(connection: httpx.AsyncClient) -> None:
        nonlocal words, errors, mixed_up
        for i in waiting:
            start = time.perf_counter()
            answer = await connection.post(f"{address}/annotate", json={"text": texts[i]})
            latencies.append(time.perf_counter() - start)
            if answer.status_code != 200:
                errors += 1
                continue
            tokens = json.loads(answer.content)["tokens"]
            words += len(tokens)
            found = [(token["text"], token["pos"] or "") for token in tokens]
            # A sentence in another batch may round the other way, but not all of its words.
            mixed_up += [text for text, _ in found] != [text for text, _ in expected[i]]

    limits = httpx.Limits(max_connections=clients)
    async with httpx.AsyncClient(timeout=120, limits=limits) as connection:
        start = time.perf_counter()
        await asyncio.gather(*(client(connection) for _ in range(clients)))
        seconds = time.perf_counter() - start
    cuts = quantiles(latencies, n=20) if len(latencies) > 1 else [0.0] * 19
    return Load(clients, seconds, words, errors, mixed_up, (cuts[9], cuts[18]))


def pipe(nlp: Language, texts: Sequence[str]) -> Load:
    """Annotate the texts in this process."""
    start = time.perf_counter()
    words = sum(len(doc) for doc in nlp.pipe(texts))
    return Load(0, time.perf_counter() - start, words)


if __name__ == "__main__":
    typer.run(main)
