"""The token tagger that all tasks share: probabilities of classes for every token of a Doc.

A task says what the classes of its labels are, which class each token of a gold Doc has, and
what to write for given probabilities; everything else (training, prediction, labels, saving) is
here, once.
"""

import warnings
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, cast

import numpy as np
import srsly
from numpy.typing import NDArray
from spacy.errors import Errors
from spacy.language import Language
from spacy.pipeline import TrainablePipe
from spacy.tokens import Doc
from spacy.training import Example, validate_examples, validate_get_examples
from spacy.vocab import Vocab
from spacy_transformers import Transformer, install_extensions
from spacy_transformers.layers import TransformerListener
from thinc.api import Config, Model, Optimizer, set_dropout_rate
from thinc.types import Floats2d

from ..errors import SAYS_NO_DAMAGE, SHARE, check_settings, damaged_error, settings_error
from ..models.listener import Listener
from ..models.trf_data import read_vectors
from .digests import check_digests, save_digests

MISSING = -1

# Class probabilities of one Doc on the CPU: float32 (tokens, classes). They are NaN for a Doc that
# the encoder did not read.
Probabilities = NDArray[np.float32]

default_model_config = """
[model]
@architectures = "spacy_seqtag.SoftmaxTagger.v1"
dropout = null
nO = null

[model.tok2vec]
@architectures = "spacy_seqtag.TransformerListener.v1"
grad_factor = 1.0
upstream = "*"

[model.tok2vec.pooling]
@layers = "reduce_mean.v1"
"""
DEFAULT_MODEL: dict[str, Any] = Config().from_str(default_model_config)["model"]


