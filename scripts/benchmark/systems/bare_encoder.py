"""The limit: how fast the bare encoder is, with nothing before it and nothing after."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import text
from text import Document, Sentence

from .base import Skip, System, flat_sentences

if TYPE_CHECKING:
    from torch import Tensor

Batch = dict[str, "Tensor"]


class Limit(System[list[Batch]]):
    """The encoder on full windows; nothing is done with what comes out.

    Wordpieces are made before, sentences are packed into full windows, the windows of a batch have
    one length, and the weights have the precision that is computed in.
    """

    title = "limit: bare encoder"
    window = 128
    batch_pieces = 2048

    @property
    def precision(self) -> str:
        return self.plan.limit_precision

    def load(self) -> None:
        import torch
        from transformers import AutoModel, AutoTokenizer, logging

        logging.set_verbosity_error()
        self.tokenizer = AutoTokenizer.from_pretrained(self.plan.encoder, add_prefix_space=True)
        dtype = getattr(torch, self.precision)
        model = AutoModel.from_pretrained(self.plan.encoder, torch_dtype=dtype)
        self.model = model.eval().to(self.plan.device)

    def inputs(self, documents: Sequence[Document]) -> list[Batch]:
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
        """List the groups of sentences that may share a window."""
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

    def annotate(self, inputs: list[Batch]) -> int:
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
        """List the groups of sentences that may share a window: the documents."""
        return documents


class LimitOfDocumentsFloat32(LimitOfDocuments):
    """The same in float32, where the limit is in another precision."""

    title = "limit, a document's windows, float32"
    precision = "float32"

    def load(self) -> None:
        if self.plan.limit_precision == self.precision:
            raise Skip(f"{LimitOfDocuments.title!r} is in float32 here")
        super().load()
