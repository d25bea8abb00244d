"""The base of every tagger: labels, training, and what happens if the encoder did not run.

A tagger answers three questions:

- What are the labels of a gold Doc? (`find_labels`, and the classes to learn)
- What do the probabilities say? (`set_annotations`)
- How good is it? (the scorer)

A task that gives each token one class has to write nothing else: see `TokenTagger`, on which POS
and named entities are a page each. A task whose model returns more than one array, such as semantic
roles, stands on the base itself and also writes `predict`, `begin_update` and `get_loss`.
"""

import warnings
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any, Generic, TypeVar

import numpy as np
from spacy.errors import Errors
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example, validate_examples, validate_get_examples
from spacy.vocab import Vocab
from thinc.api import Model, Ops, Optimizer, set_dropout_rate
from thinc.types import Floats2d

from ..arrays import Bools, Ints
from ..errors import SHARE, check_settings
from ..models.spacy_transformers import install_extensions
from .calibrated import CalibratedPipe
from .label_checks import check_found, check_named, check_size
from .listening import check_listeners, docs_without_vectors, name_listeners, unread_warning
from .loss import SoftTargets, add_soft, cross_entropy

# What the model takes, what it returns, and what `predict` makes of that for `set_annotations`: the
# same on the CPU.
Input = TypeVar("Input")
Output = TypeVar("Output")
Scores = TypeVar("Scores")

# What `spacy init labels` saves and `[initialize.components.NAME] labels` takes: JSON.
LabelData = Any
# What a scorer returns: figures by name, and dicts of figures.
Metrics = dict[str, Any]
ScoringMethod = Callable[..., Metrics]