class TokenTagger(TrainablePipe):
    """Base of the components that give every token one of a fixed set of classes.

    Subclasses implement `classes`, `find_labels`, `encode` and `set_annotations`.

    vocab (Vocab): The shared vocabulary.
    model (Model[List[Doc], List[Floats2d]]): Docs to class probabilities, one array
        (tokens, classes) a Doc, with the ref `output_layer` (see
        `spacy_seqtag.SoftmaxTagger.v1`).
    name (str): The component's name in the pipeline, used for losses and messages.
    scorer (Optional[Callable]): The scoring method.
    label_smoothing (float): Share of the target probability, 0 to 1 exclusive, that is spread
        evenly over all classes (Szegedy et al. 2016).
    cfg: Settings of the subclass, saved with the component.
    """

    # What the training data lack when no label is found, for the error message.
    annotation: str = ""
    # What of `cfg` is learned from the data, not set by the user.
    learned: tuple[str, ...] = ("labels",)

    def __init__(
        self,
        vocab: Vocab,
        model: Model[list[Doc], list[Floats2d]],
        name: str,
        *,
        scorer: Callable | None,
        label_smoothing: float = 0.0,
        **cfg: Any,
    ) -> None:
        check_settings(f"[components.{name}]", label_smoothing=(label_smoothing, SHARE))
        install_extensions()  # listeners ask for doc._.trf_data without a transformer, too
        self.vocab = vocab
        self.model = model
        self.name = name
        self.scorer = scorer
        for layer in model.walk():
            if isinstance(layer, Listener):
                layer.component = name
        self.cfg: dict[str, Any] = {"labels": [], "label_smoothing": label_smoothing, **cfg}
        self._warned = False

    # Labels

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels this component can assign, in the order they were added."""
        return tuple(self.cfg["labels"])

    @property
    def label_data(self) -> tuple[str, ...]:
        """The labels as `spacy init labels` saves them and `[initialize]` takes them."""
        return self.labels

    def add_label(self, label: str) -> int:
        """Add a label; on a trained component the output layer grows and keeps what it learned.

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
        """The classes of the softmax layer, one a column of the probabilities."""
        raise NotImplementedError(_abstract("classes", self.name))

    def find_labels(self, reference: Doc) -> Iterable[str]:
        """The labels that occur in a gold Doc."""
        raise NotImplementedError(_abstract("find_labels", self.name))

    def encode(self, example: Example) -> NDArray[np.int64]:
        """The gold class of each token of `example.predicted`, or MISSING.

        A token has none where the annotation is missing or the tokenisations do not align.
        Raises ValueError for a label that the component does not have.
        """
        raise NotImplementedError(_abstract("encode", self.name))

    # Prediction

    def predict(self, docs: Iterable[Doc]) -> list[Probabilities]:
        """Class probabilities for each Doc: float32 arrays (tokens, classes) on the CPU.

        Warns, once, of Docs that the encoder did not read: their probabilities are NaN, and
        `set_annotations` leaves them as they are.
        """
        docs = list(docs)
        n_classes = len(self.classes)
        if not any(len(doc) for doc in docs):
            return [np.zeros((0, n_classes), dtype="f") for _ in docs]
        self.require_weights()
        to_numpy = self.model.ops.to_numpy
        scores = [to_numpy(probs).reshape(-1, n_classes) for probs in self.model.predict(docs)]
        for i in self.unread(docs):
            scores[i] = np.full((len(docs[i]), n_classes), np.nan, dtype="f")
        return scores

    def unread(self, docs: Sequence[Doc]) -> list[int]:
        """Which Docs have no vectors, though the component listens to an encoder; warns, once.

        A listener takes zeros for those, from which nothing can be told.
        """
        if not self._listeners():
            return []
        vectors = read_vectors(docs)
        found = [i for i, doc in enumerate(docs) if len(doc) and vectors[i] is None]
        if not found:
            return []
        if not self._warned:
            self._warned = True
            warnings.warn(
                f"[components.{self.name}] The transformer that {self.name!r} listens to did not "
                f"run on {len(found)} of {len(docs)} Docs, which get no annotation: it is "
                f"disabled, or not in the pipeline, or stands after {self.name!r}. Enable it or "
                "add it before, or give the component its own with nlp.replace_listeners("
                f"'transformer', {self.name!r}, ['model.tok2vec']) in the pipeline that has both.",
                stacklevel=2,
            )
        return found

    def _listeners(self) -> list[TransformerListener]:
        return [node for node in self.model.walk() if isinstance(node, TransformerListener)]

    def require_weights(self) -> None:
        """Raises ValueError where the component was neither initialized nor loaded."""
        if not self.model.get_ref("output_layer").has_param("W"):
            raise ValueError(Errors.E109.format(name=self.name))

    # Training

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Language | None = None,
        labels: Sequence[str] | None = None,
    ) -> None:
        """Initialize the component for training.

        get_examples (Callable[[], Iterable[Example]]): Returns the training examples.
        nlp (Optional[Language]): The pipeline the component is part of.
        labels (Optional[Sequence[str]]): The labels, e.g. from `spacy init labels`. If None they
            are read from the examples.

        Raises ConfigValidationError (a ValueError) if there is no transformer to listen to, if the
        examples have no annotation for this component, or labels that are not among `labels`.
        """
        validate_get_examples(get_examples, f"{type(self).__name__}.initialize")
        self._check_listeners(nlp)
        found = {label for eg in get_examples() for label in self.find_labels(eg.reference)}
        for label in sorted(found) if labels is None else labels:
            self.add_label(label)
        if not found:
            raise settings_error(
                f"[components.{self.name}] The training data have no {self.annotation}. Check "
                f"[paths] train, or add that layer with 'python -m spacy seqtag convert'."
            )
        unknown = sorted(found.difference(self.labels))
        if unknown:
            raise settings_error(
                f"[components.{self.name}] The training data have labels that are not among "
                f"[initialize.components.{self.name}] labels: {', '.join(unknown)}. Add them "
                "there, or set labels = null to read the labels from the data."
            )
        output_layer = self.model.get_ref("output_layer")
        n_classes = len(self.classes)
        if output_layer.maybe_get_dim("nO") not in (None, n_classes):
            raise settings_error(
                f"[components.{self.name}] The model has nO = {output_layer.get_dim('nO')}, but "
                f"{len(self.labels)} labels need {n_classes} classes. Set nO = null."
            )
        output_layer.set_dim("nO", n_classes, force=True)
        # Widths are inferred from a sample, for which an empty Doc is no use.
        filled = (eg.predicted for eg in get_examples() if len(eg.predicted))
        self.model.initialize(X=list(islice(filled, 10)))

    def _check_listeners(self, nlp: Language | None) -> None:
        """Raises ConfigValidationError (a ValueError) if a listener has no encoder."""
        for listener in self._listeners():
            if listener.has_dim("nO"):
                continue
            where = f"[components.{self.name}]"
            pipeline = [] if nlp is None else nlp.pipeline
            encoders = [name for name, pipe in pipeline if isinstance(pipe, Transformer)]
            if not encoders:
                message = f"{where} It listens to a transformer, and the pipeline has none. Add one"
            elif listener.upstream_name not in ("*", *encoders):
                message = (
                    f"{where} It listens to the transformer {listener.upstream_name!r} "
                    f"({where[:-1]}.model.tok2vec] upstream), and the pipeline has "
                    f"{', '.join(map(repr, encoders))}. Set upstream to that or to '*', or add one"
                )
            else:
                message = (
                    f"{where} It stands before the transformer that it listens to. Change the "
                    f"order in [nlp] pipeline, or remove {encoders[0]!r} and add it"
                )
            raise settings_error(
                f"{message} before it: nlp.add_pipe('transformer', before={self.name!r}), or "
                f"[components.transformer] with its factory and model in the config and "
                f'pipeline = ["transformer", "{self.name}"] in [nlp].'
            )

    def update(
        self,
        examples: Iterable[Example],
        *,
        drop: float = 0.0,
        sgd: Optimizer | None = None,
        losses: dict[str, float] | None = None,
    ) -> dict[str, float]:
        """Learn from a batch of examples; the loss is reported as the mean a labelled token."""
        losses = {} if losses is None else losses
        losses.setdefault(self.name, 0.0)
        examples = list(examples)
        validate_examples(examples, f"{type(self).__name__}.update")
        if not any(len(eg.predicted) for eg in examples):
            return losses
        set_dropout_rate(self.model, drop)
        scores, backprop = self.begin_update(examples)
        loss, d_logits = self.get_loss(examples, scores)
        backprop(d_logits)
        if sgd not in (None, False):
            self.finish_update(sgd)
        losses[self.name] += loss
        return losses

    def begin_update(self, examples: list[Example]) -> tuple[Any, Callable]:
        """Run the model for training: its scores, and the callback that takes their gradient."""
        return self.model.begin_update([eg.predicted for eg in examples])

    def get_loss(self, examples: Iterable[Example], scores: Any) -> tuple[float, Any]:
        """Cross-entropy of the probabilities and its gradient with respect to the logits.

        scores: what `begin_update` gave, here probabilities (tokens, classes), one array a Doc.

        The loss is the mean a labelled token; the gradient is that of the sum over tokens, as in
        spaCy's own components, so that components on one encoder pull with like strength. Tokens
        without a label contribute to neither.
        """
        examples = list(examples)
        validate_examples(examples, f"{type(self).__name__}.get_loss")
        gold = np.concatenate([self.encode(eg) for eg in examples])
        xp = self.model.ops.xp
        probs = xp.vstack([s.reshape((-1, len(self.classes))) for s in scores])
        loss, gradient = self.cross_entropy(probs, gold)
        ends = np.cumsum([len(s) for s in scores])[:-1]
        return loss, xp.split(gradient, ends.tolist())

    def cross_entropy(
        self, probs: Floats2d, gold: NDArray[np.int64], smoothing: float | None = None
    ) -> tuple[float, Floats2d]:
        """Masked cross-entropy in float32.

        probs (rows, classes): probabilities. gold (rows,): the right class of each row, or
        MISSING. smoothing (Optional[float]): instead of the setting `label_smoothing`.
        RETURNS: The mean loss of the rows that have a class (0.0 if there is none), and the
            gradient of the sum with respect to the logits: zero in the other rows.
        """
        xp = self.model.ops.xp
        probs = cast(Floats2d, probs.astype("float32"))
        gradient = xp.zeros_like(probs)
        rows = xp.asarray(np.flatnonzero(gold != MISSING))
        if not len(rows):
            return 0.0, gradient
        n_classes = probs.shape[1]
        smoothing = self.cfg["label_smoothing"] if smoothing is None else smoothing
        target = xp.full((len(rows), n_classes), smoothing / n_classes, dtype="float32")
        target[xp.arange(len(rows)), xp.asarray(gold[gold != MISSING])] += 1.0 - smoothing
        labelled = probs[rows]
        gradient[rows] = labelled - target
        log_probs = xp.log(xp.maximum(labelled, 1e-30))
        loss = float(-(target * log_probs).sum() / len(rows))
        if not np.isfinite(loss):
            raise ValueError(Errors.E910.format(name=self.name))
        return loss, gradient

    # Serialisation: a saved component brings its labels and weights, the pipeline's config its
    # settings. So `spacy.load(path, config=...)` can change them.

    def from_bytes(self, bytes_data: bytes, *, exclude: Iterable[str] = ()) -> "TokenTagger":
        """Load labels and weights from bytes; settings stay as they are.

        Raises ConfigValidationError (a ValueError) for labels and weights that do not belong
        together, and for other bytes.
        """
        settings = self._settings()
        where = f"The component {self.name!r}"
        try:
            super().from_bytes(bytes_data, exclude=tuple(exclude))
        except SAYS_NO_DAMAGE:
            raise
        except Exception as err:  # readers of several formats, each with errors of its own
            raise damaged_error(where, err) from err
        self.cfg.update(settings)
        self._check_loaded(where, "its model")
        return self

    def to_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> None:
        """Save labels, weights and their digests to a folder."""
        super().to_disk(path, exclude=tuple(exclude))
        save_digests(Path(path))

    def from_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> "TokenTagger":
        """Load labels and weights from a folder; settings stay as they are.

        Raises ConfigValidationError (a ValueError) that names the file for one that is missing or
        damaged, that is from another pipeline, or that does not belong to the others. What was
        saved without digests, by versions before, is checked by its contents.
        """
        path = Path(path)
        exclude = tuple(exclude)
        check_digests(path)
        settings = self._settings()
        cfg, model = (f"{path / name} (component {self.name!r})" for name in ("cfg", "model"))
        if "cfg" not in exclude:
            _check_cfg(path / "cfg", cfg)
        try:
            super().from_disk(path, exclude=exclude)
        except (OSError, *SAYS_NO_DAMAGE):  # an OSError names the file itself
            raise
        except Exception as err:  # readers of several formats, each with errors of its own
            raise damaged_error(model, err) from err
        self.cfg.update(settings)
        self._check_loaded(cfg, model)
        return self

    def _check_loaded(self, cfg: str, model: str) -> None:
        """Check that labels and weights belong together.

        cfg, model: where labels and weights come from, to name in the error.
        """
        labels = self.cfg["labels"]
        if not isinstance(labels, list) or not all(isinstance(k, str) and k for k in labels):
            raise damaged_error(cfg, "its labels are not a list of names")
        if len(set(labels)) < len(labels):
            raise damaged_error(cfg, "it has a label twice")
        try:
            self.take_learned()
            counts = self.class_counts()
        except (KeyError, TypeError, ValueError, AttributeError) as err:
            raise damaged_error(cfg, err) from err
        for name, n_classes in counts.items():
            layer = self.model.get_ref(name)
            if layer.has_param("W") and len(layer.get_param("W")) != n_classes:
                n_found = len(layer.get_param("W"))
                reason = f"{n_classes} classes, for which {model} has weights of {n_found}"
                raise damaged_error(cfg, reason)
        isfinite = self.model.ops.xp.isfinite
        for node in self.model.walk():
            for name in node.param_names:
                if node.has_param(name) and not bool(isfinite(node.get_param(name)).all()):
                    raise damaged_error(model, f"the weights {name} are not finite")

    def take_learned(self) -> None:
        """Make what a subclass holds of what was learned and loaded into `cfg`."""

    def class_counts(self) -> dict[str, int]:
        """How many classes each output layer has to have, by its ref in the model."""
        return {"output_layer": len(self.classes)}

    def _settings(self) -> dict[str, Any]:
        return {key: value for key, value in self.cfg.items() if key not in self.learned}

    def unknown_label(self, label: str, example: Example) -> ValueError:
        """The error for gold annotation with a label that the component does not have."""
        return ValueError(
            f"[components.{self.name}] The training data have the label {label!r} (in the Doc "
            f"that begins {example.reference.text[:40]!r}), which is not among the component's "
            f"labels: {', '.join(self.labels)}. Add it with nlp.get_pipe({self.name!r})."
            f"add_label({label!r})."
        )


def was_read(probs: Probabilities | Floats2d) -> bool:
    """Whether probabilities are those of a Doc with words that the encoder read."""
    return len(probs) > 0 and not np.isnan(float(probs[0, 0]))


def _check_cfg(path: Path, what: str) -> None:
    """Raises ConfigValidationError (a ValueError) unless it is a file of settings."""
    if not path.exists():  # spaCy would take it for an empty one
        raise damaged_error(what, "it is missing")
    try:
        dict(srsly.read_json(path))
    except (ValueError, TypeError) as err:
        raise damaged_error(what, err) from err


def unit_starts(doc: Doc) -> NDArray[np.bool_]:
    """True at the first token of each sentence; of the Doc where boundaries are unknown."""
    starts = doc.to_array("SENT_START") == 1
    starts[:1] = True
    return starts


def _abstract(method: str, name: str) -> str:
    return Errors.E931.format(parent="TokenTagger", method=method, name=name)
