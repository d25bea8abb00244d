"""`python -m spacy seqtag evaluate`: score a pipeline on the corpus's own words."""

from pathlib import Path
from timeit import default_timer
from typing import Any

import srsly
import typer
from spacy import displacy, util
from spacy.cli._util import setup_gpu
from spacy.cli.evaluate import print_prf_per_type
from spacy.language import Language
from spacy.scorer import Scorer
from spacy.tokens import DocBin
from spacy.training import Example
from thinc.api import fix_random_seed
from wasabi import msg

from . import fail, seqtag

# Title and score of each row of the table, where the pipeline has it.
METRICS = {
    "TOK": "token_acc",
    "TAG": "tag_acc",
    "POS": "pos_acc",
    "NER P": "ents_p",
    "NER R": "ents_r",
    "NER F": "ents_f",
    "SENT P": "sents_p",
    "SENT R": "sents_r",
    "SENT F": "sents_f",
}


@seqtag.command("evaluate")
def evaluate_cli(
    model: str = typer.Argument(..., help="Pipeline: package name or folder"),
    data: Path = typer.Argument(..., help="Corpus in .spacy format"),
    output: Path | None = typer.Option(
        None, "--output", "-o", help="JSON file for the scores", dir_okay=False
    ),
    predictions: Path | None = typer.Option(
        None, "--predictions", help=".spacy file for the annotated Docs", dir_okay=False
    ),
    displacy_path: Path | None = typer.Option(
        None, "--displacy", help="HTML file for the entities of the first Docs", dir_okay=False
    ),
    gold_tokens: bool = typer.Option(
        True, "--gold-tokens/--raw-text", help="Annotate the corpus's own words, or its raw text"
    ),
    sent_starts: bool = typer.Option(
        True, "--sent-starts/--no-sent-starts", help="Give the corpus's sentence boundaries, too"
    ),
    allow_unknown_labels: bool = typer.Option(
        False,
        "--allow-unknown-labels",
        help="Count labels that the pipeline does not know as missed instead of failing",
    ),
    gpu_id: int = typer.Option(-1, "--gpu-id", "-g", help="GPU, or -1 for CPU"),
) -> None:
    """Score a trained pipeline on a corpus.

    Unlike `spacy evaluate` it can keep the words and sentences of the corpus and still read whole
    documents. Scores have spaCy's names.
    """
    try:
        scores = evaluate(
            model,
            data,
            predictions=predictions,
            displacy_path=displacy_path,
            gold_tokens=gold_tokens,
            sent_starts=sent_starts,
            allow_unknown_labels=allow_unknown_labels,
            gpu_id=gpu_id,
        )
    except (ValueError, OSError) as err:
        fail(getattr(err, "title", None) or err)
    rows = {
        title: f"{scores[key] * 100:.2f}"
        for title, key in METRICS.items()
        if isinstance(scores.get(key), float)
    }
    rows["SPEED"] = f"{scores['speed']:.0f}"
    msg.table(rows, title="Results")
    for title, key in (("POS", "pos"), ("TAG", "tag"), ("NER", "ents")):
        if scores.get(f"{key}_per_type"):
            print_prf_per_type(msg, scores[f"{key}_per_type"], title, "type")
    if output is not None:
        output.parent.mkdir(parents=True, exist_ok=True)
        srsly.write_json(output, scores)
        msg.good(f"Saved results to {output}")


def evaluate(
    model: str,
    data: Path,
    *,
    predictions: Path | None = None,
    displacy_path: Path | None = None,
    gold_tokens: bool = True,
    sent_starts: bool = True,
    allow_unknown_labels: bool = False,
    gpu_id: int = -1,
) -> dict[str, Any]:
    """Score a pipeline as the command does; see there for the arguments.

    RETURNS: The scores of `Language.evaluate`.

    Raises ValueError for a corpus that cannot be read, or whose labels the pipeline does not
    know; OSError for a pipeline that cannot be found.
    """
    from ..corpus.reader import create_corpus

    fix_random_seed()
    setup_gpu(gpu_id, silent=True)
    corpus = create_corpus(data, gold_tokens=gold_tokens, sent_starts=gold_tokens and sent_starts)
    nlp = util.load_model(model)
    examples = list(corpus(nlp))
    if not allow_unknown_labels:
        _check_labels(nlp, examples, data)
    # As `Language.evaluate`, which scores copies and so loses the annotated Docs.
    start = default_timer()
    docs = list(nlp.pipe(example.predicted for example in examples))
    seconds = default_timer() - start
    for example, doc in zip(examples, docs):
        example.predicted = doc
    scores = Scorer(nlp).score(examples)
    scores["speed"] = sum(len(doc) for doc in docs) / seconds
    if predictions is not None:
        DocBin(docs=docs, store_user_data=True).to_disk(predictions)
    if displacy_path is not None:
        displacy_path.parent.mkdir(parents=True, exist_ok=True)
        shown = [doc for doc in docs[:25] if len(doc)]
        displacy_path.write_text(displacy.render(shown, style="ent", page=True), encoding="utf8")
    return scores


def _check_labels(nlp: Language, examples: list[Example], data: Path) -> None:
    from ..pipeline.token_tagger import TokenTagger

    for name, component in nlp.pipeline:
        if not isinstance(component, TokenTagger):
            continue
        found = {label for eg in examples for label in component.find_labels(eg.reference)}
        unknown = sorted(found.difference(component.labels))
        if unknown:
            raise ValueError(
                f"{data}: the component {name!r} has never seen these labels in training: "
                f"{', '.join(unknown)}. Use a corpus with the pipeline's labels "
                f"({', '.join(component.labels)}), or count them as missed with "
                "--allow-unknown-labels."
            )
