"""Divide a corpus as if few of its sentences were annotated: those, and the text of the rest."""

import random
from pathlib import Path

import typer
from spacy.vocab import Vocab
from wasabi import msg

from spacy_seqtag.corpus.cut import cut_doc, sentence_bounds
from spacy_seqtag.corpus.docbin_read import read_docs
from spacy_seqtag.corpus.docbin_write import DocBinWriter
from spacy_seqtag.files import new_folder, write_file


def main(
    corpus: Path = typer.Argument(..., help="Annotated .spacy file"),
    share: float = typer.Argument(..., help="Share of the sentences that keep their annotation"),
    annotated: Path = typer.Argument(..., help=".spacy file for these"),
    raw: Path = typer.Argument(..., help="Text file for the others, a sentence a line"),
    seed: int = 1234,
) -> None:
    sentences = [
        sentence
        for doc in read_docs(corpus, Vocab())
        for sentence in cut_doc(doc, sentence_bounds(doc))
    ]
    if not 0 < share < 1:
        msg.fail(f"share = {share}; set it to a number above 0 and below 1", exits=1)
    n_kept = max(1, round(share * len(sentences)))
    kept = set(random.Random(seed).sample(range(len(sentences)), n_kept))
    with new_folder(annotated.parent, annotated), DocBinWriter(annotated) as writer:
        for i in sorted(kept):
            writer.add(sentences[i])
    texts = [" ".join(doc.text.split()) for i, doc in enumerate(sentences) if i not in kept]
    write_file(raw, "".join(f"{text}\n" for text in texts).encode("utf8"))
    msg.good(f"{n_kept} annotated sentences in {annotated}, {len(texts)} without in {raw}")


if __name__ == "__main__":
    typer.run(main)
