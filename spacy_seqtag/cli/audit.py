"""`python -m spacy seqtag audit`: find what is probably labelled wrong in a corpus."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import srsly
import typer
from spacy import util
from spacy.cli._util import setup_gpu
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from wasabi import msg

from ..corpus.plural import counted
from ..corpus.reader import create_corpus
from ..errors import printable
from ..evaluation import check_labels
from ..files import write_file
from . import fail, seqtag
from .options import GpuOption, PipelineArgument

if TYPE_CHECKING:  # it takes seconds to import
    from ..labelling.audit import Suspect
    from ..labelling.given import Judged


@seqtag.command("audit", no_args_is_help=True)
def audit_cli(
    model: PipelineArgument,
    data: Annotated[Path, typer.Argument(help="Annotated corpus in .spacy format")],
    folds: Annotated[
        int,
        typer.Option(
            help="Train this many pipelines with the settings of PIPELINE, each without the part "
            "of the corpus that it judges. 0: PIPELINE itself judges, which must not have been "
            "trained on the corpus",
            min=0,
        ),
    ] = 0,
    n: Annotated[int, typer.Option("--n", "-n", help="Sentences to print per layer", min=0)] = 20,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="JSONL file for all sentences", dir_okay=False),
    ] = None,
    gpu_id: GpuOption = -1,
) -> None:
    """List the sentences whose annotation is probably wrong, the least probable first.

    Each sentence is ranked, in each layer, by its least probable token.
    """
    try:
        if output is not None and output.exists() and data.exists() and output.samefile(data):
            raise ValueError(f"--output {output}: this would replace the corpus. Name another file")
        setup_gpu(gpu_id, silent=True)
        suspects = _find_suspects(model, data, folds, gpu_id)
        if output is not None:
            _write(output, suspects)
    except (ValueError, OSError) as err:
        fail(err)
    for layer, found in suspects.items():
        _print(layer, found, n)
    if output is not None:
        msg.good(f"Saved all sentences to {output}")


def _find_suspects(model: str, data: Path, folds: int, gpu_id: int) -> dict[str, list["Suspect"]]:
    """Read the corpus, judge it and rank its sentences.

    RAISES: ValueError: The pipeline has no component of ours, the corpus no layer of those, or
        either cannot be read. OSError: One of them is not found.
    """
    from ..labelling.audit import find_suspects

    nlp = util.load_model(model)
    docs = [example.reference for example in create_corpus(data)(nlp)]
    examples = [Example(Doc(nlp.vocab), doc) for doc in docs]
    check_labels(nlp, examples, data)
    found = find_suspects(_judge(nlp, data, docs, folds, gpu_id))
    if not any(found.values()):
        raise ValueError(
            f"{data}: there is nothing to judge: the corpus has no layer that a component of "
            f"{model} ({', '.join(nlp.pipe_names) or 'no components'}) annotates"
        )
    return found


def _judge(
    nlp: Language, data: Path, docs: Sequence[Doc], folds: int, gpu_id: int
) -> Iterator[tuple[int, "Judged"]]:
    """Judge the Docs of a corpus, by the pipeline or by folds.

    YIELDS (tuple[int, Judged]): The number of the Doc, and what a component says of it.
    """
    from ..labelling.folds import train_folds
    from ..labelling.given import judge

    number = {id(doc): i for i, doc in enumerate(docs)}
    parts = train_folds(nlp, docs, folds, gpu_id) if folds else iter([(nlp, list(docs))])
    for i, (judging, part) in enumerate(parts, 1):
        examples = [_example(judging, doc) for doc in part]
        for judged in judge(judging, examples):
            yield number[id(judged.reference)], judged
        if folds:
            msg.info(f"Judged fold {i} of {folds}")


def _example(nlp: Language, reference: Doc) -> Example:
    """Make an example on the words and sentences of the corpus."""
    words = [token.text for token in reference]
    spaces = [bool(token.whitespace_) for token in reference]
    predicted = Doc(nlp.vocab, words=words, spaces=spaces)
    if reference.has_annotation("SENT_START"):
        for token, gold in zip(predicted, reference):
            token.is_sent_start = gold.is_sent_start
    return Example(predicted, reference)


def _print(layer: str, suspects: Sequence["Suspect"], n: int) -> None:
    doubtful = [suspect for suspect in suspects if suspect.doubts]
    msg.divider(layer)
    what = "<sentence has|sentences have> annotation that the pipeline would not give"
    msg.text(f"{counted(len(doubtful), what)}, of {len(suspects):,}")
    for suspect in doubtful[:n]:
        msg.text(f"\n{printable(suspect.sentence.text, limit=None)}")
        rows = [
            (
                printable(suspect.sentence.doc[doubt.token].text),
                doubt.given,
                f"{doubt.probability:.3f}",
                doubt.found,
                f"{doubt.found_probability:.3f}",
            )
            for doubt in suspect.doubts
        ]
        msg.table(rows, header=("word", "given", "prob.", "rather", "prob."), divider=True)


def _write(path: Path, suspects: dict[str, list["Suspect"]]) -> None:
    from ..labelling.audit import to_row

    rows = [
        srsly.json_dumps(to_row(rank, suspect))
        for found in suspects.values()
        for rank, suspect in enumerate(found, 1)
    ]
    write_file(path, "".join(f"{row}\n" for row in rows).encode("utf8"))
