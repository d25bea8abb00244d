"""Checks of the labels that a component finds in its training data, before training starts."""

from collections.abc import Sequence
from typing import Any

from thinc.api import Model

from ..errors import printable, settings_error


def check_found(name: str, labels: Sequence[str], found: set[str], annotation: str) -> None:
    """Check the labels of the data against those of the component.

    name (str): The component's name in the pipeline.
    labels (Sequence[str]): Its labels.
    found (set[str]): Those of all training data.
    annotation (str): What the data lack if there is no label.

    RAISES: ConfigValidationError (a ValueError): There is none, or one the component does not have.
    """
    where = f"[components.{name}]"
    if not found:
        raise settings_error(
            f"{where} The training data have no {annotation}. Check [paths] train, or add "
            "that layer with 'python -m spacy seqtag convert'."
        )
    if unknown := sorted(found.difference(labels)):
        raise settings_error(
            f"{where} The training data have labels that are not among [initialize."
            f"components.{name}] labels: {', '.join(unknown)}. Add them there, or set "
            "labels = null to read the labels from the data."
        )


def check_size(
    name: str, labels: Sequence[str], n_classes: int, output_layer: Model[Any, Any]
) -> None:
    """Check that the output layer has a size that the labels fit, or none yet.

    name (str): The component's name in the pipeline.
    labels (Sequence[str]): Its labels.
    n_classes (int): How many classes they make.
    output_layer (Model): With the dimension nO.

    RAISES: ConfigValidationError (a ValueError): It has another size.
    """
    if output_layer.maybe_get_dim("nO") not in (None, n_classes):
        raise settings_error(
            f"[components.{name}] The model has nO = {output_layer.get_dim('nO')}, but "
            f"{len(labels)} labels need {n_classes} classes. Set nO = null."
        )


def check_named(name: str, labels: Sequence[str], named: set[str]) -> None:
    """Check the labels that the training data name, see `Tagger.find_named_labels`.

    name (str): The component's name in the pipeline.
    labels (Sequence[str]): The component's labels.
    named (set[str]): Those of all training data.

    RAISES: ConfigValidationError (a ValueError): One that the component does not have.
    """
    if unknown := sorted(named.difference(labels)):
        raise settings_error(
            f"[components.{name}] The training data name labels that were looked for, but that "
            f"nothing has: {', '.join(map(printable, unknown))}. The labels are "
            f"{', '.join(map(printable, labels))}. Correct entity_labels in the corpus reader, or "
            "--entity-labels of 'python -m spacy seqtag convert'."
        )
