"""`python -m spacy seqtag evaluate`: score a pipeline on the corpus's own words."""

from pathlib import Path
from typing import Annotated

import srsly
import typer
from spacy.tokens import DocBin
from wasabi import msg

from ..corpus.docbin_read import find_docbins
from ..evaluation import NoPredicatesError, UnknownLabelsError, evaluate
from ..files import write_file
from ..frames import has_frames
from ..plain import to_plain
from ..report.html import render_entities, render_html
from ..report.scores import print_scores
from ..report.sentences import same_words
from . import fail, seqtag
from .console import examples, print_json
from .doc_bar import stage_bar
from .entity_labels import EntityLabelsOption
from .gpu import set_up_gpu
from .options import GpuOption, JsonOption, PipelineArgument, QuietOption

# How many documents an HTML file shows.
_SHOWN = 25

_DisplacyOption = Annotated[
    Path | None,
    typer.Option(
        help="HTML file NAME.html for the entities of the first Docs; their frames, where the "
        "pipeline gives any, go to NAME-srl.html, beside the gold ones",
        dir_okay=False,
    ),
]
_GoldPredicatesOption = Annotated[
    bool,
    typer.Option(
        "--gold-predicates",
        help="Give the corpus's predicates, too, without their rolesets (with --gold-tokens), and "
        "let the semantic role labeller find the rest",
    ),
]
_UnknownLabelsOption = Annotated[
    bool,
    typer.Option(
        "--allow-unknown-labels",
        help="Count labels that the pipeline does not know as missed instead of failing",
    ),
]


@seqtag.command(
    "evaluate",
    no_args_is_help=True,
    epilog=examples(
        "evaluate my_pipeline test.spacy --output scores.json",
        "evaluate my_pipeline test.spacy --json --quiet > scores.json",
    ),
)
def evaluate_cli(
    model: PipelineArgument,
    data: Annotated[Path, typer.Argument(help="Corpus in .spacy format")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="JSON file for the scores", dir_okay=False)
    ] = None,
    predictions: Annotated[
        Path | None, typer.Option(help=".spacy file for the annotated Docs", dir_okay=False)
    ] = None,
    displacy: _DisplacyOption = None,
    gold_tokens: Annotated[
        bool,
        typer.Option(
            "--gold-tokens/--raw-text", help="Annotate the corpus's own words, or its raw text"
        ),
    ] = True,
    sent_starts: Annotated[
        bool, typer.Option(help="Give the corpus's sentence boundaries, too (with --gold-tokens)")
    ] = True,
    gold_predicates: _GoldPredicatesOption = False,
    entity_labels: EntityLabelsOption = None,
    allow_unknown_labels: _UnknownLabelsOption = False,
    gpu_id: GpuOption = -1,
    quiet: QuietOption = False,
    as_json: JsonOption = False,
) -> None:
    """Score a trained pipeline on a corpus.

    Unlike `spacy evaluate` it can keep the words and sentences of the corpus and still read whole
    documents. Scores have spaCy's names.
    """
    frames = displacy and displacy.with_name(f"{displacy.stem}-srl{displacy.suffix}")
    try:
        check_outputs(
            data,
            ("--output", output),
            ("--predictions", predictions),
            ("--displacy", displacy),
            ("--displacy", frames),
        )
        if gold_predicates and not gold_tokens:
            raise ValueError(
                "--gold-predicates: the corpus's predicates are given on its own words, which "
                "--raw-text leaves out. Use one of the two."
            )
        set_up_gpu(gpu_id)
        with stage_bar(quiet) as stages:
            found = evaluate(
                model,
                data,
                gold_tokens=gold_tokens,
                sent_starts=sent_starts,
                gold_predicates=gold_predicates,
                allow_unknown_labels=allow_unknown_labels,
                entity_labels=entity_labels,
                stages=stages,
            )
    except NoPredicatesError as err:
        fail(f"--gold-predicates: {err}, or leave the option out.")
    except UnknownLabelsError as err:
        fail(f"{err}, or count them as missed with --allow-unknown-labels.")
    except (ValueError, OSError) as err:
        fail(err)
    scores, docs = found.scores, found.docs
    if as_json:
        print_json(scores)
    else:
        print_scores(scores, str(data))
    try:
        if predictions is not None:
            _save(
                predictions,
                DocBin(docs=docs, store_user_data=True).to_bytes(),
                "annotated documents",
            )
        if displacy is not None:
            _save(displacy, render_entities(docs[:_SHOWN]).encode("utf8"), "entities")
        if frames is not None and any(map(has_frames, docs)):
            # Gold annotation stands above the prediction, where both have the same words.
            shown = [eg if same_words(eg) else eg.predicted for eg in found.examples[:_SHOWN]]
            _save(frames, render_html(shown).encode("utf8"), "frames")
        if output is not None:
            _save(output, srsly.json_dumps(to_plain(scores), indent=2).encode("utf8"), "results")
    except OSError as err:
        fail(err)


def _save(path: Path, content: bytes, what: str) -> None:
    write_file(path, content)
    msg.good(f"Saved {what} to {path}")


def check_outputs(data: Path, *outputs: tuple[str, Path | None]) -> None:
    """Check that no file replaces the corpus or another file of this run.

    data (Path): The corpus.
    outputs (tuple[str, Path]): The files, each with the option that names it.
    RAISES: ValueError: For the first that would. FormatError (a ValueError): There is no corpus.
    """
    taken = {file.resolve(): f"the corpus {file}" for file in find_docbins(data)}
    for option, path in outputs:
        if path is None:
            continue
        if path.resolve() in taken:
            raise ValueError(
                f"{option} {path}: this would replace {taken[path.resolve()]}. Give the output "
                "another name."
            )
        taken[path.resolve()] = f"the file of {option}"
