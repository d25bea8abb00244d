"""Transformer sequence labelling for spaCy: POS, named entities and semantic roles.

Importing this package loads nothing heavy. spaCy finds the factories, architectures, readers and
commands by the package's entry points, so no import is needed to use them.
"""

__version__ = "0.2.0"
