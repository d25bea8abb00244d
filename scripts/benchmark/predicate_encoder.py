"""One encoder pass per predicate, as users of transformers write it.

The recipe of Shi & Lin 2019 ("Simple BERT Models for Relation Extraction and Semantic Role
Labeling", arXiv 1904.05255): the encoder reads `[CLS] sentence [SEP] predicate [SEP]` for each gold
predicate, and a linear layer gives each word's first wordpiece its BIO class.

As in AllenNLP's version of the model, the predicate's wordpieces in the sentence have token type 1
where the encoder knows token types: nothing else tells the two "had" of "had had" apart.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from spacy.vocab import Vocab
from transformers import AutoModelForTokenClassification, AutoTokenizer

from spacy_seqtag.arrays import Ints
from spacy_seqtag.corpus.cut import sentence_bounds
from spacy_seqtag.corpus.docbin_read import read_docs
from spacy_seqtag.frames import annotated_tokens, propositions
from spacy_seqtag.pipeline.srl.score import RoleCounts, count_roles
from spacy_seqtag.schemes import bio
from spacy_seqtag.schemes.propositions import PREDICATE, PREDICATE_PART, Argument, Proposition

_IGNORED = -100  # no loss here, by PyTorch's convention
_MAX_PIECES = 512


class Sentence(NamedTuple):
    """Words, and the propositions, whose positions count from the sentence's start."""

    words: list[str]
    props: list[Proposition]


class Instance(NamedTuple):
    """A predicate to label.

    sentence: Its number.
    predicate: The predicate's position in it.
    labels ((words,)): The class of each word, to train on.
    """

    sentence: int
    predicate: int
    labels: Ints


def read_sentences(path: Path) -> list[Sentence]:
    """Read the sentences of a `.spacy` file that carry semantic roles.

    RAISES: FormatError (a ValueError): If it cannot be read. ValueError: If it has none.
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
    """List all spans of a proposition: arguments, the predicate and what continues it."""
    parts = [(start, end, PREDICATE_PART) for start, end in prop.parts]
    return [*prop.arguments, (prop.predicate, prop.predicate + 1, PREDICATE), *parts]


def make_instances(sentences: Sequence[Sentence], labels: Sequence[str]) -> list[Instance]:
    """Make one instance for each predicate.

    Spans of unknown labels have no tag: they cannot be learned, and cost recall.
    """
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
        """Load a model, and give it a new output layer where there are labels.

        source (str): A folder or hub name.
        device (str): "cpu" or "cuda".
        precision (str): "float32", or "bfloat16" for autocast.
        labels (list[str]): Of the spans; None for a model that is trained already.
        """
        settings: dict[str, object] = {}
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

    def forward(
        self, sentences: Sequence[Sentence], batch: Sequence[Instance]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Compute the logits of each word's first wordpiece.

        RETURNS ((instances, words, classes) float32, (instances, words) bool): The logits, and
            whether a word has any: words past the end, words without wordpieces and words that
            were cut off have none.
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
        """Compute the mean cross-entropy over the words."""
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
        """Find the arguments of the predicates that each sentence has.

        The arguments that it has are not looked at.
        """
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
    """Cut instances into batches."""
    for start in range(0, len(instances), size):
        yield instances[start : start + size]


def epoch_batches(
    sentences: Sequence[Sentence],
    instances: Sequence[Instance],
    size: int,
    rng: np.random.Generator,
) -> list[Sequence[Instance]]:
    """Make batches in random order, each of instances of like length.

    As `group_by_length` of transformers' Trainer makes them.
    """
    shuffled = [instances[i] for i in rng.permutation(len(instances))]
    batches: list[Sequence[Instance]] = []
    for group in in_batches(shuffled, 50 * size):
        by_length = sorted(group, key=lambda instance: len(sentences[instance.sentence].words))
        batches += in_batches(by_length, size)
    return [batches[i] for i in rng.permutation(len(batches))]


def count(sentences: Iterable[Sentence], predicted: Iterable[list[Proposition]]) -> RoleCounts:
    """Count right and wrong roles over all sentences, with gold predicates."""
    counts = RoleCounts()
    for sentence, props in zip(sentences, predicted):
        counts += count_roles(sentence.props, props)
    return counts
