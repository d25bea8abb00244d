"""Components whose confidences are calibrated: a temperature for each softmax of the model.

What the temperatures are, and how they are found, is in `schemes/calibration` and `calibration`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType

from spacy.tokens import Doc
from spacy.training import Example

from ..arrays import Floats, Ints
from ..errors import Number, check_settings, settings_error
from .saving import CheckedPipe

# By head: probabilities (rows, classes), and the right class of each row, or MISSING.
LabelledScores = dict[str, tuple[Floats, Ints]]
# The confidence of each predicted span, and whether it is right; by the name of their measures.
SpanConfidences = dict[str, tuple[list[float], list[bool]]]

_TEMPERATURE = Number(above=0.0)


class CalibratedPipe(CheckedPipe):
    """A component with a temperature for each head, in `cfg`.

    Subclasses have labels and find those of gold Docs.
    """

    # The softmaxes of the model, each with the name that its measures of calibration begin with;
    # without one it is the component's name.
    heads: Mapping[str, str] = MappingProxyType({"tags": ""})

    learned: tuple[str, ...] = ("labels", "temperatures")

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels this component can assign."""
        raise NotImplementedError

    def find_labels(self, reference: Doc) -> Iterable[str]:
        """Find the labels that occur in a gold Doc."""
        raise NotImplementedError

    def temperature(self, head: str = "tags") -> float:
        """Return the temperature of a head: what its logits are divided by for confidences.

        Decoding reads the probabilities as they are, so annotation does not depend on it.

        head (str): One of `heads`.
        RETURNS (float, above 0): 1.0 unless `set_temperatures` said otherwise.
        """
        return float(self.cfg["temperatures"][head])

    def set_temperatures(self, temperatures: Mapping[str, float]) -> None:
        """Set temperatures. Learning more makes them obsolete: `update` sets all to 1.0.

        temperatures (Mapping[str, float], above 0): By head; the others stay as they are.

        RAISES: ConfigValidationError (a ValueError): No such head, or no such temperature.
        """
        where = f"[components.{self.name}] temperature of"
        if unknown := [head for head in temperatures if head not in self.heads]:
            known = ", ".join(self.heads)
            raise settings_error(f"{where} {unknown[0]!r}: there is no such head, only {known}")
        check_settings(where, **{head: (t, _TEMPERATURE) for head, t in temperatures.items()})
        self.cfg["temperatures"].update((head, float(t)) for head, t in temperatures.items())

    def reset_temperatures(self) -> None:
        """Set all temperatures to 1.0."""
        self.cfg["temperatures"] = dict.fromkeys(self.heads, 1.0)

    def forget_learned(self) -> None:
        """Forget the temperatures, which older versions did not save."""
        self.reset_temperatures()

    def take_learned(self) -> None:
        """Check the temperatures that were loaded.

        RAISES: ValueError: They are not those of the heads, or no temperatures.
        """
        found = self.cfg["temperatures"]
        if not isinstance(found, dict) or set(found) != set(self.heads):
            raise ValueError(f"its temperatures are not those of {', '.join(self.heads)}")
        if not all(temperature in _TEMPERATURE for temperature in found.values()):
            raise ValueError("a temperature is no number above 0")

    def labelled_scores(self, examples: Sequence[Example]) -> LabelledScores:
        """Compute the probabilities of what is annotated, untempered, with the right classes.

        A label that the component does not know has a class beyond the last.

        examples (Sequence[Example]): The encoder has read the predicted Docs.
        RETURNS (LabelledScores): By head. NaN in Docs that the encoder could not read. Nothing for
            a task that cannot be calibrated.
        """
        return {}

    def span_confidences(self, examples: Sequence[Example]) -> SpanConfidences:
        """Collect the confidences of predicted spans, and which of these are exactly right.

        examples (Sequence[Example]): The predicted Docs are annotated.
        RETURNS (SpanConfidences): By the name of their measures; nothing for a task without spans.
        """
        return {}

    @contextmanager
    def knowing_all(self, examples: Iterable[Example]) -> Iterator[None]:
        """Within a `with` block, let labels that the component does not know follow its own.

        examples (Iterable[Example]): Where they may occur.
        """
        known = self.cfg["labels"]
        found = {label for eg in examples for label in self.find_labels(eg.reference)}
        self.cfg["labels"] = [*known, *sorted(found.difference(known))]
        try:
            yield
        finally:
            self.cfg["labels"] = known
