"""Errors that tell users what to mend, and the checks of settings that raise them.

Every error about a setting or a saved file is a `ConfigValidationError` (a `ValueError`), because
spaCy's commands print that as one line instead of a traceback. Messages about settings have one
grammar:

    WHERE NAME = VALUE; set it to ALLOWED
    WHERE NAME = VALUE: REASON; set it to ALLOWED

WHERE is the section of the config (`[components.ner]`) or the registered name of a function
(`spacy_seqtag.LayerwiseAdamW.v1:`). ALLOWED is written by the same object that checks the value, so
that the check and its message cannot disagree.
"""

import math
import re
from dataclasses import dataclass
from numbers import Integral, Real

from thinc.api import ConfigValidationError

try:
    from torch import OutOfMemoryError
except ImportError:  # corpora are read and converted without PyTorch, too
    OutOfMemoryError = MemoryError  # type: ignore[assignment, misc]

SHOWN = 60
"""How many characters of a quoted text a message shows."""

SAYS_NO_DAMAGE = (ConfigValidationError, ImportError, MemoryError, OutOfMemoryError, Warning)
"""Errors on reading a saved pipeline that do not mean that a file is damaged.

Either something else is to blame (a missing package, too little memory, a warning that the user
has made an error), or the error names the file already.
"""

# What those of spaCy's messages begin with.
_CODE = re.compile(r"^\[E\d+\] ")

# Zero-width joiner and non-joiner: Persian, Hindi and emoji are written with them.
_JOINERS = "\u200c\u200d"


def settings_error(message: str) -> ConfigValidationError:
    """Make an error that spaCy's commands print as one line, without a traceback.

    message (str): The setting or file, what is wrong with it, and how to mend it.
    RETURNS (ConfigValidationError): A ValueError, to be raised.
    """
    return ConfigValidationError(title=message)


def setting_error(
    where: str, name: str, value: object, allowed: object, reason: str = ""
) -> ConfigValidationError:
    """Make the error for one setting, in the grammar that all settings share.

    where (str): The section of the config, or the registered name of a function with a colon.
    name (str): The setting.
    value (object): What it was set to.
    allowed (object): What it may be; finishes the sentence "set it to ...".
    reason (str): Why the value will not do, where that is not plain from what is allowed.
    RETURNS (ConfigValidationError): A ValueError, to be raised.
    """
    because = f": {reason}" if reason else ""
    return settings_error(f"{where} {name} = {value!r}{because}; set it to {allowed}")


def damaged_error(what: str, reason: object) -> ConfigValidationError:
    """Make the error for a file of a saved pipeline that cannot be what was saved.

    what (str): The file, and whose it is.
    reason (object): What is wrong with it, in words or as the error of whoever read it.
    RETURNS (ConfigValidationError): A ValueError, to be raised.
    """
    return settings_error(
        f"{what} is damaged, or part of another pipeline ({first_line(reason)}). Copy the pipeline "
        "again, or train it anew."
    )


def first_line(error: object) -> str:
    """Return the first line of an error's message, or its type where it has no message."""
    return str(error).strip().partition("\n")[0].rstrip() or type(error).__name__


def without_code(message: str) -> str | None:
    """Return one of spaCy's messages that say what a user has to do, without its code.

    message (str): Of any error. RETURNS (str | None): None for one without such a code.
    """
    return _CODE.sub("", message) if _CODE.match(message) else None


def message_of(error: object) -> str:
    """Return an error's message, without the blank lines and the config that spaCy adds to some."""
    if not isinstance(error, ConfigValidationError):
        return str(error)
    above = [error.parent] if error.parent else []
    found = [
        f"{' -> '.join(map(str, [*above, *detail.get('loc', ())]))}: {detail.get('msg', '')}"
        for detail in error.errors or ()
    ]
    return ": ".join(filter(None, (error.title, error.desc, "; ".join(found)))) or str(error)


def one_line(error: object) -> str:
    """Return an error's whole message in one line, or its type where it has no message."""
    return " ".join(message_of(error).split()) or type(error).__name__


@dataclass(frozen=True)
class Whole:
    """Whole numbers of at least `least`."""

    least: int

    def __contains__(self, value: object) -> bool:
        # Python counts bools as numbers, a config does not.
        if not isinstance(value, Integral) or isinstance(value, bool):
            return False
        return int(value) >= self.least

    def __str__(self) -> str:
        return f"a whole number of at least {self.least}"


@dataclass(frozen=True)
class Number:
    """Finite numbers in an interval.

    `least` and `most` belong to it, `above` and `below` do not.
    """

    least: float | None = None
    above: float | None = None
    below: float | None = None
    most: float | None = None

    def __contains__(self, value: object) -> bool:
        if not isinstance(value, Real) or isinstance(value, bool):
            return False
        number = float(value)
        return (
            math.isfinite(number)
            and (self.least is None or number >= self.least)
            and (self.above is None or number > self.above)
            and (self.below is None or number < self.below)
            and (self.most is None or number <= self.most)
        )

    def __str__(self) -> str:
        bounds = (
            ("of at least", self.least),
            ("above", self.above),
            ("below", self.below),
            ("of at most" if self.least is self.above is None else "at most", self.most),
        )
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
"""A share of something: 0 is one, 1 is not."""


def check_settings(where: str, **settings: tuple[object, Allowed]) -> None:
    """Check settings; complain about the first one that is not allowed.

    where (str): The section of the config, or the registered name of a function with a colon.
    settings (tuple[object, Allowed]): For each setting its value, and what it may be.
    RAISES: ConfigValidationError (a ValueError): For a value that is not allowed, as in
        "[components.ner] label_smoothing = 1.0; set it to a number of at least 0 and below 1".
    """
    for name, (value, allowed) in settings.items():
        if value not in allowed:
            raise setting_error(where, name, value, allowed)


def printable(text: str, limit: int | None = SHOWN) -> str:
    r"""Make text of unknown origin safe to quote in a message and to print on a terminal.

    Characters that would steer a terminal, or that nobody would see, are written as Python writes
    them (`\x1b`, `\u202e`, `\xa0`): controls, direction marks, line ends, and all blanks but the
    ordinary one.

    text (str): The text to quote.
    limit (int): How many of its characters to show; "…" stands for the rest. None: all.
    RETURNS (str): Text that can be printed.
    """
    shown = "".join(
        char if char.isprintable() or char in _JOINERS else char.encode("unicode_escape").decode()
        for char in text[:limit]
    )
    return shown if limit is None or len(text) <= limit else f"{shown}…"
