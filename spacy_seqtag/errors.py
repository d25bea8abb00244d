"""The error for what a user has to mend in a config or in the files that it names, and text that is
quoted in messages."""

from thinc.api import ConfigValidationError

# Zero-width joiner and non-joiner, which Persian, Hindi and emoji are written with.
_JOINERS = "\u200c\u200d"


def settings_error(message: str) -> ConfigValidationError:
    """An error (a ValueError) that spaCy's commands show as one line, without a traceback.

    message: the setting or file, what is wrong, and how to mend it.
    """
    return ConfigValidationError(title=message)


def printable(text: str, limit: int | None = 60) -> str:
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
