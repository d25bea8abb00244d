"""CoNLL-U, the format of Universal Dependencies: `rows` of the file, the `reader`, the `writer`.

Entities and semantic roles stand in MISC: `roles` defines the keys of the latter.
"""

from ..format import Format
from .reader import read_conllu
from .writer import WRITER

FORMAT = Format(
    name="conllu",
    suffixes=(".conllu", ".conll-u", ".conllup"),
    help="CoNLL-U and CoNLL-U Plus, the format of Universal Dependencies",
    read=read_conllu,
    writers=(WRITER,),
)
