"""Flair's `SequenceTagger`, one task."""

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from text import Document

from .base import Skip, System, flat_sentences

if TYPE_CHECKING:
    from flair.data import Sentence as FlairSentence


class Flair(System["list[FlairSentence]"]):
    """A linear layer on the fine-tuned encoder, as Flair's documentation recommends."""

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

    def inputs(self, documents: Sequence[Document]) -> "list[FlairSentence]":
        from flair.data import Sentence as FlairSentence

        return [FlairSentence(sentence) for sentence in flat_sentences(documents)]

    def annotate(self, inputs: "list[FlairSentence]") -> int:
        self.tagger.predict(inputs, mini_batch_size=self.batch_size)
        return sum(len(sentence.get_labels("pos")) for sentence in inputs)
