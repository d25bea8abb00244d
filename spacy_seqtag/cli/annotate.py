"""`python -m spacy seqtag annotate`: corpora of any size, as files and as parts of a folder."""

from pathlib import Path
from time import monotonic
from typing import Annotated, cast

import typer
from wasabi import msg

from ..annotate.batches import PART_CHARS
from ..annotate.inputs import KINDS
from ..annotate.outputs import OUTPUTS
from ..annotate.run import Result, annotate
from ..annotate.settings import ENGINES, Settings
from ..corpus.plural import counted
from ..records import LAYERS, Layer
from . import fail, seqtag
from .byte_bar import byte_bar
from .console import examples, print_json, warn
from .options import LONG_RAW, GpuOption, JsonOption, PipelineArgument, QuietOption, choice


@seqtag.command(
    "annotate",
    no_args_is_help=True,
    epilog=examples(
        "annotate my_pipeline texts.jsonl annotated/",
        "annotate my_pipeline news/ news.parquet --layers entities",
    ),
)
def annotate_cli(
    model: PipelineArgument,
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="INPUT...",
            help="What to annotate: .txt with a text a line, .jsonl, .parquet, .spacy, each of "
            "them with .gz or .zst; folders and globs of such files; or - for standard input",
        ),
    ],
    output: Annotated[
        Path,
        typer.Argument(
            help="A folder for parts and a manifest, where a run that was cut goes on; or a file "
            "with the ending of a format, for small corpora"
        ),
    ],
    file_format: Annotated[
        str | None,
        choice(
            OUTPUTS,
            "--format",
            "-f",
            help="What to write to a folder; JSONL by default. A file's name says it",
        ),
    ] = None,
    layers: Annotated[
        str | None,
        typer.Option(
            help=f"Layers to write, such as entities,frames, of {', '.join(LAYERS)}; by default "
            "those that the pipeline annotates"
        ),
    ] = None,
    confidences: Annotated[bool, typer.Option(help="Write confidences, too")] = True,
    input_format: Annotated[
        str | None,
        choice(
            KINDS,
            help="What inputs hold, whatever their names; standard input is txt by default",
        ),
    ] = None,
    text_key: Annotated[
        str, typer.Option(help="The key or column that holds the text; others are kept as meta")
    ] = "text",
    sent_starts: Annotated[
        bool, typer.Option(help="Take the sentence boundaries of .spacy files, too")
    ] = True,
    part_chars: Annotated[
        int, typer.Option(min=1, help="A part ends after so many characters of text")
    ] = PART_CHARS,
    engine: Annotated[
        str,
        choice(
            ENGINES,
            help="local: this machine; ray: Ray Data, here or on a cluster",
        ),
    ] = "local",
    workers: Annotated[
        int,
        typer.Option(
            min=0,
            help="Processes, each with a pipeline of its own; by default one, or with Ray as many "
            "as fit",
        ),
    ] = 0,
    cores: Annotated[int, typer.Option(min=0, help="CPU cores of each worker")] = 0,
    address: Annotated[
        str | None, typer.Option(help="Address of a Ray cluster; by default this machine")
    ] = None,
    fail_fast: Annotated[
        bool,
        typer.Option("--fail-fast", help="Stop at the first text that cannot be annotated"),
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Begin anew in a folder of another run")
    ] = False,
    gpu_id: GpuOption = -1,
    quiet: QuietOption = False,
    as_json: JsonOption = False,
) -> None:
    """Annotate a corpus of any size.

    The same command goes on where a run was cut: each text is annotated exactly once, in order. A
    text that cannot be annotated goes to errors.jsonl with the reason, and the rest go on.
    """
    settings = Settings(
        file_format=file_format,
        layers=tuple(cast(Layer, name.strip()) for name in layers.split(",")) if layers else (),
        confidences=confidences,
        input_format=input_format,
        text_key=text_key,
        sent_starts=sent_starts,
        part_chars=part_chars,
        engine=engine,
        workers=workers,
        cores=cores,
        address=address,
        gpu=gpu_id,
        fail_fast=fail_fast,
        overwrite=overwrite,
    )
    paths = [path for name in inputs if (path := Path(name)).exists()]
    try:
        with byte_bar(paths, quiet, long=LONG_RAW) as bar:
            rate = _Rate()

            def watch(result: Result, position: int) -> None:
                bar.set_postfix_str(rate.shown(result.words), refresh=False)
                if rate.is_first:  # of an earlier run, which says nothing about this one's speed
                    bar.initial = position if result.kept_parts else 0
                bar.update(position - bar.n)

            result = annotate(model, inputs, output, settings, watch)
    except (ValueError, OSError, ImportError, RuntimeError) as error:
        fail(error)
    if as_json:
        print_json({"output": output, **vars(result)})
    if result.was_complete:
        msg.info("The run was complete already")
    elif result.kept_parts:
        msg.info(
            f"Went on after {counted(result.kept_parts, '<part|parts>')} that had been written"
        )
    if result.errors:
        what = counted(result.errors, "<text|texts> could not be annotated")
        warn(f"{what}: see {result.errors_path}")
    docs, words = counted(result.docs, "<text|texts>"), counted(result.words, "<word|words>")
    verb = "There are" if result.was_complete else "Wrote"
    msg.good(f"{verb} {docs}, {words} in {output}")


class _Rate:
    """Words a second since the run began, or went on."""

    def __init__(self) -> None:
        self._calls = 0
        self._since = monotonic()
        self._before = 0

    @property
    def is_first(self) -> bool:
        return self._calls == 1

    def shown(self, words: int) -> str:
        self._calls += 1
        if self._calls == 1:
            self._before, self._since = words, monotonic()
            return ""
        seconds = max(1e-9, monotonic() - self._since)
        return f"{(words - self._before) / seconds:,.0f} words/s"
