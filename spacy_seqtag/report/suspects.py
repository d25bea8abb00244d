"""What `audit` finds, in the terminal."""

from collections.abc import Sequence

from wasabi import msg

from ..corpus.plural import counted
from ..errors import printable
from ..labelling.audit import Suspect

# A sentence that a pipeline reads in another way altogether has dozens of doubts.
_MOST_DOUBTS = 5

_HEADER = ("word", "given", "prob.", "rather", "prob.")


def print_suspects(layer: str, suspects: Sequence[Suspect], n: int) -> None:
    """Print the most doubtful sentences of a layer, each with its least probable words.

    layer (str): Its component.
    suspects (Sequence[Suspect]): All sentences, the least probable first.
    n (int): How many sentences to print.
    """
    doubtful = [suspect for suspect in suspects if suspect.doubts]
    msg.divider(printable(layer))
    what = "<sentence has|sentences have> annotation that the pipeline would not give"
    msg.text(f"{counted(len(doubtful), what)}, of {len(suspects):,}")
    for rank, suspect in enumerate(doubtful[:n], 1):
        msg.text(f"\n{rank}. {printable(suspect.sentence.text, limit=None)}")
        doc = suspect.sentence.doc
        rows = [
            (
                printable(doc[doubt.token].text),
                printable(doubt.given),
                f"{doubt.probability:.3f}",
                printable(doubt.found),
                f"{doubt.found_probability:.3f}",
            )
            for doubt in suspect.doubts[:_MOST_DOUBTS]
        ]
        msg.table(rows, header=_HEADER, divider=True)
        if more := len(suspect.doubts) - len(rows):
            msg.text(f"and {counted(more, '<more word|more words>')}")
