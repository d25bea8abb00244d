"""Docs as pandas DataFrames."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, overload

from spacy.tokens import Doc

from .errors import OneOf, check_settings
from .extras import need
from .records import LAYERS, Layer, columns_of, rows_of

if TYPE_CHECKING:
    from pandas import DataFrame

# Whole numbers stay whole where a value is missing, as pandas' own integers cannot.
_WHOLE = ("start", "end", "start_char", "end_char")


@overload
def to_dataframe(docs: Doc | Iterable[Doc], layers: Layer) -> "DataFrame": ...
@overload
def to_dataframe(
    docs: Doc | Iterable[Doc], layers: Sequence[Layer] = ("tokens", "entities", "frames")
) -> "dict[Layer, DataFrame]": ...
def to_dataframe(
    docs: Doc | Iterable[Doc], layers: Layer | Sequence[Layer] = ("tokens", "entities", "frames")
) -> "DataFrame | dict[Layer, DataFrame]":
    """Show Docs as tables: one for each layer, with a row for each token, entity or argument.

    The column `doc` is the number of the Doc, from 0. `start` and `end` are token positions,
    `start_char` and `end_char` positions in its text. A frame has a row for each of its
    arguments, which repeats its predicate; one without arguments has a row without a role.

    docs (Doc or Iterable[Doc]): With any annotation. They are held in memory until all are read.
    layers (Layer or Sequence[Layer]): "tokens", "sentences", "entities", "frames": one, or several.
    RETURNS (DataFrame or dict[Layer, DataFrame]): The table of one layer, or one for each.
    RAISES: ConfigValidationError (a ValueError): Another layer. ImportError: pandas is missing.
    """
    names: Sequence[Layer] = [layers] if isinstance(layers, str) else layers
    for name in names:
        check_settings("to_dataframe:", layers=(name, OneOf(LAYERS)))
    pd = need("pandas")
    docs = [docs] if isinstance(docs, Doc) else list(docs)
    tables: dict[Layer, DataFrame] = {}
    for name in names:
        table = pd.DataFrame(rows_of(docs, name), columns=columns_of(name))
        if name == "frames":
            table = table.astype(dict.fromkeys(_WHOLE, "Int64"))
        tables[name] = table
    return tables[layers] if isinstance(layers, str) else tables
