"""Components whose confidences are calibrated: a temperature for each softmax, a curve for spans.

What these are, and how they are found, is in `schemes/calibration` and `calibration`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType

from spacy.tokens import Doc
from spacy.training import Example

from ..arrays import Floats, Ints
from ..errors import Number, check_settings, settings_error
from ..schemes.calibration import STRAIGHT, Curve, Doubles, bend
from .saving import CheckedPipe

# By head: probabilities (rows, classes), and the right class of each row, or MISSING.
LabelledScores = dict[str, tuple[Floats, Ints]]
# The confidence of each predicted span, and whether it is right; by the name of their measures.
SpanConfidences = dict[str, tuple[list[float], list[bool]]]

_TEMPERATURE = Number(above=0.0)
_SLOPE, _HEIGHT = Number(least=0.0), Number()


class CalibratedPipe(CheckedPipe):
    """A component with a temperature for each head, and a curve for its spans, in `cfg`.

    Subclasses have labels and find those of gold Docs.
    """

    # The softmaxes of the model, each with the name that its measures of calibration begin with;
    # without one it is the component's name.
    heads: Mapping[str, str] = MappingProxyType({"tags": ""})

    # The spans whose own confidence the curve is fitted to, by their name in `span_confidences`; ""
    # without spans.
    curved: str = ""

    learned: tuple[str, ...] = ("labels", "temperatures", "curve")

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

    @property
    def curve(self) -> Curve:
        """The curve over the confidences of spans; `STRAIGHT` unless `set_curve` said otherwise."""
        return Curve(*self.cfg["curve"])

    def set_curve(self, curve: Curve) -> None:
        """Set the curve. Learning more makes it obsolete: `update` makes it straight again.

        curve (Curve): Fitted to confidences with the temperatures that are set.

        RAISES: ConfigValidationError (a ValueError): No such curve, or a component without spans.
        """
        where = f"[components.{self.name}] curve:"
        if not self.curved:
            raise settings_error(f"{where} the component has no spans, whose confidences it bends")
        check_settings(where, a=(curve.a, _SLOPE), b=(curve.b, _SLOPE), c=(curve.c, _HEIGHT))
        self.cfg["curve"] = [float(value) for value in curve]

    def bend(self, confidences: Doubles) -> Doubles:
        """Calibrate the confidences of spans, see `schemes.calibration.bend`.

        confidences (float64, (spans,)): Products of tempered probabilities.
        """
        return bend(confidences, self.curve)

    def reset_calibration(self) -> None:
        """Set all temperatures to 1.0, and make the curve straight."""
        self.cfg["temperatures"] = dict.fromkeys(self.heads, 1.0)
        self.cfg["curve"] = list(STRAIGHT)

    def forget_learned(self) -> None:
        """Forget the temperatures and the curve, which older versions did not save."""
        self.reset_calibration()

    def take_learned(self) -> None:
        """Check the temperatures and the curve that were loaded.

        RAISES: ValueError: They are not those of the heads, or no temperatures, or no curve.
        """
        found = self.cfg["temperatures"]
        if not isinstance(found, dict) or set(found) != set(self.heads):
            raise ValueError(f"its temperatures are not those of {', '.join(self.heads)}")
        if not all(temperature in _TEMPERATURE for temperature in found.values()):
            raise ValueError("a temperature is no number above 0")
        values, limits = self.cfg["curve"], (_SLOPE, _SLOPE, _HEIGHT)
        if not isinstance(values, list) or len(values) != len(limits):
            raise ValueError("its curve is not three numbers")
        if not all(value in limit for value, limit in zip(values, limits)):
            raise ValueError("its curve falls, or is no curve")

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
