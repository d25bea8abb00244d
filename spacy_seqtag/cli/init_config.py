"""`python -m spacy seqtag init-config`: a training config that fits the data."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import spacy
import typer
from spacy.tokens import Doc
from thinc.api import ConfigValidationError
from wasabi.printer import Printer

from ..corpus.check.findings import FEW_SENTENCES
from ..corpus.docbin_read import find_docbins
from ..corpus.errors import FormatError
from ..distil.raw_text import check_output
from ..errors import printable
from ..files import write_file
from ..loading import load_pipeline
from ..training.config import TASKS, command, render
from ..training.fit_config import Data, Encoder, choose_tasks, fit, look_at, with_frames
from ..training.further import Trained, fit_further
from . import fail, seqtag
from .console import examples, print_data, print_json, warn
from .doc_bar import doc_bar
from .frames import FramesOption, load_frames
from .language import check_language
from .options import JsonOption, QuietOption, complete_pipeline

_STDOUT = "-"


@seqtag.command(
    "init-config",
    no_args_is_help=True,
    epilog=examples(
        "init-config -o my.cfg --train train.spacy --base-model roberta-base",
        "init-config -o my.cfg --train train.spacy --pipeline old_pipeline",
    ),
)
def init_config_cli(
    train: Annotated[Path, typer.Option(help="Training data: .spacy file, or folder of such")],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The config to write; - for standard output")
    ],
    base_model: Annotated[
        str | None, typer.Option(help="Encoder: folder, package or hub name")
    ] = None,
    pipeline: Annotated[
        str | None,
        typer.Option(
            help="Instead of an encoder, a trained pipeline: --tasks are trained further or added "
            "to it, everything else in it stays as it is",
            autocompletion=complete_pipeline,
        ),
    ] = None,
    own_encoder: Annotated[
        bool,
        typer.Option(
            "--own-encoder",
            help="With --pipeline: what is trained further gets a copy of the encoder, which "
            "learns with it",
        ),
    ] = False,
    tasks: Annotated[
        str | None,
        typer.Option(
            help=f"What to train: {','.join(TASKS)} or some of them (default: all that the data "
            "has layers for)"
        ),
    ] = None,
    dev: Annotated[
        Path | None, typer.Option(help="Data to evaluate on: .spacy file, or folder of such")
    ] = None,
    lang: Annotated[
        str | None, typer.Option(help="Language code (default: by the most frequent words)")
    ] = None,
    frames: FramesOption = None,
    gpu: Annotated[bool, typer.Option("--gpu", "-G", help="Training runs on a GPU")] = False,
    force: Annotated[
        bool, typer.Option("--overwrite", "--force", "-F", help="Replace a config that is there")
    ] = False,
    quiet: QuietOption = False,
    as_json: JsonOption = False,
) -> None:
    """Write a training config that fits the data.

    Looks at the size of the data, its layers and labels, its language, and whether the encoder
    reads case. The config is complete: it runs as it is, and can be changed.

    With --pipeline training starts from a trained pipeline: the tasks that it has are trained
    further, others are added, and what is not trained stays as it is, to the last bit.
    """
    to_stdout = str(output) == _STDOUT
    asked = _check_options(tasks, lang)
    _check_start(base_model, pipeline, own_encoder, lang)
    if to_stdout and as_json:
        fail("--json: standard output has the config already. Give --output my.cfg")
    if not to_stdout and output.exists() and not force:
        fail(f"{output} is there already. Give --overwrite to replace it, or another --output")
    try:
        corpora = [file for path in (train, dev) if path is not None for file in find_docbins(path)]
        check_output(output, corpora, "a file")
        start: Encoder | Trained
        if pipeline:
            start = Trained(pipeline, load_pipeline(pipeline))
        else:
            start = _load_encoder(str(base_model))
        train_data = _read(train, quiet)
        dev_data = None if dev is None else _read(dev, quiet)
        chosen = choose_tasks(asked, train_data, dev_data)
        if isinstance(start, Trained):
            choices = fit_further(chosen, train_data, dev_data, start, own_encoder, gpu=gpu)
        else:
            choices = fit(chosen, train_data, dev_data, start, lang=lang, gpu=gpu)
            if lang is None:
                check_language(choices.lang)
        if frames is not None:
            choices = with_frames(choices, frames, load_frames(frames))
        text = render(choices, "my.cfg" if to_stdout else str(output))
        if to_stdout:
            print_data(text)
        else:
            write_file(output, text.encode("utf8"))
    except (ConfigValidationError, FormatError, OSError) as error:
        fail(error)
    if train_data.survey.sentences < FEW_SENTENCES:
        warn(f"fewer than {FEW_SENTENCES} sentences hardly train anything")
    if to_stdout:
        return
    if as_json:
        found = {"command": command(choices, str(output)), **asdict(choices)}
        print_json({"output": output, **found})
    printer = Printer(pretty=False)  # one line each, however long
    for line in choices.about:
        print(line)
    printer.good(f"Wrote {printable(str(output), limit=None)}. Train it:")
    print(command(choices, str(output)))


def _check_options(tasks: str | None, lang: str | None) -> list[str] | None:
    """Check the options; return the tasks that are asked for."""
    if lang is not None:
        check_language(lang)
    if tasks is None:
        return None
    asked = [task.strip() for task in tasks.split(",") if task.strip()]
    unknown = next((task for task in asked if task not in TASKS), None)
    if unknown is not None or not asked:
        what = f"{unknown!r} is no task" if unknown else "there is no task in it"
        fail(f"--tasks {tasks}: {what}. Give some of {','.join(TASKS)}")
    return asked


def _check_start(
    base_model: str | None, pipeline: str | None, own_encoder: bool, lang: str | None
) -> None:
    """Check the options that say what training starts from."""
    if base_model and pipeline:
        fail("--base-model and --pipeline: give one of them. A pipeline has its own encoder")
    if pipeline and lang is not None:
        fail(f"--lang {lang}: the language is that of --pipeline. Leave the option out")
    if own_encoder and not pipeline:
        fail("--own-encoder is for tasks of a trained pipeline. Give it as --pipeline")
    if not (base_model or pipeline):
        fail(
            "--base-model is missing: give an encoder. Or give --pipeline, a trained pipeline that "
            "is trained further"
        )


def _load_encoder(name: str) -> Encoder:
    """Find an encoder, and see whether it reads case, and has layers of its own for each step.

    RAISES: ConfigValidationError (a ValueError), OSError: There is no such encoder.
    """
    from ..errors import settings_error
    from ..models.network.layers import has_layers
    from ..models.pretrained import find_config, find_tokenizer
    from ..models.word_case import is_uncased

    where = f"--base-model {name}: "
    tokenizer = find_tokenizer(name, where)
    if not tokenizer.is_fast:
        raise settings_error(f"{where}it has no fast tokenizer. Give another encoder")
    return Encoder(name, is_uncased(tokenizer.tokenize), has_layers(find_config(name, where)))


def _read(path: Path, quiet: bool) -> Data:
    """Look at a corpus, with a progress bar.

    RAISES: FormatError, OSError: It cannot be read.
    """

    def track(docs: Iterable[Doc]) -> Iterator[Doc]:
        yield from doc_bar(docs, path.name, quiet)

    return look_at(path, spacy.blank("xx").vocab, track)  # a bare vocab knows no white space