class Tagger(CalibratedPipe, Generic[Input, Output, Scores]):
    """Base of our components, generic in what the model takes and returns.

    Subclasses implement `classes`, `find_labels`, `predict`, `set_annotations`, `begin_update` and
    `get_loss`.

    vocab (Vocab): The shared vocabulary.
    model (Model[Input, Output]): With the ref `output_layer`, a softmax over `classes`.
    name (str): The component's name in the pipeline, for losses and messages.
    scorer (ScoringMethod | None): The scoring method.
    label_smoothing (float, 0 to 1 exclusive): See `cross_entropy`.
    cfg (object): Settings of the subclass, saved with the component.
    """

    model: Model[Input, Output]

    # What the data lack if no label is found, for the message.
    annotation: str = ""

    def __init__(
        self,
        vocab: Vocab,
        model: Model[Input, Output],
        name: str,
        *,
        scorer: ScoringMethod | None,
        label_smoothing: float = 0.0,
        **cfg: object,
    ) -> None:
        check_settings(f"[components.{name}]", label_smoothing=(label_smoothing, SHARE))
        install_extensions()  # listeners read doc._.trf_data, even if there is no transformer
        self.vocab = vocab
        self.model = model
        self.name = name
        self.scorer = scorer
        name_listeners(model, name)
        self.cfg = {"labels": [], "label_smoothing": label_smoothing, **cfg}
        self.reset_calibration()
        self._warned = False

    # Labels

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels this component can assign, in the order they were added."""
        return tuple(self.cfg["labels"])

    @property
    def label_data(self) -> LabelData:
        """The labels as `spacy init labels` saves them and `[initialize]` takes them."""
        return self.labels

    def add_label(self, label: str) -> int:
        """Add a label. The output layer of a trained component grows and keeps what it learned.

        label (str): Any string.
        RETURNS (int): 0 if the label is already there, else 1.
        """
        if not isinstance(label, str):
            raise ValueError(Errors.E187)
        if label in self.labels:
            return 0
        self.cfg["labels"].append(label)
        self.vocab.strings.add(label)
        if self.model.get_ref("output_layer").has_param("W"):
            self.set_output(len(self.classes))
        return 1

    @property
    def classes(self) -> Sequence[str]:
        """The names of the classes of the output layer, in the order of its columns."""
        raise NotImplementedError(not_written(Tagger, "classes", self.name))

    def class_counts(self) -> dict[str, int]:
        """Return how many classes each output layer has to have, by its ref in the model."""
        return {"output_layer": len(self.classes)}

    def find_labels(self, reference: Doc) -> Iterable[str]:
        """Find the labels that occur in a gold Doc.

        reference (Doc): With gold annotation, or without.
        """
        raise NotImplementedError(not_written(Tagger, "find_labels", self.name))

    def find_named_labels(self, reference: Doc) -> Iterable[str]:
        """Find the labels that somebody looked for in a gold Doc, see `spacy_seqtag.partial`.

        reference (Doc): With gold annotation, or without.
        """
        return ()

    def find_soft_labels(self, reference: Doc) -> Iterable[str]:
        """Find the labels that occur in the soft labels of a Doc.

        reference (Doc): With soft labels, or without.
        """
        return ()

    def unknown_label(self, label: str, example: Example) -> ValueError:
        """Make the error for gold annotation with a label that the component does not have.

        label (str): The label.
        example (Example): Where it occurs.
        """
        return ValueError(
            f"[components.{self.name}] The training data have the label {label!r} (in the Doc "
            f"that begins {example.reference.text[:40]!r}), which is not among the component's "
            f"labels: {', '.join(self.labels)}. Add it with nlp.get_pipe({self.name!r})."
            f"add_label({label!r})."
        )

    # Prediction

    def predict(self, docs: Iterable[Doc]) -> Scores:
        """Compute the probabilities of a batch, on the CPU.

        docs (Iterable[Doc]): Any Docs; they are left as they are.
        """
        raise NotImplementedError(not_written(Tagger, "predict", self.name))

    def set_annotations(self, docs: Iterable[Doc], scores: Scores) -> None:
        """Write what the probabilities say. Docs that the encoder did not read stay as they are.

        docs (Iterable[Doc]): The batch.
        scores (Scores): From `predict`.
        """
        raise NotImplementedError(not_written(Tagger, "set_annotations", self.name))

    def unread(self, docs: Sequence[Doc]) -> list[int]:
        """Find the Docs that the encoder did not read, see `docs_without_vectors`; warn, once.

        docs (Sequence[Doc]): The batch.
        """
        found = docs_without_vectors(self.model, docs)
        if found and not self._warned:
            self._warned = True
            warnings.warn(unread_warning(self.name, len(found), len(docs)), stacklevel=2)
        return found

    def require_weights(self) -> None:
        """Check that the component was initialised or loaded.

        RAISES: ValueError: It was not.
        """
        if not self.model.get_ref("output_layer").has_param("W"):
            raise ValueError(Errors.E109.format(name=self.name))

    # Training

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Language | None = None,
        labels: LabelData = None,
    ) -> None:
        """Initialise the component for training.

        get_examples (Callable[[], Iterable[Example]]): Returns the training examples.
        nlp (Language | None): The pipeline the component is part of.
        labels (Sequence[str] | None): The labels, e.g. from `spacy init labels`. If None, they
            are read from the examples.

        RAISES: ConfigValidationError (a ValueError): There is no transformer to listen to, or the
            examples have no annotation for this component, or labels that are not among `labels`.
        """
        validate_get_examples(get_examples, f"{type(self).__name__}.initialize")
        check_listeners(self.model, self.name, nlp)
        found: set[str] = set()
        named: set[str] = set()
        for eg in get_examples():
            found.update(self.find_labels(eg.reference), self.find_soft_labels(eg.reference))
            named.update(self.find_named_labels(eg.reference))
        for label in sorted(found) if labels is None else labels:
            self.add_label(label)
        check_found(self.name, self.labels, found, self.annotation)
        check_size(self.name, self.labels, len(self.classes), self.model.get_ref("output_layer"))
        check_named(self.name, self.labels, named)
        self.model.get_ref("output_layer").set_dim("nO", len(self.classes), force=True)
        # The model infers widths from a sample of Docs, whatever it takes later. Empty Docs are no
        # use for that.
        filled = (eg.predicted for eg in get_examples() if len(eg.predicted))
        sample: Any = list(islice(filled, 10))
        self.model.initialize(X=sample)

    def update(
        self,
        examples: Iterable[Example],
        *,
        drop: float = 0.0,
        sgd: Optimizer | None = None,
        losses: dict[str, float] | None = None,
    ) -> dict[str, float]:
        """Learn from a batch of examples.

        examples (Iterable[Example]): The batch; annotation may be missing.
        drop (float): Dropout rate.
        sgd (Optimizer | None): None (or False) only accumulates gradients.
        losses (dict[str, float] | None): The loss is added to it, under the component's name.
        RETURNS (dict[str, float]): `losses`.
        """
        losses = {} if losses is None else losses
        losses.setdefault(self.name, 0.0)
        examples = list(examples)
        validate_examples(examples, f"{type(self).__name__}.update")
        if not any(len(eg.predicted) for eg in examples):
            return losses
        set_dropout_rate(self.model, drop)
        self.reset_calibration()  # what was fitted to the old weights
        scores, backprop = self.begin_update(examples)
        loss, gradient = self.get_loss(examples, scores)
        backprop(gradient)
        if sgd:  # spaCy's loop passes False for none
            self.finish_update(sgd)
        losses[self.name] += loss
        return losses

    def begin_update(self, examples: list[Example]) -> tuple[Output, Callable[[Output], object]]:
        """Run the model for training.

        examples (list[Example]): The batch.
        RETURNS (tuple[Output, Callable]): The scores, and the function that takes their gradient.
        """
        raise NotImplementedError(not_written(Tagger, "begin_update", self.name))

    def get_loss(self, examples: Iterable[Example], scores: Output) -> tuple[float, Output]:
        """Compute the loss of a batch, and its gradient with respect to the logits.

        The loss is the mean over labelled tokens. The gradient is that of the sum over them, as in
        spaCy's own components, so that components on one encoder pull with like strength.

        examples (Iterable[Example]): The batch.
        scores (Output): From `begin_update`.
        """
        raise NotImplementedError(not_written(Tagger, "get_loss", self.name))

    def cross_entropy(
        self,
        probs: Floats2d,
        gold: Ints,
        smoothing: float | None = None,
        soft: SoftTargets | None = None,
    ) -> tuple[float, Floats2d]:
        """Compute the masked cross-entropy, see `loss.cross_entropy`.

        probs (Floats2d, (rows, classes)): Probabilities.
        gold (int64, (rows,)): The right class of each row, or MISSING.
        smoothing (float | None): In place of the setting `label_smoothing`.
        soft (SoftTargets | None): Of rows that are MISSING in `gold`; these are not smoothed.

        RAISES: ValueError: The loss is not finite.
        """
        smoothing = self.cfg["label_smoothing"] if smoothing is None else smoothing
        loss, gradient = cross_entropy(self.model.ops, probs, gold, smoothing)
        if soft is not None:
            loss = add_soft(self.model.ops, probs, gold, soft, loss, gradient)
        require_finite(loss, self.name)
        return loss, gradient


def require_finite(loss: float, name: str) -> None:
    """Check that a loss is a number.

    loss (float): Any loss.
    name (str): The component's name in the pipeline.

    RAISES: ValueError: It is not finite.
    """
    if not np.isfinite(loss):
        raise ValueError(Errors.E910.format(name=name))


def not_written(parent: type, method: str, component: str) -> str:
    """Write the message for a method that a subclass has to implement.

    parent (type): The class whose subclass it is.
    method (str): The method's name.
    component (str): The component's name in the pipeline.
    """
    return Errors.E931.format(parent=parent.__name__, method=method, name=component)


def on_cpu(ops: Ops, array: Floats2d) -> Floats2d:
    """Move an array to NumPy.

    ops (Ops): Of the device where it is.
    array (Floats2d): Any array.
    """
    result: Floats2d = ops.to_numpy(array)  # type: ignore[no-untyped-call]
    return result


def sentence_starts(doc: Doc) -> Bools:
    """Mark where sentences begin: no entity and no argument crosses such a place.

    doc (Doc): If its sentence boundaries are unknown, it counts as one sentence.
    RETURNS (bool, (tokens,)): True at the first token of each sentence.
    """
    starts: Bools = doc.to_array("SENT_START") == 1
    starts[:1] = True
    return starts
