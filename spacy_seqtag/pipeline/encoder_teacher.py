"""A component of training alone: a trained encoder teaches another one its vectors.

What is learned is that words have the vectors that the teacher gives them, whatever components read
them later (hidden states, Sun et al. 2019, Patient Knowledge Distillation, arXiv 1908.09355). It
stands in a pipeline while that is trained, and annotates nothing.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from spacy.language import Language
from spacy.pipeline import TrainablePipe
from spacy.tokens import Doc
from spacy.training import Example, validate_examples
from spacy.vocab import Vocab
from thinc.api import Model, Optimizer
from thinc.types import Floats2d

from ..errors import Number, check_settings, settings_error
from ..loading import load_pipeline
from ..models.encoder import Encoder
from ..models.spacy_transformers import Transformer
from .base import require_finite
from .listening import check_listeners, name_listeners

DEFAULT_MODEL = {
    "@architectures": "spacy_seqtag.TransformerListener.v1",
    "grad_factor": 1.0,
    "upstream": "*",
    "pooling": {"@layers": "reduce_mean.v1"},
}

WordVectors = Model[list[Doc], list[Floats2d]]


@Language.factory("seqtag_encoder_teacher", default_config={"model": DEFAULT_MODEL, "weight": 1.0})
def make_encoder_teacher(
    nlp: Language, name: str, model: WordVectors, weight: float
) -> "EncoderTeacher":
    """Create an encoder's teacher.

    model (Model[list[Doc], list[Floats2d]]): Listens to the encoder that learns: from Docs to the
        vectors of their words, (words, width).
    weight (float): How much a word counts beside one of a tagger.
    RAISES: ConfigValidationError (a ValueError): A weight that is not above 0.
    """
    check_settings(f"[components.{name}]", weight=(weight, Number(above=0.0)))
    return EncoderTeacher(nlp.vocab, model, name, weight)


class EncoderTeacher(TrainablePipe):  # type: ignore[misc]  # compiled, without types
    """Sends the encoder that it listens to the gradient towards the vectors of another one.

    vocab (Vocab): The shared vocabulary.
    model (Model[list[Doc], list[Floats2d]]): A listener, and what pools wordpieces to words.
    name (str): The component's name in the pipeline.
    weight (float): How much a word counts beside one of a tagger.
    """

    def __init__(self, vocab: Vocab, model: WordVectors, name: str, weight: float) -> None:
        self.vocab = vocab
        self.model = model
        self.name = name
        self.weight = weight
        self.scorer = None
        self.cfg: dict[str, Any] = {}
        self._teacher: Encoder | None = None
        name_listeners(model, name)

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Language | None = None,
        pipeline: str,
    ) -> None:
        """Load the teacher.

        get_examples (Callable[[], Iterable[Example]]): Not needed.
        nlp (Language | None): The pipeline the component is part of.
        pipeline (str): Folder or package of a trained pipeline, whose shared encoder teaches.
        RAISES: ConfigValidationError (a ValueError): There is no encoder to listen to, or none of
            this package in the pipeline of the teacher, or one of another width. OSError: There
            is no such pipeline.
        """
        check_listeners(self.model, self.name, nlp)
        where = f"[initialize.components.{self.name}] pipeline = {pipeline}"
        self._teacher = next(_shared_encoders(load_pipeline(pipeline)), None)
        if self._teacher is None:
            raise settings_error(
                f"{where}: it has no transformer component with spacy_seqtag.TransformerModel.v1"
            )
        width, own = self._teacher.get_dim("nO"), self.model.get_ref("listener").get_dim("nO")
        if width != own:
            raise settings_error(
                f"{where}: its vectors have {width} numbers, and those of the encoder that learns "
                f"have {own}. Give a teacher with an encoder of the same width"
            )
        self.model.initialize()

    def predict(self, docs: Iterable[Doc]) -> None:
        """Do nothing."""

    def set_annotations(self, docs: Iterable[Doc], scores: None) -> None:
        """Do nothing."""

    def update(
        self,
        examples: Iterable[Example],
        *,
        drop: float = 0.0,
        sgd: Optimizer | None = None,
        losses: dict[str, float] | None = None,
    ) -> dict[str, float]:
        """Teach the encoder a batch of examples.

        examples (Iterable[Example]): The batch; annotation is not read.
        drop (float): Not used: the listener drops nothing.
        sgd (Optimizer | None): Not used: what learns is the encoder.
        losses (dict[str, float] | None): The loss is added to it, under the component's name.
        RETURNS (dict[str, float]): `losses`.
        """
        losses = {} if losses is None else losses
        losses.setdefault(self.name, 0.0)
        examples = list(examples)
        validate_examples(examples, f"{type(self).__name__}.update")
        docs = [example.predicted for example in examples]
        if not any(map(len, docs)):
            return losses
        vectors, backprop = self.model.begin_update(docs)
        loss, gradient = self.get_loss(examples, vectors)
        backprop(gradient)
        losses[self.name] += loss
        return losses

    def get_loss(
        self, examples: Iterable[Example], scores: list[Floats2d]
    ) -> tuple[float, list[Floats2d]]:
        """Compute the loss of a batch, and its gradient.

        The loss is the mean over words of the squared difference, itself the mean over the numbers
        of a vector. The gradient is that of the sum over words, as that of the taggers.

        examples (Iterable[Example]): The batch.
        scores (list[Floats2d]): The vectors of the encoder that learns, (words, width) each.
        """
        docs = [example.predicted for example in examples]
        targets = self._targets(docs)
        differences = [own - right for own, right in zip(scores, targets, strict=True)]
        squares = [(each**2).mean(axis=1).tolist() for each in differences if each.size]
        loss = self.weight * sum(map(sum, squares)) / sum(map(len, docs))
        require_finite(loss, self.name)
        return loss, [2 * self.weight / max(1, each.shape[1]) * each for each in differences]

    def _targets(self, docs: list[Doc]) -> list[Floats2d]:
        """Compute the vectors of the teacher."""
        if self._teacher is None:
            raise settings_error(
                f"[components.{self.name}] A saved pipeline has no teacher with it. Name one in "
                f"[initialize.components.{self.name}] pipeline, or remove the component"
            )
        batch = self._teacher.predict(docs)
        pool = self.model.layers[-1]
        result: list[Floats2d] = pool.predict(batch.doc_data)
        return result


def _shared_encoders(nlp: Language) -> Iterator[Encoder]:
    """Yield the encoders of ours that other components listen to."""
    for _, pipe in nlp.pipeline:
        if isinstance(pipe, Transformer) and isinstance(pipe.model, Encoder):
            yield pipe.model
