"""What columns are called: by the user, by a header line, by `# global.columns`."""

from collections.abc import Sequence

from ...errors import quoted
from ..tags import is_entity_column

COLUMNS = ("index", "word", "upos", "xpos", "pos", "lemma", "tag", "chunk", "-")
"""The names that a user gives to columns; `-` is one to pass over, `pos` is UPOS or XPOS."""

PASSED_OVER = ("-", "chunk")
"""Names of columns that are not read."""

# Names of columns in headers, in lower case, by what they mean.
_HEADER = {
    "word": "word words token tokens form text",
    "upos": "upos",
    "xpos": "xpos",
    "pos": "pos pos_tag pos_tags postag",
    "lemma": "lemma lemmas",
    "tag": "tag tags ner ner_tag ner_tags label labels entity entities ne iob bio iob2",
    "chunk": "chunk chunks chunk_tag chunk_tags",
    "sentence": "sentence sentence# sentence_id sentence_idx sentence_number sent_id sentid sent",
    "document": "document document# document_id document_idx doc doc# doc_id doc_idx docid",
}
_HEADER_NAMES = {name: kind for kind, names in _HEADER.items() for name in names.split()}
_CONLLU_NAMES = {
    "ID": "index",
    "FORM": "word",
    "LEMMA": "lemma",
    "UPOS": "upos",
    "XPOS": "xpos",
}


class LayoutUnclear(ValueError):
    """More than one layout fits a file, or none.

    reason (str): Why.
    example (str): What the user might say of the columns, as `parse_columns` reads it.
    """

    def __init__(self, reason: str, example: Sequence[str]) -> None:
        super().__init__(reason)
        self.reason = reason
        self.example = ",".join(example)


def parse_columns(text: str) -> tuple[str, ...]:
    """Read the names of columns as the user gives them, separated by commas.

    RAISES: ValueError: An unknown name, a name given twice, no `word`, or no layer.
    """
    names = tuple(name.strip().lower() for name in text.split(","))
    for name in names:
        if name not in COLUMNS:
            raise ValueError(
                f"columns is {quoted(text)}: there is no column {quoted(name)}, expected some of "
                f"{', '.join(COLUMNS)}"
            )
        if name not in PASSED_OVER and names.count(name) > 1:
            raise ValueError(f"columns is {quoted(text)}: {name} stands there twice")
    if "pos" in names and ("upos" in names and "xpos" in names):
        raise ValueError(f"columns is {quoted(text)}: pos is upos or xpos, give two of the three")
    if "word" not in names:
        raise ValueError(f"columns is {quoted(text)}: one of them has to be the word")
    if not {"tag", "upos", "xpos", "pos", "lemma"} & set(names):
        raise ValueError(f"columns is {quoted(text)}: no column holds tags, expected tag or pos")
    return names


def header_names(cells: Sequence[str]) -> tuple[str, ...] | None:
    """Read the names of columns from a header line; None for a line that is none."""
    keys = [cell.strip().lower().replace(" ", "") for cell in cells]
    names = tuple(_HEADER_NAMES.get(key, "-") for key in keys)
    if names.count("word") != 1 or names.count("tag") != 1:
        return None
    return _without_repeats(names)


def global_columns(names: Sequence[str]) -> tuple[str, ...]:
    """Translate the columns of a `# global.columns` line.

    RAISES: LayoutUnclear: No FORM, or two.
    Source: https://universaldependencies.org/ext-format.html
    """
    result = tuple(
        "tag" if is_entity_column(name) else _CONLLU_NAMES.get(name.upper(), "-") for name in names
    )
    if result.count("word") != 1:
        raise LayoutUnclear("`# global.columns` names no FORM, or two", ["index", "word", "tag"])
    return _without_repeats(result)


def _without_repeats(names: Sequence[str]) -> tuple[str, ...]:
    """Keep the first of several columns of one name."""
    return tuple("-" if name in names[:i] else name for i, name in enumerate(names))
