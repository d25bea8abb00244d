"""Loading a trained pipeline, so that what cannot be loaded is one line with its name."""

from pathlib import Path

from spacy import util
from spacy.language import Language
from thinc.api import ConfigValidationError

from .errors import (
    SAYS_NO_DAMAGE,
    damaged_error,
    first_line,
    one_line,
    printable,
    settings_error,
    without_code,
)

PIPELINE_FILES = ("meta.json", "config.cfg")
"""The files by which spaCy knows the folder of a pipeline."""

_EXPECTED = (
    "Give the folder of a trained pipeline, such as training/mine/model-best, or the name of an "
    "installed package with one"
)


def load_pipeline(name: str) -> Language:
    """Load a pipeline as `spacy.load` does.

    name (str): A package name or a folder.
    RETURNS (Language): The pipeline.
    RAISES: OSError: There is no such pipeline. ConfigValidationError (a ValueError): It cannot be
        loaded. The message is one line that begins with the name, or names the file.
    """
    check_pipeline(name)
    try:
        return util.load_model(name)
    except ConfigValidationError as error:
        raise _with_name(name, one_line(error)) from error
    except ImportError as error:  # a package that the pipeline needs
        raise _with_name(name, first_line(error)) from error
    except SAYS_NO_DAMAGE:
        raise
    except Exception as error:  # readers of many formats, each with errors of its own
        text = first_line(error)
        said = without_code(text)
        if said is not None and isinstance(error, ValueError):
            raise _with_name(name, said) from error
        raise damaged_error(f"{printable(name, limit=None)}: the pipeline", text) from error


def check_pipeline(name: str) -> None:
    """Check that a name is that of a pipeline, without loading it.

    name (str): A package name or a folder.
    RAISES: OSError: It is not; the message says what it is.
    """
    path = Path(name)
    shown = printable(name, limit=None)
    if util.is_package(name):
        return
    if path.is_dir():
        lacks = [file for file in PIPELINE_FILES if not (path / file).is_file()]
        if not lacks:
            return
        inner = [path / last for last in ("model-best", "model-last")]
        inner = [folder for folder in inner if (folder / PIPELINE_FILES[0]).is_file()]
        fix = f"There is one in {printable(str(inner[0]), limit=None)}" if inner else _EXPECTED
        raise OSError(f"{shown}: this folder is no pipeline (it has no {lacks[0]}). {fix}")
    if path.exists():
        raise OSError(f"{shown}: this file is no pipeline. {_EXPECTED}")
    raise OSError(f"{shown}: there is no such pipeline. {_EXPECTED}")


def _with_name(name: str, message: str) -> ConfigValidationError:
    shown = printable(name, limit=None)
    return settings_error(message if message.startswith(shown) else f"{shown}: {message}")
