"""What a system is: it loads, takes the text in its own form, and annotates it."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Generic, TypeVar

from text import Document, Sentence

Inputs = TypeVar("Inputs")


class Skip(Exception):
    """A system that cannot run here, and why."""


@dataclass(frozen=True)
class Plan:
    """What all systems are given.

    encoder: Folder of the pretrained weights.
    documents: File of the text, from `text.write_documents`.
    labels: Parts of speech, for the systems of one task.
    pos_ner, joint, pos_ner_int8, joint_int8, spacy: Folders of pipelines; None where the corpus
        lacks their layers, or no system asks for them.
    threads: Of PyTorch and the tokenizers.
    device: "cpu" or "cuda".
    precision: Of our pipelines and of the limit: "float32" or "bfloat16"; None for what the
        pipeline says.
    fast_bfloat16: Whether the hardware multiplies faster in bfloat16.
    sentences: Whether spaCy's pipelines are given the sentences too.
    """

    encoder: Path
    documents: Path
    labels: tuple[str, ...]
    pos_ner: Path | None
    joint: Path | None
    pos_ner_int8: Path | None
    joint_int8: Path | None
    spacy: Path | None
    threads: int
    device: str
    precision: str | None
    fast_bfloat16: bool
    sentences: bool

    @property
    def limit_precision(self) -> str:
        """The precision of the limit: the fastest one, where none is asked for."""
        return self.precision or ("bfloat16" if self.fast_bfloat16 else "float32")


class System(ABC, Generic[Inputs]):
    """A way from words to labels; `Inputs` is the form in which it takes the text.

    title: For the tables.
    batch_sizes: Those to try; the best stays in `batch_size`.
    """

    title: ClassVar[str]
    batch_sizes: ClassVar[tuple[int, ...]] = ()

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.batch_size = self.batch_sizes[0] if self.batch_sizes else 0

    @abstractmethod
    def load(self) -> None:
        """Load weights and libraries.

        RAISES: Skip: Where the system cannot run.
        """

    @abstractmethod
    def inputs(self, documents: Sequence[Document]) -> Inputs:
        """Bring the text into the form that the system takes; not timed."""

    @abstractmethod
    def annotate(self, inputs: Inputs) -> int:
        """Annotate, until the labels are in main memory; return their number."""


def flat_sentences(documents: Iterable[Document]) -> list[Sentence]:
    """List the sentences of all documents."""
    return [sentence for document in documents for sentence in document]
