"""CoNLL-U, the format of Universal Dependencies: `rows` of the file, and the `reader`."""

from ..format import Format
from .reader import read_conllu

FORMAT = Format(
    name="conllu",
    suffixes=(".conllu", ".conll-u", ".conllup"),
    help="CoNLL-U and CoNLL-U Plus, the format of Universal Dependencies",
    read=read_conllu,
)
