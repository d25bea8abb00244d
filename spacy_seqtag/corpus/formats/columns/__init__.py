"""Words and their layers in columns, one word per line; also CSV, and `word|POS|tag`.

A file is read in four steps: `cells` splits its lines, `judge` finds out how it is written (with
`names`, `contents` and `layout`), `rows` tells words from comments, `reader` makes sentences.
`writer` writes IOB2.
"""

from ..format import Format
from .reader import read_column_file
from .writer import WRITER

FORMAT = Format(
    name="iob",
    suffixes=(".iob", ".iob2", ".conll", ".bio", ".tsv", ".txt", ".csv"),
    help="columns with a word and an entity tag, such as CoNLL-2002, CoNLL-2003, GermEval and "
    "Universal NER; also word|POS|tag, one sentence per line",
    read=read_column_file,
    writers=(WRITER,),
)
