"""`python -m spacy seqtag from-hf`: a model of transformers as a pipeline."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from wasabi import msg

from ..corpus.plural import counted
from ..errors import printable
from . import fail, seqtag
from .console import examples, print_json
from .doc_bar import stage_bar
from .options import JsonOption, QuietOption, choice

if TYPE_CHECKING:
    from ..interop.from_hf import Converted

_TASKS = ("ner", "pos", "tag")
_SCHEMES = ("auto", "iob1", "iob2")
_DECODINGS = ("viterbi", "greedy", "iob1")
_PRECISIONS = ("auto", "float32", "bfloat16", "float16")

# Options that take one of some names.
TaskOption = Annotated[
    str | None,
    choice(
        _TASKS,
        help="What its labels are: entities, universal parts of speech, or other tags. By "
        "default their names tell",
    ),
]
SchemeOption = Annotated[
    str,
    choice(
        _SCHEMES,
        help="How entity tags are meant. By default their names tell",
    ),
]
DecodingOption = Annotated[
    str | None,
    choice(
        _DECODINGS,
        help="How entities are read from the probabilities: the best legal sequence of tags, "
        "or each word's best tag. By default viterbi, or iob1 for such tags",
    ),
]
PrecisionOption = Annotated[
    str,
    choice(
        _PRECISIONS,
        help="Of the encoder: float32 computes what transformers does, auto takes bfloat16 "
        "where that is faster",
    ),
]


@seqtag.command(
    "from-hf",
    no_args_is_help=True,
    epilog=examples(
        "from-hf dslim/bert-base-NER my_pipeline --lang en",
    ),
)
def from_hf_cli(
    checkpoint: Annotated[
        str,
        typer.Argument(
            help="A fine-tuned model for token classification: folder, installed package, or hub "
            "name"
        ),
    ],
    output: Annotated[Path, typer.Argument(help="Folder for the pipeline", file_okay=False)],
    task: TaskOption = None,
    labels: Annotated[
        str | None,
        typer.Option(help="Names for all of its labels, in their order, such as O,B-PER,I-PER"),
    ] = None,
    scheme: SchemeOption = "auto",
    decoding: DecodingOption = None,
    lang: Annotated[
        str | None,
        typer.Option(
            "--lang", "-l", help="Language code; by default that of its card, or xx for any"
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option("--name", "-n", help="Name of the component; by default ner, pos or tag"),
    ] = None,
    precision: PrecisionOption = "float32",
    force: Annotated[
        bool, typer.Option("--overwrite", "--force", "-F", help="Replace a pipeline that is there")
    ] = False,
    quiet: QuietOption = False,
    as_json: JsonOption = False,
) -> None:
    """Convert a fine-tuned model of Hugging Face's transformers to a pipeline.

    Its encoder becomes the component transformer, its classifier a seqtag_ner or seqtag_pos with
    the same probabilities for every word. The pipeline can be trained further, take more components
    on the same encoder, and be packaged.
    """
    from ..interop.from_hf import from_hf  # loads transformers, which takes seconds

    try:
        with stage_bar(quiet) as stages:
            stages(f"Convert {checkpoint}", 0)
            found = from_hf(
                checkpoint,
                output,
                task=task,
                labels=[label.strip() for label in labels.split(",")] if labels else None,
                scheme=scheme,
                decoding=decoding,
                lang=lang,
                component=name,
                precision=precision,
                force=force,
            )
    except (ValueError, OSError) as error:
        fail(error)
    if as_json:
        head = {"task": found.head.task, "labels": found.head.labels, "iob1": found.head.iob1}
        print_json({"output": output, **found._asdict(), "head": head})
    _say(found, output, guessed=lang is None)


def _say(found: "Converted", output: Path, *, guessed: bool) -> None:
    """Say what a model became. guessed: whether nobody said the language."""
    head = found.head
    kinds = {"ner": "entities", "pos": "universal parts of speech", "tag": "tags"}
    what = f"{kinds[head.task]}, {counted(len(head.labels), '<label|labels>')}"
    msg.info(f"{found.component}: {what}: {printable(', '.join(head.labels))}")
    if head.iob1:
        msg.info("Its tags are read as IOB1: what is labelled alike, word by word, is one entity")
    if guessed:
        msg.info(f"Language {found.lang}: the tokenizer of raw text goes by it. --lang sets it")
    msg.good(f"Saved {output}: probabilities as in transformers, at most {found.off:.0e} off")
