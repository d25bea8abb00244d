"""The systems that are compared.

Each reads the same text and is written as its users write it. Libraries are imported when a
system is loaded, so that none pays for those of another.
"""

import logging
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import text
from text import Document, Sentence

_MAX_PIECES = 512
_IN_SENTENCES = ("seqtag_ner", "seqtag_srl")
_TAGGERS = ("senter", "seqtag_pos", *_IN_SENTENCES)


class Skip(Exception):
    """A system that cannot run here, and why."""


@dataclass(frozen=True)
class Plan:
    """What all systems are given.

    encoder: folder of the pretrained weights. pos_ner, joint, spacy: folders of pipelines; None
        where the corpus has not got their layers. labels: parts of speech, for the systems of one
        task. documents: file of `text.write_documents`. precision: of ours and of the limit,
        "float32" or "bfloat16"; None for what the pipeline says. fast_bfloat16: the hardware
        multiplies faster in bfloat16. sentences: spaCy's pipelines are given the sentences, too.
    """

    encoder: Path
    documents: Path
    labels: tuple[str, ...]
    pos_ner: Path | None
    joint: Path | None
    spacy: Path | None
    threads: int
    device: str
    precision: str | None
    fast_bfloat16: bool
    sentences: bool

    @property
    def limit_precision(self) -> str:
        return self.precision or ("bfloat16" if self.fast_bfloat16 else "float32")


class System(ABC):
    """A way from words to labels.

    title: for the table. batch_sizes: those to try; the best stays in `batch_size`.
    """

    title: ClassVar[str]
    batch_sizes: ClassVar[tuple[int, ...]] = ()

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.batch_size = self.batch_sizes[0] if self.batch_sizes else 0

    @abstractmethod
    def load(self) -> None:
        """Raises Skip where the system cannot run."""

    @abstractmethod
    def inputs(self, documents: Sequence[Document]) -> Any:
        """The text in the form that the system takes; not timed."""

    @abstractmethod
    def annotate(self, inputs: Any) -> int:
        """Annotate; what comes out is in main memory. Returns the number of labels."""


def flat_sentences(documents: Iterable[Document]) -> list[Sentence]:
    return [sentence for document in documents for sentence in document]


# Pipelines of spaCy


class Pipeline(System):
    """A pipeline of spaCy from Docs to Docs, none of them kept."""

    def load(self) -> None:
        import spacy

        if self.plan.device == "cuda":
            try:
                spacy.require_gpu()
            except ValueError as err:
                raise Skip(
                    "spaCy finds no GPU; install the extra cuda12x or cuda13x "
                    f"({' '.join(str(err).split())})"
                ) from None
        self.nlp = self._load()

    @abstractmethod
    def _load(self) -> Any: ...

    @abstractmethod
    def _labels(self, doc: Any) -> int: ...

    def inputs(self, documents: Sequence[Document]) -> Any:
        return deque(map(self.make_doc, documents))

    def make_doc(self, document: Document) -> Any:
        return make_doc(self.nlp.vocab, document, self.plan.sentences)

    def annotate(self, inputs: Any) -> int:
        return sum(map(self._labels, self.nlp.pipe(_drain(inputs))))


def make_doc(vocab: Any, document: Document, sentences: bool) -> Any:
    """A Doc of the words, with or without the sentence boundaries."""
    from spacy.tokens import Doc

    words = [word for sentence in document for word in sentence]
    starts: list[Any] = [i == 0 for sentence in document for i in range(len(sentence))]
    return Doc(vocab, words=words, sent_starts=starts if sentences else None)


def _drain(docs: "deque[Any]") -> Iterator[Any]:
    while docs:
        yield docs.popleft()


class Ours(Pipeline):
    """The taggers of some factories, and senter where it has something to do."""

    factories: ClassVar[tuple[str, ...]]

    @property
    def path(self) -> Path | None:
        return self.plan.pos_ner

    def _load(self) -> Any:
        return load_ours(self.path, self.factories, self.plan.precision, self.plan.sentences)

    def _labels(self, doc: Any) -> int:
        n_labels = len(doc)
        if "seqtag_ner" in self.factories:
            n_labels += len(doc.ents)
        if "seqtag_srl" in self.factories:
            n_labels += sum(len(doc.spans[key]) for key in ("predicates", "srl"))
        return n_labels


