"""The base of the components that give each token one class: a softmax over tokens.

Named entities are such a task, too: the classes are BIO tags, from which spans are decoded.
"""

from collections.abc import Callable, Iterable, Sequence

import numpy as np
from spacy.tokens import Doc
from spacy.training import Example, validate_examples
from thinc.api import Config
from thinc.types import Floats2d

from ..arrays import Bools, Floats, Ints
from .base import Tagger, not_written, on_cpu, require_finite
from .calibrated import LabelledScores
from .listening import was_read
from .loss import MISSING, SoftTargets
from .partial_loss import set_cross_entropy
from .soft_targets import find_classes, soft_targets

# Probabilities of the classes of one Doc, (tokens, classes), on the CPU. They are NaN if the
# encoder did not read the Doc.
Probabilities = Floats

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
DEFAULT_MODEL = Config().from_str(default_model_config)["model"]


class TokenTagger(Tagger[list[Doc], list[Floats2d], list[Probabilities]]):
    """Base of the components that give each token one class.

    The model takes Docs and returns for each of them the probabilities of the classes, (tokens,
    classes): see `spacy_seqtag.SoftmaxTagger.v1`. Subclasses implement `classes`, `find_labels`,
    `encode` and `decode`.
    """

    def encode(self, example: Example) -> Ints:
        """Return the gold classes: what is to be learned from an example.

        example (Example): With any gold annotation, or none.
        RETURNS (int64, (tokens of example.predicted,)): MISSING for a token whose annotation is
            missing, or that does not align with the gold tokens.

        RAISES: ValueError: A label that the component does not have.
        """
        raise NotImplementedError(not_written(TokenTagger, "encode", self.name))

    def possible_classes(self, example: Example) -> Bools | None:
        """Return which classes the tokens may have, where that is known without their class.

        It counts for tokens whose class is MISSING: they are learned as one of a set, see
        `partial_loss.set_cross_entropy`.

        example (Example): With any gold annotation, or none.
        RETURNS (bool, (tokens of example.predicted, classes) | None): At least one in each row;
            None where nothing is known but classes.
        """
        return None

    @property
    def soft_layer(self) -> str:
        """The layer of soft labels that the component learns from: see `soft_labels`."""
        return self.name

    def find_soft_labels(self, reference: Doc) -> Iterable[str]:
        """Find the labels that occur in the soft labels of a Doc.

        reference (Doc): With soft labels of this layer, or without.
        """
        return find_classes(reference, self.soft_layer)

    def decode(self, docs: Sequence[Doc], probs: Sequence[Probabilities]) -> None:
        """Write what the probabilities say into the Docs.

        docs (Sequence[Doc]): At least one, none of them empty.
        probs (Sequence[Probabilities]): Of each Doc, (tokens, classes).
        """
        raise NotImplementedError(not_written(TokenTagger, "decode", self.name))

    def predict(self, docs: Iterable[Doc]) -> list[Probabilities]:
        """Compute the probabilities of the classes.

        docs (Iterable[Doc]): The batch. A Doc that the encoder did not read is warned of, once.
        RETURNS (list[Probabilities]): Of each Doc, (tokens, classes), on the CPU.
        """
        docs = list(docs)
        n_classes = len(self.classes)
        if not any(len(doc) for doc in docs):
            return [np.zeros((0, n_classes), dtype="f") for _ in docs]
        self.require_weights()
        arrays = [np.asarray(on_cpu(self.model.ops, x)) for x in self.model.predict(docs)]
        scores = [array.reshape(-1, n_classes) for array in arrays]
        for i in self.unread(docs):
            scores[i] = np.full((len(docs[i]), n_classes), np.nan, dtype="f")
        return scores

    def set_annotations(self, docs: Iterable[Doc], scores: list[Probabilities]) -> None:
        """Write what the probabilities say. Docs that the encoder did not read stay as they are.

        docs (Iterable[Doc]): The batch.
        scores (list[Probabilities]): From `predict`.
        """
        read = [(doc, probs) for doc, probs in zip(docs, scores) if was_read(probs)]
        if read:
            self.decode([doc for doc, _ in read], [probs for _, probs in read])

    def labelled_scores(self, examples: Sequence[Example]) -> LabelledScores:
        """Compute the probabilities of tokens, with the right classes, see `CalibratedPipe`.

        examples (Sequence[Example]): The encoder has read the predicted Docs.
        """
        probs = np.concatenate(self.predict([eg.predicted for eg in examples]))
        with self.knowing_all(examples):
            return {"tags": (probs, np.concatenate([self.encode(eg) for eg in examples]))}

    def begin_update(
        self, examples: list[Example]
    ) -> tuple[list[Floats2d], Callable[[list[Floats2d]], list[Doc]]]:
        """Run the model for training, see `Tagger.begin_update`.

        examples (list[Example]): The batch.
        """
        return self.model.begin_update([eg.predicted for eg in examples])

    def get_loss(
        self, examples: Iterable[Example], scores: list[Floats2d]
    ) -> tuple[float, list[Floats2d]]:
        """Compute the loss of a batch and its gradient, see `Tagger.get_loss`.

        examples (Iterable[Example]): The batch.
        scores (list[Floats2d]): Of each Doc, (tokens, classes), from `begin_update`.
        """
        examples = list(examples)
        validate_examples(examples, f"{type(self).__name__}.get_loss")
        classes = self.classes
        gold, soft = soft_targets(
            examples, self.soft_layer, classes, self.encode, self.unknown_label
        )
        xp = self.model.ops.xp
        probs = xp.vstack([s.reshape((-1, len(classes))) for s in scores])
        loss, gradient = self.cross_entropy(probs, gold, soft=soft)
        loss = self._add_sets(examples, probs, gold, soft, loss, gradient)
        ends = np.cumsum([len(s) for s in scores])[:-1]
        return loss, xp.split(gradient, ends.tolist())

    def _add_sets(
        self,
        examples: Sequence[Example],
        probs: Floats2d,
        gold: Ints,
        soft: SoftTargets | None,
        loss: float,
        gradient: Floats2d,
    ) -> float:
        """Add what is learned from the tokens whose class is one of a set.

        probs (Floats2d, (tokens of the batch, classes)): Probabilities.
        gold (Ints, (tokens of the batch,)): From `encode`.
        soft (SoftTargets | None): Of tokens that are learned from soft labels.
        loss (float): The mean loss of the tokens that have a class or a soft label.
        gradient (Floats2d): Of that loss; changed in place.
        RETURNS (float): The mean loss of all these tokens.
        """
        found = [self.possible_classes(eg) for eg in examples]
        if all(possible is None for possible in found):
            return loss
        possible = np.ones(probs.shape, dtype=bool)
        ends = np.cumsum([len(eg.predicted) for eg in examples]).tolist()
        for own, end in zip(found, ends):
            if own is not None:
                possible[end - len(own) : end] = own
        in_set = (gold == MISSING) & ~possible.all(axis=1)
        counted = float((gold != MISSING).sum())
        if soft is not None:
            in_set[soft.rows] = False
            counted += float(soft.weights.sum())
        rows = np.flatnonzero(in_set)
        if not len(rows):
            return loss
        at = self.model.ops.xp.asarray(rows)
        set_loss, set_gradient = set_cross_entropy(
            self.model.ops, probs[at], possible[rows], self.cfg["label_smoothing"]
        )
        require_finite(set_loss, self.name)
        gradient[at] = set_gradient
        return (loss * counted + set_loss * len(rows)) / (counted + len(rows))
