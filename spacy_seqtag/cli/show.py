"""`python -m spacy seqtag show`: annotate a text and look at it."""

import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer
from spacy.tokens import Doc
from wasabi import msg

from ..displacy import serve as serve_html
from ..errors import one_line
from ..files import write_file
from ..frames import get_frames, has_frames
from ..loading import load_pipeline
from ..records import make_record
from ..report.html import render_html
from ..report.terminal import ASCII, LINES, entity_rows, render_frame, render_words
from ..training.progress import can_print
from . import fail, seqtag
from .console import examples, keep_for_json, print_json
from .doc_bar import stage_bar
from .gpu import set_up_gpu
from .options import GpuOption, PipelineArgument, QuietOption

_PAGE = "frames.html"


@seqtag.command(
    "show",
    no_args_is_help=True,
    epilog=examples(
        'show my_pipeline "She gave him the book."',
        "show my_pipeline - --json < text.txt",
    ),
)
def show_cli(
    model: PipelineArgument,
    text: Annotated[str, typer.Argument(help="Text to annotate, or - to read it from stdin")],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help=f"HTML file to write; without serving {_PAGE} where none is named",
            dir_okay=False,
        ),
    ] = None,
    serve: Annotated[bool, typer.Option(help="Serve the HTML until interrupted (Ctrl+C)")] = True,
    port: Annotated[
        int, typer.Option("--port", "-p", min=1, max=65535, help="Port to serve on")
    ] = 5000,
    gpu_id: GpuOption = -1,
    quiet: QuietOption = False,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json",
            help="Print the annotation as JSON, and everything else on standard error; without "
            "serving",
            callback=keep_for_json,
        ),
    ] = False,
) -> None:
    """Annotate a text; show its predicates with their arguments, and its entities.

    Prints them below the words, and serves them as a page.
    """
    try:
        text = _read_stdin() if text == "-" else text
        set_up_gpu(gpu_id)
        with stage_bar(quiet) as stages:
            stages(f"Annotate with {model}", 0)
            doc = annotate(model, text)
    except (ValueError, OSError) as err:
        fail(one_line(err))
    if as_json:
        print_json({"text": doc.text, **make_record(doc)})
        serve = False
    else:
        print_doc(doc)
    if output is None and not serve and not as_json:
        output = Path(_PAGE)
    if output is not None:
        try:
            write_file(output, render_html(doc).encode("utf8"))
        except OSError as err:
            fail(err)
        msg.good(f"Wrote {output}")
    if serve:
        try:
            serve_html(doc, port=port)
        except (ValueError, OSError):
            fail(
                f"--port {port}: the port is in use or not allowed. Give another one, or write the "
                "HTML to a file with --no-serve --output FILE.html"
            )


def annotate(model: str, text: str) -> Doc:
    """Annotate a text with a pipeline.

    model (str): The pipeline: a package name or a folder.
    text (str): The text.
    RETURNS (Doc): The annotated text.
    RAISES: OSError: For a pipeline that is not found. ValueError: For one that cannot be read, or
        gives neither semantic roles nor entities, and for a text without words.
    """
    if not text.strip():
        raise ValueError("There is no text to annotate. Give some words, or - to read stdin")
    nlp = load_pipeline(model)
    doc = nlp(text)
    if not has_frames(doc) and not doc.has_annotation("ENT_IOB"):
        raise ValueError(
            f"{model}: the pipeline ({', '.join(nlp.pipe_names) or 'no components'}) gives neither "
            "semantic roles nor entities. Use one with seqtag_srl or seqtag_ner"
        )
    return doc


def print_doc(doc: Doc) -> None:
    """Print the words of a Doc with their tags, entities and frames, then all of them as tables."""
    width = shutil.get_terminal_size().columns
    signs = LINES if can_print("".join(LINES), sys.stdout) else ASCII
    print(f"\n{render_words(doc, width, signs)}")
    for frame in get_frames(doc):
        print(f"\n{render_frame(frame, width)}")
    if has_frames(doc) and not get_frames(doc):
        msg.info("No predicates were found")
    entities = entity_rows(doc)
    if entities:
        msg.table(entities, header=("entity", "label", "confidence"), divider=True)
    elif doc.has_annotation("ENT_IOB"):
        msg.info("No entities were found")


def _read_stdin() -> str:
    try:
        return typer.get_text_stream("stdin", encoding="utf8").read()
    except UnicodeDecodeError:
        raise ValueError("The text from stdin is not UTF-8. Convert it, e.g. with iconv") from None
