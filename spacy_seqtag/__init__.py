"""Transformer sequence labelling for spaCy: POS, named entities and semantic roles.

Importing this package loads nothing heavy. spaCy finds the factories, architectures, readers and
commands by the package's entry points, so no import is needed to use them.

What Python code wants of it besides is loaded when it is first asked for: `to_dataframe`, and what
spaCy's extensions return, with types: `get_frames(doc)` is `doc._.frames`, a list of `Frame`;
`confidence_of(span)` is `span._.confidence`, `tag_confidence_of(token)` is
`token._.tag_confidence`.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .confidence import confidence_of, tag_confidence_of
    from .dataframe import to_dataframe
    from .frames import Frame, FrameDict, get_frames

__version__ = "0.2.0"

__all__ = [
    "Frame",
    "FrameDict",
    "confidence_of",
    "get_frames",
    "tag_confidence_of",
    "to_dataframe",
]

_HOMES = {
    "Frame": "frames",
    "FrameDict": "frames",
    "confidence_of": "confidence",
    "get_frames": "frames",
    "tag_confidence_of": "confidence",
    "to_dataframe": "dataframe",
}


def __getattr__(name: str) -> object:
    """Load what is asked for by its name."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f".{_HOMES[name]}", __name__), name)
