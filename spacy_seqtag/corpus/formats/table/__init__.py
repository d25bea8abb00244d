"""Tables of words: parquet and arrow, folders of Hugging Face `datasets`, and JSON with lists.

A row is a sentence or document, with lists of words and tags; or a word; or a whole Doc, as this
package writes it (`doc_rows`, which defines the columns of that form).

`arrow` and `source` give the rows, whatever the file is (`folder`: or the folder); `reader` chooses
who turns them into sentences: `layout` and `sentences`, or `doc_rows`.
"""

from pathlib import Path

from ..format import Format
from .folder import SUFFIXES, is_table_folder, read_in
from .reader import has_token_lists, read_json, read_parquet
from .writer import JSON_WRITER, PARQUET_WRITER


def _is_parquet(path: Path) -> bool:
    return is_table_folder(path) if path.is_dir() else True


PARQUET = Format(
    name="parquet",
    suffixes=SUFFIXES,
    help="tables of words and tags: a row a word, or lists in each row as in Hugging Face datasets "
    "(also a folder of save_to_disk)",
    read=read_parquet,
    writers=(PARQUET_WRITER,),
    takes_folders=True,
    beside=(".json", ".spacy", ".txt"),
    reads=read_in,
    recognises=_is_parquet,
)
"""Also for folders of `datasets`."""

JSON = Format(
    name="tokens",
    suffixes=(".jsonl", ".json"),
    help="records with lists of tokens and tags, as Hugging Face datasets write them",
    read=read_json,
    writers=(JSON_WRITER,),
    recognises=has_token_lists,
)
"""JSON with words, which is told from JSON with texts by its first record."""
