"""Rows as `annotate` writes them (`spacy_seqtag.records`), made rows of Docs (`doc_rows`).

A row has `text`, `tokens` with `start_char` and `end_char`, and `sentences`, `entities` and
`frames` where the run had them. A person who corrected them gets words, tags and frames back.
"""

from collections.abc import Mapping, Sequence

from ..json_lines import Problem
from .doc_rows import Row, records_in

COLUMNS = ("source", "text", "tokens", "sentences", "entities", "frames")
"""The columns that are read."""

_LAYERS = ("pos", "tag", "lemma")


def is_annotated(value: object) -> bool:
    """Tell whether the value of `tokens` is one that `annotate` writes."""
    return isinstance(value, list) and bool(value) and _is_token(value[0])


def _is_token(value: object) -> bool:
    return isinstance(value, dict) and "start_char" in value and "text" in value


def row_of_record(record: Row) -> dict[str, object]:
    """Make the row of a Doc of a record.

    RAISES: Problem: The record is not what `annotate` writes.
    """
    text = record.get("text")
    if not isinstance(text, str):
        raise Problem('there is no "text" in it')
    tokens = records_in(record.get("tokens"), "tokens")
    row: dict[str, object] = {
        "doc_id": record.get("source"),
        "tokens": [token.get("text") for token in tokens],
        "spaces": _spaces(text, tokens),
        "sent_starts": None,
    }
    for name in _LAYERS:
        if any(name in token for token in tokens):
            row[name] = [token.get(name) for token in tokens]
    if sentences := record.get("sentences"):
        begins = {sentence.get("start") for sentence in records_in(sentences, "sentences")}
        row["sent_starts"] = [i in begins for i in range(len(tokens))]
    if record.get("entities") is not None:
        row["ner"] = _tags(records_in(record["entities"], "entities"), len(tokens))
    if record.get("frames") is not None:
        row["frames"] = [_frame(frame) for frame in records_in(record["frames"], "frames")]
    return row


def _spaces(text: str, tokens: Sequence[Row]) -> list[bool]:
    """Tell whether a blank follows each token.

    RAISES: Problem: The tokens are not those of the text.
    """
    spaces = []
    place = 0
    for token in tokens:
        start, end = token.get("start_char"), token.get("end_char")
        if start != place or not isinstance(end, int) or text[place:end] != token.get("text"):
            raise Problem(f"its tokens do not spell its text: {token.get('text')!r} at {start}")
        spaces.append(text[end : end + 1] == " ")
        place = end + spaces[-1]
    return spaces


def _tags(entities: Sequence[Row], size: int) -> list[str]:
    """Make the tags of entities.

    RAISES: Problem: One is no stretch of the tokens, or lies over another one.
    """
    tags = ["O"] * size
    for entity in entities:
        start, end, label = entity.get("start"), entity.get("end"), entity.get("label")
        if not (isinstance(start, int) and isinstance(end, int) and 0 <= start < end <= size):
            raise Problem(f"{start} to {end} in 'entities' is no stretch of its {size} tokens")
        if any(tag != "O" for tag in tags[start:end]):
            raise Problem(f"{start} to {end} in 'entities' lies over another one")
        tags[start:end] = [f"B-{label}", *[f"I-{label}"] * (end - start - 1)]
    return tags


def _frame(frame: Row) -> dict[str, object]:
    predicate = frame.get("predicate")
    return {
        "predicate": predicate.get("start") if isinstance(predicate, Mapping) else None,
        "roleset": frame.get("roleset"),
        "parts": frame.get("parts"),
        "arguments": frame.get("arguments"),
    }
