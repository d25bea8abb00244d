"""The error for what a user has to mend in a config or in the files that it names."""

from thinc.api import ConfigValidationError


def settings_error(message: str) -> ConfigValidationError:
    """An error (a ValueError) that spaCy's commands show as one line, without a traceback.

    message: the setting or file, what is wrong, and how to mend it.
    """
    return ConfigValidationError(title=message)
