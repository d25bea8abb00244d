"""The formats of output files: a module each, and this list of them."""

from . import conllu, jsonl, parquet, spacy
from .format import Annotated, Encode, OutputFormat, Write

OUTPUTS: dict[str, OutputFormat] = {
    fmt.name: fmt for module in (jsonl, parquet, spacy, conllu) for fmt in module.FORMATS
}
"""The formats by name. A file's name ends in a dot and the name of its format."""

__all__ = ["OUTPUTS", "Annotated", "Encode", "OutputFormat", "Write"]
