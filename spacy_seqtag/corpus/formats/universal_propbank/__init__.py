"""Universal PropBank 1.0 and 2.0: semantic roles over the treebanks of Universal Dependencies.

- 1.0 (`heads`) has the words of a treebank, and a column of roles for each predicate.
- 2.0 (`spans`) is CoNLL-U Plus, whose columns `UP:PRED`, `UP:ARGHEADS` and `UP:ARGSPANS` mostly
  stand without words, to be joined to the treebank. With the columns of the treebank beside them
  they are a file of their own, as `writer` writes it.

Sources: https://universalpropositions.github.io, Akbik et al. 2015
(https://aclanthology.org/P15-1039), Jindal et al. 2022 (https://aclanthology.org/2022.lrec-1.181).
"""

from itertools import chain

from ...join.by_id import IdLayer
from ...join.by_sentence import SentenceLayer
from ...join.layer import Layer
from ..format import Format, LayerFiles, ReadOptions, read_all
from ..remarks import Remarks
from .reader import has_words, looks_like, read, read_wordless
from .writer import WRITER


def _layer(files: LayerFiles, options: ReadOptions, remarks: list[Remarks]) -> Layer:
    """Join files without words by their ids, others by their words, however they are spelt."""
    if has_words(files.paths[0]):
        sentences = read_all(read, files.paths, options, remarks)
        return SentenceLayer(
            files.name, sentences, max_mismatch=options.max_mismatch, spelling_differs=True
        )
    found = chain.from_iterable(read_wordless(path, options, remarks) for path in files.paths)
    return IdLayer(files.name, found, max_mismatch=options.max_mismatch)


FORMAT = Format(
    name="up",
    suffixes=(".conllu", ".conllup"),
    help="Universal PropBank 1.0 and 2.0: semantic roles, with or without the words of a treebank",
    read=read,
    layer=_layer,
    recognises=looks_like,
    writers=(WRITER,),
)