def load_ours(
    path: Path | None, factories: Sequence[str], precision: str | None, sentences: bool
) -> Any:
    """A pipeline with no other taggers than those of some factories. Sentences are found, unless
    they are given, where one of them works in sentences.

    Raises Skip for a pipeline that has not got them.
    """
    import spacy

    if path is None:
        raise Skip("the corpus has not got the layers of this pipeline")
    config = spacy.util.load_config(path / "config.cfg")
    pipes = {name: config["components"][name].get("factory") for name in config["nlp"]["pipeline"]}
    missing = set(factories) - set(pipes.values())
    if missing:
        raise Skip(f"the pipeline has no {' and no '.join(sorted(missing))}")
    unwanted = set(_TAGGERS) - set(factories)
    if not sentences and not set(factories).isdisjoint(_IN_SENTENCES):
        unwanted.remove("senter")
    exclude = [name for name, factory in pipes.items() if factory in unwanted]
    overrides = {"components.transformer.model.precision": precision} if precision else {}
    return spacy.load(path, exclude=exclude, config=overrides)


class OursPos(Ours):
    title = "spacy-seqtag POS"
    factories = ("seqtag_pos",)


class OursPosNer(Ours):
    title = "spacy-seqtag POS+NER"
    factories = ("seqtag_pos", "seqtag_ner")


class OursPosNerSrl(Ours):
    title = "spacy-seqtag POS+NER+SRL"
    factories = ("seqtag_pos", "seqtag_ner", "seqtag_srl")

    @property
    def path(self) -> Path | None:
        return self.plan.joint


class Spacy(Pipeline):
    """spaCy's `tagger` and `ner` on spacy-transformers, with its default windows."""

    title = "spaCy tagger+ner"

    def _load(self) -> Any:
        import spacy

        if self.plan.spacy is None:
            raise Skip("the corpus has not got the layers of this pipeline")
        return spacy.load(self.plan.spacy)

    def _labels(self, doc: Any) -> int:
        return len(doc) + len(doc.ents)


# transformers


def _token_classifier(plan: Plan, **settings: Any) -> tuple[Any, Any]:
    """Model and tokenizer; the output layer is untrained."""
    from transformers import AutoModelForTokenClassification, AutoTokenizer, logging

    logging.set_verbosity_error()
    tokenizer = AutoTokenizer.from_pretrained(plan.encoder, add_prefix_space=True)
    model = AutoModelForTokenClassification.from_pretrained(
        plan.encoder,
        num_labels=len(plan.labels),
        id2label=dict(enumerate(plan.labels)),
        label2id={label: i for i, label in enumerate(plan.labels)},
        **settings,
    )
    return model.eval().to(plan.device), tokenizer


class HuggingFacePipeline(System):
    """`pipeline("token-classification")` over sentences, one task."""

    title = "Hugging Face pipeline"
    batch_sizes = (1, 8, 16, 32)

    def load(self) -> None:
        from transformers import pipeline

        model, tokenizer = _token_classifier(self.plan)
        self.pipeline: Any = pipeline(
            "token-classification", model=model, tokenizer=tokenizer, device=self.plan.device
        )

    def inputs(self, documents: Sequence[Document]) -> Any:
        return [" ".join(sentence) for sentence in flat_sentences(documents)]

    def annotate(self, inputs: Any) -> int:
        return sum(map(len, self.pipeline(inputs, batch_size=self.batch_size)))


class Loop(System):
    """A loop as written by hand, one task: sentences in batches of like length, the label of each
    word's first wordpiece."""

    batch_sizes = (32, 64)
    precision: ClassVar[str]

    def load(self) -> None:
        import torch

        if self.precision == "bfloat16" and not self.plan.fast_bfloat16:
            raise Skip("this hardware is no faster in bfloat16")
        dtype = getattr(torch, self.precision)
        self.model, self.tokenizer = _token_classifier(self.plan, torch_dtype=dtype)

    def inputs(self, documents: Sequence[Document]) -> Any:
        return flat_sentences(documents)

    def annotate(self, inputs: Any) -> int:
        import torch

        order = sorted(range(len(inputs)), key=lambda i: len(inputs[i]))
        result: list[list[str]] = [[] for _ in inputs]
        with torch.inference_mode():
            for start in range(0, len(order), self.batch_size):
                numbers = order[start : start + self.batch_size]
                labelled = self._label([inputs[i] for i in numbers])
                for i, labels in zip(numbers, labelled):
                    result[i] = labels
        return sum(map(len, result))

    def _label(self, sentences: list[Sentence]) -> Iterator[list[str]]:
        encoding = self.tokenizer(
            sentences,
            is_split_into_words=True,
            truncation=True,
            max_length=_MAX_PIECES,
            padding=True,
            return_tensors="pt",
        )
        logits = self.model(**encoding.to(self.plan.device)).logits
        best = logits.argmax(dim=-1).tolist()
        for row in range(len(sentences)):
            labels, previous = [], None
            for word, label in zip(encoding.word_ids(row), best[row]):
                if word is not None and word != previous:
                    labels.append(self.plan.labels[label])
                previous = word
            yield labels


