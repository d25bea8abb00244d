"""Packages that are not installed with this one: loaded when needed, or an error that says how."""

from importlib import import_module
from typing import Any

_EXTRAS = {
    "fastapi_offline": "serve",
    "matplotlib": "plot",
    "pandas": "pandas",
    "prometheus_client": "serve",
    "pyarrow": "parquet",
    "ray": "ray",
    "uvicorn": "serve",
    "zstandard": "zstd",
}


def need(name: str) -> Any:  # noqa: ANN401  (these packages have no types, or do not always)
    """Load a package of an extra.

    name (str): A module, such as `pyarrow.parquet`.
    RAISES: ImportError: It is not installed. The message is one line and names the extra.
    """
    package = name.partition(".")[0]
    try:
        return import_module(name)
    except ImportError as error:
        extra = _EXTRAS[package]
        if error.name is not None and error.name.partition(".")[0] != package:
            raise ImportError(f"{name} cannot be loaded: {error}") from error
        raise ImportError(
            f'{package} is not installed. Install it: pip install "spacy-seqtag[{extra}]"'
        ) from None
