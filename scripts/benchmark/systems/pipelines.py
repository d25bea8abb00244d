"""Pipelines of spaCy, from Docs to Docs: ours, and spaCy's own."""

from abc import abstractmethod
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from text import Document

from .base import Skip, System

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc
    from spacy.vocab import Vocab

_IN_SENTENCES = ("seqtag_ner", "seqtag_srl")
_TAGGERS = ("senter", "seqtag_pos", *_IN_SENTENCES)


class Pipeline(System["deque[Doc]"]):
    """A pipeline of spaCy; no Doc is kept."""

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
    def _load(self) -> "Language": ...

    @abstractmethod
    def _labels(self, doc: "Doc") -> int: ...

    def inputs(self, documents: Sequence[Document]) -> "deque[Doc]":
        return deque(map(self.make_doc, documents))

    def make_doc(self, document: Document) -> "Doc":
        """Make a Doc as the plan asks, with or without the sentences."""
        return make_doc(self.nlp.vocab, document, self.plan.sentences)

    def annotate(self, inputs: "deque[Doc]") -> int:
        return sum(map(self._labels, self.nlp.pipe(_drain(inputs))))


def make_doc(vocab: "Vocab", document: Document, sentences: bool) -> "Doc":
    """Make a Doc of the words, with or without the sentence boundaries."""
    from spacy.tokens import Doc

    words = [word for sentence in document for word in sentence]
    starts: list[bool | int | None] = [
        i == 0 for sentence in document for i in range(len(sentence))
    ]
    return Doc(vocab, words=words, sent_starts=starts if sentences else None)


def _drain(docs: "deque[Doc]") -> "Iterator[Doc]":
    while docs:
        yield docs.popleft()


class Ours(Pipeline):
    """The taggers of some factories, and senter where it has something to do."""

    factories: ClassVar[tuple[str, ...]]

    @property
    def path(self) -> Path | None:
        """Where the pipeline is; None where the corpus lacks its layers."""
        return self.plan.pos_ner

    @property
    def precision(self) -> str | None:
        """That of the encoder; None for what the pipeline says."""
        return self.plan.precision

    def _load(self) -> "Language":
        return load_ours(self.path, self.factories, self.precision, self.plan.sentences)

    def _labels(self, doc: "Doc") -> int:
        n_labels = len(doc)
        if "seqtag_ner" in self.factories:
            n_labels += len(doc.ents)
        if "seqtag_srl" in self.factories:
            n_labels += sum(len(doc.spans[key]) for key in ("predicates", "srl"))
        return n_labels


def load_ours(
    path: Path | None, factories: Sequence[str], precision: str | None, sentences: bool
) -> "Language":
    """Load a pipeline with no other taggers than those of some factories.

    senter stays where one of them works in sentences and these are not given.

    RAISES: Skip: For a pipeline that lacks one of the factories.
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
    """Parts of speech."""

    title = "spacy-seqtag POS"
    factories = ("seqtag_pos",)


class OursPosNer(Ours):
    """Parts of speech and entities."""

    title = "spacy-seqtag POS+NER"
    factories = ("seqtag_pos", "seqtag_ner")


class OursPosNerSrl(Ours):
    """Parts of speech, entities and semantic roles."""

    title = "spacy-seqtag POS+NER+SRL"
    factories = ("seqtag_pos", "seqtag_ner", "seqtag_srl")

    @property
    def path(self) -> Path | None:
        """Where the pipeline is; None where the corpus lacks its layers."""
        return self.plan.joint


class OursPosNerFloat32(OursPosNer):
    """Parts of speech and entities, where `OursPosNer` computes in another precision."""

    title = "spacy-seqtag POS+NER, float32"
    precision = "float32"

    def _load(self) -> "Language":
        if self.plan.limit_precision == self.precision:
            raise Skip(f"{OursPosNer.title} is in float32 here")
        return super()._load()


class Quantized(Ours):
    """Ours with an encoder that multiplies bytes."""

    precision = None  # what the pipeline says: int8

    def _load(self) -> "Language":
        if self.plan.device != "cpu":
            raise Skip("int8 is for CPUs")
        if self.path is None:
            raise Skip("the pipeline was not quantized: see the warning above")
        return super()._load()


class OursPosNerInt8(Quantized, OursPosNer):
    """Parts of speech and entities, in int8."""

    title = "spacy-seqtag POS+NER, int8"

    @property
    def path(self) -> Path | None:
        """Where the pipeline is; None where the corpus lacks its layers."""
        return self.plan.pos_ner_int8


class OursPosNerSrlInt8(Quantized, OursPosNerSrl):
    """Parts of speech, entities and semantic roles, in int8."""

    title = "spacy-seqtag POS+NER+SRL, int8"

    @property
    def path(self) -> Path | None:
        """Where the pipeline is; None where the corpus lacks its layers."""
        return self.plan.joint_int8


class Spacy(Pipeline):
    """spaCy's `tagger` and `ner` on spacy-transformers, with its default windows."""

    title = "spaCy tagger+ner"

    def _load(self) -> "Language":
        import spacy

        if self.plan.spacy is None:
            raise Skip("the corpus has not got the layers of this pipeline")
        return spacy.load(self.plan.spacy)

    def _labels(self, doc: "Doc") -> int:
        return len(doc) + len(doc.ents)
