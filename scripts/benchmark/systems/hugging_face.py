"""Token classification with Hugging Face's transformers, one task: its pipeline, and a loop."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar

from text import Document, Sentence

from .base import Plan, Skip, System, flat_sentences

if TYPE_CHECKING:
    from torch import dtype
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

_MAX_PIECES = 512


def _token_classifier(
    plan: Plan, torch_dtype: "dtype | None" = None
) -> "tuple[PreTrainedModel, PreTrainedTokenizerFast]":
    """Load model and tokenizer; the output layer is untrained."""
    from transformers import AutoModelForTokenClassification, AutoTokenizer, logging

    logging.set_verbosity_error()
    tokenizer = AutoTokenizer.from_pretrained(plan.encoder, add_prefix_space=True)
    model = AutoModelForTokenClassification.from_pretrained(
        plan.encoder,
        num_labels=len(plan.labels),
        id2label=dict(enumerate(plan.labels)),
        label2id={label: i for i, label in enumerate(plan.labels)},
        torch_dtype=torch_dtype,
    )
    return model.eval().to(plan.device), tokenizer


class HuggingFacePipeline(System[list[str]]):
    """`pipeline("token-classification")` over sentences."""

    title = "Hugging Face pipeline"
    batch_sizes = (1, 8, 16, 32)

    def load(self) -> None:
        from transformers import pipeline

        model, tokenizer = _token_classifier(self.plan)
        self.pipeline = pipeline(
            "token-classification", model=model, tokenizer=tokenizer, device=self.plan.device
        )

    def inputs(self, documents: Sequence[Document]) -> list[str]:
        return [" ".join(sentence) for sentence in flat_sentences(documents)]

    def annotate(self, inputs: list[str]) -> int:
        return sum(map(len, self.pipeline(inputs, batch_size=self.batch_size)))


class Loop(System[list[Sentence]]):
    """A loop as written by hand: sentences in batches of like length, one label per word.

    The label of a word is that of its first wordpiece.
    """

    batch_sizes = (32, 64)
    precision: ClassVar[str]

    def load(self) -> None:
        import torch

        if self.precision == "bfloat16" and not self.plan.fast_bfloat16:
            raise Skip("this hardware is no faster in bfloat16")
        dtype = getattr(torch, self.precision)
        self.model, self.tokenizer = _token_classifier(self.plan, torch_dtype=dtype)

    def inputs(self, documents: Sequence[Document]) -> list[Sentence]:
        return flat_sentences(documents)

    def annotate(self, inputs: list[Sentence]) -> int:
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
    """The loop in full precision."""

    title = "sorted-batch loop, fp32"
    precision = "float32"


class Bfloat16Loop(Loop):
    """The loop in half precision, where the hardware is faster in it."""

    title = "sorted-batch loop, bf16"
    precision = "bfloat16"
