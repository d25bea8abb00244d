"""The error for what a user has to mend in a config or in the files that it names, the check of
settings that raises it, and text that is quoted in messages."""

import math
from dataclasses import dataclass
from numbers import Integral, Real

import torch
from thinc.api import ConfigValidationError

SHOWN = 60
"""How many characters of a value messages show."""

# Zero-width joiner and non-joiner, which Persian, Hindi and emoji are written with.
_JOINERS = "\u200c\u200d"


def settings_error(message: str) -> ConfigValidationError:
    """An error (a ValueError) that spaCy's commands show as one line, without a traceback.

    message: the setting or file, what is wrong, and how to mend it.
    """
    return ConfigValidationError(title=message)


SAYS_NO_DAMAGE = (ConfigValidationError, ImportError, MemoryError, torch.OutOfMemoryError)
"""What reading a saved pipeline may raise that its files are not to blame for, or names them."""


def damaged_error(what: str, reason: object) -> ConfigValidationError:
    """The error for a part of a saved pipeline that cannot be what was saved.

    what: the file, and whose it is. reason: what is wrong with it, or the error of its reader.
    """
    first_line = str(reason).strip().partition("\n")[0] or type(reason).__name__
    return settings_error(
        f"{what} is damaged, or part of another pipeline ({first_line}). Copy the pipeline again, "
        "or train it anew."
    )


@dataclass(frozen=True)
class Whole:
    """Whole numbers from `least` on."""

    least: int

    def __contains__(self, value: object) -> bool:
        return _is_number(value, Integral) and value >= self.least  # type: ignore[operator]

    def __str__(self) -> str:
        return f"a whole number of at least {self.least}"


@dataclass(frozen=True)
class Number:
    """Finite numbers in an interval: `least` belongs to it, `above` and `below` do not."""

    least: float | None = None
    above: float | None = None
    below: float | None = None

    def __contains__(self, value: object) -> bool:
        if not _is_number(value, Real):
            return False
        number = float(value)  # type: ignore[arg-type]
        return (
            math.isfinite(number)
            and (self.least is None or number >= self.least)
            and (self.above is None or number > self.above)
            and (self.below is None or number < self.below)
        )

    def __str__(self) -> str:
        bounds = (("of at least", self.least), ("above", self.above), ("below", self.below))
        return "a number " + " and ".join(f"{word} {n:g}" for word, n in bounds if n is not None)


@dataclass(frozen=True)
class OneOf:
    """Some strings."""

    options: tuple[str, ...]

    def __contains__(self, value: object) -> bool:
        return isinstance(value, str) and value in self.options

    def __str__(self) -> str:
        return f"one of: {', '.join(self.options)}"


Allowed = Whole | Number | OneOf

SHARE = Number(least=0.0, below=1.0)


def check_settings(where: str, **settings: tuple[object, Allowed]) -> None:
    """Check settings by name: each with its value, and what it may be.

    where: the component's section of the config, or the registered name of a function.
    Raises ConfigValidationError (a ValueError) that names the first that is not allowed, as in
    "[components.ner] label_smoothing = 1.0; set it to a number of at least 0 and below 1".
    """
    for name, (value, allowed) in settings.items():
        if value not in allowed:
            raise settings_error(f"{where} {name} = {value!r}; set it to {allowed}")


def _is_number(value: object, kind: type) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool)


def printable(text: str, limit: int | None = SHOWN) -> str:
    """Text of a stranger, made safe to quote in a message and to show in a terminal.

    Characters that a terminal would obey or not show stand as Python writes them (`\\x1b`,
    `\\u202e`, `\\xa0`): controls, direction marks, line ends, and blanks other than the common one.

    limit: the characters of text that are shown; where there are more, "…" stands for the rest.
        None: all.
    """
    shown = "".join(
        char if char.isprintable() or char in _JOINERS else char.encode("unicode_escape").decode()
        for char in text[:limit]
    )
    return shown if limit is None or len(text) <= limit else f"{shown}…"