class Float32Loop(Loop):
    title = "sorted-batch loop, fp32"
    precision = "float32"


class Bfloat16Loop(Loop):
    title = "sorted-batch loop, bf16"
    precision = "bfloat16"


# Flair


class Flair(System):
    """Flair's `SequenceTagger`, one task: a linear layer on the fine-tuned encoder."""

    title = "Flair SequenceTagger"
    batch_sizes = (8, 32, 64)

    def load(self) -> None:
        try:
            import flair
            from flair.data import Dictionary
            from flair.embeddings import TransformerWordEmbeddings
            from flair.models import SequenceTagger
        except ModuleNotFoundError as err:
            raise Skip(f"{err.name} is not installed; install the extra benchmark") from None
        import torch

        logging.getLogger("flair").setLevel(logging.ERROR)
        flair.device = torch.device(self.plan.device)
        labels = Dictionary(add_unk=False)
        for label in self.plan.labels:
            labels.add_item(label)
        embeddings = TransformerWordEmbeddings(
            str(self.plan.encoder), layers="-1", subtoken_pooling="first", fine_tune=True
        )
        self.tagger = SequenceTagger(
            embeddings,
            labels,
            tag_type="pos",
            use_rnn=False,
            use_crf=False,
            reproject_embeddings=False,
        )
        self.tagger.eval()

    def inputs(self, documents: Sequence[Document]) -> Any:
        from flair.data import Sentence as FlairSentence

        return [FlairSentence(sentence) for sentence in flat_sentences(documents)]

    def annotate(self, inputs: Any) -> int:
        self.tagger.predict(inputs, mini_batch_size=self.batch_size)
        return sum(len(sentence.get_labels("pos")) for sentence in inputs)


# The limit


class Limit(System):
    """The bare encoder: wordpieces made before, sentences packed into full windows, batches of
    one length, weights in the precision, nothing done with what comes out."""

    title = "limit: bare encoder"
    window = 128
    batch_pieces = 2048

    def load(self) -> None:
        import torch
        from transformers import AutoModel, AutoTokenizer, logging

        logging.set_verbosity_error()
        self.tokenizer: Any = AutoTokenizer.from_pretrained(
            self.plan.encoder, add_prefix_space=True
        )
        dtype = getattr(torch, self.plan.limit_precision)
        model: Any = AutoModel.from_pretrained(self.plan.encoder, torch_dtype=dtype)
        self.model = model.eval().to(self.plan.device)

    def inputs(self, documents: Sequence[Document]) -> Any:
        import torch

        windows = [window for group in self.groups(documents) for window in self._windows(group)]
        batches = []
        for numbers in text.micro_batches([len(ids) for ids in windows], self.batch_pieces):
            batch = self.tokenizer.pad(
                {"input_ids": [windows[n] for n in numbers]}, return_tensors="pt"
            )
            batches.append({name: ids.to(self.plan.device) for name, ids in batch.items()})
        if self.plan.device == "cuda":
            torch.cuda.synchronize()
        return batches

    def groups(self, documents: Sequence[Document]) -> Iterable[Sequence[Sentence]]:
        """The sentences that may share a window."""
        return [flat_sentences(documents)]

    def _windows(self, sentences: Sequence[Sentence]) -> Iterator[list[int]]:
        encoding = self.tokenizer(sentences, is_split_into_words=True, add_special_tokens=False)
        size = self.window - self.tokenizer.num_special_tokens_to_add()
        pieces = [
            ids[start : start + size]
            for ids in encoding["input_ids"]
            for start in range(0, len(ids), size)
        ]
        for numbers in text.pack([len(ids) for ids in pieces], size):
            ids = [i for n in numbers for i in pieces[n]]
            yield self.tokenizer.build_inputs_with_special_tokens(ids)

    def annotate(self, inputs: Any) -> int:
        import torch

        with torch.inference_mode():
            for batch in inputs:
                self.model(**batch)
        if self.plan.device == "cuda":
            torch.cuda.synchronize()
        return 0


class LimitOfDocuments(Limit):
    """The same on windows of one document each, as pipelines of Docs read them."""

    title = "limit, a document's windows"

    def groups(self, documents: Sequence[Document]) -> Iterable[Sequence[Sentence]]:
        return documents


SYSTEMS: dict[str, type[System]] = {
    "ours-pos": OursPos,
    "ours-pos-ner": OursPosNer,
    "ours-pos-ner-srl": OursPosNerSrl,
    "spacy": Spacy,
    "hf-pipeline": HuggingFacePipeline,
    "loop-fp32": Float32Loop,
    "loop-bf16": Bfloat16Loop,
    "flair": Flair,
    "limit-documents": LimitOfDocuments,
    "limit": Limit,
}
"""The systems, by the name that `--systems` takes."""
