"""`python -m spacy seqtag report`: a page of scores, errors and diagrams that one can send."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from spacy.tokens import Doc
from spacy.vocab import Vocab
from wasabi import msg

from ..corpus.docbin_read import find_docbins, read_docs
from ..errors import one_line
from ..evaluation import evaluate
from ..extras import need
from ..files import write_file
from ..stages import Stages
from . import fail, seqtag
from .console import examples, print_json
from .doc_bar import stage_bar
from .entity_labels import EntityLabelsOption
from .evaluate import check_outputs
from .gpu import set_up_gpu
from .options import GpuOption, JsonOption, PipelineArgument, QuietOption, complete_pipeline

if TYPE_CHECKING:
    from ..analysis.groups import Training


@seqtag.command(
    "report",
    no_args_is_help=True,
    epilog=examples(
        "report my_pipeline test.spacy report.html --train train.spacy",
        "report new_pipeline test.spacy report.html --compare old_pipeline",
    ),
)
def report_cli(
    model: PipelineArgument,
    data: Annotated[Path, typer.Argument(help="Corpus in .spacy format")],
    output: Annotated[Path, typer.Argument(help="HTML file to write", dir_okay=False)],
    compare: Annotated[
        str | None,
        typer.Option(
            "--compare",
            "-c",
            help="Another pipeline: show how MODEL differs from it",
            autocompletion=complete_pipeline,
        ),
    ] = None,
    train: Annotated[
        Path | None,
        typer.Option(help="Training corpus of MODEL: scores of words that it has, and has not"),
    ] = None,
    plots: Annotated[
        Path | None,
        typer.Option(help="Folder for the diagrams as PNG and SVG, for papers", file_okay=False),
    ] = None,
    entity_labels: EntityLabelsOption = None,
    gpu_id: GpuOption = -1,
    quiet: QuietOption = False,
    as_json: JsonOption = False,
) -> None:
    """Write a page on what a pipeline gets right and wrong on a corpus.

    It has scores with intervals by task and label, errors to look through, calibration, and scores
    by length, domain and novelty; or the differences of two pipelines. The file needs no network
    and no other file.
    """
    from ..report.document import render_report
    from ..report.review import check_comparable, review, summary

    try:
        _check_files(data, train, output)
        if compare is not None and train is not None:
            raise ValueError(
                "--train: the page that compares two pipelines has no scores by what training had. "
                "Leave --train or --compare out"
            )
        if plots is not None:
            need("matplotlib")
        set_up_gpu(gpu_id)
        with stage_bar(quiet) as stages:
            found = evaluate(
                model,
                data,
                allow_unknown_labels=True,
                entity_labels=entity_labels,
                stages=stages,
            )
            check_comparable(found.examples, model)
            training = _learn(train, found.nlp.vocab, stages)
            stages("Compare with the gold annotation", 0)
            made = review(found, str(data), training)
            if compare is None:
                page, differences, notes = (
                    render_report(found, made, model, data, train),
                    None,
                    made.notes,
                )
            else:
                from ..report.comparison import contrast, render_comparison

                other = evaluate(
                    compare,
                    data,
                    allow_unknown_labels=True,
                    entity_labels=entity_labels,
                    stages=stages,
                )
                check_comparable(other.examples, compare)
                stages("Compare the pipelines", 0)
                contrasted = contrast(other, found, (compare, model), str(data))
                page = render_comparison(contrasted, data)
                differences, notes = contrasted.figures(), contrasted.notes
        content = page.encode("utf8")
        drawn = []
        if plots is not None:
            from ..report.plots import draw_plots

            drawn = draw_plots(plots, found, made, model)
        write_file(output, content)
    except (ValueError, OSError, ImportError) as err:
        fail(one_line(err))
    if as_json:
        tasks = summary(made)
        result = {"output": output, "bytes": len(content), "tasks": tasks, "notes": notes}
        print_json({**result, "differences": differences, "plots": drawn})
    if drawn:
        msg.good(f"Wrote {len(drawn)} plots to {plots}")
    msg.good(f"Wrote {output} ({len(content) / 1e6:.1f} MB)")


def _check_files(data: Path, train: Path | None, output: Path) -> None:
    """Check that the page replaces no corpus, before anything takes time."""
    check_outputs(data, ("OUTPUT", output))
    if train is not None:
        check_outputs(train, ("OUTPUT", output))


def _learn(train: Path | None, vocab: Vocab, stages: Stages) -> "Training | None":
    from ..analysis.groups import learn

    if train is None:
        return None
    stages(f"Read {train}", 0)
    docs = (doc for file in find_docbins(train) for doc in _read(file, vocab))
    learned = learn(docs)
    if not learned.words:
        raise ValueError(
            f"--train {train}: there is no document with words. Give the corpus that the pipeline "
            "was trained on"
        )
    return learned


def _read(file: Path, vocab: Vocab) -> list[Doc]:
    return list(read_docs(file, vocab))
