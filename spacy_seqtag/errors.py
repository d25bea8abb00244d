"""The error for what a user has to mend in a config or in the files that it names."""

from thinc.api import ConfigValidationError


def settings_error(message: str) -> ConfigValidationError:
    """An error (a ValueError) that spaCy's commands show as one line, without a traceback.

    message: the setting or file, what is wrong, and how to mend it.
    """
    return ConfigValidationError(title=message)


def damaged_error(what: str, reason: object) -> ConfigValidationError:
    """The error for a part of a saved pipeline that cannot be what was saved.

    what: the file, and whose it is. reason: what is wrong with it, or the error of its reader.
    """
    first_line = str(reason).strip().partition("\n")[0] or type(reason).__name__
    return settings_error(
        f"{what} is damaged, or part of another pipeline ({first_line}). Copy the pipeline again, "
        "or train it anew."
    )
